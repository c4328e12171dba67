//! What a function gets of a task's parameters.
//!
//! Must not know connectors. Invariant: what is handed over is JSON text; it is borrowed from the run where it
//! stands there as such, and else written to a buffer that is used again.

use crate::value::{Heap, Kind, ValueRef, View};

/// Returns a value as dense JSON text.
pub fn whole<'a>(view: View<'a>, value: ValueRef, buffer: &'a mut Vec<u8>) -> &'a [u8] {
    match view.text(value) {
        Some(text) => text,
        None => {
            buffer.clear();
            view.write_dense(value, buffer);
            buffer
        }
    }
}

/// Returns the payload of `lambda:invoke`, given its `Payload` parameter.
///
/// As recorded: a text that is JSON itself is sent as that JSON, null and nothing as `{}`, anything else as
/// its own JSON text. `scratch` is what a text is checked with.
pub fn invoked<'a>(
    view: View<'a>,
    payload: Option<ValueRef>,
    scratch: &mut Heap,
    buffer: &'a mut Vec<u8>,
) -> &'a [u8] {
    let Some(value) = payload else { return b"{}" };
    match view.kind(value) {
        Kind::Null => b"{}",
        Kind::String => {
            let Some(text) = view.string(value) else {
                return b"{}";
            };
            match text.plain() {
                Some(plain) if is_json(plain.as_bytes(), scratch) => plain.as_bytes(),
                Some(_) => whole(view, value, buffer),
                None => {
                    let decoded = text.decode();
                    if !is_json(decoded.as_bytes(), scratch) {
                        return whole(view, value, buffer);
                    }
                    buffer.clear();
                    buffer.extend_from_slice(decoded.as_bytes());
                    buffer
                }
            }
        }
        _ => whole(view, value, buffer),
    }
}

fn is_json(text: &[u8], scratch: &mut Heap) -> bool {
    let first = text.iter().find(|byte| !byte.is_ascii_whitespace());
    let may_be = first
        .is_some_and(|byte| matches!(byte, b'{' | b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n'));
    if !may_be {
        return false; // Most texts end here: they begin with a letter.
    }
    scratch.clear();
    scratch.index(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(parameters: &str, expected: &str) {
        let (mut run, constants, mut scratch) = (Heap::new(), Heap::for_constants(), Heap::new());
        let value = run.index(parameters.as_bytes()).expect("JSON");
        let view = View::new(&run, &constants);
        let mut buffer = Vec::new();
        let payload = view.member_named(value, "Payload");
        let got = invoked(view, payload, &mut scratch, &mut buffer);
        assert_eq!(std::str::from_utf8(got), Ok(expected), "{parameters}");
    }

    #[test]
    fn recorded() {
        check(r#"{"Payload": {"a": 1.10}}"#, r#"{"a":1.10}"#);
        check(r#"{"Payload": null}"#, "{}");
        check("{}", "{}");
        check(r#"{"Payload": "0"}"#, "0");
        check(r#"{"Payload": "\"HelloWorld\""}"#, r#""HelloWorld""#);
        check(r#"{"Payload": "{\"a\": [1]}"}"#, r#"{"a": [1]}"#);
    }

    #[test]
    fn texts_that_are_no_json() {
        check(r#"{"Payload": "HelloWorld"}"#, r#""HelloWorld""#);
        check(r#"{"Payload": "true story\n"}"#, r#""true story\n""#);
        check(r#"{"Payload": ""}"#, r#""""#);
        check(r#"{"Payload": "{\"a\":"}"#, r#""{\"a\":""#);
    }
}
