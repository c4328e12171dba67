//! Sets of characters.

use super::fold;

/// A set of characters: ranges in order, and the ASCII part as bits.
#[derive(Clone, Debug, Default)]
pub(super) struct Set {
    ranges: Vec<(u32, u32)>,
    ascii: u128,
}

/// The last code point.
const LAST: u32 = char::MAX as u32;

/// What `\s` stands for.
const SPACES: &[(u32, u32)] = &[
    (0x9, 0xD),
    (0x20, 0x20),
    (0xA0, 0xA0),
    (0x1680, 0x1680),
    (0x2000, 0x200A),
    (0x2028, 0x2029),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
    (0x3000, 0x3000),
    (0xFEFF, 0xFEFF),
];

impl Set {
    /// Makes a set of ranges in any order.
    pub(super) fn of(ranges: &[(u32, u32)]) -> Set {
        let mut sorted = ranges.to_vec();
        sorted.sort_unstable();
        let mut set = Set::default();
        for (start, end) in sorted {
            match set.ranges.last_mut() {
                Some(last) if start <= last.1.saturating_add(1) => last.1 = last.1.max(end),
                _ => set.ranges.push((start, end)),
            }
        }
        set.with_bits()
    }

    /// The set of `\d`, `\s` or `\w`; an upper-case letter is the rest.
    pub(super) fn of_escape(letter: char) -> Option<Set> {
        let ranges: &[(u32, u32)] = match letter.to_ascii_lowercase() {
            'd' => &[(0x30, 0x39)],
            's' => SPACES,
            'w' => &[(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)],
            _ => return None,
        };
        let set = Set::of(ranges);
        Some(if letter.is_ascii_uppercase() {
            set.negated()
        } else {
            set
        })
    }

    fn with_bits(mut self) -> Set {
        self.ascii = 0;
        for code in 0..128u32 {
            let is_member = self
                .ranges
                .iter()
                .any(|(start, end)| (*start..=*end).contains(&code));
            self.ascii |= u128::from(is_member) << code;
        }
        self
    }

    /// Returns all other characters.
    pub(super) fn negated(&self) -> Set {
        let mut ranges = Vec::with_capacity(self.ranges.len() + 1);
        let mut next = 0;
        for &(start, end) in &self.ranges {
            if start > next {
                ranges.push((next, start - 1));
            }
            next = end + 1;
        }
        if next <= LAST {
            ranges.push((next, LAST));
        }
        Set { ranges, ascii: 0 }.with_bits()
    }

    /// Adds every character that is the same but for its case as one in the set.
    pub(super) fn folded(&self) -> Set {
        let mut ranges = self.ranges.clone();
        if !self.has_others() {
            // Characters of ASCII are alike among themselves only.
            for upper in b'A'..=b'Z' {
                let letters = [char::from(upper), char::from(upper.to_ascii_lowercase())];
                if letters.iter().any(|letter| self.contains(*letter)) {
                    ranges.extend(letters.map(|letter| (letter as u32, letter as u32)));
                }
            }
            return Set::of(&ranges);
        }
        let is_member = |character: char| self.contains(character);
        for class in fold::classes() {
            if class.iter().any(|character| is_member(*character)) {
                ranges.extend(
                    class
                        .iter()
                        .map(|character| (*character as u32, *character as u32)),
                );
            }
        }
        Set::of(&ranges)
    }

    pub(super) fn ranges(&self) -> &[(u32, u32)] {
        &self.ranges
    }

    pub(super) fn ascii(&self) -> u128 {
        self.ascii
    }

    /// Whether there are members beyond ASCII.
    pub(super) fn has_others(&self) -> bool {
        self.ranges.last().is_some_and(|(_, end)| *end >= 128)
    }

    pub(super) fn contains(&self, character: char) -> bool {
        let code = character as u32;
        if code < 128 {
            return self.ascii >> code & 1 == 1;
        }
        let index = self.ranges.partition_point(|(start, _)| *start <= code);
        index > 0 && code <= self.ranges[index - 1].1
    }
}
