//! State machines of the Serverless Framework's plugin for Step Functions, and the answer of
//! `describe-state-machine`: a few names around a definition.
//!
//! Owns where these files keep it.

use super::cloudformation::Substitutions;
use super::evaluate::{Evaluator, call_of};
use super::{Body, Machine, Mapped, Origin, below, cloudformation, machine_type};
use crate::asl::syntax::{Member, Node, Value};

/// Where the state machines may stand; the second in a file that the first one includes.
const PLACES: [&[&str]; 2] = [&["stepFunctions", "stateMachines"], &["stateMachines"]];

/// Lists the state machines of a file, those of its own resources too.
pub(super) fn machines(root: &Node) -> Vec<Machine> {
    let mut machines = Vec::new();
    for keys in PLACES {
        let list = below(Some(root), keys)
            .and_then(Node::as_object)
            .unwrap_or_default();
        machines.extend(list.iter().map(|member| {
            Machine {
                name: member.key.clone(),
                other_name: member
                    .value
                    .get("name")
                    .and_then(Node::as_text)
                    .map(str::to_owned),
                machine_type: machine_type(member.value.get("type")),
                origin: Origin::Serverless(keys),
            }
        }));
    }
    machines.extend(cloudformation::machines(root, &["resources"]));
    machines
}

/// Returns the state machine that an answer of `describe-state-machine` describes.
pub(super) fn description(root: &Node) -> Machine {
    let text = |key: &str| root.get(key).and_then(Node::as_text);
    let arn_name = || text("stateMachineArn")?.split(':').nth(6);
    Machine {
        name: text("name").or_else(arn_name).unwrap_or("definition").to_owned(),
        other_name: text("stateMachineArn").map(str::to_owned),
        machine_type: machine_type(root.get("type")),
        origin: Origin::Description,
    }
}

/// Returns the definition of a state machine, and its substitutions.
pub(super) fn body<'a>(
    evaluator: &mut Evaluator<'a>,
    member: Option<&'a Member>,
) -> (Body, Substitutions<'a>) {
    let Some(member) = member else {
        return (Body::Nowhere, Substitutions::None);
    };
    let Some(node) = member.value.get("definition") else {
        let message = format!("The state machine {} has no definition", member.key);
        evaluator.fault(&member.key_span, message, "");
        return (Body::Nowhere, Substitutions::None);
    };
    if let Some(path) = node.as_text().and_then(whole_file) {
        return (
            Body::File(path.to_owned(), node.span.clone()),
            Substitutions::None,
        );
    }
    // A variable may stand for the definition as an object.
    let is_variable = node
        .as_text()
        .is_some_and(|text| text.trim_start().starts_with("${"));
    let is_object = matches!(node.value, Value::Object(_)) && call_of(node).is_none();
    if !is_object && !is_variable {
        return (Body::Here(evaluator.text(node)), Substitutions::None);
    }
    let mut json = Mapped::default();
    evaluator.write(node, &mut json);
    (Body::Here(json), Substitutions::None)
}

/// Returns the path of a text that is `${file(path)}`.
fn whole_file(text: &str) -> Option<&str> {
    let inside = text.trim().strip_prefix("${file(")?.strip_suffix(")}")?;
    let is_plain = !inside.contains(['$', '(', ')', ',']);
    is_plain.then(|| inside.trim().trim_matches(['\'', '"']))
}
