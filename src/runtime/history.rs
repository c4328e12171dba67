//! Which records of an execution are written, and when.
//!
//! An execution keeps the events of the higher of two levels: that of success and that of failure. What
//! both levels write may leave early; what only a failure shows stays until the outcome is known. Must not
//! know where records go.

use super::lane::JournalEnd;
use super::panics::{Step, reach};
use super::workflow::LogSettings;
use crate::log::Encoder;
use crate::vm::{Level, Run};

/// Says whether an execution that is over leaves records that are not written yet.
pub(super) fn has_any(run: &Run, log: LogSettings, succeeded: bool) -> bool {
    let level = level(log, succeeded);
    run.events().iter().any(|event| event.kind.level() <= level)
}

/// Appends the records of an execution that is over; says whether there were any.
pub(super) fn write_all(
    encoder: &Encoder<'_>,
    run: &Run,
    journal: &mut JournalEnd,
    log: LogSettings,
    succeeded: bool,
) -> bool {
    write(encoder, run, journal, level(log, succeeded))
}

fn level(log: LogSettings, succeeded: bool) -> Level {
    match succeeded {
        true => log.level,
        false => log.level.max(log.on_failure),
    }
}

fn write(encoder: &Encoder<'_>, run: &Run, journal: &mut JournalEnd, level: Level) -> bool {
    let view = run.view(encoder.program);
    let mut any = false;
    for event in run.events().iter().filter(|event| event.kind.level() <= level) {
        let out = journal.buffer.records();
        encoder.write(view, event, out);
        reach(Step::Record);
        out.push(b'\n');
        any = true;
    }
    any
}

/// Appends the records that are written whatever the outcome, before an execution waits, and forgets them;
/// says whether there were any.
pub(super) fn write_early(
    encoder: &Encoder<'_>,
    run: &mut Run,
    journal: &mut JournalEnd,
    log: LogSettings,
) -> bool {
    if log.on_failure > log.level {
        return false;
    }
    let any = write(encoder, run, journal, log.level);
    run.clear_events();
    any
}

/// Appends a record for an event that never became an execution, or of whose execution nothing is known:
/// the shape of `ExecutionFailed`.
pub(super) fn write_refusal(out: &mut Vec<u8>, error: &str, cause: &str, execution_arn: &str, now_ms: i64) {
    use crate::value::escape_into;
    out.extend_from_slice(b"{\"id\":\"1\",\"type\":\"ExecutionFailed\",\"details\":{\"cause\":\"");
    escape_into(out, cause);
    out.extend_from_slice(b"\",\"error\":\"");
    escape_into(out, error);
    reach(Step::Refusal);
    out.extend_from_slice(b"\"},\"previous_event_id\":\"0\",\"event_timestamp\":\"");
    out.extend_from_slice(itoa::Buffer::new().format(now_ms).as_bytes());
    out.extend_from_slice(b"\",\"execution_arn\":\"");
    escape_into(out, execution_arn);
    out.extend_from_slice(b"\",\"redrive_count\":\"0\"}\n");
}
