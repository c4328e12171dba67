//! Why a text is not a document.

use super::index;

/// Why a text is not JSON, where, and in the words AWS uses (facts 7.1, 9.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexError {
    /// Byte offset in the text.
    pub offset: usize,
    /// What is wrong there.
    pub message: String,
    /// Byte offset of the place that AWS names: how far its reader has come.
    pub(super) place: usize,
    /// How the reader could be made to accept it. AWS says it, but nobody can do it, there or here.
    pub(super) advice: &'static str,
}

impl IndexError {
    pub(super) fn advised(mut self, advice: &'static str) -> IndexError {
        self.advice = advice;
        self
    }

    /// Returns the message as AWS writes it when a state reads a text: with advice, line and column.
    pub fn located(&self, text: &[u8]) -> String {
        let location = index::location(text, self.place);
        format!("{}{}\n at {location}", self.message, self.advice)
    }
}

impl std::fmt::Display for IndexError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at byte {}", self.message, self.offset)
    }
}

impl std::error::Error for IndexError {}
