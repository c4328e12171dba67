//! A `States.Format` template that is known at compile time.

use crate::value::{Pieces, Store, ValueRef};

/// The texts between the `{}` of a template, escaped for JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    pieces: Pieces,
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
        let pieces = Pieces::new(&texts);
        Some(Prepared { pieces })
    }

    /// Returns the texts between the `{}`, escaped for JSON: one more than there are values.
    pub fn pieces(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter()
    }

    /// Returns how many values the template takes.
    #[inline]
    pub fn values(&self) -> usize {
        self.pieces.count() - 1
    }

    /// Writes the result; `None` where a value is an array or object, or the result would be too large:
    /// then [`super::evaluate`] has the answer.
    #[inline]
    pub fn format(&self, store: &mut Store<'_>, values: &[ValueRef]) -> Option<ValueRef> {
        store.join(&self.pieces, values, super::RESULT_BYTES_MAX)
    }
}
