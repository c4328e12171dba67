//! Where the service's diagnostics go: stderr, for people or for machines.
//!
//! Execution logs take another way (`log`): formatting an event here costs half a
//! microsecond. `STEPSTREAM_LOG` chooses what is said, for example `debug` or `warn,librdkafka=debug`.
//! Invariant: what cannot be said is lost, and nothing else.

use super::output::{Stop, stderr_has_colour};
use crate::asl::suggest::did_you_mean;
use crate::{guard, printable};
use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt;
use std::io::{self, Write};
use std::panic::PanicHookInfo;
use tracing::field::{Field, Visit};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::Writer;

/// The environment variable that chooses what is said.
const VARIABLE: &str = "STEPSTREAM_LOG";
/// What a service says without it.
const DEFAULT: &str = "info";
/// What a command says without it: what hinders it, beside what it prints itself.
const QUIET: &str = "error";
/// What such a command says when it runs functions: what they print, too.
const QUIET_WITH_FUNCTIONS: &str = "error,stepstream::task::lambda=info";
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

/// Does so for a command that runs functions as processes, and shows what they print.
pub(super) fn install_with_functions() -> Result<(), Stop> {
    install_with(false, QUIET_WITH_FUNCTIONS)
}

fn install_with(as_json: bool, default: &str) -> Result<(), Stop> {
    let wanted = std::env::var(VARIABLE).unwrap_or_default();
    let wanted = if wanted.is_empty() { default } else { &wanted };
    let colour = !as_json && stderr_has_colour();
    let builder = tracing_subscriber::fmt()
        .with_writer(move || Harmless { colour })
        // It would tell on stderr that stderr takes nothing (a full disk, a reader that has gone), and panic at that.
        .log_internal_errors(false)
        .with_env_filter(filter(wanted)?);
    if as_json {
        builder.json().flatten_event(true).with_target(true).init();
    } else {
        builder
            .fmt_fields(HarmlessFields)
            .with_ansi(colour)
            .with_target(false)
            .init();
    }
    std::panic::set_hook(Box::new(tell_panic));
    Ok(())
}

/// Stderr, for whole lines of the log. In JSON what is hidden can only be in texts, where it is escaped.
struct Harmless {
    colour: bool,
}

impl Write for Harmless {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let text = match self.colour {
            true => printable::styled(&text),
            false => printable::lines(&text),
        };
        io::stderr().lock().write_all(text.as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().lock().flush()
    }
}

/// Fields as the library writes them, but each as a part of one line: a topic's name, a broker's words or an event's
/// must not begin a line that looks like one of ours.
struct HarmlessFields;

impl<'writer> FormatFields<'writer> for HarmlessFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut visitor = FieldWriter {
            writer,
            is_first: true,
            result: Ok(()),
        };
        fields.record(&mut visitor);
        visitor.result
    }
}

struct FieldWriter<'writer> {
    writer: Writer<'writer>,
    is_first: bool,
    result: fmt::Result,
}

impl FieldWriter<'_> {
    fn field(&mut self, name: &str, value: &str) -> fmt::Result {
        if !std::mem::take(&mut self.is_first) {
            self.writer.write_char(' ')?;
        }
        match (name, self.writer.has_ansi_escapes()) {
            ("message", _) => {}
            (_, false) => write!(self.writer, "{name}=")?,
            // In italics, and dimmed.
            (_, true) => write!(self.writer, "\u{1b}[3m{name}\u{1b}[0m\u{1b}[2m=\u{1b}[0m")?,
        }
        self.writer.write_str(&printable::line(value))
    }
}

impl Visit for FieldWriter<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if self.result.is_ok() {
            self.result = self.field(field.name(), &format!("{value:?}"));
        }
    }
}

/// Tells of a panic as of anything else: in one line, escaped, and as JSON where that is wanted.
fn tell_panic(panic: &PanicHookInfo<'_>) {
    let message = guard::message(panic.payload());
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
        return Err(refuse(&format!("'{word}' is not a level{meant}")));
    }
    EnvFilter::try_new(format!("{LEAST},{}", words.join(","))).map_err(|error| refuse(&error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("whole").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Returns what is logged of an event whose texts are another's.
    fn logged(text: &str, colour: bool) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .fmt_fields(HarmlessFields)
            .with_writer(move || writer.clone())
            .with_ansi(colour)
            .with_target(false)
            .without_time()
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            let error = io::Error::other(text.to_owned());
            tracing::warn!(workflow = "w", topic = text, shown = %text, count = 3, %error, "for '{text}'");
        });
        let bytes = lines.0.lock().expect("whole").clone();
        String::from_utf8(bytes).expect("UTF-8")
    }

    #[test]
    fn texts_of_others_neither_act_nor_begin_a_line() {
        assert_eq!(
            logged("a b", false),
            " WARN for 'a b' workflow=\"w\" topic=\"a b\" shown=a b count=3 error=a b\n"
        );
        let text = "x\n ERROR forged\r\u{1b}[2J\u{9b}31m\u{202e}\u{7f}";
        for colour in [false, true] {
            let line = logged(text, colour);
            let plain = line.trim_end_matches('\n').replace("\u{1b}[", "");
            assert!(!plain.chars().any(printable::is_hidden), "{line:?}");
            assert!(!line.contains("\u{1b}[2J"), "{line:?}");
            assert_eq!(printable::styled(&line), line);
        }
    }
}
