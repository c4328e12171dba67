use super::*;

fn with<T>(text: &str, test: impl FnOnce(View<'_>, ValueRef) -> T) -> T {
    let constants = Heap::for_constants();
    let mut heap = Heap::new();
    let value = heap.index(text.as_bytes()).expect(text);
    test(View::new(&heap, &constants), value)
}

#[test]
fn reads_members_and_echoes() {
    with(
        "{ \"a\": [1, {\"b\": null}], \"c\":\"x\", \"c\" : 2.50 }",
        |view, v| {
            let a = view.member_named(v, "a").unwrap();
            assert_eq!(view.to_json(a), "[1,{\"b\":null}]");
            assert_eq!(view.to_json(view.member_named(v, "c").unwrap()), "2.50");
            assert_eq!(view.depth(v), 3);
            assert_eq!(view.len(v), view.to_json(v).len());
            let mut out = Vec::new();
            view.write(v, &mut out);
            assert_eq!(out, b"{ \"a\": [1, {\"b\": null}], \"c\":\"x\", \"c\" : 2.50 }");
        },
    );
}

#[test]
fn builds() {
    let constants = Heap::for_constants();
    let mut heap = Heap::new();
    let mut store = Store::new(&mut heap, &constants);
    let key = store.string("k\"");
    let one = store.integer(-1);
    let list = store.array(&[one, ValueRef::NULL]);
    let object = store.object(&[key, list]);
    let other = store.with_member(object, key, ValueRef::TRUE);
    let view = store.view();
    assert_eq!(view.to_json(object), "{\"k\\\"\":[-1,null]}");
    assert_eq!(view.len(object), view.to_json(object).len());
    assert_eq!(view.to_json(other), "{\"k\\\"\":true}");
    assert_eq!(view.depth(object), 2);
}

#[test]
#[cfg_attr(miri, ignore = "20,000 members")]
fn large_objects_are_compared_in_time() {
    // Each member was looked for from the beginning: seconds for two payloads.
    let members: Vec<String> = (0..20_000).map(|at| format!("\"{at}\":{at}")).collect();
    let turned: Vec<&str> = members.iter().rev().map(String::as_str).collect();
    let (one, other) = (members.join(","), turned.join(","));
    let text = format!("[{{{one}}},{{{other}}},{{{one},\"7\":0}},{{\"7\":1,{one}}}]");
    let began = std::time::Instant::now();
    with(&text, |view, list| {
        let objects: Vec<ValueRef> = view.elements(list).collect();
        assert!(view.equal(objects[0], objects[1]));
        assert!(!view.equal(objects[0], objects[2]));
        assert!(view.equal(objects[1], objects[3]));
    });
    assert!(began.elapsed().as_secs() < 30);
}

#[test]
fn members_whose_names_begin_alike_are_told_apart() {
    let names = [
        "payment_id",
        "payment_no",
        "payment_number",
        "payment_number_of_the_order",
        "pay",
    ];
    let text = r#"{"payment_nr":0,"payment_number_of_the_order":4,"payment_no":2,"payment_id":1,"payment_number_of_an_order":9,"payment_number":3,"pay":5}"#;
    let (mut heap, constants) = (Heap::new(), Heap::for_constants());
    let object = heap.index(text.as_bytes()).expect("JSON");
    let view = View::new(&heap, &constants);
    let expected = ["1", "2", "3", "4", "5"];
    for turn in 0..names.len() {
        let (mut names, mut expected) = (names, expected);
        names.rotate_left(turn);
        expected.rotate_left(turn);
        let keys = names.map(Key::new);
        let mut found = [ValueRef::NONE; 5];
        view.find_members(object, &keys, &mut found);
        assert_eq!(found.map(|value| view.to_json(value)), expected, "{names:?}");
        for (key, value) in keys.iter().zip(found) {
            assert_eq!(view.member(object, key), Some(value), "{}", key.name());
        }
    }
}
