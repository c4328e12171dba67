//! Where the service's diagnostics go: stderr, for people or for machines.
//!
//! Execution logs take another way (`log`, `journal`): formatting an event here costs half a
//! microsecond. `STEPSTREAM_LOG` chooses what is said, for example `debug` or `warn,librdkafka=debug`.
//! Invariant: what cannot be said is lost, and nothing else.

use super::output::{Stop, stderr_has_colour};
use crate::asl::suggest::did_you_mean;
use crate::guard;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::PanicHookInfo;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// The environment variable that chooses what is said.
const VARIABLE: &str = "STEPSTREAM_LOG";
/// What a service says without it.
const DEFAULT: &str = "info";
/// What a command says without it: what hinders it, beside what it prints itself.
const QUIET: &str = "error";
/// What everything says that is not named.
const LEAST: &str = "error";
/// The levels, as the variable has them.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Prints the diagnostics of this process on stderr from now on.
pub(super) fn install(as_json: bool) -> Result<(), Stop> {
    install_with(as_json, DEFAULT)
}

/// Does so for a command that people wait for: errors only.
pub(super) fn install_quiet() -> Result<(), Stop> {
    install_with(false, QUIET)
}

fn install_with(as_json: bool, default: &str) -> Result<(), Stop> {
    let wanted = std::env::var(VARIABLE).unwrap_or_default();
    let wanted = if wanted.is_empty() { default } else { &wanted };
    let builder = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        // It would tell on stderr that stderr takes nothing (a full disk, a reader that has gone), and panic at that.
        .log_internal_errors(false)
        .with_env_filter(filter(wanted)?);
    if as_json {
        builder.json().flatten_event(true).with_target(true).init();
    } else {
        builder.with_ansi(stderr_has_colour()).with_target(false).init();
    }
    std::panic::set_hook(Box::new(tell_panic));
    Ok(())
}

/// Tells of a panic as of anything else: in one line, as JSON where that is wanted, and with the text escaped, which
/// may have come in an event.
fn tell_panic(panic: &PanicHookInfo<'_>) {
    let message = guard::message(panic.payload());
    let message = message.escape_debug();
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("?");
    let trace = Backtrace::capture();
    match (panic.location(), trace.status() == BacktraceStatus::Captured) {
        (Some(location), false) => tracing::error!(thread, %location, "a panic: {message}"),
        (Some(location), true) => tracing::error!(thread, %location, "a panic: {message}\n{trace}"),
        (None, _) => tracing::error!(thread, "a panic: {message}"),
    }
}

/// Reads what is wanted. A word alone is a level here: as a part of the process, which it may be to the library, a
/// misspelt level would silence everything else.
fn filter(wanted: &str) -> Result<EnvFilter, Stop> {
    let refuse = |reason: &str| {
        let levels = LEVELS.join(", ");
        Stop::new(format!(
            "error: environment variable {VARIABLE}={wanted}: {reason} (levels: {levels}; of one part: librdkafka=debug)"
        ))
    };
    let words: Vec<&str> = wanted.split(',').map(str::trim).collect();
    let mut alone = words
        .iter()
        .filter(|word| !word.is_empty() && !word.contains(['=', '[']));
    if let Some(word) = alone.find(|word| word.parse::<LevelFilter>().is_err()) {
        let meant = did_you_mean(word, LEVELS).map_or(String::new(), |meant| format!(": {meant}"));
        return Err(refuse(&format!("'{word}' is no level{meant}")));
    }
    EnvFilter::try_new(format!("{LEAST},{}", words.join(","))).map_err(|error| refuse(&error.to_string()))
}
