//! Intrinsic functions: parse, arity table, evaluate (facts 6).
//!
//! Owns what the 18 functions mean. Must not know states, programs, or where a call stands in a
//! definition; values come in resolved.

mod ast;
mod parse;
#[cfg(test)]
mod parse_tests;

pub use ast::{Argument, Call, Function};
pub use parse::{NESTING_MAX, parse};
mod stub;
pub use stub::{Random, evaluate};
