//! The one writer of all machines' logs: few threads, each for a kind of place, to which machines come and from which they
//! go.
//!
//! Owns which thread serves which machine. Must not know how anything is written. Invariants: the number of threads does
//! not grow with that of machines; a machine's log ends by itself when its [`Buffer`]s are gone and all is written.

use super::bell::Bell;
use super::buffer::PARCELS_MAX;
use super::cloudwatch::{self, CloudLog, CloudWatchFactory};
use super::destination::{Inbox, Output, RETRY_MAX, SinkFactory};
use super::disk::RealDisk;
use super::files::Files;
use super::lines::LineLog;
use super::stdout::Stdout;
use super::topic::TopicLog;
use super::{Buffer, CloudWatchConfig, Config, Destination, Health, lines, topics};
use crate::clock::{monotonic_ms, wall_ms};
use crate::stream::Wake;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};
use rustc_hash::FxHasher;
use std::hash::{Hash, Hasher};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Most threads that write files. Machines share one if their files are in one folder and wait for the disk alike, so a
/// disk that hangs stops those of its folder. Beyond this many, folders share threads, too.
const FILE_THREADS_MAX: usize = 16;

/// How long the end of a writer waits for what reaches Kafka: its client must not be cut short by the process's end.
const TOPICS_END_MAX: Duration = Duration::from_secs(1);

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
pub struct Writer {
    /// How to reach Kafka.
    sink: Option<SinkFactory>,
    /// How to reach CloudWatch Logs, until the first machine needs it.
    cloudwatch_factory: Option<CloudWatchFactory>,
    stdout: Option<Thread<LineLog>>,
    topics: Option<Thread<TopicLog>>,
    cloudwatch: Option<Thread<CloudLog>>,
    files: Vec<FileThread>,
}

/// A thread that writes files.
struct FileThread {
    /// The folder for which it was started, and whether it waits for the disk there.
    folder: PathBuf,
    fsync: bool,
    thread: Thread<LineLog>,
}

/// One of its threads: where machines come in.
struct Thread<L> {
    /// Bounded by the machines that there are.
    newcomers: Sender<L>,
    bell: Bell,
    /// Disconnected when it has ended.
    over: Receiver<()>,
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
            cloudwatch_factory: None,
            stdout: None,
            topics: None,
            cloudwatch: None,
            files: Vec::new(),
        }
    }

    /// Says how to reach CloudWatch Logs; without it no log goes there.
    #[must_use]
    pub fn with_cloudwatch(mut self, factory: CloudWatchFactory) -> Writer {
        self.cloudwatch_factory = Some(factory);
        self
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
            Destination::CloudWatch => {
                let needed = "needed for destination = \"cloudwatch\"";
                let cloudwatch = config.cloudwatch.clone();
                let cloudwatch =
                    cloudwatch.ok_or_else(|| StartError(format!("workflow.log.cloudwatch: {needed}")))?;
                self.open_cloudwatch(setup, cloudwatch)
            }
        }
    }

    /// Returns how many threads there are.
    #[cfg(test)]
    pub(super) fn threads(&self) -> usize {
        let single = [
            self.stdout.is_some(),
            self.topics.is_some(),
            self.cloudwatch.is_some(),
        ];
        self.files.len() + single.into_iter().filter(|is_there| *is_there).count()
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
        let place = self.file_thread(setup.config)?;
        let log = move |inbox| LineLog::new(inbox, output, clock);
        self.files
            .get(place)
            .map_or_else(no_thread, |files| files.thread.open(setup, log))
    }

    /// Returns the place of the thread that writes the files of a configuration.
    fn file_thread(&mut self, config: &Config) -> Result<usize, StartError> {
        let (folder, fsync) = (&config.file.directory, config.file.fsync);
        let is_theirs = |files: &FileThread| files.folder == *folder && files.fsync == fsync;
        if let Some(place) = self.files.iter().position(is_theirs) {
            return Ok(place);
        }
        if self.files.len() == FILE_THREADS_MAX {
            let mut hasher = FxHasher::default();
            (folder, fsync).hash(&mut hasher);
            return Ok(hasher.finish() as usize % FILE_THREADS_MAX);
        }
        self.files.push(FileThread {
            folder: folder.clone(),
            fsync,
            thread: Thread::start("log files", lines::run)?,
        });
        Ok(self.files.len() - 1)
    }

    fn open_topic(&mut self, setup: &Setup<'_>, topic: &str) -> Result<(Log, Vec<Buffer>), StartError> {
        if self.topics.is_none() {
            let sink = self.sink.clone().ok_or_else(|| missing("kafka.brokers"))?;
            let run = |newcomers, wake| topics::run(newcomers, sink, wake);
            self.topics = Some(Thread::start("log topics", run)?);
        }
        let log = |inbox| TopicLog::new(inbox, topic);
        self.topics
            .as_ref()
            .map_or_else(no_thread, |thread| thread.open(setup, log))
    }
}

impl Writer {
    fn open_cloudwatch(
        &mut self,
        setup: &Setup<'_>,
        config: CloudWatchConfig,
    ) -> Result<(Log, Vec<Buffer>), StartError> {
        if self.cloudwatch.is_none() {
            let factory = self.cloudwatch_factory.take();
            let factory =
                factory.ok_or_else(|| StartError("nothing here reaches CloudWatch Logs".to_owned()))?;
            let run = |newcomers, wake| cloudwatch::run(newcomers, factory, wake);
            self.cloudwatch = Some(Thread::start("log cloudwatch", run)?);
        }
        let log = |inbox| CloudLog::new(inbox, config);
        self.cloudwatch
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
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(failed)?;
        let (newcomers, incoming) = unbounded();
        let (alive, over) = bounded::<()>(0);
        let wake = Wake::new();
        let bell = Bell::new(wake.clone());
        let thread = std::thread::Builder::new().name(name.to_owned());
        let thread = thread.spawn(move || {
            let _alive = alive;
            runtime.block_on(run(incoming, wake));
        });
        thread.map_err(failed)?;
        Ok(Thread {
            newcomers,
            bell,
            over,
        })
    }

    /// Takes no more machines, and waits so long at most until it has ended.
    fn end(self, longest: Duration) {
        let Thread {
            newcomers,
            bell,
            over,
        } = self;
        drop(newcomers);
        bell.ring();
        // Nothing is ever sent: it says that the thread has ended.
        let _ = over.recv_timeout(longest);
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
        let sent = self.newcomers.send(log(inbox));
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

impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(topics) = self.topics.take() {
            topics.end(TOPICS_END_MAX);
        }
    }
}

/// Waits until the logs of all workflows are written and closed, as [`Log::finish`] does, but for all of them at once:
/// destinations that fail are given up together. Returns those that were not written, and why.
pub fn finish_all(logs: Vec<(String, Log)>, timeout: Duration) -> Vec<(String, String)> {
    let until = Instant::now() + timeout;
    let left = |until: Instant| until.saturating_duration_since(Instant::now());
    let wait = |log: &Log, until| log.ended.recv_timeout(left(until));
    let mut ends: Vec<_> = logs.iter().map(|(_, log)| wait(log, until)).collect();
    let mut logs = logs;
    for (_, log) in &mut logs {
        log.stop = None;
        log.bell.ring();
    }
    let until = Instant::now() + RETRY_MAX;
    let mut failed = Vec::new();
    for ((workflow, log), end) in logs.into_iter().zip(ends.drain(..)) {
        let end = match end {
            Err(RecvTimeoutError::Timeout) => wait(&log, until),
            end => end,
        };
        if let Err(problem) = result_of(end) {
            failed.push((workflow, problem));
        }
    }
    failed
}

fn result_of(end: Result<Result<(), String>, RecvTimeoutError>) -> Result<(), String> {
    match end {
        Ok(result) => result,
        Err(RecvTimeoutError::Timeout) => Err("the log's destination does not answer".to_owned()),
        Err(RecvTimeoutError::Disconnected) => Err("the log's writer has failed".to_owned()),
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
        result_of(ended)
    }
}
