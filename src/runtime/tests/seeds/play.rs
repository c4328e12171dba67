//! One seed's story: a shard, and a world that does to it what the dice say, then lets it come to rest.
//!
//! Must not know what is right, which the book does. Invariant: everything follows from the seed.

use super::super::calls;
use super::super::world::Stage;
use super::book::{Book, Story, place};
use super::broker::{Log, restored};
use super::dice::Dice;
use super::guest::Guest;
use super::plan::{PARTITIONS, Plan, compiled, quick};
use crate::execution::tests::fault;
use crate::runtime::workflow::{Mode, OnEmpty};
use crate::runtime::{CUT_OFF, Ordering, Turn};
use crate::stream::offsets::Commit;
use crate::stream::{Change, CommitError, PartitionId, SendError};
use crate::task::Failure;
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// Rounds of calm in which all must have come to rest.
const CALM_ROUNDS_MAX: usize = 250;
/// Turns in which a shard must have done all there is to do at a time.
const BUSY_TURNS_MAX: usize = 10_000;

/// What may be on the account beyond its end: some of the largest events, or what has grown of one.
const BEYOND_BYTES_MAX: usize = 2 << 20;

fn stage(plan: &Plan) -> Stage {
    Stage::within(compiled(plan.definition), plan.workflow.clone(), plan.memory)
}

pub(super) struct Play {
    pub(super) dice: Dice,
    pub(super) guest: Guest,
    pub(super) plan: Plan,
    pub(super) stage: Stage,
    pub(super) logs: [Log; PARTITIONS],
    pub(super) book: Book,
    /// The shard's assignments by partition, and whether they are being taken away.
    pub(super) assigned: [Option<u32>; PARTITIONS],
    pub(super) is_leaving: [bool; PARTITIONS],
    partitions: Vec<u32>,
    pub(super) produced: usize,
    pub(super) is_stopping: bool,
    pub(super) commits: VecDeque<(u32, Commit, bool)>,
    /// Messages and calls that are not answered, as indices.
    pub(super) unacknowledged: Vec<usize>,
    pub(super) unanswered: Vec<usize>,
    /// Up to where each assignment has heard that its commits stand.
    acknowledged: HashMap<u32, i64>,
    /// Until when each assignment that is taken away may work.
    pub(super) until: HashMap<u32, Instant>,
    /// The event of each line that has called last.
    lines: HashMap<(u32, Option<Vec<u8>>), i64>,
    /// Assignments that the shard hears of in this turn. It may still run what it had of the partition before, and
    /// a call does not say on whose behalf it is made.
    fresh: Vec<u32>,
    seen: Seen,
}

/// How much of what the world notes was looked at.
#[derive(Default)]
struct Seen {
    calls: usize,
    called: usize,
    sent: usize,
    commits: usize,
    released: usize,
    marks: usize,
}

impl Play {
    pub(super) fn new(seed: u64) -> Play {
        let mut dice = Dice::new(seed);
        let plan = Plan::of(&mut dice);
        let mut book = Book::new(plan.workflow.mode, plan.has_messages, plan.has_log);
        book.expect_fault(plan.fault.map(|(step, _)| step));
        let mut stage = stage(&plan);
        let guest = Guest::new(seed, calls::listen(&mut stage));
        let mut play = Play {
            stage,
            dice,
            guest,
            plan,
            logs: Default::default(),
            book,
            assigned: [None; PARTITIONS],
            is_leaving: [false; PARTITIONS],
            partitions: Vec::new(),
            produced: 0,
            is_stopping: false,
            commits: VecDeque::new(),
            unacknowledged: Vec::new(),
            unanswered: Vec::new(),
            acknowledged: HashMap::new(),
            until: HashMap::new(),
            lines: HashMap::new(),
            fresh: Vec::new(),
            seen: Seen::default(),
        };
        play.set_up();
        play
    }

    /// Runs the seed to its end.
    pub(super) fn run(mut self) {
        if let Some((step, passes)) = self.plan.fault {
            fault::arm(step, passes);
        }
        for _ in 0..self.plan.rounds {
            self.trouble();
            self.stage.now_ms += self.dice.pick(&[0, 1, 50, 700, 3_000]);
            self.turn();
        }
        self.calm();
        fault::disarm();
    }

    fn set_up(&mut self) {
        self.stage.shard.reseed(self.dice.next());
        let mut world = self.stage.world.borrow_mut();
        world.holds_acks = true;
        world.log_confirmed = 0;
        world.quick = Some(quick);
    }

    /// Puts a new shard in the place of one that is gone.
    pub(super) fn start_anew(&mut self) {
        self.check_counts();
        let (now_ms, wall_off_ms) = (self.stage.now_ms, self.stage.wall_off_ms);
        self.stage = stage(&self.plan);
        self.guests_after_restart();
        (self.stage.now_ms, self.stage.wall_off_ms) = (now_ms, wall_off_ms);
        self.set_up();
        self.logs.iter_mut().for_each(|log| log.owner = None);
        (self.assigned, self.is_leaving) = Default::default();
        self.is_stopping = false;
        self.commits.clear();
        self.unacknowledged.clear();
        self.unanswered.clear();
        self.seen = Seen::default();
    }

    /// Executions that were started have ended, or are running, or went with their partitions.
    fn check_counts(&self) {
        let names = [
            "stepstream_executions_started_total",
            "stepstream_executions_total",
        ];
        let [started, ended] = self.stage.sums(names);
        let (running, abandoned) = self.stage.shard.executions();
        let total = ended + running as u64 + abandoned;
        assert_eq!(
            started, total,
            "{ended} ended, {running} running, {abandoned} abandoned"
        );
    }

    pub(super) fn turn(&mut self) -> Turn {
        let now = self.stage.now();
        self.fresh = self.news();
        let turn = self.stage.shard.turn(now);
        self.look();
        let (used, end) = self.stage.shard.memory();
        // An event is taken, and an execution goes on, whatever there is.
        let most = end.saturating_add(BEYOND_BYTES_MAX);
        assert!(used <= most, "{used} bytes on an account of {end}");
        if turn == Turn::Done {
            assert!(self.is_stopping, "nobody asked it to stop");
            self.start_anew();
            return Turn::Busy;
        }
        turn
    }

    /// Returns the assignments that the shard has not heard of.
    fn news(&self) -> Vec<u32> {
        let world = self.stage.world.borrow();
        let assigned = world.changes.iter().filter_map(|change| match change {
            Change::Assigned { partition, .. } => Some(partition.0),
            _ => None,
        });
        assigned.collect()
    }

    /// Looks at what the shard has done.
    fn look(&mut self) {
        let world = std::rc::Rc::clone(&self.stage.world);
        let world = world.borrow();
        for (key, parameters) in &world.calls[self.seen.calls..] {
            self.book.call(key, parameters);
            self.ran(place(key.split('/').next().unwrap_or_default()), true);
        }
        self.seen.calls = world.calls.len();
        self.unanswered.extend(self.seen.called..world.called.len());
        self.seen.called = world.called.len();
        for (index, sent) in world.sent.iter().enumerate().skip(self.seen.sent) {
            self.unacknowledged.push(index);
            let event = place(sent.header("stepstream-execution").unwrap_or_default());
            if sent.header("stepstream-error") != Some(CUT_OFF) || sent.topic == "out" {
                self.ran(event, false);
            }
        }
        self.seen.sent = world.sent.len();
        self.commits
            .extend(world.commits[self.seen.commits..].iter().cloned());
        self.seen.commits = world.commits.len();
        for (id, last) in &world.released[self.seen.released..] {
            self.released(*id, last.as_ref());
        }
        self.seen.released = world.released.len();
    }

    /// An execution of an event has done something.
    fn ran(&mut self, (partition, offset): (u32, i64), is_call: bool) {
        let Some(id) = self.assigned[partition as usize] else {
            return;
        };
        if self.plan.workflow.mode == Mode::Sync {
            let until = self.acknowledged.get(&id);
            let restored = self.first_offset(id);
            let is_old = restored.is_some_and(|first| offset < first);
            assert!(
                is_old || until.is_some_and(|until| offset < *until),
                "runs before its commit: {partition} {offset}, {until:?}"
            );
        }
        if !is_call || self.fresh.contains(&id) {
            return;
        }
        let log = &self.logs[partition as usize];
        let event = log.events.iter().find(|event| event.offset == offset);
        let line = match (
            self.plan.workflow.ordering,
            event.and_then(|event| event.key.clone()),
        ) {
            (Ordering::Unordered, _) | (Ordering::Key, None) => return,
            (Ordering::Key, key) => (id, key),
            (Ordering::Partition, _) => (id, None),
        };
        let last = self.lines.entry(line).or_insert(offset);
        assert!(*last <= offset, "{offset} of {partition} goes on behind {last}");
        *last = offset;
    }

    /// Returns where an assignment went on.
    fn first_offset(&self, id: u32) -> Option<i64> {
        self.acknowledged.get(&(id | 1 << 31)).copied()
    }

    pub(super) fn assign(&mut self, partition: usize) {
        let id = self.partitions.len() as u32;
        self.partitions.push(partition as u32);
        let restored = self.logs[partition].assign(id);
        self.acknowledged
            .insert(id | 1 << 31, restored.offset.unwrap_or(0));
        self.assigned[partition] = Some(id);
        self.is_leaving[partition] = false;
        self.stage.world.borrow_mut().changes.push_back(Change::Assigned {
            partition: PartitionId(id),
            topic: "orders".into(),
            number: partition as i32,
            restored,
        });
    }

    pub(super) fn commit(&mut self, id: u32, commit: &Commit) {
        let partition = self.partitions[id as usize];
        let log = &mut self.logs[partition as usize];
        let before = log.committed.as_ref().map(|commit| commit.offset);
        if log.commit(id, commit) {
            assert!(
                before.is_none_or(|before| before <= commit.offset),
                "a commit goes back"
            );
            self.book.committed(partition, commit);
        }
    }

    /// Answers commits, the oldest first; in trouble nobody knows whether some stand.
    pub(super) fn answer_commits(&mut self, count: usize, is_calm: bool) {
        for _ in 0..count {
            let Some((id, commit, is_asked)) = self.commits.pop_front() else {
                return;
            };
            let is_owner = self.logs[self.partitions[id as usize] as usize].owner == Some(id);
            let fate = if is_calm { 9 } else { self.dice.below(10) };
            if fate != 0 || !is_asked {
                self.commit(id, &commit);
            }
            if !is_asked {
                continue;
            }
            let result = match (is_owner, fate) {
                (false, _) => Err(CommitError::NotOwner),
                (true, 0 | 1) => Err(CommitError::Unknown("no answer".to_owned())),
                (true, _) => Ok(()),
            };
            if result.is_ok() {
                self.acknowledged.insert(id, commit.offset);
            }
            self.stage
                .world
                .borrow_mut()
                .changes
                .push_back(Change::Committed {
                    partition: PartitionId(id),
                    offset: commit.offset,
                    result,
                });
        }
    }

    fn released(&mut self, id: u32, last: Option<&Commit>) {
        let partition = self.partitions[id as usize] as usize;
        let (its, others): (VecDeque<_>, _) = self.commits.drain(..).partition(|(of, ..)| *of == id);
        self.commits = others;
        for (_, commit, _) in its {
            self.commit(id, &commit);
        }
        self.had_time(id, last);
        if let Some(last) = last.filter(|_| !self.dice.one_in(10)) {
            self.commit(id, last);
        }
        let log = &mut self.logs[partition];
        log.owner = log.owner.filter(|owner| *owner != id);
        if self.assigned[partition] == Some(id) {
            self.assigned[partition] = None;
            self.is_leaving[partition] = false;
        }
    }

    /// What had time to run is not named as cut off.
    fn had_time(&self, id: u32, last: Option<&Commit>) {
        let is_early = self
            .until
            .get(&id)
            .is_some_and(|until| self.stage.now().instant < *until);
        let log = &self.logs[self.partitions[id as usize] as usize];
        if is_early && log.owner == Some(id) {
            let left = last.map_or_else(|| log.restored(), restored);
            let cut_off: Vec<i64> = left.cut_off().collect();
            assert!(cut_off.is_empty(), "there was time for {cut_off:?} of {id}");
        }
    }

    /// Produces an event.
    pub(super) fn produce(&mut self) {
        let partition = self.dice.below(PARTITIONS);
        let event = self.plan.event(&mut self.dice, self.produced);
        self.produced += 1;
        let is_empty = event.value.as_ref().is_none_or(Vec::is_empty);
        let story = Story {
            is_skipped: is_empty && self.plan.workflow.on_empty == OnEmpty::Skip,
            ..Story::default()
        };
        let gap = if self.dice.one_in(5) {
            self.dice.below(70)
        } else {
            0
        };
        let offset = self.logs[partition].append(event, gap as i64);
        self.book.stories.insert((partition as u32, offset), story);
    }

    /// Hands events of a partition to the shard.
    pub(super) fn hand_over(&mut self, partition: usize, count: usize) {
        let log = &mut self.logs[partition];
        let Some(id) = self.assigned[partition] else {
            return;
        };
        if self.is_leaving[partition] || log.owner != Some(id) {
            return;
        }
        let mut world = self.stage.world.borrow_mut();
        for event in log.events.iter().skip(log.handed).take(count) {
            let mut event = event.clone();
            event.partition = id;
            world.events.push_back(event);
            log.handed += 1;
        }
    }

    /// Tells the shard that it has all there is of a partition, also behind what is no event.
    pub(super) fn pass(&mut self, partition: usize) {
        let log = &self.logs[partition];
        let Some(id) = self.assigned[partition].filter(|id| log.owner == Some(*id)) else {
            return;
        };
        let mut world = self.stage.world.borrow_mut();
        let is_taken =
            log.handed == log.events.len() && world.events.iter().all(|event| event.partition != id);
        if is_taken && !self.is_leaving[partition] {
            world.changes.push_back(Change::Passed {
                partition: PartitionId(id),
                offset: log.end,
            });
        }
    }

    /// Answers a message that is on its way.
    pub(super) fn acknowledge(&mut self, at: usize, result: Result<(), SendError>) {
        let index = self.unacknowledged.remove(at);
        let mut world = self.stage.world.borrow_mut();
        let sent = &world.sent[index];
        if result.is_ok() {
            let event = place(sent.header("stepstream-execution").unwrap_or_default());
            self.book
                .delivered(&sent.topic, event, sent.header("stepstream-error"));
        }
        let ticket = sent.ticket;
        world.push_ack(ticket, result);
    }

    /// Answers a call.
    pub(super) fn answer(&mut self, at: usize, error: Option<&str>) {
        let index = self.unanswered.remove(at);
        let mut world = self.stage.world.borrow_mut();
        let call = &world.called[index];
        let (ticket, result) = (call.ticket, call.parameters.clone().into_bytes());
        let answer = error.map_or(Ok(result), |error| Err(Failure::new(error, "later")));
        world.push_answer(ticket, answer);
    }

    /// Lets the records leave the process that were handed over so far.
    pub(super) fn confirm_log(&mut self) {
        let mut world = self.stage.world.borrow_mut();
        let Some(&end) = world
            .log_ends
            .last()
            .filter(|_| self.seen.marks < world.log_ends.len())
        else {
            return;
        };
        let begin = match self.seen.marks {
            0 => 0,
            marks => world.log_ends[marks - 1],
        };
        self.book.logged(&String::from_utf8_lossy(&world.log[begin..end]));
        self.seen.marks = world.log_ends.len();
        world.log_confirmed = world.log_mark;
    }

    /// Lets everything come to rest, and sees that it does.
    fn calm(&mut self) {
        {
            let mut world = self.stage.world.borrow_mut();
            (world.sink_room, world.refusal, world.log_is_full) = (None, None, false);
        }
        self.see_off(10_000);
        for round in 0..CALM_ROUNDS_MAX {
            for partition in 0..PARTITIONS {
                self.settle_owner(partition);
                self.pass(partition);
                self.hand_over(partition, usize::MAX);
            }
            while !self.unacknowledged.is_empty() {
                self.acknowledge(0, Ok(()));
            }
            let is_lost = |play: &Play, index: usize| {
                let world = play.stage.world.borrow();
                world.called[index].parameters.contains("never")
            };
            let mut at = 0;
            while let Some(&index) = self.unanswered.get(at) {
                match is_lost(self, index) {
                    true => at += 1,
                    false => self.answer(at, None),
                }
            }
            self.answer_commits(usize::MAX, true);
            self.confirm_log();
            for turn in 0.. {
                assert!(turn < BUSY_TURNS_MAX, "busy for ever");
                if self.turn() != Turn::Busy {
                    break;
                }
            }
            if self.is_at_rest() {
                self.book.all_over();
                self.check_guest();
                return self.check_counts();
            }
            self.stage.now_ms += if round < 20 { 1_000 } else { 20_000 };
        }
        let left = self.stage.shard.leftover();
        panic!(
            "something is waited for that never comes: {left:?}, commits {:?}",
            self.commits
        );
    }

    /// Sees that a partition has an owner, which is this shard.
    fn settle_owner(&mut self, partition: usize) {
        if self.is_stopping {
            return;
        }
        match self.assigned[partition] {
            None => self.assign(partition),
            Some(id) if self.logs[partition].owner != Some(id) => {
                self.lost(partition);
                self.assign(partition);
            }
            Some(_) => {}
        }
    }

    /// Tells the shard that a partition belongs to somebody else.
    pub(super) fn lost(&mut self, partition: usize) {
        self.logs[partition].owner = None;
        self.is_leaving[partition] = false;
        if let Some(id) = self.assigned[partition].take() {
            let partition = PartitionId(id);
            let mut world = self.stage.world.borrow_mut();
            world.changes.push_back(Change::Lost { partition });
        }
    }

    /// Revokes a partition.
    pub(super) fn revoke(&mut self, partition: usize, ms: u64) {
        let until = self.stage.now().instant + Duration::from_millis(ms);
        if let Some(id) = self.assigned[partition] {
            self.is_leaving[partition] = true;
            let known = self.until.entry(id).or_insert(until);
            *known = until.min(*known);
            let partition = PartitionId(id);
            let mut world = self.stage.world.borrow_mut();
            world.changes.push_back(Change::Revoked { partition, until });
        }
    }

    fn is_at_rest(&self) -> bool {
        let is_read = |log: &Log| {
            let restored = log.restored();
            log.handed == log.events.len()
                && restored.offset.unwrap_or(0) == log.end
                && restored.cut_off().next().is_none()
        };
        let is_quiet = self.unacknowledged.is_empty() && self.commits.is_empty() && !self.is_stopping;
        is_quiet
            && self.stage.shard.leftover().is_none()
            && self.stage.shard.lanes() == 1
            && self.logs.iter().all(is_read)
    }
}
