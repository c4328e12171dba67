//! An event of a partition asks for an execution: its name is the event's position, and its ending a message.
//!
//! Owns when an event is complete. Must not know how executions run, nor what messages say. Invariant: an event is
//! completed when everything it leaves behind is acknowledged, and at once when that is nothing.

use super::dispatch::Dispatch;
use super::event::Event;
use super::headers;
use super::kept::{Kept, KeptEvent};
use super::lane::Feed;
use super::ordering::LineId;
use super::position::push_position;
use super::refusal::Refusal;
use super::settlements::SettlementId;
use super::workflow::Mode;
use crate::execution::asker::{Asker, Ended, Ending, Failed, Input};
use crate::execution::journal::Receipt;
use crate::execution::machine::Machine;
use crate::execution::steps::{Step, reach};
use crate::guard::guarded;
use crate::program::Program;
use crate::stream::{Record, Sink, TopicId};
use crate::value::Heap;
use crate::vm::PAYLOAD_BYTES_MAX;
use std::fmt;

/// An event whose execution runs.
pub(super) struct EventAsker<'a> {
    pub(super) feed: &'a mut Feed,
    pub(super) dispatch: &'a mut Dispatch,
    pub(super) record: Record<'a>,
    /// What its execution is given, as it is or with the event's position.
    pub(super) value: &'a [u8],
    /// The line it runs in, and whether it keeps the line busy.
    line: Option<LineId>,
    holds_line: bool,
    /// What it leaves behind, once that is anything.
    settlement: Option<SettlementId>,
    /// Where it is replied to.
    pub(super) reply: Option<TopicId>,
}

impl<'a> EventAsker<'a> {
    /// Lets an event ask.
    pub(super) fn new(feed: &'a mut Feed, dispatch: &'a mut Dispatch, record: Record<'a>) -> EventAsker<'a> {
        EventAsker {
            feed,
            dispatch,
            record,
            value: b"",
            line: None,
            holds_line: false,
            settlement: None,
            reply: None,
        }
    }

    /// Lets the event of an execution that goes on ask again.
    pub(super) fn again(
        feed: &'a mut Feed,
        dispatch: &'a mut Dispatch,
        kept: &'a KeptEvent,
    ) -> EventAsker<'a> {
        EventAsker::new(feed, dispatch, kept.event.record()).in_line(kept.line, true)
    }

    /// Puts it into a line; `holds`: the line is busy with it already.
    pub(super) fn in_line(self, line: Option<LineId>, holds: bool) -> EventAsker<'a> {
        EventAsker {
            line,
            holds_line: holds,
            ..self
        }
    }

    /// Returns the settlement of what it leaves behind.
    pub(super) fn settlement(&mut self) -> SettlementId {
        let EventAsker {
            feed,
            dispatch,
            record,
            ..
        } = self;
        *self.settlement.get_or_insert_with(|| {
            feed.settling += 1;
            dispatch
                .outbox
                .settlements
                .open(feed.index, record.partition, record.offset, dispatch.now.ms)
        })
    }

    /// Runs a part of an event's end that the rest does not hang on, and tells of a panic.
    ///
    /// # Errors
    /// What the panic said.
    pub(super) fn attempt(
        &mut self,
        machine: &mut Machine,
        part: impl FnOnce(&mut EventAsker<'a>, &mut Machine),
    ) -> Result<(), String> {
        let result = guarded(|| part(self, machine));
        if let Err(message) = &result {
            self.panicked(machine, message);
        }
        result
    }

    /// Ends what stands for an event that a crash has cut off: it is named, not finished.
    pub(super) fn over_as_cut_off(&mut self) {
        let Some(id) = self.settlement.take() else {
            return;
        };
        self.dispatch.outbox.settlements.mark_cut_off(id);
        if let Some(partition) = self.feed.partitions.get_mut(&self.record.partition) {
            partition.precommit.naming += 1;
        }
        self.end_settlement(id);
    }

    /// Notes that nothing more is added to a settlement.
    fn end_settlement(&mut self, id: SettlementId) {
        if let Some(over) = self.dispatch.outbox.settlements.done(id) {
            self.feed.settled(&over);
        }
    }

    fn leave_line(&mut self) {
        if let Some(line) = self.line.filter(|_| self.holds_line) {
            self.feed.leave_line(line);
        }
    }
}

impl Asker for EventAsker<'_> {
    type Kept = Kept;

    type Refusal = Refusal;

    fn write_name(&self, out: &mut impl fmt::Write) -> fmt::Result {
        match self.feed.partitions.get(&self.record.partition) {
            Some(partition) => partition.namer.write(self.record.offset, out),
            None => Ok(()),
        }
    }

    fn write_event(&self, out: &mut Vec<u8>) -> bool {
        let partition = self.feed.partitions.get(&self.record.partition);
        if let Some(partition) = partition {
            out.push(b'{');
            push_position(&self.record, &partition.topic, partition.number, out);
            out.push(b'}');
        }
        partition.is_some()
    }

    fn is_sync(&self) -> bool {
        self.feed.workflow.mode == Mode::Sync
    }

    fn check(&self, program: &Program) -> Result<(), Refusal> {
        match program.uses_context || self.feed.reads_headers() {
            true => headers::check(self.record.headers).map_err(Refusal::Headers),
            false => Ok(()),
        }
    }

    fn input(&mut self) -> Result<Input<'_>, Refusal> {
        let text = self.value;
        if !self.feed.wraps_input() {
            return Ok(Input { text, around: 0 });
        }
        if text.len() > PAYLOAD_BYTES_MAX {
            return Err(Refusal::TooLarge(text.len()));
        }
        let Dispatch { checked, input, .. } = &mut *self.dispatch;
        // The value alone is indexed first: `1,"x":2` is not JSON, but would become two members of our object.
        checked.clear();
        checked
            .index(text)
            .map_err(|error| Refusal::Invalid(error.message.to_string()))?;
        input.clear();
        input.push(b'{');
        if let Some(partition) = self.feed.partitions.get(&self.record.partition) {
            push_position(&self.record, &partition.topic, partition.number, input);
        }
        input.extend_from_slice(b",\"value\":");
        input.extend_from_slice(text);
        input.push(b'}');
        Ok(Input {
            text: input,
            around: input.len() - text.len(),
        })
    }

    fn explain(&self, refusal: &Refusal) -> (&'static str, String) {
        (refusal.error(), refusal.cause(&self.record))
    }

    fn keep(&self) -> Kept {
        Kept::Event(KeptEvent {
            event: Event::copy(&self.record, self.feed.keep),
            line: self.line,
        })
    }

    fn kept_bytes(kept: &Kept) -> usize {
        kept.bytes()
    }

    fn parked(&mut self) {
        if let Some(line) = self.line
            && !std::mem::replace(&mut self.holds_line, true)
        {
            self.feed.lines.begin(line);
        }
    }

    fn expects(&mut self, machine: &mut Machine, succeeded: bool, sink: &mut dyn Sink) -> bool {
        let topic = match succeeded {
            true => self.feed.topics.output,
            false => self.feed.topics.dead_letter,
        };
        self.reply = self.reply_topic(machine, sink);
        topic.is_some() || self.reply.is_some()
    }

    fn ended(&mut self, machine: &mut Machine, ending: Ending<'_>) {
        let Ending { name, sink, ended } = ending;
        match ended {
            Ended::Succeeded { view, output } => {
                reach(Step::Output);
                let text = &mut self.dispatch.output;
                text.clear();
                match self.feed.workflow.dense_output {
                    true => view.write_dense(output, text),
                    false => view.write(output, text),
                }
                self.send_output(name, sink);
                // The output is sent, so the event did not fail, whatever becomes of its reply.
                let _ = self.attempt(machine, |asker, _| asker.send_reply(name, sink, None));
            }
            Ended::Failed(failed) => {
                let record = self.record;
                self.send_dead_letter(machine, &record, name, sink, &failed);
                // The dead letter is sent, so nothing else is to be said of the event when its reply breaks.
                let _ = self.attempt(machine, |asker, _| asker.send_reply(name, sink, Some(&failed)));
            }
        }
    }

    fn refused(&mut self, machine: &mut Machine, name: &str, sink: &mut dyn Sink, failed: &Failed<'_>) {
        if !self.feed.partitions.contains_key(&self.record.partition) {
            return;
        }
        self.bury(machine, name, sink, failed);
        let _ = self.attempt(machine, |asker, machine| {
            asker.reply = asker.reply_topic(machine, sink);
            asker.send_reply(name, sink, Some(failed));
        });
    }

    fn receipt(&mut self) -> Option<Receipt> {
        let id = self.settlement();
        self.dispatch.outbox.settlements.add(id);
        Some(Receipt(id.0))
    }

    fn take_back(&mut self, receipt: Receipt) {
        // The end of the event, which is still to come, holds the settlement open.
        let _ = self.dispatch.outbox.settlements.done(SettlementId(receipt.0));
    }

    #[cold]
    fn panicked(&mut self, machine: &mut Machine, message: &str) {
        self.dispatch.checked = Heap::new();
        machine.metrics.counts.panics += 1;
        let partition = self.feed.partitions.get(&self.record.partition);
        // The message may show the event's text.
        tracing::error!(
            workflow = machine.settings.name,
            topic = partition.map_or("", |partition| &*partition.topic),
            partition = partition.map_or(-1, |partition| partition.number),
            offset = self.record.offset,
            "a bug in stepstream ended an event, please report it: {}",
            message.escape_debug()
        );
    }

    fn over(&mut self) {
        match self.settlement.take() {
            Some(id) => self.end_settlement(id),
            None => self.feed.complete(self.record.partition, self.record.offset),
        }
        self.leave_line();
    }

    fn abandoned(&mut self) {
        self.leave_line();
    }
}
