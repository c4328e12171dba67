//! Members of a request in path, query and headers: what `rest-json` and `rest-xml` share.
//!
//! Owns percent-encoding by the rules of the traits: all but unreserved letters, and slashes only in labels that take
//! the rest of a path. A header never has a control character.

use super::body::Given;
use super::{Draft, ParameterProblem, Writer, scalar};
use crate::services::model::{Kind, Location, Member, Protocol, Structure, TimestampFormat};
use crate::services::percent::{encode_into, is_unreserved};
use crate::value::{Kind as Json, ValueRef};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Appends a text, percent-encoded.
pub(super) fn encode(out: &mut String, text: &str, keeps_slashes: bool) {
    encode_into(out, text, |byte| {
        is_unreserved(byte) || keeps_slashes && byte == b'/'
    });
}

impl Writer<'_> {
    /// Writes the request of `rest-json` and `rest-xml`.
    pub(super) fn rest(&self, parameters: ValueRef, draft: &mut Draft) -> Result<(), ParameterProblem> {
        let empty = Structure::default();
        let input = self
            .operation
            .input
            .and_then(|input| self.service.structure(input));
        let structure = input.unwrap_or(&empty);
        let given = match input {
            Some(structure) => self.parameters(structure, parameters)?,
            None => Vec::new(),
        };
        draft.path = self.path(structure, &given)?;
        self.headers(structure, &given, draft)?;
        match structure.payload.map(usize::from) {
            Some(index) => self.payload(&structure.members[index], given[index], draft),
            None => self.rest_body(structure, &given, draft),
        }
    }

    /// Returns the host prefix, with its labels filled in.
    pub(super) fn host_prefix(&self, parameters: ValueRef) -> Result<Option<String>, ParameterProblem> {
        let Some(template) = self.operation.host_prefix.as_deref() else {
            return Ok(None);
        };
        let mut prefix = template.to_owned();
        let input = self
            .operation
            .input
            .and_then(|input| self.service.structure(input));
        let labels = input.map_or(&[][..], |structure| &structure.members[..]);
        for member in labels.iter().filter(|member| member.is_host_label) {
            let value = [&member.java, &member.name]
                .into_iter()
                .find_map(|name| self.view.member_named(parameters, name))
                .ok_or_else(|| ParameterProblem::missing(&member.java))?;
            let text = scalar::text(self.view, value);
            let is_label = !text.is_empty()
                && text.len() <= 63
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            if !is_label {
                return Err(ParameterProblem::invalid(&member.java));
            }
            prefix = prefix.replace(&format!("{{{}}}", member.name), &text);
        }
        Ok(Some(prefix))
    }

    fn path(&self, structure: &Structure, given: &[Given]) -> Result<String, ParameterProblem> {
        let (template, query) = self
            .operation
            .uri
            .split_once('?')
            .unwrap_or((&self.operation.uri, ""));
        let (mut path, mut rest) = (String::with_capacity(template.len() + 32), template);
        while let Some((before, behind)) = rest.split_once('{') {
            let (label, after) = behind.split_once('}').unwrap_or((behind, ""));
            path.push_str(before);
            rest = after;
            let (label, is_greedy) = match label.strip_suffix('+') {
                Some(label) => (label, true),
                None => (label, false),
            };
            let is_it = |member: &Member| member.location == Location::Uri && &*member.wire == label;
            let index = structure.members.iter().position(is_it);
            let found = index.map(|index| (&structure.members[index], given[index]));
            let (member, text) = match found {
                Some((member, given)) => (member, self.scalar(member, given, TimestampFormat::Iso)?),
                None => return Err(ParameterProblem::missing(label)),
            };
            match text {
                // A server might take it for the folder above.
                Some(text) if !is_greedy && matches!(&*text, "." | "..") => {
                    return Err(ParameterProblem::invalid(&member.java));
                }
                Some(text) if !text.is_empty() => encode(&mut path, &text, is_greedy),
                _ => return Err(ParameterProblem::missing(&member.java)),
            }
        }
        path.push_str(rest);
        let mut query = query.to_owned();
        for (member, &given) in structure.members.iter().zip(given) {
            if member.location == Location::Query {
                self.query_member(member, given, &mut query)?;
            }
        }
        if !query.is_empty() {
            path.push('?');
            path.push_str(&query);
        }
        Ok(path)
    }

    fn query_member(
        &self,
        member: &Member,
        given: Given,
        query: &mut String,
    ) -> Result<(), ParameterProblem> {
        let mut pair = |name: &str, text: &str| {
            if !query.is_empty() {
                query.push('&');
            }
            encode(query, name, false);
            query.push('=');
            encode(query, text, false);
        };
        let view = self.view;
        match (&self.service.shape(member.shape).kind, given) {
            (Kind::List { .. }, Given::Value(list)) => {
                self.is_a(list, Json::Array, &member.java)?;
                for value in view.elements(list) {
                    pair(&member.wire, &scalar::text(view, value));
                }
            }
            (Kind::Map { .. }, Given::Value(map)) => {
                self.is_a(map, Json::Object, &member.java)?;
                for (key, value) in view.members(map) {
                    let key = scalar::text(view, key);
                    if view.kind(value) == Json::Array {
                        for value in view.elements(value) {
                            pair(&key, &scalar::text(view, value));
                        }
                    } else {
                        pair(&key, &scalar::text(view, value));
                    }
                }
            }
            _ => {
                if let Some(text) = self.scalar(member, given, TimestampFormat::Iso)? {
                    pair(&member.wire, &text);
                }
            }
        }
        Ok(())
    }

    fn headers(
        &self,
        structure: &Structure,
        given: &[Given],
        draft: &mut Draft,
    ) -> Result<(), ParameterProblem> {
        for (member, &given) in structure.members.iter().zip(given) {
            match (member.location, given) {
                (Location::Header, _) => {
                    if let Some(text) = self.header_text(member, given)? {
                        let value = header_value(&text, &member.java)?;
                        draft.headers.push((member.wire.to_string(), value));
                    }
                }
                (Location::Headers, Given::Value(map)) => {
                    self.is_a(map, Json::Object, &member.java)?;
                    for (key, value) in self.view.members(map) {
                        let key = scalar::text(self.view, key);
                        let is_name = !key.is_empty() && key.bytes().all(is_token_byte);
                        if !is_name {
                            return Err(ParameterProblem::invalid(&member.java));
                        }
                        let value = header_value(&scalar::text(self.view, value), &member.java)?;
                        draft.headers.push((format!("{}{key}", member.prefix()), value));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn header_text(&self, member: &Member, given: Given) -> Result<Option<String>, ParameterProblem> {
        match (&self.service.shape(member.shape).kind, given) {
            (Kind::List { .. }, Given::Value(list)) => {
                self.is_a(list, Json::Array, &member.java)?;
                let texts: Vec<_> = self
                    .view
                    .elements(list)
                    .map(|value| scalar::text(self.view, value))
                    .collect();
                Ok((!texts.is_empty()).then(|| texts.join(",")))
            }
            (_, Given::Value(value)) if member.is_json_text => {
                Ok(Some(STANDARD.encode(scalar::text(self.view, value).as_bytes())))
            }
            _ => self.scalar(member, given, TimestampFormat::Http),
        }
    }

    /// Returns a scalar as the text that stands in a path, a query, a header, a form or an element.
    pub(super) fn scalar(
        &self,
        member: &Member,
        given: Given,
        format: TimestampFormat,
    ) -> Result<Option<String>, ParameterProblem> {
        match given {
            Given::Nothing => Ok(None),
            Given::Token => Ok(Some(self.context.idempotency_token.to_string())),
            Given::Value(value) => {
                let format = member.timestamp.unwrap_or(format);
                self.scalar_text(member.shape, value, format, &member.java)
                    .map(Some)
            }
        }
    }

    pub(super) fn scalar_text(
        &self,
        shape: crate::services::model::ShapeId,
        value: ValueRef,
        format: TimestampFormat,
        field: &str,
    ) -> Result<String, ParameterProblem> {
        let (view, shape) = (self.view, self.service.shape(shape));
        let text = match &shape.kind {
            Kind::Boolean => scalar::boolean(view, value).map(|word| word.to_string()),
            Kind::Integer => scalar::integer(view, value).map(|number| number.into_owned()),
            Kind::Timestamp => {
                let format = shape.timestamp.unwrap_or(format);
                scalar::time(view, value).map(|nanos| scalar::format_time(nanos, format))
            }
            Kind::Blob => Some(STANDARD.encode(scalar::text(view, value).as_bytes())),
            _ => Some(scalar::text(view, value).into_owned()),
        };
        text.ok_or_else(|| ParameterProblem::invalid(field))
    }

    /// The member that is the whole body.
    fn payload(&self, member: &Member, given: Given, draft: &mut Draft) -> Result<(), ParameterProblem> {
        let shape = self.service.shape(member.shape);
        let is_xml = self.service.protocol == Protocol::RestXml;
        let Given::Value(value) = given else {
            if matches!(shape.kind, Kind::Structure(_)) && member.is_required && !is_xml {
                draft.body.extend_from_slice(b"{}");
                draft.default_header("Content-Type", "application/json");
            }
            return Ok(());
        };
        match &shape.kind {
            // AWS streams the JSON of what is given: a text arrives in its quotes.
            Kind::Blob if member.is_streaming => {
                self.view.write_dense(value, &mut draft.body);
                draft.default_header("Content-Type", "application/octet-stream");
                Ok(())
            }
            Kind::Text | Kind::Blob => {
                draft
                    .body
                    .extend_from_slice(scalar::text(self.view, value).as_bytes());
                let is_text = matches!(shape.kind, Kind::Text);
                let kind = if is_text {
                    "text/plain"
                } else {
                    "application/octet-stream"
                };
                draft.default_header("Content-Type", kind);
                Ok(())
            }
            _ if is_xml => {
                draft.default_header("Content-Type", "application/xml");
                self.xml_payload(member, value, &mut draft.body)
            }
            _ => {
                draft.default_header("Content-Type", "application/json");
                self.json_value(
                    member.shape,
                    member.timestamp,
                    value,
                    &member.java,
                    &mut draft.body,
                    0,
                )
            }
        }
    }

    /// The members that stand nowhere else.
    fn rest_body(
        &self,
        structure: &Structure,
        given: &[Given],
        draft: &mut Draft,
    ) -> Result<(), ParameterProblem> {
        let in_body = |member: &Member| member.location == Location::Body;
        if !structure.members.iter().any(in_body) {
            return Ok(());
        }
        if self.service.protocol == Protocol::RestJson {
            draft.default_header("Content-Type", "application/json");
            return self.json_members(structure, given, true, &mut draft.body, 0);
        }
        let pairs = structure.members.iter().zip(given);
        if pairs
            .filter(|(member, _)| in_body(member))
            .any(|(_, given)| given.is_something())
        {
            draft.default_header("Content-Type", "application/xml");
            self.xml_body(structure, given, &mut draft.body)?;
        }
        Ok(())
    }
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// A text without control characters: nothing can end the header.
fn header_value(text: &str, field: &str) -> Result<String, ParameterProblem> {
    match text.chars().any(|letter| letter.is_control() && letter != '\t') {
        true => Err(ParameterProblem::invalid(field)),
        false => Ok(text.trim().to_owned()),
    }
}
