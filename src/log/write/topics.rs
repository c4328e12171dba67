//! The thread that sends records to topics: one sink for the logs of many machines.
//!
//! Of the sink's queue each has a share, so that a topic without a leader stops only the machines that write to it. Must
//! not know what a record is. Invariant: an answer reaches the log that has sent the message, or none.

use super::destination::SinkFactory;
use super::topic::{LOGS_MAX, Post, TopicLog, place, place_of};
use crate::guard::guarded;
use crate::stream::Wake;
use crate::stream::share::Shares;
use crossbeam_channel::{Receiver, TryRecvError};
use slab::Slab;
use std::time::Duration;

/// How long to wait when nobody wakes us.
const IDLE: Duration = Duration::from_secs(1);

/// All logs of the thread, each at its place.
struct Topics {
    post: Post,
    logs: Slab<TopicLog>,
    /// Which place comes first when there is room.
    first: usize,
}

/// Runs the thread, until no more machines can come and all logs are over.
pub(super) async fn run(newcomers: Receiver<TopicLog>, sink: SinkFactory, wake: Wake) {
    let sink = match sink(wake.clone()) {
        Ok(sink) => sink,
        Err(error) => return refuse(&newcomers, &error, &wake).await,
    };
    let shares = Shares::new(sink.capacity(), 1);
    let mut topics = Topics {
        post: Post {
            sink,
            shares,
            next_number: 0,
        },
        logs: Slab::new(),
        first: 0,
    };
    loop {
        let is_open = topics.take_up(&newcomers);
        topics.turn();
        if topics.logs.is_empty() && !is_open {
            return;
        }
        let retry = topics.logs.iter().filter_map(|(_, log)| log.waits()).min();
        // A time that has passed is over, woken or not.
        let _ = tokio::time::timeout(retry.unwrap_or(IDLE).min(IDLE), wake.woken()).await;
    }
}

/// Refuses all machines, since there is no sink.
async fn refuse(newcomers: &Receiver<TopicLog>, error: &str, wake: &Wake) {
    loop {
        match newcomers.try_recv() {
            Ok(log) => end_as_failed(log, error),
            Err(TryRecvError::Empty) => wake.woken().await,
            Err(TryRecvError::Disconnected) => return,
        }
    }
}

fn end_as_failed(mut log: TopicLog, error: &str) {
    log.inbox.fails(&place(&log.name), &error);
    log.inbox.end(Err(error.to_owned()));
}

impl Topics {
    /// Takes machines up; says whether more may come.
    fn take_up(&mut self, newcomers: &Receiver<TopicLog>) -> bool {
        loop {
            match newcomers.try_recv() {
                Ok(log) if self.logs.len() == LOGS_MAX => end_as_failed(log, "too many logs go to topics"),
                Ok(mut log) => {
                    let entry = self.logs.vacant_entry();
                    log.begin(entry.key(), &mut self.post);
                    entry.insert(log);
                    self.post.shares.set_users(self.logs.len());
                }
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    /// Hears the sink, and lets each log have its turn.
    fn turn(&mut self) {
        self.hear();
        let places: Vec<usize> = self.logs.iter().map(|(place, _)| place).collect();
        self.first = (self.first + 1) % places.len().max(1);
        for index in 0..places.len() {
            let place = places[(self.first + index) % places.len()];
            self.guarded(place, |log, post| log.turn(post));
        }
        self.post.sink.push();
        for place in places {
            let over = self.logs.get_mut(place).and_then(TopicLog::settle);
            if let Some(result) = over {
                self.end(place, result);
            }
        }
    }

    /// Hears what has become of messages.
    fn hear(&mut self) {
        while let Some((ticket, result)) = self.post.sink.acknowledged() {
            self.guarded(place_of(ticket), |log, post| log.answered(post, ticket, result));
        }
    }

    /// Does something for one log, which ends if it panics.
    fn guarded(&mut self, place: usize, part: impl FnOnce(&mut TopicLog, &mut Post)) {
        let Some(log) = self.logs.get_mut(place) else {
            return;
        };
        if let Err(message) = guarded(|| part(log, &mut self.post)) {
            let text = log.inbox.health.breaks(&message);
            self.end(place, Err(text));
        }
    }

    /// Ends a log and forgets it.
    fn end(&mut self, place: usize, result: Result<(), String>) {
        let mut log = self.logs.remove(place);
        log.leave(&mut self.post);
        log.inbox.end(result);
        self.post.shares.set_users(self.logs.len());
    }
}
