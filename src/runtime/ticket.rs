//! What a message's ticket says: all that has to be known when it is acknowledged, in 64 bits.
//!
//! Nearly every message is delivered at once, so nothing is kept for it beside its ticket. Must not know what becomes of
//! messages. Invariant: unpacking a ticket gives what was packed.

use crate::stream::{Ticket, TopicId};

/// Tells the tickets of messages from those of tasks.
const MARK: u64 = 1 << 63;
/// The number is that of a message that was kept to be sent again, else of a settlement.
const RETRY: u64 = 1 << 62;
/// The message's partition was asked for, not chosen by the partitioner.
const ADDRESSED: u64 = 1 << 61;
/// Where it is said what becomes of a message that is refused.
const REFUSED: Field = Field { at: 59, bits: 2 };
/// Where the topic stands.
const TOPIC: Field = Field { at: 40, bits: 19 };
/// Where the message's cost stands, see [`Cost`].
const COST: Field = Field { at: 27, bits: 13 };
/// Where the number stands: more events than fit into memory.
const NUMBER: Field = Field { at: 0, bits: 27 };

/// What becomes of a message that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnRefusal {
    /// It is sent until it is taken.
    Retried,
    /// So is it, but what is too large is made smaller: a dead letter.
    Shrunk,
    /// It is dropped: a reply.
    Dropped,
}

struct Field {
    at: u32,
    bits: u32,
}

impl Field {
    fn pack(&self, value: u32) -> u64 {
        debug_assert!(
            u64::from(value) >> self.bits == 0,
            "{value} has more than {} bits",
            self.bits
        );
        (u64::from(value) & ((1 << self.bits) - 1)) << self.at
    }

    fn unpack(&self, ticket: u64) -> u32 {
        (ticket >> self.at & ((1 << self.bits) - 1)) as u32
    }
}

/// What a message takes of the sink's queue, rounded up by less than a hundredth so that it fits into a ticket: eight
/// bits, and how far they are shifted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cost(u32);

const DIGITS: u32 = 8;

impl Cost {
    pub(super) fn of(cost: usize) -> Cost {
        let shift = (usize::BITS - cost.leading_zeros())
            .saturating_sub(DIGITS)
            .min(31);
        let digits = cost.saturating_add((1 << shift) - 1) >> shift;
        match digits >> DIGITS {
            0 => Cost(shift << DIGITS | digits as u32),
            // It was rounded up to a power of two.
            _ => Cost((shift + 1).min(31) << DIGITS | 1 << (DIGITS - 1)),
        }
    }

    pub(super) fn get(self) -> usize {
        ((self.0 & ((1 << DIGITS) - 1)) as usize) << (self.0 >> DIGITS)
    }
}

/// What a ticket of the outbox says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slip {
    pub(super) number: Number,
    pub(super) topic: TopicId,
    pub(super) cost: Cost,
    /// Whether the message's partition was asked for.
    pub(super) is_addressed: bool,
    pub(super) on_refusal: OnRefusal,
}

/// Whom a message belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    /// A settlement; nothing else is kept for it.
    Settlement(u32),
    /// A message that was kept to be sent again.
    Retry(u32),
}

impl Slip {
    pub(super) fn pack(self) -> Ticket {
        let (retry, number) = match self.number {
            Number::Settlement(number) => (0, number),
            Number::Retry(number) => (RETRY, number),
        };
        let addressed = if self.is_addressed { ADDRESSED } else { 0 };
        let fields = REFUSED.pack(self.on_refusal as u32)
            | TOPIC.pack(self.topic.0)
            | COST.pack(self.cost.0)
            | NUMBER.pack(number);
        Ticket(MARK | retry | addressed | fields)
    }

    /// Reads a ticket; `None` if it is not one of the outbox.
    pub(super) fn unpack(ticket: Ticket) -> Option<Slip> {
        let ticket = ticket.0;
        let number = NUMBER.unpack(ticket);
        (ticket & MARK != 0).then(|| Slip {
            number: match ticket & RETRY {
                0 => Number::Settlement(number),
                _ => Number::Retry(number),
            },
            topic: TopicId(TOPIC.unpack(ticket)),
            cost: Cost(COST.unpack(ticket)),
            is_addressed: ticket & ADDRESSED != 0,
            on_refusal: match REFUSED.unpack(ticket) {
                0 => OnRefusal::Retried,
                1 => OnRefusal::Shrunk,
                _ => OnRefusal::Dropped,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_says_what_was_packed() {
        let last = |field: Field| (1 << field.bits) - 1;
        for number in [
            Number::Settlement(0),
            Number::Retry(7),
            Number::Settlement(last(NUMBER)),
        ] {
            for on_refusal in [OnRefusal::Retried, OnRefusal::Shrunk, OnRefusal::Dropped] {
                for (topic, cost, is_addressed) in [(0, 0, false), (last(TOPIC), 1_000_000, true)] {
                    let slip = Slip {
                        number,
                        topic: TopicId(topic),
                        cost: Cost::of(cost),
                        is_addressed,
                        on_refusal,
                    };
                    assert_eq!(Slip::unpack(slip.pack()), Some(slip));
                }
            }
        }
        assert_eq!(Slip::unpack(Ticket(7)), None);
    }

    #[test]
    fn a_cost_is_rounded_up_a_little() {
        let around = (0..40).flat_map(|bits: u32| [(1_usize << bits) - 1, 1 << bits, (1 << bits) + 1]);
        for cost in around.filter(|cost| *cost < 255 << 31) {
            let rounded = Cost::of(cost).get();
            assert!(
                rounded >= cost && rounded - cost <= cost / 127,
                "{cost} became {rounded}"
            );
        }
        assert!(Cost::of(usize::MAX).0 >> COST.bits == 0, "fits in any case");
    }
}
