//! The string functions that need no regular expression.
//!
//! Owns what they do to a text. What is a part of a text comes back as a slice of it; what is made goes
//! into a [`Text`](super::Text), which has a bound. Characters are code points.

mod base64;
mod part;
mod replace;
mod shape;
mod url;

pub use base64::{Bytes, decode as base64_decode, encode as base64_encode};
pub use part::{Split, length, split, substring, substring_after, substring_before};
pub use replace::{Groups, replace_text, substitute};
pub use shape::{compare, join, lowercase, pad, trim, uppercase};
pub use url::{Whole, decode as decode_url, encode as encode_url};
