//! Calls from a program to what serves them, and back.

use super::config::ConfigError;
use super::function::Home;
use super::lambda::envelope::ENVELOPE_BYTES_MAX;
use super::*;
use crate::asl;
use crate::compile::compile;
use crate::drive::VirtualClock;
use crate::guard::PANIC;
use crate::program::{Program, TaskId};
use crate::stream::{Message, TopicId};
use crate::value::Heap;
use crate::vm::PAYLOAD_BYTES_MAX;
use std::sync::Arc;

const REGION: &str = "us-east-1";

fn home() -> Home {
    Home {
        region: REGION.into(),
        account: "111111111111".into(),
    }
}

fn tasks(config: &str) -> Arc<Tasks> {
    let config: Config = toml::from_str(config).expect("a configuration");
    let mut functions = Functions::new();
    demo::register(&mut functions);
    functions.register("echo", |payload, out| {
        payload.write(out);
        Ok(())
    });
    functions.register("spaced", |_, out| {
        out.extend_from_slice(br#"{ "a": "b c" }"#);
        Ok(())
    });
    functions.register("throws", |_, _| {
        Err(Failure::new(
            "CustomException",
            r#"{"errorMessage": "", "errorType": "CustomException"}"#,
        ))
    });
    Arc::new(Tasks::new(&config, &functions, home()).expect("a valid configuration"))
}

/// A program with one task.
fn program(resource: &str, fields: &str) -> Program {
    let text = format!(
        r#"{{"StartAt":"T","States":{{"T":{{"Type":"Task","End":true,"Resource":"{resource}"{fields}}}}}}}"#
    );
    let source = asl::Source {
        name: "t",
        text: &text,
        format: asl::Format::Json,
    };
    let report = asl::check(&source, &asl::Options::default());
    compile(
        &report
            .machine
            .unwrap_or_else(|| panic!("{:?}", report.diagnostics)),
    )
}

const INVOKE: &str = "arn:aws:states:::lambda:invoke";
const PRODUCE: &str = "arn:aws:states:::kafka:produce";

/// A sink that keeps what it takes, up to a number of messages.
#[derive(Default)]
struct Kept {
    room: usize,
    /// The message that it panics at.
    panics_at: Option<Ticket>,
    /// What it says it holds.
    capacity: Option<usize>,
    topics: Vec<String>,
    closed: Vec<TopicId>,
    messages: Vec<String>,
}

impl Sink for Kept {
    fn topic(&mut self, name: &str) -> TopicId {
        self.topics.push(name.into());
        TopicId(self.topics.len() as u32 - 1)
    }

    fn close(&mut self, topic: TopicId) -> bool {
        self.closed.push(topic);
        true
    }

    fn send(&mut self, message: &Message<'_>, ticket: Ticket) -> Result<(), SendError> {
        if self.messages.len() >= self.room {
            return Err(SendError::Full);
        }
        if self.panics_at == Some(ticket) {
            // Without the hook, which would print it.
            std::panic::resume_unwind(Box::new("a fault of the test"));
        }
        let show =
            |part: Option<&[u8]>| part.map_or("-".into(), |part| String::from_utf8_lossy(part).into_owned());
        let headers: Vec<String> = message
            .headers
            .iter()
            .map(|(name, value)| format!("{name}={}", show(*value)))
            .collect();
        self.messages.push(format!(
            "{} {} p{:?} k{} v{} {}",
            ticket.0,
            self.topics[message.topic.0 as usize],
            message.partition,
            show(message.key),
            show(message.value),
            headers.join(" ")
        ));
        Ok(())
    }

    fn acknowledged(&mut self) -> Option<(Ticket, Result<(), SendError>)> {
        None
    }

    fn returned(&mut self) -> Option<crate::stream::Returned> {
        None
    }

    fn push(&mut self) {}

    fn capacity(&self) -> usize {
        self.capacity.unwrap_or(usize::MAX)
    }
}

struct Shard {
    connectors: Connectors,
    answers: Answers,
    sink: Kept,
    run: Heap,
}

impl Shard {
    fn new(tasks: &Arc<Tasks>) -> Shard {
        let answers = Answers::new(Wake::new());
        Shard {
            connectors: tasks.connect(answers.clone(), 1),
            answers,
            sink: Kept {
                room: 1,
                ..Kept::default()
            },
            run: Heap::new(),
        }
    }

    fn call(&mut self, bindings: &Bindings, parameters: &str, ticket: u64) -> (Progress, String) {
        self.run.clear();
        let parameters = self.run.index(parameters.as_bytes()).expect("JSON");
        let constants = Heap::for_constants();
        let attempt = Attempt {
            bindings,
            task: TaskId(0),
            parameters,
            credentials: ValueRef::NONE,
            view: View::new(&self.run, &constants),
            key: &"orders-0-17/T",
            timeout_seconds: None,
            heartbeat_seconds: None,
            now_ms: 0,
        };
        let mut result = Vec::new();
        let progress = self
            .connectors
            .call(&attempt, Ticket(ticket), &mut self.sink, &mut result);
        (progress, String::from_utf8(result).expect("UTF-8"))
    }
}

/// Binds one task, calls it with parameters, and returns its result or its error and cause.
fn call(config: &str, resource: &str, fields: &str, parameters: &str) -> Result<String, (String, String)> {
    let tasks = tasks(config);
    let bindings = tasks
        .bind(&program(resource, fields), false)
        .expect("somebody serves it");
    match Shard::new(&tasks).call(&bindings, parameters, 1) {
        (Progress::Success, result) => Ok(result),
        (Progress::Failure(failure), _) => Err((
            failure.error.unwrap_or_default(),
            failure.cause.unwrap_or_default(),
        )),
        (other, _) => panic!("{other:?}"),
    }
}

const ECHO: &str = r#""*" = { function = "echo" }"#;

#[test]
fn a_raw_function_gets_its_parameters_and_answers_bare() {
    let function = "arn:aws:lambda:us-east-1:111111111111:function:f:live";
    assert_eq!(
        call(ECHO, function, "", r#"{"a": [1.10]}"#),
        Ok(r#"{"a":[1.10]}"#.into())
    );
    assert_eq!(call(ECHO, function, "", r#""text""#), Ok(r#""text""#.into()));
}

#[test]
fn lambda_invoke_answers_the_envelope() {
    let fields = r#","Parameters":{"FunctionName":"f:7","Payload.$":"$"}"#;
    let result = call(
        ECHO,
        INVOKE,
        fields,
        r#"{"FunctionName":"f:7","Payload":{"a":1}}"#,
    )
    .expect("a result");
    let result: serde_json::Value = serde_json::from_str(&result).expect("JSON");
    assert_eq!(result["Payload"], serde_json::json!({"a": 1}));
    assert_eq!(result["ExecutedVersion"], "7");
    assert_eq!(result["SdkHttpMetadata"]["HttpHeaders"]["Content-Length"], "7");
}

#[test]
fn metadata_that_nobody_sees_is_not_written() {
    let fields =
        r#","Parameters":{"FunctionName":"f","Payload.$":"$"},"ResultSelector":{"a.$":"$.Payload.a"}"#;
    let parameters = r#"{"FunctionName":"f","Payload":{"a":1}}"#;
    let payload = r#"{"Payload":{"a":1}}"#;
    assert_eq!(call(ECHO, INVOKE, fields, parameters), Ok(payload.into()));
    let code = fields.replace("$.Payload.a", "$.StatusCode");
    let short = r#"{"ExecutedVersion":"$LATEST","Payload":{"a":1},"StatusCode":200}"#;
    assert_eq!(call(ECHO, INVOKE, &code, parameters), Ok(short.into()));

    let tasks = tasks(ECHO);
    let bindings = tasks.bind(&program(INVOKE, fields), true).expect("served");
    let (_, full) = Shard::new(&tasks).call(&bindings, parameters, 1);
    assert!(full.contains("SdkHttpMetadata"), "{full}");
}

/// A result's size counts with its metadata, whether or not somebody reads that.
#[test]
fn near_the_limit_an_envelope_is_whole() {
    let fields = r#","Parameters":{"FunctionName":"f","Payload.$":"$"},"OutputPath":"$.Payload""#;
    let answer = |bytes: usize| {
        let parameters = format!(r#"{{"FunctionName":"f","Payload":"{}"}}"#, "x".repeat(bytes - 2));
        call(ECHO, INVOKE, fields, &parameters).expect("a result")
    };
    let enough = PAYLOAD_BYTES_MAX - ENVELOPE_BYTES_MAX;
    assert_eq!(answer(enough).len(), enough + r#"{"Payload":}"#.len());
    let whole = answer(enough + 1);
    assert!(whole.starts_with(r#"{"ExecutedVersion":"$LATEST","Payload":"xxx"#));
    assert!(whole.ends_with(r#""StatusCode":200}"#), "{}", whole.len());
}

#[test]
fn an_envelope_is_dense() {
    let fields = r#","Parameters":{"FunctionName":"f"},"ResultSelector":{"a.$":"$.Payload"}"#;
    let config = r#"f = { function = "spaced" }"#;
    assert_eq!(
        call(config, INVOKE, fields, r#"{"FunctionName":"f"}"#),
        Ok(r#"{"Payload":{"a":"b c"}}"#.into())
    );
}

/// Recorded: `error_handling/test_task_service_lambda`, `test_task_lambda`.
#[test]
fn a_thrown_error() {
    let config = r#"f = { function = "throws" }"#;
    let fields = r#","Parameters":{"FunctionName":"f"}"#;
    let cause = r#"{"errorMessage":"","errorType":"CustomException"}"#;
    assert_eq!(
        call(config, INVOKE, fields, r#"{"FunctionName":"f"}"#),
        Err(("CustomException".into(), cause.into()))
    );
    let spaced = r#"{"errorMessage": "", "errorType": "CustomException"}"#;
    let function = "arn:aws:lambda:us-east-1:111111111111:function:f";
    assert_eq!(
        call(config, function, "", "{}"),
        Err(("CustomException".into(), spaced.into()))
    );
}

#[test]
fn an_event_is_accepted_even_if_the_function_throws() {
    let fields = r#","Parameters":{"FunctionName":"f","InvocationType":"Event"}"#;
    let config = r#"f = { function = "throws" }"#;
    let result = call(
        config,
        INVOKE,
        fields,
        r#"{"FunctionName":"f","InvocationType":"Event"}"#,
    );
    assert!(result.expect("accepted").contains(r#""StatusCode":202"#));
}

#[test]
fn a_function_that_is_named_at_run_time() {
    let fields = r#","Parameters":{"FunctionName.$":"$.f","Payload.$":"$"}"#;
    let config = r#""arn:aws:lambda:*:*:function:known-*" = { function = "echo" }"#;
    for name in ["known-1", "111111111111:function:known-2:live"] {
        let parameters = format!(r#"{{"FunctionName":"{name}","Payload":1}}"#);
        let result = call(config, INVOKE, fields, &parameters).expect("a result");
        assert!(
            result.starts_with(r#"{"ExecutedVersion":"$LATEST","Payload":1,"#),
            "{result}"
        );
    }
    let (error, cause) = call(config, INVOKE, fields, r#"{"FunctionName":"other"}"#).expect_err("a failure");
    assert_eq!(error, "Lambda.ResourceNotFoundException");
    let arn = "Function not found: arn:aws:lambda:us-east-1:111111111111:function:other:$LATEST (Service: ";
    assert!(cause.starts_with(arn), "{cause}");
}

fn check_unserved(config: &str, resource: &str, fields: &str, expected: &str) {
    let problems = tasks(config)
        .bind(&program(resource, fields), false)
        .expect_err("nobody serves it");
    let problems: Vec<String> = problems.iter().map(Unserved::to_string).collect();
    assert_eq!(problems, [expected]);
}

#[test]
fn unserved_tasks_are_named_when_the_program_is_loaded() {
    let config = r#"f = { function = "echo" }
        "arn:aws:states:::kafka:produce" = { kafka = ["audit"] }"#;
    check_unserved(
        config,
        "arn:aws:lambda:us-east-1:111111111111:function:g",
        "",
        "state 'T': no entry of [tasks] serves arn:aws:lambda:us-east-1:111111111111:function:g",
    );
    check_unserved(
        config,
        INVOKE,
        r#","Parameters":{"FunctionName":"g"}"#,
        "state 'T': no entry of [tasks] serves arn:aws:states:::lambda:invoke with FunctionName 'g'",
    );
    check_unserved(
        config,
        "arn:aws:states:::sqs:sendMessage",
        r#","Parameters":{"QueueUrl":"q","MessageBody":"b"}"#,
        "state 'T': no entry of [tasks] serves arn:aws:states:::sqs:sendMessage",
    );
    check_unserved(
        config,
        PRODUCE,
        r#","Parameters":{"Topic":"secret","Value":1}"#,
        "state 'T': no entry of [tasks] serves arn:aws:states:::kafka:produce with Topic 'secret'",
    );
}

#[test]
fn kafka_serves_nothing_but_its_own_resource() {
    let config = r#""*" = { kafka = ["*"] }
        "arn:aws:states:::*" = { kafka = ["*"] }"#;
    for (resource, fields) in [
        ("arn:aws:lambda:us-east-1:111111111111:function:f", ""),
        (
            "arn:aws:states:::sqs:sendMessage",
            r#","Parameters":{"QueueUrl":"q","MessageBody":"b"}"#,
        ),
    ] {
        let expected = format!("state 'T': no entry of [tasks] serves {resource}");
        check_unserved(config, resource, fields, &expected);
    }
}

#[test]
fn wrong_entries_are_named() {
    let config: Config = toml::from_str(
        r#"a = { function = "nope" }
        b = { function = "delay" }"#,
    )
    .expect("TOML");
    let problems = Tasks::new(&config, &Functions::new(), home()).expect_err("problems");
    let problems: Vec<String> = problems.iter().map(ConfigError::to_string).collect();
    assert_eq!(
        problems,
        [
            "tasks.\"a\".function: there is no function 'nope'; there are delay",
            "tasks.\"b\".milliseconds: `delay` needs it: after how many milliseconds to answer",
        ]
    );
}

#[test]
fn delay_answers_later() {
    let tasks = tasks(r#"f = { function = "delay", milliseconds = 10 }"#);
    let function = "arn:aws:lambda:us-east-1:111111111111:function:f";
    let bindings = tasks.bind(&program(function, ""), false).expect("served");
    let answered = Shard::new(&tasks).call(&bindings, "[1]", 1);
    assert_eq!(answered, (Progress::SuccessAfter(10), "[1]".into()));
}

const TOPICS: &str = r#""arn:aws:states:::kafka:produce" = { kafka = ["audit", "billing-*"] }"#;

fn producing() -> (Arc<Tasks>, Bindings) {
    let tasks = tasks(TOPICS);
    let fields = r#","Parameters":{"Topic.$":"$.t","Value.$":"$.v"}"#;
    let bindings = tasks.bind(&program(PRODUCE, fields), false).expect("served");
    (tasks, bindings)
}

#[test]
fn a_message_is_acknowledged_before_the_task_succeeds() {
    let (tasks, bindings) = producing();
    let mut shard = Shard::new(&tasks);
    shard.sink.room = 10;
    let parameters = r#"{"Topic":"audit","Value":{"a": 1},"Key":"k\n","Partition":3,"Headers":{"h":"x","n":null,"o":[1]}}"#;
    assert_eq!(shard.call(&bindings, parameters, 5).0, Progress::Pending);
    assert_eq!(
        shard.sink.messages,
        ["5 audit pSome(3) kk\n v{\"a\":1} h=x n=- o=[1] stepstream-idempotency-key=orders-0-17/T"]
    );
    assert_eq!(shard.connectors.take(0), None);
    shard.connectors.acknowledged(Ticket(5), Ok(()));
    let answer = Ok(br#"{"Topic":"audit","Partition":3}"#.to_vec());
    assert_eq!(
        shard.connectors.take(0),
        Some((Ticket(5), Report::Answer(answer)))
    );
    assert_eq!(shard.connectors.pending(), 0);
    shard.connectors.acknowledged(Ticket(5), Ok(()));
    assert_eq!(shard.connectors.take(0), None, "once");
}

#[test]
fn texts_are_sent_as_characters_and_null_as_a_tombstone() {
    let (tasks, bindings) = producing();
    let mut shard = Shard::new(&tasks);
    shard.sink.room = 10;
    shard.call(&bindings, r#"{"Topic":"billing-7","Value":"a\"b"}"#, 1);
    shard.call(&bindings, r#"{"Topic":"billing-7","Value":null,"Key":7}"#, 2);
    let key = "stepstream-idempotency-key=orders-0-17/T";
    assert_eq!(
        shard.sink.messages,
        [
            format!("1 billing-7 pNone k- va\"b {key}"),
            format!("2 billing-7 pNone k7 v- {key}"),
        ]
    );
    assert_eq!(shard.sink.topics, ["billing-7"], "a topic is resolved once");
}

#[test]
fn a_full_sink_is_waited_for_in_order() {
    let (tasks, bindings) = producing();
    let mut shard = Shard::new(&tasks);
    for ticket in 1..=4 {
        let parameters = format!(r#"{{"Topic":"audit","Value":{ticket}}}"#);
        assert_eq!(shard.call(&bindings, &parameters, ticket).0, Progress::Pending);
    }
    assert_eq!(shard.sink.messages.len(), 1);
    shard.connectors.cancel(Ticket(3));
    shard.sink.room = 2;
    shard.connectors.poll(&mut shard.sink);
    shard.sink.room = 10;
    shard.connectors.poll(&mut shard.sink);
    let sent: Vec<&str> = shard.sink.messages.iter().map(|message| &message[..1]).collect();
    assert_eq!(sent, ["1", "2", "4"]);
}

#[test]
fn a_panic_at_a_message_that_had_to_wait_ends_its_call_only() {
    let (tasks, bindings) = producing();
    let mut shard = Shard::new(&tasks);
    for ticket in 1..=4 {
        let parameters = format!(r#"{{"Topic":"audit","Value":{ticket}}}"#);
        assert_eq!(shard.call(&bindings, &parameters, ticket).0, Progress::Pending);
    }
    (shard.sink.room, shard.sink.panics_at) = (10, Some(Ticket(3)));
    shard.connectors.poll(&mut shard.sink);
    let sent: Vec<&str> = shard.sink.messages.iter().map(|message| &message[..1]).collect();
    assert_eq!(sent, ["1", "2", "4"]);
    let Some((ticket, Report::Answer(Err(failure)))) = shard.connectors.take(0) else {
        panic!("it has failed");
    };
    assert_eq!((ticket, failure.error.as_deref()), (Ticket(3), Some(PANIC)));
    assert_eq!((shard.connectors.waiting(), shard.connectors.pending()), (0, 3));
}

#[test]
fn a_topic_that_takes_nothing_does_not_hold_up_the_messages_for_others() {
    let (tasks, bindings) = producing();
    let mut shard = Shard::new(&tasks);
    shard.sink.room = 1_000;
    shard.sink.capacity = Some(100_000);
    let call = |shard: &mut Shard, topic: &str, ticket| {
        let parameters = format!(r#"{{"Topic":"{topic}","Value":{ticket}}}"#);
        shard.call(&bindings, &parameters, ticket).0
    };
    // Nothing of it is acknowledged, and some of it is given up.
    let calls: Vec<_> = (1..=1_000)
        .map(|ticket| call(&mut shard, "audit", ticket))
        .collect();
    let sent = shard.sink.messages.len();
    assert!((10..100).contains(&sent), "{sent} messages");
    let is_throttled = |progress: &Progress| *progress != Progress::Pending;
    assert!(calls.iter().any(is_throttled), "what waits is limited too");
    shard.connectors.cancel(Ticket(1));
    shard.connectors.cancel(Ticket(sent as u64 + 1));
    assert_eq!(call(&mut shard, "billing-1", 5_000), Progress::Pending);
    let last = shard.sink.messages.last().expect("a message");
    assert!(last.starts_with("5000 billing-1"), "{last}");
    // A message that nobody waits for takes room until it is acknowledged; one that did not wait long enough is not sent.
    shard.connectors.poll(&mut shard.sink);
    assert_eq!(shard.sink.messages.len(), sent + 1);
    for ticket in 1..=5 {
        shard.connectors.acknowledged(Ticket(ticket), Ok(()));
    }
    shard.connectors.poll(&mut shard.sink);
    let next: Vec<_> = shard.sink.messages[sent + 1..]
        .iter()
        .filter_map(|message| message.split(' ').next()?.parse::<usize>().ok())
        .collect();
    let in_order: Vec<_> = (sent + 2..sent + 2 + next.len()).collect();
    assert!(!next.is_empty() && next == in_order, "{next:?}");
}

#[test]
fn topics_that_events_invent_give_way() {
    let (tasks, bindings) = producing();
    let mut shard = Shard::new(&tasks);
    shard.sink.room = usize::MAX;
    let call = |shard: &mut Shard, ticket: u64| {
        let parameters = format!(r#"{{"Topic":"billing-{ticket}","Value":1}}"#);
        shard.call(&bindings, &parameters, ticket).0
    };
    // The first message stays on its way, and so does one that nobody waits for.
    for ticket in 0..5_000 {
        assert_eq!(call(&mut shard, ticket), Progress::Pending, "{ticket}");
        match ticket {
            0 => {}
            1 => shard.connectors.cancel(Ticket(1)),
            _ => shard.connectors.acknowledged(Ticket(ticket), Ok(())),
        }
    }
    let closed = &shard.sink.closed;
    assert_eq!((closed.len(), closed[0]), (4_000, TopicId(2)));
    // Names that no topic has, or that are not granted, take no room.
    shard.call(&bindings, r#"{"Topic":"billing-\u00e9","Value":1}"#, 9_000);
    shard.call(&bindings, r#"{"Topic":"secret","Value":1}"#, 9_001);
    assert_eq!(shard.sink.closed.len(), 4_000);
}

#[test]
fn messages_that_are_not_allowed_or_wrong() {
    let (tasks, bindings) = producing();
    let mut shard = Shard::new(&tasks);
    let mut check = |parameters: &str, error: &str| match shard.call(&bindings, parameters, 1).0 {
        Progress::Failure(failure) => assert_eq!(failure.error.as_deref(), Some(error), "{parameters}"),
        other => panic!("{parameters}: {other:?}"),
    };
    check(r#"{"Topic":"secret","Value":1}"#, "States.Permissions");
    check(r#"{"Topic":1,"Value":1}"#, "Kafka.InvalidParameterException");
    check(r#"{"Topic":"audit"}"#, "Kafka.InvalidParameterException");
    check(
        r#"{"Topic":"audit","Value":1,"Partition":-1}"#,
        "Kafka.InvalidParameterException",
    );
    check(
        r#"{"Topic":"audit","Value":1,"Headers":[]}"#,
        "Kafka.InvalidParameterException",
    );
}

#[test]
fn a_refused_message_fails_the_task() {
    let (tasks, bindings) = producing();
    let mut shard = Shard::new(&tasks);
    shard.call(&bindings, r#"{"Topic":"audit","Value":1}"#, 1);
    let refused = Err(SendError::Refused("too large".into()));
    shard.connectors.acknowledged(Ticket(1), refused);
    let failure = Failure::new("Kafka.KafkaException", "too large");
    assert_eq!(
        shard.connectors.take(0),
        Some((Ticket(1), Report::Answer(Err(failure))))
    );
}

#[test]
fn heartbeats_are_of_calls_that_are_pending() {
    let (tasks, bindings) = producing();
    let mut shard = Shard::new(&tasks);
    let beat = |shard: &Shard, times: usize| (0..times).for_each(|_| shard.answers.heartbeat(Ticket(1)));
    beat(&shard, 1);
    assert_eq!(shard.connectors.take(0), None, "nobody has called");
    shard.call(&bindings, r#"{"Topic":"audit","Value":1}"#, 1);
    for _ in 0..2 {
        beat(&shard, 1_000);
        assert_eq!(shard.connectors.take(0), Some((Ticket(1), Report::Heartbeat)));
        assert_eq!(shard.connectors.take(0), None, "many at once are one");
    }
    shard.connectors.acknowledged(Ticket(1), Ok(()));
    beat(&shard, 1);
    assert!(matches!(
        shard.connectors.take(0),
        Some((Ticket(1), Report::Answer(Ok(_))))
    ));
    assert_eq!(shard.connectors.take(0), None, "it is over");
}

/// Calls a function behind a URL that answers with a text, through `lambda:invoke`.
fn call_http(text: &'static str) -> Answer {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let port = listener.local_addr().expect("an address").port();
        tokio::task::spawn_local(async move {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len());
            let _ = stream.write_all(head.as_bytes()).await;
        });
        let tasks = tasks(&format!(r#"f = {{ http = "http://127.0.0.1:{port}/" }}"#));
        let fields = r#","Parameters":{"FunctionName":"f"},"ResultSelector":{"a.$":"$.Payload"}"#;
        let bindings = tasks.bind(&program(INVOKE, fields), false).expect("served");
        let mut shard = Shard::new(&tasks);
        let wake = Wake::new();
        shard.connectors = tasks.connect(Answers::new(wake.clone()), 1);
        let (progress, _) = shard.call(&bindings, r#"{"FunctionName":"f"}"#, 9);
        assert_eq!(progress, Progress::Pending);
        loop {
            if let Some((ticket, Report::Answer(answer))) = shard.connectors.take(0) {
                assert_eq!(ticket, Ticket(9));
                return answer;
            }
            wake.woken().await;
        }
    })
}

#[test]
fn an_answer_over_http_is_dressed() {
    let dressed = br#"{"Payload":{"a":[1]}}"#;
    assert_eq!(call_http(r#"{ "a": [1] }"#), Ok(dressed.to_vec()));
}

#[test]
fn an_answer_over_http_cannot_break_out_of_the_envelope() {
    for text in [r#"1,"StatusCode":500"#, "", "<html>", "{"] {
        let answer = call_http(text);
        if text.is_empty() {
            assert_eq!(answer, Ok(br#"{"Payload":null}"#.to_vec()));
        } else {
            let failure = answer.expect_err(text);
            assert_eq!(failure.error.as_deref(), Some("Lambda.SdkClientException"));
        }
    }
}

/// The sample workflow runs on the demo's functions, from the sample configuration.
#[test]
fn order_fulfillment_from_the_sample_configuration() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/config/");
    let read = |name: &str| std::fs::read_to_string(format!("{root}{name}")).expect("a sample");
    let config: toml::Table = toml::from_str(&read("stepstream.toml")).expect("TOML");
    let tasks = tasks(&toml::to_string(&config["tasks"]).expect("TOML"));
    let text = read("workflows/order_fulfillment.asl.json");
    let source = asl::Source {
        name: "order_fulfillment",
        text: &text,
        format: asl::Format::Json,
    };
    let program = compile(
        &asl::check(&source, &asl::Options::default())
            .machine
            .expect("a machine"),
    );
    let bindings = tasks.bind(&program, false).expect("all tasks are served");
    let mut shard = Shard::new(&tasks);
    let (mut succeeded, mut failed) = (0, 0);
    let shortage =
        read("workflows/order_fulfillment.input.json").replace("\"num_of_items\": 5", "\"num_of_items\": 85");
    let events = read("workflows/order_fulfillment.events.ndjson");
    for line in events.lines().chain([shortage.as_str()]) {
        let ends = run(&program, &bindings, &mut shard, line);
        (succeeded, failed) = (succeeded + usize::from(ends), failed + usize::from(!ends));
    }
    assert!(
        succeeded > 0 && failed > 0,
        "{succeeded} succeeded, {failed} failed"
    );
}

/// Runs an execution whose tasks answer at once; says whether it succeeded.
fn run(program: &Program, bindings: &Bindings, shard: &mut Shard, input: &str) -> bool {
    use crate::drive::{Reply, TaskCall, drive};
    let mut run = crate::vm::Run::new();
    let mut clock = VirtualClock::new(0, None);
    let mut host = |call: &TaskCall<'_>| {
        let task = program
            .tasks
            .iter()
            .position(|info| *program.states[info.state.at()].name == *call.state)
            .expect("a task of the program");
        let mut heap = Heap::new();
        let parameters = heap.index(call.parameters).expect("JSON");
        let attempt = Attempt {
            bindings,
            task: TaskId(task as u32),
            parameters,
            credentials: ValueRef::NONE,
            view: View::new(&heap, &program.constants),
            key: &"k",
            timeout_seconds: call.timeout_seconds,
            heartbeat_seconds: call.heartbeat_seconds,
            now_ms: 0,
        };
        let mut result = Vec::new();
        match shard
            .connectors
            .call(&attempt, Ticket(1), &mut shard.sink, &mut result)
        {
            Progress::Success => Some(Reply::Success { after_ms: 0, result }),
            other => panic!("{}: {other:?}", call.state),
        }
    };
    let identity = crate::vm::Identified::default();
    drive(
        &mut run,
        program,
        input.as_bytes(),
        &identity,
        &mut clock,
        &mut host,
    )
    .expect("a start");
    run.outcome().status == crate::vm::Status::Succeeded
}
