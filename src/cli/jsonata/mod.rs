//! `stepstream jsonata`: evaluates an expression, or many as lines.

mod batch;
mod one;

use super::Format;
use super::identity::random;
use crate::jsonata::{Dialect, World};
use std::path::PathBuf;

/// Evaluate a JSONata expression, as AWS Step Functions does or in the plain language.
///
/// In AWS's dialect the input is $states.input and the bindings are the workflow's variables; AWS's refusals and
/// limits apply, in AWS's words. In the plain dialect the input is $.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  stepstream jsonata '$states.input.price * 1.19' --input order.json
  stepstream jsonata '$sum(items.price)' --dialect plain --input order.json
  stepstream jsonata '$name & \"!\"' --bindings '{\"name\": \"Ada\"}'
  stepstream jsonata --batch < questions.ndjson     lines of {\"id\", \"expr\", \"states\", \"variables\"}")]
pub(super) struct Args {
    /// The expression, without {% and %}
    #[arg(required_unless_present = "batch", conflicts_with = "batch")]
    expression: Option<String>,
    /// A file with the input; - for stdin
    #[arg(long, value_name = "FILE", conflicts_with = "batch")]
    input: Option<PathBuf>,
    /// Variables: a JSON object, with names without $
    #[arg(long, value_name = "JSON", conflicts_with = "batch")]
    bindings: Option<String>,
    /// The dialect of JSONata
    #[arg(long, value_enum, default_value_t = Language::States)]
    dialect: Language,
    /// Evaluate lines of stdin, one JSON object each: {"id", "expr", "states"?, "variables"?}, or in the plain
    /// dialect {"id", "expr", "input"?, "bindings"?}; any other line is answered with the error INVALID_QUESTION
    #[arg(long)]
    batch: bool,
    /// Show the expression's compiled code and its nesting depth
    #[arg(long, conflicts_with = "batch")]
    explain: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// A dialect, as it is written.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Language {
    /// AWS Step Functions
    States,
    /// The plain language
    Plain,
}

impl Language {
    fn dialect(self) -> Dialect {
        match self {
            Language::States => Dialect::States,
            Language::Plain => Dialect::Plain,
        }
    }
}

/// Runs the command.
pub(super) fn run(args: &Args) -> u8 {
    let result = match args.batch {
        true => batch::run(args.dialect.dialect()),
        false => one::run(args),
    };
    result.unwrap_or_else(|stop| stop.tell(args.format))
}

/// Returns the time, and a seed that differs from run to run.
fn world() -> World {
    World {
        millis: crate::clock::wall_ms(),
        seed: random(),
    }
}
