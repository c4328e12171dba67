//! What a shard knows of an execution besides its memory.

use super::account::Before;
use crate::metrics::TaskSeries;
use crate::stream::Ticket;
use crate::vm::Token;

/// Names an execution in flight: its place in the table, and which of the place's occupants it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FlightId {
    pub(super) place: u32,
    pub(super) generation: u32,
}

/// How many bits of a ticket are the call's number, and how many the generation. The place has the 27 bits above; the
/// highest bit tells other tickets of the shard from those of calls.
const CALL_BITS: u32 = 16;
const GENERATION_BITS: u32 = 20;
const GENERATION_MASK: u32 = (1 << GENERATION_BITS) - 1;

impl FlightId {
    /// Returns the ticket of one of its calls.
    pub(super) fn ticket(self, call: u32) -> Ticket {
        let generation = u64::from(self.generation & GENERATION_MASK);
        let place = u64::from(self.place & 0x7FF_FFFF);
        let call = u64::from(call & ((1 << CALL_BITS) - 1));
        Ticket(place << (CALL_BITS + GENERATION_BITS) | generation << CALL_BITS | call)
    }

    /// Returns the place of the execution that made a call.
    pub(super) fn place_of(ticket: Ticket) -> u32 {
        (ticket.0 >> (CALL_BITS + GENERATION_BITS)) as u32
    }

    /// Says whether this is who made a call, given that the call is of its place.
    pub(super) fn made(self, ticket: Ticket) -> bool {
        let told = (ticket.0 >> CALL_BITS) as u32 & GENERATION_MASK;
        self.generation & GENERATION_MASK == told
    }
}

/// What a shard knows of an execution besides its memory.
pub(super) struct ExecutionState {
    /// Its name in the table, once it may have to wait.
    pub(super) id: Option<FlightId>,
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
    pub(super) before: Before,
    /// Whether it waits for memory.
    pub(super) is_thirsty: bool,
}

impl ExecutionState {
    /// Creates what is known of an execution that begins.
    pub(super) fn new(started_ms: i64) -> ExecutionState {
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
    pub(super) fn outside_bytes(&self) -> usize {
        let calls = self.calls.iter();
        calls.map(|call| call.bytes).sum::<usize>() + self.timed_bytes
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
    /// When it has timed out; `i64::MAX` for never.
    pub(super) limit_ms: i64,
}
