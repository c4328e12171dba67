//! The shard's end: records are appended here, whole buffers are handed over.

use super::bell::Bell;
use super::{Health, Overflow};
use crate::stream::Wake;
use crossbeam_channel::{Receiver, Sender, TrySendError};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A buffer of this size is handed over without being asked. At 128 KiB a write call costs less than 3 %
/// of the copying it does, and a buffer still fits the second-level cache.
pub const BUFFER_BYTES: usize = 128 * 1024;

/// Most buffers of one shard that are handed over and not confirmed.
pub const PARCELS_MAX: u64 = 16;

/// Most bytes of one shard that are handed over and not confirmed when another buffer follows: few buffers that large
/// executions have filled take no more than many small ones.
pub const WAITING_BYTES_MAX: usize = PARCELS_MAX as usize * BUFFER_BYTES;

/// A buffer that one huge run has grown beyond this gives the memory back when it returns.
const BUFFER_KEEP_BYTES: usize = 4 * BUFFER_BYTES;

/// A full buffer on its way to the writer.
pub(super) struct Parcel {
    pub(super) bytes: Vec<u8>,
    /// Which of the writer's shards it comes from.
    pub(super) shard: usize,
    /// Its number, rising by one.
    pub(super) number: u64,
}

/// The writer's end of one shard: where confirmations and empty buffers go.
pub(super) struct Return {
    confirmed: Arc<AtomicU64>,
    spares: Sender<Vec<u8>>,
    wake: Wake,
    health: Arc<Health>,
}

impl Return {
    /// Confirms a parcel and all before it, gives its buffer back and wakes the shard.
    pub(super) fn confirm(&self, number: u64, mut bytes: Vec<u8>) {
        self.health.confirmed(bytes.len());
        bytes.clear();
        bytes.shrink_to(BUFFER_KEEP_BYTES);
        // There is room for all buffers that exist; when the shard is gone nobody wants it.
        let _ = self.spares.try_send(bytes);
        self.confirmed.store(number, Ordering::Release);
        self.wake.wake();
    }
}

/// Records of one workflow on one shard, on their way out. Belongs to the shard's thread.
///
/// Append with [`Buffer::records`], take a [`Buffer::mark`] for the execution that has just been written,
/// call [`Buffer::ship`] then, and once a batch with `force`; the execution's records are out when
/// [`Buffer::confirmed`] has reached its mark. While [`Buffer::is_full`] the shard takes no new events of
/// the workflow.
pub struct Buffer {
    bytes: Vec<u8>,
    /// Number of the last parcel that was handed over.
    shipped: u64,
    confirmed: Arc<AtomicU64>,
    parcels: Sender<Parcel>,
    spares: Receiver<Vec<u8>>,
    /// Wakes the writer.
    bell: Bell,
    overflow: Overflow,
    health: Arc<Health>,
    shard: usize,
    /// Bytes of the parcels that were handed over and not confirmed when it was last looked, the oldest first.
    on_their_way: VecDeque<usize>,
}

impl Buffer {
    /// Creates both ends for one shard, which `wake` wakes.
    pub(super) fn new(
        shard: usize,
        wake: Wake,
        parcels: Sender<Parcel>,
        bell: Bell,
        overflow: Overflow,
        health: &Arc<Health>,
    ) -> (Buffer, Return) {
        let confirmed = Arc::new(AtomicU64::new(0));
        let (spares_in, spares) = crossbeam_channel::bounded(PARCELS_MAX as usize + 1);
        let buffer = Buffer {
            bytes: Vec::with_capacity(BUFFER_BYTES + BUFFER_BYTES / 4),
            shipped: 0,
            confirmed: Arc::clone(&confirmed),
            parcels,
            spares,
            bell,
            overflow,
            health: Arc::clone(health),
            shard,
            on_their_way: VecDeque::new(),
        };
        let back = Return {
            confirmed,
            spares: spares_in,
            wake,
            health: Arc::clone(health),
        };
        (buffer, back)
    }

    /// Returns where records are appended: whole lines, each with its newline.
    #[inline]
    pub fn records(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Returns the number that [`Buffer::confirmed`] must reach before what was appended so far is out.
    /// Ask only for an execution that appended something; with `overflow = "drop"` nothing waits.
    #[inline]
    pub fn mark(&mut self) -> u64 {
        match self.overflow {
            Overflow::Drop => 0,
            Overflow::Block if self.bytes.is_empty() => self.shipped,
            Overflow::Block => self.shipped + 1,
        }
    }

    /// Returns the number up to which everything has left the process.
    #[inline]
    pub fn confirmed(&self) -> u64 {
        self.confirmed.load(Ordering::Acquire)
    }

    /// Says whether the writer does not keep up: no new events of this workflow, please. Never with
    /// `overflow = "drop"`.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.overflow == Overflow::Block && self.bytes.len() >= BUFFER_BYTES && !self.has_room()
    }

    /// Hands the buffer over when it has [`BUFFER_BYTES`], or anything at all and `force`. Never waits: when
    /// the writer has [`PARCELS_MAX`] or [`WAITING_BYTES_MAX`] already the records stay, or go (`overflow = "drop"`).
    pub fn ship(&mut self, force: bool) {
        let due = self.bytes.len() >= BUFFER_BYTES || (force && !self.bytes.is_empty());
        if !due {
            return;
        }
        if !self.has_room() {
            return self.overflows();
        }
        let spare = self.spares.try_recv();
        let spare = spare.unwrap_or_else(|_| Vec::with_capacity(BUFFER_BYTES + BUFFER_BYTES / 4));
        let parcel = Parcel {
            bytes: std::mem::replace(&mut self.bytes, spare),
            shard: self.shard,
            number: self.shipped + 1,
        };
        let bytes = parcel.bytes.len();
        // Counted first: the writer may confirm it before we are back.
        self.health.shipped(bytes);
        match self.parcels.try_send(parcel) {
            Ok(()) => {
                self.shipped += 1;
                self.on_their_way.push_back(bytes);
                self.bell.ring();
            }
            Err(TrySendError::Full(parcel) | TrySendError::Disconnected(parcel)) => {
                self.health.confirmed(bytes);
                self.bytes = parcel.bytes;
                self.overflows();
            }
        }
    }

    /// Returns how many bytes have not left the process.
    pub fn bytes_waiting(&mut self) -> usize {
        let unconfirmed = self.shipped - self.confirmed();
        while self.on_their_way.len() as u64 > unconfirmed {
            self.on_their_way.pop_front();
        }
        self.bytes.len() + self.on_their_way.iter().sum::<usize>()
    }

    fn has_room(&self) -> bool {
        let unconfirmed = self.shipped - self.confirmed();
        let newest = self.on_their_way.iter().rev().take(unconfirmed as usize);
        unconfirmed < PARCELS_MAX && newest.sum::<usize>() < WAITING_BYTES_MAX
    }

    /// Drops what is buffered, if that is wanted and there is no room for more.
    fn overflows(&mut self) {
        if self.overflow == Overflow::Drop && self.bytes.len() >= BUFFER_BYTES {
            self.discard();
        }
    }

    fn discard(&mut self) {
        let records = memchr::memchr_iter(b'\n', &self.bytes).count();
        self.health.dropped(records, self.bytes.len());
        self.bytes.clear();
        self.bytes.shrink_to(BUFFER_KEEP_BYTES);
    }
}

impl Drop for Buffer {
    /// Hands over what is left: the last records of a shard that ends. What finds no room was never
    /// confirmed.
    fn drop(&mut self) {
        self.ship(true);
        if self.overflow == Overflow::Drop {
            self.discard();
        }
    }
}
