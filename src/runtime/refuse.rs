//! The end of an event that could not become an execution, or whose execution broke.
//!
//! Must not know how executions run. Invariant: the event ends here whatever breaks on the way: what cannot be written
//! is left out.

use super::executor::{Executor, Poison};
use super::flight::ExecutionState;
use super::history;
use super::lane::LaneState;
use super::messages::{Failed, VALUE_BYTES};
use super::settlements::SettlementId;
use crate::guard::PANIC;
use crate::stream::{Headers, PartitionId, Record};
use crate::value::lookalike;
use crate::vm::Status;

/// The event's value is not JSON.
pub const INVALID_EVENT: &str = "Stepstream.InvalidEvent";
/// The event's value is larger than an execution's input may be, or its headers are too many.
pub const EVENT_TOO_LARGE: &str = "Stepstream.EventTooLarge";
/// Sync: the event was committed, and a crash came before its execution ended. It is not run again.
pub const CUT_OFF: &str = "Stepstream.CutOff";

/// Stands in for the headers of an event that is named without its data, which a panic came from.
pub(super) struct Withheld {
    /// How long the value was, in digits; none if there was none.
    value_bytes: Option<String>,
}

impl Withheld {
    pub(super) fn of(record: &Record<'_>) -> Withheld {
        Withheld {
            value_bytes: record.value.map(|value| value.len().to_string()),
        }
    }

    /// Returns what of the event is no data.
    pub(super) fn bare<'a>(&'a self, record: &Record<'_>) -> Record<'a> {
        Record {
            key: None,
            value: None,
            headers: self,
            ..*record
        }
    }
}

impl Headers for Withheld {
    fn each<'a>(&'a self, visit: &mut dyn FnMut(&'a str, Option<&'a [u8]>)) {
        if let Some(bytes) = &self.value_bytes {
            visit(VALUE_BYTES, Some(bytes.as_bytes()));
        }
    }
}

impl Executor {
    /// Ends an event that could not become an execution.
    #[cold]
    pub(super) fn refuse(
        &mut self,
        lane: &mut LaneState,
        record: &Record<'_>,
        state: ExecutionState,
        poison: &Poison,
    ) {
        self.end_as_failed(lane, record, state, None, poison);
    }

    /// Ends an event for which `settlement` was opened already, if one was.
    #[cold]
    pub(super) fn end_as_failed(
        &mut self,
        lane: &mut LaneState,
        record: &Record<'_>,
        mut state: ExecutionState,
        mut settlement: Option<SettlementId>,
        poison: &Poison,
    ) {
        match poison {
            Poison::Invalid(_) | Poison::TooLarge(_) | Poison::Headers(_) => lane.stats.metrics.refused(),
            Poison::Panicked(_) => lane.stats.metrics.ended(Status::Failed, self.lasted_us(&state)),
        }
        // What breaks here is told, and the rest goes on.
        let _ = self.attempt(lane, record, &mut settlement, |executor, lane, _| {
            executor.forget_calls(lane, &mut state, true);
        });
        let mut cause = String::new();
        self.arn.clear();
        let _ = self.attempt(lane, record, &mut settlement, |executor, lane, _| {
            cause = poison.cause(record);
            if let Some(partition) = lane.partitions.get(&record.partition) {
                executor.name_and_arn(lane, partition, record.offset, state.uuid);
            }
        });
        let failed = Failed {
            status: "FAILED",
            error: poison.error(),
            cause: &cause,
        };
        if lane.partitions.contains_key(&record.partition) {
            self.name_failure(lane, record, &failed, &mut settlement);
            let _ = self.attempt(lane, record, &mut settlement, |executor, lane, settlement| {
                let reply = executor.reply_topic(lane, record);
                executor.reply(lane, record, reply, Some(&failed), settlement);
            });
        }
        self.end(lane, record, state, settlement);
    }

    /// Writes a failed event into the log and sends it where failed ones go; without its data, if that cannot be sent.
    fn name_failure(
        &mut self,
        lane: &mut LaneState,
        record: &Record<'_>,
        failed: &Failed<'_>,
        settlement: &mut Option<SettlementId>,
    ) {
        let _ = self.attempt(lane, record, settlement, |executor, lane, settlement| {
            executor.log_refusal(lane, record, failed, settlement);
        });
        let sent = self.attempt(lane, record, settlement, |executor, lane, settlement| {
            executor.send_dead_letter(lane, record, failed, settlement);
        });
        let Err(message) = sent else { return };
        let headers = Withheld::of(record);
        let bare = headers.bare(record);
        let cause = format!(
            "A bug in stepstream kept the event out of this letter: {message}. Before, {}: {}",
            failed.error, failed.cause
        );
        let failed = Failed {
            status: failed.status,
            error: PANIC,
            cause: &cause,
        };
        let _ = self.attempt(lane, &bare, settlement, |executor, lane, settlement| {
            executor.send_dead_letter(lane, &bare, &failed, settlement);
        });
    }

    /// Names an event that was committed before it ran and whose execution a crash has cut off. Of the
    /// event itself nothing is known but where it stood.
    #[cold]
    pub(super) fn cut_off(&mut self, lane: &mut LaneState, id: PartitionId, offset: i64) {
        lane.stats.metrics.counts.cut_off += 1;
        let record = Record {
            partition: id,
            offset,
            timestamp_ms: 0,
            key: None,
            value: None,
            headers: &(),
        };
        let failed = Failed {
            status: "FAILED",
            error: CUT_OFF,
            cause: "The event's offset was committed, then the process ended before the execution did. It may have run in part; it is not run again.",
        };
        let mut settlement = None;
        if let Some(partition) = lane.partitions.get_mut(&id) {
            // Once it is named a commit forgets it: nobody names it again.
            partition.tracker.commit_again();
        }
        if let Some(partition) = lane.partitions.get(&id) {
            self.name_and_arn(lane, partition, offset, 0);
            self.name_failure(lane, &record, &failed, &mut settlement);
        }
        if let Some(settlement) = settlement {
            self.outbox.settlements.mark_cut_off(settlement);
            if let Some(partition) = lane.partitions.get_mut(&id) {
                partition.precommit.naming += 1;
            }
            self.end_settlement(lane, settlement);
        }
    }

    fn log_refusal(
        &mut self,
        lane: &mut LaneState,
        record: &Record<'_>,
        failed: &Failed<'_>,
        settlement: &mut Option<SettlementId>,
    ) {
        if lane.log().is_none() {
            return;
        }
        let Some(journal) = &mut lane.journal else { return };
        let out = journal.buffer.records();
        history::write_refusal(out, failed.error, failed.cause, &self.arn, self.now.wall_ms);
        self.await_records(lane, record, settlement);
    }
}

impl Poison {
    fn error(&self) -> &'static str {
        match self {
            Poison::Invalid(_) => INVALID_EVENT,
            Poison::TooLarge(_) | Poison::Headers(_) => EVENT_TOO_LARGE,
            Poison::Panicked(_) => PANIC,
        }
    }

    fn cause(&self, record: &Record<'_>) -> String {
        match self {
            Poison::Invalid(message) => not_json(message, record.value.unwrap_or_default()),
            Poison::TooLarge(bytes) => format!(
                "The event's value has {bytes} bytes; an execution takes at most {}.",
                crate::vm::PAYLOAD_BYTES_MAX
            ),
            Poison::Headers(refused) => refused.cause(),
            Poison::Panicked(message) => format!("A bug in stepstream ended the execution: {message}"),
        }
    }
}

/// Says why an event's value is not JSON, and what it looks like instead.
#[cold]
fn not_json(message: &str, value: &[u8]) -> String {
    match lookalike(value) {
        Some(kind) => format!("The event's value is not JSON: {message}. It looks like {kind}."),
        None => format!("The event's value is not JSON: {message}"),
    }
}
