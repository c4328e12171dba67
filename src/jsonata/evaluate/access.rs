//! Looking at values, and making new ones in the arena.

use std::cell::Cell;

use super::Machine;
use super::value::{Array, Environment, Function, Items, Kind, Object, Value, flag};
use crate::jsonata::error::Shown;
use crate::jsonata::{Bound, Error};
use crate::value::{self, ValueRef};

/// What an element of a computed array counts as, in bytes: what it takes on AWS, as far as that is known.
const ELEMENT_BYTES: usize = 24;

/// What a member of a computed object counts as.
pub(super) const MEMBER_BYTES: usize = 48;

/// Of what is only looked over, so much costs one unit of fuel: bytes of a text, digits of a number, entries of a list.
const BYTES_PER_UNIT: usize = 32;
const DIGITS_PER_UNIT: usize = 32;
pub(super) const ENTRIES_PER_UNIT: usize = 8;

/// An array of the heap with fewer elements knows how many they are; those of a longer one are counted.
const COUNTED_MIN: usize = 1 << 16;

impl<'a> Machine<'a, '_> {
    /// Takes memory from what the evaluation may have.
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), Error> {
        match self.memory.checked_sub(bytes) {
            Some(left) => {
                self.memory = left;
                Ok(())
            }
            None => Err(Error::bound(Bound::Memory)),
        }
    }

    /// Takes fuel for elements or bytes that are looked at.
    pub(super) fn spend(&mut self, units: usize) -> Result<(), Error> {
        match self
            .fuel
            .checked_sub((units as u64).saturating_add(self.owed.take()))
        {
            Some(left) => {
                self.fuel = left;
                Ok(())
            }
            None => Err(Error::bound(Bound::Time)),
        }
    }

    /// Notes work that has been done where nothing can fail; the next instruction or spending pays for it.
    #[inline]
    pub(super) fn owe(&self, units: usize) {
        if units > 0 {
            self.owed.set(self.owed.get().saturating_add(units as u64));
        }
    }

    pub(super) fn kind(&self, value: Value<'a>) -> Kind {
        match value {
            Value::Nothing | Value::Unbound => Kind::Nothing,
            Value::Boolean(_) => Kind::Boolean,
            Value::Number(_) | Value::Integer(_) => Kind::Number,
            Value::Text(_) => Kind::String,
            Value::Array(_) => Kind::Array,
            Value::Object(_) | Value::Tuple(_) => Kind::Object,
            Value::Builtin(_) | Value::Function(_) => Kind::Function,
            Value::Json(value) => match self.view.kind(value) {
                value::Kind::Null => Kind::Null,
                value::Kind::Boolean => Kind::Boolean,
                value::Kind::Number => Kind::Number,
                value::Kind::String => Kind::String,
                value::Kind::Array => Kind::Array,
                value::Kind::Object => Kind::Object,
            },
        }
    }

    pub(super) fn is_array(&self, value: Value<'a>) -> bool {
        match value {
            Value::Array(_) => true,
            Value::Json(value) => self.view.kind(value) == value::Kind::Array,
            _ => false,
        }
    }

    pub(super) fn is_function(&self, value: Value<'a>) -> bool {
        matches!(value, Value::Builtin(_) | Value::Function(_))
    }

    /// Returns a number; that of JSON is a double, as all are.
    pub(super) fn number(&self, value: Value<'a>) -> Option<f64> {
        match value {
            Value::Number(number) => Some(number),
            Value::Integer(integer) => Some(integer as f64),
            Value::Json(value) => {
                let (number, digits) = self.view.float_and_len(value)?;
                self.owe(digits / DIGITS_PER_UNIT);
                Some(number)
            }
            _ => None,
        }
    }

    /// Returns a string.
    pub(super) fn string(&self, value: Value<'a>) -> Option<&'a str> {
        match value {
            Value::Text(text) => {
                self.owe(text.len() / BYTES_PER_UNIT);
                Some(*text)
            }
            Value::Json(value) => self.json_string(value),
            _ => None,
        }
    }

    fn json_string(&self, value: ValueRef) -> Option<&'a str> {
        let text = self.view.string(value)?;
        self.owe(text.escaped().len() / BYTES_PER_UNIT);
        match text.plain() {
            Some(plain) => Some(plain),
            None => Some(self.decoded.borrow_mut().get(value, text)),
        }
    }

    pub(super) fn boolean(&self, value: Value<'a>) -> Option<bool> {
        match value {
            Value::Boolean(boolean) => Some(boolean),
            Value::Json(value) => self.view.boolean(value),
            _ => None,
        }
    }

    /// Returns how many elements an array has; one for anything else, none for nothing.
    pub(super) fn count(&self, value: Value<'a>) -> usize {
        match value {
            Value::Array(array) => array.items.len(),
            Value::Json(json) if self.view.kind(json) == value::Kind::Array => {
                let count = self.view.count(json);
                if count >= COUNTED_MIN {
                    self.owe(count / ENTRIES_PER_UNIT);
                }
                count
            }
            Value::Nothing | Value::Unbound => 0,
            _ => 1,
        }
    }

    /// Iterates over the elements of an array; over anything else as the one element, nothing included.
    pub(super) fn items(&self, value: Value<'a>) -> Items<'a> {
        match value {
            Value::Array(array) => Items::Slice(array.items.iter()),
            Value::Json(json) if self.view.kind(json) == value::Kind::Array => {
                Items::Json(self.view.elements(json))
            }
            _ => Items::One(Some(value)),
        }
    }

    /// Iterates over the elements of an array; over anything else as the one element, but not over nothing.
    pub(super) fn elements(&self, value: Value<'a>) -> Items<'a> {
        match value {
            Value::Nothing | Value::Unbound => Items::One(None),
            _ => self.items(value),
        }
    }

    pub(super) fn element(&self, array: Value<'a>, index: usize) -> Option<Value<'a>> {
        match array {
            Value::Array(array) => array.items.get(index).copied(),
            Value::Json(json) => {
                self.owe(index / ENTRIES_PER_UNIT);
                self.view.element(json, index).map(Value::Json)
            }
            _ => None,
        }
    }

    pub(super) fn has(&self, value: Value<'a>, flag: u8) -> bool {
        matches!(value, Value::Array(array) if array.has(flag))
    }

    /// Returns the document when a value is the sequence around it.
    pub(super) fn unwrapped(&self, value: Value<'a>) -> Value<'a> {
        match value {
            Value::Array(array) if array.has(flag::WRAPPER) => array.items.first().copied().unwrap_or(value),
            _ => value,
        }
    }

    pub(super) fn wrap_document(&mut self, value: Value<'a>) -> Result<Value<'a>, Error> {
        self.make_array(&[value], flag::SEQUENCE | flag::WRAPPER)
    }

    /// Ends an expression: of a sequence of none nothing, of one the element, unless it is to stay an array.
    #[inline]
    pub(super) fn closed(&self, value: Value<'a>, keep: bool) -> Value<'a> {
        let Value::Array(array) = value else { return value };
        if !array.has(flag::SEQUENCE) || array.has(flag::TUPLES) {
            return value;
        }
        if keep {
            array.set(flag::KEEP);
        }
        match array.items {
            [] => Value::Nothing,
            [one] if !array.has(flag::KEEP) => *one,
            _ => value,
        }
    }

    /// Makes an array of elements that are in the arena already.
    pub(super) fn array_of(&mut self, items: &'a [Value<'a>], flags: u8) -> Value<'a> {
        Value::Array(self.arena.alloc(Array {
            items,
            flags: Cell::new(flags),
        }))
    }

    /// Takes the memory of an array.
    pub(super) fn take_elements(&mut self, count: usize) -> Result<(), Error> {
        self.take(count.saturating_mul(ELEMENT_BYTES))
    }

    pub(super) fn make_array(&mut self, items: &[Value<'a>], flags: u8) -> Result<Value<'a>, Error> {
        self.take_elements(items.len() + 1)?;
        let items = self.arena.alloc_slice_copy(items);
        Ok(self.array_of(items, flags))
    }

    /// Makes an array of what stands on the stack from `bottom` on.
    pub(super) fn array_from_stack(&mut self, bottom: usize, flags: u8) -> Result<Value<'a>, Error> {
        self.take_elements(self.stack.len() - bottom + 1)?;
        let items = self.arena.alloc_slice_copy(&self.stack[bottom..]);
        self.stack.truncate(bottom);
        Ok(self.array_of(items, flags))
    }

    pub(super) fn make_text(&mut self, text: &str) -> Result<Value<'a>, Error> {
        // AWS's strings have two bytes a character.
        self.take(2 * text.len() + 16)?;
        let text: &'a str = self.arena.alloc_str(text);
        Ok(Value::Text(self.arena.alloc(text)))
    }

    /// Makes a value of a text that lives as long as the evaluation.
    pub(super) fn share_text(&mut self, text: &'a str) -> Result<Value<'a>, Error> {
        self.take(16)?;
        Ok(Value::Text(self.arena.alloc(text)))
    }

    pub(super) fn make_object(&mut self, capacity: usize) -> Result<&'a Object<'a>, Error> {
        self.take(48 + 32 * capacity)?;
        Ok(self.arena.alloc(Object::new(self.arena, capacity)))
    }

    /// Sets a member of an object.
    pub(super) fn put(
        &mut self,
        object: &'a Object<'a>,
        key: &'a str,
        value: Value<'a>,
    ) -> Result<(), Error> {
        self.take(MEMBER_BYTES)?;
        object.set(key, value);
        self.owe(1 + object.take_probes() / ENTRIES_PER_UNIT);
        Ok(())
    }

    pub(super) fn function(&mut self, function: Function<'a>) -> Result<Value<'a>, Error> {
        self.take(64)?;
        Ok(Value::Function(self.arena.alloc(function)))
    }

    pub(super) fn environment(
        &mut self,
        slots: usize,
        outer: &'a Environment<'a>,
    ) -> Result<&'a Environment<'a>, Error> {
        let free = self.free.get_mut(slots);
        if let Some((free, environment)) = free.and_then(|free| free.map(|environment| (free, environment))) {
            *free = environment.outer.replace(Some(outer));
            environment.slots.iter().for_each(|slot| slot.set(Value::Unbound));
            return Ok(environment);
        }
        self.take(16 * slots + 32)?;
        let slots = self
            .arena
            .alloc_slice_fill_with(slots, |_| Cell::new(Value::Unbound));
        let outer = Cell::new(Some(outer));
        Ok(self.arena.alloc(Environment { slots, outer }))
    }

    /// Takes an environment back that nothing refers to any more, for the next one of its size.
    pub(super) fn release(&mut self, environment: &'a Environment<'a>) {
        if let Some(free) = self.free.get_mut(environment.slots.len()) {
            environment.outer.set(*free);
            *free = Some(environment);
        }
    }

    /// Returns the members of an object, in order.
    pub(super) fn members(&self, value: Value<'a>) -> Members<'a> {
        match value {
            Value::Json(json) => Members::Json(self.view.members(json)),
            Value::Object(object) => Members::Object { object, next: 0 },
            _ => Members::None,
        }
    }

    /// Returns the key of a member of the heap as a string.
    pub(super) fn key(&self, key: ValueRef) -> &'a str {
        self.string(Value::Json(key)).unwrap_or_default()
    }

    /// Says whether a string of the heap is this text.
    fn is_text(&self, string: ValueRef, text: &str) -> bool {
        let Some(known) = self.view.string(string) else {
            return false;
        };
        match known.plain_bytes() {
            Some(known) => known == text.as_bytes(),
            // An escape takes more bytes than what it stands for.
            None => known.escaped().len() > text.len() && self.json_string(string) == Some(text),
        }
    }

    /// Returns a member by a name that is known only now.
    pub(super) fn member(&self, value: Value<'a>, name: &str) -> Option<Value<'a>> {
        match value {
            Value::Object(object) => {
                let found = object.get(name);
                self.owe(object.take_probes() / ENTRIES_PER_UNIT);
                found
            }
            Value::Json(json) if self.view.kind(json) == value::Kind::Object => {
                // The last of two with the same name counts, as everywhere.
                let (mut found, mut count) = (None, 0);
                for (key, member) in self.view.members(json) {
                    count += 1;
                    if self.is_text(key, name) {
                        found = Some(Value::Json(member));
                    }
                }
                self.owe(count / ENTRIES_PER_UNIT);
                found
            }
            _ => None,
        }
    }

    /// Returns a value as an error shows it: its JSON.
    pub(super) fn shown(&mut self, value: Value<'a>) -> Option<Shown> {
        match self.kind(value) {
            Kind::Nothing | Kind::Function => None,
            Kind::Number => self.number(value).map(Shown::Number),
            Kind::String => self.string(value).map(Shown::from),
            _ => {
                let mut out = std::mem::take(self.text);
                out.clear();
                let written = self.write_json(value, &mut out, false, super::text::Purpose::Shown);
                let text = written.ok().map(|()| Shown::Json(out.as_str().into()));
                *self.text = out;
                text
            }
        }
    }

    /// Gives an error a value that it shows, if it can be shown.
    pub(super) fn with_value(&mut self, error: Error, value: Value<'a>) -> Error {
        match self.shown(value) {
            Some(shown) => error.with_value(shown),
            None => error,
        }
    }
}

/// Iterates over the members of an object.
pub(super) enum Members<'a> {
    None,
    Json(crate::value::Members<'a>),
    Object { object: &'a Object<'a>, next: usize },
}

impl<'a> Members<'a> {
    /// Returns the next member.
    pub(super) fn next(&mut self, machine: &Machine<'a, '_>) -> Option<(&'a str, Value<'a>)> {
        match self {
            Members::None => None,
            Members::Json(members) => {
                let (key, value) = members.next()?;
                Some((machine.key(key), Value::Json(value)))
            }
            Members::Object { object, next } => {
                let member = object.member(*next)?;
                *next += 1;
                Some((member.key, member.value))
            }
        }
    }
}
