//! XML bodies of requests.

use super::body::Given;
use super::{DEPTH_MAX, ParameterProblem, Writer, scalar};
use crate::services::model::{
    Element, Kind, Location, Member, ShapeId, Structure, TimestampFormat, XmlNamespace,
};
use crate::value::{Kind as Json, ValueRef};
use quick_xml::escape::escape;

impl Writer<'_> {
    /// The body that is one member.
    pub(super) fn xml_payload(
        &self,
        member: &Member,
        value: ValueRef,
        out: &mut Vec<u8>,
    ) -> Result<(), ParameterProblem> {
        let shape = self.service.shape(member.shape);
        let name = match (member.has_wire_name, &shape.location_name) {
            (true, _) => &*member.wire,
            (false, Some(name)) => name,
            (false, None) => &shape.name,
        };
        let namespace = member.xml_namespace.as_ref().or(shape.xml_namespace.as_ref());
        self.xml_element(member.shape, namespace, value, (name, &member.java), out, 0)
    }

    /// The body that has all members that stand nowhere else.
    pub(super) fn xml_body(
        &self,
        structure: &Structure,
        given: &[Given],
        out: &mut Vec<u8>,
    ) -> Result<(), ParameterProblem> {
        let operation = self.operation;
        let shape = operation.input.map(|input| self.service.shape(input));
        let of_shape = shape.map_or("", |shape| shape.location_name.as_deref().unwrap_or(&shape.name));
        let name = operation.input_name.as_deref().unwrap_or(of_shape);
        open(out, name, operation.input_namespace.as_ref());
        out.push(b'>');
        self.xml_members(structure, given, out, 0)?;
        close(out, name);
        Ok(())
    }

    fn xml_members(
        &self,
        structure: &Structure,
        given: &[Given],
        out: &mut Vec<u8>,
        depth: usize,
    ) -> Result<(), ParameterProblem> {
        for (member, &given) in structure.members.iter().zip(given) {
            if member.location != Location::Body || member.is_attribute {
                continue;
            }
            match given {
                Given::Nothing => {}
                Given::Token => text_element(out, &member.wire, &self.context.idempotency_token.to_string()),
                Given::Value(value) => self.xml_member(member, value, out, depth + 1)?,
            }
        }
        Ok(())
    }

    fn xml_member(
        &self,
        member: &Member,
        value: ValueRef,
        out: &mut Vec<u8>,
        depth: usize,
    ) -> Result<(), ParameterProblem> {
        let shape = self.service.shape(member.shape);
        match &shape.kind {
            Kind::List {
                element,
                is_flattened,
            } if *is_flattened || member.is_flattened => {
                self.is_a(value, Json::Array, &member.java)?;
                let name = element.name.as_deref().unwrap_or(&member.wire);
                for value in self.view.elements(value) {
                    self.xml_element(element.shape, None, value, (name, &member.java), out, depth + 1)?;
                }
                Ok(())
            }
            Kind::Map {
                key,
                value: element,
                is_flattened,
            } if *is_flattened || member.is_flattened => {
                self.is_a(value, Json::Object, &member.java)?;
                self.xml_entries(&member.wire, key, element, value, out, depth)
            }
            Kind::Timestamp => {
                let format = member.timestamp.unwrap_or(TimestampFormat::Iso);
                let text = self.scalar_text(member.shape, value, format, &member.java)?;
                text_element(out, &member.wire, &text);
                Ok(())
            }
            _ => {
                let namespace = member.xml_namespace.as_ref();
                self.xml_element(
                    member.shape,
                    namespace,
                    value,
                    (&member.wire, &member.java),
                    out,
                    depth,
                )
            }
        }
    }

    /// Writes an element. `names` are the element's and the parameter's.
    fn xml_element(
        &self,
        shape: ShapeId,
        namespace: Option<&XmlNamespace>,
        value: ValueRef,
        names: (&str, &str),
        out: &mut Vec<u8>,
        depth: usize,
    ) -> Result<(), ParameterProblem> {
        let (name, field) = names;
        if depth > DEPTH_MAX {
            return Err(ParameterProblem::invalid(field));
        }
        let shape_id = shape;
        let shape = self.service.shape(shape_id);
        let namespace = namespace.or(shape.xml_namespace.as_ref());
        match &shape.kind {
            Kind::Structure(structure) => {
                let given = self.given(structure, Some(value), field)?;
                open(out, name, namespace);
                self.xml_attributes(structure, &given, out)?;
                out.push(b'>');
                self.xml_members(structure, &given, out, depth)?;
            }
            Kind::List { element, .. } => {
                self.is_a(value, Json::Array, field)?;
                open(out, name, namespace);
                out.push(b'>');
                let inner = element.name.as_deref().unwrap_or("member");
                for value in self.view.elements(value) {
                    self.xml_element(element.shape, None, value, (inner, field), out, depth + 1)?;
                }
            }
            Kind::Map {
                key, value: element, ..
            } => {
                self.is_a(value, Json::Object, field)?;
                open(out, name, namespace);
                out.push(b'>');
                self.xml_entries("entry", key, element, value, out, depth)?;
            }
            _ => {
                let text = self.scalar_text(shape_id, value, TimestampFormat::Iso, field)?;
                open(out, name, namespace);
                out.push(b'>');
                out.extend_from_slice(escape(&text).as_bytes());
            }
        }
        close(out, name);
        Ok(())
    }

    fn xml_attributes(
        &self,
        structure: &Structure,
        given: &[Given],
        out: &mut Vec<u8>,
    ) -> Result<(), ParameterProblem> {
        for (member, &given) in structure.members.iter().zip(given) {
            if member.is_attribute
                && let Some(text) = self.scalar(member, given, TimestampFormat::Iso)?
            {
                out.extend_from_slice(format!(" {}=\"{}\"", member.wire, escape(&text)).as_bytes());
            }
        }
        Ok(())
    }

    fn xml_entries(
        &self,
        name: &str,
        key: &Element,
        element: &Element,
        map: ValueRef,
        out: &mut Vec<u8>,
        depth: usize,
    ) -> Result<(), ParameterProblem> {
        let (key, of_value) = (
            key.name.as_deref().unwrap_or("key"),
            element.name.as_deref().unwrap_or("value"),
        );
        for (entry, value) in self.view.members(map) {
            let entry = scalar::text(self.view, entry);
            open(out, name, None);
            out.push(b'>');
            text_element(out, key, &entry);
            self.xml_element(element.shape, None, value, (of_value, &entry), out, depth + 1)?;
            close(out, name);
        }
        Ok(())
    }
}

/// Begins an element; attributes may follow.
fn open(out: &mut Vec<u8>, name: &str, namespace: Option<&XmlNamespace>) {
    out.push(b'<');
    out.extend_from_slice(name.as_bytes());
    if let Some(namespace) = namespace {
        let colon = if namespace.prefix.is_some() { ":" } else { "" };
        let prefix = namespace.prefix.as_deref().unwrap_or_default();
        out.extend_from_slice(format!(" xmlns{colon}{prefix}=\"{}\"", namespace.uri).as_bytes());
    }
}

fn close(out: &mut Vec<u8>, name: &str) {
    out.extend_from_slice(format!("</{name}>").as_bytes());
}

fn text_element(out: &mut Vec<u8>, name: &str, text: &str) {
    out.extend_from_slice(format!("<{name}>{}</{name}>", escape(text)).as_bytes());
}
