//! Objects made of the members of others.

use super::node::{Kind, ValueRef, meta};
use super::{Heap, Store};

impl Store<'_> {
    /// Adds an object with these keys, which must differ, and values; a member whose value is [`ValueRef::NONE`] is left
    /// out.
    pub fn object_with(&mut self, keys: impl Iterator<Item = ValueRef>, values: &[ValueRef]) -> ValueRef {
        let start = self.heap.slots.len();
        for (key, &value) in keys.zip(values) {
            if !value.is_none() {
                self.heap.slots.extend([key, value]);
            }
        }
        self.finish_parts(meta::BUILT_OBJECT, start)
    }

    /// Adds an object with the members of several objects. Of members of one name the last counts, at the place of the
    /// first. Each is compared with those before it: for objects of few members.
    pub fn merged(&mut self, objects: &[ValueRef]) -> ValueRef {
        let start = self.heap.slots.len();
        for &object in objects {
            let from = self.heap.slots.len();
            self.copy_parts(object, Kind::Object);
            // What is copied first need not be compared, if its own names differ.
            if from > start || !self.names_differ(object) {
                self.take_in(start, from);
            }
        }
        self.finish_parts(meta::BUILT_OBJECT, start)
    }

    /// Says whether it is known that an object has no name twice.
    fn names_differ(&self, object: ValueRef) -> bool {
        self.view().is_plain(object)
    }

    /// Puts the members that stand behind `from` to those between `start` and `from`.
    fn take_in(&mut self, start: usize, from: usize) {
        let mut end = from;
        for at in (from..self.heap.slots.len()).step_by(2) {
            let (name, value) = (self.heap.slots[at], self.heap.slots[at + 1]);
            let known = (start..end).step_by(2).find(|&known| {
                let known = self.heap.slots[known];
                known == name || self.view().equal_strings(known, name)
            });
            let place = known.unwrap_or(end);
            let Heap { slots, .. } = &mut *self.heap;
            slots[place + 1] = value;
            if known.is_none() {
                slots[place] = name;
                end += 2;
            }
        }
        self.heap.slots.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_a_name_counts_at_the_place_of_the_first() {
        let cases: [(&[&str], &str); 6] = [
            (&[r#"{"a":1}"#], r#"{"a":1}"#),
            (&[r#"{"a":1,"b":2}"#, r#"{"a":3}"#], r#"{"a":3,"b":2}"#),
            (&["{}", r#"{"a":3}"#, "{}"], r#"{"a":3}"#),
            (
                &[r#"{"a":1}"#, r#"{"\u0061":[2],"b":3}"#, r#"{"c":4,"b":5}"#],
                r#"{"a":[2],"b":5,"c":4}"#,
            ),
            (
                &[r#"{"a":1,"b":2,"a":3}"#, r#"{"c":4}"#],
                r#"{"a":3,"b":2,"c":4}"#,
            ),
            (
                &[r#"{"c":4}"#, r#"{"a":1,"b":2,"\u0061":3}"#],
                r#"{"c":4,"a":3,"b":2}"#,
            ),
        ];
        for (objects, expected) in cases {
            let (mut heap, constants) = (Heap::new(), Heap::for_constants());
            let index = |object: &&str| heap.index(object.as_bytes()).expect("JSON");
            let objects: Vec<ValueRef> = objects.iter().map(index).collect();
            let merged = Store::new(&mut heap, &constants).merged(&objects);
            let view = super::super::View::new(&heap, &constants);
            assert_eq!(view.to_json(merged), expected);
            assert_eq!(view.len(merged), expected.len(), "{expected}");
            assert_eq!(view.count(merged), expected.matches(':').count(), "{expected}");
        }
    }

    #[test]
    fn what_has_no_value_is_left_out() {
        let (mut heap, constants) = (Heap::new(), Heap::for_constants());
        let mut store = Store::new(&mut heap, &constants);
        let keys = ["a", "b", "c"].map(|key| store.string(key));
        let values = [ValueRef::TRUE, ValueRef::NONE, ValueRef::NULL];
        let object = store.object_with(keys.into_iter(), &values);
        assert_eq!(store.view().to_json(object), r#"{"a":true,"c":null}"#);
    }
}
