//! The array functions (facts 6.3), but `ArrayUnique`.

use super::IntrinsicError;
use super::evaluate::{Work, check_length};
use super::java;
use crate::value::{Kind, ValueRef};

/// The most items `States.ArrayRange` makes (facts 6.3).
const RANGE_ITEMS_MAX: i64 = 1_000;

impl Work<'_, '_> {
    pub(super) fn expect_array(&self, value: ValueRef) -> Result<(), IntrinsicError> {
        if self.store.view().kind(value) == Kind::Array {
            Ok(())
        } else {
            Err(self.refused())
        }
    }
}

/// `States.ArrayPartition`: chunks of a size, the last one shorter. The size is truncated.
pub(super) fn partition(
    work: &mut Work,
    array: ValueRef,
    size: ValueRef,
) -> Result<ValueRef, IntrinsicError> {
    work.expect_array(array)?;
    let size = work.truncated(size)?;
    if size < 1 {
        return Err(work.refused());
    }
    let view = work.store.view();
    let chunks = (view.count(array) as u64).div_ceil(size as u64);
    check_length((view.len(array) as u64).saturating_add(chunks.saturating_mul(2)))?;
    let elements: Vec<ValueRef> = view.elements(array).collect();
    let chunks: Vec<ValueRef> = elements
        .chunks(size as usize)
        .map(|chunk| work.store.array(chunk))
        .collect();
    Ok(work.store.array(&chunks))
}

/// `States.ArrayContains`: AWS compares what values read as in Java, so `true` is `'true'`, `1` is
/// `'1'`, and objects with their keys in another order differ (recorded).
pub(super) fn contains(
    work: &mut Work,
    array: ValueRef,
    value: ValueRef,
) -> Result<ValueRef, IntrinsicError> {
    work.expect_array(array)?;
    let view = work.store.view();
    let is_plain = |kind| matches!(kind, Kind::Number | Kind::Boolean | Kind::Null);
    let wanted = java::text(view, value)?;
    let found = view.elements(array).try_fold(false, |found, element| {
        // Equal texts need no decoding; of what is left, arrays and objects are bounded by the limit.
        let is_same = found
            || element == value
            || match view.string(element) {
                Some(text) => text.decode() == wanted,
                None if is_plain(view.kind(element)) => view.text(element) == Some(wanted.as_bytes()),
                None => java::text(view, element)? == wanted,
            };
        Ok(is_same)
    })?;
    Ok(ValueRef::boolean(found))
}

/// `States.ArrayRange`: from start to end, inclusive. Fractions are truncated.
pub(super) fn range(
    work: &mut Work,
    start: ValueRef,
    end: ValueRef,
    step: ValueRef,
) -> Result<ValueRef, IntrinsicError> {
    let (start, end, step) = (
        work.truncated(start)?,
        work.truncated(end)?,
        work.truncated(step)?,
    );
    if step == 0 {
        return Err(work.refused());
    }
    let span = if step > 0 { end - start } else { start - end };
    let count = if span < 0 { 0 } else { span / step.abs() + 1 };
    if count > RANGE_ITEMS_MAX {
        return Err(work.refused());
    }
    let mut items = [ValueRef::NULL; RANGE_ITEMS_MAX as usize];
    for (item, at) in items.iter_mut().zip(0..count) {
        *item = work.store.integer(start + at * step);
    }
    Ok(work.store.array(&items[..count as usize]))
}

/// `States.ArrayGetItem`: the index is truncated; an empty array gives null for any (recorded).
pub(super) fn get_item(
    work: &mut Work,
    array: ValueRef,
    index: ValueRef,
) -> Result<ValueRef, IntrinsicError> {
    work.expect_array(array)?;
    let index = work.truncated(index)?;
    if work.store.view().count(array) == 0 {
        return Ok(ValueRef::NULL);
    }
    let index = usize::try_from(index).map_err(|_| work.refused())?;
    work.store
        .view()
        .element(array, index)
        .ok_or_else(|| work.refused())
}

/// `States.ArrayLength`.
pub(super) fn length(work: &mut Work, array: ValueRef) -> Result<ValueRef, IntrinsicError> {
    work.expect_array(array)?;
    let count = work.store.view().count(array) as i64;
    Ok(work.store.integer(count))
}
