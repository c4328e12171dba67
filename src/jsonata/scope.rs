//! What names mean: slots of environments, names that the caller binds, built-in functions.
//!
//! The language looks names up while it runs; here that is decided beforehand, which is possible because no expression
//! can be made from a text. What stays open is whether a slot is bound yet: until then the name means what it means
//! further out.

use super::ancestor::Ancestors;
use super::builtin;
use super::code::{Last, Place, Variable};
use super::tree::{Kind, Node, Stage};

/// An environment that stands around a piece of code.
#[derive(Debug)]
struct Scope {
    names: Vec<String>,
    /// How many of the first names are bound whenever the environment is: parameters.
    bound: usize,
}

/// The environments around the code that is being made, outermost first.
#[derive(Debug, Default)]
pub(super) struct Scopes {
    scopes: Vec<Scope>,
    globals: Vec<String>,
    /// Whether AWS's functions are there.
    aws: bool,
    /// What every tuple has slots for.
    tuple: Vec<String>,
}

/// The name under which the input of a step is kept for `%`; no variable can have it.
pub(super) fn label_name(label: usize) -> String {
    format!("!{label}")
}

impl Scopes {
    pub(super) fn new(globals: &[&str], aws: bool, root: &Node, ancestors: &Ancestors) -> Scopes {
        let mut scopes = Scopes {
            globals: globals.iter().map(|&name| name.to_owned()).collect(),
            aws,
            ..Scopes::default()
        };
        tuple_names(root, ancestors, &mut scopes.tuple);
        scopes
    }

    /// Returns how many slots a tuple has.
    pub(super) fn tuple_slots(&self) -> u16 {
        self.tuple.len() as u16
    }

    /// Returns the slot of a tuple's name.
    pub(super) fn tuple_slot(&self, name: &str) -> u16 {
        self.tuple
            .iter()
            .position(|known| known == name)
            .unwrap_or_default() as u16
    }

    /// Opens an environment for names; returns how many slots it has.
    pub(super) fn enter(&mut self, parameters: &[String], others: Vec<String>) -> u16 {
        let mut names = parameters.to_vec();
        for name in others {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let slots = names.len() as u16;
        self.scopes.push(Scope {
            names,
            bound: parameters.len(),
        });
        slots
    }

    /// Opens the environment of a tuple, and of what is bound beside it.
    pub(super) fn enter_tuple(&mut self, binds: Vec<String>) -> u16 {
        let mut names = self.tuple.clone();
        for name in binds {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let slots = names.len() as u16;
        self.scopes.push(Scope { names, bound: 0 });
        slots
    }

    pub(super) fn leave(&mut self) {
        self.scopes.pop();
    }

    /// Returns the slot to which a name is bound here.
    pub(super) fn bind(&self, name: &str) -> Option<Place> {
        let mut scopes = self.scopes.iter().rev().enumerate();
        scopes.find_map(|(hops, scope)| {
            let slot = scope.names.iter().rposition(|known| known == name)?;
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
            if let Some(slot) = scope.names.iter().rposition(|known| known == name) {
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
        self.globals.iter().any(|known| known == name)
    }

    fn last(&self, name: &str) -> Last {
        if let Some(global) = self.globals.iter().position(|known| known == name) {
            return Last::Global(global as u32);
        }
        if name == "$" {
            return Last::Root;
        }
        builtin::find(name, self.aws).map_or(Last::Nothing, Last::Builtin)
    }
}

/// Collects the names that tuples keep, in a whole expression.
fn tuple_names(node: &Node, ancestors: &Ancestors, names: &mut Vec<String>) {
    let mut add = |name: String| {
        if !names.contains(&name) {
            names.push(name);
        }
    };
    node.focus
        .iter()
        .chain(&node.index)
        .for_each(|name| add(name.clone()));
    if let Some(slot) = node.ancestor {
        add(label_name(ancestors.label(slot)));
    }
    for stage in node.stages.iter().chain(&node.predicates) {
        if let Stage::Index(name) = stage {
            add(name.clone());
        }
    }
    node.each_child(&mut |child| tuple_names(child, ancestors, names));
}

/// Collects the names that a node binds in the environment around it.
pub(super) fn binds(node: &Node, names: &mut Vec<String>) {
    if let Kind::Bind { name, .. } = &node.kind
        && !name.is_empty()
        && !names.contains(name)
    {
        names.push(name.clone());
    }
    let opens = matches!(node.kind, Kind::Block(_) | Kind::Lambda { .. });
    node.each_child(&mut |child| {
        // What stands behind a block is not in it; both have to be looked at, and a slot too much does no harm.
        if !opens || !node.owns(child) {
            binds(child, names);
        }
    });
}

impl Node {
    /// Says whether a child is a part of what the node is, not of what stands behind it.
    fn owns(&self, child: &Node) -> bool {
        let same = |part: &Node| std::ptr::eq(part, child);
        match &self.kind {
            Kind::Block(parts) => parts.iter().any(same),
            Kind::Lambda { body, .. } => same(body),
            _ => false,
        }
    }

    /// Calls a function with each child.
    pub(super) fn each_child<'a>(&'a self, child: &mut dyn FnMut(&'a Node)) {
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
