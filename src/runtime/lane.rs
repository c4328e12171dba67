//! One workflow on one shard: its source, its machine, its partitions, its limits.
//!
//! A shard is a few lanes side by side. A lane's [`Feed`] owns the account of what is begun in each partition; it must
//! not know how an execution runs. Invariant: an offset that was begun is completed once, here, and only while its
//! partition is here.

use super::event::Keep;
use super::held::Held;
use super::lane_id::LaneId;
use super::limits::Limit;
use super::ordering::{LineId, Lines};
use super::partition::Partition;
use super::parts::{LaneParts, Renew};
use super::refusal::{CUT_OFF, EVENT_TOO_LARGE, INVALID_EVENT};
use super::removed::Leaving;
use super::settlements::Settlement;
use super::workflow::{Input, Mode, Workflow};
use crate::execution::account::MachineMeter;
use crate::execution::machine::Machine;
use crate::stream::topics::NamedTopics;
use crate::stream::{PartitionId, Source, TopicId};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

/// Most topics that events name for replies and that are open at a time; beyond it the one that was not used for longest
/// is closed.
pub(super) const REPLY_TOPICS_MAX: usize = 1_000;

/// Most of them that no reply has reached yet: names that events make up do not close topics that exist.
pub(super) const UNTRIED_TOPICS_MAX: usize = 500;

/// Sync: batches that are held ready. Events come in long rows of one partition, and a partition waits for its
/// commit: others must be at hand meanwhile.
const HELD_BATCHES: usize = 4;

/// What of a limit on executions callers may have on top of it, as a divisor: events that fill it do not keep them out.
pub(super) const CALLERS: usize = 8;

/// Most events of a workflow that wait for messages or log records on their way; beyond it it takes no more.
const SETTLING_MAX: usize = 50_000;

/// The workflows of a shard, each by its number.
pub(super) type Lanes = slab::Slab<Lane>;

/// One workflow on one shard. Its source is apart, since records are borrowed from it while they run.
pub(super) struct Lane {
    pub(super) id: LaneId,
    pub(super) source: Box<dyn Source>,
    pub(super) machine: Machine,
    pub(super) feed: Feed,
    pub(super) renew: Option<Renew>,
    pub(super) leaving: Leaving,
}

/// What feeds a machine: the partitions of a workflow, and what waits of them.
pub(super) struct Feed {
    /// The number of the lane.
    pub(super) index: u32,
    pub(super) workflow: Arc<Workflow>,
    pub(super) partitions: FxHashMap<PartitionId, Partition>,
    pub(super) lines: Lines,
    /// Events whose turn in their line has come, and those that wait for memory; they hold their line, if any.
    pub(super) turns: VecDeque<(Option<LineId>, Held)>,
    /// Where events that are held are counted.
    pub(super) held: MachineMeter,
    /// How large the next events are thought to be: as large as the last ones, and at first as large as can be.
    pub(super) event_bytes: usize,
    limit: Limit,
    span_limit: Limit,
    /// Events that wait for messages or log records on their way.
    pub(super) settling: usize,
    /// Executions of callers that are not over.
    pub(super) calls: usize,
    /// Those that have begun since events were last taken.
    pub(super) new_calls: usize,
    /// Set when the lane or the shard is to stop: until when executions may run.
    pub(super) stops_at: Option<Instant>,
    settling_limit: Limit,
    pub(super) topics: Topics,
    /// What of an event a waiting execution needs later.
    pub(super) keep: Keep,
    /// Whether the source has no more events.
    pub(super) has_ended: bool,
    /// Whether a limit keeps it from taking events.
    pub(super) is_paused: bool,
    /// Set when the lane is to go: until when its executions may run.
    pub(super) leaves_at: Option<Instant>,
    pub(super) next_commit_ms: i64,
}

/// The lane's destinations, resolved.
pub(super) struct Topics {
    pub(super) output: Option<TopicId>,
    pub(super) dead_letter: Option<TopicId>,
    pub(super) reply: Option<TopicId>,
    /// Topics that events named for their replies, and that may be written to.
    pub(super) replies: NamedTopics,
    /// When a reply that cannot go where the event says is told again.
    pub(super) refusal_told_until_ms: i64,
}

impl Topics {
    fn of(workflow: &Workflow, mut topic: impl FnMut(&str) -> TopicId) -> Topics {
        let dead_letter = workflow.dead_letter.as_ref();
        Topics {
            output: workflow.output.as_deref().map(&mut topic),
            dead_letter: dead_letter.map(|letter| topic(&letter.topic)),
            reply: workflow.reply.as_deref().map(&mut topic),
            replies: NamedTopics::new(REPLY_TOPICS_MAX, UNTRIED_TOPICS_MAX),
            refusal_told_until_ms: 0,
        }
    }
}

impl Lane {
    /// Puts a lane together: its name, where its held events are counted, and what opens a topic.
    pub(super) fn new(
        id: LaneId,
        parts: LaneParts,
        held: MachineMeter,
        topic: impl FnMut(&str) -> TopicId,
    ) -> Lane {
        let LaneParts {
            workflow,
            version,
            renew,
            source,
            journal,
            mut stats,
        } = parts;
        for error in [INVALID_EVENT, EVENT_TOO_LARGE, CUT_OFF] {
            stats.metrics.expect_error(error);
        }
        let settings = workflow.machine.clone();
        let index = id.index;
        Lane {
            id,
            source,
            machine: Machine::new(index, settings, version, journal, stats.metrics),
            feed: Feed::new(index, workflow, held, topic),
            renew,
            leaving: Leaving::default(),
        }
    }

    /// Takes up another version of the definition, if there is one.
    pub(super) fn take_up(&mut self) {
        if let Some(version) = self.renew.as_mut().and_then(|renew| renew()) {
            self.machine.publish(version);
        }
    }
}

impl Topics {
    /// Returns all of them that are open.
    pub(super) fn open(&self) -> impl Iterator<Item = TopicId> + '_ {
        let configured = [self.output, self.dead_letter, self.reply];
        configured.into_iter().flatten().chain(self.replies.ids())
    }
}

impl Feed {
    fn new(
        index: u32,
        workflow: Arc<Workflow>,
        held: MachineMeter,
        topic: impl FnMut(&str) -> TopicId,
    ) -> Feed {
        let keep = match (&workflow.dead_letter, workflow.mode, &workflow.output) {
            (Some(_), _, _) => Keep::Whole,
            (None, Mode::Sync, _) => Keep::KeyAndHeaders,
            (None, Mode::Async, Some(_)) => Keep::Key,
            (None, Mode::Async, None) => Keep::Position,
        };
        Feed {
            index,
            partitions: FxHashMap::default(),
            lines: Lines::default(),
            turns: VecDeque::new(),
            held,
            event_bytes: crate::vm::PAYLOAD_BYTES_MAX,
            limit: Limit::new(workflow.max_in_flight),
            span_limit: Limit::new(workflow.max_offset_span.max(1) as usize),
            settling: 0,
            calls: 0,
            new_calls: 0,
            stops_at: None,
            settling_limit: Limit::new(SETTLING_MAX),
            topics: Topics::of(&workflow, topic),
            keep,
            has_ended: false,
            is_paused: false,
            leaves_at: None,
            next_commit_ms: 0,
            workflow,
        }
    }

    /// Finishes an event.
    pub(super) fn complete(&mut self, partition: PartitionId, offset: i64) {
        if let Some(partition) = self.partitions.get_mut(&partition) {
            partition.running -= 1;
            partition.tracker.complete(offset);
        }
    }

    /// Finishes the event of a settlement that is over.
    pub(super) fn settled(&mut self, settlement: &Settlement) {
        self.settling -= 1;
        if !settlement.cut_off {
            self.complete(settlement.partition, settlement.offset);
        } else if let Some(partition) = self.partitions.get_mut(&settlement.partition) {
            partition.precommit.naming -= 1;
        }
    }

    /// Lets the next event of a line have its turn.
    pub(super) fn leave_line(&mut self, line: LineId) {
        if let Some(next) = self.lines.end(line) {
            self.turns.push_back((Some(line), next));
        }
    }

    /// Says whether another execution of a caller may begin, beside so many that wait.
    pub(super) fn has_room_for_call(&mut self, parked: usize) -> bool {
        let waiting = self.lines.waiting() + self.turns.len() + self.held_ahead();
        self.limit.room(parked + waiting) > 0 || self.calls < self.limit.part(CALLERS)
    }

    /// Says whether it has begun to end: no more events come, and no callers.
    pub(super) fn is_ending(&self) -> bool {
        self.has_ended || self.stops_at.is_some()
    }

    /// Returns until when executions of callers may run, if there are any and they have to end.
    pub(super) fn calls_until(&self) -> Option<Instant> {
        self.stops_at.filter(|_| self.calls > 0)
    }

    /// Returns how many events may be taken now, beside so many executions that wait.
    pub(super) fn room(&mut self, parked: usize) -> usize {
        let waiting = self.lines.waiting() + self.turns.len();
        let held = self.held_ahead();
        let room = self.limit.room(parked + waiting + held);
        let room = room.min(self.settling_limit.room(self.settling));
        let spans = self.partitions.values().map(|partition| partition.tracker.span());
        let span = spans.max().unwrap_or(0).max(0) as usize;
        if self.span_limit.room(span) == 0 {
            return 0;
        }
        match self.workflow.mode {
            Mode::Async => room,
            Mode::Sync => room.min((HELD_BATCHES * self.workflow.sync_batch_max).saturating_sub(held)),
        }
    }

    /// Returns how many events are taken ahead of their commit.
    fn held_ahead(&self) -> usize {
        match self.workflow.mode {
            Mode::Async => 0,
            Mode::Sync => self.held_events(),
        }
    }

    /// Returns how many events wait for the commit that lets them run.
    fn held_events(&self) -> usize {
        let partitions = self.partitions.values();
        partitions.map(|partition| partition.precommit.events()).sum()
    }

    /// Returns how many events and calls are begun and not finished, or wait.
    pub(super) fn unfinished(&self) -> usize {
        let running: usize = self.partitions.values().map(|partition| partition.running).sum();
        running + self.calls + self.held_events() + self.lines.waiting() + self.turns.len()
    }

    /// Says whether the headers of events are copied or looked at, whatever the definition is.
    pub(super) fn reads_headers(&self) -> bool {
        matches!(self.keep, Keep::KeyAndHeaders | Keep::Whole) || self.wraps_input()
    }

    /// Says whether an execution's input is more than the event's value.
    pub(super) fn wraps_input(&self) -> bool {
        self.workflow.input == Input::Record
    }
}

#[cfg(test)]
impl Lane {
    /// Names what may not be over yet, each with whether it is not.
    pub(super) fn leftovers(&self) -> [(bool, &'static str); 5] {
        let journal = self.machine.journal.as_ref();
        [
            (self.feed.unfinished() > 0, "unfinished events"),
            (self.machine.parked > 0, "parked executions"),
            (self.feed.settling > 0, "settling events"),
            (self.feed.lines.busy_count() > 0, "busy lines"),
            (
                journal.is_some_and(|journal| journal.is_awaited()),
                "events that wait for records",
            ),
        ]
    }
}
