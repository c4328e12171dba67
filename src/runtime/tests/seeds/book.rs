//! What has become of each event, as the outside has seen it, and what must hold of that.
//!
//! Must not know how it came about. Invariant: what is noted here was acknowledged, or has left the process.

use super::super::super::CUT_OFF;
use super::super::super::workflow::Mode;
use super::broker::restored;
use crate::execution::steps::Step;
use crate::stream::offsets::{Commit, Tracker};
use std::collections::{BTreeMap, HashMap};

/// Where an event stands: partition and offset.
pub(super) type Place = (u32, i64);

/// What is known of an event.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Story {
    /// It leaves nothing behind: an event without a value.
    pub(super) is_skipped: bool,
    /// Outputs and dead letters of its executions that were delivered.
    pub(super) results: usize,
    /// Dead letters that name it as cut off.
    pub(super) named: usize,
    /// Ends of executions in the log.
    pub(super) ends: usize,
}

/// All events.
pub(super) struct Book {
    pub(super) mode: Mode,
    pub(super) has_messages: bool,
    pub(super) has_log: bool,
    pub(super) stories: BTreeMap<Place, Story>,
    /// How many results an event may have in sync mode.
    results_max: usize,
    /// Keys of calls by their parameters, and the other way round.
    keys: HashMap<String, String>,
    calls: HashMap<String, String>,
}

impl Book {
    pub(super) fn new(mode: Mode, has_messages: bool, has_log: bool) -> Book {
        Book {
            mode,
            has_messages,
            has_log,
            stories: BTreeMap::new(),
            results_max: 1,
            keys: HashMap::new(),
            calls: HashMap::new(),
        }
    }

    /// One panic may come there: an event may fail after its output was sent, or have no record.
    pub(super) fn expect_fault(&mut self, step: Option<Step>) {
        self.results_max += usize::from(step.is_some());
        self.has_log &= step != Some(Step::Refusal);
    }

    /// Notes a call: the same one has the same key whenever it comes, and no other has it.
    pub(super) fn call(&mut self, key: &str, parameters: &str) {
        let known = self.keys.entry(parameters.to_owned()).or_insert(key.to_owned());
        assert_eq!(known, key, "a call has two keys: {parameters}");
        let known = self.calls.entry(key.to_owned()).or_insert(parameters.to_owned());
        assert_eq!(known, parameters, "two calls have the key {key}");
    }

    /// Notes a message that was delivered.
    pub(super) fn delivered(&mut self, topic: &str, place: Place, error: Option<&str>) {
        let (mode, max) = (self.mode, self.results_max);
        let story = self.story(place);
        if topic != "out" && topic != "dead" {
            return;
        }
        if error == Some(CUT_OFF) {
            story.named += 1;
        } else {
            story.results += 1;
        }
        let is_once = mode == Mode::Async || story.results <= max;
        assert!(is_once, "{place:?} ran twice: {story:?}");
    }

    /// Notes records that have left the process.
    pub(super) fn logged(&mut self, text: &str) {
        for line in text.lines() {
            let record = serde_json::from_str::<serde_json::Value>(line);
            let record = record.unwrap_or_else(|error| panic!("no record: {error}: {line}"));
            let is_end = record["type"].as_str().is_some_and(|kind| {
                matches!(
                    kind,
                    "ExecutionSucceeded" | "ExecutionFailed" | "ExecutionTimedOut"
                )
            });
            if is_end {
                let arn = record["execution_arn"].as_str().unwrap_or_default();
                let name = arn.rsplit(':').nth(1).unwrap_or_default();
                self.story(place(name)).ends += 1;
            }
        }
    }

    fn story(&mut self, place: Place) -> &mut Story {
        let story = self.stories.get_mut(&place);
        story.unwrap_or_else(|| panic!("{place:?} is no event"))
    }

    /// Says whether an event is finished, as far as that can be seen.
    fn is_over(&self, story: &Story) -> bool {
        let is_sent = !self.has_messages || story.results + story.named > 0;
        let is_logged = !self.has_log || story.ends > 0;
        story.is_skipped || is_sent && is_logged
    }

    /// A commit stands: nothing below it is unfinished (async), or not named as unfinished (sync).
    pub(super) fn committed(&self, partition: u32, commit: &Commit) {
        let restored = restored(commit);
        let open: Vec<i64> = restored.cut_off().collect();
        assert!(restored.cut_off().is_complete(), "the metadata has room enough");
        let mut tracker = Tracker::new(&restored);
        for (&(_, offset), story) in self.stories.range((partition, i64::MIN)..=(partition, i64::MAX)) {
            let is_passed = match self.mode {
                Mode::Sync => offset < commit.offset && !open.contains(&offset),
                Mode::Async => offset < commit.offset || !tracker.begin(offset),
            };
            assert!(
                !is_passed || self.is_over(story),
                "committed and not finished: partition {partition}, offset {offset}, {story:?}, {commit:?}"
            );
        }
    }

    /// At the end: every event is over.
    pub(super) fn all_over(&self) {
        for (place, story) in &self.stories {
            assert!(self.is_over(story), "never finished: {place:?}, {story:?}");
        }
    }
}

/// Reads the name of an execution.
pub(super) fn place(name: &str) -> Place {
    let mut parts = name.rsplitn(3, '-');
    let offset = parts.next().and_then(|text| text.parse().ok());
    let partition = parts.next().and_then(|text| text.parse().ok());
    (
        partition.expect("a partition in the name"),
        offset.expect("an offset in the name"),
    )
}
