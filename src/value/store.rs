//! Building values.

use super::node::{DEPTH_MAX, Node, ValueRef, meta};
use super::string::escape_into;
use super::{Heap, IndexError, View};

/// Adds values to a run's heap; constants are there to be referred to.
pub struct Store<'a> {
    heap: &'a mut Heap,
    constants: &'a Heap,
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
        use std::io::Write;
        // Writing to a Vec cannot fail.
        let _ = write!(self.heap.text, "{value}");
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
                .extend_from_within(node.start as usize + 1..node.end as usize - 1);
        } else if node.kind() < meta::STRING {
            self.heap
                .text
                .extend_from_within(node.start as usize..node.end as usize);
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
            node.start as usize + 1 + part.start,
            node.start as usize + 1 + part.end,
        );
        if node.kind() == meta::STRING && start <= end && end < node.end as usize {
            self.heap.text.extend_from_within(start..end);
        }
    }

    fn push_text(&mut self, value: ValueRef) {
        let mut text = Vec::new();
        self.view().write_dense(value, &mut text);
        self.push_str(&String::from_utf8_lossy(&text));
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
        use std::io::Write;
        let start = self.heap.text.len();
        // Writing to a Vec cannot fail.
        let _ = write!(self.heap.text, "{value}");
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
        let mut size = Size::of_container(elements.len());
        for &element in elements {
            size.add(self.view().node(element));
        }
        let start = self.heap.slots.len() as u32;
        self.heap.slots.extend_from_slice(elements);
        self.push_built(meta::BUILT_ARRAY, start, elements.len() as u32, size)
    }

    /// Adds an object that shares its members: key (a string), value, key, value… Keys must differ.
    ///
    /// # Panics
    /// In debug builds, when the number of handles is odd.
    pub fn object(&mut self, pairs: &[ValueRef]) -> ValueRef {
        debug_assert!(pairs.len().is_multiple_of(2));
        let mut size = Size::of_container(pairs.len());
        for &part in pairs {
            size.add(self.view().node(part));
        }
        let start = self.heap.slots.len() as u32;
        self.heap.slots.extend_from_slice(pairs);
        self.push_built(meta::BUILT_OBJECT, start, pairs.len() as u32, size)
    }

    /// Adds an object with one member added or replaced; the others are shared.
    pub fn with_member(&mut self, object: ValueRef, key: ValueRef, value: ValueRef) -> ValueRef {
        let name = self
            .view()
            .string(key)
            .map(|name| super::Key::new(&name.decode()));
        let start = self.heap.slots.len();
        let mut replaced = false;
        let view = View::new(self.heap, self.constants);
        let mut pairs: Vec<ValueRef> = Vec::new();
        for (old, kept) in view.members(object) {
            let same = name.as_ref().is_some_and(|name| view.is_named(old, name));
            if same && replaced {
                continue;
            }
            replaced |= same;
            pairs.extend([old, if same { value } else { kept }]);
        }
        if !replaced {
            pairs.extend([key, value]);
        }
        debug_assert_eq!(start, self.heap.slots.len());
        self.object(&pairs)
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

    /// Ends an array under construction; all its elements must be set.
    pub fn finish_reserved(&mut self, start: u32, count: usize) -> ValueRef {
        let mut size = Size::of_container(count);
        for at in 0..count {
            let element = self.heap.slots[start as usize + at];
            size.add(self.view().node(element));
        }
        self.push_built(meta::BUILT_ARRAY, start, count as u32, size)
    }

    fn push_built(&mut self, kind: u32, start: u32, slots: u32, size: Size) -> ValueRef {
        let depth = (size.depth + 1).min(DEPTH_MAX + 1);
        let count = if kind == meta::BUILT_ARRAY {
            slots
        } else {
            slots / 2
        }
        .min(meta::COUNT_MAX);
        self.heap.push(Node {
            start,
            end: start.wrapping_add(size.len.min(u64::from(u32::MAX)) as u32),
            next: slots,
            meta: kind | depth << meta::DEPTH_SHIFT | count << meta::COUNT_SHIFT,
        })
    }
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
