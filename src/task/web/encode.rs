//! Parameters as queries and forms have them.
//!
//! Owns percent-encoding, and AWS's four ways to write lists (facts 8.9). Must not know where the text goes. Invariant: what
//! is written never takes more than [`FORM_BYTES_MAX`] bytes, however deep the names of its members go.

use super::value::{Body, scalar};
use crate::services::percent::{encode_into, is_unreserved};
use crate::value::{Kind, ValueRef, View};

/// Most bytes of a form: names of deep members repeat those above them.
const FORM_BYTES_MAX: usize = 1 << 20;

/// How lists are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Lists {
    /// `a[0]=x&a[1]=y`.
    #[default]
    Indices,
    /// `a=x&a=y`.
    Repeat,
    /// `a=x,y`.
    Commas,
    /// `a[]=x&a[]=y`.
    Brackets,
}

impl Lists {
    /// Reads an `ArrayFormat`.
    pub(super) fn parse(text: &str) -> Option<Lists> {
        Some(match text {
            "INDICES" => Lists::Indices,
            "REPEAT" => Lists::Repeat,
            "COMMAS" => Lists::Commas,
            "BRACKETS" => Lists::Brackets,
            _ => return None,
        })
    }
}

/// Appends a name and its value to a query or a form.
pub(super) fn push_pair(out: &mut String, name: &str, value: &str) {
    if !out.is_empty() {
        out.push('&');
    }
    encode_into(out, name, is_unreserved);
    out.push('=');
    encode_into(out, value, is_unreserved);
}

/// Appends a part of a path, with the slashes that it has; `%XX` stays as it is.
pub(super) fn push_path(out: &mut String, text: &str) {
    let bytes = text.as_bytes();
    for (at, character) in text.char_indices() {
        let is_code = || {
            let code = bytes.get(at + 1..at + 3);
            code.is_some_and(|code| code.iter().all(u8::is_ascii_hexdigit))
        };
        match character == '%' && is_code() {
            true => out.push('%'),
            false => encode_into(out, character.encode_utf8(&mut [0; 4]), |byte| {
                is_unreserved(byte) || b"!$&'()*+,;=:@/".contains(&byte)
            }),
        }
    }
}

/// Appends a query that is written already; what cannot stand in one is encoded.
pub(super) fn push_query(out: &mut String, text: &str) {
    let text = text.trim_start_matches(['?', '&']);
    if text.is_empty() {
        return;
    }
    if !out.is_empty() {
        out.push('&');
    }
    encode_into(out, text, |byte| {
        is_unreserved(byte) || b"!$&'()*+,;=:@/?%".contains(&byte)
    });
}

/// Returns the members of an object as a form; `None` when it would be too long.
pub(super) fn form(view: View<'_>, members: &[(String, Body<'_>)], lists: Lists) -> Option<String> {
    let mut form = Form {
        view,
        lists,
        out: String::new(),
        name: String::new(),
    };
    for (name, value) in members {
        form.name.clear();
        form.name.push_str(name);
        match value {
            Body::Text(text) => form.pair(text),
            Body::Value(value) => form.value(*value),
        }
    }
    (form.out.len() <= FORM_BYTES_MAX).then_some(form.out)
}

struct Form<'a> {
    view: View<'a>,
    lists: Lists,
    out: String,
    /// Of the value that is written.
    name: String,
}

impl Form<'_> {
    /// The depth of a value is limited, and with it this recursion.
    fn value(&mut self, value: ValueRef) {
        match self.view.kind(value) {
            _ if self.out.len() > FORM_BYTES_MAX => {}
            Kind::Object => {
                for (name, value) in self.view.members(value) {
                    let name = self.view.string(name).map(|name| name.decode());
                    self.below(&format!("[{}]", name.unwrap_or_default()), value);
                }
            }
            Kind::Array => self.list(value),
            _ => self.pair(&scalar(self.view, value).unwrap_or_default()),
        }
    }

    fn list(&mut self, list: ValueRef) {
        let view = self.view;
        if self.lists == Lists::Commas {
            let items: Option<Vec<String>> = view.elements(list).map(|item| scalar(view, item)).collect();
            if let Some(items) = items {
                self.pair("");
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        self.out.push(',');
                    }
                    encode_into(&mut self.out, item, is_unreserved);
                }
                return;
            }
        }
        for (at, item) in view.elements(list).enumerate() {
            match self.lists {
                Lists::Indices | Lists::Commas => self.below(&format!("[{at}]"), item),
                Lists::Repeat => self.value(item),
                Lists::Brackets => self.below("[]", item),
            }
        }
    }

    /// Writes a value whose name goes on with a part.
    fn below(&mut self, part: &str, value: ValueRef) {
        let length = self.name.len();
        self.name.push_str(part);
        self.value(value);
        self.name.truncate(length);
    }

    fn pair(&mut self, value: &str) {
        push_pair(&mut self.out, &self.name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::super::value::members;
    use super::*;
    use crate::value::Heap;

    #[track_caller]
    fn check(json: &str, lists: Lists, expected: &str) {
        let (mut heap, constants) = (Heap::new(), Heap::for_constants());
        let value = heap.index(json.as_bytes()).expect("JSON");
        let view = View::new(&heap, &constants);
        let form = form(view, &members(view, value), lists).expect("a form");
        assert_eq!(form.replace("%5B", "[").replace("%5D", "]"), expected, "{json}");
    }

    /// AWS's examples, and lists in lists.
    #[test]
    fn lists() {
        let json = r#"{"array":["a","b","c","d"]}"#;
        check(
            json,
            Lists::Indices,
            "array[0]=a&array[1]=b&array[2]=c&array[3]=d",
        );
        check(json, Lists::Repeat, "array=a&array=b&array=c&array=d");
        check(json, Lists::Commas, "array=a,b,c,d");
        check(json, Lists::Brackets, "array[]=a&array[]=b&array[]=c&array[]=d");
        let json = r#"{"a":[[1,2],{"b":3}],"c":[]}"#;
        check(json, Lists::Indices, "a[0][0]=1&a[0][1]=2&a[1][b]=3");
        check(json, Lists::Repeat, "a=1&a=2&a[b]=3");
        check(json, Lists::Commas, "a[0]=1,2&a[1][b]=3&c=");
        check(json, Lists::Brackets, "a[][]=1&a[][]=2&a[][b]=3");
    }

    #[test]
    fn texts() {
        check(
            r#"{"description":"Monthly subscription","metadata":{"order_details":"monthly report data"},"n":-1.50,"t":true,"z":null,"ä&=":"a+b,%"}"#,
            Lists::Indices,
            "description=Monthly%20subscription&metadata[order_details]=monthly%20report%20data&n=-1.50&t=true&z=&%C3%A4%26%3D=a%2Bb%2C%25",
        );
        let mut path = String::new();
        push_path(&mut path, "/a b/%2F%zz/ä?#;=");
        assert_eq!(path, "/a%20b/%2F%25zz/%C3%A4%3F%23;=");
        let mut query = String::from("a=1");
        push_query(&mut query, "?b=ü c&d=%20#x");
        assert_eq!(query, "a=1&b=%C3%BC%20c&d=%20%23x");
    }

    #[test]
    fn names_that_repeat_do_not_grow_without_limit() {
        let deep = "[".repeat(400) + &"1,".repeat(20_000) + "1" + &"]".repeat(400);
        let (mut heap, constants) = (Heap::new(), Heap::for_constants());
        let value = heap.index(format!(r#"{{"a":{deep}}}"#).as_bytes()).expect("JSON");
        let view = View::new(&heap, &constants);
        assert_eq!(form(view, &members(view, value), Lists::Indices), None);
    }
}
