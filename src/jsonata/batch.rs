//! Expressions as lines: one JSON object with an expression and its values in, one with the answer out.
//!
//! Owns the form of both, as `stepstream jsonata --batch` has it. Must not know where lines come from. A failed
//! evaluation is an answer; a line that is no question has one that says why, so that each line in has its line out.

use super::error::Error;
use super::evaluate::{Limits, Outcome, Request, Scratch, World, evaluate};
use super::{Dialect, INVALID, UNSUPPORTED, parse};
use crate::value::{Heap, Kind, Store, ValueRef, View, escape_into};

/// How much fuel a millisecond of a line's `timelimit` is.
const FUEL_PER_MILLISECOND: u64 = 20_000;

/// Answers lines; its memory serves one after the other.
#[derive(Debug, Default)]
pub struct Batch {
    heap: Heap,
    scratch: Scratch,
}

/// What an expression is evaluated with, as a line or a command names it.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q> {
    /// The expression.
    pub text: &'q str,
    /// Which language it is.
    pub dialect: Dialect,
    /// The document; of AWS's dialect `$states`.
    pub input: Option<ValueRef>,
    /// Variables, an object.
    pub bindings: Option<ValueRef>,
    /// Bounds.
    pub limits: Limits,
    /// Time and chance.
    pub world: World,
}

/// What a question comes to.
#[derive(Debug)]
pub enum Answer {
    /// It was evaluated.
    Outcome(Outcome),
    /// It failed, or is no expression of the plain language.
    Failed(Error),
    /// AWS would refuse a definition with it: codes and messages.
    Refused(Vec<(&'static str, String)>),
}

/// The code of the answer to a line that is no question.
const NO_QUESTION: &str = "INVALID_QUESTION";

/// A line as it was read; its values are of the batch's heap.
struct Line {
    text: String,
    input: Option<ValueRef>,
    bindings: Option<ValueRef>,
    limits: Limits,
}

impl Batch {
    /// Appends the answer to a line, with a line end.
    ///
    /// # Errors
    /// When the line is no question: what is wrong with it, which the answer says, too.
    pub fn answer(
        &mut self,
        line: &[u8],
        dialect: Dialect,
        world: World,
        out: &mut Vec<u8>,
    ) -> Result<(), String> {
        self.heap.clear();
        let mut constants = Heap::for_constants();
        let (id, read) = match self.heap.index(line) {
            _ if line.is_empty() => ("null".to_owned(), Err("an empty line".to_owned())),
            Ok(root) => self.read(root, &constants, dialect),
            Err(error) => ("null".to_owned(), Err(format!("not JSON: {error}"))),
        };
        out.extend_from_slice(b"{\"id\":");
        out.extend_from_slice(id.as_bytes());
        out.push(b',');
        let complaint = match read {
            Ok(line) => {
                let question = Question {
                    text: &line.text,
                    dialect,
                    input: line.input,
                    bindings: line.bindings,
                    limits: line.limits,
                    world,
                };
                let answer = self.ask(&question, &mut constants);
                self.write(&answer, &constants, out);
                Ok(())
            }
            Err(complaint) => {
                for part in ["\"error\":{\"code\":\"", NO_QUESTION, "\",\"message\":\""] {
                    out.extend_from_slice(part.as_bytes());
                }
                escape_into(out, &complaint);
                out.extend_from_slice(b"\"}");
                Err(complaint)
            }
        };
        out.extend_from_slice(b"}\n");
        complaint
    }

    /// Reads a line: its `id` as JSON, and the question or what is wrong with it.
    fn read(&self, root: ValueRef, constants: &Heap, dialect: Dialect) -> (String, Result<Line, String>) {
        let view = View::new(&self.heap, constants);
        let id = view.member_named(root, "id");
        let id = id.map_or_else(|| "null".to_owned(), |id| view.to_json(id));
        (id, line(view, root, dialect))
    }

    /// Returns the heap of values that questions name.
    pub fn heap(&mut self) -> &mut Heap {
        &mut self.heap
    }

    /// Evaluates a question.
    pub fn ask(&mut self, question: &Question<'_>, constants: &mut Heap) -> Answer {
        let states = question.dialect == Dialect::States;
        let expression = match parse(question.text) {
            Ok(expression) => expression,
            // What is nested too deeply is accepted at AWS, and fails when it is evaluated.
            Err(error) if states && error.is_bound().is_none() => {
                return Answer::Refused(vec![(INVALID, error.text())]);
            }
            Err(error) => return Answer::Failed(error),
        };
        if states {
            let top = expression.references().top;
            if !top.is_empty() {
                return Answer::Refused(top.iter().map(|name| (UNSUPPORTED, name.message())).collect());
            }
        }
        // A name that stands twice counts once, as in an execution.
        let mut store = Store::new(&mut self.heap, constants);
        let input = question.input.map(|value| store.distinct(value));
        let bindings = question.bindings.map(|value| store.distinct(value));
        let mut names: Vec<String> = Vec::new();
        let mut globals = Vec::new();
        if states {
            names.push("states".to_owned());
            globals.push(Some(self.states(input)));
        }
        if let Some(bindings) = bindings {
            let view = View::new(&self.heap, constants);
            for (name, value) in view.members(bindings) {
                names.push(
                    view.string(name)
                        .map(|name| name.decode().into_owned())
                        .unwrap_or_default(),
                );
                globals.push(Some(value));
            }
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut code = match expression.compile(question.dialect, &names) {
            Ok(code) => code,
            Err(error) => return Answer::Failed(error),
        };
        code.link(constants);
        let request = Request {
            code: &code,
            input: input.filter(|_| !states),
            globals: &globals,
            chains: &[],
            limits: question.limits,
            world: question.world,
        };
        let mut work = 0;
        match evaluate(&request, &mut self.heap, constants, &mut self.scratch, &mut work) {
            Ok(outcome) => Answer::Outcome(outcome),
            Err(error) => Answer::Failed(error),
        }
    }

    /// Returns `$states`; without one it has an empty input.
    fn states(&mut self, given: Option<ValueRef>) -> ValueRef {
        given.unwrap_or_else(|| {
            let text = br#"{"input":{}}"#;
            self.heap.index(text).unwrap_or(ValueRef::EMPTY_OBJECT)
        })
    }

    /// Appends the members of an answer, without braces.
    pub fn write(&self, answer: &Answer, constants: &Heap, out: &mut Vec<u8>) {
        match answer {
            Answer::Outcome(Outcome::Value(value)) => {
                out.extend_from_slice(b"\"result\":");
                let text = View::new(&self.heap, constants).to_json(*value);
                out.extend_from_slice(text.as_bytes());
            }
            Answer::Outcome(Outcome::Nothing) => out.extend_from_slice(b"\"undefined\":true"),
            Answer::Outcome(Outcome::Function) => out.extend_from_slice(b"\"function\":true"),
            Answer::Failed(error) => {
                out.extend_from_slice(b"\"error\":");
                write_error(error, out);
            }
            Answer::Refused(refusals) => {
                out.extend_from_slice(b"\"refused\":[");
                for (index, (code, message)) in refusals.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    out.extend_from_slice(b"{\"code\":\"");
                    out.extend_from_slice(code.as_bytes());
                    out.extend_from_slice(b"\",\"message\":\"");
                    escape_into(out, message);
                    out.extend_from_slice(b"\"}");
                }
                out.push(b']');
            }
        }
    }
}

/// Reads a question. Members that it does not know are somebody else's.
fn line(view: View<'_>, root: ValueRef, dialect: Dialect) -> Result<Line, String> {
    if view.kind(root) != Kind::Object {
        return Err("not a JSON object".to_owned());
    }
    let text = view.member_named(root, "expr").ok_or("\"expr\" is missing")?;
    let text = view.string(text).ok_or("\"expr\" is not a string")?;
    let (input, bindings, mut limits) = match dialect {
        Dialect::Plain => ("input", "bindings", Limits::PLAIN),
        Dialect::States => ("states", "variables", Limits::STATES),
    };
    let object = |name| match view.member_named(root, name) {
        Some(value) if view.kind(value) != Kind::Object => Err(format!("\"{name}\" is not an object")),
        value => Ok(value),
    };
    let number = |name| match view.member_named(root, name) {
        Some(value) => match view.float(value) {
            Some(number) if number >= 0.0 => Ok(Some(number)),
            _ => Err(format!("\"{name}\" is not a number from 0 on")),
        },
        None => Ok(None),
    };
    let input = match dialect {
        Dialect::Plain => view.member_named(root, input),
        Dialect::States => object(input)?,
    };
    if let Some(milliseconds) = number("timelimit")? {
        let fuel = (milliseconds as u64).saturating_mul(FUEL_PER_MILLISECOND);
        limits.fuel = limits.fuel.min(fuel);
    }
    if let Some(depth) = number("depth")? {
        limits.depth = depth as u32;
    }
    Ok(Line {
        text: text.decode().into_owned(),
        input,
        bindings: object(bindings)?,
        limits,
    })
}

/// Appends an error as a JSON object.
pub fn write_error(error: &Error, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"code\":\"");
    out.extend_from_slice(error.code().as_bytes());
    out.extend_from_slice(b"\",\"message\":\"");
    escape_into(out, &error.text());
    out.push(b'"');
    let mut member = |name: &str, value: String| {
        out.extend_from_slice(format!(",\"{name}\":{value}").as_bytes());
    };
    if let Some(position) = error.position() {
        member("position", position.to_string());
    }
    if let Some(token) = error.token() {
        member("token", token.to_json());
    }
    if let Some(value) = error.value().filter(|_| !error.is_internal()) {
        member("value", value.to_json());
    }
    if let Some(second) = error.second() {
        member("value2", second.to_json());
    }
    if let Some(index) = error.index() {
        member("index", index.to_string());
    }
    out.push(b'}');
}
