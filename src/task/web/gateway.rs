//! `apigateway:invoke`: parameters become a request (facts 8.10).
//!
//! Owns what the parameters mean. Must not know how requests are sent, nor how they are signed. Invariant: a body is JSON
//! unless the task says otherwise.

use super::draft::{Draft, FORBIDDEN_IN_GATEWAYS, headers, method};
use super::encode::{push_pair, push_path};
use super::value::{Parameters, scalar};
use crate::fault;
use crate::task::Failure;
use crate::value::{Kind, ValueRef, View};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use hyper::{Method, Uri};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const AGENT: HeaderValue = HeaderValue::from_static(concat!("stepstream/", env!("CARGO_PKG_VERSION")));

/// Makes a request; `can_sign` says whether requests can be signed.
pub(super) fn draft(parameters: Parameters<'_>, can_sign: bool) -> Result<Draft, Failure> {
    let method = method(parameters)?;
    let is_signed = authorization(parameters, can_sign)?;
    let shows_nulls = match parameters.get("AllowNullValues") {
        None => false,
        Some(value) => {
            let switch = parameters.view.boolean(value);
            switch.ok_or_else(|| parameters.invalid("AllowNullValues"))?
        }
    };
    let uri = uri(parameters, shows_nulls)?;
    let mut headers = headers(parameters, FORBIDDEN_IN_GATEWAYS)?;
    let body = body(parameters, &method, &headers, shows_nulls);
    if !body.is_empty() && !headers.contains_key(CONTENT_TYPE) {
        headers.insert(CONTENT_TYPE, JSON);
    }
    headers.entry(USER_AGENT).or_insert(AGENT);
    Ok(Draft {
        method,
        uri,
        headers,
        body,
        connection: None,
        is_signed,
    })
}

/// Says whether calls of an `AuthType` are signed; `None` when there is no such type.
pub(super) fn is_signed(auth_type: &str) -> Option<bool> {
    match auth_type {
        "NO_AUTH" => Some(false),
        "IAM_ROLE" | "RESOURCE_POLICY" => Some(true),
        _ => None,
    }
}

/// Says whether the request has to be signed; refuses that where nothing can.
fn authorization(parameters: Parameters<'_>, can_sign: bool) -> Result<bool, Failure> {
    let Some(auth_type) = parameters.text("AuthType")? else {
        return Ok(false);
    };
    match is_signed(&auth_type) {
        None => Err(parameters.invalid("AuthType")),
        Some(is_signed) if can_sign || !is_signed => Ok(is_signed),
        Some(_) => Err(Failure::new(
            fault::PERMISSIONS,
            format!("AuthType '{auth_type}' needs a signed request, and this entry of [tasks] signs none."),
        )),
    }
}

/// Returns the URL without its query; `None` when the endpoint is no host.
pub(super) fn url(endpoint: &str, stage: Option<&str>, path: Option<&str>) -> Option<String> {
    let is_host = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    if endpoint.is_empty() || !endpoint.chars().all(is_host) {
        return None;
    }
    let mut url = format!("https://{endpoint}");
    for part in [stage, path].into_iter().flatten() {
        let part = part.strip_prefix('/').unwrap_or(part);
        if !part.is_empty() {
            url.push('/');
            push_path(&mut url, part);
        }
    }
    Some(url)
}

/// Returns the URL with its query.
fn uri(parameters: Parameters<'_>, shows_nulls: bool) -> Result<Uri, Failure> {
    let endpoint = parameters.required("ApiEndpoint")?;
    let (stage, path) = (parameters.text("Stage")?, parameters.text("Path")?);
    let url = url(&endpoint, stage.as_deref(), path.as_deref());
    let mut url = url.ok_or_else(|| parameters.invalid("ApiEndpoint"))?;
    let query = query(parameters, shows_nulls)?;
    if !query.is_empty() {
        url.push('?');
        url.push_str(&query);
    }
    url.parse().map_err(|_| parameters.invalid("ApiEndpoint"))
}

fn query(parameters: Parameters<'_>, shows_nulls: bool) -> Result<String, Failure> {
    let mut query = String::new();
    let Some(given) = parameters.get("QueryParameters") else {
        return Ok(query);
    };
    let view = parameters.view;
    let invalid = || parameters.invalid("QueryParameters");
    if view.kind(given) != Kind::Object {
        return Err(invalid());
    }
    for (name, values) in view.members(given) {
        let name = view.string(name).ok_or_else(invalid)?.decode();
        if view.kind(values) != Kind::Array {
            return Err(invalid());
        }
        for value in view.elements(values) {
            if shows_nulls || view.kind(value) != Kind::Null {
                push_pair(&mut query, &name, &scalar(view, value).ok_or_else(invalid)?);
            }
        }
    }
    Ok(query)
}

/// Writes `RequestBody`, which only these methods have; members that are null are left out unless they are allowed.
fn body(parameters: Parameters<'_>, method: &Method, headers: &HeaderMap, shows_nulls: bool) -> Vec<u8> {
    if ![Method::PATCH, Method::POST, Method::PUT].contains(method) {
        return Vec::new();
    }
    let view = parameters.view;
    let mut out = Vec::new();
    let Some(given) = view.member_named(parameters.root, "RequestBody") else {
        return out;
    };
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_json = content_type.is_none_or(|text| text.to_ascii_lowercase().contains("json"));
    match view.kind(given) {
        Kind::Null if !shows_nulls => {}
        // A text of another type is sent as its characters; as recorded, one of JSON is sent in quotes.
        Kind::String if !is_json => {
            let text = view.string(given).map(|text| text.decode().into_owned());
            out = text.unwrap_or_default().into_bytes();
        }
        _ if shows_nulls => view.write_dense(given, &mut out),
        _ => write_without_nulls(view, given, &mut out),
    }
    out
}

/// Writes a value without the members that are null. The depth of a value is limited, and with it this recursion.
fn write_without_nulls(view: View<'_>, value: ValueRef, out: &mut Vec<u8>) {
    let mut separator: &[u8] = b"";
    match view.kind(value) {
        Kind::Object => {
            out.push(b'{');
            for (name, value) in view.members(value) {
                if view.kind(value) != Kind::Null {
                    out.extend_from_slice(separator);
                    view.write_dense(name, out);
                    out.push(b':');
                    write_without_nulls(view, value, out);
                    separator = b",";
                }
            }
            out.push(b'}');
        }
        Kind::Array => {
            out.push(b'[');
            for item in view.elements(value) {
                out.extend_from_slice(separator);
                write_without_nulls(view, item, out);
                separator = b",";
            }
            out.push(b']');
        }
        _ => view.write_dense(value, out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Heap;

    fn drafted(parameters: &str) -> Result<String, (String, String)> {
        let (mut heap, constants) = (Heap::new(), Heap::for_constants());
        let root = heap.index(parameters.as_bytes()).expect("JSON");
        let view = View::new(&heap, &constants);
        let draft = draft(Parameters { view, root }, false).map_err(|failure| {
            (
                failure.error.unwrap_or_default(),
                failure.cause.unwrap_or_default(),
            )
        })?;
        let headers = draft.headers.iter().filter(|(name, _)| *name != USER_AGENT);
        let headers: Vec<String> = headers
            .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
            .collect();
        let body = String::from_utf8(draft.body).expect("UTF-8");
        Ok(format!(
            "{} {} [{}] {body}",
            draft.method,
            draft.uri,
            headers.join(", ")
        ))
    }

    #[track_caller]
    fn check(parameters: &str, expected: &str) {
        let parameters = format!(r#"{{"ApiEndpoint":"a.execute-api.us-east-1.amazonaws.com",{parameters}}}"#);
        let expected = expected.replace("HOST", "a.execute-api.us-east-1.amazonaws.com");
        assert_eq!(
            drafted(&parameters).as_deref(),
            Ok(expected.as_str()),
            "{parameters}"
        );
    }

    /// `services/test_apigetway_task_service`: what AWS's echo was given follows from what it answered.
    #[test]
    fn recorded() {
        let to = r#""Method":"POST","Path":"id_func","Stage":"sfn-apigw-api""#;
        for (more, query, headers, body) in [
            (
                r#""RequestBody":"""#,
                "",
                "content-type: application/json",
                r#""""#,
            ),
            (
                r#""RequestBody":"HelloWorld""#,
                "",
                "content-type: application/json",
                r#""HelloWorld""#,
            ),
            (r#""RequestBody":null"#, "", "", ""),
            (
                r#""RequestBody":{"message":"HelloWorld!"},"Headers":{"custom_header":["arrayHeader0"]}"#,
                "",
                "custom_header: arrayHeader0, content-type: application/json",
                r#"{"message":"HelloWorld!"}"#,
            ),
            (
                r#""RequestBody":{"message":["Hello","World!"]},"AllowNullValues":true,"QueryParameters":{"param1":["Hello"],"param2":["World"]}"#,
                "?param1=Hello&param2=World",
                "content-type: application/json",
                r#"{"message":["Hello","World!"]}"#,
            ),
        ] {
            let expected = format!("POST https://HOST/sfn-apigw-api/id_func{query} [{headers}] {body}");
            check(&format!("{to},{more}"), &expected);
        }
    }

    #[test]
    fn urls() {
        check(r#""Method":"GET""#, "GET https://HOST/ [] ");
        check(
            r#""Method":"GET","Stage":"prod","Path":"/a b/{x}?y#z","QueryParameters":{"q":["1",2,null],"e":[]},"RequestBody":{"a":1}"#,
            "GET https://HOST/prod/a%20b/%7Bx%7D%3Fy%23z?q=1&q=2 [] ",
        );
    }

    #[test]
    fn nulls_are_left_out_unless_they_are_allowed() {
        let body = r#""Method":"PUT","RequestBody":{"a":null,"b":[null,{"c":null,"d":1}]}"#;
        let expected = "PUT https://HOST/ [content-type: application/json] ";
        check(body, &format!(r#"{expected}{{"b":[null,{{"d":1}}]}}"#));
        let all = format!(r#"{body},"AllowNullValues":true"#);
        check(
            &all,
            &format!(r#"{expected}{{"a":null,"b":[null,{{"c":null,"d":1}}]}}"#),
        );
        check(
            r#""Method":"POST","Headers":{"Content-Type":["application/xml"]},"RequestBody":"<a/>""#,
            "POST https://HOST/ [content-type: application/xml] <a/>",
        );
    }

    #[test]
    fn parameters_of_a_wrong_form() {
        for (parameters, field) in [
            (r#""Method":"CONNECT""#, "Method"),
            (r#""ApiEndpoint":"https://h""#, "ApiEndpoint"),
            (r#""ApiEndpoint":"h/prod""#, "ApiEndpoint"),
            (r#""ApiEndpoint":"u@h""#, "ApiEndpoint"),
            (r#""ApiEndpoint":"""#, "ApiEndpoint"),
            (r#""Stage":7"#, "Stage"),
            (r#""Path":["a"]"#, "Path"),
            (r#""Headers":{"a":{}}"#, "Headers"),
            (r#""QueryParameters":{"a":"b"}"#, "QueryParameters"),
            (r#""QueryParameters":{"a":[{}]}"#, "QueryParameters"),
            (r#""AllowNullValues":"yes""#, "AllowNullValues"),
            (r#""AuthType":"BASIC""#, "AuthType"),
        ] {
            let parameters = format!(r#"{{"ApiEndpoint":"h","Method":"GET",{parameters}}}"#);
            let (error, cause) = drafted(&parameters).expect_err("a failure");
            assert_eq!(error, "States.Runtime", "{parameters}");
            let expected = format!("[The value of the field '{field}' has an invalid format]");
            assert!(cause.ends_with(&expected), "{cause}");
        }
        for header in [
            "X-Amz-Date",
            "Authorization",
            "x-amzn-trace-id",
            "X-Forwarded-For",
        ] {
            let parameters =
                format!(r#"{{"ApiEndpoint":"h","Method":"GET","Headers":{{"{header}":["x"]}}}}"#);
            let (error, cause) = drafted(&parameters).expect_err("a failure");
            assert_eq!(error, "States.Runtime");
            assert!(
                cause.ends_with(&format!("unsupported values: {header}]")),
                "{cause}"
            );
        }
    }

    #[test]
    fn what_has_to_be_signed_is_refused() {
        for auth_type in ["IAM_ROLE", "RESOURCE_POLICY"] {
            let parameters = format!(r#"{{"ApiEndpoint":"h","Method":"GET","AuthType":"{auth_type}"}}"#);
            let (error, cause) = drafted(&parameters).expect_err("a failure");
            assert_eq!(error, "States.Permissions");
            assert_eq!(
                cause,
                format!(
                    "AuthType '{auth_type}' needs a signed request, and this entry of [tasks] signs none."
                )
            );
        }
    }
}
