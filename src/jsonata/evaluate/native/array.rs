//! Functions of arrays.

use super::Arguments;
use crate::jsonata::Error;
use crate::jsonata::evaluate::Machine;
use crate::jsonata::evaluate::value::{Kind, Value, flag};

pub(super) fn count<'a>(
    machine: &mut Machine<'a, '_>,
    arguments: &Arguments<'a>,
) -> Result<Value<'a>, Error> {
    Ok(Value::Number(machine.count(arguments.get(0)) as f64))
}

pub(super) fn append<'a>(
    machine: &mut Machine<'a, '_>,
    arguments: &Arguments<'a>,
) -> Result<Value<'a>, Error> {
    let (first, second) = (arguments.get(0), arguments.get(1));
    if first.is_nothing() {
        return Ok(second);
    }
    if second.is_nothing() {
        return Ok(first);
    }
    let count = machine.count(first) + machine.count(second);
    machine.take_elements(count + 1)?;
    machine.spend(count)?;
    let mut items = bumpalo::collections::Vec::with_capacity_in(count, machine.arena);
    items.extend(machine.items(first));
    items.extend(machine.items(second));
    Ok(machine.array_of(items.into_bump_slice(), 0))
}

pub(super) fn reverse<'a>(
    machine: &mut Machine<'a, '_>,
    arguments: &Arguments<'a>,
) -> Result<Value<'a>, Error> {
    let array = arguments.get(0);
    if machine.count(array) <= 1 {
        return Ok(array);
    }
    let mut items = copied(machine, array)?;
    items.reverse();
    Ok(machine.array_of(items.into_bump_slice(), 0))
}

pub(super) fn shuffle<'a>(
    machine: &mut Machine<'a, '_>,
    arguments: &Arguments<'a>,
) -> Result<Value<'a>, Error> {
    let array = arguments.get(0);
    if machine.count(array) <= 1 {
        return Ok(array);
    }
    let mut items = copied(machine, array)?;
    for at in 0..items.len() {
        let other = (machine.next_random() * (at + 1) as f64) as usize;
        items.swap(at, other.min(at));
    }
    Ok(machine.array_of(items.into_bump_slice(), 0))
}

/// Returns the elements of an array, to be put in another order.
fn copied<'a>(
    machine: &mut Machine<'a, '_>,
    array: Value<'a>,
) -> Result<bumpalo::collections::Vec<'a, Value<'a>>, Error> {
    let count = machine.count(array);
    machine.take_elements(count + 1)?;
    machine.spend(count)?;
    let mut items = bumpalo::collections::Vec::with_capacity_in(count, machine.arena);
    items.extend(machine.items(array));
    Ok(items)
}

pub(super) fn zip<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Result<Value<'a>, Error> {
    let bottom = arguments.bottom;
    let arrays = machine.stack.len() - bottom;
    let length = |machine: &Machine<'a, '_>, at: usize| {
        let value = machine.stack[bottom + at];
        if machine.is_array(value) {
            machine.count(value)
        } else {
            0
        }
    };
    let count = (0..arrays).map(|at| length(machine, at)).min().unwrap_or(0);
    machine.spend(count.saturating_mul(arrays))?;
    let mut iterators = bumpalo::collections::Vec::with_capacity_in(arrays, machine.arena);
    iterators.extend((0..arrays).map(|at| machine.items(machine.stack[bottom + at])));
    let top = machine.stack.len();
    for _ in 0..count {
        let row = machine.stack.len();
        for items in iterators.iter_mut() {
            let item = items.next().unwrap_or(Value::Nothing);
            machine.stack.push(item);
        }
        let row = machine.array_from_stack(row, 0)?;
        machine.stack.push(row);
    }
    machine.array_from_stack(top, 0)
}

pub(super) fn distinct<'a>(
    machine: &mut Machine<'a, '_>,
    arguments: &Arguments<'a>,
) -> Result<Value<'a>, Error> {
    let array = arguments.get(0);
    let count = machine.count(array);
    if !machine.is_array(array) || count <= 1 {
        return Ok(array);
    }
    machine.take_elements(3 * count)?;
    let size = (2 * count).next_power_of_two();
    let table: &mut [u32] = machine.arena.alloc_slice_fill_copy(size, 0);
    let bottom = machine.stack.len();
    for item in machine.items(array) {
        let mut at = machine.hash(item)? & (size - 1);
        let is_new = loop {
            if table[at] == 0 {
                break true;
            }
            let other = machine.stack[bottom + table[at] as usize - 1];
            machine.spend(1)?;
            if machine.equal(item, other)? {
                break false;
            }
            at = (at + 1) & (size - 1);
        };
        if is_new {
            machine.stack.push(item);
            table[at] = (machine.stack.len() - bottom) as u32;
        }
    }
    let sequence = if machine.has(array, flag::SEQUENCE) {
        flag::SEQUENCE
    } else {
        0
    };
    machine.array_from_stack(bottom, sequence)
}

impl<'a> Machine<'a, '_> {
    /// Returns the same for equal values.
    fn hash(&mut self, value: Value<'a>) -> Result<usize, Error> {
        use std::hash::{Hash, Hasher};
        let mut hasher = rustc_hash::FxHasher::default();
        self.spend(2)?;
        match self.kind(value) {
            Kind::Number => {
                let number = self.number(value).unwrap_or_default();
                // Zero has two notations.
                if number == 0.0 { 0 } else { number.to_bits() }.hash(&mut hasher);
            }
            Kind::String => self.string(value).unwrap_or_default().hash(&mut hasher),
            Kind::Boolean => self.boolean(value).hash(&mut hasher),
            Kind::Array => {
                self.descend()?;
                self.count(value).hash(&mut hasher);
                for item in self.items(value) {
                    self.hash(item)?.hash(&mut hasher);
                }
                self.ascend();
            }
            Kind::Object => {
                // The order of members does not count.
                self.descend()?;
                let (mut members, mut sum) = (self.members(value), 0usize);
                while let Some((key, member)) = members.next(self) {
                    let mut of_key = rustc_hash::FxHasher::default();
                    key.hash(&mut of_key);
                    self.hash(member)?.hash(&mut of_key);
                    sum = sum.wrapping_add(of_key.finish() as usize);
                }
                sum.hash(&mut hasher);
                self.ascend();
            }
            kind => (kind as u8).hash(&mut hasher),
        }
        let hash = hasher.finish();
        Ok((hash ^ (hash >> 32)) as usize)
    }
}
