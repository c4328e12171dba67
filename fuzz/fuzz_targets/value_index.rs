//! Indexes arbitrary bytes.
//!
//! Accepted is what `serde_json`'s `RawValue` accepts, but for nesting beyond the limit; both ways of
//! indexing agree; a document is echoed byte for byte, and what is written dense reads the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;
use stepstream::value::{Heap, IndexError, ValueRef, View, index::force_portable};

/// Indexes a text behind another one; returns its dense text, the echo, and how deep it is.
fn index(text: &[u8]) -> Result<(String, Vec<u8>, u32), IndexError> {
    let constants = Heap::for_constants();
    let mut heap = Heap::new();
    heap.index(b"{\"before\": [1, 2]}").expect("it is JSON");
    let root = heap.index(text)?;
    let view = View::new(&heap, &constants);
    let dense = view.to_json(root);
    assert_eq!(dense.len(), view.len(root));
    let mut echo = Vec::new();
    view.write(root, &mut echo);
    visit(view, root, 0);
    Ok((dense, echo, view.depth(root)))
}

/// Reads everything in every way.
fn visit(view: View<'_>, value: ValueRef, depth: u32) {
    let _ = (view.kind(value), view.text(value), view.float(value), view.number(value), view.boolean(value));
    if let Some(text) = view.string(value) {
        let _ = (text.decode(), text.plain());
    }
    let mut count = 0;
    for (at, element) in view.elements(value).enumerate() {
        if at < 8 {
            assert_eq!(view.element(value, at), Some(element));
        }
        visit(view, element, depth + 1);
        count += 1;
    }
    for (key, member) in view.members(value) {
        let name = view.string(key).expect("a key is a string");
        if count < 8 {
            assert!(view.member_named(value, &name.decode()).is_some());
        }
        visit(view, member, depth + 1);
        count += 1;
    }
    assert_eq!(view.count(value), count);
}

fuzz_target!(|text: &[u8]| {
    force_portable(true);
    let portable = index(text);
    force_portable(false);
    let best = index(text);
    assert_eq!(portable, best);
    let judged = serde_json::from_slice::<&RawValue>(text).is_ok();
    match best {
        Ok((dense, echo, _)) => {
            assert!(judged, "accepted");
            assert_eq!(echo, text);
            let again = index(dense.as_bytes()).expect("dense text is JSON");
            assert_eq!(again.0, dense);
        }
        Err(error) => {
            assert!(!judged || error.message.contains("nesting depth"), "refused: {error}");
            assert!(error.offset <= text.len(), "{error}");
        }
    }
});
