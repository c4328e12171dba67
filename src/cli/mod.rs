//! The command line: arguments, files, terminal, exit codes.
//!
//! One file per command; what they share is how a definition is loaded (`definition`), how a JSON text
//! from the user is refused (`document`) and how something is printed (`output`). The rest of the
//! library does the work. Invariant: with `--format json` a command prints exactly one JSON document on
//! stdout, also when it fails; everything else goes to stderr.

mod bench;
mod check;
mod convert;
mod definition;
mod demo;
mod diagnostics;
mod disasm;
mod document;
mod exec;
mod identity;
mod jsonata;
mod logs;
mod output;
mod pipe;
mod redrive;
mod run;
mod signals;
mod state;
mod test;
mod waiter;

use clap::{Parser, Subcommand, ValueEnum};
use output::Stop;
use std::process::ExitCode;

/// All was well: accepted, or SUCCEEDED.
const EXIT_OK: u8 = 0;
/// The answer is no: refused, FAILED or TIMED_OUT.
const EXIT_NO: u8 = 1;
/// There is no answer: the command could not do its work.
const EXIT_PROBLEM: u8 = 2;
/// Ctrl-C, as shells count it.
const EXIT_INTERRUPTED: u8 = 130;

/// Runs AWS Step Functions Express workflows (Amazon States Language) on your own machines, one execution
/// per Kafka event.
#[derive(Parser)]
#[command(
    name = "stepstream",
    version,
    after_help = "Examples:
  stepstream demo                                      see it work: nothing else is needed
  stepstream check order.asl.json                      is the definition accepted?
  stepstream exec order.asl.json --input '{\"id\": 1}'   run it once
  stepstream exec order.asl.json --input-file order.json --task-script answers.json --virtual-time
  stepstream state order.asl.json 'check stock' --input '{\"id\": 1}'   try one state
  stepstream test workflows/ --coverage                play the cases beside the definitions
  stepstream bench order.asl.json --input-file orders.ndjson   how fast is it?
  stepstream pipe order.asl.json < orders.ndjson       run it over lines, without Kafka
  stepstream run --config config/stepstream.toml       run workflows on Kafka events
  stepstream logs log --status FAILED                  list failures from the execution logs
  stepstream redrive --from orders-failed --dry-run    count failed events that can be put back
  stepstream convert order.asl.json --to jsonata       rewrite it in JSONata and test the result
  stepstream disasm order.asl.json                     show the compiled program
  stepstream jsonata '$states.input.id' --input order.json   try a JSONata expression

'stepstream help COMMAND' explains each command."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Check(check::Args),
    Exec(exec::Args),
    State(state::Args),
    Test(test::Args),
    Bench(bench::Args),
    Demo(demo::Args),
    Run(run::Args),
    Logs(logs::Args),
    Redrive(redrive::Args),
    Pipe(pipe::Args),
    Convert(convert::Args),
    Disasm(disasm::Args),
    Jsonata(jsonata::Args),
}

/// Returns how many shards are meant: 0 is one for each core.
fn shard_count(wanted: usize) -> usize {
    match wanted {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        count => count,
    }
}

/// How a command prints its answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON document on stdout; everything else on stderr.
    Json,
}

/// Runs the command line of this process and returns its exit code.
pub fn main() -> ExitCode {
    let arguments: Vec<std::ffi::OsString> = std::env::args_os().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return refuse_arguments(&error, &arguments),
    };
    let code = match cli.command {
        Command::Check(args) => check::run(&args),
        Command::Exec(args) => exec::run(&args),
        Command::State(args) => state::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Demo(args) => end(demo::run(&args)),
        Command::Run(args) => end(run::run(&args)),
        Command::Logs(args) => logs::run(&args),
        Command::Redrive(args) => end(redrive::run(&args)),
        Command::Pipe(args) => end(pipe::run(&args)),
        Command::Convert(args) => convert::run(&args),
        Command::Disasm(args) => disasm::run(&args),
        Command::Jsonata(args) => jsonata::run(&args),
    };
    ExitCode::from(output::exit_code(code))
}

/// Ends a process that had Kafka clients. One that did not close in time is left with its threads, which must not run on
/// in what the C runtime's destructors have left: there are none, nor is there anything for them to do.
fn end(code: u8) -> ! {
    // Nothing can be done when the terminal is gone.
    let _ = std::io::Write::flush(&mut std::io::stdout());
    signal_hook::low_level::exit(i32::from(output::exit_code(code)))
}

/// Answers arguments that cannot be understood, or a call for help. The format is not known then, so the
/// arguments are searched for it.
fn refuse_arguments(error: &clap::Error, arguments: &[std::ffi::OsString]) -> ExitCode {
    // Nothing can be done when the terminal is gone.
    let _ = error.print();
    if !error.use_stderr() {
        return ExitCode::from(EXIT_OK);
    }
    let json = arguments
        .windows(2)
        .any(|pair| pair[0] == "--format" && pair[1] == "json");
    if json || arguments.iter().any(|argument| argument == "--format=json") {
        let message = error.render().to_string();
        let is_check = arguments.get(1).is_some_and(|command| command == "check");
        output::stdout(&if is_check {
            check::usage_json(&message)
        } else {
            Stop::new(message).json()
        });
    }
    ExitCode::from(EXIT_PROBLEM)
}
