//! JSONPath and reference paths: parse, get, put.
//!
//! Owns the syntax and meaning of paths as AWS accepts them (facts 5.1). Must not know states,
//! programs or where a path stands in a definition.

mod ast;

pub use ast::{Filter, Function, Operand, Operator, Path, Root, Step};

/// Why a text is not a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// Byte offset in the text.
    pub offset: usize,
    /// What was expected there.
    pub message: String,
}

/// Parses a path: `$...`, `$$...` or `$name...`.
///
/// # Errors
/// Where the text is not a path, with the offset.
pub fn parse(_text: &str) -> Result<Path, ParseError> {
    todo!()
}
