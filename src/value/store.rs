//! Building values.

use super::node::{DEPTH_MAX, Kind, Node, ValueRef, meta};
use super::number::push_digits;
use super::string::{escape_bytes_into, escape_into};
use super::{Heap, IndexError, View};

/// Adds values to a run's heap; constants are there to be referred to.
pub struct Store<'a> {
    pub(super) heap: &'a mut Heap,
    pub(super) constants: &'a Heap,
}

/// Where a string under construction begins; see [`Store::start_string`].
#[derive(Debug)]
pub struct StringStart(usize);

impl<'a> Store<'a> {
    /// Combines the heap of a run with the heap of its program's constants.
    pub fn new(heap: &'a mut Heap, constants: &'a Heap) -> Store<'a> {
        Store { heap, constants }
    }

    /// Returns a view of both heaps.
    #[inline]
    pub fn view(&self) -> View<'_> {
        View::new(self.heap, self.constants)
    }

    /// Indexes a JSON text as a document of the run.
    ///
    /// # Errors
    /// When the text is not one JSON value within the limits.
    pub fn index(&mut self, text: &[u8]) -> Result<ValueRef, IndexError> {
        self.heap.index(text)
    }

    /// Adds a string.
    pub fn string(&mut self, text: &str) -> ValueRef {
        let start = self.start_string();
        self.push_str(text);
        self.finish_string(start)
    }

    /// Begins a string that is written in parts; nothing else may be added before
    /// [`Store::finish_string`].
    pub fn start_string(&mut self) -> StringStart {
        let start = self.heap.text.len();
        self.heap.text.push(b'"');
        StringStart(start)
    }

    /// Appends a decoded text to the string under construction.
    pub fn push_str(&mut self, text: &str) {
        escape_into(&mut self.heap.text, text);
    }

    /// Appends a text that is already escaped to the string under construction.
    pub fn push_escaped(&mut self, text: &[u8]) {
        self.heap.text.extend_from_slice(text);
    }

    /// Appends a number in decimal to the string under construction.
    pub fn push_number(&mut self, value: u64) {
        push_digits(&mut self.heap.text, value);
    }

    /// Appends the content of a string value to the string under construction; of another value, its
    /// dense JSON text, escaped.
    pub fn push_value(&mut self, value: ValueRef) {
        if value.is_constant() {
            let view = View::new(self.constants, self.constants);
            match view.string(value) {
                Some(string) => self.heap.text.extend_from_slice(string.escaped()),
                None => self.push_text(value),
            }
            return;
        }
        let node = self.heap.nodes[value.at()];
        if node.kind() == meta::STRING {
            self.heap
                .text
                .extend_from_within(node.start() as usize + 1..node.end() as usize - 1);
        } else if node.kind() < meta::STRING {
            self.heap
                .text
                .extend_from_within(node.start() as usize..node.end() as usize);
        } else {
            self.push_text(value);
        }
    }

    /// Appends a part of a string value's content, by its range in [`super::Str::escaped`]; the range must
    /// not cut an escape or a character. Nothing where the value is not a string.
    pub fn push_part(&mut self, value: ValueRef, part: std::ops::Range<usize>) {
        if value.is_constant() {
            let content = View::new(self.constants, self.constants)
                .string(value)
                .map(|text| text.escaped());
            self.heap
                .text
                .extend_from_slice(content.and_then(|text| text.get(part)).unwrap_or_default());
            return;
        }
        let node = self.heap.nodes[value.at()];
        let (start, end) = (
            node.start() as usize + 1 + part.start,
            node.start() as usize + 1 + part.end,
        );
        if node.kind() == meta::STRING && start <= end && end < node.end() as usize {
            self.heap.text.extend_from_within(start..end);
        }
    }

    fn push_text(&mut self, value: ValueRef) {
        let mut text = std::mem::take(&mut self.heap.scratch.text);
        text.clear();
        self.view().write_dense(value, &mut text);
        escape_bytes_into(&mut self.heap.text, &text);
        self.heap.scratch.text = text;
    }

    /// Ends the string under construction.
    pub fn finish_string(&mut self, start: StringStart) -> ValueRef {
        self.heap.text.push(b'"');
        let escaped = memchr::memchr(b'\\', &self.heap.text[start.0..]).is_some();
        self.heap
            .push_scalar(start.0, meta::STRING | if escaped { meta::ESCAPED } else { 0 })
    }

    /// Adds an integer.
    pub fn integer(&mut self, value: i64) -> ValueRef {
        let start = self.heap.text.len();
        if value < 0 {
            self.heap.text.push(b'-');
        }
        push_digits(&mut self.heap.text, value.unsigned_abs());
        self.heap.push_scalar(start, meta::NUMBER)
    }

    /// Adds a number by its text, which must be a JSON number.
    pub fn number(&mut self, text: &str) -> ValueRef {
        let start = self.heap.text.len();
        self.heap.text.extend_from_slice(text.as_bytes());
        self.heap.push_scalar(start, meta::NUMBER)
    }

    /// Adds an array that shares its elements.
    pub fn array(&mut self, elements: &[ValueRef]) -> ValueRef {
        let start = self.heap.slots.len();
        self.heap.slots.extend_from_slice(elements);
        self.finish_parts(meta::BUILT_ARRAY, start)
    }

    /// Returns an array with the same elements whose [`View::element`] takes the same time for each: a
    /// document's array is walked.
    pub fn indexable(&mut self, array: ValueRef) -> ValueRef {
        let node = self.view().node(array);
        if node.kind() != meta::ARRAY {
            return array;
        }
        let start = self.heap.slots.len();
        self.copy_parts(array, Kind::Array);
        let count = self.heap.slots.len() - start;
        let size = Size {
            len: u64::from(node.len()),
            depth: node.depth().saturating_sub(1),
        };
        self.push_built(meta::BUILT_ARRAY, start as u32, count as u32, size)
    }

    /// Adds an object that shares its members: key (a string), value, key, value… Keys must differ.
    ///
    /// # Panics
    /// In debug builds, when the number of handles is odd.
    pub fn object(&mut self, pairs: &[ValueRef]) -> ValueRef {
        debug_assert!(pairs.len().is_multiple_of(2));
        let start = self.heap.slots.len();
        self.heap.slots.extend_from_slice(pairs);
        self.finish_parts(meta::BUILT_OBJECT, start)
    }

    /// Adds an object of some members, key and whatever in turn, that must differ in their keys, with these
    /// values; `bytes` is the length of its dense text without the values.
    #[inline]
    pub fn object_of(&mut self, members: &[ValueRef], bytes: u32, values: &[ValueRef]) -> ValueRef {
        let Heap { nodes, slots, .. } = &mut *self.heap;
        let start = slots.len();
        slots.extend_from_slice(members);
        let mut size = Size {
            len: u64::from(bytes),
            depth: 0,
        };
        for (member, &value) in slots[start..].chunks_exact_mut(2).zip(values) {
            let table = if value.is_constant() {
                &self.constants.nodes
            } else {
                &*nodes
            };
            size.add(table[value.at()]);
            member[1] = value;
        }
        self.push_built(meta::BUILT_OBJECT, start as u32, members.len() as u32, size)
    }

    /// Adds an object with one member added or replaced; the others are shared.
    pub fn with_member(&mut self, object: ValueRef, key: ValueRef, value: ValueRef) -> ValueRef {
        let start = self.heap.slots.len();
        self.copy_parts(object, Kind::Object);
        let mut replaced = false;
        let mut end = start;
        for at in (start..self.heap.slots.len()).step_by(2) {
            let (name, old) = (self.heap.slots[at], self.heap.slots[at + 1]);
            let same = name == key || self.view().equal_strings(name, key);
            if same && replaced {
                continue;
            }
            replaced |= same;
            self.heap.slots[end] = name;
            self.heap.slots[end + 1] = if same { value } else { old };
            end += 2;
        }
        self.heap.slots.truncate(end);
        if !replaced {
            self.heap.slots.extend([key, value]);
        }
        self.finish_parts(meta::BUILT_OBJECT, start)
    }

    /// Adds an object with a member replaced, `old` being the value it has; the others are shared.
    pub fn with_replaced(
        &mut self,
        object: ValueRef,
        key: ValueRef,
        old: ValueRef,
        value: ValueRef,
    ) -> ValueRef {
        // Only a document's object has a name twice, and only there may other names be in the way.
        if object.is_constant() || !self.heap.nodes[object.at()].is_built() {
            return self.with_member(object, key, value);
        }
        let start = self.heap.slots.len();
        self.copy_parts(object, Kind::Object);
        for at in (start..self.heap.slots.len()).step_by(2) {
            let name = self.heap.slots[at];
            if self.heap.slots[at + 1] == old && (name == key || self.view().equal_strings(name, key)) {
                self.heap.slots[at + 1] = value;
                break;
            }
        }
        let view = self.view();
        let (whole, old, new) = (view.node(object), view.node(old), view.node(value));
        if old.depth() + 1 == whole.depth() && new.depth() < old.depth() {
            // What was replaced may have been the deepest: only a look at all members tells.
            return self.finish_parts(meta::BUILT_OBJECT, start);
        }
        let size = Size {
            len: u64::from(whole.len()) - u64::from(old.len()) + u64::from(new.len()),
            depth: new.depth().max(whole.depth().saturating_sub(1)),
        };
        let count = self.heap.slots.len() - start;
        self.push_built(meta::BUILT_OBJECT, start as u32, count as u32, size)
    }

    /// Adds an object with a member that it does not have; the others are shared.
    pub fn with_new_member(&mut self, object: ValueRef, key: ValueRef, value: ValueRef) -> ValueRef {
        self.with_new_members(object, &[key, value])
    }

    /// Adds an object with members that it does not have: key, value, key, value…; the others are shared.
    /// Only the new ones are measured.
    pub fn with_new_members(&mut self, object: ValueRef, pairs: &[ValueRef]) -> ValueRef {
        let start = self.heap.slots.len();
        self.copy_parts(object, Kind::Object);
        let whole = self.view().node(object);
        let parts = pairs.len() + usize::from(self.heap.slots.len() > start);
        // A comma or colon stands before each new part but the first of all.
        let mut size = Size {
            len: u64::from(whole.len()) + (parts as u64).saturating_sub(1),
            depth: whole.depth().saturating_sub(1),
        };
        for &part in pairs {
            size.add(self.view().node(part));
        }
        self.heap.slots.extend_from_slice(pairs);
        let count = self.heap.slots.len() - start;
        self.push_built(meta::BUILT_OBJECT, start as u32, count as u32, size)
    }

    /// Adds an array with one element replaced, the others shared; `None` if there is no such element.
    pub fn with_element(&mut self, array: ValueRef, index: usize, value: ValueRef) -> Option<ValueRef> {
        if self.view().kind(array) != Kind::Array || index >= self.view().count(array) {
            return None;
        }
        let start = self.heap.slots.len();
        self.copy_parts(array, Kind::Array);
        self.heap.slots[start + index] = value;
        Some(self.finish_parts(meta::BUILT_ARRAY, start))
    }

    /// Appends the parts of an array or object to the slots; nothing when it is of another kind.
    pub(super) fn copy_parts(&mut self, container: ValueRef, kind: Kind) {
        let Store { heap, constants } = self;
        if !container.is_constant() {
            let node = heap.nodes[container.at()];
            if node.json_kind() == kind && node.is_built() {
                let (start, count) = (node.start() as usize, node.slots());
                heap.slots.extend_from_within(start..start + count);
            } else if node.json_kind() == kind {
                let Heap { nodes, slots, .. } = &mut **heap;
                slots.extend(parts(nodes.as_slice(), container, node));
            }
            return;
        }
        let node = constants.nodes[container.at()];
        if node.json_kind() == kind {
            debug_assert!(!node.is_built(), "constants are documents");
            heap.slots
                .extend(parts(constants.nodes.as_slice(), container, node));
        }
    }

    pub(super) fn finish_parts(&mut self, kind: u32, start: usize) -> ValueRef {
        let count = self.heap.slots.len() - start;
        let mut size = Size::of_container(count);
        let Heap { nodes, slots, .. } = &*self.heap;
        for part in slots.get(start..).unwrap_or_default() {
            let table = if part.is_constant() {
                &self.constants.nodes
            } else {
                nodes
            };
            size.add(table[part.at()]);
        }
        self.push_built(kind, start as u32, count as u32, size)
    }

    /// Reserves the slots of an array whose elements are set later, in any order.
    pub fn reserve_array(&mut self, count: usize) -> u32 {
        let start = self.heap.slots.len();
        self.heap.slots.resize(start + count, ValueRef::NONE);
        start as u32
    }

    /// Sets an element of an array under construction.
    pub fn set_reserved(&mut self, start: u32, index: usize, value: ValueRef) {
        self.heap.slots[start as usize + index] = value;
    }

    /// Ends an array under construction; all its elements must be set. Unlike [`Store::array`] it hands
    /// documents among its elements on as they came, blanks and all (recorded: results of branches).
    pub fn finish_reserved(&mut self, start: u32, count: usize) -> ValueRef {
        let mut size = Size::of_container(count);
        let mut raw = 0;
        for at in 0..count {
            let element = self.view().node(self.heap.slots[start as usize + at]);
            size.add(element);
            raw |= element.meta() & meta::RAW;
        }
        self.push_built(meta::BUILT_ARRAY | raw, start, count as u32, size)
    }

    fn push_built(&mut self, kind: u32, start: u32, slots: u32, size: Size) -> ValueRef {
        let depth = (size.depth + 1).min(DEPTH_MAX + 1);
        let count = if kind & meta::KIND == meta::BUILT_ARRAY {
            slots
        } else {
            slots / 2
        }
        .min(meta::COUNT_MAX);
        self.heap.push(Node::new(
            start,
            start.wrapping_add(size.len.min(u64::from(u32::MAX)) as u32),
            slots,
            kind | depth << meta::DEPTH_SHIFT | count << meta::COUNT_SHIFT,
        ))
    }
}

/// Iterates over the handles of a document's array or object: elements, or keys and values in turn.
fn parts(nodes: &[Node], container: ValueRef, node: Node) -> impl Iterator<Item = ValueRef> {
    let constant = container.0 & ValueRef::CONSTANT;
    let mut at = container.at() + 1;
    let end = container.at() + node.entries();
    std::iter::from_fn(move || {
        let part = at;
        if at >= end {
            return None;
        }
        at += nodes[at].entries();
        Some(ValueRef(part as u32 | constant))
    })
}

/// Sums up the dense length and the depth of a container.
struct Size {
    len: u64,
    depth: u32,
}

impl Size {
    /// Brackets, and one comma or colon after each part but the last.
    fn of_container(parts: usize) -> Size {
        Size {
            len: 2 + parts.saturating_sub(1) as u64,
            depth: 0,
        }
    }

    #[inline]
    fn add(&mut self, part: Node) {
        self.len += u64::from(part.len());
        self.depth = self.depth.max(part.depth());
    }
}
