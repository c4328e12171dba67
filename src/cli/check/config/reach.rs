//! What a workflow reaches, as `check --config` lists it.
//!
//! Must not know how a task is served. Invariant: what comes from a definition is harmless to a terminal.

use crate::cli::definition::Checked;
use crate::compile::compile;
use crate::config::Workflow;
use crate::printable;
use crate::program::Program;
use crate::task::{Allow, Bindings, Reached, Tasks, Unserved};
use std::fmt::Write;
use std::sync::Arc;

/// Most targets of one task that are listed.
const TARGETS_MAX: usize = 5;

/// Returns what the workflow may reach, if it says so; a line that is wrong is told of where it stands.
pub(super) fn allow(workflow: &Workflow) -> Option<Arc<Allow>> {
    Allow::parse(workflow.allow.as_deref()?).ok().map(Arc::new)
}

/// Returns the tasks that the workflow may not call, each with the reason.
pub(super) fn refused(program: &Program, bindings: &Bindings, tasks: &Tasks) -> Vec<(Unserved, String)> {
    let reached = tasks.reached(program, bindings).into_iter();
    let refused = reached.filter_map(|(reached, _)| {
        let task = Unserved {
            state: reached.state,
            resource: reached.resource,
            named: None,
        };
        Some((task, reached.refusal?))
    });
    refused.collect()
}

/// Lists the tasks of a workflow: what each calls, and what serves it. Empty when it has none, or some are not served.
pub(super) fn listed(checked: &Checked, workflow: &Workflow, tasks: &Tasks) -> String {
    let Some(machine) = &checked.report.machine else {
        return String::new();
    };
    let program = compile(machine);
    let Ok(bindings) = tasks.bind_within(&program, false, allow(workflow)) else {
        return String::new();
    };
    let reached = tasks.reached(&program, &bindings);
    if reached.is_empty() {
        return String::new();
    }
    let mut out = format!("  workflow \"{}\" reaches:\n", printable::line(&workflow.name));
    for (reached, pattern) in &reached {
        let text = line(reached, *pattern, workflow.allow.is_some());
        // Writing to a String does not fail.
        let _ = writeln!(out, "    {}", printable::line(&text));
    }
    out
}

fn line(reached: &Reached, pattern: Option<&str>, is_limited: bool) -> String {
    let mut text = format!("{}: {}", reached.state, reached.action);
    match reached.targets.as_deref() {
        None if is_limited => text.push_str(", what its parameters name and allow grants"),
        None => text.push_str(", what its parameters name"),
        Some([]) => {}
        Some(targets) => {
            let shown = targets
                .iter()
                .take(TARGETS_MAX)
                .map(String::as_str)
                .collect::<Vec<_>>();
            text.push(' ');
            text.push_str(&shown.join(", "));
            if targets.len() > TARGETS_MAX {
                let _ = write!(text, " and {} more", targets.len() - TARGETS_MAX);
            }
        }
    }
    if let Some(pattern) = pattern {
        let _ = write!(text, " by tasks.\"{pattern}\"");
    }
    if reached.refusal.is_some() {
        text.push_str(" (not allowed)");
    }
    text
}
