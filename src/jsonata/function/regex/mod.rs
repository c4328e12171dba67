//! Regular expressions in JavaScript's dialect, without its `u` flag.
//!
//! An engine of its own, for want of one that fits: `regress` speaks the dialect but has no bound of steps,
//! `fancy-regex` has a bound but another dialect (classes and `\b` of Unicode, groups that outlive a round
//! of their loop, references to groups that took no part), and `regex` has no look-around. So a pattern is
//! parsed into a tree, the tree compiled into instructions, and these run over the text with an explicit
//! stack: every step is counted against what the caller grants, and the stack has a bound too.
//!
//! Unlike JavaScript's, a character is a code point: `.` takes a whole emoji, and half of one matches
//! nothing. Positions are bytes.
//!
//! Owns patterns and matching. Must not know what a match looks like as a value.

mod compile;
mod escape;
mod first;
mod fold;
mod functions;
mod matching;
mod parse;
mod program;
mod set;
mod stack;
mod syntax;

#[cfg(test)]
mod tests;

pub use functions::{Matches, RegexSplit, replace_regex, split_regex};
pub use parse::{GROUPS_MAX, NESTING_MAX, PATTERN_BYTES_MAX};
pub use program::Regex;
pub use stack::{FRAMES_MAX, Scratch};

/// The flags that a literal may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `i`: upper and lower case are alike.
    pub ignore_case: bool,
    /// `m`: `^` and `$` match at line ends.
    pub multiline: bool,
}

/// Why a pattern is none, in V8's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegexError {
    /// `Unterminated group` and its like.
    pub reason: &'static str,
}
