//! Calls from a program to what serves them, and back.

mod binding;
mod connector;
mod functions;
mod messages;
mod sample;

use super::config::ConfigError;
use super::lambda::envelope::ENVELOPE_BYTES_MAX;
use super::*;
use crate::asl;
use crate::compile::compile;
use crate::guard::PANIC;
use crate::program::{Program, TaskId};
use crate::stream::{Message, SendError, Sink, Ticket, TopicId, Wake};
use crate::value::{Heap, ValueRef, View};
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
            request: Request {
                parameters,
                credentials: ValueRef::NONE,
                view: View::new(&self.run, &constants),
                key: &"orders-0-17/T",
                machine: "flow",
                retry: 0,
                execution: ValueRef::NONE,
                state_machine: ValueRef::NONE,
                timeout_seconds: None,
                heartbeat_seconds: None,
                now_ms: 0,
            },
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
