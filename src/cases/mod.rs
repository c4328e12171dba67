//! Cases: executions of a definition with prepared answers, and what is expected of them.
//!
//! Owns the format of case files ([`read()`] makes a [`Suite`] of one, or says what is wrong and where),
//! playing a case ([`play()`]) and telling what differs, over two programs as well ([`compare()`]). Three formats end in one suite: the one workflow
//! authors write, the one of the recorded conformance corpus, and Step Functions Local's mock configuration. Must not know files or printing: a
//! text comes in, definitions and inputs in other files are named for the caller to load.

mod answer;
mod compare;
mod coverage;
mod expect;
mod file;
mod history;
mod mocks;
mod play;
mod reader;
mod recorded;
mod settings;
mod side_by_side;

pub use answer::Answer;
pub use coverage::{Coverage, Kind, Place, Reached};
pub use expect::Expect;
pub use file::read;
pub use play::{Difference, Execution, Played, play};
pub use side_by_side::compare;

use std::collections::BTreeMap;

/// The cases of one file.
#[derive(Debug, Default)]
pub struct Suite {
    /// In the order of the file.
    pub cases: Vec<Case>,
}

/// One execution with prepared answers.
#[derive(Debug)]
pub struct Case {
    /// What it shows.
    pub name: String,
    /// Its line in the case file.
    pub line: usize,
    /// What runs.
    pub definition: Definition,
    /// What `${Name}` in the definition stands for.
    pub substitutions: BTreeMap<String, String>,
    /// What it runs with.
    pub input: Input,
    /// Whether it is a synchronous execution.
    pub sync: bool,
    /// When it starts, in milliseconds since 1970.
    pub now_ms: i64,
    /// Answers that are used once each.
    pub answers: Vec<Answer>,
    /// What a state's task answers when no other answer is left.
    pub defaults: BTreeMap<String, Answer>,
    /// What is expected.
    pub expect: Expect,
    /// Why it is not played, if it is not.
    pub skip: Option<String>,
}

/// Where a case's definition is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Definition {
    /// In a file, named relative to the case file.
    File(String),
    /// That of the state machine of this name: whoever plays the case knows where it is.
    Named(String),
    /// In the case file, at its place there: everything before it is blanked out, so that diagnostics
    /// have the right line.
    Here(String),
}

/// Where a case's input is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// In a file, named relative to the case file.
    File(String),
    /// As JSON text.
    Here(String),
}

/// When a case starts unless it says so: a day without anything special about it.
pub const NOW_MS: i64 = 1_735_689_600_000;

#[cfg(test)]
mod tests;
