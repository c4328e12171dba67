//! Shards on threads: start, stop, join.
//!
//! Must not know what a shard does. Invariant: whoever holds a handle learns that the shard is over, also after a panic.

use super::mailbox::{Address, Mailbox, mailbox};
use super::parts::Parts;
use super::shard::Shard;
use super::stop::Stop;
use crate::clock::Now;
use crate::guard;
use crate::stream::Wake;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A shard on its thread.
pub struct Handle {
    thread: JoinHandle<Result<(), Failure>>,
    /// Loses its other end when the thread is over.
    over: Receiver<()>,
    stop: Stop,
    wake: Wake,
    address: Address,
}

/// Why a shard did not run to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It could not be put together.
    Start(String),
    /// It panicked: what it had in flight runs again after a restart (async).
    Panicked(String),
    /// It did not end in time; what it had in flight runs again after a restart (async).
    Late,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Start(message) => write!(f, "a shard could not start: {message}"),
            Failure::Panicked(message) => write!(f, "a shard panicked: {message}"),
            Failure::Late => f.write_str("a shard did not end in time and is left behind"),
        }
    }
}

impl std::error::Error for Failure {}

/// Starts a shard on a thread of its own.
///
/// `build` makes the parts on that thread, given `wake`, which wakes the shard. `core` pins it. `ended` is called on
/// the thread when the shard is over, whatever the reason.
///
/// # Errors
/// When the thread cannot be started.
pub fn spawn(
    name: &str,
    core: Option<core_affinity::CoreId>,
    wake: Wake,
    build: impl FnOnce(&Wake) -> Result<Parts, String> + Send + 'static,
    ended: impl FnOnce() + Send + 'static,
) -> std::io::Result<Handle> {
    let stop = Stop::default();
    let (shard_wake, shard_stop) = (wake.clone(), stop.clone());
    let (address, mailbox) = mailbox(wake.clone());
    let (working, over) = crossbeam_channel::bounded(0);
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        let _working: Sender<()> = working;
        let ended = Ended(Some(ended));
        let result = run(build, core, mailbox, &shard_wake, &shard_stop);
        drop(ended);
        result
    })?;
    Ok(Handle {
        thread,
        over,
        stop,
        wake,
        address,
    })
}

/// Calls back when it goes, also in a panic.
struct Ended<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Drop for Ended<F> {
    fn drop(&mut self) {
        if let Some(ended) = self.0.take() {
            ended();
        }
    }
}

fn run(
    build: impl FnOnce(&Wake) -> Result<Parts, String>,
    core: Option<core_affinity::CoreId>,
    mailbox: Mailbox,
    wake: &Wake,
    stop: &Stop,
) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Start(error.to_string()))?;
    let local = tokio::task::LocalSet::new();
    let result = local.block_on(&runtime, async {
        let parts = build(wake).map_err(Failure::Start)?;
        if let Some(core) = core {
            // After `build`: threads inherit the core, and those of the clients made there have work of their own. A
            // machine that does not let us pin runs us all the same.
            core_affinity::set_for_current(core);
        }
        let mut shard = Shard::new(parts, Now::system());
        shard.listen(mailbox);
        shard.run(wake, stop).await;
        Ok(())
    });
    drop(local);
    // What still runs in the background must not hold up the end.
    runtime.shutdown_background();
    result
}

impl Handle {
    /// Lets the shard take no more calls; events and orders still come, and what runs goes on.
    pub fn close(&self) {
        self.address.close();
    }

    /// Asks the shard to stop: it takes no more events, and running executions may take so long.
    pub fn stop(&self, drain: Duration) {
        self.stop.request(Instant::now() + drain);
        self.wake.wake();
    }

    /// Returns where the shard is reached while it runs: for workflows that come and go, and for calls.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Returns what wakes the shard.
    pub fn wake(&self) -> &Wake {
        &self.wake
    }

    /// Says whether the shard is over.
    pub fn is_over(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits until the shard is over, at the longest so long.
    ///
    /// # Errors
    /// When it is not over by then, could not start, or panicked.
    pub fn join_within(self, longest: Duration) -> Result<(), Failure> {
        match self.over.recv_timeout(longest) {
            Err(RecvTimeoutError::Timeout) => Err(Failure::Late),
            Ok(()) | Err(RecvTimeoutError::Disconnected) => self.join(),
        }
    }

    /// Waits until the shard is over.
    ///
    /// # Errors
    /// When it could not start, or panicked.
    pub fn join(self) -> Result<(), Failure> {
        let over = self.thread.join();
        over.unwrap_or_else(|panic| Err(Failure::Panicked(guard::message(&*panic))))
    }
}
