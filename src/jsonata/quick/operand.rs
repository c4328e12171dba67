//! What stands on the stack: values as they came, and notes of what is to be made of them.
//!
//! Must not know code. Invariant: parts of an operand stand before it was made, so that none is part of itself.

use super::Quick;
use crate::value::{Kind, ValueRef};

/// The longest number that is read.
const NUMBER_BYTES_MAX: usize = 32;

/// A value, or a note of one that is to be made.
#[derive(Clone, Copy, Debug)]
pub(super) enum Operand {
    Nothing,
    Json(ValueRef),
    Number(f64),
    /// A text of the scratch, by its range: a number as strings have it.
    Text {
        start: u32,
        end: u32,
    },
    /// Texts, one after the other.
    Joined(Parts),
    Array(Parts),
    /// An object whose values begin at a part; their number and the names are those of a shape.
    Object {
        first: u32,
        shape: u32,
    },
    /// An object of the members of objects.
    Merged(Parts),
}

const _: () = assert!(size_of::<Operand>() == 16);

/// Which parts of the scratch an operand has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts {
    pub(super) first: u32,
    pub(super) count: u32,
}

/// Memory that evaluations use one after the other.
#[derive(Debug, Default)]
pub(in crate::jsonata) struct Scratch {
    pub(super) parts: Vec<Operand>,
    pub(super) text: String,
    pub(super) handles: Vec<ValueRef>,
    pub(super) number: String,
}

impl Scratch {
    pub(super) fn clear(&mut self) {
        self.parts.clear();
        self.text.clear();
        self.handles.clear();
    }

    /// Returns how many bytes are reserved.
    pub(in crate::jsonata) fn bytes(&self) -> usize {
        self.parts.capacity() * size_of::<Operand>()
            + self.handles.capacity() * size_of::<ValueRef>()
            + self.text.capacity()
            + self.number.capacity()
    }

    pub(super) fn of(&self, parts: Parts) -> &[Operand] {
        &self.parts[parts.first as usize..(parts.first + parts.count) as usize]
    }
}

impl Operand {
    pub(super) fn boolean(boolean: bool) -> Operand {
        Operand::Json(ValueRef::boolean(boolean))
    }
}

impl Quick<'_> {
    /// Returns what an operand is; nothing for nothing.
    pub(super) fn kind(&self, operand: Operand) -> Option<Kind> {
        Some(match operand {
            Operand::Nothing => return None,
            Operand::Json(value) => self.view.kind(value),
            Operand::Number(_) => Kind::Number,
            Operand::Text { .. } | Operand::Joined(_) => Kind::String,
            Operand::Array(_) => Kind::Array,
            Operand::Object { .. } | Operand::Merged(_) => Kind::Object,
        })
    }

    /// Returns a number that can be calculated with.
    pub(super) fn number(&self, operand: Operand) -> Option<f64> {
        let number = match operand {
            Operand::Number(number) => number,
            Operand::Json(value) if self.view.len(value) <= NUMBER_BYTES_MAX => self.view.float(value)?,
            _ => return None,
        };
        number.is_finite().then_some(number)
    }

    /// Says whether an operand counts as true.
    pub(super) fn truth(&self, operand: Operand) -> Option<bool> {
        match operand {
            Operand::Json(ValueRef::TRUE) => Some(true),
            Operand::Json(ValueRef::FALSE) | Operand::Nothing => Some(false),
            Operand::Number(number) => Some(number != 0.0),
            Operand::Json(value) => match self.view.kind(value) {
                Kind::Null => Some(false),
                Kind::Boolean => self.view.boolean(value),
                Kind::Number => self.number(operand).map(|number| number != 0.0),
                Kind::String => self.view.string(value).map(|text| !text.escaped().is_empty()),
                Kind::Object => Some(self.view.members(value).next().is_some()),
                Kind::Array => None,
            },
            _ => None,
        }
    }

    /// Counts bytes of strings that are read; nothing where they are many.
    pub(super) fn count_read(&mut self, bytes: usize) -> Option<()> {
        self.read += bytes;
        (self.read <= super::READ_BYTES_MAX).then_some(())
    }
}
