//! JSON texts from the user: read, and refused with the place.

use super::definition::cannot_read;
use super::output::{Stop, stderr_has_colour};
use crate::asl::{Diagnostic, Format, Severity, Source, render::render};
use crate::value::lookalike;
use std::io::Read;
use std::path::Path;

/// A text, and what to call it in messages.
pub(super) struct Document {
    pub(super) name: String,
    pub(super) text: Vec<u8>,
}

impl Document {
    /// Reads a file, or stdin for `-`.
    pub(super) fn read(path: &Path) -> Result<Document, Stop> {
        if path.as_os_str() == "-" {
            let mut text = Vec::new();
            let read = std::io::stdin().lock().read_to_end(&mut text);
            read.map_err(|error| cannot_read("stdin", &error))?;
            return Ok(Document {
                name: "stdin".to_owned(),
                text,
            });
        }
        let name = path.display().to_string();
        match std::fs::read(path) {
            Ok(text) => Ok(Document { name, text }),
            Err(error) => Err(cannot_read(&name, &error)),
        }
    }

    /// Words what is wrong with the text, with the place underlined.
    pub(super) fn refuse(&self, what: &str, message: &str, offset: usize) -> Stop {
        let text = String::from_utf8_lossy(&self.text);
        let offset = floor_char(&text, offset);
        let before = &text[..offset];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let width = text[offset..].chars().next().map_or(0, char::len_utf8);
        let (line, column) = (
            before.matches('\n').count() + 1,
            before[line_start..].chars().count() + 1,
        );
        let diagnostic = Diagnostic {
            code: "INVALID_JSON",
            severity: Severity::Error,
            message: format!("{what} is not JSON: {message} (line {line}, column {column})"),
            pointer: String::new(),
            location: None,
            line,
            column,
            span: offset..offset + width,
            help: lookalike(&self.text).map(|kind| format!("it looks like {kind}")),
        };
        let source = Source {
            name: &self.name,
            text: &text,
            format: Format::Json,
        };
        Stop::rendered(render(&source, &diagnostic, stderr_has_colour()))
    }
}

/// Moves an offset back to where a character begins.
fn floor_char(text: &str, offset: usize) -> usize {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
