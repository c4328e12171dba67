//! Laws of the tracker against a model, and metadata that is not ours.

use super::metadata::{Kind, encode};
use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// The same by the simplest means: what is open, what has finished, what was begun last.
#[derive(Clone, Default)]
struct Model {
    open: BTreeSet<i64>,
    finished: BTreeSet<i64>,
    newest: Option<i64>,
}

impl Model {
    fn begin(&mut self, offset: i64) -> bool {
        self.newest = Some(offset);
        !self.finished.contains(&offset) && self.open.insert(offset)
    }

    /// Finishes one of the open offsets, if there is one.
    fn complete_any(&mut self, choice: u32) -> Option<i64> {
        let at = choice as usize % self.open.len().max(1);
        let chosen = self.open.iter().nth(at).copied()?;
        self.open.remove(&chosen);
        self.finished.insert(chosen);
        Some(chosen)
    }

    fn commit(&self) -> Option<i64> {
        let newest = self.newest?;
        Some(self.open.first().copied().unwrap_or(newest + 1))
    }

    fn unfinished(&self) -> Vec<i64> {
        self.open.iter().copied().collect()
    }
}

/// A partition's offsets, some of which are missing (gaps), with what becomes of each event.
fn story() -> impl Strategy<Value = (i64, Vec<(i64, u32)>)> {
    let gap = prop_oneof![8 => Just(0i64), 2 => 1..100i64, 1 => 1..1_000_000_000_000i64];
    let start = prop_oneof![Just(0i64), 0..1_000i64, Just(i64::MAX / 2)];
    (start, prop::collection::vec((gap, any::<u32>()), 1..300))
}

fn offsets(start: i64, steps: &[(i64, u32)]) -> Vec<i64> {
    let mut at = start;
    steps
        .iter()
        .map(|(gap, _)| {
            at += gap;
            at += 1;
            at - 1
        })
        .collect()
}

/// Begins the offsets in turn, and after each finishes what its number says.
fn play(tracker: &mut Tracker, model: &mut Model, offsets: &[i64], choices: &[(i64, u32)]) {
    for (offset, (_, choice)) in offsets.iter().zip(choices) {
        assert_eq!(tracker.begin(*offset), model.begin(*offset), "{offset}");
        for part in [choice & 0xFFFF, choice >> 16] {
            if part % 3 == 0
                && let Some(chosen) = model.complete_any(part)
            {
                tracker.complete(chosen);
            }
        }
        assert_eq!(tracker.unfinished(), model.open.len());
        let first = model.open.first();
        assert_eq!(tracker.span(), first.map_or(0, |first| offset - first));
        if choice % 5 == 0
            && let Some(commit) = tracker.commit()
        {
            assert_eq!(Some(commit.offset), model.commit());
        }
    }
}

fn restored(commit: &Commit) -> Restored {
    Restored {
        offset: Some(commit.offset),
        metadata: commit.metadata.clone(),
        topic_id: 0,
    }
}

/// Reads the partition again from a commit, as after a crash; returns what runs.
fn runs_again(restored: &Restored, offsets: &[i64]) -> Vec<i64> {
    let mut tracker = Tracker::new(restored);
    let from = restored.offset.unwrap_or(i64::MIN);
    let later = offsets.iter().copied().filter(|offset| *offset >= from);
    later.filter(|offset| tracker.begin(*offset)).collect()
}

proptest! {
    #[test]
    fn a_commit_never_passes_an_unfinished_offset_and_a_restart_runs_just_those((start, steps) in story()) {
        let offsets = offsets(start, &steps);
        let (mut tracker, mut model) = (Tracker::default(), Model::default());
        play(&mut tracker, &mut model, &offsets, &steps);
        tracker.commit_again();
        let commit = tracker.commit().expect("a commit");
        prop_assert_eq!(Some(commit.offset), model.commit());
        prop_assert!(commit.metadata.len() <= METADATA_BYTES_MAX);
        prop_assert_eq!(tracker.commit(), None);
        if tracker.truncated() == 0 {
            prop_assert_eq!(runs_again(&restored(&commit), &offsets), model.unfinished());
        }
    }

    /// A restart in the middle of what a commit told, and another: nothing is forgotten on the way.
    #[test]
    fn restarts_in_a_row_lose_nothing_and_repeat_nothing((start, steps) in story(), cuts in prop::collection::vec(1..50usize, 1..6)) {
        let all = offsets(start, &steps);
        let (mut tracker, mut model) = (Tracker::default(), Model::default());
        play(&mut tracker, &mut model, &all, &steps);
        for cut in cuts {
            tracker.commit_again();
            let commit = tracker.commit().expect("a commit");
            tracker = Tracker::new(&restored(&commit));
            let mut again = Model {
                finished: model.finished.clone(),
                ..Model::default()
            };
            let rest: Vec<i64> = all.iter().copied().filter(|offset| *offset >= commit.offset).take(cut).collect();
            play(&mut tracker, &mut again, &rest, &steps[..rest.len()]);
            model.open.retain(|offset| !again.finished.contains(offset));
            model.finished = again.finished;
        }
        tracker.commit_again();
        if let Some(commit) = tracker.commit() {
            prop_assert_eq!(runs_again(&restored(&commit), &all), model.unfinished());
        }
    }

    #[test]
    fn a_commit_ahead_names_what_has_not_finished((start, steps) in story()) {
        let offsets = offsets(start, &steps);
        let (mut tracker, mut model) = (Tracker::default(), Model::default());
        play(&mut tracker, &mut model, &offsets, &steps);
        let next = offsets.last().map_or(0, |last| last + 1);
        let commit = tracker.commit_ahead(next);
        prop_assert_eq!(commit.offset, next);
        prop_assert!(commit.metadata.len() <= METADATA_BYTES_MAX);
        let cut_off = restored(&commit).cut_off();
        if cut_off.is_complete() {
            prop_assert_eq!(cut_off.collect::<Vec<_>>(), model.unfinished());
        } else {
            prop_assert_eq!(tracker.truncated(), 1);
            prop_assert!(model.unfinished().starts_with(&cut_off.collect::<Vec<_>>()));
        }
        prop_assert_eq!(runs_again(&restored(&commit), &offsets), Vec::<i64>::new());
        prop_assert!(Tracker::new(&restored(&commit)).begin(next));
    }

    /// Whatever happens to the text on the way, no unfinished event is skipped, and none is called cut off.
    #[test]
    fn damaged_metadata_counts_as_none(
        (start, steps) in story(),
        damage in any::<prop::sample::Index>(),
        with in "\\PC{0,3}",
        way in 0..4,
    ) {
        let offsets = offsets(start, &steps);
        let of_topic = |restored| Restored { topic_id: 7, ..restored };
        let (mut tracker, mut model) = (Tracker::new(&of_topic(Restored::default())), Model::default());
        play(&mut tracker, &mut model, &offsets, &steps);
        tracker.commit_again();
        let next = offsets.last().map_or(0, |last| last + 1);
        let commits = [tracker.commit().expect("a commit"), tracker.commit_ahead(next)];
        for commit in commits {
            let mut damaged = of_topic(restored(&commit));
            let at = damage.index(commit.metadata.len() + 1);
            match way {
                0 => damaged.metadata.truncate(at),
                1 => damaged.metadata.insert_str(at, &with),
                2 => damaged.metadata.replace_range(at..(at + 1).min(commit.metadata.len()), &with),
                _ => damaged.topic_id = 8,
            }
            if damaged == of_topic(restored(&commit)) {
                continue;
            }
            let expected: Vec<i64> = offsets.iter().copied().filter(|offset| *offset >= commit.offset).collect();
            prop_assert_eq!(runs_again(&damaged, &offsets), expected);
            prop_assert_eq!(damaged.cut_off().count(), 0);
        }
    }

    /// A broker gives back what anybody has stored there.
    #[test]
    fn foreign_metadata_counts_as_none(text in "(ss1:)?\\PC{0,300}", offset in any::<i64>()) {
        let restored = Restored { offset: Some(offset), metadata: text, topic_id: 0 };
        prop_assert_eq!(restored.cut_off().count(), 0);
        prop_assert!(Tracker::new(&restored).begin(offset));
    }

    /// A body with a right checksum may still be nonsense: of a later version, or by somebody's hand.
    #[test]
    fn nonsense_with_a_right_checksum_does_no_harm(body in prop::collection::vec(any::<u8>(), 0..200), offset in 0..1_000_000i64) {
        let text = super::metadata::sealed(body);
        let restored = Restored { offset: Some(offset), metadata: text, topic_id: 0 };
        let _ = restored.cut_off().take(1_000).count();
        let mut tracker = Tracker::new(&restored);
        for offset in offset..offset + 100 {
            tracker.begin(offset);
        }
    }
}

#[test]
fn metadata_of_another_offset_or_topic_is_not_believed() {
    let finished = [6..9, 12..13];
    let (metadata, is_complete) = encode(Kind::Finished, 5, 5, finished.iter().cloned(), 42);
    assert!(is_complete);
    let read = |offset, topic_id| {
        Restored {
            offset: Some(offset),
            metadata: metadata.clone(),
            topic_id,
        }
        .finished()
    };
    // Brokers that tell no id do not say that it is another topic.
    for topic_id in [42, 0] {
        assert_eq!(read(5, topic_id), finished, "{topic_id}");
    }
    for (offset, topic_id) in [(6, 42), (4, 42), (0, 42), (6, 0), (5, 43)] {
        assert_eq!(read(offset, topic_id), [], "{offset} {topic_id}");
    }
    assert_eq!(
        Restored {
            offset: None,
            metadata,
            topic_id: 42
        }
        .finished(),
        []
    );
}

/// What a crash cut off is named, and what had finished does not run again, whether the brokers told the topic's id
/// before it or after: an id that is not known is no other one.
#[test]
fn metadata_outlives_brokers_that_tell_no_id() {
    let ranges = |kind, offset, before, now| {
        let (metadata, _) = encode(kind, offset, 5, std::iter::once(5..8), before);
        let restored = Restored {
            offset: Some(offset),
            metadata,
            topic_id: now,
        };
        (restored.cut_off().collect::<Vec<_>>(), restored.finished())
    };
    for (before, now) in [(7, 7), (7, 0), (0, 7), (0, 0)] {
        let named = ranges(Kind::Unfinished, 10, before, now);
        assert_eq!(named, (vec![5, 6, 7], vec![]), "{before} {now}");
        let finished = ranges(Kind::Finished, 5, before, now);
        let (unfinished, finished) = finished;
        assert!(unfinished.is_empty(), "{before} {now}");
        assert!(finished.iter().eq([&(5..8)]), "{before} {now}");
    }
    assert_eq!(ranges(Kind::Unfinished, 10, 7, 8), (vec![], vec![]));
    assert_eq!(ranges(Kind::Finished, 5, 7, 8), (vec![], vec![]));
}

#[test]
fn a_commit_tells_its_topic_from_another_of_that_name() {
    let commit_in = |topic_id| {
        let restored = Restored {
            offset: Some(5),
            topic_id,
            ..Restored::default()
        };
        let mut tracker = Tracker::new(&restored);
        tracker.begin(5);
        tracker.complete(5);
        tracker.commit().expect("a commit")
    };
    for (before, now, another) in [(7, 7, false), (7, 8, true), (7, 0, false), (0, 8, false)] {
        let restored = Restored {
            topic_id: now,
            ..restored(&commit_in(before))
        };
        assert_eq!(restored.is_of_another_topic(), another, "{before} {now}");
    }
    // Nobody knows what a damaged one was about.
    let mut damaged = restored(&commit_in(7));
    (damaged.topic_id, damaged.metadata) = (8, damaged.metadata.replacen("ss1:", "ss1:A", 1));
    assert!(!damaged.is_of_another_topic());
}

#[test]
fn a_commit_tells_its_own_topic() {
    let told = |before, now| {
        let (metadata, _) = encode(Kind::Finished, 5, 5, std::iter::empty(), before);
        let (offset, topic_id) = (Some(5), now);
        Restored {
            offset,
            metadata,
            topic_id,
        }
        .is_of_this_topic()
    };
    assert!(told(7, 7));
    for (before, now) in [(7, 8), (7, 0), (0, 7), (0, 0)] {
        assert!(!told(before, now), "{before} {now}");
    }
}

#[test]
fn of_a_commit_above_the_end_stays_what_was_cut_off_below_it() {
    for topic_id in [0, 7] {
        let ranges = [10..12, 15..17, 20..30];
        let (metadata, _) = encode(Kind::Unfinished, 30, 10, ranges.into_iter(), topic_id);
        let (offset, finished) = (
            Some(30),
            encode(Kind::Finished, 30, 30, std::iter::once(31..40), topic_id).0,
        );
        let ahead = Restored {
            offset,
            metadata,
            topic_id,
        };
        for (end, left) in [
            (16, vec![10, 11, 15]),
            (12, vec![10, 11]),
            (10, vec![]),
            (0, vec![]),
        ] {
            let back = ahead.back_to(end);
            assert_eq!(back.offset, Some(end));
            assert_eq!(back.cut_off().collect::<Vec<_>>(), left, "{end}");
            assert_eq!(back.is_of_this_topic(), topic_id != 0);
        }
        // What comes at the offsets that were finished is new.
        let behind = Restored {
            metadata: finished,
            ..ahead
        };
        assert_eq!(runs_again(&behind, &[30, 31]), [30]);
        assert_eq!(runs_again(&behind.back_to(20), &[20, 30, 31]), [20, 30, 31]);
    }
}

#[test]
fn what_does_not_fit_is_counted_and_runs_again() {
    // Every third offset stays open, far beyond what a bitmap has room for.
    let all: Vec<i64> = (0..60_000).collect();
    let mut tracker = Tracker::default();
    for offset in &all {
        assert!(tracker.begin(*offset));
    }
    for offset in all.iter().filter(|offset| *offset % 3 != 0) {
        tracker.complete(*offset);
    }
    let commit = tracker.commit().expect("a commit");
    assert_eq!((commit.offset, tracker.truncated()), (0, 1));
    assert!(
        commit.metadata.len() <= METADATA_BYTES_MAX,
        "{}",
        commit.metadata.len()
    );
    let again: BTreeSet<i64> = runs_again(&restored(&commit), &all).into_iter().collect();
    let skipped: Vec<i64> = all
        .iter()
        .copied()
        .filter(|offset| !again.contains(offset))
        .collect();
    assert!(skipped.iter().all(|offset| offset % 3 != 0));
    assert!(skipped.len() > 16_000, "{}", skipped.len());
}

/// A broker may take less than others.
#[test]
fn metadata_that_is_cut_says_as_much_as_has_room() {
    let all: Vec<i64> = (1_000_000..1_060_000).collect();
    let mut tracker = Tracker::new(&Restored {
        offset: Some(all[0]),
        topic_id: 7,
        ..Restored::default()
    });
    for offset in &all {
        tracker.begin(*offset);
    }
    for offset in all.iter().filter(|offset| *offset % 3 != 0) {
        tracker.complete(*offset);
    }
    let (finished, ahead) = (
        tracker.commit().expect("a commit"),
        tracker.commit_ahead(1_060_000),
    );
    for whole in [finished, ahead] {
        let said = |commit: &Commit| {
            let restored = Restored {
                topic_id: 7,
                ..restored(commit)
            };
            assert!(restored.is_of_this_topic());
            let cut_off: Vec<i64> = restored.cut_off().collect();
            [cut_off, restored.finished().into_iter().flatten().collect()].concat()
        };
        let mut before = said(&whole);
        for bytes_max in [4095, 2048, 500, 64] {
            let mut cut = whole.clone();
            cut.cut_metadata(bytes_max);
            assert!(cut.offset == whole.offset && cut.metadata.len() <= bytes_max);
            let left = said(&cut);
            assert!(
                before.starts_with(&left) && left.len() > bytes_max / 4,
                "{bytes_max}: {}",
                left.len()
            );
            before = left;
        }
        for bytes_max in [0, 3, 20] {
            let mut cut = whole.clone();
            cut.cut_metadata(bytes_max);
            assert_eq!(cut.metadata, "");
        }
        let mut same = whole.clone();
        same.cut_metadata(METADATA_BYTES_MAX);
        assert_eq!(same, whole);
    }
    let mut foreign = Commit {
        offset: 5,
        metadata: "somebody else's".to_owned(),
    };
    foreign.cut_metadata(10);
    assert_eq!(foreign.metadata, "");
}

#[test]
fn long_runs_take_few_bytes() {
    let mut tracker = Tracker::default();
    for offset in 1_000_000_000..1_000_050_000 {
        tracker.begin(offset);
    }
    for offset in 1_000_000_001..1_000_050_000 {
        tracker.complete(offset);
    }
    let commit = tracker.commit().expect("a commit");
    assert_eq!(commit.metadata.len(), 30, "{}", commit.metadata);
    tracker.complete(1_000_000_000);
    assert_eq!(
        tracker.commit(),
        Some(Commit {
            offset: 1_000_050_000,
            metadata: String::new()
        })
    );
}

#[test]
fn a_source_that_is_set_back_brings_other_events() {
    let mut tracker = Tracker::default();
    assert!(tracker.begin(500));
    assert!(tracker.begin(501));
    tracker.complete(501);
    assert!(tracker.begin(0));
    assert_eq!((tracker.unfinished(), tracker.span()), (1, 0));
    tracker.complete(500);
    assert_eq!(tracker.commit().map(|commit| commit.offset), Some(0));
    tracker.complete(0);
    assert_eq!(
        tracker.commit(),
        Some(Commit {
            offset: 1,
            metadata: String::new()
        })
    );
}

#[test]
fn nothing_new_is_no_commit() {
    let mut tracker = Tracker::new(&Restored {
        offset: Some(10),
        ..Restored::default()
    });
    assert_eq!(tracker.commit(), None);
    assert!(tracker.begin(10));
    assert_eq!(tracker.commit(), None);
    tracker.complete(11);
    assert_eq!(tracker.commit(), None);
    tracker.complete(10);
    assert!(tracker.has_changed());
    assert_eq!(tracker.commit().map(|commit| commit.offset), Some(11));
    assert_eq!(tracker.commit(), None);
    tracker.commit_again();
    assert_eq!(tracker.commit().map(|commit| commit.offset), Some(11));
}

#[test]
fn the_last_commit_of_sync_mode_names_nothing() {
    let mut tracker = Tracker::default();
    for offset in 0..3 {
        tracker.begin(offset);
    }
    let commit = tracker.commit_ahead(3);
    assert_eq!(restored(&commit).cut_off().collect::<Vec<_>>(), [0, 1, 2]);
    for offset in 0..3 {
        tracker.complete(offset);
    }
    assert!(tracker.has_changed());
    assert_eq!(
        tracker.commit_ahead(3),
        Commit {
            offset: 3,
            metadata: String::new()
        }
    );
}

/// Markers of transactions and aborted events have offsets and are no events.
#[test]
fn what_is_no_event_is_passed_once_all_before_it_is_finished() {
    let mut tracker = Tracker::default();
    assert!(!tracker.pass(0), "where nothing ever was there is nothing to say");
    assert_eq!(tracker.commit(), None);
    for offset in [0, 1, 3] {
        assert!(tracker.begin(offset));
    }
    tracker.complete(1);
    tracker.complete(3);
    assert!(tracker.pass(6));
    assert!(!tracker.pass(6));
    assert_eq!(tracker.commit().map(|commit| commit.offset), Some(0));
    tracker.complete(0);
    assert_eq!(tracker.commit().map(|commit| commit.offset), Some(6));
    assert!(tracker.begin(6));
    assert_eq!(tracker.commit(), None);

    // What a commit called finished and retention has deleted since is passed like any other.
    let (metadata, _) = encode(Kind::Finished, 5, 5, [6..9, 12..30].into_iter(), 0);
    let offset = Some(5);
    let mut tracker = Tracker::new(&Restored {
        offset,
        metadata,
        topic_id: 0,
    });
    assert!(tracker.pass(20));
    assert!(!tracker.begin(20), "it is finished");
    assert_eq!(tracker.commit().map(|commit| commit.offset), Some(21));
}
