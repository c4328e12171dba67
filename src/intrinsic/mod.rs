//! Intrinsic functions: parse, arity table, evaluate (facts 6).

mod ast;

pub use ast::{Argument, Call, Function};

use crate::path::ParseError;

/// Parses a call: `States.Name(argument, ...)`.
///
/// # Errors
/// Where the text is not a call of a known function, with the offset.
pub fn parse(_text: &str) -> Result<Call, ParseError> {
    todo!()
}
