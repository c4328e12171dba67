//! JSON bodies: protocol `json`, and the bodies of `rest-json`.

use super::body::Given;
use super::output::{self, Fields};
use super::{DEPTH_MAX, Draft, ParameterProblem, Writer, scalar};
use crate::services::error::Style;
use crate::services::model::{Kind, Location, Member, Service, ShapeId, Structure, TimestampFormat};
use crate::value::{Kind as Json, ValueRef, View, escape_into};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

impl Writer<'_> {
    /// Writes the request of protocol `json`.
    pub(super) fn json(&self, parameters: ValueRef, draft: &mut Draft) -> Result<(), ParameterProblem> {
        let (service, operation) = (self.service, self.operation);
        let target = format!("{}.{}", service.target_prefix, operation.name);
        draft.default_header(
            "Content-Type",
            &format!("application/x-amz-json-{}", service.json_version),
        );
        draft.default_header("X-Amz-Target", &target);
        if service.is_query_compatible {
            // Asks for the code that errors had while the protocol was `query`.
            draft.default_header("x-amzn-query-mode", "true");
        }
        match operation.input.and_then(|input| service.structure(input)) {
            Some(structure) => {
                let given = self.parameters(structure, parameters)?;
                self.json_members(structure, &given, false, &mut draft.body, 0)
            }
            None => {
                draft.body.extend_from_slice(b"{}");
                Ok(())
            }
        }
    }

    /// Writes members as an object; those of the body alone, or all.
    pub(super) fn json_members(
        &self,
        structure: &Structure,
        given: &[Given],
        is_body_alone: bool,
        out: &mut Vec<u8>,
        depth: usize,
    ) -> Result<(), ParameterProblem> {
        let mut fields = Fields::open(out);
        for (member, &given) in structure.members.iter().zip(given) {
            let elsewhere = is_body_alone && member.location != Location::Body;
            match given {
                _ if elsewhere => {}
                Given::Nothing => {}
                Given::Token => output::string(
                    fields.begin(&member.wire),
                    &self.context.idempotency_token.to_string(),
                ),
                Given::Value(value) => {
                    let out = fields.begin(&member.wire);
                    self.json_value(
                        member.shape,
                        member.timestamp,
                        value,
                        &member.java,
                        out,
                        depth + 1,
                    )?;
                }
            }
        }
        fields.close();
        Ok(())
    }

    /// Writes a value of a shape.
    pub(super) fn json_value(
        &self,
        shape: ShapeId,
        format: Option<TimestampFormat>,
        value: ValueRef,
        field: &str,
        out: &mut Vec<u8>,
        depth: usize,
    ) -> Result<(), ParameterProblem> {
        let (view, shape) = (self.view, self.service.shape(shape));
        let invalid = || ParameterProblem::invalid(field);
        if depth > DEPTH_MAX {
            return Err(invalid());
        }
        match &shape.kind {
            Kind::Structure(structure) => {
                let given = self.given(structure, Some(value), field)?;
                if self.is_events() && &*shape.name == "PutEventsRequestEntry" {
                    return self.event(structure, &given, out, depth);
                }
                return self.json_members(structure, &given, false, out, depth);
            }
            Kind::List { element, .. } => {
                self.is_a(value, Json::Array, field)?;
                out.push(b'[');
                for (index, value) in view.elements(value).enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    self.json_value(element.shape, None, value, field, out, depth + 1)?;
                }
                out.push(b']');
            }
            Kind::Map { value: element, .. } => {
                self.is_a(value, Json::Object, field)?;
                let mut fields = Fields::open(out);
                for (key, value) in view.members(value) {
                    if view.kind(value) == Json::Null {
                        continue;
                    }
                    let key = scalar::text(view, key);
                    self.json_value(element.shape, None, value, &key, fields.begin(&key), depth + 1)?;
                }
                fields.close();
            }
            _ if view.kind(value) == Json::Null => out.extend_from_slice(b"null"),
            Kind::Text => write_text(view, value, out),
            Kind::Blob => output::string(out, &STANDARD.encode(scalar::text(view, value).as_bytes())),
            Kind::Boolean => {
                let word = scalar::boolean(view, value).ok_or_else(invalid)?;
                out.extend_from_slice(if word { b"true" } else { b"false" });
            }
            Kind::Integer => {
                let number = scalar::integer(view, value).ok_or_else(invalid)?;
                out.extend_from_slice(number.as_bytes());
            }
            Kind::Float => match scalar::number(view, value) {
                Some(number) => out.extend_from_slice(number.as_bytes()),
                None if is_special(view, value) => write_text(view, value, out),
                None => return Err(invalid()),
            },
            Kind::Timestamp => {
                let nanos = scalar::time(view, value).ok_or_else(invalid)?;
                let format = format.or(shape.timestamp).unwrap_or(TimestampFormat::Seconds);
                let text = scalar::format_time(nanos, format);
                match format {
                    TimestampFormat::Seconds => out.extend_from_slice(text.as_bytes()),
                    _ => output::string(out, &text),
                }
            }
            Kind::Document => view.write_dense(value, out),
        }
        Ok(())
    }

    pub(super) fn is_a(&self, value: ValueRef, kind: Json, field: &str) -> Result<(), ParameterProblem> {
        match self.view.kind(value) == kind {
            true => Ok(()),
            false => Err(ParameterProblem::invalid(field)),
        }
    }

    /// An entry of `events:putEvents`: the execution and its state machine are among its resources.
    fn event(
        &self,
        structure: &Structure,
        given: &[Given],
        out: &mut Vec<u8>,
        depth: usize,
    ) -> Result<(), ParameterProblem> {
        let is_resources = |member: &Member| &*member.name == "Resources";
        let own = structure.members.iter().position(is_resources);
        let mut rest = given.to_vec();
        let resources = own.map_or(Given::Nothing, |index| {
            std::mem::replace(&mut rest[index], Given::Nothing)
        });
        self.json_members(structure, &rest, false, out, depth)?;
        out.pop();
        if out.last() != Some(&b'{') {
            out.push(b',');
        }
        out.extend_from_slice(b"\"Resources\":[");
        if let Given::Value(list) = resources {
            self.is_a(list, Json::Array, "Resources")?;
            for value in self.view.elements(list) {
                write_text(self.view, value, out);
                out.push(b',');
            }
        }
        output::string(out, self.context.execution_arn);
        out.push(b',');
        output::string(out, self.context.state_machine_arn);
        out.extend_from_slice(b"]}");
        Ok(())
    }
}

fn is_special(view: View<'_>, value: ValueRef) -> bool {
    let words = ["NaN", "Infinity", "-Infinity"];
    view.string(value)
        .is_some_and(|text| words.into_iter().any(|word| text.is(word)))
}

/// Appends a value as a JSON string: a string as it is, the JSON of anything else as text.
fn write_text(view: View<'_>, value: ValueRef, out: &mut Vec<u8>) {
    if view.kind(value) == Json::String {
        view.write_dense(value, out);
    } else {
        out.push(b'"');
        escape_into(out, &scalar::text(view, value));
        out.push(b'"');
    }
}

/// Reads JSON of an answer into a result.
pub(super) struct Reader<'a> {
    pub(super) service: &'a Service,
    pub(super) style: Style,
    pub(super) view: View<'a>,
}

impl Reader<'_> {
    /// Finds the members of a structure in an object, by the names on the wire.
    pub(super) fn members(&self, structure: &Structure, object: ValueRef) -> Vec<Option<ValueRef>> {
        let members = &structure.members;
        let mut found = vec![None; members.len()];
        // Services mostly write members in the model's order: the search begins behind the last one that was found.
        let mut next = 0;
        for (key, value) in self.view.members(object) {
            let Some(name) = self.view.string(key) else {
                continue;
            };
            let is_next = members.get(next).is_some_and(|member| name.is(&member.wire));
            let index = match is_next {
                true => Some(next),
                false => structure.of_wire(&name.decode()),
            };
            if let Some(index) = index {
                found[index] = (self.view.kind(value) != Json::Null).then_some(value);
                next = index + 1;
            }
        }
        found
    }

    /// Appends a value of a shape.
    ///
    /// What does not have the shape's type is handed on as it is: the service knows better than the model.
    /// Returns whether it was within [`DEPTH_MAX`].
    pub(super) fn value(&self, shape: ShapeId, value: ValueRef, out: &mut Vec<u8>, depth: usize) -> bool {
        if depth > DEPTH_MAX {
            return false;
        }
        let (view, shape) = (self.view, self.service.shape(shape));
        match (&shape.kind, view.kind(value)) {
            (Kind::Structure(structure), Json::Object) => {
                let found = self.members(structure, value);
                let mut fields = Fields::open(out);
                let mut is_shallow = true;
                for &index in &structure.order {
                    let index = usize::from(index);
                    if let Some(value) = found[index] {
                        let member = &structure.members[index];
                        let out = fields.begin(output::name(self.style, member));
                        is_shallow &= self.value(member.shape, value, out, depth + 1);
                    }
                }
                fields.close();
                is_shallow
            }
            (Kind::List { element, .. }, Json::Array) => {
                let mut is_shallow = true;
                out.push(b'[');
                for (index, value) in view.elements(value).enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    is_shallow &= self.value(element.shape, value, out, depth + 1);
                }
                out.push(b']');
                is_shallow
            }
            (Kind::Map { value: element, .. }, Json::Object) => {
                let mut is_shallow = true;
                let mut fields = Fields::open(out);
                for (key, value) in view.members(value) {
                    let out = fields.begin(&scalar::text(view, key));
                    is_shallow &= self.value(element.shape, value, out, depth + 1);
                }
                fields.close();
                is_shallow
            }
            (Kind::Timestamp, Json::Number | Json::String) => {
                output::time(out, &scalar::text(view, value));
                true
            }
            (Kind::Blob, Json::String) => {
                output::blob(out, &scalar::text(view, value));
                true
            }
            _ if view.depth(value) as usize > DEPTH_MAX => false,
            _ => {
                view.write_dense(value, out);
                true
            }
        }
    }
}
