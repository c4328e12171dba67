//! Intrinsic functions: parse, arity table, evaluate (facts 6).
//!
//! Owns what the 18 functions mean. Must not know states, programs, or where a call stands in a
//! definition; values come in resolved.

mod array;
mod ast;
mod encode;
mod error;
mod evaluate;
mod format;
mod hash;
mod java;
mod math;
mod parse;
mod prepared;
mod random;
mod text;
mod unique;

#[cfg(test)]
mod parse_tests;
#[cfg(test)]
mod tests;

pub use ast::{Argument, Call, Function};
pub use error::IntrinsicError;
pub use evaluate::{RESULT_BYTES_MAX, evaluate};
pub(crate) use hash::hash_text;
pub use parse::{NESTING_MAX, parse};
pub use prepared::Prepared;
pub(crate) use random::JavaRandom;
