//! What became of the letters: counts by error and by topic.
//!
//! Must not know why. Invariant: a summary is bounded, whatever names the letters carry.

use std::collections::BTreeMap;

/// How the summary names the error of an event that has no `stepstream-error` header.
pub const NO_ERROR: &str = "(no stepstream-error header)";
/// How the summary names errors beyond [`ERRORS_MAX`].
pub const OTHER: &str = "(other errors)";
/// Most error names that a summary has.
pub const ERRORS_MAX: usize = 1_000;
/// Most topics that letters go back to; letters of one more stay.
pub const TOPICS_MAX: usize = 1_000;

/// Most places of events that a summary names.
pub const PLACES_MAX: usize = 1_000;

/// Where an event came from, as its letter says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The topic.
    pub topic: String,
    /// The partition, if it is a number.
    pub partition: Option<i32>,
    /// The offset, if it is a number.
    pub offset: Option<i64>,
}

/// What became of the letters of one error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Put back; of a dry run: would be.
    pub put_back: u64,
    /// Not asked for.
    pub not_chosen: u64,
    /// Put back as often as is allowed.
    pub exhausted: u64,
    /// They only name an event and have none to put back: a crash cut its execution off, or it was too large.
    pub without_event: u64,
    /// They do not say where they came from, or from the topic that they are in.
    pub homeless: u64,
    /// They may not go back to the topic that they say they came from.
    pub not_allowed: u64,
    /// The brokers do not take them.
    pub refused: u64,
}

impl Counts {
    /// Returns how many stay though they were asked for.
    pub fn left(&self) -> u64 {
        self.exhausted + self.without_event + self.homeless + self.not_allowed + self.refused
    }

    fn add(&mut self, other: &Counts) {
        self.put_back += other.put_back;
        self.not_chosen += other.not_chosen;
        self.exhausted += other.exhausted;
        self.without_event += other.without_event;
        self.homeless += other.homeless;
        self.not_allowed += other.not_allowed;
        self.refused += other.refused;
    }
}

/// What became of the letters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// By error.
    pub errors: BTreeMap<Box<str>, Counts>,
    /// How many went to which topic; of a dry run: would go.
    pub topics: BTreeMap<Box<str>, u64>,
    /// Where the events stand that letters only name; the first [`PLACES_MAX`].
    pub without_event: Vec<Place>,
    /// Why the brokers did not take one.
    pub refusal: Option<String>,
    /// Why it ended before its time.
    pub failure: Option<String>,
    /// Whether the limit was reached.
    pub is_limited: bool,
    /// How many commits could not name all that is done above the first letter that stays: some letters
    /// would be put back twice by another run.
    pub truncated: u64,
}

impl Summary {
    /// Returns the sum over all errors.
    pub fn total(&self) -> Counts {
        let mut total = Counts::default();
        self.errors.values().for_each(|counts| total.add(counts));
        total
    }

    /// Bounded: there are at most [`TOPICS_MAX`] handles; a dry run puts more under one name.
    pub(super) fn went_to(&mut self, topic: &str) {
        let is_known = self.topics.contains_key(topic) || self.topics.len() < TOPICS_MAX;
        let topic = if is_known { topic } else { "(other topics)" };
        *self.topics.entry(topic.into()).or_default() += 1;
    }

    pub(super) fn has_no_event(&mut self, error: &str, place: Place) {
        self.of(error).without_event += 1;
        if self.without_event.len() < PLACES_MAX {
            self.without_event.push(place);
        }
    }

    pub(super) fn of(&mut self, error: &str) -> &mut Counts {
        let is_known = self.errors.contains_key(error) || self.errors.len() < ERRORS_MAX;
        self.errors
            .entry(if is_known { error } else { OTHER }.into())
            .or_default()
    }
}
