//! Outputs and failures, in the order of their lines.

use super::read::{Lines, Returns};
use super::{FAILURES, Stop};
use crate::cli::definition::cannot_read;
use crate::printable;
use crate::runtime::{EVENT_TOO_LARGE, INVALID_EVENT};
use crate::stream::memory::{Letter, Outbox};
use crate::value::escape_into;
use crate::vm::PAYLOAD_BYTES_MAX;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

/// Bytes that are gathered before they are written.
const WRITE_BYTES: usize = 64 << 10;

/// How much of a line that is too long, or is no JSON, a failure shows. The help says so.
const SHOWN_BYTES_MAX: usize = 4 << 10;

/// Writes what the shards send.
pub(super) struct Writer {
    is_ordered: bool,
    blocks: VecDeque<Block>,
    outputs: Vec<u8>,
    failed: Failed,
    failures: u64,
    topic: Option<crate::stream::TopicId>,
}

/// A block under way.
struct Block {
    lines: Lines,
    /// What has come for each line; ordered only.
    came: Vec<Option<Came>>,
    /// How many lines are written.
    written: usize,
}

/// What a line has become.
enum Came {
    Output(Vec<u8>),
    Failure(Vec<u8>),
}

/// Where failures go.
struct Failed {
    /// `None` is stderr.
    file: Option<File>,
    name: String,
    bytes: Vec<u8>,
    error: Option<io::Error>,
}

impl Writer {
    /// Opens the file of failures.
    pub(super) fn open(failed: Option<&Path>, is_ordered: bool) -> Result<Writer, Stop> {
        let name = failed.map_or_else(|| "stderr".to_owned(), |path| path.display().to_string());
        let file = failed.map(File::create).transpose();
        let file = file.map_err(|error| cannot_read(&name, &error))?;
        Ok(Writer {
            is_ordered,
            blocks: VecDeque::new(),
            outputs: Vec::new(),
            failed: Failed {
                file,
                name,
                bytes: Vec::new(),
                error: None,
            },
            failures: 0,
            topic: None,
        })
    }

    /// Writes until the shards have ended; `false` when nobody reads stdout any more.
    ///
    /// # Errors
    /// When stdout cannot be written to for another reason.
    pub(super) fn write(&mut self, outbox: &Outbox, returns: &Returns) -> Result<bool, Stop> {
        match self.write_all(outbox, returns) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(Stop::new(format!("error: cannot write to stdout: {error}"))),
        }
    }

    fn write_all(&mut self, outbox: &Outbox, returns: &Returns) -> io::Result<()> {
        loop {
            let parcel = match outbox.try_take() {
                Some(parcel) => parcel,
                // Nothing more at once: what there is goes out before we wait.
                None => {
                    self.flush()?;
                    match outbox.take() {
                        Some(parcel) => parcel,
                        None => return Ok(()),
                    }
                }
            };
            for letter in parcel.letters() {
                self.take(&letter, outbox, returns);
            }
            if self.outputs.len() >= WRITE_BYTES {
                self.flush()?;
            }
        }
    }

    /// Returns how many events failed.
    pub(super) fn failures(&self) -> u64 {
        self.failures
    }

    /// Says whether all failures were written.
    pub(super) fn finish(&mut self) -> Result<(), Stop> {
        match self.failed.error.take() {
            Some(error) => Err(Stop::new(format!(
                "error: cannot write to {}: {error}",
                self.failed.name
            ))),
            None => Ok(()),
        }
    }

    fn take(&mut self, letter: &Letter<'_>, outbox: &Outbox, returns: &Returns) {
        let name = letter.header("stepstream-execution").unwrap_or_default();
        let digits = name.rsplit(|&byte| byte == b'-').next().unwrap_or_default();
        let line = std::str::from_utf8(digits)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(0);
        let is_failure = match self.topic {
            Some(topic) => topic == letter.topic(),
            None => outbox
                .topic(letter.topic())
                .is_some_and(|name| &*name == FAILURES),
        };
        if is_failure {
            self.topic = Some(letter.topic());
            self.failures += 1;
        }
        while self
            .blocks
            .back()
            .is_none_or(|block| block.lines.last().is_none_or(|&last| last < line))
        {
            // It was told before it was sent.
            let Ok(lines) = returns.told.recv() else { return };
            self.blocks.push_back(Block {
                came: Vec::new(),
                lines,
                written: 0,
            });
        }
        let at = self
            .blocks
            .partition_point(|block| block.lines.last().is_none_or(|&last| last < line));
        let block = &mut self.blocks[at];
        let Ok(place) = block.lines.binary_search(&line) else {
            return;
        };
        let is_next = !self.is_ordered || at == 0 && place == block.written;
        if is_next {
            block.written += 1;
            if is_failure {
                failure(letter, line, &mut self.failed.bytes);
            } else {
                self.outputs.extend_from_slice(letter.value().unwrap_or_default());
                self.outputs.push(b'\n');
            }
        } else {
            let count = block.lines.len();
            block.came.resize_with(count, || None);
            block.came[place] = Some(if is_failure {
                let mut text = Vec::new();
                failure(letter, line, &mut text);
                Came::Failure(text)
            } else {
                Came::Output(letter.value().unwrap_or_default().to_vec())
            });
        }
        self.advance(returns);
    }

    /// Writes what has its turn, and gives the blocks back that are written.
    fn advance(&mut self, returns: &Returns) {
        while let Some(block) = self.blocks.front_mut() {
            while let Some(came) = block.came.get_mut(block.written).and_then(Option::take) {
                block.written += 1;
                match came {
                    Came::Failure(text) => self.failed.bytes.extend_from_slice(&text),
                    Came::Output(text) => {
                        self.outputs.extend_from_slice(&text);
                        self.outputs.push(b'\n');
                    }
                }
            }
            if block.written < block.lines.len() {
                return;
            }
            self.blocks.pop_front();
            // A reader that has ended wants none.
            let _ = returns.credits.try_send(());
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.failed.flush();
        let mut out = io::stdout().lock();
        let outputs = harmless(&self.outputs, out.is_terminal());
        let written = out.write_all(&outputs).and_then(|()| out.flush());
        self.outputs.clear();
        written
    }
}

impl Failed {
    fn flush(&mut self) {
        if self.bytes.is_empty() {
            return;
        }
        let bytes = harmless(&self.bytes, self.file.is_none() && io::stderr().is_terminal());
        let written = match &mut self.file {
            Some(file) => file.write_all(&bytes),
            None => match io::stderr().lock().write_all(&bytes) {
                // Nobody reads it any more.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                written => written,
            },
        };
        drop(bytes);
        self.bytes.clear();
        self.error = self.error.take().or(written.err());
    }
}

/// Returns JSON texts as a terminal may have them; a program gets them as they are.
fn harmless(bytes: &[u8], is_terminal: bool) -> Cow<'_, [u8]> {
    match is_terminal {
        true => printable::lines(&String::from_utf8_lossy(bytes))
            .as_bytes()
            .to_vec()
            .into(),
        false => bytes.into(),
    }
}

/// Appends the record of a failed event.
fn failure(letter: &Letter<'_>, line: u64, out: &mut Vec<u8>) {
    let text = |name: &str| String::from_utf8_lossy(letter.header(name).unwrap_or_default()).into_owned();
    let (error, mut cause) = (text("stepstream-error"), text("stepstream-cause"));
    let input = letter.value().unwrap_or_default();
    if error == EVENT_TOO_LARGE && input.len() > PAYLOAD_BYTES_MAX {
        // Nobody has counted the rest of the line.
        cause =
            format!("The event's value has more than {PAYLOAD_BYTES_MAX} bytes, the limit of an execution.");
    }
    out.extend_from_slice(b"{\"error\":\"");
    escape_into(out, &error);
    out.extend_from_slice(b"\",\"cause\":\"");
    escape_into(out, &cause);
    out.extend_from_slice(format!("\",\"line\":{line},\"input\":").as_bytes());
    if error == INVALID_EVENT || error == EVENT_TOO_LARGE {
        let shown = &input[..input.len().min(SHOWN_BYTES_MAX)];
        out.push(b'"');
        escape_into(out, &String::from_utf8_lossy(shown));
        out.push(b'"');
    } else if input.is_empty() {
        // A blank line that was not skipped.
        out.extend_from_slice(b"null");
    } else {
        out.extend_from_slice(input);
    }
    out.extend_from_slice(b"}\n");
}
