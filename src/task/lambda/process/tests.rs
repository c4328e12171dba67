//! Processes that speak the Runtime API, or fail to. Their runtime is a few lines of Python; Lambda's real
//! clients are in the service tests.

use super::command::Command;
use super::config::ProcessConfig;
use super::runner::ProcessMaker;
use crate::random::Random;
use crate::stream::memory::{Acknowledge, Bounds, outbox};
use crate::stream::{Ticket, Wake};
use crate::task::config::Secret;
use crate::task::lambda::CallLimits;
use crate::task::lambda::function::Function;
use crate::task::lambda::{Invocation, envelope::Style};
use crate::task::maker::{Maker, Site};
use crate::task::{Answer, Answers, Call, Connector, Failure, Home, Progress, Report, Request, Target};
use crate::units::{Period, Size};
use crate::value::{Heap, ValueRef, View};
use std::time::{Duration, Instant};

/// A runtime in Python's standard library: the payload says what the handler does.
const RUNTIME: &str = r#"
import http.client, json, os, sys, time
def api(method, path, body=None, headers={}):
    connection.request(method, "/2018-06-01/runtime/" + path, body, headers)
    response = connection.getresponse()
    return response, response.read()
connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
if os.environ.get("START") == "raise":
    api("POST", "init/error", json.dumps({"errorMessage": "no module", "errorType": "Runtime.ImportModuleError"}))
    sys.exit(1)
if os.environ.get("START") == "exit":
    sys.exit(3)
if os.environ.get("START") == "once":
    try:
        os.mkdir(os.environ["MARK"])
        sys.exit(4)
    except FileExistsError:
        pass
while True:
    response, body = api("GET", "invocation/next")
    identity = response.getheader("Lambda-Runtime-Aws-Request-Id")
    event = json.loads(body)
    do = event["do"]
    if do == "echo":
        answer = {"event": event, "arn": response.getheader("Lambda-Runtime-Invoked-Function-Arn"),
            "context": json.loads(response.getheader("Lambda-Runtime-Client-Context")),
            "name": os.environ["AWS_LAMBDA_FUNCTION_NAME"], "memory": os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"],
            "left": int(response.getheader("Lambda-Runtime-Deadline-Ms")) / 1000 - time.time() > 0.5,
            "mine": os.environ.get("MINE"), "secrets": os.environ.get("CARGO_MANIFEST_DIR")}
        api("POST", f"invocation/{identity}/response", json.dumps(answer))
    elif do == "pid":
        time.sleep(event.get("wait", 0))
        api("POST", f"invocation/{identity}/response", str(os.getpid()))
    elif do == "raise":
        error = {"errorMessage": "no stock", "errorType": "OutOfStock", "stackTrace": []}
        api("POST", f"invocation/{identity}/error", json.dumps(error))
    elif do == "nothing":
        api("POST", f"invocation/{identity}/response", "")
    elif do == "much":
        api("POST", f"invocation/{identity}/response", '"' + "x" * event["bytes"] + '"')
    elif do == "no json":
        api("POST", f"invocation/{identity}/response", "so what")
    elif do == "exit":
        sys.exit(event["code"])
    elif do == "hang":
        time.sleep(600)
    elif do == "memory":
        kept = b"x" * (300 << 20)
        time.sleep(600)
    elif do == "again":
        other, body = api("GET", "invocation/next")
        wrong, _ = api("POST", "invocation/7/response", "1")
        api("POST", f"invocation/{identity}/response", json.dumps([other.status, wrong.status]))
    print("done with", identity, flush=True)
"#;

struct Fleet {
    maker: ProcessMaker,
    tickets: u64,
    connector: Box<dyn Connector>,
    answers: Answers,
    wake: Wake,
}

impl Fleet {
    fn new(change: impl FnOnce(&mut ProcessConfig, &mut CallLimits)) -> Fleet {
        let runtime = ["python3", "-c", RUNTIME, "handler"];
        let mut config = ProcessConfig {
            runtime: Some(runtime.map(str::to_owned).to_vec()),
            instances: Some(2),
            ..ProcessConfig::default()
        };
        let mut limits = CallLimits::default();
        change(&mut config, &mut limits);
        let home = Home {
            region: "r".into(),
            account: "1".into(),
        };
        let command = Command::new(&config, &limits, &home).unwrap_or_else(|mistake| panic!("{mistake:?}"));
        let maker = ProcessMaker::new(command).unwrap_or_else(|mistake| panic!("{mistake:?}"));
        let wake = Wake::new();
        let answers = Answers::new(wake.clone());
        let connector = maker.make(&mut Site {
            answers: answers.clone(),
            random: Random::new(1),
            writers: 0,
        });
        Fleet {
            maker,
            tickets: 0,
            connector,
            answers,
            wake,
        }
    }

    fn begin(&mut self, name: &str, payload: &str) -> (Ticket, Progress) {
        let home = Home {
            region: "r".into(),
            account: "1".into(),
        };
        let function = Function::parse(name, None, &home).expect("a name");
        let (mut heap, constants) = (Heap::new(), Heap::for_constants());
        let value = heap.index(payload.as_bytes()).expect("JSON");
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        let request = Request {
            parameters: value,
            credentials: ValueRef::NONE,
            view: View::new(&heap, &constants),
            key: &"käy/1",
            machine: "flow",
            retry: 0,
            execution: ValueRef::NONE,
            state_machine: ValueRef::NONE,
            timeout_seconds: None,
            heartbeat_seconds: None,
            now_ms: crate::clock::wall_ms(),
        };
        let call = Call {
            resource: &function.arn,
            target: Target::Function(Invocation {
                function: &function,
                style: Style::Bare,
            }),
            request,
        };
        let (desk, _outbox) = outbox(Acknowledge::AtOnce, Bounds::default());
        let mut sink = desk.sink(0, &self.wake);
        let progress = self.connector.call(&call, ticket, &mut sink, &mut Vec::new());
        (ticket, progress)
    }

    async fn answer(&mut self) -> (Ticket, Answer) {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some((ticket, Report::Answer(answer))) = self.answers.take() {
                return (ticket, self.connector.dress(ticket, answer, 0));
            }
            assert!(Instant::now() < until, "no answer");
            let _ = tokio::time::timeout(Duration::from_millis(50), self.wake.woken()).await;
        }
    }

    async fn call(&mut self, payload: &str) -> Answer {
        let (ticket, progress) = self.begin("f", payload);
        assert_eq!(progress, Progress::Pending);
        let (answered, answer) = self.answer().await;
        assert_eq!(answered, ticket);
        answer
    }

    async fn json(&mut self, payload: &str) -> serde_json::Value {
        let answer = self
            .call(payload)
            .await
            .unwrap_or_else(|failure| panic!("{failure:?}"));
        serde_json::from_slice(&answer).expect("JSON")
    }

    fn ended(&self) -> [u64; 3] {
        let counts = self.maker.processes().expect("processes");
        counts.failed().map(|(_, count)| count)
    }
}

fn check(test: impl AsyncFnOnce(&mut Fleet), change: impl FnOnce(&mut ProcessConfig, &mut CallLimits)) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let mut fleet = Fleet::new(change);
        test(&mut fleet).await;
        fleet.maker.stop();
        assert!(
            fleet.maker.stopped(Duration::from_secs(30)),
            "the processes do not end"
        );
        assert_eq!(fleet.maker.processes().expect("processes").alive(), 0);
    });
}

fn failure(answer: Answer) -> Failure {
    answer.expect_err("a failure")
}

/// Checks a failure whose cause has the id of a request.
fn is_failure(answer: Answer, error: &str, what: &str) {
    let failure = failure(answer);
    let cause: serde_json::Value =
        serde_json::from_str(failure.cause.as_deref().expect("a cause")).expect("JSON");
    assert_eq!(failure.error.as_deref(), Some(error));
    assert_eq!(cause["errorType"], error);
    let message = cause["errorMessage"].as_str().expect("a text");
    assert!(
        message.starts_with("RequestId: ") && message.ends_with(what),
        "{message}"
    );
}

#[test]
fn a_handler_gets_what_it_gets_at_aws() {
    check(
        async |fleet| {
            let found = fleet.json(r#"{"do": "echo", "n": 1.50}"#).await;
            let expected = serde_json::json!({
                "event": {"do": "echo", "n": 1.5},
                "arn": "arn:aws:lambda:r:1:function:f",
                "context": {"custom": {"idempotency-key": "käy/1"}},
                "name": "f", "memory": "256", "left": true, "mine": "yes", "secrets": null,
            });
            assert_eq!(found.to_string(), expected.to_string());
            assert_eq!(fleet.call(r#"{"do": "nothing"}"#).await, Ok(b"null".to_vec()));
            assert_eq!(
                fleet.json(r#"{"do": "again"}"#).await,
                serde_json::json!([403, 400])
            );
            let (first, second) = (
                fleet.json(r#"{"do": "pid"}"#).await,
                fleet.json(r#"{"do": "pid"}"#).await,
            );
            assert_eq!(first, second, "a process serves one call after the other");
        },
        |config, _| {
            config.memory = Some(Size(256 << 20));
            let text = Secret::Text("yes".into());
            config.environment = Some([("MINE".to_owned(), text)].into());
        },
    );
}

#[test]
fn a_handler_fails_as_at_aws() {
    check(
        async |fleet| {
            let raised = failure(fleet.call(r#"{"do": "raise"}"#).await);
            let cause = r#"{"errorMessage": "no stock", "errorType": "OutOfStock", "stackTrace": []}"#;
            assert_eq!(raised, Failure::new("OutOfStock", cause));
            is_failure(
                fleet.call(r#"{"do": "exit", "code": 7}"#).await,
                "Runtime.ExitError",
                " Error: Runtime exited with error: exit status 7",
            );
            is_failure(
                fleet.call(r#"{"do": "hang"}"#).await,
                "Sandbox.Timedout",
                " Error: Task timed out after 1.50 seconds",
            );
            is_failure(
                fleet.call(r#"{"do": "memory"}"#).await,
                "Runtime.ExitError",
                " Error: Runtime exited with error: signal: killed",
            );
            assert_eq!(fleet.ended(), [1, 1, 1]);
            let error = failure(fleet.call(r#"{"do": "no json"}"#).await).error;
            assert_eq!(error.as_deref(), Some("Lambda.SdkClientException"));
            let large = fleet
                .call(r#"{"do": "much", "bytes": 300000}"#)
                .await
                .expect("a result");
            assert_eq!(large.len(), (256 << 10) + 1, "the machine refuses it");
            let error = failure(fleet.call(r#"{"do": "much", "bytes": 7000000}"#).await).error;
            assert_eq!(error.as_deref(), Some("Function.ResponseSizeTooLarge"));
        },
        |config, limits| {
            config.memory = Some(Size(128 << 20));
            limits.timeout = Some(Period(Duration::from_millis(1_500)));
        },
    );
}

#[test]
fn a_handler_that_does_not_start_answers_its_calls() {
    let start = |how: &'static str| {
        move |config: &mut ProcessConfig, _: &mut CallLimits| {
            let text = Secret::Text(how.into());
            config.environment = Some([("START".to_owned(), text)].into());
        }
    };
    check(
        async |fleet| {
            let cause = r#"{"errorMessage": "no module", "errorType": "Runtime.ImportModuleError"}"#;
            let expected = Failure::new("Runtime.ImportModuleError", cause);
            assert_eq!(failure(fleet.call(r#"{"do": "echo"}"#).await), expected);
            // The next start fails as well, and answers all that wait.
            for _ in 0..20 {
                fleet.begin("f", r#"{"do": "echo"}"#);
            }
            for _ in 0..20 {
                assert_eq!(failure(fleet.answer().await.1), expected);
            }
            assert!(fleet.maker.processes().expect("processes").started() < 10);
        },
        start("raise"),
    );
    check(
        async |fleet| {
            is_failure(
                fleet.call(r#"{"do": "echo"}"#).await,
                "Runtime.ExitError",
                " Error: Runtime exited with error: exit status 3",
            );
        },
        start("exit"),
    );
    check(
        async |fleet| {
            is_failure(
                fleet.call(r#"{"do": "echo"}"#).await,
                "Runtime.InvalidEntrypoint",
                " Error: fork/exec /no/such/command: No such file or directory (os error 2)",
            );
        },
        |config, _| config.runtime = Some(vec!["/no/such/command".to_owned()]),
    );
}

#[test]
fn calls_wait_for_a_process_in_turn_and_within_limits() {
    check(
        async |fleet| {
            let began = Instant::now();
            let mut left: Vec<Ticket> = Vec::new();
            for _ in 0..6 {
                let (ticket, progress) = fleet.begin("f", r#"{"do": "pid", "wait": 0.3}"#);
                assert_eq!(progress, Progress::Pending);
                left.push(ticket);
            }
            // Six wait, and more may not.
            let (_, progress) = fleet.begin("f", r#"{"do": "pid"}"#);
            let Progress::Failure(full) = progress else {
                panic!("{progress:?}");
            };
            assert_eq!(full.error.as_deref(), Some("Lambda.TooManyRequestsException"));
            // One that nobody waits for any more is not run.
            fleet.connector.cancel(left.remove(5));
            let mut processes = std::collections::BTreeSet::new();
            for _ in 0..5 {
                let (ticket, answer) = fleet.answer().await;
                left.retain(|one| *one != ticket);
                processes.insert(answer.expect("a result"));
            }
            assert_eq!((left.len(), processes.len()), (0, 2));
            assert!(began.elapsed() >= Duration::from_millis(900), "two at a time");
            assert_eq!(fleet.connector.waiting(), 0);
        },
        |_, limits| limits.queue = Some(6),
    );
}

#[test]
fn functions_share_the_places_for_processes() {
    check(
        async |fleet| {
            for round in 0..3 {
                for name in ["a", "b", "c", "d"] {
                    let (ticket, _) = fleet.begin(name, r#"{"do": "echo"}"#);
                    let (answered, answer) = fleet.answer().await;
                    assert_eq!(answered, ticket);
                    let found: serde_json::Value =
                        serde_json::from_slice(&answer.expect("a result")).expect("JSON");
                    assert_eq!(found["name"], name, "{round}");
                }
            }
            // A function that always has calls does not keep the others from running.
            let busy: Vec<Ticket> = (0..40)
                .map(|_| fleet.begin("a", r#"{"do": "pid", "wait": 0.05}"#).0)
                .collect();
            let (other, _) = fleet.begin("b", r#"{"do": "echo"}"#);
            let mut before = 0;
            while fleet.answer().await.0 != other {
                before += 1;
            }
            assert!(before <= busy.len(), "{before}");
            for _ in before..busy.len() {
                fleet.answer().await.1.expect("a result");
            }
            assert_eq!(fleet.ended(), [0; 3]);
        },
        |_, _| {},
    );
}
