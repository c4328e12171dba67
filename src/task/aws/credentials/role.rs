//! Roles: sessions that STS gives.
//!
//! Must not know who wants them. Invariant: a session's name is one that STS takes, whatever the execution is called.

use super::world::Http;
use super::{Denial, Role, quoted, said};
use hyper::http::request::Parts;
use reqsign_aws_v4::{AssumeRoleCredentialProvider, Credential, RequestSigner};
use reqsign_core::{Context, ErrorKind, ProvideCredential, Result, SignRequest, Signer};
use std::time::Duration;

/// How long a session is to last: what every role allows.
const SESSION_SECONDS: u32 = 3_600;
/// Most characters of a session's name.
const NAME_MAX: usize = 64;
/// The name of sessions that nothing else names.
pub(super) const NAME: &str = "stepstream";

/// Returns what a session is called that an execution wants: its name, as far as STS takes it.
pub(in crate::task::aws) fn session_name(execution: &str) -> String {
    let is_plain = |letter: &char| letter.is_ascii_alphanumeric() || "_+=,.@-".contains(*letter);
    let name: String = execution
        .chars()
        .map(|letter| if is_plain(&letter) { letter } else { '-' })
        .take(NAME_MAX)
        .collect();
    if name.len() < 2 { NAME.to_owned() } else { name }
}

/// Assumes a role with these credentials.
pub(super) async fn assume(
    context: &Context,
    http: &Http,
    region: &str,
    base: Credential,
    role: &Role,
    name: &str,
) -> std::result::Result<Credential, Denial> {
    let signed_region = http.sts.as_ref().map_or(region, |place| &place.region);
    let signer = StsSigner {
        http: http.clone(),
        signer: RequestSigner::new("sts", signed_region),
    };
    let signer = Signer::new(context.clone(), Known(base), signer);
    let mut provider = AssumeRoleCredentialProvider::new(role.arn.to_string(), signer)
        .with_role_session_name(name.to_owned())
        .with_duration_seconds(SESSION_SECONDS)
        .with_region(region.to_owned())
        .with_regional_sts_endpoint();
    if let Some(id) = &role.external_id {
        provider = provider.with_external_id(id.to_string());
    }
    match provider.provide_credential(context).await {
        Ok(Some(credential)) => Ok(credential),
        Ok(None) => Err(Denial::Missing("STS gave no credentials".into())),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            Err(Denial::Forbidden(said(&error.to_string()).into()))
        }
        Err(error) => {
            let text = format!("role {}: {}", quoted(&role.arn), said(&error.to_string()));
            Err(Denial::Missing(text.into()))
        }
    }
}

/// Credentials that are there already.
#[derive(Debug)]
struct Known(Credential);

impl ProvideCredential for Known {
    type Credential = Credential;

    async fn provide_credential(&self, _: &Context) -> Result<Option<Credential>> {
        Ok(Some(self.0.clone()))
    }
}

/// Signs what goes to STS, for the host where it answers.
#[derive(Debug)]
struct StsSigner {
    http: Http,
    signer: RequestSigner,
}

impl SignRequest for StsSigner {
    type Credential = Credential;

    async fn sign_request(
        &self,
        context: &Context,
        request: &mut Parts,
        credential: Option<&Credential>,
        expires_in: Option<Duration>,
    ) -> Result<()> {
        request.uri = self.http.destination(&request.uri)?;
        self.signer
            .sign_request(context, request, credential, expires_in)
            .await
    }
}

#[test]
fn names_of_sessions() {
    assert_eq!(session_name("orders-0-17"), "orders-0-17");
    assert_eq!(session_name("a b/c:d"), "a-b-c-d");
    assert_eq!(session_name(&"x".repeat(80)), "x".repeat(NAME_MAX));
    assert_eq!(session_name("ü"), NAME);
    assert_eq!(session_name(""), NAME);
}
