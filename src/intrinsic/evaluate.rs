//! The table of functions: how many arguments each takes, and who evaluates it (facts 6.3).

use super::{Function, IntrinsicError, array, encode, format, hash, math, text, unique};
use crate::random::{Random, uuid_text};
use crate::value::{Store, ValueRef};
use std::ops::RangeInclusive;

/// The longest result that is built, in bytes of dense JSON: AWS's payload limit (facts 1.2).
pub const RESULT_BYTES_MAX: u64 = 262_144;

/// What a function works with.
pub(super) struct Work<'s, 'a> {
    pub(super) store: &'s mut Store<'a>,
    pub(super) random: &'s mut Random,
    pub(super) function: Function,
}

/// Evaluates a function on resolved arguments.
///
/// # Errors
/// Where AWS fails the state: number, type or range of the arguments, text that is not what the
/// function reads, a result above [`RESULT_BYTES_MAX`].
pub fn evaluate(
    store: &mut Store<'_>,
    random: &mut Random,
    function: Function,
    arguments: &[ValueRef],
) -> Result<ValueRef, IntrinsicError> {
    if !function.arity().contains(&arguments.len()) {
        return Err(IntrinsicError::Arguments(function));
    }
    let mut work = Work {
        store,
        random,
        function,
    };
    match (function, arguments) {
        (Function::Array, _) => work.limited(arguments),
        (Function::ArrayPartition, [array, size]) => array::partition(&mut work, *array, *size),
        (Function::ArrayContains, [array, value]) => array::contains(&mut work, *array, *value),
        (Function::ArrayRange, [start, end, step]) => array::range(&mut work, *start, *end, *step),
        (Function::ArrayGetItem, [array, index]) => array::get_item(&mut work, *array, *index),
        (Function::ArrayLength, [array]) => array::length(&mut work, *array),
        (Function::ArrayUnique, [array]) => unique::unique(&mut work, *array),
        (Function::Base64Encode, [data]) => encode::encode(&mut work, *data),
        (Function::Base64Decode, [data]) => encode::decode(&mut work, *data),
        (Function::Hash, [data, algorithm]) => hash::hash(&mut work, *data, *algorithm),
        (Function::JsonMerge, [left, right, deep]) => text::merge(&mut work, *left, *right, *deep),
        (Function::StringToJson, [json]) => text::to_json(&mut work, *json),
        (Function::JsonToString, [value]) => text::to_string(&mut work, *value),
        (Function::MathAdd, [a, b]) => math::add(&mut work, *a, *b),
        (Function::MathRandom, [start, end, seed @ ..]) => {
            math::random(&mut work, *start, *end, seed.first().copied())
        }
        (Function::StringSplit, [string, delimiters]) => text::split(&mut work, *string, *delimiters),
        (Function::Format, [template, values @ ..]) => format::format(&mut work, *template, values),
        (Function::Uuid, _) => {
            let uuid = uuid_text(work.random.uuid());
            // Hex digits and hyphens: never the default.
            Ok(work.store.string(std::str::from_utf8(&uuid).unwrap_or_default()))
        }
        _ => Err(work.refused()),
    }
}

impl Function {
    /// Returns how many arguments the function takes.
    pub fn arity(self) -> RangeInclusive<usize> {
        match self {
            // `States.UUID` ignores what it is given (recorded).
            Self::Array | Self::Uuid => 0..=usize::MAX,
            Self::Format => 1..=usize::MAX,
            Self::ArrayLength | Self::ArrayUnique | Self::Base64Encode | Self::Base64Decode => 1..=1,
            Self::StringToJson | Self::JsonToString => 1..=1,
            Self::ArrayPartition | Self::ArrayContains | Self::ArrayGetItem | Self::Hash => 2..=2,
            Self::MathAdd | Self::StringSplit => 2..=2,
            Self::MathRandom => 2..=3,
            Self::ArrayRange | Self::JsonMerge => 3..=3,
        }
    }
}

impl Work<'_, '_> {
    /// The error of wrong arguments.
    pub(super) fn refused(&self) -> IntrinsicError {
        IntrinsicError::Arguments(self.function)
    }

    /// Reads a number without its fraction; other values and what exceeds 32 bits are refused.
    pub(super) fn truncated(&self, value: ValueRef) -> Result<i64, IntrinsicError> {
        self.integer(value, f64::trunc)
    }

    /// Reads a number and makes it whole; AWS computes in 32 bits.
    pub(super) fn integer(&self, value: ValueRef, whole: fn(f64) -> f64) -> Result<i64, IntrinsicError> {
        let number = self
            .store
            .view()
            .float(value)
            .map(whole)
            .ok_or_else(|| self.refused())?;
        if number < f64::from(i32::MIN) || number > f64::from(i32::MAX) {
            return Err(self.refused());
        }
        Ok(number as i64)
    }

    /// Builds an array, if it is not too long.
    pub(super) fn limited(&mut self, elements: &[ValueRef]) -> Result<ValueRef, IntrinsicError> {
        let view = self.store.view();
        let length = |sum: u64, element: &ValueRef| sum.saturating_add(view.len(*element) as u64 + 1);
        check_length(elements.iter().fold(1, length))?;
        Ok(self.store.array(elements))
    }
}

/// Refuses a result that would be too long.
pub(super) fn check_length(bytes: u64) -> Result<(), IntrinsicError> {
    if bytes > RESULT_BYTES_MAX {
        Err(IntrinsicError::TooLarge)
    } else {
        Ok(())
    }
}

/// Returns how many bytes a text takes as a JSON string.
pub(super) fn json_length(text: &str) -> u64 {
    let escapes = text.bytes().map(|byte| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x8 | 0xC => 2,
        0..0x20 => 6,
        _ => 1,
    });
    2 + escapes.sum::<u64>()
}
