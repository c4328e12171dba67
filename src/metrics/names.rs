//! Every metric's name, labels, unit and meaning: the only place that spells them.

/// What kind of series a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows while the process lives.
    Counter,
    /// How it is now.
    Gauge,
    /// Counts by upper bound, with a sum.
    Histogram,
}

/// One metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name, with the unit in it, as Prometheus has it.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// What one is: `seconds`, `bytes`, or what is counted.
    pub unit: &'static str,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it says, as a sentence.
    pub help: &'static str,
    /// What AWS has in CloudWatch (`AWS/States`) for it, empty when nothing.
    pub cloudwatch: &'static str,
}

/// The workflow's name.
pub(super) const STATE_MACHINE: &str = "state_machine";

const fn metric(
    kind: Kind,
    name: &'static str,
    labels: &'static [&'static str],
    unit: &'static str,
    help: &'static str,
    cloudwatch: &'static str,
) -> Metric {
    Metric {
        name,
        kind,
        unit,
        labels,
        help,
        cloudwatch,
    }
}

macro_rules! metrics {
    ($($ident:ident: $kind:ident $name:literal {$($label:literal),*} $unit:literal $help:literal / $aws:literal;)*) => {
        $(pub(super) const $ident: Metric =
            metric(Kind::$kind, $name, &[$($label),*], $unit, $help, $aws);)*
        /// All metrics, in the order of the documentation.
        pub const ALL: &[Metric] = &[$($ident),*];
    };
}

metrics! {
    EXECUTIONS_STARTED: Counter "stepstream_executions_started_total" {"state_machine"} "executions"
        "Executions started, including repeated ones after a restart, and events that cannot become an \
         execution \
         (not JSON, too large)." / "ExecutionsStarted";
    EXECUTIONS: Counter "stepstream_executions_total" {"state_machine", "status"} "executions"
        "Executions that ended, by status: SUCCEEDED, FAILED, TIMED_OUT. An event that cannot become an \
         execution \
         counts as FAILED."
        / "ExecutionsSucceeded, ExecutionsFailed, ExecutionsTimedOut";
    EXECUTION_DURATION: Histogram "stepstream_execution_duration_seconds" {"state_machine"} "seconds"
        "Time from an execution's start to its end; events that cannot become an execution are left \
         out." / "ExecutionTime";
    TRANSITIONS: Counter "stepstream_transitions_total" {"state_machine"} "states"
        "States entered." / "ConsumedCapacity (ServiceMetric=StateTransition)";
    TASK_ATTEMPTS: Counter "stepstream_task_attempts_total" {"state_machine", "resource", "outcome"} "attempts"
        "Completed calls of a task, including retries, by outcome: succeeded, failed, timed_out, cancelled."
        / "LambdaFunctions{Succeeded,Failed,TimedOut}, ServiceIntegrations{Succeeded,Failed,TimedOut}";
    TASK_DURATION: Histogram "stepstream_task_duration_seconds" {"state_machine", "resource"} "seconds"
        "Time from a task's call to its answer." / "LambdaFunctionTime, ServiceIntegrationTime";
    EVENTS_CONSUMED: Counter "stepstream_events_consumed_total" {"state_machine"} "events"
        "Events taken from the source, including events that do not run." / "";
    CONSUMER_LAG: Gauge "stepstream_consumer_lag" {"state_machine", "topic", "partition"} "events"
        "Readable events that are not committed, in the partitions that this process reads: high watermark \
         minus \
         the committed offset, or minus the oldest available offset if that is higher." / "";
    OLDEST_UNFINISHED: Gauge "stepstream_oldest_unfinished_seconds" {"state_machine"} "seconds"
        "Age of the oldest event taken but not finished; 0 when there is none." / "";
    PAUSED_PARTITIONS: Gauge "stepstream_paused_partitions" {"state_machine"} "partitions"
        "Partitions that are not read because a limit is reached." / "";
    IN_FLIGHT: Gauge "stepstream_in_flight" {"state_machine"} "executions"
        "Events taken but not finished: running, parked, or waiting for an acknowledgement."
        / "OpenExecutionCount (Standard only)";
    PARKED: Gauge "stepstream_parked" {"state_machine"} "executions"
        "Executions that wait for a task or a time." / "";
    RUN_MEMORY: Gauge "stepstream_run_memory_bytes" {} "bytes"
        "Memory of executions, running, parked and pooled." / "ExpressExecutionMemory";
    MEMORY: Gauge "stepstream_memory_bytes" {"shard", "kind"} "bytes"
        "Memory on a shard's account, by kind: running (the running execution, and memory for the next), \
         parked \
         (executions that wait), held (events that wait for their turn, or for a commit), unsent (messages \
         that wait for room or their next try), log (log records on their way)." / "";
    MEMORY_QUEUED: Gauge "stepstream_memory_queued_bytes" {"shard"} "bytes"
        "Memory reserved for a shard's events and messages in the Kafka clients, outside its account." / "";
    MEMORY_MAX: Gauge "stepstream_memory_max_bytes" {"shard"} "bytes"
        "Limit of a shard's memory account; sources pause at three quarters of it." / "";
    QUEUE_DEPTH: Gauge "stepstream_queue_depth" {"queue"} "entries"
        "Entries in a bounded queue: producer (messages not acknowledged), unsent (messages that wait for room or their next try), calls (task calls that wait at a connector), memory (executions that wait for memory), log (buffers not written)." / "";
    LOG_QUEUE: Gauge "stepstream_log_queue_bytes" {"state_machine"} "bytes"
        "Bytes of execution logs handed to the writer and not written yet." / "";
    LOG_BYTES: Counter "stepstream_log_bytes_total" {"state_machine"} "bytes"
        "Bytes of execution logs that have left the process." / "";
    LOG_DROPPED: Counter "stepstream_log_dropped_total" {"state_machine"} "records"
        "Records of execution logs dropped because the writer fell behind (overflow = \"drop\")." / "";
    DEAD_LETTERS: Counter "stepstream_dead_letters_total" {"state_machine", "error"} "events"
        "Events sent to the dead-letter topic, by error." / "";
    PRODUCER_ERRORS: Counter "stepstream_producer_errors_total" {} "messages"
        "Messages that a producer did not accept or deliver, counted at each attempt." / "";
    RELOADS: Counter "stepstream_reloads_total" {"state_machine", "outcome"} "reloads"
        "Reloads of definitions, by outcome: published, refused, unreadable, unchanged (on SIGHUP)." / "";
    CUT_OFF: Counter "stepstream_cut_off_total" {"state_machine"} "events"
        "Events of sync workflows whose execution a crash cut off; they do not run again."
        / "ExecutionsAborted";
    PANICS: Counter "stepstream_panics_total" {"state_machine"} "panics"
        "Panics while processing an event, which are bugs in stepstream: each ended that event and no other. A \
         panic in the writer of a log ends the process." / "";
    UNREPLIED: Counter "stepstream_replies_lost_total" {"state_machine"} "replies"
        "Requested replies of sync workflows that were not sent: not allowed, to a topic that does not \
         accept them, \
         or to one of too many topics that nothing has reached." / "";
    FUNCTION_PROCESSES: Gauge "stepstream_function_processes" {"pattern"} "processes"
        "Processes of functions that run now, by the pattern of their [tasks] entry." / "ConcurrentExecutions (AWS/Lambda)";
    FUNCTION_STARTS: Counter "stepstream_function_starts_total" {"pattern"} "processes"
        "Processes of functions started." / "";
    FUNCTION_FAILURES: Counter "stepstream_function_failures_total" {"pattern", "reason"} "processes"
        "Processes of functions that ended unasked, by reason: exited, timed_out (the call took longer than timeout), \
         out_of_memory." / "";
    CONNECTION_TOKENS: Counter "stepstream_connection_tokens_total" {"connection", "outcome"} "requests"
        "Requests for a token of a connection of HTTP tasks, by outcome: given, refused (or no answer)." / "";
    AWS_CALLS: Counter "stepstream_aws_calls_total" {"pattern", "service", "action", "outcome"} "calls"
        "Calls of AWS's services, by outcome: succeeded, failed (the service reported an error), throttled, unanswered (no \
         answer, or no credentials)." / "";
    AWS_CREDENTIALS: Counter "stepstream_aws_credentials_total" {"pattern", "outcome"} "fetches"
        "Credentials fetched, for the process or for a role, by outcome: fetched, denied (no source has any, or the role may \
         not be assumed)." / "";
    BUILD_INFO: Gauge "stepstream_build_info" {"version"} "1"
        "Always 1; the label says which build this is." / "";
}

impl Kind {
    /// Returns the word of the text format.
    pub const fn word(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        }
    }
}
