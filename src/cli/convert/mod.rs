//! `stepstream convert`: a JSONPath machine rewritten in JSONata, and proven over its cases.
//!
//! The rewriting is [`crate::convert`]'s; here are files, the proof and the report.

mod prove;
mod report;

use super::check::Type;
use super::definition::{Checked, How, accepted, substitution};
use super::output::{Stop, stdout};
use super::{EXIT_NO, EXIT_OK, Format};
use crate::asl::{self, Options, Source};
use crate::convert::{Converted, convert};
use clap::ValueEnum;
use prove::Proof;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Rewrite a definition in JSONata, and play its cases over both versions as proof.
#[derive(clap::Args)]
#[command(
    after_help = "The definition is read as 'check' reads it; the rewritten one is printed as JSON. On stderr, convert lists each \
part that cannot be rewritten and each place where JSONata has other rules, with its position. A state that cannot \
be rewritten stays in JSONPath; the other states then say \"QueryLanguage\": \"JSONata\", because a machine in \
JSONata may not contain states in JSONPath.

Every case is played over both definitions: status, output, error and the tasks' parameters must be equal. Without \
--cases, convert plays the *.cases.json and *.cases.yaml files beside FILE that name it.

Exit code: 0 everything is rewritten and no case differs, 1 a state stays in JSONPath or a case differs, 2 could \
not run.

Examples:
  stepstream convert order.asl.json --to jsonata -o order.jsonata.asl.json
  stepstream convert 'template.yaml#Orders' --to jsonata --cases tests/orders.cases.json
  stepstream convert order.asl.json --to jsonata --format json | jq .diagnostics"
)]
pub(super) struct Args {
    /// The definition, JSON or YAML (by the file's extension), or FILE#Name in a template: see 'help check'.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The type of workflow: a standard one is rewritten and checked, but no case plays it.
    #[arg(long = "type", value_enum, default_value_t = Type::Express)]
    machine_type: Type,
    /// The target language.
    #[arg(long, value_enum, default_value_t)]
    to: Language,
    /// Where to write the definition. [default: stdout]
    #[arg(short = 'o', long = "output", value_name = "OUT")]
    output: Option<PathBuf>,
    /// A file with cases for the proof; repeatable. [default: case files beside FILE that name it]
    #[arg(long, value_name = "CASES")]
    cases: Vec<PathBuf>,
    /// Fill in ${Name} for checking and playing; in the rewritten definition, placeholders in texts stay.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = substitution)]
    substitutions: Vec<(String, String)>,
    /// Output format.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// A query language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Language {
    /// The language of AWS's console.
    #[default]
    Jsonata,
}

/// All that is to be told.
struct Told {
    /// What the definition is called.
    subject: String,
    /// The file that diagnostics point into.
    file: String,
    /// It stood in a file of another kind.
    is_embedded: bool,
    converted: Converted,
    proof: Proof,
    /// Its cases were played, if it has any.
    is_played: bool,
}

pub(super) fn run(args: &Args) -> u8 {
    execute(args).unwrap_or_else(|stop| stop.tell(args.format))
}

fn execute(args: &Args) -> Result<u8, Stop> {
    let Language::Jsonata = args.to;
    let how = how(args, &args.substitutions);
    let checked = accepted(&args.file, how)?;
    let options = options(args, &checked, &args.substitutions);
    let mut converted = convert(&checked.definition(), &options).ok_or_else(|| {
        Stop::new(format!(
            "error: {} cannot be read without the values of its placeholders: give them with --set",
            checked.subject
        ))
    })?;
    checked.locate(&mut converted.diagnostics);
    accept(&converted, &options)?;
    let proof = match args.machine_type {
        Type::Express => prove::prove(args, &converted)?,
        Type::Standard => Proof::default(),
    };
    if let Some(path) = &args.output {
        std::fs::write(path, &converted.text)
            .map_err(|error| Stop::new(format!("error: cannot write {}: {error}", path.display())))?;
    }
    let told = Told {
        subject: checked.subject.clone(),
        file: checked.file.clone(),
        is_embedded: checked.embedded.is_some(),
        converted,
        proof,
        is_played: args.machine_type == Type::Express,
    };
    match args.format {
        Format::Json => stdout(&report::json(&told, args)),
        Format::Text => {
            if args.output.is_none() {
                stdout(told.converted.text.as_bytes());
            }
            report::text(&told, &checked.source());
        }
    }
    let is_proven = told.converted.counts.kept == 0 && !told.proof.differs();
    Ok(if is_proven { EXIT_OK } else { EXIT_NO })
}

/// How the definition is checked: as what would run, or as what would be created.
fn how<'a>(args: &Args, substitutions: &'a [(String, String)]) -> How<'a> {
    How {
        machine_type: Some(args.machine_type.into()),
        substitutions,
        real: None,
    }
}

/// Returns what stands for the definition's placeholders: in a template as that says.
fn options(args: &Args, checked: &Checked, given: &[(String, String)]) -> Options {
    let given: BTreeMap<String, String> = given.iter().cloned().collect();
    let substitutions = checked
        .embedded
        .as_ref()
        .map_or(given, |embedded| embedded.substitutions().clone());
    Options {
        machine_type: args.machine_type.into(),
        substitutions,
    }
}

/// Returns the rewritten definition as a source.
fn source(converted: &Converted) -> Source<'_> {
    Source {
        name: "the rewritten definition",
        text: &converted.text,
        format: asl::Format::Json,
    }
}

/// Checks the rewritten definition: what is refused is not handed out.
fn accept(converted: &Converted, options: &Options) -> Result<(), Stop> {
    let report = asl::check(&source(converted), options);
    match report.has_errors() {
        false => Ok(()),
        true => {
            let errors: Vec<_> = report.errors().cloned().collect();
            let rendered =
                super::definition::rendered(&source(converted), &errors, super::output::stderr_has_colour());
            let mut values = options.substitutions.values();
            let why = match values.any(|value| value.contains(['\'', '"', '`', '\\'])) {
                true => "a placeholder's value with a quote or a backslash may break an expression",
                false => "please report this",
            };
            let message = format!("{rendered}error: the rewritten definition is refused: {why}");
            Err(Stop::refused(message, source(converted).name, errors))
        }
    }
}
