//! The functions of templates: `Ref`, `Fn::GetAtt`, `Fn::Sub`, `Fn::Join` and their kind.
//!
//! Turns a node of a template into the text that a deployment would make of it, with the place of each
//! character. What only the deployment knows gets a value of the right form, and is noted, for those who must
//! not go on without the real one. Must not read files. Invariant: it goes down the tree and nowhere else, and
//! all the text it makes for a definition stays within [`EXPANDED_BYTES_MAX`].

use super::functions::{is_text, join};
use super::hcl::Defaults;
use super::mapped::Mapped;
use super::names::Names;
use super::placeholders::takes_number;
use super::trace::trace;
use super::variables::Variables;
use super::{Body, FOR_EACH, Fault, Unresolved, code};
use crate::asl::suggest::did_you_mean;
use crate::asl::syntax::{Member, Node, Span, Value};
use std::collections::HashSet;

/// The most bytes of text that are made for one definition: a short `Fn::Sub` can name a long value many times.
pub(super) const EXPANDED_BYTES_MAX: usize = 8 << 20;

/// The most faults that are told of one file.
const FAULTS_MAX: usize = 20;

/// What a text begins with that CloudFormation takes from a store of parameters or secrets.
const DYNAMIC_REFERENCE: &str = "{{resolve:";

/// The functions that are evaluated.
const FUNCTIONS: [&str; 10] = [
    "Ref",
    "Fn::FindInMap",
    "Fn::GetAtt",
    "Fn::If",
    "Fn::ImportValue",
    "Fn::Join",
    "Fn::Select",
    "Fn::Split",
    "Fn::Sub",
    "Fn::ToJsonString",
];

/// Those that CloudFormation has besides, and [`FUNCTIONS`] where they have no place.
const OTHERS: [&str; 10] = [
    "Fn::And",
    "Fn::Base64",
    "Fn::Cidr",
    "Fn::Equals",
    "Fn::GetAZs",
    "Fn::Length",
    "Fn::Not",
    "Fn::Or",
    "Fn::Split",
    "Fn::Transform",
];

/// Evaluates the nodes of one file.
pub(super) struct Evaluator<'a> {
    pub(super) file: &'a str,
    pub(super) names: Names<'a>,
    /// The variables of the Serverless Framework, if it is a file of it.
    pub(super) variables: Option<Variables<'a>>,
    /// The defaults of Terraform, if it is a file of it.
    pub(super) defaults: Option<&'a Defaults>,
    pub(super) faults: Vec<Fault>,
    pub(super) unresolved: Vec<Unresolved>,
    pub(super) warnings: Vec<Fault>,
    /// The name of the resource that is evaluated.
    pub(super) resource: Option<Span>,
    /// `Fn::Sub` was called: a `${Name}` that is left is meant to be.
    pub(super) has_sub: bool,
    /// What is read stands in another file than its variables.
    pub(super) is_included: bool,
    /// What is written next is the value of a field that takes a number.
    pub(super) wants_number: bool,
    warned: HashSet<String>,
    expanded_bytes: usize,
}

/// What a function returns.
pub(super) enum Outcome<'a> {
    Text(Mapped),
    Tree(&'a Node),
    /// `AWS::NoValue`: the member is not there.
    Nothing,
}

impl<'a> Evaluator<'a> {
    pub(super) fn new(file: &'a str, names: Names<'a>, variables: Option<Variables<'a>>) -> Self {
        Evaluator {
            file,
            names,
            variables,
            defaults: None,
            faults: Vec::new(),
            unresolved: Vec::new(),
            warnings: Vec::new(),
            resource: None,
            has_sub: false,
            is_included: false,
            wants_number: false,
            warned: HashSet::new(),
            expanded_bytes: 0,
        }
    }

    /// Returns an evaluator of a file that this one's includes, with the same names and variables.
    pub(super) fn of_included<'b>(&self, file: &'b str) -> Evaluator<'b>
    where
        'a: 'b,
    {
        let mut evaluator = Evaluator::new(file, self.names.clone(), self.variables.clone());
        evaluator.is_included = true;
        evaluator
    }

    /// Reports a fault of the template.
    pub(super) fn fault(&mut self, span: &Span, message: impl Into<String>, help: &str) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(Fault::new(span.clone(), message.into(), help));
        }
    }

    /// Warns of a name that the template has nowhere.
    fn warn_of(&mut self, name: &str, span: &Span) {
        if self.warnings.len() >= FAULTS_MAX || !self.warned.insert(name.to_owned()) {
            return;
        }
        let help = self.names.nearest(name).unwrap_or_default();
        let message = format!("The template has nothing named {name}");
        self.warn(span, message, &help);
    }

    /// Warns of a condition that the template does not have: CloudFormation refuses it.
    pub(super) fn warn_of_condition(&mut self, name: &str, span: &Span) {
        if self.warnings.len() < FAULTS_MAX && self.warned.insert(format!("Fn::If {name}")) {
            self.warn(span, format!("The template has no condition named {name}"), "");
        }
    }

    fn warn(&mut self, span: &Span, message: String, help: &str) {
        let warning = Fault::warning(code::UNKNOWN_NAME, span.clone(), message, help);
        self.warnings.push(warning);
    }

    /// Returns a definition that was put together; one that is a single thing of a deployment stands elsewhere.
    pub(super) fn found(&mut self, text: Mapped, node: &Node) -> Body {
        let is_reference = text.text().starts_with(DYNAMIC_REFERENCE);
        if !text.is_made_up() && !is_reference {
            return Body::Here(text);
        }
        let message = "The definition is elsewhere, where only a deployment can find it";
        let help =
            "check the file it comes from, or the answer of 'aws stepfunctions describe-state-machine'";
        self.fault(&node.span, message, help);
        Body::Nowhere
    }

    /// Counts text that was made; what goes beyond the limit is empty.
    pub(super) fn made(&mut self, text: Mapped, span: &Span) -> Mapped {
        let before = self.expanded_bytes;
        self.expanded_bytes = before.saturating_add(text.len());
        if self.expanded_bytes <= EXPANDED_BYTES_MAX {
            return text;
        }
        if before <= EXPANDED_BYTES_MAX {
            let message = format!(
                "The functions of this definition produce more than {EXPANDED_BYTES_MAX} bytes of \
                    text"
            );
            self.fault(span, message, "");
        }
        Mapped::default()
    }

    /// Says whether the limit of text is reached: whatever would be made now is thrown away.
    pub(super) fn is_spent(&self) -> bool {
        self.expanded_bytes > EXPANDED_BYTES_MAX
    }

    /// Returns the text that a node stands for.
    pub(super) fn text(&mut self, node: &'a Node) -> Mapped {
        if self.is_spent() {
            return Mapped::default();
        }
        if let Some((name, argument)) = call_of(node) {
            return match self.call(name, argument, &node.span) {
                Outcome::Text(text) => text,
                Outcome::Tree(tree) => self.text(tree),
                Outcome::Nothing => Mapped::default(),
            };
        }
        match &node.value {
            Value::Text(text) => self.literal(text, &node.span),
            Value::Number(text) => Mapped::standing_for(text, node.span.clone()),
            Value::Bool(value) => Mapped::standing_for(&value.to_string(), node.span.clone()),
            Value::Null | Value::Array(_) | Value::Object(_) => {
                self.fault(&node.span, "Expected a text here", "");
                Mapped::default()
            }
        }
    }

    /// Returns a text of the file, its variables filled in.
    pub(super) fn literal(&mut self, text: &str, span: &Span) -> Mapped {
        let traced = trace(self.file, span, text);
        let traced = self.made(traced, span);
        let traced = self.resolved(traced);
        if self.variables.is_none() || !text.contains("${") {
            return traced;
        }
        self.filled(&traced, span)
    }

    /// Appends the JSON text of a node.
    pub(super) fn write(&mut self, node: &'a Node, out: &mut Mapped) {
        if self.is_spent() {
            return;
        }
        if let Some((name, argument)) = call_of(node) {
            // CloudFormation's references are texts, also those to numbers; the plugin of the Serverless Framework
            // takes the quotes away.
            let is_bare = self.variables.is_some() && name == "Ref" && self.names.is_number(argument);
            match self.call(name, argument, &node.span) {
                Outcome::Text(text) if is_bare => out.append(&text),
                Outcome::Text(text) => quoted(&text, &node.span, out),
                Outcome::Tree(tree) => self.write(tree, out),
                Outcome::Nothing => out.stand_in("null", node.span.clone()),
            }
            return;
        }
        match &node.value {
            Value::Text(text) => match self.whole_variable(text, &node.span) {
                Some(json) => out.append(&json),
                None => {
                    let text = self.literal(text, &node.span);
                    quoted(&text, &node.span, out);
                }
            },
            Value::Null => out.stand_in("null", node.span.clone()),
            Value::Bool(value) => out.stand_in(&value.to_string(), node.span.clone()),
            Value::Number(text) => out.stand_in(text, node.span.clone()),
            Value::Array(items) => {
                mark("[", node.span.start, out);
                let mut separator = "";
                for item in items {
                    let Some(item) = self.chosen(item) else { continue };
                    mark(separator, item.span.start, out);
                    separator = ",";
                    self.write(item, out);
                }
                mark("]", node.span.end, out);
            }
            Value::Object(members) => {
                mark("{", node.span.start, out);
                let mut separator = "";
                for member in merged(members) {
                    let Some(value) = self.chosen(&member.value) else {
                        continue;
                    };
                    if member.key.starts_with(FOR_EACH) {
                        self.no_call(&member.key, &member.key_span);
                    }
                    mark(separator, member.key_span.start, out);
                    separator = ",";
                    let key = trace(self.file, &member.key_span, &member.key);
                    quoted(&key, &member.key_span, out);
                    mark(":", member.key_span.end, out);
                    self.wants_number = takes_number(&member.key);
                    self.write(value, out);
                    self.wants_number = false;
                }
                mark("}", node.span.end, out);
            }
        }
    }

    fn call(&mut self, function: &str, argument: &'a Node, span: &Span) -> Outcome<'a> {
        let text = match function {
            "Ref" if is_text(argument, "AWS::NoValue") => return Outcome::Nothing,
            "Fn::If" => {
                return self
                    .condition(argument, span)
                    .map_or(Outcome::Nothing, Outcome::Tree);
            }
            "Fn::FindInMap" => return self.find_in_map(argument, span),
            "Ref" => {
                let name = self.text(argument);
                self.named(name.text(), span)
            }
            // A name of another stack.
            "Fn::ImportValue" => {
                let name = self.text(argument);
                self.valued(name.text(), span)
            }
            "Fn::GetAtt" => {
                let name = match argument.as_array() {
                    Some(_) => join(".", &self.list(argument)),
                    None => self.text(argument),
                };
                self.named(name.text(), span)
            }
            "Fn::Sub" => {
                self.has_sub = true;
                let text = self.sub(argument);
                self.resolved(text)
            }
            "Fn::Join" => {
                let text = self.join(argument, span);
                self.resolved(text)
            }
            "Fn::Select" => self.select(argument, span),
            "Fn::ToJsonString" => {
                let mut json = Mapped::default();
                self.write(argument, &mut json);
                json
            }
            other => {
                self.no_call(other, span);
                Mapped::default()
            }
        };
        Outcome::Text(self.made(text, span))
    }

    /// Reports a function that is not evaluated, or that does not exist.
    fn no_call(&mut self, function: &str, span: &Span) {
        if function.starts_with(FOR_EACH) {
            let help = "check the template that it produces: aws cloudformation get-template --template-stage \
            Processed";
            return self.fault(span, "Fn::ForEach is not read", help);
        }
        if !OTHERS.contains(&function) {
            let help = did_you_mean(function, FUNCTIONS.into_iter().chain(OTHERS));
            let message = format!("CloudFormation has no function {function}");
            return self.fault(span, message, &help.unwrap_or_default());
        }
        let help = "write the definition to a file of its own, with a ${Name} in its place";
        self.fault(span, format!("{function} cannot be evaluated here"), help);
    }

    /// Returns the value of a parameter, resource, attribute or pseudo parameter.
    pub(super) fn named(&mut self, name: &str, span: &Span) -> Mapped {
        if self.variables.is_none() && self.warnings.len() < FAULTS_MAX && self.names.is_nowhere(name) {
            self.warn_of(name, span);
        }
        self.valued(name, span)
    }

    pub(super) fn valued(&mut self, name: &str, span: &Span) -> Mapped {
        let value = self.names.value(name);
        if value.is_invented {
            self.unresolved(name, span);
        }
        let span = span.clone();
        match (value.is_unknown, value.is_invented) {
            (true, _) => Mapped::unknown(&value.text, span),
            (false, true) => Mapped::sample(&value.text, span),
            (false, false) => Mapped::standing_for(&value.text, span),
        }
    }

    pub(super) fn unresolved(&mut self, name: &str, span: &Span) {
        if self.unresolved.len() < FAULTS_MAX {
            self.unresolved.push(Unresolved {
                name: name.to_owned(),
                span: span.clone(),
            });
        }
    }
}

/// Returns the members of an object: those that YAML merges into it (`<<: *defaults`) give way to its own, and what is
/// merged later to what is merged before.
fn merged(members: &[Member]) -> Vec<&Member> {
    let mut found: Vec<&Member> = members.iter().filter(|member| member.key != "<<").collect();
    if found.len() < members.len() {
        let mut known: HashSet<&str> = found.iter().map(|member| &*member.key).collect();
        merge(members, &mut known, &mut found);
    }
    found
}

/// Recursion is bounded by the file's depth, and the visits by its nodes.
fn merge<'n>(members: &'n [Member], known: &mut HashSet<&'n str>, found: &mut Vec<&'n Member>) {
    for member in members.iter().filter(|member| member.key == "<<") {
        let sources = match &member.value.value {
            Value::Array(items) => items.iter().collect(),
            _ => vec![&member.value],
        };
        for inner in sources.into_iter().filter_map(|node| node.as_object()) {
            let others = inner.iter().filter(|member| member.key != "<<");
            found.extend(others.filter(|member| known.insert(&member.key)));
            merge(inner, known, found);
        }
    }
}

/// Returns the function that a node calls, and its argument.
pub(super) fn call_of(node: &Node) -> Option<(&str, &Node)> {
    let [member] = node.as_object()? else { return None };
    let is_call = member.key == "Ref" || member.key.starts_with("Fn::");
    is_call.then_some((&*member.key, &member.value))
}

/// Appends a text in its quotes.
pub(super) fn quoted(text: &Mapped, span: &Span, out: &mut Mapped) {
    mark("\"", span.start, out);
    out.append_escaped(text);
    mark("\"", span.end, out);
}

/// Appends a sign that JSON wants, at a place.
pub(super) fn mark(sign: &str, at: usize, out: &mut Mapped) {
    out.stand_in(sign, at..at);
}
