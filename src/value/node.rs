//! One entry of the index, and the handle that names it.

/// Deepest nesting of arrays and objects in a document or a built value.
///
/// A built value may exceed it by the depth of one template before the check at the state's end.
pub const DEPTH_MAX: u32 = 1_000;

/// A handle to a value: of the run's heap, or of the program's constants.
///
/// Valid with the heaps it was made from, until the run is reset or compacted.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ValueRef(pub(super) u32);

impl ValueRef {
    pub(super) const CONSTANT: u32 = 1 << 31;

    /// `null`.
    pub const NULL: ValueRef = ValueRef(Self::CONSTANT);
    /// `false`.
    pub const FALSE: ValueRef = ValueRef(Self::CONSTANT | 1);
    /// `true`.
    pub const TRUE: ValueRef = ValueRef(Self::CONSTANT | 2);
    /// `{}`.
    pub const EMPTY_OBJECT: ValueRef = ValueRef(Self::CONSTANT | 3);
    /// `[]`.
    pub const EMPTY_ARRAY: ValueRef = ValueRef(Self::CONSTANT | 4);
    /// `""`.
    pub const EMPTY_STRING: ValueRef = ValueRef(Self::CONSTANT | 5);
    /// No value; never valid to read.
    pub const NONE: ValueRef = ValueRef(u32::MAX);

    /// Returns the handle of a boolean.
    pub fn boolean(value: bool) -> ValueRef {
        if value { Self::TRUE } else { Self::FALSE }
    }

    /// Says whether this is [`ValueRef::NONE`].
    pub fn is_none(self) -> bool {
        self == Self::NONE
    }

    pub(super) fn is_constant(self) -> bool {
        self.0 & Self::CONSTANT != 0
    }

    pub(super) fn at(self) -> usize {
        (self.0 & !Self::CONSTANT) as usize
    }
}

impl std::fmt::Debug for ValueRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.is_none(), self.is_constant()) {
            (true, _) => write!(f, "v-"),
            (_, true) => write!(f, "c{}", self.at()),
            _ => write!(f, "v{}", self.at()),
        }
    }
}

/// The JSON type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    Null,
    Boolean,
    Number,
    String,
    Array,
    Object,
}

/// One entry of a heap's node table, 16 bytes.
///
/// Spans (`NULL` to `OBJECT`): `start..end` is the value's dense text, `count` the number of entries of its
/// subtree, its own included; they are contiguous, and a member's key stands right before its value.
/// Built (`BUILT_*`): `start` is the first slot, `count` the number of slots (two per member: key,
/// value), and `end - start` the length of the dense text, as for spans.
///
/// Two words, because the index writes them with two stores: four cost it a tenth of its time. The second one of a
/// scalar is the same wherever it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Node {
    /// `start`, and `end` in the upper half.
    span: u64,
    /// `count`, and `meta` in the upper half.
    form: u64,
}

/// The layout of [`Node::meta`]: kind in 4 bits, two flags, depth in 10 bits, count in 16.
pub(super) mod meta {
    pub(in crate::value) const NULL: u32 = 0;
    pub(in crate::value) const FALSE: u32 = 1;
    pub(in crate::value) const TRUE: u32 = 2;
    pub(in crate::value) const NUMBER: u32 = 3;
    pub(in crate::value) const STRING: u32 = 4;
    pub(in crate::value) const ARRAY: u32 = 5;
    pub(in crate::value) const OBJECT: u32 = 6;
    pub(in crate::value) const BUILT_ARRAY: u32 = 7;
    pub(in crate::value) const BUILT_OBJECT: u32 = 8;
    /// A built array or object that a compaction has copied: `count` is its new entry. Only seen there.
    pub(in crate::value) const MOVED_ARRAY: u32 = 9;
    pub(in crate::value) const KIND: u32 = 15;
    /// A string whose text has a backslash.
    pub(in crate::value) const ESCAPED: u32 = 1 << 4;
    /// A document's root whose text came with blanks: [`super::super::Heap`] knows the original.
    /// Also an array of results that has such a value among its elements.
    pub(in crate::value) const RAW: u32 = 1 << 5;
    /// The kinds, without [`RAW`], of what [`super::super::Store::distinct`] has nothing to look at, as bits.
    pub(in crate::value) const PLAIN: u64 = ((1 << ARRAY) - 1) | (1 << BUILT_OBJECT);
    pub(in crate::value) const DEPTH_SHIFT: u32 = 6;
    pub(in crate::value) const DEPTH: u32 = 1023;
    pub(in crate::value) const COUNT_SHIFT: u32 = 16;
    /// Counts stop here; a container that says so must be walked to be counted.
    pub(in crate::value) const COUNT_MAX: u32 = 0xFFFF;
}

impl Node {
    #[inline(always)]
    pub(super) fn new(start: u32, end: u32, count: u32, meta: u32) -> Node {
        Node {
            span: u64::from(start) | u64::from(end) << 32,
            form: u64::from(count) | u64::from(meta) << 32,
        }
    }

    /// Creates the entry of a scalar, or of an empty array or object of a document. Offsets are below 2^32: where
    /// that is known they need not be made so.
    #[inline(always)]
    pub(super) fn single(start: usize, end: usize, meta: u32) -> Node {
        debug_assert!(start >> 32 == 0 && end >> 32 == 0);
        Node {
            span: start as u64 | (end as u64) << 32,
            form: 1 | u64::from(meta) << 32,
        }
    }

    #[inline(always)]
    pub(super) fn start(self) -> u32 {
        self.span as u32
    }

    #[inline(always)]
    pub(super) fn end(self) -> u32 {
        (self.span >> 32) as u32
    }

    /// Returns how many entries a span has, its own and those of its parts.
    #[inline(always)]
    pub(super) fn entries(self) -> usize {
        self.count() as usize
    }

    /// Returns how many slots a built value has.
    #[inline(always)]
    pub(super) fn slots(self) -> usize {
        self.count() as usize
    }

    /// Returns the new entry of a built value that was moved.
    pub(super) fn new_place(self) -> u32 {
        self.count()
    }

    #[inline(always)]
    fn count(self) -> u32 {
        self.form as u32
    }

    #[inline(always)]
    pub(super) fn meta(self) -> u32 {
        (self.form >> 32) as u32
    }

    pub(super) fn with_meta(self, meta: u32) -> Node {
        Node::new(self.start(), self.end(), self.count(), meta)
    }

    /// Returns the same node at another place of the text, or with its slots elsewhere.
    pub(super) fn at(self, start: u32) -> Node {
        Node::new(start, start.wrapping_add(self.len()), self.count(), self.meta())
    }

    pub(super) fn with_new_place(self, entry: u32) -> Node {
        Node::new(self.start(), self.end(), entry, self.meta())
    }

    /// Says whether a string's text has a backslash.
    #[inline(always)]
    pub(super) fn is_escaped(&self) -> bool {
        self.meta() & meta::ESCAPED != 0
    }

    pub(super) fn kind(self) -> u32 {
        self.meta() & meta::KIND
    }

    /// Says whether this is a scalar or a built object, of a form that any part of a value has.
    #[inline(always)]
    pub(super) fn is_plain(self) -> bool {
        meta::PLAIN >> (self.meta() & (meta::KIND | meta::RAW)) & 1 != 0
    }

    pub(super) fn is_built(self) -> bool {
        self.kind() >= meta::BUILT_ARRAY
    }

    pub(super) fn is_moved(self) -> bool {
        self.kind() >= meta::MOVED_ARRAY
    }

    pub(super) fn len(self) -> u32 {
        self.end().wrapping_sub(self.start())
    }

    /// Nesting depth: 0 for scalars, 1 for an empty container.
    pub(super) fn depth(self) -> u32 {
        (self.meta() >> meta::DEPTH_SHIFT) & meta::DEPTH
    }

    pub(super) fn json_kind(self) -> Kind {
        match self.kind() {
            meta::NULL => Kind::Null,
            meta::FALSE | meta::TRUE => Kind::Boolean,
            meta::NUMBER => Kind::Number,
            meta::STRING => Kind::String,
            meta::ARRAY | meta::BUILT_ARRAY => Kind::Array,
            _ => Kind::Object,
        }
    }
}

const _: () = assert!(size_of::<Node>() == 16);
const _: () = assert!(size_of::<ValueRef>() == 4);
