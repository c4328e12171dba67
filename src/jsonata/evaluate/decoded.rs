//! Strings of the document that have escapes, decoded once in an evaluation however often they are read.
//!
//! Must not know values that are computed. Invariant: it holds no more than the document's strings decoded, in the
//! arena; the table is at most half full.

use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;
use std::hash::{Hash, Hasher};

use crate::value::{Str, ValueRef};

/// What was decoded, by the string's handle.
pub(super) struct Decoded<'a, 's> {
    arena: &'a Bump,
    table: ArenaVec<'a, Option<(ValueRef, &'a str)>>,
    count: usize,
    /// Where a string is decoded before the arena takes it.
    buffer: &'s mut String,
}

/// The table's first size.
const ENTRIES: usize = 16;

impl<'a, 's> Decoded<'a, 's> {
    pub(super) fn new(arena: &'a Bump, buffer: &'s mut String) -> Decoded<'a, 's> {
        Decoded {
            arena,
            table: ArenaVec::new_in(arena),
            count: 0,
            buffer,
        }
    }

    /// Returns where a string is, or where there is room for it.
    fn place(&self, string: ValueRef) -> usize {
        let mut hasher = rustc_hash::FxHasher::default();
        string.hash(&mut hasher);
        let mask = self.table.len() - 1;
        let mut place = (hasher.finish() >> 32) as usize & mask;
        while self.table[place].is_some_and(|(known, _)| known != string) {
            place = (place + 1) & mask;
        }
        place
    }

    /// Returns the decoded text of a string.
    pub(super) fn get(&mut self, string: ValueRef, text: Str<'_>) -> &'a str {
        if self.table.len() <= 2 * self.count {
            self.grow();
        }
        let place = self.place(string);
        if let Some((_, text)) = self.table[place] {
            return text;
        }
        self.buffer.clear();
        text.decode_into(self.buffer);
        let text: &'a str = self.arena.alloc_str(self.buffer);
        self.table[place] = Some((string, text));
        self.count += 1;
        text
    }

    fn grow(&mut self) {
        let size = (2 * self.table.len()).max(ENTRIES);
        let mut larger = ArenaVec::with_capacity_in(size, self.arena);
        larger.resize(size, None);
        let old = std::mem::replace(&mut self.table, larger);
        for entry in old.into_iter().flatten() {
            let place = self.place(entry.0);
            self.table[place] = Some(entry);
        }
    }
}
