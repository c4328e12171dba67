//! The instructions of a compiled pattern.

use super::compile::compile;
use super::parse::parse;
use super::set::Set;
use super::{Flags, RegexError};

/// What takes one character.
#[derive(Clone, Debug)]
pub(super) enum Taker {
    Char(char),
    /// A character in its canonical case, to compare others with in theirs.
    Folded(char),
    Any,
    Set(Set),
    Never,
}

impl Taker {
    /// Returns which characters of ASCII it takes, as bits.
    pub(super) fn ascii(&self) -> u128 {
        let bit = |character: char| {
            let code = character as u32;
            if code < 128 { 1u128 << code } else { 0 }
        };
        match self {
            Taker::Char(character) => bit(*character),
            Taker::Folded(character) => bit(*character) | bit(character.to_ascii_lowercase()),
            Taker::Any => !(bit('\n') | bit('\r')),
            Taker::Set(set) => set.ascii(),
            Taker::Never => 0,
        }
    }
}

/// One instruction. Those that take characters do so backwards inside a look-behind.
#[derive(Clone, Copy, Debug)]
pub(super) enum Instruction {
    Take {
        taker: u32,
        back: bool,
    },
    /// Takes a run of characters, as many as possible if greedy.
    Run {
        taker: u32,
        min: u32,
        max: u32,
        greedy: bool,
        back: bool,
        /// Never gives a character back: what follows cannot begin with one of the run's.
        atomic: bool,
    },
    /// Tries one way, and the other if that fails.
    Split {
        first: u32,
        second: u32,
    },
    Jump(u32),
    /// Notes the position.
    Save(u32),
    /// Forgets what groups matched: slots from one to before another.
    Clear {
        from: u32,
        to: u32,
    },
    Start,
    LineStart,
    End,
    LineEnd,
    Boundary {
        negated: bool,
    },
    Backreference {
        group: u32,
        back: bool,
    },
    /// Begins a look; what follows it starts at `end`.
    Look {
        negated: bool,
        end: u32,
    },
    LookEnd {
        negated: bool,
    },
    /// Sets a loop's count to zero.
    LoopBegin {
        register: u32,
    },
    /// Decides whether a loop goes on.
    LoopTest {
        register: u32,
        min: u32,
        max: u32,
        greedy: bool,
        exit: u32,
    },
    /// Begins a round: counts it, and notes where it begins.
    LoopEnter {
        register: u32,
    },
    /// Ends a round; one that was not needed and took nothing is given up.
    LoopNext {
        register: u32,
        min: u32,
        test: u32,
    },
    Match,
}

/// Where a match can begin.
#[derive(Clone, Debug)]
pub(super) enum Entry {
    /// At the text's beginning only.
    Start,
    /// At a text.
    Literal(Box<str>),
    /// At a character of ASCII in the set, or at any other if `others`.
    Among {
        ascii: u128,
        others: bool,
    },
    Anywhere,
}

/// A compiled pattern; shared, and never changed.
#[derive(Clone, Debug)]
pub struct Regex {
    pub(super) instructions: Box<[Instruction]>,
    pub(super) takers: Box<[Taker]>,
    pub(super) entry: Entry,
    pub(super) ignore_case: bool,
    pub(super) groups: u32,
    /// Positions of groups, then two for each loop.
    pub(super) slots: u32,
}

impl Regex {
    /// Compiles a pattern, which stood between slashes.
    ///
    /// # Errors
    ///
    /// Says in V8's words what is wrong with it.
    pub fn new(pattern: &str, flags: Flags) -> Result<Regex, RegexError> {
        let (tree, groups) = parse(pattern, flags)?;
        Ok(compile(&tree, groups, flags))
    }

    /// Returns how many groups capture.
    pub fn groups(&self) -> usize {
        self.groups as usize
    }
}
