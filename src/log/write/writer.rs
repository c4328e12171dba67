//! The one writer of all machines' logs: few threads, each for a kind of place, to which machines come and from which they
//! go.
//!
//! Owns which thread serves which machine. Must not know how anything is written. Invariants: the number of threads does
//! not grow with that of machines; a machine's log ends by itself when its [`Buffer`]s are gone and all is written.

use super::bell::Bell;
use super::buffer::PARCELS_MAX;
use super::destination::{Inbox, Output, RETRY_MAX, SinkFactory};
use super::disk::RealDisk;
use super::files::Files;
use super::lines::LineLog;
use super::stdout::Stdout;
use super::topic::TopicLog;
use super::{Buffer, Config, Destination, Health, lines, topics};
use crate::clock::{monotonic_ms, wall_ms};
use crate::stream::Wake;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Most threads that write files. Machines share one if their files are in one folder: a disk that hangs stops those of
/// its folder.
const FILE_THREADS_MAX: usize = 4;

/// Most machines that come before their thread has taken them up.
const NEWCOMERS_MAX: usize = 64;

/// What a machine's log is opened with.
pub struct Setup<'a> {
    /// The workflow's name: in file names and messages.
    pub workflow: &'a str,
    /// Its `[workflow.log]`.
    pub config: &'a Config,
    /// One for each shard, in order.
    pub wakes: &'a [Wake],
}

/// Why a log cannot be written from the start; the text names the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartError(pub String);

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}

/// The writer of all machines' logs. Its threads begin with the first machine that needs them, and end when it is gone and
/// all logs are over.
#[derive(Default)]
pub struct Writer {
    /// How to reach Kafka, until the first machine needs it.
    sink: Option<SinkFactory>,
    stdout: Option<Thread<LineLog>>,
    topics: Option<Thread<TopicLog>>,
    files: Vec<Thread<LineLog>>,
    /// The folders of files; each has the thread of its place among them.
    folders: Vec<PathBuf>,
}

/// One of its threads: where machines come in.
struct Thread<L> {
    newcomers: Sender<L>,
    bell: Bell,
}

/// One machine's log at the writer.
pub struct Log {
    health: Arc<Health>,
    ended: Receiver<Result<(), String>>,
    /// Dropped to say: try no more.
    stop: Option<Sender<()>>,
    bell: Bell,
}

impl Writer {
    /// Creates a writer. `sink` makes what all topics are written to; without it there are none.
    pub fn new(sink: Option<SinkFactory>) -> Writer {
        Writer {
            sink,
            ..Writer::default()
        }
    }

    /// Opens a machine's log, and returns a buffer for each shard.
    ///
    /// # Errors
    /// When the folder of the files cannot be used, or there is no sink for a topic.
    pub fn open(&mut self, setup: &Setup<'_>) -> Result<(Log, Vec<Buffer>), StartError> {
        let config = setup.config;
        match config.destination {
            Destination::Stdout => {
                let out = Stdout::open().map_err(|error| StartError(format!("stdout: {error}")))?;
                self.open_stdout(setup, Box::new(out), monotonic_ms)
            }
            Destination::File => {
                let folder = &config.file.directory;
                let (limits, now_ms) = (config.file.limits(), monotonic_ms());
                let disk = Box::new(RealDisk);
                let files = Files::start(disk, folder, setup.workflow, limits, |_| wall_ms(), now_ms);
                let files = files.map_err(|error| {
                    let folder = folder.display();
                    StartError(format!("workflow.log.file.directory: {folder}: {error}"))
                })?;
                self.open_file(setup, Box::new(files), monotonic_ms)
            }
            Destination::Kafka => {
                let kafka = config.kafka.as_ref();
                let kafka = kafka.ok_or_else(|| missing("workflow.log.kafka"))?;
                self.open_topic(setup, &kafka.topic)
            }
        }
    }

    /// Returns how many threads there are.
    #[cfg(test)]
    pub(super) fn threads(&self) -> usize {
        self.files.len() + usize::from(self.stdout.is_some()) + usize::from(self.topics.is_some())
    }

    /// Opens a log on stdout.
    pub(super) fn open_stdout(
        &mut self,
        setup: &Setup<'_>,
        output: Box<dyn Output>,
        clock: fn() -> i64,
    ) -> Result<(Log, Vec<Buffer>), StartError> {
        if self.stdout.is_none() {
            self.stdout = Some(Thread::start("log stdout", lines::run)?);
        }
        let log = move |inbox| LineLog::new(inbox, output, clock);
        self.stdout
            .as_ref()
            .map_or_else(no_thread, |thread| thread.open(setup, log))
    }

    /// Opens a log in the folder of its configuration.
    pub(super) fn open_file(
        &mut self,
        setup: &Setup<'_>,
        output: Box<dyn Output>,
        clock: fn() -> i64,
    ) -> Result<(Log, Vec<Buffer>), StartError> {
        let folder = &setup.config.file.directory;
        let known = self.folders.iter().position(|known| known == folder);
        let place = known.unwrap_or_else(|| {
            self.folders.push(folder.clone());
            self.folders.len() - 1
        });
        let place = place % FILE_THREADS_MAX;
        if place == self.files.len() {
            self.files.push(Thread::start("log files", lines::run)?);
        }
        let log = move |inbox| LineLog::new(inbox, output, clock);
        self.files
            .get(place)
            .map_or_else(no_thread, |thread| thread.open(setup, log))
    }

    fn open_topic(&mut self, setup: &Setup<'_>, topic: &str) -> Result<(Log, Vec<Buffer>), StartError> {
        if self.topics.is_none() {
            let sink = self.sink.take().ok_or_else(|| missing("kafka.brokers"))?;
            let run = |newcomers, wake| topics::run(newcomers, sink, wake);
            self.topics = Some(Thread::start("log topics", run)?);
        }
        let log = |inbox| TopicLog::new(inbox, topic);
        self.topics
            .as_ref()
            .map_or_else(no_thread, |thread| thread.open(setup, log))
    }
}

fn missing(key: &str) -> StartError {
    StartError(format!("{key}: needed for destination = \"kafka\""))
}

fn no_thread<T>() -> Result<T, StartError> {
    Err(StartError("no thread for the log".to_owned()))
}

impl<L: Send + 'static> Thread<L> {
    /// Starts a thread that serves machines.
    fn start<F: Future<Output = ()>>(
        name: &str,
        run: impl FnOnce(Receiver<L>, Wake) -> F + Send + 'static,
    ) -> Result<Thread<L>, StartError> {
        let failed = |error: std::io::Error| StartError(format!("no thread for the log: {error}"));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        let runtime = runtime.map_err(failed)?;
        let (newcomers, incoming) = bounded(NEWCOMERS_MAX);
        let wake = Wake::new();
        let bell = Bell::new(wake.clone());
        let thread = std::thread::Builder::new().name(name.to_owned());
        let thread = thread.spawn(move || runtime.block_on(run(incoming, wake)));
        thread.map_err(failed)?;
        Ok(Thread { newcomers, bell })
    }

    /// Brings a machine to the thread.
    fn open(
        &self,
        setup: &Setup<'_>,
        log: impl FnOnce(Inbox) -> L,
    ) -> Result<(Log, Vec<Buffer>), StartError> {
        let health = Arc::new(Health::default());
        // Room for all that the shards may have on the way: handing over never waits.
        let capacity = setup.wakes.len() * PARCELS_MAX as usize;
        let (parcels_in, parcels) = bounded(capacity);
        let ends = setup.wakes.iter().enumerate().map(|(shard, wake)| {
            let (parcels, bell) = (parcels_in.clone(), self.bell.clone());
            Buffer::new(shard, wake.clone(), parcels, bell, setup.config.overflow, &health)
        });
        let (buffers, returns) = ends.unzip();
        let (stop, stopped) = bounded(0);
        let (end, ended) = bounded(1);
        let inbox = Inbox {
            parcels,
            returns,
            stop: stopped,
            health: Arc::clone(&health),
            workflow: setup.workflow.to_owned(),
            ended: Some(end),
        };
        let sent = self.newcomers.try_send(log(inbox));
        sent.map_err(|_| StartError("the log's writer does not answer".to_owned()))?;
        self.bell.ring();
        let log = Log {
            health,
            ended,
            stop: Some(stop),
            bell: self.bell.clone(),
        };
        Ok((log, buffers))
    }
}

impl Log {
    /// Returns its counters and its state.
    pub fn health(&self) -> Arc<Health> {
        Arc::clone(&self.health)
    }

    /// Waits until everything is written and closed; all buffers must be gone by then. After `timeout` it
    /// gives up what a failing destination does not take.
    ///
    /// # Errors
    /// When something was not written; it was never confirmed.
    pub fn finish(mut self, timeout: Duration) -> Result<(), String> {
        let mut ended = self.ended.recv_timeout(timeout);
        if ended == Err(RecvTimeoutError::Timeout) {
            self.stop = None;
            self.bell.ring();
            ended = self.ended.recv_timeout(RETRY_MAX);
        }
        match ended {
            Ok(result) => result,
            Err(RecvTimeoutError::Timeout) => Err("the log's destination does not answer".to_owned()),
            Err(RecvTimeoutError::Disconnected) => Err("the log's writer has failed".to_owned()),
        }
    }
}
