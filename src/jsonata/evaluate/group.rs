//! Grouping: items under keys, then one value for each key.

use bumpalo::collections::Vec as ArenaVec;

use super::access::{ENTRIES_PER_UNIT, MEMBER_BYTES};
use super::value::{Kind, Object, Tuple, Value, flag};
use super::{Error, Machine};
use crate::value::ValueRef;
use std::cell::Cell;

/// What it costs to find an item's group, beside the key.
const GROUP_UNITS: usize = 9;

/// The items of one key.
struct Entry<'a> {
    key: &'a str,
    /// The key as a string of the heap, where it is one.
    handle: Option<ValueRef>,
    pair: usize,
    /// The first item; mostly there is no other.
    first: Value<'a>,
    more: ArenaVec<'a, Value<'a>>,
}

impl<'a> Entry<'a> {
    fn items(&self) -> impl Iterator<Item = Value<'a>> {
        std::iter::once(self.first).chain(self.more.iter().copied())
    }
}

impl<'a> Machine<'a, '_> {
    /// Groups the elements of a value.
    pub(super) fn group(&mut self, input: Value<'a>, group: u32) -> Result<Value<'a>, Error> {
        let code = self.code;
        let group = &code.groups[group as usize];
        let tuples = self.has(input, flag::TUPLES);
        let mut entries: ArenaVec<'a, Entry<'a>> = ArenaVec::new_in(self.arena);
        // Which entry a key has.
        let index = self.make_object(0)?;
        let empty = self.is_array(input) && self.count(input) == 0;
        if empty && tuples {
            return Err(Error::internal(
                "Cannot read properties of undefined (reading '@')",
            ));
        }
        let items = if empty {
            self.items(Value::Nothing)
        } else {
            self.items(input)
        };
        let (context, environment) = (self.context, self.environment);
        for item in items {
            self.enter_item(item, group.scope, environment)?;
            let (item_context, item_environment) = (self.context, self.environment);
            for (pair, &(key, _)) in group.pairs.iter().enumerate() {
                let key = self.run_part(key, item_context, item_environment)?;
                if key.is_nothing() {
                    continue;
                }
                let Some(name) = self.string(key) else {
                    let error = Error::new("T1003").at(group.position);
                    return Err(self.with_value(error, key));
                };
                let handle = match key {
                    Value::Json(key) => Some(key),
                    _ => None,
                };
                self.add_to_group(&mut entries, index, (name, handle), pair, item, group.position)?;
            }
        }
        let object = self.make_object(entries.len())?;
        for entry in &entries {
            let value = group.pairs[entry.pair].1;
            let data = self.data_of(entry, tuples)?;
            self.enter_item(data, group.scope, environment)?;
            if let Value::Tuple(tuple) = data {
                // The reference takes the value out of the tuple, so another key of the same tuple misses it.
                tuple.value.set(Value::Nothing);
            }
            let (data_context, data_environment) = (self.context, self.environment);
            let value = self.run_part(value, data_context, data_environment)?;
            if !value.is_nothing() {
                self.take(MEMBER_BYTES)?;
                object.push(entry.key, entry.handle, value);
            }
        }
        (self.context, self.environment) = (context, environment);
        Ok(Value::Object(object))
    }

    fn add_to_group(
        &mut self,
        entries: &mut ArenaVec<'a, Entry<'a>>,
        index: &'a Object<'a>,
        (key, handle): (&'a str, Option<ValueRef>),
        pair: usize,
        item: Value<'a>,
        position: u32,
    ) -> Result<(), Error> {
        self.spend(GROUP_UNITS)?;
        match index.get(key) {
            Some(Value::Number(at)) => {
                let entry = &mut entries[at as usize];
                if entry.pair != pair {
                    return Err(Error::new("D1009").at(position).with_value(key));
                }
                self.take_elements(1)?;
                entry.more.push(item);
            }
            _ => {
                self.take(MEMBER_BYTES)?;
                index.push(key, None, Value::Number(entries.len() as f64));
                self.owe(1 + index.take_probes() / ENTRIES_PER_UNIT);
                self.take_elements(1)?;
                entries.push(Entry {
                    key,
                    handle,
                    pair,
                    first: item,
                    more: ArenaVec::new_in(self.arena),
                });
            }
        }
        Ok(())
    }

    /// Returns the items of a key as one value.
    fn data_of(&mut self, entry: &Entry<'a>, tuples: bool) -> Result<Value<'a>, Error> {
        if entry.more.is_empty() {
            return Ok(entry.first);
        }
        if !tuples {
            return self.append_all(entry.items());
        }
        let parts = |machine: &mut Self, part: &dyn Fn(&Tuple<'a>) -> Value<'a>| {
            machine.append_all(entry.items().map(|item| match item {
                Value::Tuple(tuple) => part(tuple),
                _ => Value::Nothing,
            }))
        };
        let value = parts(self, &|tuple| tuple.value.get())?;
        let slots = usize::from(self.code.tuple_slots);
        let mut reduced = ArenaVec::with_capacity_in(slots, self.arena);
        for slot in 0..slots {
            let bound = entry.items().any(
                |item| matches!(item, Value::Tuple(tuple) if !matches!(tuple.slots[slot], Value::Unbound)),
            );
            reduced.push(if bound {
                parts(self, &|tuple| tuple.slots[slot])?
            } else {
                Value::Unbound
            });
        }
        let tuple = Tuple {
            value: Cell::new(value),
            slots: reduced.into_bump_slice(),
        };
        Ok(Value::Tuple(self.arena.alloc(tuple)))
    }

    /// Appends values to each other, arrays by their elements.
    pub(super) fn append_all(&mut self, values: impl Iterator<Item = Value<'a>>) -> Result<Value<'a>, Error> {
        let bottom = self.stack.len();
        let mut first = Value::Nothing;
        for value in values {
            match (first.is_nothing(), self.kind(value)) {
                (true, _) => first = value,
                (false, Kind::Nothing) => {}
                (false, Kind::Array) => {
                    self.spend(self.count(value))?;
                    let items = self.items(value);
                    self.stack.extend(items);
                }
                (false, _) => self.stack.push(value),
            }
        }
        self.append_stack(first, bottom)
    }
}
