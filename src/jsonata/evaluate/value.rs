//! Values while an expression runs: 16 bytes, copied freely.
//!
//! JSON of the run's heap or the constants stays a handle; what is computed lives in the arena of the evaluation.
//! Must not know code. Invariant: nothing here is kept when the evaluation is over.

use std::cell::{Cell, RefCell};

use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;

use crate::value::{Elements, ValueRef};

/// A value.
#[derive(Clone, Copy)]
pub(crate) enum Value<'a> {
    /// A slot that nothing was bound to; never on the operand stack.
    Unbound,
    Nothing,
    Json(ValueRef),
    Boolean(bool),
    Number(f64),
    /// A whole number that no double holds, as it was read.
    Integer(i64),
    Text(&'a &'a str),
    Array(&'a Array<'a>),
    Object(&'a Object<'a>),
    Builtin(u16),
    Function(&'a Function<'a>),
    Tuple(&'a Tuple<'a>),
}

const _: () = assert!(size_of::<Value<'_>>() == 16);

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Nothing,
    Null,
    Boolean,
    Number,
    String,
    Array,
    Object,
    Function,
}

/// What is known of an array besides its elements; the table in the module docs says what each is for.
pub(crate) mod flag {
    /// A sequence: of none it is nothing, of one the element.
    pub(crate) const SEQUENCE: u8 = 1;
    /// A sequence that stays an array.
    pub(crate) const KEEP: u8 = 2;
    /// Made by a constructor: a path does not flatten it.
    pub(crate) const CONSTRUCTED: u8 = 4;
    /// Around a document that is an array.
    pub(crate) const WRAPPER: u8 = 8;
    /// The elements are tuples.
    pub(crate) const TUPLES: u8 = 16;
}

/// A computed array.
pub(crate) struct Array<'a> {
    pub(crate) items: &'a [Value<'a>],
    pub(crate) flags: Cell<u8>,
}

impl Array<'_> {
    pub(crate) fn has(&self, flag: u8) -> bool {
        self.flags.get() & flag != 0
    }

    pub(crate) fn set(&self, flag: u8) {
        self.flags.set(self.flags.get() | flag);
    }
}

/// A member of a computed object.
#[derive(Clone, Copy)]
pub(crate) struct Member<'a> {
    pub(crate) key: &'a str,
    /// The key as a string of the heap, where it is known.
    pub(crate) handle: Option<ValueRef>,
    pub(crate) value: Value<'a>,
}

/// Above so many members a computed object finds names by a table.
const SEARCHED_MEMBERS_MAX: usize = 12;

/// A computed object; members in the order in which they came.
pub(crate) struct Object<'a> {
    members: RefCell<ArenaVec<'a, Member<'a>>>,
    /// Places of members by the hash of their names, 0 for none; empty while members are few.
    table: RefCell<ArenaVec<'a, u32>>,
    /// How many members were looked at since it was asked: names may be chosen so that all have one hash.
    probes: Cell<usize>,
}

impl<'a> Object<'a> {
    pub(crate) fn new(arena: &'a Bump, capacity: usize) -> Object<'a> {
        Object {
            members: RefCell::new(ArenaVec::with_capacity_in(capacity, arena)),
            table: RefCell::new(ArenaVec::new_in(arena)),
            probes: Cell::new(0),
        }
    }

    /// Returns how many members were looked at since it was asked last.
    pub(crate) fn take_probes(&self) -> usize {
        self.probes.take()
    }

    pub(crate) fn len(&self) -> usize {
        self.members.borrow().len()
    }

    pub(crate) fn member(&self, index: usize) -> Option<Member<'a>> {
        self.members.borrow().get(index).copied()
    }

    fn hash(name: &str) -> usize {
        use std::hash::{Hash, Hasher};
        let mut hasher = rustc_hash::FxHasher::default();
        name.hash(&mut hasher);
        hasher.finish() as usize
    }

    /// Returns where the member of a name is.
    fn find(&self, name: &str) -> Option<usize> {
        let members = self.members.borrow();
        let table = self.table.borrow();
        if table.is_empty() {
            return members.iter().position(|member| member.key == name);
        }
        let mask = table.len() - 1;
        let mut at = Self::hash(name) & mask;
        let mut probes = self.probes.get();
        let found = loop {
            let Some(place) = (table[at] as usize).checked_sub(1) else {
                break None;
            };
            probes += 1;
            if members[place].key == name {
                break Some(place);
            }
            at = (at + 1) & mask;
        };
        self.probes.set(probes);
        found
    }

    pub(crate) fn get(&self, name: &str) -> Option<Value<'a>> {
        let place = self.find(name)?;
        self.member(place).map(|member| member.value)
    }

    /// Sets a member; says whether it is new.
    pub(crate) fn set(&self, key: &'a str, value: Value<'a>) -> bool {
        if let Some(place) = self.find(key) {
            self.members.borrow_mut()[place].value = value;
            return false;
        }
        self.push(key, None, value);
        true
    }

    /// Adds a member whose name is certainly new.
    pub(crate) fn push(&self, key: &'a str, handle: Option<ValueRef>, value: Value<'a>) {
        self.members.borrow_mut().push(Member { key, handle, value });
        self.note_last();
    }

    /// Keeps the table in step with the members.
    fn note_last(&self) {
        let members = self.members.borrow();
        if members.len() <= SEARCHED_MEMBERS_MAX {
            return;
        }
        let mut table = self.table.borrow_mut();
        let from = if table.len() < 2 * members.len() {
            table.clear();
            table.resize((4 * members.len()).next_power_of_two(), 0);
            0
        } else {
            members.len() - 1
        };
        let mask = table.len() - 1;
        for (place, member) in members.iter().enumerate().skip(from) {
            let mut at = Self::hash(member.key) & mask;
            while table[at] != 0 {
                at = (at + 1) & mask;
                self.probes.set(self.probes.get() + 1);
            }
            table[at] = place as u32 + 1;
        }
    }

    /// Removes a member.
    pub(crate) fn remove(&self, name: &str) {
        if let Some(place) = self.find(name) {
            self.members.borrow_mut().remove(place);
            self.table.borrow_mut().clear();
            self.note_last();
        }
    }
}

/// An environment: slots, and what is around it.
pub(crate) struct Environment<'a> {
    pub(crate) slots: &'a [Cell<Value<'a>>],
    pub(crate) outer: Cell<Option<&'a Environment<'a>>>,
}

/// A member of a tuple stream: a value with what its steps have bound.
pub(crate) struct Tuple<'a> {
    /// The value; nothing once a grouping has taken it.
    pub(crate) value: Cell<Value<'a>>,
    pub(crate) slots: &'a [Value<'a>],
}

/// A function that was made while the expression ran.
pub(crate) enum Function<'a> {
    Lambda {
        code: u32,
        environment: &'a Environment<'a>,
        context: Value<'a>,
        /// Where it was called last.
        site: Cell<u32>,
    },
    /// A call in tail position that is still to be made.
    Thunk {
        entry: u32,
        environment: &'a Environment<'a>,
        context: Value<'a>,
    },
    /// Some arguments are given; `Unbound` stands for those that are not.
    Partial {
        function: Value<'a>,
        arguments: &'a [Value<'a>],
    },
    /// First the one, then the other.
    Chain {
        first: Value<'a>,
        second: Value<'a>,
    },
    Regex(u32),
    /// Where a regular expression goes on.
    Next {
        regex: u32,
        text: &'a &'a str,
        from: usize,
    },
    Transform {
        code: u32,
        environment: &'a Environment<'a>,
    },
    /// A built-in function as an argument: it sees no context item.
    Detached(Value<'a>),
}

/// Iterates over the elements of an array, wherever it is.
#[derive(Clone)]
pub(crate) enum Items<'a> {
    Slice(std::slice::Iter<'a, Value<'a>>),
    Json(Elements<'a>),
    One(Option<Value<'a>>),
}

impl<'a> Iterator for Items<'a> {
    type Item = Value<'a>;

    #[inline]
    fn next(&mut self) -> Option<Value<'a>> {
        match self {
            Items::Slice(items) => items.next().copied(),
            Items::Json(elements) => elements.next().map(Value::Json),
            Items::One(item) => item.take(),
        }
    }
}

impl Value<'_> {
    pub(crate) fn is_nothing(self) -> bool {
        matches!(self, Value::Nothing | Value::Unbound)
    }
}
