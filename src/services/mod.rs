//! AWS's services: what can be asked of them, how a request is written and an answer read.
//!
//! Owns the table of services and actions, the Java SDK's names for them, the protocols between a task's parameters
//! and an HTTP request and between an HTTP answer and a task's result, and the integrations that Step Functions
//! optimizes. Must not know signatures, credentials, connections or configuration: what goes over the wire is bytes
//! here. A hostile answer is an error, never a panic.
//!
//! The models in `models/models.bin` are botocore's, reduced; `models/generate.py` makes them.

mod archive;
pub mod endpoint;
mod error;
mod load;
mod model;
pub mod names;
pub mod optimized;
pub(crate) mod percent;
pub mod protocol;
#[cfg(test)]
mod tests;

use archive::Archive;
pub use error::{ParameterProblem, ServiceError, Style};
pub use load::ModelError;
pub use model::{Operation, Protocol, Service};
use rustc_hash::FxHashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// How many unpacked models are kept beside those that somebody still holds.
const SERVICES_KEPT_MAX: usize = 24;

/// Services that AWS has closed: the models have them no longer, but definitions that call them were accepted.
const CLOSED: &[&str] = &[
    "alexaforbusiness",
    "backupstorage",
    "codestar",
    "elasticinference",
    "elastictranscoder",
    "evidently",
    "finspace",
    "finspacedata",
    "gamesparks",
    "honeycode",
    "iot1clickdevices",
    "iot1clickprojects",
    "iotanalytics",
    "iotevents",
    "ioteventsdata",
    "iotfleethub",
    "iotroborunner",
    "lookoutmetrics",
    "lookoutvision",
    "macie",
    "mobile",
    "nimble",
    "opsworks",
    "opsworkscm",
    "panorama",
    "privatenetworks",
    "qldb",
    "qldbsession",
    "robomaker",
    "simspaceweaver",
    "sms",
    "worklink",
];

static SHIPPED: LazyLock<Services> = LazyLock::new(|| {
    let archive =
        Archive::open(include_bytes!("models/models.bin")).expect("the shipped models have an index");
    Services::of(Arc::new(archive))
});

/// The table of services.
pub struct Services {
    archive: Arc<Archive>,
    /// Places in the archive by the names in resources.
    places: Arc<FxHashMap<String, usize>>,
    /// Models of the user's, which come first.
    given: FxHashMap<String, Arc<Service>>,
    /// Models that were unpacked, the latest last.
    kept: Mutex<Vec<(usize, Arc<Service>)>>,
}

impl Services {
    /// Returns the services that stepstream ships with.
    pub fn shipped() -> &'static Services {
        &SHIPPED
    }

    fn of(archive: Arc<Archive>) -> Services {
        let named = |(index, id): (usize, &str)| (names::service(id).to_lowercase(), index);
        Services {
            places: Arc::new(archive.ids().enumerate().map(named).collect()),
            archive,
            given: FxHashMap::default(),
            kept: Mutex::default(),
        }
    }

    /// Returns the shipped services and further models, texts of botocore's `service-2.json`: one for a known service
    /// takes its place.
    ///
    /// # Errors
    /// When a text is no model.
    pub fn with_models<'a>(models: impl IntoIterator<Item = &'a [u8]>) -> Result<Services, ModelError> {
        let shipped = Services::shipped();
        let mut given = FxHashMap::default();
        for text in models {
            let service = load::load(text)?;
            given.insert(service.resource_name().to_owned(), Arc::new(service));
        }
        Ok(Services {
            archive: shipped.archive.clone(),
            places: shipped.places.clone(),
            given,
            kept: Mutex::default(),
        })
    }

    /// Says what the shipped models were made from, such as `botocore 1.44.8`.
    pub fn source(&self) -> &str {
        self.archive.source()
    }

    /// Returns the ids of the shipped services, such as `CloudWatch Logs`.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.archive.ids()
    }

    /// Returns the names of all services, as resources have them, without an order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let given = self.given.keys().filter(|name| !self.places.contains_key(*name));
        self.places.keys().chain(given).map(String::as_str)
    }

    /// Returns the service that resources call so, such as `dynamodb`; `None` when there is none.
    ///
    /// # Errors
    /// When the shipped models are damaged.
    pub fn service(&self, resource_name: &str) -> Result<Option<Arc<Service>>, ModelError> {
        if let Some(service) = self.given.get(resource_name) {
            return Ok(Some(service.clone()));
        }
        match self.places.get(resource_name) {
            Some(&place) => self.unpacked(place).map(Some),
            None => Ok(None),
        }
    }

    fn unpacked(&self, place: usize) -> Result<Arc<Service>, ModelError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = kept.iter().position(|(known, _)| *known == place) {
            let entry = kept.remove(index);
            kept.push(entry.clone());
            return Ok(entry.1);
        }
        let service = Arc::new(load::load(&self.archive.unpack(place)?)?);
        if kept.len() >= SERVICES_KEPT_MAX {
            kept.remove(0);
        }
        kept.push((place, service.clone()));
        Ok(service)
    }

    /// Says whether a resource `aws-sdk:<service>:<action>` names something that AWS has or had.
    pub fn knows(&self, resource_name: &str, action: &str) -> bool {
        match self.service(resource_name) {
            Ok(Some(service)) => service.operation(action).is_some(),
            Ok(None) => CLOSED.contains(&resource_name),
            // Damaged models are nothing that a definition could mend.
            Err(_) => true,
        }
    }
}

impl std::fmt::Debug for Services {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let count = self.names().count();
        formatter
            .debug_struct("Services")
            .field("count", &count)
            .finish_non_exhaustive()
    }
}
