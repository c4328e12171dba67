//! Arbitrary expressions: grown from the same grammar that is held against the reference, by a fuzzer's bytes.

#[path = "../../tests/jsonata/grammar.rs"]
#[allow(dead_code)]
mod grammar;

/// Grows an expression by choices that bytes give; the document that it is for comes with it.
pub fn grown(bytes: &[u8]) -> (String, &'static str) {
    let (&first, rest) = bytes.split_first().unwrap_or((&0, &[]));
    let mut chance = grammar::Chance::of(rest);
    let text = grammar::Grow::new(&mut chance).expression(1 + usize::from(first) % 4);
    let documents = grammar::DOCUMENTS;
    (text, documents[usize::from(first) / 4 % documents.len()])
}
