//! Numbers: their texts in JavaScript's and in Java's form, how `$number` reads one, and the functions of
//! arithmetic that need more than one operation.
//!
//! Owns what a double looks like. Must not know which form a place takes: `$string`, `&` and messages have
//! JavaScript's, outputs have Java's.

mod arithmetic;
mod digits;
mod read;
mod text;

pub use arithmetic::{format_base, power, round, square_root};
pub use digits::Digits;
pub(crate) use read::is_space;
pub use read::number;
pub use text::{non_finite_name, write_java, write_javascript, write_string};
