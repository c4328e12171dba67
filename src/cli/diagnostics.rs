//! Where the service's diagnostics go: stderr, for people or for machines.
//!
//! Execution logs take another way (`log`, `journal`): formatting an event here costs half a
//! microsecond. `STEPSTREAM_LOG` chooses what is said, for example `debug` or `warn,librdkafka=debug`.
//! Invariant: what cannot be said is lost, and nothing else.

use super::output::stderr_has_colour;
use tracing_subscriber::EnvFilter;

/// The environment variable that chooses what is said.
const VARIABLE: &str = "STEPSTREAM_LOG";
/// What a service says without it.
const DEFAULT: &str = "info";
/// What a command says without it: what hinders it, beside what it prints itself.
const QUIET: &str = "error";

/// Prints the diagnostics of this process on stderr from now on.
pub(super) fn install(as_json: bool) {
    install_with(as_json, DEFAULT);
}

/// Does so for a command that people wait for: errors only.
pub(super) fn install_quiet() {
    install_with(false, QUIET);
}

fn install_with(as_json: bool, default: &str) {
    let wanted = std::env::var(VARIABLE).unwrap_or_default();
    let wanted = if wanted.is_empty() { default } else { &wanted };
    let (filter, wrong) = match EnvFilter::try_new(wanted) {
        Ok(filter) => (filter, None),
        Err(error) => (EnvFilter::new(default), Some(error)),
    };
    let builder = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        // It would tell on stderr that stderr takes nothing (a full disk, a reader that has gone), and panic at that.
        .log_internal_errors(false)
        .with_env_filter(filter);
    if as_json {
        builder.json().flatten_event(true).with_target(true).init();
    } else {
        builder.with_ansi(stderr_has_colour()).with_target(false).init();
    }
    if let Some(error) = wrong {
        tracing::warn!("{VARIABLE}={wanted:?} is not understood, {default:?} is used: {error}");
    }
}
