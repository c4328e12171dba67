//! Records to a Kafka topic: a message each, keyed by the execution's ARN.
//!
//! One record is one message, so that a consumer sees what CloudWatch would show, and an execution's
//! records stay in order in one partition. A parcel is confirmed when all its messages are acknowledged
//! and so are those before it. What is not delivered is sent again: readers order records by their ids.

use super::buffer::Parcel;
use super::destination::{Inbox, RETRY_MAX, RETRY_MIN, SinkFactory};
use crate::stream::{Message, SendError, Sink, Ticket, TopicId, Wake};
use crossbeam_channel::TryRecvError;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How long to wait when nobody wakes us.
const IDLE: Duration = Duration::from_secs(1);

/// Runs the writer of a topic until its buffers are gone and all is acknowledged.
pub(super) fn run(inbox: Inbox, topic: &str, sink: SinkFactory, wake: Wake) -> Result<(), String> {
    let place = format!("topic '{topic}'");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    let runtime = runtime.map_err(|error| {
        inbox.fails(&place, &error);
        error.to_string()
    })?;
    let mut sink = sink(wake.clone()).inspect_err(|error| inbox.fails(&place, error))?;
    let mut topic = Topic {
        topic: sink.topic(topic),
        inbox,
        sink,
        place,
        outgoing: VecDeque::new(),
        spare: Vec::new(),
        next_ticket: 0,
        again: VecDeque::new(),
        retry: RETRY_MIN,
        retry_at: None,
        ended: false,
    };
    runtime.block_on(topic.run(&wake))
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
    fn line(&self, at: usize) -> &[u8] {
        let start = if at == 0 { 0 } else { self.ends[at - 1] as usize };
        &self.parcel.bytes[start..self.ends[at] as usize - 1]
    }
}

struct Topic {
    inbox: Inbox,
    sink: Box<dyn Sink>,
    topic: TopicId,
    place: String,
    /// In order of their tickets; bounded by what shards may have on the way.
    outgoing: VecDeque<Outgoing>,
    spare: Vec<(Vec<u32>, Vec<bool>)>,
    next_ticket: u64,
    /// Tickets to be sent again.
    again: VecDeque<u64>,
    retry: Duration,
    /// Nothing is sent before this.
    retry_at: Option<Instant>,
    ended: bool,
}

impl Topic {
    async fn run(&mut self, wake: &Wake) -> Result<(), String> {
        loop {
            self.answers();
            self.take();
            self.send();
            self.sink.push();
            self.confirm();
            if self.ended && self.outgoing.is_empty() {
                return Ok(());
            }
            if self.inbox.stop.try_recv() == Err(TryRecvError::Disconnected) && self.inbox.health.is_failing()
            {
                return Err(self.inbox.health.trouble().unwrap_or_default());
            }
            let retry = self
                .retry_at
                .map(|at| at.saturating_duration_since(Instant::now()));
            // A time that has passed is over, woken or not.
            let _ = tokio::time::timeout(retry.unwrap_or(IDLE), wake.woken()).await;
        }
    }

    /// Takes what the shards have handed over.
    fn take(&mut self) {
        loop {
            match self.inbox.parcels.try_recv() {
                Ok(parcel) => self.add(parcel),
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => {
                    self.ended = true;
                    return;
                }
            }
        }
    }

    fn add(&mut self, parcel: Parcel) {
        let (mut ends, mut acknowledged) = self.spare.pop().unwrap_or_default();
        ends.clear();
        ends.extend(memchr::memchr_iter(b'\n', &parcel.bytes).map(|at| at as u32 + 1));
        acknowledged.clear();
        acknowledged.resize(ends.len(), false);
        let outgoing = Outgoing {
            parcel,
            first_ticket: self.next_ticket,
            left: ends.len(),
            ends,
            sent: 0,
            acknowledged,
        };
        self.next_ticket += outgoing.ends.len() as u64;
        self.outgoing.push_back(outgoing);
    }

    /// Sends what failed before, then what is new, until the sink is full.
    fn send(&mut self) {
        if self.retry_at.is_some_and(|at| Instant::now() < at) {
            return;
        }
        self.retry_at = None;
        while let Some(&ticket) = self.again.front() {
            if !self.send_one(ticket) {
                return;
            }
            self.again.pop_front();
        }
        for at in 0..self.outgoing.len() {
            while self.outgoing[at].sent < self.outgoing[at].ends.len() {
                let ticket = self.outgoing[at].first_ticket + self.outgoing[at].sent as u64;
                if !self.send_one(ticket) {
                    return;
                }
                self.outgoing[at].sent += 1;
            }
        }
    }

    /// Hands one record over; says whether it was taken.
    fn send_one(&mut self, ticket: u64) -> bool {
        let Some((parcel, at)) = self.find(ticket) else {
            return true;
        };
        let line = self.outgoing[parcel].line(at);
        let message = Message {
            topic: self.topic,
            partition: None,
            key: execution_arn(line),
            value: Some(line),
            headers: &[],
        };
        match self.sink.send(&message, Ticket(ticket)) {
            Ok(()) => true,
            // Acknowledgements will make room, and wake us.
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
        let at = (ticket - self.outgoing[parcel].first_ticket) as usize;
        (at < self.outgoing[parcel].ends.len()).then_some((parcel, at))
    }

    fn answers(&mut self) {
        while let Some((Ticket(ticket), result)) = self.sink.acknowledged() {
            let Some((parcel, at)) = self.find(ticket) else {
                continue;
            };
            match result {
                Ok(()) => {
                    let outgoing = &mut self.outgoing[parcel];
                    if !std::mem::replace(&mut outgoing.acknowledged[at], true) {
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
    }

    fn fails(&mut self, why: &str) {
        self.inbox.fails(&self.place, &why);
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

/// Returns the ARN in a record, which stands near its end: our encoder wrote it.
fn execution_arn(record: &[u8]) -> Option<&[u8]> {
    const NAME: &[u8] = b"\"execution_arn\":\"";
    let start = memchr::memmem::rfind(record, NAME)? + NAME.len();
    let len = memchr::memchr(b'"', &record[start..])?;
    Some(&record[start..start + len])
}
