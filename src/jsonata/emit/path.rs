//! Paths: steps, sorts, and steps among tuples.

use super::Emitter;
use crate::jsonata::Error;
use crate::jsonata::code::{ChainCode, Op, SortCode, SortTerm, StageCode, TupleStep};
use crate::jsonata::scope;
use crate::jsonata::syntax::Term;
use crate::jsonata::tree::{Kind, Node, Stage};

/// Says whether nothing stands behind a step.
fn is_plain(step: &Node) -> bool {
    step.stages.is_empty()
        && step.predicates.is_empty()
        && step.group.is_none()
        && !step.tuple
        && !step.keep_array
        && !step.constructs
}

impl Emitter<'_> {
    /// Emits a path, closed.
    pub(super) fn path(&mut self, node: &Node, steps: &[Node], keep_singleton: bool) -> Result<(), Error> {
        match self.member_handed_in(steps) {
            Some(steps) => self.path_of(node, &steps, keep_singleton),
            None => self.path_of(node, steps, keep_singleton),
        }
    }

    /// Takes the first two steps as one where the caller hands in a member of a variable on its own.
    fn member_handed_in(&self, steps: &[Node]) -> Option<Vec<Node>> {
        let [first, second, rest @ ..] = steps else {
            return None;
        };
        let (Kind::Variable(variable), Kind::Name(member)) = (&first.kind, &second.kind) else {
            return None;
        };
        if !is_plain(first) || second.tuple || second.ancestor.is_some() {
            return None;
        }
        let name = format!("{variable}.{member}");
        if !self.scopes.is_global(&name) || !self.scopes.variable(variable).places.is_empty() {
            return None;
        }
        let merged = Node {
            kind: Kind::Variable(name),
            ..second.clone()
        };
        Some(std::iter::once(merged).chain(rest.iter().cloned()).collect())
    }

    fn path_of(&mut self, node: &Node, steps: &[Node], keep_singleton: bool) -> Result<(), Error> {
        if node.group.is_none()
            && !keep_singleton
            && !node.keep_array
            && !node.tuple
            && self.chain(node, steps)
        {
            return Ok(());
        }
        let position = node.position;
        let variable = matches!(&steps[0].kind, Kind::Variable(_));
        self.op(Op::PathInput { variable }, position);
        let (mut exits, mut tuples, mut bound) = (Vec::new(), false, false);
        for (at, step) in steps.iter().enumerate() {
            let last = at == steps.len() - 1;
            tuples |= step.tuple;
            if at == 0 && step.constructs {
                let body = self.body(|emitter| emitter.node(step))?;
                let focus = step.focus.is_some();
                self.op(Op::StepFirst { body, focus }, step.position);
            } else if tuples {
                self.tuple_step(step, !bound)?;
                bound = true;
            } else {
                self.step(step, last)?;
            }
            if !tuples && !last {
                exits.push(self.op(Op::JumpEmpty(0), step.position));
            }
        }
        if tuples && !node.tuple && node.group.is_none() {
            self.op(Op::TupleValues, position);
        }
        exits.into_iter().for_each(|exit| self.land(exit));
        if keep_singleton {
            self.op(Op::KeepSingleton, position);
        }
        if let Some(group) = &node.group {
            let group = self.group(group)?;
            self.op(Op::Group(group), position);
        }
        self.op(
            Op::Close {
                keep: node.keep_array,
            },
            position,
        );
        Ok(())
    }

    /// Emits a path of plain names, or of a variable and names, as one instruction, if it is one.
    fn chain(&mut self, node: &Node, steps: &[Node]) -> bool {
        let (variable, names) = match &steps[0].kind {
            Kind::Variable(name) if !name.is_empty() => (Some((name, &steps[0])), &steps[1..]),
            _ => (None, steps),
        };
        let is_name = |step: &Node| matches!(step.kind, Kind::Name(_)) && is_plain(step);
        if !names.iter().all(is_name) || variable.is_some_and(|(_, step)| !is_plain(step)) {
            return false;
        }
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
        let (first, count) = (self.code.keys.len() as u32, names.len() as u32);
        for step in names {
            if let Kind::Name(name) = &step.kind {
                self.code.keys.push(crate::value::Key::new(name));
            }
        }
        let op = match variable {
            Some((name, _)) => {
                let variable = self.variable(name);
                self.code.chains.push(ChainCode {
                    variable,
                    first,
                    count,
                });
                Op::VariableChain(self.code.chains.len() as u32 - 1)
            }
            None => Op::Chain { first, count },
        };
        self.op(op, node.position);
        self.depth -= 1;
        true
    }

    fn step(&mut self, step: &Node, last: bool) -> Result<(), Error> {
        if let Kind::Sort(terms) = &step.kind {
            let sort = self.sort(terms, step.position)?;
            self.op(Op::Sort(sort), step.position);
            return self.predicates(&step.stages);
        }
        match &step.kind {
            Kind::Name(name)
                if step.stages.is_empty()
                    && step.predicates.is_empty()
                    && step.group.is_none()
                    && !step.keep_array =>
            {
                let key = self.key(name);
                self.op(Op::StepName { key, last }, step.position);
            }
            _ => {
                let begin = self.op(Op::MapBegin { exit: 0 }, step.position);
                let body = self.here();
                self.node(step)?;
                self.predicates(&step.stages)?;
                self.op(Op::MapEnd { body, last }, step.position);
                self.land(begin);
            }
        }
        Ok(())
    }

    fn sort(&mut self, terms: &[Term<Node>], position: u32) -> Result<u32, Error> {
        let scope = self.enter_item(terms.iter().map(|term| &term.key))?;
        let mut code = Vec::with_capacity(terms.len());
        for term in terms {
            let body = self.body(|emitter| emitter.node(&term.key))?;
            code.push(SortTerm {
                body,
                descending: term.descending,
            });
        }
        self.leave_item(scope);
        self.code.sorts.push(SortCode {
            terms: code,
            position,
            scope,
        });
        Ok(self.code.sorts.len() as u32 - 1)
    }

    fn tuple_step(&mut self, step: &Node, first: bool) -> Result<(), Error> {
        let sort = match &step.kind {
            Kind::Sort(terms) => Some(self.sort(terms, step.position)?),
            _ => None,
        };
        let scope = self.enter_item(std::iter::once(step))?;
        let body = match sort {
            Some(_) => 0,
            None => self.body(|emitter| emitter.node(step))?,
        };
        self.leave_item(scope);
        let mut stages = Vec::new();
        for stage in &step.stages {
            stages.push(self.stage(stage)?);
        }
        let slot = |name: &String| self.scopes.tuple_slot(name);
        let (focus, index) = (step.focus.as_ref().map(slot), step.index.as_ref().map(slot));
        let ancestor = step
            .ancestor
            .map(|id| slot(&scope::label_name(self.ancestors.label(id))));
        self.code.tuple_steps.push(TupleStep {
            first,
            body,
            scope,
            focus,
            index,
            ancestor,
            stages,
            sort,
        });
        let index = self.code.tuple_steps.len() as u32 - 1;
        self.op(
            if sort.is_some() {
                Op::TupleSort(index)
            } else {
                Op::TupleStep(index)
            },
            step.position,
        );
        Ok(())
    }

    fn stage(&mut self, stage: &Stage) -> Result<StageCode, Error> {
        Ok(match stage {
            Stage::Index(name) => StageCode::Index(self.scopes.tuple_slot(name)),
            Stage::Filter(predicate) => match predicate.kind {
                Kind::Number(number) => StageCode::Number(number),
                _ => {
                    let scope = self.enter_item(std::iter::once(predicate))?;
                    let body = self.body(|emitter| emitter.node(predicate))?;
                    self.leave_item(scope);
                    StageCode::Filter { body, scope }
                }
            },
        })
    }
}
