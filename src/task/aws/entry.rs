//! One entry of the configuration that calls AWS, checked.
//!
//! Owns what its shards share: places, credentials, limits. Must not know calls. Invariant: what an event says changes nothing
//! here.

use super::config::AwsConfig;
use super::counts::Counts;
use super::credentials::{Chain, Http, Identity, Keeper, Role};
use super::environment::Environment;
use super::places::{Place, Places};
use super::settings::Settings;
use crate::services::Services;
use crate::task::Home;
use crate::task::config::Mistake;
use crate::task::http::{ConnectionConfig, Limits, tls};
use crate::task::lambda::CallLimits;
use reqsign_aws_v4::IMDSv2CredentialProvider;
use std::sync::Arc;
use tokio_rustls::TlsConnector;

/// What the shards of an entry share.
pub(super) struct Entry {
    pub(super) places: Places,
    pub(super) keeper: Keeper,
    /// Whose rights calls have that say nothing else.
    pub(super) identity: Identity,
    pub(super) limits: Limits,
    pub(super) tls: Option<TlsConnector>,
    pub(super) home: Home,
    pub(super) counts: Arc<Counts>,
}

impl Entry {
    /// Checks an entry; reads the environment, AWS's shared files and certificates, and starts what keeps credentials.
    ///
    /// # Errors
    /// What is wrong with the entry, or with what `[aws]` and the environment say for it.
    pub(super) fn new(
        config: &AwsConfig,
        connections: &ConnectionConfig,
        calls: &CallLimits,
        settings: &Settings,
        home: &Home,
    ) -> Result<Entry, Mistake> {
        Entry::within(
            config,
            connections,
            calls,
            settings,
            home,
            Environment::of_machine,
        )
    }

    /// Does so in an environment.
    pub(super) fn within(
        config: &AwsConfig,
        connections: &ConnectionConfig,
        calls: &CallLimits,
        settings: &Settings,
        home: &Home,
        environment: impl Fn() -> Environment + Send + Sync + 'static,
    ) -> Result<Entry, Mistake> {
        let mistake = |message: String| Mistake::of_key("aws", message);
        if let Some((keys, message)) = settings.problems().into_iter().next() {
            return Err(mistake(format!("aws.{}: {message}", keys.join("."))));
        }
        let access = config.access();
        let places = Places::new(&access, settings, &environment(), &home.region)?;
        let tls = connector(settings.ca_file.as_deref(), &places).map_err(mistake)?;
        let chain = Chain {
            profile: settings.profile.clone(),
            region: places.region().into(),
            http: Http {
                tls: tls.clone(),
                sts: sts(&places),
            },
            environment: Box::new(environment),
            instance: IMDSv2CredentialProvider::new(),
        };
        let mut identity = Identity::default();
        if let Some(arn) = access.role_arn {
            identity = identity.assuming(Role {
                arn: arn.into(),
                external_id: access.external_id.map(Into::into),
            });
        }
        let counts = Arc::<Counts>::default();
        Ok(Entry {
            keeper: Keeper::start(chain, counts.clone())
                .map_err(|error| mistake(format!("it cannot be started: {error}")))?,
            places,
            identity,
            limits: connections.limits(calls.queue(), calls.timeout()),
            tls,
            home: home.clone(),
            counts,
        })
    }
}

impl Entry {
    /// Joins what `[aws]` and the environment say, for what calls AWS outside of tasks.
    ///
    /// # Errors
    /// What of it cannot be used.
    pub(super) fn of_process(settings: &Settings, home: &Home) -> Result<Entry, String> {
        let (config, connections, calls) = Default::default();
        Entry::new(&config, &connections, &calls, settings, home).map_err(|mistake| mistake.message)
    }

    /// Returns what sends single requests, each on a connection of its own.
    pub(super) fn http(&self) -> Http {
        Http {
            tls: self.tls.clone(),
            sts: sts(&self.places),
        }
    }
}

/// Returns what opens encrypted connections, if any may be encrypted.
fn connector(ca_file: Option<&str>, places: &Places) -> Result<Option<TlsConnector>, String> {
    let roots = match ca_file {
        Some(file) => tls::roots_of(file).map_err(|message| format!("aws.ca_file: {message}"))?,
        None if places.may_be_encrypted() => tls::roots_of_system()?,
        None => return Ok(None),
    };
    tls::connector(roots).map(Some)
}

/// Returns where STS answers.
fn sts(places: &Places) -> Option<Place> {
    let service = Services::shipped().service("sts").ok()??;
    places.find(&service, None, None).ok()
}
