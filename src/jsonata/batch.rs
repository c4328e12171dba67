//! Expressions as lines: one JSON object with an expression and its values in, one with the answer out.
//!
//! Owns the form of both, as `stepstream jsonata --batch` has it. Must not know where lines come from. A failed
//! evaluation is an answer; only a line that is no JSON object is none.

use super::error::Error;
use super::evaluate::{Limits, Outcome, Request, Scratch, World, evaluate};
use super::{Dialect, INVALID, UNSUPPORTED, parse};
use crate::value::{Heap, IndexError, ValueRef, View, escape_into};

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

impl Batch {
    /// Appends the answer to a line, with a line end.
    ///
    /// # Errors
    /// When the line is no JSON.
    pub fn answer(
        &mut self,
        line: &[u8],
        dialect: Dialect,
        world: World,
        out: &mut Vec<u8>,
    ) -> Result<(), IndexError> {
        self.heap.clear();
        let root = self.heap.index(line)?;
        let mut constants = Heap::for_constants();
        let view = View::new(&self.heap, &constants);
        let member = |name| view.member_named(root, name);
        let text = member("expr").and_then(|text| view.string(text));
        let text = text.map(|text| text.decode().into_owned()).unwrap_or_default();
        let id = member("id").map_or_else(|| "null".to_owned(), |id| view.to_json(id));
        let mut limits = if dialect == Dialect::States {
            Limits::STATES
        } else {
            Limits::PLAIN
        };
        let number = |name| member(name).and_then(|value| view.float(value));
        if let Some(milliseconds) = number("timelimit") {
            limits.fuel = limits.fuel.min(milliseconds as u64 * FUEL_PER_MILLISECOND);
        }
        if let Some(depth) = number("depth") {
            limits.depth = depth as u32;
        }
        let (input, bindings) = match dialect {
            Dialect::Plain => (member("input"), member("bindings")),
            Dialect::States => (member("states"), member("variables")),
        };
        let question = Question {
            text: &text,
            dialect,
            input,
            bindings,
            limits,
            world,
        };
        let answer = self.ask(&question, &mut constants);
        out.extend_from_slice(b"{\"id\":");
        out.extend_from_slice(id.as_bytes());
        out.push(b',');
        self.write(&answer, &constants, out);
        out.extend_from_slice(b"}\n");
        Ok(())
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
            Err(error) if states => return Answer::Refused(vec![(INVALID, error.text())]),
            Err(error) => return Answer::Failed(error),
        };
        if states {
            let top = expression.references().top;
            if !top.is_empty() {
                return Answer::Refused(top.iter().map(|name| (UNSUPPORTED, name.message())).collect());
            }
        }
        let mut names: Vec<String> = Vec::new();
        let mut globals = Vec::new();
        if states {
            names.push("states".to_owned());
            globals.push(Some(self.states(question.input)));
        }
        if let Some(bindings) = question.bindings {
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
            input: question.input.filter(|_| !states),
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
