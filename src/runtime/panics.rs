//! What a panic on an event's way comes to: the end of that event, and of nothing else.
//!
//! Owns the wall around each part of the way, and what is taken back behind it. Must not know what the parts do.
//! Invariant: after a panic no half record is in the log, nothing waits for what was not sent, and it has been told.

use super::executor::{Executor, Poison};
use super::flight::ExecutionState;
use super::lane::LaneState;
use super::settlements::SettlementId;
use crate::guard::guarded;
use crate::stream::Record;
use crate::value::Heap;
use crate::vm::Run;

impl Executor {
    /// Runs a part of an event's way. After a panic the records that it wrote are gone, and nothing waits for them.
    pub(super) fn part<T>(
        &mut self,
        lane: &mut LaneState,
        settlement: &mut Option<SettlementId>,
        part: impl FnOnce(&mut Executor, &mut LaneState, &mut Option<SettlementId>) -> T,
    ) -> Result<T, String> {
        let savepoint = lane.journal.as_mut().map(|journal| journal.savepoint());
        let result = guarded(|| part(self, lane, settlement));
        if result.is_err()
            && let (Some(journal), Some(savepoint)) = (&mut lane.journal, savepoint)
        {
            for id in journal.back_to(savepoint) {
                // The end of the event, which goes on, holds its settlement.
                let _ = self.outbox.settlements.done(id);
            }
        }
        result
    }

    /// Runs a part of an event's end that the rest does not hang on, and tells of a panic; says whether it came to its own end.
    pub(super) fn attempt(
        &mut self,
        lane: &mut LaneState,
        record: &Record<'_>,
        settlement: &mut Option<SettlementId>,
        part: impl FnOnce(&mut Executor, &mut LaneState, &mut Option<SettlementId>),
    ) -> Result<(), String> {
        let result = self.part(lane, settlement, part);
        if let Err(message) = &result {
            tell(lane, record, message);
        }
        result
    }

    /// What is left of a panic: the run is thrown away, the event goes where poison goes.
    #[cold]
    pub(super) fn panicked(
        &mut self,
        lane: &mut LaneState,
        record: &Record<'_>,
        state: ExecutionState,
        settlement: Option<SettlementId>,
        message: String,
    ) {
        tell(lane, record, &message);
        *self.run = Run::default();
        self.checked = Heap::new();
        self.end_as_failed(lane, record, state, settlement, &Poison::Panicked(message));
    }
}

/// Tells of a panic, which is a bug: which event it was, and what was said. The message may show the event's text.
#[cold]
pub(super) fn tell(lane: &mut LaneState, record: &Record<'_>, message: &str) {
    lane.stats.metrics.counts.panics += 1;
    let partition = lane.partitions.get(&record.partition);
    tracing::error!(
        workflow = lane.workflow.name,
        topic = partition.map_or("", |partition| &*partition.topic),
        partition = partition.map_or(-1, |partition| partition.number),
        offset = record.offset,
        "a bug in stepstream ended an event, please report it: {}",
        message.escape_debug()
    );
}

/// Places on an event's way; tests let a panic happen there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// An event is copied, to be held or to wait for its turn.
    Hold,
    /// A run is given its input.
    Start,
    /// A run goes on.
    Advance,
    /// A run is given an answer.
    Resume,
    /// A run ends at its time limit.
    TimeOut,
    /// An execution goes into the table.
    Park,
    /// An execution comes out of it.
    Unpark,
    /// A record is written, of which a part stands in the log.
    Record,
    /// A record of an event that is refused is written in part.
    Refusal,
    /// Calls that nobody waits for are forgotten.
    Cancel,
    /// An output is written.
    Output,
    /// A dead letter is put together.
    DeadLetter,
    /// A reply is put together.
    Reply,
    /// A message is handed over.
    Send,
    /// A message that had to wait is handed over.
    Resend,
}

/// Passes a place of an event's way.
#[inline(always)]
pub(super) fn reach(_step: Step) {
    #[cfg(test)]
    super::tests::reach(_step);
}
