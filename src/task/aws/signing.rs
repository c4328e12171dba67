//! Signatures for requests that another connector makes and sends.
//!
//! Owns whose credentials they have, on one shard. Must not know what a request asks for. Invariant: an entry says with whose
//! rights it signs; a task says another role at most.

use super::config::AwsConfig;
use super::credentials::{Ask, Denial, Identity, Session};
use super::entry::Entry;
use super::places::Place;
use super::settings::Settings;
use super::sign::{Cover, Outgoing, Signer};
use super::url::Url;
use super::{identity_of, region};
use crate::clock;
use crate::services::protocol::Draft;
use crate::task::config::Mistake;
use crate::task::connector::Request;
use crate::task::http;
use crate::task::http::ConnectionConfig;
use crate::task::lambda::CallLimits;
use crate::task::{Failure, Home};
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Most identities whose credentials a shard remembers.
const IDENTITIES_MAX: usize = 256;

/// An entry that signs; shards share it.
#[derive(Clone)]
pub(in crate::task) struct Signatory(Arc<Entry>);

impl Signatory {
    /// Checks the keys of an entry; see [`Entry::new`].
    ///
    /// # Errors
    /// What is wrong with them.
    pub(in crate::task) fn new(
        config: &AwsConfig,
        connections: &ConnectionConfig,
        calls: &CallLimits,
        settings: &Settings,
        home: &Home,
    ) -> Result<Signatory, Mistake> {
        Entry::new(config, connections, calls, settings, home).map(|entry| Signatory(Arc::new(entry)))
    }

    /// Begins to sign on a shard.
    pub(in crate::task) fn on_shard(&self) -> Signing {
        Signing {
            entry: self.0.clone(),
            signer: RefCell::default(),
            sessions: RefCell::default(),
        }
    }
}

/// Whose rights a request has.
pub(in crate::task) struct Author {
    identity: Identity,
    /// What a session is called, if one begins.
    name: Box<str>,
}

/// A request to be signed.
pub(in crate::task) struct Unsigned {
    /// `https://host`.
    pub(in crate::task) base: String,
    pub(in crate::task) draft: Draft,
    /// The service that the signature names.
    pub(in crate::task) service: &'static str,
    /// The region that the signature names; the entry's own without.
    pub(in crate::task) region: Option<Box<str>>,
}

/// Signs the requests of one shard.
pub(in crate::task) struct Signing {
    entry: Arc<Entry>,
    signer: RefCell<Signer>,
    sessions: RefCell<FxHashMap<Identity, Arc<Session>>>,
}

impl Signing {
    /// Returns whose rights a task's request has.
    ///
    /// # Errors
    /// The task's failure: its credentials name no role.
    pub(in crate::task) fn author(&self, request: &Request<'_>) -> Result<Author, Failure> {
        let (identity, name) = identity_of(&self.entry, request)?;
        Ok(Author { identity, name })
    }

    /// Signs a request, when there are credentials.
    ///
    /// # Errors
    /// The failure of a role that may not be assumed; anything else goes to `other`, as a sentence.
    pub(in crate::task) async fn sign(
        &self,
        author: &Author,
        unsigned: Unsigned,
        other: impl Fn(&str) -> Failure,
    ) -> Result<http::Request, Failure> {
        let session = self.session(author).await.map_err(|denial| {
            let (Denial::Forbidden(text) | Denial::Missing(text)) = &denial;
            match (&denial, author.identity.role()) {
                (Denial::Forbidden(_), Some(role)) => Failure::new(
                    "States.TaskFailed",
                    format!(
                        "The role {} is not authorized to assume the task state's role, {}.",
                        author.identity.caller(),
                        role.arn
                    ),
                ),
                _ => other(text),
            }
        })?;
        let Unsigned {
            base,
            draft,
            service,
            region,
        } = unsigned;
        let region = region.unwrap_or_else(|| self.entry.places.region().into());
        let place = Place {
            url: Url::parse(&base).map_err(|error| other(&error))?,
            region,
            name: service.into(),
            is_aws: true,
        };
        let outgoing = Outgoing {
            draft,
            place,
            cover: Cover::All,
        };
        let signed = self.signer.borrow_mut().request(outgoing, Some(&session));
        signed.map_err(|error| other(&error))
    }

    /// Returns credentials that are good.
    async fn session(&self, author: &Author) -> Result<Arc<Session>, Denial> {
        let now_ms = clock::wall_ms();
        let known = self.sessions.borrow().get(&author.identity).cloned();
        if let Some(session) = known.filter(|session| session.is_good(now_ms) && !session.is_old(now_ms)) {
            return Ok(session);
        }
        let (answer, outcome) = oneshot::channel();
        self.entry.keeper.ask(Ask {
            identity: author.identity.clone(),
            name: author.name.clone(),
            refused: None,
            answer,
        })?;
        let gone = || Denial::Missing("Unable to load credentials: their keeper is gone".into());
        let session = outcome.await.unwrap_or_else(|_| Err(gone()))?;
        let mut sessions = self.sessions.borrow_mut();
        if sessions.len() >= IDENTITIES_MAX {
            sessions.clear();
        }
        sessions.insert(author.identity.clone(), session.clone());
        Ok(session)
    }
}

/// Returns the region in a host of API Gateway, such as `a1b2.execute-api.eu-west-1.amazonaws.com`.
pub(in crate::task) fn gateway_region(host: &str) -> Option<Box<str>> {
    let (_, rest) = host.split_once(".execute-api.")?;
    let name = rest.split('.').next()?;
    region::is_region(name).then(|| name.into())
}
