//! The sink: parcels through a bounded channel to whoever reads the outbox.

use super::parcel::{Answer, Answers, Parcel};
use crate::stream::{Message, Returned, SendError, Sink, Ticket, TopicId, Wake};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Who acknowledges messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledge {
    /// The sink, as soon as they are in the outbox.
    AtOnce,
    /// Whoever reads the outbox, through [`Parcel::acknowledge`].
    WhenTold,
}

/// How much a sink holds before it is [`SendError::Full`].
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Parcels that wait in the outbox, of all shards together.
    pub parcels_max: usize,
    /// Messages of one shard that are not pushed yet.
    pub buffered_max: usize,
    /// Messages of one shard that are not acknowledged.
    pub unanswered_max: usize,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            parcels_max: 64,
            buffered_max: 4_096,
            unanswered_max: 100_000,
        }
    }
}

/// Creates the place where the messages of all shards arrive, and the desk that makes their sinks.
pub fn outbox(acknowledge: Acknowledge, bounds: Bounds) -> (Desk, Outbox) {
    let (sender, parcels) = bounded(bounds.parcels_max);
    let shared = Shared::default();
    let desk = Desk {
        sender,
        acknowledge,
        bounds,
        shared: shared.clone(),
    };
    (desk, Outbox { parcels, shared })
}

/// Makes the sinks of an outbox, one for each shard. When it and all its sinks are gone, the outbox ends.
#[derive(Clone, Debug)]
pub struct Desk {
    sender: Sender<Parcel>,
    acknowledge: Acknowledge,
    bounds: Bounds,
    shared: Shared,
}

impl Desk {
    /// Creates the sink of a shard.
    pub fn sink(&self, shard: usize, wake: &Wake) -> MemorySink {
        let answers = Answers::new(wake.clone());
        self.shared.lock().wakes.push(wake.clone());
        MemorySink {
            desk: self.clone(),
            parcel: Parcel::new(shard, answers.clone()),
            answers,
            taken: VecDeque::new(),
            tickets: Vec::new(),
            unanswered: 0,
            returned: None,
            refuse: None,
        }
    }
}

/// Where messages arrive.
#[derive(Debug)]
pub struct Outbox {
    parcels: Receiver<Parcel>,
    shared: Shared,
}

impl Outbox {
    /// Returns the next parcel, after waiting for one; `None` when there will be no more.
    pub fn take(&self) -> Option<Parcel> {
        self.parcels.recv().ok().inspect(|_| self.shared.wake())
    }

    /// Returns the next parcel if there is one.
    pub fn try_take(&self) -> Option<Parcel> {
        self.parcels.try_recv().ok().inspect(|_| self.shared.wake())
    }

    /// Returns the name of a topic.
    pub fn topic(&self, id: TopicId) -> Option<Arc<str>> {
        self.shared.name(id)
    }
}

/// The sink of one shard; see [`outbox()`].
pub struct MemorySink {
    desk: Desk,
    /// What is not pushed yet.
    parcel: Parcel,
    answers: Answers,
    /// Answers that were fetched together.
    taken: VecDeque<Answer>,
    /// Of the parcel being pushed; kept for its memory.
    tickets: Vec<Ticket>,
    unanswered: usize,
    /// The message of the last answer, if that was an error.
    returned: Option<Returned>,
    refuse: Option<Refuse>,
}

type Refuse = Box<dyn FnMut(&Message<'_>) -> Option<SendError>>;

impl MemorySink {
    /// Asks `refuse` before a message is taken: faults for tests.
    pub fn refusing(mut self, refuse: impl FnMut(&Message<'_>) -> Option<SendError> + 'static) -> MemorySink {
        self.refuse = Some(Box::new(refuse));
        self
    }

    /// Returns how many messages are sent and not acknowledged.
    pub fn unanswered(&self) -> usize {
        self.unanswered
    }
}

impl Sink for MemorySink {
    fn topic(&mut self, name: &str) -> TopicId {
        self.desk.shared.id(name)
    }

    fn send(&mut self, message: &Message<'_>, ticket: Ticket) -> Result<(), SendError> {
        if let Some(error) = self.refuse.as_mut().and_then(|refuse| refuse(message)) {
            return Err(error);
        }
        if self.parcel.len() >= self.desk.bounds.buffered_max {
            self.push();
        }
        let bounds = self.desk.bounds;
        if self.parcel.len() >= bounds.buffered_max || self.unanswered >= bounds.unanswered_max {
            return Err(SendError::Full);
        }
        self.parcel.push(message, ticket);
        self.unanswered += 1;
        Ok(())
    }

    fn acknowledged(&mut self) -> Option<(Ticket, Result<(), SendError>)> {
        if self.taken.is_empty() && self.desk.acknowledge == Acknowledge::WhenTold {
            self.answers.swap(&mut self.taken);
        }
        let (ticket, result, message) = self.taken.pop_front()?;
        self.unanswered = self.unanswered.saturating_sub(1);
        self.returned = message;
        Some((ticket, result))
    }

    fn returned(&mut self) -> Option<Returned> {
        self.returned.take()
    }

    fn push(&mut self) {
        if self.parcel.is_empty() {
            return;
        }
        let next = Parcel::new(self.parcel.shard, self.answers.clone());
        let parcel = std::mem::replace(&mut self.parcel, next);
        // They are answered only once they are on their way: a sink that is dropped loses nothing
        // that anybody believes to be delivered.
        self.tickets.clear();
        if self.desk.acknowledge == Acknowledge::AtOnce {
            self.tickets
                .extend(parcel.letters().map(|letter| letter.ticket()));
        }
        match self.desk.sender.try_send(parcel) {
            Ok(()) => self
                .taken
                .extend(self.tickets.drain(..).map(|ticket| (ticket, Ok(()), None))),
            Err(TrySendError::Full(parcel)) => self.parcel = parcel,
            Err(TrySendError::Disconnected(parcel)) => {
                let failed = || Err(SendError::Failed("nobody reads the outbox any more".to_owned()));
                self.taken.extend(
                    parcel
                        .letters()
                        .map(|letter| (letter.ticket(), failed(), Some(letter.returned()))),
                );
            }
        }
    }
}

impl fmt::Debug for MemorySink {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MemorySink")
            .field("parcel", &self.parcel)
            .finish_non_exhaustive()
    }
}

/// What all sinks of an outbox share.
#[derive(Clone, Debug, Default)]
struct Shared(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    topics: Vec<Arc<str>>,
    /// The shards that may wait for room.
    wakes: Vec<Wake>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn id(&self, name: &str) -> TopicId {
        let mut state = self.lock();
        let known = state.topics.iter().position(|known| **known == *name);
        TopicId(known.unwrap_or_else(|| {
            state.topics.push(name.into());
            state.topics.len() - 1
        }) as u32)
    }

    fn name(&self, id: TopicId) -> Option<Arc<str>> {
        self.lock().topics.get(id.0 as usize).cloned()
    }

    fn wake(&self) {
        self.lock().wakes.iter().for_each(Wake::wake);
    }
}
