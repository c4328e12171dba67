//! A source, a sink, tasks and a log whose every answer the test gives.

use super::super::Journal;
use super::world::START_MS;
use crate::stream::offsets::Commit;
use crate::stream::{
    Change, Checkpoint, Committer, Headers, Message, PartitionId, Record, Returned, SendError, Sink, Source,
    Ticket, TopicId,
};
use crate::task::{Answer, Attempt, Caller, Progress, Report};
use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

pub(super) type Pairs = Vec<(String, Option<Vec<u8>>)>;

/// An event, as a test writes it.
#[derive(Clone, Default)]
pub(super) struct Given {
    pub(super) partition: u32,
    pub(super) offset: i64,
    pub(super) key: Option<Vec<u8>>,
    pub(super) value: Option<Vec<u8>>,
    pub(super) headers: Pairs,
}

impl Headers for Given {
    fn each<'a>(&'a self, visit: &mut dyn FnMut(&'a str, Option<&'a [u8]>)) {
        self.headers
            .iter()
            .for_each(|(name, value)| visit(name, value.as_deref()));
    }
}

/// A message that was sent.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) topic: String,
    pub(super) partition: Option<i32>,
    pub(super) key: Option<String>,
    pub(super) value: Option<String>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) ticket: Ticket,
}

impl Sent {
    /// Returns a header; of those of one name the last counts.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().rev().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// A task that was called and has not answered.
#[derive(Clone, Debug)]
pub(super) struct Called {
    pub(super) key: String,
    pub(super) parameters: String,
    pub(super) ticket: Ticket,
}

/// What the outside has seen and says.
#[derive(Default)]
pub(super) struct World {
    /// Events that the source has.
    pub(super) events: VecDeque<Given>,
    pub(super) changes: VecDeque<Change>,
    /// Commits asked for: partition, commit, whether an answer is wanted.
    pub(super) commits: Vec<(u32, Commit, bool)>,
    pub(super) released: Vec<(u32, Option<Commit>)>,
    /// How many events have left with commits.
    pub(super) settled: u64,
    topics: Vec<String>,
    /// Topics that were closed.
    pub(super) closed: Vec<TopicId>,
    pub(super) sent: Vec<Sent>,
    /// Whether messages are acknowledged without being asked.
    pub(super) holds_acks: bool,
    pub(super) acks: VecDeque<(Ticket, Result<(), SendError>)>,
    /// What is sent and not answered.
    kept: HashMap<Ticket, Returned>,
    returned: Option<Returned>,
    /// How many messages the sink takes before it is full.
    pub(super) sink_room: Option<usize>,
    /// Why the sink takes no message, if it is so.
    pub(super) refusal: Option<SendError>,
    /// A topic that there is none of: the sink takes no message for it.
    pub(super) missing: Option<&'static str>,
    pub(super) called: Vec<Called>,
    pub(super) cancelled: Vec<Ticket>,
    pub(super) reports: VecDeque<(Ticket, Report)>,
    pub(super) log: Vec<u8>,
    pub(super) log_mark: u64,
    pub(super) log_confirmed: u64,
    pub(super) log_is_full: bool,
    /// Whether no more records can be handed over.
    pub(super) log_is_stuck: bool,
    /// Bytes of records that were handed over and have not left.
    pub(super) log_bytes: usize,
    /// Whether commits are answered without being asked.
    pub(super) commits_at_once: bool,
    /// Where the log ended at each mark.
    pub(super) log_ends: Vec<usize>,
    /// What tasks answer at once.
    pub(super) task: Option<fn(&str) -> Progress>,
    /// What some tasks answer at once, as their parameters say.
    pub(super) quick: Option<fn(&str) -> Option<Progress>>,
    /// All calls, those included that were answered at once: key and parameters.
    pub(super) calls: Vec<(String, String)>,
}

impl World {
    /// Answers a message; nothing hears of it before the next turn.
    pub(super) fn push_ack(&mut self, ticket: Ticket, result: Result<(), SendError>) {
        self.acks.push_back((ticket, result));
    }

    /// Answers a call; nothing hears of it before the next turn.
    pub(super) fn push_answer(&mut self, ticket: Ticket, answer: Answer) {
        self.reports.push_back((ticket, Report::Answer(answer)));
    }
}

pub(super) type Shared = Rc<RefCell<World>>;

pub(super) struct TestSource {
    pub(super) world: Shared,
    pub(super) batch: Vec<Given>,
}

impl Source for TestSource {
    fn fill(&mut self, max: usize) -> usize {
        let mut world = self.world.borrow_mut();
        let count = world.events.len().min(max);
        self.batch = world.events.drain(..count).collect();
        count
    }

    fn record(&self, at: usize) -> Record<'_> {
        let given = &self.batch[at];
        Record {
            partition: PartitionId(given.partition),
            offset: given.offset,
            timestamp_ms: START_MS,
            key: given.key.as_deref(),
            value: given.value.as_deref(),
            headers: given,
        }
    }

    fn change(&mut self) -> Option<Change> {
        self.world.borrow_mut().changes.pop_front()
    }
}

impl Committer for TestSource {
    fn commit(&mut self, checkpoint: &Checkpoint, answered: bool) {
        let (partition, commit) = (checkpoint.partition, &checkpoint.commit);
        let mut world = self.world.borrow_mut();
        world.settled += checkpoint.settled;
        world.commits.push((partition.0, commit.clone(), answered));
        if world.commits_at_once && answered {
            world.changes.push_back(Change::Committed {
                partition,
                offset: commit.offset,
                result: Ok(()),
            });
        }
    }

    fn release(&mut self, partition: PartitionId, last: Option<&Checkpoint>) {
        let mut world = self.world.borrow_mut();
        world.settled += last.map_or(0, |last| last.settled);
        let last = last.map(|last| last.commit.clone());
        world.released.push((partition.0, last));
    }
}

pub(super) struct TestSink(pub(super) Shared);

pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Sink for TestSink {
    fn topic(&mut self, name: &str) -> TopicId {
        let topics = &mut self.0.borrow_mut().topics;
        let at = topics.iter().position(|known| known == name);
        TopicId(at.unwrap_or_else(|| {
            topics.push(name.to_owned());
            topics.len() - 1
        }) as u32)
    }

    fn close(&mut self, topic: TopicId) -> bool {
        self.0.borrow_mut().closed.push(topic);
        true
    }

    fn send(&mut self, message: &Message<'_>, ticket: Ticket) -> Result<(), SendError> {
        let mut world = self.0.borrow_mut();
        if let Some(refusal) = &world.refusal {
            return Err(refusal.clone());
        }
        if world.missing == Some(&*world.topics[message.topic.0 as usize]) {
            return Err(SendError::Failed("there is no such topic".to_owned()));
        }
        if let Some(room) = &mut world.sink_room {
            *room = room.checked_sub(1).ok_or(SendError::Full)?;
        }
        let headers = message.headers.iter();
        let sent = Sent {
            topic: world.topics[message.topic.0 as usize].clone(),
            partition: message.partition,
            key: message.key.map(text),
            value: message.value.map(text),
            headers: headers
                .map(|(name, value)| ((*name).to_owned(), text(value.unwrap_or(b"-"))))
                .collect(),
            ticket,
        };
        world.sent.push(sent);
        world.kept.insert(ticket, Returned::copy(message));
        if !world.holds_acks {
            world.acks.push_back((ticket, Ok(())));
        }
        Ok(())
    }

    fn acknowledged(&mut self) -> Option<(Ticket, Result<(), SendError>)> {
        let mut world = self.0.borrow_mut();
        let (ticket, result) = world.acks.pop_front()?;
        world.returned = world.kept.remove(&ticket).filter(|_| result.is_err());
        Some((ticket, result))
    }

    fn returned(&mut self) -> Option<Returned> {
        self.0.borrow_mut().returned.take()
    }

    fn push(&mut self) {}
}

pub(super) struct TestTasks(pub(super) Shared);

impl Caller for TestTasks {
    fn call(
        &mut self,
        attempt: &Attempt<'_>,
        ticket: Ticket,
        _sink: &mut dyn Sink,
        result: &mut Vec<u8>,
    ) -> Progress {
        let parameters = attempt.request.view.to_json(attempt.request.parameters);
        let key = attempt.request.key.to_string();
        let (task, quick) = {
            let mut world = self.0.borrow_mut();
            world.calls.push((key.clone(), parameters.clone()));
            (world.task, world.quick)
        };
        let answer = task.map(|task| task(&parameters));
        let answer = answer.or_else(|| quick.and_then(|quick| quick(&parameters)));
        if let Some(answer) = answer {
            result.extend_from_slice(parameters.as_bytes());
            return answer;
        }
        self.0.borrow_mut().called.push(Called {
            key,
            parameters,
            ticket,
        });
        Progress::Pending
    }

    fn take(&mut self, _now_ms: i64) -> Option<(Ticket, Report)> {
        self.0.borrow_mut().reports.pop_front()
    }

    fn cancel(&mut self, ticket: Ticket) {
        self.0.borrow_mut().cancelled.push(ticket);
    }
}

pub(super) struct TestJournal {
    pub(super) world: Shared,
    pub(super) pending: Vec<u8>,
}

impl Journal for TestJournal {
    fn records(&mut self) -> &mut Vec<u8> {
        &mut self.pending
    }

    fn mark(&mut self) -> u64 {
        self.world.borrow().log_mark + 1
    }

    fn ship(&mut self, force: bool) {
        let mut world = self.world.borrow_mut();
        if force && !self.pending.is_empty() && !world.log_is_stuck {
            world.log.append(&mut self.pending);
            world.log_mark += 1;
            let end = world.log.len();
            world.log_ends.push(end);
        }
    }

    fn confirmed(&self) -> u64 {
        self.world.borrow().log_confirmed
    }

    fn bytes(&mut self) -> usize {
        self.pending.len() + self.world.borrow().log_bytes
    }

    fn is_full(&self) -> bool {
        self.world.borrow().log_is_full
    }
}
