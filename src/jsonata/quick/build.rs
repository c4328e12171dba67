//! Builds what was noted.

use super::operand::{Operand, Parts, Scratch};
use crate::jsonata::code::Code;
use crate::jsonata::evaluate::build_number;
use crate::value::{Heap, Store, ValueRef};

/// Adds the value of an operand to the heap.
pub(super) fn build(
    operand: Operand,
    code: &Code,
    heap: &mut Heap,
    constants: &Heap,
    scratch: &mut Scratch,
) -> ValueRef {
    let Scratch {
        parts,
        text,
        handles,
        number,
        ..
    } = scratch;
    let store = Store::new(heap, constants);
    Builder {
        code,
        store,
        parts,
        text,
        handles,
        number,
    }
    .value(operand)
}

struct Builder<'a> {
    code: &'a Code,
    store: Store<'a>,
    parts: &'a [Operand],
    text: &'a str,
    handles: &'a mut Vec<ValueRef>,
    number: &'a mut String,
}

impl Builder<'_> {
    /// Builds a value; none for nothing. Recursion is bounded by the nesting of the expression.
    fn value(&mut self, operand: Operand) -> ValueRef {
        match operand {
            Operand::Nothing => ValueRef::NONE,
            Operand::Json(value) => value,
            Operand::Number(number) => build_number(number, &mut self.store, self.number),
            Operand::Text { start, end } => self.store.string(&self.text[start as usize..end as usize]),
            Operand::Joined(parts) => self.joined(parts),
            Operand::Array(parts) => self.with(parts, |store, values| store.array(values)),
            Operand::Merged(parts) => self.with(parts, |store, objects| store.merged(objects)),
            Operand::Object { first, shape } => {
                let keys = &self.code.shapes[shape as usize].keys;
                let (count, linked) = (keys.len() as u32, &self.code.linked);
                let keys = keys.iter().map(|key| linked[*key as usize]);
                self.with(Parts { first, count }, |store, values| {
                    store.object_with(keys, values)
                })
            }
        }
    }

    /// Builds parts, and what is made of them.
    fn with(&mut self, parts: Parts, make: impl FnOnce(&mut Store<'_>, &[ValueRef]) -> ValueRef) -> ValueRef {
        let start = self.handles.len();
        for at in parts.first..parts.first + parts.count {
            let value = self.value(self.parts[at as usize]);
            self.handles.push(value);
        }
        let value = make(&mut self.store, &self.handles[start..]);
        self.handles.truncate(start);
        value
    }

    fn joined(&mut self, parts: Parts) -> ValueRef {
        let start = self.store.start_string();
        self.write(parts);
        self.store.finish_string(start)
    }

    fn write(&mut self, parts: Parts) {
        for at in parts.first..parts.first + parts.count {
            match self.parts[at as usize] {
                Operand::Json(value) => self.store.push_value(value),
                Operand::Text { start, end } => self.store.push_str(&self.text[start as usize..end as usize]),
                Operand::Joined(parts) => self.write(parts),
                _ => {}
            }
        }
    }
}
