//! `stepstream state`: try one state on its own.

mod report;

use super::definition::{load_machine, substitution};
use super::output::{Stop, stderr, stdout};
use super::{EXIT_NO, EXIT_OK, EXIT_PROBLEM, Format};
use crate::printable;
use crate::test_state::{Mock, Problem, Status, Subject, choice_rules, test_state};
use std::path::PathBuf;

/// Try one state: its data at each stage, the matching rule, and the next state.
#[derive(clap::Args)]
#[command(
    after_help = "Shows the same data as AWS's TestState at its deepest inspection level. States in the branches of a Parallel or in \
the processor of a Map work, too.

Exit code: 0 SUCCEEDED, CAUGHT_ERROR or RETRIABLE, 1 FAILED, 2 could not run (also: a task without a result).

Examples:
  stepstream state order.asl.json 'is enough in stock' \\
    --input '{\"stock\": 3, \"ordered\": 5}'
  stepstream state order.asl.json 'check inventory' --input '{}' \\
    --result '{\"Payload\": {\"stock\": 3}}'
  stepstream state order.asl.json 'check inventory' --input '{}' --error Lambda.ServiceException"
)]
pub(super) struct Args {
    /// The definition, JSON or YAML (by the file's extension), or FILE#Name in a template: see 'help check'.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The state's name.
    #[arg(value_name = "STATE")]
    state: String,
    /// The state's input, as JSON text.
    #[arg(long, value_name = "JSON", allow_hyphen_values = true)]
    input: Option<String>,
    /// The context object $$, as JSON text [default: an invented one].
    #[arg(long, value_name = "JSON")]
    context: Option<String>,
    /// The variables, as a JSON object: {"name": value, …}.
    #[arg(long, value_name = "JSON")]
    variables: Option<String>,
    /// The result of the task, of the branches or of the items, as JSON text.
    #[arg(
        long,
        value_name = "JSON",
        allow_hyphen_values = true,
        conflicts_with = "error"
    )]
    result: Option<String>,
    /// Let the task fail with this error.
    #[arg(long, value_name = "NAME")]
    error: Option<String>,
    /// The error's cause.
    #[arg(long, value_name = "TEXT", requires = "error")]
    cause: Option<String>,
    /// Fill in ${Name}, as CloudFormation would.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = substitution)]
    substitutions: Vec<(String, String)>,
    /// Output format.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn run(args: &Args) -> u8 {
    execute(args).unwrap_or_else(|stop| stop.tell(args.format))
}

fn execute(args: &Args) -> Result<u8, Stop> {
    let machine = load_machine(&args.file, &args.substitutions)?;
    let trial = test_state(&machine, &subject(args)?).map_err(|problem| stop(&problem))?;
    let needs_result = trial.status == Status::NeedsResult;
    match args.format {
        Format::Json => stdout(&report::json(&trial, &args.state)),
        Format::Text => {
            stdout(report::text(&trial, &args.state, choice_rules(&machine, &args.state)).as_bytes())
        }
    }
    if needs_result && args.format == Format::Text {
        stderr(&report::missing_result(&trial));
    }
    Ok(match trial.status {
        Status::Succeeded | Status::Retriable | Status::CaughtError => EXIT_OK,
        Status::Failed => EXIT_NO,
        Status::NeedsResult => EXIT_PROBLEM,
    })
}

fn subject(args: &Args) -> Result<Subject<'_>, Stop> {
    let Some(input) = &args.input else {
        return Err(Stop::new(
            "error: no input: give --input JSON, such as --input '{}'",
        ));
    };
    let failure = args.error.as_ref().map(|error| Mock::Error {
        error,
        cause: args.cause.as_deref(),
    });
    Ok(Subject {
        state: &args.state,
        input,
        context: args.context.as_deref(),
        variables: args.variables.as_deref(),
        mock: args.result.as_deref().map(Mock::Result).or(failure),
        now_ms: crate::clock::wall_ms(),
    })
}

fn stop(problem: &Problem) -> Stop {
    let mut message = format!("error: {}", printable::line(&problem.to_string()));
    if let Problem::UnknownState {
        meant: None, known, ..
    } = problem
    {
        message.push_str("; it has:");
        for name in known.iter().take(STATES_SHOWN_MAX) {
            message.push_str(&format!("\n  {}", printable::line(name)));
        }
        if known.len() > STATES_SHOWN_MAX {
            message.push_str(&format!("\n  … and {} more", known.len() - STATES_SHOWN_MAX));
        }
    }
    Stop::new(message)
}

/// Names that are listed when a state is not known.
const STATES_SHOWN_MAX: usize = 30;
