//! The writer's thread: takes buffers, writes them, confirms them; retries until it works.

use super::buffer::{PARCELS_MAX, Parcel};
use super::destination::{Inbox, Output, RETRY_MAX, RETRY_MIN, SinkFactory};
use super::disk::RealDisk;
use super::files::Files;
use super::stdout::Stdout;
use super::{Buffer, Config, Destination, Health, Overflow, topic};
use crate::clock::{monotonic_ms, wall_ms};
use crate::guard::guarded;
use crate::stream::Wake;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// Buffers that are written before they are confirmed together: one `fsync` serves them all.
const BATCH_PARCELS: usize = 8;

/// What a writer is started with.
pub struct Setup<'a> {
    /// The workflow's name: in file names and messages.
    pub workflow: &'a str,
    /// Its `[workflow.log]`.
    pub config: &'a Config,
    /// One for each shard, in order.
    pub wakes: &'a [Wake],
    /// How to reach Kafka; needed for `destination = "kafka"` only.
    pub sink: Option<SinkFactory>,
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

/// The writer of one workflow's log. It ends by itself when all its [`Buffer`]s are gone.
pub struct Writer {
    health: Arc<Health>,
    /// Dropped to say: try no more.
    stop: Option<Sender<()>>,
    ended: Receiver<Result<(), String>>,
    thread: Option<JoinHandle<()>>,
    /// Wakes a writer that does not wait on channels.
    notify: Option<Wake>,
}

impl Writer {
    /// Starts the writer of a workflow's destination, and returns a buffer for each shard.
    ///
    /// # Errors
    /// When the folder of the files cannot be used, or there is no sink for a topic.
    pub fn start(setup: Setup<'_>) -> Result<(Writer, Vec<Buffer>), StartError> {
        let config = setup.config;
        match config.destination {
            Destination::Stdout => {
                let out = Stdout::open().map_err(|error| StartError(format!("stdout: {error}")))?;
                Writer::spawn(&setup, Box::new(out), monotonic_ms)
            }
            Destination::File => {
                let folder = &config.file.directory;
                let now_ms = monotonic_ms();
                let limits = config.file.limits();
                let files = Files::start(
                    Box::new(RealDisk),
                    folder,
                    setup.workflow,
                    limits,
                    |_| wall_ms(),
                    now_ms,
                );
                let files = files.map_err(|error| {
                    let folder = folder.display();
                    StartError(format!("workflow.log.file.directory: {folder}: {error}"))
                })?;
                Writer::spawn(&setup, Box::new(files), monotonic_ms)
            }
            Destination::Kafka => {
                let Setup {
                    workflow,
                    wakes,
                    sink,
                    ..
                } = setup;
                let missing = |key: &str| StartError(format!("{key}: needed for destination = \"kafka\""));
                let kafka = config
                    .kafka
                    .as_ref()
                    .ok_or_else(|| missing("workflow.log.kafka"))?;
                let sink = sink.ok_or_else(|| missing("kafka.brokers"))?;
                let (topic, wake) = (kafka.topic.clone(), Wake::new());
                let thread_wake = wake.clone();
                let run = move |inbox| topic::run(inbox, &topic, sink, thread_wake);
                Writer::thread(workflow, wakes, config.overflow, Some(wake), run)
            }
        }
    }

    /// Starts a writer of lines.
    pub(super) fn spawn(
        setup: &Setup<'_>,
        output: Box<dyn Output>,
        clock: fn() -> i64,
    ) -> Result<(Writer, Vec<Buffer>), StartError> {
        let run = move |inbox| {
            let mut lines = Lines { inbox, output, clock };
            lines.run()
        };
        Writer::thread(setup.workflow, setup.wakes, setup.config.overflow, None, run)
    }

    fn thread(
        workflow: &str,
        wakes: &[Wake],
        overflow: Overflow,
        notify: Option<Wake>,
        run: impl FnOnce(Inbox) -> Result<(), String> + Send + 'static,
    ) -> Result<(Writer, Vec<Buffer>), StartError> {
        let health = Arc::new(Health::default());
        // Room for all that the shards may have on the way: handing over never waits.
        let capacity = wakes.len() * PARCELS_MAX as usize;
        let (parcels_in, parcels) = crossbeam_channel::bounded(capacity);
        let ends = wakes.iter().enumerate().map(|(shard, wake)| {
            let (parcels, notify) = (parcels_in.clone(), notify.clone());
            Buffer::new(shard, wake.clone(), parcels, notify, overflow, &health)
        });
        let (buffers, returns) = ends.unzip();
        let (stop, stopped) = crossbeam_channel::bounded(0);
        let (end, ended) = crossbeam_channel::bounded(1);
        let inbox = Inbox {
            parcels,
            returns,
            stop: stopped,
            health: Arc::clone(&health),
            workflow: workflow.to_owned(),
        };
        let thread = std::thread::Builder::new().name(format!("log {workflow}"));
        let broken = Arc::clone(&health);
        let thread = thread.spawn(move || {
            let written = guarded(|| run(inbox)).unwrap_or_else(|message| Err(broken.breaks(&message)));
            // Nobody may be waiting for the end any more.
            let _ = end.send(written);
        });
        let thread = thread.map_err(|error| StartError(format!("no thread for the log: {error}")))?;
        let writer = Writer {
            health,
            stop: Some(stop),
            ended,
            thread: Some(thread),
            notify,
        };
        Ok((writer, buffers))
    }

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
        if let Some(wake) = &self.notify {
            wake.wake();
        }
        let mut ended = self.ended.recv_timeout(timeout);
        if ended == Err(RecvTimeoutError::Timeout) {
            self.stop = None;
            if let Some(wake) = &self.notify {
                wake.wake();
            }
            ended = self.ended.recv_timeout(RETRY_MAX);
        }
        match ended {
            Ok(result) => {
                // It has said its last word; a panic would have been seen as a lost channel.
                let _ = self.thread.take().map(JoinHandle::join);
                result
            }
            Err(RecvTimeoutError::Timeout) => Err("the log's destination does not answer".to_owned()),
            Err(RecvTimeoutError::Disconnected) => Err("the log's writer has failed".to_owned()),
        }
    }
}

/// Writes buffers of lines to an output.
struct Lines {
    inbox: Inbox,
    output: Box<dyn Output>,
    clock: fn() -> i64,
}

impl Lines {
    fn run(&mut self) -> Result<(), String> {
        let mut batch = Vec::with_capacity(BATCH_PARCELS);
        while self.take(&mut batch) {
            self.write_all(&mut batch)?;
        }
        let closed = self.output.close((self.clock)());
        closed.map_err(|error| format!("{}: {error}", self.output.place()))
    }

    /// Waits for buffers, with an eye on the time; `false` when none will come.
    fn take(&mut self, batch: &mut Vec<Parcel>) -> bool {
        let mut retry = RETRY_MIN;
        loop {
            let now_ms = (self.clock)();
            let wait = self.output.due_ms().saturating_sub(now_ms);
            let mut wait = Duration::from_millis(wait.max(0).unsigned_abs());
            if wait.is_zero() {
                match self.output.tick(now_ms) {
                    Ok(()) => self.inbox.health.works(),
                    Err(error) => {
                        self.inbox.fails(&self.output.place(), &error);
                        retry = (retry * 2).min(RETRY_MAX);
                    }
                }
                // Not at once, or what fails would spin.
                wait = retry;
            }
            match self
                .inbox
                .parcels
                .recv_timeout(wait.min(Duration::from_secs(3_600)))
            {
                Ok(parcel) => {
                    batch.push(parcel);
                    batch.extend(self.inbox.parcels.try_iter().take(BATCH_PARCELS - 1));
                    return true;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
    }

    /// Writes a batch however long it takes, and confirms what is written as it goes.
    fn write_all(&mut self, batch: &mut Vec<Parcel>) -> Result<(), String> {
        let mut retry = RETRY_MIN;
        while let Err(error) = self.try_all(batch) {
            self.inbox.fails(&self.output.place(), &error);
            // Only ever disconnected: nobody sends on it.
            if self.inbox.stop.recv_timeout(retry) == Err(RecvTimeoutError::Disconnected) {
                let place = self.output.place();
                let _ = self.output.close((self.clock)());
                return Err(format!("{place}: {error}"));
            }
            retry = (retry * 2).min(RETRY_MAX);
        }
        self.inbox.health.works();
        Ok(())
    }

    fn try_all(&mut self, batch: &mut Vec<Parcel>) -> io::Result<()> {
        let now_ms = (self.clock)();
        let (mut done, mut result) = (0, Ok(()));
        for parcel in batch.iter() {
            result = self.output.write(&parcel.bytes, now_ms);
            if result.is_err() {
                break;
            }
            done += 1;
        }
        let settled = self.output.settle();
        if settled.is_ok() {
            for parcel in batch.drain(..done) {
                self.inbox.confirm(parcel);
            }
        }
        // The first error is the one that explains the other.
        result.and(settled)
    }
}
