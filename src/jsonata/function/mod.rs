//! The built-in functions' pure parts, by family, over plain texts and numbers.
//!
//! Owns what the functions compute. Must not know the evaluator's values: arguments come in as Rust's own
//! types, texts go out through [`Text`], which takes as many bytes as the caller gave.

pub mod aws;
mod error;
pub mod number;
pub mod picture;
pub mod regex;
pub mod signature;
pub mod string;
pub mod text;

#[cfg(test)]
mod tests;

pub use text::Text;
