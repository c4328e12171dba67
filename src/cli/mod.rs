//! The command line.

mod test;

use clap::Parser;

/// How a command prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For reading.
    #[default]
    Text,
    /// One JSON document.
    Json,
}

#[derive(Parser)]
#[command(name = "stepstream", version)]
enum Command {
    Test(test::Args),
}

/// Runs the command line.
pub fn main() -> u8 {
    match Command::parse() {
        Command::Test(args) => test::run(&args),
    }
}
