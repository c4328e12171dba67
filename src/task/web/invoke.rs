//! `http:invoke`, AWS's HTTP Task: parameters become a request (facts 8.9).
//!
//! Owns what the parameters mean and how a connection's values go over them. Must not know how requests are sent.
//! Invariant: a connection's value wins over a task's of the same name.

use super::connection::{Ready, name_of};
use super::draft::{Draft, FORBIDDEN_IN_TASKS, headers, method};
use super::encode::{Lists, form, push_pair, push_query};
use super::value::{Body, Parameters, members, scalar};
use crate::fault;
use crate::task::Failure;
use crate::value::{Kind, ValueRef, escape_into};
use hyper::Uri;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue, RANGE, USER_AGENT};

/// What of a response is asked for: one byte more than a result may have.
const RANGE_VALUE: HeaderValue = HeaderValue::from_static("bytes=0-262144");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// How the body is written.
enum Encoding {
    Json,
    Form(Lists),
}

/// Makes a request; `agent` is what it calls itself.
pub(super) fn draft(
    parameters: Parameters<'_>,
    connections: &[Ready],
    agent: &HeaderValue,
) -> Result<Draft, Failure> {
    let method = method(parameters)?;
    let endpoint = parameters.required("ApiEndpoint")?;
    let (place, own) = split(&endpoint);
    let number = connection(parameters, connections)?;
    let connection = &connections[number];
    let query = query(parameters, own, &connection.query)?;
    let uri = uri(place, &query).ok_or_else(|| parameters.invalid("ApiEndpoint"))?;
    let mut headers = headers(parameters, FORBIDDEN_IN_TASKS)?;
    let encoding = encoding(parameters)?;
    let body = body(parameters, &encoding, &connection.body)?;
    if !body.is_empty() && !headers.contains_key(CONTENT_TYPE) {
        headers.insert(
            CONTENT_TYPE,
            match encoding {
                Encoding::Json => JSON,
                Encoding::Form(_) => FORM,
            },
        );
    }
    headers.insert(USER_AGENT, agent.clone());
    headers.insert(RANGE, RANGE_VALUE);
    replace(&mut headers, &connection.headers);
    Ok(Draft {
        method,
        uri,
        headers,
        body,
        connection: Some(number),
        is_signed: false,
    })
}

/// Puts a connection's headers in the place of those that are there.
fn replace(headers: &mut hyper::HeaderMap, given: &[(HeaderName, HeaderValue)]) {
    for (name, value) in given {
        headers.insert(name.clone(), value.clone());
    }
}

/// Finds the connection that the task names.
fn connection(parameters: Parameters<'_>, connections: &[Ready]) -> Result<usize, Failure> {
    let in_field = |field: &str| -> Result<Option<String>, Failure> {
        let Some(given) = parameters.get(field) else {
            return Ok(None);
        };
        let arn = parameters.view.member_named(given, "ConnectionArn");
        let arn = arn.and_then(|arn| parameters.view.string(arn));
        let arn = arn.ok_or_else(|| parameters.invalid(field))?;
        Ok(Some(arn.decode().into_owned()))
    };
    let arn = match in_field("InvocationConfig")? {
        Some(arn) => arn,
        None => in_field("Authentication")?
            .ok_or_else(|| parameters.unusable("The field 'ConnectionArn' is required"))?,
    };
    let known = |name: &str| connections.iter().position(|connection| connection.name == name);
    let name = name_of(&arn).ok_or_else(|| parameters.invalid("ConnectionArn"))?;
    known(name).ok_or_else(|| {
        let cause = format!(
            "Connection {arn} does not exist: there is no [connections.{name}] in the configuration."
        );
        Failure::new("Events.ConnectionResource.ResourceNotFound", cause)
    })
}

/// Splits an `ApiEndpoint` from its own query.
pub(super) fn split(endpoint: &str) -> (&str, &str) {
    let endpoint = endpoint.split('#').next().unwrap_or_default();
    endpoint.split_once('?').unwrap_or((endpoint, ""))
}

/// Returns a URL with a query; `None` when it leads to no host.
pub(super) fn uri(place: &str, query: &str) -> Option<Uri> {
    let separator = if query.is_empty() { "" } else { "?" };
    let uri: Uri = format!("{place}{separator}{query}").parse().ok()?;
    let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
    (is_web && uri.host().is_some_and(|host| !host.is_empty())).then_some(uri)
}

/// Puts queries together: the URL's own, the task's, the connection's.
fn query(parameters: Parameters<'_>, own: &str, connection: &[(String, String)]) -> Result<String, Failure> {
    let mut query = String::new();
    push_query(&mut query, own);
    if let Some(given) = parameters.get("QueryParameters") {
        push_given(parameters, given, connection, &mut query)
            .ok_or_else(|| parameters.invalid("QueryParameters"))?;
    }
    for (name, value) in connection {
        push_pair(&mut query, name, value);
    }
    Ok(query)
}

/// Appends `QueryParameters`: a text, a list of texts, or an object; what the connection has too is left out.
fn push_given(
    parameters: Parameters<'_>,
    given: ValueRef,
    connection: &[(String, String)],
    query: &mut String,
) -> Option<()> {
    let view = parameters.view;
    match view.kind(given) {
        Kind::String => push_query(query, &view.string(given)?.decode()),
        Kind::Array => {
            for item in view.elements(given) {
                match view.kind(item) {
                    Kind::String => push_query(query, &view.string(item)?.decode()),
                    Kind::Object => push_given(parameters, item, connection, query)?,
                    _ => return None,
                }
            }
        }
        Kind::Object => {
            for (name, value) in view.members(given) {
                let name = view.string(name)?.decode();
                if connection.iter().any(|(known, _)| *known == name) {
                    continue;
                }
                let values = match view.kind(value) {
                    Kind::Array => view.elements(value).collect(),
                    _ => vec![value],
                };
                for value in values {
                    push_pair(query, &name, &scalar(view, value)?);
                }
            }
        }
        _ => return None,
    }
    Some(())
}

/// Reads `Transform`.
fn encoding(parameters: Parameters<'_>) -> Result<Encoding, Failure> {
    let Some(transform) = parameters.get("Transform") else {
        return Ok(Encoding::Json);
    };
    let transform = Parameters {
        root: transform,
        ..parameters
    };
    let view = parameters.view;
    if view.kind(transform.root) != Kind::Object {
        return Err(parameters.invalid("Transform"));
    }
    let text = |of: Parameters<'_>, name: &str| -> Result<Option<String>, Failure> {
        let text = |value| view.string(value).map(|text| text.decode().into_owned());
        let given = of
            .get(name)
            .map(|value| text(value).ok_or_else(|| parameters.invalid(name)));
        given.transpose()
    };
    let lists = match transform.get("RequestEncodingOptions") {
        None => Lists::default(),
        Some(root) => match text(Parameters { root, ..parameters }, "ArrayFormat")? {
            None => Lists::default(),
            Some(format) => Lists::parse(&format).ok_or_else(|| parameters.invalid("ArrayFormat"))?,
        },
    };
    match text(transform, "RequestBodyEncoding")?.as_deref() {
        None | Some("NONE") => Ok(Encoding::Json),
        Some("URL_ENCODED") => Ok(Encoding::Form(lists)),
        Some(_) => Err(parameters.invalid("RequestBodyEncoding")),
    }
}

/// Writes `RequestBody`, with the connection's members over its own.
fn body(
    parameters: Parameters<'_>,
    encoding: &Encoding,
    connection: &[(String, String)],
) -> Result<Vec<u8>, Failure> {
    let view = parameters.view;
    let given = parameters.get("RequestBody");
    let merged = match given {
        None if connection.is_empty() => return Ok(Vec::new()),
        None => Vec::new(),
        Some(value) => match view.kind(value) {
            Kind::Object => members(view, value),
            _ if !connection.is_empty() => {
                return Err(Failure::new(
                    fault::RUNTIME,
                    "The RequestBody is not an object, so the body parameters of the connection cannot be merged into it.",
                ));
            }
            // A text is sent as its characters: it may be XML.
            Kind::String => {
                let text = view.string(value).map(|text| text.decode().into_owned());
                return Ok(text.unwrap_or_default().into_bytes());
            }
            _ => match encoding {
                Encoding::Json => return Ok(dense(parameters, value)),
                Encoding::Form(_) => return Err(parameters.invalid("RequestBody")),
            },
        },
    };
    let merged = over(merged, connection);
    match encoding {
        Encoding::Json => Ok(json(parameters, &merged)),
        Encoding::Form(lists) => match form(view, &merged, *lists) {
            Some(form) => Ok(form.into_bytes()),
            None => Err(Failure::new(
                fault::DATA_LIMIT_EXCEEDED,
                "The state/task 'http' provided parameters with a size exceeding the maximum number of bytes service limit.",
            )),
        },
    }
}

/// Puts a connection's members over those that are there.
fn over<'a>(
    mut members: Vec<(String, Body<'a>)>,
    connection: &'a [(String, String)],
) -> Vec<(String, Body<'a>)> {
    for (name, text) in connection {
        match members.iter_mut().find(|(known, _)| known == name) {
            Some((_, value)) => *value = Body::Text(text),
            None => members.push((name.clone(), Body::Text(text))),
        }
    }
    members
}

fn dense(parameters: Parameters<'_>, value: ValueRef) -> Vec<u8> {
    let mut out = Vec::new();
    parameters.view.write_dense(value, &mut out);
    out
}

fn json(parameters: Parameters<'_>, members: &[(String, Body<'_>)]) -> Vec<u8> {
    let mut out = b"{".to_vec();
    for (at, (name, value)) in members.iter().enumerate() {
        out.extend_from_slice(if at > 0 { b",\"" } else { b"\"" });
        escape_into(&mut out, name);
        out.extend_from_slice(b"\":");
        match value {
            Body::Value(value) => parameters.view.write_dense(*value, &mut out),
            Body::Text(text) => {
                out.push(b'"');
                escape_into(&mut out, text);
                out.push(b'"');
            }
        }
    }
    out.push(b'}');
    out
}

#[cfg(test)]
mod tests {
    use super::super::connection::Connection;
    use super::*;
    use crate::value::{Heap, View};

    const ARN: &str = r#""InvocationConfig":{"ConnectionArn":"arn:aws:events:r:1:connection/c/1"}"#;

    /// Returns the request in lines, or the error and its cause.
    fn drafted(connection: &str, parameters: &str) -> Result<String, (String, String)> {
        let connection: Connection = toml::from_str(connection).expect("a connection");
        let ready = connection
            .ready("c")
            .unwrap_or_else(|mistake| panic!("{mistake:?}"));
        let (mut heap, constants) = (Heap::new(), Heap::for_constants());
        let root = heap.index(parameters.as_bytes()).expect("JSON");
        let view = View::new(&heap, &constants);
        let agent = HeaderValue::from_static("agent");
        let draft = draft(Parameters { view, root }, &[ready], &agent);
        let draft = draft.map_err(|failure| {
            (
                failure.error.unwrap_or_default(),
                failure.cause.unwrap_or_default(),
            )
        })?;
        let headers = draft
            .headers
            .iter()
            .filter(|(name, _)| !["user-agent", "range"].contains(&name.as_str()));
        let headers: Vec<String> = headers
            .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
            .collect();
        assert_eq!(draft.headers["user-agent"], "agent");
        assert_eq!(draft.headers["range"], "bytes=0-262144");
        let body = String::from_utf8(draft.body).expect("UTF-8");
        Ok(format!(
            "{} {} [{}] {body}",
            draft.method,
            draft.uri,
            headers.join(", ")
        ))
    }

    #[track_caller]
    fn check(connection: &str, parameters: &str, expected: &str) {
        let parameters = format!(r#"{{"ApiEndpoint":"https://h/p","Method":"POST",{ARN},{parameters}}}"#);
        assert_eq!(
            drafted(connection, &parameters).as_deref(),
            Ok(expected),
            "{parameters}"
        );
    }

    /// The last one of a name counts, so `parameters` may replace what is there.
    #[track_caller]
    fn check_failure(connection: &str, parameters: &str, error: &str, cause: &str) {
        let parameters = format!(r#"{{{ARN},{parameters}}}"#);
        let (found, why) = drafted(connection, &parameters).expect_err("a failure");
        assert_eq!(found, error, "{parameters}");
        assert!(why.ends_with(cause), "{why}");
    }

    /// AWS's example of a merge.
    #[test]
    fn a_connection_wins() {
        check(
            "api_key = { name = 'ApiKey', value = 'key_value' }
            body = { BodyParam = 'connection_body_param' }
            headers = { Header-Param = 'connection_header_param' }
            query = { QueryParam = 'connection_query_param' }",
            r#""Headers":{"Request-Id":"my_request_id","Header-Param":"state_machine_header_param"},"RequestBody":{"Job":"Software Engineer","Company":"AnyCompany","BodyParam":"state_machine_body_param"},"QueryParameters":{"QueryParam":"state_machine_query_param"}"#,
            "POST https://h/p?QueryParam=connection_query_param [request-id: my_request_id, header-param: connection_header_param, content-type: application/json, apikey: key_value] {\"Job\":\"Software Engineer\",\"Company\":\"AnyCompany\",\"BodyParam\":\"connection_body_param\"}",
        );
        check(
            "body = { a = 'x' }",
            r#""RequestBody":null"#,
            "POST https://h/p [content-type: application/json] {\"a\":\"x\"}",
        );
        let cause = "cannot be merged into it.";
        for body in [r#""text""#, "[1]", "7"] {
            let parameters = format!(r#""ApiEndpoint":"https://h/","Method":"POST","RequestBody":{body}"#);
            check_failure("body = { a = 'x' }", &parameters, "States.Runtime", cause);
        }
    }

    #[test]
    fn bodies() {
        check("", r#""x":1"#, "POST https://h/p [] ");
        check(
            "",
            r#""RequestBody":"<a/>""#,
            "POST https://h/p [content-type: application/json] <a/>",
        );
        check(
            "",
            r#""RequestBody":[1, 2.50]"#,
            "POST https://h/p [content-type: application/json] [1,2.50]",
        );
        check(
            "",
            r#""Transform":{"RequestBodyEncoding":"URL_ENCODED","RequestEncodingOptions":{"ArrayFormat":"REPEAT"}},"RequestBody":{"a":[1,2]}"#,
            "POST https://h/p [content-type: application/x-www-form-urlencoded] a=1&a=2",
        );
        check(
            "body = { b = '3' }",
            r#""Transform":{"RequestBodyEncoding":"URL_ENCODED"},"Headers":{"content-type":"x/y"},"RequestBody":{"a":[1]}"#,
            "POST https://h/p [content-type: x/y] a%5B0%5D=1&b=3",
        );
        check(
            "",
            r#""Transform":{"RequestBodyEncoding":"NONE"},"RequestBody":{"a":"ü"}"#,
            "POST https://h/p [content-type: application/json] {\"a\":\"ü\"}",
        );
    }

    #[test]
    fn queries() {
        check(
            "query = { k = 'x y' }",
            r#""ApiEndpoint":"https://h/p?own=1#part","QueryParameters":{"a":"b c","n":1,"l":[true,"z"],"k":"lost","o":null}"#,
            "POST https://h/p?own=1&a=b%20c&n=1&l=true&l=z&o=&k=x%20y [] ",
        );
        check(
            "",
            r#""QueryParameters":"?a=b&c=ü""#,
            "POST https://h/p?a=b&c=%C3%BC [] ",
        );
        check(
            "",
            r#""QueryParameters":["a=b",{"c":"d"}]"#,
            "POST https://h/p?a=b&c=d [] ",
        );
    }

    #[test]
    fn headers_of_any_type() {
        check(
            "",
            r#""Headers":{"A":"x","B":1,"C":["y",true],"D":null,"Content-Length":"5","User-Agent":"mine","Range":"r"}"#,
            "POST https://h/p [a: x, b: 1, c: y, c: true] ",
        );
    }

    #[test]
    fn forbidden_headers() {
        for name in [
            "Authorization",
            "HOST",
            "if-none-match",
            "If-Match",
            "x-amz-date",
            "X-Amzn-Trace-Id",
            "X-Forwarded-For",
            "TE",
            "Transfer-Encoding",
            "Connection",
            "A-IM",
        ] {
            let parameters =
                format!(r#""ApiEndpoint":"https://h/","Method":"GET","Headers":{{"{name}":"x"}}"#);
            let cause = format!("[The 'Headers' field contains unsupported values: {name}]");
            check_failure("", &parameters, "States.Runtime", &cause);
        }
    }

    #[test]
    fn parameters_of_a_wrong_form() {
        for (parameters, field) in [
            (r#""Method":"get""#, "Method"),
            (r#""Method":"TRACE""#, "Method"),
            (r#""Method":7"#, "Method"),
            (r#""ApiEndpoint":{}"#, "ApiEndpoint"),
            (r#""ApiEndpoint":"h/p""#, "ApiEndpoint"),
            (r#""ApiEndpoint":"ftp://h/p""#, "ApiEndpoint"),
            (r#""ApiEndpoint":"https:///p""#, "ApiEndpoint"),
            (r#""ApiEndpoint":"https://h/a b""#, "ApiEndpoint"),
            (r#""ApiEndpoint":"https://h/\r\nX: y""#, "ApiEndpoint"),
            (r#""ApiEndpoint":"https://hö/""#, "ApiEndpoint"),
            (r#""Headers":"a: b""#, "Headers"),
            (r#""Headers":[1]"#, "Headers"),
            (r#""Headers":{"a b":"c"}"#, "Headers"),
            (r#""Headers":{"a":"b\r\nc: d"}"#, "Headers"),
            (r#""Headers":{"a":{}}"#, "Headers"),
            (r#""Headers":{"a":[["b"]]}"#, "Headers"),
            (r#""QueryParameters":7"#, "QueryParameters"),
            (r#""QueryParameters":[7]"#, "QueryParameters"),
            (r#""QueryParameters":{"a":{}}"#, "QueryParameters"),
            (r#""Transform":"URL_ENCODED""#, "Transform"),
            (
                r#""Transform":{"RequestBodyEncoding":"BASE64"}"#,
                "RequestBodyEncoding",
            ),
            (r#""Transform":{"RequestBodyEncoding":7}"#, "RequestBodyEncoding"),
            (
                r#""Transform":{"RequestEncodingOptions":{"ArrayFormat":"X"}}"#,
                "ArrayFormat",
            ),
            (
                r#""Transform":{"RequestBodyEncoding":"URL_ENCODED"},"RequestBody":[1]"#,
                "RequestBody",
            ),
            (r#""InvocationConfig":{}"#, "InvocationConfig"),
            (r#""InvocationConfig":{"ConnectionArn":7}"#, "InvocationConfig"),
            (r#""InvocationConfig":{"ConnectionArn":"c"}"#, "ConnectionArn"),
        ] {
            let parameters = format!(r#""ApiEndpoint":"https://h/","Method":"POST",{parameters}"#);
            let cause = format!("[The value of the field '{field}' has an invalid format]");
            check_failure("", &parameters, "States.Runtime", &cause);
        }
        check_failure(
            "",
            r#""Method":"GET""#,
            "States.Runtime",
            "[The field 'ApiEndpoint' is required]",
        );
        let unnamed = r#""ApiEndpoint":"https://h/","Method":"GET","InvocationConfig":null"#;
        check_failure(
            "",
            unnamed,
            "States.Runtime",
            "[The field 'ConnectionArn' is required]",
        );
        let arn = "arn:aws:events:r:1:connection/other/1";
        check_failure(
            "",
            &format!(
                r#""ApiEndpoint":"https://h/","Method":"GET","InvocationConfig":{{"ConnectionArn":"{arn}"}}"#
            ),
            "Events.ConnectionResource.ResourceNotFound",
            "there is no [connections.other] in the configuration.",
        );
    }
}
