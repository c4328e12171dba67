//! Errors that services report, in each protocol.
//!
//! Owns where an answer has its code, message and request ids.

use super::headers;
use super::received::Answer;
use super::xml::Tree;
use crate::services::error::{Reported, ServiceError};
use crate::services::model::Protocol;
use crate::value::{Heap, View};

/// Returns the error of an answer.
pub(super) fn error(answer: &Answer<'_>) -> ServiceError {
    let mut reported = match answer.service.protocol {
        Protocol::Json | Protocol::RestJson | Protocol::Other => json(answer),
        Protocol::RestXml | Protocol::Query | Protocol::Ec2 => xml(answer),
    };
    reported.status = answer.status;
    if let Some(id) = headers::request_id(answer.headers) {
        reported.request_id = Some(id.to_owned());
    }
    if let Some(id) = answer.headers.get("x-amz-id-2") {
        reported.extended_request_id = Some(id.to_owned());
    }
    ServiceError::reported(answer.service, answer.style, reported)
}

fn json(answer: &Answer<'_>) -> Reported {
    let of_header = answer.headers.get("x-amzn-ErrorType").map(str::to_owned);
    let code = of_header.or_else(|| text_member(answer.body, &["__type", "code", "Code"]));
    let query = answer.headers.get("x-amzn-query-error");
    let query = query.filter(|_| answer.service.is_query_compatible);
    Reported {
        query_code: query.and_then(|query| Some(query.split(';').next()?.to_owned())),
        code: code.map(|code| without_namespace(&code).to_owned()),
        message: text_member(answer.body, &["message", "Message", "errorMessage"]),
        ..Reported::default()
    }
}

/// `aws.protocols#Name:http://…` is `Name`.
fn without_namespace(code: &str) -> &str {
    let code = code.split(':').next().unwrap_or_default();
    code.rsplit('#').next().unwrap_or_default().trim()
}

fn xml(answer: &Answer<'_>) -> Reported {
    let text = String::from_utf8_lossy(answer.body);
    let mut reported = match Tree::parse(&text) {
        Ok(tree) => in_tree(&tree),
        Err(_) => Reported::default(),
    };
    if reported.code.is_none() && answer.status == 404 && answer.operation.method.as_ref() == "HEAD" {
        // An answer to HEAD has no body. The SDK reads these two from the status.
        let code = match &*answer.operation.name {
            "HeadBucket" => Some("NoSuchBucket"),
            "HeadObject" => Some("NoSuchKey"),
            _ => None,
        };
        reported.code = code.map(str::to_owned);
    }
    reported
}

/// `<Error>` alone, in `<ErrorResponse>`, or in EC2's `<Response><Errors>`.
fn in_tree(tree: &Tree<'_>) -> Reported {
    let root = Tree::ROOT;
    let in_list = || tree.child(tree.child(root, "Errors")?, "Error");
    let error = tree.child(root, "Error").or_else(in_list).unwrap_or(root);
    let text = |name: &str| Some(tree.text(tree.child(error, name)?).to_owned());
    Reported {
        code: text("Code"),
        message: text("Message").or_else(|| text("message")),
        request_id: tree.request_id().map(str::to_owned),
        extended_request_id: text("HostId"),
        ..Reported::default()
    }
}

/// Returns the first of the members of a JSON object that is there and is a text.
pub(crate) fn text_member(body: &[u8], names: &[&str]) -> Option<String> {
    let (mut heap, constants) = (Heap::new(), Heap::for_constants());
    let root = heap.index(body).ok()?;
    let view = View::new(&heap, &constants);
    let mut texts = names
        .iter()
        .filter_map(|name| view.string(view.member_named(root, name)?));
    Some(texts.next()?.decode().into_owned())
}
