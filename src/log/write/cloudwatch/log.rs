//! One machine's log: what the shards have handed over, and how far CloudWatch has it.
//!
//! Must not know the other machines. Invariants: records are sent in the order in which they came, one request at a time;
//! a buffer is confirmed when all of it is taken or given up, and so is all before it.

use super::answer::{Fate, of_batch, of_creation};
use super::batch::{BATCH_EVENTS_MAX, Batch};
use super::service::{CloudWatch, Request};
use crate::clock::wall_ms;
use crate::log::write::buffer::Parcel;
use crate::log::write::config::CloudWatchConfig;
use crate::log::write::destination::{Inbox, RETRY_MAX, RETRY_MIN};
use crate::timestamp;
use crate::value::escape_bytes_into;
use crossbeam_channel::TryRecvError;
use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// How long a log may still take when trying is to end.
const LAST_REQUESTS_MAX: Duration = Duration::from_secs(4);

/// Most records that are given up one after another: then it is not the records.
const GIVEN_UP_MAX: usize = 16;

/// One machine's log, with the log group that it is written to.
pub(in crate::log::write) struct CloudLog {
    inbox: Inbox,
    config: CloudWatchConfig,
    stream: String,
    /// What is taken and not confirmed; bounded by what shards may have on the way.
    parcels: VecDeque<Parcel>,
    /// How many bytes of the first parcel are done.
    done: usize,
    /// Most events of the next batch: fewer when something in the last one was not acceptable.
    events_max: usize,
    /// How many records were given up since one was written.
    given_up: usize,
    /// How many bytes of `parcels` were given up.
    lost: usize,
    /// Whether the stream was made since something was written.
    is_made: bool,
    retry: Duration,
    /// Whether nothing more comes.
    has_ended: bool,
    /// Set when trying is to end: until when requests are waited for.
    until: Cell<Option<Instant>>,
}

/// A batch on its way.
struct Sending {
    request: Request,
    /// How many records it has.
    events: usize,
    /// How many of them are cut.
    cut: usize,
}

/// What a turn has come to.
enum Turn {
    /// There may be more to do at once.
    Again,
    /// Nothing to do until something comes.
    Idle,
    /// Nothing to do before so long.
    Wait(Duration),
    Over(Result<(), String>),
}

impl CloudLog {
    pub(in crate::log::write) fn new(inbox: Inbox, config: CloudWatchConfig) -> CloudLog {
        let stream = stream_name(&config.stream_prefix, &inbox.workflow, wall_ms());
        CloudLog {
            inbox,
            config,
            stream,
            parcels: VecDeque::new(),
            done: 0,
            events_max: BATCH_EVENTS_MAX,
            given_up: 0,
            lost: 0,
            is_made: false,
            retry: RETRY_MIN,
            has_ended: false,
            until: Cell::new(None),
        }
    }

    /// Refuses all that comes: nobody reaches CloudWatch.
    pub(super) fn refuse(mut self, error: &str) {
        self.inbox.fails(&self.place(), &error);
        self.inbox.end(Err(error.to_owned()));
    }

    /// Writes all that comes, until no more can come or trying is to end. `changed` tells that something has changed.
    pub(super) async fn run(mut self, service: Rc<dyn CloudWatch>, changed: Rc<Notify>) {
        loop {
            // Before the look, so that no change is missed between it and the wait.
            let change = changed.notified();
            let turn = self.turn(&*service, &changed).await;
            match turn {
                Turn::Again => {}
                Turn::Idle => change.await,
                Turn::Wait(time) => {
                    // Other machines' changes wake us too: what failed is not tried sooner for them.
                    let until = tokio::time::sleep(time);
                    tokio::select! {
                        () = until => {}
                        () = self.stopped(&changed) => {}
                    }
                }
                Turn::Over(result) => return self.inbox.end(result),
            }
        }
    }

    /// Sends one batch, if there is one.
    async fn turn(&mut self, service: &dyn CloudWatch, changed: &Notify) -> Turn {
        self.take();
        let Some(batch) = self.request() else {
            return match self.has_ended {
                true => Turn::Over(Ok(())),
                false => Turn::Idle,
            };
        };
        let (events, cut) = (batch.events, batch.cut);
        let fate = tokio::select! {
            biased;
            fate = self.send(service, batch) => fate,
            () = self.given_time(changed) => Fate::Later("the request was not answered in time".to_owned()),
        };
        match fate {
            Fate::Written { rejected } => self.written(events, rejected, cut),
            Fate::Unacceptable(why) if events > 1 => {
                tracing::debug!(
                    events,
                    "CloudWatch Logs refuses a batch, which goes in halves now: {why}"
                );
                self.events_max = events.div_ceil(2);
            }
            Fate::Unacceptable(why) if self.given_up < GIVEN_UP_MAX => self.give_up(&why),
            Fate::NoStream if !self.is_made => self.is_made = true,
            Fate::NoStream => return self.fails("the log stream is made, but not there yet"),
            Fate::Unacceptable(why) | Fate::Later(why) => return self.fails(&why),
        }
        Turn::Again
    }

    /// Sends a batch; makes the stream if there is none, which is told all the same.
    async fn send(&self, service: &dyn CloudWatch, batch: Sending) -> Fate {
        match of_batch(service.ask(batch.request).await, batch.events) {
            Fate::NoStream => match self.make_stream(service).await {
                Ok(()) => Fate::NoStream,
                Err(trouble) => Fate::Later(trouble),
            },
            fate => fate,
        }
    }

    /// Takes what the shards have handed over.
    fn take(&mut self) {
        loop {
            match self.inbox.parcels.try_recv() {
                Ok(parcel) => self.parcels.push_back(parcel),
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => {
                    self.has_ended = true;
                    return;
                }
            }
        }
    }

    /// Returns the records that are not done.
    fn records(&self) -> impl Iterator<Item = &[u8]> {
        let parcels = self.parcels.iter().enumerate();
        parcels.flat_map(|(index, parcel)| lines(&parcel.bytes[if index == 0 { self.done } else { 0 }..]))
    }

    /// Makes the request for the next batch, if there are records.
    fn request(&self) -> Option<Sending> {
        let (mut batch, now_ms) = (Batch::default(), wall_ms());
        for record in self.records().take(self.events_max) {
            if !batch.add(record, now_ms) {
                break;
            }
        }
        let (events, cut) = (batch.len(), batch.cut());
        if events == 0 {
            return None;
        }
        let request = Request {
            operation: "PutLogEvents",
            region: self.config.region.clone(),
            body: batch.write(&self.config.group, &self.stream),
        };
        Some(Sending { request, events, cut })
    }

    /// Notes that a batch is written, but for some of its events.
    fn written(&mut self, events: usize, rejected: usize, cut: usize) {
        if cut > 0 {
            let workflow = &self.inbox.workflow;
            tracing::warn!(
                workflow,
                "{cut} log records were cut: they are too long for CloudWatch Logs"
            );
        }
        if rejected > 0 {
            self.inbox.health.dropped(rejected, 0);
            let workflow = &self.inbox.workflow;
            tracing::error!(
                workflow,
                "CloudWatch Logs has not taken {rejected} of {events} log records: they are more than 14 days old, older \
                 than the group keeps them, or more than two hours ahead of its clock"
            );
        }
        self.events_max = BATCH_EVENTS_MAX.min(self.events_max * 2);
        (self.retry, self.given_up, self.is_made) = (RETRY_MIN, 0, false);
        self.inbox.health.works();
        self.advance(events);
    }

    /// Gives up the record at the front, which CloudWatch will never take.
    fn give_up(&mut self, why: &str) {
        let bytes = self.records().next().map_or(0, <[u8]>::len);
        self.given_up += 1;
        self.lost += bytes;
        self.inbox.health.dropped(1, bytes);
        let workflow = &self.inbox.workflow;
        tracing::error!(
            workflow,
            "CloudWatch Logs does not accept a log record of {bytes} bytes: {why}"
        );
        self.events_max = BATCH_EVENTS_MAX;
        self.advance(1);
    }

    /// So many records more are done.
    fn advance(&mut self, mut records: usize) {
        while let Some(parcel) = self.parcels.front() {
            let rest = &parcel.bytes[self.done..];
            let ends = memchr::memchr_iter(b'\n', rest)
                .take(records)
                .fold((0, 0), |(count, _), end| (count + 1, end + 1));
            records -= ends.0;
            self.done += ends.1;
            if self.done < parcel.bytes.len() {
                return;
            }
            self.done = 0;
            if let Some(parcel) = self.parcels.pop_front() {
                let lost = self.lost.min(parcel.bytes.len());
                self.lost -= lost;
                self.inbox.confirm_but(parcel, lost);
            }
        }
    }

    /// Makes the log stream, and the group if it may.
    async fn make_stream(&self, service: &dyn CloudWatch) -> Result<(), String> {
        let stream = self.create(
            "CreateLogStream",
            &[
                ("logGroupName", &self.config.group),
                ("logStreamName", &self.stream),
            ],
        );
        let Err((is_missing, trouble)) = of_creation(service.ask(stream.clone()).await) else {
            return Ok(());
        };
        if !is_missing {
            return Err(trouble);
        }
        if !self.config.create_group {
            return Err(format!(
                "there is no such log group: create it, or set workflow.log.cloudwatch.create_group = true ({trouble})"
            ));
        }
        let group = self.create("CreateLogGroup", &[("logGroupName", &self.config.group)]);
        of_creation(service.ask(group).await).map_err(|(_, trouble)| trouble)?;
        of_creation(service.ask(stream).await).map_err(|(_, trouble)| trouble)
    }

    fn create(&self, operation: &'static str, members: &[(&str, &str)]) -> Request {
        let mut body = Vec::new();
        for (name, text) in members {
            body.extend_from_slice(if body.is_empty() { b"{\"" } else { b",\"" });
            body.extend_from_slice(name.as_bytes());
            body.extend_from_slice(b"\":\"");
            escape_bytes_into(&mut body, text.as_bytes());
            body.push(b'"');
        }
        body.push(b'}');
        Request {
            operation,
            region: self.config.region.clone(),
            body,
        }
    }

    fn fails(&mut self, why: &str) -> Turn {
        self.inbox.fails(&self.place(), &why);
        if self.inbox.is_stopped() {
            return Turn::Over(Err(format!("{}: {why}", self.place())));
        }
        let wait = self.retry;
        self.retry = (self.retry * 2).min(RETRY_MAX);
        Turn::Wait(wait)
    }

    fn place(&self) -> String {
        format!("log group '{}' of CloudWatch Logs", self.config.group)
    }

    /// Waits until trying is to end.
    async fn stopped(&self, changed: &Notify) {
        loop {
            let change = changed.notified();
            if self.inbox.is_stopped() {
                return;
            }
            change.await;
        }
    }

    /// Waits until trying is to end, and then for what the last requests may take together.
    async fn given_time(&self, changed: &Notify) {
        self.stopped(changed).await;
        let until = self
            .until
            .get()
            .unwrap_or_else(|| Instant::now() + LAST_REQUESTS_MAX);
        self.until.set(Some(until));
        tokio::time::sleep_until(until.into()).await;
    }
}

/// Returns the lines of a buffer, without their newlines.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut start = 0;
    memchr::memchr_iter(b'\n', bytes).map(move |end| {
        let line = &bytes[start..end];
        start = end + 1;
        line
    })
}

/// Returns the name of a new log stream: AWS's layout, a prefix, the workflow, the minute, and a number of our own.
fn stream_name(prefix: &str, workflow: &str, now_ms: i64) -> String {
    let time = timestamp::format(now_ms);
    let time = String::from_utf8_lossy(&time);
    let minute = time.get(..16).unwrap_or_default().replace(['T', ':'], "-");
    // Neither colons nor stars may be in a name; names of workflows have none. A process id tells two of one minute apart
    // on a host, the milliseconds on two.
    let (millis, process) = (now_ms.rem_euclid(60_000), std::process::id());
    format!("{prefix}/{workflow}/{minute}/{millis:05}-{process}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_have_names() {
        let name = stream_name("states", "orders", 1_767_225_661_234);
        let expected = format!("states/orders/2026-01-01-00-01/01234-{}", std::process::id());
        assert_eq!(name, expected);
    }

    #[test]
    fn lines_have_no_newline() {
        let found: Vec<&[u8]> = lines(b"a\n\nbc\n").collect();
        assert_eq!(found, [&b"a"[..], b"", b"bc"]);
    }
}
