//! Which offset is safe to commit: one [`Tracker`] per partition.
//!
//! Executions of a partition finish in any order; the tracker knows the first unfinished one. What is
//! finished above it travels in the commit's metadata, so that a restart does not run it again. Where the
//! commit comes first ([`Tracker::commit_ahead`]), the metadata names what has not finished instead, so
//! that a restart can name what was cut off. Pure: must not know Kafka, threads or time. Invariant:
//! [`Tracker::commit`] never passes an unfinished offset, and metadata that is not certainly ours and of this
//! commit, or that is of another topic, counts as none.

mod metadata;
#[cfg(test)]
mod tests;
mod tracker;
mod window;

pub use metadata::METADATA_BYTES_MAX;
pub use tracker::Tracker;

use metadata::{Kind, decode, encode};
use std::ops::Range;

/// What is committed for a partition: where reading goes on, and in the metadata what that leaves open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commit {
    /// The first unfinished offset; of a commit ahead, the first that was not begun.
    pub offset: i64,
    /// What is finished above the offset, or, of a commit ahead, what is unfinished below it. ASCII, at
    /// most [`METADATA_BYTES_MAX`] bytes, empty when there is nothing to say.
    pub metadata: String,
}

impl Commit {
    /// Cuts the metadata to so many bytes: what has no room is not known after a restart, as if the metadata had
    /// always been that short.
    pub fn cut_metadata(&mut self, bytes_max: usize) {
        if self.metadata.len() > bytes_max {
            self.metadata = metadata::cut(&self.metadata, self.offset, bytes_max);
        }
    }
}

/// What a commit said when it was read back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Where reading goes on; `None` when the group has no offset.
    pub offset: Option<i64>,
    /// The metadata as it was found, empty when there was none.
    pub metadata: String,
    /// Stands for the topic's id, where the broker tells one; 0 when it does not. Metadata that was
    /// written under another id is not believed: the topic was recreated, and its offsets are other events. An id
    /// that only one side knows is no other one.
    /// See [`Restored::is_of_another_topic`].
    pub topic_id: u64,
}

impl Restored {
    /// Says whether the commit is certainly about another topic of the same name, which was deleted: then its
    /// offset means nothing either.
    pub fn is_of_another_topic(&self) -> bool {
        self.topic_id != 0 && metadata::topic_id(&self.metadata).is_some_and(|known| known != self.topic_id)
    }

    /// Says whether the commit is certainly about the topic that is there.
    pub fn is_of_this_topic(&self) -> bool {
        self.topic_id != 0 && metadata::topic_id(&self.metadata) == Some(self.topic_id)
    }

    /// Returns what is left of a commit above `end`, where the log has come to end: reading goes on there. What
    /// was cut off below it still is; what lay above it is gone, and nothing there is finished.
    #[must_use]
    pub fn back_to(&self, end: i64) -> Restored {
        let cut_off = self.cut_off().ranges.map(|range| range.start..range.end.min(end));
        let cut_off = cut_off.take_while(|range| !range.is_empty());
        let start = cut_off.clone().next().map_or(end, |first| first.start);
        Restored {
            offset: Some(end),
            metadata: encode(Kind::Unfinished, end, start, cut_off, self.topic_id).0,
            topic_id: self.topic_id,
        }
    }

    /// Returns what is left of a commit that calls offsets at or above `end` finished, where the log ends, and from the
    /// first to the last of those; `None` when there are none. What comes to stand there is another event.
    pub fn within(&self, end: i64) -> Option<(Restored, Range<i64>)> {
        let offset = self.offset?;
        let finished = self.finished();
        let last = finished.last().filter(|range| range.end > end)?.end;
        let first = finished.iter().find(|range| range.end > end)?.start.max(end);
        let kept = finished.iter().map(|range| range.start..range.end.min(end));
        let kept = kept.take_while(|range| !range.is_empty());
        let restored = Restored {
            offset: Some(offset),
            metadata: encode(Kind::Finished, offset, offset, kept, self.topic_id).0,
            topic_id: self.topic_id,
        };
        Some((restored, first..last))
    }

    /// Returns a commit at the place where reading begins, which says that nothing above is finished.
    pub fn pin(&self) -> Option<Commit> {
        let mut tracker = Tracker::new(self);
        tracker.commit_again();
        tracker.commit()
    }

    /// Returns the offsets that were committed before they ran and had not finished when the last commit
    /// was made: what a crash cut off in sync mode.
    pub fn cut_off(&self) -> CutOff {
        let known = self
            .offset
            .and_then(|offset| decode(&self.metadata, offset, self.topic_id))
            .filter(|metadata| metadata.kind == Kind::Unfinished);
        CutOff {
            is_complete: known.as_ref().is_none_or(|metadata| metadata.is_complete),
            ranges: known
                .map_or_else(Vec::new, |metadata| metadata.ranges)
                .into_iter(),
            current: 0..0,
        }
    }

    /// Returns what is finished above the committed offset, rising; empty when that is not known.
    fn finished(&self) -> Vec<Range<i64>> {
        self.offset
            .and_then(|offset| decode(&self.metadata, offset, self.topic_id))
            .filter(|metadata| metadata.kind == Kind::Finished)
            .map_or_else(Vec::new, |metadata| metadata.ranges)
    }
}

/// Iterates, rising, over the offsets that a crash cut off. See [`Restored::cut_off`].
#[derive(Clone, Debug)]
pub struct CutOff {
    ranges: std::vec::IntoIter<Range<i64>>,
    current: Range<i64>,
    is_complete: bool,
}

impl CutOff {
    /// Says whether these are all: `false` when the metadata had no room for more.
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }
}

impl Iterator for CutOff {
    type Item = i64;

    fn next(&mut self) -> Option<i64> {
        loop {
            if let Some(offset) = self.current.next() {
                return Some(offset);
            }
            self.current = self.ranges.next()?;
        }
    }
}
