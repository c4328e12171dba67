//! Executions that wait for the world, or for their next turn.
//!
//! Owns their places, which are used again, and the numbers that tell one occupant of a place from the
//! next. Must not know how an execution is run. Invariant: an id or a ticket of an execution that is over
//! finds nothing.

use super::ages::Ages;
use super::event::Event;
use super::ordering::LineId;
use super::workflow::Loaded;
use crate::metrics::TaskSeries;
use crate::stream::Ticket;
use crate::vm::{Run, Token};
use std::collections::VecDeque;
use std::rc::Rc;

/// Names an execution in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FlightId {
    place: u32,
    generation: u32,
}

/// An execution in flight.
pub(super) struct Flight {
    /// Index of the workflow's lane.
    pub(super) lane: u32,
    pub(super) version: Rc<Loaded>,
    /// Where it came from, and what of the event is needed later.
    pub(super) event: Event,
    pub(super) trip: Trip,
    /// Its memory while it waits.
    pub(super) run: Box<Run>,
    /// Bytes of all that, as they are accounted for.
    pub(super) bytes: usize,
}

/// What the shard knows of an execution besides its memory.
pub(super) struct Trip {
    /// Its place, once it may have to wait.
    pub(super) id: Option<FlightId>,
    /// The line it runs in, and whether it keeps the line busy.
    pub(super) line: Option<LineId>,
    pub(super) holds_line: bool,
    /// The random part of its ARN.
    pub(super) uuid: u128,
    pub(super) started_ms: i64,
    pub(super) deadline_ms: i64,
    /// Tasks that were called and have not answered.
    pub(super) calls: Vec<Pending>,
    /// How many calls it has made.
    pub(super) call_count: u32,
    /// Whether records of it were written already.
    pub(super) has_records: bool,
    /// Bytes of results that are known and come at their time.
    pub(super) timed_bytes: usize,
    /// What it held when it was last taken up with memory to spare; see [`super::thirsty`].
    pub(super) held_bytes: usize,
    /// What it had on the account when it was parked last.
    pub(super) before: super::account::Before,
    /// Whether it waits for memory.
    pub(super) is_thirsty: bool,
}

impl Trip {
    /// Returns how many bytes are held for the execution elsewhere: by connectors and timers.
    pub(super) fn outside_bytes(&self) -> usize {
        let calls = self.calls.iter();
        calls.map(|call| call.bytes).sum::<usize>() + self.timed_bytes
    }
}

impl Trip {
    /// Creates what is known of an execution that begins.
    pub(super) fn new(line: Option<LineId>, holds_line: bool, started_ms: i64) -> Trip {
        Trip {
            id: None,
            line,
            holds_line,
            uuid: 0,
            started_ms,
            deadline_ms: 0,
            calls: Vec::new(),
            call_count: 0,
            has_records: false,
            timed_bytes: 0,
            held_bytes: 0,
            before: super::account::Before::default(),
            is_thirsty: false,
        }
    }
}

/// A call that was not answered yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pending {
    pub(super) token: Token,
    pub(super) ticket: Ticket,
    /// Bytes of what it was called with.
    pub(super) bytes: usize,
    /// Where it is counted.
    pub(super) series: TaskSeries,
    pub(super) began_ms: i64,
    /// When its `TimeoutSeconds` are over; `i64::MAX` for never.
    pub(super) timeout_at_ms: i64,
    /// How long it may be without a sign of life; `i64::MAX` for ever.
    pub(super) heartbeat_ms: i64,
    /// When there was the last one, of which its beginning is the first.
    pub(super) alive_ms: i64,
}

impl Pending {
    /// Returns when it has timed out, unless there is a heartbeat before; `i64::MAX` for never.
    pub(super) fn limit_ms(&self) -> i64 {
        self.timeout_at_ms
            .min(self.alive_ms.saturating_add(self.heartbeat_ms))
    }

    /// Takes in a heartbeat, unless it comes too late.
    pub(super) fn beat(&mut self, now_ms: i64) {
        if now_ms < self.limit_ms() {
            self.alive_ms = now_ms;
        }
    }
}

impl Flight {
    /// Returns when the first of its time limits is reached.
    pub(super) fn limit_ms(&self) -> i64 {
        let calls = self.trip.calls.iter().map(Pending::limit_ms);
        calls.fold(self.trip.deadline_ms, i64::min)
    }
}

/// A place for an execution.
#[derive(Default)]
struct Place {
    generation: u32,
    /// The lane that has reserved it.
    lane: u32,
    flight: Option<Flight>,
}

/// The executions in flight, by place. Bounded by the limits of the workflows.
#[derive(Default)]
pub(super) struct Flights {
    places: Vec<Place>,
    free: Vec<u32>,
    ages: Ages,
    len: usize,
    /// Found with a limit that was reached, in a turn that could not end them all.
    overdue: VecDeque<FlightId>,
    /// No time limit is reached before this; see [`Flights::find_overdue`].
    next_limit_ms: Option<i64>,
}

impl Flights {
    /// Reserves the name of an execution of a lane that may come to wait and was started at a time, which is now.
    pub(super) fn reserve(&mut self, lane: u32, started_ms: i64) -> FlightId {
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place::default());
            self.places.len() as u32 - 1
        });
        self.ages.begin(lane, place, started_ms);
        let reserved = &mut self.places[place as usize];
        reserved.lane = lane;
        FlightId {
            place,
            generation: reserved.generation,
        }
    }

    /// Gives a reserved name back.
    pub(super) fn release(&mut self, id: FlightId) {
        let place = &mut self.places[id.place as usize];
        place.generation = place.generation.wrapping_add(1);
        self.ages.end(place.lane, id.place);
        self.free.push(id.place);
    }

    /// Puts an execution at its reserved place.
    pub(super) fn put(&mut self, id: FlightId, flight: Flight) {
        let limit = flight.limit_ms();
        self.next_limit_ms = Some(self.next_limit_ms.map_or(limit, |next| next.min(limit)));
        let place = &mut self.places[id.place as usize];
        debug_assert!(place.flight.is_none() && place.generation == id.generation);
        place.flight = Some(flight);
        self.len += 1;
    }

    /// Takes an execution out to run it; its name stays reserved.
    pub(super) fn take(&mut self, id: FlightId) -> Option<Flight> {
        let place = self.places.get_mut(id.place as usize)?;
        if place.generation != id.generation {
            return None;
        }
        let flight = place.flight.take()?;
        self.len -= 1;
        Some(flight)
    }

    /// Returns an execution that waits.
    pub(super) fn get(&self, id: FlightId) -> Option<&Flight> {
        let place = self.places.get(id.place as usize)?;
        place
            .flight
            .as_ref()
            .filter(|_| place.generation == id.generation)
    }

    /// Returns an execution that waits, to change what is known of it.
    pub(super) fn get_mut(&mut self, id: FlightId) -> Option<&mut Flight> {
        let place = self.places.get_mut(id.place as usize)?;
        let is_its = place.generation == id.generation;
        place.flight.as_mut().filter(|_| is_its)
    }

    /// Says whether an execution that has reserved a place is not over.
    pub(super) fn is_alive(&self, id: FlightId) -> bool {
        let place = self.places.get(id.place as usize);
        place.is_some_and(|place| place.generation == id.generation)
    }

    /// Says whether an execution waits for the answer to a request.
    pub(super) fn awaits(&self, id: FlightId, token: Token) -> bool {
        self.get(id).is_some_and(|flight| flight.run.awaits(token))
    }

    /// Returns when the oldest execution of a lane was started.
    pub(super) fn oldest_ms(&self, lane: u32) -> Option<i64> {
        self.ages.oldest_ms(lane)
    }

    /// Returns how many wait.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Returns the ids of those that fit.
    pub(super) fn find(&self, mut fits: impl FnMut(&Flight) -> bool) -> Vec<FlightId> {
        let mut found = Vec::new();
        for (at, place) in self.places.iter().enumerate() {
            if place.flight.as_ref().is_some_and(&mut fits) {
                found.push(FlightId {
                    place: at as u32,
                    generation: place.generation,
                });
            }
        }
        found
    }

    /// Finds those with a time limit that is reached, unless some are left of the last time. Looks at all of them, but only when the earliest
    /// known limit has come: nearly all limits belong to executions that are over by then, and keeping a
    /// timer for each would hold far more of them than there are executions.
    pub(super) fn find_overdue(&mut self, now_ms: i64) {
        if !self.overdue.is_empty() || self.next_limit_ms.is_none_or(|next| now_ms < next) {
            return;
        }
        let flights = self.places.iter().filter_map(|place| place.flight.as_ref());
        let later = flights.map(Flight::limit_ms).filter(|&limit| limit > now_ms);
        // A limit that is passed by less than this is noticed that much later: sweeps stay rare.
        self.next_limit_ms = later.min().map(|next| next.max(now_ms + SWEEP_MS));
        self.overdue = self.find(|flight| flight.limit_ms() <= now_ms).into();
    }

    /// Takes the next of those that were found.
    pub(super) fn next_overdue(&mut self) -> Option<FlightId> {
        self.overdue.pop_front()
    }

    /// Sets the time at which time limits are looked for, at the latest.
    pub(super) fn look_again(&mut self, at_ms: i64) {
        self.next_limit_ms = Some(self.next_limit_ms.map_or(at_ms, |next| next.min(at_ms)));
    }

    /// Returns when to look for time limits.
    pub(super) fn next_limit_ms(&self) -> Option<i64> {
        self.next_limit_ms.filter(|_| self.len > 0)
    }

    /// Returns the ticket of a call of an execution.
    pub(super) fn ticket(id: FlightId, call: u32) -> Ticket {
        // 27 bits of place, 20 of generation, 16 of the call's number; the highest bit is the outbox's.
        let generation = u64::from(id.generation & 0xF_FFFF);
        let place = u64::from(id.place & 0x7FF_FFFF);
        Ticket(place << 36 | generation << 16 | u64::from(call & 0xFFFF))
    }

    /// Finds the execution that made a call.
    pub(super) fn of_ticket(&self, ticket: Ticket) -> Option<FlightId> {
        let place = (ticket.0 >> 36) as u32;
        let generation = self.places.get(place as usize)?.generation;
        let told = (ticket.0 >> 16 & 0xF_FFFF) as u32;
        (generation & 0xF_FFFF == told).then_some(FlightId { place, generation })
    }
}

/// How late the end of a time limit may be noticed, in milliseconds.
const SWEEP_MS: i64 = 10;
