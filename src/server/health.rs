//! Whether the service is ready, and if not, why.
//!
//! Each part that can be unready adds a check, which is asked when somebody asks. Must not know HTTP.
//! Invariant: whoever is not ready says so in words that name what is missing.

use crate::printable;
use crate::value::escape_into;
use std::sync::{Arc, Mutex, PoisonError};

/// The readiness of a process; clones are the same.
#[derive(Clone, Default)]
pub struct Health(Arc<Mutex<Parts>>);

#[derive(Default)]
struct Parts {
    /// Why the process as a whole takes no work: it starts or stops.
    closed: Option<&'static str>,
    checks: Vec<Check>,
    /// What has to be well for the process to be alive.
    lives: Vec<Check>,
}

struct Check {
    /// The workflow, or the part of the process.
    name: Box<str>,
    /// Says what is wrong.
    ask: Box<dyn Fn() -> Result<(), String> + Send + Sync>,
}

/// What was found: what is wrong with each part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Every part that was asked, with what is wrong with it, if anything.
    pub parts: Vec<(Box<str>, Option<String>)>,
    /// What is wrong with the process as a whole.
    pub process: Option<String>,
}

impl Findings {
    /// Whether nothing is wrong.
    pub fn are_good(&self) -> bool {
        self.process.is_none() && self.parts.iter().all(|(_, wrong)| wrong.is_none())
    }

    /// Writes the findings as JSON; `word` is what they are about, such as `ready`.
    pub fn json(&self, word: &str) -> String {
        let mut out = format!("{{\"{word}\":{}", self.are_good()).into_bytes();
        if let Some(reason) = &self.process {
            out.extend_from_slice(b",\"reason\":");
            push_text(&mut out, reason);
        }
        out.extend_from_slice(b",\"parts\":[");
        for (at, (name, wrong)) in self.parts.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            out.extend_from_slice(b"{\"name\":");
            push_text(&mut out, name);
            out.extend_from_slice(format!(",\"{word}\":{}", wrong.is_none()).as_bytes());
            if let Some(reason) = wrong {
                out.extend_from_slice(b",\"reason\":");
                push_text(&mut out, reason);
            }
            out.push(b'}');
        }
        out.extend_from_slice(b"]}\n");
        let text = String::from_utf8(out).unwrap_or_default();
        printable::lines(&text).into_owned()
    }
}

fn push_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    escape_into(out, text);
    out.push(b'"');
}

impl Health {
    /// Creates the readiness of a process that is starting.
    pub fn starting() -> Health {
        let health = Health::default();
        health.close("starting");
        health
    }

    /// Makes the process ready as far as its parts are.
    pub fn open(&self) {
        self.parts().closed = None;
    }

    /// Makes the process unready as a whole: it starts or stops.
    pub fn close(&self, reason: &'static str) {
        self.parts().closed = Some(reason);
    }

    /// Adds what has to be well for the process to be ready.
    pub fn require(&self, name: &str, ask: impl Fn() -> Result<(), String> + Send + Sync + 'static) {
        self.parts().checks.push(Check {
            name: name.into(),
            ask: Box::new(ask),
        });
    }

    /// Adds what has to be well for the process to be alive: without it only a restart helps.
    pub fn require_for_life(&self, name: &str, ask: impl Fn() -> Result<(), String> + Send + Sync + 'static) {
        self.parts().lives.push(Check {
            name: name.into(),
            ask: Box::new(ask),
        });
    }

    /// Asks whether the process is ready: assigned and not stuck.
    pub fn ready(&self) -> Findings {
        let parts = self.parts();
        Findings {
            process: parts.closed.map(str::to_owned),
            parts: ask(&parts.lives).chain(ask(&parts.checks)).collect(),
        }
    }

    /// Asks whether the process is alive.
    pub fn live(&self) -> Findings {
        Findings {
            process: None,
            parts: ask(&self.parts().lives).collect(),
        }
    }

    fn parts(&self) -> std::sync::MutexGuard<'_, Parts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn ask(checks: &[Check]) -> impl Iterator<Item = (Box<str>, Option<String>)> {
    checks
        .iter()
        .map(|check| (check.name.clone(), (check.ask)().err()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

    #[test]
    fn the_reason_is_in_the_text() {
        let health = Health::starting();
        let is_assigned = Arc::new(AtomicBool::new(false));
        let asked = is_assigned.clone();
        health.require("orders", move || match asked.load(Relaxed) {
            true => Ok(()),
            false => Err("no broker answers: \"localhost:9092\"".to_owned()),
        });
        assert_eq!(
            health.ready().json("ready"),
            concat!(
                "{\"ready\":false,\"reason\":\"starting\",\"parts\":[{\"name\":\"orders\",\"ready\":false,",
                "\"reason\":\"no broker answers: \\\"localhost:9092\\\"\"}]}\n"
            )
        );
        health.open();
        assert!(!health.ready().are_good());
        is_assigned.store(true, Relaxed);
        assert!(health.ready().are_good());
        assert_eq!(health.live().json("live"), "{\"live\":true,\"parts\":[]}\n");
        health.require_for_life("shard 0", || Err("it has died".to_owned()));
        assert!(!health.live().are_good() && !health.ready().are_good());
    }
}
