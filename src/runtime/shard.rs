//! The shard: one thread's loop over its workflows.
//!
//! A [`Shard`] is made of parts and does all its work in [`Shard::turn`], which is handed the time and
//! never waits; [`Shard::run`] calls it until there is nothing to do, then waits to be woken or for the
//! next thing that is due. Invariants: nothing here blocks the thread; a turn has a bounded length; what is
//! full stops its own workflow and no other, unless all share it: the total in flight, memory. Of the sink's queue
//! each has a share.

use super::account::Account;
use super::core::Core;
use super::handle::Stop;
use super::identity::Namer;
use super::lane::{Ahead, Lane, LaneState, Partition};
use super::messages::REFUSAL_TOLD_MS;
use super::outbox::{Outbox, Undelivered};
use super::parts::Parts;
use super::workflow::{Loaded, Mode, Version};
use crate::clock::{Now, monotonic_ms};
use crate::metrics::{MemoryUse, ShardMetrics};
use crate::stream::offsets::Tracker;
use crate::stream::{Change, Record, Wake};
use crate::task::Report;
use std::rc::Rc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// Most events that a workflow takes in one turn.
pub const BATCH_EVENTS_MAX: usize = 500;

/// Most events of a workflow that wait for messages or log records on their way; beyond it it takes no more.
pub(super) const OUTBOX_MAX: usize = 50_000;

/// What the smallest event counts for, in bytes, when it is reckoned how many there is memory for.
const EVENT_BYTES_MIN: usize = 1 << 10;

/// How often is looked whether a full sink has room again, in milliseconds.
const ROOM_LOOK_MS: i64 = 100;

/// One thread's share of the service.
pub struct Shard {
    lanes: Vec<Lane>,
    core: Core,
    total: super::limits::Limit,
    /// Which lane comes first in the next turn.
    first: usize,
    is_stopping: bool,
    /// Until when executions may run once it stops.
    stops_at: Option<Instant>,
    metrics: ShardMetrics,
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
        let account = Account::new(parts.memory, parts.lanes.len());
        let unsent = account.unsent.clone();
        let (capacity, unsent_max) = (parts.sink.capacity(), account.unsent_max());
        let outbox = Outbox::new(capacity, parts.lanes.len(), parts.deliveries, unsent, unsent_max);
        let mut core = Core::new(parts.sink, parts.tasks, outbox, account, now);
        let lanes = parts.lanes.into_iter().enumerate();
        let lanes = lanes
            .map(|(at, parts)| {
                let held = core.account.held_of(at);
                let topic = |name: &str| core.outbox.topic(&mut *core.sink, name);
                Lane::new(at as u32, parts, held, topic)
            })
            .collect();
        Shard {
            lanes,
            core,
            total: super::limits::Limit::new(parts.max_in_flight),
            first: 0,
            is_stopping: false,
            stops_at: None,
            metrics: parts.metrics,
        }
    }

    /// Replaces a workflow's program for new executions; running ones finish on theirs.
    pub fn publish(&mut self, lane: usize, version: Version) {
        let state = &mut self.lanes[lane].state;
        state.version = Rc::new(Loaded::new(version, &mut state.stats));
    }

    /// Takes no more events and gives all partitions back, at the latest at a time.
    pub fn stop(&mut self, until: Instant) {
        self.is_stopping = true;
        self.stops_at = Some(until);
        for lane in &mut self.lanes {
            lane.stop(until);
        }
    }

    /// Returns how many bytes the executions take that wait, with what they were called with and wait for.
    pub fn parked_bytes(&self) -> usize {
        self.core.account.parked
    }

    /// Returns how many bytes are on the shard's account, and how many that may be: sources pause a quarter below.
    pub fn memory(&self) -> (usize, usize) {
        (self.core.account.used(), self.core.account.end)
    }

    /// Returns how many timers there are, those included that nobody waits for any more.
    #[cfg(test)]
    pub(super) fn timers(&self) -> usize {
        self.core.timers.len()
    }

    /// Returns how many bytes are kept of results that come at a time.
    #[cfg(test)]
    pub(super) fn timed_bytes(&self) -> usize {
        self.core.timers.bytes()
    }

    /// Makes the ids and seeds of executions follow from a seed.
    #[cfg(test)]
    pub(super) fn reseed(&mut self, seed: u64) {
        self.core.reseed(seed);
    }

    /// Returns how many executions wait, and how many were dropped with their partitions.
    #[cfg(test)]
    pub(super) fn executions(&self) -> (usize, u64) {
        (self.core.flights.len(), self.core.abandoned)
    }

    /// Returns how much work the last turn has done.
    #[cfg(test)]
    pub(super) fn worked(&self) -> u64 {
        self.core.shares.worked()
    }

    /// Names what is not over yet, if anything is.
    #[cfg(test)]
    pub(super) fn leftover(&self) -> Option<&'static str> {
        let core = &self.core;
        let of_core = [
            (core.flights.len() > 0, "executions"),
            (!core.ready.is_empty(), "turns of executions"),
            (core.outbox.unsent() > 0, "messages"),
            (core.outbox.settlements.open_count() > 0, "settlements"),
            (self.parked_bytes() > 0, "parked bytes"),
            (core.account.held.get() > 0, "bytes of events that wait"),
            (core.account.unsent.get() > 0, "bytes of messages"),
        ];
        let of_lanes = self.lanes.iter().flat_map(|lane| lane.state.leftovers());
        let mut all = of_core.into_iter().chain(of_lanes);
        all.find_map(|(is_left, name)| is_left.then_some(name))
    }

    /// Does what there is to do at a time, without waiting.
    pub fn turn(&mut self, now: Now) -> Turn {
        self.core.now = now;
        self.core.work = self.core.shares.begin_turn();
        let mut work = self.hear();
        self.reckon();
        work += self.go_on();
        if self.core.shares.is_whole() {
            self.first = (self.first + 1) % self.lanes.len().max(1);
        }
        for at in 0..self.lanes.len() {
            let at = (self.first + at) % self.lanes.len();
            work += self.take_events(at);
        }
        work += self.send_off();
        self.commit();
        self.reckon();
        if self.is_done() {
            return Turn::Done;
        }
        if work > 0 || self.core.shares.leaves_out() {
            return Turn::Busy;
        }
        Turn::Idle(self.next_ms())
    }

    /// Brings the account up to date, and gives back what a giant has left behind.
    fn reckon(&mut self) {
        let Shard { core, lanes, .. } = self;
        core.run.shrink(core.account.kept_max());
        core.account.running = core.run.bytes().1 + core.pool_bytes;
        // Also while sources are paused: what lies in the pool could keep them so for ever.
        if core.account.is_short() || core.account.is_paused() {
            core.account.running -= core.pool_bytes;
            core.empty_pool();
        }
        let read = lanes.iter().map(|lane| !lane.state.partitions.is_empty());
        core.account.share_out(read);
        let (mut logged, mut lossy) = (0, 0);
        for state in lanes.iter_mut().map(|lane| &mut lane.state) {
            let blocks = state.workflow.log.is_some_and(|log| log.block);
            let bytes = state.journal.as_mut().map_or(0, |journal| journal.buffer.bytes());
            *if blocks { &mut logged } else { &mut lossy } += bytes;
        }
        // A log that may drop records never holds anybody up. It has a limit of its own, which is set aside.
        core.account.logged = logged;
        self.metrics.memory.report(&MemoryUse {
            running: core.account.running,
            parked: core.account.parked,
            held: core.account.held.get(),
            unsent: core.account.unsent.get(),
            logs: logged + lossy,
        });
    }

    /// Hears what was delivered.
    fn hear_sink(&mut self) -> usize {
        let Shard { core, lanes, .. } = self;
        let mut heard = 0;
        while let Some((ticket, result)) = core.sink.acknowledged() {
            heard += 1;
            if !Outbox::owns(ticket) {
                core.tasks.acknowledged(ticket, result);
                continue;
            }
            let settlement = match &result {
                Ok(()) => core.outbox.delivered(ticket, core.now.ms),
                Err(error) => {
                    let message = core.sink.returned();
                    let (what, settlement) = core.outbox.undelivered(ticket, error, message, core.now.ms);
                    let topic = core.outbox.topic_of(ticket);
                    tell(
                        what,
                        topic,
                        error,
                        core.now.ms,
                        &mut core.lost_reply_told_until_ms,
                    );
                    settlement
                }
            };
            if let Some(settlement) = settlement {
                Core::settled(lanes, settlement);
            }
        }
        while let Some(settlement) = core.outbox.lost() {
            heard += 1;
            Core::settled(lanes, settlement);
        }
        heard
    }

    /// Hears what was delivered, written and answered.
    fn hear(&mut self) -> usize {
        let mut heard = self.hear_sink();
        let Shard { core, lanes, .. } = self;
        for at in 0..lanes.len() {
            heard += hear_journal(core, lanes, at);
        }
        // Those that are left come in the next turn, as everywhere when the work is spent: something was done, so the
        // shard does not sleep.
        while !core.work.is_spent()
            && let Some((ticket, report)) = core.tasks.take(core.now.wall_ms)
        {
            heard += 1;
            match report {
                Report::Heartbeat => core.heartbeat(ticket),
                Report::Answer(answer) => core.answered(lanes, ticket, &answer),
            }
        }
        heard
    }

    /// Goes on with executions whose time has come.
    fn go_on(&mut self) -> usize {
        let Shard { core, lanes, .. } = self;
        let mut done = 0;
        core.sweep_timers();
        core.begin_part(1);
        // Those that come meanwhile, of Waits for no time, have the next turn.
        for _ in 0..core.timers.len() {
            if core.work.is_spent() {
                break;
            }
            let Some(due) = core.timers.take(core.now.ms) else {
                break;
            };
            done += 1;
            core.due(lanes, due);
        }
        core.begin_part(1);
        core.flights.find_overdue(core.now.ms);
        while !core.work.is_spent()
            && let Some(id) = core.flights.next_overdue()
        {
            done += 1;
            core.overdue(lanes, id);
        }
        core.begin_part(1);
        core.quench(lanes);
        for _ in 0..core.ready.len() {
            if core.work.is_spent() {
                break;
            }
            let Some(id) = core.ready.pop_front() else {
                break;
            };
            let flight = core.flights.get(id);
            if flight.is_some_and(|flight| lanes[flight.lane as usize].state.log_is_full()) {
                // Whoever writes the log wakes the shard when there is room.
                core.ready.push_back(id);
                continue;
            }
            done += 1;
            core.next_turn(lanes, id);
        }
        let sharers = lanes.len();
        for lane in lanes {
            core.begin_part(sharers);
            done += core.take_turns(&mut lane.state);
        }
        done
    }

    /// Takes events of a lane, as far as there is room, and runs them.
    fn take_events(&mut self, at: usize) -> usize {
        self.core.begin_part(self.lanes.len());
        let room = self.room(at).min(BATCH_EVENTS_MAX);
        let state = &mut self.lanes[at].state;
        state.is_paused = room == 0 && !state.has_ended;
        let count = if room > 0 && !self.core.work.is_spent() {
            self.lanes[at].source.fill(room)
        } else {
            0
        };
        let changes = self.hear_changes(at);
        let Shard { core, lanes, .. } = self;
        let Lane { source, state } = &mut lanes[at];
        if let Some(version) = state.renew.as_mut().and_then(|renew| renew()) {
            state.version = Rc::new(Loaded::new(version, &mut state.stats));
        }
        state.stats.metrics.counts.events_consumed += count as u64;
        let version = Rc::clone(&state.version);
        let mut largest = 0;
        for event in 0..count {
            let record = source.record(event);
            let waiting = core.account.waiting();
            take_event(core, state, &version, &record);
            // Without headers, which are not read for this: where they are copied, the account knows them.
            let bytes = [record.key, record.value].map(|part| part.map_or(0, <[u8]>::len));
            let taken = core.account.waiting().saturating_sub(waiting);
            largest = largest.max(bytes[0] + bytes[1]).max(taken);
        }
        if count > 0 {
            state.event_bytes = largest.max(state.event_bytes / 2).max(EVENT_BYTES_MIN);
        }
        lanes[at].commit_ahead(core.now.ms);
        count + changes
    }

    /// Returns how many events a lane may take now.
    fn room(&mut self, at: usize) -> usize {
        let Shard { core, lanes, .. } = self;
        let total = self.total.room(core.flights.len());
        let state = &mut lanes[at].state;
        let has_no_room = core.outbox.is_stuck(state.index) || core.outbox.is_full();
        if self.is_stopping || state.has_ended || has_no_room {
            return 0;
        }
        if state.log_is_full() {
            return 0;
        }
        state
            .room()
            .min(total)
            .min(core.account.room(state.index, state.event_bytes))
    }

    fn hear_changes(&mut self, at: usize) -> usize {
        let mut heard = 0;
        while let Some(change) = self.lanes[at].source.change() {
            heard += 1;
            self.hear_change(at, change);
        }
        heard
    }

    fn hear_change(&mut self, at: usize, change: Change) {
        let Shard { core, lanes, .. } = self;
        match change {
            Change::Assigned {
                partition: id,
                topic,
                number,
                restored,
            } => {
                let state = &mut lanes[at].state;
                let partition = Partition {
                    namer: Namer::new(&topic, number),
                    topic,
                    number,
                    tracker: Tracker::new(&restored),
                    running: 0,
                    waiting: 0,
                    until: None,
                    given_up: None,
                    ahead: Ahead {
                        next: restored.offset,
                        ..Ahead::default()
                    },
                };
                state.partitions.insert(id, partition);
                if state.workflow.mode == Mode::Sync {
                    for offset in restored.cut_off() {
                        core.cut_off(state, id, offset);
                    }
                }
                // Nothing of it begins, but what a crash cut off has the time to be named.
                if let Some(until) = self.stops_at {
                    lanes[at].revoke(id, until);
                }
            }
            Change::Revoked { partition, until } => lanes[at].revoke(partition, until),
            Change::Lost { partition } => core.lose(lanes, at, partition),
            Change::Committed {
                partition,
                offset,
                result,
            } => core.committed(&mut lanes[at].state, partition, offset, &result),
            Change::Passed { partition, offset } => {
                let state = &mut lanes[at].state;
                if let Some(one) = state.partitions.get_mut(&partition) {
                    one.pass(offset, state.workflow.mode);
                }
            }
            Change::Ended => lanes[at].state.has_ended = true,
        }
    }

    /// Sends what is buffered on its way.
    fn send_off(&mut self) -> usize {
        let core = &mut self.core;
        let sent = core.outbox.resend(&mut *core.sink, core.now.ms);
        for lane in core.outbox.broken() {
            self.lanes[lane as usize].state.stats.metrics.counts.panics += 1;
        }
        for lane in core.outbox.unreplied() {
            self.lanes[lane as usize].state.stats.metrics.counts.unreplied += 1;
        }
        core.tasks.poll(&mut *core.sink);
        core.sink.push();
        // A sink may have answers only once it has pushed, and then nobody wakes us for them.
        let heard = self.hear_sink();
        let (unsent, calls) = (self.core.outbox.unsent(), self.core.tasks.waiting());
        self.metrics.unsent.store(unsent as u64, Relaxed);
        self.metrics.calls.store(calls as u64, Relaxed);
        self.metrics
            .thirsty
            .store(self.core.thirsty.len() as u64, Relaxed);
        let now_ms = self.core.now.ms;
        for lane in &mut self.lanes {
            if let Some(journal) = &mut lane.state.journal {
                journal.ship(now_ms);
            }
            let is_paused = lane.state.is_paused;
            lane.state.report(is_paused);
        }
        sent + heard
    }

    fn commit(&mut self) {
        let Shard { core, lanes, .. } = self;
        for at in 0..lanes.len() {
            if lanes[at].commit_if_due(core.now.ms) {
                lanes[at].state.report_oldest(&core.flights, &core.outbox);
            }
            core.release(lanes, at);
        }
    }

    fn is_done(&mut self) -> bool {
        let is_over = |lane: &Lane| {
            let state = &lane.state;
            let has_left = self.is_stopping && state.partitions.is_empty();
            let mut partitions = state.partitions.values();
            // What a crash cut off is named first: without that the last commit would have to name it again.
            let asks = partitions.any(|one| one.ahead.commit.is_some() || one.ahead.naming > 0);
            has_left || state.has_ended && state.unfinished() == 0 && !asks
        };
        if !self.lanes.iter().all(is_over) {
            return false;
        }
        // What sources have ended is given back with its last commit.
        for at in 0..self.lanes.len() {
            self.lanes[at].stop(self.core.now.instant);
            self.core.release(&mut self.lanes, at);
        }
        true
    }

    /// Returns when there is something to do without being woken.
    fn next_ms(&self) -> Option<i64> {
        let core = &self.core;
        let lanes = self.lanes.iter().flat_map(|lane| lane.next_ms(&core.now));
        let rest = [
            core.timers.next_ms(),
            core.flights.next_limit_ms(),
            core.thirsty.next_ms(core.now.ms),
            core.outbox.next_ms(),
            // Whether there is room again is not always told: the sink may have been made anew.
            core.outbox.is_waiting().then_some(core.now.ms + ROOM_LOOK_MS),
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

impl Lane {
    /// Returns when the lane has something to do: commits, and partitions to give back.
    fn next_ms(&self, now: &Now) -> Option<i64> {
        let state = &self.state;
        let ms_from =
            |until: Instant| now.ms + until.saturating_duration_since(now.instant).as_millis() as i64 + 1;
        let partitions = state.partitions.values();
        let times = partitions.flat_map(|one| {
            let release = one.next_release().map(ms_from);
            let commit = one.tracker.has_changed().then_some(state.next_commit_ms);
            [release, commit, one.ahead.again_ms].into_iter().flatten()
        });
        // How old the oldest one is shows with the commits.
        let age = (state.unfinished() > 0).then_some(state.next_commit_ms);
        let records = state.journal.as_ref().and_then(|journal| journal.ship_at_ms);
        times.chain(age).chain(records).min()
    }
}

/// Takes an event: it is held until its commit, or runs.
fn take_event(core: &mut Core, lane: &mut LaneState, version: &Rc<Loaded>, record: &Record<'_>) {
    if lane.workflow.mode == Mode::Sync {
        return lane.hold(record);
    }
    let Some(partition) = lane.partitions.get_mut(&record.partition) else {
        return;
    };
    if partition.until.is_none() && partition.tracker.begin(record.offset) {
        core.take(lane, version, record);
    }
}

/// Settles what waited for records that are out now.
fn hear_journal(core: &mut Core, lanes: &mut [Lane], at: usize) -> usize {
    let mut heard = 0;
    loop {
        let Some(journal) = &mut lanes[at].state.journal else {
            return heard;
        };
        let Some(&(mark, id)) = journal.waiting.front() else {
            return heard;
        };
        if journal.buffer.confirmed() < mark {
            return heard;
        }
        journal.waiting.pop_front();
        heard += 1;
        if let Some(settlement) = core.outbox.settlements.done(id) {
            Core::settled(lanes, settlement);
        }
    }
}

/// Says what is wrong with a destination: once, until something arrives there again. Of replies, whose destinations
/// events choose, one is told now and then.
fn tell(
    what: Undelivered,
    topic: &str,
    error: &crate::stream::SendError,
    now_ms: i64,
    reply_told_until_ms: &mut i64,
) {
    match what {
        Undelivered::Retried { is_news: true } => {
            tracing::warn!(
                topic,
                "a message was not delivered and is sent again, as will be others: {error}"
            );
        }
        Undelivered::Retried { is_news: false } => {
            tracing::debug!(topic, "a message was not delivered and is sent again: {error}");
        }
        Undelivered::GivenUp if now_ms < *reply_told_until_ms => {}
        Undelivered::GivenUp => {
            *reply_told_until_ms = now_ms + REFUSAL_TOLD_MS;
            tracing::error!(
                topic,
                "a reply cannot be delivered and is dropped: {error}; similar messages are suppressed for a \
                 minute"
            );
        }
    }
}
