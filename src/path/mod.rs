//! JSONPath and reference paths: parse, get, put.
//!
//! Owns the syntax and meaning of paths as AWS accepts them (facts 5.1). Must not know states,
//! programs or where a path stands in a definition.

mod accessor;
mod ast;
mod filter;
mod function;
mod miss;
mod parse;
mod parse_filter;
mod put;
pub(crate) mod scan;
mod select;

#[cfg(test)]
mod parse_tests;
#[cfg(test)]
mod tests;

pub use accessor::Accessor;
pub use ast::{Filter, Function, Operand, Operator, Path, Root, Step};
pub use miss::{Miss, MissKind};
pub use parse::{NESTING_MAX, parse};
pub(crate) use parse::{Place, parse_at};
pub use put::{PutError, put};
pub use select::{BYTES_MAX, HITS_MAX, WORK_MAX};

/// Why a text is not a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// Byte offset in the text.
    pub offset: usize,
    /// What was expected there.
    pub message: String,
}
