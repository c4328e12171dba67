//! One entry of `[tasks]` that grants URLs, checked.
//!
//! Owns where requests may lead. Must not know how they are sent. Invariant: a request that is handed on was granted, by the
//! entry and by the connection whose secrets it carries.

use super::config::WebKeys;
use super::connection::{Connection, Ready, name_of};
use super::counts::Counts;
use super::draft::Draft;
use super::endpoint::{Endpoint, Place, granted};
use super::gateway;
use super::invoke;
use super::response::Integration;
use super::value::Parameters;
use crate::fault;
use crate::services::protocol;
use crate::task::asked::{Asked, Refusal};
use crate::task::aws::{Settings, Signatory, Unsigned, gateway_region};
use crate::task::config::{ConfigError, Mistake};
use crate::task::http::{Limits, Origin, Reach, Request};
use crate::task::{Failure, Home};
use crate::value::{ValueRef, View};
use http_body_util::Full;
use hyper::Uri;
use hyper::body::Bytes;
use hyper::header::{HOST, HeaderValue, USER_AGENT};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio_rustls::TlsConnector;

/// Stands for the first label of an `ApiEndpoint`.
const PLACEHOLDER: &str = "{api}";

/// One entry, checked.
pub(in crate::task) struct Service {
    pattern: Box<str>,
    endpoints: Vec<Endpoint>,
    /// Where gateways are, with `{api}` in its path perhaps.
    gateway_url: Option<String>,
    pub(super) connections: Connections,
    pub(super) tls: Option<TlsConnector>,
    pub(super) limits: Limits,
    /// What signs requests, if anything does.
    pub(super) signatory: Option<Signatory>,
    /// What HTTP Tasks call themselves.
    agent: HeaderValue,
}

/// All connections, checked; entries and shards share them.
#[derive(Clone, Default)]
pub(in crate::task) struct Connections {
    pub(super) ready: Arc<Vec<Ready>>,
    pub(super) counts: Arc<Counts>,
}

impl Connections {
    /// Checks the connections; reads their secrets.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub(in crate::task) fn new(
        connections: &BTreeMap<String, Connection>,
    ) -> Result<Connections, Vec<ConfigError>> {
        let (mut ready, mut wrong) = (Vec::new(), Vec::new());
        for (name, connection) in connections {
            match connection.ready(name) {
                Ok(checked) => ready.push(checked),
                Err(mistake) => wrong.push(mistake.at_connection(name)),
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let with_tokens = ready.iter().filter(|connection| connection.token.is_some());
        let counts = Counts::new(with_tokens.map(|connection| connection.name.as_str()));
        Ok(Connections {
            counts: Arc::new(counts),
            ready: Arc::new(ready),
        })
    }

    /// Says whether there is the one that an ARN names.
    fn has(&self, arn: &str) -> bool {
        let name = name_of(arn);
        self.ready
            .iter()
            .any(|connection| Some(connection.name.as_str()) == name)
    }

    /// Returns what they have done.
    pub(in crate::task) fn counts(&self) -> Arc<Counts> {
        self.counts.clone()
    }
}

impl Service {
    /// Checks an entry; reads its certificates.
    pub(in crate::task) fn new(
        pattern: &str,
        keys: &WebKeys<'_>,
        connections: &Connections,
        aws: &Settings,
        home: &Home,
    ) -> Result<Service, Mistake> {
        let endpoints = keys
            .web
            .endpoints
            .iter()
            .flatten()
            .map(|text| Endpoint::parse(text));
        let endpoints: Result<Vec<Endpoint>, String> = endpoints.collect();
        let endpoints = endpoints.map_err(|message| Mistake::of_key("endpoints", message))?;
        let gateway_url = keys.web.gateway_url.as_deref().map(gateway_base).transpose()?;
        let agent = format!("Amazon|StepFunctions|HttpInvoke|{}", home.region);
        let mut tokens = connections
            .ready
            .iter()
            .filter_map(|connection| connection.token.as_ref());
        let is_encrypted = endpoints.iter().any(Endpoint::may_be_encrypted)
            || gateway_url.as_ref().is_some_and(|url| url.starts_with("https"))
            || tokens.any(|token| token.origin.is_encrypted());
        let signatory = keys
            .aws
            .map(|config| Signatory::new(config, keys.limits, keys.calls, aws, home));
        Ok(Service {
            pattern: pattern.into(),
            tls: keys.tls(is_encrypted)?,
            signatory: signatory.transpose()?,
            endpoints,
            gateway_url,
            connections: connections.clone(),
            limits: keys.limits.limits(keys.calls.queue(), keys.calls.timeout()),
            agent: HeaderValue::from_str(&agent)
                .map_err(|_| Mistake::of_entry("the region cannot be a part of a header"))?,
        })
    }

    /// Makes the request of a call, and says where it goes.
    ///
    /// # Errors
    /// The task's failure: its parameters are not right, or lead where nothing is granted.
    pub(super) fn draft(
        &self,
        integration: Integration,
        view: View<'_>,
        root: ValueRef,
    ) -> Result<Prepared, Failure> {
        let parameters = Parameters { view, root };
        let draft = match integration {
            Integration::Http => invoke::draft(parameters, &self.connections.ready, &self.agent)?,
            Integration::Gateway => gateway::draft(parameters, self.signatory.is_some())?,
        };
        let place = Place::of(&draft.uri).ok_or_else(|| parameters.invalid("ApiEndpoint"))?;
        let reach = granted(&self.endpoints, &place).ok_or_else(|| {
            let pattern = &self.pattern;
            let entry = format!("tasks.\"{pattern}\"");
            not_granted(&place, &entry)
        })?;
        let connection = draft.connection.map(|number| &self.connections.ready[number]);
        if let Some(connection) = connection
            && let Some(endpoints) = &connection.endpoints
            && granted(endpoints, &place).is_none()
        {
            return Err(not_granted(&place, &format!("connections.{}", connection.name)));
        }
        let (uri, reach) = match (&self.gateway_url, integration) {
            (Some(base), Integration::Gateway) => (moved(base, &draft.uri), Reach::Named),
            _ => (Some(draft.uri.clone()), reach),
        };
        let uri = uri.ok_or_else(|| parameters.invalid("ApiEndpoint"))?;
        let origin = Origin::of(&uri).map_err(|_| parameters.invalid("ApiEndpoint"))?;
        let prepared = Prepared {
            origin: origin.within(reach),
            connection: draft.connection,
            unsigned: draft.is_signed.then(|| unsigned(&draft, &uri)),
            request: request(draft, &uri).ok_or_else(|| parameters.invalid("ApiEndpoint"))?,
        };
        Ok(prepared)
    }
}

impl Service {
    /// Says whether a task is served, as far as its program says what it calls.
    ///
    /// # Errors
    /// What of it is not.
    pub(super) fn serves(&self, task: Asked<'_>) -> Result<(), Refusal> {
        let integration = task
            .integration()
            .and_then(|(service, action)| Integration::of(service, action));
        let integration = integration.ok_or(Refusal(None))?;
        if let (Integration::Gateway, Some(auth_type)) = (integration, task.constant("AuthType"))
            && self.signatory.is_none()
            && gateway::is_signed(&auth_type) == Some(true)
        {
            return Err(Refusal(Some(("AuthType", auth_type))));
        }
        if let (Integration::Http, Some(arn)) = (integration, connection_of(task))
            && !self.connections.has(&arn)
        {
            return Err(Refusal(Some(("ConnectionArn", arn))));
        }
        let Some(endpoint) = task.constant("ApiEndpoint") else {
            return Ok(());
        };
        // What is no URL fails when it is called, as on AWS.
        let place = match integration {
            Integration::Http => place(&endpoint),
            Integration::Gateway if task.is_computed("Stage") || task.is_computed("Path") => return Ok(()),
            Integration::Gateway => {
                let (stage, path) = (task.constant("Stage"), task.constant("Path"));
                gateway_place(&endpoint, stage.as_deref(), path.as_deref())
            }
        };
        match place.is_some_and(|place| granted(&self.endpoints, &place).is_none()) {
            true => Err(Refusal(Some(("ApiEndpoint", endpoint)))),
            false => Ok(()),
        }
    }
}

/// A request that was granted.
pub(super) struct Prepared {
    pub(super) origin: Origin,
    pub(super) request: Request,
    /// The number of the connection that it uses.
    pub(super) connection: Option<usize>,
    /// The request again, if it has to be signed.
    pub(super) unsigned: Option<Unsigned>,
}

/// Makes a request of a draft that is to be signed; `uri` is where it goes.
fn unsigned(draft: &Draft, uri: &Uri) -> Unsigned {
    let scheme = uri.scheme_str().unwrap_or("https");
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let headers = draft.headers.iter().filter(|(name, _)| *name != USER_AGENT);
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Unsigned {
        base: format!("{scheme}://{authority}/"),
        draft: protocol::Draft {
            method: draft.method.to_string(),
            path: uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
            headers: headers
                .map(|(name, value)| (name.to_string(), text(value)))
                .collect(),
            body: draft.body.clone(),
            host_prefix: None,
        },
        service: "execute-api",
        region: draft.uri.host().and_then(gateway_region),
    }
}

/// Says that a URL is not granted, and what would grant it.
fn not_granted(place: &Place, whose: &str) -> Failure {
    let cause = format!(
        "The configuration does not grant calls to {place}: add \"{place}\" to the endpoints of {whose}."
    );
    Failure::new(fault::PERMISSIONS, cause)
}

/// Checks `gateway_url`.
fn gateway_base(url: &str) -> Result<String, Mistake> {
    let wrong = |message: &str| Mistake::of_key("gateway_url", message);
    let uri: Uri = url
        .replace(PLACEHOLDER, "api")
        .parse()
        .map_err(|_| wrong("it is not a URL"))?;
    let origin = Origin::of(&uri).map_err(|error| wrong(&error))?;
    let path = url
        .split_once("://")
        .and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..]));
    if path.unwrap_or_default().matches(PLACEHOLDER).count() != url.matches(PLACEHOLDER).count() {
        return Err(wrong("the host may have no placeholder"));
    }
    if uri.query().is_some() || url.contains('#') {
        return Err(wrong("it may have no query"));
    }
    if origin.host().parse().is_ok_and(crate::task::http::forbidden) {
        return Err(wrong("no task may reach this address"));
    }
    Ok(url.trim_end_matches('/').to_owned())
}

/// Returns the URL of a gateway below the configured one.
fn moved(base: &str, uri: &Uri) -> Option<Uri> {
    let api = uri.host()?.split('.').next()?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    format!("{}{path}", base.replace(PLACEHOLDER, api)).parse().ok()
}

/// Makes a request of a draft; `uri` is where it goes.
fn request(draft: Draft, uri: &Uri) -> Option<Request> {
    let mut request = Request::new(Full::new(Bytes::from(draft.body)));
    *request.method_mut() = draft.method;
    *request.uri_mut() = uri
        .path_and_query()
        .map_or("/", |path| path.as_str())
        .parse()
        .ok()?;
    *request.headers_mut() = draft.headers;
    let host = HeaderValue::from_str(uri.authority()?.as_str()).ok()?;
    request.headers_mut().insert(HOST, host);
    Some(request)
}

/// Returns where `http:invoke` with an `ApiEndpoint` leads.
pub(in crate::task) fn place(endpoint: &str) -> Option<Place> {
    Place::of(&invoke::uri(invoke::split(endpoint).0, "")?)
}

/// Returns where `apigateway:invoke` with an `ApiEndpoint` leads; `gateway_url` changes nothing about it.
pub(in crate::task) fn gateway_place(
    endpoint: &str,
    stage: Option<&str>,
    path: Option<&str>,
) -> Option<Place> {
    Place::of(&gateway::url(endpoint, stage, path)?.parse().ok()?)
}

/// Returns the connection's ARN, if it is constant.
fn connection_of(task: Asked<'_>) -> Option<String> {
    let mut fields = ["InvocationConfig", "Authentication"].iter();
    let config = fields.find_map(|field| task.parameter(field))??;
    let arn = task.view().member_named(config, "ConnectionArn")?;
    Some(task.view().string(arn)?.decode().into_owned())
}
