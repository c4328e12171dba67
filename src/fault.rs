//! ASL error names (`States.*`).
//!
//! Owns the reserved names and nothing else: what fails, when, and with which
//! cause is said where it is found. Knows no other module.
//! Source: facts 7.1 (reserved names), 7.2 (matching).

/// `States.ALL`: the wildcard of `ErrorEquals`.
pub const ALL: &str = "States.ALL";
/// `States.TaskFailed`: as a matcher, every error but [`TIMEOUT`].
pub const TASK_FAILED: &str = "States.TaskFailed";
/// `States.Timeout`: a task, or the state machine, ran too long.
pub const TIMEOUT: &str = "States.Timeout";
/// `States.HeartbeatTimeout`: a task missed its heartbeat; [`TIMEOUT`] matches it too.
pub const HEARTBEAT_TIMEOUT: &str = "States.HeartbeatTimeout";
/// `States.Permissions`: the task may not be run.
pub const PERMISSIONS: &str = "States.Permissions";
/// `States.Runtime`: a fault of processing; neither retried nor caught.
pub const RUNTIME: &str = "States.Runtime";
/// `States.DataLimitExceeded`: more than 256 KiB at a place that has that limit.
pub const DATA_LIMIT_EXCEEDED: &str = "States.DataLimitExceeded";
/// `States.ExceedToleratedFailureThreshold`: more iterations of a Map failed than it tolerates.
pub const EXCEED_TOLERATED_FAILURE_THRESHOLD: &str = "States.ExceedToleratedFailureThreshold";
/// `States.QueryEvaluationError`: a JSONata expression failed.
pub const QUERY_EVALUATION_ERROR: &str = "States.QueryEvaluationError";
/// `States.BranchFailed`: documented for Parallel; AWS hands the branch's own error on.
pub const BRANCH_FAILED: &str = "States.BranchFailed";
/// `States.NoChoiceMatched`: documented for Choice; AWS answers [`RUNTIME`].
pub const NO_CHOICE_MATCHED: &str = "States.NoChoiceMatched";
/// `States.ReferencePathConflict`: `ItemsPath` or `ResultPath` does not fit the value it is applied to.
pub const REFERENCE_PATH_CONFLICT: &str = "States.ReferencePathConflict";
/// `States.ParameterPathFailure`: documented; AWS answers [`RUNTIME`].
pub const PARAMETER_PATH_FAILURE: &str = "States.ParameterPathFailure";
/// `States.ResultPathMatchFailure`: documented; AWS answers [`REFERENCE_PATH_CONFLICT`].
pub const RESULT_PATH_MATCH_FAILURE: &str = "States.ResultPathMatchFailure";
/// `States.IntrinsicFailure`: documented; AWS answers [`RUNTIME`].
pub const INTRINSIC_FAILURE: &str = "States.IntrinsicFailure";
/// `States.ItemReaderFailed`: Distributed Map only.
pub const ITEM_READER_FAILED: &str = "States.ItemReaderFailed";
/// `States.ResultWriterFailed`: Distributed Map only.
pub const RESULT_WRITER_FAILED: &str = "States.ResultWriterFailed";

/// Every reserved name that a workflow may write in `ErrorEquals`, for suggestions when one is misspelt.
pub const RESERVED: [&str; 17] = [
    ALL,
    TASK_FAILED,
    TIMEOUT,
    HEARTBEAT_TIMEOUT,
    PERMISSIONS,
    RUNTIME,
    DATA_LIMIT_EXCEEDED,
    EXCEED_TOLERATED_FAILURE_THRESHOLD,
    QUERY_EVALUATION_ERROR,
    BRANCH_FAILED,
    NO_CHOICE_MATCHED,
    REFERENCE_PATH_CONFLICT,
    PARAMETER_PATH_FAILURE,
    RESULT_PATH_MATCH_FAILURE,
    INTRINSIC_FAILURE,
    ITEM_READER_FAILED,
    RESULT_WRITER_FAILED,
];

/// Says whether one entry of `ErrorEquals` matches an error's name.
///
/// Exact and case-sensitive; `States.ALL` matches everything, `States.TaskFailed` everything but a
/// time-out, `States.Timeout` a missed heartbeat as well (facts 7.2). That `States.Runtime` is never
/// offered to a retrier or catcher is the machine's rule, not the matcher's.
pub fn matches(pattern: &str, error: &str) -> bool {
    match pattern {
        ALL => true,
        TASK_FAILED => error != TIMEOUT && error != HEARTBEAT_TIMEOUT,
        TIMEOUT => error == TIMEOUT || error == HEARTBEAT_TIMEOUT,
        exact => exact == error,
    }
}
