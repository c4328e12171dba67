//! The tracker: what was begun, what has finished, what to commit.

use super::metadata::{Kind, encode};
use super::window::Window;
use super::{Commit, Restored};
use std::collections::VecDeque;
use std::ops::Range;

/// The offsets of one partition that are begun and not finished.
///
/// Beginning and finishing take constant time and, once warm, allocate nothing; text is made only when a
/// commit is asked for. Memory grows with the words of 64 offsets between the first unfinished and the
/// newest one, which the shard bounds by [`Tracker::span`].
#[derive(Debug, Default)]
pub struct Tracker {
    window: Window,
    /// One above the newest offset begun, or where a commit left off; `None` before the first event of a
    /// group without offsets.
    next: Option<i64>,
    /// What a commit said is finished, as far as it has not come by again. Rising, above `next`.
    restored: VecDeque<Range<i64>>,
    topic_id: u64,
    has_changed: bool,
    /// Offsets that have finished since the last commit.
    settled: u64,
    truncated: u64,
}

impl Tracker {
    /// Creates the tracker of a partition that goes on where a commit left it.
    pub fn new(restored: &Restored) -> Tracker {
        Tracker {
            next: restored.offset,
            restored: restored.finished().into(),
            topic_id: restored.topic_id,
            ..Tracker::default()
        }
    }

    /// Begins an offset; offsets come in rising order and may have gaps (compaction, transactions), which
    /// count as finished. Returns `false` when the offset was finished before: it is not to run.
    ///
    /// A source whose offsets go back (the topic was recreated or cut) is to assign the partition anew, with
    /// another id and so another tracker. This account is safe from one that does not: an offset that does
    /// not rise is another event, so all that was known is forgotten, and the event runs.
    pub fn begin(&mut self, offset: i64) -> bool {
        if self.next.is_some_and(|next| offset < next) {
            self.forget();
        }
        self.next = Some(offset.saturating_add(1));
        if !self.restored.is_empty() && self.was_finished(offset) {
            self.has_changed = true;
            return false;
        }
        self.window.open(offset);
        true
    }

    /// Notes that every event below an offset has been begun: what lies between the newest of them and the offset is
    /// none, and counts as finished. Returns whether that is news.
    pub fn pass(&mut self, offset: i64) -> bool {
        // Where nothing ever was there is nothing to say.
        let is_news = offset > self.next.unwrap_or(0);
        if is_news {
            self.next = Some(offset);
            self.has_changed = true;
            self.was_finished(offset);
        }
        is_news
    }

    fn forget(&mut self) {
        self.window.clear();
        self.restored.clear();
        self.has_changed = true;
    }

    /// Says whether a commit called the offset finished, and forgets what lies below it.
    #[cold]
    fn was_finished(&mut self, offset: i64) -> bool {
        while self.restored.front().is_some_and(|range| range.end <= offset) {
            self.restored.pop_front();
        }
        self.restored.front().is_some_and(|range| range.contains(&offset))
    }

    /// Finishes an offset that was begun. One that was forgotten since is left alone.
    pub fn complete(&mut self, offset: i64) {
        let was_open = self.window.close(offset);
        self.has_changed |= was_open;
        self.settled += u64::from(was_open);
    }

    /// Returns what is safe to commit, if something has finished since the last call: the first unfinished
    /// offset, or one above the newest when there is none.
    pub fn commit(&mut self) -> Option<Commit> {
        let next = self.next.filter(|_| self.has_changed)?;
        let offset = self.window.first().unwrap_or(next);
        let gaps = Gaps {
            open: self.window.ranges(),
            at: offset,
            end: next,
        };
        let later = self.restored.iter().map(|range| range.start.max(next)..range.end);
        let finished = Joined::new(gaps.chain(later));
        let (metadata, is_complete) = encode(Kind::Finished, offset, offset, finished, self.topic_id);
        Some(self.committed(offset, metadata, is_complete))
    }

    /// Returns a commit at `next_offset`, below which everything was begun: what may run once the commit is
    /// acknowledged (sync mode). Its metadata names what has not finished below it. Call it again after
    /// the last execution, or a restart calls that one cut off: [`Tracker::has_changed`] tells.
    ///
    /// # Panics
    /// In debug builds, when an offset at or above `next_offset` was begun.
    pub fn commit_ahead(&mut self, next_offset: i64) -> Commit {
        debug_assert!(
            self.next.is_none_or(|next| next <= next_offset),
            "begun above the commit"
        );
        let first = self.window.first().unwrap_or(next_offset);
        let open = self.window.ranges();
        let (metadata, is_complete) = encode(Kind::Unfinished, next_offset, first, open, self.topic_id);
        self.committed(next_offset, metadata, is_complete)
    }

    fn committed(&mut self, offset: i64, metadata: String, is_complete: bool) -> Commit {
        self.has_changed = false;
        self.truncated += u64::from(!is_complete);
        Commit { offset, metadata }
    }

    /// Returns how many offsets have finished since this was last asked: those that leave with the next commit.
    pub fn take_settled(&mut self) -> u64 {
        std::mem::take(&mut self.settled)
    }

    /// Says whether something has finished since the last commit.
    pub fn has_changed(&self) -> bool {
        self.has_changed
    }

    /// Makes [`Tracker::commit`] return a commit again: the last one is not known to stand.
    pub fn commit_again(&mut self) {
        self.has_changed = true;
    }

    /// Returns how far the newest offset begun is ahead of the oldest unfinished one.
    pub fn span(&self) -> i64 {
        match (self.next, self.window.first()) {
            (Some(next), Some(first)) => next - 1 - first,
            _ => 0,
        }
    }

    /// Returns the oldest offset that is begun and not finished.
    pub fn oldest(&self) -> Option<i64> {
        self.window.first()
    }

    /// Returns how many offsets are begun and not finished.
    pub fn unfinished(&self) -> usize {
        self.window.len()
    }

    /// Returns how many commits had more to say than their metadata has room for: after a restart some
    /// events would run again that had finished, or, of commits ahead, not all would be named.
    pub fn truncated(&self) -> u64 {
        self.truncated
    }
}

/// What lies between ranges that rise, up to an end.
#[derive(Clone)]
struct Gaps<I> {
    open: I,
    at: i64,
    end: i64,
}

impl<I: Iterator<Item = Range<i64>>> Iterator for Gaps<I> {
    type Item = Range<i64>;

    fn next(&mut self) -> Option<Range<i64>> {
        loop {
            let start = self.at;
            let open = self.open.next().unwrap_or(self.end..self.end);
            self.at = open.end;
            if start < open.start {
                return Some(start..open.start);
            }
            if open.start >= self.end {
                return None;
            }
        }
    }
}

/// Rising ranges with neighbours that touch made one; empty ones left out.
#[derive(Clone)]
struct Joined<I> {
    ranges: I,
    held: Option<Range<i64>>,
}

impl<I: Iterator<Item = Range<i64>>> Joined<I> {
    fn new(ranges: I) -> Joined<I> {
        Joined { ranges, held: None }
    }
}

impl<I: Iterator<Item = Range<i64>>> Iterator for Joined<I> {
    type Item = Range<i64>;

    fn next(&mut self) -> Option<Range<i64>> {
        for range in self.ranges.by_ref() {
            match &mut self.held {
                _ if range.is_empty() => {}
                Some(held) if held.end == range.start => held.end = range.end,
                held => {
                    if let Some(whole) = held.replace(range) {
                        return Some(whole);
                    }
                }
            }
        }
        self.held.take()
    }
}
