//! Both paths over tables, cut and mutated documents; the judge is `serde_json::value::RawValue`.

use super::*;
use crate::value::{DEPTH_MAX, Node, ValueRef, View};
use proptest::prelude::*;
use serde_json::value::RawValue;

fn paths() -> Vec<Path> {
    let mut paths = Vec::new();
    #[cfg(target_arch = "x86_64")]
    if cfg!(miri) || avx2::is_available() {
        paths.push(Path::Unchecked);
    }
    paths.push(Path::Portable);
    #[cfg(target_arch = "x86_64")]
    if avx2::is_available() {
        paths.push(Path::Avx2);
    }
    paths
}

fn judge(text: &[u8]) -> bool {
    serde_json::from_slice::<&RawValue>(text).is_ok()
}

fn nodes(heap: &Heap) -> Vec<Node> {
    heap.nodes.as_slice().to_vec()
}

/// Indexes on all paths and compares them with each other; returns the heap.
#[track_caller]
fn index_all(text: &[u8]) -> Result<Heap, IndexError> {
    let mut first: Option<Result<Heap, IndexError>> = None;
    for path in paths() {
        let mut heap = Heap::new();
        let result = index_by(path, &mut heap, text);
        let shown = String::from_utf8_lossy(text);
        match (&first, &result) {
            (None, _) => {}
            (Some(Ok(other)), Ok(_)) => {
                assert_eq!(nodes(&heap), nodes(other), "{path:?} {shown}");
                assert_eq!(heap.text, other.text, "{path:?} {shown}");
            }
            (Some(Err(other)), Err(error)) => assert_eq!(error, other, "{path:?} {shown}"),
            _ => panic!("{path:?} differs on {shown}"),
        }
        if result.is_err() {
            assert!(heap.text.is_empty() && heap.nodes.len() == 0 && heap.raws.is_empty());
        }
        first.get_or_insert(result.map(|_| heap));
    }
    first.unwrap()
}

/// Indexes and checks every invariant of the result.
#[track_caller]
fn check(text: &[u8]) {
    let shown = String::from_utf8_lossy(text);
    match index_all(text) {
        Ok(heap) => {
            assert!(judge(text), "accepted {shown}");
            check_nodes(&heap, &shown);
            let constants = Heap::for_constants();
            let view = View::new(&heap, &constants);
            let root = ValueRef(0);
            let mut echo = Vec::new();
            view.write(root, &mut echo);
            assert_eq!(echo, text, "echo of {shown}");
            let dense = view.to_json(root);
            assert_eq!(dense.len(), view.len(root));
            let again = index_all(dense.as_bytes()).expect(&dense);
            assert_eq!(again.text, dense.as_bytes());
            assert!(again.raws.is_empty());
            assert_eq!(again.nodes.len(), heap.nodes.len());
        }
        Err(error) => {
            assert!(
                !judge(text) || error.message.contains("nesting depth"),
                "refused {shown}: {error}"
            );
            assert!(error.offset <= text.len(), "{error} in {shown}");
        }
    }
}

/// Checks spans, counts and depths against the text itself.
fn check_nodes(heap: &Heap, shown: &str) {
    let all = nodes(heap);
    for (at, node) in all.iter().enumerate() {
        let text = &heap.text[node.start() as usize..node.end() as usize];
        let (first, last) = (text[0], text[text.len() - 1]);
        let kind = node.kind();
        let expected = match first {
            b'{' => meta::OBJECT,
            b'[' => meta::ARRAY,
            b'"' => meta::STRING,
            b'n' => meta::NULL,
            b't' => meta::TRUE,
            b'f' => meta::FALSE,
            _ => meta::NUMBER,
        };
        assert_eq!(kind, expected, "{shown}");
        assert_eq!(
            node.meta() & meta::ESCAPED != 0,
            kind == meta::STRING && text.contains(&b'\\'),
            "{shown}"
        );
        if kind < meta::ARRAY {
            assert_eq!((node.entries(), node.depth()), (1, 0), "{shown}");
            continue;
        }
        assert_eq!(last, if first == b'{' { b'}' } else { b']' }, "{shown}");
        let (mut child, mut parts, mut depth) = (at + 1, 0, 0);
        while child < at + node.entries() {
            depth = depth.max(all[child].depth());
            parts += 1;
            child += all[child].entries();
        }
        let count = if kind == meta::OBJECT { parts / 2 } else { parts };
        assert_eq!(node.depth(), depth + 1, "{shown}");
        assert_eq!(
            node.meta() >> meta::COUNT_SHIFT,
            count.min(meta::COUNT_MAX),
            "{shown}"
        );
    }
}

const ACCEPTED: &[&str] = &[
    "null",
    "true",
    " false\n",
    "0",
    "-0.0",
    "1.10",
    "1e3",
    "1e400",
    "-12345678901234567890.25E+3",
    "[1e5,0.30000000000000004,-1.5e-3,123456789012345,1234567890123456,12345678901234567]",
    "{\"a\":1E5,\"b\":52.520008123456789,\"c\":-0.1e1}",
    "-1E+2",
    "12345678901234567890",
    "1234567",
    "12345678",
    "\"\"",
    "\"a\\\"b\\\\\"",
    "\"\\ud800\"",
    "\"\\u00e9\\/\\b\\f\\n\\r\\t\"",
    "\"€ 𝄞\u{7f}\"",
    "{}",
    "[ ]",
    "[[],[{}],{\"a\":[[]]}]",
    "{\"a\":1,\"a\":2}",
    "{\"a\": 1, \"b\": [1, 2 , {\"c\" :null} ] }",
    "\t{\r\n  \"deep\": {\n    \"er\": [\n      true\n    ]\n  }\n}\n",
    "[\"\\\\\",\"\\\\\\\"\",\"\\\\\\\\\"]",
    "{\"\":\"\",\"\\\"\":\"\\\\\"}",
    "[1,-2,3.5,\"x\",null,true,false,{},[]]",
    "[  \"a string that is longer than thirty-two bytes, blanks  kept\" , 1 ]",
];

const REFUSED: &[&str] = &[
    "",
    " ",
    "nul",
    "nulll",
    "truefalse",
    "tru",
    "True",
    "'a'",
    "{",
    "}",
    "[",
    "]",
    "[1",
    "[1,",
    "[,1]",
    "[1,]",
    "{,}",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":1,}",
    "{a:1}",
    "{1:1}",
    "{\"a\"1}",
    "{\"a\":1]",
    "[1}",
    "[1 2]",
    "{\"a\":1 \"b\":2}",
    "01",
    "-",
    "+1",
    ".5",
    "1.",
    "1.e1",
    "1e",
    "1e+",
    "0x1",
    "1 2",
    "1,",
    "1:",
    "\"",
    "\"\\\"",
    "\"\\x\"",
    "\"\\u12\"",
    "\"\\u123g\"",
    "\"a\nb\"",
    "\"\t\"",
    "\"\0\"",
    "\0",
    "[\0]",
    "{}\0",
    "\u{feff}{}",
    "[1]x",
    "{}{}",
    "\"a\" \"b\"",
    "NaN",
    "[\"a\":1]",
    "{\"a\",1}",
    "{\"a\":1,\"b\"}",
    "{\"a\"::1}",
    "[\\]",
    "\\",
    "{\"a\":\\\"}",
    "/**/1",
    "[1,\u{a0}2]",
    "\u{b}1",
    "{\"a\":tru}",
    "[nul]",
    "[fals]",
    "[t",
    "[-]",
    "[1-2]",
    "[1.2.3]",
    "[1e5e5]",
    "[-,1]",
    "{\"a\":-,\"b\":1}",
    "[1.,2]",
    "[1234567890123456.]",
    "[12345678901234567.5.5]",
    "[012345678901234567]",
    "1\"a\"",
    "[\"a\"\"b\"]",
    "{\"a\" \"b\"}",
];

#[test]
fn accepts() {
    for text in ACCEPTED {
        assert!(index_all(text.as_bytes()).is_ok(), "{text}");
        check(text.as_bytes());
    }
}

#[test]
fn refuses() {
    for text in REFUSED {
        assert!(index_all(text.as_bytes()).is_err(), "{text}");
        check(text.as_bytes());
    }
    for bytes in [
        &b"\"\xFF\""[..],
        b"\"\xC3\"",
        b"\"\xED\xA0\x80\"",
        b"[\"\xF0\x9F\"]",
        b"\xFF",
        b"{\"\xE2\x82\":1}",
    ] {
        assert!(index_all(bytes).is_err(), "{bytes:?}");
        check(bytes);
    }
}

#[test]
fn documents_cut_at_every_byte() {
    for text in ACCEPTED.iter().chain(REFUSED) {
        for end in (0..text.len()).step_by(if cfg!(miri) { 7 } else { 1 }) {
            check(&text.as_bytes()[..end]);
        }
    }
}

#[test]
fn strings_over_block_borders() {
    for len in (0..140).step_by(if cfg!(miri) { 21 } else { 1 }) {
        for tail in ["", "\\\\", "\\\"", "\\\\\\\"", "\\u0041", "é"] {
            let text = format!("{{\"k\":\"{}{tail}\",\"l\": [\"{tail}\"]}}", "x".repeat(len));
            check(text.as_bytes());
        }
        check(format!("[\"{}\\{}\"]", "x".repeat(len), "\\".repeat(len)).as_bytes());
        check(format!("{}1{}", " ".repeat(len), "\n".repeat(len)).as_bytes());
        check(format!("[{}1,{}2]", " ".repeat(len), "\n".repeat(len)).as_bytes());
    }
}

/// More strings, nodes or levels than are expected of a text of that size.
#[test]
fn many_parts_of_little_text() {
    for count in (0..if cfg!(miri) { 40 } else { 400 }).step_by(3) {
        for part in ["\"\"", "1", "[]", "[\"\",{}]", "{\"\":\"\"}"] {
            check(format!("[{}]", vec![part; count].join(",")).as_bytes());
            check(format!("{}[ {} ]", " ".repeat(count % 7), vec![part; count].join(" ,\n")).as_bytes());
        }
    }
}

#[test]
fn depth_is_limited_at_its_limit() {
    let nested = |depth: usize, open: &str, close: &str| open.repeat(depth) + "1" + &close.repeat(depth);
    let max = DEPTH_MAX as usize;
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[ ", " ]")] {
        let deepest = nested(max, open, close);
        let heap = index_all(deepest.as_bytes()).unwrap();
        assert_eq!(heap.nodes[0].depth(), DEPTH_MAX);
        let error = index_all(nested(max + 1, open, close).as_bytes()).unwrap_err();
        assert_eq!(error.offset, open.len() * max);
        assert_eq!(
            error.message,
            "Document nesting depth (1001) exceeds the maximum allowed (1000)"
        );
        // An empty one is a level too.
        assert!(index_all(nested(max, open, close).replace('1', "[]").as_bytes()).is_err());
        assert!(index_all(nested(max - 1, open, close).replace('1', "{}").as_bytes()).is_ok());
        assert!(index_all(nested(if cfg!(miri) { 1_100 } else { 100_000 }, open, "").as_bytes()).is_err());
    }
}

#[test]
#[cfg_attr(miri, ignore = "too long for Miri")]
fn counts_saturate() {
    let many = format!("[{}0]", "0,".repeat(70_000));
    let heap = index_all(many.as_bytes()).unwrap();
    let constants = Heap::for_constants();
    assert_eq!(View::new(&heap, &constants).count(ValueRef(0)), 70_001);
    let members = format!("{{{}\"z\":0}}", "\"a\":0, ".repeat(70_000));
    let heap = index_all(members.as_bytes()).unwrap();
    assert_eq!(View::new(&heap, &constants).count(ValueRef(0)), 70_001);
}

#[test]
#[cfg_attr(miri, ignore = "too long for Miri")]
fn size_is_limited() {
    let mut heap = Heap::new();
    let text = vec![b' '; DOCUMENT_BYTES_MAX + 1];
    let error = heap.index(&text).unwrap_err();
    assert!(
        error
            .message
            .starts_with("Document length (16777217) exceeds the maximum allowed")
    );
    assert_eq!(error.offset, DOCUMENT_BYTES_MAX);
}

#[test]
fn a_blank_around_costs_no_copy() {
    let heap = index_all(b" {\"a\":1}\n").unwrap();
    assert_eq!(heap.text, b" {\"a\":1}\n");
    assert_eq!(heap.raws.len(), 1);
    assert_eq!((heap.nodes[0].start(), heap.nodes[0].end()), (1, 8));
}

#[test]
fn several_documents_share_a_heap() {
    for path in paths() {
        let mut heap = Heap::new();
        let texts = ["[1, 2]", "{\"a\":[true]}", " 7 ", "{\"b\" : \"\\n\"}"];
        let roots: Vec<u32> = texts
            .iter()
            .map(|text| index_by(path, &mut heap, text.as_bytes()).unwrap())
            .collect();
        assert!(index_by(path, &mut heap, b"[1, 2").is_err());
        let constants = Heap::for_constants();
        let view = View::new(&heap, &constants);
        for (text, root) in texts.iter().zip(roots) {
            let mut echo = Vec::new();
            view.write(ValueRef(root), &mut echo);
            assert_eq!(echo, text.as_bytes());
        }
        check_nodes_dense(&heap);
    }
}

fn check_nodes_dense(heap: &Heap) {
    for node in nodes(heap) {
        let text = &heap.text[node.start() as usize..node.end() as usize];
        assert!(judge(text), "{}", String::from_utf8_lossy(text));
    }
}

#[test]
fn the_switch_forces_the_portable_path() {
    force_portable(true);
    assert_eq!(chosen(), Path::Portable);
    force_portable(false);
    assert_eq!(chosen(), *paths().last().unwrap());
}

/// JSON texts with and without blanks.
fn json() -> impl Strategy<Value = String> {
    let blank = "[ \n\t]{0,2}";
    let number = "-?(0|[1-9][0-9]{0,12})(\\.[0-9]{1,9})?([eE][+-]?[0-9]{1,3})?";
    let string = "\"([a-z 0-9é€{}\\[\\],:]|\\\\[\"\\\\/bfnrt]|\\\\u[0-9a-fA-F]{4}){0,40}\"";
    let leaf = prop_oneof![
        Just("null".to_string()),
        Just("true".into()),
        Just("false".into()),
        number,
        string
    ];
    leaf.prop_recursive(6, 60, 6, move |inner| {
        let array = prop::collection::vec((inner.clone(), blank), 0..6).prop_map(|items| {
            let items: Vec<String> = items
                .into_iter()
                .map(|(item, blank)| format!("{blank}{item}{blank}"))
                .collect();
            format!("[{}]", items.join(","))
        });
        let object = prop::collection::vec((string, inner, blank), 0..6).prop_map(|items| {
            let items: Vec<String> = items
                .into_iter()
                .map(|(key, item, blank)| format!("{blank}{key}{blank}:{blank}{item}"))
                .collect();
            format!("{{{}}}", items.join(","))
        });
        prop_oneof![array, object]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 2 } else { 400 }, failure_persistence: None, ..Default::default() })]

    #[test]
    #[cfg_attr(miri, ignore = "too long for Miri; mutated documents are not")]
    fn indexes_what_is_json(text in json()) {
        prop_assert!(index_all(text.as_bytes()).is_ok());
        check(text.as_bytes());
    }

    #[test]
    fn agrees_with_the_judge_on_mutated_documents(
        text in json(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0..4u8, any::<prop::sample::Index>()), 1..4),
    ) {
        const BYTES: &[u8] = b"{}[]:,\"\\ \n\t-+.eE019truefalsn\0\x1f\x7f\x80\xC3\xFF";
        let mut bytes = text.into_bytes();
        for (place, change, byte) in changes {
            let (at, byte) = (place.index(bytes.len() + 1), BYTES[byte.index(BYTES.len())]);
            match change {
                0 => bytes.insert(at, byte),
                1 if at < bytes.len() => bytes[at] = byte,
                2 if at < bytes.len() => { bytes.remove(at); }
                _ => bytes.truncate(at),
            }
        }
        check(&bytes);
    }
}
