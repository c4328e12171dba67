//! A shard's side: calls go to the fleet, answers come back.

use super::command::Command;
use super::counts::Counts;
use super::invocation::{Caller, Invocation};
use super::thread::{Message, Thread};
use super::words;
use crate::random::{Random, push_uuid};
use crate::stream::Ticket;
use crate::task::config::Mistake;
use crate::task::lambda::invoke::{Invoker, Job, Runner};
use crate::task::maker::{Maker, Site};
use crate::task::{Answer, Answers, Connector, Progress};
use crate::value::escape_into;
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::fmt::Write;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// An entry whose functions are processes.
pub(in crate::task) struct ProcessMaker {
    command: Arc<Command>,
    thread: Thread,
}

impl ProcessMaker {
    /// Starts what looks after the processes; they start with the calls.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(in crate::task) fn new(command: Command) -> Result<ProcessMaker, Mistake> {
        let command = Arc::new(command);
        let thread = Thread::start(command.clone()).map_err(|error| {
            Mistake::of_key(
                "runtime",
                format!("there is no thread for its processes: {error}"),
            )
        })?;
        Ok(ProcessMaker { command, thread })
    }
}

impl Maker for ProcessMaker {
    fn make(&self, site: &mut Site) -> Box<dyn Connector> {
        let random = Random::new(site.random.next_u64());
        let runner = ProcessRunner::new(self.command.queue, &self.thread, site.answers.clone(), random);
        Box::new(Invoker::new(runner, site.random.next_u64()))
    }

    fn processes(&self) -> Option<Arc<Counts>> {
        Some(self.thread.counts.clone())
    }

    fn stop(&self, longest: Duration) {
        self.thread.stop(longest);
    }
}

/// Calls that are not answered yet.
type Pending = Rc<RefCell<FxHashMap<Ticket, Arc<AtomicBool>>>>;

/// Runs the functions of an entry for one shard.
struct ProcessRunner {
    queue: usize,
    fleet: UnboundedSender<Message>,
    answers: UnboundedSender<(Ticket, Answer)>,
    waiting: Arc<AtomicUsize>,
    pending: Pending,
    /// Where ids of requests come from.
    random: Random,
    /// A call's key, as it is written.
    key: String,
}

impl ProcessRunner {
    fn new(queue: usize, thread: &Thread, answers: Answers, random: Random) -> ProcessRunner {
        let (sender, receiver) = unbounded_channel();
        let pending = Pending::default();
        tokio::task::spawn_local(forward(receiver, answers, pending.clone()));
        ProcessRunner {
            queue,
            fleet: thread.messages.clone(),
            answers: sender,
            waiting: Arc::default(),
            pending,
            random,
            key: String::new(),
        }
    }

    fn request_id(&mut self) -> Arc<str> {
        let mut id = String::with_capacity(36);
        push_uuid(self.random.uuid(), &mut id);
        id.into()
    }

    /// Returns what the function reads as `context.client_context`: the call's idempotency key.
    fn client_context(&mut self, job: &Job<'_>) -> String {
        self.key.clear();
        // Writing to a String does not fail.
        let _ = write!(self.key, "{}", job.key);
        let mut context = br#"{"custom":{"idempotency-key":""#.to_vec();
        escape_into(&mut context, &self.key);
        context.extend_from_slice(br#""}}"#);
        ascii(&String::from_utf8_lossy(&context))
    }
}

/// Returns a JSON text without characters beyond ASCII, which a header cannot have.
fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii() && character != '\u{7f}' {
            out.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out
}

/// Hands answers to the shard.
async fn forward(mut receiver: UnboundedReceiver<(Ticket, Answer)>, answers: Answers, pending: Pending) {
    while let Some((ticket, answer)) = receiver.recv().await {
        if pending.borrow_mut().remove(&ticket).is_some() {
            answers.answer(ticket, answer);
        }
    }
}

impl Runner for ProcessRunner {
    fn run(&mut self, job: &Job<'_>, ticket: Ticket, _result: &mut Vec<u8>) -> Progress {
        if self.waiting.load(Relaxed) >= self.queue {
            return Progress::Failure(words::throttled());
        }
        let arn = match job.qualifier {
            Some(qualifier) => format!("{}:{qualifier}", job.arn),
            None => job.arn.to_owned(),
        };
        let is_cancelled = Arc::new(AtomicBool::new(false));
        let invocation = Invocation {
            request_id: self.request_id(),
            function: job.name.into(),
            arn: arn.into(),
            payload: job.payload.to_vec(),
            client_context: self.client_context(job),
            since: Instant::now(),
            since_ms: job.now_ms,
            caller: Caller {
                ticket,
                answers: self.answers.clone(),
                is_cancelled: is_cancelled.clone(),
                waiting: self.waiting.clone(),
            },
        };
        self.waiting.fetch_add(1, Relaxed);
        if self.fleet.send(Message::Call(invocation)).is_err() {
            self.waiting.fetch_sub(1, Relaxed);
            return Progress::Failure(words::stopping());
        }
        self.pending.borrow_mut().insert(ticket, is_cancelled);
        Progress::Pending
    }

    /// A call that a process has goes on, as at AWS; its answer is dropped.
    fn cancel(&mut self, ticket: Ticket) {
        if let Some(is_cancelled) = self.pending.borrow_mut().remove(&ticket) {
            is_cancelled.store(true, Relaxed);
        }
    }

    fn waiting(&self) -> usize {
        self.waiting.load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_has_only_ascii() {
        assert_eq!(ascii("a/ü/😀\u{7f}"), "a/\\u00fc/\\ud83d\\ude00\\u007f");
    }
}
