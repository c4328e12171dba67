//! Events in, messages out: what a shard knows of the outside world.
//!
//! A [`Source`] brings one workflow's events to one shard, a [`Sink`] takes what a shard produces, and a [`Committer`]
//! makes a [`Checkpoint`] stand: what leaves with one commit. All are shard-side ends: used by one thread, never
//! blocking, woken through a [`Wake`]. [`offsets`] says which offset is safe to commit, [`memory`] is a source and a sink
//! without a broker, `kafka` (with the feature of that name) the real ones and the only user of rdkafka. Must not know
//! workflows, executions or logs. Invariant: an event handed to a shard is either completed by it in the partition's
//! [`offsets::Tracker`] or delivered again.

#[cfg(feature = "kafka")]
pub mod kafka;
pub mod memory;
pub mod offsets;
pub mod share;
pub mod topics;

use offsets::{Commit, Restored, Tracker};
use std::sync::Arc;
use std::time::Instant;

/// Names one assignment of a partition to a shard; not reused while the source lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartitionId(pub u32);

/// One event, borrowed from the batch that [`Source::fill`] took.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    /// The assignment it came through.
    pub partition: PartitionId,
    /// Its position in the partition.
    pub offset: i64,
    /// When it was produced, in milliseconds since 1970; 0 when not known.
    pub timestamp_ms: i64,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its value; `None` is a tombstone.
    pub value: Option<&'a [u8]>,
    /// Its headers, read when asked for.
    pub headers: &'a dyn Headers,
}

/// The headers of an event, in order; names may repeat.
pub trait Headers {
    /// Visits each header, in order. There is no access by index: loops over it would be quadratic where a header
    /// is only found by passing those before it, and events choose how many there are.
    fn each<'a>(&'a self, visit: &mut dyn FnMut(&'a str, Option<&'a [u8]>));

    /// Says whether there are headers that cannot be read; none is visited then.
    fn are_unreadable(&self) -> bool {
        false
    }

    /// Returns the value of the last header with a name.
    fn last(&self, name: &str) -> Option<&[u8]> {
        let mut found = None;
        self.each(&mut |known, value| {
            if known == name {
                found = value;
            }
        });
        found
    }
}

/// An event without headers.
impl Headers for () {
    fn each<'a>(&'a self, _visit: &mut dyn FnMut(&'a str, Option<&'a [u8]>)) {}
}

/// What has changed for a shard's partitions.
#[derive(Debug)]
pub enum Change {
    /// Events of a partition will come.
    Assigned {
        /// How its records name it.
        partition: PartitionId,
        /// The topic.
        topic: Arc<str>,
        /// The partition's number in the topic.
        number: i32,
        /// Where it goes on, and what is finished above that; from the commit and its metadata.
        restored: Restored,
    },
    /// The partition goes to another member: finish what runs, at the latest `until`, commit, then
    /// [`Committer::release`] it. Its records no longer arrive. May come again, also when it was just released: the
    /// earliest time holds.
    Revoked {
        /// Which.
        partition: PartitionId,
        /// When waiting for running executions ends.
        until: Instant,
    },
    /// The partition is somebody else's already: forget it, commit nothing.
    Lost {
        /// Which.
        partition: PartitionId,
    },
    /// A commit that was asked for with [`Committer::commit`] was answered.
    Committed {
        /// Which partition.
        partition: PartitionId,
        /// The offset of the commit.
        offset: i64,
        /// Whether the broker has it. After an error nobody knows; the source has read back what is
        /// committed where it could.
        result: Result<(), CommitError>,
    },
    /// All events below an offset have come: what is missing below it is none (markers of transactions, aborted
    /// events, gaps). Comes after the events themselves, when the source has read to the end of what is there.
    Passed {
        /// Which partition.
        partition: PartitionId,
        /// Where the next event may be.
        offset: i64,
    },
    /// No more events will come: the input is at its end (`--until-end`, a memory source).
    Ended,
}

/// Why a commit is not known to stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommitError {
    /// The partition belongs to another member, or this member was fenced.
    NotOwner,
    /// No answer, or an error that may pass; the text is the client's.
    Unknown(String),
}

/// What leaves with one commit of a partition: the events that are settled, and where reading goes on without them. All
/// of it stands, or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which partition.
    pub partition: PartitionId,
    /// The offset, and its metadata.
    pub commit: Commit,
    /// How many events are settled since the last one: all that they leave behind has arrived.
    pub settled: u64,
}

impl Checkpoint {
    /// Takes what has finished in a partition since its last checkpoint, with the commit that says so.
    pub fn take(partition: PartitionId, commit: Commit, tracker: &mut Tracker) -> Checkpoint {
        Checkpoint {
            partition,
            commit,
            settled: tracker.take_settled(),
        }
    }
}

/// Makes checkpoints stand: the control thread of a consumer, by a commit of the group.
pub trait Committer {
    /// Asks for a checkpoint's commit; [`Change::Committed`] answers if `answered`. The last one asked for wins.
    fn commit(&mut self, checkpoint: &Checkpoint, answered: bool);

    /// Gives a revoked partition back, with its last checkpoint; `None` commits nothing.
    fn release(&mut self, partition: PartitionId, last: Option<&Checkpoint>);
}

/// The shard-side end of a source: the events of one workflow for one shard.
///
/// Call [`fill`](Source::fill), then handle all of [`changes`](Source::change), then read the records:
/// every record's partition has been announced by then. A shard that takes no more (its limits are
/// reached) simply does not call `fill`; the source stops fetching when its own bounded queue is full.
pub trait Source: Committer {
    /// Takes up to `max` events that are there; those of the last call are gone. Never blocks.
    fn fill(&mut self, max: usize) -> usize;

    /// Returns one of the events that the last [`Source::fill`] took.
    ///
    /// # Panics
    /// When `at` is not below what `fill` returned.
    fn record(&self, at: usize) -> Record<'_>;

    /// Returns the next change, if any.
    fn change(&mut self) -> Option<Change>;
}

/// Wakes a shard that waits; cheap to clone and to call from any thread.
#[derive(Clone, Debug, Default)]
pub struct Wake(Arc<tokio::sync::Notify>);

impl Wake {
    /// Creates one for a shard.
    pub fn new() -> Wake {
        Wake::default()
    }

    /// Wakes the shard, now or when it is about to wait.
    pub fn wake(&self) {
        self.0.notify_one();
    }

    /// Waits until somebody wakes.
    pub async fn woken(&self) {
        self.0.notified().await;
    }
}

/// One of a sink's destinations, resolved: a topic, until it is [closed](Sink::close).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TopicId(pub u32);

/// A message to produce; copied by [`Sink::send`].
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Where to.
    pub topic: TopicId,
    /// Which partition; `None` leaves it to the partitioner (`murmur2_random` of the key).
    pub partition: Option<i32>,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its value.
    pub value: Option<&'a [u8]>,
    /// Its headers, in order.
    pub headers: &'a [(&'a str, Option<&'a [u8]>)],
}

/// A message that has no more memory than its own: one that was not taken or not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returned {
    /// Where it was to go.
    pub topic: TopicId,
    /// Which partition it had, whether it was asked for or chosen.
    pub partition: Option<i32>,
    /// Its key.
    pub key: Option<Box<[u8]>>,
    /// Its value.
    pub value: Option<Box<[u8]>>,
    /// Its headers, in order.
    pub headers: Vec<(String, Option<Box<[u8]>>)>,
}

impl Returned {
    /// Copies a message.
    pub fn copy(message: &Message<'_>) -> Returned {
        let headers = message.headers.iter();
        Returned {
            topic: message.topic,
            partition: message.partition,
            key: message.key.map(Box::from),
            value: message.value.map(Box::from),
            headers: headers
                .map(|(name, value)| ((*name).to_owned(), value.map(Box::from)))
                .collect(),
        }
    }

    /// Returns how many bytes the message takes.
    pub fn bytes(&self) -> usize {
        let of = |part: &Option<Box<[u8]>>| part.as_deref().map_or(0, <[u8]>::len);
        let headers = self.headers.iter();
        let headers = headers.map(|header| size_of_val(header) + header.0.len() + of(&header.1));
        of(&self.key) + of(&self.value) + headers.sum::<usize>()
    }

    /// Hands the message to a sink.
    ///
    /// # Errors
    /// See [`Sink::send`].
    pub fn send(&self, sink: &mut dyn Sink, ticket: Ticket) -> Result<(), SendError> {
        self.with(|message| sink.send(message, ticket))
    }

    /// Returns what it takes of a sink's queue, see [`share`].
    pub fn cost(&self) -> usize {
        self.with(share::cost)
    }

    fn with<T>(&self, use_it: impl FnOnce(&Message<'_>) -> T) -> T {
        let headers = self.headers.iter();
        let headers: Vec<_> = headers
            .map(|(name, value)| (name.as_str(), value.as_deref()))
            .collect();
        use_it(&Message {
            topic: self.topic,
            partition: self.partition,
            key: self.key.as_deref(),
            value: self.value.as_deref(),
            headers: &headers,
        })
    }
}

/// Names a message until it is acknowledged; the shard's own number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket(pub u64);

/// Why a message was not taken, or not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendError {
    /// The sink's queue is full: try again after some acknowledgements.
    Full,
    /// This message cannot be delivered as long as things are as they are (no such topic, not allowed).
    Refused(String),
    /// This message is larger than the topic takes.
    TooLarge(String),
    /// It was not delivered in time; trying again may help.
    Failed(String),
}

impl SendError {
    /// Says whether trying again helps only when something outside has changed.
    pub fn is_refusal(&self) -> bool {
        matches!(self, SendError::Refused(_) | SendError::TooLarge(_))
    }
}

impl std::fmt::Display for SendError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            SendError::Full => "the queue is full",
            SendError::Refused(text) | SendError::TooLarge(text) | SendError::Failed(text) => text,
        })
    }
}

impl std::error::Error for SendError {}

/// The shard-side end of a sink.
pub trait Sink {
    /// Returns the handle of a topic by name; the same name gives the same handle as long as somebody has it. Not for
    /// each message.
    fn topic(&mut self, name: &str) -> TopicId;

    /// Gives a handle back that [`Sink::topic`] returned, when none of the caller's messages to it is on its way. Returns
    /// whether it was the last one: the topic is forgotten then, and the handle may be another's. A sink that keeps
    /// its topics forgets none.
    fn close(&mut self, _topic: TopicId) -> bool {
        false
    }

    /// Hands a message over. Never blocks.
    ///
    /// # Errors
    /// When it is not taken; a message that was taken is answered by [`Sink::acknowledged`].
    fn send(&mut self, message: &Message<'_>, ticket: Ticket) -> Result<(), SendError>;

    /// Takes the next answer, if any.
    fn acknowledged(&mut self) -> Option<(Ticket, Result<(), SendError>)>;

    /// Hands back the message whose answer [`Sink::acknowledged`] returned last, if that was an error; once.
    /// So nobody else has to keep a copy of what is nearly always delivered.
    fn returned(&mut self) -> Option<Returned>;

    /// Sends what is buffered on its way without waiting; called at the end of each batch.
    fn push(&mut self);

    /// Returns how much the sink holds before it is [`SendError::Full`]: bytes of messages, each with
    /// [`share::MESSAGE_OVERHEAD`] more. It does not change.
    fn capacity(&self) -> usize {
        usize::MAX
    }
}
