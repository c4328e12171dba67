//! The service: builds the parts from a plan, starts them in order, stops them in order.
//!
//! Start: tasks and definitions are checked, the HTTP pages listen (not ready), log writers open their
//! destinations, consumers join their groups, shards run. Stop: consumers give their partitions back
//! while the shards still finish what runs; then shards, log writers and pages end. Only `server` and
//! `cli` know the whole configuration. Invariant: nothing reads an event before everything that can be
//! refused has been looked at.

mod budget;
mod build;
mod cores;
mod definitions;
pub mod health;
pub mod http;
mod memory;
mod orders;
pub mod pages;
mod plan;
mod problems;
mod readiness;
mod stop;
#[cfg(test)]
mod stop_tests;
mod tokens;
mod wiring;

pub(crate) use budget::without_clients;
pub use definitions::POLL;
pub use orders::Orders;
pub use plan::{Plan, WorkflowPlan};
pub use problems::{Failure, Problems};
pub use stop::STOP_REST;
pub(crate) use tokens::with_tokens;

use crate::log::write::{Log, Writer};
use crate::metrics::Metrics;
use crate::runtime;
use crate::stream::kafka::{self, Control};
use crate::task::Tasks;
use definitions::Definitions;
use health::Health;
use http::Http;
use orders::Desk;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often it is looked at whether what is sent arrives, and whether the end of the input can be reached.
const LOOK: Duration = Duration::from_secs(2);
/// How long a run to the end of its input lasts when it seems out of reach: a broker that starts may refuse.
const HOPELESS_AFTER: Duration = Duration::from_secs(5);

/// A service that runs.
pub struct Server {
    orders: (Orders, Desk),
    shutdown_timeout: Duration,
    /// Whether shards end by themselves when the input does.
    until_end: bool,
    /// Since when the end of the input seems out of reach.
    hopeless_since: Option<Instant>,
    deliveries: readiness::Watch,
    definitions: Definitions,
    health: Health,
    metrics: Metrics,
    http: Option<Http>,
    /// Where logs of workflows are opened.
    writer: Writer,
    logs: Vec<(String, Log)>,
    controls: Vec<Control>,
    shards: Vec<runtime::Handle>,
    /// What runs tasks: it may have processes.
    tasks: Arc<Tasks>,
}

impl Server {
    /// Starts a service; it runs on its own threads from then on. [`Server::run`] accompanies it.
    ///
    /// Does not wait for brokers: until they answer it is not ready, and tries again.
    ///
    /// # Errors
    /// Everything that is wrong with the plan, its definitions, or what they need.
    pub fn start(plan: Plan) -> Result<Server, Problems> {
        let server = Server::start_unless(plan, &|| false)?;
        server.ok_or_else(|| Problems::from("it was stopped".to_owned()))
    }

    /// As [`Server::start`]; `None` if `is_stopped` says so while definitions are still read: then nothing has begun.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn start_unless(plan: Plan, is_stopped: &dyn Fn() -> bool) -> Result<Option<Server>, Problems> {
        build::start(plan, is_stopped)
    }

    /// Returns where orders are given.
    pub fn orders(&self) -> Orders {
        self.orders.0.clone()
    }

    /// Returns the address of the pages, if they are served.
    pub fn address(&self) -> Option<SocketAddr> {
        self.http.as_ref().map(Http::address)
    }

    /// Returns what the service counts.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Returns where to ask whether the service is ready.
    pub fn health(&self) -> Health {
        self.health.clone()
    }

    /// Runs until the service is told to stop, or its input is at its end, and ends it in order.
    ///
    /// # Errors
    /// When a part failed: not everything that ran is committed; it runs again after a restart (async).
    pub fn run(mut self) -> Result<(), Failure> {
        let mut problems = Problems::default();
        let mut is_refused = false;
        let mut over = 0;
        while let Some(given) = self.orders.1.take(LOOK) {
            if given.stop {
                let seconds = self.shutdown_timeout.as_secs_f64();
                tracing::info!(
                    "stopping: running executions have {seconds} s to finish; a second signal ends the process \
                     immediately"
                );
                break;
            }
            over += given.over.len();
            if !self.until_end && over > 0 {
                for number in given.over {
                    tracing::error!("shard {number} has ended, so the service stops");
                    problems.0.push(format!("shard {number} ended by itself"));
                }
                break;
            }
            if over > 0 && over == self.shards.len() {
                tracing::info!("the input is at its end");
                break;
            }
            if given.reload {
                self.definitions.reload();
            }
            if self.a_log_is_broken() {
                break;
            }
            self.deliveries.look();
            if let Some((problem, refused)) = self.hopeless() {
                tracing::error!("the end of the input cannot be reached: {problem}");
                problems.0.push(problem);
                is_refused = refused;
                break;
            }
        }
        self.stop(&mut problems);
        match problems.0.is_empty() {
            true => Ok(()),
            false => Err(Failure { problems, is_refused }),
        }
    }

    /// Says whether the writer of a log has panicked, and counts it. Its records are not confirmed any more, so nothing
    /// of its workflow is finished: the service ends, and what is not committed runs again after a restart. What went
    /// wrong becomes a problem when the writer is waited for.
    fn a_log_is_broken(&self) -> bool {
        let mut is_broken = false;
        for (workflow, log) in &self.logs {
            if let Some(problem) = log.health().broken() {
                is_broken = true;
                tracing::error!(workflow, "the log is broken, so the service stops: {problem}");
                let mut metrics = self.metrics.workflow(workflow);
                metrics.counts.panics += 1;
                metrics.flush();
            }
        }
        is_broken
    }

    /// Says why a service that runs to the end of its input gives up, if it does: there is nobody to wait for
    /// who would mend what is wrong. One that runs until it is stopped waits. Says also whether a group refuses it.
    fn hopeless(&mut self) -> Option<(String, bool)> {
        if !self.until_end {
            return None;
        }
        let first = |find: fn(&kafka::Health) -> Option<String>| {
            self.controls.iter().find_map(|control| find(control.health()))
        };
        let refused = first(readiness::refused).map(|problem| (problem, true));
        let problem = refused.or_else(|| {
            let problem = first(readiness::hopeless).or_else(|| self.deliveries.hopeless());
            Some((problem?, false))
        });
        let Some(problem) = problem else {
            self.hopeless_since = None;
            return None;
        };
        let since = *self.hopeless_since.get_or_insert_with(Instant::now);
        (since.elapsed() >= HOPELESS_AFTER).then_some(problem)
    }
}
