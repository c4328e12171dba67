//! Predicates: by an index, by several, by truth.

use super::value::{Environment, Items, Value, flag};
use super::{Error, Frame, Machine};

/// A predicate that is evaluated for each element.
pub(super) struct Filter<'a> {
    items: Items<'a>,
    current: Value<'a>,
    index: usize,
    count: usize,
    bottom: usize,
    context: Value<'a>,
    environment: &'a Environment<'a>,
    /// Whether the elements are tuples.
    tuples: bool,
}

impl<'a> Machine<'a, '_> {
    /// Selects an element; an array that is the element is itself the result.
    pub(super) fn filter_index(&mut self, input: Value<'a>, number: f64) -> Result<Value<'a>, Error> {
        let tuples = if self.has(input, flag::TUPLES) {
            flag::TUPLES
        } else {
            0
        };
        let wrapped = !self.is_array(input);
        let count = if wrapped { 1 } else { self.count(input) };
        let index = number.floor();
        let index = if index < 0.0 { index + count as f64 } else { index };
        let found = match index >= 0.0 && index < count as f64 {
            true if wrapped => Some(input),
            true => self.element(input, index as usize),
            false => None,
        };
        match found {
            Some(array) if self.is_array(array) => Ok(array),
            Some(found) if !found.is_nothing() => self.make_array(&[found], flag::SEQUENCE | tuples),
            _ => self.make_array(&[], flag::SEQUENCE | tuples),
        }
    }

    pub(super) fn begin_filter(&mut self, exit: u32, scope: u32) -> Result<(), Error> {
        let input = self.pop();
        let mut items = self.items(input);
        let bottom = self.stack.len();
        let tuples = self.has(input, flag::TUPLES);
        let count = if self.is_array(input) {
            self.count(input)
        } else {
            1
        };
        let Some(current) = items.next() else {
            let flags = if tuples { flag::TUPLES } else { 0 };
            let empty = self.array_from_stack(bottom, flag::SEQUENCE | flags)?;
            self.stack.push(empty);
            self.pc = exit as usize;
            return Ok(());
        };
        let filter = Filter {
            items,
            current,
            index: 0,
            count,
            bottom,
            context: self.context,
            environment: self.environment,
            tuples,
        };
        self.enter_item(current, scope, filter.environment)?;
        self.frames.push(Frame::Filter(filter));
        Ok(())
    }

    /// Makes an element the context item; of a tuple its value, with an environment of what it has bound.
    pub(super) fn enter_item(
        &mut self,
        item: Value<'a>,
        scope: u32,
        outer: &'a Environment<'a>,
    ) -> Result<(), Error> {
        self.context = match item {
            Value::Tuple(tuple) => tuple.value.get(),
            _ => item,
        };
        if scope > 0 {
            self.environment = self.tuple_environment(item, scope, outer)?;
        }
        Ok(())
    }

    pub(super) fn end_filter(&mut self, body: u32, scope: u32) -> Result<(), Error> {
        let result = self.pop();
        let Some(Frame::Filter(filter)) = self.frames.last() else {
            return Err(Error::internal("unbalanced frames"));
        };
        let (index, count, current) = (filter.index, filter.count, filter.current);
        self.select(result, index, count, current)?;
        let Some(Frame::Filter(filter)) = self.frames.last_mut() else {
            return Err(Error::internal("unbalanced frames"));
        };
        if let Some(next) = filter.items.next() {
            filter.current = next;
            filter.index += 1;
            let outer = filter.environment;
            self.enter_item(next, scope, outer)?;
            self.pc = body as usize;
            return Ok(());
        }
        let (bottom, tuples) = (filter.bottom, filter.tuples);
        (self.context, self.environment) = (filter.context, filter.environment);
        self.frames.pop();
        let flags = if tuples { flag::TUPLES } else { 0 };
        let value = self.array_from_stack(bottom, flag::SEQUENCE | flags)?;
        self.stack.push(value);
        Ok(())
    }

    /// Pushes an element as often as a predicate's result selects it: numbers by its index, anything else by its truth.
    pub(super) fn select(
        &mut self,
        result: Value<'a>,
        index: usize,
        count: usize,
        element: Value<'a>,
    ) -> Result<(), Error> {
        let is_at = |number: f64| {
            let wanted = number.floor();
            let wanted = if wanted < 0.0 {
                wanted + count as f64
            } else {
                wanted
            };
            wanted == index as f64
        };
        match result {
            Value::Boolean(true) => self.stack.push(element),
            Value::Boolean(false) | Value::Nothing => {}
            _ => match self.numeric(result)? {
                Some(number) => {
                    if is_at(number) {
                        self.stack.push(element);
                    }
                }
                None if self.is_array(result) && self.all_numbers(result)? => {
                    self.spend(self.count(result))?;
                    for item in self.items(result) {
                        if self.number(item).is_some_and(is_at) {
                            self.stack.push(element);
                        }
                    }
                }
                None => {
                    if self.truth(result)? {
                        self.stack.push(element);
                    }
                }
            },
        }
        Ok(())
    }

    fn all_numbers(&mut self, array: Value<'a>) -> Result<bool, Error> {
        self.spend(self.count(array))?;
        for item in self.items(array) {
            if self.numeric(item)?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
