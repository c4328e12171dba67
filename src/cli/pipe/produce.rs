//! Tasks that write to Kafka, in a pipe: the shard's sink is the writer's, so they have a producer of their own.
//!
//! Owns the way of their messages and acknowledgements. Invariant: what a task hands over goes to Kafka and
//! nowhere else, whatever its topic is called.

use crate::program::Program;
use crate::stream::kafka::KafkaSink;
use crate::stream::{Sink, Ticket};
use crate::task::config::Entry;
use crate::task::{self, Attempt, Caller, Connectors, Progress, Report};

/// A shard's connectors, with its producer.
pub(super) struct Producing {
    pub(super) connectors: Connectors,
    pub(super) kafka: KafkaSink,
}

/// Says whether a program writes to Kafka: it has such a task, and something of `[tasks]` serves it so.
pub(super) fn is_needed(program: &Program, tasks: &task::Config) -> bool {
    let is_produce = |task: &crate::program::TaskInfo| {
        let integration = task.resource.integration.as_ref();
        integration.is_some_and(|(service, action)| (&**service, &**action) == ("kafka", "produce"))
    };
    program.tasks.iter().any(is_produce) && tasks.entries.values().any(Entry::grants_topics)
}

impl Caller for Producing {
    fn call(
        &mut self,
        attempt: &Attempt<'_>,
        ticket: Ticket,
        _sink: &mut dyn Sink,
        result: &mut Vec<u8>,
    ) -> Progress {
        self.connectors.call(attempt, ticket, &mut self.kafka, result)
    }

    fn take(&mut self, now_ms: i64) -> Option<(Ticket, Report)> {
        while let Some((ticket, result)) = self.kafka.acknowledged() {
            self.connectors.acknowledged(ticket, result);
        }
        self.connectors.take(now_ms)
    }

    fn poll(&mut self, _sink: &mut dyn Sink) {
        self.connectors.poll(&mut self.kafka);
        self.kafka.push();
    }

    fn cancel(&mut self, ticket: Ticket) {
        self.connectors.cancel(ticket);
    }
}
