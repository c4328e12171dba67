//! Order-by clauses, and the sort that `$sort` uses too: stable, by merging.

use super::operate::compare_units;
use super::value::{Environment, Kind, Value};
use super::{Error, Machine};
use crate::jsonata::code::{SortCode, SortTerm};

/// What a comparison costs.
const COMPARE_UNITS: usize = 6;

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
        if let Comparator::Terms(sort) = by
            && let [term] = sort.terms[..]
            && let Some(items) = self.sorted_by_key(items, sort, term)?
        {
            return Ok(self.array_of(items, 0));
        }
        if let Comparator::Natural = by {
            let bottom = self.stack.len();
            self.stack.extend_from_slice(items);
            let order = self.order_of_keys(bottom, false);
            self.stack.truncate(bottom);
            if let Some(order) = order {
                self.spend(items.len() * (items.len().ilog2() as usize + 1))?;
                let sorted = order.iter().map(|&place| items[place as usize]);
                let items = self.arena.alloc_slice_fill_iter(sorted);
                return Ok(self.array_of(items, 0));
            }
        }
        let spare = self.arena.alloc_slice_copy(items);
        self.merge_sort(items, spare, by)?;
        Ok(self.array_of(items, 0))
    }

    /// Sorts by one term, whose value is found once for each element: numbers, or strings, or nothing. Returns nothing
    /// when the values are of several kinds or one cannot be had: which error is first depends on what is compared.
    fn sorted_by_key(
        &mut self,
        items: &[Value<'a>],
        sort: &SortCode,
        term: SortTerm,
    ) -> Result<Option<&'a [Value<'a>]>, Error> {
        let (context, environment) = (self.context, self.environment);
        let random = self.random;
        let bottom = self.stack.len();
        let mut found = Ok(());
        for &item in items {
            found = self.enter_item(item, sort.scope, environment);
            let (inner_context, inner) = (self.context, self.environment);
            match found.and_then(|()| self.run_part(term.body, inner_context, inner)) {
                Ok(key) => self.stack.push(key),
                Err(error) => {
                    found = Err(error);
                    break;
                }
            }
            found = Ok(());
        }
        (self.context, self.environment) = (context, environment);
        let order = found
            .ok()
            .and_then(|()| self.order_of_keys(bottom, term.descending));
        self.stack.truncate(bottom);
        let Some(order) = order else {
            // Comparing begins anew.
            self.random = random;
            return Ok(None);
        };
        // As many comparisons as merging makes.
        self.spend(items.len() * (items.len().ilog2() as usize + 1))?;
        let sorted = order.iter().map(|&place| items[place as usize]);
        Ok(Some(self.arena.alloc_slice_fill_iter(sorted)))
    }

    /// Returns in which order the elements stand whose keys are on the stack from `bottom` on.
    fn order_of_keys(&self, bottom: usize, descending: bool) -> Option<&'a [u32]> {
        use std::cmp::Ordering;
        let keys = &self.stack[bottom..];
        let places = self.arena.alloc_slice_fill_with(keys.len(), |place| place as u32);
        // Nothing stands behind all others, whichever the direction.
        fn ordered<K: Copy>(
            keys: &[Option<K>],
            places: &mut [u32],
            descending: bool,
            compare: impl Fn(&K, &K) -> Ordering,
        ) {
            // Sorted by the place last, so that equal ones stay; nothing is allocated so.
            places.sort_unstable_by(|&a, &b| {
                let order = match (&keys[a as usize], &keys[b as usize]) {
                    (Some(left), Some(right)) if descending => compare(right, left),
                    (Some(left), Some(right)) => compare(left, right),
                    (None, None) => Ordering::Equal,
                    (None, _) => Ordering::Greater,
                    (_, None) => Ordering::Less,
                };
                order.then(a.cmp(&b))
            });
        }
        let all = |kind| {
            let mut keys = keys.iter().map(|&key| self.kind(key));
            keys.all(|of_key| of_key == kind || of_key == Kind::Nothing)
        };
        if all(Kind::Number) {
            let numbers = self
                .arena
                .alloc_slice_fill_iter(keys.iter().map(|&key| self.number(key)));
            if numbers.iter().flatten().any(|number| number.is_nan()) {
                return None;
            }
            ordered(numbers, places, descending, |left, right| {
                left.partial_cmp(right).unwrap_or(Ordering::Equal)
            });
        } else if all(Kind::String) {
            let texts = self
                .arena
                .alloc_slice_fill_iter(keys.iter().map(|&key| self.string(key)));
            // What is compared costs too; a long text is compared with several others.
            let bytes: usize = texts.iter().flatten().map(|text| text.len()).sum();
            self.owe(bytes / 16 * (keys.len().ilog2() as usize + 1));
            ordered(texts, places, descending, |left, right| {
                compare_units(left, right)
            });
        } else {
            return None;
        }
        Some(places)
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
        self.spend(COMPARE_UNITS)?;
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
