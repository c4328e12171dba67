//! The world of a run on the command line: answers from the script, events to records or to a story.

use super::story::moment;
use crate::cli::Format;
use crate::cli::output::{stderr, stdout};
use crate::drive::{Host, Reply, Script, TaskCall};
use crate::log::encode::Encoder;
use crate::log::read::Story;
use crate::printable;
use crate::program::Program;
use crate::vm::Run;

/// Most bytes of records that are kept for one JSON document: a loop may write without end.
const RECORDS_BYTES_MAX: usize = 1 << 30;

/// A task that was run.
pub(super) struct Call {
    pub(super) state: String,
    pub(super) resource: String,
    pub(super) parameters: Vec<u8>,
}

/// Answers tasks from a script, and prints or keeps what happens.
pub(super) struct CommandHost<'a> {
    pub(super) script: Script,
    pub(super) calls: Vec<Call>,
    /// The records of a JSON document, joined by commas.
    pub(super) records: Option<Vec<u8>>,
    encoder: Encoder<'a>,
    events: bool,
    format: Format,
    story: Story,
    buffer: Vec<u8>,
}

impl<'a> CommandHost<'a> {
    pub(super) fn new(script: Script, encoder: Encoder<'a>, events: bool, format: Format) -> CommandHost<'a> {
        CommandHost {
            script,
            calls: Vec::new(),
            records: (events && format == Format::Json).then(Vec::new),
            encoder,
            events,
            format,
            story: Story::default(),
            buffer: Vec::new(),
        }
    }

    fn keep_records(&mut self, run: &Run, program: &Program) {
        let Some(records) = &mut self.records else {
            return;
        };
        for event in run.events() {
            if records.len() > RECORDS_BYTES_MAX {
                return;
            }
            if !records.is_empty() {
                records.push(b',');
            }
            self.encoder.write(run.view(program), event, records);
            if records.len() > RECORDS_BYTES_MAX {
                stderr("note: too many events; the later ones are left out");
            }
        }
    }

    fn print(&mut self, run: &Run, program: &Program) {
        self.buffer.clear();
        for event in run.events() {
            if self.events {
                self.encoder.write(run.view(program), event, &mut self.buffer);
                self.buffer.push(b'\n');
            } else {
                self.story
                    .tell(&moment(run.view(program), program, event), &mut self.buffer);
            }
        }
        stdout(&self.buffer);
    }
}

impl Host for CommandHost<'_> {
    fn call(&mut self, call: &TaskCall<'_>) -> Option<Reply> {
        let taken = self.script.take(call)?;
        if let Some(difference) = &taken.difference {
            stderr(&format!("note: {}", printable::line(&difference.to_string())));
        }
        if self.format == Format::Json {
            self.calls.push(Call {
                state: call.state.to_owned(),
                resource: call.resource.arn.to_string(),
                parameters: call.parameters.to_vec(),
            });
        }
        Some(taken.reply)
    }

    fn observe(&mut self, run: &mut Run, program: &Program) {
        match self.format {
            Format::Json => self.keep_records(run, program),
            Format::Text => self.print(run, program),
        }
        run.clear_events();
    }
}
