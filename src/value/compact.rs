//! Copies what is live into a fresh heap, so that a long run does not grow without bound.
//!
//! Owns the order of a compaction and its buffers; must not know who holds handles. Invariant: what is
//! shared stays shared. Parts of documents are sorted, and one that lies within another is copied with
//! it; a built value is copied once and leaves its new place behind. Nothing recurses, and the cost is
//! that of sorting and copying what is live.

use super::Heap;
use super::heap::RawText;
use super::node::{Node, ValueRef, meta};
use super::table::Table;

/// A compaction: name every value to keep, run it, then ask where each one went.
///
/// Reused for the next one: the first value named after a run begins it. The heap and the compaction
/// exchange their buffers, so a warm one does not allocate.
#[derive(Default)]
pub struct Compaction {
    /// What the heap will hold; after the run, what it held.
    pub(super) other: Heap,
    roots: Vec<ValueRef>,
    slots: Vec<SlotRange>,
    /// Entries of spans to copy, then the spans that were copied, by entry.
    spans: Vec<u32>,
    regions: Vec<Region>,
    /// Built values to copy, in order of discovery.
    built: Vec<u32>,
    has_run: bool,
}

/// The slots of an array under construction.
#[derive(Clone, Copy)]
struct SlotRange {
    start: u32,
    count: u32,
    moved: u32,
}

impl SlotRange {
    fn of(self, heap: &Heap) -> &[ValueRef] {
        if self.count == 0 {
            &[]
        } else {
            &heap.slots[self.start as usize..][..self.count as usize]
        }
    }
}

/// A subtree of a document that was copied as one.
#[derive(Clone, Copy)]
struct Region {
    /// Its entries before.
    start: u32,
    end: u32,
    /// Its first entry now.
    moved: u32,
}

impl Compaction {
    /// Marks a value as live.
    pub fn keep(&mut self, value: ValueRef) {
        self.begin();
        if !value.is_constant() {
            self.roots.push(value);
        }
    }

    /// Marks the slots of an array under construction as live.
    pub fn keep_slots(&mut self, start: u32, count: usize) {
        self.begin();
        self.slots.push(SlotRange {
            start,
            count: count as u32,
            moved: 0,
        });
    }

    /// Moves what is live into the heap anew and drops the rest.
    pub fn run(&mut self, heap: &mut Heap) {
        self.begin();
        self.other.clear();
        self.other.verified.take_moved(&heap.verified);
        self.mark(heap);
        self.copy_spans(heap);
        self.copy_built(heap);
        self.copy_slots(heap);
        self.other.swap(heap);
        self.has_run = true;
    }

    /// Returns a kept value's new handle; also that of any part of a kept value.
    pub fn moved(&self, value: ValueRef) -> ValueRef {
        moved(&self.other.nodes, &self.regions, value)
    }

    /// Returns where the kept slots went.
    pub fn moved_slots(&self, start: u32) -> u32 {
        match self.slots.binary_search_by_key(&start, |range| range.start) {
            Ok(at) => self.slots[at].moved,
            Err(_) => {
                debug_assert!(false, "slots that were not kept");
                start
            }
        }
    }

    /// Returns how many bytes the buffers take.
    pub fn bytes(&self) -> usize {
        self.other.bytes().1
            + self.roots.capacity() * size_of::<ValueRef>()
            + self.slots.capacity() * size_of::<SlotRange>()
            + (self.spans.capacity() + self.built.capacity()) * size_of::<u32>()
            + self.regions.capacity() * size_of::<Region>()
    }

    /// Gives the buffers back to the allocator: for a run that parks for long.
    pub fn shrink(&mut self) {
        *self = Compaction::default();
    }

    fn begin(&mut self) {
        if std::mem::take(&mut self.has_run) {
            self.roots.clear();
            self.slots.clear();
            self.spans.clear();
            self.regions.clear();
            self.built.clear();
        }
    }

    /// Finds all live spans and built values.
    fn mark(&mut self, heap: &mut Heap) {
        // Of ranges that begin together, all but one are empty.
        self.slots
            .sort_unstable_by_key(|range| (range.start, u32::MAX - range.count));
        self.slots.dedup_by_key(|range| range.start);
        let mut todo = std::mem::take(&mut self.roots);
        for range in &self.slots {
            push_run_values(&mut todo, range.of(heap));
        }
        while let Some(value) = todo.pop() {
            let node = &mut heap.nodes[value.at()];
            if !node.is_built() {
                self.spans.push(value.0);
            } else if !node.is_moved() {
                *node = node.with_meta(node.meta() + meta::MOVED_ARRAY - meta::BUILT_ARRAY);
                self.built.push(value.0);
                let (start, count) = (node.start() as usize, node.slots());
                push_run_values(&mut todo, &heap.slots[start..start + count]);
            }
        }
        self.roots = todo;
    }

    /// Copies the live spans; those within another come with it.
    fn copy_spans(&mut self, heap: &Heap) {
        self.spans.sort_unstable();
        let mut copied = 0;
        for &root in &self.spans {
            if root < copied {
                continue;
            }
            copied = root + heap.nodes[root as usize].entries() as u32;
            let moved = copy_span(heap, &mut self.other, root);
            self.regions.push(Region {
                start: root,
                end: copied,
                moved,
            });
        }
    }

    /// Copies the built values: first the nodes, which leave their new place behind, then the slots.
    fn copy_built(&mut self, heap: &mut Heap) {
        let first = self.other.nodes.len();
        for &at in &self.built {
            let node = &mut heap.nodes[at as usize];
            let kind = node.meta() - (meta::MOVED_ARRAY - meta::BUILT_ARRAY);
            let new = self.other.push(node.with_meta(kind));
            *node = node.with_new_place(new.0);
        }
        for at in first..self.other.nodes.len() {
            let node = self.other.nodes[at];
            let start = self.other.slots.len() as u32;
            let slots = &heap.slots[node.start() as usize..][..node.slots()];
            self.other
                .slots
                .extend(slots.iter().map(|&part| moved(&heap.nodes, &self.regions, part)));
            self.other.nodes[at] = node.at(start);
        }
    }

    fn copy_slots(&mut self, heap: &Heap) {
        for range in &mut self.slots {
            range.moved = self.other.slots.len() as u32;
            self.other.slots.extend(
                range
                    .of(heap)
                    .iter()
                    .map(|&part| moved(&heap.nodes, &self.regions, part)),
            );
        }
    }
}

fn push_run_values(todo: &mut Vec<ValueRef>, values: &[ValueRef]) {
    todo.extend(values.iter().filter(|value| !value.is_constant()));
}

/// Returns the new place of a value, given the old nodes and the regions copied.
fn moved(nodes: &Table<Node>, regions: &[Region], value: ValueRef) -> ValueRef {
    if value.is_constant() {
        return value;
    }
    let node = nodes[value.at()];
    if node.is_moved() {
        return ValueRef(node.new_place());
    }
    let after = regions.partition_point(|region| region.start <= value.0);
    match after.checked_sub(1).map(|at| regions[at]) {
        Some(region) if value.0 < region.end => ValueRef(region.moved + (value.0 - region.start)),
        _ => {
            debug_assert!(false, "{value:?} was not kept");
            ValueRef::NONE
        }
    }
}

/// Copies a span with its subtree, and its original text if it has one; returns the new entry.
fn copy_span(heap: &Heap, to: &mut Heap, root: u32) -> u32 {
    let old = heap.nodes[root as usize];
    let first = to.nodes.len() as u32;
    let raw = if Heap::is_raw(old) { heap.raw(root) } else { None };
    // Where there are blanks only around a document, its dense text lies within the original.
    let within = raw.filter(|raw| raw.start <= old.start() && old.end() <= raw.end);
    let (start, end) = within.map_or((old.start(), old.end()), |raw| (raw.start, raw.end));
    let base = copy_text(heap, to, start, end);
    if let Some(raw) = raw {
        let base = if within.is_some() {
            base
        } else {
            copy_text(heap, to, raw.start, raw.end)
        };
        to.raws.push(RawText {
            root: first,
            start: base,
            end: base + (raw.end - raw.start),
        });
    }
    let count = old.entries();
    to.nodes.reserve(count);
    let shift = |offset: u32| offset - start + base;
    for (new, node) in to
        .nodes
        .room()
        .iter_mut()
        .zip(&heap.nodes.as_slice()[root as usize..][..count])
    {
        *new = node.at(shift(node.start()));
    }
    to.nodes.add(count);
    first
}

fn copy_text(heap: &Heap, to: &mut Heap, start: u32, end: u32) -> u32 {
    let base = to.text.len() as u32;
    to.text
        .extend_from_slice(&heap.text[start as usize..end as usize]);
    base
}
