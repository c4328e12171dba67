//! Histories: log records in the form in which cases expect events.

use super::compare::{Extent, Rules};
use super::expect::Events;
use super::play::{Difference, parse};
use crate::asl::syntax::{Member, Node, Value};

/// Members of details that hold JSON as text.
const TEXTS: [&str; 3] = ["input", "output", "parameters"];
/// Members that say whether something was cut, which cases leave out where nothing was.
const CUTS: [&str; 3] = ["inputDetails", "outputDetails", "assignedVariablesDetails"];

/// Turns a log record into an event: `id`, `prev`, `type`, `details` with its JSON texts as values.
pub(super) fn event(record: &Node) -> Node {
    let number = |name: &str| {
        let text = record.get(name).and_then(Node::as_text).unwrap_or("0");
        Value::Number(text.to_owned())
    };
    let kind = record.get("type").map_or(Value::Null, |node| node.value.clone());
    object(vec![
        ("id", number("id")),
        ("prev", number("previous_event_id")),
        ("type", kind),
        ("details", details(record.get("details"))),
    ])
}

fn details(details: Option<&Node>) -> Value {
    let members = details.and_then(Node::as_object).unwrap_or_default();
    let kept = members.iter().filter(|member| {
        let cut = member
            .value
            .get("truncated")
            .is_some_and(|node| node.value != Value::Bool(false));
        member.key != "roleArn" && (cut || !CUTS.contains(&member.key.as_str()))
    });
    let value = |member: &Member| match &member.value.value {
        Value::Text(text) if TEXTS.contains(&member.key.as_str()) => parse(text),
        Value::Object(variables) if member.key == "assignedVariables" => Node {
            span: 0..0,
            value: Value::Object(variables.iter().map(variable).collect()),
        },
        _ => member.value.clone(),
    };
    let kept = kept.map(|member| Member {
        value: value(member),
        ..member.clone()
    });
    Value::Object(kept.collect())
}

fn variable(member: &Member) -> Member {
    Member {
        value: parse(member.value.as_text().unwrap_or_default()),
        ..member.clone()
    }
}

fn object(members: Vec<(&str, Value)>) -> Node {
    let member = |(key, value): (&str, Value)| Member {
        key: key.to_owned(),
        key_span: 0..0,
        value: Node { span: 0..0, value },
    };
    Node {
        span: 0..0,
        value: Value::Object(members.into_iter().map(member).collect()),
    }
}

/// Returns the names of the states that were entered, in order.
pub(super) fn states(events: &[Node]) -> Vec<String> {
    let entered = events
        .iter()
        .filter(|event| kind(event).ends_with("StateEntered"));
    let name = |event: &Node| Some(event.get("details")?.get("name")?.as_text()?.to_owned());
    entered.filter_map(name).collect()
}

/// Compares a history with the events that are expected.
pub(super) fn differences(rules: &Rules, expected: &Events, actual: &[Node]) -> Vec<Difference> {
    match expected {
        Events::Any => Vec::new(),
        Events::Some(expected) => in_order(rules, expected, actual).into_iter().collect(),
        Events::All(expected) => all(rules, expected, actual),
        Events::Recorded(expected) => recorded(rules, expected, actual),
    }
}

/// Looks for the expected events one after the other.
fn in_order(rules: &Rules, expected: &[Node], actual: &[Node]) -> Option<Difference> {
    let mut rest = actual.iter();
    for (at, wanted) in expected.iter().enumerate() {
        let wanted = without(wanted, "comment");
        if !rest.any(|given| rules.equal(&wanted, given, Extent::Part)) {
            let same_kind: Vec<String> = actual
                .iter()
                .filter(|given| kind(given) == kind(&wanted))
                .map(Node::to_json)
                .collect();
            let given = match same_kind.len() {
                0 => "no event of this type".to_owned(),
                _ => format!("of this type, in order: {}", same_kind.join(" ")),
            };
            let mut difference = Difference::new("events", Some(wanted.to_json()), Some(given));
            difference.path = format!("[{at}]");
            return Some(difference);
        }
    }
    None
}

fn all(rules: &Rules, expected: &[Node], actual: &[Node]) -> Vec<Difference> {
    for at in 0..expected.len().max(actual.len()) {
        let found = match (expected.get(at), actual.get(at)) {
            (Some(wanted), Some(given)) => one(rules, &without(wanted, "raw"), given),
            (wanted, given) => {
                vec![Difference::new(
                    "events",
                    wanted.map(Node::to_json),
                    given.map(Node::to_json),
                )]
            }
        };
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

/// Compares one event; an event without details may be recorded with or without the member.
fn one(rules: &Rules, wanted: &Node, given: &Node) -> Vec<Difference> {
    let what = format!("event {}", given.get("id").map(Node::to_json).unwrap_or_default());
    let none = object(Vec::new());
    let details = |event: &Node| event.get("details").cloned().unwrap_or_else(|| none.clone());
    let head = |event: &Node| without(event, "details");
    let mut found = rules.differences(&what, &head(wanted), &head(given), Extent::Whole);
    let (mut wanted, mut given) = (details(wanted), details(given));
    let cause = |node: &Node| node.get("cause").and_then(Node::as_text).map(str::to_owned);
    if let (Some(expected), Some(actual)) = (cause(&wanted), cause(&given)) {
        found.extend(rules.cause_differences(&expected, &actual));
        (wanted, given) = (without(&wanted, "cause"), without(&given, "cause"));
    }
    found.extend(rules.differences(&what, &wanted, &given, Extent::Whole));
    found
}

/// Events with an id must be there with it; the others somewhere, each once.
fn recorded(rules: &Rules, expected: &[Node], actual: &[Node]) -> Vec<Difference> {
    let mut left: Vec<&Node> = actual.iter().collect();
    let has_id = |event: &&Node| event.get("id").is_some_and(|id| id.value != Value::Null);
    let missing = |wanted: &Node| vec![Difference::new("events", Some(wanted.to_json()), None)];
    let (fixed, free): (Vec<&Node>, Vec<&Node>) = expected.iter().partition(has_id);
    for wanted in fixed {
        let wanted = without(wanted, "raw");
        let Some(at) = left
            .iter()
            .position(|given| given.get("id").map(|id| &id.value) == wanted.get("id").map(|id| &id.value))
        else {
            return missing(&wanted);
        };
        let found = one(rules, &wanted, left.remove(at));
        if !found.is_empty() {
            return found;
        }
    }
    for wanted in free {
        let bare = ["id", "prev", "any_order", "raw"]
            .iter()
            .fold(wanted.clone(), |node, key| without(&node, key));
        let given = |given: &&Node| {
            let given = without(&without(given, "id"), "prev");
            one(rules, &bare, &given).is_empty()
        };
        match left.iter().position(given) {
            Some(at) => drop(left.remove(at)),
            None => return missing(wanted),
        }
    }
    Vec::new()
}

fn kind(event: &Node) -> &str {
    event.get("type").and_then(Node::as_text).unwrap_or_default()
}

/// Returns an object without one of its members.
fn without(node: &Node, key: &str) -> Node {
    let members = node.as_object().unwrap_or_default();
    Node {
        span: node.span.clone(),
        value: Value::Object(
            members
                .iter()
                .filter(|member| member.key != key)
                .cloned()
                .collect(),
        ),
    }
}
