//! The functions that AWS adds to the language: `$range`, `$partition`, `$hash` and `$random`.
//!
//! `$uuid` is [`Random::uuid`](crate::random::Random::uuid), `$parse` is the reader of documents.

use crate::intrinsic::{JavaRandom, hash_text};
use crate::jsonata::Error;
use crate::jsonata::error::VALUE_BYTES_MAX;

/// The numbers that `$range` answers, made one by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    next: i64,
    step: i64,
    left: u64,
}

/// Makes the range from one number to another, both inclusive; fractions are cut off. `None` without a step,
/// or with one that leads nowhere.
///
/// How many numbers there are is [`ExactSizeIterator::len`]: the caller compares that with its memory before
/// it makes them.
pub fn range(start: f64, end: f64, step: Option<f64>) -> Option<Range> {
    if start.is_nan() || end.is_nan() {
        return None;
    }
    // A number beyond 64 bits becomes the last of them.
    let (start, end, step) = (start as i64, end as i64, step? as i64);
    let distance = i128::from(end) - i128::from(start);
    if step == 0 || (distance != 0 && (distance > 0) != (step > 0)) {
        return None;
    }
    let count = distance / i128::from(step) + 1;
    Some(Range {
        next: start,
        step,
        left: u64::try_from(count).unwrap_or(u64::MAX),
    })
}

impl Iterator for Range {
    type Item = i64;

    fn next(&mut self) -> Option<i64> {
        self.left = self.left.checked_sub(1)?;
        let number = self.next;
        self.next = number.saturating_add(self.step);
        Some(number)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::try_from(self.left).unwrap_or(usize::MAX);
        (left, Some(left))
    }
}

impl ExactSizeIterator for Range {}

/// Returns how many elements each part of an array has that `$partition` cuts; `None` where it answers
/// nothing.
///
/// # Errors
///
/// D3137 for a negative size.
pub fn partition(elements: usize, size: Option<f64>) -> Result<Option<usize>, Error> {
    let size = match size {
        Some(size) if size <= -1.0 => {
            return Err(Error::message("Second argument must be zero or greater"));
        }
        // The fraction is cut off; NaN becomes zero.
        Some(size) => size as usize,
        None => elements,
    };
    Ok((elements > 0 && size > 0).then_some(size))
}

/// Returns the hash of a text in hexadecimal digits.
///
/// # Errors
///
/// D3137 for an algorithm that is none.
pub fn hash(text: &str, algorithm: &str) -> Result<String, Error> {
    hash_text(text, algorithm).ok_or_else(|| {
        let name: String = algorithm.chars().take(VALUE_BYTES_MAX / 4).collect();
        Error::message(&format!(
            "Hash algorithm '{name}' must be one of SHA-1, SHA-384, SHA-256, SHA-512, MD5"
        ))
    })
}

/// Returns the number from 0 to 1 that a seed gives, whose fraction is cut off.
pub fn seeded_random(seed: f64) -> f64 {
    JavaRandom::new(seed as i64).fraction()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let numbers = |start, end, step| range(start, end, Some(step)).map(|range| range.collect::<Vec<_>>());
        let cases: &[(f64, f64, f64, Option<&[i64]>)] = &[
            (0.0, 10.0, 4.0, Some(&[0, 4, 8])),
            (10.0, 6.0, -2.0, Some(&[10, 8, 6])),
            (-1.7, 2.0, 1.0, Some(&[-1, 0, 1, 2])),
            (5.0, 3.0, -1.5, Some(&[5, 4, 3])),
            (3.0, 3.0, 1.0, Some(&[3])),
            (3.0, 3.0, -1.0, Some(&[3])),
            (5.0, 1.0, 1.0, None),
            (1.0, 5.0, 0.5, None),
            (f64::NAN, 5.0, 1.0, None),
        ];
        for (start, end, step, expected) in cases {
            assert_eq!(
                numbers(*start, *end, *step).as_deref(),
                *expected,
                "{start} {end} {step}"
            );
        }
        assert_eq!(range(1.0, 5.0, None), None);
        assert_eq!(range(1.0, 360_145.0, Some(1.0)).unwrap().len(), 360_145);
        assert_eq!(range(-1e300, 1e300, Some(1.0)).unwrap().len(), usize::MAX);
    }

    #[test]
    fn partitions() {
        assert_eq!(partition(5, Some(2.9)), Ok(Some(2)));
        assert_eq!(partition(3, None), Ok(Some(3)));
        for (elements, size) in [(0, Some(2.0)), (3, Some(0.0)), (3, Some(-0.5)), (0, None)] {
            assert_eq!(partition(elements, size), Ok(None));
        }
        let error = partition(3, Some(-1.0)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "D3137: Second argument must be zero or greater"
        );
    }

    #[test]
    fn hashes_and_random_numbers() {
        assert_eq!(
            hash("ñ", "MD5").as_deref(),
            Ok("94e9342ecbb1458b6043ecd3bfcbc192")
        );
        assert_eq!(
            hash("Hello", "md5").unwrap_err().to_string(),
            "D3137: Hash algorithm 'md5' must be one of SHA-1, SHA-384, SHA-256, SHA-512, MD5"
        );
        for (seed, expected) in [
            (42.0, 0.7275636800328681),
            (0.9, 0.730967787376657),
            (7.0, 0.7306990420600421),
        ] {
            assert_eq!(seeded_random(seed), expected);
        }
    }
}
