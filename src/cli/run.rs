//! `stepstream run`: workflows on Kafka's events, as a service.

use super::output::{Stop, stderr};
use super::{EXIT_NO, EXIT_OK, EXIT_PROBLEM, Format, diagnostics, signals};
use crate::asl::Severity;
use crate::config::{Config, Diagnostics, Reading, environment};
use crate::server::{Orders, Plan, Server};
use crate::task::{Functions, demo};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, OnceLock};

/// Run workflows on Kafka events.
///
/// Reads the topics of the configured workflows, runs an execution for every event, writes outputs, dead letters and
/// logs, and commits the offsets of finished events.
#[derive(clap::Args)]
#[command(
    after_help = "Signals: SIGTERM or Ctrl-C lets running executions finish (service.shutdown_timeout), commits, and exits with 0. A \
second one ends the process immediately. SIGHUP, or a changed file, reloads the definitions.

Observe it: http://127.0.0.1:9464/metrics and /health/ready (service.listen), execution logs with 'stepstream logs \
log', and the service's own messages on stderr (STEPSTREAM_LOG=debug for more).

Environment variables override keys: STEPSTREAM__KAFKA__BROKERS=kafka:9092. config/README.md describes every key.

Exit code: 0 stopped as requested, or at the end of the input; 1 failed while running, or could not deliver and \
commit everything before it ended; 2 could not start, or (--until-end) its group refuses it.

Examples:
  stepstream check --config config/stepstream.toml     is everything there that it needs?
  stepstream run --config config/stepstream.toml
  stepstream run --config config/stepstream.toml --until-end     process everything in the topics, then stop"
)]
pub(super) struct Args {
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = "config/stepstream.toml")]
    config: PathBuf,
    /// Stop at the topics' end offsets at start-up, with everything committed
    ///
    /// Gives up with 1 if a topic does not exist, if the brokers refuse the credentials, or if none is reachable for
    /// a minute; with 2 if the group refuses it as a member.
    #[arg(long)]
    until_end: bool,
}

/// Runs the command and returns its exit code.
pub(super) fn run(args: &Args) -> u8 {
    let config = match read(&args.config) {
        Ok(config) => config,
        Err(stop) => return stop.tell(Format::Text),
    };
    if let Err(stop) = diagnostics::install(config.service.diagnostics == Diagnostics::Json) {
        return stop.tell(Format::Text);
    }
    // Before anything begins: a signal must not cut off what a start has begun.
    let early = Arc::new(Early::default());
    let (stop, reload) = (Arc::clone(&early), Arc::clone(&early));
    if let Err(error) = signals::install(move || stop.stop(), move || reload.reload()) {
        tracing::error!("cannot handle signals, so they end the process immediately: {error}");
    }
    let plan = Plan::new(config, built_in(), args.until_end);
    let server = match Server::start_unless(plan, &|| early.is_stopped.load(SeqCst)) {
        Ok(Some(server)) => server,
        Ok(None) => {
            tracing::info!("stopped before anything had started");
            return EXIT_OK;
        }
        Err(problems) => {
            let lines = problems.0.iter().map(|problem| format!("error: {problem}"));
            stderr(&lines.collect::<Vec<_>>().join("\n"));
            return EXIT_PROBLEM;
        }
    };
    early.started(server.orders());
    match server.run() {
        Ok(()) => EXIT_OK,
        Err(failure) => {
            for problem in failure.problems.0 {
                tracing::error!("{problem}");
            }
            match failure.is_refused {
                true => EXIT_PROBLEM,
                false => EXIT_NO,
            }
        }
    }
}

/// Orders that may come before there is a server.
#[derive(Default)]
struct Early {
    is_stopped: AtomicBool,
    orders: OnceLock<Orders>,
}

impl Early {
    fn stop(&self) {
        self.is_stopped.store(true, SeqCst);
        if let Some(orders) = self.orders.get() {
            orders.stop();
        }
    }

    /// Before the start there is nothing to read again.
    fn reload(&self) {
        if let Some(orders) = self.orders.get() {
            orders.reload();
        }
    }

    fn started(&self, orders: Orders) {
        let orders = self.orders.get_or_init(|| orders);
        if self.is_stopped.load(SeqCst) {
            orders.stop();
        }
    }
}

/// Returns the functions that the binary has inside.
pub(super) fn built_in() -> Functions {
    let mut functions = Functions::new();
    demo::register(&mut functions);
    functions
}

/// Reads the configuration; its warnings are printed.
pub(super) fn read(path: &Path) -> Result<Config, Stop> {
    read_as(path, |text, folder| Config::read(text, folder, environment()))
}

/// Reads the configuration in one of the ways there are.
pub(super) fn read_as(path: &Path, read: impl FnOnce(&str, &Path) -> Reading) -> Result<Config, Stop> {
    let name = path.display();
    let text = super::definition::read_text(path)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let reading = read(&text, folder);
    let mut lines = Vec::new();
    for problem in &reading.problems {
        let word = match problem.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        lines.push(format!("{word}: {name}:{problem}"));
    }
    match reading.config {
        Some(config) => {
            lines.iter().for_each(|line| stderr(line));
            Ok(config)
        }
        None => Err(Stop::new(lines.join("\n"))),
    }
}
