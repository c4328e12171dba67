//! `stepstream check`: is a definition or a configuration accepted, and what is wrong with it?

mod config;

use super::definition::{Checked, How, diagnostic_json, substitution};
use super::output::{Json, Stop, has_colour, stdout, stdout_styled};
use super::{EXIT_NO, EXIT_OK, EXIT_PROBLEM, Format};
use crate::asl::{Diagnostic, MachineType, Severity};
use crate::printable;
use clap::ValueEnum;
use std::path::PathBuf;

/// Check definitions or a configuration: every problem, with its position and a suggestion.
#[derive(clap::Args)]
#[command(
    override_usage = "stepstream check [OPTIONS] <FILE>...\n       stepstream check [OPTIONS] --config <FILE>",
    after_help = "FILE may also be a template of CloudFormation, SAM or CDK, a file of the Serverless Framework or of Terraform, or \
the answer of 'aws stepfunctions describe-state-machine'. FILE#Name selects one of several state machines; without \
a name, all are checked. A value that only a deployment knows, such as a function's ARN, becomes a placeholder of \
the right form; --set Name=VALUE or --set Name.Arn=VALUE provides the real one.

Exit code: 0 all are accepted (perhaps with warnings), 1 one is refused, 2 a file cannot be read.

Examples:
  stepstream check workflows/*.asl.json
  stepstream check --config config/stepstream.toml     the service with its workflows and tasks
  stepstream check template.yaml                       all state machines of a SAM template
  stepstream check 'cdk.out/Orders.template.json#Flow4F2A'
  stepstream check order.asl.yaml --set QueueUrl=https://sqs.us-east-1.amazonaws.com/111111111111/q"
)]
pub(super) struct Args {
    /// Definitions, JSON or YAML (by the file's extension), or files that contain them: see below.
    #[arg(required_unless_present = "config", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// A configuration, to be checked with its workflows and the connectors of their tasks.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["files", "machine_type", "substitutions"])]
    config: Option<PathBuf>,
    /// The type of workflow to check for [default: the template's, or else express].
    #[arg(long = "type", value_enum)]
    machine_type: Option<Type>,
    /// Fill in ${Name}, as CloudFormation would.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = substitution)]
    substitutions: Vec<(String, String)>,
    /// Output format.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Type {
    /// The type that stepstream runs.
    Express,
    /// A type that stepstream checks but does not run.
    Standard,
}

impl From<Type> for MachineType {
    fn from(machine_type: Type) -> MachineType {
        match machine_type {
            Type::Express => MachineType::Express,
            Type::Standard => MachineType::Standard,
        }
    }
}

/// One finding: the file and the diagnostic, or why there is none.
type Finding = (String, Result<Diagnostic, String>);

/// What a check has found, in all files.
struct Findings {
    list: Vec<Finding>,
    code: u8,
    format: Format,
}

pub(super) fn run(args: &Args) -> u8 {
    let how = How {
        machine_type: args.machine_type.map(MachineType::from),
        substitutions: &args.substitutions,
        real: None,
    };
    let mut findings = Findings {
        list: Vec::new(),
        code: EXIT_OK,
        format: args.format,
    };
    if let Some(file) = &args.config {
        config::check(file, &mut findings);
    }
    for file in &args.files {
        match Checked::read_all(file, how) {
            Err(stop) => findings.unreadable(&file.display().to_string(), &stop),
            Ok(all) => all.into_iter().for_each(|checked| findings.take(checked)),
        }
    }
    if args.format == Format::Json {
        stdout(&Json::array(&findings.list, finding_json));
    }
    findings.code
}

impl Findings {
    fn take(&mut self, checked: Checked) {
        let Checked { file, report, .. } = &checked;
        self.tell(
            &checked.subject,
            &checked.rendered(has_colour()),
            &report.diagnostics,
        );
        if let Some(note) = checked.note.filter(|_| self.format == Format::Text) {
            stdout_styled(&format!("{}: note: {note}\n", printable::line(&checked.subject)));
        }
        let found = report.diagnostics.iter().cloned();
        self.list.extend(found.map(|found| (file.clone(), Ok(found))));
    }

    fn unreadable(&mut self, file: &str, stop: &Stop) {
        self.code = EXIT_PROBLEM;
        stop.print();
        self.list.push((file.to_owned(), Err(stop.message().to_owned())));
    }

    /// Prints something beside what was found, for reading.
    fn note(&self, text: &str) {
        if self.format == Format::Text && !text.is_empty() {
            stdout_styled(text);
        }
    }

    /// Prints what was found in a file, for reading, and notes whether it refuses the file.
    fn tell(&mut self, file: &str, rendered: &str, diagnostics: &[Diagnostic]) {
        let count = |severity: Severity| {
            let found = diagnostics.iter();
            found.filter(|diagnostic| diagnostic.severity == severity).count()
        };
        let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
        if errors > 0 {
            self.code = self.code.max(EXIT_NO);
        }
        if self.format == Format::Text {
            let file = printable::line(file);
            stdout_styled(&format!("{rendered}{file}: {}\n", verdict(errors, warnings)));
        }
    }
}

fn verdict(errors: usize, warnings: usize) -> String {
    match (errors, warnings) {
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
    }
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
