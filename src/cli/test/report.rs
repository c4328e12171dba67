//! The report: for reading, or as one JSON document.

use super::{CaseResult, FileResult, Outcome, Results};
use crate::asl::render::render;
use crate::asl::syntax::write_text;
use crate::asl::{Diagnostic, Source};
use crate::cases::{Coverage, Difference, Execution, Kind, Played};
use crate::cli::output::stdout;
use crate::printable;
use std::fmt::Write;
use std::path::Path;

/// Characters of a value that are shown for reading.
const SHOWN_MAX: usize = 600;

/// Why something could not be run.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    /// With the place underlined, for reading.
    text: String,
    message: String,
    file: Option<String>,
    line: usize,
    column: usize,
    help: Option<String>,
}

impl Problem {
    /// Makes a problem without a place.
    pub(super) fn plain(message: impl Into<String>) -> Problem {
        let message = message.into();
        Problem {
            text: format!("error: {message}"),
            message,
            file: None,
            line: 0,
            column: 0,
            help: None,
        }
    }

    /// Makes a problem of a diagnostic.
    pub(super) fn of(source: &Source<'_>, diagnostic: &Diagnostic) -> Problem {
        Problem {
            text: render(source, diagnostic, false),
            message: diagnostic.message.clone(),
            file: Some(source.name.to_owned()),
            line: diagnostic.line,
            column: diagnostic.column,
            help: diagnostic.help.clone(),
        }
    }

    /// Says which line of a case file names what is wrong.
    pub(super) fn named_at(mut self, file: &Path, line: usize) -> Problem {
        let _ = write!(self.text, "\n  named by the case at {}:{line}", file.display());
        self.file = Some(file.display().to_string());
        self.line = line;
        self.column = 1;
        self
    }
}

/// Prints the report for reading.
pub(super) fn text(results: &Results) {
    let mut out = String::new();
    for file in &results.files {
        write_file(file, &mut out);
    }
    for (name, coverage) in &results.coverage {
        write_coverage(name, coverage, &mut out);
    }
    let _ = write!(out, "{} passed, {} failed", results.passed(), results.failed());
    for (count, what) in [
        (results.skipped(), "skipped"),
        (results.errors(), "could not be run"),
    ] {
        if count > 0 {
            let _ = write!(out, ", {count} {what}");
        }
    }
    out.push('\n');
    stdout(out.as_bytes());
}

fn write_file(file: &FileResult, out: &mut String) {
    let _ = writeln!(out, "{}", file.path.display());
    for problem in &file.problems {
        let _ = writeln!(out, "{}", indented(&problem.text, "  "));
    }
    for case in &file.cases {
        write_case(case, out);
    }
    out.push('\n');
}

fn write_case(case: &CaseResult, out: &mut String) {
    let name = printable::line(&case.name);
    match &case.outcome {
        Outcome::Skipped(reason) => {
            let _ = writeln!(out, "  skip  {name} ({})", printable::line(reason));
        }
        Outcome::Problems(problems) => {
            let _ = writeln!(out, "  ERROR {name}");
            for problem in problems {
                let _ = writeln!(out, "{}", indented(&problem.text, "        "));
            }
        }
        Outcome::Played(played) if played.differences.is_empty() => {
            let seconds = played.duration_ms as f64 / 1_000.0;
            let took = if played.duration_ms > 0 {
                format!(" ({seconds} s)")
            } else {
                String::new()
            };
            let _ = writeln!(out, "  ok    {name}{took}");
            write_execution(played, out);
        }
        Outcome::Played(played) => {
            let _ = writeln!(out, "  FAIL  {name} (line {})", case.line);
            for difference in &played.differences {
                write_difference(difference, out);
            }
            write_execution(played, out);
        }
    }
}

/// Tells how an execution ended of which nothing particular was expected.
fn write_execution(played: &Played, out: &mut String) {
    let Some(execution) = &played.execution else {
        return;
    };
    let _ = writeln!(out, "        status    {}", execution.status);
    let output = execution.output.as_deref().map(shortened);
    for (name, text) in [
        ("output", output.as_ref()),
        ("error", execution.error.as_ref()),
        ("cause", execution.cause.as_ref()),
    ] {
        if let Some(text) = text {
            let _ = writeln!(out, "        {name:8}  {}", printable::line(text));
        }
    }
}

fn write_difference(difference: &Difference, out: &mut String) {
    let _ = write!(out, "        {}", printable::line(&difference.what));
    if !difference.path.is_empty() {
        let _ = write!(out, " {}", printable::line(&difference.path));
    }
    out.push('\n');
    for (label, value) in [("expected", &difference.expected), ("actual", &difference.actual)] {
        let shown = value.as_deref().map_or("(nothing)".to_owned(), shortened);
        let _ = writeln!(
            out,
            "          {label:8}  {}",
            indented(&shown, "                    ").trim_start()
        );
    }
    if let Some(help) = &difference.help {
        let _ = writeln!(out, "          help      {}", printable::line(help));
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN_MAX) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

fn indented(text: &str, by: &str) -> String {
    let lines: Vec<String> = text
        .lines()
        .map(|line| format!("{by}{line}").trim_end().to_owned())
        .collect();
    lines.join("\n")
}

fn write_coverage(name: &str, coverage: &Coverage, out: &mut String) {
    let _ = writeln!(out, "coverage of {}", printable::line(name));
    let totals = Kind::ALL.iter().filter_map(|&kind| {
        let (reached, all) = coverage.count(kind);
        (all > 0).then(|| format!("{reached} of {all} {}", kind.plural()))
    });
    let _ = writeln!(out, "  {}", totals.collect::<Vec<_>>().join(", "));
    for place in coverage.missed() {
        let _ = writeln!(out, "  not reached: {}", printable::line(&place.label));
    }
    out.push('\n');
}

/// Prints the report as one JSON document.
pub(super) fn json(results: &Results, with_coverage: bool) {
    let mut out = String::new();
    let _ = write!(
        out,
        "{{\"passed\":{},\"failed\":{},\"skipped\":{},\"errors\":[",
        results.passed(),
        results.failed(),
        results.skipped()
    );
    let mut errors = Vec::new();
    for file in &results.files {
        errors.extend(
            file.problems
                .iter()
                .map(|problem| problem_json(file, None, problem)),
        );
        for case in &file.cases {
            if let Outcome::Problems(problems) = &case.outcome {
                errors.extend(
                    problems
                        .iter()
                        .map(|problem| problem_json(file, Some(&case.name), problem)),
                );
            }
        }
    }
    out.push_str(&errors.join(","));
    out.push_str("],\"cases\":[");
    let cases = results
        .files
        .iter()
        .flat_map(|file| file.cases.iter().map(move |case| case_json(file, case)));
    out.push_str(&cases.collect::<Vec<_>>().join(","));
    out.push(']');
    if with_coverage {
        let coverage = results
            .coverage
            .iter()
            .map(|(name, coverage)| coverage_json(name, coverage));
        let _ = write!(out, ",\"coverage\":[{}]", coverage.collect::<Vec<_>>().join(","));
    }
    out.push_str("}\n");
    stdout(out.as_bytes());
}

fn quoted(text: &str) -> String {
    let mut out = String::new();
    write_text(text, &mut out);
    out
}

fn problem_json(file: &FileResult, case: Option<&str>, problem: &Problem) -> String {
    let name = file.path.display().to_string();
    let mut out = format!("{{\"file\":{}", quoted(problem.file.as_deref().unwrap_or(&name)));
    if let Some(case) = case {
        let _ = write!(out, ",\"case\":{}", quoted(case));
    }
    let _ = write!(out, ",\"message\":{}", quoted(&problem.message));
    if problem.line > 0 {
        let _ = write!(out, ",\"line\":{},\"column\":{}", problem.line, problem.column);
    }
    if let Some(help) = &problem.help {
        let _ = write!(out, ",\"help\":{}", quoted(help));
    }
    out + "}"
}

fn case_json(file: &FileResult, case: &CaseResult) -> String {
    let status = match (&case.outcome, case.outcome.has_passed()) {
        (_, Some(true)) => "passed",
        (_, Some(false)) => "failed",
        (Outcome::Skipped(_), None) => "skipped",
        _ => "error",
    };
    let mut out = format!(
        "{{\"file\":{},\"name\":{},\"line\":{},\"status\":\"{status}\"",
        quoted(&file.path.display().to_string()),
        quoted(&case.name),
        case.line
    );
    match &case.outcome {
        Outcome::Skipped(reason) => {
            let _ = write!(out, ",\"reason\":{}", quoted(reason));
        }
        Outcome::Problems(_) => {}
        Outcome::Played(played) => {
            let differences: Vec<String> = played.differences.iter().map(difference_json).collect();
            let seconds = played.duration_ms as f64 / 1_000.0;
            let list = differences.join(",");
            let _ = write!(out, ",\"duration_seconds\":{seconds},\"differences\":[{list}]");
            if let Some(execution) = &played.execution {
                let _ = write!(out, ",\"execution\":{}", execution_json(execution));
            }
        }
    }
    out + "}"
}

fn execution_json(execution: &Execution) -> String {
    let mut out = format!("{{\"status\":\"{}\"", execution.status);
    if let Some(output) = &execution.output {
        let _ = write!(out, ",\"output\":{output}");
    }
    for (name, text) in [("error", &execution.error), ("cause", &execution.cause)] {
        if let Some(text) = text {
            let _ = write!(out, ",\"{name}\":{}", quoted(text));
        }
    }
    out + "}"
}

fn difference_json(difference: &Difference) -> String {
    let mut out = format!("{{\"what\":{}", quoted(&difference.what));
    let path = (!difference.path.is_empty()).then_some(&difference.path);
    let members = [
        ("path", path),
        ("expected", difference.expected.as_ref()),
        ("actual", difference.actual.as_ref()),
        ("help", difference.help.as_ref()),
    ];
    for (name, value) in members {
        if let Some(value) = value {
            let _ = write!(out, ",\"{name}\":{}", quoted(value));
        }
    }
    out + "}"
}

fn coverage_json(name: &str, coverage: &Coverage) -> String {
    let mut out = format!("{{\"definition\":{}", quoted(name));
    for kind in Kind::ALL {
        let (reached, all) = coverage.count(kind);
        let name = kind.plural().replace(' ', "_");
        let _ = write!(out, ",\"{name}\":{{\"reached\":{reached},\"total\":{all}}}");
    }
    let missed: Vec<String> = coverage.missed().map(|place| quoted(&place.label)).collect();
    let _ = write!(out, ",\"not_reached\":[{}]}}", missed.join(","));
    out
}
