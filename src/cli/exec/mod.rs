//! `stepstream exec`: run a definition once.

mod answer;
mod host;
mod story;

use super::definition::{load, substitution};
use super::document::Document;
use super::identity::{Names, random};
use super::output::{Stop, stderr, stdout};
use super::{EXIT_INTERRUPTED, EXIT_NO, EXIT_OK, EXIT_PROBLEM, Format};
use crate::drive::{Clock, End, RealClock, Script, VirtualClock, drive};
use crate::log::encode::Encoder;
use crate::printable;
use crate::program::Program;
use crate::timestamp;
use crate::vm::{EventSet, Identified, Identity, Level, Run, StartError, Status};
use clap::ValueEnum;
use host::CommandHost;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Run a definition once, with task answers from a script.
#[derive(clap::Args)]
#[command(
    after_help = "The task script is a JSON list. Each attempt of a task takes one entry: the first unused one for its state with \
equal parameters, or else the first unused one for its state.
  [{\"state\": \"Charge card\", \"parameters\": {\"amount\": 5}, \"result\": {\"ok\": true}},
   {\"state\": \"Ship\", \"error\": \"Lambda.ServiceException\", \"cause\": \"busy\"},
   {\"state\": \"Ship\", \"timed_out\": true}]
\"parameters\" is optional; \"delay_seconds\" sets the task's duration.

Exit code: 0 SUCCEEDED, 1 FAILED or TIMED_OUT, 2 could not run (also: a task without an answer).

Examples:
  stepstream exec hello.asl.json --input '{}'
  stepstream exec order.asl.json --input-file order.json --task-script answers.json --virtual-time
  cat order.json | stepstream exec order.asl.json --input-file - --format json --events"
)]
pub(super) struct Args {
    /// The definition, JSON or YAML (by the file's extension), or FILE#Name in a template: see 'help check'.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The input, as JSON text.
    #[arg(
        long,
        value_name = "JSON",
        conflicts_with = "input_file",
        allow_hyphen_values = true
    )]
    input: Option<String>,
    /// A file with the input; - for stdin.
    #[arg(long, value_name = "FILE")]
    input_file: Option<PathBuf>,
    /// The tasks' answers: a JSON list, see below.
    #[arg(long, value_name = "FILE")]
    task_script: Option<PathBuf>,
    /// Make waits and retries take no time.
    #[arg(long)]
    virtual_time: bool,
    /// The start time, such as 2026-01-31T12:00:00Z [default: now].
    #[arg(long, value_name = "RFC3339", value_parser = time)]
    now: Option<i64>,
    /// The execution's name [default: a new UUID].
    #[arg(long)]
    name: Option<String>,
    /// Run as a synchronous execution: $$ then has no RedriveCount.
    #[arg(long)]
    sync: bool,
    /// The AWS region in ARNs and logs.
    #[arg(long, default_value = "us-east-1", value_parser = region)]
    region: String,
    /// The AWS account in ARNs, 12 digits.
    #[arg(long, default_value = "111111111111", value_parser = account)]
    account: String,
    /// Fill in ${Name}, as CloudFormation would.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = substitution)]
    substitutions: Vec<(String, String)>,
    /// Print the execution-log records, with data.
    #[arg(long)]
    events: bool,
    /// The level of the records that --events prints.
    #[arg(long, value_enum, default_value_t, ignore_case = true)]
    level: LogLevel,
    /// Output format.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "UPPER")]
enum LogLevel {
    #[default]
    All,
    Error,
    Fatal,
    Off,
}

fn time(text: &str) -> Result<i64, String> {
    let nanos = timestamp::parse(text).ok_or("write it as 2026-01-31T12:00:00Z")?;
    let millis = i64::try_from(nanos / 1_000_000)
        .ok()
        .filter(|millis| *millis >= 0);
    millis.ok_or_else(|| "a time since 1970, please".to_owned())
}

fn account(text: &str) -> Result<String, String> {
    let ok = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    ok.then(|| text.to_owned())
        .ok_or_else(|| "an account has 12 digits".to_owned())
}

fn region(text: &str) -> Result<String, String> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let ok = !text.is_empty() && text.bytes().all(allowed);
    ok.then(|| text.to_owned())
        .ok_or_else(|| "a region looks like us-east-1".to_owned())
}

pub(super) fn run(args: &Args) -> u8 {
    execute(args).unwrap_or_else(|stop| stop.tell(args.format))
}

fn execute(args: &Args) -> Result<u8, Stop> {
    let program = load(&args.file, &args.substitutions)?;
    let input = input(args)?;
    let script = script(args)?;
    let names = Names::new(&args.file, args.name.as_deref(), &args.region, &args.account)?;
    let kept = match (args.events, args.format) {
        (true, _) => level(args.level),
        (false, Format::Text) => Level::All,
        (false, Format::Json) => Level::Off,
    };
    let with = Identified {
        identity: identity(args, &names),
        kept: EventSet::of(kept),
        decisions: false,
        now_ms: 0,
        seed: random(),
    };
    let encoder = Encoder {
        program: &program,
        execution_arn: &names.execution_arn,
        role_arn: &names.role_arn,
        region: &args.region,
        include_execution_data: true,
    };
    let mut host = CommandHost::new(script, encoder, args.events, args.format);
    let interrupt = Interrupt::new();
    let start_ms = args.now.unwrap_or_else(crate::clock::wall_ms);
    let (mut jumping, mut passing);
    let clock: &mut dyn Clock = if args.virtual_time {
        jumping = VirtualClock::new(start_ms, Some(&interrupt.stop));
        &mut jumping
    } else {
        passing = RealClock::new(start_ms, Some(&interrupt.stop));
        &mut passing
    };
    let mut run = Run::new();
    let end = drive(&mut run, &program, &input.text, &with, clock, &mut host)
        .map_err(|error| not_started(&input, &error))?;
    interrupt.over.store(true, Ordering::Relaxed);
    let lasted_ms = clock.now_ms() - start_ms;
    Ok(finish(args, &run, &program, &host, &end, lasted_ms))
}

fn input(args: &Args) -> Result<Document, Stop> {
    match (&args.input, &args.input_file) {
        (Some(text), _) => Ok(Document {
            name: "--input".to_owned(),
            text: text.clone().into_bytes(),
        }),
        (None, Some(path)) => Document::read(path),
        (None, None) => Err(Stop::new(
            "error: no input: give --input JSON, such as --input '{}', or --input-file FILE (- for stdin)",
        )),
    }
}

fn not_started(input: &Document, error: &StartError) -> Stop {
    match error {
        StartError::Invalid(invalid) => input.refuse("the input", &invalid.message, invalid.offset),
        StartError::TooLarge(_) => Stop::new(format!("error: {error}")),
    }
}

fn script(args: &Args) -> Result<Script, Stop> {
    let Some(path) = &args.task_script else {
        return Script::parse(b"[]").map_err(|error| Stop::new(error.to_string()));
    };
    let document = Document::read(path)?;
    Script::parse(&document.text).map_err(|error| match error.offset {
        Some(offset) => document.refuse("the task script", &error.message, offset),
        None => Stop::new(format!(
            "error: {}: {}",
            document.name,
            printable::line(&error.message)
        )),
    })
}

fn level(level: LogLevel) -> Level {
    match level {
        LogLevel::All => Level::All,
        LogLevel::Error => Level::Error,
        LogLevel::Fatal => Level::Fatal,
        LogLevel::Off => Level::Off,
    }
}

fn identity<'a>(args: &Args, names: &'a Names) -> Identity<'a> {
    Identity {
        execution_arn: &names.execution_arn,
        execution_name: &names.execution_name,
        role_arn: &names.role_arn,
        state_machine_arn: &names.state_machine_arn,
        state_machine_name: &names.state_machine_name,
        sync: args.sync,
        event: None,
        whole: None,
    }
}

/// What Ctrl-C does: it stops the run, and once the run is over it ends the process as ever.
#[derive(Default)]
struct Interrupt {
    stop: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
}

impl Interrupt {
    fn new() -> Interrupt {
        let interrupt = Interrupt::default();
        let signal = signal_hook::consts::SIGINT;
        // Without a handler Ctrl-C still ends the process, only without a word.
        let _ = signal_hook::flag::register(signal, Arc::clone(&interrupt.stop)).and_then(|_| {
            signal_hook::flag::register_conditional_default(signal, Arc::clone(&interrupt.over))
        });
        interrupt
    }
}

/// Prints how the run ended, returns the exit code.
fn finish(
    args: &Args,
    run: &Run,
    program: &Program,
    host: &CommandHost<'_>,
    end: &End,
    lasted_ms: i64,
) -> u8 {
    match args.format {
        Format::Json => stdout(&answer::json(run, program, host, end)),
        Format::Text => match end {
            End::Over(outcome) => stdout(answer::text(run, program, outcome, lasted_ms).as_bytes()),
            End::NoAnswer { state, parameters } => {
                stderr(&answer::no_answer_text(program.state_name(*state), parameters));
            }
            End::Interrupted(state) => {
                let place =
                    state.map(|state| format!(" in state '{}'", printable::line(program.state_name(state))));
                stderr(&format!("interrupted{}", place.unwrap_or_default()));
            }
        },
    }
    if args.format == Format::Text && args.task_script.is_some() && host.script.unused() > 0 {
        stderr(&format!(
            "note: {} of the script's answers were not used",
            host.script.unused()
        ));
    }
    match end {
        End::Over(outcome) if outcome.status == Status::Succeeded => EXIT_OK,
        End::Over(_) => EXIT_NO,
        End::NoAnswer { .. } => EXIT_PROBLEM,
        End::Interrupted(_) => EXIT_INTERRUPTED,
    }
}
