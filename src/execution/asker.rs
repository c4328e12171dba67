//! Who asks for executions, and what an ending means to them.
//!
//! An execution does not know why it runs: an [`Asker`] gives it a name and an input, and decides what its ending comes
//! to. A shard has askers of its own kind, which [`Askers`] finds again for an execution that has waited. Must not know
//! what an asker does. Invariant: an asker hears once that its execution is [over](Asker::over) or
//! [abandoned](Asker::abandoned), after all that the execution leaves behind.

use super::journal::Receipt;
use super::machine::Machine;
use crate::program::Program;
use crate::stream::Sink;
use crate::value::{ValueRef, View};
use crate::vm::StartError;
use std::fmt;

/// What an execution is given.
#[derive(Clone, Copy)]
pub(crate) struct Input<'a> {
    /// JSON.
    pub(crate) text: &'a [u8],
    /// How many bytes of it were written around what was asked with; see [`crate::vm::Run::start_wrapped`].
    pub(crate) around: usize,
}

/// How an execution has failed, in words.
#[derive(Clone, Copy)]
pub(crate) struct Failed<'a> {
    pub(crate) status: &'static str,
    pub(crate) error: &'a str,
    pub(crate) cause: &'a str,
}

/// How an execution has ended.
pub(crate) enum Ended<'a> {
    /// With an output.
    Succeeded {
        /// Reads the output.
        view: View<'a>,
        output: ValueRef,
    },
    /// Without.
    Failed(Failed<'a>),
}

/// The end of an execution.
pub(crate) struct Ending<'a> {
    /// The execution's name.
    pub(crate) name: &'a str,
    /// Where messages go.
    pub(crate) sink: &'a mut dyn Sink,
    pub(crate) ended: Ended<'a>,
}

/// Who has asked for one execution, while it runs.
pub(crate) trait Asker {
    /// What is kept of it while its execution waits.
    type Kept;

    /// Why its execution cannot begin.
    type Refusal: From<StartError>;

    /// Writes the execution's name: the same one whenever the same is asked for.
    ///
    /// # Errors
    /// Those of `out`.
    fn write_name(&self, out: &mut impl fmt::Write) -> fmt::Result;

    /// Appends what the context object shows of who asked, a JSON object; says whether there is any.
    fn write_event(&self, out: &mut Vec<u8>) -> bool;

    /// Says whether somebody waits for the answer.
    fn is_sync(&self) -> bool;

    /// Looks whether the execution may begin.
    ///
    /// # Errors
    /// When it may not.
    fn check(&self, program: &Program) -> Result<(), Self::Refusal>;

    /// Returns what the execution is given.
    ///
    /// # Errors
    /// When that cannot be told.
    fn input(&mut self) -> Result<Input<'_>, Self::Refusal>;

    /// Returns the error and the cause of an execution that cannot begin.
    fn explain(&self, refusal: &Self::Refusal) -> (&'static str, String);

    /// Copies what is needed later, for an execution that has to wait.
    fn keep(&self) -> Self::Kept;

    /// Returns how many bytes are kept, beside the value itself.
    fn kept_bytes(kept: &Self::Kept) -> usize;

    /// Hears that the execution waits from now on.
    fn parked(&mut self);

    /// Finds out who is to be told of an ending; says whether anybody is.
    fn expects(&mut self, machine: &mut Machine, succeeded: bool, sink: &mut dyn Sink) -> bool;

    /// Hears how an execution has ended that it [expects](Asker::expects) to hear of. A panic is the caller's to catch.
    fn ended(&mut self, machine: &mut Machine, ending: Ending<'_>);

    /// Hears why an execution did not begin, or broke. Lets no panic out: what cannot be told is left out.
    fn refused(&mut self, machine: &mut Machine, name: &str, sink: &mut dyn Sink, failed: &Failed<'_>);

    /// Leaves something open until the records written so far are out, and returns a receipt for it; none if
    /// nothing waits for records.
    fn receipt(&mut self) -> Option<Receipt>;

    /// Takes a receipt back whose records were not written after all.
    fn take_back(&mut self, receipt: Receipt);

    /// Hears of a panic on the execution's way, which is a bug, and tells of it.
    fn panicked(&mut self, machine: &mut Machine, message: &str);

    /// Hears that the execution is over, and nothing more comes of it.
    fn over(&mut self);

    /// Hears that the execution was dropped, and nothing comes of it.
    fn abandoned(&mut self);
}

/// All who ask for executions on a shard, and the machines that they ask for.
pub(crate) trait Askers {
    /// See [`Asker::Kept`].
    type Kept;

    /// One of them.
    type Asker<'a>: Asker<Kept = Self::Kept>
    where
        Self: 'a;

    /// Returns a machine.
    fn machine(&self, index: u32) -> &Machine;

    /// Finds who has asked for an execution of a machine that goes on.
    fn find<'a>(&'a mut self, machine: u32, kept: &'a Self::Kept) -> (&'a mut Machine, Self::Asker<'a>);
}
