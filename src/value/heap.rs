//! The memory of a run's values, or of a program's constants.

use super::node::{Node, ValueRef, meta};
use super::{IndexError, index};

/// Texts, nodes and slots of a run or of a program's constants.
///
/// Reset and reused: [`Heap::clear`] keeps the memory, so a warm heap does not allocate.
#[derive(Default)]
pub struct Heap {
    pub(super) text: Vec<u8>,
    pub(super) nodes: Vec<Node>,
    pub(super) slots: Vec<ValueRef>,
    pub(super) raws: Vec<RawText>,
    pub(super) scratch: index::Scratch,
}

/// Where the original text of a document with blanks stands; ordered by `root`.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawText {
    pub(super) root: u32,
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Heap {
    /// Creates an empty heap for a run.
    pub fn new() -> Heap {
        Heap::default()
    }

    /// Creates a heap for constants: it holds what [`ValueRef::NULL`] and its like name.
    pub fn for_constants() -> Heap {
        let mut heap = Heap::default();
        for text in ["null", "false", "true", "{}", "[]", "\"\""] {
            let indexed = heap.index(text.as_bytes());
            debug_assert!(indexed.is_ok());
        }
        heap
    }

    /// Forgets all values and keeps the memory.
    pub fn clear(&mut self) {
        self.text.clear();
        self.nodes.clear();
        self.slots.clear();
        self.raws.clear();
    }

    /// Returns how many bytes the values take, in use and reserved.
    pub fn bytes(&self) -> (usize, usize) {
        let (node, slot) = (size_of::<Node>(), size_of::<ValueRef>());
        (
            self.text.len() + self.nodes.len() * node + self.slots.len() * slot,
            self.text.capacity() + self.nodes.capacity() * node + self.slots.capacity() * slot,
        )
    }

    /// Copies a JSON text into the heap and indexes it.
    ///
    /// # Errors
    /// When the text is not one JSON value within the limits; nothing is added then.
    pub fn index(&mut self, text: &[u8]) -> Result<ValueRef, IndexError> {
        index::index(self, text).map(ValueRef)
    }

    /// Adds a constant and returns its handle, for a program's constants only.
    ///
    /// # Errors
    /// As [`Heap::index`].
    pub fn constant(&mut self, text: &[u8]) -> Result<ValueRef, IndexError> {
        Ok(ValueRef(self.index(text)?.0 | ValueRef::CONSTANT))
    }

    pub(super) fn push(&mut self, node: Node) -> ValueRef {
        let at = self.nodes.len() as u32;
        self.nodes.push(node);
        ValueRef(at)
    }

    /// Adds a scalar whose text is `self.text[start..]`.
    pub(super) fn push_scalar(&mut self, start: usize, kind: u32) -> ValueRef {
        let next = self.nodes.len() as u32 + 1;
        self.push(Node {
            start: start as u32,
            end: self.text.len() as u32,
            next,
            meta: kind,
        })
    }

    pub(super) fn raw_of(&self, root: u32) -> Option<&[u8]> {
        let found = self.raws.binary_search_by_key(&root, |raw| raw.root).ok()?;
        let raw = self.raws[found];
        self.text.get(raw.start as usize..raw.end as usize)
    }

    pub(super) fn is_raw(node: Node) -> bool {
        node.meta & meta::RAW != 0
    }
}
