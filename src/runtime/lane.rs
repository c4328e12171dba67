//! One workflow on one shard: its source, its partitions, its limits, what it has counted.
//!
//! A shard is a few lanes side by side. Owns the account of what is begun in each partition; must not know
//! how an execution runs. Invariant: an offset that was begun is completed once, and only while its
//! partition is here.

use super::account::LaneMeter;
use super::event::Keep;
use super::held::Held;
use super::identity::Namer;
use super::limits::Limit;
use super::ordering::{LineId, Lines};
use super::settlements::{Settlement, SettlementId};
use super::stats::Stats;
use super::workflow::{Fixed, Input, Loaded, LogSettings, Mode, Workflow};
use crate::stream::offsets::{Commit, Tracker};
use crate::stream::topics::NamedTopics;
use crate::stream::{PartitionId, Source, TopicId};
use crate::vm::Level;
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::rc::Rc;
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

/// Where log records go; see [`super::Journal`].
pub(super) struct JournalEnd {
    pub(super) buffer: Box<dyn super::Journal>,
    /// Settlements that wait for their records, by the mark that must be confirmed; rising.
    pub(super) waiting: VecDeque<(u64, SettlementId)>,
    /// When records go that nobody waits for; none while there are none.
    pub(super) ship_at_ms: Option<i64>,
}

/// How long records may lie here, so that they can be read while their execution runs.
const LIE_MS: i64 = 1_000;

impl JournalEnd {
    /// Hands over what is much, what is waited for, and what has been here for a while.
    pub(super) fn ship(&mut self, now_ms: i64) {
        let is_due = self.ship_at_ms.is_some_and(|at_ms| now_ms >= at_ms);
        self.buffer.ship(is_due || !self.waiting.is_empty());
        if self.buffer.records().is_empty() {
            self.ship_at_ms = None;
        } else {
            self.ship_at_ms.get_or_insert(now_ms + LIE_MS);
        }
    }
}

/// How far the log was at a time.
#[derive(Clone, Copy)]
pub(super) struct Savepoint {
    bytes: usize,
    waiting: usize,
}

impl JournalEnd {
    /// Returns how far the log is now.
    pub(super) fn savepoint(&mut self) -> Savepoint {
        Savepoint {
            bytes: self.buffer.records().len(),
            waiting: self.waiting.len(),
        }
    }

    /// Forgets the records since, and hands out what waited for them; nothing may have been handed over since.
    #[cold]
    pub(super) fn back_to(&mut self, savepoint: Savepoint) -> impl Iterator<Item = SettlementId> + '_ {
        self.buffer.records().truncate(savepoint.bytes);
        let from = savepoint.waiting.min(self.waiting.len());
        self.waiting.drain(from..).map(|(_, id)| id)
    }
}

/// One workflow on one shard.
pub(super) struct Lane {
    pub(super) source: Box<dyn Source>,
    pub(super) state: LaneState,
}

/// A lane without its source, whose records are borrowed while they run.
pub(super) struct LaneState {
    pub(super) index: u32,
    pub(super) workflow: Arc<Workflow>,
    pub(super) fixed: Fixed,
    pub(super) version: Rc<Loaded>,
    pub(super) renew: Option<super::parts::Renew>,
    pub(super) partitions: FxHashMap<PartitionId, Partition>,
    pub(super) lines: Lines,
    /// Events whose turn in their line has come, and those that wait for memory; they hold their line, if any.
    pub(super) turns: VecDeque<(Option<LineId>, Held)>,
    pub(super) journal: Option<JournalEnd>,
    /// Where events that are held are counted.
    pub(super) held: LaneMeter,
    /// How large the next events are thought to be: as large as the last ones, and at first as large as can be.
    pub(super) event_bytes: usize,
    /// Executions that wait.
    pub(super) parked: usize,
    pub(super) limit: Limit,
    pub(super) span_limit: Limit,
    /// Events that wait for messages or log records on their way.
    pub(super) settling: usize,
    pub(super) settling_limit: Limit,
    pub(super) topics: Topics,
    /// What of an event a waiting execution needs later.
    pub(super) keep: Keep,
    /// Whether the source has no more events.
    pub(super) has_ended: bool,
    /// Whether a limit keeps it from taking events.
    pub(super) is_paused: bool,
    pub(super) next_commit_ms: i64,
    pub(super) stats: Stats,
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

/// One partition that the shard has.
pub(super) struct Partition {
    pub(super) topic: Arc<str>,
    pub(super) number: i32,
    pub(super) namer: Namer,
    pub(super) tracker: Tracker,
    /// Events that are begun and not finished, without those that wait for their turn.
    pub(super) running: usize,
    /// Events that wait for their turn: in a line, or with their turn come.
    pub(super) waiting: usize,
    /// Set when it is taken away: nothing begins any more, and at this time what runs is given up.
    pub(super) until: Option<Instant>,
    /// What was given up, once that time has come.
    pub(super) given_up: Option<GivenUp>,
    pub(super) precommit: PreCommit,
}

/// Events of a partition that its time was too short for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct GivenUp {
    /// Executions that were running.
    pub(super) executions: usize,
    /// Events that waited for their turn.
    pub(super) waiting: usize,
}

/// Sync mode: events that wait for the commit that lets them run.
#[derive(Default)]
pub(super) struct PreCommit {
    /// Taken from the source, not begun.
    pub(super) held: VecDeque<Held>,
    /// The offsets of events that are held without their data, since copying them panicked, and what was said.
    pub(super) broken: Vec<(i64, String)>,
    /// Begun; they run when the commit is acknowledged.
    pub(super) asked: VecDeque<Held>,
    pub(super) commit: Option<Commit>,
    /// When the commit was asked for.
    pub(super) asked_ms: Option<i64>,
    /// When the commit is asked for again, after an answer that says nothing.
    pub(super) again_ms: Option<i64>,
    /// One above the last offset that was committed ahead.
    pub(super) next: Option<i64>,
    /// Where the source has come to, behind the held events.
    pub(super) passed: Option<i64>,
    /// Cut-off events that are still being named: until then no commit forgets them.
    pub(super) naming: usize,
    /// Whether the partition belongs to somebody else: nothing of it runs.
    pub(super) is_fenced: bool,
}

impl Lane {
    pub(super) fn new(
        index: u32,
        parts: super::LaneParts,
        held: LaneMeter,
        mut topic: impl FnMut(&str) -> TopicId,
    ) -> Lane {
        let super::LaneParts {
            workflow,
            version,
            renew,
            source,
            journal,
            mut stats,
        } = parts;
        let dead_letter = workflow.dead_letter.as_ref();
        let topics = Topics {
            output: workflow.output.as_deref().map(&mut topic),
            dead_letter: dead_letter.map(|letter| topic(&letter.topic)),
            reply: workflow.reply.as_deref().map(&mut topic),
            replies: NamedTopics::new(REPLY_TOPICS_MAX, UNTRIED_TOPICS_MAX),
            refusal_told_until_ms: 0,
        };
        let keep = match (&workflow.dead_letter, workflow.mode, &workflow.output) {
            (Some(_), _, _) => Keep::Whole,
            (None, Mode::Sync, _) => Keep::KeyAndHeaders,
            (None, Mode::Async, Some(_)) => Keep::Key,
            (None, Mode::Async, None) => Keep::Position,
        };
        let journal = journal.map(|buffer| JournalEnd {
            buffer,
            waiting: VecDeque::new(),
            ship_at_ms: None,
        });
        Lane {
            source,
            state: LaneState {
                index,
                fixed: Fixed::of(&workflow),
                version: Rc::new(Loaded::new(version, &mut stats)),
                renew,
                partitions: FxHashMap::default(),
                lines: Lines::default(),
                turns: VecDeque::new(),
                journal,
                held,
                event_bytes: crate::vm::PAYLOAD_BYTES_MAX,
                parked: 0,
                limit: Limit::new(workflow.max_in_flight),
                span_limit: Limit::new(workflow.max_offset_span.max(1) as usize),
                settling: 0,
                settling_limit: Limit::new(super::shard::OUTBOX_MAX),
                topics,
                keep,
                has_ended: false,
                is_paused: false,
                next_commit_ms: 0,
                stats,
                workflow,
            },
        }
    }
}

impl LaneState {
    /// Returns what is written of executions, if anything is.
    pub(super) fn log(&self) -> Option<LogSettings> {
        self.workflow
            .log
            .filter(|log| log.level.max(log.on_failure) > Level::Off)
    }

    /// Says whether its log takes no more before records have left: nothing of the workflow begins or goes on.
    pub(super) fn log_is_full(&self) -> bool {
        self.journal
            .as_ref()
            .is_some_and(|journal| journal.buffer.is_full())
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

    /// Returns how many events may be taken now.
    pub(super) fn room(&mut self) -> usize {
        let waiting = self.lines.waiting() + self.turns.len();
        let held: usize = match self.workflow.mode {
            Mode::Async => 0,
            Mode::Sync => self
                .partitions
                .values()
                .map(|partition| partition.precommit.events())
                .sum(),
        };
        let room = self.limit.room(self.parked + waiting + held);
        let room = room.min(self.settling_limit.room(self.settling));
        let span = self
            .partitions
            .values()
            .map(|partition| partition.tracker.span())
            .max();
        let span = span.unwrap_or(0).max(0) as usize;
        if self.span_limit.room(span) == 0 {
            return 0;
        }
        match self.workflow.mode {
            Mode::Async => room,
            Mode::Sync => room.min((HELD_BATCHES * self.workflow.sync_batch_max).saturating_sub(held)),
        }
    }

    /// Returns how many events are begun and not finished, or wait.
    pub(super) fn unfinished(&self) -> usize {
        let running: usize = self.partitions.values().map(|partition| partition.running).sum();
        let held: usize = self
            .partitions
            .values()
            .map(|partition| partition.precommit.events())
            .sum();
        running + held + self.lines.waiting() + self.turns.len()
    }

    /// Says whether the headers of events are copied or looked at, whatever the definition is.
    pub(super) fn reads_headers(&self) -> bool {
        matches!(self.keep, Keep::KeyAndHeaders | Keep::Whole) || self.wraps_input()
    }

    /// Names what may not be over yet, each with whether it is not.
    #[cfg(test)]
    pub(super) fn leftovers(&self) -> [(bool, &'static str); 5] {
        let journal = self.journal.as_ref();
        [
            (self.unfinished() > 0, "unfinished events"),
            (self.parked > 0, "parked executions"),
            (self.settling > 0, "settling events"),
            (self.lines.busy_count() > 0, "busy lines"),
            (
                journal.is_some_and(|journal| !journal.waiting.is_empty()),
                "events that wait for records",
            ),
        ]
    }

    /// Says whether an execution's input is more than the event's value.
    pub(super) fn wraps_input(&self) -> bool {
        self.workflow.input == Input::Record
    }
}

impl PreCommit {
    /// Returns how many events wait.
    pub(super) fn events(&self) -> usize {
        self.held.len() + self.asked.len()
    }
}
