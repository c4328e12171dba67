//! The memory of a run's values, or of a program's constants.

use super::distinct::Verified;
use super::node::{Node, ValueRef, meta};
use super::table::Table;
use super::write::CHUNK;
use super::{IndexError, index};

/// Most bytes of text in a heap: offsets are 32 bits.
pub(super) const TEXT_BYTES_MAX: usize = u32::MAX as usize - (1 << 20);

/// Texts, nodes and slots of a run or of a program's constants.
///
/// Reset and reused: [`Heap::clear`] keeps the memory, so a warm heap does not allocate.
#[derive(Default)]
pub struct Heap {
    pub(super) text: Vec<u8>,
    pub(super) nodes: Table<Node>,
    pub(super) slots: Vec<ValueRef>,
    pub(super) raws: Vec<RawText>,
    pub(super) scratch: index::Scratch,
    pub(super) verified: Verified,
}

impl std::fmt::Debug for Heap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Heap({} bytes of text, {} nodes, {} slots)",
            self.text.len(),
            self.nodes.len(),
            self.slots.len()
        )
    }
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
        self.verified.clear();
    }

    /// Gives the memory that is not in use back to the allocator, the buffers of indexing included: for
    /// a run that parks for long.
    pub fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.nodes.shrink();
        self.slots.shrink_to_fit();
        self.raws.shrink_to_fit();
        self.scratch = index::Scratch::default();
    }

    /// Takes a copy of another heap's values; handles keep their meaning. Keeps its own buffers.
    pub fn copy_from(&mut self, other: &Heap) {
        self.clear();
        self.text.extend_from_slice(&other.text);
        self.nodes.extend(other.nodes.as_slice());
        self.slots.extend_from_slice(&other.slots);
        self.raws.extend_from_slice(&other.raws);
        self.verified.take(&other.verified);
    }

    /// As [`Heap::copy_from`], into buffers of just the size: for a run that waits.
    pub fn copy_exact(&mut self, other: &Heap) {
        if self.bytes().1 > 2 * other.bytes().0 {
            self.clear();
            self.shrink();
        }
        self.text.clear();
        self.text.reserve_exact(other.text.len());
        self.nodes.clear();
        self.nodes.reserve(other.nodes.len());
        self.slots.clear();
        self.slots.reserve_exact(other.slots.len());
        self.copy_from(other);
    }

    /// Returns how many bytes the values take, in use and reserved.
    pub fn bytes(&self) -> (usize, usize) {
        let (node, slot) = (size_of::<Node>(), size_of::<ValueRef>());
        (
            self.text.len() + self.nodes.len() * node + self.slots.len() * slot,
            self.text.capacity()
                + self.nodes.capacity() * node
                + self.slots.capacity() * slot
                + self.raws.capacity() * size_of::<RawText>()
                + self.scratch.bytes(),
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

    /// Adds room behind the last text: a short text that is copied from there is copied as a chunk of known
    /// size, too. For a program's constants, once they are complete; a twelfth of what writing W2 takes.
    pub fn pad(&mut self) {
        self.text.resize(self.text.len() + CHUNK, b' ');
    }

    pub(super) fn push(&mut self, node: Node) -> ValueRef {
        let at = self.nodes.len() as u32;
        self.nodes.push(node);
        ValueRef(at)
    }

    /// Adds a scalar whose text is `self.text[start..]`.
    pub(super) fn push_scalar(&mut self, start: usize, kind: u32) -> ValueRef {
        // The limits on what a state may build are far below; offsets must never wrap.
        assert!(self.text.len() <= TEXT_BYTES_MAX, "the text of a heap is limited");
        self.push(Node::single(start, self.text.len(), kind))
    }

    /// Returns where the original text of a document with blanks stands.
    pub(super) fn raw(&self, root: u32) -> Option<RawText> {
        let found = self.raws.binary_search_by_key(&root, |raw| raw.root).ok()?;
        Some(self.raws[found])
    }

    pub(super) fn raw_of(&self, root: u32) -> Option<&[u8]> {
        let raw = self.raw(root)?;
        self.text.get(raw.start as usize..raw.end as usize)
    }

    /// Exchanges the values, but not the buffers of indexing.
    pub(super) fn swap(&mut self, other: &mut Heap) {
        std::mem::swap(&mut self.text, &mut other.text);
        std::mem::swap(&mut self.nodes, &mut other.nodes);
        std::mem::swap(&mut self.slots, &mut other.slots);
        std::mem::swap(&mut self.raws, &mut other.raws);
        let verified = self.verified;
        self.verified.take(&other.verified);
        other.verified.take(&verified);
    }

    pub(super) fn is_raw(node: Node) -> bool {
        node.meta() & meta::RAW != 0
    }
}
