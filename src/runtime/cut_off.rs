//! Events that were committed before they ran, and whose execution a crash has cut off: they are named.
//!
//! Must not know how executions run. Invariant: until one is named, each commit names it again.

use super::event_asker::EventAsker;
use super::intake::Intake;
use super::refusal::CUT_OFF;
use crate::execution::asker::Failed;
use crate::stream::{PartitionId, Record};

impl Intake<'_> {
    /// Names an event that a crash has cut off. Of the event itself nothing is known but where it stood.
    #[cold]
    pub(super) fn cut_off(&mut self, id: PartitionId, offset: i64) {
        self.machine.metrics.counts.cut_off += 1;
        let Some(partition) = self.feed.partitions.get_mut(&id) else {
            return;
        };
        // Once it is named a commit forgets it: nobody names it again.
        partition.tracker.commit_again();
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
        let mut asker = EventAsker::new(self.feed, self.dispatch, record);
        let executor = &mut *self.executor;
        executor.log_failure(self.machine, &mut asker, &failed, 0);
        asker.bury(self.machine, &executor.name, &mut *executor.sink, &failed);
        asker.over_as_cut_off();
    }
}
