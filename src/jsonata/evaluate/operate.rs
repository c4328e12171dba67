//! Operators: arithmetic, comparison, equality, truth, arrays and ranges, objects with constant keys.

use super::access::MEMBER_BYTES;
use super::value::{Function, Kind, Value, flag};
use super::{Error, Frame, Machine};
use crate::jsonata::Bound;
use crate::jsonata::code::Operator;
use crate::value as json;

/// The deepest nesting of arrays and objects that is walked.
const LEVELS_MAX: u32 = json::DEPTH_MAX;

/// Objects of the heap with more members are compared by sorting their names.
const SEARCHED_MEMBERS_MAX: usize = 64;

/// How many bytes of two values, where they are compared as they stand, cost a unit of fuel.
const COMPARED_BYTES_PER_UNIT: usize = 8;

/// How many numbers of a range cost a unit of fuel.
const RANGE_PER_UNIT: usize = 2;

/// The longest range; the text of its error says less.
const RANGE_MAX: f64 = 1e7;

impl<'a> Machine<'a, '_> {
    /// Goes one level down in a value.
    pub(super) fn descend(&mut self) -> Result<(), Error> {
        self.levels += 1;
        if self.levels > LEVELS_MAX {
            return Err(Error::bound(Bound::Depth));
        }
        Ok(())
    }

    pub(super) fn ascend(&mut self) {
        self.levels -= 1;
    }

    /// Returns a number that can be calculated with.
    pub(super) fn numeric(&self, value: Value<'a>) -> Result<Option<f64>, Error> {
        match self.number(value) {
            Some(number) if number.is_finite() => Ok(Some(number)),
            Some(number) if number.is_nan() => Ok(None),
            Some(number) => Err(Error::new("D1001").with_value(number)),
            None => Ok(None),
        }
    }

    /// Says whether a value counts as true.
    pub(super) fn truth(&mut self, value: Value<'a>) -> Result<bool, Error> {
        Ok(match value {
            Value::Boolean(boolean) => boolean,
            Value::Nothing | Value::Unbound => false,
            Value::Builtin(_) | Value::Function(Function::Lambda { .. } | Function::Partial { .. }) => true,
            Value::Function(Function::Chain { .. } | Function::Transform { .. }) => true,
            Value::Function(_) => false,
            Value::Object(object) => object.len() > 0,
            Value::Tuple(_) => true,
            Value::Text(text) => !text.is_empty(),
            Value::Number(_) | Value::Integer(_) => self.numeric(value)?.is_some_and(|number| number != 0.0),
            Value::Array(_) => self.truth_of_array(value)?,
            Value::Json(json) => match self.view.kind(json) {
                json::Kind::Null => false,
                json::Kind::Boolean => self.view.boolean(json) == Some(true),
                json::Kind::Number => self.numeric(value)?.is_some_and(|number| number != 0.0),
                json::Kind::String => self
                    .view
                    .string(json)
                    .is_some_and(|text| !text.escaped().is_empty()),
                json::Kind::Object => self.view.count(json) > 0,
                json::Kind::Array => self.truth_of_array(value)?,
            },
        })
    }

    fn truth_of_array(&mut self, array: Value<'a>) -> Result<bool, Error> {
        self.descend()?;
        self.spend(self.count(array))?;
        let mut any = false;
        for item in self.items(array) {
            any |= self.truth(item)?;
        }
        self.ascend();
        Ok(any)
    }

    pub(super) fn negate(&mut self) -> Result<(), Error> {
        let value = self.top();
        if value.is_nothing() {
            return Ok(());
        }
        match self.numeric(value)? {
            Some(number) => self.set_top(Value::Number(-number)),
            None => {
                let error = Error::new("D1002").at(self.position()).with_token("-");
                return Err(self.with_value(error, value));
            }
        }
        Ok(())
    }

    /// Replaces the two values on top by what an operator makes of them.
    pub(super) fn binary(&mut self, operator: Operator) -> Result<(), Error> {
        let right = self.pop();
        let left = self.top();
        let result = match operator {
            Operator::Add
            | Operator::Subtract
            | Operator::Multiply
            | Operator::Divide
            | Operator::Remainder => self.calculate(operator, left, right),
            Operator::Equal => self.equality(left, right).map(Value::Boolean),
            Operator::Unequal if left.is_nothing() || right.is_nothing() => Ok(Value::Boolean(false)),
            Operator::Unequal => self.equal(left, right).map(|equal| Value::Boolean(!equal)),
            Operator::Concat => self.concat(left, right),
            Operator::Range => self.range(left, right),
            Operator::In => self.includes(left, right).map(Value::Boolean),
            _ => self.compare(operator, left, right),
        };
        match result {
            Ok(value) => {
                self.set_top(value);
                Ok(())
            }
            Err(error) => Err(error.at(self.position()).with_token(operator.text())),
        }
    }

    fn calculate(
        &mut self,
        operator: Operator,
        left: Value<'a>,
        right: Value<'a>,
    ) -> Result<Value<'a>, Error> {
        let mut operand = |value: Value<'a>, code| match self.numeric(value)? {
            Some(number) => Ok(Some(number)),
            None if value.is_nothing() => Ok(None),
            None => Err(self.with_value(Error::new(code), value)),
        };
        let (left, right) = (operand(left, "T2001")?, operand(right, "T2002")?);
        let (Some(left), Some(right)) = (left, right) else {
            return Ok(Value::Nothing);
        };
        Ok(Value::Number(match operator {
            Operator::Add => left + right,
            Operator::Subtract => left - right,
            Operator::Multiply => left * right,
            Operator::Divide => left / right,
            _ => left % right,
        }))
    }

    fn compare(&mut self, operator: Operator, left: Value<'a>, right: Value<'a>) -> Result<Value<'a>, Error> {
        let (of_left, of_right) = (self.kind(left), self.kind(right));
        let ordered = |kind| matches!(kind, Kind::Nothing | Kind::Number | Kind::String);
        if !ordered(of_left) || !ordered(of_right) {
            let blamed = if matches!(of_left, Kind::Number | Kind::String) {
                right
            } else {
                left
            };
            return Err(self.with_value(Error::new("T2010"), blamed));
        }
        if of_left == Kind::Nothing || of_right == Kind::Nothing {
            return Ok(Value::Nothing);
        }
        if of_left != of_right {
            let error = self.with_value(Error::new("T2009"), left);
            return Err(match self.shown(right) {
                Some(shown) => error.with_second(shown),
                None => error,
            });
        }
        let order = self.order_of(left, right);
        use std::cmp::Ordering::{Equal, Greater, Less};
        Ok(Value::Boolean(match operator {
            Operator::Less => order == Some(Less),
            Operator::LessEqual => matches!(order, Some(Less | Equal)),
            Operator::Greater => order == Some(Greater),
            _ => matches!(order, Some(Greater | Equal)),
        }))
    }

    /// Compares two numbers, or two strings by their UTF-16 units; `None` where a number is none.
    pub(super) fn order_of(&self, left: Value<'a>, right: Value<'a>) -> Option<std::cmp::Ordering> {
        if let (Some(left), Some(right)) = (self.number(left), self.number(right)) {
            return left.partial_cmp(&right);
        }
        let (left, right) = (self.string(left)?, self.string(right)?);
        Some(compare_units(left, right))
    }

    pub(super) fn equality(&mut self, left: Value<'a>, right: Value<'a>) -> Result<bool, Error> {
        Ok(!left.is_nothing() && !right.is_nothing() && self.equal(left, right)?)
    }

    /// Says whether two values are equal, to their depth.
    pub(super) fn equal(&mut self, left: Value<'a>, right: Value<'a>) -> Result<bool, Error> {
        let (of_left, of_right) = (self.kind(left), self.kind(right));
        if of_left != of_right {
            return Ok(false);
        }
        Ok(match of_left {
            Kind::Nothing | Kind::Null => true,
            Kind::Boolean => self.boolean(left) == self.boolean(right),
            Kind::Number => self.number(left) == self.number(right),
            Kind::String => self.string(left) == self.string(right),
            Kind::Function => same_function(left, right),
            Kind::Array => {
                if self.count(left) != self.count(right) {
                    return Ok(false);
                }
                self.descend()?;
                self.spend(self.count(left))?;
                let mut pairs = self.items(left).zip(self.items(right));
                let mut equal = true;
                while let (true, Some((left, right))) = (equal, pairs.next()) {
                    equal = self.equal(left, right)?;
                }
                self.ascend();
                equal
            }
            Kind::Object => self.equal_objects(left, right)?,
        })
    }

    fn equal_objects(&mut self, left: Value<'a>, right: Value<'a>) -> Result<bool, Error> {
        if let (Value::Json(left), Value::Json(right)) = (left, right)
            && (left == right || self.view.count(left).max(self.view.count(right)) > SEARCHED_MEMBERS_MAX)
        {
            self.spend((self.view.len(left) + self.view.len(right)) / COMPARED_BYTES_PER_UNIT)?;
            return Ok(self.view.equal(left, right));
        }
        let mut members = self.members(left);
        self.descend()?;
        while let Some((key, value)) = members.next(self) {
            self.spend(1)?;
            let equal = match self.member(right, key) {
                Some(other) => self.equal(value, other)?,
                None => false,
            };
            // Of two members of the heap with one name the last counts.
            let is_last = |value| match (value, self.member(left, key)) {
                (Value::Json(value), Some(Value::Json(last))) => value == last,
                _ => true,
            };
            if !equal && is_last(value) {
                self.ascend();
                return Ok(false);
            }
        }
        self.ascend();
        let (of_left, of_right) = (self.count_members(left), self.count_members(right));
        Ok(of_left == of_right || self.count_names(left) == self.count_names(right))
    }

    /// Returns how many different names an object has.
    fn count_names(&self, object: Value<'a>) -> usize {
        let Value::Json(_) = object else {
            return self.count_members(object);
        };
        let (mut members, mut count) = (self.members(object), 0);
        while let Some((key, value)) = members.next(self) {
            let last = self.member(object, key);
            count += usize::from(
                matches!((value, last), (Value::Json(value), Some(Value::Json(last))) if value == last),
            );
        }
        count
    }

    /// `in`: only scalars are found.
    fn includes(&mut self, left: Value<'a>, right: Value<'a>) -> Result<bool, Error> {
        if left.is_nothing() || right.is_nothing() {
            return Ok(false);
        }
        self.spend(2 * self.count(right))?;
        let kind = self.kind(left);
        for item in self.items(right) {
            let found = match kind {
                Kind::Array | Kind::Object => same_place(left, item),
                _ => self.kind(item) == kind && self.equal(left, item)?,
            };
            if found {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn range(&mut self, left: Value<'a>, right: Value<'a>) -> Result<Value<'a>, Error> {
        let mut end = |value: Value<'a>, code| match self.number(value) {
            Some(number) if number.fract() == 0.0 => Ok(Some(number)),
            None if value.is_nothing() => Ok(None),
            _ => Err(self.with_value(Error::new(code), value)),
        };
        let (from, to) = (end(left, "T2003")?, end(right, "T2004")?);
        let (Some(from), Some(to)) = (from, to) else {
            return Ok(Value::Nothing);
        };
        if from > to {
            return Ok(Value::Nothing);
        }
        let count = to - from + 1.0;
        if count > RANGE_MAX {
            return Err(Error::new("D2014").with_value(count));
        }
        let count = count as usize;
        self.take_elements(count)?;
        self.spend(count / RANGE_PER_UNIT)?;
        let items = self
            .arena
            .alloc_slice_fill_with(count, |index| Value::Number(from + index as f64));
        Ok(self.array_of(items, flag::SEQUENCE))
    }

    /// Makes an array of the values of its parts: arrays are taken apart, those of constructors are not.
    pub(super) fn array(&mut self, parts: u32, constructs: bool) -> Result<(), Error> {
        let nested = &self.code.flags[parts as usize];
        let bottom = self.stack.len() - nested.len();
        let flags = if constructs { flag::CONSTRUCTED } else { 0 };
        let (mut total, mut spread) = (0, 0);
        for (at, &nested) in nested.iter().enumerate() {
            let value = self.stack[bottom + at];
            if !nested && self.is_array(value) {
                spread += 1;
                total += self.count(value);
            } else if !value.is_nothing() {
                total += 1;
            }
        }
        if let (1, 1, Value::Array(array)) = (nested.len(), spread, self.top()) {
            // One array that is taken apart has its elements already.
            let value = self.array_of(array.items, flags);
            self.set_top(value);
            return Ok(());
        }
        self.take_elements(total + 1)?;
        self.spend(total)?;
        let mut items = bumpalo::collections::Vec::with_capacity_in(total, self.arena);
        for (at, &nested) in nested.iter().enumerate() {
            let value = self.stack[bottom + at];
            if !nested && self.is_array(value) {
                items.extend(self.items(value));
            } else if !value.is_nothing() {
                items.push(value);
            }
        }
        self.stack.truncate(bottom);
        let value = self.array_of(items.into_bump_slice(), flags);
        self.stack.push(value);
        Ok(())
    }

    pub(super) fn begin_object(&mut self) -> Result<(), Error> {
        let context = self.context;
        if self.is_array(context) {
            self.context = self.appended(context)?;
        }
        let bottom = self.stack.len();
        self.frames.push(Frame::Object { context, bottom });
        Ok(())
    }

    /// Returns the elements of an array appended to each other, as a grouping under one key has them.
    fn appended(&mut self, array: Value<'a>) -> Result<Value<'a>, Error> {
        match self.count(array) {
            0 => Ok(Value::Nothing),
            1 => Ok(self.element(array, 0).unwrap_or(Value::Nothing)),
            _ => {
                let mut all = Value::Nothing;
                let bottom = self.stack.len();
                self.spend(self.count(array))?;
                for item in self.items(array) {
                    match (all.is_nothing(), self.is_array(item)) {
                        (true, _) => all = item,
                        (false, true) => self.stack.extend(self.items(item)),
                        (false, false) if item.is_nothing() => {}
                        (false, false) => self.stack.push(item),
                    }
                }
                self.append_stack(all, bottom)
            }
        }
    }

    /// Appends what stands on the stack from `bottom` on to a value.
    pub(super) fn append_stack(&mut self, first: Value<'a>, bottom: usize) -> Result<Value<'a>, Error> {
        if self.stack.len() == bottom {
            return Ok(first);
        }
        let count = self.count(first);
        let items = self.elements(first);
        self.stack.extend(items);
        self.stack[bottom..].rotate_right(count);
        self.array_from_stack(bottom, 0)
    }

    pub(super) fn end_object(&mut self, shape: u32) -> Result<(), Error> {
        let Some(Frame::Object { context, bottom }) = self.frames.pop() else {
            return Err(Error::internal("unbalanced frames"));
        };
        self.context = context;
        let shape = &self.code.shapes[shape as usize];
        let object = self.make_object(shape.keys.len())?;
        for (at, (name, &key)) in shape.names.iter().zip(&shape.keys).enumerate() {
            let value = self.stack[bottom + at];
            if !value.is_nothing() {
                self.take(MEMBER_BYTES)?;
                object.push(name, Some(self.code.linked[key as usize]), value);
            }
        }
        self.stack.truncate(bottom);
        self.stack.push(Value::Object(object));
        Ok(())
    }
}

/// Compares two texts by their UTF-16 units.
pub(in crate::jsonata) fn compare_units(left: &str, right: &str) -> std::cmp::Ordering {
    let mut shared = shared_bytes(left.as_bytes(), right.as_bytes());
    match (left.as_bytes().get(shared), right.as_bytes().get(shared)) {
        (Some(left), Some(right)) if *left < 0xEE && *right < 0xEE => left.cmp(right),
        (Some(_), Some(_)) => {
            // What is shared may end within a character.
            while !left.is_char_boundary(shared) {
                shared -= 1;
            }
            let units = left[shared..].encode_utf16();
            units.cmp(right[shared..].encode_utf16())
        }
        _ => left.len().cmp(&right.len()),
    }
}

/// Returns how many bytes are the same at the beginning of both.
fn shared_bytes(left: &[u8], right: &[u8]) -> usize {
    const BLOCK: usize = 32;
    let blocks = left.chunks_exact(BLOCK).zip(right.chunks_exact(BLOCK));
    let start = BLOCK * blocks.take_while(|(left, right)| left == right).count();
    let rest = left[start..].iter().zip(&right[start..]);
    start + rest.take_while(|(left, right)| left == right).count()
}

fn same_place<'a>(left: Value<'a>, right: Value<'a>) -> bool {
    match (left, right) {
        (Value::Json(left), Value::Json(right)) => left == right,
        (Value::Array(left), Value::Array(right)) => std::ptr::eq(left, right),
        (Value::Object(left), Value::Object(right)) => std::ptr::eq(left, right),
        _ => false,
    }
}

fn same_function<'a>(left: Value<'a>, right: Value<'a>) -> bool {
    match (left, right) {
        (Value::Builtin(left), Value::Builtin(right)) => left == right,
        (Value::Function(left), Value::Function(right)) => std::ptr::eq(left, right),
        _ => false,
    }
}
