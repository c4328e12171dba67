//! Rows and runs on the terminal and as documents.

use crate::cli::output::{Json, stdout};
use crate::log::read::{Recorded, Row, Status, execution_name, seconds, state_machine_name};
use crate::printable;
use crate::timestamp;
use std::collections::{BTreeMap, HashMap};

/// Widest column of names; a longer one moves its own line only.
const NAME_WIDTH_MAX: usize = 48;

/// Returns rows for reading.
pub(super) fn table(rows: &[Row]) -> String {
    if rows.is_empty() {
        return "no executions\n".to_owned();
    }
    let labels = labels(rows);
    let width = labels.iter().map(|label| label.chars().count()).max();
    let width = width.unwrap_or(0).clamp(9, NAME_WIDTH_MAX);
    let mut out = header(width);
    for (row, label) in rows.iter().zip(&labels) {
        out.push_str(&line(row, label, width));
    }
    out.push('\n');
    out.push_str(&summary(rows));
    out
}

/// Returns the line over the columns.
pub(super) fn header(width: usize) -> String {
    format!(
        "{:10}  {:24}  {:>11}  {:>6}  {:width$}  ERROR\n",
        "STATUS", "STARTED", "DURATION", "STATES", "EXECUTION"
    )
}

/// Returns one row.
pub(super) fn line(row: &Row, label: &str, width: usize) -> String {
    let lasted = row.lasted_ms().map(seconds);
    let error = match (&row.error, &row.cause) {
        (Some(error), Some(cause)) => format!("{error}: {}", cause.lines().next().unwrap_or_default()),
        (Some(text), None) | (None, Some(text)) => text.to_string(),
        (None, None) => String::new(),
    };
    let line = format!(
        "{:10}  {:24}  {:>11}  {:>6}  {:width$}  {}",
        row.status.name(),
        time(row.started_ms),
        lasted.as_deref().unwrap_or("-"),
        row.states,
        printable::line(label),
        printable::line(&error),
    );
    format!("{}\n", line.trim_end())
}

/// Names the executions; one that ran more than once says which run it is.
fn labels(rows: &[Row]) -> Vec<String> {
    let mut counts = HashMap::<(&str, &str), (usize, usize)>::new();
    for row in rows {
        counts.entry(names(row)).or_default().0 += 1;
    }
    let mut label = |row| {
        let (machine, name) = names(row);
        let (all, so_far) = counts.entry((machine, name)).or_default();
        *so_far += 1;
        match all {
            1 => name.to_owned(),
            _ => format!("{name} (run {so_far} of {all})"),
        }
    };
    rows.iter().map(&mut label).collect()
}

fn names(row: &Row) -> (&str, &str) {
    (
        state_machine_name(&row.execution_arn),
        execution_name(&row.execution_arn),
    )
}

fn summary(rows: &[Row]) -> String {
    let mut counts = BTreeMap::<Status, usize>::new();
    for row in rows {
        *counts.entry(row.status).or_default() += 1;
    }
    let parts: Vec<String> = counts
        .iter()
        .map(|(status, count)| format!("{count} {}", status.name()))
        .collect();
    let noun = if rows.len() == 1 {
        "execution"
    } else {
        "executions"
    };
    format!("{} {noun}: {}\n", rows.len(), parts.join(", "))
}

fn time(millis: i64) -> String {
    String::from_utf8_lossy(&timestamp::format(millis)).into_owned()
}

/// Returns rows as a document.
pub(super) fn table_json(rows: &[Row]) -> Vec<u8> {
    let mut json = Json::object();
    json.list("executions", rows, members);
    json.finish()
}

/// Writes the members of a row.
pub(super) fn members(json: &mut Json, row: &Row) {
    let (machine, name) = names(row);
    json.string("execution_arn", &row.execution_arn);
    json.string("state_machine", machine);
    json.string("name", name);
    json.string("status", row.status.name());
    json.string("started", &time(row.started_ms));
    if let Some(lasted) = row.lasted_ms() {
        json.raw("duration_ms", lasted.to_string().as_bytes());
    }
    json.raw("states", row.states.to_string().as_bytes());
    for (name, text) in [("error", &row.error), ("cause", &row.cause)] {
        if let Some(text) = text {
            json.string(name, text);
        }
    }
}

/// Prints executions as `exec` does.
pub(super) fn runs(runs: &[Recorded]) {
    for (at, run) in runs.iter().enumerate() {
        let mut out = Vec::new();
        if at > 0 {
            out.push(b'\n');
        }
        out.extend_from_slice(title(&run.execution_arn, at, runs.len()).as_bytes());
        out.extend_from_slice(&run.tell());
        stdout(&out);
    }
}

fn title(arn: &str, at: usize, all: usize) -> String {
    match all {
        1 => format!("{}\n", printable::line(arn)),
        _ => format!("{} (run {} of {all})\n", printable::line(arn), at + 1),
    }
}

/// Returns executions with their records as a document.
pub(super) fn runs_json(runs: &[Recorded]) -> Vec<u8> {
    let mut json = Json::object();
    json.list("executions", runs, |json, run| {
        json.string("execution_arn", &run.execution_arn);
        json.string("name", execution_name(&run.execution_arn));
        let records: Vec<&[u8]> = run.records.iter().map(|(_, record)| &**record).collect();
        let records = [b"[".as_slice(), &records.join(b",".as_slice()), b"]"].concat();
        json.raw("events", &records);
    });
    json.finish()
}
