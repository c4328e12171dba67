//! Reading values.

use super::node::{Kind, Node, ValueRef, meta};
use super::string::Str;
use super::{Heap, Key};

/// Reads values of a run and of its program's constants.
#[derive(Clone, Copy)]
pub struct View<'a> {
    run: &'a Heap,
    constants: &'a Heap,
}

impl<'a> View<'a> {
    /// Combines the heap of a run with the heap of its program's constants.
    pub fn new(run: &'a Heap, constants: &'a Heap) -> View<'a> {
        View { run, constants }
    }

    /// Reads the values of another run, with the same constants.
    #[cfg(feature = "runtime")]
    pub(crate) fn of(self, run: &'a Heap) -> View<'a> {
        View { run, ..self }
    }

    #[inline]
    pub(super) fn heap(self, value: ValueRef) -> &'a Heap {
        if value.is_constant() {
            self.constants
        } else {
            self.run
        }
    }

    #[inline]
    pub(super) fn node(self, value: ValueRef) -> Node {
        self.heap(value).nodes[value.at()]
    }

    /// Returns the JSON type.
    #[inline]
    pub fn kind(self, value: ValueRef) -> Kind {
        self.node(value).json_kind()
    }

    /// Returns the length of the value's dense JSON text in bytes; never walks the value.
    #[inline]
    pub fn len(self, value: ValueRef) -> usize {
        self.node(value).len() as usize
    }

    /// Says whether a value is in the limits of a state's output: its dense text has at most `len_max` bytes,
    /// it hands on no document as it came (such a text may be longer), and its depth is at most
    /// [`super::DEPTH_MAX`].
    #[inline]
    pub fn is_small(self, value: ValueRef, len_max: usize) -> bool {
        let node = self.node(value);
        node.len() as usize <= len_max
            && !(node.is_built() && Heap::is_raw(node))
            && node.depth() <= super::DEPTH_MAX
    }

    /// Returns the nesting depth: 0 for scalars, 1 for an array or object of scalars. Stops counting
    /// a little above [`super::DEPTH_MAX`].
    #[inline]
    pub fn depth(self, value: ValueRef) -> u32 {
        self.node(value).depth()
    }

    /// Returns the value's dense JSON text, when it stands somewhere as such: every scalar and every
    /// part of a document, but not a built array or object.
    #[inline]
    pub fn text(self, value: ValueRef) -> Option<&'a [u8]> {
        let heap = self.heap(value);
        let node = heap.nodes[value.at()];
        if node.is_built() {
            None
        } else {
            heap.text.get(node.start() as usize..node.end() as usize)
        }
    }

    /// Returns the original text of a document that came with blanks, when the value is its root.
    pub fn original(self, value: ValueRef) -> Option<&'a [u8]> {
        let heap = self.heap(value);
        if Heap::is_raw(heap.nodes[value.at()]) {
            heap.raw_of(value.at() as u32)
        } else {
            None
        }
    }

    /// Says whether a built array hands documents among its elements on as they came.
    pub fn keeps_originals(self, value: ValueRef) -> bool {
        let node = self.node(value);
        node.is_built() && Heap::is_raw(node)
    }

    /// Returns a string's content.
    #[inline]
    pub fn string(self, value: ValueRef) -> Option<Str<'a>> {
        let heap = self.heap(value);
        let node = heap.nodes[value.at()];
        if node.kind() != meta::STRING {
            return None;
        }
        let content = heap
            .text
            .get(node.start() as usize + 1..node.end() as usize - 1)?;
        Some(Str::new(content, node.meta() & meta::ESCAPED != 0))
    }

    /// Returns a number's text.
    #[inline]
    pub fn number(self, value: ValueRef) -> Option<&'a str> {
        std::str::from_utf8(self.number_text(value)?).ok()
    }

    #[inline]
    pub(super) fn number_text(self, value: ValueRef) -> Option<&'a [u8]> {
        let heap = self.heap(value);
        let node = heap.nodes[value.at()];
        if node.kind() != meta::NUMBER {
            return None;
        }
        heap.text.get(node.start() as usize..node.end() as usize)
    }

    /// Returns a number as `f64`; infinite when out of range.
    #[inline]
    pub fn float(self, value: ValueRef) -> Option<f64> {
        self.number_text(value).map(super::number::to_f64)
    }

    /// Returns a number as `f64`, as [`View::float`], and how many bytes its text has.
    #[inline]
    pub fn float_and_len(self, value: ValueRef) -> Option<(f64, usize)> {
        let text = self.number_text(value)?;
        Some((super::number::to_f64(text), text.len()))
    }

    /// Returns a boolean.
    #[inline]
    pub fn boolean(self, value: ValueRef) -> Option<bool> {
        match self.node(value).kind() {
            meta::FALSE => Some(false),
            meta::TRUE => Some(true),
            _ => None,
        }
    }

    /// Returns the number of elements or members; 0 for scalars. Duplicate keys count each.
    pub fn count(self, value: ValueRef) -> usize {
        let node = self.node(value);
        match node.kind() {
            meta::BUILT_ARRAY => node.slots(),
            meta::BUILT_OBJECT => node.slots() / 2,
            meta::ARRAY | meta::OBJECT => {
                let count = node.meta() >> meta::COUNT_SHIFT;
                if count < meta::COUNT_MAX {
                    count as usize
                } else if node.kind() == meta::ARRAY {
                    self.elements(value).count()
                } else {
                    self.members(value).count()
                }
            }
            _ => 0,
        }
    }

    /// Returns the number of elements or members, or 65,535 where they are more; 0 for scalars. Takes the same time for
    /// each value.
    #[inline]
    pub fn count_capped(self, value: ValueRef) -> usize {
        (self.node(value).meta() >> meta::COUNT_SHIFT) as usize
    }

    /// Returns the member of that name; the last one where a name stands twice.
    #[inline]
    pub fn member(self, object: ValueRef, key: &Key) -> Option<ValueRef> {
        let heap = self.heap(object);
        let node = heap.nodes[object.at()];
        match node.kind() {
            meta::OBJECT => {
                let first = object.at() + 1;
                // The subtree's own entries: one check here instead of one for each member.
                let subtree = heap.nodes.as_slice().get(first..object.at() + node.entries())?;
                let is_first_enough = heap.has_one_of_each(object);
                let found = find_member(subtree, &heap.text, key, is_first_enough)?;
                Some(ValueRef((first as u32 + found) | object.0 & ValueRef::CONSTANT))
            }
            meta::BUILT_OBJECT => {
                let pairs = heap.slots[node.start() as usize..][..node.slots()].chunks_exact(2);
                pairs
                    .rev()
                    .find(|pair| self.is_named(pair[0], key))
                    .map(|pair| pair[1])
            }
            _ => None,
        }
    }

    /// Finds several members in one walk: leaves each key's value at its place in `found`, the last one where
    /// a name stands twice, and what is not there as it was.
    pub fn find_members(self, object: ValueRef, keys: &[Key], found: &mut [ValueRef]) {
        let heap = self.heap(object);
        let node = heap.nodes[object.at()];
        match node.kind() {
            meta::OBJECT => {
                let first = object.at() + 1;
                let constant = object.0 & ValueRef::CONSTANT;
                let Some(subtree) = heap.nodes.as_slice().get(first..object.at() + node.entries()) else {
                    return;
                };
                let text = heap.text.as_slice();
                let is_first_enough = heap.has_one_of_each(object);
                let mut missing = keys.len();
                let mut at = 0;
                while let Some([name, value]) = member_at(subtree, at) {
                    if let Some(place) = place(keys, text, name)
                        && let Some(found) = found.get_mut(place)
                    {
                        *found = ValueRef((first as u32 + at + 1) | constant);
                        missing -= usize::from(is_first_enough);
                        if missing == 0 {
                            return;
                        }
                    }
                    at += 1 + value.entries() as u32;
                }
            }
            meta::BUILT_OBJECT => {
                let slots = &heap.slots[node.start() as usize..][..node.slots()];
                for pair in slots.chunks_exact(2) {
                    let from = self.heap(pair[0]);
                    if let Some(place) = place(keys, &from.text, &from.nodes[pair[0].at()])
                        && let Some(found) = found.get_mut(place)
                    {
                        *found = pair[1];
                    }
                }
            }
            _ => {}
        }
    }

    /// Returns the members of a built object, key and value in turn, if it has the keys of these members.
    #[inline]
    pub fn slots_of(self, object: ValueRef, members: &[ValueRef]) -> Option<&'a [ValueRef]> {
        let heap = self.heap(object);
        let node = heap.nodes[object.at()];
        if node.kind() != meta::BUILT_OBJECT || node.slots() != members.len() {
            return None;
        }
        let slots = &heap.slots[node.start() as usize..][..members.len()];
        let mut pairs = slots.chunks_exact(2).zip(members.chunks_exact(2));
        pairs.all(|(pair, member)| pair[0] == member[0]).then_some(slots)
    }

    #[inline]
    pub(super) fn is_named(self, name: ValueRef, key: &Key) -> bool {
        let heap = self.heap(name);
        key.matches(&heap.text, &heap.nodes[name.at()])
    }

    /// Returns the member of that name, for names that are not prepared.
    pub fn member_named(self, object: ValueRef, name: &str) -> Option<ValueRef> {
        self.member(object, &Key::new(name))
    }

    /// Returns the element at an index.
    pub fn element(self, array: ValueRef, index: usize) -> Option<ValueRef> {
        let node = self.node(array);
        match node.kind() {
            meta::BUILT_ARRAY if index < node.slots() => {
                Some(self.heap(array).slots[node.start() as usize + index])
            }
            meta::ARRAY => self.elements(array).nth(index),
            _ => None,
        }
    }

    /// Iterates over the elements of an array; nothing for other values.
    pub fn elements(self, array: ValueRef) -> Elements<'a> {
        let heap = self.heap(array);
        let node = heap.nodes[array.at()];
        Elements(match node.kind() {
            meta::BUILT_ARRAY => Walk::Slots(&heap.slots[node.start() as usize..][..node.slots()]),
            meta::ARRAY => Walk::span(heap, array, node),
            _ => Walk::Slots(&[]),
        })
    }

    /// Iterates over the members of an object, key and value; nothing for other values.
    pub fn members(self, object: ValueRef) -> Members<'a> {
        let heap = self.heap(object);
        let node = heap.nodes[object.at()];
        Members(match node.kind() {
            meta::BUILT_OBJECT => Walk::Slots(&heap.slots[node.start() as usize..][..node.slots()]),
            meta::OBJECT => Walk::span(heap, object, node),
            _ => Walk::Slots(&[]),
        })
    }
}

/// Returns the member whose key is this entry of an object's subtree: the nodes of key and value.
#[inline(always)]
fn member_at(subtree: &[Node], at: u32) -> Option<&[Node; 2]> {
    subtree.get(at as usize..at as usize + 2)?.first_chunk()
}

/// Returns which of the keys a name is.
///
/// The loop over the keys compares words and calls nothing: what stands in registers stays there, which
/// makes a walk a quarter shorter.
#[inline(always)]
fn place(keys: &[Key], text: &[u8], name: &Node) -> Option<usize> {
    let Some(head) = Key::head(text, name) else {
        return place_slowly(keys, text, name);
    };
    let Some(place) = keys.iter().position(|key| key.begins(head)) else {
        return match name.is_escaped() {
            true => place_slowly(keys, text, name),
            false => None,
        };
    };
    if keys[place].ends(text, name) {
        return Some(place);
    }
    Some(place + place_slowly(&keys[place..], text, name)?)
}

/// As [`place`], for keys that only begin as one of the names, keys with escapes and keys near the end of the
/// text.
#[inline(never)]
fn place_slowly(keys: &[Key], text: &[u8], name: &Node) -> Option<usize> {
    keys.iter().position(|key| key.matches(text, name))
}

/// Returns where the value of the member of that name is among the entries of an object's subtree; the last one's, if
/// the first is not enough.
#[inline]
fn find_member(subtree: &[Node], text: &[u8], key: &Key, is_first_enough: bool) -> Option<u32> {
    let (mut at, mut found) = (0, None);
    while let Some([name, value]) = member_at(subtree, at) {
        if key.matches(text, name) {
            found = Some(at + 1);
            if is_first_enough {
                break;
            }
        }
        at += 1 + value.entries() as u32;
    }
    found
}

/// Iterates over the elements of an array.
#[derive(Clone)]
pub struct Elements<'a>(Walk<'a>);

/// Iterates over the members of an object.
#[derive(Clone)]
pub struct Members<'a>(Walk<'a>);

#[derive(Clone)]
enum Walk<'a> {
    Slots(&'a [ValueRef]),
    Span {
        nodes: &'a [Node],
        at: usize,
        end: usize,
        constant: u32,
    },
}

impl<'a> Walk<'a> {
    fn span(heap: &'a Heap, container: ValueRef, node: Node) -> Walk<'a> {
        Walk::Span {
            nodes: heap.nodes.as_slice(),
            at: container.at() + 1,
            end: container.at() + node.entries(),
            constant: container.0 & ValueRef::CONSTANT,
        }
    }
}

impl Iterator for Elements<'_> {
    type Item = ValueRef;

    fn next(&mut self) -> Option<ValueRef> {
        match &mut self.0 {
            Walk::Slots(slots) => {
                let (first, rest) = slots.split_first()?;
                *slots = rest;
                Some(*first)
            }
            Walk::Span {
                nodes,
                at,
                end,
                constant,
            } => {
                if at >= end {
                    return None;
                }
                let value = ValueRef(*at as u32 | *constant);
                *at += nodes[*at].entries();
                Some(value)
            }
        }
    }
}

impl Iterator for Members<'_> {
    type Item = (ValueRef, ValueRef);

    fn next(&mut self) -> Option<(ValueRef, ValueRef)> {
        match &mut self.0 {
            Walk::Slots(slots) => {
                let (pair, rest) = slots.split_first_chunk::<2>()?;
                *slots = rest;
                Some((pair[0], pair[1]))
            }
            Walk::Span {
                nodes,
                at,
                end,
                constant,
            } => {
                if at >= end {
                    return None;
                }
                let key = *at as u32;
                *at += 1 + nodes[*at + 1].entries();
                Some((ValueRef(key | *constant), ValueRef((key + 1) | *constant)))
            }
        }
    }
}
