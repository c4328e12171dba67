//! Members of a result in an answer's headers, and the request's id.

use super::Headers;
use super::output::{self, Fields};
use crate::services::model::{Kind, Location, Member, Service};

/// Returns the request's id.
pub(super) fn request_id(headers: &dyn Headers) -> Option<&str> {
    let names = ["x-amzn-RequestId", "x-amzn-Request-Id", "x-amz-request-id"];
    names.into_iter().find_map(|name| headers.get(name))
}

/// Appends a member of an answer's headers.
pub(super) fn member(
    service: &Service,
    headers: &dyn Headers,
    member: &Member,
    name: &str,
    fields: &mut Fields<'_>,
) {
    if member.location == Location::Headers {
        return map(headers, member.prefix(), fields.begin(name));
    }
    let Some(text) = headers.get(&member.wire) else {
        return;
    };
    let out = fields.begin(name);
    match &service.shape(member.shape).kind {
        Kind::Boolean => output::boolean(out, text),
        Kind::Integer | Kind::Float => output::number(out, text),
        Kind::Timestamp => output::time(out, text),
        Kind::Blob => output::blob(out, text),
        Kind::List { .. } => {
            out.push(b'[');
            for (index, part) in text.split(',').enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                output::string(out, part.trim());
            }
            out.push(b']');
        }
        _ if member.is_json_text => output::blob(out, text),
        _ => output::string(out, text),
    }
}

/// Headers that begin alike, as a map: an empty one where there are none, as the SDK has it.
fn map(headers: &dyn Headers, prefix: &str, out: &mut Vec<u8>) {
    let mut fields = Fields::open(out);
    headers.each(&mut |name, value| {
        let start = name.get(..prefix.len());
        if let Some(key) = name.get(prefix.len()..)
            && start.is_some_and(|start| start.eq_ignore_ascii_case(prefix))
            && !key.is_empty()
        {
            output::string(fields.begin(key), value);
        }
    });
    fields.close();
}
