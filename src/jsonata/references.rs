//! What an expression reads: for the refusals when a definition is created, and for whoever hands in the values.
//!
//! Must not know how anything is evaluated. A name stands for the document where nothing else is the context; AWS has no
//! document there and refuses it (facts 2).

use std::collections::{BTreeSet, HashSet};

use super::tree::{Kind, Node, Stage};

/// A reading of the document where AWS has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The name; `$` is the context item, `$$` the document.
    pub name: String,
    /// UTF-16 units up to the end of the name.
    pub position: u32,
}

impl Reference {
    /// Returns AWS's words.
    pub fn message(&self) -> String {
        match self.name.as_str() {
            "$$" => "Reference to '$$' is not supported.".to_owned(),
            name => format!("Reference to '{name}' at the top level is not supported."),
        }
    }
}

/// What an expression reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// Readings of the document, each name once, in writing order.
    pub top: Vec<Reference>,
    /// Fields of `$states`, each once: the first two steps of a path, anywhere.
    pub states: Vec<Reference>,
    /// Whether `$states` is read in any other way.
    pub whole_states: bool,
    /// Other variables, each once; functions, and what the expression binds itself, are among them.
    pub variables: Vec<Reference>,
    /// The variables that the expression binds somewhere: with `:=`, as parameters, with `@` and `#`.
    pub bound: BTreeSet<String>,
}

/// The code of AWS's refusal of a [`Reference`] to the document.
pub const UNSUPPORTED: &str = "UNSUPPORTED_JSONATA_EXPRESSION";

/// The code of AWS's refusal of a text that is no expression; the message is the error's text without its code.
pub const INVALID: &str = "INVALID_JSONATA_EXPRESSION";

impl References {
    pub(super) fn of(tree: &Node) -> References {
        let mut collector = Collector::default();
        collector.top_level(tree);
        collector.variables(tree);
        References {
            top: collector.top.list,
            states: collector.states.list,
            whole_states: collector.whole_states,
            variables: collector.variables.list,
            bound: collector.bound,
        }
    }
}

/// Names, each once, where they are read first. An expression may be a megabyte of names.
#[derive(Default)]
struct Names<'a> {
    list: Vec<Reference>,
    known: HashSet<&'a str>,
}

impl<'a> Names<'a> {
    fn add(&mut self, name: &'a str, position: u32) {
        if self.known.insert(name) {
            self.list.push(Reference {
                name: name.to_owned(),
                position,
            });
        }
    }
}

#[derive(Default)]
struct Collector<'a> {
    top: Names<'a>,
    states: Names<'a>,
    whole_states: bool,
    variables: Names<'a>,
    bound: BTreeSet<String>,
}

impl<'a> Collector<'a> {
    /// Looks at what is evaluated with the document as context item.
    fn top_level(&mut self, node: &'a Node) {
        match &node.kind {
            Kind::Path { steps, .. } => self.top_level(&steps[0]),
            Kind::Name(name) => self.top.add(name, node.position),
            Kind::Variable(name) if name.is_empty() => self.top.add("$", node.position),
            Kind::Variable(name) if name == "$" => self.top.add("$$", node.position),
            Kind::Binary { left, right, .. } | Kind::Apply { left, right } => {
                self.top_level(left);
                self.top_level(right);
            }
            Kind::Bind { right: part, .. } | Kind::Negate(part) | Kind::TailCall(part) => {
                self.top_level(part)
            }
            Kind::Lambda { body, .. } => self.top_level(body),
            Kind::Array(parts) | Kind::Block(parts) => parts.iter().for_each(|part| self.top_level(part)),
            Kind::Object(pairs) => {
                for (key, value) in pairs {
                    self.top_level(key);
                    self.top_level(value);
                }
            }
            Kind::Call { procedure, arguments } | Kind::Partial { procedure, arguments } => {
                self.top_level(procedure);
                arguments.iter().for_each(|argument| self.top_level(argument));
            }
            Kind::Condition {
                condition,
                then,
                otherwise,
            } => {
                self.top_level(condition);
                self.top_level(then);
                otherwise.iter().for_each(|otherwise| self.top_level(otherwise));
            }
            _ => {}
        }
    }

    /// Looks at all variables, wherever they stand.
    fn variables(&mut self, node: &'a Node) {
        self.binds(node);
        match &node.kind {
            Kind::Path { steps, .. } => {
                let field = match (
                    &steps[0].kind,
                    steps.get(1).map(|step| (&step.kind, step.position)),
                ) {
                    (Kind::Variable(name), Some((Kind::Name(field), position)))
                        if name == "states"
                            && steps[0].stages.is_empty()
                            && steps[0].predicates.is_empty() =>
                    {
                        Some((field, position))
                    }
                    _ => None,
                };
                let Some((field, position)) = field else {
                    return node.each_child(&mut |child| self.variables(child));
                };
                self.states.add(field, position);
                let first: *const Node = &steps[0];
                node.each_child(&mut |child| {
                    if !std::ptr::eq(child, first) {
                        self.variables(child);
                    }
                });
                return;
            }
            Kind::Variable(name) if name == "states" => self.whole_states = true,
            Kind::Variable(name) if !name.is_empty() && name != "$" => {
                self.variables.add(name, node.position);
            }
            _ => {}
        }
        node.each_child(&mut |child| self.variables(child));
    }

    /// Notes the names that a node binds.
    fn binds(&mut self, node: &Node) {
        match &node.kind {
            Kind::Bind { name, .. } => _ = self.bound.insert(name.clone()),
            Kind::Lambda { parameters, .. } => self.bound.extend(parameters.iter().cloned()),
            _ => {}
        }
        let indices = node.stages.iter().filter_map(|stage| match stage {
            Stage::Index(name) => Some(name),
            Stage::Filter(_) => None,
        });
        let names = node.focus.iter().chain(&node.index).chain(indices);
        self.bound.extend(names.cloned());
    }
}
