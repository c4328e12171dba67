//! `States.ArrayUnique`, in the order AWS answers (facts 6.3).
//!
//! The recorded orders (`[true,false,true]` gives `[false,true]`, `[[1,2],[1,2],[2,1]]` gives
//! `[[2,1],[1,2]]`) are those of a Java `HashSet`: by the bucket of the value's hash, and within a
//! bucket as first seen. What is equal is deep JSON equality, `1` and `1.0` included.

use super::evaluate::Work;
use super::{IntrinsicError, java};
use crate::value::ValueRef;

/// Buckets of a new `HashSet`; they double when three quarters as many values are in it.
const BUCKETS_MIN: usize = 16;

/// The longest array, in bytes of JSON, whose values are hashed and compared. Above the payload limit
/// only a value that shares parts can be, and walking those takes too long.
const BYTES_MAX: u64 = 2 * super::RESULT_BYTES_MAX;

pub(super) fn unique(work: &mut Work, array: ValueRef) -> Result<ValueRef, IntrinsicError> {
    work.expect_array(array)?;
    let view = work.store.view();
    if view.len(array) as u64 > BYTES_MAX {
        return Err(IntrinsicError::TooLarge);
    }
    let mut entries: Vec<Entry> = view
        .elements(array)
        .enumerate()
        .map(|(seen, value)| Entry {
            hash: spread(java::hash(view, value)),
            check: java::check(view, value),
            seen,
            value,
        })
        .collect();
    // Equal values have equal hashes, so they are neighbours now, first seen first.
    entries.sort_unstable_by_key(|entry| (entry.hash, entry.check, entry.seen));
    let mut kept: Vec<Entry> = Vec::with_capacity(entries.len());
    for entry in entries {
        let alike = |other: &&Entry| (other.hash, other.check) == (entry.hash, entry.check);
        let same = kept.iter().rev().take_while(alike);
        if !{ same }.any(|other| view.equal(other.value, entry.value)) {
            kept.push(entry);
        }
    }
    let mut buckets = BUCKETS_MIN;
    while kept.len() > buckets / 4 * 3 {
        buckets *= 2;
    }
    kept.sort_unstable_by_key(|entry| (entry.hash as usize & (buckets - 1), entry.seen));
    let values: Vec<ValueRef> = kept.iter().map(|entry| entry.value).collect();
    Ok(work.store.array(&values))
}

struct Entry {
    hash: u32,
    /// Another hash: texts that collide in Java's are easily made (`Aa`, `BB`), and comparing each with
    /// each takes too long.
    check: u64,
    seen: usize,
    value: ValueRef,
}

/// Mixes the upper half of a hash into the lower, as `HashMap` does.
fn spread(hash: i32) -> u32 {
    let hash = hash as u32;
    hash ^ (hash >> 16)
}
