//! Values that have a name twice, or came with blanks.

use super::{Heap, Store};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Indexes a document, makes it or a part of it distinct, and returns the dense text; whether the value is the same.
fn distinct(text: &str, part: Option<&str>) -> (String, bool) {
    let (mut heap, constants) = (Heap::new(), Heap::for_constants());
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
