//! Reads any bytes as the answer of a service, in each protocol: no panic, and a result is JSON.
//!
//! The first byte says which operation, the second which status, the third how many headers the next lines are.
//!
//! `cargo +nightly fuzz run services_answer`
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::{Arc, LazyLock};
use stepstream::services::protocol::response;
use stepstream::services::{Operation, Service, Services, Style, optimized};

/// Resources without their prefix: each protocol, each dress.
const RESOURCES: [&str; 10] = [
    "aws-sdk:dynamodb:query",
    "dynamodb:getItem",
    "events:putEvents",
    "sns:publish",
    "aws-sdk:sns:listTopics",
    "aws-sdk:ec2:describeInstances",
    "aws-sdk:s3:listObjectsV2",
    "aws-sdk:s3:getObject",
    "lambda:invoke",
    "aws-sdk:lambda:listFunctions",
];
const STATUSES: [u16; 4] = [200, 202, 400, 503];

struct Target {
    service: Arc<Service>,
    action: &'static str,
    style: Style,
}

impl Target {
    fn operation(&self) -> &Operation {
        self.service.operation(self.action).unwrap()
    }
}

static TARGETS: LazyLock<Vec<Target>> = LazyLock::new(|| RESOURCES.map(target).into_iter().collect());

fn target(resource: &'static str) -> Target {
    let (service, action) = resource.rsplit_once(':').unwrap();
    let (model, style) = match service.strip_prefix("aws-sdk:") {
        Some(model) => (model, Style::Sdk),
        None => {
            let found = optimized::find(service, action).unwrap();
            (found.model, Style::Optimized(found))
        }
    };
    Target {
        service: Services::shipped().service(model).unwrap().unwrap(),
        action,
        style,
    }
}

fuzz_target!(|bytes: &[u8]| {
    let [operation, status, headers, rest @ ..] = bytes else {
        return;
    };
    let target = &TARGETS[usize::from(*operation) % TARGETS.len()];
    let status = STATUSES[usize::from(*status) % STATUSES.len()];
    let (headers, body) = split(rest, usize::from(*headers) % 5);
    match response(&target.service, target.operation(), target.style, status, &headers, body) {
        Ok(result) => {
            let parsed = serde_json::from_slice::<&serde_json::value::RawValue>(&result);
            assert!(parsed.is_ok(), "{}", String::from_utf8_lossy(&result));
        }
        Err(error) => assert!(!error.name().is_empty()),
    }
});

/// Takes headers off the front, a line `name:value` each.
fn split(mut rest: &[u8], count: usize) -> (Vec<(String, String)>, &[u8]) {
    let mut headers = Vec::new();
    for _ in 0..count {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let line = String::from_utf8_lossy(&rest[..end]).into_owned();
        rest = &rest[(end + 1).min(rest.len())..];
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        headers.push((name.to_owned(), value.to_owned()));
    }
    (headers, rest)
}
