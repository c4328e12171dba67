//! Indexes a text on both paths: no panic, the same index, and what `RawValue` accepts is accepted but for
//! nesting beyond the limit. What is written dense indexes to the same again.
//!
//! `cargo +nightly fuzz run value_index`
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;
use stepstream::value::{Heap, Kind, ValueRef, View, index};

fuzz_target!(|text: &[u8]| {
    index::force_portable(true);
    let mut portable = Heap::new();
    let expected = portable.index(text);
    index::force_portable(false);
    // What came before must not matter: the second heap has been used.
    let mut heap = Heap::new();
    heap.index(b"{ \"used\" : [ 1 ] }").unwrap();
    heap.clear();
    let found = heap.index(text);
    assert_eq!(expected, found);

    let accepted = serde_json::from_slice::<&RawValue>(text).is_ok();
    let root = match found {
        Ok(root) => root,
        Err(error) => {
            assert!(!accepted || error.message.contains("nesting depth"), "{error}");
            assert!(error.offset <= text.len());
            return;
        }
    };
    assert!(accepted);
    let constants = Heap::for_constants();
    let (view, other) = (View::new(&heap, &constants), View::new(&portable, &constants));
    same(view, other, root);
    let mut echo = Vec::new();
    view.write(root, &mut echo);
    assert_eq!(echo, text);

    let dense = view.to_json(root);
    assert_eq!(dense.len(), view.len(root));
    let mut again = Heap::new();
    let copy = again.index(dense.as_bytes()).unwrap();
    assert_eq!(View::new(&again, &constants).to_json(copy), dense);
    assert!(View::new(&again, &constants).original(copy).is_none());
});

/// How many parts of each array and object are looked up as well: that takes time with the square.
const LOOKED_UP: usize = 8;

/// Walks two indexes of one text side by side; nesting is limited.
fn same(one: View<'_>, other: View<'_>, value: ValueRef) {
    assert_eq!(one.text(value), other.text(value));
    assert_eq!(
        (one.kind(value), one.depth(value), one.count(value)),
        (other.kind(value), other.depth(value), other.count(value))
    );
    match one.kind(value) {
        Kind::String => {
            let (string, twin) = (one.string(value).unwrap(), other.string(value).unwrap());
            assert_eq!(string.decode(), twin.decode());
        }
        Kind::Number => assert_eq!(
            one.float(value).map(f64::to_bits),
            other.float(value).map(f64::to_bits)
        ),
        Kind::Array => {
            for (at, element) in one.elements(value).enumerate() {
                assert!(at >= LOOKED_UP || one.element(value, at) == Some(element));
                same(one, other, element);
            }
        }
        Kind::Object => {
            for (at, (key, member)) in one.members(value).enumerate() {
                let name = one.string(key).unwrap().decode();
                assert!(at >= LOOKED_UP || one.member_named(value, &name).is_some());
                same(one, other, key);
                same(one, other, member);
            }
        }
        _ => {}
    }
}
