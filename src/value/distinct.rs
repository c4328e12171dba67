//! One member per name: finds values that have a name twice, and makes them anew without.
//!
//! A document keeps what its text has, since it is echoed as it came. Whatever part of it goes elsewhere is a tree to
//! AWS: dense, the last value of a name at the place of the first. Invariant: built objects have neither doubles nor
//! a document with blanks, as their parts went through [`Store::distinct`] before. Built arrays of results are looked
//! through all the same.

use super::node::{Kind, Node, ValueRef, meta};
use super::string::Str;
use super::{Heap, Store, View};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The longest array of branches' results, in bytes of dense JSON, that is looked through: twice a payload. What is
/// longer is refused at the state's end, and may share parts so often that nobody gets through.
const BYTES_MAX: usize = 2 * 262_144;

/// Most names that are compared each with each.
const COMPARED_MAX: usize = 16;

/// The entries of a heap that were looked through last, and found to have no doubles.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Verified {
    ranges: [(u32, u32); 4],
    next: usize,
}

impl Verified {
    fn covers(&self, entry: u32) -> bool {
        let has = |&(start, end): &(u32, u32)| start <= entry && entry < end;
        self.ranges.iter().any(has)
    }

    fn add(&mut self, start: u32, end: u32) {
        self.ranges[self.next] = (start, end);
        self.next = (self.next + 1) % self.ranges.len();
    }
}

impl Store<'_> {
    /// Returns a value as a tree has it: dense, and with one member for each name. It is the same value if it has
    /// that form.
    ///
    /// Costs a look at each member of a part of a document, unless it was looked at just before.
    #[inline]
    pub fn distinct(&mut self, value: ValueRef) -> ValueRef {
        if self.view().is_plain(value) {
            return value;
        }
        self.distinct_slowly(value)
    }

    /// As [`Heap::index`], for a text that is a value from now on and not a document to be echoed.
    ///
    /// # Errors
    /// As [`Heap::index`].
    pub fn index_tree(&mut self, text: &[u8]) -> Result<ValueRef, super::IndexError> {
        let root = self.heap.index(text)?;
        let node = self.heap.nodes[root.at()];
        if Heap::is_raw(node) {
            self.heap.raws.pop();
            self.heap.nodes[root.at()] = node.with_meta(node.meta() & !meta::RAW);
        }
        Ok(self.distinct(root))
    }

    #[inline(never)]
    fn distinct_slowly(&mut self, value: ValueRef) -> ValueRef {
        let node = self.heap.nodes[value.at()];
        if node.is_built() {
            return self.distinct_elements(value, node);
        }
        let (start, end) = (value.at() as u32, node.next());
        if node.kind() >= meta::ARRAY && !self.heap.verified.covers(start) {
            if self.heap.has_doubles(start, end) {
                return self.without_doubles(value);
            }
            self.heap.verified.add(start, end);
        }
        match Heap::is_raw(node) {
            true => self.without_original(value, node),
            false => value,
        }
    }

    /// Recursion is bounded by the value's depth, and the visits by its length.
    fn distinct_elements(&mut self, array: ValueRef, node: Node) -> ValueRef {
        if node.len() as usize > BYTES_MAX {
            return array;
        }
        let (start, count) = (node.start() as usize, node.next() as usize);
        let mut changed = Heap::is_raw(node).then(|| self.heap.slots[start..start + count].to_vec());
        for at in 0..count {
            let element = self.heap.slots[start + at];
            let distinct = self.distinct(element);
            if distinct != element {
                let elements = changed.get_or_insert_with(|| self.heap.slots[start..start + count].to_vec());
                elements[at] = distinct;
            }
        }
        changed.map_or(array, |elements| self.array(&elements))
    }

    #[cold]
    fn without_doubles(&mut self, value: ValueRef) -> ValueRef {
        let text = self.view().to_distinct_json(value);
        // What was indexed once can be indexed again, and a text without doubles is not longer.
        self.index(text.as_bytes()).unwrap_or(value)
    }

    /// Adds the value of a document that came with blanks, as a value without an original.
    fn without_original(&mut self, value: ValueRef, node: Node) -> ValueRef {
        match node.json_kind() {
            kind @ (Kind::Array | Kind::Object) => {
                let start = self.heap.slots.len();
                self.copy_parts(value, kind);
                let built = match kind {
                    Kind::Array => meta::BUILT_ARRAY,
                    _ => meta::BUILT_OBJECT,
                };
                self.finish_parts(built, start)
            }
            _ => {
                let next = self.heap.nodes.len() as u32 + 1;
                let kind = node.meta() & !meta::RAW;
                self.heap.push(Node::new(node.start(), node.end(), next, kind))
            }
        }
    }
}

impl View<'_> {
    /// Says whether [`Store::distinct`] has nothing to look at.
    #[inline]
    pub fn is_plain(self, value: ValueRef) -> bool {
        let node = self.node(value);
        if value.is_constant() {
            return true;
        }
        let clean = match node.kind() {
            meta::ARRAY | meta::OBJECT => self.heap(value).verified.covers(value.at() as u32),
            kind => kind < meta::ARRAY || kind == meta::BUILT_OBJECT,
        };
        clean && !Heap::is_raw(node)
    }

    /// Returns a value's dense JSON text as a new string, as [`View::to_json`], but with each name once; for messages,
    /// and for what has a name twice. Recursion is bounded by the value's depth.
    pub fn to_distinct_json(self, value: ValueRef) -> String {
        let mut out = Vec::with_capacity(self.len(value));
        self.write_distinct(value, &mut out);
        String::from_utf8(out).unwrap_or_default()
    }

    fn write_distinct(self, value: ValueRef, out: &mut Vec<u8>) {
        match self.kind(value) {
            Kind::Array => {
                out.push(b'[');
                for (at, element) in self.elements(value).enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    self.write_distinct(element, out);
                }
                out.push(b']');
            }
            Kind::Object => {
                out.push(b'{');
                for (at, (key, member)) in self.distinct_members(value).into_iter().enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    self.write_dense(key, out);
                    out.push(b':');
                    self.write_distinct(member, out);
                }
                out.push(b'}');
            }
            _ => self.write_dense(value, out),
        }
    }

    /// Returns the members of an object, the last value of each name at the place of the first.
    fn distinct_members(self, object: ValueRef) -> Vec<(ValueRef, ValueRef)> {
        let mut places: BTreeMap<Cow<'_, str>, usize> = BTreeMap::new();
        let mut members: Vec<(ValueRef, ValueRef)> = Vec::with_capacity(self.count(object));
        for (key, member) in self.members(object) {
            let name = self.string(key).map(Str::decode).unwrap_or_default();
            let place = *places.entry(name).or_insert(members.len());
            match members.get_mut(place) {
                Some(known) => known.1 = member,
                None => members.push((key, member)),
            }
        }
        members
    }
}

impl Heap {
    /// Says whether an object among these entries, a value with all of its parts, has a name twice.
    fn has_doubles(&mut self, start: u32, end: u32) -> bool {
        let mut names = std::mem::take(&mut self.scratch.names);
        let nodes = self.nodes.as_slice().get(..end as usize).unwrap_or_default();
        let mut doubles = false;
        let entries = nodes.get(start as usize..).unwrap_or_default();
        for (at, node) in entries.iter().enumerate() {
            if node.meta() & meta::KIND != meta::OBJECT {
                continue;
            }
            let object = start as usize + at;
            if may_double(&self.text, nodes, object) && has_double(&self.text, nodes, object, &mut names) {
                doubles = true;
                break;
            }
        }
        self.scratch.names = names;
        doubles
    }
}

/// Iterates over the keys of an object: entries of its own.
fn keys(nodes: &[Node], object: usize) -> impl Iterator<Item = usize> {
    let end = nodes[object].next() as usize;
    let mut at = object + 1;
    std::iter::from_fn(move || {
        let key = at;
        at = nodes.get(key + 1)?.next() as usize;
        (key < end).then_some(key)
    })
}

/// Says whether two names of an object may be the same: their lengths and first bytes leave it open.
fn may_double(text: &[u8], nodes: &[Node], object: usize) -> bool {
    // Written out: a search for names that stand twice goes by here for every object of a document.
    let (mut key, end) = (object + 1, nodes[object].next() as usize);
    let mut seen = 0_u64;
    while key < end {
        let Some(&[name, value]) = nodes.get(key..key + 2) else {
            return false;
        };
        let first = text.get(name.start() as usize + 1).copied().unwrap_or(0);
        let mark = u32::from(first).wrapping_add(name.len().wrapping_mul(11)) & 63;
        if name.meta() & meta::ESCAPED != 0 || seen >> mark & 1 != 0 {
            return true;
        }
        seen |= 1 << mark;
        key = value.next() as usize;
    }
    false
}

/// Says whether two names of an object are the same. `names` is a buffer.
fn has_double(text: &[u8], nodes: &[Node], object: usize, names: &mut Vec<u32>) -> bool {
    let content = |key: u32| {
        let node = nodes[key as usize];
        let content = text.get(node.start() as usize + 1..node.end() as usize - 1);
        content.unwrap_or_default()
    };
    names.clear();
    names.extend(keys(nodes, object).map(|key| key as u32));
    if names
        .iter()
        .any(|&key| nodes[key as usize].meta() & meta::ESCAPED != 0)
    {
        let mut decoded: Vec<_> = names
            .iter()
            .map(|&key| Str::new(content(key), true).decode())
            .collect();
        decoded.sort_unstable();
        return decoded.windows(2).any(|pair| pair[0] == pair[1]);
    }
    if names.len() <= COMPARED_MAX {
        let mut pairs = names.iter().enumerate();
        return pairs.any(|(at, &key)| names[..at].iter().any(|&other| content(key) == content(other)));
    }
    names.sort_unstable_by(|&a, &b| content(a).cmp(content(b)));
    names.windows(2).any(|pair| content(pair[0]) == content(pair[1]))
}
