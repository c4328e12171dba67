//! Mistakes in configurations, and what is said about them.

use super::*;
use crate::asl::Severity;
use crate::units::Period;
use std::time::Duration;

const GOOD: &str =
    "[[workflow]]\nname = \"orders\"\ndefinition = \"orders.asl.json\"\ntopics = [\"orders\"]\n";

fn read(text: &str, environment: &[(&str, &str)]) -> Reading {
    let environment = environment
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::read(text, Path::new("/etc/stepstream"), environment)
}

/// All problems, a line each: `line:column: key: message (help)`.
fn problems(text: &str) -> Vec<String> {
    let reading = read(text, &[]);
    assert_eq!(
        reading.config.is_some(),
        reading.problems.iter().all(|p| p.severity == Severity::Warning)
    );
    reading.problems.iter().map(Problem::to_string).collect()
}

/// Checks what is said about lines after a good workflow; line 5 is the first of them.
#[track_caller]
fn check(lines: &str, expected: &[&str]) {
    let found = problems(&format!("{GOOD}{lines}"));
    // A sentence of librdkafka's is not looked at.
    let is_said = |(found, expected): (&String, &&str)| match expected.ends_with(": ") {
        true => found.starts_with(expected),
        false => found == expected,
    };
    let all = found.len() == expected.len() && found.iter().zip(expected).all(is_said);
    assert!(all, "{lines}: {found:#?}");
}

/// All slips of a file are told at once, also those that only librdkafka finds.
#[test]
fn an_unknown_key_does_not_hide_what_else_is_wrong() {
    check(
        "[service]\nshard = 1\nmemory_max = \"1\"\n[kafka.properties]\n\"session.timeout.ms\" = \"45s\"\n[kafka.producer]\nlinger = 1\n",
        &[
            "6:1: service.shard: there is no such key (did you mean \"shards\"?)",
            "7:14: service.memory_max: \"1B\" is not from \"64MiB\" to \"16TiB\"",
            "9:24: kafka.properties.\"session.timeout.ms\": ",
            "11:10: kafka.producer.linger: ",
        ],
    );
}

#[test]
fn what_stands_under_a_task_is_said() {
    check(
        "[tasks]\n\"x\" = \"http://h/\"",
        &[
            "6:7: tasks.x: invalid type: a text, expected a table: { http = \"URL\" }, { function = \"NAME\" }, { runtime = [\"COMMAND\"] }, { aws = true }, { kafka = [\"TOPIC\"] } or { endpoints = [\"URL\"] }",
        ],
    );
}

#[test]
fn the_shortest_configuration() {
    let reading = read(GOOD, &[]);
    assert_eq!(reading.problems, []);
    let config = reading.config.expect("a configuration");
    let workflow = &config.workflow[0];
    assert_eq!(workflow.definition, Path::new("/etc/stepstream/orders.asl.json"));
    assert_eq!(workflow.group(), "stepstream-orders");
    assert_eq!(config.service, Service::default());
    let reading = read(&GOOD.replace("orders.asl.json", "/opt/orders.asl.json"), &[]);
    let config = reading.config.expect("a configuration");
    assert_eq!(config.workflow[0].definition, Path::new("/opt/orders.asl.json"));
}

#[test]
fn secrets_that_are_sent_in_the_clear_are_told() {
    check(
        "[tasks]\n\"f\" = { http = \"http://fn.internal/f\", headers = { Authorization = { env = \"TOKEN\" } } }",
        &[
            "6:16: tasks.f.http: Authorization is sent to fn.internal unencrypted; anyone on the network \
             path can \
             read it (write https://, or leave it to a proxy on this machine)",
        ],
    );
    check(
        "[tasks]\n\"f\" = { http = \"http://127.0.0.1:1/f\", headers = { Authorization = { env = \"TOKEN\" } } }",
        &[],
    );
}

#[test]
fn syntax() {
    let found = problems("[service]\nshards = \npin = true\n");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("2:"), "{found:?}");
}

#[test]
fn every_unknown_key_is_named_with_what_was_meant() {
    check(
        "max_inflight = 5\n[workflow.deadletter]\ntopic = \"x\"\n[workflow.log]\nlevle = \"ALL\"\n[workflow.log.file]\nzzz = 1\n[servcie]\nx = 1",
        &[
            "5:1: workflow.orders.max_inflight: there is no such key (did you mean \"max_in_flight\"?)",
            "6:11: workflow.orders.deadletter: there is no such key (did you mean \"dead_letter\"?)",
            "9:1: workflow.orders.log.levle: there is no such key (did you mean \"level\"?)",
            "11:1: workflow.orders.log.file.zzz: there is no such key (there are directory, fsync, keep_for, keep_size, rotate_after, rotate_size)",
            "12:2: servcie: there is no such section (did you mean \"service\"?)",
        ],
    );
}

#[test]
fn every_value_that_cannot_be_read_is_named() {
    check(
        "mode = \"asinc\"\nmax_in_flight = \"many\"\ncommit_interval = 5\ndrain_timeout = \"5 parsec\"\nstart = \"yesterday\"\n[workflow.log.file]\nrotate_size = \"64KB\"\n[service]\npin = 1",
        &[
            "5:8: workflow.orders.mode: unknown variant `asinc`, expected `async` or `sync` (did you mean \"async\"?)",
            "6:17: workflow.orders.max_in_flight: invalid type: a text, expected a whole number that is not negative or too large",
            "7:19: workflow.orders.commit_interval: invalid type: integer `5`, expected a time such as \"30s\"",
            "8:17: workflow.orders.drain_timeout: \"5 parsec\" is not a time: a time is a whole number and a unit, such as \"250ms\", \"30s\", \"5m\", \"2h\" or \"7d\"",
            "9:9: workflow.orders.start: \"yesterday\" is not \"earliest\", \"latest\" or a time such as \"2026-01-31T00:00:00Z\"",
            "11:15: workflow.orders.log.file.rotate_size: \"64KB\" is not a size: units are powers of 1024, \
             here \
             \"64KiB\"",
            "13:7: service.pin: invalid type: integer `1`, expected a boolean",
        ],
    );
    check(
        "[workflow.output]\n[workflow.log.kafka]\n",
        &[
            "5:1: workflow.orders.output: missing key `topic`",
            "6:1: workflow.orders.log.kafka: missing key `topic`",
        ],
    );
}

#[test]
fn the_service() {
    check(
        "[service]\nshards = 5000\nmax_in_flight = 0\nlisten = \"9464\"\nregion = \"\"\naccount = \"1\"\nshutdown_timeout = \"2h\"\n[kafka]\nbrokers = \"\"",
        &[
            "6:10: service.shards: 5000 is not from 0 to 1024",
            "7:17: service.max_in_flight: 0 is not from 1 to 100000000",
            "8:10: service.listen: \"9464\" is not an address with a port (such as \"127.0.0.1:9464\" or \
             \"0.0.0.0:9464\", or \"\" for none)",
            "9:10: service.region: \"\" is not a region, such as \"us-east-1\"",
            "10:11: service.account: an account has 12 digits",
            "11:20: service.shutdown_timeout: \"2h\" is not from \"0ms\" to \"1h\"",
            "13:11: kafka.brokers: no broker to ask, such as \"localhost:9092\"",
        ],
    );
    assert_eq!(
        problems(""),
        ["1:1: workflow: there is no [[workflow]]: nothing would run"]
    );
}

#[test]
fn certificates_of_the_service() {
    check(
        "[service.tls]\ncertificate = \"tls.crt\"\nkeys = \"x\"",
        &[
            "5:1: service.tls: missing key `key`",
            "7:1: service.tls.keys: there is no such key (did you mean \"key\"?)",
        ],
    );
    check(
        "[service]\nlisten = \"\"\n[service.tls]\ncertificate = \"tls.crt\"\nkey = \"tls.key\"",
        &["7:10: service.tls: nothing is served: service.listen is \"\""],
    );
    let environment = [("CERTIFICATE", "tls.crt"), ("KEY", "/run/tls/tls.key")];
    let environment =
        environment.map(|(key, file)| (format!("STEPSTREAM__SERVICE__TLS__{key}"), file.to_owned()));
    let reading = Config::read(GOOD, Path::new("/etc/stepstream"), environment);
    assert_eq!(reading.problems, []);
    let tls = reading.config.and_then(|config| config.service.tls).expect("TLS");
    assert_eq!(tls.certificate, Path::new("/etc/stepstream/tls.crt"));
    assert_eq!(tls.key, Path::new("/run/tls/tls.key"));
}

#[test]
fn who_has_events_from_elsewhere_needs_no_topics() {
    let read = |text: &str| {
        let reading = Config::read_without_topics(text, Path::new("/etc/stepstream"), []);
        let problems: Vec<String> = reading.problems.iter().map(Problem::to_string).collect();
        (reading.config.is_some(), problems)
    };
    let secret = "[kafka.secrets]\n\"sasl.password\" = { env = \"STEPSTREAM_TEST_NO_SUCH\" }\n";
    for text in [
        "",
        secret,
        "[[workflow]]\nname = \"a\"\ndefinition = \"a.json\"\n",
    ] {
        assert_eq!(read(text), (true, Vec::new()), "{text}");
    }
    let mistakes = "[service]\nshard = 1\naccount = \"1\"\n[[workflow]]\nname = \"a b\"\n";
    let told = ["2:1: service.shard: there is no such key (did you mean \"shards\"?)"];
    assert_eq!(read(mistakes), (false, told.map(str::to_owned).to_vec()));
    let told = ["2:11: service.account: an account has 12 digits"];
    let mistakes = "[service]\naccount = \"1\"\n";
    assert_eq!(read(mistakes), (false, told.map(str::to_owned).to_vec()));
}

#[test]
fn properties_of_kafka() {
    check(
        "[kafka.consumer]\n\"fetch.min.byte\" = 5\n",
        &[
            "6:20: kafka.consumer.\"fetch.min.byte\": kafka property \"fetch.min.byte\": No such configuration property: \"fetch.min.byte\"",
        ],
    );
    let found = problems(&format!(
        "{GOOD}[kafka.secrets]\n\"sasl.password\" = {{ env = \"STEPSTREAM_TEST_NO_SUCH\" }}\n"
    ));
    assert_eq!(found.len(), 1, "{found:?}");
    let reading = read(
        &format!("{GOOD}[kafka.secrets]\n\"sasl.password\" = {{ env = \"STEPSTREAM_TEST_NO_SUCH\" }}\n"),
        &[],
    );
    let problem = &reading.problems[0];
    assert_eq!(problem.severity, Severity::Warning);
    assert_eq!(
        problem.message,
        "environment variable STEPSTREAM_TEST_NO_SUCH is not set"
    );
    assert!(reading.config.is_some());
}

#[test]
fn all_properties_are_told_at_once() {
    check(
        "[kafka.properties]\n\"sasl.jaas.config\" = \"hunter2\"\n\"ssl.truststore.password\" = \"hunter2\"\n\"group.id\" = \"x\"\n\"max.poll.records\" = 500\n[kafka.consumer]\n\"session.timeout.ms\" = \"45s\"\n[kafka.producer]\n\"acks\" = 0\n\"message.timeout.ms\" = \"30s\"\n",
        &[
            "6:22: kafka.properties.\"sasl.jaas.config\": kafka property \"sasl.jaas.config\": No such configuration property: write sasl.username, and sasl.password in [kafka.secrets]",
            "7:29: kafka.properties.\"ssl.truststore.password\": kafka property \"ssl.truststore.password\": No such configuration property: a PEM file in ssl.ca.location has no password; delete the line",
            "8:14: kafka.properties.\"group.id\": kafka property \"group.id\" cannot be set: use the workflow's group",
            "9:22: kafka.properties.\"max.poll.records\": kafka property \"max.poll.records\": No such configuration property: nothing is needed in its place; delete the line",
            "11:24: kafka.consumer.\"session.timeout.ms\": kafka property \"session.timeout.ms\": \"45s\" is \
             not a \
             bare number, and librdkafka reads only its leading digits: write 45000",
            "13:10: kafka.producer.acks: kafka property \"acks\" cannot be set: offsets are committed after \
             brokers \
             have acknowledged the outputs; 1 is the minimum",
            "14:24: kafka.producer.\"message.timeout.ms\": kafka property \"message.timeout.ms\": \"30s\" is \
             not a \
             bare number, and librdkafka reads only its leading digits: write 30000",
        ],
    );
}

#[test]
fn nothing_is_replaced() {
    let found = problems(&format!(
        "{GOOD}group = \"${{GROUP}}\"\n[workflow.substitutions]\nTable = \"${{Table}}\"\n[service]\nlisten = \"127.0.0.1:1\"\n[kafka]\nbrokers = \"a:1,${{BROKER:-b:1}}\"\n[kafka.properties]\n\"sasl.password\" = \"x${{KAFKA_PASSWORD}}hunter2\"\n\"sasl.username\" = \"$ConnectionString\"\n\"client.rack\" = \"${{}}\"\n[kafka.secrets]\n\"ssl.key.password\" = {{ env = \"${{KEY}}\" }}\n"
    ));
    let expected = [
        "5:9: workflow.orders.group: ${GROUP} is not replaced here (set STEPSTREAM__WORKFLOW__ORDERS__GROUP)",
        "7:9: workflow.orders.substitutions.Table: ${Table} is not replaced here (set STEPSTREAM__WORKFLOW__ORDERS__SUBSTITUTIONS__Table)",
        "11:11: kafka.brokers: ${BROKER} is not replaced here (set STEPSTREAM__KAFKA__BROKERS)",
        "13:19: kafka.properties.\"sasl.password\": ${KAFKA_PASSWORD} is not replaced here (in [kafka.secrets] write \"sasl.password\" = { env = \"KAFKA_PASSWORD\" })",
        "17:30: kafka.secrets.\"ssl.key.password\".env: ${KEY} is not replaced here (write env = \"KEY\")",
    ];
    assert_eq!(found, expected);
    let reading = read(&format!("{GOOD}group = \"${{GROUP}}\"\n"), &[]);
    assert_eq!(reading.problems[0].severity, Severity::Warning);
    let reading = read(&format!("{GOOD}[kafka]\nbrokers = \"${{BROKER}}\"\n"), &[]);
    assert_eq!(reading.problems[0].severity, Severity::Error);
}

#[test]
fn what_waits_for_a_value_is_one_problem() {
    for (lines, expected) in [
        (
            "[service]\nlisten = \"${LISTEN}\"\n",
            "6:10: service.listen: ${LISTEN} is not replaced here (set STEPSTREAM__SERVICE__LISTEN)",
        ),
        (
            "[kafka.properties]\n\"security.protocol\" = \"${PROTO}\"\n",
            "6:23: kafka.properties.\"security.protocol\": ${PROTO} is not replaced here (in [kafka.secrets] write \"security.protocol\" = { env = \"PROTO\" })",
        ),
        (
            "[tasks.a]\nhttp = \"https://h/\"\nheaders.A = \"${TOKEN}\"\n",
            "7:13: tasks.a.headers.A: ${TOKEN} is not replaced here (write { env = \"TOKEN\" })",
        ),
        (
            "[tasks.a]\nhttp = \"https://h/\"\nheaders.A = \"Bearer ${TOKEN}\"\n",
            "7:13: tasks.a.headers.A: ${TOKEN} is not replaced here (write { env = \"TOKEN\" }, and put the \
             whole \
             text into the variable)",
        ),
    ] {
        let reading = read(&format!("{GOOD}{lines}"), &[]);
        let told: Vec<String> = reading.problems.iter().map(ToString::to_string).collect();
        assert_eq!(told, [expected]);
        let is_error = reading.problems[0].severity == Severity::Error;
        assert_eq!(is_error, !lines.starts_with("[tasks"), "{lines}");
    }
}

#[test]
fn a_workflow() {
    let found = problems(
        "[[workflow]]\n[[workflow]]\nname = \"a b\"\ndefinition = \"d\"\ntopics = [\"^x\", \"t\", \"t\"]\ntopics_pattern = \"^(\"\n",
    );
    assert_eq!(
        found,
        [
            "1:1: workflow.0.name: the key name is missing",
            "1:1: workflow.0: no input: set topics or topics_pattern",
            "3:8: workflow.\"a b\".name: a name may not contain ' '",
            "6:18: workflow.\"a b\".topics_pattern: set topics or topics_pattern, not both",
        ]
    );
    let found = problems("[[workflow]]\nname = \"a\"\ntopics_pattern = \"(\"\n");
    assert_eq!(
        found[..2],
        [
            "1:1: workflow.a.definition: the key definition is missing",
            "3:18: workflow.a.topics_pattern: a pattern must begin with ^",
        ]
    );
    assert!(
        found[2].starts_with("3:18: workflow.a.topics_pattern: not a regular expression"),
        "{found:?}"
    );
    let found = problems(&GOOD.replace("[\"orders\"]", "[\"^x\", \"t\", \"t\"]"));
    assert_eq!(
        found,
        [
            "4:11: workflow.orders.topics.0: \"^x\" is not a valid topic name (write patterns in \
             topics_pattern)",
            "4:22: workflow.orders.topics.2: topic \"t\" is listed twice",
        ]
    );
}

#[test]
fn what_is_written_must_not_come_back() {
    check(
        "[workflow.output]\ntopic = \"orders\"\n[workflow.dead_letter]\ntopic = \"orders\"\nerrors = [\"A\", \"\"]\nexcept = [\"A\"]\n[workflow.log]\ndestination = \"kafka\"\n[workflow.log.kafka]\ntopic = \"orders\"\n",
        &[
            "6:9: workflow.orders.output.topic: outputs would be read again: the workflow reads topic \"orders\" itself",
            "8:9: workflow.orders.dead_letter.topic: failed events would be read again: the workflow reads topic \"orders\" itself",
            "9:16: workflow.orders.dead_letter.errors.1: the error's name is empty",
            "10:10: workflow.orders.dead_letter.except: \"A\" is in both errors and except",
            "14:9: workflow.orders.log.kafka.topic: log records would be read again: the workflow reads topic \"orders\" itself",
        ],
    );
    let pattern = GOOD.replace("topics = [\"orders\"]", "topics_pattern = \"^orders\"");
    assert_eq!(
        problems(&format!("{pattern}[workflow.output]\ntopic = \"orders-done\"\n")),
        [
            "6:9: workflow.orders.output.topic: outputs would be read again: the workflow reads topic \"orders-done\" itself"
        ]
    );
}

#[test]
fn modes_and_bounds() {
    check(
        "[workflow.reply]\ntopic = \"replies\"\n",
        &[
            "5:11: workflow.orders.reply: only mode = \"sync\" replies (outputs of mode = \"async\" go to [workflow.output])",
        ],
    );
    check(
        "mode = \"sync\"\nordering = \"key\"\n[workflow.reply]\ntopic = \"replies\"\n[workflow.output]\ntopic = \"done\"\n",
        &[],
    );
    check(
        "max_in_flight = 0\nmax_offset_span = 0\nsync_batch_max = 100000\ncommit_interval = \"1ms\"\ngroup = \"\"\n[workflow.log]\ndestination = \"kafka\"\non_failure_bytes_max = \"2GiB\"\nfile = { rotate_size = 1, keep_for = \"0s\" }\n",
        &[
            "5:17: workflow.orders.max_in_flight: 0 is not from 1 to 100000000",
            "6:19: workflow.orders.max_offset_span: 0 is not from 1 to 4294967295",
            "7:18: workflow.orders.sync_batch_max: 100000 is not from 1 to 10000",
            "8:19: workflow.orders.commit_interval: \"1ms\" is not from \"10ms\" to \"1h\"",
            "9:9: workflow.orders.group: the group's name is empty",
            "11:15: workflow.orders.log.destination: destination = \"kafka\" needs [workflow.log.kafka] with its topic",
            "12:24: workflow.orders.log.on_failure_bytes_max: \"2GiB\" is not from \"0B\" to \"1GiB\"",
            "13:24: workflow.orders.log.file.rotate_size: \"1B\" is not from \"1MiB\" to \"1TiB\"",
            "13:38: workflow.orders.log.file.keep_for: \"0ms\" is not from \"1s\" to \"3650d\"",
        ],
    );
}

#[test]
fn workflows_among_each_other() {
    check(
        GOOD,
        &["6:8: workflow.orders.name: there are two workflows with the name \"orders\""],
    );
    let second = "group = \"g\"\n[[workflow]]\nname = \"b\"\ndefinition = \"d\"\ngroup = \"g\"\n";
    check(
        &format!("{second}topics_pattern = \"^ord\"\n"),
        &[
            "9:9: workflow.b.group: workflow \"orders\" is also in group \"g\" and reads topic \"orders\": each event would go to only one of the two (give each workflow a group of its own)",
        ],
    );
    check(&format!("{second}topics = [\"other\"]\n"), &[]);
}

#[test]
fn tasks() {
    check(
        "[tasks]\n\"a\" = { function = \"f\", http = \"h\" }\nb = { function = \"delay\" }\nc = { functoin = \"f\" }\n",
        &["8:7: tasks.c.functoin: there is no such key (did you mean \"function\"?)"],
    );
    check(
        "[tasks]\n\"a:1\" = { function = \"f\", http = \"h\" }\nb = { function = \"delay\" }\nc = { function = \"f\", connections = 1 }\n",
        &[
            "6:1: tasks.\"a:1\": give exactly one of `function`, `http`, `runtime`, `kafka`, `aws` and `endpoints`",
            "7:1: tasks.b: milliseconds: `delay` needs it: after how many milliseconds to answer",
            "8:1: tasks.c: connections: only `http`, `endpoints` or `aws` has this key",
        ],
    );
}

#[test]
fn connections() {
    check(
        "[connections.a]\nbasic = { username = \"u\", password = \"p\" }\napi_key = { name = \"k\", value = \"v\" }\n[connections.b]\nheaders = { Host = \"h\" }\n[connections.c]\nbasci = { username = \"u\" }\n",
        &["11:1: connections.c.basci: there is no such key (did you mean \"basic\"?)"],
    );
    check(
        "[connections.a]\nbasic = { username = \"u\", password = \"p\" }\napi_key = { name = \"k\", value = \"v\" }\n[connections.b]\nheaders = { Host = \"h\" }\n[connections.c]\nquery = { q = { env = \"NOT_SET\" } }\n[connections.d.oauth]\nendpoint = \"http://login.internal/\"\nclient_id = \"i\"\nclient_secret = \"s\"\n",
        &[
            "5:14: connections.a: give at most one of `basic`, `api_key` and `oauth`",
            "9:1: connections.b.headers: the header Host is the client's own",
            "12:14: connections.d: its secrets are sent to login.internal unencrypted; anyone on the network path can read \
             them (write https://, or leave it to a proxy on this machine)",
        ],
    );
}

#[test]
fn what_a_workflow_may_reach() {
    check(
        "allow = [\"sqs orders\", \"sqss\", \"http h\"]",
        &[
            "5:24: workflow.orders.allow.1: there is no service \"sqss\"; did you mean \"sqs\"?",
            "5:32: workflow.orders.allow.2: \"h\": it has no scheme; write it as \"https://api.example.com/*\"",
        ],
    );
}

#[test]
fn the_environment_overrides() {
    let reading = read(
        GOOD,
        &[
            ("STEPSTREAM__SERVICE__SHARDS", "4"),
            ("STEPSTREAM__SERVICE__PIN", "false"),
            ("STEPSTREAM__SERVICE__ACCOUNT", "222222222222"),
            ("STEPSTREAM__KAFKA__BROKERS", "a:1,b:2"),
            ("STEPSTREAM__KAFKA__PROPERTIES__SOCKET_KEEPALIVE_ENABLE", "true"),
            ("STEPSTREAM__WORKFLOW__ORDERS__TOPICS", "one, two"),
            ("STEPSTREAM__WORKFLOW__ORDERS__LOG__FILE__ROTATE_SIZE", "2MiB"),
            ("STEPSTREAM__WORKFLOW__ORDERS__COMMIT_INTERVAL", "2s"),
            ("STEPSTREAM__WORKFLOW__ORDERS__SUBSTITUTIONS__TableName", "t"),
            ("STEPSTREAM__WORKFLOW__ORDERS__OUTPUT__TOPIC", "done"),
            ("STEPSTREAM_OTHER", "x"),
        ],
    );
    assert_eq!(reading.problems, []);
    let config = reading.config.expect("a configuration");
    assert_eq!((config.service.shards, config.service.pin), (4, false));
    assert_eq!(config.service.account, "222222222222");
    assert_eq!(config.kafka.brokers, "a:1,b:2");
    assert_eq!(
        config.kafka.properties.0["socket.keepalive.enable"].to_string(),
        "true"
    );
    let workflow = &config.workflow[0];
    assert_eq!(workflow.topics, ["one", "two"]);
    assert_eq!(workflow.log.file.rotate_size.0, 2 << 20);
    assert_eq!(workflow.commit_interval, Period(Duration::from_secs(2)));
    assert_eq!(workflow.substitutions["TableName"], "t");
    assert_eq!(
        workflow.output.as_ref().map(|output| &*output.topic),
        Some("done")
    );
}

#[test]
fn a_variable_that_fits_nowhere_is_refused() {
    let say = |name: &str, value: &str| {
        let reading = read(GOOD, &[(name, value)]);
        assert!(reading.config.is_none(), "{name}");
        reading
            .problems
            .iter()
            .map(Problem::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    };
    for (name, value, expected) in [
        (
            "STEPSTREAM__SERVICE__SHARDZ",
            "4",
            "there is no key shardz there (did you mean \"shards\"?)",
        ),
        (
            "STEPSTREAM__SERVIC__SHARDS",
            "4",
            "there is no key servic (did you mean \"service\"?)",
        ),
        (
            "STEPSTREAM__SERVICE",
            "4",
            "this is a section: name one of its keys",
        ),
        ("STEPSTREAM__", "4", "it names no key"),
        ("STEPSTREAM__SERVICE__", "4", "it names no key"),
        ("STEPSTREAM__SERVICE__SHARDS__X", "4", "has no keys"),
        (
            "STEPSTREAM__WORKFLOW__OTHER__MODE",
            "sync",
            "no workflow has a name like other",
        ),
        (
            "STEPSTREAM__WORKFLOW__ORDERS",
            "sync",
            "STEPSTREAM__WORKFLOW__<NAME>__<KEY>",
        ),
        ("STEPSTREAM__WORKFLOW", "x", "STEPSTREAM__WORKFLOW__<NAME>__<KEY>"),
        ("STEPSTREAM__TASKS__X", "x", "only in the file"),
        (
            "STEPSTREAM__KAFKA__SECRETS__SASL_PASSWORD",
            "x",
            "only in the file",
        ),
        (
            "STEPSTREAM__SERVICE__SHARDS",
            "many",
            "invalid type: a text, expected a whole number",
        ),
        (
            "STEPSTREAM__SERVICE__SHARDS",
            "5000",
            "5000 is not from 0 to 1024",
        ),
        (
            "STEPSTREAM__WORKFLOW__ORDERS__MODE",
            "asinc",
            "did you mean \"async\"?",
        ),
    ] {
        let said = say(name, value);
        assert!(said.contains(expected), "{name}: {said}");
        assert!(said.contains(&format!("environment variable {name}: ")), "{said}");
    }
}

#[test]
fn any_text_is_answered() {
    for text in [
        "\u{feff}",
        "é = 1",
        "[[workflow]]\nname = \"é\"\nx = 1",
        "workflow = 5",
        "workflow = [5]",
        "[[service]]",
        "tasks = []",
        "\0",
    ] {
        let reading = read(text, &[("STEPSTREAM__WORKFLOW__X__MODE", "sync")]);
        assert!(reading.config.is_none(), "{text}");
        assert!(!reading.problems.is_empty(), "{text}");
    }
}

#[test]
fn a_variable_with_too_few_underscores_is_refused() {
    for (name, meant) in [
        ("STEPSTREAM_KAFKA__BROKERS", "STEPSTREAM__KAFKA__BROKERS"),
        ("STEPSTREAM_KAFKA_BROKER", "STEPSTREAM__KAFKA__BROKERS"),
        ("STEPSTREAM_SERVICE_SHARDS", "STEPSTREAM__SERVICE__SHARDS"),
        (
            "STEPSTREAM_WORKFLOW_ORDERS_LOG_LEVEL",
            "STEPSTREAM__WORKFLOW__ORDERS__LOG__LEVEL",
        ),
        (
            "STEPSTREAM_KAFKA_PROPERTIES_SECURITY_PROTOCOL",
            "STEPSTREAM__KAFKA__PROPERTIES__SECURITY_PROTOCOL",
        ),
    ] {
        let reading = read(GOOD, &[(name, "x")]);
        assert!(reading.config.is_none(), "{name}");
        let found = reading
            .problems
            .iter()
            .map(Problem::to_string)
            .collect::<Vec<_>>();
        let wanted = format!(
            "1:1: environment variable {name}: two underscores separate the parts (did you mean {meant}?)"
        );
        assert_eq!(found, [wanted]);
    }
    // What Kubernetes makes of services, what chooses the diagnostics, and what tests have.
    for name in [
        "STEPSTREAM_SERVICE_HOST",
        "STEPSTREAM_SERVICE_PORT",
        "STEPSTREAM_SERVICE_PORT_METRICS",
        "STEPSTREAM_PORT",
        "STEPSTREAM_PORT_9464_TCP",
        "STEPSTREAM_PORT_9464_TCP_ADDR",
        "STEPSTREAM_KAFKA_SERVICE_HOST",
        "STEPSTREAM_KAFKA_PORT_9092_TCP_PROTO",
        "STEPSTREAM_LOG",
        "STEPSTREAM_SHARED",
        "STEPSTREAM_EVENTS",
        "STEPSTREAM_MY_PASSWORD",
    ] {
        assert_eq!(read(GOOD, &[(name, "1")]).problems, [], "{name}");
    }
}
