//! Order-by clauses, and the sort that `$sort` uses too: stable, by merging.

use super::value::{Environment, Kind, Value};
use super::{Error, Machine};
use crate::jsonata::code::SortCode;

/// How two elements are compared.
#[derive(Clone, Copy)]
pub(super) enum Comparator<'a, 'c> {
    /// By the terms of an order-by clause.
    Terms(&'c SortCode),
    /// By a function that says whether they are out of order.
    Function(Value<'a>),
    /// By their values: numbers, or strings.
    Natural,
}

impl<'a> Machine<'a, '_> {
    /// Sorts the elements of a value by an order-by clause.
    pub(super) fn order(&mut self, input: Value<'a>, sort: u32) -> Result<Value<'a>, Error> {
        let code = self.code;
        let sort = &code.sorts[sort as usize];
        let (context, environment) = (self.context, self.environment);
        let value = self.sorted(input, Comparator::Terms(sort))?;
        (self.context, self.environment) = (context, environment);
        Ok(value)
    }

    /// Sorts the elements of an array; one of at most one element is returned as it is.
    pub(super) fn sorted(&mut self, input: Value<'a>, by: Comparator<'a, '_>) -> Result<Value<'a>, Error> {
        let count = self.count(input);
        if count <= 1 {
            return Ok(input);
        }
        self.take_elements(2 * count)?;
        let bottom = self.stack.len();
        let items = self.items(input);
        self.stack.extend(items);
        let items = self.arena.alloc_slice_copy(&self.stack[bottom..]);
        self.stack.truncate(bottom);
        let spare = self.arena.alloc_slice_copy(items);
        self.merge_sort(items, spare, by)?;
        Ok(self.array_of(items, 0))
    }

    /// Sorts `items`; `spare` holds the same. Recursion is as deep as the logarithm of the count.
    fn merge_sort(
        &mut self,
        items: &mut [Value<'a>],
        spare: &mut [Value<'a>],
        by: Comparator<'a, '_>,
    ) -> Result<(), Error> {
        if items.len() <= 1 {
            return Ok(());
        }
        let middle = items.len() / 2;
        self.merge_sort(&mut spare[..middle], &mut items[..middle], by)?;
        self.merge_sort(&mut spare[middle..], &mut items[middle..], by)?;
        let (left, right) = spare.split_at(middle);
        let (mut at_left, mut at_right) = (0, 0);
        for place in items.iter_mut() {
            let take_right = match (left.get(at_left), right.get(at_right)) {
                (Some(&left), Some(&right)) => self.is_out_of_order(left, right, by)?,
                (None, _) => true,
                _ => false,
            };
            if take_right {
                *place = right[at_right];
                at_right += 1;
            } else {
                *place = left[at_left];
                at_left += 1;
            }
        }
        Ok(())
    }

    fn is_out_of_order(
        &mut self,
        left: Value<'a>,
        right: Value<'a>,
        by: Comparator<'a, '_>,
    ) -> Result<bool, Error> {
        self.spend(1)?;
        match by {
            Comparator::Natural => Ok(self.order_of(left, right) == Some(std::cmp::Ordering::Greater)),
            Comparator::Function(function) => {
                let result = self.apply(function, &[left, right])?;
                Ok(self.is_truthy(result))
            }
            Comparator::Terms(sort) => {
                let environment = self.environment;
                let order = self.compare_by_terms(left, right, sort, environment);
                self.environment = environment;
                Ok(order? == std::cmp::Ordering::Greater)
            }
        }
    }

    fn compare_by_terms(
        &mut self,
        left: Value<'a>,
        right: Value<'a>,
        sort: &SortCode,
        environment: &'a Environment<'a>,
    ) -> Result<std::cmp::Ordering, Error> {
        use std::cmp::Ordering::{Equal, Greater, Less};
        for term in &sort.terms {
            let mut key = |item| {
                self.enter_item(item, sort.scope, environment)?;
                let (context, inner) = (self.context, self.environment);
                self.run_part(term.body, context, inner)
            };
            let (a, b) = (key(left)?, key(right)?);
            let order = match (self.kind(a), self.kind(b)) {
                (Kind::Nothing, Kind::Nothing) => continue,
                (Kind::Nothing, _) => return Ok(Greater),
                (_, Kind::Nothing) => return Ok(Less),
                (Kind::Number, Kind::Number) | (Kind::String, Kind::String) => {
                    // What cannot be compared (NaN) counts as greater.
                    self.order_of(a, b).unwrap_or(Greater)
                }
                (of_a, of_b) => return Err(self.unsortable(sort, (a, of_a), (b, of_b))),
            };
            if order != Equal {
                return Ok(if term.descending { order.reverse() } else { order });
            }
        }
        Ok(Equal)
    }

    fn unsortable(&mut self, sort: &SortCode, left: (Value<'a>, Kind), right: (Value<'a>, Kind)) -> Error {
        let sortable = |kind| matches!(kind, Kind::Number | Kind::String);
        if !sortable(left.1) || !sortable(right.1) {
            let blamed = if sortable(left.1) { right.0 } else { left.0 };
            return self.with_value(Error::new("T2008").at(sort.position), blamed);
        }
        let error = self.with_value(Error::new("T2007").at(sort.position), left.0);
        match self.shown(right.0) {
            Some(shown) => error.with_second(shown),
            None => error,
        }
    }
}
