//! Printing: stdout and stderr, numbers, JSON documents, and why a command stops.

use super::definition::diagnostic_json;
use super::{EXIT_PROBLEM, Format};
use crate::asl::Diagnostic;
use crate::printable;
use crate::value::escape_into;
use std::io::{ErrorKind, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Whether stdout takes no more.
static IS_CLOSED: AtomicBool = AtomicBool::new(false);
/// Whether something is missing on stdout that somebody waits for.
static IS_INCOMPLETE: AtomicBool = AtomicBool::new(false);

/// Prints text or a JSON document on stdout, what is hidden in it escaped.
pub(super) fn stdout(bytes: &[u8]) {
    stdout_raw(printable::lines(&String::from_utf8_lossy(bytes)).as_bytes());
}

/// Prints text with colours of ours on stdout.
pub(super) fn stdout_styled(text: &str) {
    stdout_raw(printable::styled(text).as_bytes());
}

/// Prints bytes that are all our own on stdout. A reader that has gone away (`| head`) is no problem of ours; a disk
/// that is full is one, told on stderr once.
pub(super) fn stdout_raw(bytes: &[u8]) {
    if is_closed() {
        return;
    }
    let mut out = std::io::stdout().lock();
    let Err(error) = out.write_all(bytes).and_then(|()| out.flush()) else {
        return;
    };
    IS_CLOSED.store(true, Relaxed);
    if error.kind() != ErrorKind::BrokenPipe {
        IS_INCOMPLETE.store(true, Relaxed);
        stderr(&format!("error: cannot write to stdout: {error}"));
    }
}

/// Says whether stdout takes no more: whoever prints for ever ends then.
pub(super) fn is_closed() -> bool {
    IS_CLOSED.load(Relaxed)
}

/// Returns a command's exit code, which is another if its answer could not be printed.
pub(super) fn exit_code(code: u8) -> u8 {
    match IS_INCOMPLETE.load(Relaxed) {
        true => EXIT_PROBLEM,
        false => code,
    }
}

/// Prints a line, or several, on stderr, what is hidden in it escaped.
pub(super) fn stderr(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", printable::lines(text));
}

/// Prints text with colours of ours on stderr.
pub(super) fn stderr_styled(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", printable::styled(text));
}

/// Says whether stdout shows colours.
pub(super) fn has_colour() -> bool {
    std::io::stdout().is_terminal() && wants_colour()
}

/// Says whether stderr shows colours.
pub(super) fn stderr_has_colour() -> bool {
    std::io::stderr().is_terminal() && wants_colour()
}

fn wants_colour() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Why a command cannot do its work.
pub(super) struct Stop {
    message: String,
    /// What is wrong with the definition, when that is the reason; for the JSON form.
    diagnostics: Vec<(String, Diagnostic)>,
}

impl Stop {
    /// Creates one with a message for the user, which may have several lines. What is hidden in it is escaped.
    pub(super) fn new(message: impl Into<String>) -> Stop {
        Stop::rendered(printable::lines(&message.into()).into_owned())
    }

    /// Creates one with a message that has colours of ours.
    pub(super) fn rendered(message: String) -> Stop {
        Stop {
            message,
            diagnostics: Vec::new(),
        }
    }

    /// Creates one for a definition that was refused; the message is the rendered diagnostics.
    pub(super) fn refused(message: String, file: &str, diagnostics: Vec<Diagnostic>) -> Stop {
        let named = |diagnostic| (file.to_owned(), diagnostic);
        Stop {
            message,
            diagnostics: diagnostics.into_iter().map(named).collect(),
        }
    }

    /// Returns the message.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// Prints the message on stderr.
    pub(super) fn print(&self) {
        stderr_styled(&self.message);
    }

    /// Tells the user, returns the exit code.
    pub(super) fn tell(&self, format: Format) -> u8 {
        self.print();
        if format == Format::Json {
            stdout(&self.json());
        }
        EXIT_PROBLEM
    }

    /// Returns the JSON document that stands for the answer that could not be given.
    pub(super) fn json(&self) -> Vec<u8> {
        let mut json = Json::object();
        json.string("status", "NOT_RUN");
        json.string("message", self.message.trim_end());
        if !self.diagnostics.is_empty() {
            json.list("diagnostics", &self.diagnostics, |json, (file, diagnostic)| {
                diagnostic_json(json, file, diagnostic);
            });
        }
        json.finish()
    }
}

/// Writes one JSON document; values that are JSON texts already are echoed, up to a carriage return: it can only be
/// a blank there, and would take the terminal back to the line's beginning.
pub(super) struct Json {
    out: Vec<u8>,
    first: bool,
}

impl Json {
    /// Begins a document that is an object.
    pub(super) fn object() -> Json {
        Json {
            out: vec![b'{'],
            first: true,
        }
    }

    fn comma(&mut self) {
        if !std::mem::take(&mut self.first) {
            self.out.push(b',');
        }
    }

    fn name(&mut self, name: &str) {
        self.comma();
        self.out.push(b'"');
        escape_into(&mut self.out, name);
        self.out.extend_from_slice(b"\":");
    }

    /// Adds a string.
    pub(super) fn string(&mut self, name: &str, text: &str) {
        self.name(name);
        self.out.push(b'"');
        escape_into(&mut self.out, text);
        self.out.push(b'"');
    }

    /// Adds a number.
    pub(super) fn number(&mut self, name: &str, number: usize) {
        self.raw(name, number.to_string().as_bytes());
    }

    /// Adds a value that is a JSON text.
    pub(super) fn raw(&mut self, name: &str, text: &[u8]) {
        self.name(name);
        self.out.extend_from_slice(text);
    }

    /// Adds a list of objects.
    pub(super) fn list<T>(&mut self, name: &str, items: &[T], write: impl Fn(&mut Json, &T)) {
        self.name(name);
        self.out.push(b'[');
        self.items(items, write);
        self.out.push(b']');
        self.first = false;
    }

    fn items<T>(&mut self, items: &[T], write: impl Fn(&mut Json, &T)) {
        self.first = true;
        for item in items {
            self.comma();
            self.out.push(b'{');
            self.first = true;
            write(self, item);
            self.out.push(b'}');
            self.first = false;
        }
    }

    /// Returns the document, with a newline.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.out.extend_from_slice(b"}\n");
        for byte in self.out.iter_mut().filter(|byte| **byte == b'\r') {
            *byte = b' ';
        }
        self.out
    }

    /// Returns a document that is a list of objects.
    pub(super) fn array<T>(items: &[T], write: impl Fn(&mut Json, &T)) -> Vec<u8> {
        let mut json = Json {
            out: vec![b'['],
            first: true,
        };
        json.items(items, write);
        json.out.extend_from_slice(b"]\n");
        json.out
    }
}

/// Returns a whole number with its digits in groups of three.
pub(super) fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[test]
fn groups_of_three() {
    for (value, text) in [
        (0.4, "0"),
        (999.0, "999"),
        (1_000.0, "1,000"),
        (1_234_567.0, "1,234,567"),
    ] {
        assert_eq!(grouped(value), text);
    }
}
