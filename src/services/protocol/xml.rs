//! XML of an answer as a tree.
//!
//! Owns the limits of what is read: depth, count of elements, no document type and no entities but XML's own five. Names
//! lose their prefix, attributes keep it, as AWS's models name them.

use super::DEPTH_MAX;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use std::borrow::Cow;

/// More elements make a result that no state may have.
pub(super) const ELEMENTS_MAX: usize = 100_000;

/// A document.
#[derive(Debug, Default)]
pub(super) struct Tree<'a> {
    nodes: Vec<Node<'a>>,
}

#[derive(Debug, Default)]
struct Node<'a> {
    name: String,
    text: Cow<'a, str>,
    children: Vec<usize>,
    attributes: Vec<(String, String)>,
}

impl<'a> Tree<'a> {
    /// The outermost element.
    pub(super) const ROOT: usize = 0;

    /// Reads a document.
    ///
    /// # Errors
    /// When it is not well formed, or over a limit.
    pub(super) fn parse(text: &'a str) -> Result<Tree<'a>, String> {
        let mut reader = Reader::from_str(text);
        let (mut tree, mut open) = (Tree::default(), Vec::new());
        loop {
            match reader.read_event().map_err(|error| error.to_string())? {
                Event::Start(start) => {
                    let node = tree.add(&start, &open)?;
                    open.push(node);
                    if open.len() > DEPTH_MAX {
                        return Err("the XML is nested too deeply".into());
                    }
                }
                Event::Empty(start) => {
                    tree.add(&start, &open)?;
                }
                Event::End(_) => {
                    open.pop();
                }
                Event::Text(text) => tree.append(&open, text.xml10_content()),
                Event::CData(text) => tree.append(&open, text.xml10_content()),
                Event::GeneralRef(reference) => {
                    let letter = reference.resolve_char_ref().map_err(|error| error.to_string())?;
                    let text = match letter {
                        Some(letter) => Cow::Owned(letter.to_string()),
                        None => Cow::Borrowed(
                            quick_xml::escape::resolve_xml_entity(&reference)
                                .ok_or("the XML has an entity of its own")?,
                        ),
                    };
                    tree.append(&open, text);
                }
                Event::DocType(_) => return Err("the XML has a document type".into()),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
                Event::Eof => break,
            }
        }
        match (open.is_empty(), tree.nodes.is_empty()) {
            (true, false) => Ok(tree),
            (true, true) => Err("the XML has no element".into()),
            (false, _) => Err("the XML ends early".into()),
        }
    }

    fn add(&mut self, start: &BytesStart<'_>, open: &[usize]) -> Result<usize, String> {
        let index = self.nodes.len();
        match open.last() {
            Some(&parent) => self.nodes[parent].children.push(index),
            None if index > 0 => return Err("the XML has two roots".into()),
            None => {}
        }
        if index >= ELEMENTS_MAX {
            return Err(format!("the XML has more than {ELEMENTS_MAX} elements"));
        }
        let mut attributes = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| error.to_string())?;
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|error| error.to_string())?;
            attributes.push((attribute.key.0.to_owned(), value.into_owned()));
        }
        self.nodes.push(Node {
            name: start.local_name().as_ref().to_owned(),
            attributes,
            ..Node::default()
        });
        Ok(index)
    }

    fn append(&mut self, open: &[usize], text: Cow<'a, str>) {
        let Some(&index) = open.last() else { return };
        let known = &mut self.nodes[index].text;
        match known.is_empty() {
            true => *known = text,
            false => known.to_mut().push_str(&text),
        }
    }

    /// Returns an element's name.
    pub(super) fn name(&self, node: usize) -> &str {
        &self.nodes[node].name
    }

    /// Returns an element's own text.
    pub(super) fn text(&self, node: usize) -> &str {
        &self.nodes[node].text
    }

    /// Returns an attribute.
    pub(super) fn attribute(&self, node: usize, name: &str) -> Option<&str> {
        let mut attributes = self.nodes[node].attributes.iter();
        let found = attributes.find(|(known, _)| known == name)?;
        Some(&found.1)
    }

    /// Returns the elements inside an element.
    pub(super) fn children(&self, node: usize) -> &[usize] {
        &self.nodes[node].children
    }

    /// Returns the first element of that name inside an element.
    pub(super) fn child(&self, node: usize, name: &str) -> Option<usize> {
        self.named(node, name).next()
    }

    /// Iterates over the elements of that name inside an element.
    pub(super) fn named<'t>(&'t self, node: usize, name: &'t str) -> impl Iterator<Item = usize> + 't {
        let children = self.children(node).iter().copied();
        children.filter(move |&child| self.name(child) == name)
    }

    /// Returns the request's id, wherever the protocols have it.
    pub(super) fn request_id(&self) -> Option<&str> {
        let of = |node: usize| {
            let names = ["RequestId", "RequestID", "requestId"];
            names.iter().find_map(|name| self.child(node, name))
        };
        let in_metadata = || of(self.child(Tree::ROOT, "ResponseMetadata")?);
        let found = of(Tree::ROOT).or_else(in_metadata)?;
        Some(self.text(found))
    }
}
