//! State machines of the Serverless Framework's plugin for Step Functions, and the answer of
//! `describe-state-machine`: a few names around a definition.
//!
//! Owns where these files keep it.

use super::cloudformation::Substitutions;
use super::evaluate::{Evaluator, call_of};
use super::{Body, Machine, Mapped, Origin, below, cloudformation, machine_type};
use crate::asl::syntax::{Member, Node, Value};

/// Where the state machines may stand; the others are those of a file that the first one includes.
const PLACES: [&[&str]; 3] = [&["stepFunctions", "stateMachines"], &["stateMachines"], &[]];

/// Lists the state machines of a file, those of its own resources too.
pub(super) fn machines(root: &Node) -> Vec<Machine> {
    let mut machines = Vec::new();
    for keys in PLACES {
        let is_own = |key: &str| root.get(key).is_some();
        if keys.is_empty()
            && ["stepFunctions", "stateMachines", "provider"]
                .into_iter()
                .any(is_own)
        {
            continue;
        }
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
                // What stands in another file says it there.
                names_type: member.value.get("type").is_some() || member.value.as_text().is_some(),
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
        names_type: root.get("type").is_some(),
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
    // The whole state machine may stand in another file.
    let whole = member.value.as_text().is_some().then_some(&member.value);
    let Some(node) = member.value.get("definition").or(whole) else {
        let message = format!("The state machine {} has no definition", member.key);
        evaluator.fault(&member.key_span, message, "");
        return (Body::Nowhere, Substitutions::None);
    };
    if let Some((path, keys)) = node.as_text().and_then(whole_file) {
        let body = Body::Included {
            path: path.to_owned(),
            keys: keys.to_owned(),
            span: node.span.clone(),
        };
        return (body, Substitutions::None);
    }
    let text = evaluator.definition(node);
    (evaluator.found(text, node), Substitutions::None)
}

impl<'a> Evaluator<'a> {
    /// Returns the definition that a node is: an object, a text, or what makes one.
    pub(super) fn definition(&mut self, node: &'a Node) -> Mapped {
        let is_object = matches!(node.value, Value::Object(_)) && call_of(node).is_none();
        if !is_object {
            // A variable may stand for the definition as an object.
            let json = node
                .as_text()
                .and_then(|text| self.whole_variable(text, &node.span));
            return json.unwrap_or_else(|| self.text(node));
        }
        let mut json = Mapped::default();
        self.write(node, &mut json);
        json
    }
}

/// What a state machine in an included file is called there.
pub(super) struct Wanted<'n> {
    /// The name of the state machine.
    pub(super) machine: &'n str,
    /// The keys behind the path: `a.b` of `${file(path):a.b}`.
    pub(super) keys: &'n str,
}

/// Returns the node of an included file that is the definition: itself, or in the framework's form.
pub(super) fn included<'n>(root: &'n Node, wanted: &Wanted<'_>) -> Option<&'n Node> {
    let keys = wanted.keys.split('.').filter(|key| !key.is_empty());
    let node = keys.into_iter().try_fold(root, |node, key| node.get(key))?;
    let lists = PLACES.iter().filter_map(|keys| below(Some(node), keys));
    let named = lists.filter_map(|list| list.get(wanted.machine)?.get("definition"));
    let found = node.get("definition").or_else(|| named.into_iter().next());
    Some(found.unwrap_or(node))
}

/// Returns the path of a text that is `${file(path)}`, and the keys behind it: `${file(path):keys}`.
pub(super) fn whole_file(text: &str) -> Option<(&str, &str)> {
    let inside = text.trim().strip_prefix("${file(")?.strip_suffix('}')?;
    let (path, rest) = inside.split_once(')')?;
    let keys = if rest.is_empty() {
        ""
    } else {
        rest.strip_prefix(':')?
    };
    let is_plain = !path.contains(['$', '(', ',']) && !keys.contains(['$', '(', ',', '}']);
    is_plain.then(|| (path.trim().trim_matches(['\'', '"']), keys.trim()))
}
