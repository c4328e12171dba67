//! All who ask for executions on a shard: events and callers.
//!
//! A new execution is begun for one kind of asker, so that an event's way is compiled for events alone; an execution that
//! has waited finds here which kind has asked. Must not know what either does.

use super::call_asker::CallAsker;
use super::dispatch::Dispatch;
use super::event_asker::EventAsker;
use super::kept::Kept;
use super::lane::{Lane, Lanes};
use super::refusal::Refusal;
use crate::execution::asker::{Asker, Askers, Ending, Failed, Input};
use crate::execution::journal::Receipt;
use crate::execution::machine::Machine;
use crate::program::Program;
use crate::stream::Sink;
use std::fmt;
use std::rc::Rc;

/// All who ask for executions on a shard.
pub(super) struct ShardAskers<'s> {
    pub(super) lanes: &'s mut Lanes,
    pub(super) dispatch: &'s mut Dispatch,
}

/// One of them.
pub(super) enum AnyAsker<'a> {
    Event(EventAsker<'a>),
    Call(CallAsker<'a>),
}

impl Askers for ShardAskers<'_> {
    type Kept = Kept;

    type Asker<'a>
        = AnyAsker<'a>
    where
        Self: 'a;

    fn machine(&self, index: u32) -> &Machine {
        &self.lanes[index as usize].machine
    }

    fn find<'a>(&'a mut self, machine: u32, kept: &'a Kept) -> (&'a mut Machine, AnyAsker<'a>) {
        let Lane { machine, feed, .. } = &mut self.lanes[machine as usize];
        let asker = match kept {
            Kept::Event(kept) => AnyAsker::Event(EventAsker::again(feed, self.dispatch, kept)),
            // Its input is in its execution.
            Kept::Caller(caller) => AnyAsker::Call(CallAsker::new(feed, Rc::clone(caller), b"")),
        };
        (machine, asker)
    }
}

/// Passes something on to whoever has asked.
macro_rules! pass_on {
    ($asker:expr, $known:ident => $what:expr) => {
        match $asker {
            AnyAsker::Event($known) => $what,
            AnyAsker::Call($known) => $what,
        }
    };
}

impl Asker for AnyAsker<'_> {
    type Kept = Kept;

    type Refusal = Refusal;

    fn write_name(&self, out: &mut impl fmt::Write) -> fmt::Result {
        pass_on!(self, asker => asker.write_name(out))
    }

    fn write_event(&self, out: &mut Vec<u8>) -> bool {
        pass_on!(self, asker => asker.write_event(out))
    }

    fn is_sync(&self) -> bool {
        pass_on!(self, asker => asker.is_sync())
    }

    fn check(&self, program: &Program) -> Result<(), Refusal> {
        pass_on!(self, asker => asker.check(program))
    }

    fn input(&mut self) -> Result<Input<'_>, Refusal> {
        pass_on!(self, asker => asker.input())
    }

    fn explain(&self, refusal: &Refusal) -> (&'static str, String) {
        pass_on!(self, asker => asker.explain(refusal))
    }

    fn keep(&self) -> Kept {
        pass_on!(self, asker => asker.keep())
    }

    fn kept_bytes(kept: &Kept) -> usize {
        kept.bytes()
    }

    fn parked(&mut self) {
        pass_on!(self, asker => asker.parked());
    }

    fn expects(&mut self, machine: &mut Machine, succeeded: bool, sink: &mut dyn Sink) -> bool {
        pass_on!(self, asker => asker.expects(machine, succeeded, sink))
    }

    fn ended(&mut self, machine: &mut Machine, ending: Ending<'_>) {
        pass_on!(self, asker => asker.ended(machine, ending));
    }

    fn refused(&mut self, machine: &mut Machine, name: &str, sink: &mut dyn Sink, failed: &Failed<'_>) {
        pass_on!(self, asker => asker.refused(machine, name, sink, failed));
    }

    fn receipt(&mut self) -> Option<Receipt> {
        pass_on!(self, asker => asker.receipt())
    }

    fn take_back(&mut self, receipt: Receipt) {
        pass_on!(self, asker => asker.take_back(receipt));
    }

    #[cold]
    fn panicked(&mut self, machine: &mut Machine, message: &str) {
        pass_on!(self, asker => asker.panicked(machine, message));
    }

    fn over(&mut self) {
        pass_on!(self, asker => asker.over());
    }

    fn abandoned(&mut self) {
        pass_on!(self, asker => asker.abandoned());
    }
}
