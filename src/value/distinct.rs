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

/// Most names of an object that one is compared with; an object with more is sorted.
const COMPARED_MAX: usize = 32;

/// How many documents are indexed with a look at their names after somebody had to look at those of one. Most programs
/// need that for every event or for none.
const WANTED: u16 = 1_000;

/// What is known of names that stand twice in a heap.
#[derive(Clone, Copy, Debug)]
pub(super) struct Verified {
    /// Below this entry no document has them.
    end: u32,
    /// Below this entry no document has them, or came with blanks. Compared with sign, see [`Heap::is_plain`].
    plain_end: i32,
    /// Whether one above has, and if so, the entries of a value that has not, the last that was looked through.
    has_doubles: bool,
    range: (u32, u32),
    /// How many more documents are to be indexed with a look at their names.
    wanted: u16,
    /// What names are mixed with for their marks, an odd number. Changes when the marks of different names were the
    /// same: events are alike, so sooner or later there is one that tells all their names apart.
    salt: u32,
}

/// The first salt, and what comes to it for the next.
const SALT: u32 = 0x9e37_79b9;
const SALT_STEP: u32 = 0x6a09_e668;

impl Default for Verified {
    fn default() -> Verified {
        Verified {
            end: u32::MAX,
            plain_end: i32::MAX,
            has_doubles: false,
            range: (0, 0),
            wanted: 0,
            salt: SALT,
        }
    }
}

impl Verified {
    /// Says whether indexing is to look at the names, which is one document less then.
    pub(super) fn is_wanted(&mut self) -> bool {
        let is_wanted = self.wanted > 0;
        self.wanted -= u16::from(is_wanted);
        is_wanted
    }

    /// Returns what names are mixed with for their marks.
    pub(super) fn salt(&self) -> u32 {
        self.salt
    }

    /// Notes that the document of this entry may have doubles.
    pub(super) fn doubt(&mut self, root: u32) {
        self.end = self.end.min(root);
        self.plain_end = self.plain_end.min(root as i32);
    }

    /// Notes that the document of this entry came with blanks.
    pub(super) fn note_blanks(&mut self, root: u32) {
        self.plain_end = self.plain_end.min(root as i32);
    }

    /// Forgets all entries.
    pub(super) fn clear(&mut self) {
        self.take(&Verified::default());
    }

    /// Takes what is known of another heap whose entries this one has now.
    pub(super) fn take(&mut self, other: &Verified) {
        *self = Verified {
            wanted: self.wanted,
            salt: self.salt,
            ..*other
        };
    }

    /// Takes what is known of another heap some of whose entries this one has now, in other places.
    pub(super) fn take_moved(&mut self, other: &Verified) {
        self.clear();
        if other.end != u32::MAX {
            self.doubt(0);
        }
        if other.plain_end != i32::MAX {
            self.note_blanks(0);
        }
    }

    #[inline]
    fn covers(&self, entry: u32) -> bool {
        entry < self.end || self.covers_apart(entry)
    }

    #[inline(never)]
    fn covers_apart(&self, entry: u32) -> bool {
        let (start, end) = self.range;
        self.has_doubles && start <= entry && entry < end
    }
}

impl Store<'_> {
    /// Returns a value as a tree has it: dense, and with one member for each name. It is the same value if it has
    /// that form.
    ///
    /// Costs a look at each member of all documents, once. Who asks once will ask again: the next ones are looked at
    /// while they are indexed, which takes a third of that.
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
        let start = value.at() as u32;
        let end = start + node.entries() as u32;
        let is_known = node.kind() < meta::ARRAY || self.heap.verified.covers(start);
        if !is_known && self.heap.has_doubles(start, end) {
            return self.without_doubles(value);
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
        let (start, count) = (node.start() as usize, node.slots());
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
                let kind = node.meta() & !meta::RAW;
                self.heap
                    .push(Node::single(node.start() as usize, node.end() as usize, kind))
            }
        }
    }
}

impl View<'_> {
    /// Says whether [`Store::distinct`] has nothing to look at.
    pub fn is_plain(self, value: ValueRef) -> bool {
        if value.is_constant() {
            return true;
        }
        let heap = self.heap(value);
        let node = self.node(value);
        node.is_plain() || !node.is_built() && !Heap::is_raw(node) && heap.verified.covers(value.at() as u32)
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
    /// As [`View::is_plain`], from what is known of all documents at once; false where more must be looked at.
    ///
    /// Constants, and no value, are negative as numbers: one comparison tells all that is known to be plain.
    #[inline(always)]
    pub fn is_plain(&self, value: ValueRef) -> bool {
        (value.0 as i32) < self.verified.plain_end || self.nodes[value.at()].is_plain()
    }

    /// Says whether it is known that no object of the document to which this value belongs has a name twice.
    #[inline(always)]
    pub(super) fn has_one_of_each(&self, value: ValueRef) -> bool {
        (value.at() as u32) < self.verified.end
    }

    /// Says whether a value, which has these entries, has an object with a name that stands twice.
    ///
    /// Looks at all documents since it last looked, so that each is looked at once while none has such names.
    fn has_doubles(&mut self, start: u32, end: u32) -> bool {
        let (text, nodes, salt) = (&self.text, self.nodes.as_slice(), self.verified.salt);
        if !self.verified.has_doubles {
            let were_marked = self.verified.wanted > 0;
            self.verified.wanted = WANTED;
            if !has_doubles(text, nodes, self.verified.end as usize, salt) {
                if were_marked {
                    self.verified.salt = salt.wrapping_add(SALT_STEP);
                }
                self.verified.end = u32::MAX;
                let first_raw = self.raws.first();
                self.verified.plain_end = first_raw.map_or(i32::MAX, |raw| raw.root as i32);
                return false;
            }
            self.verified.has_doubles = true;
        }
        let nodes = nodes.get(..end as usize).unwrap_or_default();
        let has_doubles = has_doubles(text, nodes, start as usize, salt);
        if !has_doubles {
            self.verified.range = (start, end);
        }
        has_doubles
    }
}

/// Says whether an object behind an entry has a name that stands twice.
fn has_doubles(text: &[u8], nodes: &[Node], start: usize, salt: u32) -> bool {
    let mut entry = start;
    while let Some(node) = nodes.get(entry) {
        entry += 1;
        if node.meta() & meta::KIND != meta::OBJECT {
            continue;
        }
        let end = entry - 1 + node.entries();
        let Names { may_double, is_flat } = names(text, nodes, entry, end, salt);
        if may_double && has_double(text, nodes, entry, end) {
            return true;
        }
        if is_flat {
            entry = end;
        }
    }
    false
}

/// What a look at the names of an object has shown.
struct Names {
    /// Whether two of them may be the same.
    may_double: bool,
    /// Whether no member has parts of its own.
    is_flat: bool,
}

/// Returns what stands for a name, the same for the same name: from the two bytes behind its opening quote, the one
/// before its closing quote, its length, and a salt. The upper bits are as good as random.
#[inline(always)]
pub(super) fn mark(begins: [u8; 2], last: u8, len: u32, salt: u32) -> u32 {
    let mixed = u32::from(u16::from_le_bytes(begins)) + (u32::from(last) << 16) + len;
    mixed.wrapping_mul(salt)
}

/// Looks at the names of the object whose members have these entries: at their marks.
#[inline(always)]
fn names(text: &[u8], nodes: &[Node], first: usize, end: usize, salt: u32) -> Names {
    let (mut key, mut doubles, mut parts) = (first, 0_u64, 0_usize);
    // A bit for each of 256 marks.
    let mut marks = [0_u64; 4];
    while key < end {
        let Some(&[name, value]) = nodes.get(key..key + 2) else {
            break;
        };
        let start = name.start() as usize;
        let Some(&[_, first, second]) = text.get(start..start + 3) else {
            break;
        };
        let last = text.get(name.end() as usize - 2).copied().unwrap_or_default();
        let mark = mark([first, second], last, name.len(), salt);
        let (bits, bit) = (&mut marks[(mark >> 30) as usize], 1_u64.wrapping_shl(mark >> 24));
        doubles |= *bits & bit | u64::from(name.is_escaped());
        *bits |= bit;
        parts |= value.entries() - 1;
        key += 1 + value.entries();
    }
    Names {
        may_double: doubles != 0,
        is_flat: parts == 0,
    }
}

/// Iterates over the names of the object whose members have these entries.
fn keys(nodes: &[Node], first: usize, end: usize) -> impl Iterator<Item = Node> {
    let mut key = first;
    std::iter::from_fn(move || {
        let name = *nodes.get(key).filter(|_| key < end)?;
        key += 1 + nodes.get(key + 1)?.entries();
        Some(name)
    })
}

/// Says whether two names of the object whose members have these entries are the same.
#[cold]
#[inline(never)]
fn has_double(text: &[u8], nodes: &[Node], first: usize, end: usize) -> bool {
    let content = |name: Node| {
        let content = text.get(name.start() as usize + 1..name.end() as usize - 1);
        content.unwrap_or_default()
    };
    let is_escaped = |name: Node| name.meta() & meta::ESCAPED != 0;
    let count = keys(nodes, first, end).take(COMPARED_MAX + 1).count();
    if count > COMPARED_MAX || keys(nodes, first, end).any(is_escaped) {
        let decode = |name: Node| Str::new(content(name), is_escaped(name)).decode();
        let mut decoded: Vec<_> = keys(nodes, first, end).map(decode).collect();
        decoded.sort_unstable();
        return decoded.windows(2).any(|pair| pair[0] == pair[1]);
    }
    let mut before = keys(nodes, first, end).enumerate();
    before.any(|(at, name)| {
        let mut others = keys(nodes, first, end).take(at);
        others.any(|other| content(other) == content(name))
    })
}
