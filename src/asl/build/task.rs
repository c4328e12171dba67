//! Task states, and the `Retry` and `Catch` that Parallel and Map share with them.

use crate::asl::arn::{self, Pattern};
use crate::asl::model::{Catcher, Resource, ResourceKind, Retrier, Task};
use crate::asl::syntax::Node;

use super::template::Object;
use super::{arguments, data_path, decimal, integer, setting, text, transition};

pub(super) fn task(state: Object<'_>) -> Option<Task> {
    let node = state.node;
    Some(Task {
        resource: resource(node.get("Resource")?.as_text()?)?,
        parameters: arguments(state)?,
        result_selector: state.template("ResultSelector")?,
        result_path: data_path(node, "ResultPath")?,
        timeout: setting(state, "TimeoutSeconds", integer)?,
        heartbeat: setting(state, "HeartbeatSeconds", integer)?,
        credentials: state.template("Credentials")?,
        retry: retriers(node)?,
        catch: catchers(state)?,
        transition: transition(node)?,
    })
}

fn resource(arn: &str) -> Option<Resource> {
    let kind = match arn::parse(arn)? {
        arn::Resource::Function => ResourceKind::Function,
        arn::Resource::Integration(found) if found.pattern == Pattern::RequestResponse => {
            ResourceKind::Integration {
                resource_type: found.service.to_owned(),
                resource: found.action.to_owned(),
            }
        }
        _ => return None,
    };
    Some(Resource {
        arn: arn.to_owned(),
        kind,
    })
}

pub(super) fn retriers(node: &Node) -> Option<Vec<Retrier>> {
    let Some(entries) = node.get("Retry") else {
        return Some(Vec::new());
    };
    entries.as_array()?.iter().map(retrier).collect()
}

/// Defaults: after 1, 2 and 4 seconds, no limit of the delay, no jitter (facts 4.5).
fn retrier(node: &Node) -> Option<Retrier> {
    let or_default = |name: &str, default: u32| node.get(name).map_or(Some(default), integer);
    Some(Retrier {
        error_equals: error_equals(node)?,
        interval_seconds: or_default("IntervalSeconds", 1)?,
        max_attempts: or_default("MaxAttempts", 3)?,
        backoff_rate: node.get("BackoffRate").map_or(Some(2.0), decimal)?,
        max_delay_seconds: match node.get("MaxDelaySeconds") {
            None => None,
            Some(node) => Some(integer(node)?),
        },
        full_jitter: node.get("JitterStrategy").and_then(Node::as_text) == Some("FULL"),
    })
}

pub(super) fn catchers(state: Object<'_>) -> Option<Vec<Catcher>> {
    let Some(entries) = state.node.get("Catch") else {
        return Some(Vec::new());
    };
    let place = state.place.key("Catch");
    let entries = entries.as_array()?.iter().enumerate();
    entries
        .map(|(index, node)| {
            catcher(Object {
                node,
                place: place.index(index),
                ..state
            })
        })
        .collect()
}

fn catcher(catcher: Object<'_>) -> Option<Catcher> {
    let node = catcher.node;
    Some(Catcher {
        error_equals: error_equals(node)?,
        next: text(node, "Next")?,
        result_path: data_path(node, "ResultPath")?,
        output: catcher.template("Output")?,
        assign: catcher.assign()?.unwrap_or_default(),
    })
}

fn error_equals(node: &Node) -> Option<Vec<String>> {
    node.get("ErrorEquals")?
        .as_array()?
        .iter()
        .map(|name| name.as_text().map(str::to_owned))
        .collect()
}
