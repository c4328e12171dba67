//! The usual sources of credentials, in the usual order.
//!
//! Owns the order, and what a profile means. Must not know who keeps what it finds. Invariants: the first source that has
//! credentials counts; what is wrong with the others is told if none has any.
//!
//! | source | where |
//! |---|---|
//! | environment | `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` |
//! | web identity | `AWS_WEB_IDENTITY_TOKEN_FILE`, `AWS_ROLE_ARN` |
//! | profile | AWS's shared files: keys, a role and its source, SSO's cache, a program |
//! | container | `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`, `…_FULL_URI` |
//! | instance | metadata of EC2, version 2 |
//!
//! With a configured profile, only that is asked.

use super::super::environment::Environment;
use super::super::ini::Section;
use super::world::{Files, Http, Programs};
use super::{Denial, Role, quoted, role, said};
use reqsign_aws_v4::{
    AssumeRoleWithWebIdentityCredentialProvider, Credential, ECSCredentialProvider, EnvCredentialProvider,
    IMDSv2CredentialProvider, ProcessCredentialProvider, SSOCredentialProvider,
};
use reqsign_core::{BoxedFuture, Context, ProvideCredential, StaticEnv};

/// Most profiles that have their credentials one from another.
const PROFILES_MAX: usize = 5;

/// Asks the sources.
pub(in crate::task::aws) struct Chain {
    pub(in crate::task::aws) profile: Option<String>,
    pub(in crate::task::aws) region: Box<str>,
    pub(in crate::task::aws) http: Http,
    /// Reads what the machine says now.
    pub(in crate::task::aws) environment: Box<dyn Fn() -> Environment + Send + Sync>,
    /// It keeps the token of the metadata.
    pub(in crate::task::aws) instance: IMDSv2CredentialProvider,
}

/// What a source says: nothing, credentials, or what is wrong.
type Found = Result<Option<Credential>, String>;

impl Chain {
    /// Returns the world as it is now.
    pub(super) fn context(&self, environment: &Environment) -> Context {
        let home = environment.variable("HOME").map(Into::into);
        let variables = environment.variables().iter();
        let set = variables.filter(|(_, value)| !value.is_empty());
        Context::new()
            .with_file_read(Files)
            .with_http_send(self.http.clone())
            .with_command_execute(Programs)
            .with_env(StaticEnv {
                home_dir: home,
                envs: set.map(|(name, value)| (name.clone(), value.clone())).collect(),
            })
    }

    /// Returns the credentials of this process.
    ///
    /// # Errors
    /// What is wrong with each source.
    pub(super) async fn load(&self) -> Result<Credential, Denial> {
        let environment = (self.environment)();
        let context = self.context(&environment);
        let name = environment.profile_name(self.profile.as_deref());
        let profile = self.profile(&environment, &context, name, PROFILES_MAX);
        let mut reasons = Vec::new();
        let sources: [(&str, BoxedFuture<'_, Found>); 5] = [
            ("environment", ask(&context, EnvCredentialProvider::new())),
            ("web identity", ask(&context, self.web_identity())),
            ("profile", profile),
            ("container", ask(&context, ECSCredentialProvider::new())),
            ("instance", ask(&context, self.instance.clone())),
        ];
        for (source, found) in sources {
            if self.profile.is_some() && source != "profile" {
                continue;
            }
            match found.await {
                Ok(Some(credential)) if is_plain(&credential) => return Ok(credential),
                Ok(Some(_)) => reasons.push(format!("{source}: keys that cannot stand in a header")),
                Ok(None) => reasons.push(format!("{source}: none")),
                Err(reason) => reasons.push(format!("{source}: {reason}")),
            }
        }
        let text = format!(
            "Unable to load credentials from any of the providers in the chain: {}",
            reasons.join("; ")
        );
        Err(Denial::Missing(text.into()))
    }

    fn web_identity(&self) -> AssumeRoleWithWebIdentityCredentialProvider {
        AssumeRoleWithWebIdentityCredentialProvider::new()
            .with_region(self.region.to_string())
            .with_regional_sts_endpoint()
    }

    /// Asks a profile; `left` says how many profiles may still be asked.
    fn profile<'a>(
        &'a self,
        environment: &'a Environment,
        context: &'a Context,
        name: &'a str,
        left: usize,
    ) -> BoxedFuture<'a, Found> {
        Box::pin(async move {
            let Some(profile) = environment.profile(name) else {
                return match self.profile.as_deref() == Some(name) {
                    true => Err(format!("there is no profile '{}'", quoted(name))),
                    false => Ok(None),
                };
            };
            if left == 0 {
                return Err("too many profiles in a row".to_owned());
            }
            let get = |key: &str| profile.get(key).filter(|value| !value.is_empty());
            match get("role_arn") {
                Some(role) => {
                    self.role_of(environment, context, (name, &profile), role, left)
                        .await
                }
                None => self.keys_of(environment, context, &profile).await,
            }
        })
    }

    /// Assumes the role of a profile.
    async fn role_of(
        &self,
        environment: &Environment,
        context: &Context,
        (name, profile): (&str, &Section),
        role: &str,
        left: usize,
    ) -> Found {
        let get = |key: &str| profile.get(key).filter(|value| !value.is_empty());
        let session = get("role_session_name").map_or(role::NAME, String::as_str);
        if let Some(file) = get("web_identity_token_file") {
            let provider = self.web_identity().with_role_arn(role);
            let provider = provider.with_web_identity_token_file(file);
            return ask(context, provider.with_role_session_name(session.to_owned())).await;
        }
        let base = match (
            get("source_profile"),
            get("credential_source").map(String::as_str),
        ) {
            // A profile that is its own source has keys beside the role.
            (Some(source), _) if source == name => self.keys_of(environment, context, profile).await?,
            (Some(source), _) => self.profile(environment, context, source, left - 1).await?,
            (None, Some("Environment")) => ask(context, EnvCredentialProvider::new()).await?,
            (None, Some("EcsContainer")) => ask(context, ECSCredentialProvider::new()).await?,
            (None, Some("Ec2InstanceMetadata")) => ask(context, self.instance.clone()).await?,
            (None, _) => return Err("role_arn without source_profile or credential_source".to_owned()),
        };
        let base = base.ok_or("the source of the role has no credentials")?;
        let role = Role {
            arn: role.into(),
            external_id: get("external_id").map(|id| id.as_str().into()),
        };
        match role::assume(context, &self.http, &self.region, base, &role, session).await {
            Ok(credential) => Ok(Some(credential)),
            Err(Denial::Missing(text) | Denial::Forbidden(text)) => Err(text.to_string()),
        }
    }

    /// Returns what a profile has without a role: keys, SSO's, or a program's.
    async fn keys_of(&self, environment: &Environment, context: &Context, profile: &Section) -> Found {
        let get = |key: &str| profile.get(key).filter(|value| !value.is_empty());
        if let (Some(id), Some(secret)) = (get("aws_access_key_id"), get("aws_secret_access_key")) {
            return Ok(Some(Credential {
                access_key_id: id.clone(),
                secret_access_key: secret.clone(),
                session_token: get("aws_session_token").cloned(),
                expires_in: None,
            }));
        }
        if let (Some(account), Some(role)) = (get("sso_account_id"), get("sso_role_name")) {
            // The newer form has a session of its own, whose name is what its cached token is found by.
            let session = get("sso_session").and_then(|name| environment.section("sso-session", name));
            let region = session
                .and_then(|session| session.get("sso_region"))
                .or(get("sso_region"));
            let found_by = get("sso_session").or(get("sso_start_url"));
            let (Some(region), Some(found_by)) = (region, found_by) else {
                return Err("sso_region, or sso_session and sso_start_url, are missing".to_owned());
            };
            let provider = SSOCredentialProvider::new()
                .with_account_id(account)
                .with_role_name(role);
            return ask(context, provider.with_region(region).with_start_url(found_by)).await;
        }
        match get("credential_process") {
            Some(command) => ask(context, ProcessCredentialProvider::new().with_command(command)).await,
            None => Ok(None),
        }
    }
}

/// Asks one source.
fn ask<'a, P>(context: &'a Context, provider: P) -> BoxedFuture<'a, Found>
where
    P: ProvideCredential<Credential = Credential> + 'a,
{
    Box::pin(async move {
        let found = provider.provide_credential(context).await;
        found.map_err(|error| said(&error.to_string()))
    })
}

/// Says whether credentials can be written into a request.
fn is_plain(credential: &Credential) -> bool {
    let is_plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_plain(&credential.access_key_id)
        && !credential.secret_access_key.is_empty()
        && credential.session_token.as_deref().is_none_or(is_plain)
}
