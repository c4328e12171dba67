//! A `States.Format` template that is known at compile time.

use crate::value::{Kind, Store, ValueRef, escape_into};

/// The texts between the `{}` of a template, escaped for JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    pieces: Box<[Box<[u8]>]>,
    bytes: usize,
}

impl Prepared {
    /// Prepares a template for a number of values; `None` where [`super::evaluate`] would refuse it, or
    /// where it has escapes.
    pub fn new(template: &str, values: usize) -> Option<Prepared> {
        if template.contains('\\') {
            return None;
        }
        let texts: Vec<&str> = template.split("{}").collect();
        if texts.len() != values + 1 || texts.iter().any(|text| text.contains(['{', '}'])) {
            return None;
        }
        let pieces: Box<[Box<[u8]>]> = texts
            .iter()
            .map(|text| {
                let mut escaped = Vec::new();
                escape_into(&mut escaped, text);
                escaped.into_boxed_slice()
            })
            .collect();
        let bytes = pieces.iter().map(|piece| piece.len()).sum();
        Some(Prepared { pieces, bytes })
    }

    /// Returns the texts between the `{}`, escaped for JSON: one more than there are values.
    pub fn pieces(&self) -> impl Iterator<Item = &str> {
        // Pieces are made from `str` by escaping, which keeps them UTF-8.
        self.pieces
            .iter()
            .map(|piece| std::str::from_utf8(piece).unwrap_or_default())
    }

    /// Returns how many values the template takes.
    #[inline]
    pub fn values(&self) -> usize {
        self.pieces.len() - 1
    }

    /// Writes the result; `None` where a value is an array or object, or the result would be too large:
    /// then [`super::evaluate`] has the answer.
    #[inline]
    pub fn format(&self, store: &mut Store<'_>, values: &[ValueRef]) -> Option<ValueRef> {
        let view = store.view();
        let mut bytes = self.bytes;
        for &value in values {
            if matches!(view.kind(value), Kind::Array | Kind::Object) {
                return None;
            }
            bytes += view.len(value);
        }
        if bytes as u64 > super::RESULT_BYTES_MAX {
            return None;
        }
        let start = store.start_string();
        let (first, rest) = self.pieces.split_first()?;
        store.push_escaped(first);
        for (&value, piece) in values.iter().zip(rest) {
            store.push_value(value);
            store.push_escaped(piece);
        }
        Some(store.finish_string(start))
    }
}
