//! Paths: names, wildcards, steps and predicates.

use super::access::ENTRIES_PER_UNIT;
use super::value::{Items, Kind, Value, flag};
use super::{Error, Frame, Machine};
use crate::jsonata::code::Op;

impl<'a> Machine<'a, '_> {
    /// Returns what a name finds in a value: of an array, what it finds in the elements.
    pub(super) fn lookup(&mut self, value: Value<'a>, key: u32) -> Result<Value<'a>, Error> {
        if !self.is_array(value) {
            return Ok(self.member_of(value, key).unwrap_or(Value::Nothing));
        }
        let bottom = self.stack.len();
        self.push_found(value, key)?;
        self.array_from_stack(bottom, flag::SEQUENCE)
    }

    fn member_of(&self, value: Value<'a>, key: u32) -> Option<Value<'a>> {
        let key = &self.code.keys[key as usize];
        match value {
            Value::Json(json) => {
                // An array counts too, but that is no work then.
                self.owe(self.view.count_capped(json) / ENTRIES_PER_UNIT);
                self.view.member(json, key).map(Value::Json)
            }
            Value::Object(_) => self.member(value, key.name()),
            _ => None,
        }
    }

    /// Pushes what a name finds in the elements of an array.
    fn push_found(&mut self, array: Value<'a>, key: u32) -> Result<(), Error> {
        self.descend()?;
        self.spend(self.count(array))?;
        for item in self.items(array) {
            match self.member_of(item, key) {
                None if self.is_array(item) => self.push_found(item, key)?,
                Some(found) if self.is_array(found) => {
                    self.spend(self.count(found))?;
                    let items = self.items(found);
                    self.stack.extend(items);
                }
                Some(Value::Nothing) | None => {}
                Some(found) => self.stack.push(found),
            }
        }
        self.ascend();
        Ok(())
    }

    /// Evaluates a path of names alone.
    pub(super) fn chain(&mut self, first: u32, count: u32) -> Result<Value<'a>, Error> {
        self.chain_from(self.context, first, count)
    }

    /// Evaluates a path of a variable and names.
    pub(super) fn variable_chain(&mut self, index: u32) -> Result<Value<'a>, Error> {
        if let Some(Some(found)) = self.found.get(index as usize) {
            return Ok(Value::Json(*found));
        }
        let chain = self.code.chains[index as usize];
        let value = self.closed(self.load(chain.variable), false);
        self.chain_from(value, chain.first, chain.count)
    }

    pub(super) fn chain_from(
        &mut self,
        mut value: Value<'a>,
        first: u32,
        count: u32,
    ) -> Result<Value<'a>, Error> {
        for at in 0..count {
            // In an array a name finds nothing by itself.
            value = match self.member_of(value, first + at) {
                Some(found) => found,
                None if self.is_array(value) => return self.chain_of_array(value, first + at, count - at),
                None => return Ok(Value::Nothing),
            };
        }
        // A sequence that stands in an object is closed where it is found.
        Ok(self.closed(value, false))
    }

    fn chain_of_array(&mut self, array: Value<'a>, first: u32, count: u32) -> Result<Value<'a>, Error> {
        let mut sequence = array;
        for at in 0..count {
            sequence = self.step_name(sequence, first + at, at + 1 == count)?;
            // An array without elements that the last name has found alone is a value, an empty sequence is nothing.
            if self.count(sequence) == 0 {
                break;
            }
        }
        Ok(self.closed(sequence, false))
    }

    /// Replaces a sequence by what a name finds in its elements.
    fn step_name(&mut self, sequence: Value<'a>, key: u32, last: bool) -> Result<Value<'a>, Error> {
        let bottom = self.stack.len();
        self.spend(self.count(sequence))?;
        for item in self.elements(sequence) {
            let found = match self.member_of(item, key) {
                Some(found) => self.closed(found, false),
                None if self.is_array(item) => {
                    let found = self.lookup(item, key)?;
                    self.closed(found, false)
                }
                None => continue,
            };
            if !found.is_nothing() {
                self.stack.push(found);
            }
        }
        self.flattened(bottom, last)
    }

    /// Makes a sequence of the results of a step, which stand on the stack: arrays become their elements, but for
    /// those of constructors. The one array that is the result of the last step stays.
    pub(super) fn flattened(&mut self, bottom: usize, last: bool) -> Result<Value<'a>, Error> {
        let results = &self.stack[bottom..];
        if let (true, [one]) = (last, results) {
            let one = *one;
            if self.is_array(one) && !self.has(one, flag::SEQUENCE) {
                self.stack.truncate(bottom);
                return Ok(one);
            }
        }
        let flattens = |machine: &Self, value: Value<'a>| {
            machine.is_array(value) && !machine.has(value, flag::CONSTRUCTED)
        };
        let results = &self.stack[bottom..];
        let mut total = 0;
        let mut any = false;
        for &result in results {
            if flattens(self, result) {
                any = true;
                total += self.count(result);
            } else {
                total += 1;
            }
        }
        if !any {
            return self.array_from_stack(bottom, flag::SEQUENCE);
        }
        self.take_elements(total + 1)?;
        self.spend(total)?;
        let mut items = bumpalo::collections::Vec::with_capacity_in(total, self.arena);
        for at in bottom..self.stack.len() {
            let result = self.stack[at];
            if flattens(self, result) {
                items.extend(self.items(result));
            } else {
                items.push(result);
            }
        }
        self.stack.truncate(bottom);
        Ok(self.array_of(items.into_bump_slice(), flag::SEQUENCE))
    }

    /// Returns all values of an object or array.
    pub(super) fn wildcard(&mut self, value: Value<'a>) -> Result<Value<'a>, Error> {
        let value = self.unwrapped(value);
        let bottom = self.stack.len();
        let mut appended = false;
        let kind = self.kind(value);
        if kind == Kind::Array {
            for item in self.items(value) {
                appended |= self.push_flat(item)?;
            }
        } else if kind == Kind::Object {
            let mut members = self.members(value);
            while let Some((_, member)) = members.next(self) {
                self.spend(1)?;
                appended |= self.push_flat(member)?;
            }
        }
        // Appending makes an array that is no sequence.
        self.array_from_stack(bottom, if appended { 0 } else { flag::SEQUENCE })
    }

    /// Pushes a value, or all elements of an array at any depth; says whether it was an array.
    pub(super) fn push_flat(&mut self, value: Value<'a>) -> Result<bool, Error> {
        if !self.is_array(value) {
            self.stack.push(value);
            return Ok(false);
        }
        self.descend()?;
        self.spend(self.count(value))?;
        for item in self.items(value) {
            self.push_flat(item)?;
        }
        self.ascend();
        Ok(true)
    }

    /// Returns a value and all below it, arrays as their elements.
    pub(super) fn descendants(&mut self, value: Value<'a>) -> Result<Value<'a>, Error> {
        if value.is_nothing() {
            // Not an empty sequence: a predicate behind it is evaluated once.
            return Ok(Value::Nothing);
        }
        let bottom = self.stack.len();
        self.push_descendants(value)?;
        // One alone is no sequence, whatever stands behind.
        if self.stack.len() == bottom + 1 {
            return Ok(self.pop());
        }
        self.array_from_stack(bottom, flag::SEQUENCE)
    }

    fn push_descendants(&mut self, value: Value<'a>) -> Result<(), Error> {
        self.descend()?;
        self.spend(1)?;
        match self.kind(value) {
            Kind::Array => {
                for item in self.items(value) {
                    self.push_descendants(item)?;
                }
            }
            Kind::Object => {
                self.stack.push(value);
                let mut members = self.members(value);
                while let Some((_, member)) = members.next(self) {
                    self.push_descendants(member)?;
                }
            }
            _ => self.stack.push(value),
        }
        self.ascend();
        Ok(())
    }

    /// Executes an instruction of a path.
    pub(super) fn path(&mut self, op: Op) -> Result<(), Error> {
        match op {
            Op::PathInput { variable } => {
                let input = match self.is_array(self.context) && !variable {
                    true => self.context,
                    false => self.make_array(&[self.context], flag::SEQUENCE)?,
                };
                self.stack.push(input);
            }
            Op::StepName { key, last } => {
                let input = self.pop();
                let value = self.step_name(input, key, last)?;
                self.stack.push(value);
            }
            Op::StepFirst { body, focus } => {
                let input = self.top();
                let value = self.run_part(body, input, self.environment)?;
                self.set_top(if focus { input } else { value });
            }
            Op::MapBegin { exit } => self.begin_map(exit)?,
            Op::MapEnd { body, last } => self.end_map(body, last)?,
            Op::JumpEmpty(exit) if self.count(self.top()) == 0 => {
                self.pc = exit as usize;
            }
            Op::KeepSingleton => self.keep_singleton()?,
            Op::FilterIndex(number) => {
                let number = self.code.numbers[number as usize];
                let input = self.pop();
                let value = self.filter_index(input, number)?;
                self.stack.push(value);
            }
            Op::FilterBegin { exit, scope } => self.begin_filter(exit, scope)?,
            Op::FilterEnd { body, scope } => self.end_filter(body, scope)?,
            _ => {}
        }
        Ok(())
    }

    fn keep_singleton(&mut self) -> Result<(), Error> {
        let value = self.top();
        if let Value::Array(array) = value {
            if array.has(flag::CONSTRUCTED) && !array.has(flag::SEQUENCE) {
                let kept = self.make_array(&[value], flag::SEQUENCE | flag::KEEP)?;
                self.set_top(kept);
            } else {
                array.set(flag::KEEP);
            }
        }
        Ok(())
    }

    fn begin_map(&mut self, exit: u32) -> Result<(), Error> {
        let input = self.pop();
        // A path's first step may have left a scalar: a string is taken for its characters then.
        let mut items = match self.kind(input) {
            Kind::Array => self.items(input),
            Kind::String => self.characters(input)?,
            _ => Items::One(None),
        };
        let bottom = self.stack.len();
        match items.next() {
            Some(first) => {
                let context = std::mem::replace(&mut self.context, first);
                self.frames.push(Frame::Map {
                    items,
                    context,
                    bottom,
                });
            }
            None => {
                let empty = self.array_from_stack(bottom, flag::SEQUENCE)?;
                self.stack.push(empty);
                self.pc = exit as usize;
            }
        }
        Ok(())
    }

    fn characters(&mut self, text: Value<'a>) -> Result<Items<'a>, Error> {
        let bottom = self.stack.len();
        let text = self.string(text).unwrap_or_default();
        self.spend(text.len())?;
        for (start, character) in text.char_indices() {
            let character = self.share_text(&text[start..start + character.len_utf8()])?;
            self.stack.push(character);
        }
        let characters = self.array_from_stack(bottom, 0)?;
        Ok(self.items(characters))
    }

    fn end_map(&mut self, body: u32, last: bool) -> Result<(), Error> {
        if self.top().is_nothing() {
            self.pop();
        }
        let Some(Frame::Map {
            items,
            context,
            bottom,
        }) = self.frames.last_mut()
        else {
            return Err(Error::internal("unbalanced frames"));
        };
        if let Some(next) = items.next() {
            self.context = next;
            self.pc = body as usize;
            return Ok(());
        }
        let bottom = *bottom;
        self.context = *context;
        self.frames.pop();
        let value = self.flattened(bottom, last)?;
        self.stack.push(value);
        Ok(())
    }
}
