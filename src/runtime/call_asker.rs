//! A caller asks for an execution: its name is the caller's choice, and its ending the answer.
//!
//! Owns that a caller is answered. Must not know how the call has come here. Invariant: a caller who was taken in is
//! answered once; one who is gone changes nothing.

use super::call::{CallEnd, INVALID_INPUT};
use super::caller::Caller;
use super::kept::Kept;
use super::lane::Feed;
use super::refusal::Refusal;
use crate::execution::asker::{Asker, Ended, Ending, Failed, Input};
use crate::execution::journal::Receipt;
use crate::execution::machine::Machine;
use crate::program::Program;
use crate::stream::Sink;
use crate::vm::PAYLOAD_BYTES_MAX;
use std::fmt;
use std::rc::Rc;

/// A caller whose execution runs.
pub(super) struct CallAsker<'a> {
    feed: &'a mut Feed,
    caller: Rc<Caller>,
    input: &'a [u8],
}

impl<'a> CallAsker<'a> {
    /// Lets a caller ask; `input` is what a new execution is given.
    pub(super) fn new(feed: &'a mut Feed, caller: Rc<Caller>, input: &'a [u8]) -> CallAsker<'a> {
        CallAsker { feed, caller, input }
    }

    fn fail(&self, failed: &Failed<'_>) {
        self.caller.answer(CallEnd::Failed {
            status: failed.status,
            error: failed.error.to_owned(),
            cause: failed.cause.to_owned(),
        });
    }
}

impl Asker for CallAsker<'_> {
    type Kept = Kept;

    type Refusal = Refusal;

    fn write_name(&self, out: &mut impl fmt::Write) -> fmt::Result {
        out.write_str(&self.caller.name)
    }

    fn write_event(&self, _out: &mut Vec<u8>) -> bool {
        false
    }

    fn is_sync(&self) -> bool {
        true
    }

    fn check(&self, _program: &Program) -> Result<(), Refusal> {
        Ok(())
    }

    fn input(&mut self) -> Result<Input<'_>, Refusal> {
        Ok(Input {
            text: self.input,
            around: 0,
        })
    }

    fn explain(&self, refusal: &Refusal) -> (&'static str, String) {
        let cause = match refusal {
            Refusal::Invalid(message) => format!("The input is not JSON: {message}"),
            Refusal::TooLarge(bytes) => {
                format!("The input has {bytes} bytes; an execution takes at most {PAYLOAD_BYTES_MAX}.")
            }
            Refusal::Headers(refused) => refused.cause(),
        };
        (INVALID_INPUT, cause)
    }

    fn keep(&self) -> Kept {
        Kept::Caller(Rc::clone(&self.caller))
    }

    fn kept_bytes(kept: &Kept) -> usize {
        kept.bytes()
    }

    fn parked(&mut self) {}

    fn expects(&mut self, _machine: &mut Machine, _succeeded: bool, _sink: &mut dyn Sink) -> bool {
        true
    }

    fn ended(&mut self, _machine: &mut Machine, ending: Ending<'_>) {
        match ending.ended {
            Ended::Succeeded { view, output } => self.caller.answer(CallEnd::Succeeded {
                output: view.to_json(output),
            }),
            Ended::Failed(failed) => self.fail(&failed),
        }
    }

    fn refused(&mut self, _machine: &mut Machine, _name: &str, _sink: &mut dyn Sink, failed: &Failed<'_>) {
        self.fail(failed);
    }

    /// A caller does not wait for records: they are written whether there was an answer or not.
    fn receipt(&mut self) -> Option<Receipt> {
        None
    }

    fn take_back(&mut self, _receipt: Receipt) {}

    #[cold]
    fn panicked(&mut self, machine: &mut Machine, message: &str) {
        machine.metrics.counts.panics += 1;
        // The message may show the input's text.
        tracing::error!(
            workflow = machine.settings.name,
            execution = %self.caller.name.escape_debug(),
            "a bug in stepstream ended an execution, please report it: {}",
            message.escape_debug()
        );
    }

    fn over(&mut self) {
        self.feed.calls -= 1;
    }

    fn abandoned(&mut self) {
        self.feed.calls -= 1;
        self.caller.answer(CallEnd::Stopped);
    }
}
