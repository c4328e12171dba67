//! State machines in files of Terraform, as far as plain text allows.
//!
//! Finds the resources `aws_sfn_state_machine`, and reads a definition that stands in the file: a heredoc, a
//! quoted text, `jsonencode({…})`, or a file that it names. What has to be computed is told as that. Must not
//! evaluate expressions. Invariant: every loop steps over at least one byte.

use super::cloudformation::Substitutions;
use super::evaluate::Evaluator;
use super::hcl::{Reader, skip, skip_blanks};
use super::{Body, Machine, Mapped, Origin};
use crate::asl::MachineType;
use crate::asl::syntax::Span;

/// The type of resource that is a state machine.
pub(super) const RESOURCE: &str = "\"aws_sfn_state_machine\"";

/// A state machine's block.
struct Block<'a> {
    name: &'a str,
    span: Span,
    /// Its attributes: name and where the value begins.
    attributes: Vec<(&'a str, usize)>,
}

/// Says whether a text is a file of Terraform with a state machine in it.
pub(super) fn has_machine(text: &str) -> bool {
    text.contains(RESOURCE) && text.lines().any(|line| block_name(line.trim_start()).is_some())
}

/// Returns the name of the resource that a line begins.
fn block_name(line: &str) -> Option<&str> {
    let rest = line
        .strip_prefix("resource")?
        .trim_start()
        .strip_prefix(RESOURCE)?;
    let (name, _) = rest.trim_start().strip_prefix('"')?.split_once('"')?;
    Some(name)
}

fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let is_line_start = at == 0 || text[..at].trim_end_matches([' ', '\t']).ends_with('\n');
        match block_name(rest).filter(|_| is_line_start) {
            Some(name) => {
                let header = rest.find('{').map_or(text.len(), |brace| at + brace + 1);
                let (end, attributes) = attributes(text, header.min(text.len()));
                found.push(Block {
                    name,
                    span: at..end,
                    attributes,
                });
                at = end;
            }
            None => at = skip(text, at),
        }
    }
    found
}

/// Returns the attributes of a block whose brace is open, and where it ends.
fn attributes(text: &str, start: usize) -> (usize, Vec<(&str, usize)>) {
    let (mut at, mut depth, mut found) = (start, 1_usize, Vec::new());
    while at < text.len() {
        let byte = text.as_bytes()[at];
        if depth == 1 && byte.is_ascii_alphabetic() {
            let length = text[at..].find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'));
            let end = length.map_or(text.len(), |length| at + length);
            let equals = skip_blanks(text, end);
            if text[equals..].starts_with('=') && !text[equals..].starts_with("==") {
                found.push((&text[at..end], skip_blanks(text, equals + 1)));
            }
            at = end;
            continue;
        }
        match byte {
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => depth -= 1,
            _ => {}
        }
        at = skip(text, at);
        if depth == 0 {
            break;
        }
    }
    (at, found)
}

/// Lists the state machines of a file.
pub(super) fn machines(text: &str) -> Vec<Machine> {
    let machines = blocks(text).into_iter().map(|block| {
        let plain = |name: &str| {
            let (_, at) = block.attributes.iter().find(|(known, _)| *known == name)?;
            let (value, _) = text[*at..].strip_prefix('"')?.split_once('"')?;
            (!value.contains("${")).then_some(value)
        };
        Machine {
            name: block.name.to_owned(),
            other_name: plain("name").map(str::to_owned),
            machine_type: match plain("type") {
                Some("EXPRESS") => Some(MachineType::Express),
                Some("STANDARD") => Some(MachineType::Standard),
                _ => None,
            },
            origin: Origin::Terraform(
                block.span.clone(),
                block
                    .attributes
                    .iter()
                    .find(|(name, _)| *name == "definition")
                    .map(|(_, at)| *at),
            ),
        }
    });
    machines.collect()
}

/// Returns the definition that begins at an offset.
pub(super) fn body<'a>(
    evaluator: &mut Evaluator<'a>,
    block: &Span,
    definition: Option<usize>,
) -> (Body, Substitutions<'a>) {
    let Some(at) = definition else {
        let header = evaluator.file[block.clone()].lines().next().map_or(0, str::len);
        let span = block.start..block.start + header;
        evaluator.fault(&span, "The state machine has no definition", "");
        return (Body::Nowhere, Substitutions::None);
    };
    let mut reader = Reader::new(evaluator, at);
    for function in ["templatefile", "file"] {
        if reader.takes_call(function) {
            return file(&mut reader, at);
        }
    }
    if reader.takes_call("jsonencode") {
        let mut json = Mapped::default();
        reader.value(&mut json);
        return (body_of(json, &reader), Substitutions::None);
    }
    match reader.text() {
        Some(text) => (body_of(text, &reader), Substitutions::None),
        None => {
            reader.computed();
            (Body::Nowhere, Substitutions::None)
        }
    }
}

fn body_of(text: Mapped, reader: &Reader<'_, '_>) -> Body {
    match reader.is_lost() {
        true => Body::Nowhere,
        false => Body::Here(text),
    }
}

/// A file beside this one, and with `templatefile` what its `${name}` stand for.
fn file<'a>(reader: &mut Reader<'_, 'a>, at: usize) -> (Body, Substitutions<'a>) {
    let path = reader.path();
    let values = reader.named_values();
    match path {
        Some(path) if !reader.is_lost() => (Body::File(path, at..reader.at()), Substitutions::Values(values)),
        _ => {
            reader.computed();
            (Body::Nowhere, Substitutions::None)
        }
    }
}
