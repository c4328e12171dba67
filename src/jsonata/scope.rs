//! What names mean: slots of environments, names that the caller binds, built-in functions.
//!
//! The language looks names up while it runs; here that is decided beforehand, which is possible because no expression
//! can be made from a text. What stays open is whether a slot is bound yet: until then the name means what it means
//! further out.

use std::collections::HashMap;
use std::rc::Rc;

use super::ancestor::Ancestors;
use super::builtin;
use super::code::{Last, Place, Variable};
use super::tree::{Kind, Node, Stage};
use super::{Bound, Error};

/// Names by number. An expression may be a megabyte of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    count: usize,
    numbers: HashMap<String, usize>,
}

impl Names {
    /// Gives a name the next number, whether or not it has one.
    fn push(&mut self, name: &str) {
        self.numbers.insert(name.to_owned(), self.count);
        self.count += 1;
    }

    /// Gives a name the next number unless it has one.
    fn add(&mut self, name: &str) {
        if !self.numbers.contains_key(name) {
            self.push(name);
        }
    }

    /// Adds names in their order, without some.
    fn extend(&mut self, others: &Names, without: &Names) {
        let mut others: Vec<(&String, &usize)> = others.numbers.iter().collect();
        others.sort_by_key(|(_, number)| **number);
        let others = others
            .into_iter()
            .filter(|(name, _)| without.number(name).is_none());
        others.for_each(|(name, _)| self.add(name));
    }

    fn number(&self, name: &str) -> Option<usize> {
        self.numbers.get(name).copied()
    }

    /// Says whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// An environment that stands around a piece of code.
#[derive(Debug)]
struct Scope {
    /// The names of the tuple, if it is the environment of one: they come first.
    tuple: Rc<Names>,
    names: Names,
    /// How many of the first names are bound whenever the environment is: parameters.
    bound: usize,
}

impl Scope {
    fn slot(&self, name: &str) -> Option<usize> {
        let own = self.names.number(name).map(|number| self.tuple.count + number);
        own.or_else(|| self.tuple.number(name))
    }
}

/// The environments around the code that is being made, outermost first.
#[derive(Debug, Default)]
pub(super) struct Scopes {
    scopes: Vec<Scope>,
    globals: HashMap<String, u32>,
    /// Whether AWS's functions are there.
    aws: bool,
    /// What every tuple has slots for.
    tuple: Rc<Names>,
}

/// The name under which the input of a step is kept for `%`; no variable can have it.
pub(super) fn label_name(label: usize) -> String {
    format!("!{label}")
}

impl Scopes {
    pub(super) fn new(globals: &[&str], aws: bool, root: &Node, ancestors: &Ancestors) -> Scopes {
        let mut tuple = Names::default();
        tuple_names(root, ancestors, &mut tuple);
        Scopes {
            // Of a name given twice the first one counts.
            globals: globals
                .iter()
                .map(|&name| name.to_owned())
                .enumerate()
                .map(|(index, name)| (name, index as u32))
                .rev()
                .collect(),
            aws,
            tuple: Rc::new(tuple),
            ..Scopes::default()
        }
    }

    /// Returns how many slots a tuple has.
    pub(super) fn tuple_slots(&self) -> u16 {
        u16::try_from(self.tuple.count).unwrap_or(u16::MAX)
    }

    /// Returns the slot of a tuple's name.
    pub(super) fn tuple_slot(&self, name: &str) -> u16 {
        self.tuple.number(name).unwrap_or_default() as u16
    }

    /// Opens an environment for names; returns how many slots it has.
    ///
    /// # Errors
    /// When there are more names than slots.
    pub(super) fn enter(&mut self, parameters: &[String], others: &Names) -> Result<u16, Error> {
        let mut names = Names::default();
        parameters.iter().for_each(|name| names.push(name));
        names.extend(others, &Names::default());
        self.open(Rc::default(), names, parameters.len())
    }

    /// Opens the environment of a tuple, and of what is bound beside it.
    ///
    /// # Errors
    /// When there are more names than slots.
    pub(super) fn enter_tuple(&mut self, binds: &Names) -> Result<u16, Error> {
        let mut names = Names::default();
        names.extend(binds, &self.tuple);
        self.open(Rc::clone(&self.tuple), names, 0)
    }

    fn open(&mut self, tuple: Rc<Names>, names: Names, bound: usize) -> Result<u16, Error> {
        let slots = u16::try_from(tuple.count + names.count);
        self.scopes.push(Scope { tuple, names, bound });
        slots.map_err(|_| Error::bound(Bound::Memory))
    }

    pub(super) fn leave(&mut self) {
        self.scopes.pop();
    }

    /// Returns the slot to which a name is bound here.
    pub(super) fn bind(&self, name: &str) -> Option<Place> {
        let mut scopes = self.scopes.iter().rev().enumerate();
        scopes.find_map(|(hops, scope)| {
            let slot = scope.slot(name)?;
            Some(Place {
                hops: hops as u16,
                slot: slot as u16,
            })
        })
    }

    /// Returns where a variable may be found.
    pub(super) fn variable(&self, name: &str) -> Variable {
        let mut places = Vec::new();
        for (hops, scope) in self.scopes.iter().rev().enumerate() {
            if let Some(slot) = scope.slot(name) {
                places.push(Place {
                    hops: hops as u16,
                    slot: slot as u16,
                });
                if slot < scope.bound {
                    return Variable {
                        places,
                        last: Last::Nothing,
                    };
                }
            }
        }
        Variable {
            places,
            last: self.last(name),
        }
    }

    /// Says whether the caller binds a name.
    pub(super) fn is_global(&self, name: &str) -> bool {
        self.globals.contains_key(name)
    }

    fn last(&self, name: &str) -> Last {
        let builtin = builtin::find(name, self.aws);
        if let Some(global) = self.globals.get(name) {
            return Last::Global(*global, builtin);
        }
        if name == "$" {
            return Last::Root;
        }
        builtin.map_or(Last::Nothing, Last::Builtin)
    }
}

/// Collects the names that tuples keep, in a whole expression.
fn tuple_names(node: &Node, ancestors: &Ancestors, names: &mut Names) {
    node.focus
        .iter()
        .chain(&node.index)
        .for_each(|name| names.add(name));
    if let Some(slot) = node.ancestor {
        names.add(&label_name(ancestors.label(slot)));
    }
    for stage in node.stages.iter().chain(&node.predicates) {
        if let Stage::Index(name) = stage {
            names.add(name);
        }
    }
    node.each_child(&mut |child| tuple_names(child, ancestors, names));
}

/// Collects the names that a node binds in the environment around it.
pub(super) fn binds(node: &Node, names: &mut Names) {
    if let Kind::Bind { name, .. } = &node.kind
        && !name.is_empty()
    {
        names.add(name);
    }
    // What stands behind a block is not in it.
    if !matches!(node.kind, Kind::Block(_) | Kind::Lambda { .. }) {
        node.each_part(&mut |part| binds(part, names));
    }
    node.each_behind(&mut |part| binds(part, names));
}

impl Node {
    /// Calls a function with each child.
    pub(super) fn each_child<'a>(&'a self, child: &mut dyn FnMut(&'a Node)) {
        self.each_part(child);
        self.each_behind(child);
    }

    /// Calls a function with each part of what the node itself is.
    fn each_part<'a>(&'a self, child: &mut dyn FnMut(&'a Node)) {
        match &self.kind {
            Kind::Path { steps, .. } | Kind::Array(steps) | Kind::Block(steps) => {
                steps.iter().for_each(&mut *child)
            }
            Kind::Sort(terms) => terms.iter().for_each(|term| child(&term.key)),
            Kind::Binary { left, right, .. } | Kind::Apply { left, right } => {
                child(left);
                child(right);
            }
            Kind::Bind { right, .. } => child(right),
            Kind::Negate(operand) | Kind::TailCall(operand) => child(operand),
            Kind::Object(pairs) => pairs.iter().for_each(|(key, value)| {
                child(key);
                child(value);
            }),
            Kind::Call { procedure, arguments } | Kind::Partial { procedure, arguments } => {
                child(procedure);
                arguments.iter().for_each(&mut *child);
            }
            Kind::Lambda { body, .. } => child(body),
            Kind::Condition {
                condition,
                then,
                otherwise,
            } => {
                child(condition);
                child(then);
                otherwise.iter().for_each(|otherwise| child(otherwise));
            }
            Kind::Transform {
                pattern,
                update,
                delete,
            } => {
                child(pattern);
                child(update);
                delete.iter().for_each(|delete| child(delete));
            }
            _ => {}
        }
    }

    /// Calls a function with each part of what stands behind the node: predicates, a grouping.
    fn each_behind<'a>(&'a self, child: &mut dyn FnMut(&'a Node)) {
        for stage in self.predicates.iter().chain(&self.stages) {
            if let Stage::Filter(predicate) = stage {
                child(predicate);
            }
        }
        if let Some(group) = &self.group {
            for (key, value) in &group.pairs {
                child(key);
                child(value);
            }
        }
    }
}
