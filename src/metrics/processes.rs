//! The processes of functions, as text.

use super::names;
use super::text::{write_header, write_line};

/// How the processes of one entry of `[tasks]` stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Processes {
    /// Those that run now.
    pub alive: u64,
    /// Those that were started.
    pub started: u64,
    /// Those that ended unasked, by reason.
    pub failed: [(&'static str, u64); 3],
}

/// Says how the processes of one entry stand.
pub(super) type ReadProcesses = Box<dyn Fn() -> Processes + Send + Sync>;

/// Writes the processes of all entries, by pattern; nothing if there are none.
pub(super) fn write(out: &mut String, entries: &[(Box<str>, ReadProcesses)]) {
    if entries.is_empty() {
        return;
    }
    let now: Vec<(&str, Processes)> = entries
        .iter()
        .map(|(pattern, read)| (&**pattern, read()))
        .collect();
    write_header(out, &names::FUNCTION_PROCESSES);
    for (pattern, processes) in &now {
        write_line(
            out,
            &names::FUNCTION_PROCESSES,
            &[("pattern", pattern)],
            processes.alive as f64,
        );
    }
    write_header(out, &names::FUNCTION_STARTS);
    for (pattern, processes) in &now {
        write_line(
            out,
            &names::FUNCTION_STARTS,
            &[("pattern", pattern)],
            processes.started as f64,
        );
    }
    write_header(out, &names::FUNCTION_FAILURES);
    for (pattern, processes) in &now {
        for (reason, count) in processes.failed {
            let labels = [("pattern", *pattern), ("reason", reason)];
            write_line(out, &names::FUNCTION_FAILURES, &labels, count as f64);
        }
    }
}
