//! Signed calls to a server that verifies signatures and applies policies: moto, which recomputes each signature with botocore's
//! own signer.

use super::pipe::feed;
use super::{Folder, command};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where `.ci/run` puts the server, as `tests/aws/requirements.txt` says.
fn server() -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let server = target.join("aws/bin/moto_server");
    if server.exists() {
        return Some(server);
    }
    assert!(
        std::env::var_os("STEPSTREAM_REQUIRE_AWS").is_none(),
        "{} is missing: python3 -m venv, then pip install -r tests/aws/requirements.txt",
        server.display()
    );
    eprintln!("SKIPPED: {} is missing", server.display());
    None
}

/// A server of a test's own, which ends with it.
struct Moto {
    child: Child,
    port: u16,
}

impl Moto {
    fn start() -> Option<Moto> {
        let server = server()?;
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a port")
            .port();
        let child = Command::new(server)
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .env("MOTO_ACCOUNT_ID", "111111111111")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("moto starts");
        let moto = Moto { child, port };
        let until = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "moto does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(moto)
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// From now on signatures and policies count.
    fn verify(&self) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("a connection");
        let request = "POST /moto-api/reset-auth HTTP/1.1\r\nHost: m\r\nContent-Type: text/plain\r\nContent-Length: 1\r\nConnection: close\r\n\r\n0";
        stream.write_all(request.as_bytes()).expect("it is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        assert!(answer.contains(" 200 "), "{answer}");
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Keys of an identity.
#[derive(Clone, Debug)]
struct Keys {
    id: String,
    secret: String,
    token: Option<String>,
}

impl Keys {
    fn new(id: &str, secret: &str) -> Keys {
        Keys {
            id: id.into(),
            secret: secret.into(),
            token: None,
        }
    }
}

/// A call: its name in the output, its resource behind `arn:aws:states:::`, its parameters, perhaps its role.
type Call<'a> = (&'a str, &'a str, Value, Option<&'a str>);

fn call<'a>(name: &'a str, resource: &'a str, parameters: Value) -> Call<'a> {
    (name, resource, parameters, None)
}

/// Runs calls one after another and returns what became of each; an error is `{"Error": …, "Cause": …}`.
fn run_all(url: &str, keys: &Keys, calls: &[Call<'_>]) -> Value {
    run_with(
        &format!("[aws]\nregion = 'us-east-1'\nendpoint_url = '{url}'\n"),
        "true",
        keys,
        calls,
    )
}

fn run_with(settings: &str, grant: &str, keys: &Keys, calls: &[Call<'_>]) -> Value {
    let folder = Folder::new();
    let mut states = serde_json::Map::new();
    for (index, (name, resource, parameters, role)) in calls.iter().enumerate() {
        let mut state = json!({
            "Type": "Task", "Resource": format!("arn:aws:states:::{resource}"), "Parameters": parameters,
            "ResultPath": format!("$.{name}"),
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": format!("$.{name}"), "Next": format!("S{}", index + 1)}],
            "Next": format!("S{}", index + 1)});
        if let Some(role) = role {
            state["Credentials"] = json!({ "RoleArn": role });
        }
        states.insert(format!("S{index}"), state);
    }
    states.insert(format!("S{}", calls.len()), json!({"Type": "Succeed"}));
    let definition = json!({"StartAt": "S0", "States": states});
    let config = format!(
        "{settings}[tasks]\n\"arn:aws:states:::*\" = {{ aws = {grant} }}\n\"arn:aws:lambda:*\" = {{ aws = {grant} }}\n"
    );
    let definition = folder.write("calls.asl.json", &definition.to_string());
    let config = folder.write("stepstream.toml", &config);
    let mut command = command(&["pipe", &definition, "--config", &config]);
    for (name, _) in std::env::vars() {
        if name.starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    command.env("HOME", folder.path());
    command.env("AWS_EC2_METADATA_DISABLED", "true");
    command
        .env("AWS_ACCESS_KEY_ID", &keys.id)
        .env("AWS_SECRET_ACCESS_KEY", &keys.secret);
    if let Some(token) = &keys.token {
        command.env("AWS_SESSION_TOKEN", token);
    }
    let (code, stdout, stderr) = feed(&mut command, "{}\n");
    assert_eq!(code, 0, "{stdout}{stderr}");
    assert!(!stderr.contains(&keys.secret), "a secret is shown: {stderr}");
    serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}{stderr}"))
}

#[track_caller]
fn check(found: &Value, pointer: &str, expected: impl Into<Value>) {
    assert_eq!(
        found.pointer(pointer),
        Some(&expected.into()),
        "{pointer}: {found:#}"
    );
}

/// What an execution calls of the services that most call.
fn calls() -> Vec<Call<'static>> {
    let queue = "http://127.0.0.1/111111111111/orders";
    let topic = "arn:aws:sns:us-east-1:111111111111:news";
    vec![
        call("queue", "aws-sdk:sqs:createQueue", json!({"QueueName": "orders"})),
        call(
            "sent",
            "sqs:sendMessage",
            json!({"QueueUrl": queue, "MessageBody": {"a": "b ü"}}),
        ),
        call(
            "received",
            "aws-sdk:sqs:receiveMessage",
            json!({"QueueUrl": queue}),
        ),
        call(
            "missing",
            "sqs:sendMessage",
            json!({"QueueUrl": "http://127.0.0.1/111111111111/none", "MessageBody": "x"}),
        ),
        call("topic", "aws-sdk:sns:createTopic", json!({"Name": "news"})),
        call(
            "published",
            "sns:publish",
            json!({"TopicArn": topic, "Message": {"a": 1}}),
        ),
        call(
            "untold",
            "sns:publish",
            json!({"TopicArn": format!("{topic}2"), "Message": "x"}),
        ),
        call(
            "table",
            "aws-sdk:dynamodb:createTable",
            json!({
            "TableName": "stock", "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}),
        ),
        call(
            "put",
            "dynamodb:putItem",
            json!({"TableName": "stock", "Item": {"id": {"S": "x"}, "n": {"N": "1.10"}, "b": {"BOOL": true}}}),
        ),
        call(
            "got",
            "dynamodb:getItem",
            json!({"TableName": "stock", "Key": {"id": {"S": "x"}}}),
        ),
        call(
            "no_table",
            "aws-sdk:dynamodb:getItem",
            json!({"TableName": "none", "Key": {"id": {"S": "x"}}}),
        ),
        call(
            "events",
            "events:putEvents",
            json!({"Entries": [{"Source": "test", "DetailType": "t", "Detail": {"a": 1}}]}),
        ),
        call("bucket", "aws-sdk:s3:createBucket", json!({"Bucket": "files"})),
        call(
            "object",
            "aws-sdk:s3:putObject",
            json!({"Bucket": "files", "Key": "a b/ü+(1).txt", "Body": "text ü"}),
        ),
        call(
            "read",
            "aws-sdk:s3:getObject",
            json!({"Bucket": "files", "Key": "a b/ü+(1).txt"}),
        ),
        call(
            "no_key",
            "aws-sdk:s3:getObject",
            json!({"Bucket": "files", "Key": "none"}),
        ),
        call(
            "deleted",
            "aws-sdk:s3:deleteObjects",
            json!({"Bucket": "files", "Delete": {"Objects": [{"Key": "a b/ü+(1).txt"}]}}),
        ),
        call(
            "secret",
            "aws-sdk:secretsmanager:createSecret",
            json!({"Name": "s", "SecretString": "hush"}),
        ),
        call(
            "told",
            "aws-sdk:secretsmanager:getSecretValue",
            json!({"SecretId": "s"}),
        ),
        call("who", "aws-sdk:sts:getCallerIdentity", json!({})),
        call(
            "no_function",
            "aws-sdk:lambda:getFunction",
            json!({"FunctionName": "arn:aws:lambda:us-east-1:111111111111:function:none"}),
        ),
        call(
            "machine",
            "states:startExecution",
            json!({"StateMachineArn": "arn:aws:states:us-east-1:111111111111:stateMachine:none", "Input": {"a": 1}}),
        ),
    ]
}

fn check_all(found: &Value) {
    check(found, "/received/Messages/0/Body", r#"{"a":"b ü"}"#);
    assert!(
        found["sent"]["MessageId"].is_string() && found["sent"]["SdkResponseMetadata"].is_object(),
        "{found:#}"
    );
    check(found, "/missing/Error", "SQS.QueueDoesNotExistException");
    assert!(found["published"]["MessageId"].is_string(), "{found:#}");
    check(found, "/untold/Error", "SNS.NotFoundException");
    check(found, "/got/Item/n/N", "1.10");
    check(found, "/got/Item/b/Bool", true);
    check(found, "/no_table/Error", "DynamoDb.ResourceNotFoundException");
    check(found, "/events/FailedEntryCount", 0);
    // A body is the JSON of the value, as recorded.
    check(found, "/read/Body", "\"text ü\"");
    check(found, "/no_key/Error", "S3.NoSuchKeyException");
    check(found, "/deleted/Deleted/0/Key", "a b/ü+(1).txt");
    check(found, "/told/SecretString", "hush");
    check(found, "/who/Account", "111111111111");
    check(found, "/no_function/Error", "Lambda.ResourceNotFoundException");
    check(
        found,
        "/machine/Error",
        "StepFunctions.StateMachineDoesNotExistException",
    );
}

/// Makes a user with a policy for all that these actions are, and returns its keys.
fn user(moto: &Moto, name: &str, actions: &[&str]) -> Keys {
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]});
    let found = run_all(
        &moto.url(),
        &Keys::new("ANYKEY", "any-secret"),
        &[
            call("user", "aws-sdk:iam:createUser", json!({"UserName": name})),
            call(
                "policy",
                "aws-sdk:iam:putUserPolicy",
                json!({"UserName": name, "PolicyName": "p", "PolicyDocument": policy}),
            ),
            call("keys", "aws-sdk:iam:createAccessKey", json!({"UserName": name})),
        ],
    );
    let text = |pointer: &str| {
        found
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_else(|| panic!("{found:#}"))
    };
    Keys::new(
        text("/keys/AccessKey/AccessKeyId"),
        text("/keys/AccessKey/SecretAccessKey"),
    )
}

#[test]
fn services_answer_what_is_signed() {
    let Some(moto) = Moto::start() else { return };
    let keys = user(&moto, "all", &["*"]);
    moto.verify();
    let found = run_all(&moto.url(), &keys, &calls());
    check_all(&found);
}

#[test]
fn what_is_signed_wrong_is_refused() {
    let Some(moto) = Moto::start() else { return };
    let keys = user(&moto, "some", &["sqs:*", "sts:AssumeRole"]);
    moto.verify();
    let calls = [
        call("queues", "aws-sdk:sqs:listQueues", json!({})),
        call(
            "sent",
            "sqs:sendMessage",
            json!({"QueueUrl": "http://127.0.0.1/111111111111/none", "MessageBody": "x"}),
        ),
        call("topics", "aws-sdk:sns:listTopics", json!({})),
        call("buckets", "aws-sdk:s3:listBuckets", json!({})),
        call("tables", "aws-sdk:dynamodb:listTables", json!({})),
    ];
    let errors = |keys: &Keys| -> Vec<String> {
        let found = run_all(&moto.url(), keys, &calls);
        let error = |name: &str| found[name]["Error"].as_str().unwrap_or("none").to_owned();
        ["queues", "sent", "topics", "buckets", "tables"]
            .map(error)
            .into()
    };
    let unknown = [
        "Sqs.SqsException",
        "SQS.AmazonSQSException",
        "Sns.SnsException",
        "S3.S3Exception",
        "DynamoDb.DynamoDbException",
    ];
    assert_eq!(
        errors(&Keys::new("AKIAUNKNOWN000000000", "x-y-z-secret")),
        unknown
    );
    let wrong = Keys {
        secret: "another-secret".into(),
        ..keys.clone()
    };
    assert_eq!(errors(&wrong), unknown);
    // What the policy does not allow.
    let allowed = errors(&keys);
    assert_eq!(allowed[..2], ["none", "SQS.QueueDoesNotExistException"]);
    let denied = [
        "Sns.SnsException",
        "S3.AccessDeniedException",
        "DynamoDb.DynamoDbException",
    ];
    assert_eq!(allowed[2..], denied);
}

#[test]
fn roles_are_assumed() {
    let Some(moto) = Moto::start() else { return };
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}]});
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]});
    let found = run_all(
        &moto.url(),
        &Keys::new("ANYKEY", "any-secret"),
        &[
            call(
                "role",
                "aws-sdk:iam:createRole",
                json!({"RoleName": "queues", "AssumeRolePolicyDocument": trust}),
            ),
            call(
                "policy",
                "aws-sdk:iam:putRolePolicy",
                json!({"RoleName": "queues", "PolicyName": "p", "PolicyDocument": policy}),
            ),
        ],
    );
    check(&found, "/role/Role/RoleName", "queues");
    let keys = user(&moto, "caller", &["sts:AssumeRole"]);
    moto.verify();
    let role = "arn:aws:iam::111111111111:role/queues";
    let calls: [Call<'_>; 3] = [
        ("own", "aws-sdk:sqs:listQueues", json!({}), None),
        ("assumed", "aws-sdk:sqs:listQueues", json!({}), Some(role)),
        ("more", "aws-sdk:sns:listTopics", json!({}), Some(role)),
    ];
    let found = run_all(&moto.url(), &keys, &calls);
    check(&found, "/own/Error", "Sqs.SqsException");
    check(&found, "/assumed", json!({}));
    check(&found, "/more/Error", "Sns.SnsException");
    // The same role as the entry's own.
    let settings = format!("[aws]\nregion = 'us-east-1'\nendpoint_url = '{}'\n", moto.url());
    let found = run_with(
        &settings,
        &format!("{{ role_arn = '{role}' }}"),
        &keys,
        &calls[..1],
    );
    check(&found, "/own", json!({}));
    // A session's token counts.
    let session = run_all(
        &moto.url(),
        &keys,
        &[call(
            "session",
            "aws-sdk:sts:assumeRole",
            json!({"RoleArn": role, "RoleSessionName": "own"}),
        )],
    );
    let text = |name: &str| {
        session["session"]["Credentials"][name]
            .as_str()
            .unwrap_or_else(|| panic!("{session:#}"))
            .to_owned()
    };
    let mut keys = Keys {
        token: Some(text("SessionToken")),
        ..Keys::new(&text("AccessKeyId"), &text("SecretAccessKey"))
    };
    let found = run_all(&moto.url(), &keys, &calls[..1]);
    check(&found, "/own", json!({}));
    keys.token = Some("another".to_owned());
    let found = run_all(&moto.url(), &keys, &calls[..1]);
    check(&found, "/own/Error", "Sqs.SqsException");
}
