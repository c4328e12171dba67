//! Executions that callers ask for, beside those of events.
//!
//! Callers and events share all limits: on executions that wait, on memory, on the log. When there is room again events come
//! first, and callers have a part of their own beyond it, so that neither keeps the other out. Must not know how a call has
//! come. Invariants: a call is begun or refused in the turn that takes it; one that was begun is over at the latest when its
//! workflow's time is.

use super::askers::ShardAskers;
use super::call::{Call, CallEnd, Refused};
use super::call_asker::CallAsker;
use super::caller::Caller;
use super::lane::{CALLERS, Lane};
use super::lane_id::LaneId;
use super::mailbox::{CALLS_MAX, Mailbox};
use super::shard::Shard;
use std::rc::Rc;

impl Shard {
    /// Listens to a mailbox from now on; the lanes have the names by which its address knows them.
    pub fn listen(&mut self, mailbox: Mailbox) {
        for (_, lane) in &mut self.lanes {
            lane.id.shard = mailbox.shard();
        }
        self.mailbox = mailbox;
    }

    /// Begins the executions that callers have asked for, as far as there is work left; returns how many calls were taken.
    pub(super) fn take_calls(&mut self) -> usize {
        self.executor.begin_part(1);
        for taken in 0..CALLS_MAX {
            if self.executor.work.is_spent() {
                return taken;
            }
            match self.mailbox.call() {
                Some(call) => self.begin_call(call),
                None => return taken,
            }
        }
        CALLS_MAX
    }

    fn begin_call(&mut self, call: Call) {
        if let Err(refused) = self.may_call(call.lane, call.input.len()) {
            // Who has gone away needs no answer.
            let _ = call.reply.send(CallEnd::Refused(refused));
            return;
        }
        let Lane { machine, feed, .. } = &mut self.lanes[call.lane.index as usize];
        let version = Rc::clone(&machine.version);
        feed.calls += 1;
        feed.new_calls += 1;
        let mut asker = CallAsker::new(feed, Caller::new(call.name, call.reply), &call.input);
        self.executor.begin(machine, &version, &mut asker);
        // Charged afterwards, so that an execution that may begin also does something.
        self.executor.charge(call.input.len());
    }

    /// Looks whether a lane may begin an execution with so many bytes of input. A caller is refused where an event would
    /// wait: the caller can ask another shard, or again.
    fn may_call(&mut self, id: LaneId, bytes: usize) -> Result<(), Refused> {
        if self.is_stopping || self.mailbox.is_closed() {
            return Err(Refused::Stopping);
        }
        let has_room = self.has_room_for_call();
        let lane = self.lanes.get_mut(id.index as usize).filter(|lane| lane.id == id);
        let Lane { machine, feed, .. } = lane.ok_or(Refused::Gone)?;
        if feed.leaves_at.is_some() {
            return Err(Refused::Gone);
        }
        let account = &mut self.executor.account;
        // As many as events in one turn, and none while events wait for memory.
        let has_memory = account.room(machine.index, bytes) > feed.new_calls
            && account.may_begin(machine.index, machine.parked, bytes);
        // Where a limit has no number one may begin at a time, whatever events have taken.
        let is_only = feed.calls == 0 && !account.is_exhausted();
        let may_begin = has_memory && !machine.log_is_full() || is_only;
        match has_room && feed.has_room_for_call(machine.parked) && may_begin {
            true => Ok(()),
            false => Err(Refused::Busy),
        }
    }

    /// Says whether the shard may have another execution of a caller, beside those of all lanes.
    fn has_room_for_call(&mut self) -> bool {
        let calls = || self.lanes.iter().map(|(_, lane)| lane.feed.calls).sum::<usize>();
        self.total.room(self.executor.flights.len()) > 0 || calls() < self.total.part(CALLERS)
    }

    /// Ends the callers' executions of a lane that stops, when its time is over.
    pub(super) fn end_calls(&mut self, lane: usize) {
        let feed = &self.lanes[lane].feed;
        let is_over = feed
            .calls_until()
            .is_some_and(|until| self.executor.now.instant >= until);
        if !is_over {
            return;
        }
        let flights = self
            .executor
            .flights
            .find(|flight| flight.machine as usize == lane && flight.kept.is_call());
        let mut askers = ShardAskers {
            lanes: &mut self.lanes,
            dispatch: &mut self.dispatch,
        };
        for flight in flights {
            self.executor.abandon(&mut askers, flight);
        }
    }
}
