//! State machines in files of Terraform, as far as plain text allows.
//!
//! Finds the resources `aws_sfn_state_machine` and the modules that make one, and reads a definition that stands in
//! the file: a heredoc, a quoted text, `jsonencode({…})`, or a file that it names; in Terraform's own language or in
//! JSON.
//! What has to be computed is told as that. Must not evaluate expressions. Invariant: every loop steps over at least one byte.

use super::cloudformation::Substitutions;
use super::evaluate::Evaluator;
use super::hcl::{self, Defaults, Reader, skip, skip_blanks};
use super::lookup::Lookup;
use super::trace::trace;
use super::{Body, Machine, Mapped, Origin};
use crate::asl::MachineType;
use crate::asl::syntax::{Member, Node, Span};

/// The type of resource that is a state machine.
pub(super) const RESOURCE: &str = "aws_sfn_state_machine";
/// What the sources of modules that make a state machine have in their names: the registry's
/// `terraform-aws-modules/step-functions/aws`, and those written after it.
const MODULE_SOURCE: &str = "step-functions";

/// A block of interest at the top of a file.
struct Block<'a> {
    header: Header<'a>,
    span: Span,
    /// Its attributes: name and where the value begins.
    attributes: Vec<(&'a str, usize)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Header<'a> {
    Machine(&'a str),
    Module(&'a str),
    Variable(&'a str),
    Locals,
}

/// Says whether a text is a file of Terraform with a state machine in it.
pub(super) fn has_machine(text: &str) -> bool {
    let is_machine = |line: &str| match header(line) {
        Some(Header::Machine(_)) => true,
        Some(Header::Module(_)) => text.contains(MODULE_SOURCE),
        _ => false,
    };
    let has_sign = text.contains(RESOURCE) || text.contains(MODULE_SOURCE);
    has_sign && text.lines().any(|line| is_machine(line.trim_start()))
}

/// Returns what a line begins.
fn header(line: &str) -> Option<Header<'_>> {
    let (keyword, rest) = line.split_at(line.find(|c: char| !c.is_ascii_alphabetic())?);
    match keyword {
        "locals" => rest.trim_start().starts_with('{').then_some(Header::Locals),
        "variable" => label(rest).map(|(name, _)| Header::Variable(name)),
        "module" => label(rest).map(|(name, _)| Header::Module(name)),
        "resource" => match label(rest)? {
            (RESOURCE, rest) => label(rest).map(|(name, _)| Header::Machine(name)),
            _ => None,
        },
        _ => None,
    }
}

/// Reads a block's label, in quotes or without; returns it and what follows.
fn label(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start_matches([' ', '\t']);
    match text.strip_prefix('"') {
        Some(text) => {
            // No further than the line: there may be a million of these without the second quote.
            let end = text.find(['"', '\n'])?;
            Some((&text[..end], text[end..].strip_prefix('"')?))
        }
        None => {
            let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
            let end = text.find(|c: char| !is_part(c)).unwrap_or(text.len());
            (end > 0).then(|| text.split_at(end))
        }
    }
}

fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut found = Vec::new();
    let (mut at, mut is_line_start) = (0, true);
    while at < text.len() {
        let rest = &text[at..];
        match header(rest).filter(|_| is_line_start) {
            Some(header) => {
                let brace = rest.find('{').map_or(text.len(), |brace| at + brace + 1);
                let (end, attributes) = attributes(text, brace.min(text.len()));
                found.push(Block {
                    header,
                    span: at..end,
                    attributes,
                });
                at = end;
                is_line_start = false;
            }
            None => {
                is_line_start = match rest.as_bytes()[0] {
                    b'\n' => true,
                    b' ' | b'\t' => is_line_start,
                    _ => false,
                };
                at = skip(text, at);
            }
        }
    }
    found
}

impl<'a> Block<'a> {
    /// Returns where the value of an attribute begins.
    fn attribute(&self, name: &str) -> Option<usize> {
        let found = self.attributes.iter().find(|(known, _)| *known == name);
        found.map(|(_, at)| *at)
    }

    /// Returns the state machine that the block is.
    fn machine(&self, text: &'a str, name: &str) -> Machine {
        Machine {
            name: name.to_owned(),
            other_name: self.plain(text, "name").map(str::to_owned),
            machine_type: type_of(self.plain(text, "type")),
            names_type: self.attribute("type").is_some(),
            origin: Origin::Terraform(self.span.clone(), self.attribute("definition")),
        }
    }

    /// Returns the text of an attribute that is plain.
    fn plain(&self, text: &'a str, name: &str) -> Option<&'a str> {
        let value = text[self.attribute(name)?..].strip_prefix('"')?;
        let value = &value[..value.find(['"', '\n'])?];
        (!value.contains("${")).then_some(value)
    }
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

/// Lists the state machines of a file, and what its variables stand for.
pub(super) fn machines(text: &str) -> (Vec<Machine>, Defaults) {
    let (mut machines, mut defaults) = (Vec::new(), Defaults::default());
    for block in blocks(text) {
        match block.header {
            Header::Machine(name) => machines.push(block.machine(text, name)),
            // Other modules may have an attribute of that name, too.
            Header::Module(name) => {
                let source = block.plain(text, "source");
                let is_machine = source.is_some_and(|source| source.contains(MODULE_SOURCE))
                    && block.attribute("definition").is_some();
                machines.extend(is_machine.then(|| block.machine(text, name)));
            }
            Header::Variable(name) => {
                defaults.add_variable(text, name, block.attribute("type"), block.attribute("default"));
            }
            Header::Locals => {
                for (name, at) in &block.attributes {
                    defaults.add_local(text, name, *at);
                }
            }
        }
    }
    (machines, defaults)
}

/// Returns the state machines of a file in JSON: each name and its block.
pub(super) fn json_blocks<'n>(root: &'n Node, lookup: &Lookup) -> Vec<(&'n Member, &'n Node)> {
    let sections = hcl::blocks(lookup.get(root, "resource")).iter();
    let types = sections.filter_map(|section| lookup.get(section, RESOURCE));
    let types = types.flat_map(|machines| hcl::blocks(Some(machines)));
    let machines = types.flat_map(|machines| machines.as_object().unwrap_or_default());
    let blocks = machines.flat_map(|member| {
        let blocks = hcl::blocks(Some(&member.value)).iter();
        blocks.map(move |block| (member, block))
    });
    blocks.collect()
}

/// Lists the state machines of a file in JSON.
pub(super) fn json_machines(root: &Node, lookup: &Lookup) -> Vec<Machine> {
    let blocks = json_blocks(root, lookup).into_iter().enumerate();
    let machines = blocks.map(|(index, (member, block))| {
        let plain = |name: &str| {
            let text = block.get(name).and_then(Node::as_text);
            text.filter(|text| !text.contains("${"))
        };
        Machine {
            name: member.key.clone(),
            other_name: plain("name").map(str::to_owned),
            machine_type: type_of(plain("type")),
            names_type: block.get("type").is_some(),
            origin: Origin::TerraformJson(index),
        }
    });
    machines.collect()
}

fn type_of(text: Option<&str>) -> Option<MachineType> {
    // The registry's module takes them in small letters.
    match text?.to_ascii_uppercase().as_str() {
        "EXPRESS" => Some(MachineType::Express),
        "STANDARD" => Some(MachineType::Standard),
        _ => None,
    }
}

/// Returns the definition of a block in JSON: a text with `${…}` in it.
pub(super) fn json_body<'a>(
    evaluator: &mut Evaluator<'a>,
    (member, block): (&'a Member, &'a Node),
) -> (Body, Substitutions<'a>) {
    let Some(node) = block.get("definition") else {
        evaluator.fault(&member.key_span, "The state machine has no definition", "");
        return (Body::Nowhere, Substitutions::None);
    };
    let Some(text) = node.as_text() else {
        evaluator.fault(&node.span, "Terraform's definition is a text", "");
        return (Body::Nowhere, Substitutions::None);
    };
    let traced = trace(evaluator.file, &node.span, text);
    let (faults, unresolved) = (evaluator.faults.len(), evaluator.unresolved.len());
    let mut reader = Reader::new(evaluator, traced.text(), 0);
    let (body, substitutions) = match reader.takes_interpolation() {
        true => expression(&mut reader),
        false => {
            let text = reader.rest_as_template();
            (body_of(text, &mut reader, 0), Substitutions::None)
        }
    };
    // What was read has places in the text; they become those of the file.
    for fault in &mut evaluator.faults[faults..] {
        fault.span = traced.place(&fault.span);
    }
    for unresolved in &mut evaluator.unresolved[unresolved..] {
        unresolved.span = traced.place(&unresolved.span);
    }
    let body = match body {
        Body::Here(text) => Body::Here(text.through(&traced)),
        Body::File(path, span) => Body::File(path, traced.place(&span)),
        elsewhere => elsewhere,
    };
    (body, substitutions)
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
    let text = evaluator.file;
    expression(&mut Reader::new(evaluator, text, at))
}

/// Reads the expression that is a definition.
fn expression<'a>(reader: &mut Reader<'_, '_, '_>) -> (Body, Substitutions<'a>) {
    let at = reader.at();
    for function in ["templatefile", "file"] {
        if reader.takes_call(function) {
            return file(reader, at);
        }
    }
    if reader.takes_call("jsonencode") {
        let mut json = Mapped::default();
        reader.value(&mut json);
        return (body_of(json, reader, at), Substitutions::None);
    }
    match reader.text() {
        Some(text) => (body_of(text, reader, at), Substitutions::None),
        None => {
            reader.computed();
            (Body::Nowhere, Substitutions::None)
        }
    }
}

/// Returns a definition, unless the whole of it is something that is not known.
fn body_of(text: Mapped, reader: &mut Reader<'_, '_, '_>, at: usize) -> Body {
    if !text.text().trim_start().starts_with('{') && text.has_made_up() {
        reader.computed_at(at);
    }
    match reader.is_lost() {
        true => Body::Nowhere,
        false => Body::Here(text),
    }
}

/// A file beside this one, and with `templatefile` what its `${name}` stand for.
fn file<'a>(reader: &mut Reader<'_, '_, '_>, at: usize) -> (Body, Substitutions<'a>) {
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
