//! XML of an answer against the shape that it has.

use super::DEPTH_MAX;
use super::output::{self, Fields};
use super::xml::Tree;
use crate::services::error::Style;
use crate::services::model::{Element, Kind, Member, Service, ShapeId, Structure};

/// Reads elements into a result.
pub(super) struct XmlReader<'a> {
    tree: &'a Tree<'a>,
    service: &'a Service,
    style: Style,
}

impl<'a> Tree<'a> {
    /// Returns what reads this tree as a service's answer.
    pub(super) fn reader(&'a self, service: &'a Service, style: Style) -> XmlReader<'a> {
        XmlReader {
            tree: self,
            service,
            style,
        }
    }
}

impl XmlReader<'_> {
    /// Appends a member of a structure, if the element has it. Returns whether it was within [`DEPTH_MAX`].
    pub(super) fn member(
        &self,
        parent: usize,
        member: &Member,
        name: &str,
        fields: &mut Fields<'_>,
        depth: usize,
    ) -> bool {
        let shape = self.service.shape(member.shape);
        match &shape.kind {
            Kind::List {
                element,
                is_flattened,
            } if *is_flattened || member.is_flattened => {
                let nodes = self.flattened(parent, element, member);
                nodes.is_empty() || self.list(&nodes, element.shape, fields.begin(name), depth + 1)
            }
            Kind::Map {
                key,
                value,
                is_flattened,
            } if *is_flattened || member.is_flattened => {
                let entries: Vec<usize> = self.tree.named(parent, &member.wire).collect();
                entries.is_empty() || self.map(&entries, key, value, fields.begin(name), depth + 1)
            }
            _ if member.is_attribute => {
                if let Some(text) = self.tree.attribute(parent, &member.wire) {
                    output::string(fields.begin(name), text);
                }
                true
            }
            _ => match self.tree.child(parent, &member.wire) {
                Some(node) => self.value(node, member.shape, fields.begin(name), depth + 1),
                // A body that is nothing but this member, such as a bucket's location.
                None if self.is_whole(parent, member) => {
                    self.value(parent, member.shape, fields.begin(name), depth + 1)
                }
                None => true,
            },
        }
    }

    fn is_whole(&self, node: usize, member: &Member) -> bool {
        node == Tree::ROOT && self.tree.name(node) == &*member.wire && self.tree.children(node).is_empty()
    }

    /// Elements of a list that has no element of its own: each has the list's name, or its own.
    fn flattened(&self, parent: usize, element: &Element, member: &Member) -> Vec<usize> {
        let named = |name: &str| self.tree.named(parent, name).collect::<Vec<usize>>();
        match element.name.as_deref().map(named) {
            Some(nodes) if !nodes.is_empty() => nodes,
            _ => named(&member.wire),
        }
    }

    /// Appends a value of a shape. Returns whether it was within [`DEPTH_MAX`].
    pub(super) fn value(&self, node: usize, shape: ShapeId, out: &mut Vec<u8>, depth: usize) -> bool {
        if depth > DEPTH_MAX {
            return false;
        }
        let text = self.tree.text(node);
        match &self.service.shape(shape).kind {
            Kind::Structure(structure) => return self.structure(node, structure, out, depth),
            Kind::List { element, .. } => {
                return self.list(self.tree.children(node), element.shape, out, depth);
            }
            Kind::Map { key, value, .. } => {
                return self.map(self.tree.children(node), key, value, out, depth);
            }
            Kind::Text | Kind::Document => output::string(out, text),
            Kind::Blob => output::blob(out, text),
            Kind::Boolean => output::boolean(out, text),
            Kind::Integer | Kind::Float => output::number(out, text),
            Kind::Timestamp => output::time(out, text),
        }
        true
    }

    fn structure(&self, node: usize, structure: &Structure, out: &mut Vec<u8>, depth: usize) -> bool {
        let mut fields = Fields::open(out);
        let mut is_shallow = true;
        for &index in &structure.order {
            let member = &structure.members[usize::from(index)];
            is_shallow &= self.member(node, member, output::name(self.style, member), &mut fields, depth);
        }
        fields.close();
        is_shallow
    }

    fn list(&self, nodes: &[usize], shape: ShapeId, out: &mut Vec<u8>, depth: usize) -> bool {
        let mut is_shallow = true;
        out.push(b'[');
        for (index, &node) in nodes.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            is_shallow &= self.value(node, shape, out, depth + 1);
        }
        out.push(b']');
        is_shallow
    }

    fn map(
        &self,
        entries: &[usize],
        key: &Element,
        value: &Element,
        out: &mut Vec<u8>,
        depth: usize,
    ) -> bool {
        let (key_name, value_name) = (
            key.name.as_deref().unwrap_or("key"),
            value.name.as_deref().unwrap_or("value"),
        );
        let mut fields = Fields::open(out);
        let mut is_shallow = true;
        for &entry in entries {
            let (key, node) = (
                self.tree.child(entry, key_name),
                self.tree.child(entry, value_name),
            );
            if let (Some(key), Some(node)) = (key, node) {
                is_shallow &= self.value(node, value.shape, fields.begin(self.tree.text(key)), depth + 1);
            }
        }
        fields.close();
        is_shallow
    }
}
