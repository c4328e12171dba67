//! Header names as AWS writes them, for answers whose names an HTTP library has lowered.

use crate::services::optimized::Optimized;

/// What differs from the name in lower case.
const NAMES: &[&str] = &[
    "Connection",
    "Content-Length",
    "Content-Type",
    "Date",
    "Server",
    "X-Amz-Executed-Version",
    "X-Amz-Function-Error",
    "X-Amz-Log-Result",
    "X-Amzn-Trace-Id",
    "x-amzn-Remapped-Content-Length",
    "x-amzn-RequestId",
];

/// Returns a header's name as most of AWS's services write it; one that is not known as it is.
pub fn canonical_header(name: &str) -> &str {
    let found = NAMES.iter().find(|known| known.eq_ignore_ascii_case(name));
    found.copied().unwrap_or(name)
}

/// Returns the name of a header as the service of an integration was recorded to write it, where most others differ.
pub(super) fn own<'a>(optimized: &Optimized, name: &'a str) -> &'a str {
    match (optimized.model, optimized.action, name) {
        ("sfn" | "sns" | "sqs", _, "Connection") => "connection",
        ("dynamodb", "getItem", "x-amzn-RequestId") => "x-amzn-requestid",
        _ => name,
    }
}
