//! An entry of `[tasks]` that grants URLs, as what makes connectors.
//!
//! Must not know URLs.

use super::exchange::Caller;
use super::service::Service;
use crate::task::Connector;
use crate::task::asked::{Asked, Refusal};
use crate::task::maker::{Maker, Site};
use std::sync::Arc;

/// An entry that grants URLs.
pub(in crate::task) struct WebMaker(pub(in crate::task) Arc<Service>);

impl Maker for WebMaker {
    fn make(&self, site: &mut Site) -> Box<dyn Connector> {
        Box::new(Caller::new(self.0.clone(), site.answers.clone()))
    }

    fn serves(&self, task: &Asked<'_>) -> Result<(), Refusal> {
        self.0.serves(*task)
    }

    fn runs_functions(&self) -> bool {
        false
    }
}
