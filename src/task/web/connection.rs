//! `[connections]`: what EventBridge's connections are on AWS.
//!
//! A connection has what an API asks its callers for: a password, a key or a token, and headers, queries and members of the
//! body that go with each request. Owns their keys, and what is made of them when the service starts. Must not know tasks.
//! Invariant: no message and no debug output has a secret.

use super::encode::push_pair;
use super::endpoint::Endpoint;
use crate::task::config::{Mistake, Secret};
use crate::task::http::{Origin, Reach};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, HOST, HeaderName, HeaderValue, TRANSFER_ENCODING,
};
use hyper::{Method, Uri};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A connection: at most one of `basic`, `api_key` and `oauth`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Connection {
    /// A user's name and password, sent as `Authorization: Basic …`.
    pub basic: Option<Basic>,
    /// A header with a key.
    pub api_key: Option<ApiKey>,
    /// A token by OAuth's client credentials, sent as `Authorization: Bearer …`.
    pub oauth: Option<OAuth>,
    /// Headers for each request; they replace a task's own. Each value is a text, `{ env = "NAME" }` or
    /// `{ file = "PATH" }`, here and below.
    pub headers: BTreeMap<String, Secret>,
    /// Query parameters for each request; they replace a task's own.
    pub query: BTreeMap<String, Secret>,
    /// Members for the body of each request; they replace a task's own.
    pub body: BTreeMap<String, Secret>,
    /// The URLs that the connection may be used for, such as `"https://api.example.com/*"`; default: all that the task's
    /// entry grants.
    pub endpoints: Option<Vec<String>>,
}

/// A user's name and password.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Basic {
    /// The user's name.
    pub username: Secret,
    /// The password.
    pub password: Secret,
}

/// A header with a key.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiKey {
    /// The header's name, such as `X-Api-Key`.
    pub name: String,
    /// The key.
    pub value: Secret,
}

/// Where a token comes from.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OAuth {
    /// The URL of the authorization server that gives tokens.
    pub endpoint: String,
    /// `"POST"`, `"PUT"` or `"GET"`, which has the parameters in the query. Default `"POST"`.
    #[serde(default)]
    pub method: TokenMethod,
    /// The client's id.
    pub client_id: Secret,
    /// The client's secret.
    pub client_secret: Secret,
    /// Where id and secret stand: `"basic"`, in a header as for `basic`; `"body"`, as members `client_id` and
    /// `client_secret` beside the other parameters. Default `"basic"`.
    #[serde(default)]
    pub client_authentication: ClientAuthentication,
    /// Headers for the token's request.
    #[serde(default)]
    pub headers: BTreeMap<String, Secret>,
    /// Query parameters for the token's request.
    #[serde(default)]
    pub query: BTreeMap<String, Secret>,
    /// Parameters of the token's request, such as `scope` or `audience`; `grant_type` is `client_credentials` unless it
    /// stands here.
    #[serde(default)]
    pub body: BTreeMap<String, Secret>,
}

/// How a token is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum TokenMethod {
    /// With a form.
    #[default]
    Post,
    /// With a form.
    Put,
    /// With a query.
    Get,
}

/// Where a client's id and secret stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ClientAuthentication {
    /// In a header.
    #[default]
    Basic,
    /// Beside the other parameters.
    Body,
}

/// A connection, checked and with its secrets read.
pub(super) struct Ready {
    pub(super) name: String,
    /// What goes with each request; authorization is among them unless it is a token.
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Vec<(String, String)>,
    pub(super) endpoints: Option<Vec<Endpoint>>,
    pub(super) token: Option<TokenRequest>,
}

/// How a token is asked for, checked and with its secrets read.
pub(super) struct TokenRequest {
    pub(super) origin: Origin,
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: String,
}

impl Connection {
    /// Returns its secrets, each with the keys where it stands.
    fn secrets_mut(&mut self) -> Vec<(&'static str, &mut Secret)> {
        let mut found = Vec::new();
        if let Some(basic) = &mut self.basic {
            found.push(("basic", &mut basic.username));
            found.push(("basic", &mut basic.password));
        }
        if let Some(key) = &mut self.api_key {
            found.push(("api_key", &mut key.value));
        }
        if let Some(oauth) = &mut self.oauth {
            found.push(("oauth", &mut oauth.client_id));
            found.push(("oauth", &mut oauth.client_secret));
            let more = [&mut oauth.headers, &mut oauth.query, &mut oauth.body];
            found.extend(
                more.into_iter()
                    .flat_map(|map| map.values_mut())
                    .map(|secret| ("oauth", secret)),
            );
        }
        found.extend(self.headers.values_mut().map(|secret| ("headers", secret)));
        found.extend(self.query.values_mut().map(|secret| ("query", secret)));
        found.extend(self.body.values_mut().map(|secret| ("body", secret)));
        found
    }

    /// Puts a text in the place of each secret that cannot be read on this machine, and says why it cannot.
    pub(in crate::task) fn take_unreadable(&mut self) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        for (key, secret) in self.secrets_mut() {
            if let Err(error) = secret.read() {
                mistakes.push(Mistake::of_key(key, error));
                *secret = Secret::Text("unknown".to_owned());
            }
        }
        mistakes
    }

    /// Says whether it has a password, a key or a token, or something else that stands outside of the file.
    #[cfg(feature = "kafka")]
    pub(crate) fn has_authorization(&self) -> bool {
        let outside = |secret: &Secret| !matches!(secret, Secret::Text(_));
        let maps = [&self.headers, &self.query, &self.body];
        let ways = [self.basic.is_some(), self.api_key.is_some(), self.oauth.is_some()];
        ways.contains(&true) || maps.into_iter().flat_map(|map| map.values()).any(outside)
    }

    /// Says what is wrong with the connection itself, and where, if anything; secrets may be missing on this machine.
    #[cfg(feature = "kafka")]
    pub(crate) fn problem(&self) -> Option<(Option<&'static str>, String)> {
        let mut connection = self.clone();
        connection.take_unreadable();
        let Mistake { key, message } = connection.ready("").err()?;
        Some((key, message))
    }

    /// Checks the connection and reads its secrets.
    ///
    /// # Errors
    /// The first mistake.
    pub(super) fn ready(&self, name: &str) -> Result<Ready, Mistake> {
        let ways = [self.basic.is_some(), self.api_key.is_some(), self.oauth.is_some()];
        if ways.into_iter().filter(|is_given| *is_given).count() > 1 {
            return Err(Mistake::of_entry(
                "give at most one of `basic`, `api_key` and `oauth`",
            ));
        }
        let mut headers = headers("headers", &self.headers)?;
        if let Some(basic) = &self.basic {
            let read = |secret: &Secret| secret.read().map_err(|error| Mistake::of_key("basic", error));
            let value = basic_value("basic", &read(&basic.username)?, &read(&basic.password)?)?;
            headers.push((AUTHORIZATION, value));
        }
        if let Some(key) = &self.api_key {
            headers.push(header("api_key", &key.name, &key.value)?);
        }
        let endpoints = self.endpoints.as_ref().map(|endpoints| {
            let parsed = endpoints.iter().map(|text| Endpoint::parse(text));
            parsed.collect::<Result<Vec<_>, _>>()
        });
        let endpoints = endpoints
            .transpose()
            .map_err(|error| Mistake::of_key("endpoints", error))?;
        Ok(Ready {
            name: name.to_owned(),
            headers,
            query: texts("query", &self.query)?,
            body: texts("body", &self.body)?,
            endpoints,
            token: self.oauth.as_ref().map(OAuth::ready).transpose()?,
        })
    }
}

impl OAuth {
    fn ready(&self) -> Result<TokenRequest, Mistake> {
        let wrong = |message: String| Mistake::of_key("oauth", message);
        let (id, secret) = (self.client_id.read(), self.client_secret.read());
        let (id, secret) = (id.map_err(wrong)?, secret.map_err(wrong)?);
        let mut headers = headers("oauth", &self.headers)?;
        let mut form = String::new();
        if !self.body.contains_key("grant_type") {
            push_pair(&mut form, "grant_type", "client_credentials");
        }
        for (name, value) in texts("oauth", &self.body)? {
            push_pair(&mut form, &name, &value);
        }
        match self.client_authentication {
            ClientAuthentication::Basic => headers.push((AUTHORIZATION, basic_value("oauth", &id, &secret)?)),
            ClientAuthentication::Body => {
                push_pair(&mut form, "client_id", &id);
                push_pair(&mut form, "client_secret", &secret);
            }
        }
        let mut query = String::new();
        for (name, value) in texts("oauth", &self.query)? {
            push_pair(&mut query, &name, &value);
        }
        if self.method == TokenMethod::Get {
            let separator = if query.is_empty() { "" } else { "&" };
            query = format!("{query}{separator}{form}");
            form.clear();
        }
        let no_url =
            || wrong("endpoint is not a URL, such as \"https://login.example.com/oauth/token\"".to_owned());
        let mut url = self.endpoint.clone();
        if !query.is_empty() {
            url.push(if url.contains('?') { '&' } else { '?' });
            url.push_str(&query);
        }
        let uri: Uri = url.parse().map_err(|_| no_url())?;
        let origin = Origin::of(&uri).map_err(|error| wrong(format!("endpoint: {error}")))?;
        Ok(TokenRequest {
            origin: origin.within(Reach::Named),
            method: match self.method {
                TokenMethod::Post => Method::POST,
                TokenMethod::Put => Method::PUT,
                TokenMethod::Get => Method::GET,
            },
            uri,
            headers,
            body: form,
        })
    }
}

/// Returns the value of a header with a user's name and password.
fn basic_value(key: &'static str, user: &str, password: &str) -> Result<HeaderValue, Mistake> {
    if user.contains(':') {
        return Err(Mistake::of_key(key, "a user's name has no colon"));
    }
    let value = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
    sensitive(key, "Authorization", &value)
}

fn sensitive(key: &'static str, name: &str, text: &str) -> Result<HeaderValue, Mistake> {
    // The message must not show the text.
    let value = HeaderValue::from_bytes(text.as_bytes());
    let mut value =
        value.map_err(|_| Mistake::of_key(key, format!("{name}: the text cannot be a header's value")))?;
    value.set_sensitive(true);
    Ok(value)
}

fn header(key: &'static str, name: &str, secret: &Secret) -> Result<(HeaderName, HeaderValue), Mistake> {
    let Ok(parsed) = HeaderName::from_bytes(name.as_bytes()) else {
        let message = "a header's name consists of letters, digits and -; this one has other characters";
        return Err(Mistake::of_key(key, message));
    };
    // These say how long a request is and where it goes, which is not a connection's to say.
    if [CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING].contains(&parsed) {
        return Err(Mistake::of_key(
            key,
            format!("the header {name} is the client's own"),
        ));
    }
    let text = secret
        .read()
        .map_err(|error| Mistake::of_key(key, format!("{name}: {error}")))?;
    Ok((parsed, sensitive(key, name, &text)?))
}

fn headers(
    key: &'static str,
    given: &BTreeMap<String, Secret>,
) -> Result<Vec<(HeaderName, HeaderValue)>, Mistake> {
    given
        .iter()
        .map(|(name, secret)| header(key, name, secret))
        .collect()
}

fn texts(key: &'static str, given: &BTreeMap<String, Secret>) -> Result<Vec<(String, String)>, Mistake> {
    let text = |(name, secret): (&String, &Secret)| match secret.read() {
        Ok(text) => Ok((name.clone(), text)),
        Err(error) => Err(Mistake::of_key(key, format!("{name}: {error}"))),
    };
    given.iter().map(text).collect()
}

/// Returns the name in a connection's ARN; `None` when the text is no such ARN.
pub(super) fn name_of(arn: &str) -> Option<&str> {
    let mut fields = arn.splitn(6, ':');
    let (prefix, _partition, service) = (fields.next()?, fields.next()?, fields.next()?);
    let (_region, _account, resource) = (fields.next()?, fields.next()?, fields.next()?);
    let name = resource.strip_prefix("connection/")?.split('/').next()?;
    (prefix == "arn" && service == "events" && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready(text: &str) -> Result<Ready, String> {
        let connection: Connection = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        let ready = connection.ready("c");
        ready.map_err(|Mistake { key, message }| format!("{}: {message}", key.unwrap_or_default()))
    }

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str)]) {
        let ready = ready(text).unwrap_or_else(|error| panic!("{error}"));
        let headers = ready.headers.iter();
        let headers: Vec<(&str, &str)> = headers
            .map(|(name, value)| (name.as_str(), value.to_str().expect("a text")))
            .collect();
        assert_eq!(headers, expected, "{text}");
        assert!(ready.headers.iter().all(|(_, value)| value.is_sensitive()));
    }

    #[test]
    fn authorization() {
        check("", &[]);
        check(
            "basic = { username = 'me', password = 'hush' }",
            &[("authorization", "Basic bWU6aHVzaA==")],
        );
        check(
            "api_key = { name = 'X-Api-Key', value = 'k' }\nheaders = { B = 'b' }",
            &[("b", "b"), ("x-api-key", "k")],
        );
    }

    #[test]
    fn tokens() {
        let oauth = "endpoint = 'https://login.example/token', client_id = 'i d', client_secret = 's&'";
        for (more, method, uri, body, is_basic) in [
            ("", "POST", "/token", "grant_type=client_credentials", true),
            (
                ", client_authentication = 'body', body = { scope = 'a b' }",
                "POST",
                "/token",
                "grant_type=client_credentials&scope=a%20b&client_id=i%20d&client_secret=s%26",
                false,
            ),
            (
                ", method = 'GET', query = { q = '1' }, body = { grant_type = 'x' }",
                "GET",
                "/token?q=1&grant_type=x",
                "",
                true,
            ),
        ] {
            let ready =
                ready(&format!("oauth = {{ {oauth}{more} }}")).unwrap_or_else(|error| panic!("{error}"));
            let token = ready.token.expect("a token");
            let target = token.uri.path_and_query().expect("a path").as_str();
            assert_eq!(
                (token.method.as_str(), target, token.body.as_str()),
                (method, uri, body)
            );
            assert_eq!(!token.headers.is_empty(), is_basic, "{more}");
        }
    }

    #[test]
    fn mistakes() {
        let basic = "basic = { username = 'u', password = 'p' }";
        for (text, expected) in [
            (
                format!("{basic}\napi_key = {{ name = 'k', value = 'v' }}"),
                ": give at most one of `basic`, `api_key` and `oauth`",
            ),
            (
                "basic = { username = 'a:b', password = 'p' }".into(),
                "basic: a user's name has no colon",
            ),
            (
                "api_key = { name = 'a b', value = 'hush' }".into(),
                "api_key: a header's name consists of letters, digits and -; this one has other characters",
            ),
            (
                "headers = { a = \"hu\\nsh\" }".into(),
                "headers: a: the text cannot be a header's value",
            ),
            (
                "headers = { Host = 'h' }".into(),
                "headers: the header Host is the client's own",
            ),
            (
                "query = { q = { env = 'STEPSTREAM_NOT_SET' } }".into(),
                "query: q: environment variable STEPSTREAM_NOT_SET is not set",
            ),
            (
                "oauth = { endpoint = 'login', client_id = 'i', client_secret = 's' }".into(),
                "oauth: endpoint: it is not a URL",
            ),
            (
                "endpoints = ['x']".into(),
                "endpoints: \"x\": it has no scheme; write it as \"https://api.example.com/*\"",
            ),
        ] {
            assert_eq!(ready(&text).err().as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn names() {
        for (arn, expected) in [
            (
                "arn:aws:events:us-east-1:111111111111:connection/Stripe/81210c42",
                Some("Stripe"),
            ),
            ("arn:aws-cn:events:r:1:connection/a-b", Some("a-b")),
            ("arn:aws:events:r:1:connection/", None),
            ("arn:aws:events:r:1:rule/x", None),
            ("arn:aws:sns:r:1:connection/x", None),
            ("Stripe", None),
            ("", None),
        ] {
            assert_eq!(name_of(arn), expected, "{arn}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let connection: Connection =
            toml::from_str("basic = { username = 'me', password = 'hush' }").expect("a connection");
        assert!(!format!("{connection:?}").contains("hush"));
    }
}
