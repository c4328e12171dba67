//! Tuple streams: steps that bind a focus (`@`), an index (`#`) or the ancestor that a `%` means.
//!
//! A tuple is a value with a row of slots, one for each such name of the whole expression.

use std::cell::Cell;

use super::value::{Environment, Tuple, Value, flag};
use super::{Error, Machine};
use crate::jsonata::code::StageCode;

impl<'a> Machine<'a, '_> {
    /// Makes an environment of what a tuple has bound; an empty one of anything else.
    pub(super) fn tuple_environment(
        &mut self,
        item: Value<'a>,
        slots: u32,
        outer: &'a Environment<'a>,
    ) -> Result<&'a Environment<'a>, Error> {
        let environment = self.environment(slots as usize, outer)?;
        if let Value::Tuple(tuple) = item {
            for (slot, value) in environment.slots.iter().zip(tuple.slots) {
                slot.set(*value);
            }
        }
        Ok(environment)
    }

    fn tuple(&mut self, value: Value<'a>, slots: &[Value<'a>]) -> Result<Value<'a>, Error> {
        self.take(24 * slots.len() + 40)?;
        let slots = self.arena.alloc_slice_copy(slots);
        Ok(Value::Tuple(self.arena.alloc(Tuple {
            value: Cell::new(value),
            slots,
        })))
    }

    /// Replaces a path's tuples, or its first input, by the tuples of one more step.
    pub(super) fn tuple_step(&mut self, step: u32) -> Result<(), Error> {
        let code = self.code;
        let step = &code.tuple_steps[step as usize];
        let input = self.pop();
        let bottom = self.stack.len();
        let (context, environment) = (self.context, self.environment);
        let items = if self.is_array(input) {
            self.items(input)
        } else {
            self.items(Value::Nothing)
        };
        for item in items {
            let item = match item {
                Value::Tuple(_) if !step.first => item,
                _ => {
                    let empty = vec_of_unbound(self, usize::from(code.tuple_slots));
                    self.tuple(item, empty)?
                }
            };
            let Value::Tuple(tuple) = item else { continue };
            self.enter_item(item, step.scope, environment)?;
            let (inner_context, inner) = (self.context, self.environment);
            let result = self.run_part(step.body, inner_context, inner)?;
            let nested = self.has(result, flag::TUPLES);
            self.spend(self.count(result))?;
            for (index, found) in self.elements(result).enumerate() {
                let row = self.arena.alloc_slice_copy(tuple.slots);
                let mut value = found;
                if let (true, Value::Tuple(inner)) = (nested, found) {
                    for (slot, bound) in row.iter_mut().zip(inner.slots) {
                        if !matches!(bound, Value::Unbound) {
                            *slot = *bound;
                        }
                    }
                    value = inner.value.get();
                } else {
                    if let Some(focus) = step.focus {
                        row[usize::from(focus)] = found;
                        value = tuple.value.get();
                    }
                    if let Some(slot) = step.index {
                        row[usize::from(slot)] = Value::Number(index as f64);
                    }
                    if let Some(slot) = step.ancestor {
                        row[usize::from(slot)] = tuple.value.get();
                    }
                }
                let found = self.tuple(value, row)?;
                self.stack.push(found);
            }
        }
        (self.context, self.environment) = (context, environment);
        let tuples = self.array_from_stack(bottom, flag::SEQUENCE | flag::TUPLES)?;
        let tuples = self.stages(tuples, &step.stages)?;
        self.stack.push(tuples);
        Ok(())
    }

    /// Sorts tuples, or makes tuples of what was sorted.
    pub(super) fn tuple_sort(&mut self, step: u32) -> Result<(), Error> {
        let code = self.code;
        let step = &code.tuple_steps[step as usize];
        let input = self.pop();
        let Some(sort) = step.sort else { return Ok(()) };
        let mut sorted = self.order(input, sort)?;
        if step.first {
            let bottom = self.stack.len();
            for (index, item) in self.items(sorted).enumerate() {
                let row = vec_of_unbound(self, usize::from(code.tuple_slots));
                if let Some(slot) = step.index {
                    row[usize::from(slot)] = Value::Number(index as f64);
                }
                let tuple = self.tuple(item, row)?;
                self.stack.push(tuple);
            }
            sorted = self.array_from_stack(bottom, flag::SEQUENCE | flag::TUPLES)?;
        }
        let sorted = self.stages(sorted, &step.stages)?;
        self.stack.push(sorted);
        Ok(())
    }

    fn stages(&mut self, mut value: Value<'a>, stages: &[StageCode]) -> Result<Value<'a>, Error> {
        for stage in stages {
            value = match *stage {
                StageCode::Number(number) => self.filter_index(value, number)?,
                StageCode::Filter { body, scope } => self.filter_by(value, body, scope)?,
                StageCode::Index(slot) => {
                    let tuples = self.has(value, flag::TUPLES);
                    let bottom = self.stack.len();
                    for (index, item) in self.items(value).enumerate() {
                        let Value::Tuple(tuple) = item else { continue };
                        let row = self.arena.alloc_slice_copy(tuple.slots);
                        row[usize::from(slot)] = Value::Number(index as f64);
                        let tuple = self.tuple(tuple.value.get(), row)?;
                        self.stack.push(tuple);
                    }
                    let flags = if tuples { flag::TUPLES } else { 0 };
                    self.array_from_stack(bottom, flag::SEQUENCE | flags)?
                }
            };
        }
        Ok(value)
    }

    /// Selects by a predicate, by calling it.
    fn filter_by(&mut self, input: Value<'a>, body: u32, scope: u32) -> Result<Value<'a>, Error> {
        let flags = if self.has(input, flag::TUPLES) {
            flag::TUPLES
        } else {
            0
        };
        let count = if self.is_array(input) {
            self.count(input)
        } else {
            1
        };
        let bottom = self.stack.len();
        let (context, environment) = (self.context, self.environment);
        for (index, item) in self.items(input).enumerate() {
            self.enter_item(item, scope, environment)?;
            let (inner_context, inner) = (self.context, self.environment);
            let result = self.run_part(body, inner_context, inner)?;
            self.select(result, index, count, item)?;
        }
        (self.context, self.environment) = (context, environment);
        self.array_from_stack(bottom, flag::SEQUENCE | flags)
    }

    /// Replaces tuples by their values.
    pub(super) fn tuple_values(&mut self) -> Result<(), Error> {
        let input = self.pop();
        let bottom = self.stack.len();
        for item in self.elements(input) {
            self.stack.push(match item {
                Value::Tuple(tuple) => tuple.value.get(),
                _ => item,
            });
        }
        let values = self.array_from_stack(bottom, flag::SEQUENCE)?;
        self.stack.push(values);
        Ok(())
    }
}

fn vec_of_unbound<'a>(machine: &Machine<'a, '_>, count: usize) -> &'a mut [Value<'a>] {
    machine.arena.alloc_slice_fill_copy(count, Value::Unbound)
}
