//! Which dead letters go back, and what their copies are.
//!
//! Must not know how they travel, or what becomes of them. Invariant: a copy has the key, the value and the headers
//! that the event had before it failed, and one header that counts its rounds.

use super::{Counts, Place};
use crate::runtime::CUT_OFF;
use crate::runtime::letter_headers::{
    HEADERS_LEFT_OUT, OURS, SOURCE_OFFSET, SOURCE_PARTITION, SOURCE_TOPIC, VALUE_BYTES,
};
use crate::stream::{Message, Record, SendError, Sink, Ticket, TopicId};
use std::fmt;
use std::sync::Arc;

/// The header that counts how often an event was put back.
pub const ROUNDS: &str = "stepstream-redrive-rounds";

/// Which letters are put back, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The topic that they are in.
    pub from: String,
    /// The topic that they go to; `None` is the one that each came from.
    pub to: Option<String>,
    /// Where they may go back to: whoever may write letters says where each came from.
    pub homes: Homes,
    /// Only letters with one of these errors; empty for all.
    pub errors: Vec<String>,
    /// Most letters that are put back.
    pub limit: u64,
    /// How often a letter may be put back in all its life.
    pub rounds_max: u32,
    /// Only look: nothing is written, nothing committed.
    pub is_dry: bool,
}

/// To which topics letters may go back.
#[derive(Clone)]
pub enum Homes {
    /// To any.
    Any,
    /// To those for which this says yes.
    Only(Arc<dyn Fn(&str) -> bool + Send + Sync>),
}

impl Homes {
    fn has(&self, topic: &str) -> bool {
        match self {
            Homes::Any => true,
            Homes::Only(has) => has(topic),
        }
    }
}

impl fmt::Debug for Homes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Homes::Any => "Any",
            Homes::Only(_) => "Only(..)",
        })
    }
}

/// What is to be done with a letter.
pub(super) enum Fate {
    /// It is counted there.
    Stays(fn(&mut Counts) -> &mut u64),
    /// It lacks the event's value or headers: it only names the event, and where that stands.
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
        let lacks_headers = record.headers.last(HEADERS_LEFT_OUT).is_some();
        if lacks_headers || is_only_named && record.value.is_none() {
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
            Some(topic) if self.to.is_none() && !self.homes.has(topic) => {
                Fate::Stays(|counts| &mut counts.not_allowed)
            }
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
    record.headers.each(&mut |name, value| {
        if name != ROUNDS {
            headers.push((name, value));
        }
    });
    // The last ones of these names are the letter's own, others its event came with.
    for ours in OURS {
        if let Some(index) = headers.iter().rposition(|(name, _)| *name == ours) {
            headers.remove(index);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::memory::{Acknowledge, Bounds, outbox};
    use crate::stream::{Headers, PartitionId, Wake};

    struct List(Vec<(&'static str, &'static str)>);

    impl Headers for List {
        fn each<'a>(&'a self, visit: &mut dyn FnMut(&'a str, Option<&'a [u8]>)) {
            self.0
                .iter()
                .for_each(|(name, value)| visit(name, Some(value.as_bytes())));
        }
    }

    fn record(headers: &List) -> Record<'_> {
        Record {
            partition: PartitionId(0),
            offset: 0,
            timestamp_ms: 0,
            key: None,
            value: Some(b"1"),
            headers,
        }
    }

    #[test]
    fn a_copy_has_the_headers_that_the_event_had() {
        let headers = List(vec![
            ("trace", "7"),
            ("stepstream-error", "of another workflow"),
            (ROUNDS, "1"),
            ("stepstream-error", "E"),
            ("stepstream-cause", "because"),
        ]);
        let (desk, outbox) = outbox(Acknowledge::AtOnce, Bounds::default());
        let mut sink = desk.sink(0, &Wake::new());
        let topic = sink.topic("orders");
        send(&mut sink, topic, &record(&headers), 2, &mut Vec::new(), Ticket(0)).expect("room");
        sink.push();
        let parcel = outbox.try_take().expect("a parcel");
        let copy = parcel.letters().next().expect("a message");
        let found: Vec<_> = copy
            .headers()
            .map(|(name, value)| format!("{name}={}", String::from_utf8_lossy(value.unwrap_or_default())))
            .collect();
        assert_eq!(
            found,
            [
                "trace=7",
                "stepstream-error=of another workflow",
                "stepstream-redrive-rounds=2"
            ]
        );
    }

    fn options(homes: Homes) -> Options {
        Options {
            from: "dead".to_owned(),
            to: None,
            homes,
            errors: Vec::new(),
            limit: 1,
            rounds_max: 5,
            is_dry: false,
        }
    }

    #[test]
    fn a_letter_goes_only_where_it_may() {
        let only = || Homes::Only(Arc::new(|topic| topic == "orders"));
        let fate = |options: &Options, home: &'static str| {
            let headers = List(vec![(SOURCE_TOPIC, home)]);
            match options.fate(&record(&headers), "E") {
                Fate::Goes(topic, _) => topic.into_string(),
                _ => "stays".to_owned(),
            }
        };
        for (homes, to, home, expected) in [
            (only(), None, "orders", "orders"),
            (only(), None, "payments", "stays"),
            (Homes::Any, None, "payments", "payments"),
            (Homes::Any, None, "dead", "stays"),
            (only(), Some("retried"), "payments", "retried"),
        ] {
            let to = to.map(str::to_owned);
            let options = Options { to, ..options(homes) };
            assert_eq!(fate(&options, home), expected, "{options:?} {home}");
        }
    }

    #[test]
    fn a_letter_without_its_headers_is_no_event() {
        let options = options(Homes::Any);
        let headers = List(vec![(SOURCE_TOPIC, "orders"), (HEADERS_LEFT_OUT, "5000")]);
        let fate = options.fate(&record(&headers), "Stepstream.EventTooLarge");
        assert!(matches!(fate, Fate::IsNoEvent(place) if place.topic == "orders"));
    }
}
