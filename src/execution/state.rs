//! What a shard knows of an execution besides its memory: names, deadlines, calls that wait.
//!
//! Must not know how an execution runs. Invariant: a name of an execution that is over names no other one.

use super::account::Before;
use crate::metrics::TaskSeries;
use crate::stream::Ticket;
use crate::vm::Token;

/// Names an execution in flight: its place in the table, and which of the place's occupants it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FlightId {
    pub(crate) place: u32,
    pub(crate) generation: u32,
}

/// How many bits of a ticket are the call's number, and how many the generation. The place has the 27 bits above; the
/// highest bit tells other tickets of the shard from those of calls.
const CALL_BITS: u32 = 16;
const GENERATION_BITS: u32 = 20;
const GENERATION_MASK: u32 = (1 << GENERATION_BITS) - 1;

impl FlightId {
    /// Returns the ticket of one of its calls.
    pub(crate) fn ticket(self, call: u32) -> Ticket {
        let generation = u64::from(self.generation & GENERATION_MASK);
        let place = u64::from(self.place & 0x7FF_FFFF);
        let call = u64::from(call & ((1 << CALL_BITS) - 1));
        Ticket(place << (CALL_BITS + GENERATION_BITS) | generation << CALL_BITS | call)
    }

    /// Returns the place of the execution that made a call.
    pub(crate) fn place_of(ticket: Ticket) -> u32 {
        (ticket.0 >> (CALL_BITS + GENERATION_BITS)) as u32
    }

    /// Says whether this is who made a call, given that the call is of its place.
    pub(crate) fn made(self, ticket: Ticket) -> bool {
        let told = (ticket.0 >> CALL_BITS) as u32 & GENERATION_MASK;
        self.generation & GENERATION_MASK == told
    }
}

/// What a shard knows of an execution besides its memory.
pub(crate) struct ExecutionState {
    /// Its name in the table, once it may have to wait.
    pub(crate) id: Option<FlightId>,
    /// The random part of its ARN.
    pub(crate) uuid: u128,
    pub(crate) started_ms: i64,
    pub(crate) deadline_ms: i64,
    /// Tasks that were called and have not answered.
    pub(crate) calls: Vec<Pending>,
    /// How many calls it has made.
    pub(crate) call_count: u32,
    /// Whether records of it were written already.
    pub(crate) has_records: bool,
    /// Bytes of results that are known and come at their time.
    pub(crate) timed_bytes: usize,
    /// What it held when it was last taken up with memory to spare; see [`super::thirsty`].
    pub(crate) held_bytes: usize,
    /// What it had on the account when it was parked last.
    pub(crate) before: Before,
    /// Whether it waits for memory.
    pub(crate) is_thirsty: bool,
}

impl ExecutionState {
    /// Creates what is known of an execution that begins.
    pub(crate) fn new(started_ms: i64) -> ExecutionState {
        ExecutionState {
            id: None,
            uuid: 0,
            started_ms,
            deadline_ms: 0,
            calls: Vec::new(),
            call_count: 0,
            has_records: false,
            timed_bytes: 0,
            held_bytes: 0,
            before: Before::default(),
            is_thirsty: false,
        }
    }

    /// Returns how many bytes are held for the execution elsewhere: by connectors and timers.
    pub(crate) fn outside_bytes(&self) -> usize {
        let calls = self.calls.iter();
        calls.map(|call| call.bytes).sum::<usize>() + self.timed_bytes
    }
}

/// A call that was not answered yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pending {
    pub(crate) token: Token,
    pub(crate) ticket: Ticket,
    /// Bytes of what it was called with.
    pub(crate) bytes: usize,
    /// Where it is counted.
    pub(crate) series: TaskSeries,
    pub(crate) began_ms: i64,
    /// When its `TimeoutSeconds` are over; `i64::MAX` for never.
    pub(crate) timeout_at_ms: i64,
    /// How long it may be without a sign of life; `i64::MAX` for ever.
    pub(crate) heartbeat_ms: i64,
    /// When there was the last one, of which its beginning is the first.
    pub(crate) alive_ms: i64,
}

impl Pending {
    /// Returns when it has timed out, unless there is a heartbeat before; `i64::MAX` for never.
    pub(crate) fn limit_ms(&self) -> i64 {
        self.timeout_at_ms
            .min(self.alive_ms.saturating_add(self.heartbeat_ms))
    }

    /// Takes in a heartbeat, unless it comes too late.
    pub(crate) fn beat(&mut self, now_ms: i64) {
        if now_ms < self.limit_ms() {
            self.alive_ms = now_ms;
        }
    }
}
