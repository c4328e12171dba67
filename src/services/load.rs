//! Reading a model: botocore's `service-2.json`, whole or reduced.
//!
//! Owns the meaning of the file's members. What it does not know it passes over, so that newer models load. A model
//! without what a request needs is refused with the place.

use super::endpoint::Endpoints;
use super::model::{
    Element, Kind, Location, Member, Operation, Protocol, Service, Shape, ShapeId, Structure,
    TimestampFormat, XmlNamespace,
};
use super::names;
use crate::value::{Heap, Kind as Json, ValueRef, View};
use rustc_hash::FxHashMap;

/// Why a text is no model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelError(pub(super) String);

impl std::fmt::Display for ModelError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for ModelError {}

/// Reads a model.
///
/// # Errors
/// When it is no JSON, or lacks what requests need.
pub(super) fn load(text: &[u8]) -> Result<Service, ModelError> {
    let (mut heap, constants) = (Heap::new(), Heap::for_constants());
    let root = heap
        .index(text)
        .map_err(|error| ModelError(format!("not JSON: {error}")))?;
    let view = View::new(&heap, &constants);
    let loader = Loader::new(Node { view, value: root })?;
    loader.service()
}

/// A value of the file.
#[derive(Clone, Copy)]
struct Node<'a> {
    view: View<'a>,
    value: ValueRef,
}

impl<'a> Node<'a> {
    fn get(self, name: &str) -> Option<Node<'a>> {
        let value = self.view.member_named(self.value, name)?;
        Some(Node { value, ..self })
    }

    fn text(self, name: &str) -> Option<Box<str>> {
        self.get(name)?.as_text()
    }

    fn as_text(self) -> Option<Box<str>> {
        Some(self.view.string(self.value)?.decode().into())
    }

    fn flag(self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|node| node.view.boolean(node.value) == Some(true))
    }

    fn members(self) -> impl Iterator<Item = (Box<str>, Node<'a>)> {
        let named = move |(key, value): (ValueRef, ValueRef)| {
            let name = self.view.string(key)?.decode().into();
            Some((name, Node { value, ..self }))
        };
        self.view.members(self.value).filter_map(named)
    }

    fn elements(self) -> impl Iterator<Item = Node<'a>> {
        self.view
            .elements(self.value)
            .map(move |value| Node { value, ..self })
    }
}

struct Loader<'a> {
    metadata: Node<'a>,
    operations: Node<'a>,
    shapes: Node<'a>,
    ids: FxHashMap<Box<str>, ShapeId>,
    /// The shapes by their ids.
    nodes: Vec<Node<'a>>,
    is_dynamodb: bool,
}

impl<'a> Loader<'a> {
    fn new(root: Node<'a>) -> Result<Loader<'a>, ModelError> {
        let part = |name: &str| {
            root.get(name)
                .filter(|node| node.view.kind(node.value) == Json::Object)
                .ok_or_else(|| ModelError(format!("the model has no object '{name}'")))
        };
        let (metadata, operations, shapes) = (part("metadata")?, part("operations")?, part("shapes")?);
        let ids = shapes
            .members()
            .enumerate()
            .map(|(index, (name, _))| (name, ShapeId(index as u32)))
            .collect();
        let id = metadata.text("serviceId").unwrap_or_default();
        Ok(Loader {
            metadata,
            operations,
            shapes,
            ids,
            nodes: shapes.members().map(|(_, node)| node).collect(),
            is_dynamodb: id.starts_with("DynamoDB"),
        })
    }

    fn service(&self) -> Result<Service, ModelError> {
        let id = self
            .metadata
            .text("serviceId")
            .ok_or_else(|| ModelError("the model's metadata has no 'serviceId'".into()))?;
        let endpoint_prefix = self.metadata.text("endpointPrefix").unwrap_or_default();
        let shapes = self
            .shapes
            .members()
            .map(|(name, node)| self.shape(name, node))
            .collect::<Result<Box<[Shape]>, _>>()?;
        let mut operations = self
            .operations
            .members()
            .map(|(name, node)| self.operation(name, node))
            .collect::<Result<Vec<Operation>, _>>()?;
        operations.sort_by(|one, other| one.action.cmp(&other.action));
        let name = names::service(&id);
        let errors = self.shapes.members().enumerate();
        let errors = errors
            .filter(|(_, (_, node))| node.flag("exception") || node.get("error").is_some())
            .map(|(index, _)| ShapeId(index as u32));
        Ok(Service {
            resource_name: name.to_lowercase().into(),
            name: name.into(),
            signing_name: self
                .metadata
                .text("signingName")
                .unwrap_or_else(|| endpoint_prefix.clone()),
            endpoint_prefix,
            api_version: self.metadata.text("apiVersion").unwrap_or_default(),
            protocol: self.protocol(),
            target_prefix: self.metadata.text("targetPrefix").unwrap_or_default(),
            json_version: self.metadata.text("jsonVersion").unwrap_or_else(|| "1.0".into()),
            is_query_compatible: self.metadata.get("awsQueryCompatible").is_some(),
            endpoints: self.endpoints(),
            operations: operations.into(),
            errors: errors.collect(),
            shapes,
            id,
        })
    }

    /// Returns the protocol that is chosen of those that the service speaks.
    fn protocol(&self) -> Protocol {
        let mut offered: Vec<Box<str>> = match self.metadata.get("protocols") {
            Some(list) => list.elements().filter_map(Node::as_text).collect(),
            None => Vec::new(),
        };
        offered.extend(self.metadata.text("protocol"));
        let known = [
            ("json", Protocol::Json),
            ("rest-json", Protocol::RestJson),
            ("rest-xml", Protocol::RestXml),
            ("query", Protocol::Query),
            ("ec2", Protocol::Ec2),
        ];
        let is_offered = |(name, _): &&(&str, Protocol)| offered.iter().any(|offer| **offer == **name);
        known
            .iter()
            .find(is_offered)
            .map_or(Protocol::Other, |(_, protocol)| *protocol)
    }

    fn endpoints(&self) -> Endpoints {
        let mut endpoints = Endpoints::default();
        let Some(node) = self.metadata.get("endpoints") else {
            if let Some(host) = self.metadata.text("globalEndpoint") {
                endpoints.set_global(&host);
            }
            return endpoints;
        };
        for (partition, node) in node.members() {
            for (name, node) in node.members() {
                match name.parse() {
                    Ok(variant) => endpoints.add(&partition, None, variant, described(node)),
                    Err(_) => {
                        for (variant, node) in node.members() {
                            let variant = variant.parse().unwrap_or(usize::MAX);
                            endpoints.add(&partition, Some(&name), variant, described(node));
                        }
                    }
                }
            }
        }
        endpoints
    }

    fn id(&self, node: Node<'_>) -> Result<ShapeId, ModelError> {
        let name = node
            .text("shape")
            .ok_or_else(|| ModelError("a reference names no shape".into()))?;
        self.ids
            .get(&name)
            .copied()
            .ok_or_else(|| ModelError(format!("the model has no shape '{name}'")))
    }

    fn operation(&self, name: Box<str>, node: Node<'a>) -> Result<Operation, ModelError> {
        let (http, input, output) = (node.get("http"), node.get("input"), node.get("output"));
        let text = |name: &str| http.and_then(|http| http.text(name));
        let checksum = node.get("httpChecksum");
        Ok(Operation {
            action: names::action(&name).into(),
            method: text("method").unwrap_or_else(|| "POST".into()),
            uri: text("requestUri").unwrap_or_else(|| "/".into()),
            host_prefix: node.get("endpoint").and_then(|node| node.text("hostPrefix")),
            input: input.map(|node| self.id(node)).transpose()?,
            output: output.map(|node| self.id(node)).transpose()?,
            input_name: input.and_then(|node| node.text("locationName")),
            input_namespace: input.and_then(|node| namespace(node)),
            result_wrapper: output.and_then(|node| node.text("resultWrapper")),
            is_unsigned: is_unsigned(node) || is_unsigned(self.metadata),
            has_unsigned_payload: node.flag("unsignedPayload")
                || node.text("authtype").as_deref() == Some("v4-unsigned-body"),
            needs_checksum: node.flag("httpChecksumRequired")
                || checksum.is_some_and(|node| node.flag("requestChecksumRequired")),
            has_checksum_algorithm: checksum.is_some_and(|node| node.get("requestAlgorithmMember").is_some()),
            name: node.text("name").unwrap_or(name),
        })
    }

    fn shape(&self, name: Box<str>, node: Node<'a>) -> Result<Shape, ModelError> {
        let element = |role: &str| -> Result<Element, ModelError> {
            let node = node
                .get(role)
                .ok_or_else(|| ModelError(format!("shape '{name}' has no '{role}'")))?;
            Ok(Element {
                shape: self.id(node)?,
                name: node.text("locationName"),
            })
        };
        let is_flattened = node.flag("flattened");
        let kind = match node.text("type").as_deref().unwrap_or_default() {
            "structure" if node.flag("document") => Kind::Document,
            "structure" => Kind::Structure(self.structure(&name, node)?),
            "list" => Kind::List {
                element: element("member")?,
                is_flattened,
            },
            "map" => Kind::Map {
                key: element("key")?,
                value: element("value")?,
                is_flattened,
            },
            "blob" => Kind::Blob,
            "boolean" => Kind::Boolean,
            "integer" | "long" | "short" | "byte" | "biginteger" => Kind::Integer,
            "float" | "double" | "bigdecimal" => Kind::Float,
            "timestamp" => Kind::Timestamp,
            _ => Kind::Text,
        };
        Ok(Shape {
            kind,
            timestamp: timestamp(node),
            location_name: node.text("locationName"),
            xml_namespace: namespace(node),
            error_code: node.get("error").and_then(|node| node.text("code")),
            name,
        })
    }

    fn structure(&self, shape: &str, node: Node<'a>) -> Result<Structure, ModelError> {
        let required: Vec<Box<str>> = match node.get("required") {
            Some(list) => list.elements().filter_map(Node::as_text).collect(),
            None => Vec::new(),
        };
        let Some(members) = node.get("members") else {
            return Ok(Structure::default());
        };
        let members = members
            .members()
            .map(|(name, node)| {
                let is_required = required.contains(&name);
                self.member(shape, name, is_required, node)
            })
            .collect::<Result<Box<[Member]>, _>>()?;
        let payload = node.text("payload");
        let payload = payload.and_then(|payload| members.iter().position(|member| member.name == payload));
        let mut order: Vec<u16> = (0..members.len().min(usize::from(u16::MAX)) as u16).collect();
        order.sort_by_key(|&index| {
            let member = &members[usize::from(index)];
            (member.is_streaming, &member.java)
        });
        let mut by_wire = order.clone();
        by_wire.sort_by_key(|&index| &members[usize::from(index)].wire);
        Ok(Structure {
            order: order.into(),
            by_wire: by_wire.into(),
            payload: payload.map(|index| index as u16),
            members,
        })
    }

    fn member(
        &self,
        shape: &str,
        name: Box<str>,
        is_required: bool,
        node: Node<'a>,
    ) -> Result<Member, ModelError> {
        let target = self.id(node)?;
        let wire = node.text("locationName");
        // The one member that the SDK renames by hand: `null` is a word of Java's.
        let java: Box<str> = match self.is_dynamodb && shape == "AttributeValue" && &*name == "NULL" {
            true => "Nul".into(),
            false => names::member(&name).into(),
        };
        let location = match node.text("location").as_deref() {
            Some("uri") => Location::Uri,
            Some("querystring") => Location::Query,
            Some("header") => Location::Header,
            Some("headers") => Location::Headers,
            Some("statusCode") => Location::Status,
            _ => Location::Body,
        };
        let of_shape = self.nodes.get(target.0 as usize);
        Ok(Member {
            java,
            upper: names::capitalize(&name).into(),
            has_wire_name: wire.is_some(),
            wire: wire.unwrap_or_else(|| name.clone()),
            query_name: node.text("queryName"),
            shape: target,
            location,
            timestamp: timestamp(node),
            xml_namespace: namespace(node),
            is_flattened: node.flag("flattened"),
            is_required,
            is_token: node.flag("idempotencyToken"),
            is_json_text: node.flag("jsonvalue"),
            is_attribute: node.flag("xmlAttribute"),
            is_host_label: node.flag("hostLabel"),
            is_streaming: node.flag("streaming") || of_shape.is_some_and(|node| node.flag("streaming")),
            name,
        })
    }
}

/// Says whether an operation, or a service, goes without a signature.
fn is_unsigned(node: Node<'_>) -> bool {
    let is = |name: &str, word: &str| node.text(name).as_deref() == Some(word);
    let first = node.get("auth").and_then(|list| list.elements().next());
    let first = first.and_then(Node::as_text);
    is("authtype", "none") || is("signatureVersion", "none") || first.as_deref() == Some("smithy.api#noAuth")
}

fn timestamp(node: Node<'_>) -> Option<TimestampFormat> {
    match node.text("timestampFormat").as_deref()? {
        "iso8601" => Some(TimestampFormat::Iso),
        "rfc822" => Some(TimestampFormat::Http),
        "unixTimestamp" => Some(TimestampFormat::Seconds),
        _ => None,
    }
}

fn namespace(node: Node<'_>) -> Option<XmlNamespace> {
    let node = node.get("xmlNamespace")?;
    let uri = node.text("uri").or_else(|| node.as_text())?;
    Some(XmlNamespace {
        uri,
        prefix: node.text("prefix"),
    })
}

/// An endpoint of the file: `null` for "there is none".
fn described(node: Node<'_>) -> Option<super::endpoint::Template> {
    (node.view.kind(node.value) == Json::Object).then(|| super::endpoint::Template {
        url: node.text("url"),
        region: node.text("region"),
        name: node.text("name"),
    })
}
