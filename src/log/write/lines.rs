//! The thread that writes buffers of lines: to the files, or the stdout, of many machines in turn.
//!
//! Each has its own retries, so that one whose disk is full waits alone. Must not know which places there are. Invariant:
//! a machine's buffers are written in order, and confirmed when they are safe; one whose writing panics ends alone.

use super::buffer::Parcel;
use super::destination::{Inbox, Output, RETRY_MAX, RETRY_MIN};
use crate::guard::guarded;
use crate::stream::Wake;
use crossbeam_channel::{Receiver, TryRecvError};
use std::io;
use std::time::{Duration, Instant};

/// Buffers that are written before they are confirmed together: one `fsync` serves them all.
const BATCH_PARCELS: usize = 8;

/// How long the thread sleeps at most.
const SLEEP_MAX: Duration = Duration::from_secs(3_600);

/// One machine's log, with the place that it is written to.
pub(super) struct LineLog {
    inbox: Inbox,
    output: Box<dyn Output>,
    clock: fn() -> i64,
    /// What is taken and not confirmed.
    batch: Vec<Parcel>,
    retry: Duration,
    /// Nothing is tried before this.
    retry_at: Option<Instant>,
}

/// What a machine's turn has come to.
enum Turn {
    /// There may be more to do at once.
    Again,
    /// Nothing to do before so long, unless something comes.
    Sleep(Duration),
    /// All is written, or given up.
    Over(Result<(), String>),
}

/// Runs the thread, until no more machines can come and all logs are over.
pub(super) async fn run(newcomers: Receiver<LineLog>, wake: Wake) {
    let mut logs: Vec<LineLog> = Vec::new();
    loop {
        let is_open = loop {
            match newcomers.try_recv() {
                Ok(log) => logs.push(log),
                Err(TryRecvError::Empty) => break true,
                Err(TryRecvError::Disconnected) => break false,
            }
        };
        let mut sleep = SLEEP_MAX;
        logs.retain_mut(|log| {
            let turn = guarded(|| log.turn());
            let turn = turn.unwrap_or_else(|message| Turn::Over(Err(log.inbox.health.breaks(&message))));
            match turn {
                Turn::Again => sleep = Duration::ZERO,
                Turn::Sleep(wanted) => sleep = sleep.min(wanted),
                Turn::Over(result) => log.inbox.end(result),
            }
            !log.inbox.is_over()
        });
        if logs.is_empty() && !is_open {
            return;
        }
        if !sleep.is_zero() {
            // A time that has passed is over, woken or not.
            let _ = tokio::time::timeout(sleep, wake.woken()).await;
        }
    }
}

impl LineLog {
    pub(super) fn new(inbox: Inbox, output: Box<dyn Output>, clock: fn() -> i64) -> LineLog {
        LineLog {
            inbox,
            output,
            clock,
            batch: Vec::with_capacity(BATCH_PARCELS),
            retry: RETRY_MIN,
            retry_at: None,
        }
    }

    /// Writes one batch, or does what is due.
    fn turn(&mut self) -> Turn {
        let wait = self
            .retry_at
            .map(|at| at.saturating_duration_since(Instant::now()));
        if let Some(wait) = wait.filter(|wait| !wait.is_zero() && !self.inbox.is_stopped()) {
            return Turn::Sleep(wait);
        }
        self.retry_at = None;
        let may_come = self.fill();
        if !self.batch.is_empty() {
            return self.write();
        }
        let now_ms = (self.clock)();
        if !may_come {
            let closed = self.output.close(now_ms);
            return Turn::Over(closed.map_err(|error| format!("{}: {error}", self.output.place())));
        }
        let wait = self.output.due_ms().saturating_sub(now_ms);
        match wait.max(0).unsigned_abs() {
            0 => self.tick(now_ms),
            wait => Turn::Sleep(Duration::from_millis(wait)),
        }
    }

    /// Takes what has come, as far as it belongs to one batch; says whether more may come.
    fn fill(&mut self) -> bool {
        while self.batch.len() < BATCH_PARCELS {
            match self.inbox.parcels.try_recv() {
                Ok(parcel) => self.batch.push(parcel),
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
        true
    }

    /// Does what is due at a time.
    fn tick(&mut self, now_ms: i64) -> Turn {
        let ticked = self.output.tick(now_ms);
        match &ticked {
            Ok(()) => self.works(),
            Err(error) => self.fails(error),
        }
        // Not at once, or what fails would spin.
        Turn::Sleep(self.retry)
    }

    /// Tries to write the batch, and confirms what is written.
    fn write(&mut self) -> Turn {
        let Err(error) = self.try_all() else {
            self.works();
            return Turn::Again;
        };
        self.fails(&error);
        if self.inbox.is_stopped() {
            let place = self.output.place();
            let _ = self.output.close((self.clock)());
            return Turn::Over(Err(format!("{place}: {error}")));
        }
        Turn::Sleep(
            self.retry_at
                .map_or(self.retry, |at| at.saturating_duration_since(Instant::now())),
        )
    }

    fn works(&mut self) {
        self.inbox.health.works();
        self.retry = RETRY_MIN;
    }

    fn fails(&mut self, error: &io::Error) {
        self.inbox.fails(&self.output.place(), error);
        self.retry_at = Some(Instant::now() + self.retry);
        self.retry = (self.retry * 2).min(RETRY_MAX);
    }

    fn try_all(&mut self) -> io::Result<()> {
        let now_ms = (self.clock)();
        let (mut done, mut result) = (0, Ok(()));
        for parcel in &self.batch {
            result = self.output.write(&parcel.bytes, now_ms);
            if result.is_err() {
                break;
            }
            done += 1;
        }
        let settled = self.output.settle();
        if settled.is_ok() {
            for parcel in self.batch.drain(..done) {
                self.inbox.confirm(parcel);
            }
        }
        // The first error is the one that explains the other.
        result.and(settled)
    }
}
