//! Which dead letters go back, and what their copies are.
//!
//! Must not know how they travel, or what becomes of them. Invariant: a copy has the key, the value and the headers
//! that the event had before it failed, and one header that counts its rounds.

use super::{Counts, Place};
use crate::runtime::CUT_OFF;
use crate::runtime::messages::{OURS, SOURCE_OFFSET, SOURCE_PARTITION, SOURCE_TOPIC, VALUE_BYTES};
use crate::stream::{Message, Record, SendError, Sink, Ticket, TopicId};

/// The header that counts how often an event was put back.
pub const ROUNDS: &str = "stepstream-redrive-rounds";

/// Which letters are put back, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The topic that they are in.
    pub from: String,
    /// The topic that they go to; `None` is the one that each came from.
    pub to: Option<String>,
    /// Only letters with one of these errors; empty for all.
    pub errors: Vec<String>,
    /// Most letters that are put back.
    pub limit: u64,
    /// How often a letter may be put back in all its life.
    pub rounds_max: u32,
    /// Only look: nothing is written, nothing committed.
    pub is_dry: bool,
}

/// What is to be done with a letter.
pub(super) enum Fate {
    /// It is counted there.
    Stays(fn(&mut Counts) -> &mut u64),
    /// It only names an event, and where that stands.
    IsNoEvent(Place),
    /// To this topic, for this round.
    Goes(Box<str>, u32),
}

impl Options {
    /// Decides what becomes of a letter.
    pub(super) fn fate(&self, record: &Record<'_>, error: &str) -> Fate {
        if !self.errors.is_empty() && !self.errors.iter().any(|wanted| wanted == error) {
            return Fate::Stays(|counts| &mut counts.not_chosen);
        }
        // Its copy would be a tombstone, which the workflow skips.
        let is_only_named = error == CUT_OFF || record.headers.last(VALUE_BYTES).is_some();
        if is_only_named && record.value.is_none() {
            return Fate::IsNoEvent(place(record));
        }
        let rounds = record.headers.last(ROUNDS);
        let rounds = rounds.and_then(|text| std::str::from_utf8(text).ok()?.parse().ok());
        let rounds: u32 = rounds.unwrap_or(0);
        if rounds >= self.rounds_max {
            return Fate::Stays(|counts| &mut counts.exhausted);
        }
        let home = record.headers.last(SOURCE_TOPIC);
        let home = home.and_then(|name| std::str::from_utf8(name).ok());
        match self.to.as_deref().or(home) {
            Some(topic) if topic != self.from => Fate::Goes(topic.into(), rounds + 1),
            _ => Fate::Stays(|counts| &mut counts.homeless),
        }
    }
}

/// Returns where the event of a letter came from.
fn place(record: &Record<'_>) -> Place {
    let text = |name| {
        let text = record.headers.last(name).unwrap_or_default();
        String::from_utf8_lossy(text).into_owned()
    };
    let number = |name| text(name).parse().ok();
    Place {
        topic: text(SOURCE_TOPIC),
        partition: number(SOURCE_PARTITION).and_then(|number: i64| i32::try_from(number).ok()),
        offset: number(SOURCE_OFFSET),
    }
}

/// Sends a copy of a letter: what it was before it failed, and its round.
pub(super) fn send(
    sink: &mut impl Sink,
    topic: TopicId,
    record: &Record<'_>,
    round: u32,
    text: &mut Vec<u8>,
    ticket: Ticket,
) -> Result<(), SendError> {
    text.clear();
    text.extend_from_slice(round.to_string().as_bytes());
    let mut headers: Vec<(&str, Option<&[u8]>)> = Vec::new();
    let mut at = 0;
    while let Some(header) = record.headers.at(at) {
        at += 1;
        let mut later = (at..).map_while(|at| record.headers.at(at));
        // The last ones of these names are the letter's own, others its event came with.
        let is_ours = OURS.contains(&header.0) && !later.any(|(name, _)| name == header.0);
        if header.0 != ROUNDS && !is_ours {
            headers.push(header);
        }
    }
    headers.push((ROUNDS, Some(text)));
    let message = Message {
        topic,
        partition: None,
        key: record.key,
        value: record.value,
        headers: &headers,
    };
    sink.send(&message, ticket)
}
