//! Calls of a shard to a server on the loopback: what is sent, what comes of answers, and of there being none.

use super::environment::Environment;
use super::*;
use crate::stream::{Message, Returned, SendError, TopicId, Wake};
use crate::task::lambda::Invocation;
use crate::task::lambda::function::Function;
use crate::task::{Answers, Report};
use crate::value::Heap;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// No task that calls AWS writes to it.
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
        0
    }
}

/// What the server does with a request.
enum Deed {
    /// Answers it, and keeps the connection.
    Answer(u16, &'static str, String),
    /// Writes this and closes.
    Cut(&'static str),
    /// Never answers.
    Stall,
}

type Script = Box<dyn Fn(&str, usize) -> Deed>;

/// A server that does with each request as a script says, and remembers it.
#[derive(Clone, Default)]
struct Server {
    requests: Rc<RefCell<Vec<String>>>,
    connections: Rc<Cell<usize>>,
}

impl Server {
    async fn start(&self, script: Script) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (server, script) = (self.clone(), Rc::new(script));
        tokio::task::spawn_local(async move {
            while let Ok((stream, _)) = listener.accept().await {
                server.connections.set(server.connections.get() + 1);
                tokio::task::spawn_local(server.clone().serve(stream, script.clone()));
            }
        });
        port
    }

    async fn serve(self, mut stream: tokio::net::TcpStream, script: Rc<Script>) {
        while let Some(request) = read(&mut stream).await {
            let number = self.requests.borrow().len();
            let deed = script(&request, number);
            self.requests.borrow_mut().push(request);
            let text = match deed {
                Deed::Answer(status, headers, body) => format!(
                    "HTTP/1.1 {status} X\r\nx-amzn-requestid: 7\r\nContent-Length: {}\r\n{headers}\r\n{body}",
                    body.len()
                ),
                Deed::Cut(text) => {
                    let _ = stream.write_all(text.as_bytes()).await;
                    return;
                }
                Deed::Stall => std::future::pending().await,
            };
            let _ = stream.write_all(text.as_bytes()).await;
        }
    }
}

/// Reads a request to its end; nothing when there is none.
async fn read(stream: &mut tokio::net::TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer).await.ok().filter(|&count| count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            return Some(text);
        }
    }
}

/// The shard's side.
struct Shard {
    connector: Box<dyn Connector>,
    answers: Answers,
    wake: Wake,
    next: u64,
}

/// Keys that the environment has.
const KEYS: &[(&str, &str)] = &[
    ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "hush"),
    ("AWS_EC2_METADATA_DISABLED", "true"),
];

fn environment(variables: &[(&str, &str)]) -> Environment {
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Environment::new(variables.collect::<BTreeMap<_, _>>())
}

impl Shard {
    fn new(port: u16, keys: &str, environment: impl Fn() -> Environment + Send + Sync + 'static) -> Shard {
        let text = format!(
            "aws = {{ endpoint_url = 'http://127.0.0.1:{port}', region = 'eu-west-1' }}\ntimeout = '5s'\n{keys}"
        );
        let mut table: toml::Table = toml::from_str(&text).expect("TOML");
        let grant = table.remove("aws").expect("the key").try_into().expect("a grant");
        let mut calls = CallLimits::default();
        let mut connections = ConnectionConfig::default();
        calls.timeout = table
            .remove("timeout")
            .map(|value| value.try_into().expect("a time"));
        calls.queue = table
            .remove("queue")
            .map(|value| value.try_into().expect("a number"));
        connections.connections = table
            .remove("connections")
            .map(|value| value.try_into().expect("a number"));
        let home = Home {
            region: "us-east-1".into(),
            account: "111111111111".into(),
        };
        let config = AwsConfig { aws: Some(grant) };
        let entry = Entry::within(
            &config,
            &connections,
            &calls,
            &Settings::default(),
            &home,
            environment,
        );
        let entry = entry.unwrap_or_else(|mistake| panic!("{mistake:?}"));
        let wake = Wake::new();
        let answers = Answers::new(wake.clone());
        let mut site = Site {
            answers: answers.clone(),
            random: crate::random::Random::new(1),
            writers: 0,
        };
        Shard {
            connector: AwsMaker(Arc::new(entry)).make(&mut site),
            answers,
            wake,
            next: 0,
        }
    }

    /// Begins a call; an answer that is there at once comes back.
    fn begin(
        &mut self,
        resource: &str,
        parameters: &str,
        credentials: Option<&str>,
    ) -> Result<Ticket, Failure> {
        self.next += 1;
        let (mut heap, constants) = (Heap::new(), Heap::for_constants());
        let parameters = heap.index(parameters.as_bytes()).expect("JSON");
        let credentials =
            credentials.map_or(ValueRef::NONE, |text| heap.index(text.as_bytes()).expect("JSON"));
        let home = Home {
            region: "us-east-1".into(),
            account: "111111111111".into(),
        };
        let function = Function::parse(resource, None, &home);
        let target = match &function {
            Some(function) => Target::Function(Invocation {
                function,
                style: FunctionStyle::Bare,
            }),
            None => Target::Resource,
        };
        let call = Call {
            resource,
            target,
            request: Request {
                parameters,
                credentials,
                view: View::new(&heap, &constants),
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
        let ticket = Ticket(self.next);
        match self.connector.call(&call, ticket, &mut NoSink, &mut Vec::new()) {
            Progress::Pending => Ok(ticket),
            Progress::Failure(failure) => Err(failure),
            other => panic!("{other:?}"),
        }
    }

    async fn answer(&mut self) -> (Ticket, Result<String, (String, String)>) {
        loop {
            if let Some((ticket, Report::Answer(answer))) = self.answers.take() {
                return (ticket, shown(self.connector.dress(ticket, answer, 0)));
            }
            self.wake.woken().await;
        }
    }

    async fn call(&mut self, resource: &str, parameters: &str) -> Result<String, (String, String)> {
        self.call_as(resource, parameters, None).await
    }

    async fn call_as(
        &mut self,
        resource: &str,
        parameters: &str,
        credentials: Option<&str>,
    ) -> Result<String, (String, String)> {
        match self.begin(resource, parameters, credentials) {
            Ok(_) => self.answer().await.1,
            Err(failure) => shown(Err(failure)),
        }
    }
}

fn shown(answer: Answer) -> Result<String, (String, String)> {
    let text = |text: Option<String>| text.unwrap_or_default();
    answer
        .map(|bytes| String::from_utf8(bytes).expect("UTF-8"))
        .map_err(|failure| (text(failure.error), text(failure.cause)))
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let local = tokio::task::LocalSet::new();
    let limited = async { tokio::time::timeout(Duration::from_secs(60), test).await };
    local
        .block_on(&runtime.expect("a runtime"), limited)
        .expect("the test ends");
}

const SEND: &str = "arn:aws:states:::sqs:sendMessage";
const MESSAGE: &str =
    r#"{"QueueUrl":"https://sqs.eu-west-2.amazonaws.com/111111111111/q","MessageBody":"a"}"#;
const SENT: &str = r#"{"MD5OfMessageBody":"0cc175b9c0f1b6a831c399e269772661","MessageId":"m"}"#;

fn sent() -> Deed {
    Deed::Answer(200, "Content-Type: application/x-amz-json-1.0\r\n", SENT.into())
}

#[test]
fn a_call_is_signed_and_its_answer_read() {
    run(async {
        let server = Server::default();
        let port = server.start(Box::new(|_, _| sent())).await;
        let mut shard = Shard::new(port, "", || environment(KEYS));
        let found = shard.call(SEND, MESSAGE).await.expect("a result");
        assert!(found.contains(r#""MessageId":"m""#), "{found}");
        let request = server.requests.borrow()[0].to_lowercase();
        for part in [
            "post / http/1.1\r\n",
            "x-amz-target: amazonsqs.sendmessage\r\n",
            &format!("host: 127.0.0.1:{port}\r\n"),
            // The region is the queue's.
            "/eu-west-2/sqs/aws4_request, signedheaders=",
            "credential=akidexample/",
            "content-type;host;x-amz-content-sha256;x-amz-date;x-amz-target",
            "user-agent: stepstream/",
        ] {
            assert!(request.contains(part), "{part}: {request}");
        }
        assert!(!request.contains("hush"), "{request}");
        // The second call has the first one's connection.
        shard.call(SEND, MESSAGE).await.expect("a result");
        assert_eq!(server.connections.get(), 1);
    });
}

#[track_caller]
fn check_fault(script: Script, resource: &str, parameters: &str, expected: (&str, &str)) {
    run(async {
        let server = Server::default();
        let port = server.start(script).await;
        let mut shard = Shard::new(
            port,
            "timeout = '300ms'".replace("timeout", "queue = 10\n#").as_str(),
            || environment(KEYS),
        );
        let (error, cause) = shard.call(resource, parameters).await.expect_err("an error");
        assert_eq!(
            (error.as_str(), cause.contains(expected.1)),
            (expected.0, true),
            "{cause}"
        );
    });
}

#[test]
fn faults_of_services() {
    let get = (
        "arn:aws:states:::aws-sdk:dynamodb:getItem",
        r#"{"TableName":"t","Key":{"id":{"S":"x"}}}"#,
    );
    let broken = "Unable to execute HTTP request: ";
    check_fault(
        Box::new(|_, _| Deed::Cut("")),
        SEND,
        MESSAGE,
        ("SQS.SdkClientException", broken),
    );
    check_fault(
        Box::new(|_, _| Deed::Cut("")),
        get.0,
        get.1,
        ("DynamoDb.SdkClientException", broken),
    );
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"Mess";
    check_fault(
        Box::new(move |_, _| Deed::Cut(half)),
        SEND,
        MESSAGE,
        ("SQS.SdkClientException", broken),
    );
    check_fault(
        Box::new(|_, _| Deed::Cut("nonsense")),
        SEND,
        MESSAGE,
        ("SQS.SdkClientException", broken),
    );
    let no_json = || Deed::Answer(200, "", "<html>".into());
    check_fault(
        Box::new(move |_, _| no_json()),
        SEND,
        MESSAGE,
        ("SQS.SdkClientException", ""),
    );
    let away = || Deed::Answer(503, "", String::new());
    check_fault(
        Box::new(move |_, _| away()),
        SEND,
        MESSAGE,
        ("SQS.AmazonSQSException", "Status Code: 503"),
    );
    let throttled = || {
        Deed::Answer(
            400,
            "",
            r#"{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"slow down"}"#
                .into(),
        )
    };
    check_fault(
        Box::new(move |_, _| throttled()),
        get.0,
        get.1,
        (
            "DynamoDb.ThrottlingException",
            "slow down (Service: DynamoDb, Status Code: 400",
        ),
    );
}

#[test]
fn a_service_that_stalls() {
    run(async {
        let server = Server::default();
        let port = server
            .start(Box::new(
                |_, number| if number == 0 { Deed::Stall } else { sent() },
            ))
            .await;
        let mut shard = Shard::new(port, "connections = 1", || environment(KEYS));
        // The shard gives the call up; the next one has a connection of its own.
        let ticket = shard.begin(SEND, MESSAGE, None).expect("it is under way");
        while server.requests.borrow().is_empty() {
            tokio::task::yield_now().await;
        }
        shard.connector.cancel(ticket);
        shard.call(SEND, MESSAGE).await.expect("a result");
        assert_eq!(server.connections.get(), 2);
    });
}

#[test]
fn nobody_listens() {
    run(async {
        let server = Server::default();
        let port = server.start(Box::new(|_, _| sent())).await;
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let closed = free.local_addr().expect("an address").port();
        drop(free);
        assert_ne!(port, closed);
        let mut shard = Shard::new(closed, "", || environment(KEYS));
        let (error, cause) = shard.call(SEND, MESSAGE).await.expect_err("an error");
        assert_eq!(error, "SQS.SdkClientException");
        assert!(
            cause.starts_with("Unable to execute HTTP request: Connect to 127.0.0.1:"),
            "{cause}"
        );
    });
}

#[test]
fn without_credentials_nothing_is_sent() {
    run(async {
        let server = Server::default();
        let port = server.start(Box::new(|_, _| sent())).await;
        let mut shard = Shard::new(port, "", || environment(&[("AWS_EC2_METADATA_DISABLED", "true")]));
        for (resource, error) in [
            (SEND, "SQS.SdkClientException"),
            (
                "arn:aws:states:::aws-sdk:sqs:sendMessage",
                "Sqs.SdkClientException",
            ),
        ] {
            let found = shard.call(resource, MESSAGE).await.expect_err("an error");
            assert_eq!(found.0, error);
            assert!(
                found
                    .1
                    .starts_with("Unable to load credentials from any of the providers in the chain"),
                "{}",
                found.1
            );
        }
        assert_eq!(server.requests.borrow().len(), 0);
    });
}

#[test]
fn calls_that_wait_for_credentials_are_bounded_and_sent_once() {
    run(async {
        let server = Server::default();
        let port = server.start(Box::new(|_, _| sent())).await;
        let mut shard = Shard::new(port, "queue = 2", || environment(KEYS));
        let first = shard.begin(SEND, MESSAGE, None).expect("room");
        let second = shard.begin(SEND, MESSAGE, None).expect("room");
        assert_eq!(shard.connector.waiting(), 2);
        let full = shard.begin(SEND, MESSAGE, None).expect_err("no room");
        assert_eq!(full.error.as_deref(), Some("SQS.SdkClientException"));
        shard.connector.cancel(first);
        let (answered, answer) = shard.answer().await;
        assert_eq!((answered, answer.is_ok()), (second, true));
        assert_eq!(server.requests.borrow().len(), 1);
    });
}

/// What a service refuses is fetched again.
#[test]
fn refused_credentials_give_way() {
    run(async {
        let server = Server::default();
        let expired = r#"{"__type":"ExpiredTokenException","message":"The security token included in the request is expired"}"#;
        let port = server
            .start(Box::new(move |request, _| match request.contains("AKIDOLD") {
                true => Deed::Answer(403, "", expired.into()),
                false => sent(),
            }))
            .await;
        let keys = Arc::new(Mutex::new("AKIDOLD"));
        let now = keys.clone();
        let mut shard = Shard::new(port, "", move || {
            let id = *now.lock().expect("no panic");
            environment(&[("AWS_ACCESS_KEY_ID", id), ("AWS_SECRET_ACCESS_KEY", "s")])
        });
        let (error, cause) = shard.call(SEND, MESSAGE).await.expect_err("an error");
        assert_eq!(error, "SQS.AmazonSQSException");
        assert!(cause.contains("ExpiredTokenException"), "{cause}");
        *keys.lock().expect("no panic") = "AKIDNEW";
    });
}

#[test]
fn a_task_with_credentials_assumes_their_role() {
    let sts = |request: &str, _| {
        let is_sts = request.contains("Action=AssumeRole");
        match request {
            _ if is_sts && request.contains("forbidden") => Deed::Answer(403, "", "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>".into()),
            _ if is_sts => Deed::Answer(200, "", "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAASSUMEDROLE00001</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>the-session</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>".into()),
            _ => sent(),
        }
    };
    run(async {
        let server = Server::default();
        let port = server.start(Box::new(sts)).await;
        let mut shard = Shard::new(port, "", || environment(KEYS));
        let role = |name: &str| format!(r#"{{"RoleArn":"arn:aws:iam::222222222222:role/{name}"}}"#);
        for _ in 0..2 {
            shard
                .call_as(SEND, MESSAGE, Some(&role("a")))
                .await
                .expect("a result");
        }
        {
            let requests = server.requests.borrow();
            assert_eq!(requests.len(), 3, "one session for both");
            assert!(
                requests[0].contains("RoleSessionName=orders-0-17&"),
                "{}",
                requests[0]
            );
            assert!(
                requests[1]
                    .to_lowercase()
                    .contains("x-amz-security-token: the-session"),
                "{}",
                requests[1]
            );
            assert!(
                requests[1].contains("Credential=ASIAASSUMEDROLE00001/"),
                "{}",
                requests[1]
            );
        }
        let forbidden = shard
            .call_as(SEND, MESSAGE, Some(&role("forbidden")))
            .await
            .expect_err("an error");
        assert_eq!(forbidden.0, "States.TaskFailed");
        assert!(
            forbidden.1.ends_with(
                "is not authorized to assume the task state's role, arn:aws:iam::222222222222:role/forbidden."
            ),
            "{}",
            forbidden.1
        );
        let none = shard
            .call_as(SEND, MESSAGE, Some(r#"{"RoleArn":"admin"}"#))
            .await
            .expect_err("an error");
        assert_eq!(none.0, "States.TaskFailed");
    });
}

#[test]
fn functions_at_aws() {
    let function = |request: &str, _| match request {
        _ if request.contains("none") => Deed::Answer(
            404,
            "x-amzn-errortype: ResourceNotFoundException\r\n",
            r#"{"Message":"Function not found"}"#.into(),
        ),
        _ if request.contains("raises") => Deed::Answer(
            200,
            "X-Amz-Function-Error: Unhandled\r\n",
            r#"{"errorType":"Oops","errorMessage":"x"}"#.into(),
        ),
        _ => Deed::Answer(200, "X-Amz-Executed-Version: $LATEST\r\n", r#"{ "a": 1 }"#.into()),
    };
    run(async {
        let server = Server::default();
        let port = server.start(Box::new(function)).await;
        let mut shard = Shard::new(port, "", || environment(KEYS));
        let arn = "arn:aws:lambda:us-west-2:222222222222:function:orders:live";
        assert_eq!(shard.call(arn, r#"{"n":1}"#).await, Ok(r#"{ "a": 1 }"#.into()));
        let request = server.requests.borrow()[0].clone();
        assert!(request.starts_with("POST /2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-west-2%3A222222222222%3Afunction%3Aorders/invocations?Qualifier=live HTTP/1.1"), "{request}");
        assert!(request.contains("/us-west-2/lambda/aws4_request"), "{request}");
        assert!(request.ends_with(r#"{"n":1}"#), "{request}");
        let raised = shard
            .call("arn:aws:lambda:us-west-2:222222222222:function:raises", "{}")
            .await;
        assert_eq!(raised.expect_err("an error").0, "Oops");
        let none = shard
            .call("arn:aws:lambda:us-west-2:222222222222:function:none", "{}")
            .await;
        assert_eq!(none.expect_err("an error").0, "Lambda.ResourceNotFoundException");
        let invoke = "arn:aws:states:::lambda:invoke";
        let found = shard
            .call(
                invoke,
                r#"{"FunctionName":"orders","Payload":{"n":1},"LogType":"Tail"}"#,
            )
            .await;
        let found = found.expect("a result");
        assert!(found.contains(r#""Payload":{"a":1}"#), "{found}");
        let request = server.requests.borrow().last().expect("a request").to_lowercase();
        assert!(request.contains("x-amz-log-type: tail"), "{request}");
    });
}

#[test]
fn paths_that_lead_elsewhere_are_not_sent() {
    run(async {
        let server = Server::default();
        let port = server.start(Box::new(|_, _| sent())).await;
        let mut shard = Shard::new(port, "", || environment(KEYS));
        let found = shard
            .call(
                "arn:aws:states:::aws-sdk:lambda:getFunction",
                r#"{"FunctionName":".."}"#,
            )
            .await;
        assert_eq!(found.expect_err("an error").0, "States.Runtime");
        assert_eq!(server.requests.borrow().len(), 0);
    });
}

#[test]
fn buckets_are_hosts_at_aws() {
    let check = |bucket: &str, is_aws: bool, expected: (&str, &str)| {
        let mut place = places::Place {
            url: url::Url::parse("https://s3.eu-west-1.amazonaws.com").expect("a URL"),
            region: "eu-west-1".into(),
            name: "s3".into(),
            is_aws,
        };
        let mut draft = protocol::Draft {
            path: format!("/{bucket}/a/b?x=1"),
            ..protocol::Draft::default()
        };
        virtual_host(&mut place, &mut draft).expect("a bucket");
        assert_eq!((&*place.url.authority, draft.path.as_str()), expected);
    };
    check("files", true, ("files.s3.eu-west-1.amazonaws.com", "/a/b?x=1"));
    check("files", false, ("s3.eu-west-1.amazonaws.com", "/files/a/b?x=1"));
    check("a.b", true, ("s3.eu-west-1.amazonaws.com", "/a.b/a/b?x=1"));
    check("Upper", true, ("s3.eu-west-1.amazonaws.com", "/Upper/a/b?x=1"));
}
