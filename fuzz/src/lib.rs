//! What the fuzz targets share: arbitrary JSON, arbitrary definitions, and a world that answers tasks.
//!
//! A target finds panics by itself; the invariants it asserts besides are at its top.

pub mod definition;
pub mod json;
pub mod jsonata;
pub mod piece;
pub mod world;

use stepstream::value::{ValueRef, View};

/// Asserts that what a view writes is JSON, and that the length it claims is that of the dense text.
pub fn assert_written(view: View<'_>, value: ValueRef) -> Vec<u8> {
    // What shares its parts may be far longer than the memory it takes.
    if view.len(value) > 1 << 22 {
        return Vec::new();
    }
    let dense = view.to_json(value);
    assert_eq!(dense.len(), view.len(value), "the length of {dense}");
    let mut text = Vec::new();
    view.write(value, &mut text);
    assert_eq!(text.len() as u64, view.written_len(value));
    for written in [dense.as_bytes(), &text] {
        if let Err(error) = serde_json::from_slice::<&serde_json::value::RawValue>(written) {
            panic!("not JSON ({error}): {}", String::from_utf8_lossy(written));
        }
    }
    text
}
