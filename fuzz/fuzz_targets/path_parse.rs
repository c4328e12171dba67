//! Parses arbitrary paths and intrinsic calls and uses them on arbitrary documents.
//!
//! The input is the text of a path or call, a newline, and the rest is a document. Besides panics: the
//! length known of each result is the length written; what `put` writes at a path of keys is found there.
#![no_main]

use arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use stepstream::intrinsic::{self, Argument, Call};
use stepstream::path::{self, Accessor, Step};
use stepstream::random::Random;
use stepstream::value::{Heap, Store, ValueRef};
use stepstream_fuzz::{assert_written, json};

fuzz_target!(|data: &[u8]| {
    let cut = data.iter().position(|&byte| byte == b'\n').unwrap_or(data.len());
    let (text, rest) = data.split_at(cut);
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    let rest = rest.strip_prefix(b"\n").unwrap_or(rest);
    let made = json::input(&mut Unstructured::new(rest)).unwrap_or_else(|_| "{}".into());
    let constants = Heap::for_constants();
    let mut heap = Heap::new();
    let indexed = heap.index(rest).or_else(|_| heap.index(made.as_bytes()));
    let Ok(document) = indexed else { return };
    match path::parse(text) {
        Ok(parsed) => use_path(&mut heap, &constants, document, &parsed),
        Err(error) => assert!(text.is_char_boundary(error.offset), "{error:?}"),
    }
    match intrinsic::parse(text) {
        Ok(call) => {
            let mut store = Store::new(&mut heap, &constants);
            if let Some(result) = evaluate(&mut store, document, &call) {
                assert_written(store.view(), result);
            }
        }
        Err(error) => assert!(text.is_char_boundary(error.offset), "{error:?}"),
    }
});

fn use_path(heap: &mut Heap, constants: &Heap, document: ValueRef, parsed: &path::Path) {
    let accessor = Accessor::compile(parsed);
    let mut store = Store::new(heap, constants);
    let got = accessor.get(store.view(), document);
    let selected = accessor.select(&mut store, document, document);
    if let Some(got) = got {
        assert_eq!(selected.as_ref().ok(), Some(&got));
    }
    if let Ok(selected) = selected {
        assert_written(store.view(), selected);
    }
    let value = store.string("new");
    let Ok(put) = path::put(&mut store, document, &accessor, value) else {
        return;
    };
    assert_written(store.view(), put);
    if parsed.steps.iter().all(|step| matches!(step, Step::Key(_))) {
        assert_eq!(accessor.get(store.view(), put), Some(value));
    }
}

/// Evaluates a call with its arguments; paths are read from the document.
fn evaluate(store: &mut Store<'_>, document: ValueRef, call: &Call) -> Option<ValueRef> {
    let mut arguments = Vec::new();
    for argument in &call.arguments {
        arguments.push(match argument {
            Argument::Text(text) => store.string(text),
            Argument::Number(text) => store.number(text),
            Argument::Boolean(value) => ValueRef::boolean(*value),
            Argument::Null => ValueRef::NULL,
            Argument::Path(path) => Accessor::compile(path).select(store, document, document).ok()?,
            Argument::Call(call) => evaluate(store, document, call)?,
        });
    }
    let result = intrinsic::evaluate(store, &mut Random::new(1), call.function, &arguments);
    if let Err(error) = &result {
        let _ = error.to_string();
    }
    result.ok()
}
