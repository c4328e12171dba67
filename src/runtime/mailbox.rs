//! The way from other threads to a shard that runs: orders about its workflows, and calls.
//!
//! Both ways are bounded and never block: what finds no room is refused. Orders have a way of their own, so that they do
//! not wait behind calls. Must not know what orders and calls come to. Invariant: a call that was taken is answered, or its
//! channel closes.

use super::call::{Call, CallEnd, Refused};
use super::lane_id::{LaneId, ShardId};
use super::parts::LaneParts;
use super::removed::{Removed, RemovedReply};
use crate::execution::machine::Version;
use crate::stream::Wake;
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::Instant;
use tokio::sync::oneshot;

/// Most orders that wait for a shard's next turn.
pub const ORDERS_MAX: usize = 64;

/// Most calls that wait for a shard's next turn.
pub const CALLS_MAX: usize = 64;

/// Most bytes of them, beside what is on the shard's account: they are there for a turn only.
pub const CALL_BYTES_MAX: usize = 4 << 20;

/// Puts the parts of a lane together, on the shard's thread.
type Build = Box<dyn FnOnce() -> Result<LaneParts, String> + Send>;

/// Tells the name of a lane that has come, or why it could not.
type Added = oneshot::Sender<Result<LaneId, String>>;

/// What a shard is told of its workflows.
pub(super) enum Order {
    Add {
        build: Build,
        added: Added,
    },
    Publish {
        lane: LaneId,
        version: Version,
    },
    Remove {
        lane: LaneId,
        until: Instant,
        removed: RemovedReply,
    },
}

/// What both ends of a mailbox know.
struct Shared {
    /// Whose it is.
    shard: ShardId,
    /// Whether no more calls are taken.
    is_closed: AtomicBool,
    /// Bytes of the calls that wait.
    call_bytes: AtomicUsize,
}

impl Shared {
    fn new() -> Arc<Shared> {
        Arc::new(Shared {
            shard: ShardId::next(),
            is_closed: AtomicBool::new(false),
            call_bytes: AtomicUsize::new(0),
        })
    }
}

/// A call that waits, on the account of its mailbox: however it goes, it is taken off.
struct Waiting {
    call: Option<Call>,
    bytes: usize,
    shared: Arc<Shared>,
}

impl Waiting {
    /// Puts a call on the account, if there is room for it.
    fn new(call: Call, shared: &Arc<Shared>) -> Result<Waiting, Refused> {
        let bytes = call.bytes();
        let waiting = Waiting {
            call: Some(call),
            bytes,
            shared: Arc::clone(shared),
        };
        // Whoever finds no room takes off again what it has added, so a smaller one beside it may be refused in vain.
        match shared.call_bytes.fetch_add(bytes, Relaxed) + bytes > CALL_BYTES_MAX {
            true => Err(Refused::Busy),
            false => Ok(waiting),
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.shared.call_bytes.fetch_sub(self.bytes, Relaxed);
    }
}

/// Where a running shard is reached, from any thread; clones reach the same one.
#[derive(Clone)]
pub struct Address {
    orders: Sender<Order>,
    calls: Sender<Waiting>,
    shared: Arc<Shared>,
    wake: Wake,
}

/// The shard's end.
pub struct Mailbox {
    orders: Receiver<Order>,
    calls: Receiver<Waiting>,
    shared: Arc<Shared>,
}

/// Makes a mailbox for the shard that `wake` wakes.
pub fn mailbox(wake: Wake) -> (Address, Mailbox) {
    let (orders, taken_orders) = bounded(ORDERS_MAX);
    let (calls, taken_calls) = bounded(CALLS_MAX);
    let shared = Shared::new();
    let address = Address {
        orders,
        calls,
        shared: Arc::clone(&shared),
        wake,
    };
    let mailbox = Mailbox {
        orders: taken_orders,
        calls: taken_calls,
        shared,
    };
    (address, mailbox)
}

impl Address {
    /// Gives the shard another workflow. The receiver hears the name of its lane, or why there is none.
    ///
    /// `build` runs on the shard's thread, which may be pinned and whose executions wait meanwhile: clients and other
    /// threads are made before and moved in.
    ///
    /// # Errors
    /// When the shard does not take orders now.
    pub fn add_lane(
        &self,
        build: impl FnOnce() -> Result<LaneParts, String> + Send + 'static,
    ) -> Result<oneshot::Receiver<Result<LaneId, String>>, Refused> {
        let (added, heard) = oneshot::channel();
        let build = Box::new(build);
        self.send(&self.orders, Order::Add { build, added })?;
        Ok(heard)
    }

    /// Returns the name of a lane that the shard begins with, by its place in [`Parts::lanes`](super::Parts::lanes).
    pub fn initial_lane(&self, place: usize) -> LaneId {
        LaneId {
            shard: self.shared.shard,
            index: place as u32,
            generation: place as u32,
        }
    }

    /// Lets a workflow's new executions run another version.
    ///
    /// # Errors
    /// When the shard does not take orders now, or the lane is another shard's.
    pub fn publish(&self, lane: LaneId, version: Version) -> Result<(), Refused> {
        self.check(lane)?;
        self.send(&self.orders, Order::Publish { lane, version })
    }

    /// Takes a workflow from the shard. What runs may take until then. The receiver hears when the workflow has left, at
    /// the latest [`FAREWELL`](super::FAREWELL) after that; it sees the channel close when the shard ends before.
    ///
    /// # Errors
    /// When the shard does not take orders now, or the lane is another shard's.
    pub fn remove_lane(
        &self,
        lane: LaneId,
        until: Instant,
    ) -> Result<oneshot::Receiver<Result<Removed, Refused>>, Refused> {
        self.check(lane)?;
        let (removed, heard) = oneshot::channel();
        self.send(&self.orders, Order::Remove { lane, until, removed })?;
        Ok(heard)
    }

    /// Asks for an execution, of whose end [`Call::reply`] hears.
    ///
    /// # Errors
    /// When the shard does not take calls now, or would take this one never.
    pub fn call(&self, call: Call) -> Result<(), Refused> {
        if self.shared.is_closed.load(Relaxed) {
            return Err(Refused::Stopping);
        }
        self.check(call.lane)?;
        call.check()?;
        self.send(&self.calls, Waiting::new(call, &self.shared)?)
    }

    /// Lets the shard take no more calls, also none of those that wait. What runs goes on.
    pub fn close(&self) {
        self.shared.is_closed.store(true, Relaxed);
    }

    /// Looks whether a lane is one of this shard.
    fn check(&self, lane: LaneId) -> Result<(), Refused> {
        match lane.shard == self.shared.shard {
            true => Ok(()),
            false => Err(Refused::Gone),
        }
    }

    fn send<T>(&self, way: &Sender<T>, what: T) -> Result<(), Refused> {
        way.try_send(what).map_err(|error| match error {
            TrySendError::Full(_) => Refused::Busy,
            TrySendError::Disconnected(_) => Refused::Stopping,
        })?;
        self.wake.wake();
        Ok(())
    }
}

impl Mailbox {
    /// Makes one that nothing comes to.
    pub(super) fn closed() -> Mailbox {
        Mailbox {
            orders: crossbeam_channel::never(),
            calls: crossbeam_channel::never(),
            shared: Shared::new(),
        }
    }

    /// Returns whose it is.
    pub(super) fn shard(&self) -> ShardId {
        self.shared.shard
    }

    /// Says whether no more calls are taken.
    pub(super) fn is_closed(&self) -> bool {
        self.shared.is_closed.load(Relaxed)
    }

    /// Returns the next order, if there is one.
    pub(super) fn order(&self) -> Option<Order> {
        self.orders.try_recv().ok()
    }

    /// Returns the next call, if there is one.
    pub(super) fn call(&self) -> Option<Call> {
        self.calls.try_recv().ok()?.call.take()
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        while let Some(call) = self.call() {
            // Who has gone away needs no answer.
            let _ = call.reply.send(CallEnd::Refused(Refused::Stopping));
        }
    }
}
