//! A service as its model describes it: operations, shapes, names.
//!
//! Owns the types that protocols walk beside a value. Must not know texts of requests and answers. Shapes refer to
//! each other by index and may do so in circles: whoever walks them is bounded by the value, never by the shape.

use super::endpoint::{Endpoint, Endpoints, Variant};

/// How a service's requests and answers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// JSON in a POST to `/`, with the operation in a header.
    Json,
    /// JSON bodies; members also in path, query and headers.
    RestJson,
    /// XML bodies; members also in path, query and headers.
    RestXml,
    /// A form in, XML out.
    Query,
    /// The form that EC2 writes differently.
    Ec2,
    /// One that nothing here speaks, such as CBOR alone.
    Other,
}

/// A service and everything that can be asked of it.
#[derive(Debug)]
pub struct Service {
    pub(super) id: Box<str>,
    pub(super) name: Box<str>,
    pub(super) resource_name: Box<str>,
    pub(super) endpoint_prefix: Box<str>,
    pub(super) signing_name: Box<str>,
    pub(super) api_version: Box<str>,
    pub(super) protocol: Protocol,
    pub(super) target_prefix: Box<str>,
    pub(super) json_version: Box<str>,
    pub(super) is_query_compatible: bool,
    pub(super) endpoints: Endpoints,
    /// In the order of [`Operation::action`].
    pub(super) operations: Box<[Operation]>,
    pub(super) shapes: Box<[Shape]>,
    /// Every error of the service.
    pub(super) errors: Box<[ShapeId]>,
}

impl Service {
    /// Returns the id in the model, such as `DynamoDB`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the Java SDK's name, the prefix of the service's errors: `DynamoDb`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the name in resources `aws-sdk:<name>:<action>`: `dynamodb`.
    pub fn resource_name(&self) -> &str {
        &self.resource_name
    }

    /// Returns the first part of most of its host names.
    pub fn endpoint_prefix(&self) -> &str {
        &self.endpoint_prefix
    }

    /// Returns the service's name in signatures.
    pub fn signing_name(&self) -> &str {
        &self.signing_name
    }

    /// Returns where the service is reached in a region; `None` when it has no endpoint of that variant.
    pub fn endpoint(&self, region: &str, variant: Variant) -> Option<Endpoint> {
        self.endpoints
            .resolve(&self.endpoint_prefix, &self.signing_name, region, variant)
    }

    /// Returns how its requests are written.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Returns the operation behind an action such as `getItem`.
    pub fn operation(&self, action: &str) -> Option<&Operation> {
        let found = self
            .operations
            .binary_search_by(|operation| (*operation.action).cmp(action));
        self.operations.get(found.ok()?)
    }

    /// Returns all operations, in the order of their actions.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    pub(super) fn shape(&self, id: ShapeId) -> &Shape {
        &self.shapes[id.0 as usize]
    }

    pub(super) fn structure(&self, id: ShapeId) -> Option<&Structure> {
        match &self.shape(id).kind {
            Kind::Structure(structure) => Some(structure),
            _ => None,
        }
    }
}

/// An operation of a service.
#[derive(Debug)]
pub struct Operation {
    pub(super) name: Box<str>,
    pub(super) action: Box<str>,
    pub(super) method: Box<str>,
    pub(super) uri: Box<str>,
    pub(super) host_prefix: Option<Box<str>>,
    pub(super) input: Option<ShapeId>,
    pub(super) output: Option<ShapeId>,
    /// Name and namespace of an XML body's root, where the operation names them.
    pub(super) input_name: Option<Box<str>>,
    pub(super) input_namespace: Option<XmlNamespace>,
    pub(super) result_wrapper: Option<Box<str>>,
    pub(super) is_unsigned: bool,
    pub(super) has_unsigned_payload: bool,
    pub(super) needs_checksum: bool,
    pub(super) has_checksum_algorithm: bool,
}

impl Operation {
    /// Returns the name in the model, such as `GetItem`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the name in resources, such as `getItem`.
    pub fn action(&self) -> &str {
        &self.action
    }

    /// Says whether requests go out without a signature.
    pub fn is_unsigned(&self) -> bool {
        self.is_unsigned
    }

    /// Says whether the signature leaves the body out.
    pub fn has_unsigned_payload(&self) -> bool {
        self.has_unsigned_payload
    }
}

/// The place of a shape in [`Service::shapes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ShapeId(pub(super) u32);

/// A type of values.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) name: Box<str>,
    pub(super) kind: Kind,
    pub(super) timestamp: Option<TimestampFormat>,
    pub(super) location_name: Option<Box<str>>,
    pub(super) xml_namespace: Option<XmlNamespace>,
    /// Of an error: its code where it is not the shape's name.
    pub(super) error_code: Option<Box<str>>,
}

#[derive(Debug)]
pub(super) enum Kind {
    Structure(Structure),
    List {
        element: Element,
        is_flattened: bool,
    },
    Map {
        key: Element,
        value: Element,
        is_flattened: bool,
    },
    Text,
    Blob,
    Boolean,
    Integer,
    Float,
    Timestamp,
    /// Anything: JSON as it is.
    Document,
}

/// What a list or a map holds.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) shape: ShapeId,
    pub(super) name: Option<Box<str>>,
}

#[derive(Debug, Default)]
pub(super) struct Structure {
    pub(super) members: Box<[Member]>,
    /// The members in the order of a result: by name, a streamed body last.
    pub(super) order: Box<[u16]>,
    pub(super) payload: Option<u16>,
    /// The members in the order of their names on the wire.
    pub(super) by_wire: Box<[u16]>,
}

impl Structure {
    /// Returns the place of the member that the wire calls so.
    pub(super) fn of_wire(&self, name: &str) -> Option<usize> {
        let wire = |index: &u16| &*self.members[usize::from(*index)].wire;
        let found = self.by_wire.binary_search_by(|index| wire(index).cmp(name));
        Some(usize::from(self.by_wire[found.ok()?]))
    }

    /// Returns the parameter of an operation that is called so, by the Java SDK's name alone: whoever judges a call by its
    /// parameters must find each under one name.
    pub(super) fn parameter(&self, is_named: impl Fn(&str) -> bool) -> Option<usize> {
        self.members.iter().position(|member| is_named(&member.java))
    }

    /// Returns the member inside of a parameter that is called so: by the Java SDK's name, or by the model's.
    pub(super) fn inner(&self, is_named: impl Fn(&str) -> bool) -> Option<usize> {
        let is_it = |member: &Member| {
            is_named(&member.java)
                || is_named(&member.name)
                || is_named(&member.wire)
                || is_named(&member.upper)
        };
        self.members.iter().position(is_it)
    }
}

/// A member of a structure.
#[derive(Debug)]
pub(super) struct Member {
    /// Its name in the model.
    pub(super) name: Box<str>,
    /// Its name in parameters and results.
    pub(super) java: Box<str>,
    /// The model's name with a capital: what version 1 of the Java SDK calls it.
    pub(super) upper: Box<str>,
    /// Its name on the wire.
    pub(super) wire: Box<str>,
    /// Its name in EC2's forms.
    pub(super) query_name: Option<Box<str>>,
    pub(super) shape: ShapeId,
    pub(super) location: Location,
    pub(super) timestamp: Option<TimestampFormat>,
    pub(super) xml_namespace: Option<XmlNamespace>,
    pub(super) has_wire_name: bool,
    pub(super) is_flattened: bool,
    pub(super) is_required: bool,
    pub(super) is_token: bool,
    pub(super) is_json_text: bool,
    pub(super) is_attribute: bool,
    pub(super) is_host_label: bool,
    pub(super) is_streaming: bool,
}

/// Where a member stands in a request or an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Location {
    Body,
    Uri,
    Query,
    Header,
    Headers,
    Status,
}

/// How a timestamp is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimestampFormat {
    Seconds,
    Iso,
    Http,
}

#[derive(Clone, Debug)]
pub(super) struct XmlNamespace {
    pub(super) uri: Box<str>,
    pub(super) prefix: Option<Box<str>>,
}

impl Member {
    /// The beginning of the names of a map of headers.
    pub(super) fn prefix(&self) -> &str {
        if self.has_wire_name { &self.wire } else { "" }
    }
}
