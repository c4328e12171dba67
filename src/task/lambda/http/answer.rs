//! What an HTTP response means, or none (facts 7.3, 8.2).

use crate::services::protocol::text_member;
use crate::stream::Ticket;
use crate::task::http::{Reader, Response, Trouble};
use crate::task::lambda::thrown::thrown;
use crate::task::{Answer, Failure};
use hyper::{HeaderMap, StatusCode};

/// Most characters of a body that a cause quotes.
const QUOTED_MAX: usize = 1024;

/// Reads the responses of functions.
pub(super) struct FunctionReader;

impl Reader for FunctionReader {
    fn read(&self, _ticket: Ticket, outcome: Result<Response, Trouble>) -> Option<Answer> {
        Some(outcome.map_err(failure).and_then(read))
    }
}

/// Turns a response into the task's answer.
pub(in crate::task) fn read(response: Response) -> Answer {
    answer(response.status, &response.headers, response.body)
}

/// Returns the failure of a client that has no response (facts 7.3).
pub(in crate::task) fn failure(trouble: Trouble) -> Failure {
    match trouble {
        Trouble::Bug(message) => Failure::panicked(&message),
        Trouble::Broken(what) | Trouble::Forbidden(what) => Failure::new(
            "Lambda.SdkClientException",
            format!("Unable to execute HTTP request: {what}"),
        ),
        Trouble::Late(timeout) => Failure::new(
            "Lambda.ClientExecutionTimeoutException",
            format!(
                "Client execution did not complete before the specified timeout configuration: {} millis",
                timeout.as_millis()
            ),
        ),
        Trouble::Full => {
            let cause = "Too many calls are waiting for a connection (tasks: queue).";
            Failure::new("Lambda.TooManyRequestsException", cause)
        }
    }
}

/// Turns a response into the task's answer.
fn answer(status: StatusCode, headers: &HeaderMap, body: Vec<u8>) -> Answer {
    #[cfg(test)]
    assert!(!headers.contains_key("x-fault"), "a fault of the test");
    if headers.contains_key("x-amz-function-error") {
        return Err(thrown(&body));
    }
    if !status.is_success() {
        return Err(service_error(status, headers, &body));
    }
    // A function that answers nothing answers null.
    Ok(if body.is_empty() { b"null".to_vec() } else { body })
}

/// The service refused or failed; the cause has the layout of AWS's SDK.
fn service_error(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Failure {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    // `ResourceNotFoundException:http://…`
    let named = text("x-amzn-errortype").and_then(|value| value.split(':').next());
    let code = named
        .filter(|name| !name.is_empty())
        .unwrap_or(match status.as_u16() {
            404 => "ResourceNotFoundException",
            429 => "TooManyRequestsException",
            500..=599 => "ServiceException",
            _ => "AWSLambdaException",
        });
    let message = text_member(body, &["Message", "message"]).unwrap_or_else(|| {
        let quoted = String::from_utf8_lossy(body);
        quoted.trim().chars().take(QUOTED_MAX).collect()
    });
    let id = text("x-amzn-requestid").unwrap_or("null");
    let status = status.as_u16();
    Failure::new(
        format!("Lambda.{code}"),
        format!(
            "{message} (Service: AWSLambda; Status Code: {status}; Error Code: {code}; Request ID: {id}; Proxy: null)"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(
        status: u16,
        headers: &[(&'static str, &str)],
        body: &str,
        expected: Result<&str, (&str, &str)>,
    ) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().expect("a value"));
        }
        let status = StatusCode::from_u16(status).expect("a status");
        let expected = match expected {
            Ok(body) => Ok(body.as_bytes().to_vec()),
            Err((error, cause)) => Err(Failure::new(error, cause)),
        };
        assert_eq!(
            answer(status, &map, body.into()),
            expected,
            "{status} {headers:?}"
        );
    }

    #[test]
    fn successes() {
        check(200, &[], r#"{"a": 1}"#, Ok(r#"{"a": 1}"#));
        check(204, &[], "", Ok("null"));
    }

    /// Recorded: `error_handling/test_task_lambda__test_raise_custom_exception`.
    #[test]
    fn errors_of_the_function() {
        let body = r#"{"errorMessage": "", "errorType": "CustomException", "stackTrace": []}"#;
        let thrown = [("x-amz-function-error", "Unhandled")];
        check(200, &thrown, body, Err(("CustomException", body)));
        check(
            200,
            &thrown,
            r#"{"errorMessage":"out of memory"}"#,
            Err((
                "Lambda.Unknown",
                r#"The cause could not be determined because Lambda did not return an error type. Returned payload: {"errorMessage":"out of memory"}"#,
            )),
        );
    }

    #[test]
    fn errors_of_the_service() {
        check(
            429,
            &[("x-amzn-requestid", "7")],
            r#"{"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded","message":"Rate Exceeded."}"#,
            Err((
                "Lambda.TooManyRequestsException",
                "Rate Exceeded. (Service: AWSLambda; Status Code: 429; Error Code: TooManyRequestsException; Request ID: 7; Proxy: null)",
            )),
        );
        check(
            503,
            &[],
            "try later\n",
            Err((
                "Lambda.ServiceException",
                "try later (Service: AWSLambda; Status Code: 503; Error Code: ServiceException; Request ID: null; Proxy: null)",
            )),
        );
        check(
            400,
            &[(
                "x-amzn-errortype",
                "InvalidRequestContentException:http://internal.amazon.com/",
            )],
            r#"{"Message":"Could not parse"}"#,
            Err((
                "Lambda.InvalidRequestContentException",
                "Could not parse (Service: AWSLambda; Status Code: 400; Error Code: InvalidRequestContentException; Request ID: null; Proxy: null)",
            )),
        );
        check(
            302,
            &[],
            "",
            Err((
                "Lambda.AWSLambdaException",
                " (Service: AWSLambda; Status Code: 302; Error Code: AWSLambdaException; Request ID: null; Proxy: null)",
            )),
        );
    }
}
