//! What the first pass notes: where strings end, and where escapes are.
//!
//! Shared by both paths: each turns 64 bytes into four bit masks in its own way, the rest is here.
//! Must not know the grammar.

use crate::value::table::Table;

/// The notes of the first pass, as offsets in the heap's text, ascending.
#[derive(Default)]
pub(super) struct Marks {
    /// The closing quote of each string.
    pub(super) closes: Table<u32>,
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

/// How a path looks at 64 bytes. A mask has bit `n` for byte `n`.
pub(super) trait Block: Copy {
    /// Returns where quotes are, and whether any byte needs [`Block::rare`].
    fn quotes(self) -> (u64, bool);

    /// Returns where bytes are that most blocks have none of.
    fn rare(self) -> Rare;

    /// Returns for each bit whether it and those below are odd in number.
    fn parity(self, bits: u64) -> u64;

    /// Returns where blanks and bytes of structure are, in strings too.
    fn tokens(self) -> Tokens;

    /// Writes the bytes that `keep` names to the front of `to`; what stands behind them there is lost.
    fn squeeze(self, keep: u64, to: &mut [u8; 72]);

    /// Notes a position.
    fn put(place: &mut u32, position: u32);
}

/// Where in a block bytes are that most blocks have none of.
#[derive(Clone, Copy)]
pub(super) struct Rare {
    pub(super) backslashes: u64,
    /// Bytes below 0x20.
    pub(super) controls: u64,
    /// Bytes above 0x7F.
    pub(super) wide: u64,
}

/// Where in a block bytes are that matter outside strings.
#[derive(Clone, Copy)]
pub(super) struct Tokens {
    pub(super) blanks: u64,
    /// Brackets, commas and colons. Some controls may be among them.
    pub(super) structure: u64,
}

/// Where the strings of a block are.
#[derive(Clone, Copy)]
pub(super) struct Strings {
    /// Those that begin or end a string.
    pub(super) quotes: u64,
    /// From each opening quote on, up to the closing one.
    pub(super) inside: u64,
    /// Backslashes that begin an escape.
    pub(super) escaping: u64,
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

/// Notes the strings of `text[start..end]`, 64 bytes at a time; as many bytes of padding follow.
#[inline(always)]
pub(super) fn scan<'a, B: Block>(
    text: &'a [u8],
    start: usize,
    end: usize,
    marks: &mut Marks,
    block: impl Fn(&'a [u8; 64]) -> B,
) -> Found {
    let blocks = blocks(text, start, end);
    // A plain loop: a closure would not be compiled for what the machine has.
    'again: loop {
        marks.clear();
        marks.closes.reserve(32 + (end - start) / 8);
        let Marks { closes, escapes } = marks;
        let mut carry = Carry::default();
        let mut strings = 0;
        let mut at = start;
        for bytes in blocks {
            // Every second byte at most closes a string.
            let room = closes
                .all()
                .get_mut(strings..)
                .and_then(|room| room.first_chunk_mut());
            let Some(places) = room else {
                let room = closes.all().len();
                closes.reserve(2 * room);
                continue 'again;
            };
            strings += carry.block(at, block(bytes), escapes, places);
            at += 64;
        }
        closes.add(strings);
        return carry.finish();
    }
}

/// Returns the blocks of `start..end`; the last one reaches into the padding.
pub(super) fn blocks(text: &[u8], start: usize, end: usize) -> &[[u8; 64]] {
    &text[start..].as_chunks().0[..(end - start).div_ceil(64)]
}

impl Carry {
    /// Notes one block, which begins at byte `at` of the text; returns how many strings end in it.
    #[inline(always)]
    fn block<B: Block>(
        &mut self,
        at: usize,
        block: B,
        escapes: &mut Vec<u32>,
        places: &mut [u32; 32],
    ) -> usize {
        let Strings {
            quotes,
            inside,
            escaping,
        } = self.strings(block);
        push_escapes(at, escaping, escapes);
        put_all::<B>(at, quotes & !inside, places)
    }

    /// Finds the strings of the next block.
    #[inline(always)]
    pub(super) fn strings(&mut self, block: impl Block) -> Strings {
        let (mut quotes, has_rare) = block.quotes();
        let mut escaping = 0;
        let mut controls = 0;
        if has_rare || self.escaped != 0 {
            let rare = block.rare();
            let escaped = self.escaped(rare.backslashes);
            escaping = rare.backslashes & !escaped;
            quotes &= !escaped;
            controls = rare.controls;
            self.wide |= rare.wide;
        }
        let inside = block.parity(quotes) ^ self.inside;
        self.inside = ((inside as i64) >> 63) as u64;
        self.controls |= controls & inside;
        Strings {
            quotes,
            inside,
            escaping,
        }
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

    fn finish(self) -> Found {
        Found {
            is_sound: self.inside == 0 && self.controls == 0,
            has_wide_bytes: self.wide != 0,
        }
    }
}

impl Marks {
    fn clear(&mut self) {
        self.closes.clear();
        self.escapes.clear();
    }

    pub(super) fn bytes(&self) -> usize {
        (self.closes.capacity() + self.escapes.capacity()) * size_of::<u32>()
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

/// Notes the set bits of a block and returns their number: eight at a time whatever that is, since a loop
/// that ends at the last one is mispredicted in most blocks.
#[inline(always)]
fn put_all<B: Block>(at: usize, mut bits: u64, places: &mut [u32; 32]) -> usize {
    let count = bits.count_ones() as usize;
    let mut take = |places: &mut [u32]| {
        for place in places {
            B::put(place, at as u32 + bits.trailing_zeros());
            bits &= bits.wrapping_sub(1);
        }
    };
    take(&mut places[..8]);
    if count > 8 {
        take(&mut places[8..16]);
        if count > 16 {
            take(&mut places[16..]);
        }
    }
    count
}

fn push_escapes(at: usize, mut bits: u64, escapes: &mut Vec<u32>) {
    while bits != 0 {
        escapes.push(at as u32 + bits.trailing_zeros());
        bits &= bits - 1;
    }
}
