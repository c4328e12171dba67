//! Leaving the group: giving all partitions back, then closing the consumer, in bounded time.
//!
//! Must not know events. Invariants: the consumer closes only when nothing is left to be committed, or the time for
//! that is over; no call into librdkafka that may never return is made on the control thread once it closes.

use super::finding::Finding;
use super::worker::{CLOSE_GRACE, LAST_COMMIT, PROBE_TIMEOUT, Step, Worker};
use crate::stream::kafka::shared::client::Happened;
use crate::stream::kafka::shared::health::locked;
use crossbeam_channel::RecvTimeoutError;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::Consumer as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long leaving waits for an assignment that has just come: closing in the middle of it would cut off what
/// runs, and librdkafka answers no more questions then.
const SETTLE: Duration = Duration::from_secs(2);
/// How long librdkafka may take to hear that nothing is ours any more, while the consumer closes: it may be
/// through with closing by then, and answers no more.
const LAST_ANSWER: Duration = Duration::from_secs(1);
/// How long closing may take once nobody waits for what runs.
const ABANDONED: Duration = Duration::from_secs(5);

impl Worker {
    /// Begins to leave once that is asked for, and an assignment that has just come is settled. All partitions are
    /// drained before the consumer closes: while it does librdkafka takes the answer to a rebalance, whichever
    /// partitions that is about, as "nothing is assigned", and what the others have to commit would be too late.
    pub(super) fn look_for_stop(&mut self) {
        if self.closing.is_some() || matches!(self.step, Step::Leaving { .. }) {
            return;
        }
        let Some(until) = *locked(&self.stop) else { return };
        let is_assigning = matches!(self.step, Step::Assigning { .. })
            || self.happened.iter().any(|one| matches!(one, Happened::Assign(_)));
        let asked = *self.stop_heard.get_or_insert_with(Instant::now);
        if is_assigning && Instant::now() < until.min(asked + SETTLE) {
            return;
        }
        let owes_answer = self.step.owes_answer();
        self.pause();
        // Those that are being revoked hear it again: theirs is the earlier of the two times.
        self.ask_back(&self.assignment.ids(), until);
        self.step = Step::Leaving { until, owes_answer };
    }

    /// Stops fetching: what comes now would only be dropped.
    fn pause(&self) {
        let mut list = TopicPartitionList::new();
        for (_, partition) in self.assignment.iter() {
            list.add_partition(&partition.name.0, partition.name.1);
        }
        if let Err(error) = self.consumer.pause(&list) {
            tracing::debug!(workflow = self.config.name, "pausing: {error}");
        }
    }

    /// Closes the consumer once nothing is left to be committed, or the time is over. Rebalances that come before
    /// that are answered then.
    pub(super) fn leave(&mut self, until: Instant, owes_answer: bool) -> bool {
        let ids = self.assignment.ids();
        if !self.is_drained(&ids, until + LAST_COMMIT) {
            self.step = Step::Leaving { until, owes_answer };
            return false;
        }
        self.health.leaves_uncommitted(self.unsettled(&ids));
        self.give_up_on(&ids);
        self.finding = Finding::default();
        for id in ids {
            self.assignment.remove(id);
        }
        self.report_at = Instant::now();
        self.closing = Some(until + CLOSE_GRACE);
        if let Err(error) = self.consumer.close_queue() {
            tracing::warn!(workflow = self.config.name, "close: {error}");
            self.closing = Some(Instant::now());
            self.step = Step::Leaving { until, owes_answer };
            return false;
        }
        self.is_closing = true;
        if owes_answer {
            self.let_go();
        }
        true
    }

    /// Answers a rebalance while the consumer closes: librdkafka takes any answer as "nothing is assigned" then.
    /// It may also have closed already; a call that comes just then waits for ever (librdkafka issue 4041), so it
    /// has a thread of its own.
    pub(super) fn let_go(&self) {
        if self.consumer.closed() {
            return;
        }
        let consumer = Arc::clone(&self.consumer);
        let unassign = move || {
            let _ = consumer.unassign();
        };
        if !within(LAST_ANSWER, unassign) {
            tracing::debug!(
                workflow = self.config.name,
                "the consumer accepted no last answer: it is closed, or almost closed"
            );
        }
    }

    /// Closes the consumer, waiting for nothing that runs. One that does not close in time is left as it is, with
    /// all its memory: dropping it would wait for that without a bound.
    pub(super) fn close(&self) {
        if self.consumer.closed() {
            return;
        }
        let answers = self.step.owes_answer() || !self.happened.is_empty();
        let was_closing = self.is_closing;
        let consumer = Arc::clone(&self.consumer);
        let close = move || {
            let is_closing = was_closing || consumer.close_queue().is_ok();
            if answers {
                let _ = consumer.unassign();
            }
            while is_closing && !consumer.closed() {
                consumer.poll(PROBE_TIMEOUT);
            }
        };
        // Whoever has asked to stop waits no longer for this than for the rest.
        let limit = self.closing.map_or(ABANDONED, |until| {
            until.saturating_duration_since(Instant::now()).min(ABANDONED)
        });
        if !within(limit, close) {
            tracing::warn!(
                workflow = self.config.name,
                "the consumer does not close: it is left behind, and leaves the group when its session times \
                 out"
            );
        }
    }
}

/// Does something that may never return on a thread of its own; says whether it has returned in time.
fn within(limit: Duration, work: impl FnOnce() + Send + 'static) -> bool {
    let (working, over) = crossbeam_channel::bounded::<()>(0);
    let thread = std::thread::Builder::new().name("kafka-close".to_owned());
    let started = thread.spawn(move || {
        work();
        drop(working);
    });
    started.is_ok() && over.recv_timeout(limit) != Err(RecvTimeoutError::Timeout)
}
