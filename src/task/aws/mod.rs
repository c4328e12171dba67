//! Services of AWS, by signed call: SQS, SNS, DynamoDB, EventBridge, functions at Lambda, any action of `aws-sdk:*`.
//!
//! `AwsMaker` is one entry of `[tasks]` with `aws`, checked (`config`, `entry`); each shard has an `AwsConnector`. A task's
//! parameters become a request in the service's protocol ([`crate::services`]), `places` says where it goes, `credentials` with
//! whose rights, `sign` signs it, `client` sends it, and `action` or `function` says what the answer means.
//!
//! | file | owns |
//! |---|---|
//! | `config`, `settings` | the keys of an entry, and `[aws]` |
//! | `environment`, `ini` | variables, and AWS's shared files |
//! | `places`, `region`, `url` | endpoint, region and signature of a call |
//! | `credentials` | their sources, roles, and the thread that keeps them |
//! | `sign`, `signature`, `client` | requests, and the calls of a shard |
//! | `signing` | signatures for requests of other connectors |
//! | `action`, `function` | what is called |
//! | `logs`, `brokers` | for others than tasks: CloudWatch Logs for execution logs, tokens for brokers of Amazon MSK |
//! | `counts` | what the metrics show |
//! | `token` | tokens that make a call that is repeated the same call |
//!
//! Must not know the models' inner life. Invariants: a call is sent once, or again if nothing of it was sent; nothing that an
//! event says chooses a host beyond AWS's own; no secret is shown; a shard never waits for credentials.

mod action;
#[cfg(feature = "kafka")]
mod brokers;
mod client;
mod config;
mod counts;
mod credentials;
mod entry;
mod environment;
mod function;
mod ini;
mod logs;
mod places;
mod region;
mod settings;
mod sign;
mod signature;
mod signing;
#[cfg(test)]
mod tests;
mod token;
mod url;

#[cfg(feature = "kafka")]
pub use brokers::msk_tokens;
pub(super) use config::AwsConfig;
pub use counts::Counts;
pub use logs::cloudwatch;
pub use settings::{ServiceSettings, Settings};
pub(super) use signing::{Author, Signatory, Signing, Unsigned, gateway_region};

use super::asked::{Asked, Refusal};
use super::config::Mistake;
use super::connector::Request;
use super::http::ConnectionConfig;
use super::lambda::CallLimits;
use super::lambda::envelope::Style as FunctionStyle;
use super::lambda::invoke::Invoker;
use super::maker::{Maker, Site};
use super::{Answer, Call, Connector, Failure, Home, Progress, Target};
use crate::services::ServiceError;
use crate::services::protocol::{self, Context};
use crate::stream::{Sink, Ticket};
use crate::value::{ValueRef, View};
use action::Action;
use client::{Client, Sending};
use config::is_role;
use credentials::{Identity, Role, session_name};
use entry::Entry;
use function::FunctionRunner;
use rustc_hash::{FxHashMap, FxHashSet};
use sign::{Cover, Outgoing};
use std::rc::Rc;
use std::sync::Arc;
use token::CallToken;

/// Most resources of one shard whose actions are remembered; programs have fewer.
const ACTIONS_MAX: usize = 1_024;

/// The parameters that may tell a call's region, by the order in which they count.
const REGION_PARAMETERS: [&str; 9] = [
    "QueueUrl",
    "TopicArn",
    "TargetArn",
    "StateMachineArn",
    "FunctionName",
    "TableName",
    "SecretId",
    "ResourceArn",
    "StreamArn",
];

/// The errors of optimized integrations where there is no answer; those of `aws-sdk:*` are as many as services.
pub(super) const ERRORS: [&str; 5] = [
    "DynamoDB.SdkClientException",
    "EventBridge.SdkClientException",
    "SNS.SdkClientException",
    "SQS.SdkClientException",
    "StepFunctions.SdkClientException",
];

/// An entry that calls AWS.
pub(super) struct AwsMaker(Arc<Entry>);

impl AwsMaker {
    /// Checks an entry; see [`Entry::new`].
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn new(
        config: &AwsConfig,
        connections: &ConnectionConfig,
        calls: &CallLimits,
        settings: &Settings,
        home: &Home,
    ) -> Result<AwsMaker, Mistake> {
        Entry::new(config, connections, calls, settings, home).map(|entry| AwsMaker(Arc::new(entry)))
    }
}

impl Maker for AwsMaker {
    fn make(&self, site: &mut Site) -> Box<dyn Connector> {
        let client = Rc::new(Client::new(self.0.clone(), site.answers.clone()));
        let runner = FunctionRunner::new(client.clone(), self.0.clone());
        Box::new(AwsConnector {
            functions: Invoker::new(runner, site.random.next_u64()),
            entry: self.0.clone(),
            client,
            actions: FxHashMap::default(),
            pending: FxHashSet::default(),
        })
    }

    fn aws(&self) -> Option<Arc<Counts>> {
        Some(self.0.counts.clone())
    }

    fn serves(&self, task: &Asked<'_>) -> Result<(), Refusal> {
        // A function's own ARN is no integration; whether there is such a function only AWS knows.
        match task.integration() {
            Some(_) if Action::find(task.arn()).is_none() => Err(Refusal(None)),
            _ => Ok(()),
        }
    }
}

/// Calls AWS for one shard.
struct AwsConnector {
    entry: Arc<Entry>,
    client: Rc<Client>,
    functions: Invoker<FunctionRunner>,
    /// By the resource's ARN.
    actions: FxHashMap<Box<str>, Rc<Action>>,
    /// Calls of actions, which are answered as they are to be.
    pending: FxHashSet<Ticket>,
}

impl Connector for AwsConnector {
    fn call(
        &mut self,
        call: &Call<'_>,
        ticket: Ticket,
        sink: &mut dyn Sink,
        result: &mut Vec<u8>,
    ) -> Progress {
        if let Target::Function(invocation) = call.target
            && invocation.style == FunctionStyle::Bare
        {
            return self.functions.call(call, ticket, sink, result);
        }
        let sent = self
            .sending(call)
            .and_then(|sending| self.client.send(ticket, sending));
        match sent {
            Ok(()) => {
                self.pending.insert(ticket);
                Progress::Pending
            }
            Err(failure) => Progress::Failure(failure),
        }
    }

    fn dress(&mut self, ticket: Ticket, answer: Answer, now_ms: i64) -> Answer {
        match self.pending.remove(&ticket) {
            true => answer,
            false => self.functions.dress(ticket, answer, now_ms),
        }
    }

    fn cancel(&mut self, ticket: Ticket) {
        match self.pending.remove(&ticket) {
            true => self.client.cancel(ticket),
            false => self.functions.cancel(ticket),
        }
    }

    fn waiting(&self) -> usize {
        self.client.waiting()
    }
}

impl AwsConnector {
    fn action(&mut self, resource: &str) -> Option<Rc<Action>> {
        if let Some(action) = self.actions.get(resource) {
            return Some(action.clone());
        }
        if self.actions.len() >= ACTIONS_MAX {
            self.actions.clear();
        }
        let action = Rc::new(Action::find(resource)?.counted(&self.entry.counts));
        self.actions.insert(resource.into(), action.clone());
        Some(action)
    }

    /// Makes a call of an action what is sent.
    fn sending(&mut self, call: &Call<'_>) -> Result<Sending, Failure> {
        let Some(action) = self.action(call.resource) else {
            let cause = format!("AWS has no action for the resource {}.", call.resource);
            return Err(Failure::new("States.Runtime", cause));
        };
        let Request {
            parameters,
            view,
            execution,
            state_machine,
            ..
        } = call.request;
        let arn = |object: ValueRef| match object.is_none() {
            true => String::new(),
            false => text(view, view.member_named(object, "Id")).unwrap_or_default(),
        };
        let (execution_arn, state_machine_arn) = (arn(execution), arn(state_machine));
        let context = Context {
            style: action.style,
            idempotency_token: &CallToken(&call.request),
            execution_arn: &execution_arn,
            state_machine_arn: &state_machine_arn,
        };
        let operation = action.operation();
        let draft = protocol::request(&action.service, operation, view, parameters, &context);
        let mut draft = draft.map_err(|problem| wrong_parameters(view, parameters, &problem))?;
        let client_error = |reason: String| {
            let error = ServiceError::client(&action.service, action.style, &reason);
            Failure::new(error.name(), error.cause())
        };
        let named = REGION_PARAMETERS
            .iter()
            .find_map(|name| text(view, view.member_named(parameters, name)));
        let region = named.as_deref().and_then(region::of);
        let host_prefix = draft.host_prefix.take();
        let place = self
            .entry
            .places
            .find(&action.service, region, host_prefix.as_deref());
        let mut place = place.map_err(client_error)?;
        if action.service.signing_name() == "s3" {
            virtual_host(&mut place, &mut draft).map_err(client_error)?;
        }
        let cover = match (operation.is_unsigned(), operation.has_unsigned_payload()) {
            (true, _) => Cover::Nothing,
            (false, true) => Cover::Head,
            (false, false) => Cover::All,
        };
        let (identity, name) = identity_of(&self.entry, &call.request)?;
        Ok(Sending {
            outgoing: Outgoing { draft, place, cover },
            meaning: action,
            identity,
            name,
        })
    }
}

/// Returns whose rights a call has, and what a session is called if one begins.
fn identity_of(entry: &Entry, request: &Request<'_>) -> Result<(Identity, Box<str>), Failure> {
    let name = || {
        let key = request.key.to_string();
        session_name(key.split('/').next().unwrap_or_default()).into()
    };
    if request.credentials.is_none() {
        let identity = entry.identity.clone();
        // Only a role has a session with a name.
        let name = identity.role().map_or_else(Box::default, |_| name());
        return Ok((identity, name));
    }
    let view = request.view;
    let Some(arn) = text(view, view.member_named(request.credentials, "RoleArn")).filter(|arn| is_role(arn))
    else {
        let cause = "The RoleArn of the task's Credentials is not the ARN of a role.";
        return Err(Failure::new("States.TaskFailed", cause));
    };
    let role = Role {
        arn: arn.into(),
        external_id: None,
    };
    Ok((entry.identity.assuming(role), name()))
}

/// Puts a bucket in front of the host, as AWS's own SDKs do where its name can be part of one.
fn virtual_host(place: &mut places::Place, draft: &mut protocol::Draft) -> Result<(), String> {
    let rest = draft.path.strip_prefix('/').unwrap_or(&draft.path);
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (bucket, behind) = rest.split_at(end);
    if bucket.starts_with("arn%3A") {
        return Err("access points are not supported: give the name of a bucket".to_owned());
    }
    // Whoever decodes it first would read another path.
    if bucket.contains('%') {
        return Err("a bucket's name has letters, digits, '-', '.' and '_' only".to_owned());
    }
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_label = (3..=63).contains(&bucket.len())
        && bucket.bytes().all(|byte| is_letter(byte) || byte == b'-')
        && bucket.bytes().next().is_some_and(is_letter)
        && bucket.bytes().next_back().is_some_and(is_letter);
    if !place.is_aws || !is_label {
        return Ok(());
    }
    place.url = place.url.prefixed(&format!("{bucket}."))?;
    draft.path = match behind.starts_with('/') {
        true => behind.to_owned(),
        false => format!("/{behind}"),
    };
    Ok(())
}

/// Returns AWS's failure of parameters of which no request can be made.
fn wrong_parameters(view: View<'_>, parameters: ValueRef, problem: &dyn std::fmt::Display) -> Failure {
    let mut dense = Vec::new();
    view.write_dense(parameters, &mut dense);
    let parameters = String::from_utf8_lossy(&dense);
    Failure::new(
        "States.Runtime",
        format!("The Parameters '{parameters}' could not be used to start the Task: {problem}"),
    )
}

fn text(view: View<'_>, value: Option<ValueRef>) -> Option<String> {
    Some(view.string(value?)?.decode().into_owned())
}
