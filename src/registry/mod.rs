//! State machines by name: which program new executions run.
//!
//! [`Registry::publish`] checks and compiles a definition and makes it the current one; what runs keeps
//! the program that it began with. A shard holds a [`Current`] per workflow and looks at its epoch, one
//! atomic number, once per batch: no lock and no shared counter per execution. [`files`] reads
//! definitions again when they change. Must not know shards, connectors (what connects a program to
//! them, its bindings `B`, is handed in) or configuration. Invariant: what is refused changes nothing.

pub mod address;
pub mod files;
#[cfg(test)]
mod tests;

use crate::asl::{self, Diagnostic, Format, Options, Severity, Source};
use crate::compile::compile;
use crate::program::Program;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// How many hex digits of a definition's SHA-256 name its revision.
const REVISION_DIGITS: usize = 12;

/// Names a version of a state machine: the beginning of the SHA-256 of its definition and
/// substitutions, so that every process gives the same definition the same name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Revision(Box<str>);

impl Revision {
    fn of(text: &str, substitutions: &BTreeMap<String, String>) -> Revision {
        let mut digest = Sha256::new();
        digest.update(text);
        for (name, value) in substitutions {
            // Lengths keep `a=bc` and `ab=c` apart.
            digest.update((name.len() as u64).to_le_bytes());
            digest.update(name);
            digest.update((value.len() as u64).to_le_bytes());
            digest.update(value);
        }
        let digits = digest
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>();
        Revision(digits[..REVISION_DIGITS].into())
    }

    /// Returns it as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// A state machine as it was published: immutable.
pub struct Published<B> {
    /// What new executions run.
    pub program: Arc<Program>,
    /// What serves its tasks.
    pub bindings: Arc<B>,
    /// Which version it is.
    pub revision: Revision,
}

/// A definition to publish.
#[derive(Clone, Copy, Debug)]
pub struct Definition<'a> {
    /// The state machine's name.
    pub state_machine: &'a str,
    /// Where the text comes from, for messages.
    pub origin: &'a str,
    /// The text.
    pub text: &'a str,
    /// What it is written in.
    pub format: Format,
    /// What `${Name}` stands for.
    pub substitutions: &'a BTreeMap<String, String>,
}

/// Why a definition was not published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The language refuses it: its errors, where they are.
    Invalid {
        /// Where the text comes from.
        origin: String,
        /// The errors; warnings are left out.
        errors: Vec<Diagnostic>,
    },
    /// It calls what nobody serves; the sentence says what.
    Unserved(String),
}

impl fmt::Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Unserved(what) => out.write_str(what),
            Refused::Invalid { origin, errors } => {
                for (at, error) in errors.iter().enumerate() {
                    let separator = if at > 0 { "; " } else { "" };
                    let Diagnostic {
                        line,
                        column,
                        code,
                        message,
                        ..
                    } = error;
                    write!(out, "{separator}{origin}:{line}:{column}: {code}: {message}")?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for Refused {}

/// What publishing a definition came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is the current one now.
    Published(Revision),
    /// It was the current one already.
    Unchanged(Revision),
}

/// Connects a program to what serves its tasks; `Err` is the sentence that names what nobody serves. The
/// first argument is the state machine's name.
pub type Bind<B> = dyn Fn(&str, &Program) -> Result<B, String> + Send + Sync;

/// The state machines of a process.
pub struct Registry<B> {
    machines: Mutex<BTreeMap<Box<str>, Arc<Entry<B>>>>,
    bind: Box<Bind<B>>,
}

struct Entry<B> {
    /// Grows with each version; read without the lock.
    epoch: AtomicU64,
    current: Mutex<Arc<Published<B>>>,
}

impl<B> Registry<B> {
    /// Creates a registry without state machines.
    pub fn new(bind: Box<Bind<B>>) -> Registry<B> {
        Registry {
            machines: Mutex::default(),
            bind,
        }
    }

    /// Checks and compiles a definition, and makes it what new executions of its state machine run.
    ///
    /// # Errors
    /// When it is not valid or needs what nobody serves; what was current stays so.
    pub fn publish(&self, definition: &Definition<'_>) -> Result<Outcome, Refused> {
        let revision = Revision::of(definition.text, definition.substitutions);
        if self.revision(definition.state_machine).as_ref() == Some(&revision) {
            return Ok(Outcome::Unchanged(revision));
        }
        let program = check_and_compile(definition)?;
        let bindings = (self.bind)(definition.state_machine, &program).map_err(Refused::Unserved)?;
        let published = Arc::new(Published {
            program: Arc::new(program),
            bindings: Arc::new(bindings),
            revision: revision.clone(),
        });
        let mut machines = self.machines.lock().unwrap_or_else(PoisonError::into_inner);
        match machines.get(definition.state_machine) {
            Some(entry) => entry.replace(published),
            None => {
                let entry = Entry {
                    epoch: AtomicU64::new(0),
                    current: Mutex::new(published),
                };
                machines.insert(definition.state_machine.into(), Arc::new(entry));
            }
        }
        Ok(Outcome::Published(revision))
    }

    /// Returns a shard's view of a state machine; `None` when there is none of that name.
    pub fn current(&self, state_machine: &str) -> Option<Current<B>> {
        let machines = self.machines.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = machines.get(state_machine)?.clone();
        // The epoch first: a version that comes in between is taken up at the next look.
        let epoch = entry.epoch.load(Ordering::Acquire);
        let published = entry.get();
        Some(Current {
            entry,
            epoch,
            published,
        })
    }

    /// Returns which version of a state machine is current.
    pub fn revision(&self, state_machine: &str) -> Option<Revision> {
        let current = self.current(state_machine)?;
        Some(current.published.revision.clone())
    }
}

impl<B> Entry<B> {
    fn get(&self) -> Arc<Published<B>> {
        self.current
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn replace(&self, published: Arc<Published<B>>) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = published;
        self.epoch.fetch_add(1, Ordering::Release);
    }
}

/// A shard's view of one state machine.
pub struct Current<B> {
    entry: Arc<Entry<B>>,
    epoch: u64,
    published: Arc<Published<B>>,
}

impl<B> Current<B> {
    /// Takes up a new version if there is one; `true` when there was. One atomic load otherwise: call
    /// it once per batch.
    #[inline]
    pub fn refresh(&mut self) -> bool {
        let epoch = self.entry.epoch.load(Ordering::Acquire);
        if epoch == self.epoch {
            return false;
        }
        self.epoch = epoch;
        self.published = self.entry.get();
        true
    }

    /// Returns what new executions run. Executions of a shard share the shard's reference.
    pub fn published(&self) -> &Arc<Published<B>> {
        &self.published
    }
}

fn check_and_compile(definition: &Definition<'_>) -> Result<Program, Refused> {
    let source = Source {
        name: definition.origin,
        text: definition.text,
        format: definition.format,
    };
    let options = Options {
        substitutions: definition.substitutions.clone(),
        ..Options::default()
    };
    let mut report = asl::check(&source, &options);
    match report.machine.take() {
        Some(machine) => Ok(compile(&machine)),
        None => {
            report
                .diagnostics
                .retain(|diagnostic| diagnostic.severity == Severity::Error);
            Err(Refused::Invalid {
                origin: definition.origin.to_owned(),
                errors: report.diagnostics,
            })
        }
    }
}
