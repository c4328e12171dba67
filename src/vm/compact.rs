//! Bounds the memory of a run: what no frame can reach any more is dropped at a state's end and
//! whenever a frame goes on, and what one execution may hold at all has a limit.

use super::event::Event;
use super::fault::Raised;
use super::frame::{Activity, FrameId};
use super::request::Request;
use super::run::Run;
use super::work::Work;
use crate::program::Program;
use crate::value::ValueRef;

/// Most bytes that an execution may hold at a time, unless [`Run::limit_memory`] says less. AWS has no such limit in
/// its documents; offsets in a heap are 32 bits, and a Map in a Map in a Map keeps 64,000 payloads.
pub const MEMORY_BYTES_MAX: usize = 1 << 30;

/// Bytes of values above which a run with kept events pauses, so that the driver takes them.
const PAUSE_BYTES: usize = 256 << 20;

impl Run {
    /// Sets how many bytes the execution may hold, at most [`MEMORY_BYTES_MAX`]: it fails when it holds more. From
    /// `pause_at` on it pauses, as when its work is spent, and [`Run::is_paused`] says so. Holds until it is set anew.
    pub fn limit_memory(&mut self, bytes: usize, pause_at: usize) {
        self.memory_max = bytes.min(MEMORY_BYTES_MAX);
        self.pause_at = pause_at.min(self.memory_max);
        self.compact_at = self.compact_at.min(self.pause_at);
        self.withheld = None;
    }

    /// Says whether the execution has paused since its memory was limited, since it holds as much as it may for now.
    pub fn is_paused(&self) -> bool {
        self.withheld.is_some()
    }

    /// Returns how much work is left of the grant, that included which a pause has taken away.
    pub fn work_left(&self) -> u64 {
        self.work.left() + self.withheld.unwrap_or(0)
    }

    /// Ends the turn of the execution: without work it stops at the next place where it can.
    #[cold]
    fn pause(&mut self) {
        self.withheld = Some(self.work_left());
        self.work = Work::of(0);
    }

    /// Compacts the heap if it has grown to twice what lived after the last time, and a floor. Says
    /// whether kept events hold so much that the driver should take them.
    #[inline]
    pub(super) fn compact_if_due(&mut self, frame: FrameId) -> bool {
        if self.heap.bytes().0 <= self.compact_at {
            return false;
        }
        self.compact(frame);
        self.heap.bytes().0 > PAUSE_BYTES && !self.events.is_empty()
    }

    /// Compacts the heap if that is due, then refuses to go on when the execution takes more memory than it may.
    #[inline]
    pub(super) fn keep_within_memory(&mut self, program: &Program, frame: FrameId) -> Result<(), Raised> {
        // One sum instead of two, for what is nearly always so: too little is held for either.
        if self.held_bytes() <= self.compact_at.min(self.pause_at) {
            return Ok(());
        }
        self.compact_if_due(frame);
        self.check_memory(program)
    }

    /// Refuses to go on when the execution takes more memory than it may.
    #[inline]
    pub(super) fn check_memory(&mut self, program: &Program) -> Result<(), Raised> {
        if self.held_bytes() <= self.pause_at {
            return Ok(());
        }
        if self.held_bytes() > self.memory_max {
            return Err(self.out_of_memory(program));
        }
        self.pause();
        Ok(())
    }

    /// Returns how many bytes the execution holds: values, those included that nobody needs any more until the heap is
    /// compacted, frames and kept events.
    #[inline]
    pub fn held_bytes(&self) -> usize {
        self.heap.bytes().0 + self.frame_bytes + self.events.len() * size_of::<Event>()
    }

    /// The name is AWS's for data that are too large; the text is ours.
    #[cold]
    fn out_of_memory(&mut self, program: &Program) -> Raised {
        let state = &program.states[self.current.state.at()].name;
        let cause = format!(
            "The execution holds {} bytes of memory at the state/task '{state}', and may hold {}.",
            self.held_bytes(),
            self.memory_max
        );
        self.data_limit_exceeded(program, &cause, false)
    }

    #[cold]
    fn compact(&mut self, frame: FrameId) {
        self.frames[frame.at()].registers = self.current;
        // A little is left: each grant lets an operation through, also when it begins with this.
        let most = self.work.left().saturating_sub(1);
        self.work.charge((self.heap.bytes().0 as u64).min(most) as usize);
        self.compact_now();
        self.current = self.frames[frame.at()].registers;
        let live = self.heap.bytes().0;
        self.compact_at = match self.compaction_floor {
            0 => 0,
            // Near the limit more often: nothing fails for what it does not need any more, as long as that is a fifth.
            floor => (live * 2).max(floor).min(self.memory_max).max(live + live / 4),
        };
        if self.pause_at >= self.memory_max {
            // It waits for nobody: it fails when it comes to its limit.
            return;
        }
        // A little is left to grow, or it would be compacted for each value.
        if live + live / 16 > self.pause_at {
            self.pause();
        } else {
            self.compact_at = self.compact_at.min(self.pause_at);
        }
    }

    /// Drops the values that nobody needs; the registers of all frames are in the frames.
    pub(super) fn compact_now(&mut self) {
        let mut compaction = std::mem::take(&mut self.compaction);
        if self.stack.is_empty() {
            // Not in the middle of a template: what the last walk has found is of no use any more.
            self.found.clear();
        }
        self.each_root(|value| compaction.keep(*value));
        for frame in self
            .frames
            .iter()
            .filter(|frame| matches!(frame.activity, Activity::Container(_)))
        {
            compaction.keep_slots(frame.children.results, frame.children.total as usize);
        }
        compaction.run(&mut self.heap);
        self.compacted = self.heap.bytes().0;
        self.each_root(|value| *value = compaction.moved(*value));
        for frame in self
            .frames
            .iter_mut()
            .filter(|frame| matches!(frame.activity, Activity::Container(_)))
        {
            frame.children.results = compaction.moved_slots(frame.children.results);
        }
        self.compaction = compaction;
    }

    /// Visits every value that is still needed.
    fn each_root(&mut self, mut visit: impl FnMut(&mut ValueRef)) {
        let mut visit = |value: &mut ValueRef| {
            if !value.is_none() {
                visit(value);
            }
        };
        for frame in self
            .frames
            .iter_mut()
            .filter(|frame| frame.activity != Activity::Free)
        {
            frame.values().for_each(&mut visit);
        }
        self.stack.iter_mut().for_each(&mut visit);
        self.found.iter_mut().for_each(&mut visit);
        self.events
            .iter_mut()
            .for_each(|event| event.values().into_iter().for_each(&mut visit));
        self.traced.iter_mut().for_each(|traced| visit(&mut traced.value));
        for request in &mut self.requests {
            if let Request::Task(task) = request {
                visit(&mut task.parameters);
                visit(&mut task.credentials);
            }
        }
        // An execution whose last answer made it fail may have to wait before its end is heard.
        let outcome = &mut self.outcome;
        [&mut outcome.output, &mut outcome.error, &mut outcome.cause]
            .into_iter()
            .for_each(&mut visit);
        let context = &mut self.context;
        [
            &mut context.execution,
            &mut context.state_machine,
            &mut context.whole,
        ]
        .into_iter()
        .for_each(visit);
    }
}
