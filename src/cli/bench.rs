//! `stepstream bench`: how fast is my workflow?

mod measure;
mod player;

use super::definition::{load, substitution};
use super::document::Document;
use super::output::{Json, Stop, grouped, stderr, stdout};
use super::{EXIT_OK, Format};
use crate::drive::Script;
use crate::printable;
use crate::vm::Level;
use clap::ValueEnum;
use measure::{Measured, measure};
use player::{Player, Trouble};
use std::path::{Path, PathBuf};

/// Measure a definition: events in a loop on one core, from input bytes to output bytes.
#[derive(clap::Args)]
#[command(
    after_help = "The file of events has one JSON document per line. Tasks answer immediately, or as the script says; waits and \
retries take no time. Before anything is timed, two passes must give the same outputs.

JSON: executions_per_second and ns_per_execution are medians of at least 7 rounds; spread_percent is the distance \
between the fastest and the slowest round; ns_index, ns_run and ns_write are parts of the time, measured in \
separate passes; failed counts the events whose execution did not succeed.

Use a release build: the figures of a debug build mean nothing.

Example:
  stepstream bench order.asl.json --input-file orders.ndjson --task-script answers.json"
)]
pub(super) struct Args {
    /// The definition, JSON or YAML (by the file's extension), or FILE#Name in a template: see 'help check'.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The events, one JSON document per line; - for stdin.
    #[arg(long, value_name = "NDJSON")]
    input_file: PathBuf,
    /// Approximate duration of the whole measurement.
    #[arg(long, default_value_t = 3.0, value_parser = seconds)]
    seconds: f64,
    /// The log level: records are encoded, then discarded.
    #[arg(long, value_enum, default_value_t, ignore_case = true)]
    level: LogLevel,
    /// The tasks' answers, as for 'exec'; each event starts at the beginning of the script.
    #[arg(long, value_name = "FILE")]
    task_script: Option<PathBuf>,
    /// Fill in ${Name}, as CloudFormation would.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = substitution)]
    substitutions: Vec<(String, String)>,
    /// Output format.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "UPPER")]
enum LogLevel {
    #[default]
    Off,
    Fatal,
    Error,
    All,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds @ 0.01..=3_600.0) => Ok(seconds),
        _ => Err("a number of seconds, such as 3".to_owned()),
    }
}

pub(super) fn run(args: &Args) -> u8 {
    execute(args).unwrap_or_else(|stop| stop.tell(args.format))
}

fn execute(args: &Args) -> Result<u8, Stop> {
    let mut program = load(&args.file, &args.substitutions)?;
    let document = Document::read(&args.input_file)?;
    let events = events(&document)?;
    let script = read_script(args.task_script.as_deref())?;
    let level = match args.level {
        LogLevel::Off => Level::Off,
        LogLevel::Fatal => Level::Fatal,
        LogLevel::Error => Level::Error,
        LogLevel::All => Level::All,
    };
    let answers = player::prepare(&script, &mut program);
    let mut player = Player::new(&program, answers, level);
    let lines: Vec<&[u8]> = events.iter().map(|event| event.1).collect();
    let measured = measure(&mut player, &lines, args.seconds)
        .map_err(|(at, trouble)| stop(&document, &events, at, &trouble))?;
    match args.format {
        Format::Json => stdout(&json(&measured)),
        Format::Text => stdout(text(&measured, args, events.len()).as_bytes()),
    }
    if cfg!(debug_assertions) {
        stderr("note: this is a debug build; 'cargo run --release -- bench …' measures the real speed");
    }
    Ok(EXIT_OK)
}

/// Reads a script from a file; an empty one without a file.
fn read_script(path: Option<&Path>) -> Result<Script, Stop> {
    let text = match path {
        None => b"[]".to_vec(),
        Some(path) => Document::read(path)?.text,
    };
    Script::parse(&text).map_err(|error| {
        let name = path.map_or(String::new(), |path| format!("{}: ", path.display()));
        Stop::new(format!("error: {name}{}", printable::line(&error.to_string())))
    })
}

/// Returns the lines that are not blank, each with its number.
fn events(document: &Document) -> Result<Vec<(usize, &[u8])>, Stop> {
    let lines = document.text.split(|&byte| byte == b'\n').enumerate();
    let lines = lines.map(|(at, line)| (at + 1, line.trim_ascii()));
    let events: Vec<_> = lines.filter(|(_, line)| !line.is_empty()).collect();
    if events.is_empty() {
        let name = &document.name;
        return Err(Stop::new(format!(
            "error: {name} has no events; write one JSON document per line"
        )));
    }
    Ok(events)
}

fn stop(document: &Document, events: &[(usize, &[u8])], at: usize, trouble: &Trouble) -> Stop {
    let (line, text) = events[at];
    let place = format!("{}, line {line}", document.name);
    match trouble {
        Trouble::Start(crate::vm::StartError::Invalid(error)) => {
            let event = Document {
                name: place,
                text: text.to_vec(),
            };
            event.refuse(
                "the event (one JSON document per line)",
                &error.message,
                error.offset,
            )
        }
        Trouble::Start(error) => Stop::new(format!("error: {place}: {error}")),
        Trouble::NoAnswer { state, parameters } => {
            let state = printable::line(state);
            Stop::new(format!(
                "error: {place}: the task script has no answer left for state '{state}', which was given\n  \
             {parameters}\nadd to the script: {{\"state\": \"{state}\", \"result\": …}}"
            ))
        }
        Trouble::Endless => Stop::new(format!("error: {place}: the execution does not end")),
        Trouble::Differs => Stop::new(format!(
            "error: {place}: two executions of this event gave different outputs"
        )),
    }
}

fn json(measured: &Measured) -> Vec<u8> {
    let mut json = Json::object();
    let mut number = |name: &str, value: f64| {
        // One digit after the point is more than the clock knows.
        json.raw(name, format!("{}", (value * 10.0).round() / 10.0).as_bytes());
    };
    number("executions_per_second", 1e9 / measured.ns_per_execution);
    number("ns_per_execution", measured.ns_per_execution);
    number("spread_percent", measured.spread_percent);
    number("ns_index", measured.ns_index);
    number("ns_run", measured.ns_run);
    number("ns_write", measured.ns_write);
    number("transitions_per_execution", measured.transitions_per_execution);
    number("memory_bytes_per_execution", measured.memory_bytes_per_execution);
    json.number("failed", measured.failed);
    json.finish()
}

fn text(measured: &Measured, args: &Args, events: usize) -> String {
    let level = args.level.to_possible_value();
    let level = level.as_ref().map_or("OFF", |level| level.get_name()).to_owned();
    let per_second = 1e9 / measured.ns_per_execution;
    format!(
        "{}: {} events, log level {level}, one core\n  \
         {:>12} executions per second\n  \
         {:>12} ns per execution, median of {} rounds, spread {:.1} %\n  \
         {:>12} ns to index the event\n  \
         {:>12} ns to run\n  \
         {:>12} ns to write\n  \
         {:>12.1} transitions per execution\n  \
         {:>12} bytes of memory per execution\n  \
         {:>12} events failed\n",
        args.file.display(),
        grouped(events as f64),
        grouped(per_second),
        grouped(measured.ns_per_execution),
        measured.rounds,
        measured.spread_percent,
        grouped(measured.ns_index),
        grouped(measured.ns_run),
        grouped(measured.ns_write),
        measured.transitions_per_execution,
        grouped(measured.memory_bytes_per_execution),
        measured.failed,
    )
}
