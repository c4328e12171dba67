//! `stepstream check`: is a definition accepted, and what is wrong with it?

use super::definition::{Checked, diagnostic_json, substitution};
use super::output::{Json, Stop, has_colour, stderr, stdout};
use super::{EXIT_NO, EXIT_OK, EXIT_PROBLEM, Format};
use crate::asl::{Diagnostic, MachineType, Severity};
use clap::ValueEnum;
use std::path::PathBuf;

/// Check definitions: every problem, where it is, and what was meant.
#[derive(clap::Args)]
#[command(
    after_help = "Exit code: 0 all are accepted (perhaps with warnings), 1 one is refused, 2 a file cannot be read.

Examples:
  stepstream check workflows/*.asl.json
  stepstream check order.asl.yaml --set QueueUrl=https://sqs.us-east-1.amazonaws.com/111111111111/q"
)]
pub(super) struct Args {
    /// Definitions, JSON or YAML (by the file's ending).
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The type of workflow to check for.
    #[arg(long = "type", value_enum, default_value_t)]
    machine_type: Type,
    /// Fill in ${Name}, as CloudFormation would.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = substitution)]
    substitutions: Vec<(String, String)>,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Type {
    /// What stepstream runs.
    #[default]
    Express,
    /// Checked only.
    Standard,
}

/// One finding: the file and the diagnostic, or why there is none.
type Finding = (String, Result<Diagnostic, String>);

pub(super) fn run(args: &Args) -> u8 {
    let machine_type = match args.machine_type {
        Type::Express => MachineType::Express,
        Type::Standard => MachineType::Standard,
    };
    let mut code = EXIT_OK;
    let mut findings: Vec<Finding> = Vec::new();
    for file in &args.files {
        match Checked::read(file, machine_type, &args.substitutions) {
            Err(stop) => {
                code = EXIT_PROBLEM;
                unreadable(&file.display().to_string(), &stop, &mut findings);
            }
            Ok(checked) => {
                if checked.report.has_errors() {
                    code = code.max(EXIT_NO);
                }
                if args.format == Format::Text {
                    stdout(text(&checked).as_bytes());
                }
                let Checked { file, report, .. } = checked;
                findings.extend(
                    report
                        .diagnostics
                        .into_iter()
                        .map(|found| (file.clone(), Ok(found))),
                );
            }
        }
    }
    if args.format == Format::Json {
        stdout(&Json::array(&findings, finding_json));
    }
    code
}

fn unreadable(file: &str, stop: &Stop, findings: &mut Vec<Finding>) {
    stderr(stop.message());
    findings.push((file.to_owned(), Err(stop.message().to_owned())));
}

fn text(checked: &Checked) -> String {
    let count = |severity: Severity| {
        let found = checked.report.diagnostics.iter();
        found.filter(|diagnostic| diagnostic.severity == severity).count()
    };
    let verdict = match (count(Severity::Error), count(Severity::Warning)) {
        (0, 0) => "accepted".to_owned(),
        (0, warnings) => format!("accepted, {}", counted(warnings, "warning")),
        (errors, 0) => format!("refused, {}", counted(errors, "error")),
        (errors, warnings) => {
            format!(
                "refused, {}, {}",
                counted(errors, "error"),
                counted(warnings, "warning")
            )
        }
    };
    format!("{}{}: {verdict}\n", checked.rendered(has_colour()), checked.file)
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn finding_json(json: &mut Json, (file, found): &Finding) {
    match found {
        Ok(diagnostic) => diagnostic_json(json, file, diagnostic),
        Err(message) => {
            json.string("file", file);
            json.string("code", "CANNOT_CHECK");
            json.string("message", message);
            json.string("severity", Severity::Error.as_str());
            json.string("pointer", "");
            json.number("line", 1);
            json.number("column", 1);
        }
    }
}

/// Returns the document for arguments that cannot be understood: a list, as always.
pub(super) fn usage_json(message: &str) -> Vec<u8> {
    let finding: Finding = (String::new(), Err(message.to_owned()));
    Json::array(&[finding], finding_json)
}
