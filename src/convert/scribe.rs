//! Rewriting the parts that every state has: expressions, templates, paths, with what is to be said of each place.
//!
//! Goes on after an obstacle, so that all of a state's are told; the caller drops the state then.

use super::data::Data;
use super::expression::Expression;
use super::path::{Remarks, Rewritten};
use super::reason::{Finding, Said, differs};
use super::{intrinsic, literal, path, shadow};
use crate::asl::place::Place;
use crate::asl::syntax::substitute::has_placeholder;
use crate::asl::syntax::{Member, Node, Span, Value};
use crate::path::Path;
use std::collections::BTreeSet;
use std::rc::Rc;

/// How many states there are, and what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All states, inner ones included.
    pub states: usize,
    /// Those that were JSONata before.
    pub already: usize,
    /// Those that could not be rewritten.
    pub kept: usize,
}

/// Collects what is said of one state, and of the states in it.
#[derive(Default)]
pub(super) struct Scribe {
    /// Each rewritten state says that it is JSONata.
    pub(super) marks: bool,
    pub(super) counts: Counts,
    /// All variables of the machine.
    pub(super) variables: Rc<BTreeSet<String>>,
    /// What is said of the state itself.
    findings: Vec<Finding>,
    /// What was said of the states in it.
    done: Vec<Finding>,
}

impl Scribe {
    /// Returns one for a machine; `marks` if each rewritten state is to say that it is JSONata.
    pub(super) fn new(machine: &Node, marks: bool) -> Scribe {
        Scribe {
            marks,
            variables: Rc::new(shadow::variables(machine)),
            ..Scribe::default()
        }
    }

    /// Returns one for an inner state.
    pub(super) fn inner(&self) -> Scribe {
        Scribe {
            marks: self.marks,
            variables: Rc::clone(&self.variables),
            ..Scribe::default()
        }
    }

    /// Says whether something cannot be rewritten.
    pub(super) fn is_blocked(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| matches!(finding.said, Said::Kept(_)))
    }

    /// Takes what another one has collected of an inner state. Of one that stays as it is nothing differs.
    pub(super) fn take(&mut self, mut inner: Scribe) {
        if inner.is_blocked() {
            self.counts.kept += 1;
            inner
                .findings
                .retain(|finding| matches!(finding.said, Said::Kept(_)));
        }
        self.counts.states += inner.counts.states;
        self.counts.already += inner.counts.already;
        self.counts.kept += inner.counts.kept;
        self.done.append(&mut inner.done);
        self.done.append(&mut inner.findings);
    }

    /// Returns all that was said, in the order of the text.
    pub(super) fn into_findings(mut self) -> Vec<Finding> {
        self.done.append(&mut self.findings);
        self.done.sort_by_key(|finding| finding.span.start);
        self.done
    }

    /// Says that a place cannot be rewritten.
    pub(super) fn keep(&mut self, place: &Place<'_>, span: &Span, reason: String) {
        self.say(place, span, Said::Kept(reason));
    }

    /// Says where the rewritten place is not the same.
    pub(super) fn remark(&mut self, place: &Place<'_>, span: &Span, remarks: Remarks) {
        for remark in remarks {
            self.say(place, span, Said::Differs(remark));
        }
    }

    fn say(&mut self, place: &Place<'_>, span: &Span, said: Said) {
        let finding = Finding {
            pointer: place.pointer(),
            span: span.clone(),
            said,
        };
        let mut here = self
            .findings
            .iter()
            .rev()
            .take_while(|known| known.span == finding.span);
        if !here.any(|known| *known == finding) {
            self.findings.push(finding);
        }
    }

    /// Rewrites something; what comes out after an obstacle is of no use but to go on.
    pub(super) fn rewrite<T>(
        &mut self,
        place: &Place<'_>,
        span: &Span,
        rewrite: impl FnOnce(&mut Remarks) -> Rewritten<T>,
    ) -> Option<T> {
        let mut remarks = Remarks::new();
        let rewritten = rewrite(&mut remarks);
        match rewritten {
            Ok(rewritten) => {
                self.remark(place, span, remarks);
                Some(rewritten)
            }
            Err(reason) => {
                self.keep(place, span, reason);
                None
            }
        }
    }

    /// Rewrites the text of a path or an intrinsic call.
    pub(super) fn data(&mut self, node: &Node, place: &Place<'_>, root: &Data) -> Data {
        let text = node.as_text().unwrap_or_default();
        let data = self.rewrite(place, &node.span, |remarks| {
            if text.starts_with('$') {
                return path::data(&parsed(text)?, root, remarks);
            }
            let call = crate::intrinsic::parse(text.trim_end_matches(' ')).map_err(|error| error.message)?;
            intrinsic::expression(&call, root, remarks).map(Data::Expression)
        });
        data.unwrap_or(Data::named("null"))
    }

    /// Rewrites the text of a path as one expression.
    pub(super) fn path(&mut self, node: &Node, place: &Place<'_>, root: &Data) -> Expression {
        let text = node.as_text().unwrap_or_default();
        let path = self.rewrite(place, &node.span, |remarks| {
            path::expression(&parsed(text)?, root, remarks)
        });
        path.unwrap_or(Expression::word("null"))
    }

    /// Writes data as a field's value.
    pub(super) fn field(&mut self, data: &Data, place: &Place<'_>, span: &Span) -> Node {
        let mut remarks = Remarks::new();
        let node = data.field(span, &mut remarks);
        placeholder(node.as_text().unwrap_or_default(), &mut remarks);
        self.remark(place, span, remarks);
        node
    }

    /// Rewrites a payload template: keys lose their `.$`, constants stay.
    pub(super) fn template(&mut self, node: &Node, place: &Place<'_>, root: &Data) -> Node {
        let value = match &node.value {
            Value::Object(members) => {
                let members = members.iter();
                Value::Object(members.map(|member| self.member(member, place, root)).collect())
            }
            Value::Array(items) => {
                let items = items.iter().enumerate();
                Value::Array(
                    items
                        .map(|(index, item)| self.template(item, &place.index(index), root))
                        .collect(),
                )
            }
            _ => return literal::constant(node),
        };
        Node {
            span: node.span.clone(),
            value,
        }
    }

    fn member(&mut self, member: &Member, object: &Place<'_>, root: &Data) -> Member {
        let place = object.key(&member.key);
        let Some(name) = member.key.strip_suffix(".$") else {
            return with_value(member, self.template(&member.value, &place, root));
        };
        let data = self.data(&member.value, &place, root);
        let value = self.field(&data, &place, &member.value.span);
        Member {
            key: name.to_owned(),
            ..with_value(member, value)
        }
    }
}

/// Says that a placeholder has come to stand in an expression.
pub(super) fn placeholder(field: &str, remarks: &mut Remarks) {
    if field.starts_with("{%") && has_placeholder(field) {
        remarks.push(differs::PLACEHOLDER);
    }
}

/// Returns a member with another value.
pub(super) fn with_value(member: &Member, value: Node) -> Member {
    Member {
        key: member.key.clone(),
        key_span: member.key_span.clone(),
        value,
    }
}

fn parsed(text: &str) -> Rewritten<Path> {
    crate::path::parse(text).map_err(|error| error.message)
}
