//! Calls that AWS recorded, played through requests and answers.
//!
//! The recordings have a task's parameters and its result. The raw answer is made of the result, in the protocol of the
//! service, and read again; the request is made of the parameters and read back.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use stepstream::services::protocol::{self, Context, Draft};
use stepstream::services::{Operation, Protocol, Service, ServiceError, Services, Style, optimized};
use stepstream::value::{Heap, View};

use crate::shared;

const GROUPS: [&str; 4] = ["services", "credentials", "error_handling", "mocking"];

/// The codes behind errors whose cause does not tell them.
const CODES: [(&str, &str); 3] = [
    ("DynamoDb.DynamoDbException", "ValidationException"),
    ("S3.NoSuchBucketException", "NoSuchBucket"),
    ("Sfn.InvalidTokenException", "InvalidToken"),
];

/// Headers of S3 by the members that they are.
const S3_HEADERS: [(&str, &str); 8] = [
    ("AcceptRanges", "Accept-Ranges"),
    ("ChecksumCRC32", "x-amz-checksum-crc32"),
    ("ChecksumType", "x-amz-checksum-type"),
    ("ContentLength", "Content-Length"),
    ("ContentType", "Content-Type"),
    ("ETag", "ETag"),
    ("LastModified", "Last-Modified"),
    ("ServerSideEncryption", "x-amz-server-side-encryption"),
];

#[test]
fn recorded_calls_are_asked_and_answered_alike() {
    let Some(folder) = shared::folder("conformance/cases") else {
        return;
    };
    let (mut played, mut skipped) = (0, BTreeMap::<String, usize>::new());
    for group in GROUPS {
        for (name, case) in shared::json_files(&folder.join(group)) {
            if case["express_ok"] != true {
                continue;
            }
            for call in calls(&case) {
                match play(&name, &case, call) {
                    Ok(()) => played += 1,
                    Err(why) => *skipped.entry(why).or_default() += 1,
                }
            }
        }
    }
    println!("{played} calls played; not played: {skipped:?}");
    assert!(played >= 40, "{played}");
}

fn calls(case: &Value) -> impl Iterator<Item = &Value> {
    let executions = case["executions"].as_array().into_iter().flatten();
    let scripts = executions.filter_map(|execution| execution["task_script"].as_array());
    scripts.flatten().filter(|call| call["kind"] == "task")
}

/// A call whose service is known.
struct Call<'a> {
    case: &'a Value,
    script: &'a Value,
    service: std::sync::Arc<Service>,
    action: &'a str,
    style: Style,
    name: &'a str,
}

/// Plays a call, or says why it cannot be.
fn play(name: &str, case: &Value, script: &Value) -> Result<(), String> {
    let (kind, action) = (
        script["resource_type"].as_str().unwrap_or_default(),
        script["resource"].as_str().unwrap_or_default(),
    );
    if script["error"]
        .as_str()
        .is_some_and(|error| error.starts_with("States."))
    {
        return Err("the error is the machine's, not the service's".into());
    }
    let (model, style) = match kind.strip_prefix("aws-sdk:") {
        Some(model) => (model, Style::Sdk),
        None => {
            let found = optimized::find(kind, action).ok_or_else(|| format!("{kind} has no model"))?;
            (found.model, Style::Optimized(found))
        }
    };
    let service = Services::shipped().service(model).expect("models").expect(model);
    let call = Call {
        case,
        script,
        service,
        action,
        style,
        name,
    };
    call.check_request();
    match &script["error"] {
        Value::String(error) => call.check_error(error),
        _ => call.check_result(),
    }
    Ok(())
}

impl Call<'_> {
    fn operation(&self) -> &Operation {
        self.service.operation(self.action).expect(self.action)
    }

    fn draft(&self) -> Draft {
        let (mut heap, constants) = (Heap::new(), Heap::for_constants());
        let parameters = heap
            .index(self.script["parameters"].to_string().as_bytes())
            .expect("JSON");
        let context = Context {
            style: self.style,
            idempotency_token: &"token",
            execution_arn: "execution",
            state_machine_arn: "machine",
        };
        let view = View::new(&heap, &constants);
        protocol::request(&self.service, self.operation(), view, parameters, &context)
            .unwrap_or_else(|problem| panic!("{}: {problem}", self.name))
    }

    /// The request has each of the parameters, and nothing else.
    fn check_request(&self) {
        let draft = self.draft();
        let parameters = self.script["parameters"].as_object().expect("parameters");
        let text = String::from_utf8(draft.body.clone()).expect("text");
        match self.service.protocol() {
            Protocol::Json => {
                let body: Value = serde_json::from_str(&text).expect("JSON");
                assert!(
                    is_sent(&self.script["parameters"], &body),
                    "{}: {text}",
                    self.name
                );
            }
            Protocol::Query => {
                let sent = decoded(&text);
                for (name, value) in leaves("", &self.script["parameters"]) {
                    assert!(
                        sent.contains(&(name.clone(), value)),
                        "{}: {name} in {text}",
                        self.name
                    );
                }
            }
            _ => {
                // A stream has the JSON of what is given, a payload the text itself.
                let payload = parameters.get("Payload").map(as_text);
                let body = payload.or_else(|| parameters.get("Body").map(as_json));
                assert_eq!(text, body.unwrap_or_default(), "{}", self.name);
                if let Some(sum) = self.script["result"]["ChecksumCRC32"].as_str() {
                    assert_eq!(draft.header("x-amz-checksum-crc32"), Some(sum), "{}", self.name);
                }
                for (_, value) in parameters
                    .iter()
                    .filter(|(name, _)| ["Bucket", "Key", "FunctionName"].contains(&name.as_str()))
                {
                    let value = as_text(value).replace(':', "%3A");
                    assert!(
                        draft.path.contains(&value),
                        "{}: {value} in {}",
                        self.name,
                        draft.path
                    );
                }
            }
        }
    }

    fn respond(
        &self,
        status: u16,
        headers: &Vec<(String, String)>,
        body: &str,
    ) -> Result<Value, ServiceError> {
        let result = protocol::response(
            &self.service,
            self.operation(),
            self.style,
            status,
            headers,
            body.as_bytes(),
        )?;
        Ok(serde_json::from_slice(&result).expect("JSON"))
    }

    fn check_result(&self) {
        let recorded = &self.script["result"];
        let mut members = recorded.as_object().expect("a result").clone();
        let mut headers = Vec::new();
        if let Some(all) = members.shift_remove("SdkHttpMetadata") {
            for (name, values) in all["AllHttpHeaders"].as_object().expect("headers") {
                // A placeholder stands for the whole list.
                let value = values[0].as_str().or(values.as_str()).expect("a value");
                headers.push((name.clone(), value.to_owned()));
            }
            members.shift_remove("SdkResponseMetadata");
        }
        let body = self.raw(&mut members, &mut headers);
        let result = self.respond(200, &headers, &body);
        let result = result.unwrap_or_else(|error| panic!("{}: {}", self.name, error.cause()));
        assert!(
            self.is_like(recorded, &result),
            "{}:\n{recorded}\n{result}",
            self.name
        );
    }

    /// Makes the body of an answer of its members, and headers of those that are headers.
    fn raw(&self, members: &mut Map<String, Value>, headers: &mut Vec<(String, String)>) -> String {
        match (&*self.service.id().to_owned(), self.service.protocol()) {
            ("Lambda", _) => as_json(&members["Payload"]),
            ("S3", _) => {
                for (member, header) in S3_HEADERS {
                    if let Some(value) = members.get(member) {
                        headers.push((header.to_owned(), as_text(value)));
                    }
                }
                members.get("Body").map_or(String::new(), as_text)
            }
            ("SNS", _) => format!(
                "<R><PublishResult><MessageId>{}</MessageId></PublishResult></R>",
                as_text(&members["MessageId"]).replace('<', "&lt;")
            ),
            (id, Protocol::Json) => {
                let wire = |name: &str| match id {
                    "SFN" => name[..1].to_lowercase() + &name[1..],
                    _ => name.to_owned(),
                };
                let members: Map<String, Value> = members
                    .iter()
                    .map(|(name, value)| (wire(name), value.clone()))
                    .collect();
                Value::Object(members).to_string()
            }
            (id, protocol) => panic!("{}: no raw answer for {id} ({protocol:?})", self.name),
        }
    }

    fn check_error(&self, error: &str) {
        let cause = self.script["cause"].as_str().expect("a cause");
        let (status, headers, body) = self.raw_error(error, cause);
        let found = self.respond(status, &headers, &body).expect_err(self.name);
        assert_eq!(found.name(), error, "{}", self.name);
        let attempts = " (SDK Attempt Count: 1)";
        let found = found.cause().trim_end_matches(attempts);
        assert_eq!(found, cause.trim_end_matches(attempts), "{}", self.name);
    }

    /// Makes the raw answer of an error of its name and cause.
    fn raw_error(&self, error: &str, cause: &str) -> (u16, Vec<(String, String)>, String) {
        let Some((message, rest)) = cause.rsplit_once(" (Service: ") else {
            // A failed entry, or what a function said.
            let name = "X-Amz-Function-Error".to_owned();
            return (200, vec![(name, "Unhandled".into())], cause.to_owned());
        };
        let part = |name: &str| {
            let (_, behind) = rest.split_once(name)?;
            Some(behind.split([';', ',', ')']).next()?.trim().to_owned())
        };
        let code = part("Error Code: ").or_else(|| {
            let known = CODES.iter().find(|(name, _)| *name == error)?;
            Some(known.1.to_owned())
        });
        let code = code.unwrap_or_else(|| panic!("{}: no code for {error}", self.name));
        let status = part("Status Code: ")
            .and_then(|status| status.parse().ok())
            .expect("a status");
        let mut headers = Vec::new();
        headers.extend(part("Request ID: ").map(|id| ("x-amzn-RequestId".to_owned(), id)));
        headers.extend(part("Extended Request ID: ").map(|id| ("x-amz-id-2".to_owned(), id)));
        let body = match self.service.protocol() {
            Protocol::Json => json!({"__type": format!("com.amazon#{code}"), "message": message}).to_string(),
            _ => format!("<E><Error><Code>{code}</Code><Message>{message}</Message></Error></E>"),
        };
        (status, headers, body)
    }

    /// Compares with a recording, in which placeholders stand for anything; the order of keys counts.
    fn is_like(&self, recorded: &Value, value: &Value) -> bool {
        let placeholders = self.case["placeholders"].as_array();
        if placeholders.is_some_and(|all| all.contains(recorded)) {
            return true;
        }
        match (recorded, value) {
            (Value::Object(recorded), Value::Object(value)) => {
                recorded.keys().eq(value.keys())
                    && recorded
                        .iter()
                        .all(|(name, member)| self.is_like(member, &value[name]))
            }
            (Value::Array(recorded), Value::Array(value)) => {
                recorded.len() == value.len()
                    && recorded
                        .iter()
                        .zip(value)
                        .all(|(one, other)| self.is_like(one, other))
            }
            _ => recorded == value,
        }
    }
}

/// Whether a body has what the parameters have: the names differ in the case of letters, and an object may have become
/// text; entries of events have two resources more.
fn is_sent(given: &Value, sent: &Value) -> bool {
    match (given, sent) {
        (Value::Object(given), Value::Object(sent)) => {
            let given: Vec<_> = given.iter().filter(|(_, value)| !value.is_null()).collect();
            let own = usize::from(
                sent.contains_key("Resources") && !given.iter().any(|(name, _)| *name == "Resources"),
            );
            given.len() + own == sent.len()
                && given.iter().all(|(name, value)| {
                    let found = sent.iter().find(|(sent, _)| sent.eq_ignore_ascii_case(name));
                    found.is_some_and(|(_, sent)| is_sent(value, sent))
                })
        }
        (Value::Array(given), Value::Array(sent)) => {
            given.iter().zip(sent).all(|(given, sent)| is_sent(given, sent))
        }
        (Value::Object(_), Value::String(text)) => {
            serde_json::from_str::<Value>(text).is_ok_and(|sent| sent == *given)
        }
        _ => given == sent,
    }
}

/// The leaves of parameters by their names in SNS's form.
fn leaves(prefix: &str, value: &Value) -> Vec<(String, String)> {
    let Value::Object(members) = value else {
        return vec![(prefix.to_owned(), as_text(value))];
    };
    let mut all = Vec::new();
    for (index, (name, value)) in members.iter().enumerate() {
        match (prefix, name.as_str()) {
            ("", "Message") => all.push(("Message".to_owned(), as_text(value))),
            ("", name) => all.extend(leaves(name, value)),
            ("MessageAttributes", name) => {
                let entry = format!("MessageAttributes.entry.{}", index + 1);
                all.push((format!("{entry}.Name"), name.to_owned()));
                all.extend(leaves(&format!("{entry}.Value"), value));
            }
            (prefix, name) => all.extend(leaves(&format!("{prefix}.{name}"), value)),
        }
    }
    all
}

fn decoded(form: &str) -> Vec<(String, String)> {
    let decode = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            let mut digit = || {
                rest.next()
                    .and_then(|digit| char::from(digit).to_digit(16))
                    .expect("a digit")
            };
            bytes.push(if byte == b'%' {
                (digit() * 16 + digit()) as u8
            } else {
                byte
            });
        }
        String::from_utf8(bytes).expect("UTF-8")
    };
    let pairs = form.split('&').map(|pair| pair.split_once('=').expect("a pair"));
    pairs.map(|(name, value)| (decode(name), decode(value))).collect()
}

/// A text's content, the JSON of anything else; nothing for null.
fn as_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn as_json(value: &Value) -> String {
    value.to_string()
}

/// Every `aws-sdk` resource of the corpora names a service and an action that are known.
#[test]
fn resources_of_the_corpora_are_known() {
    let mut count = 0;
    for name in [
        "validation/real_world",
        "conformance/cases/services",
        "conformance/cases/error_handling",
    ] {
        let Some(folder) = shared::folder(name) else {
            return;
        };
        for (file, value) in shared::json_files(&folder)
            .into_iter()
            .filter(|(file, _)| file != "index.json")
        {
            let text = value.to_string();
            for part in text.split(":states:::aws-sdk:").skip(1) {
                let resource = part.split(['"', '.', '\\']).next().expect("the rest");
                let (service, action) = resource.split_once(':').expect(&file);
                assert!(Services::shipped().knows(service, action), "{file}: {resource}");
                count += 1;
            }
        }
    }
    assert!(count > 100, "{count}");
}

/// Names that `ErrorEquals` has and no model: those of every service, of the SDK itself, and a slip of one author's.
const UNMODELLED: [&str; 6] = [
    "EventBridge.FailedEntry",
    "Lambda.AWSLambdaException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.SdkClientException",
    "Lambda.Unknown",
    "DynamoDb.RequestLimitExceeded",
];

/// Errors that definitions and recordings name are what the rule makes of the models.
#[test]
fn errors_of_the_corpora_are_of_the_models() {
    let mut names = std::collections::BTreeSet::new();
    for name in [
        "validation/real_world",
        "conformance/cases/services",
        "conformance/cases/error_handling",
    ] {
        let Some(folder) = shared::folder(name) else {
            return;
        };
        for (_, value) in shared::json_files(&folder) {
            error_names(&value, &mut names);
        }
    }
    let mut count = 0;
    for name in names {
        let (prefix, error) = name.split_once('.').expect("a prefix");
        let Ok(Some(service)) = Services::shipped().service(&prefix.to_lowercase()) else {
            continue;
        };
        if service.name() != prefix || UNMODELLED.contains(&&*name) {
            continue;
        }
        let is_other = error == format!("{prefix}Exception");
        assert!(is_other || service.errors().any(|known| known == error), "{name}");
        count += 1;
    }
    assert!(count >= 12, "{count}");
}

/// Collects what stands in `ErrorEquals` and as a recorded error.
fn error_names(value: &Value, names: &mut std::collections::BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let of_list = value
                    .as_array()
                    .filter(|_| name == "ErrorEquals")
                    .into_iter()
                    .flatten();
                let alone = Some(value).filter(|_| name == "error");
                let texts = of_list.chain(alone).filter_map(Value::as_str);
                names.extend(texts.filter(|text| text.contains('.')).map(str::to_owned));
                error_names(value, names);
            }
        }
        Value::Array(elements) => elements.iter().for_each(|value| error_names(value, names)),
        _ => {}
    }
}
