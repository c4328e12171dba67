//! The offsets that are begun and not finished, as bits.
//!
//! Owns the words; knows nothing of commits. A word is there only from the first unfinished offset on, and
//! only where something was begun, so that a gap of any length (compaction, a truncated log) costs nothing.
//! Invariant: words rise, and the first one has an open bit.

use std::collections::VecDeque;
use std::ops::Range;

/// 64 neighbouring offsets.
#[derive(Clone, Copy, Debug)]
struct Word {
    /// The offset of bit 0, divided by 64.
    number: i64,
    /// Which are open: begun and not finished.
    open: u64,
}

/// A set of offsets to which larger ones are added, and from which any is taken.
#[derive(Clone, Debug, Default)]
pub(super) struct Window {
    words: VecDeque<Word>,
    count: usize,
}

impl Window {
    /// Adds an offset larger than all before.
    pub(super) fn open(&mut self, offset: i64) {
        let (number, bit) = place(offset);
        self.count += 1;
        match self.words.back_mut() {
            Some(word) if word.number == number => word.open |= bit,
            _ => self.words.push_back(Word { number, open: bit }),
        }
    }

    /// Takes an offset out; says whether it was there.
    pub(super) fn close(&mut self, offset: i64) -> bool {
        let (number, bit) = place(offset);
        let Some(word) = self.find(number).and_then(|at| self.words.get_mut(at)) else {
            return false;
        };
        if word.open & bit == 0 {
            return false;
        }
        word.open &= !bit;
        self.count -= 1;
        while self.words.front().is_some_and(|word| word.open == 0) {
            self.words.pop_front();
        }
        true
    }

    /// Finds a word: at once where no words are missing, otherwise by halves.
    fn find(&self, number: i64) -> Option<usize> {
        let first = self.words.front()?.number;
        let guess = usize::try_from(number.checked_sub(first)?).ok()?;
        if self.words.get(guess).is_some_and(|word| word.number == number) {
            return Some(guess);
        }
        self.words.binary_search_by_key(&number, |word| word.number).ok()
    }

    /// Returns the smallest offset.
    pub(super) fn first(&self) -> Option<i64> {
        let word = self.words.front()?;
        Some(word.number * 64 + i64::from(word.open.trailing_zeros()))
    }

    /// Returns how many offsets there are.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.words.clear();
        self.count = 0;
    }

    /// Iterates over the offsets as rising ranges that do not touch.
    pub(super) fn ranges(&self) -> Ranges<'_> {
        Ranges {
            words: self.words.iter(),
            word: Word { number: 0, open: 0 },
        }
    }
}

fn place(offset: i64) -> (i64, u64) {
    (offset >> 6, 1 << (offset & 63))
}

/// See [`Window::ranges`].
#[derive(Clone, Debug)]
pub(super) struct Ranges<'a> {
    words: std::collections::vec_deque::Iter<'a, Word>,
    /// What is left of the word in hand.
    word: Word,
}

impl Ranges<'_> {
    /// Takes the run of open bits that begins at `at`, and says where it ends.
    fn take_run(&mut self, at: u32) -> u32 {
        let length = (self.word.open >> at).trailing_ones();
        let run = u64::MAX >> (64 - length) << at;
        self.word.open &= !run;
        at + length
    }
}

impl Iterator for Ranges<'_> {
    type Item = Range<i64>;

    fn next(&mut self) -> Option<Range<i64>> {
        while self.word.open == 0 {
            self.word = *self.words.next()?;
        }
        let at = self.word.open.trailing_zeros();
        let start = self.word.number * 64 + i64::from(at);
        let mut end = self.take_run(at);
        while end == 64 {
            // The run may go on in the next word.
            match self.words.clone().next() {
                Some(next) if next.number == self.word.number + 1 && next.open & 1 == 1 => {
                    self.word = *next;
                    self.words.next();
                    end = self.take_run(0);
                }
                _ => break,
            }
        }
        Some(start..self.word.number * 64 + i64::from(end))
    }
}
