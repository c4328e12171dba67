//! An answer: its status, headers and body, as the task's result or error.
//!
//! Owns what all protocols share: where members of a result come from, the order they are in, and what an integration
//! adds. Protocols read the body.

use super::json::Reader;
use super::output::{self, Fields};
use super::xml::Tree;
use super::{Headers, failure, headers, metadata, scalar};
use crate::services::error::{ServiceError, Style};
use crate::services::model::{Kind, Location, Member, Operation, Protocol, Service, Structure};
use crate::services::optimized::Dress;
use crate::value::index::DOCUMENT_BYTES_MAX;
use crate::value::{Heap, Kind as Json, ValueRef, View};

/// What came back.
pub(super) struct Answer<'a> {
    pub(super) service: &'a Service,
    pub(super) operation: &'a Operation,
    pub(super) style: Style,
    pub(super) status: u16,
    pub(super) headers: &'a dyn Headers,
    pub(super) body: &'a [u8],
}

/// Reads the answer of an operation: the result's JSON text.
///
/// # Errors
/// When the service reports an error, or the answer cannot be read.
pub fn response(
    service: &Service,
    operation: &Operation,
    style: Style,
    status: u16,
    headers: &dyn Headers,
    body: &[u8],
) -> Result<Vec<u8>, ServiceError> {
    let answer = Answer {
        service,
        operation,
        style,
        status,
        headers,
        body,
    };
    if body.len() > DOCUMENT_BYTES_MAX {
        return Err(answer.unreadable("the body is too large"));
    }
    if !(200..300).contains(&status) {
        return Err(failure::error(&answer));
    }
    answer.function_error()?;
    answer.result()
}

/// The part of a body that has the members of the result.
enum Body<'a> {
    Nothing,
    Json(View<'a>, ValueRef),
    Xml(&'a Tree<'a>, usize),
}

impl Answer<'_> {
    fn dress(&self) -> Dress {
        self.style
            .optimized()
            .map_or(Dress::Plain, |optimized| optimized.dress)
    }

    /// The answer cannot be read.
    pub(super) fn unreadable(&self, why: &str) -> ServiceError {
        let message = format!(
            "Unable to unmarshall response ({why}). Response Code: {}",
            self.status
        );
        ServiceError::client(self.service, self.style, &message)
    }

    fn result(&self) -> Result<Vec<u8>, ServiceError> {
        let output = self
            .operation
            .output
            .and_then(|output| self.service.structure(output));
        let empty = Structure::default();
        let structure = output.unwrap_or(&empty);
        match self.service.protocol {
            Protocol::Json => self.json(structure),
            Protocol::RestJson if structure.payload.is_none() && has_body(structure) => self.json(structure),
            Protocol::RestJson | Protocol::RestXml if self.is_raw(structure) => {
                self.members(structure, &Body::Nothing, None)
            }
            Protocol::RestJson => self.json(structure),
            Protocol::RestXml | Protocol::Query | Protocol::Ec2 => self.xml(structure),
            Protocol::Other => Err(self.unreadable("the protocol is not supported")),
        }
    }

    /// Says whether the body is one member's bytes, or no member's.
    fn is_raw(&self, structure: &Structure) -> bool {
        match self.payload(structure) {
            Some(member) => !matches!(
                self.service.shape(member.shape).kind,
                Kind::Structure(_) | Kind::Document | Kind::List { .. } | Kind::Map { .. }
            ),
            None => !has_body(structure),
        }
    }

    fn payload<'s>(&self, structure: &'s Structure) -> Option<&'s Member> {
        structure.members.get(usize::from(structure.payload?))
    }

    fn json(&self, structure: &Structure) -> Result<Vec<u8>, ServiceError> {
        if self.body.trim_ascii().is_empty() {
            return self.members(structure, &Body::Nothing, None);
        }
        let (mut heap, constants) = (Heap::new(), Heap::for_constants());
        let root = heap
            .index(self.body)
            .map_err(|_| self.unreadable("the body is not JSON"))?;
        let view = View::new(&heap, &constants);
        let result = self.members(structure, &Body::Json(view, root), None)?;
        self.entries(view, root, result)
    }

    fn xml(&self, structure: &Structure) -> Result<Vec<u8>, ServiceError> {
        if self.body.trim_ascii().is_empty() {
            return self.members(structure, &Body::Nothing, None);
        }
        let text = String::from_utf8_lossy(self.body);
        let tree = Tree::parse(&text).map_err(|why| self.unreadable(&why))?;
        if self.service.protocol == Protocol::RestXml && tree.name(Tree::ROOT) == "Error" {
            // Some of S3's operations find out late that they failed.
            return Err(failure::error(self));
        }
        let wrapper = self.operation.result_wrapper.as_deref();
        let top = match wrapper {
            Some(wrapper) => tree.child(Tree::ROOT, wrapper),
            None => Some(Tree::ROOT),
        };
        let body = top.map_or(Body::Nothing, |top| Body::Xml(&tree, top));
        self.members(structure, &body, tree.request_id())
    }

    /// Writes the members of a result.
    fn members(
        &self,
        structure: &Structure,
        body: &Body<'_>,
        body_request_id: Option<&str>,
    ) -> Result<Vec<u8>, ServiceError> {
        let mut out = Vec::with_capacity(self.body.len() + 256);
        let mut fields = Fields::open(&mut out);
        let mut is_dressed = !self.dress().has_metadata();
        let found = self.found(structure, body);
        let dress = |fields: &mut Fields<'_>| {
            let id = headers::request_id(self.headers).or(body_request_id);
            metadata::write(fields, self.style, self.status, self.headers, id);
        };
        for &index in &structure.order {
            let index = usize::from(index);
            let member = &structure.members[index];
            let name = output::name(self.style, member);
            if !is_dressed && name > metadata::NAME {
                dress(&mut fields);
                is_dressed = true;
            }
            let is_payload = structure.payload.map(usize::from) == Some(index);
            let is_shallow = match (member.location, is_payload) {
                (Location::Body, true) => self.payload_member(member, name, body, &mut fields),
                (Location::Body, false) if structure.payload.is_some() => true,
                (Location::Body, false) => {
                    self.body_member(member, name, body, found.get(index), &mut fields)
                }
                _ => {
                    self.header_member(member, name, &mut fields);
                    true
                }
            };
            if !is_shallow {
                return Err(self.unreadable("the response is nested too deeply"));
            }
        }
        if !is_dressed {
            dress(&mut fields);
        }
        fields.close();
        Ok(out)
    }

    fn reader<'v>(&'v self, view: View<'v>) -> Reader<'v> {
        Reader {
            service: self.service,
            style: self.style,
            view,
        }
    }

    /// Finds the members of a JSON body.
    fn found(&self, structure: &Structure, body: &Body<'_>) -> Vec<Option<ValueRef>> {
        match body {
            Body::Json(view, root) => self.reader(*view).members(structure, *root),
            _ => Vec::new(),
        }
    }

    fn body_member(
        &self,
        member: &Member,
        name: &str,
        body: &Body<'_>,
        found: Option<&Option<ValueRef>>,
        fields: &mut Fields<'_>,
    ) -> bool {
        match (body, found) {
            (Body::Json(view, _), Some(Some(value))) => {
                self.reader(*view)
                    .value(member.shape, *value, fields.begin(name), 1)
            }
            (Body::Xml(tree, top), _) => tree
                .reader(self.service, self.style)
                .member(*top, member, name, fields, 0),
            _ => true,
        }
    }

    /// The member that is the whole body.
    fn payload_member(&self, member: &Member, name: &str, body: &Body<'_>, fields: &mut Fields<'_>) -> bool {
        match body {
            Body::Json(view, root) if !self.dress().has_json_payload() => {
                return self
                    .reader(*view)
                    .value(member.shape, *root, fields.begin(name), 1);
            }
            Body::Xml(tree, top) => {
                let reader = tree.reader(self.service, self.style);
                return reader.value(*top, member.shape, fields.begin(name), 1);
            }
            _ => {}
        }
        let is_text = matches!(self.service.shape(member.shape).kind, Kind::Text | Kind::Blob);
        if self.dress().has_json_payload() {
            write_payload(self.body, fields.begin(name));
        } else if is_text && (!self.body.is_empty() || member.is_streaming) {
            output::bytes(fields.begin(name), self.body);
        }
        true
    }

    fn header_member(&self, member: &Member, name: &str, fields: &mut Fields<'_>) {
        if member.location == Location::Status {
            fields
                .begin(name)
                .extend_from_slice(self.status.to_string().as_bytes());
        } else {
            headers::member(self.service, self.headers, member, name, fields);
        }
    }

    /// A function that raised an error: its type is the error, all it said the cause.
    fn function_error(&self) -> Result<(), ServiceError> {
        if self.dress() != Dress::Function || self.headers.get("X-Amz-Function-Error").is_none() {
            return Ok(());
        }
        let text = String::from_utf8_lossy(self.body).into_owned();
        let (name, cause) = match failure::text_member(self.body, &["errorType"]) {
            Some(name) => (name, text),
            None => (
                "Lambda.Unknown".to_owned(),
                format!(
                    "The cause could not be determined because Lambda did not return an error type. Returned payload: {text}"
                ),
            ),
        };
        Err(ServiceError::given(name, cause, self.status))
    }

    /// Entries that EventBridge did not take are the task's error.
    fn entries(&self, view: View<'_>, root: ValueRef, result: Vec<u8>) -> Result<Vec<u8>, ServiceError> {
        let failed = || {
            let count = view.member_named(root, "FailedEntryCount")?;
            (view.kind(count) == Json::Number && scalar::text(view, count) != "0").then_some(())
        };
        if self.dress() != Dress::Events || failed().is_none() {
            return Ok(result);
        }
        let cause = String::from_utf8_lossy(&result).into_owned();
        Err(ServiceError::given(
            "EventBridge.FailedEntry".into(),
            cause,
            self.status,
        ))
    }
}

/// Says whether some member is in the body.
fn has_body(structure: &Structure) -> bool {
    structure
        .members
        .iter()
        .any(|member| member.location == Location::Body)
}

/// A payload that is JSON; what is none is a text.
fn write_payload(body: &[u8], out: &mut Vec<u8>) {
    let (mut heap, constants) = (Heap::new(), Heap::for_constants());
    match heap.index(body) {
        Ok(value) => View::new(&heap, &constants).write_dense(value, out),
        Err(_) => output::bytes(out, body),
    }
}
