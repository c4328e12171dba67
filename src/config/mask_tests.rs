//! Secrets in configurations that were mistyped: nothing that is said or shown has them.

use super::without_secrets;
use crate::config::{Config, Problem};
use std::path::Path;

const SECRET: &str = "hunter7";
const WORKFLOW: &str = "[[workflow]]\nname = \"a\"\ndefinition = \"a\"\ntopics = [\"a\"]\n";

/// Checks that a file with a mistake is refused, and that nothing has the secret.
#[track_caller]
fn check(lines: &str) -> Vec<Problem> {
    let text = format!("{WORKFLOW}{lines}\n[service]\nshards = \"x\"\n");
    check_with(&text, &[])
}

#[track_caller]
fn check_with(text: &str, environment: &[(&str, &str)]) -> Vec<Problem> {
    let environment = environment
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let problems = Config::read(text, Path::new(""), environment).problems;
    assert!(!problems.is_empty(), "a problem wanted: {text}");
    for problem in &problems {
        assert!(
            !format!("{problem} {problem:?}").contains(SECRET),
            "{text}: {problem}"
        );
    }
    let shown = without_secrets(text);
    assert!(!shown.contains(SECRET), "{shown}");
    assert_eq!(shown.len(), text.len());
    assert_eq!(shown.lines().count(), text.lines().count());
    problems
}

#[test]
fn wrong_values() {
    for lines in [
        "[kafka.secrets]\n\"sasl.password\" = \"hunter7\"",
        "[kafka.secrets]\nsasl.password = \"hunter7\"",
        "[kafka.secrets]\n\"sasl.username\" = \"hunter7\"",
        "[kafka.secrets]\n\"sasl.password\" = [\"hunter7\"]",
        "[kafka.secrets]\n\"sasl.password\" = { env = [\"hunter7\"] }",
        "[kafka.secrets]\n\"sasl.password\" = { value = \"hunter7\" }",
        "[kafka.secrets]\n\"sasl.password\" = \"\"\"\nline\nhunter7\n\"\"\"",
        "[kafka.secrets]\n\"sasl.password\" = { env = \"p@ss hunter7!\" }",
        "[kafka.secrets]\n\"sasl.password\" = { file = \"p@ss hunter7!\" }",
        "[kafka.secrets]\n\"sasl.password\" = { file = \"-----BEGIN PRIVATE KEY-----\\nhunter7/.\" }",
        "[tasks.\"x\"]\nhttp = \"http://h\"\nheaders = { Authorization = { env = \"Bearer hunter7\" } }",
        "[tasks.\"x\"]\nhttp = \"http://h\"\nheaders = { \"X-Api-Key: hunter7\" = \"\" }",
        "[tasks.\"x\"]\nhttp = \"http://h\"\nheaders = { \"Bearer hunter7\" = { env = \"X\" } }",
        "[connections.a]\nbasic = { username = \"u\", password = \"hunter7\" }",
        "[connections.a]\napi_key = { name = \"k\", value = \"hunter7\" }",
        "[connections.a]\nquery = { k = \"hunter7\" }",
        "[connections.a]\nbody = { k = \"hunter7\" }",
        "[connections.a]\nquery = \"hunter7\"",
        "[connections.a]\nheaders = { k = { env = \"a hunter7\" } }",
        "[connections.a.oauth]\nendpoint = \"https://h/\"\nclient_id = \"i\"\nclient_secret = \"hunter7\"",
        "[connections.a.oauth]\nbody = { k = { env = \"a hunter7\" } }",
        "[service.tls]\nkey = \"\"\"-----BEGIN PRIVATE KEY-----\nhunter7\n\"\"\"\ncertificate = \"c.pem\"",
        "[kafka]\nadmin_pass = \"hunter7\"",
        "[kafka]\nsecrets = \"hunter7\"",
        "[kafka]\nsecrets = { \"sasl.password\" = \"hunter7\" }",
        "[kafka]\nsecret = { \"a\" = \"hunter7\" }",
        "[kafka.secerts]\n\"a\" = \"hunter7\"",
        "[kafka]\n\"sasl.password\" = \"hunter7\"",
        "[kafka.properties]\n\"sasl.password\" = [\"hunter7\"]",
        "[kafka.properties]\nsasl.password = \"hunter7\"",
        "[kafka.consumer]\n\"sasl.jaas.config\" = { a = \"hunter7\" }",
        "[tasks.\"x\"]\nheaders.Authorization = [\"Bearer hunter7\"]",
        "[tasks.\"x\"]\nhttp = \"http://h\"\nheaders = \"hunter7\"",
        "[tasks.\"x\"]\nhttp = \"http://h\"\nheaders = { env = [\"hunter7\"] }",
        "[tasks.\"x\"]\nhttp = \"http://h\"\nheaders = { A = { text = \"hunter7\" } }",
        "[tasks.\"x\"]\nhttp = \"http://h\"\nAuthorization = \"hunter7\"",
        "[tasks.\"x\"]\nhttp = [\"http://me:hunter7@h\"]",
        "[service]\nlisten = \"me:hunter7@h:1\"",
        "[password]\na = \"hunter7\"",
    ] {
        check(lines);
    }
}

/// A secret may be pasted where a key is expected.
#[test]
fn secrets_as_keys() {
    for section in [
        "service",
        "kafka",
        "kafka.secrets",
        "kafka.properties",
        "kafka.consumer",
        "workflow.log",
        "nothing",
        "tasks.\"x\"",
        "service.diagnostics",
    ] {
        for line in [
            "\"hunter7\" = true",
            "hunter7 = \"sasl.password\"",
            "\"x/hunter7==\" = { env = \"A\" }",
            "a.hunter7 = 1",
            "\"hunter7\" = ",
        ] {
            check(&format!("[{section}]\n{line}"));
        }
        check(&format!("[{section}.hunter7]\na = 1"));
    }
    check("hunter7 = 1");
    check("[hunter7]\na = 1");
}

#[test]
fn properties_of_any_name() {
    for key in [
        "ssl.keystore.key",
        "basic.auth.user.info",
        "schema.registry.basic.auth.user.info",
        "sasl.pass",
        "sasl.pwd",
        "auth",
        "sasl.login.module",
        "plain",
        "confluent.api",
        "session.timeout.ms",
        "security.protocol",
    ] {
        for section in [
            "kafka.properties",
            "kafka.consumer",
            "kafka.producer",
            "kafka",
            "kafka.propertys",
        ] {
            check(&format!("[{section}]\n\"{key}\" = \"hunter7\""));
            check(&format!("[{section}]\n{key} = \"hunter7\""));
            check(&format!("[{section}]\n\"{key}\" = \"hunter7"));
        }
        let text = format!("{WORKFLOW}[kafka.properties]\n\"{key}\" = \"hunter7\"\n");
        check_with(&text, &[]);
    }
}

#[test]
fn texts_in_wrong_places() {
    for lines in [
        "[kafka]\nproperties = \"sasl.username=u,sasl.password=hunter7\"",
        "[kafka]\nproperties = \"hunter7\"",
        "[service]\nshards = \"hunter7\"",
        "[workflow.log]\nlevel = \"token=hunter7\"",
        "[workflow.log]\nlevel = \"client_secret: hunter7\"",
        "[workflow]\ntopics = \"password:hunter7\"",
        "[workflow]\ntopics = \"hunter7\"",
        "[workflow]\ntopics = [\"password:hunter7\"]",
        "[workflow]\nname = \"sasl.password=hunter7\"",
    ] {
        let (section, line) = lines.split_once('\n').expect("two lines");
        let key = line.split(' ').next().expect("a key");
        let workflow = WORKFLOW.lines().filter(|line| !line.starts_with(key));
        let workflow: String = workflow.map(|line| format!("{line}\n")).collect();
        let section = if section == "[workflow]" { "" } else { section };
        // A problem of the workflow has its name.
        let mode = "mode = \"x\"";
        let text = match section {
            "" => format!("{workflow}{line}\n{mode}\n"),
            section => format!("{workflow}{mode}\n{section}\n{line}\n"),
        };
        check_with(&text, &[]);
    }
}

#[test]
fn no_toml() {
    for lines in [
        "[kafka.secrets]\n\"sasl.password\" = \"hunter7",
        "[kafka.secrets]\n\"sasl.password\" = hunter7",
        "[kafka.secrets]\n\"sasl.password = \"hunter7\"",
        "[kafka.secrets]\n\"sasl.password\": \"a=hunter7\"",
        "[kafka.secrets]\n\"sasl.password\" \"hunter7\"",
        "[kafka.secrets]\na = \"hunter7",
        "[kafka.secrets\na = \"hunter7\"",
        "[kafka.secrets] \"sasl.password\" = \"hunter7\"",
        "[kafka]\nsecrets = { \"sasl.password\" = \"hunter7\"",
        "[kafka.secrets]\na = \"\"\"\nx\nhunter7==\n[\"hunter7\"]\n",
        "[kafka.properties]\n\"sasl.password\" = 'hunter7",
        "[tasks.\"x\"] headers.Authorization = [\"Bearer hunter7\"]",
        "[tasks.\"x\"]\nheaders.Authorization = [\"Bearer hunter7\"\n",
        "[tasks.\"x\"]\nheaders = {\n A = \"hunter7\",,\n}",
        "[tasks.\"x\"]\nhttp = \"http://me:hunter7@h",
        "[tasks.\"x\"]\nhttp = http://me:hunter7@h",
    ] {
        check(lines);
    }
}

#[test]
fn variables() {
    for (name, value) in [
        ("STEPSTREAM__KAFKA__SECRETS", "hunter7"),
        ("STEPSTREAM__KAFKA__SECRETS__SASL_PASSWORD", "hunter7"),
        ("STEPSTREAM__KAFKA__SASL_PASSWORD", "hunter7"),
        ("STEPSTREAM_KAFKA__SECRETS__SASL_PASSWORD", "hunter7"),
        ("STEPSTREAM__TASKS__X__HEADERS", "hunter7"),
        ("STEPSTREAM__KAFKA__PROPERTIES__SSL_KEY_PEM", "hunter7"),
    ] {
        check_with(WORKFLOW, &[(name, value), ("STEPSTREAM__SERVICE__SHARDS", "x")]);
    }
}

#[test]
fn what_to_write_is_said() {
    let problems = check("[kafka.secrets]\n\"sasl.password\" = \"hunter7\"");
    let line = problems[0].to_string();
    let expected = "6:19: kafka.secrets.\"sasl.password\": this value cannot be used; it is not shown (write { env = \"NAME\" } or { file = \"PATH\" })";
    assert_eq!(line, expected);
}

#[test]
fn what_is_no_secret_is_shown() {
    let text = "[kafka.secrets]\n\"sasl.password\" = { env = \"NAME\" }\n[service]\nregion = \"r\"\n";
    assert_eq!(without_secrets(text), text);
    let text = "[kafka]\nbrokers = \"a:1\"\n[kafka.properties]\n\"session.timeout.ms\" = \"45s\"\nacks = \"all\"\n\"max.poll.records\" = 500\n\"security.protocol\" = \"${PROTO}\"\n";
    assert_eq!(without_secrets(text), text);
    let broken = "[kafka.secrets]\n\"sasl.password\" = { env = \"NAME\" }\n[service]\nregion = \"r\n";
    let shown = without_secrets(broken);
    assert!(
        shown.ends_with("[service]\nregion = \"r\n") && !shown.contains("NAME"),
        "{shown}"
    );
}
