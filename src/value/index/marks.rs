//! What the first pass notes: where strings end, and where escapes are.
//!
//! Shared by both paths: each turns 64 bytes into four bit masks in its own way, the rest is here.
//! Must not know the grammar.

use crate::value::table::Table;

/// The notes of the first pass, as offsets in the heap's text, ascending.
#[derive(Default)]
pub(super) struct Marks {
    /// The closing quote of each string.
    closes: Table<u32>,
    /// Each backslash that begins an escape.
    pub(super) escapes: Vec<u32>,
}

/// What the first pass found out about a text as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Whether every string ends, and none has a control character.
    pub(super) is_sound: bool,
    /// Whether there are bytes above 127, so that UTF-8 is to be checked.
    pub(super) has_wide_bytes: bool,
}

/// Which of 64 bytes are what: bit `n` for byte `n`.
#[derive(Clone, Copy, Default)]
pub(super) struct Masks {
    pub(super) quotes: u64,
    pub(super) backslashes: u64,
    /// Bytes below 0x20.
    pub(super) controls: u64,
    /// Bytes above 0x7F.
    pub(super) wide: u64,
}

/// What one block hands to the next.
#[derive(Default)]
pub(super) struct Carry {
    /// 1 when the next block's first byte is escaped.
    escaped: u64,
    /// All ones when the next block begins inside a string.
    inside: u64,
    controls: u64,
    wide: u64,
}

impl Carry {
    /// Notes one block; `parity` gives for each bit whether it and those below are odd in number.
    #[inline(always)]
    pub(super) fn block(&mut self, at: usize, masks: Masks, parity: impl Fn(u64) -> u64, marks: &mut Marks) {
        let escaped = if masks.backslashes == 0 {
            std::mem::take(&mut self.escaped)
        } else {
            let escaped = self.escaped(masks.backslashes);
            marks.push_escapes(at, masks.backslashes & !escaped);
            escaped
        };
        let quotes = masks.quotes & !escaped;
        let inside = parity(quotes) ^ self.inside;
        self.inside = ((inside as i64) >> 63) as u64;
        self.controls |= masks.controls & inside;
        self.wide |= masks.wide;
        marks.push_closes(at, quotes & !inside);
    }

    /// Returns which bytes follow an odd run of backslashes.
    ///
    /// A backslash escapes the byte after it unless it is escaped itself. Adding the odd-positioned
    /// ones that begin a run lets the carry ripple through runs, which turns their parity around.
    #[inline(always)]
    fn escaped(&mut self, backslashes: u64) -> u64 {
        const EVEN: u64 = 0x5555_5555_5555_5555;
        let runs = backslashes & !self.escaped;
        let follows = runs << 1 | self.escaped;
        let odd_starts = runs & !EVEN & !follows;
        let (sum, overflow) = odd_starts.overflowing_add(runs);
        self.escaped = u64::from(overflow);
        (EVEN ^ (sum << 1)) & follows
    }

    pub(super) fn finish(self) -> Found {
        Found {
            is_sound: self.inside == 0 && self.controls == 0,
            has_wide_bytes: self.wide != 0,
        }
    }
}

impl Marks {
    pub(super) fn clear(&mut self) {
        self.closes.clear();
        self.escapes.clear();
    }

    pub(super) fn strings(&self) -> usize {
        self.closes.len()
    }

    pub(super) fn closes(&self) -> &[u32] {
        self.closes.as_slice()
    }

    pub(super) fn bytes(&self) -> usize {
        (self.closes.capacity() + self.escapes.capacity()) * size_of::<u32>()
    }

    /// Notes the closing quotes of a block: eight at a time whatever their number, since a loop that ends
    /// at the last one is mispredicted in most blocks.
    #[inline(always)]
    fn push_closes(&mut self, at: usize, mut bits: u64) {
        // Every second byte at most closes a string.
        self.closes.reserve(32);
        let count = bits.count_ones() as usize;
        if let Some(room) = self.closes.room().first_chunk_mut::<32>() {
            let mut take = |places: &mut [u32]| {
                for place in places {
                    *place = at as u32 + bits.trailing_zeros();
                    bits &= bits.wrapping_sub(1);
                }
            };
            take(&mut room[..8]);
            if count > 8 {
                take(&mut room[8..16]);
                if count > 16 {
                    take(&mut room[16..]);
                }
            }
        }
        self.closes.add(count);
    }

    fn push_escapes(&mut self, at: usize, mut bits: u64) {
        while bits != 0 {
            self.escapes.push(at as u32 + bits.trailing_zeros());
            bits &= bits - 1;
        }
    }

    /// Says whether every escape is one that JSON knows.
    pub(super) fn check_escapes(&self, text: &[u8]) -> bool {
        self.escapes.iter().all(|&at| match text.get(at as usize + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => true,
            Some(b'u') => text
                .get(at as usize + 2..at as usize + 6)
                .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)),
            _ => false,
        })
    }
}
