//! Definitions from files, read again when they change.
//!
//! Changes are found by asking for size and time: it works on every file system and on Kubernetes'
//! swapped links, and needs no library. Must not know threads: somebody calls [`Files::poll`] every few
//! seconds. Invariant: a file that is being written is left alone until it has rested for one poll.

use super::{Definition, Outcome, Refused, Registry};
use crate::asl::Format;
use crate::clock::since_1970;
use crate::metrics::Metrics;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Largest definition: AWS's limit is 1 MiB of JSON, and YAML has room for comments.
pub const DEFINITION_BYTES_MAX: u64 = 8 << 20;

/// One state machine's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The state machine's name.
    pub state_machine: String,
    /// Where its definition is.
    pub path: PathBuf,
    /// What `${Name}` stands for.
    pub substitutions: BTreeMap<String, String>,
}

/// Why a file's definition was not published.
#[derive(Debug)]
pub enum LoadError {
    /// The file cannot be read.
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// It was read and refused.
    Refused(Refused),
}

impl fmt::Display for LoadError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Unreadable { path, reason } => {
                write!(out, "cannot read the definition {}: {reason}", path.display())
            }
            LoadError::Refused(refused) => refused.fmt(out),
        }
    }
}

impl std::error::Error for LoadError {}

/// The outcome that only who asks to read again wants to hear of.
const UNCHANGED: &str = "unchanged";

/// Size and time of a file: what is compared to see whether it has changed.
type Stamp = Option<(u64, Duration)>;

/// The files of a registry.
pub struct Files<B> {
    registry: Arc<Registry<B>>,
    metrics: Metrics,
    files: Vec<Watched>,
}

struct Watched {
    file: File,
    /// As it was when it was last read.
    read: Stamp,
    /// As it was at the last poll.
    seen: Stamp,
}

impl<B> Files<B> {
    /// Creates the watch over a registry's files; nothing is read yet.
    pub fn new(registry: Arc<Registry<B>>, metrics: Metrics, files: Vec<File>) -> Files<B> {
        let files = files.into_iter().map(|file| Watched {
            file,
            read: None,
            seen: None,
        });
        Files {
            registry,
            metrics,
            files: files.collect(),
        }
    }

    /// Reads and publishes all files, at start.
    ///
    /// # Errors
    /// The state machines that cannot be published, and why.
    pub fn load(&mut self) -> Result<(), Vec<(String, LoadError)>> {
        let registry = &self.registry;
        let failures = self.files.iter_mut().filter_map(|watched| {
            let result = watched.read(registry);
            Some((watched.file.state_machine.clone(), result.err()?))
        });
        let failures: Vec<_> = failures.collect();
        if failures.is_empty() {
            Ok(())
        } else {
            Err(failures)
        }
    }

    /// Reads files that have changed since they were last read and not since the last poll.
    pub fn poll(&mut self) {
        for watched in &mut self.files {
            let now = stamp(&watched.file.path);
            let has_rested = now == watched.seen;
            watched.seen = now;
            // A file that is gone for a moment is being replaced.
            if now.is_some() && now != watched.read && has_rested {
                let outcome = watched.reload(&self.registry);
                // A file that was only touched: nobody asked.
                if outcome != UNCHANGED {
                    self.metrics.reloaded(&watched.file.state_machine, outcome);
                }
            }
        }
    }

    /// Reads all files again, changed or not: SIGHUP.
    pub fn reload(&mut self) {
        for watched in &mut self.files {
            let outcome = watched.reload(&self.registry);
            self.metrics.reloaded(&watched.file.state_machine, outcome);
        }
    }
}

impl Watched {
    /// Reads the file and says what came of it: in the diagnostics, and as a word for the metrics.
    fn reload<B>(&mut self, registry: &Registry<B>) -> &'static str {
        let result = self.read(registry);
        let (state_machine, file) = (&*self.file.state_machine, self.file.path.display());
        match &result {
            Ok(Outcome::Published(revision)) => {
                tracing::info!(state_machine, %file, %revision, "new definition: new executions run it");
                "published"
            }
            Ok(Outcome::Unchanged(revision)) => {
                tracing::info!(state_machine, %file, %revision, "the definition has not changed");
                UNCHANGED
            }
            Err(error) => {
                let stays = registry.revision(state_machine);
                let stays = stays.as_ref().map_or("none", |revision| revision.as_str());
                tracing::error!(state_machine, %file, revision = stays, "new definition refused, the old one stays: {error}");
                match error {
                    LoadError::Refused(_) => "refused",
                    LoadError::Unreadable { .. } => "unreadable",
                }
            }
        }
    }

    fn read<B>(&mut self, registry: &Registry<B>) -> Result<Outcome, LoadError> {
        let path = &self.file.path;
        // Before reading: a change that comes meanwhile is seen at the next poll.
        self.read = stamp(path);
        self.seen = self.read;
        let text = read(path).map_err(|reason| LoadError::Unreadable {
            path: path.clone(),
            reason,
        })?;
        let origin = path.display().to_string();
        let definition = Definition {
            state_machine: &self.file.state_machine,
            origin: &origin,
            text: &text,
            format: Format::of_file_name(&origin),
            substitutions: &self.file.substitutions,
        };
        registry.publish(&definition).map_err(LoadError::Refused)
    }
}

fn stamp(path: &Path) -> Stamp {
    let data = std::fs::metadata(path).ok()?;
    Some((data.len(), since_1970(data.modified().ok()?)))
}

fn read(path: &Path) -> Result<String, String> {
    let length = std::fs::metadata(path).map_err(|error| words(&error))?.len();
    if length > DEFINITION_BYTES_MAX {
        return Err(format!("it has {length} bytes, more than {DEFINITION_BYTES_MAX}"));
    }
    let bytes = std::fs::read(path).map_err(|error| words(&error))?;
    let broken = |error: std::string::FromUtf8Error| {
        let at = error.utf8_error().valid_up_to();
        format!("it is not UTF-8 text: a broken character at byte {at}")
    };
    String::from_utf8(bytes).map_err(broken)
}

fn words(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "it may not be read (permission denied)".to_owned(),
        _ => error.to_string(),
    }
}
