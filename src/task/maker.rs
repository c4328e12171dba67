//! Entries of the configuration, checked: what makes connectors, and what it offers to programs.
//!
//! Must not know any kind of connector.

use super::answers::Answers;
use super::asked::{Asked, Refusal};
use super::aws;
use super::connector::Connector;
use super::lambda::function::Home;
use super::lambda::process::Counts;
use super::table::Table;
use crate::random::Random;
use std::sync::Arc;
use std::time::Duration;

/// One entry, which makes its connectors. Shards share it.
pub(super) trait Maker: Send + Sync {
    /// Makes the connector of a shard, on its thread and inside its `LocalSet`.
    fn make(&self, site: &mut Site) -> Box<dyn Connector>;

    /// Says whether its connectors serve a task that calls a resource which a pattern of the entry matches.
    ///
    /// # Errors
    /// What of the task they do not serve.
    fn serves(&self, _task: &Asked<'_>) -> Result<(), Refusal> {
        Ok(())
    }

    /// Says whether its connectors run Lambda functions.
    fn runs_functions(&self) -> bool {
        true
    }

    /// Says whether its connectors write to the shard's sink, which they share.
    fn writes(&self) -> bool {
        false
    }

    /// Returns what its processes have done, if it has any.
    fn processes(&self) -> Option<Arc<Counts>> {
        None
    }

    /// Returns what it has asked of AWS, if it calls that.
    fn aws(&self) -> Option<Arc<aws::Counts>> {
        None
    }

    /// Tells its processes to end, if it has any.
    fn stop(&self) {}

    /// Waits until they have ended, so long at most; says whether they have.
    fn stopped(&self, _longest: Duration) -> bool {
        true
    }
}

/// What connectors are made with on a shard.
pub(super) struct Site {
    /// Where pending calls are answered.
    pub(super) answers: Answers,
    /// Where ids in answers come from.
    pub(super) random: Random,
    /// How many entries write to the sink.
    pub(super) writers: usize,
}

/// What the configuration offers.
#[derive(Clone, Copy)]
pub(super) struct Offer<'a> {
    pub(super) table: &'a Table,
    pub(super) home: &'a Home,
    pub(super) makers: &'a [Box<dyn Maker>],
}
