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
/// Spans (`NULL` to `OBJECT`): `start..end` is the value's dense text, `next` the entry after its
/// subtree; the entries of a subtree are contiguous, a member's key stands right before its value.
/// Built (`BUILT_*`): `start` is the first slot, `next` the number of slots (two per member: key,
/// value), and `end - start` the length of the dense text, as for spans.
///
/// Two words, because the index writes them with two stores: four cost it a tenth of its time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Node {
    /// `start`, and `end` in the upper half.
    span: u64,
    /// `next`, and `meta` in the upper half.
    link: u64,
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
    /// A built array or object that a compaction has copied: `next` is its new entry. Only seen there.
    pub(in crate::value) const MOVED_ARRAY: u32 = 9;
    pub(in crate::value) const KIND: u32 = 15;
    /// A string whose text has a backslash.
    pub(in crate::value) const ESCAPED: u32 = 1 << 4;
    /// A document's root whose text came with blanks: [`super::super::Heap`] knows the original.
    /// Also an array of results that has such a value among its elements.
    pub(in crate::value) const RAW: u32 = 1 << 5;
    pub(in crate::value) const DEPTH_SHIFT: u32 = 6;
    pub(in crate::value) const DEPTH: u32 = 1023;
    pub(in crate::value) const COUNT_SHIFT: u32 = 16;
    /// Counts stop here; a container that says so must be walked to be counted.
    pub(in crate::value) const COUNT_MAX: u32 = 0xFFFF;
}

impl Node {
    #[inline(always)]
    pub(super) fn new(start: u32, end: u32, next: u32, meta: u32) -> Node {
        Node {
            span: u64::from(start) | u64::from(end) << 32,
            link: u64::from(next) | u64::from(meta) << 32,
        }
    }

    /// As [`Node::new`], with its two words.
    #[inline(always)]
    pub(super) fn of(span: u64, link: u64) -> Node {
        Node { span, link }
    }

    #[inline(always)]
    pub(super) fn start(self) -> u32 {
        self.span as u32
    }

    #[inline(always)]
    pub(super) fn end(self) -> u32 {
        (self.span >> 32) as u32
    }

    #[inline(always)]
    pub(super) fn next(self) -> u32 {
        self.link as u32
    }

    #[inline(always)]
    pub(super) fn meta(self) -> u32 {
        (self.link >> 32) as u32
    }

    pub(super) fn with_meta(self, meta: u32) -> Node {
        Node::new(self.start(), self.end(), self.next(), meta)
    }

    pub(super) fn with_next(self, next: u32) -> Node {
        Node {
            link: u64::from(next) | u64::from(self.meta()) << 32,
            ..self
        }
    }

    pub(super) fn kind(self) -> u32 {
        self.meta() & meta::KIND
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
