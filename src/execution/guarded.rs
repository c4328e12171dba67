//! What a panic on an execution's way comes to: the end of that execution, and of nothing else.
//!
//! Owns the wall around each part of the way, and what is taken back behind it. Must not know what the parts do.
//! Invariant: after a panic no half record is in the log, nothing waits for what was not written, and it has been told.

use super::asker::Asker;
use super::ending::Broken;
use super::executor::Executor;
use super::machine::Machine;
use super::state::ExecutionState;
use crate::guard::guarded;
use crate::vm::Run;

impl<K> Executor<K> {
    /// Runs a part of an execution's way. After a panic the records that it wrote are gone, and nothing waits for them.
    ///
    /// # Errors
    /// What the panic said.
    pub(crate) fn part<A: Asker<Kept = K>, T>(
        &mut self,
        machine: &mut Machine,
        asker: &mut A,
        part: impl FnOnce(&mut Executor<K>, &mut Machine, &mut A) -> T,
    ) -> Result<T, String> {
        let savepoint = machine.journal.as_mut().map(|journal| journal.savepoint());
        let result = guarded(|| part(self, machine, asker));
        if result.is_err()
            && let (Some(journal), Some(savepoint)) = (&mut machine.journal, savepoint)
        {
            journal
                .back_to(savepoint)
                .for_each(|receipt| asker.take_back(receipt));
        }
        result
    }

    /// Runs a part of an execution's end that the rest does not hang on, and tells of a panic.
    pub(crate) fn attempt<A: Asker<Kept = K>>(
        &mut self,
        machine: &mut Machine,
        asker: &mut A,
        part: impl FnOnce(&mut Executor<K>, &mut Machine, &mut A),
    ) {
        if let Err(message) = self.part(machine, asker, part) {
            asker.panicked(machine, &message);
        }
    }

    /// What is left of a panic: the run is thrown away, and the execution ends as broken.
    #[cold]
    pub(crate) fn panicked<A: Asker<Kept = K>>(
        &mut self,
        machine: &mut Machine,
        asker: &mut A,
        state: ExecutionState,
        message: String,
    ) {
        asker.panicked(machine, &message);
        *self.run = Run::default();
        self.end_as_failed(machine, asker, state, &Broken::Panicked(message));
    }
}
