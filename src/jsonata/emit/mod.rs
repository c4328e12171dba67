//! From the tree to flat code.
//!
//! Owns which instructions a node becomes. Must not know values. Recursion is bounded by the height of the tree.

mod call;
mod path;

use std::collections::HashMap;

use super::Error;
use super::ancestor::Ancestors;
use super::builtin;
use super::code::{Address, Code, GroupCode, Guard, Last, Mark, Op, Operator, ShapeCode, Variable};
use super::quick;
use super::scope::{self, Names, Scopes};
use super::syntax::Literal;
use super::tree::{Group, Kind, Node, Stage};
use crate::value::Key;

/// Makes the code of an expression. `globals` are the names that the caller binds.
pub(super) fn emit(tree: &Node, ancestors: &Ancestors, globals: &[&str], aws: bool) -> Result<Code, Error> {
    let mut names = Names::default();
    scope::binds(tree, &mut names);
    let mut scopes = Scopes::new(globals, aws, tree, ancestors);
    let mut code = Code {
        tuple_slots: scopes.tuple_slots(),
        states: aws,
        ..Code::default()
    };
    code.root_slots = scopes.enter(&[], &names)?;
    let mut emitter = Emitter {
        code,
        scopes,
        ancestors,
        depth: 0,
        deepest: 0,
        functions: 0,
        thunks: false,
        known: Known::default(),
    };
    emitter.node(tree)?;
    emitter.op(Op::Return, tree.position);
    let mut code = emitter.code;
    code.depth = emitter.deepest;
    code.quick = quick::suits(&code);
    Ok(code)
}

struct Emitter<'a> {
    code: Code,
    scopes: Scopes,
    ancestors: &'a Ancestors,
    /// How many nodes of this body stand around what is being emitted.
    depth: u32,
    /// The most there were.
    deepest: u32,
    /// How many functions that keep an environment were emitted.
    functions: u32,
    /// Whether calls in tail position stay values here: something is applied to them.
    thunks: bool,
    known: Known,
}

/// What stands in a table of the code already, and where.
#[derive(Default)]
struct Known {
    keys: HashMap<String, u32>,
    constants: HashMap<String, u32>,
    variables: HashMap<Variable, u32>,
}

impl Emitter<'_> {
    fn here(&self) -> Address {
        self.code.ops.len() as Address
    }

    fn op(&mut self, op: Op, position: u32) -> Address {
        let address = self.here();
        self.code.ops.push(op);
        self.code.marks.push(Mark {
            position,
            depth: self.depth,
        });
        address
    }

    /// Lets the jump at an address lead to here.
    fn land(&mut self, address: Address) {
        let here = self.here();
        match &mut self.code.ops[address as usize] {
            Op::MapBegin { exit }
            | Op::FilterBegin { exit, .. }
            | Op::JumpEmpty(exit)
            | Op::JumpIf { exit, .. }
            | Op::JumpUnless(exit)
            | Op::Jump(exit) => *exit = here,
            _ => {}
        }
    }

    /// Emits a body that is entered from elsewhere; returns where it begins.
    fn body(&mut self, emit: impl FnOnce(&mut Self) -> Result<(), Error>) -> Result<Address, Error> {
        let over = self.op(Op::Jump(0), 0);
        let start = self.here();
        emit(self)?;
        self.op(Op::Return, 0);
        self.land(over);
        self.code.bodies.push((start, self.here()));
        Ok(start)
    }

    fn key(&mut self, name: &str) -> u32 {
        if let Some(known) = self.known.keys.get(name) {
            return *known;
        }
        let number = self.code.keys.len() as u32;
        self.code.keys.push(Key::new(name));
        self.known.keys.insert(name.to_owned(), number);
        number
    }

    fn constant(&mut self, text: String) -> u32 {
        if let Some(known) = self.known.constants.get(&text) {
            return *known;
        }
        let number = self.code.constants.len() as u32;
        self.code.constants.push(text.as_str().into());
        self.known.constants.insert(text, number);
        number
    }

    fn string(&mut self, text: &str) -> u32 {
        let mut out = vec![b'"'];
        crate::value::escape_into(&mut out, text);
        out.push(b'"');
        self.constant(String::from_utf8_lossy(&out).into_owned())
    }

    fn number(&mut self, number: f64) -> u32 {
        self.code.numbers.push(number);
        self.code.numbers.len() as u32 - 1
    }

    fn variable(&mut self, name: &str) -> u32 {
        let variable = self.scopes.variable(name);
        if let Some(known) = self.known.variables.get(&variable) {
            return *known;
        }
        // Whatever is done with the function, it may be called.
        if let Last::Builtin(id) | Last::Global(_, Some(id)) = variable.last {
            self.code.impure |= builtin::is_impure(id);
        }
        let number = self.code.variables.len() as u32;
        self.code.variables.push(variable.clone());
        self.known.variables.insert(variable, number);
        number
    }

    /// Emits a node with what stands behind it: its value is on top then.
    fn node(&mut self, node: &Node) -> Result<(), Error> {
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
        let behind = !node.predicates.is_empty() || node.group.is_some() || node.keep_array;
        let thunks = self.thunks;
        self.thunks |= behind;
        let closes = self.plain(node)?;
        self.thunks = thunks;
        if !matches!(node.kind, Kind::Path { .. } | Kind::TailCall(_)) {
            self.predicates(&node.predicates)?;
            if let Some(group) = &node.group {
                let group = self.group(group)?;
                self.op(Op::Group(group), node.position);
            }
            if closes || behind {
                self.op(
                    Op::Close {
                        keep: node.keep_array,
                    },
                    node.position,
                );
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// Emits what a node itself is; says whether a sequence may be left, which is to be closed.
    fn plain(&mut self, node: &Node) -> Result<bool, Error> {
        let position = node.position;
        match &node.kind {
            Kind::Path {
                steps,
                keep_singleton,
            } => self.path(node, steps, *keep_singleton)?,
            Kind::Name(name) => {
                let key = self.key(name);
                self.op(Op::Name(key), position);
                return Ok(true);
            }
            Kind::Variable(name) if name.is_empty() => {
                self.op(Op::Context, position);
            }
            Kind::Variable(name) => {
                let variable = self.variable(name);
                self.op(Op::Load(variable), position);
            }
            Kind::String(text) => {
                let constant = self.string(text);
                self.op(Op::Constant(constant), position);
            }
            Kind::Number(number) => {
                let number = self.number(*number);
                self.op(Op::Number(number), position);
            }
            Kind::Literal(literal) => {
                let text = match literal {
                    Literal::Null => "null",
                    Literal::False => "false",
                    Literal::True => "true",
                };
                let constant = self.constant(text.to_owned());
                self.op(Op::Constant(constant), position);
            }
            Kind::Regex { pattern, flags } => {
                self.code
                    .regexes
                    .push(super::regex::Pattern::new(pattern, flags)?);
                let index = self.code.regexes.len() as u32 - 1;
                self.op(Op::Regex(index), position);
            }
            Kind::Wildcard => {
                self.op(Op::Wildcard, position);
                return Ok(true);
            }
            Kind::Descendants => {
                self.op(Op::Descendants, position);
                return Ok(true);
            }
            Kind::Parent(slot) => {
                let name = scope::label_name(self.ancestors.label(*slot));
                let variable = self.variable(&name);
                self.op(Op::Load(variable), position);
            }
            Kind::Binary {
                operator,
                left,
                right,
            } => return self.binary(operator, left, right, position),
            Kind::Negate(operand) => {
                self.node(operand)?;
                self.op(Op::Negate, position);
            }
            Kind::Bind { name, right } => {
                self.node(right)?;
                if let Some(place) = self.scopes.bind(name) {
                    self.op(
                        Op::Bind {
                            hops: place.hops,
                            slot: place.slot,
                        },
                        position,
                    );
                }
                return Ok(true);
            }
            Kind::Array(items) => self.array(node, items)?,
            Kind::Object(pairs) => self.object(pairs, position)?,
            Kind::Block(parts) => {
                self.block(parts, position)?;
                // What a call left may be a sequence in a sequence: each node closes one.
                return Ok(true);
            }
            Kind::Condition {
                condition,
                then,
                otherwise,
            } => {
                self.condition(condition, then, otherwise.as_deref(), position)?;
                return Ok(true);
            }
            Kind::Placeholder => {
                self.op(Op::Nothing, position);
            }
            // A sort is only ever a step.
            Kind::Sort(_) => {}
            _ => return self.function(node),
        }
        Ok(false)
    }

    fn binary(
        &mut self,
        text: &'static str,
        left: &Node,
        right: &Node,
        position: u32,
    ) -> Result<bool, Error> {
        self.node(left)?;
        let Some(operator) = Operator::of(text) else {
            // `and`, `or`: an error of the right side is shown at the operator.
            let jump = self.op(
                Op::JumpIf {
                    decided: text == "or",
                    exit: 0,
                },
                position,
            );
            let start = self.here();
            self.node(right)?;
            let end = self.op(Op::ToBoolean, position);
            self.code.guards.push(Guard {
                start,
                end,
                position,
                token: text,
            });
            self.land(jump);
            return Ok(false);
        };
        self.node(right)?;
        self.op(Op::Binary(operator), position);
        Ok(operator == Operator::Range)
    }

    fn array(&mut self, node: &Node, items: &[Node]) -> Result<(), Error> {
        for item in items {
            self.node(item)?;
        }
        let nested = |item: &Node| match &item.kind {
            Kind::Array(_) => true,
            Kind::String(text) => text == "[",
            _ => false,
        };
        self.code.flags.push(items.iter().map(nested).collect());
        let parts = self.code.flags.len() as u32 - 1;
        self.op(
            Op::Array {
                parts,
                constructs: node.constructs,
            },
            node.position,
        );
        Ok(())
    }

    fn object(&mut self, pairs: &[(Node, Node)], position: u32) -> Result<(), Error> {
        let constant_keys: Option<Vec<&str>> = pairs
            .iter()
            .map(|(key, _)| match &key.kind {
                Kind::String(text) if key.predicates.is_empty() && key.group.is_none() => Some(text.as_str()),
                _ => None,
            })
            .collect();
        let differ = |keys: &[&str]| (1..keys.len()).all(|at| !keys[..at].contains(&keys[at]));
        match constant_keys {
            Some(keys) if keys.len() < 64 && differ(&keys) => self.plain_object(pairs, &keys, position),
            _ => {
                let group = self.group_of(pairs, position)?;
                self.op(Op::Object(group), position);
                Ok(())
            }
        }
    }

    /// Emits an object whose keys are constants: the values are evaluated in place.
    fn plain_object(&mut self, pairs: &[(Node, Node)], keys: &[&str], position: u32) -> Result<(), Error> {
        let shape = ShapeCode {
            names: keys.iter().map(|key| Box::from(*key)).collect(),
            keys: keys.iter().map(|key| self.string(key)).collect(),
        };
        self.code.shapes.push(shape);
        let shape = self.code.shapes.len() as u32 - 1;
        self.op(Op::ObjectBegin, position);
        for (_, value) in pairs {
            self.node(value)?;
        }
        self.op(Op::ObjectEnd(shape), position);
        Ok(())
    }

    fn group(&mut self, group: &Group) -> Result<u32, Error> {
        self.group_of(&group.pairs, group.position)
    }

    fn group_of(&mut self, pairs: &[(Node, Node)], position: u32) -> Result<u32, Error> {
        let mut code = Vec::with_capacity(pairs.len());
        let slots = self.enter_item(pairs.iter().flat_map(|(key, value)| [key, value]))?;
        for (key, value) in pairs {
            let key = self.body(|emitter| emitter.node(key))?;
            let value = self.body(|emitter| emitter.node(value))?;
            code.push((key, value));
        }
        self.leave_item(slots);
        self.code.groups.push(GroupCode {
            pairs: code,
            position,
            scope: slots,
        });
        Ok(self.code.groups.len() as u32 - 1)
    }

    /// Opens the environment of a tuple for each item, if the expression has tuples; returns how many slots it has.
    fn enter_item<'n>(&mut self, parts: impl Iterator<Item = &'n Node>) -> Result<u32, Error> {
        if self.scopes.tuple_slots() == 0 {
            return Ok(0);
        }
        let mut names = Names::default();
        parts.for_each(|part| scope::binds(part, &mut names));
        Ok(u32::from(self.scopes.enter_tuple(&names)?))
    }

    fn leave_item(&mut self, slots: u32) {
        if slots > 0 {
            self.scopes.leave();
        }
    }

    fn block(&mut self, parts: &[Node], position: u32) -> Result<(), Error> {
        let mut names = Names::default();
        parts.iter().for_each(|part| scope::binds(part, &mut names));
        let (has_names, functions) = (!names.is_empty(), self.functions);
        if has_names {
            let slots = self.scopes.enter(&[], &names)?;
            self.op(Op::Enter(u32::from(slots)), position);
        }
        match parts.split_last() {
            None => {
                self.op(Op::Nothing, position);
            }
            Some((last, before)) => {
                for part in before {
                    self.node(part)?;
                    self.op(Op::Drop, position);
                }
                self.node(last)?;
            }
        }
        if has_names {
            self.scopes.leave();
            let captured = self.functions > functions;
            self.op(Op::Leave { captured }, position);
        }
        Ok(())
    }

    fn condition(
        &mut self,
        condition: &Node,
        then: &Node,
        otherwise: Option<&Node>,
        position: u32,
    ) -> Result<(), Error> {
        self.node(condition)?;
        let unless = self.op(Op::JumpUnless(0), position);
        self.node(then)?;
        let end = self.op(Op::Jump(0), position);
        self.land(unless);
        match otherwise {
            Some(otherwise) => self.node(otherwise)?,
            None => {
                self.op(Op::Nothing, position);
            }
        }
        self.land(end);
        Ok(())
    }

    /// Emits predicates of the value on top.
    fn predicates(&mut self, stages: &[Stage]) -> Result<(), Error> {
        for stage in stages {
            let Stage::Filter(predicate) = stage else { continue };
            if let Kind::Number(number) = predicate.kind {
                let number = self.number(number);
                self.op(Op::FilterIndex(number), predicate.position);
                continue;
            }
            let scope = self.enter_item(std::iter::once(predicate))?;
            let begin = self.op(Op::FilterBegin { exit: 0, scope }, predicate.position);
            let body = self.here();
            self.node(predicate)?;
            self.op(Op::FilterEnd { body, scope }, predicate.position);
            self.leave_item(scope);
            self.land(begin);
        }
        Ok(())
    }
}
