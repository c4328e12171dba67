//! Pictures: how `$formatNumber`, `$formatInteger`, `$fromMillis` and their counterparts are told what a
//! text looks like. The grammar is that of XPath Functions and Operators 3.1, as far as the reference
//! has it, with the reference's deviations.
//!
//! A picture is read once, into a value that formats and parses; [`Pictures`] keeps the last ones.

mod cache;
mod calendar;
mod date;
mod decimal;
mod group;
mod integer;
mod iso;
mod marker;
mod number;
mod parse_date;
mod sub_picture;
mod words;

pub use cache::{PICTURES_MAX, PictureCache, Pictures};
pub use date::{DatePicture, Zone, format_iso};
pub use decimal::DecimalFormat;
pub use integer::{IntegerPicture, PADDING_MAX};
pub use iso::parse_iso;
pub use number::NumberPicture;
pub use parse_date::DateReader;

/// The longest picture.
pub const PICTURE_BYTES_MAX: usize = 4 * 1024;
