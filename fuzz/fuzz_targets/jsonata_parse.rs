//! Parses and compiles arbitrary texts as JSONata.
//!
//! Besides panics: an error lies in the text, and has words.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stepstream::jsonata::{Dialect, Error, parse};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let expression = match parse(text) {
        Ok(expression) => expression,
        Err(error) => return check(text, &error),
    };
    let references = expression.references();
    for reference in &references.top {
        assert!(!reference.message().is_empty());
    }
    for dialect in [Dialect::Plain, Dialect::States] {
        match expression.compile(dialect, &["states.input", "states", "v"]) {
            Ok(code) => assert!(code.depth() > 0),
            Err(error) => check(text, &error),
        }
    }
});

fn check(text: &str, error: &Error) {
    assert!(error.is_internal() || !error.text().is_empty(), "{error:?}");
    if let Some(position) = error.position() {
        assert!(
            position as usize <= text.encode_utf16().count(),
            "{error:?} in {text}"
        );
    }
}
