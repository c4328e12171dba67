//! What is wrong with a configuration, and where.

use super::Config;
use super::tree::{place, written};
use crate::asl::Severity;
use std::fmt;
use std::ops::Range;
use toml::de::DeTable;

/// What reading a configuration came to.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// The configuration; absent when a problem is an error.
    pub config: Option<Config>,
    /// The problems, in the order of the file.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Whether it can be run all the same.
    pub severity: Severity,
    /// The key, such as `workflow.orders.topics`; workflows by name.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What was meant or can be done, where that is known.
    pub help: Option<String>,
    /// Byte range in the text. Of something that is missing, the section that should have it.
    pub span: Range<usize>,
    /// Its line, from 1.
    pub line: usize,
    /// Its column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem {
            line,
            column,
            key,
            message,
            ..
        } = self;
        write!(out, "{line}:{column}: ")?;
        if !key.is_empty() {
            write!(out, "{key}: ")?;
        }
        out.write_str(message)?;
        match &self.help {
            Some(help) => write!(out, " ({help})"),
            None => Ok(()),
        }
    }
}

impl Problem {
    /// Creates an error at a key of a configuration, for what is found wrong after reading it. Items of
    /// lists go by number.
    pub fn in_file(text: &str, keys: &[&str], message: impl Into<String>) -> Problem {
        let path: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        let (root, _) = DeTable::parse_recoverable(text);
        let (span, key) = (place(root.get_ref(), &path), written(root.get_ref(), &path));
        Problem::at(text, span, key, message.into())
    }

    /// Creates an error at a place of a text.
    pub(super) fn at(text: &str, span: Range<usize>, key: String, message: String) -> Problem {
        let start = floor(text, span.start);
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Problem {
            severity: Severity::Error,
            key,
            message,
            help: None,
            span: start..floor(text, span.end.max(start)),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    /// Takes a text out of all that is said.
    pub(super) fn hide(&mut self, secret: &str) {
        let texts = [Some(&mut self.key), Some(&mut self.message), self.help.as_mut()];
        for text in texts.into_iter().flatten().filter(|text| text.contains(secret)) {
            *text = text.replace(secret, "***");
        }
    }

    pub(super) fn help(mut self, help: Option<String>) -> Problem {
        self.help = help;
        self
    }
}

fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
