//! Why a text is not a document.

/// Why a text is not JSON, where, and in the words AWS uses (facts 9.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexError {
    /// Byte offset in the text.
    pub offset: usize,
    /// What is wrong there.
    pub message: String,
}

impl std::fmt::Display for IndexError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at byte {}", self.message, self.offset)
    }
}

impl std::error::Error for IndexError {}
