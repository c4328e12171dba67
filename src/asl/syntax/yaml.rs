//! Reads YAML with positions into the same tree as JSON.
//!
//! Plain scalars are resolved with the core schema of YAML 1.2 (so `yes` is a text and `0x1F` a number).
//! An anchor may be used again, within [`NODES_MAX`] nodes and [`COPIED_BYTES_MAX`] bytes in all: a few
//! aliases of aliases would otherwise grow without bound. CloudFormation's short tags (`!Sub`) are
//! explained and refused in a definition, and read as their long form (`Fn::Sub`) in a template.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};

use super::{DEPTH_MAX, Member, Members, Node, PROBLEMS_MAX, Problem, ProblemKind, Reading, Span, Value};
use super::{scalar, substitute};

/// The most nodes a definition may have once its aliases are resolved.
const NODES_MAX: usize = 200_000;

/// The most bytes of texts that anchors and aliases may copy: one long text, used again ten thousand times,
/// has few nodes.
const COPIED_BYTES_MAX: usize = 32 << 20;

/// The most nodes that they may copy: of many anchors inside one another each copies all that is inside.
const COPIED_NODES_MAX: usize = 500_000;

/// Reads the one document of a text. `substitutions` fill in plain scalars before they are resolved.
pub(crate) fn read(text: &str, substitutions: &BTreeMap<String, String>) -> Reading {
    read_events(Reader::new(text, substitutions))
}

/// Reads the one document of a template: a tag `!Name` becomes an object `{"Fn::Name": …}`, and of a text
/// with a fault the tree holds what was read before it.
pub(crate) fn read_template(text: &str) -> Reading {
    let nothing = BTreeMap::new();
    let mut reader = Reader::new(text, &nothing);
    reader.is_template = true;
    read_events(reader)
}

fn read_events(mut reader: Reader<'_>) -> Reading {
    let text = reader.text;
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        match event {
            Ok((Event::StreamEnd, _)) => break,
            Ok((event, span)) => reader.event(event, reader.span(span.start, span.end)),
            Err(error) => {
                let at = reader.offset(error.marker());
                let message = capitalized(error.info());
                reader.problem(
                    ProblemKind::Broken,
                    reader.character_at(at),
                    message,
                    tab_help(text, at),
                );
                break;
            }
        }
        if reader.stopped {
            break;
        }
    }
    if reader.is_template {
        reader.close_all();
    }
    reader.out
}

/// An array or object that is being read.
struct Open {
    span: Span,
    anchor: usize,
    container: Container,
    /// The function whose argument this is.
    function: Option<String>,
}

enum Container {
    Array(Vec<Node>),
    Object {
        members: Members,
        key: Option<(String, Span)>,
    },
}

struct Reader<'a> {
    /// Byte offset of each character: the parser counts characters.
    offsets: Vec<usize>,
    text: &'a str,
    substitutions: &'a BTreeMap<String, String>,
    stack: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    copied_nodes: usize,
    copied_bytes: usize,
    documents: usize,
    stopped: bool,
    is_template: bool,
    /// The levels that functions add to those of the stack.
    functions: usize,
    out: Reading,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, substitutions: &'a BTreeMap<String, String>) -> Self {
        let offsets = text
            .char_indices()
            .map(|(offset, _)| offset)
            .chain([text.len()])
            .collect();
        Reader {
            offsets,
            text,
            substitutions,
            stack: Vec::new(),
            anchors: HashMap::new(),
            nodes: 0,
            copied_nodes: 0,
            copied_bytes: 0,
            documents: 0,
            stopped: false,
            is_template: false,
            functions: 0,
            out: Reading::default(),
        }
    }

    fn offset(&self, marker: &Marker) -> usize {
        self.offsets
            .get(marker.index())
            .copied()
            .unwrap_or(self.text.len())
    }

    fn span(&self, start: Marker, end: Marker) -> Span {
        let (start, end) = (self.offset(&start), self.offset(&end));
        let end = start + self.text.get(start..end).unwrap_or_default().trim_end().len();
        start..end
    }

    fn character_at(&self, offset: usize) -> Span {
        let length = self.text[offset..].chars().next().map_or(0, char::len_utf8);
        offset..offset + length
    }

    fn problem(&mut self, kind: ProblemKind, span: Span, message: impl Into<String>, help: &str) {
        let help = (!help.is_empty()).then(|| help.to_owned());
        self.out.problems.push(Problem {
            kind,
            span,
            message: message.into(),
            help,
        });
        self.stopped |= kind == ProblemKind::TooDeep || self.out.problems.len() >= PROBLEMS_MAX;
    }

    fn event(&mut self, event: Event<'_>, span: Span) {
        match event {
            Event::DocumentStart(_) => self.document(span),
            Event::Scalar(text, style, anchor, tag) => self.scalar(&text, style, anchor, tag, span),
            Event::SequenceStart(anchor, tag) => {
                let function = self.tag(tag, &span);
                self.start(Container::Array(Vec::new()), anchor, function, span);
            }
            Event::MappingStart(anchor, tag) => {
                let function = self.tag(tag, &span);
                let container = Container::Object {
                    members: Members::default(),
                    key: None,
                };
                self.start(container, anchor, function, span);
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(&span),
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
    }

    fn document(&mut self, span: Span) {
        self.documents += 1;
        if self.documents == 2 {
            let message = "A definition is one YAML document; this starts a second one";
            self.problem(
                ProblemKind::Broken,
                span,
                message,
                "put it into a file of its own",
            );
            self.stopped = true;
        }
    }

    fn start(&mut self, container: Container, anchor: usize, function: Option<String>, span: Span) {
        if self.depth() + usize::from(function.is_some()) >= DEPTH_MAX {
            let message = format!("The definition is nested deeper than {DEPTH_MAX} levels");
            self.problem(ProblemKind::TooDeep, span, message, "");
            return;
        }
        self.functions += usize::from(function.is_some());
        self.stack.push(Open {
            span,
            anchor,
            container,
            function,
        });
    }

    fn depth(&self) -> usize {
        self.stack.len() + self.functions
    }

    /// Closes what a fault has left open.
    fn close_all(&mut self) {
        while !self.stack.is_empty() {
            self.end(&(self.text.len()..self.text.len()));
        }
    }

    fn end(&mut self, span: &Span) {
        let Some(open) = self.stack.pop() else { return };
        let value = match open.container {
            Container::Array(items) => Value::Array(items),
            Container::Object { members, .. } => members.into_value(),
        };
        let start = open.span.start;
        let text = self.text.get(start..span.end.max(start)).unwrap_or_default();
        let node = Node {
            span: start..start + text.trim_end().len(),
            value,
        };
        self.functions -= usize::from(open.function.is_some());
        let node = called(open.function, node);
        self.anchor(open.anchor, &node);
        self.add(node);
    }

    fn anchor(&mut self, anchor: usize, node: &Node) {
        if anchor > 0 {
            let (nodes, _, bytes) = measure(node);
            if self.copies(nodes, bytes, &node.span) {
                self.anchors.insert(anchor, node.clone());
            }
        }
    }

    /// Says whether so many nodes with so many bytes of texts may be copied; reports it when not.
    fn copies(&mut self, nodes: usize, bytes: usize, span: &Span) -> bool {
        self.copied_nodes = self.copied_nodes.saturating_add(nodes);
        self.copied_bytes = self.copied_bytes.saturating_add(bytes);
        let fits = self.copied_bytes <= COPIED_BYTES_MAX && self.copied_nodes <= COPIED_NODES_MAX;
        if !fits {
            let most = match self.copied_bytes <= COPIED_BYTES_MAX {
                true => format!("{COPIED_NODES_MAX} nodes"),
                false => format!("{COPIED_BYTES_MAX} bytes"),
            };
            let message = format!("The anchors and aliases copy more than {most}");
            self.problem(ProblemKind::TooDeep, span.clone(), message, "");
        }
        fits
    }

    fn alias(&mut self, anchor: usize, span: Span) {
        let Some(node) = self.anchors.get(&anchor) else {
            let message = "This alias is used inside its own anchor";
            self.problem(ProblemKind::Broken, span.clone(), message, "");
            return self.add(Node {
                span,
                value: Value::Null,
            });
        };
        let (nodes, depth, bytes) = measure(node);
        if self.nodes + nodes > NODES_MAX {
            let message = format!("The aliases make more than {NODES_MAX} nodes");
            return self.problem(ProblemKind::TooDeep, span, message, "");
        }
        if self.depth() + depth > DEPTH_MAX {
            let message = format!("The definition is nested deeper than {DEPTH_MAX} levels");
            return self.problem(ProblemKind::TooDeep, span, message, "");
        }
        let node = node.clone();
        if !self.copies(nodes, bytes, &span) {
            return;
        }
        self.nodes += nodes;
        self.add(node);
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<Cow<'_, Tag>>,
        span: Span,
    ) {
        let is_text_tag = tag
            .as_ref()
            .is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str");
        let function = self.tag(tag, &span);
        let value = if style == ScalarStyle::Plain && !is_text_tag && !self.key_is_next() {
            let (filled, _) = substitute::fill(text, self.substitutions);
            self.plain(&filled, &span)
        } else {
            Value::Text(text.to_owned())
        };
        let node = called(function, Node { span, value });
        self.anchor(anchor, &node);
        self.add(node);
    }

    /// Resolves a plain scalar with the core schema.
    fn plain(&mut self, text: &str, span: &Span) -> Value {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => Value::Null,
            "true" | "True" | "TRUE" => Value::Bool(true),
            "false" | "False" | "FALSE" => Value::Bool(false),
            ".nan" | ".NaN" | ".NAN" | ".inf" | ".Inf" | ".INF" | "+.inf" | "-.inf" => {
                let message = format!("JSON has no number {text}");
                self.problem(ProblemKind::Broken, span.clone(), message, "");
                Value::Null
            }
            other => scalar::yaml_number(other).map_or_else(|| Value::Text(other.to_owned()), Value::Number),
        }
    }

    fn key_is_next(&self) -> bool {
        let top = self.stack.last();
        top.is_some_and(|open| matches!(&open.container, Container::Object { key: None, .. }))
    }

    /// Puts a finished node where it belongs.
    fn add(&mut self, node: Node) {
        self.nodes += 1;
        let Some(open) = self.stack.last_mut() else {
            self.out.root.get_or_insert(node);
            return;
        };
        match &mut open.container {
            Container::Array(items) => items.push(node),
            Container::Object { members, key } => match key.take() {
                Some((key, key_span)) => {
                    members.insert(
                        Member {
                            key,
                            key_span,
                            value: node,
                        },
                        &mut self.out.duplicates,
                    );
                }
                None => match node.value {
                    Value::Text(text) => *key = Some((text, node.span)),
                    _ => {
                        *key = Some((String::new(), node.span.clone()));
                        self.problem(ProblemKind::Broken, node.span, "A key must be a text", "");
                    }
                },
            },
        }
    }

    /// Returns the function that a tag calls; outside a template there is none, and the tag is refused.
    fn tag(&mut self, tag: Option<Cow<'_, Tag>>, span: &Span) -> Option<String> {
        let tag = tag.filter(|tag| !tag.is_yaml_core_schema())?;
        if self.is_template && tag.handle == "!" && !tag.suffix.is_empty() {
            let is_bare = ["Ref", "Condition"].contains(&tag.suffix.as_str());
            let prefix = if is_bare { "" } else { "Fn::" };
            return Some(format!("{prefix}{}", tag.suffix));
        }
        let name = format!("{}{}", tag.handle, tag.suffix);
        let cloudformation = CLOUDFORMATION_TAGS.contains(&tag.suffix.as_str()) && tag.handle == "!";
        let (message, help) = if cloudformation {
            let message =
                format!("{name} is a CloudFormation function; a definition on its own cannot call it");
            (
                message,
                "write ${Name} instead and give the value with --set Name=VALUE",
            )
        } else {
            (
                format!("The tag {name} means nothing in a definition"),
                "remove it",
            )
        };
        self.problem(ProblemKind::Broken, span.clone(), message, help);
        None
    }
}

/// Puts a function's name around its argument.
fn called(function: Option<String>, argument: Node) -> Node {
    let Some(key) = function else { return argument };
    let span = argument.span.clone();
    let member = Member {
        key,
        key_span: span.start..span.start,
        value: argument,
    };
    Node {
        span,
        value: Value::Object(vec![member]),
    }
}

/// The short forms of CloudFormation's functions.
const CLOUDFORMATION_TAGS: [&str; 17] = [
    "And",
    "Base64",
    "Cidr",
    "Condition",
    "Equals",
    "FindInMap",
    "GetAZs",
    "GetAtt",
    "If",
    "ImportValue",
    "Join",
    "Not",
    "Or",
    "Ref",
    "Select",
    "Split",
    "Sub",
];

/// Counts the nodes of a tree, its levels, and the bytes of its texts.
fn measure(node: &Node) -> (usize, usize, usize) {
    let add = |whole: (usize, usize, usize), key: &str, child: &Node| {
        let (nodes, depth, bytes) = measure(child);
        let deepest = whole.1.max(depth + 1);
        (whole.0 + nodes, deepest, whole.2 + key.len() + bytes)
    };
    match &node.value {
        Value::Array(items) => items.iter().fold((1, 1, 0), |whole, item| add(whole, "", item)),
        Value::Object(members) => members
            .iter()
            .fold((1, 1, 0), |whole, member| add(whole, &member.key, &member.value)),
        Value::Text(text) | Value::Number(text) => (1, 0, text.len()),
        Value::Null | Value::Bool(_) => (1, 0, 0),
    }
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(characters).collect()
    })
}

/// Explains the commonest fault: a tab in the indentation.
fn tab_help(text: &str, at: usize) -> &'static str {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    let indentation = &line[..line.len() - line.trim_start().len()];
    if indentation.contains('\t') {
        "YAML is indented with blanks, never with tabs"
    } else {
        ""
    }
}
