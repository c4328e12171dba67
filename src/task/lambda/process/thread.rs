//! The thread on which a fleet lives.
//!
//! It is started where the configuration is read, not by a shard: it and its processes must not inherit the core to which a
//! shard is pinned. Must not know calls. Invariant: when it has ended, so have all its processes.

use super::command::Command;
use super::counts::Counts;
use super::fleet::Fleet;
use super::instance::Instance;
use super::invocation::Invocation;
use super::process;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What a fleet is told. Bounded by the shards' limits on waiting calls.
pub(super) enum Message {
    Call(Invocation),
    Stop,
}

/// A fleet on its thread.
pub(super) struct Thread {
    pub(super) messages: UnboundedSender<Message>,
    pub(super) counts: Arc<Counts>,
    /// Closed when the thread has ended.
    ended: std::sync::Mutex<Receiver<()>>,
}

impl Thread {
    /// Starts a thread; no process yet.
    ///
    /// # Errors
    /// When the system does not give one.
    pub(super) fn start(command: Arc<Command>) -> std::io::Result<Thread> {
        let (messages, received) = unbounded_channel();
        let (alive, ended) = sync_channel(0);
        let counts = Arc::new(Counts::default());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let of_thread = counts.clone();
        std::thread::Builder::new()
            .name("functions".to_owned())
            .spawn(move || {
                let local = tokio::task::LocalSet::new();
                local.block_on(&runtime, work(command, of_thread, received));
                drop(local);
                runtime.shutdown_background();
                drop::<SyncSender<()>>(alive);
            })?;
        Ok(Thread {
            messages,
            counts,
            ended: std::sync::Mutex::new(ended),
        })
    }

    /// Ends all processes; returns when they have ended, or after so long.
    pub(super) fn stop(&self, longest: Duration) {
        let _ = self.messages.send(Message::Stop);
        let ended = self
            .ended
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        // Nothing is ever sent: it says that the thread has ended.
        let _ = ended.recv_timeout(longest);
    }
}

async fn work(command: Arc<Command>, counts: Arc<Counts>, mut messages: UnboundedReceiver<Message>) {
    let (starts, started) = unbounded_channel();
    let fleet = Rc::new(Fleet::new(command, counts, starts));
    tokio::task::spawn_local(start_all(Rc::downgrade(&fleet), started));
    while let Some(Message::Call(invocation)) = messages.recv().await {
        fleet.push(invocation);
    }
    fleet.stop().await;
    messages.close();
    while let Some(message) = messages.recv().await {
        if let Message::Call(invocation) = message {
            invocation.leaves_queue();
            invocation.answer(Err(super::words::stopping()));
        }
    }
}

/// Starts the processes that a fleet wants, until it is gone.
async fn start_all(fleet: Weak<Fleet>, mut starts: UnboundedReceiver<Rc<Instance>>) {
    while let (Some(instance), Some(fleet)) = (starts.recv().await, fleet.upgrade()) {
        tokio::task::spawn_local(async move {
            process::run(&fleet, &instance).await;
            fleet.ended(&instance);
        });
    }
}
