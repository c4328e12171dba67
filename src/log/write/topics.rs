//! The thread that sends records to topics: one sink for the logs of many machines.
//!
//! A sink that cannot be made is tried again; the logs fail meanwhile. Of its queue each has a share, so that a topic without
//! a leader stops only the machines that write to it. Must not know what a record is. Invariants: an answer reaches the log
//! that has sent the message, or none; a share is taken until the sink has answered all that it stands for.

use super::destination::{RETRY_MAX, RETRY_MIN, SinkFactory};
use super::topic::{LOGS_MAX, Post, Rest, TopicLog, place_of};
use crate::guard::guarded;
use crate::stream::Wake;
use crate::stream::share::Shares;
use crossbeam_channel::{Receiver, TryRecvError};
use slab::Slab;
use std::time::{Duration, Instant};

/// How long to wait when nobody wakes us.
const IDLE: Duration = Duration::from_secs(1);

/// What has a place in the sink's queue.
enum Place {
    Log(Box<TopicLog>),
    Rest(Rest),
}

/// All logs of the thread, each at its place.
struct Topics {
    post: Post,
    places: Slab<Place>,
    /// Which place comes first when there is room.
    first: usize,
    door: Door,
}

/// How to come by a sink.
struct Door {
    factory: SinkFactory,
    wake: Wake,
    retry: Duration,
    /// It is not tried before this.
    retry_at: Option<Instant>,
    /// Why it could not be made.
    trouble: String,
}

/// Runs the thread, until no more machines can come and all logs are over.
pub(super) async fn run(newcomers: Receiver<TopicLog>, factory: SinkFactory, wake: Wake) {
    let mut topics = Topics::new(factory, wake.clone());
    loop {
        let is_open = topics.take_up(&newcomers);
        topics.reach();
        topics.turn();
        if topics.logs().next().is_none() && !is_open {
            return;
        }
        let retry = topics.logs().filter_map(TopicLog::waits).min();
        let longest = retry.unwrap_or(IDLE).min(topics.door.waits()).min(IDLE);
        // A time that has passed is over, woken or not.
        let _ = tokio::time::timeout(longest, wake.woken()).await;
    }
}

impl Door {
    /// Returns how long nothing is to be tried.
    fn waits(&self) -> Duration {
        let left = |at: Instant| at.saturating_duration_since(Instant::now());
        self.retry_at.map_or(IDLE, left)
    }
}

impl Topics {
    fn new(factory: SinkFactory, wake: Wake) -> Topics {
        Topics {
            post: Post {
                sink: None,
                shares: Shares::default(),
                next_number: 0,
            },
            places: Slab::new(),
            first: 0,
            door: Door {
                factory,
                wake,
                retry: RETRY_MIN,
                retry_at: None,
                trouble: String::new(),
            },
        }
    }

    /// Takes machines up; says whether more may come.
    fn take_up(&mut self, newcomers: &Receiver<TopicLog>) -> bool {
        loop {
            match newcomers.try_recv() {
                Ok(log) if self.places.len() == LOGS_MAX => log.refuse("too many logs go to topics"),
                Ok(mut log) => {
                    let entry = self.places.vacant_entry();
                    log.begin(entry.key());
                    match &mut self.post.sink {
                        Some(sink) => log.reach(&mut **sink),
                        None if self.door.trouble.is_empty() => {}
                        None => log.cannot_reach(&self.door.trouble),
                    }
                    entry.insert(Place::Log(Box::new(log)));
                    self.post.shares.set_users(self.places.len());
                }
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    /// Makes the sink, if there is none and it is time for another try.
    fn reach(&mut self) {
        let door = &mut self.door;
        if self.post.sink.is_some() || door.retry_at.is_some_and(|at| Instant::now() < at) {
            return;
        }
        match (door.factory)(door.wake.clone()) {
            Ok(mut sink) => {
                door.retry_at = None;
                self.post.shares = Shares::new(sink.capacity(), self.places.len());
                self.logs_mut().for_each(|log| log.reach(&mut *sink));
                self.post.sink = Some(sink);
            }
            Err(trouble) => {
                door.retry_at = Some(Instant::now() + door.retry);
                door.retry = (door.retry * 2).min(RETRY_MAX);
                door.trouble.clone_from(&trouble);
                self.logs_mut().for_each(|log| log.cannot_reach(&trouble));
            }
        }
    }

    /// Returns the logs that are not over.
    fn logs(&self) -> impl Iterator<Item = &TopicLog> {
        self.places.iter().filter_map(|(_, place)| match place {
            Place::Log(log) => Some(&**log),
            Place::Rest(_) => None,
        })
    }

    fn logs_mut(&mut self) -> impl Iterator<Item = &mut TopicLog> {
        self.places.iter_mut().filter_map(|(_, place)| match place {
            Place::Log(log) => Some(&mut **log),
            Place::Rest(_) => None,
        })
    }

    fn log_mut(&mut self, place: usize) -> Option<&mut TopicLog> {
        match self.places.get_mut(place) {
            Some(Place::Log(log)) => Some(log),
            _ => None,
        }
    }

    /// Hears the sink, and lets each log have its turn.
    fn turn(&mut self) {
        self.hear();
        let places: Vec<usize> = self.places.iter().map(|(place, _)| place).collect();
        self.first = (self.first + 1) % places.len().max(1);
        for index in 0..places.len() {
            let place = places[(self.first + index) % places.len()];
            self.guarded(place, |log, post| log.turn(post));
        }
        if let Some(sink) = &mut self.post.sink {
            sink.push();
        }
        for place in places {
            let over = self.log_mut(place).and_then(TopicLog::settle);
            if let Some(result) = over {
                self.end(place, result);
            }
        }
    }

    /// Hears what has become of messages.
    fn hear(&mut self) {
        while let Some((ticket, result)) = self.post.sink.as_mut().and_then(|sink| sink.acknowledged()) {
            let place = place_of(ticket);
            if let Some(Place::Rest(rest)) = self.places.get_mut(place) {
                rest.in_sink -= 1;
                self.free(place);
            } else {
                self.guarded(place, |log, post| log.answered(post, ticket, result));
            }
        }
    }

    /// Does something for one log, which ends if it panics.
    fn guarded(&mut self, place: usize, part: impl FnOnce(&mut TopicLog, &mut Post)) {
        let Some(Place::Log(log)) = self.places.get_mut(place) else {
            return;
        };
        if let Err(message) = guarded(|| part(log, &mut self.post)) {
            let text = log.inbox.health.breaks(&message);
            self.end(place, Err(text));
        }
    }

    /// Ends a log; what the sink has of it keeps its place.
    fn end(&mut self, place: usize, result: Result<(), String>) {
        let Some(log) = self.log_mut(place) else {
            return;
        };
        log.inbox.end(result);
        let rest = log.rest();
        self.places[place] = Place::Rest(rest);
        self.free(place);
    }

    /// Frees the place of a log that is over, unless the sink has messages of it.
    fn free(&mut self, place: usize) {
        let Some(Place::Rest(Rest { topic, in_sink: 0 })) = self.places.get(place) else {
            return;
        };
        let Post { sink, shares, .. } = &mut self.post;
        if let Some(sink) = sink {
            sink.close(*topic);
        }
        shares.give_back(place, shares.used_by(place));
        self.places.remove(place);
        shares.set_users(self.places.len());
    }
}
