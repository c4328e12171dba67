//! What a function gets of a task's parameters.
//!
//! Must not know connectors. Invariant: it is handed over as the value that it is in the run; its JSON text is
//! written only for who wants that.

use crate::value::{Heap, Kind, ValueRef, View};

/// What a function is given: a JSON value, and on demand its text.
#[derive(Clone, Copy)]
pub struct Payload<'a> {
    view: View<'a>,
    value: ValueRef,
    /// The text to send where that is not the value's dense one.
    text: Option<&'a [u8]>,
}

impl<'a> Payload<'a> {
    /// Makes a payload of a value.
    pub fn new(view: View<'a>, value: ValueRef) -> Payload<'a> {
        Payload {
            view,
            value,
            text: None,
        }
    }

    /// Returns the payload of `lambda:invoke`, given its `Payload` parameter.
    ///
    /// As recorded: a text that is JSON itself is sent as that JSON, null and nothing as `{}`, anything else as
    /// its own JSON text. `scratch` is what a text is read with.
    pub fn invoked(view: View<'a>, given: Option<ValueRef>, scratch: &'a mut Heap) -> Payload<'a> {
        let Some(value) = given else {
            return Payload::new(view, ValueRef::EMPTY_OBJECT);
        };
        match view.kind(value) {
            Kind::Null => Payload::new(view, ValueRef::EMPTY_OBJECT),
            Kind::String => {
                let text = view.string(value).map(|text| text.decode());
                match text.and_then(|text| read(text.as_bytes(), scratch)) {
                    Some(root) => {
                        let view = view.of(scratch);
                        let text = view.original(root).or_else(|| view.text(root));
                        Payload {
                            view,
                            value: root,
                            text,
                        }
                    }
                    None => Payload::new(view, value),
                }
            }
            _ => Payload::new(view, value),
        }
    }

    /// Reads the payload: with [`Payload::value`], its root.
    pub fn view(self) -> View<'a> {
        self.view
    }

    /// Returns the payload's root, for [`Payload::view`].
    pub fn value(self) -> ValueRef {
        self.value
    }

    /// Appends the payload's JSON text.
    pub fn write(self, out: &mut Vec<u8>) {
        match self.text {
            Some(text) => out.extend_from_slice(text),
            None => self.view.write_dense(self.value, out),
        }
    }

    /// Returns the payload's JSON text.
    pub fn to_vec(self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }
}

/// Reads a text that is JSON itself.
fn read(text: &[u8], scratch: &mut Heap) -> Option<ValueRef> {
    let first = text.iter().find(|byte| !byte.is_ascii_whitespace())?;
    if !matches!(
        first,
        b'{' | b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n'
    ) {
        return None; // Most texts end here: they begin with a letter.
    }
    scratch.clear();
    scratch.index(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(parameters: &str, expected: &str) {
        let (mut run, constants, mut scratch) = (Heap::new(), Heap::for_constants(), Heap::new());
        let value = run.index(parameters.as_bytes()).expect("JSON");
        let view = View::new(&run, &constants);
        let given = view.member_named(value, "Payload");
        let got = Payload::invoked(view, given, &mut scratch).to_vec();
        assert_eq!(std::str::from_utf8(&got), Ok(expected), "{parameters}");
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
    fn constants_are_those_of_the_program() {
        let (mut run, constants, mut scratch) = (Heap::new(), Heap::for_constants(), Heap::new());
        let value = run.index(br#"{"Payload": "{\"a\":1}"}"#).expect("JSON");
        let view = View::new(&run, &constants);
        let payload = Payload::invoked(view, view.member_named(value, "Payload"), &mut scratch);
        assert_eq!(payload.view().kind(payload.value()), Kind::Object);
        assert_eq!(payload.view().kind(ValueRef::NULL), Kind::Null);
    }

    #[test]
    fn texts_that_are_no_json() {
        check(r#"{"Payload": "HelloWorld"}"#, r#""HelloWorld""#);
        check(r#"{"Payload": "true story\n"}"#, r#""true story\n""#);
        check(r#"{"Payload": ""}"#, r#""""#);
        check(r#"{"Payload": "{\"a\":"}"#, r#""{\"a\":""#);
    }
}
