//! The number functions (facts 6.3).

use super::IntrinsicError;
use super::evaluate::Work;
use super::random::JavaRandom;
use crate::value::ValueRef;

/// `States.MathAdd`: each number is rounded half up, then they are added; all in 32 bits.
pub(super) fn add(work: &mut Work, a: ValueRef, b: ValueRef) -> Result<ValueRef, IntrinsicError> {
    let half_up = |number: f64| (number + 0.5).floor();
    let sum = work.integer(a, half_up)? + work.integer(b, half_up)?;
    if i32::try_from(sum).is_err() {
        return Err(work.refused());
    }
    Ok(work.store.integer(sum))
}

/// `States.MathRandom`: from start, inclusive, to end, exclusive; fractions are truncated. Equal seeds
/// give equal values; that they are Java's is known of JSONata's `$random` only (facts 5.3).
pub(super) fn random(
    work: &mut Work,
    start: ValueRef,
    end: ValueRef,
    seed: Option<ValueRef>,
) -> Result<ValueRef, IntrinsicError> {
    let (start, end) = (work.truncated(start)?, work.truncated(end)?);
    if start >= end {
        return Err(work.refused());
    }
    let value = match seed {
        Some(seed) => JavaRandom::new(work.truncated(seed)?).between(start, end),
        None => work.random.between(start, end),
    };
    Ok(work.store.integer(value))
}
