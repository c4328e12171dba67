//! Prepared answers for tasks, as a JSON list (the conformance corpus describes it).
//!
//! Each attempt of a task takes one entry: the first unused one for its state whose `parameters` are
//! equal, else its first unused one. An entry has `state`, perhaps `parameters`, and one of `result`,
//! `error` and `cause`, or `timed_out`; `delay_seconds` says how long the task takes (ours). Other
//! members are ignored: recorded scripts carry more.

use super::task::{Reply, TaskCall};
use crate::value::{Heap, Kind, ValueRef, View};

/// A list of prepared answers.
pub struct Script {
    texts: Heap,
    entries: Vec<Entry>,
    /// The parameters of the task at hand, for comparing.
    scratch: Heap,
}

struct Entry {
    state: String,
    parameters: Option<ValueRef>,
    reply: Reply,
    used: bool,
}

/// Why a text is not a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptError {
    /// What is wrong.
    pub message: String,
    /// Byte offset of the place, when the text is not JSON.
    pub offset: Option<usize>,
}

impl std::fmt::Display for ScriptError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ScriptError {}

/// An entry that was taken.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The answer.
    pub reply: Reply,
    /// Present when the entry was meant for other parameters.
    pub difference: Option<Difference>,
}

/// An entry was used for other parameters than it was written for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which entry, from 0.
    pub entry: usize,
    /// The Task state.
    pub state: String,
    /// The parameters in the script, as JSON text.
    pub expected: String,
    /// What the task was given, as JSON text.
    pub actual: String,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "state '{}': answer {} of the script is for other parameters\n  script: {}\n  task:   {}",
            self.state,
            self.entry + 1,
            self.expected,
            self.actual
        )
    }
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// When the text is not JSON, not a list, or an entry says no state or no answer.
    pub fn parse(text: &[u8]) -> Result<Script, ScriptError> {
        let mut texts = Heap::for_constants();
        let root = texts.constant(text).map_err(|error| ScriptError {
            offset: Some(error.offset),
            message: error.message,
        })?;
        let view = View::new(&texts, &texts);
        if view.kind(root) != Kind::Array {
            return Err(ScriptError {
                message: "a script is a list: [{\"state\": …, \"result\": …}, …]".to_owned(),
                offset: None,
            });
        }
        let entries = view.elements(root).enumerate();
        let entries = entries
            .map(|(at, entry)| read_entry(view, at, entry))
            .collect::<Result<_, _>>()?;
        Ok(Script {
            texts,
            entries,
            scratch: Heap::new(),
        })
    }

    /// Takes the answer to a task, if one is left.
    pub fn take(&mut self, call: &TaskCall<'_>) -> Option<Taken> {
        self.scratch.clear();
        let given = self.scratch.index(call.parameters).unwrap_or(ValueRef::NULL);
        let view = View::new(&self.scratch, &self.texts);
        let unused = |entry: &(usize, &mut Entry)| !entry.1.used && entry.1.state == call.state;
        let equal = |entry: &Entry| entry.parameters.is_none_or(|wanted| view.equal(wanted, given));
        let mut entries = self.entries.iter_mut().enumerate().filter(unused);
        let mut taken = entries.next()?;
        if !equal(taken.1)
            && let Some(better) = entries.find(|(_, entry)| equal(entry))
        {
            taken = better;
        }
        let (at, entry) = taken;
        entry.used = true;
        let difference = entry
            .parameters
            .filter(|_| !equal(entry))
            .map(|wanted| Difference {
                entry: at,
                state: call.state.to_owned(),
                expected: view.to_json(wanted),
                actual: view.to_json(given),
            });
        Some(Taken {
            reply: entry.reply.clone(),
            difference,
        })
    }

    /// Returns all entries in order: state, parameters as JSON text, answer.
    pub fn entries(&self) -> impl Iterator<Item = (&str, Option<String>, &Reply)> {
        let view = View::new(&self.texts, &self.texts);
        self.entries.iter().map(move |entry| {
            let parameters = entry.parameters.map(|parameters| view.to_json(parameters));
            (entry.state.as_str(), parameters, &entry.reply)
        })
    }

    /// Returns how many answers are left.
    pub fn unused(&self) -> usize {
        self.entries.iter().filter(|entry| !entry.used).count()
    }

    /// Makes all answers new again.
    pub fn rewind(&mut self) {
        self.entries.iter_mut().for_each(|entry| entry.used = false);
    }
}

fn read_entry(view: View<'_>, at: usize, entry: ValueRef) -> Result<Entry, ScriptError> {
    let wrong = |what: &str| ScriptError {
        message: format!("answer {} of the script {what}", at + 1),
        offset: None,
    };
    let member = |name: &str| view.member_named(entry, name);
    let text = |name: &str| match member(name) {
        None => Ok(None),
        Some(value) if view.kind(value) == Kind::Null => Ok(None),
        Some(value) => match view.string(value) {
            Some(text) => Ok(Some(text.decode().into_owned())),
            None => Err(wrong(&format!("has a \"{name}\" that is not a string"))),
        },
    };
    let state = text("state")?.ok_or_else(|| wrong("names no \"state\""))?;
    let after_ms = match member("delay_seconds") {
        None => 0,
        Some(value) => match view.float(value) {
            Some(seconds @ 0.0..1e9) => (seconds * 1_000.0) as i64,
            _ => return Err(wrong("has a \"delay_seconds\" that is not a number of seconds")),
        },
    };
    let never = member("timed_out")
        .is_some_and(|value| view.kind(value) != Kind::Null && view.boolean(value) != Some(false));
    let reply = match member("result") {
        _ if never => Reply::Never,
        Some(result) => Reply::Success {
            after_ms,
            result: view.to_json(result).into_bytes(),
        },
        None if member("error").is_some() || member("cause").is_some() => Reply::Failure {
            after_ms,
            error: text("error")?,
            cause: text("cause")?,
        },
        None => {
            return Err(wrong(
                "has none of \"result\", \"error\", \"cause\" and \"timed_out\"",
            ));
        }
    };
    Ok(Entry {
        state,
        parameters: member("parameters"),
        reply,
        used: false,
    })
}
