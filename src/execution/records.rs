//! Which records of an execution are written, and when.
//!
//! An execution keeps the events of the higher of two levels: that of success and that of failure. What
//! both levels write may leave early; what only a failure shows stays until the outcome is known. Must not
//! know where records go.

use super::journal::JournalEnd;
use super::machine::LogSettings;
use super::steps::{Step, reach};
use crate::log::encode::{Encoder, TEXT_BYTES_MAX};
use crate::vm::{Event, Level, Run};

/// About how many bytes of records one execution appends in one go, as much as 32 of the largest inputs: of those beyond
/// it the ones in the middle are left out, and the gap shows in their ids. Many events may refer to one large value, so
/// an execution's memory is no bound for them.
pub(crate) const RECORDS_BYTES_MAX: usize = 32 * TEXT_BYTES_MAX;

/// Says whether an execution that is over leaves records that are not written yet.
pub(crate) fn has_any(run: &Run, log: LogSettings, succeeded: bool) -> bool {
    let level = level(log, succeeded);
    run.events().iter().any(|event| event.kind.level() <= level)
}

/// Appends the records of an execution that is over; returns how many bytes they have.
pub(crate) fn write_all(
    encoder: &Encoder<'_>,
    run: &Run,
    journal: &mut JournalEnd,
    log: LogSettings,
    succeeded: bool,
) -> usize {
    write(encoder, run, journal, level(log, succeeded))
}

fn level(log: LogSettings, succeeded: bool) -> Level {
    match succeeded {
        true => log.level,
        false => log.level.max(log.on_failure),
    }
}

/// Appends the records of a level; returns how many bytes they have.
fn write(encoder: &Encoder<'_>, run: &Run, journal: &mut JournalEnd, level: Level) -> usize {
    let view = run.view(encoder.program);
    let out = journal.buffer.records();
    let record = |event: &Event, out: &mut Vec<u8>| {
        encoder.write(view, event, out);
        reach(Step::Record);
        out.push(b'\n');
    };
    let mut events = run.events().iter().filter(|event| event.kind.level() <= level);
    let start = out.len();
    while out.len() - start < RECORDS_BYTES_MAX / 2 {
        let Some(event) = events.next() else {
            return out.len() - start;
        };
        record(event, out);
    }
    let middle = out.len();
    let mut begins = Vec::new();
    while out.len() - middle < RECORDS_BYTES_MAX / 2
        && let Some(event) = events.next_back()
    {
        begins.push(out.len() - middle);
        record(event, out);
    }
    turn_round(out, middle, &begins);
    out.len() - start
}

/// Puts records in order that were appended from the last one on.
#[cold]
fn turn_round(out: &mut Vec<u8>, middle: usize, begins: &[usize]) {
    let records = out.split_off(middle);
    let mut end = records.len();
    for &begin in begins.iter().rev() {
        out.extend_from_slice(&records[begin..end]);
        end = begin;
    }
}

/// Appends the records that are written whatever the outcome, before an execution waits, and forgets them;
/// says whether there were any.
pub(crate) fn write_early(
    encoder: &Encoder<'_>,
    run: &mut Run,
    journal: &mut JournalEnd,
    log: LogSettings,
) -> bool {
    if log.keeps_for_failure() {
        return false;
    }
    let bytes = write(encoder, run, journal, log.level);
    run.clear_events();
    bytes > 0
}

/// Appends a record for an event that never became an execution, or of whose execution nothing is known:
/// the shape of `ExecutionFailed`.
pub(crate) fn write_refusal(out: &mut Vec<u8>, error: &str, cause: &str, execution_arn: &str, now_ms: i64) {
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
