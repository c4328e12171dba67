//! What the parts of a shard take of its memory, brought together on its account.
//!
//! Must not know what follows when memory is short, which `execution::account` says. Invariant: the account is up to date
//! when a turn begins events, and again when it is over.

use super::shard::Shard;
use crate::metrics::MemoryUse;

impl Shard {
    /// Returns how many bytes the executions take that wait, with what they were called with and wait for.
    pub fn parked_bytes(&self) -> usize {
        self.executor.account.parked
    }

    /// Returns how many bytes are on the shard's account, and how many that may be: sources pause a quarter below.
    pub fn memory(&self) -> (usize, usize) {
        (self.executor.account.used(), self.executor.account.end)
    }

    /// Brings the account up to date, and gives back what a giant has left behind.
    pub(super) fn reckon(&mut self) {
        let Shard { executor, lanes, .. } = self;
        executor.run.shrink(executor.account.kept_max());
        executor.account.running = executor.run.bytes().1 + executor.pool_bytes;
        // Also while sources are paused: what lies in the pool could keep them so for ever.
        if executor.account.is_short() || executor.account.is_paused() {
            executor.account.running -= executor.pool_bytes;
            executor.empty_pool();
        }
        let read = lanes
            .iter()
            .map(|(index, lane)| (index, !lane.feed.partitions.is_empty() || lane.feed.calls > 0));
        executor.account.share_out(read);
        let (mut logged, mut lossy) = (0, 0);
        for machine in lanes.iter_mut().map(|(_, lane)| &mut lane.machine) {
            let blocks = machine.settings.log.is_some_and(|log| log.block);
            let bytes = machine
                .journal
                .as_mut()
                .map_or(0, |journal| journal.buffer.bytes());
            *if blocks { &mut logged } else { &mut lossy } += bytes;
        }
        // A log that may drop records never holds anybody up. It has a limit of its own, which is set aside.
        executor.account.logged = logged;
        self.metrics.memory.report(&MemoryUse {
            running: executor.account.running,
            parked: executor.account.parked,
            held: executor.account.held.get(),
            unsent: executor.account.unsent.get(),
            logs: logged + lossy,
        });
    }
}
