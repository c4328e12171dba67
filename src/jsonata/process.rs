//! From what is written to what it means: paths, steps and their predicates, ancestors, tail calls.
//!
//! Owns the errors that only show here (S0207, S0209, S0210, S0213, S0215, S0216). Invariant: the result is not higher
//! than the syntax was, but for one path around a step.

use super::ancestor::Ancestors;
use super::syntax::{self, Syntax, Term};
use super::tree::{Group, Kind, Node, Stage};
use super::{Error, Shown};

/// Processes a whole expression.
pub(super) fn process(tree: Syntax) -> Result<(Node, Ancestors), Error> {
    let mut process = Process {
        ancestors: Ancestors::default(),
    };
    let node = process.node(tree)?;
    if matches!(node.kind, Kind::Parent(_)) || node.seeking.is_some() {
        return Err(Error::new("S0217").at(node.position).with_token(node.type_name()));
    }
    Ok((node, process.ancestors))
}

struct Process {
    ancestors: Ancestors,
}

impl Process {
    fn node(&mut self, tree: Syntax) -> Result<Node, Error> {
        let keep_array = tree.keep_array;
        let mut node = self.plain(tree)?;
        node.keep_array |= keep_array;
        Ok(node)
    }

    fn boxed(&mut self, tree: Syntax) -> Result<Box<Node>, Error> {
        self.node(tree).map(Box::new)
    }

    /// Processes a part, and lets its owner look for what the part looks for.
    fn part(&mut self, owner: &mut Node, tree: Syntax) -> Result<Node, Error> {
        let part = self.node(tree)?;
        Ancestors::push(owner, &part);
        Ok(part)
    }

    fn plain(&mut self, tree: Syntax) -> Result<Node, Error> {
        let position = tree.position;
        let leaf = |kind| Ok(Node::new(kind, position));
        match tree.kind {
            syntax::Kind::End => Err(Error::new("S0207").at(position).with_token("(end)")),
            syntax::Kind::Name(name) => Ok(name_path(name, position, tree.keep_array)),
            syntax::Kind::Word(word) => Ok(name_path(word.to_owned(), position, tree.keep_array)),
            syntax::Kind::Variable(name) => leaf(Kind::Variable(name)),
            syntax::Kind::String(text) => leaf(Kind::String(text)),
            syntax::Kind::Number(number) => leaf(Kind::Number(number)),
            syntax::Kind::Literal(literal) => leaf(Kind::Literal(literal)),
            syntax::Kind::Regex { pattern, flags } => leaf(Kind::Regex { pattern, flags }),
            syntax::Kind::Placeholder => leaf(Kind::Placeholder),
            syntax::Kind::Wildcard => leaf(Kind::Wildcard),
            syntax::Kind::Descendants => leaf(Kind::Descendants),
            syntax::Kind::Parent => leaf(Kind::Parent(self.ancestors.add())),
            syntax::Kind::Predicate { left, right } => self.predicate(*left, *right, position),
            syntax::Kind::Group { left, pairs } => self.group(*left, pairs, position),
            syntax::Kind::Sort { left, terms } => self.sort(*left, terms, position),
            syntax::Kind::Focus { left, name } => self.focus(*left, name, tree.keep_array, position),
            syntax::Kind::Index { left, name } => self.index(*left, name),
            syntax::Kind::Binary {
                operator,
                left,
                right,
            } => self.binary(operator, *left, *right, position),
            other => self.compound(other, position),
        }
    }

    fn binary(
        &mut self,
        operator: &'static str,
        left: Syntax,
        right: Syntax,
        position: u32,
    ) -> Result<Node, Error> {
        match operator {
            "." => self.dot(left, right, position),
            "~>" => {
                let (left, right) = (self.boxed(left)?, self.boxed(right)?);
                let keep_array = left.keep_array || right.keep_array;
                Ok(Node {
                    keep_array,
                    ..Node::new(Kind::Apply { left, right }, position)
                })
            }
            _ => {
                let mut owner = Node::new(Kind::Placeholder, position);
                let left = Box::new(self.part(&mut owner, left)?);
                let right = Box::new(self.part(&mut owner, right)?);
                owner.kind = Kind::Binary {
                    operator,
                    left,
                    right,
                };
                Ok(owner)
            }
        }
    }

    /// Processes what has parts; apart by family, so that the frames of the recursion stay small.
    fn compound(&mut self, kind: syntax::Kind, position: u32) -> Result<Node, Error> {
        match kind {
            kind @ (syntax::Kind::Call { .. } | syntax::Kind::Lambda { .. }) => self.function(kind, position),
            kind @ (syntax::Kind::Condition { .. } | syntax::Kind::Transform { .. }) => {
                self.branches(kind, position)
            }
            kind @ (syntax::Kind::Bind { .. } | syntax::Kind::Negate(_)) => self.single(kind, position),
            kind => self.list(kind, position),
        }
    }

    fn single(&mut self, kind: syntax::Kind, position: u32) -> Result<Node, Error> {
        let mut owner = Node::new(Kind::Placeholder, position);
        match kind {
            syntax::Kind::Bind { name, right } => {
                let right = Box::new(self.part(&mut owner, *right)?);
                owner.kind = Kind::Bind { name, right };
            }
            syntax::Kind::Negate(operand) => {
                let operand = self.boxed(*operand)?;
                if let Kind::Number(number) = operand.kind {
                    return Ok(Node {
                        kind: Kind::Number(-number),
                        ..*operand
                    });
                }
                Ancestors::push(&mut owner, &operand);
                owner.kind = Kind::Negate(operand);
            }
            _ => {}
        }
        Ok(owner)
    }

    fn list(&mut self, kind: syntax::Kind, position: u32) -> Result<Node, Error> {
        let mut owner = Node::new(Kind::Placeholder, position);
        owner.kind = match kind {
            syntax::Kind::Array(items) => Kind::Array(self.parts(&mut owner, items)?),
            syntax::Kind::Object(pairs) => Kind::Object(self.pairs(Some(&mut owner), pairs)?),
            syntax::Kind::Block(parts) => {
                let parts = self.parts(&mut owner, parts)?;
                owner.constructs = parts.iter().any(constructs);
                Kind::Block(parts)
            }
            other => return Err(Error::new("S0206").at(position).with_token(other.shown())),
        };
        Ok(owner)
    }

    fn function(&mut self, kind: syntax::Kind, position: u32) -> Result<Node, Error> {
        let mut owner = Node::new(Kind::Placeholder, position);
        match kind {
            syntax::Kind::Call {
                procedure,
                arguments,
                partial,
            } => {
                let arguments = self.parts(&mut owner, arguments)?;
                let procedure = self.boxed(*procedure)?;
                owner.kind = match partial {
                    true => Kind::Partial { procedure, arguments },
                    false => Kind::Call { procedure, arguments },
                };
            }
            syntax::Kind::Lambda {
                parameters,
                signature,
                body,
            } => {
                let body = self.boxed(*body)?;
                let body = Box::new(tail_call(*body));
                owner.kind = Kind::Lambda {
                    parameters,
                    signature,
                    body,
                };
            }
            _ => {}
        }
        Ok(owner)
    }

    fn boxed_part(&mut self, owner: &mut Node, tree: Syntax) -> Result<Box<Node>, Error> {
        let part = self.boxed(tree)?;
        Ancestors::push(owner, &part);
        Ok(part)
    }

    fn branches(&mut self, kind: syntax::Kind, position: u32) -> Result<Node, Error> {
        let mut owner = Node::new(Kind::Placeholder, position);
        match kind {
            syntax::Kind::Condition {
                condition,
                then,
                otherwise,
            } => {
                let condition = self.boxed_part(&mut owner, *condition)?;
                let then = self.boxed_part(&mut owner, *then)?;
                let otherwise = match otherwise {
                    Some(otherwise) => Some(self.boxed_part(&mut owner, *otherwise)?),
                    None => None,
                };
                owner.kind = Kind::Condition {
                    condition,
                    then,
                    otherwise,
                };
            }
            syntax::Kind::Transform {
                pattern,
                update,
                delete,
            } => {
                let (pattern, update) = (self.boxed(*pattern)?, self.boxed(*update)?);
                let delete = match delete {
                    Some(delete) => Some(self.boxed(*delete)?),
                    None => None,
                };
                owner.kind = Kind::Transform {
                    pattern,
                    update,
                    delete,
                };
            }
            _ => {}
        }
        Ok(owner)
    }

    fn parts(&mut self, owner: &mut Node, parts: Vec<Syntax>) -> Result<Vec<Node>, Error> {
        let mut nodes = Vec::with_capacity(parts.len());
        for part in parts {
            let part = self.boxed_part(owner, part)?;
            nodes.push(*part);
        }
        Ok(nodes)
    }

    fn pairs(
        &mut self,
        mut owner: Option<&mut Node>,
        pairs: Vec<(Syntax, Syntax)>,
    ) -> Result<Vec<(Node, Node)>, Error> {
        let mut out = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            let (key, value) = match &mut owner {
                Some(owner) => (self.part(owner, key)?, self.part(owner, value)?),
                None => (self.node(key)?, self.node(value)?),
            };
            out.push((key, value));
        }
        Ok(out)
    }

    fn dot(&mut self, left: Syntax, right: Syntax, position: u32) -> Result<Node, Error> {
        let left = self.node(left)?;
        let mut path = wrapped(left, position);
        let mut rest = self.node(right)?;
        let Kind::Path {
            steps,
            keep_singleton,
        } = &mut path.kind
        else {
            unreachable!()
        };
        match rest.kind {
            Kind::Path { steps: more, .. } => steps.extend(more),
            _ => {
                rest.stages.append(&mut rest.predicates);
                steps.push(rest);
            }
        }
        for step in steps.iter_mut() {
            let refused = match &mut step.kind {
                Kind::Number(number) => Some(Shown::Number(*number)),
                Kind::Literal(literal) => Some(Shown::Json(syntax::Kind::Literal(*literal).text().into())),
                Kind::String(text) => {
                    step.kind = Kind::Name(std::mem::take(text));
                    None
                }
                _ => None,
            };
            if let Some(value) = refused {
                return Err(Error::new("S0213").at(step.position).with_value(value));
            }
            *keep_singleton |= step.keep_array;
        }
        let last = steps.len() - 1;
        for at in [0, last] {
            if matches!(steps[at].kind, Kind::Array(_)) {
                steps[at].constructs = true;
            }
        }
        self.ancestors.resolve(&mut path)?;
        Ok(path)
    }

    fn predicate(&mut self, left: Syntax, right: Syntax, position: u32) -> Result<Node, Error> {
        let mut result = self.node(left)?;
        let is_path = result.is_path();
        if result.last_step().group.is_some() {
            return Err(Error::new("S0209").at(position));
        }
        let predicate = self.node(right)?;
        let step = result.last_step();
        self.ancestors.of_predicate(step, &predicate)?;
        let stage = Stage::Filter(predicate);
        match is_path {
            true => step.stages.push(stage),
            false => step.predicates.push(stage),
        }
        Ok(result)
    }

    fn group(&mut self, left: Syntax, pairs: Vec<(Syntax, Syntax)>, position: u32) -> Result<Node, Error> {
        let mut result = self.node(left)?;
        if result.group.is_some() {
            return Err(Error::new("S0210").at(position));
        }
        let pairs = self.pairs(None, pairs)?;
        result.group = Some(Box::new(Group { pairs, position }));
        Ok(result)
    }

    fn sort(&mut self, left: Syntax, terms: Vec<Term<Syntax>>, position: u32) -> Result<Node, Error> {
        let left = self.node(left)?;
        let mut path = if left.is_path() {
            left
        } else {
            path_of(left, position)
        };
        let mut step = Node::new(Kind::Placeholder, position);
        let mut keys = Vec::with_capacity(terms.len());
        for term in terms {
            keys.push(Term {
                descending: term.descending,
                key: self.part(&mut step, term.key)?,
            });
        }
        step.kind = Kind::Sort(keys);
        if let Kind::Path { steps, .. } = &mut path.kind {
            steps.push(step);
        }
        self.ancestors.resolve(&mut path)?;
        Ok(path)
    }

    fn focus(&mut self, left: Syntax, name: String, keep_array: bool, position: u32) -> Result<Node, Error> {
        let mut result = self.node(left)?;
        let step = result.last_step();
        if !step.stages.is_empty() || !step.predicates.is_empty() {
            return Err(Error::new("S0215").at(position));
        }
        if matches!(step.kind, Kind::Sort(_)) {
            return Err(Error::new("S0216").at(position));
        }
        step.keep_array |= keep_array;
        step.focus = Some(name);
        step.tuple = true;
        Ok(result)
    }

    fn index(&mut self, left: Syntax, name: String) -> Result<Node, Error> {
        let mut result = self.node(left)?;
        if !result.is_path() {
            let position = result.position;
            result = path_of(result, position);
            let step = result.last_step();
            step.stages.append(&mut step.predicates);
        }
        let step = result.last_step();
        match step.stages.is_empty() {
            true => step.index = Some(name),
            false => step.stages.push(Stage::Index(name)),
        }
        step.tuple = true;
        Ok(result)
    }
}

fn path_of(step: Node, position: u32) -> Node {
    Node::new(
        Kind::Path {
            steps: vec![step],
            keep_singleton: false,
        },
        position,
    )
}

/// Makes a path of the left side of a dot.
fn wrapped(left: Node, position: u32) -> Node {
    if left.is_path() {
        return left;
    }
    let seeking = match left.kind {
        Kind::Parent(slot) => Some(vec![slot]),
        _ => None,
    };
    Node {
        seeking,
        ..path_of(left, position)
    }
}

fn name_path(name: String, position: u32, keep_array: bool) -> Node {
    let mut step = Node::new(Kind::Name(name), position);
    step.keep_array = keep_array;
    Node::new(
        Kind::Path {
            steps: vec![step],
            keep_singleton: keep_array,
        },
        position,
    )
}

fn constructs(part: &Node) -> bool {
    match &part.kind {
        Kind::Path { steps, .. } => steps[0].constructs,
        _ => part.constructs,
    }
}

/// Marks the calls that are the last thing a lambda does.
fn tail_call(node: Node) -> Node {
    let position = node.position;
    match node.kind {
        Kind::Call { .. } if node.predicates.is_empty() => {
            Node::new(Kind::TailCall(Box::new(node)), position)
        }
        Kind::Condition {
            condition,
            then,
            otherwise,
        } => Node {
            kind: Kind::Condition {
                condition,
                then: Box::new(tail_call(*then)),
                otherwise: otherwise.map(|otherwise| Box::new(tail_call(*otherwise))),
            },
            ..node
        },
        Kind::Block(mut parts) => {
            let last = parts.pop().map(tail_call);
            parts.extend(last);
            Node {
                kind: Kind::Block(parts),
                ..node
            }
        }
        _ => node,
    }
}
