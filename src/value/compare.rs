//! Deep equality of values.

use super::View;
use super::node::{Kind, ValueRef, meta};
use super::number::compare_numbers;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// The largest object in which each member is looked for from the beginning: with 40,000 members, which
/// fit a payload, that takes seconds.
const SEARCHED_MEMBERS_MAX: usize = 64;

impl<'a> View<'a> {
    /// Says whether two values are equal as JSON: numbers by value, strings decoded, objects without
    /// regard to the order of their keys.
    ///
    /// Recursion is bounded by the depth of the values.
    pub fn equal(self, a: ValueRef, b: ValueRef) -> bool {
        if a == b {
            return true;
        }
        let kind = self.kind(a);
        if kind != self.kind(b) {
            return false;
        }
        match kind {
            Kind::Null => true,
            Kind::Boolean => self.boolean(a) == self.boolean(b),
            Kind::Number => self.compare_number(a, b) == Some(Ordering::Equal),
            Kind::String => self.equal_strings(a, b),
            Kind::Array => {
                self.count(a) == self.count(b)
                    && self
                        .elements(a)
                        .zip(self.elements(b))
                        .all(|(x, y)| self.equal(x, y))
            }
            Kind::Object => self.equal_objects(a, b),
        }
    }

    /// Compares two numbers by value; `None` when one is not a number.
    pub fn compare_number(self, a: ValueRef, b: ValueRef) -> Option<Ordering> {
        Some(compare_numbers(self.number_text(a)?, self.number_text(b)?))
    }

    /// Compares a number with a constant whose [`super::plain_number`] is known; `None` when the value is not
    /// a number.
    #[inline]
    pub fn compare_plain(self, value: ValueRef, plain: Option<f64>, constant: ValueRef) -> Option<Ordering> {
        let text = self.number_text(value)?;
        match (super::number::plain_number(text), plain) {
            (Some(value), Some(plain)) => value.partial_cmp(&plain),
            _ => self.compare_number(value, constant),
        }
    }

    pub(super) fn equal_strings(self, a: ValueRef, b: ValueRef) -> bool {
        let (of_a, of_b) = (self.node(a), self.node(b));
        let escaped = (of_a.meta() | of_b.meta()) & meta::ESCAPED != 0;
        // Mostly their lengths tell.
        if !escaped && of_a.len() != of_b.len() {
            return false;
        }
        match (self.string(a), self.string(b)) {
            (Some(x), Some(y)) if escaped => x.decode() == y.decode(),
            (Some(x), Some(y)) => x.escaped() == y.escaped(),
            _ => false,
        }
    }

    fn equal_objects(self, a: ValueRef, b: ValueRef) -> bool {
        if self.count(a).max(self.count(b)) > SEARCHED_MEMBERS_MAX {
            let (a, b) = (self.named_members(a), self.named_members(b));
            let equal = |((k, x), (l, y)): ((_, &ValueRef), (_, &ValueRef))| k == l && self.equal(*x, *y);
            return a.len() == b.len() && a.iter().zip(&b).all(equal);
        }
        let same_order = self.count(a) == self.count(b)
            && self
                .members(a)
                .zip(self.members(b))
                .all(|((k, _), (l, _))| self.equal_strings(k, l));
        if same_order && !self.has_duplicate_keys(a) {
            return self
                .members(a)
                .zip(self.members(b))
                .all(|((_, x), (_, y))| self.equal(x, y));
        }
        self.includes(a, b) && self.includes(b, a)
    }

    /// Returns the members by name; of duplicate keys the last one.
    fn named_members(self, object: ValueRef) -> BTreeMap<Cow<'a, str>, ValueRef> {
        let members = self.members(object);
        members
            .filter_map(|(key, value)| Some((self.string(key)?.decode(), value)))
            .collect()
    }

    fn has_duplicate_keys(self, object: ValueRef) -> bool {
        self.members(object).any(|(key, value)| {
            self.string(key)
                .is_some_and(|name| self.member_named(object, &name.decode()) != Some(value))
        })
    }

    /// Says whether every member of `a` is in `b` with an equal value.
    fn includes(self, a: ValueRef, b: ValueRef) -> bool {
        self.members(a).all(|(key, _)| {
            let Some(name) = self.string(key) else {
                return false;
            };
            let name = name.decode();
            match (self.member_named(a, &name), self.member_named(b, &name)) {
                (Some(x), Some(y)) => self.equal(x, y),
                _ => false,
            }
        })
    }
}
