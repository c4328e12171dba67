//! JSONPath and reference paths: parse, get, put.
//!
//! Owns the syntax and meaning of paths as AWS accepts them (facts 5.1). Must not know states,
//! programs or where a path stands in a definition.

mod ast;
mod parse;
mod parse_filter;
#[cfg(test)]
mod parse_tests;
pub(crate) mod scan;

pub use ast::{Filter, Function, Operand, Operator, Path, Root, Step};
pub use parse::{NESTING_MAX, parse};
pub(crate) use parse::{Place, parse_at};

/// Why a text is not a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// Byte offset in the text.
    pub offset: usize,
    /// What was expected there.
    pub message: String,
}
