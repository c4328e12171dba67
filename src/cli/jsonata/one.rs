//! One expression: its value, or what is wrong with the place underlined.

use super::{Args, world};
use crate::asl::{Diagnostic, Format as SourceFormat, Severity, Source, render::render};
use crate::cli::document::Document;
use crate::cli::output::{Stop, stderr, stderr_has_colour, stdout};
use crate::cli::{EXIT_NO, EXIT_OK, Format};
use crate::jsonata::batch::{Answer, Batch, Question};
use crate::jsonata::{Dialect, Error, INVALID, Limits, Outcome, parse};
use crate::printable;
use crate::value::{Heap, Kind, ValueRef, View};

/// Runs the command for one expression.
pub(super) fn run(args: &Args) -> Result<u8, Stop> {
    let dialect = args.dialect.dialect();
    let text = args.expression.as_deref().unwrap_or_default();
    // As it is pasted from a definition.
    let inner = text
        .trim()
        .strip_prefix("{%")
        .and_then(|text| text.strip_suffix("%}"));
    let text = match dialect {
        Dialect::States => inner.map_or(text, str::trim),
        Dialect::Plain => text,
    };
    let mut batch = Batch::default();
    let mut constants = Heap::for_constants();
    let mut input = match &args.input {
        Some(path) => Some(index(&mut batch, &Document::read(path)?, "the input")?),
        None => None,
    };
    let states = dialect == Dialect::States;
    if let (true, Some(value)) = (states, input) {
        let view = View::new(batch.heap(), &constants);
        let states = format!("{{\"input\":{}}}", view.to_json(value));
        input = batch.heap().index(states.as_bytes()).ok();
    }
    let bindings = match &args.bindings {
        Some(text) => Some(bindings(&mut batch, text, &constants)?),
        None => None,
    };
    if args.explain {
        explain(text, dialect);
    }
    let limits = if states { Limits::STATES } else { Limits::PLAIN };
    let question = Question {
        text,
        dialect,
        input,
        bindings,
        limits,
        world: world(),
    };
    let answer = batch.ask(&question, &mut constants);
    match args.format {
        Format::Json => {
            let mut out = b"{".to_vec();
            batch.write(&answer, &constants, &mut out);
            out.extend_from_slice(b"}\n");
            stdout(&out);
        }
        Format::Text => tell(&answer, text, dialect, &View::new(batch.heap(), &constants)),
    }
    Ok(match answer {
        Answer::Outcome(_) => EXIT_OK,
        Answer::Failed(_) | Answer::Refused(_) => EXIT_NO,
    })
}

fn index(batch: &mut Batch, document: &Document, what: &str) -> Result<ValueRef, Stop> {
    let indexed = batch.heap().index(&document.text);
    indexed.map_err(|error| document.refuse(what, &error.message, error.offset))
}

fn bindings(batch: &mut Batch, text: &str, constants: &Heap) -> Result<ValueRef, Stop> {
    let document = Document {
        name: "--bindings".to_owned(),
        text: text.as_bytes().to_vec(),
    };
    let value = index(batch, &document, "the value of --bindings")?;
    match View::new(batch.heap(), constants).kind(value) {
        Kind::Object => Ok(value),
        _ => Err(Stop::new("error: the value of --bindings is not a JSON object")),
    }
}

/// Prints the code of an expression on stderr; nothing for a text that is none, which is told anyway.
fn explain(text: &str, dialect: Dialect) {
    if let Ok(code) = parse(text).and_then(|expression| expression.compile(dialect, &["states"])) {
        stderr(&format!("{}nested {} deep\n", code.listing(), code.depth()));
    }
}

fn tell(answer: &Answer, text: &str, dialect: Dialect, view: &View<'_>) {
    match answer {
        Answer::Outcome(Outcome::Value(value)) => {
            stdout(format!("{}\n", indented(&view.to_json(*value))).as_bytes());
        }
        Answer::Outcome(Outcome::Nothing) => stderr("nothing (undefined)"),
        Answer::Outcome(Outcome::Function) => stderr("a function, which is no value of JSON"),
        Answer::Failed(error) => {
            underline(error.code(), &error.text(), error.position(), text);
            if dialect == Dialect::States {
                stderr(&format!("AWS: {}", printable::line(&sentence(text, error))));
            }
        }
        Answer::Refused(refusals) => {
            let expression = parse(text);
            let places: Vec<Option<u32>> = match &expression {
                Ok(expression) => {
                    let references = expression.references();
                    references
                        .top
                        .iter()
                        .map(|reference| Some(reference.position))
                        .collect()
                }
                Err(error) => vec![error.position()],
            };
            for ((code, message), position) in refusals.iter().zip(places) {
                underline(code, message, position, text);
            }
            if refusals.iter().any(|(code, _)| *code != INVALID) {
                stderr("help: in a state the input is $states.input; --dialect plain has it as $");
            }
        }
    }
}

/// Returns what AWS writes as the cause of a failure, without the name of state and field.
fn sentence(text: &str, error: &Error) -> String {
    let expression = format!("The JSONata expression '{text}'");
    match (error.is_internal(), error.is_bound()) {
        (true, _) => format!("{expression} threw an internal error during evaluation."),
        (_, Some(_)) => format!("{expression} threw an error during evaluation: {}", error.text()),
        _ => format!("{expression} threw an error during evaluation. {error}"),
    }
}

/// Prints a message with the place in the expression underlined.
fn underline(code: &'static str, message: &str, position: Option<u32>, text: &str) {
    let end = position.map_or(text.len(), |units| byte_of(text, units as usize));
    let before = &text[..end];
    let start = before.char_indices().next_back().map_or(0, |(at, _)| at);
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let diagnostic = Diagnostic {
        code,
        severity: Severity::Error,
        message: message.to_owned(),
        pointer: String::new(),
        location: None,
        line: text[..start].matches('\n').count() + 1,
        column: text[line_start..start].chars().count() + 1,
        span: start..end.max(start),
        help: None,
    };
    let source = Source {
        name: "expression",
        text,
        format: SourceFormat::Json,
    };
    stderr(render(&source, &diagnostic, stderr_has_colour()).trim_end());
}

/// Returns where in a text so many UTF-16 units end.
fn byte_of(text: &str, units: usize) -> usize {
    let mut seen = 0;
    for (at, character) in text.char_indices() {
        if seen >= units {
            return at;
        }
        seen += character.len_utf16();
    }
    text.len()
}

/// Returns a dense JSON text with one part a line.
fn indented(text: &str) -> String {
    let (mut out, mut depth, mut quoted, mut escaped) = (String::new(), 0usize, false, false);
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        if quoted {
            out.push(character);
            quoted = escaped || character != '"';
            escaped = character == '\\' && !escaped;
            continue;
        }
        match character {
            '{' | '[' if matches!(rest.peek(), Some('}' | ']')) => out.push(character),
            '{' | '[' => {
                depth += 1;
                out.push(character);
                line(&mut out, depth);
            }
            '}' | ']' if out.ends_with(['{', '[']) => out.push(character),
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(character);
            }
            ',' => {
                out.push(character);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ => {
                quoted = character == '"';
                out.push(character);
            }
        }
    }
    out
}

fn line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}
