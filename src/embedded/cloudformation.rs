//! State machines in templates of CloudFormation, SAM and CDK.
//!
//! Owns which resources are state machines, and where each type keeps its definition. The functions in it are
//! evaluated elsewhere.

use super::evaluate::{Evaluator, call_of};
use super::{Body, Machine, Mapped, Origin, machine_type};
use crate::asl::syntax::{Member, Node, Span};
use std::collections::BTreeMap;

/// The types of resources that are state machines.
const TYPES: [&str; 2] = [
    "AWS::Serverless::StateMachine",
    "AWS::StepFunctions::StateMachine",
];

/// What a template puts in the place of `${Name}`.
pub(super) enum Substitutions<'a> {
    None,
    /// Still to be evaluated.
    Members(&'a [Member]),
    Values(Vec<(String, Mapped)>),
}

/// Lists the state machines of a template.
pub(super) fn machines(root: &Node, keys: &'static [&'static str]) -> Vec<Machine> {
    let resources = super::below(Some(root), keys).and_then(|template| template.get("Resources"));
    let resources = resources.and_then(Node::as_object).unwrap_or_default();
    let machines = resources.iter().filter(|member| is_machine(&member.value));
    let machines = machines.map(|member| {
        let properties = member.value.get("Properties");
        let property = |names: [&str; 2]| names.iter().find_map(|name| properties?.get(name));
        Machine {
            name: member.key.clone(),
            other_name: property(["StateMachineName", "Name"])
                .and_then(Node::as_text)
                .map(str::to_owned),
            machine_type: machine_type(property(["StateMachineType", "Type"])),
            names_type: property(["StateMachineType", "Type"]).is_some(),
            origin: Origin::Resource(keys),
        }
    });
    machines.collect()
}

fn is_machine(resource: &Node) -> bool {
    let kind = resource.get("Type").and_then(Node::as_text);
    kind.is_some_and(|kind| TYPES.contains(&kind))
}

/// Returns the types of a template's resources with their numbers, for a message.
pub(super) fn types(root: &Node, listed_max: usize) -> String {
    let resources = root
        .get("Resources")
        .and_then(Node::as_object)
        .unwrap_or_default();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for member in resources {
        let kind = member.value.get("Type").and_then(Node::as_text);
        *counts
            .entry(kind.unwrap_or("a resource without a type"))
            .or_default() += 1;
    }
    let listed = counts.iter().take(listed_max);
    let mut listed: Vec<String> = listed.map(|(kind, count)| format!("{count} {kind}")).collect();
    if counts.len() > listed_max {
        listed.push("more".to_owned());
    }
    listed.join(", ")
}

/// Returns the definition of a resource, and its substitutions.
pub(super) fn body<'a>(
    evaluator: &mut Evaluator<'a>,
    member: Option<&'a Member>,
) -> (Body, Substitutions<'a>) {
    let Some(member) = member else {
        return (Body::Nowhere, Substitutions::None);
    };
    evaluator.resource = Some(member.key_span.clone());
    let Some(properties) = member.value.get("Properties") else {
        evaluator.fault(&member.key_span, "The state machine has no Properties", "");
        return (Body::Nowhere, Substitutions::None);
    };
    let substitutions = properties
        .get("DefinitionSubstitutions")
        .and_then(Node::as_object);
    let substitutions = substitutions.map_or(Substitutions::None, Substitutions::Members);
    (property(evaluator, properties, &member.key_span), substitutions)
}

/// The properties of which a state machine has one.
const DEFINITIONS: [&str; 4] = [
    "Definition",
    "DefinitionString",
    "DefinitionUri",
    "DefinitionS3Location",
];

fn property<'a>(evaluator: &mut Evaluator<'a>, properties: &'a Node, span: &Span) -> Body {
    let mut given = DEFINITIONS.iter().filter_map(|name| properties.member(name));
    if let (Some(first), Some(second)) = (given.next(), given.next()) {
        let message = format!(
            "The state machine has {} and {}: one is allowed",
            first.key, second.key
        );
        evaluator.fault(&second.key_span, message, "");
        return Body::Nowhere;
    }
    if let Some(node) = properties.get("Definition") {
        return match included(node) {
            Some(location) => file(evaluator, location),
            None if is_tree(node) => {
                let mut json = Mapped::default();
                evaluator.write(node, &mut json);
                Body::Here(json)
            }
            None => {
                let text = evaluator.text(node);
                evaluator.found(text, node)
            }
        };
    }
    if let Some(node) = properties.get("DefinitionString") {
        return match included(node) {
            Some(location) => file(evaluator, location),
            None => {
                let text = evaluator.text(node);
                evaluator.found(text, node)
            }
        };
    }
    let location = properties
        .get("DefinitionUri")
        .or_else(|| properties.get("DefinitionS3Location"));
    match location {
        Some(node) => file(evaluator, node),
        None => {
            let message = "The state machine has neither Definition, DefinitionString nor DefinitionUri";
            evaluator.fault(span, message, "");
            Body::Nowhere
        }
    }
}

/// Says whether a definition stands there as an object, perhaps as one of two.
fn is_tree(node: &Node) -> bool {
    node.as_object().is_some() && call_of(node).is_none_or(|(name, _)| name == "Fn::If")
}

/// Returns the location of a file that `AWS::Include` would put here.
fn included(node: &Node) -> Option<&Node> {
    let (_, argument) = call_of(node).filter(|(name, _)| *name == "Fn::Transform")?;
    argument.get("Parameters")?.get("Location")
}

/// A file beside the template; one in S3 is not reachable from here.
fn file<'a>(evaluator: &mut Evaluator<'a>, node: &'a Node) -> Body {
    let is_object = node.as_object().is_some() && call_of(node).is_none();
    let path = match is_object {
        true => None,
        false => Some(evaluator.text(node)),
    };
    match path.as_ref().map(Mapped::text) {
        Some(path) if !path.contains("://") => Body::File(path.to_owned(), node.span.clone()),
        _ => {
            let help = "fetch it, and check that file; the template from before 'package' names a local one";
            evaluator.fault(&node.span, "The definition is in S3, which is not read", help);
            Body::Nowhere
        }
    }
}
