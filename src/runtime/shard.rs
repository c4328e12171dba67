//! The shard: one thread's loop over its workflows.
//!
//! A [`Shard`] is made of parts and does all its work in [`Shard::turn`], which is handed the time and
//! never waits; [`Shard::run`] calls it until there is nothing to do, then waits to be woken or for the
//! next thing that is due. Invariants: nothing here blocks the thread; a turn has a bounded length; what is
//! full stops its own workflow and no other, unless all share it: the total in flight, memory. Of the sink's queue
//! each has a share.

use super::askers::ShardAskers;
use super::dispatch::Dispatch;
use super::kept::Kept;
use super::lane::{Lane, Lanes};
use super::lane_id::LaneId;
use super::limits::Limit;
use super::mailbox::Mailbox;
use super::outbox::Outbox;
use super::parts::Parts;
use super::stop::{LAST_ANSWERS, Stop};
use crate::clock::{Now, monotonic_ms};
use crate::execution::account::Account;
use crate::execution::executor::Executor;
use crate::execution::machine::Version;
use crate::metrics::ShardMetrics;
use crate::stream::Wake;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// How often is looked whether a full sink has room again, in milliseconds.
const ROOM_LOOK_MS: i64 = 100;

/// One thread's share of the service.
pub struct Shard {
    pub(super) lanes: Lanes,
    /// The numbers of the lanes.
    pub(super) order: Vec<usize>,
    /// How many lanes there have been.
    pub(super) generations: u32,
    pub(super) executor: Executor<Kept>,
    pub(super) dispatch: Dispatch,
    /// What others tell it and ask of it.
    pub(super) mailbox: Mailbox,
    pub(super) total: Limit,
    /// Which lane comes first in the next turn.
    first: usize,
    pub(super) is_stopping: bool,
    /// Until when executions may run once it stops.
    pub(super) stops_at: Option<Instant>,
    pub(super) metrics: ShardMetrics,
}

/// What a turn has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// There may be more to do at once.
    Busy,
    /// Nothing to do until somebody wakes the shard, or until this time, in [monotonic milliseconds](Now::ms).
    Idle(Option<i64>),
    /// All is done: every source has ended and every event is finished, or the shard was stopped.
    Done,
}

impl Shard {
    /// Puts a shard together.
    pub fn new(parts: Parts, now: Now) -> Shard {
        let account = Account::new(parts.memory);
        let unsent = account.unsent.clone();
        let (capacity, unsent_max) = (parts.sink.capacity(), account.unsent_max());
        let outbox = Outbox::new(capacity, parts.deliveries, unsent, unsent_max);
        let mut shard = Shard {
            lanes: Lanes::new(),
            order: Vec::new(),
            generations: 0,
            executor: Executor::new(parts.sink, parts.tasks, account, now),
            dispatch: Dispatch::new(outbox, now),
            mailbox: Mailbox::closed(),
            total: Limit::new(parts.max_in_flight),
            first: 0,
            is_stopping: false,
            stops_at: None,
            metrics: parts.metrics,
        };
        for lane in parts.lanes {
            shard.add_lane(lane);
        }
        shard
    }

    /// Replaces a workflow's program for new executions; running ones finish on theirs. Nothing happens if the lane is
    /// gone.
    pub fn publish(&mut self, lane: LaneId, version: Version) {
        if let Some(lane) = self.lane_mut(lane) {
            lane.machine.publish(version);
        }
    }

    /// Takes no more events and gives all partitions back, at the latest at a time.
    pub fn stop(&mut self, until: Instant) {
        self.is_stopping = true;
        self.stops_at = Some(until);
        for (_, lane) in &mut self.lanes {
            lane.stop(until);
        }
    }

    /// Does what there is to do at a time, without waiting.
    pub fn turn(&mut self, now: Now) -> Turn {
        self.executor.begin_turn(now);
        self.dispatch.now = now;
        let mut work = self.follow_orders();
        work += self.hear();
        self.reckon();
        work += self.go_on();
        if self.executor.shares.is_whole() {
            self.first = (self.first + 1) % self.order.len().max(1);
        }
        for step in 0..self.order.len() {
            let lane = self.order[(self.first + step) % self.order.len()];
            work += self.take_events(lane);
        }
        // Behind the events, since callers have a part of their own that events cannot take.
        work += self.take_calls();
        work += self.send_off();
        self.commit();
        self.reckon();
        if self.is_done() {
            return Turn::Done;
        }
        if work > 0 || self.executor.shares.leaves_out() {
            return Turn::Busy;
        }
        Turn::Idle(self.next_ms())
    }

    /// Goes on with executions whose time has come.
    fn go_on(&mut self) -> usize {
        let Shard {
            executor,
            lanes,
            dispatch,
            ..
        } = self;
        let askers = &mut ShardAskers { lanes, dispatch };
        let mut done = 0;
        executor.sweep_timers();
        executor.begin_part(1);
        // Timers that are added meanwhile, by Waits for no time, have the next turn.
        for _ in 0..executor.timers.len() {
            if executor.work.is_spent() {
                break;
            }
            let Some(due) = executor.timers.take(executor.now.ms) else {
                break;
            };
            done += 1;
            executor.due(askers, due);
        }
        executor.begin_part(1);
        executor.flights.find_overdue(executor.limits_ms());
        while !executor.work.is_spent()
            && let Some(id) = executor.flights.next_overdue()
        {
            done += 1;
            executor.overdue(askers, id);
        }
        executor.begin_part(1);
        if !executor.work.is_spent() {
            executor.quench(askers);
        }
        for _ in 0..executor.ready.len() {
            if executor.work.is_spent() {
                break;
            }
            let Some(id) = executor.ready.pop_front() else {
                break;
            };
            done += usize::from(executor.next_turn(askers, id));
        }
        done + self.take_turns()
    }

    /// Sends what is buffered on its way.
    fn send_off(&mut self) -> usize {
        let Shard {
            executor,
            lanes,
            dispatch,
            ..
        } = self;
        let sent = dispatch.outbox.resend(&mut *executor.sink, executor.now.ms);
        count_losses(lanes, &mut dispatch.outbox);
        executor.tasks.poll(&mut *executor.sink);
        executor.sink.push();
        // A sink may have answers only once it has pushed, and then nobody wakes us for them.
        let heard = self.hear_sink();
        let (unsent, calls) = (self.dispatch.outbox.unsent(), self.executor.tasks.waiting());
        self.metrics.unsent.store(unsent as u64, Relaxed);
        self.metrics.calls.store(calls as u64, Relaxed);
        let thirsty = self.executor.thirsty.len() as u64;
        self.metrics.thirsty.store(thirsty, Relaxed);
        let now_ms = self.executor.now.ms;
        for (_, lane) in &mut self.lanes {
            if let Some(journal) = &mut lane.machine.journal {
                journal.ship(now_ms, lane.feed.is_ending());
            }
            lane.report();
        }
        sent + heard
    }

    fn commit(&mut self) {
        let mut step = 0;
        while let Some(&lane) = self.order.get(step) {
            if self.lanes[lane].commit_if_due(self.executor.now.ms) {
                self.lanes[lane].report_oldest(&self.executor.flights, &self.dispatch.outbox);
            }
            self.release(lane);
            self.end_calls(lane);
            self.end_farewell(lane);
            match self.lanes[lane].has_left() {
                true => self.drop_lane(lane),
                false => step += 1,
            }
        }
    }

    fn is_done(&mut self) -> bool {
        let now = self.executor.now.instant;
        // A log that takes nothing must not keep the shard for ever.
        let is_late = self.stops_at.is_some_and(|until| now >= until + LAST_ANSWERS);
        let is_over = |(_, lane): (usize, &mut Lane)| {
            if lane.machine.owes_records() && !is_late {
                return false;
            }
            let feed = &lane.feed;
            // A lane that leaves a shard which goes on is taken out when it has left; it says nothing of the shard.
            if feed.leaves_at.is_some() && !self.is_stopping {
                return false;
            }
            let has_left = self.is_stopping && feed.partitions.is_empty() && feed.calls == 0;
            let mut partitions = feed.partitions.values();
            // What a crash cut off is named first: without that the last commit would have to name it again.
            let asks = partitions
                .any(|partition| partition.precommit.commit.is_some() || partition.precommit.naming > 0);
            has_left || feed.has_ended && feed.unfinished() == 0 && !asks
        };
        // Without lanes the shard waits for some to come.
        let has_none = self.lanes.is_empty() && !self.is_stopping;
        if has_none || !self.lanes.iter_mut().all(is_over) {
            return false;
        }
        // What sources have ended is given back with its last commit.
        for step in 0..self.order.len() {
            let lane = self.order[step];
            self.lanes[lane].stop(now);
            self.release(lane);
        }
        true
    }

    /// Returns when there is something to do without being woken.
    fn next_ms(&self) -> Option<i64> {
        let executor = &self.executor;
        let lanes = self
            .lanes
            .iter()
            .flat_map(|(_, lane)| lane.next_ms(&executor.now));
        let rest = [
            executor.timers.next_ms(),
            executor.flights.next_limit_ms(),
            executor.thirsty.next_ms(executor.now.ms),
            self.dispatch.outbox.next_ms(),
            // Whether there is room again is not always told: the sink may have been made anew.
            self.dispatch
                .outbox
                .is_waiting()
                .then_some(executor.now.ms + ROOM_LOOK_MS),
        ];
        lanes.chain(rest.into_iter().flatten()).min()
    }

    /// Runs the shard until it is done, on the current thread's tokio runtime.
    pub async fn run(&mut self, wake: &Wake, stop: &Stop) {
        loop {
            if let Some(until) = stop.requested()
                && !self.is_stopping
            {
                self.stop(until);
            }
            match self.turn(Now::system()) {
                Turn::Done => return,
                // Connections and their tasks have their turn.
                Turn::Busy => tokio::task::yield_now().await,
                Turn::Idle(None) => wake.woken().await,
                Turn::Idle(Some(at_ms)) => {
                    let wait = (at_ms - monotonic_ms()).max(0) as u64;
                    // Whether it was woken or the time has come makes no difference.
                    let _ = tokio::time::timeout(Duration::from_millis(wait), wake.woken()).await;
                }
            }
        }
    }
}

/// Counts the messages that were given up with their lanes.
pub(super) fn count_losses(lanes: &mut Lanes, outbox: &mut Outbox) {
    for lane in outbox.broken() {
        if let Some(lane) = lanes.get_mut(lane as usize) {
            lane.machine.metrics.counts.panics += 1;
        }
    }
    for lane in outbox.unreplied() {
        if let Some(lane) = lanes.get_mut(lane as usize) {
            lane.machine.metrics.counts.unreplied += 1;
        }
    }
}

impl Lane {
    /// Returns when the lane has something to do: commits, and partitions to give back.
    fn next_ms(&self, now: &Now) -> Option<i64> {
        let feed = &self.feed;
        let ms_from =
            |until: Instant| now.ms + until.saturating_duration_since(now.instant).as_millis() as i64 + 1;
        let partitions = feed.partitions.values();
        let times = partitions.flat_map(|partition| {
            let release = partition.next_release().map(ms_from);
            let commit = partition.tracker.has_changed().then_some(feed.next_commit_ms);
            [release, commit, partition.precommit.again_ms]
                .into_iter()
                .flatten()
        });
        // How old the oldest one is shows with the commits.
        let age = (feed.unfinished() > 0).then_some(feed.next_commit_ms);
        let journal = self.machine.journal.as_ref();
        let records = journal.and_then(|journal| journal.next_ms());
        let ends = [feed.calls_until(), self.farewell_until()];
        let ends = ends.into_iter().flatten().map(ms_from);
        times.chain(age).chain(records).chain(ends).min()
    }
}
