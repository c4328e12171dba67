//! Operators, and the functions that need no more than their operands.

use super::operand::{Operand, Parts};
use super::{ELEMENTS_MAX, Quick};
use crate::jsonata::builtin;
use crate::jsonata::code::Operator;
use crate::jsonata::evaluate::compare_units;
use crate::jsonata::function::number;
use crate::value::{Kind, ValueRef};
use std::cmp::Ordering;

/// A number of so many bytes, if it has nothing but digits, is written as it stands.
const PLAIN_NUMBER_BYTES_MAX: usize = 15;

/// The most members of objects that are merged.
const MERGED_MEMBERS_MAX: usize = 64;

/// A function that is done here, called with one argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Native {
    Boolean,
    Count,
    Exists,
    Merge,
    Not,
    String,
    Sum,
}

impl Native {
    /// Returns the function that a call of a built-in function is.
    pub(super) fn of(id: u16, count: u16) -> Option<Native> {
        const IDS: [(u16, Native); 7] = [
            (builtin::number_of("boolean"), Native::Boolean),
            (builtin::number_of("count"), Native::Count),
            (builtin::number_of("exists"), Native::Exists),
            (builtin::number_of("merge"), Native::Merge),
            (builtin::number_of("not"), Native::Not),
            (builtin::number_of("string"), Native::String),
            (builtin::number_of("sum"), Native::Sum),
        ];
        let (_, native) = IDS.iter().find(|(known, _)| *known == id)?;
        (count == 1).then_some(*native)
    }
}

impl Quick<'_> {
    pub(super) fn binary(&mut self, operator: Operator, left: Operand, right: Operand) -> Option<Operand> {
        match operator {
            Operator::Equal => self.equality(left, right).map(Operand::boolean),
            Operator::Unequal => {
                let is_there = self.kind(left).is_some() && self.kind(right).is_some();
                let equal = self.equality(left, right)?;
                Some(Operand::boolean(is_there && !equal))
            }
            Operator::Less | Operator::LessEqual | Operator::Greater | Operator::GreaterEqual => {
                self.compare(operator, left, right)
            }
            Operator::Concat => self.join(left, right),
            Operator::In => self.includes(left, right).map(Operand::boolean),
            Operator::Range => None,
            _ => self.calculate(operator, left, right),
        }
    }

    fn calculate(&mut self, operator: Operator, left: Operand, right: Operand) -> Option<Operand> {
        let (left, right) = (self.number(left)?, self.number(right)?);
        let result = match operator {
            Operator::Add => left + right,
            Operator::Subtract => left - right,
            Operator::Multiply => left * right,
            Operator::Divide => left / right,
            _ => left % right,
        };
        result.is_finite().then_some(Operand::Number(result))
    }

    pub(super) fn negated(&mut self, operand: Operand) -> Option<Operand> {
        match operand {
            Operand::Nothing => Some(Operand::Nothing),
            _ => self.number(operand).map(|number| Operand::Number(-number)),
        }
    }

    fn compare(&mut self, operator: Operator, left: Operand, right: Operand) -> Option<Operand> {
        let order = match (self.kind(left)?, self.kind(right)?) {
            (Kind::Number, Kind::Number) => self.number(left)?.partial_cmp(&self.number(right)?)?,
            (Kind::String, Kind::String) => self.order_of_texts(left, right)?,
            _ => return None,
        };
        Some(Operand::boolean(match operator {
            Operator::Less => order == Ordering::Less,
            Operator::LessEqual => order != Ordering::Greater,
            Operator::Greater => order == Ordering::Greater,
            _ => order != Ordering::Less,
        }))
    }

    fn order_of_texts(&mut self, left: Operand, right: Operand) -> Option<Ordering> {
        let (Operand::Json(left), Operand::Json(right)) = (left, right) else {
            return None;
        };
        let (left, right) = (self.view.string(left)?, self.view.string(right)?);
        self.count_read(left.escaped().len() + right.escaped().len())?;
        Some(compare_units(left.plain()?, right.plain()?))
    }

    /// Says whether two scalars are equal; nothing equals nothing else.
    fn equality(&mut self, left: Operand, right: Operand) -> Option<bool> {
        let (Some(of_left), Some(of_right)) = (self.kind(left), self.kind(right)) else {
            return Some(false);
        };
        if of_left != of_right {
            return Some(false);
        }
        match of_left {
            Kind::Null => Some(true),
            Kind::Boolean => Some(self.truth(left)? == self.truth(right)?),
            Kind::Number => Some(self.number(left)? == self.number(right)?),
            Kind::String => self.equal_texts(left, right),
            Kind::Array | Kind::Object => None,
        }
    }

    fn equal_texts(&mut self, left: Operand, right: Operand) -> Option<bool> {
        let (Operand::Json(left), Operand::Json(right)) = (left, right) else {
            return None;
        };
        let left = self.view.string(left)?.plain_bytes()?;
        let right = self.view.string(right)?.plain_bytes()?;
        self.count_read(left.len() + right.len())?;
        Some(left == right)
    }

    /// `in`: whether a scalar is one of some.
    fn includes(&mut self, left: Operand, right: Operand) -> Option<bool> {
        if matches!(left, Operand::Nothing) || matches!(right, Operand::Nothing) {
            return Some(false);
        }
        if let Operand::Array(parts) = right {
            return self.is_among(left, parts);
        }
        let Operand::Json(array) = right else {
            return None;
        };
        if !self.is_short_array(array) {
            return None;
        }
        for element in self.view.elements(array) {
            self.units += 1;
            if self.equality(left, Operand::Json(element))? {
                return Some(true);
            }
        }
        Some(false)
    }

    fn is_short_array(&self, value: ValueRef) -> bool {
        self.view.kind(value) == Kind::Array && self.view.count_capped(value) <= ELEMENTS_MAX
    }

    fn is_among(&mut self, left: Operand, parts: Parts) -> Option<bool> {
        for at in parts.first..parts.first + parts.count {
            self.units += 1;
            if self.equality(left, self.scratch.parts[at as usize])? {
                return Some(true);
            }
        }
        Some(false)
    }

    /// `&`: notes a text more behind those of the left side.
    fn join(&mut self, left: Operand, right: Operand) -> Option<Operand> {
        let joined = match left {
            // What was noted last can be added to.
            Operand::Joined(parts) if (parts.first + parts.count) as usize == self.scratch.parts.len() => {
                parts
            }
            _ => {
                let (first, left) = (self.scratch.parts.len() as u32, self.as_text(left)?);
                self.scratch.parts.push(left);
                Parts { first, count: 1 }
            }
        };
        let right = self.as_text(right)?;
        self.scratch.parts.push(right);
        Some(Operand::Joined(Parts {
            count: joined.count + 1,
            ..joined
        }))
    }

    /// Returns what has the text that an operand is in a string.
    fn as_text(&mut self, operand: Operand) -> Option<Operand> {
        if let Operand::Json(value) = operand
            && let Some(text) = self.view.string(value)
        {
            self.count_read(text.plain_bytes()?.len())?;
            return Some(operand);
        }
        match operand {
            Operand::Nothing | Operand::Text { .. } | Operand::Joined(_) => Some(operand),
            Operand::Number(number) => Some(self.written(number)),
            Operand::Json(value) => match self.view.kind(value) {
                Kind::Null | Kind::Boolean => Some(operand),
                Kind::Number if self.is_plain_number(value) => Some(operand),
                Kind::Number if self.view.len(value) <= PLAIN_NUMBER_BYTES_MAX => {
                    let number = self.number(operand)?;
                    Some(self.written(number))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Says whether a number stands there as it is written.
    fn is_plain_number(&self, value: ValueRef) -> bool {
        let text = self.view.text(value).unwrap_or_default();
        text.len() <= PLAIN_NUMBER_BYTES_MAX && text.iter().all(u8::is_ascii_digit)
    }

    fn written(&mut self, number: f64) -> Operand {
        let text = &mut self.scratch.text;
        let start = text.len() as u32;
        // Writing to a String cannot fail.
        let _ = number::write_string(text, number);
        Operand::Text {
            start,
            end: text.len() as u32,
        }
    }

    /// Calls a function with what is on top of the stack.
    pub(super) fn call(&mut self, native: Native) -> Option<Operand> {
        let argument = self.pop()?;
        match (native, argument) {
            (Native::Exists, _) => Some(Operand::boolean(!matches!(argument, Operand::Nothing))),
            (Native::Count, Operand::Nothing) => Some(Operand::Number(0.0)),
            (_, Operand::Nothing) => Some(Operand::Nothing),
            (Native::Boolean, _) => self.truth(argument).map(Operand::boolean),
            (Native::Not, _) => self.truth(argument).map(|truth| Operand::boolean(!truth)),
            (Native::Count, _) => self.count(argument),
            (Native::Sum, _) => self.sum(argument),
            (Native::String, _) => match self.kind(argument)? {
                Kind::String => Some(argument),
                _ => self.join(argument, Operand::Nothing),
            },
            (Native::Merge, Operand::Array(parts)) => self.merge(parts),
            (Native::Merge, _) => None,
        }
    }

    fn count(&mut self, operand: Operand) -> Option<Operand> {
        let count = match operand {
            Operand::Array(parts) => parts.count as usize,
            Operand::Json(value) if self.view.kind(value) == Kind::Array => {
                self.units += self.view.count_capped(value) / super::ENTRIES_PER_UNIT;
                self.view.count(value)
            }
            _ => 1,
        };
        Some(Operand::Number(count as f64))
    }

    fn sum(&mut self, operand: Operand) -> Option<Operand> {
        let mut total = 0.0;
        match operand {
            Operand::Array(parts) => {
                for part in self.scratch.of(parts) {
                    total += self.number(*part)?;
                }
                self.units += parts.count as usize;
            }
            Operand::Json(array) if self.is_short_array(array) => {
                for element in self.view.elements(array) {
                    total += self.number(Operand::Json(element))?;
                }
                self.units += self.view.count_capped(array);
            }
            _ => return None,
        }
        total.is_finite().then_some(Operand::Number(total))
    }

    fn merge(&mut self, parts: Parts) -> Option<Operand> {
        let mut members = 0;
        for part in self.scratch.of(parts) {
            members += match *part {
                Operand::Json(value) if self.view.kind(value) == Kind::Object => self.view.count(value),
                Operand::Object { shape, .. } => self.request.code.shapes[shape as usize].keys.len(),
                _ => return None,
            };
        }
        self.units += 2 * members;
        if members > MERGED_MEMBERS_MAX || parts.count == 0 {
            return None;
        }
        // Each name is compared with the others, and one with escapes is decoded each time: long ones are the machine's.
        for index in 0..parts.count as usize {
            let Operand::Json(object) = self.scratch.of(parts)[index] else {
                continue;
            };
            for (name, _) in self.view.members(object) {
                let times = match self.view.string(name)?.plain_bytes() {
                    Some(_) => 1,
                    None => members,
                };
                self.count_read(times * self.view.len(name))?;
            }
        }
        Some(Operand::Merged(parts))
    }
}
