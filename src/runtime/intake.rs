//! The way of a lane's events into executions: at once, or when their turn has come.
//!
//! Events wait here for those before them in their line, for memory, or for work that the turn may still do. Must not
//! know what an execution comes to. Invariant: an event begins once, or ends as one that could not be kept.

use super::dispatch::Dispatch;
use super::event_asker::EventAsker;
use super::held::Held;
use super::kept::Kept;
use super::lane::Feed;
use super::ordering::LineId;
use super::workflow::{Mode, OnEmpty};
use crate::execution::account::MachineMeter;
use crate::execution::asker::Asker;
use crate::execution::executor::Executor;
use crate::execution::machine::{Loaded, Machine};
use crate::execution::steps::{Step, reach};
use crate::guard::guarded;
use crate::stream::Record;
use std::rc::Rc;

/// Most events that a workflow takes in one turn.
pub const BATCH_EVENTS_MAX: usize = 500;

/// A lane whose events are taken in, with what that takes.
pub(super) struct Intake<'a> {
    pub(super) executor: &'a mut Executor<Kept>,
    pub(super) dispatch: &'a mut Dispatch,
    pub(super) machine: &'a mut Machine,
    pub(super) feed: &'a mut Feed,
}

impl Intake<'_> {
    /// Takes an event from the source: it is held until its commit, or runs.
    pub(super) fn take_event(&mut self, version: &Rc<Loaded>, record: &Record<'_>) {
        if self.feed.workflow.mode == Mode::Sync {
            return self.feed.hold(record);
        }
        let Some(partition) = self.feed.partitions.get_mut(&record.partition) else {
            return;
        };
        if partition.until.is_none() && partition.tracker.begin(record.offset) {
            self.take(version, record);
        }
    }

    /// Runs an event whose offset was begun, unless it has to wait for its turn.
    fn take(&mut self, version: &Rc<Loaded>, record: &Record<'_>) {
        let line = self.feed.workflow.ordering.line(record);
        if let Some(line) = line
            && self.feed.lines.is_busy(line)
        {
            match copy(record, &self.feed.held) {
                Ok(event) => {
                    self.note_waiting(&event);
                    self.feed.lines.wait(line, event);
                }
                Err(message) => self.never_began(record, message),
            }
            return;
        }
        if !self.may_begin(record) {
            return self.put_off(record, line);
        }
        self.execute(version, record, line, false);
    }

    /// Takes a held event, as [`Intake::take`] does, without copying it.
    pub(super) fn take_held(&mut self, version: &Rc<Loaded>, event: Held) {
        let line = self.feed.workflow.ordering.line(&event.record());
        let is_behind = line.is_some_and(|line| self.feed.lines.is_busy(line));
        if !is_behind && self.may_begin(&event.record()) {
            return self.execute(version, &event.record(), line, false);
        }
        self.note_waiting(&event);
        match line {
            Some(line) if is_behind => return self.feed.lines.wait(line, event),
            Some(line) => self.feed.lines.begin(line),
            None => {}
        }
        self.feed.turns.push_back((line, event));
    }

    /// Lets an event wait until there is memory or work for its execution; it holds its line.
    #[cold]
    fn put_off(&mut self, record: &Record<'_>, line: Option<LineId>) {
        let event = match copy(record, &self.feed.held) {
            Ok(event) => event,
            Err(message) => return self.never_began(record, message),
        };
        self.note_waiting(&event);
        if let Some(line) = line {
            self.feed.lines.begin(line);
        }
        self.feed.turns.push_back((line, event));
    }

    /// Counts an event that waits for its turn.
    fn note_waiting(&mut self, event: &Held) {
        if let Some(partition) = self.feed.partitions.get_mut(&event.partition) {
            partition.waiting += 1;
        }
    }

    /// Ends an event that could not even be kept for later.
    #[cold]
    pub(super) fn never_began(&mut self, record: &Record<'_>, message: String) {
        let Some(partition) = self.feed.partitions.get_mut(&record.partition) else {
            return;
        };
        partition.running += 1;
        let mut asker = EventAsker::new(self.feed, self.dispatch, *record);
        self.executor.never_began(self.machine, &mut asker, message);
    }

    /// Runs the events whose turn in their line has come, and those for which there is memory or work again. One that is
    /// over lets the next of its line follow, so not all of a long line.
    pub(super) fn take_turns(&mut self) -> usize {
        let version = Rc::clone(&self.machine.version);
        for taken in 0..BATCH_EVENTS_MAX {
            let Some((_, next)) = self.feed.turns.front() else {
                return taken;
            };
            if !self.may_begin(&next.record()) {
                return taken;
            }
            let Some((line, event)) = self.feed.turns.pop_front() else {
                return taken;
            };
            if let Some(partition) = self.feed.partitions.get_mut(&event.partition) {
                partition.waiting -= 1;
            }
            self.execute(&version, &event.record(), line, true);
        }
        BATCH_EVENTS_MAX
    }

    /// Says whether an event may begin: there is work left in this turn, memory, and room for the messages that it will
    /// leave.
    fn may_begin(&self, record: &Record<'_>) -> bool {
        let bytes = record.value.map_or(0, <[u8]>::len);
        self.executor.may_begin(self.machine, bytes) && !self.dispatch.outbox.is_over(self.feed.index)
    }

    /// Runs an event. `holds_line`: its line is busy with it already.
    fn execute(&mut self, version: &Rc<Loaded>, record: &Record<'_>, line: Option<LineId>, holds_line: bool) {
        let on_empty = self.feed.workflow.on_empty;
        let Some(partition) = self.feed.partitions.get_mut(&record.partition) else {
            if let Some(line) = line.filter(|_| holds_line) {
                self.feed.leave_line(line);
            }
            return;
        };
        partition.running += 1;
        let asker = EventAsker::new(self.feed, self.dispatch, *record);
        let mut asker = asker.in_line(line, holds_line);
        let value = match record.value {
            Some(value) if !value.is_empty() => value,
            _ if on_empty == OnEmpty::Null => b"null",
            _ => return asker.over(),
        };
        asker.value = value;
        self.executor.begin(self.machine, version, &mut asker);
        // Charged afterwards, so that an execution that may begin also does something.
        self.executor.charge(value.len());
    }
}

/// Copies an event that is to run later.
///
/// # Errors
/// What a panic said.
pub(super) fn copy(record: &Record<'_>, meter: &MachineMeter) -> Result<Held, String> {
    guarded(|| {
        reach(Step::Hold);
        Held::copy(record, meter)
    })
}
