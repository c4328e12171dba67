//! Compaction keeps every value that was named, and nothing else.

use super::*;
use proptest::prelude::*;

/// What a value says, whole and dense.
fn said(view: View<'_>, value: ValueRef) -> (String, String, usize, u32, usize) {
    let mut whole = Vec::new();
    view.write(value, &mut whole);
    let whole = String::from_utf8(whole).unwrap();
    (
        whole,
        view.to_json(value),
        view.len(value),
        view.depth(value),
        view.count(value),
    )
}

#[test]
fn drops_what_is_not_kept_and_moves_parts() {
    let constants = Heap::for_constants();
    let mut heap = Heap::new();
    let answer = heap
        .index(format!("{{\"pad\":\"{}\",\"x\":[1,{{\"y\":2.50}}]}}", "p".repeat(9000)).as_bytes())
        .unwrap();
    let view = View::new(&heap, &constants);
    let x = view.member_named(answer, "x").unwrap();
    let y = view.element(x, 1).unwrap();
    let mut compaction = Compaction::default();
    compaction.keep(y);
    compaction.keep(x);
    compaction.keep(ValueRef::TRUE);
    compaction.run(&mut heap);
    let view = View::new(&heap, &constants);
    assert_eq!(view.to_json(compaction.moved(x)), "[1,{\"y\":2.50}]");
    assert_eq!(view.element(compaction.moved(x), 1), Some(compaction.moved(y)));
    assert_eq!(compaction.moved(ValueRef::TRUE), ValueRef::TRUE);
    assert_eq!(compaction.moved(ValueRef::NONE), ValueRef::NONE);
    assert_eq!(heap.text.len(), "[1,{\"y\":2.50}]".len());
    // The next one starts anew.
    let x = compaction.moved(x);
    compaction.keep(view.element(x, 0).unwrap());
    compaction.run(&mut heap);
    assert_eq!((heap.text.as_slice(), heap.nodes.len()), (&b"1"[..], 1));
    compaction.run(&mut heap);
    assert_eq!(heap.bytes().0, 0);
}

#[test]
fn shared_structure_stays_shared() {
    let constants = Heap::for_constants();
    let mut heap = Heap::new();
    let mut store = Store::new(&mut heap, &constants);
    let (left, right) = (store.string("l"), store.string("r"));
    let mut value = store.integer(7);
    for _ in 0..40 {
        value = store.object(&[left, value, right, value]);
    }
    let nodes = heap.nodes.len();
    let mut compaction = Compaction::default();
    compaction.keep(value);
    compaction.run(&mut heap);
    assert_eq!(heap.nodes.len(), nodes);
    let view = View::new(&heap, &constants);
    let mut at = compaction.moved(value);
    for _ in 0..40 {
        assert_eq!(view.member_named(at, "l"), view.member_named(at, "r"));
        at = view.member_named(at, "r").unwrap();
    }
    assert_eq!(view.to_json(at), "7");
}

#[test]
fn originals_are_kept_for_whole_documents_only() {
    let constants = Heap::for_constants();
    let mut heap = Heap::new();
    let texts = ["{\"a\": [1, 2]}", "[true]\n", "[3]", " {\"k\": \"v\"} "];
    let roots: Vec<ValueRef> = texts
        .iter()
        .map(|text| heap.index(text.as_bytes()).unwrap())
        .collect();
    let inner = View::new(&heap, &constants).member_named(roots[0], "a").unwrap();
    let mut compaction = Compaction::default();
    for value in [inner, roots[3], roots[1]] {
        compaction.keep(value);
    }
    compaction.run(&mut heap);
    let view = View::new(&heap, &constants);
    for (value, whole) in [(inner, "[1,2]"), (roots[3], texts[3]), (roots[1], texts[1])] {
        assert_eq!(said(view, compaction.moved(value)).0, whole);
    }
    assert_eq!(
        heap.text.len(),
        "[1,2]".len() + texts[3].len() + "{\"k\":\"v\"}".len() + texts[1].len()
    );
}

#[test]
fn arrays_under_construction_move() {
    let constants = Heap::for_constants();
    let mut heap = Heap::new();
    let mut store = Store::new(&mut heap, &constants);
    store.index(b"[\"dropped\"]").unwrap();
    let empty = store.reserve_array(0);
    let start = store.reserve_array(3);
    let item = store.index(b"{\"a\": 1}").unwrap();
    store.set_reserved(start, 2, item);
    let mut compaction = Compaction::default();
    compaction.keep_slots(start, 3);
    compaction.keep_slots(empty, 0);
    compaction.run(&mut heap);
    let start = compaction.moved_slots(start);
    let mut store = Store::new(&mut heap, &constants);
    store.set_reserved(start, 0, ValueRef::NULL);
    store.set_reserved(start, 1, ValueRef::EMPTY_ARRAY);
    let array = store.finish_reserved(start, 3);
    assert_eq!(store.view().to_json(array), "[null,[],{\"a\":1}]");
    assert_eq!(compaction.moved_slots(empty), start);
}

#[test]
fn a_warm_compaction_does_not_allocate() {
    let constants = Heap::for_constants();
    let mut heap = Heap::new();
    let mut compaction = Compaction::default();
    let mut value = heap.index(b"{\"a\":[1,2,3],\"b\":\"text\"}").unwrap();
    let mut reserved = Vec::new();
    for _ in 0..8 {
        let mut store = Store::new(&mut heap, &constants);
        let key = store.string("c");
        let new = store.array(&[ValueRef::TRUE, key]);
        value = store.with_member(value, key, new);
        compaction.keep(value);
        compaction.run(&mut heap);
        value = compaction.moved(value);
        reserved.push(heap.bytes().1 + compaction.other.bytes().1);
    }
    assert_eq!(reserved[5], reserved[7]);
}

/// What to add to the heap: documents, and builds from what is there already.
#[derive(Clone, Debug)]
enum Step {
    Document(usize),
    Part(prop::sample::Index),
    Array(Vec<prop::sample::Index>),
    Object(Vec<prop::sample::Index>),
    Member(prop::sample::Index, usize, prop::sample::Index),
    Element(prop::sample::Index, prop::sample::Index),
}

const DOCUMENTS: &[&str] = &[
    "{\"a\":1,\"b\":[true,\"x\\n\",{}],\"c\":{\"d\":[[]]}}",
    "{ \"a\" : 1.10, \"b\" : [ null ] }",
    "[1,2,[3,[4]]]\n",
    "\"text\"",
    " 1e3 ",
    "{\"a\":1,\"a\":2}",
];

fn step() -> impl Strategy<Value = Step> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        (0..DOCUMENTS.len()).prop_map(Step::Document),
        index().prop_map(Step::Part),
        prop::collection::vec(index(), 0..4).prop_map(Step::Array),
        prop::collection::vec(index(), 0..3).prop_map(Step::Object),
        (index(), 0..3usize, index()).prop_map(|(object, key, value)| Step::Member(object, key, value)),
        (index(), index()).prop_map(|(array, value)| Step::Element(array, value)),
    ]
}

fn apply(store: &mut Store<'_>, values: &mut Vec<ValueRef>, step: &Step) {
    let get = |index: &prop::sample::Index| values[index.index(values.len())];
    let new = match step {
        Step::Document(at) => store.index(DOCUMENTS[*at].as_bytes()).unwrap(),
        Step::Part(of) => {
            let (view, whole) = (store.view(), get(of));
            let part = view
                .elements(whole)
                .last()
                .or_else(|| view.members(whole).last().map(|(key, _)| key));
            part.unwrap_or(whole)
        }
        Step::Array(parts) => store.array(&parts.iter().map(get).collect::<Vec<_>>()),
        Step::Object(parts) => {
            let mut pairs = Vec::new();
            for (at, part) in parts.iter().enumerate() {
                pairs.extend([store.string(&format!("k{at}")), get(part)]);
            }
            store.object(&pairs)
        }
        Step::Member(object, key, value) => {
            let (object, value) = (get(object), get(value));
            let key = store.string(["a", "b", "k0"][*key]);
            store.with_member(object, key, value)
        }
        Step::Element(array, value) => {
            let (array, value) = (get(array), get(value));
            store.with_element(array, 0, value).unwrap_or(value)
        }
    };
    // Values double when they are put into each other; their text must stay small enough to write.
    if store.view().len(new) < 10_000 {
        values.push(new);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 2 } else { 400 }, failure_persistence: None, ..Default::default() })]

    #[test]
    fn compaction_preserves_all_that_is_kept(
        steps in prop::collection::vec(step(), 1..40),
        kept in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let constants = Heap::for_constants();
        let mut heap = Heap::new();
        let mut values = vec![ValueRef::NULL, ValueRef::EMPTY_OBJECT];
        let mut compaction = Compaction::default();
        for steps in steps.chunks(15) {
            let mut store = Store::new(&mut heap, &constants);
            for step in steps {
                apply(&mut store, &mut values, step);
            }
            let view = View::new(&heap, &constants);
            for &value in &values {
                let (_, dense, len, ..) = said(view, value);
                prop_assert_eq!(dense.len(), len);
            }
            let live: Vec<ValueRef> = kept.iter().map(|index| values[index.index(values.len())]).collect();
            let before: Vec<_> = live.iter().map(|&value| said(view, value)).collect();
            for &value in &live {
                compaction.keep(value);
            }
            let bytes = heap.bytes().0;
            compaction.run(&mut heap);
            prop_assert!(heap.bytes().0 <= bytes);
            values = live.iter().map(|&value| compaction.moved(value)).collect();
            let view = View::new(&heap, &constants);
            let after: Vec<_> = values.iter().map(|&value| said(view, value)).collect();
            prop_assert_eq!(before, after);
            values.push(ValueRef::NULL);
        }
    }
}
