//! Requests and answers by protocol, as tables.

mod json;
mod laws;
mod query;
mod rest;

use super::{Context, Draft, canonical_header, request, response};
use crate::services::optimized;
use crate::services::{ParameterProblem, Service, ServiceError, Services, Style};
use crate::value::{Heap, View};
use std::sync::Arc;

const EXECUTION: &str = "arn:aws:states:us-east-1:111111111111:express:m:e:u";
const MACHINE: &str = "arn:aws:states:us-east-1:111111111111:stateMachine:m";

/// A resource without its prefix: `aws-sdk:dynamodb:getItem` or `sqs:sendMessage`.
fn resource(resource: &str) -> (Arc<Service>, &str, Style) {
    let (service, action) = resource.rsplit_once(':').expect("an action");
    let (name, style) = match service.strip_prefix("aws-sdk:") {
        Some(name) => (name, Style::Sdk),
        None => {
            let optimized = optimized::find(service, action).expect(resource);
            (optimized.model, Style::Optimized(optimized))
        }
    };
    let service = Services::shipped().service(name).expect("models").expect(name);
    (service, action, style)
}

fn draft(of: &str, parameters: &str) -> Result<Draft, ParameterProblem> {
    let (service, action, style) = resource(of);
    let (mut heap, constants) = (Heap::new(), Heap::for_constants());
    let parameters = heap.index(parameters.as_bytes()).expect("JSON");
    let context = Context {
        style,
        idempotency_token: &"token",
        execution_arn: EXECUTION,
        state_machine_arn: MACHINE,
    };
    let view = View::new(&heap, &constants);
    request(
        &service,
        service.operation(action).expect(action),
        view,
        parameters,
        &context,
    )
}

fn answer(
    of: &str,
    status: u16,
    headers: &[(&'static str, &'static str)],
    body: &[u8],
) -> Result<String, ServiceError> {
    let (service, action, style) = resource(of);
    let operation = service.operation(action).expect(action);
    let result = response(&service, operation, style, status, &headers.to_vec(), body)?;
    let text = String::from_utf8(result).expect("UTF-8");
    serde_json::from_str::<serde_json::Value>(&text).expect(&text);
    Ok(text)
}

/// Checks the body of a request.
fn check_body(of: &str, parameters: &str, expected: &str) {
    let draft = draft(of, parameters).unwrap_or_else(|problem| panic!("{of}: {problem}"));
    assert_eq!(
        String::from_utf8_lossy(&draft.body),
        expected,
        "{of} {parameters}"
    );
}

/// Checks the result of an answer with status 200.
fn check_result(of: &str, headers: &[(&'static str, &'static str)], body: &str, expected: &str) {
    let result = answer(of, 200, headers, body.as_bytes());
    assert_eq!(
        result.unwrap_or_else(|error| error.cause().to_owned()),
        expected,
        "{of} {body}"
    );
}

/// Checks name and cause of an error.
fn check_error(
    of: &str,
    status: u16,
    headers: &[(&'static str, &'static str)],
    body: &str,
    expected: (&str, &str),
) {
    let error = answer(of, status, headers, body.as_bytes()).expect_err(of);
    assert_eq!((error.name(), error.cause()), expected, "{of} {body}");
}

#[test]
fn header_names_as_aws_writes_them() {
    assert_eq!(canonical_header("content-type"), "Content-Type");
    assert_eq!(canonical_header("x-amzn-requestid"), "x-amzn-RequestId");
    assert_eq!(canonical_header("x-other"), "x-other");
}
