//! The end of a service, in order and in bounded time, whatever the brokers do.
//!
//! Owns how long each part may take, and what is said about what is left. Must not know why the service ends. Invariant:
//! it is over at the latest [`STOP_REST`] after the time that executions have, and what was not delivered or committed is
//! a problem that is named.

use super::{Problems, Server};
use crate::log::write;
use crate::stream::kafka::Control;
use std::time::{Duration, Instant};

/// How much longer than `service.shutdown_timeout` a stop may take while nobody answers; a log's disk that hangs may add
/// to it.
pub const STOP_REST: Duration = Duration::from_secs(10);
/// How long the brokers may take at the end for the messages of executions that were over in time.
const LAST_MESSAGES: Duration = Duration::from_secs(1);
/// How often is looked whether they are delivered.
const LOOK: Duration = Duration::from_millis(20);
/// How long the processes of functions may take to end; they have no calls any more.
const PROCESSES: Duration = Duration::from_secs(1);
/// What log writers have at the end at least, however long the rest took.
const LOG_TIME_MIN: Duration = Duration::from_secs(1);

impl Server {
    pub(super) fn stop(mut self, problems: &mut Problems) {
        let began = Instant::now();
        let until = began + self.shutdown_timeout;
        self.health.close("stopping");
        // No more callers. Executions of those who have called may go on as long as those of events, beside them.
        for shard in &self.shards {
            shard.close();
        }
        // The consumers first: they take the partitions from the shards, which finish what runs, and
        // commit what is finished. The shards are served until that is over.
        for control in &self.controls {
            control.stop(until);
        }
        leave(std::mem::take(&mut self.controls), problems);
        self.deliver(problems);
        for shard in &self.shards {
            shard.stop(left(until));
        }
        // One limit for all of them: each may hang.
        let end = (until + STOP_REST).max(Instant::now() + LAST_MESSAGES);
        for shard in self.shards {
            if let Err(failure) = shard.join_within(left(end)) {
                problems.0.push(failure.to_string());
            }
        }
        if !self.tasks.stop(PROCESSES) {
            let problem = "processes of functions did not end in time and are left behind";
            problems.0.push(problem.to_owned());
        }
        let logs_until = until.max(Instant::now() + LOG_TIME_MIN);
        for (workflow, problem) in write::finish_all(self.logs, left(logs_until)) {
            problems
                .0
                .push(format!("the log of workflow '{workflow}': {problem}"));
        }
        drop(self.writer);
        tracing::info!("stopped after {:.1} s", began.elapsed().as_secs_f64());
    }

    /// Waits a little for the last messages, and names those that do not arrive.
    fn deliver(&self, problems: &mut Problems) {
        let latest = Instant::now() + LAST_MESSAGES;
        while !self.deliveries.waiting().is_empty() && Instant::now() < latest {
            // An order that comes now is carried out already, or too late.
            let _ = self.orders.1.take(LOOK);
        }
        let topics = self.deliveries.waiting().into_iter();
        let topics: Vec<String> = topics
            .map(|(topic, count)| format!("{count} to topic '{topic}'"))
            .collect();
        if !topics.is_empty() {
            problems.0.push(format!(
                "messages not delivered before the stop timed out: {}; their events run again (async) or \
                 count as \
                 cut off (sync)",
                topics.join(", ")
            ));
        }
    }
}

/// Waits until the consumers have left their groups, and names those that could not in order.
fn leave(controls: Vec<Control>, problems: &mut Problems) {
    let mut uncommitted = 0;
    for control in controls {
        let health = control.health().clone();
        if !control.join() {
            let problem = "a consumer did not leave its group in time and is left behind";
            problems.0.push(problem.to_owned());
        }
        uncommitted += health.uncommitted();
    }
    if uncommitted > 0 {
        problems.0.push(format!(
            "partitions whose last commit was not answered before the stop timed out: {uncommitted}; \
             executions \
             finished since the previous commit may run again (async) or count as cut off (sync)"
        ));
    }
}

fn left(until: Instant) -> Duration {
    until.saturating_duration_since(Instant::now())
}
