//! Calls to real servers on the loopback, through the connectors of a shard.

mod faults;
mod grants;
mod http_task;
mod oauth;
mod server;

use crate::asl;
use crate::compile::compile;
use crate::program::{Program, TaskId};
use crate::stream::{Message, Returned, SendError, Sink, Ticket, TopicId, Wake};
use crate::task::*;
use crate::value::{Heap, ValueRef, View};
use server::{Reply, Server};
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

const INVOKE: &str = "arn:aws:states:::http:invoke";
const GATEWAY: &str = "arn:aws:states:::apigateway:invoke";

fn home() -> Home {
    Home {
        region: "eu-west-1".into(),
        account: "111111111111".into(),
    }
}

/// Reads `[tasks]` and `[connections]`.
fn config(text: &str) -> Config {
    #[derive(serde::Deserialize)]
    struct File {
        tasks: Config,
        #[serde(default)]
        connections: std::collections::BTreeMap<String, super::connection::Connection>,
    }
    let File {
        mut tasks,
        connections,
    } = toml::from_str(text).expect("a configuration");
    tasks.connections = connections;
    tasks
}

fn tasks(text: &str) -> Arc<Tasks> {
    let tasks = Tasks::new(&config(text), &Functions::new(), home());
    Arc::new(tasks.unwrap_or_else(|errors| panic!("{errors:?}")))
}

/// A program with one task.
fn program(resource: &str, parameters: &str) -> Program {
    let text = format!(
        r#"{{"StartAt":"T","States":{{"T":{{"Type":"Task","End":true,"Resource":"{resource}","Parameters":{parameters}}}}}}}"#
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

/// A sink that nothing goes to.
struct NoSink;

impl Sink for NoSink {
    fn topic(&mut self, _name: &str) -> TopicId {
        TopicId(0)
    }

    fn close(&mut self, _topic: TopicId) -> bool {
        true
    }

    fn send(&mut self, _message: &Message<'_>, _ticket: Ticket) -> Result<(), SendError> {
        Err(SendError::Full)
    }

    fn acknowledged(&mut self) -> Option<(Ticket, Result<(), SendError>)> {
        None
    }

    fn returned(&mut self) -> Option<Returned> {
        None
    }

    fn push(&mut self) {}

    fn capacity(&self) -> usize {
        usize::MAX
    }
}

/// A shard with one task, and its calls.
struct Shard {
    connectors: Connectors,
    tasks: Arc<Tasks>,
    bindings: Bindings,
    wake: Wake,
}

impl Shard {
    fn new(text: &str, resource: &str) -> Shard {
        let tasks = tasks(text);
        let parameters = r#"{"ApiEndpoint.$":"$.e","Method.$":"$.m"}"#;
        let bindings = tasks
            .bind(&program(resource, parameters), false)
            .expect("it is served");
        let wake = Wake::new();
        Shard {
            connectors: tasks.connect(Answers::new(wake.clone()), 1),
            tasks,
            bindings,
            wake,
        }
    }

    fn begin(&mut self, ticket: u64, parameters: &str) -> Progress {
        let (mut run, constants) = (Heap::new(), Heap::for_constants());
        let parameters = run.index(parameters.as_bytes()).expect("JSON");
        let attempt = Attempt {
            bindings: &self.bindings,
            task: TaskId(0),
            request: Request {
                parameters,
                credentials: ValueRef::NONE,
                view: View::new(&run, &constants),
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
        self.connectors
            .call(&attempt, Ticket(ticket), &mut NoSink, &mut Vec::new())
    }

    async fn next(&mut self) -> (u64, Answer) {
        loop {
            if let Some((ticket, Report::Answer(answer))) = self.connectors.take(0) {
                return (ticket.0, answer);
            }
            self.wake.woken().await;
        }
    }

    async fn call(&mut self, parameters: &str) -> Answer {
        match self.begin(1, parameters) {
            Progress::Pending => self.next().await.1,
            Progress::Failure(failure) => Err(failure),
            other => panic!("{other:?}"),
        }
    }

    async fn failure(&mut self, parameters: &str) -> (String, String) {
        let failure = self.call(parameters).await.expect_err("a failure");
        (
            failure.error.unwrap_or_default(),
            failure.cause.unwrap_or_default(),
        )
    }
}

/// Parameters of an HTTP Task with a connection.
fn to(url: &str, connection: &str) -> String {
    format!(
        r#"{{"ApiEndpoint":"{url}","Method":"GET","InvocationConfig":{{"ConnectionArn":"arn:aws:events:eu-west-1:111111111111:connection/{connection}/1"}}}}"#
    )
}

/// A configuration that grants all of a server by its address; `more` are keys of the entry.
fn granting(server: &Server, more: &str, connections: &str) -> String {
    let url = server.url("/*");
    format!("[tasks]\n\"{INVOKE}\" = {{ endpoints = [\"{url}\"]{more} }}\n{connections}")
}

/// A connection that asks for nothing.
const OPEN: &str = "[connections.open]\n";

/// Runs a test on a shard's kind of runtime; it must end soon.
fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let local = tokio::task::LocalSet::new();
    let limited = async { tokio::time::timeout(Duration::from_secs(60), test).await };
    local.block_on(&runtime, limited).expect("the test ends");
}

async fn serving(answer: impl Fn(&str) -> Reply + 'static) -> Rc<Server> {
    Server::start(answer).await
}
