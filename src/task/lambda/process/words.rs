//! What AWS says when a function's process does not answer (facts 7.3).
//!
//! Each failure has the name of Lambda's error, and as its cause the payload that Lambda would answer with. Must not know
//! processes of this machine beyond how they end.

use crate::task::Failure;
use crate::value::escape_into;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

/// Most bytes of a function's answer.
pub(super) const ANSWER_BYTES_MAX: usize = 6_291_556;

/// The process ended during a call.
pub(super) fn exited(request_id: &str, status: ExitStatus) -> Failure {
    let how = match (status.code(), status.signal()) {
        (Some(0), _) => "Runtime exited without providing a reason".to_owned(),
        (Some(code), _) => format!("Runtime exited with error: exit status {code}"),
        (None, signal) => format!(
            "Runtime exited with error: signal: {}",
            signal_name(signal.unwrap_or(0))
        ),
    };
    failure("Runtime.ExitError", request_id, &how)
}

/// The process took more memory than it may, and was killed.
pub(super) fn out_of_memory(request_id: &str) -> Failure {
    failure(
        "Runtime.ExitError",
        request_id,
        "Runtime exited with error: signal: killed",
    )
}

/// The call took longer than it may.
pub(super) fn timed_out(request_id: &str, timeout: Duration) -> Failure {
    let seconds = timeout.as_secs_f64();
    failure(
        "Sandbox.Timedout",
        request_id,
        &format!("Task timed out after {seconds:.2} seconds"),
    )
}

/// The command could not be started.
pub(super) fn no_entrypoint(request_id: &str, command: &str, error: &std::io::Error) -> Failure {
    failure(
        "Runtime.InvalidEntrypoint",
        request_id,
        &format!("fork/exec {command}: {error}"),
    )
}

/// The answer is larger than an answer may be.
pub(super) fn too_large() -> Failure {
    payload(
        "Function.ResponseSizeTooLarge",
        &format!("Response payload size exceeded maximum allowed payload size ({ANSWER_BYTES_MAX} bytes)."),
    )
}

/// As many calls wait as may.
pub(super) fn throttled() -> Failure {
    let cause = "Too many calls are waiting for a process (tasks: queue).";
    Failure::new("Lambda.TooManyRequestsException", cause)
}

/// The service stops.
pub(super) fn stopping() -> Failure {
    Failure::new(
        "Lambda.ServiceException",
        "The functions' processes are being stopped.",
    )
}

fn failure(error: &str, request_id: &str, what: &str) -> Failure {
    payload(error, &format!("RequestId: {request_id} Error: {what}"))
}

/// Makes a failure whose cause is the payload of Lambda's answer.
fn payload(error: &str, message: &str) -> Failure {
    let mut cause = format!(r#"{{"errorType":"{error}","errorMessage":""#).into_bytes();
    escape_into(&mut cause, message);
    cause.extend_from_slice(br#""}"#);
    Failure::new(error, String::from_utf8_lossy(&cause))
}

/// Returns a signal's name in Lambda's words, which are Go's.
fn signal_name(signal: i32) -> String {
    let name = match signal {
        1 => "hangup",
        2 => "interrupt",
        3 => "quit",
        4 => "illegal instruction",
        5 => "trace/breakpoint trap",
        6 => "aborted",
        7 => "bus error",
        8 => "floating point exception",
        9 => "killed",
        11 => "segmentation fault",
        13 => "broken pipe",
        15 => "terminated",
        other => return format!("signal {other}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(failure: &Failure, error: &str, cause: &str) {
        assert_eq!(*failure, Failure::new(error, cause));
    }

    #[test]
    fn causes_are_lambdas_payloads() {
        let exited = |raw| exited("7", ExitStatus::from_raw(raw));
        check(
            &exited(1 << 8),
            "Runtime.ExitError",
            r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: 7 Error: Runtime exited with error: exit status 1"}"#,
        );
        check(
            &exited(9),
            "Runtime.ExitError",
            r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: 7 Error: Runtime exited with error: signal: killed"}"#,
        );
        check(
            &exited(0),
            "Runtime.ExitError",
            r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: 7 Error: Runtime exited without providing a reason"}"#,
        );
        check(
            &timed_out("7", Duration::from_millis(3_000)),
            "Sandbox.Timedout",
            r#"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: 7 Error: Task timed out after 3.00 seconds"}"#,
        );
        let error = std::io::Error::from(std::io::ErrorKind::NotFound);
        check(
            &no_entrypoint("7", "\"x", &error),
            "Runtime.InvalidEntrypoint",
            r#"{"errorType":"Runtime.InvalidEntrypoint","errorMessage":"RequestId: 7 Error: fork/exec \"x: entity not found"}"#,
        );
    }
}
