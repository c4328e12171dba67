//! The records of one machine, to a Kafka topic: a message each, keyed by the execution's ARN.
//!
//! One record is one message, so that a consumer sees what CloudWatch would show, and an execution's
//! records stay in order in one partition. A parcel is confirmed when all its messages are acknowledged
//! and so are those before it. What is not delivered is sent again: readers order records by their ids. Must not know the
//! other machines that the sink serves, only its share of the queue.

use super::buffer::Parcel;
use super::destination::{Inbox, RETRY_MAX, RETRY_MIN};
use crate::stream::share::{Shares, cost};
use crate::stream::{Message, SendError, Sink, Ticket, TopicId};
use crossbeam_channel::TryRecvError;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How many bits of a ticket are its number. Those above are the place of the log, so there are few logs and many numbers.
const NUMBER_BITS: u32 = 48;

/// Most machines whose records go to topics.
pub(super) const LOGS_MAX: usize = 1 << (u64::BITS - NUMBER_BITS);

/// Returns the place of the log that has sent a message.
pub(super) fn place_of(Ticket(ticket): Ticket) -> usize {
    (ticket >> NUMBER_BITS) as usize
}

/// What all logs of a thread send with.
pub(super) struct Post {
    /// None before it could be made.
    pub(super) sink: Option<Box<dyn Sink>>,
    /// What each log has in the sink's queue, by its place.
    pub(super) shares: Shares,
    /// Numbers are not used again, so that a late answer finds nothing.
    pub(super) next_number: u64,
}

/// One machine's log, with the topic that it is written to.
pub(super) struct TopicLog {
    pub(super) inbox: Inbox,
    pub(super) name: String,
    /// Where it is among the thread's logs; set when it comes there.
    place: usize,
    /// The topic as the sink has it; set when it comes there.
    topic: TopicId,
    /// How many of its messages the sink has.
    in_sink: usize,
    /// In order of their tickets; bounded by what shards may have on the way.
    outgoing: VecDeque<Outgoing>,
    spare: Vec<(Vec<u32>, Vec<bool>)>,
    /// Tickets to be sent again.
    again: VecDeque<u64>,
    retry: Duration,
    /// Nothing is sent before this.
    retry_at: Option<Instant>,
    /// Whether nothing more comes.
    ended: bool,
}

/// What the sink has of a log that is over.
pub(super) struct Rest {
    pub(super) topic: TopicId,
    /// Messages that are not answered: as long as there are any, the log's share of the sink is taken.
    pub(super) in_sink: usize,
}

/// A parcel of which not all is acknowledged.
struct Outgoing {
    parcel: Parcel,
    first_ticket: u64,
    /// Where each line ends, its newline included.
    ends: Vec<u32>,
    /// How many of them have been handed to the sink.
    sent: usize,
    acknowledged: Vec<bool>,
    left: usize,
}

impl Outgoing {
    fn line(&self, index: usize) -> &[u8] {
        let start = if index == 0 {
            0
        } else {
            self.ends[index - 1] as usize
        };
        &self.parcel.bytes[start..self.ends[index] as usize - 1]
    }

    /// Returns a line as a message.
    fn message(&self, index: usize, topic: TopicId) -> Message<'_> {
        let line = self.line(index);
        Message {
            topic,
            partition: None,
            key: execution_arn(line),
            value: Some(line),
            headers: &[],
        }
    }
}

impl TopicLog {
    pub(super) fn new(inbox: Inbox, topic: &str) -> TopicLog {
        TopicLog {
            inbox,
            name: topic.to_owned(),
            place: 0,
            topic: TopicId(0),
            in_sink: 0,
            outgoing: VecDeque::new(),
            spare: Vec::new(),
            again: VecDeque::new(),
            retry: RETRY_MIN,
            retry_at: None,
            ended: false,
        }
    }

    /// Takes up its place among the thread's logs.
    pub(super) fn begin(&mut self, place: usize) {
        self.place = place;
    }

    /// Opens its topic, since there is a sink now.
    pub(super) fn reach(&mut self, sink: &mut dyn Sink) {
        self.topic = sink.topic(&self.name);
        self.inbox.health.works();
    }

    /// Returns what the sink still has of it, for when it is over.
    pub(super) fn rest(&self) -> Rest {
        Rest {
            topic: self.topic,
            in_sink: self.in_sink,
        }
    }

    /// Tells that there is no sink.
    pub(super) fn cannot_reach(&self, why: &str) {
        self.inbox.fails(&place(&self.name), &why);
    }

    /// Ends as one that nothing was written of.
    pub(super) fn refuse(mut self, why: &str) {
        self.cannot_reach(why);
        self.inbox.end(Err(why.to_owned()));
    }

    /// Takes what has come and sends what it may.
    pub(super) fn turn(&mut self, post: &mut Post) {
        self.take(post);
        self.send(post);
    }

    /// Confirms what is wholly acknowledged; returns how the log has ended, if it is over.
    pub(super) fn settle(&mut self) -> Option<Result<(), String>> {
        self.confirm();
        if self.ended && self.outgoing.is_empty() {
            return Some(Ok(()));
        }
        let is_given_up = self.inbox.is_stopped() && self.inbox.health.is_failing();
        is_given_up.then(|| Err(self.inbox.health.trouble().unwrap_or_default()))
    }

    /// Returns how long nothing is to be sent, if something has failed.
    pub(super) fn waits(&self) -> Option<Duration> {
        let at = self.retry_at?;
        Some(at.saturating_duration_since(Instant::now()))
    }

    /// Takes what the shards have handed over.
    fn take(&mut self, post: &mut Post) {
        loop {
            match self.inbox.parcels.try_recv() {
                Ok(parcel) => self.add(parcel, post),
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => {
                    self.ended = true;
                    return;
                }
            }
        }
    }

    fn add(&mut self, parcel: Parcel, post: &mut Post) {
        let (mut ends, mut acknowledged) = self.spare.pop().unwrap_or_default();
        ends.clear();
        ends.extend(memchr::memchr_iter(b'\n', &parcel.bytes).map(|end| end as u32 + 1));
        acknowledged.clear();
        acknowledged.resize(ends.len(), false);
        let outgoing = Outgoing {
            parcel,
            first_ticket: (self.place as u64) << NUMBER_BITS | post.next_number,
            left: ends.len(),
            ends,
            sent: 0,
            acknowledged,
        };
        post.next_number += outgoing.ends.len() as u64;
        self.outgoing.push_back(outgoing);
    }

    /// Sends what failed before, then what is new, until the sink or its share of it is full.
    fn send(&mut self, post: &mut Post) {
        if self.retry_at.is_some_and(|at| Instant::now() < at) {
            return;
        }
        self.retry_at = None;
        while let Some(&ticket) = self.again.front() {
            if !self.send_one(post, ticket) {
                return;
            }
            self.again.pop_front();
        }
        for parcel in 0..self.outgoing.len() {
            while self.outgoing[parcel].sent < self.outgoing[parcel].ends.len() {
                let ticket = self.outgoing[parcel].first_ticket + self.outgoing[parcel].sent as u64;
                if !self.send_one(post, ticket) {
                    return;
                }
                self.outgoing[parcel].sent += 1;
            }
        }
    }

    /// Hands one record over; says whether it was taken.
    fn send_one(&mut self, post: &mut Post, ticket: u64) -> bool {
        let Some((parcel, index)) = self.find(ticket) else {
            return true;
        };
        let message = self.outgoing[parcel].message(index, self.topic);
        let cost = cost(&message);
        let Some(sink) = post
            .sink
            .as_mut()
            .filter(|_| post.shares.has_room(self.place, cost))
        else {
            // Acknowledgements will make room, and wake us.
            return false;
        };
        match sink.send(&message, Ticket(ticket)) {
            Ok(()) => {
                post.shares.take(self.place, cost);
                self.in_sink += 1;
                true
            }
            Err(SendError::Full) => false,
            Err(SendError::Refused(why) | SendError::TooLarge(why) | SendError::Failed(why)) => {
                self.fails(&why);
                false
            }
        }
    }

    /// Returns which parcel a ticket is of, and which of its lines.
    fn find(&self, ticket: u64) -> Option<(usize, usize)> {
        let parcel = self
            .outgoing
            .partition_point(|outgoing| outgoing.first_ticket <= ticket)
            .checked_sub(1)?;
        let index = (ticket - self.outgoing[parcel].first_ticket) as usize;
        (index < self.outgoing[parcel].ends.len()).then_some((parcel, index))
    }

    /// Hears what has become of a message.
    pub(super) fn answered(
        &mut self,
        post: &mut Post,
        Ticket(ticket): Ticket,
        result: Result<(), SendError>,
    ) {
        self.in_sink -= 1;
        let Some((parcel, index)) = self.find(ticket) else {
            return;
        };
        let outgoing = &mut self.outgoing[parcel];
        let cost = cost(&outgoing.message(index, self.topic));
        post.shares.give_back(self.place, cost);
        match result {
            Ok(()) => {
                if !std::mem::replace(&mut outgoing.acknowledged[index], true) {
                    outgoing.left -= 1;
                }
                self.retry = RETRY_MIN;
                if self.again.is_empty() {
                    self.inbox.health.works();
                }
            }
            Err(error) => {
                self.again.push_back(ticket);
                if error != SendError::Full {
                    self.fails(&error.to_string());
                }
            }
        }
    }

    fn fails(&mut self, why: &str) {
        self.inbox.fails(&place(&self.name), &why);
        if self.retry_at.is_none() {
            self.retry_at = Some(Instant::now() + self.retry);
            self.retry = (self.retry * 2).min(RETRY_MAX);
        }
    }

    /// Confirms the parcels at the front that are wholly acknowledged.
    fn confirm(&mut self) {
        while self.outgoing.front().is_some_and(|outgoing| outgoing.left == 0) {
            if let Some(outgoing) = self.outgoing.pop_front() {
                self.spare.push((outgoing.ends, outgoing.acknowledged));
                self.inbox.confirm(outgoing.parcel);
            }
        }
    }
}

/// Names a topic, for messages.
pub(super) fn place(topic: &str) -> String {
    format!("topic '{topic}'")
}

/// Returns the ARN in a record, which stands near its end: our encoder wrote it.
fn execution_arn(record: &[u8]) -> Option<&[u8]> {
    const NAME: &[u8] = b"\"execution_arn\":\"";
    let start = memchr::memmem::rfind(record, NAME)? + NAME.len();
    let len = memchr::memchr(b'"', &record[start..])?;
    Some(&record[start..start + len])
}
