//! Flows: the machine, branches and processors, state by state.
//!
//! Owns which states are rewritten and how each is marked. A state with an obstacle stays as it is; the states in it
//! are on their own.

use super::scribe::{Scribe, with_value};
use super::{shadow, state};
use crate::asl::place::Place;
use crate::asl::syntax::{Member, Node, Span, Value};

/// The fields that hold flows.
pub(super) const INNER: [&str; 3] = ["Branches", "ItemProcessor", "Iterator"];

/// Rewrites the states of a flow.
pub(super) fn rewrite(scribe: &mut Scribe, node: &Node, place: &Place<'_>) -> Node {
    with_members(node, |member| match member.key.as_str() {
        "States" => {
            let place = place.key("States");
            with_members(&member.value, |state| {
                self::state(scribe, &state.value, &place.key(&state.key))
            })
        }
        _ => member.value.clone(),
    })
}

/// Rewrites what flows a member of a state holds; anything else stays.
pub(super) fn inner(scribe: &mut Scribe, key: &str, node: &Node, place: &Place<'_>) -> Node {
    match (key, &node.value) {
        ("Branches", Value::Array(branches)) => {
            let branches = branches.iter().enumerate();
            let branches = branches.map(|(index, branch)| rewrite(scribe, branch, &place.index(index)));
            Node {
                span: node.span.clone(),
                value: Value::Array(branches.collect()),
            }
        }
        ("ItemProcessor" | "Iterator", Value::Object(_)) => rewrite(scribe, node, place),
        _ => node.clone(),
    }
}

fn state(scribe: &mut Scribe, node: &Node, place: &Place<'_>) -> Node {
    scribe.counts.states += 1;
    if node.get("QueryLanguage").and_then(Node::as_text) == Some("JSONata") {
        scribe.counts.already += 1;
        return with_members(node, |member| {
            inner(scribe, &member.key, &member.value, &place.key(&member.key))
        });
    }
    let mut own = scribe.inner();
    let rewritten = state::rewrite(&mut own, node, place);
    if let Some(name) = shadow::hidden(&rewritten, &scribe.variables) {
        let reason = format!("the variable ${name} hides the function ${name}() that the state would call");
        own.keep(place, &node.span, reason);
    }
    let is_kept = own.is_blocked();
    scribe.take(own);
    if is_kept {
        return with_members(node, |member| {
            let inner = INNER
                .contains(&member.key.as_str())
                .then(|| rewritten.get(&member.key))
                .flatten();
            inner.unwrap_or(&member.value).clone()
        });
    }
    match scribe.marks {
        true => marked(rewritten),
        false => rewritten,
    }
}

/// Says in a state that it is JSONata: behind its type.
fn marked(mut state: Node) -> Node {
    if let Value::Object(members) = &mut state.value {
        let at = members.iter().position(|member| member.key == "Type");
        members.insert(at.map_or(0, |at| at + 1), language(&state.span));
    }
    state
}

/// Returns `"QueryLanguage": "JSONata"`.
pub(super) fn language(span: &Span) -> Member {
    Member {
        key: "QueryLanguage".to_owned(),
        key_span: span.clone(),
        value: Node {
            span: span.start..span.start,
            value: Value::Text("JSONata".to_owned()),
        },
    }
}

/// Returns an object with other values.
pub(super) fn with_members(node: &Node, mut rewrite: impl FnMut(&Member) -> Node) -> Node {
    let members = node.as_object().unwrap_or_default().iter();
    Node {
        span: node.span.clone(),
        value: Value::Object(
            members
                .map(|member| with_value(member, rewrite(member)))
                .collect(),
        ),
    }
}
