//! Values that have a name twice, or came with blanks.

use super::node::ValueRef;
use super::{Compaction, Heap, Store};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Indexes a document, makes it or a part of it distinct, and returns the dense text; whether the value is the same.
/// It is all the same whether indexing looked at the names.
fn distinct(text: &str, part: Option<&str>) -> (String, bool) {
    let looked_later = distinct_in(Heap::new(), text, part);
    assert_eq!(distinct_in(watching(), text, part), looked_later, "{text}");
    looked_later
}

/// Returns a heap whose documents are indexed with a look at their names.
fn watching() -> Heap {
    let mut heap = Heap::new();
    let constants = Heap::for_constants();
    let object = heap.index(b"{\"a\":1}").unwrap();
    Store::new(&mut heap, &constants).distinct(object);
    heap.clear();
    heap
}

fn distinct_in(mut heap: Heap, text: &str, part: Option<&str>) -> (String, bool) {
    let constants = Heap::for_constants();
    let mut store = Store::new(&mut heap, &constants);
    let root = store.index(text.as_bytes()).unwrap();
    let value = part.map_or(root, |part| store.view().member_named(root, part).unwrap());
    let distinct = store.distinct(value);
    assert_eq!(store.distinct(distinct), distinct, "{text}");
    let mut written = Vec::new();
    store.view().write(distinct, &mut written);
    let dense = store.view().to_json(distinct);
    assert_eq!(dense.as_bytes(), written, "nothing is echoed");
    assert_eq!(store.view().len(distinct), dense.len(), "{text}");
    (dense, distinct == value)
}

#[test]
fn the_last_value_stands_at_the_place_of_the_first() {
    for (text, expected) in [
        (r#"{"a":1,"b":2,"a":3}"#, r#"{"a":3,"b":2}"#),
        (r#"[{"x":{"a":1,"a":{"b":1,"b":2}}}]"#, r#"[{"x":{"a":{"b":2}}}]"#),
        (r#"{"a":1,"\u0061":2}"#, r#"{"a":2}"#),
        (r#"{"\u0061":1,"a":2,"\u0062":3}"#, r#"{"\u0061":2,"\u0062":3}"#),
        (r#"{"":1,"":2}"#, r#"{"":2}"#),
        (
            "{ \"required\": [\"bar\"] ,\"required\": [\"bar\"] ,\"optional\": [1] }",
            r#"{"required":["bar"],"optional":[1]}"#,
        ),
    ] {
        assert_eq!(distinct(text, None), (expected.to_owned(), false), "{text}");
        let whole = format!(r#"{{"n":1,"p":{text}}}"#);
        assert_eq!(distinct(&whole, Some("p")).0, expected, "{text} as a part");
    }
}

#[test]
fn what_has_no_doubles_is_the_same_value() {
    let wide: Vec<String> = (0..300).map(|at| format!("\"k{at}\":{at}")).collect();
    for text in [
        "1",
        "[]",
        "{}",
        r#"{"a":1,"b":{"a":1},"c":[{"a":1},{"a":1}]}"#,
        r#"{"ab":1,"ac":2,"ad":3,"bb":4}"#,
        r#"{"a\n":1,"a":2}"#,
        &format!("{{{}}}", wide.join(",")),
    ] {
        assert_eq!(distinct(text, None), (text.to_owned(), true));
    }
    let doubled = format!("{{{},\"k7\":0}}", wide.join(","));
    let expected = format!("{{{}}}", wide.join(",")).replace("\"k7\":7,", "\"k7\":0,");
    assert_eq!(distinct(&doubled, None), (expected, false));
}

#[test]
fn blanks_are_not_echoed() {
    for (text, expected) in [
        (" 1.50 ", "1.50"),
        ("[ 1, {\"a\" :2} ]", r#"[1,{"a":2}]"#),
        ("{ \"a\" : 1 }", r#"{"a":1}"#),
        ("\n\"x y\"", "\"x y\""),
        ("{ }", "{}"),
    ] {
        assert_eq!(distinct(text, None), (expected.to_owned(), false));
    }
}

#[test]
fn results_of_branches_become_dense_and_distinct() {
    let (mut heap, constants) = (Heap::new(), Heap::for_constants());
    let mut store = Store::new(&mut heap, &constants);
    let inner = {
        let element = store.index(b"{ \"a\": 1, \"a\": 2 }").unwrap();
        let start = store.reserve_array(1);
        store.set_reserved(start, 0, element);
        store.finish_reserved(start, 1)
    };
    let plain = store.index(b"{\"b\":1,\"b\":3}").unwrap();
    let start = store.reserve_array(2);
    store.set_reserved(start, 0, inner);
    store.set_reserved(start, 1, plain);
    let results = store.finish_reserved(start, 2);
    let distinct = store.distinct(results);
    let mut written = Vec::new();
    store.view().write(distinct, &mut written);
    assert_eq!(String::from_utf8(written).unwrap(), r#"[[{"a":2}],{"b":3}]"#);
}

#[test]
fn indexing_looks_at_names_once_somebody_asks() {
    let plain = |heap: &mut Heap, text: &str| {
        let root = heap.index(text.as_bytes()).unwrap();
        heap.is_plain(root)
    };
    let mut heap = Heap::new();
    assert!(!plain(&mut heap, "{\"a\":1}"), "nobody has asked");
    let mut heap = watching();
    assert!(plain(&mut heap, r#"{"a":[{"b":1},{"b":2}],"b":{"a":1}}"#));
    assert!(plain(&mut heap, r#"[{"a":1},{"a":1}]"#));
    for text in [r#"{"a":1,"b":{"c":1,"c":2}}"#, r#"{"a\n":1}"#, "{ \"a\": 1 }"] {
        let mut heap = watching();
        assert!(!plain(&mut heap, text), "{text}");
        assert!(!plain(&mut heap, "{\"a\":1}"), "behind {text}");
        let mut copy = Heap::new();
        copy.copy_from(&heap);
        assert!(!copy.is_plain(ValueRef(0)), "a copy of {text}");
        heap.clear();
        assert!(plain(&mut heap, "{\"a\":1}"), "after {text}");
    }
}

#[test]
fn marks_are_chosen_anew_until_they_tell_the_names_of_a_kind_of_document_apart() {
    let names: Vec<String> = (0..14).map(|at| format!("\"field_{at}\":{at}")).collect();
    let text = format!("{{{}}}", names.join(","));
    let (mut heap, constants) = (watching(), Heap::for_constants());
    let index = |heap: &mut Heap| {
        heap.clear();
        let root = heap.index(text.as_bytes()).unwrap();
        let is_plain = heap.is_plain(root);
        assert_eq!(Store::new(heap, &constants).distinct(root), root);
        is_plain
    };
    assert!((0..200).any(|_| index(&mut heap)), "one choice in four does");
    assert!((0..200).all(|_| index(&mut heap)), "and is kept");
}

#[test]
fn what_is_doubtful_stays_so_when_it_moves() {
    for text in [r#"{"a":1,"a":2}"#, "{ \"a\": 2 }"] {
        let (mut heap, constants) = (watching(), Heap::for_constants());
        heap.index(b"[1]").unwrap();
        let root = heap.index(text.as_bytes()).unwrap();
        let mut compaction = Compaction::default();
        compaction.keep(root);
        compaction.run(&mut heap);
        let moved = compaction.moved(root);
        let mut store = Store::new(&mut heap, &constants);
        let distinct = store.distinct(moved);
        assert_eq!(store.view().to_json(distinct), r#"{"a":2}"#);
    }
}

proptest! {
    #[test]
    fn is_what_a_map_would_have(names in prop::collection::vec("[a-c]{0,2}|\\\\u0061", 0..24)) {
        let members: Vec<String> = names.iter().enumerate().map(|(at, name)| format!("\"{name}\":{at}")).collect();
        let text = format!("{{{}}}", members.join(","));
        let (found, same) = distinct(&text, None);
        let wanted: BTreeMap<String, usize> = serde_json::from_str(&text).unwrap();
        let map: BTreeMap<String, usize> = serde_json::from_str(&found).unwrap();
        prop_assert_eq!(&map, &wanted);
        prop_assert_eq!(found.matches(':').count(), wanted.len());
        prop_assert_eq!(same, names.len() == wanted.len());
    }
}
