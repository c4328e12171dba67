//! The part of librdkafka's consumer that rdkafka's safe interface does not have: queues shared by
//! partitions, batches, commits that answer to a queue.
//!
//! Owns the memory of the messages of a batch. Must not know shards' work or groups. Invariant: every
//! object here keeps the consumer alive that it belongs to, and goes before it.
#![allow(unsafe_code)] // Calls into librdkafka; each block says why it is sound.

use crate::stream::Wake;
use crate::stream::kafka::shared::client::{Consumer, TopicPartition};
use crate::stream::kafka::shared::native_event::{Event, bytes};
use rdkafka::bindings as rd;
use rdkafka::consumer::Consumer as _;
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};
use std::ffi::{CStr, c_void};
use std::ptr;
use std::sync::Arc;

/// Makes a client know brokers that it may have forgotten. A single broker that is about to stop may answer
/// that the cluster has none; librdkafka believes it, drops the only address it has, and stays alone
/// (librdkafka issue 5301, seen in 2.12.1).
pub(super) fn add_brokers(consumer: &Consumer, brokers: &CStr) {
    // SAFETY: the client is alive, the text ends with NUL; librdkafka copies it, and skips what it knows.
    unsafe { rd::rd_kafka_brokers_add(consumer.client().native_ptr(), brokers.as_ptr()) };
}

/// The queue from which one shard takes the events of its partitions.
pub(super) struct ShardQueue {
    queue: *mut rd::rd_kafka_queue_t,
    // librdkafka has its address.
    _wake: Box<Wake>,
    consumer: Arc<Consumer>,
}

// SAFETY: librdkafka's queues are locked inside; `Wake` and the consumer are `Send` and `Sync`.
unsafe impl Send for ShardQueue {}
// SAFETY: as above.
unsafe impl Sync for ShardQueue {}

impl ShardQueue {
    /// Creates the queue; `wake` is called when it is no longer empty.
    pub(super) fn new(consumer: &Arc<Consumer>, wake: Wake) -> ShardQueue {
        // SAFETY: the client is alive.
        let queue = unsafe { rd::rd_kafka_queue_new(consumer.client().native_ptr()) };
        let wake = Box::new(wake);
        // SAFETY: `wake` lives until `drop` has taken the callback away.
        unsafe {
            let opaque = ptr::from_ref(&*wake).cast_mut().cast();
            rd::rd_kafka_queue_cb_event_enable(queue, Some(wake_shard), opaque);
        }
        ShardQueue {
            queue,
            _wake: wake,
            consumer: Arc::clone(consumer),
        }
    }

    /// Sends the events of a partition to this queue. Before the partition is assigned; librdkafka keeps
    /// such a route when it starts fetching. Returns whether it is done.
    pub(super) fn forward(&self, topic: &CStr, number: i32) -> bool {
        // SAFETY: client and both queues are alive; the reference to the partition's queue is given back.
        unsafe {
            let client = self.consumer.client().native_ptr();
            let partition = rd::rd_kafka_queue_get_partition(client, topic.as_ptr(), number);
            if !partition.is_null() {
                rd::rd_kafka_queue_forward(partition, self.queue);
                rd::rd_kafka_queue_destroy(partition);
            }
            !partition.is_null()
        }
    }
}

impl Drop for ShardQueue {
    fn drop(&mut self) {
        // SAFETY: the consumer is alive, it is a field. Callbacks run under the queue's lock, which taking one
        // away takes too: afterwards nobody has the address of `_wake`. Partitions that are still forwarded
        // here hold the inner queue themselves.
        unsafe {
            rd::rd_kafka_queue_cb_event_enable(self.queue, None, ptr::null_mut());
            rd::rd_kafka_queue_destroy(self.queue);
        }
    }
}

unsafe extern "C" fn wake_shard(_: *mut rd::rd_kafka_t, wake: *mut c_void) {
    // SAFETY: it is the address of the queue's boxed `Wake`, which outlives the callback's registration.
    let wake: &Wake = unsafe { &*wake.cast_const().cast() };
    wake.wake();
}

/// The events that a shard has taken last.
pub(super) struct Batch {
    taken: Vec<*mut rd::rd_kafka_message_t>,
    queue: Arc<ShardQueue>,
}

// SAFETY: messages belong to no thread; reading their headers writes into them, but only through a `Batch`,
// which is not `Sync`.
unsafe impl Send for Batch {}

impl Batch {
    pub(super) fn new(queue: Arc<ShardQueue>) -> Batch {
        Batch {
            taken: Vec::new(),
            queue,
        }
    }

    /// Gives the last events back and takes up to `max` new ones. Never waits.
    pub(super) fn take(&mut self, max: usize) -> usize {
        self.clear();
        self.taken.reserve(max);
        // SAFETY: there is room for `max` pointers; librdkafka writes as many as it returns, all valid.
        unsafe {
            let count = rd::rd_kafka_consume_batch_queue(self.queue.queue, 0, self.taken.as_mut_ptr(), max);
            self.taken.set_len(usize::try_from(count).unwrap_or(0));
        }
        self.taken.len()
    }

    pub(super) fn len(&self) -> usize {
        self.taken.len()
    }

    /// Returns an event.
    ///
    /// # Panics
    /// When there is none at that place.
    pub(super) fn at(&self, at: usize) -> &Event {
        // SAFETY: `Event` is the message in disguise, and lives until the batch lets go of it.
        unsafe { &*self.taken[at].cast_const().cast() }
    }

    /// Gives back the events for which `keep` says no.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&Event) -> bool) {
        self.taken.retain(|message| {
            // SAFETY: as in `at`.
            let kept = keep(unsafe { &*message.cast_const().cast() });
            if !kept {
                // SAFETY: it is ours and leaves the vector now.
                unsafe { rd::rd_kafka_message_destroy(*message) };
            }
            kept
        });
    }

    fn clear(&mut self) {
        for message in self.taken.drain(..) {
            // SAFETY: it is ours, and the consumer is alive: the queue holds it.
            unsafe { rd::rd_kafka_message_destroy(message) };
        }
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Holds librdkafka's object of a topic, so that its address stands for the topic while this lives.
pub(super) struct Topic {
    topic: *mut rd::rd_kafka_topic_t,
    _consumer: Arc<Consumer>,
}

// SAFETY: only its address is read; librdkafka counts references atomically.
unsafe impl Send for Topic {}

impl Topic {
    pub(super) fn new(consumer: &Arc<Consumer>, name: &CStr) -> Topic {
        // SAFETY: the client is alive; no configuration means the default one.
        let topic =
            unsafe { rd::rd_kafka_topic_new(consumer.client().native_ptr(), name.as_ptr(), ptr::null_mut()) };
        Topic {
            topic,
            _consumer: Arc::clone(consumer),
        }
    }

    pub(super) fn address(&self) -> usize {
        self.topic.addr()
    }
}

impl Drop for Topic {
    fn drop(&mut self) {
        if !self.topic.is_null() {
            // SAFETY: our one reference, given back once.
            unsafe { rd::rd_kafka_topic_destroy(self.topic) };
        }
    }
}

/// Asks for a commit; the consumer's poll brings the answer to its context.
///
/// # Errors
/// When nothing was asked.
pub(super) fn commit(consumer: &Consumer, offsets: &TopicPartitionList) -> Result<(), RDKafkaErrorCode> {
    let client = consumer.client().native_ptr();
    // SAFETY: the client is alive; the list is copied; the reference to the queue is given back.
    let code = unsafe {
        let queue = rd::rd_kafka_queue_get_consumer(client);
        let code = rd::rd_kafka_commit_queue(client, offsets.ptr(), queue, None, ptr::null_mut());
        if !queue.is_null() {
            rd::rd_kafka_queue_destroy(queue);
        }
        code
    };
    match code {
        rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR => Ok(()),
        code => Err(code.into()),
    }
}

/// Returns the metadata of each element of a list. What is not text is as good as none: rdkafka's own
/// reader would panic on it, and another program may have committed it.
pub(super) fn metadata(list: &TopicPartitionList) -> Vec<String> {
    let of = |element: &rd::rd_kafka_topic_partition_t| {
        // SAFETY: the element's own pointer and length.
        let bytes = unsafe { bytes(element.metadata, element.metadata_size) };
        String::from_utf8(bytes.unwrap_or_default().to_vec()).unwrap_or_default()
    };
    // SAFETY: the list is alive and has `cnt` elements.
    let elements = unsafe {
        let list = &*list.ptr();
        match list.elems.is_null() {
            true => &[],
            false => std::slice::from_raw_parts(list.elems, usize::try_from(list.cnt).unwrap_or(0)),
        }
    };
    elements.iter().map(of).collect()
}

/// Returns up to where the events of partitions were taken, in their order, as far as any were: behind markers of
/// transactions and aborted events too.
pub(super) fn taken(consumer: &Consumer, names: &[TopicPartition]) -> Vec<Option<i64>> {
    let mut list = TopicPartitionList::with_capacity(names.len());
    for (topic, number) in names {
        list.add_partition(topic, *number);
    }
    // SAFETY: the client is alive; the list is ours, and librdkafka writes offsets into it.
    let code = unsafe { rd::rd_kafka_position(consumer.client().native_ptr(), list.ptr()) };
    if code != rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
        return vec![None; names.len()];
    }
    let offset = |(topic, number): &TopicPartition| match list.find_partition(topic, *number)?.offset() {
        Offset::Offset(offset) => Some(offset),
        _ => None,
    };
    names.iter().map(offset).collect()
}

/// Returns the newest known offset after a partition's events, as the last fetch told it.
pub(super) fn known_high(consumer: &Consumer, topic: &CStr, number: i32) -> Option<i64> {
    let (mut low, mut high) = (-1, -1);
    // SAFETY: the client is alive; both places are ours.
    let code = unsafe {
        let client = consumer.client().native_ptr();
        rd::rd_kafka_get_watermark_offsets(client, topic.as_ptr(), number, &mut low, &mut high)
    };
    (code == rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0).then_some(high)
}
