//! `stepstream disasm`: what a definition was compiled to.

use super::definition::{load, substitution};
use super::output::stdout;
use super::{EXIT_OK, Format};
use std::path::PathBuf;

/// Show the program that a definition is compiled to.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The definition, JSON or YAML (by the file's extension), or FILE#Name in a template: see 'help check'.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Fill in ${Name}, as CloudFormation would.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = substitution)]
    substitutions: Vec<(String, String)>,
}

pub(super) fn run(args: &Args) -> u8 {
    match load(&args.file, &args.substitutions) {
        Ok(program) => {
            stdout(program.to_string().as_bytes());
            EXIT_OK
        }
        Err(stop) => stop.tell(Format::Text),
    }
}
