//! Definitions from files, read again when they change.
//!
//! Changes are found by asking for size and time: it works on every file system and on Kubernetes'
//! swapped links, and needs no library. Must not know threads: somebody calls [`Files::poll`] every few
//! seconds. Invariant: a file that is being written is left alone until it has rested for one poll.

use super::address::{Address, read};
use super::{Definition, Outcome, Refused, Registry};
use crate::asl::Format;
use crate::clock::since_1970;
use crate::embedded::{Container, Request};
use crate::metrics::Metrics;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// One state machine's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The state machine's name.
    pub state_machine: String,
    /// Where its definition is: a file, or `FILE#Name`.
    pub path: PathBuf,
    /// What `${Name}` stands for.
    pub substitutions: BTreeMap<String, String>,
    /// What the pseudo parameters of a template stand for, such as `AWS::Region`.
    pub pseudo_parameters: BTreeMap<String, String>,
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
    address: Address,
    /// The file beside the template that has the definition.
    beside: Option<PathBuf>,
    /// As it was when it was last read.
    read: Stamp,
    /// As it was at the last poll.
    seen: Stamp,
}

impl<B> Files<B> {
    /// Creates the watch over a registry's files; nothing is read yet.
    pub fn new(registry: Arc<Registry<B>>, metrics: Metrics, files: Vec<File>) -> Files<B> {
        let files = files.into_iter().map(|file| Watched {
            address: Address::of(&file.path),
            beside: None,
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
            let now = watched.stamp();
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

    /// Returns size and time of the file, together with those of the one beside it.
    fn stamp(&self) -> Stamp {
        let own = stamp(&self.address.file);
        match &self.beside {
            None => own,
            Some(beside) => together(own, stamp(beside)),
        }
    }

    fn read<B>(&mut self, registry: &Registry<B>) -> Result<Outcome, LoadError> {
        // Before reading: a change that comes meanwhile is seen at the next poll.
        // The file may have come only now, and tells where its name ends.
        self.address = Address::of(&self.file.path);
        self.beside = None;
        self.read = self.stamp();
        self.seen = self.read;
        let unreadable = |reason| LoadError::Unreadable {
            path: self.file.path.clone(),
            reason,
        };
        let text = read(&self.address.file).map_err(unreadable)?;
        if let Some(container) = self.address.open(&text).map_err(unreadable)? {
            return self.publish_from(&container, registry);
        }
        let path = &self.file.path;
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

    /// Publishes a definition that stands in a file of another kind.
    fn publish_from<B>(
        &mut self,
        container: &Container,
        registry: &Registry<B>,
    ) -> Result<Outcome, LoadError> {
        let origin = self.address.file.display().to_string();
        let invalid = |origin: &str, errors| {
            LoadError::Refused(Refused::Invalid {
                origin: origin.to_owned(),
                errors,
            })
        };
        if !container.problems().is_empty() {
            return Err(invalid(&origin, container.problems().to_vec()));
        }
        let index = self
            .address
            .choose(container)
            .map_err(|reason| LoadError::Unreadable {
                path: self.file.path.clone(),
                reason,
            })?;
        let mut given = self.file.pseudo_parameters.clone();
        given.extend(self.file.substitutions.clone());
        let address = &self.address;
        let beside = RefCell::new(None);
        let request = Request {
            given: &given,
            is_strict: true,
            beside: &|path| {
                let path = address.beside(path);
                // Before reading, as with the file itself.
                *beside.borrow_mut() = Some((path.clone(), stamp(&path)));
                read(&path)
            },
        };
        let found = container.definition(index, &request);
        self.beside = beside.into_inner().map(|(path, seen)| {
            self.read = together(self.read, seen);
            self.seen = self.read;
            path
        });
        if !found.faults().is_empty() {
            return Err(invalid(found.file().name, found.faults().to_vec()));
        }
        let source = found.source();
        let definition = Definition {
            state_machine: &self.file.state_machine,
            origin: source.name,
            text: source.text,
            format: source.format,
            substitutions: found.substitutions(),
        };
        registry.publish(&definition).map_err(|mut refused| {
            if let Refused::Invalid { errors, .. } = &mut refused {
                found.locate(errors);
            }
            LoadError::Refused(refused)
        })
    }
}

fn together(one: Stamp, other: Stamp) -> Stamp {
    let ((bytes, changed), (more, also_changed)) = (one?, other?);
    Some((bytes.wrapping_add(more), changed.max(also_changed)))
}

fn stamp(path: &Path) -> Stamp {
    let data = std::fs::metadata(path).ok()?;
    Some((data.len(), since_1970(data.modified().ok()?)))
}
