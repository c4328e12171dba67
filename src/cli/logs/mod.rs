//! `stepstream logs`: histories from log files.

mod files;
mod follow;
mod print;

use super::output::{Stop, stderr, stdout};
use super::{EXIT_NO, EXIT_OK, Format};
use crate::log::read::{Collection, Parser, ROWS_MAX, Status, Table};
use crate::printable;
use clap::ValueEnum;
use std::path::PathBuf;

/// Show executions from their logs: all in a table, or one with its states.
#[derive(clap::Args)]
#[command(
    after_help = "FILE is NDJSON as the service writes it, or a log of Step Functions exported from CloudWatch (`aws logs \
filter-log-events`, `aws logs tail`, exports to S3 after gunzip). In a folder, all files are read.

An execution is named after its event: orders-3-1042 is offset 1042 of partition 3 of the topic orders. At level \
ERROR (the default), an execution in which nothing failed leaves no records.

UNFINISHED: the execution started and no end was logged. It is still running, or a crash cut it off (it then runs \
again under the same name). UNKNOWN: only errors were logged, and none of them ended the execution.

Exit code: 0 something was found, 1 nothing was, 2 a file could not be read.

Examples:
  stepstream logs log                                 every execution in the folder
  stepstream logs log --status FAILED                 failed executions
  stepstream logs log --execution orders-3-1042       the history of one event
  stepstream logs log --execution orders-3-1042 --status FAILED
                                                      only its failed runs
  stepstream logs log --status FAILED --follow        new failures as they come, until Ctrl-C"
)]
pub(super) struct Args {
    /// Log files, or folders with log files; - for stdin.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Show one execution with its states, by ARN or by name (all its runs).
    #[arg(long, value_name = "ARN|NAME")]
    execution: Option<String>,
    /// Only executions with this status; with --execution, only runs with this status.
    #[arg(long, value_enum, ignore_case = true)]
    status: Option<Wanted>,
    /// Continue as files grow and new ones appear; with --format json, one document per line.
    #[arg(long)]
    follow: bool,
    /// Output format.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// A status on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wanted(Status);

impl ValueEnum for Wanted {
    fn value_variants<'a>() -> &'a [Wanted] {
        const ALL: [Wanted; Status::ALL.len()] = {
            let (mut all, mut at) = ([Wanted(Status::Unknown); Status::ALL.len()], 0);
            while at < all.len() {
                all[at] = Wanted(Status::ALL[at]);
                at += 1;
            }
            all
        };
        &ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.0.name()))
    }
}

pub(super) fn run(args: &Args) -> u8 {
    execute(args).unwrap_or_else(|stop| stop.tell(args.format))
}

fn execute(args: &Args) -> Result<u8, Stop> {
    if args.follow {
        return follow::run(args);
    }
    match &args.execution {
        Some(execution) => one(args, execution),
        None => table(args),
    }
}

fn table(args: &Args) -> Result<u8, Stop> {
    let mut table = Table::new(args.status.map(|wanted| wanted.0));
    let mut parser = Parser::new();
    let unread = files::read(&args.files, &mut |line| {
        parser.read(line, &mut |record| {
            table.add(record);
        })
    })?;
    if table.evicted > 0 {
        stderr(&format!(
            "note: only the last {ROWS_MAX} executions are shown, {} are not; --status or --execution finds them",
            table.evicted
        ));
    }
    let rows = table.into_rows();
    match args.format {
        Format::Text => stdout(print::table(&rows).as_bytes()),
        Format::Json => stdout(&print::table_json(&rows)),
    }
    unread.tell();
    Ok(if rows.is_empty() { EXIT_NO } else { EXIT_OK })
}

fn one(args: &Args, execution: &str) -> Result<u8, Stop> {
    let mut collection = Collection::new(execution);
    let mut parser = Parser::new();
    let unread = files::read(&args.files, &mut |line| {
        if !collection.may_have(line) {
            // Not looked at: it may well be a record.
            return 1;
        }
        parser.read(line, &mut |record| collection.add(record))
    })?;
    if collection.left_out > 0 {
        stderr(&format!(
            "note: the execution has too many records; {} are left out",
            collection.left_out
        ));
    }
    let mut runs = collection.into_runs();
    let found = runs.len();
    if let Some(Wanted(status)) = args.status {
        runs.retain(|run| run.status() == status);
    }
    match args.format {
        Format::Text => print::runs(&runs),
        Format::Json => stdout(&print::runs_json(&runs)),
    }
    unread.tell();
    if runs.is_empty() {
        let execution = printable::line(execution);
        stderr(&match args.status.filter(|_| found > 0) {
            Some(Wanted(status)) => format!("execution '{execution}' has no run that is {}", status.name()),
            None => format!("no records of execution '{execution}' were found"),
        });
    }
    Ok(if runs.is_empty() { EXIT_NO } else { EXIT_OK })
}
