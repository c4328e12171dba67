//! What is told of a rewriting: for reading, or as one JSON document.

use super::prove::Proven;
use super::{Args, Told};
use crate::asl::render::render;
use crate::asl::{Diagnostic, Severity, Source};
use crate::cases::Difference;
use crate::cli::definition::diagnostic_json;
use crate::cli::output::{Json, stderr_has_colour, stderr_styled};
use crate::convert::ALWAYS;
use crate::printable;
use std::fmt::Write;

/// What is said of a definition out of a template.
const SAMPLES: &str = "the definition came from a template: values that only a deployment knows, such as a \
function's ARN, are now placeholders of the right form; put the template's own back";

/// Places that are named of those where the same is to be said.
const PLACES_MAX: usize = 8;

/// Differences of a case that are shown.
const DIFFERENCES_MAX: usize = 5;

/// Prints on stderr what is to be told, for reading.
pub(super) fn text(told: &Told, source: &Source<'_>) {
    let mut out = String::new();
    for (diagnostic, places) in grouped(&told.converted.diagnostics) {
        let _ = writeln!(
            out,
            "{}",
            render(source, &with_places(diagnostic, &places), stderr_has_colour()).trim_end()
        );
        out.push('\n');
    }
    let _ = write!(out, "{}: {}", printable::line(&told.subject), states(told));
    if told.converted.counts.states > told.converted.counts.already {
        for note in ALWAYS {
            let _ = write!(out, "\n  note: {note}");
        }
    }
    if told.is_embedded {
        let _ = write!(out, "\n  note: {SAMPLES}");
    }
    if told.is_played {
        write_cases(&told.proof.cases, &mut out);
    } else {
        out.push_str("\n  not proven: cases do not play a standard workflow");
    }
    stderr_styled(&out);
}

/// Words what became of the states.
fn states(told: &Told) -> String {
    let counts = told.converted.counts;
    let all = |count: usize| match count {
        1 => "its one state is".to_owned(),
        count => format!("all {count} states are"),
    };
    match (counts.kept, counts.already) {
        (0, already) if already == counts.states => "nothing to do: it is already JSONata".to_owned(),
        (0, _) => format!("{} JSONata now", all(counts.states)),
        (kept, _) => format!(
            "{} of {} states are JSONata now, {kept} {} JSONPath",
            counts.states - kept,
            counts.states,
            if kept == 1 { "stays" } else { "stay" }
        ),
    }
}

/// Puts together the places of which the same is said, what is kept first.
fn grouped(diagnostics: &[Diagnostic]) -> Vec<(&Diagnostic, Vec<(usize, usize)>)> {
    let mut groups: Vec<(&Diagnostic, Vec<(usize, usize)>)> = Vec::new();
    for diagnostic in diagnostics {
        let known = groups
            .iter_mut()
            .find(|(first, _)| (first.code, &first.message) == (diagnostic.code, &diagnostic.message));
        match known {
            Some((_, places)) => places.push((diagnostic.line, diagnostic.column)),
            None => groups.push((diagnostic, Vec::new())),
        }
    }
    groups.sort_by_key(|(first, _)| first.severity != Severity::Error);
    groups
}

fn with_places(diagnostic: &Diagnostic, places: &[(usize, usize)]) -> Diagnostic {
    let shown: Vec<String> = places
        .iter()
        .take(PLACES_MAX)
        .map(|(line, column)| format!("{line}:{column}"))
        .collect();
    let mut diagnostic = diagnostic.clone();
    if !shown.is_empty() {
        let more = match places.len().saturating_sub(PLACES_MAX) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        diagnostic.help = Some(format!("the same at {}{more}", shown.join(", ")));
    }
    diagnostic
}

fn write_cases(cases: &[Proven], out: &mut String) {
    let played = cases.iter().filter(|case| case.outcome.is_ok()).count();
    let differing = cases.iter().filter(|case| case.differs());
    for case in differing.clone() {
        let _ = write!(
            out,
            "\n  DIFFERS {} ({}:{})",
            printable::line(&case.name),
            printable::line(&case.file),
            case.line
        );
        for difference in case.outcome.iter().flatten().take(DIFFERENCES_MAX) {
            write_difference(difference, out);
        }
    }
    let same = played - differing.count();
    let skipped = cases.len() - played;
    let _ = match (played, skipped) {
        (0, 0) => write!(
            out,
            "\n  not proven: no case plays it; write cases, or name their file with --cases"
        ),
        (_, 0) => write!(out, "\n  proof: {same} of {played} cases do the same in both"),
        _ => write!(
            out,
            "\n  proof: {same} of {played} cases do the same in both, {skipped} skipped"
        ),
    };
}

fn write_difference(difference: &Difference, out: &mut String) {
    let _ = write!(
        out,
        "\n          {} {}",
        printable::line(&difference.what),
        printable::line(&difference.path)
    );
    for (name, value) in [
        ("JSONPath", &difference.expected),
        ("JSONata", &difference.actual),
    ] {
        let shown = value.as_deref().unwrap_or("(nothing)");
        let _ = write!(out, "\n            {name:8}  {}", printable::line(shown));
    }
}

/// Returns all as one JSON document.
pub(super) fn json(told: &Told, args: &Args) -> Vec<u8> {
    let counts = told.converted.counts;
    let mut json = Json::object();
    json.string("file", &told.subject);
    json.string(
        "query_language",
        if told.converted.is_whole {
            "JSONata"
        } else {
            "JSONPath"
        },
    );
    json.number("states", counts.states);
    json.number("kept", counts.kept);
    json.list("diagnostics", &told.converted.diagnostics, |json, diagnostic| {
        diagnostic_json(json, &told.file, diagnostic);
    });
    json.list("notes", &ALWAYS, |json, note| json.string("message", note));
    json.list("cases", &told.proof.cases, case_json);
    match &args.output {
        Some(path) => json.string("output", &path.display().to_string()),
        None => json.raw("definition", told.converted.text.trim_end().as_bytes()),
    }
    json.finish()
}

fn case_json(json: &mut Json, case: &Proven) {
    json.string("file", &case.file);
    json.string("name", &case.name);
    json.number("line", case.line);
    match &case.outcome {
        Err(reason) => {
            json.string("status", "skipped");
            json.string("reason", reason);
        }
        Ok(differences) => {
            json.string("status", if differences.is_empty() { "same" } else { "differs" });
            json.list("differences", differences, |json, difference| {
                json.string("what", &difference.what);
                json.string("path", &difference.path);
                for (name, value) in [
                    ("jsonpath", &difference.expected),
                    ("jsonata", &difference.actual),
                ] {
                    if let Some(value) = value {
                        json.string(name, value);
                    }
                }
            });
        }
    }
}
