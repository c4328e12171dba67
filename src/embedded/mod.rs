//! Definitions that stand inside a file of another kind, where people keep them.
//!
//! [`open`] says whether a text is such a file: a template of CloudFormation, SAM or CDK, a file of the
//! Serverless Framework or of Terraform, an answer of `describe-state-machine`, a definition in quotes. It lists
//! the state machines in it; [`Container::definition`] puts one together, as a deployment would. Must not read
//! files: a definition that is a file beside the template is asked for. Invariants: a definition in the Amazon
//! States Language is never taken for one of these; and every place in a definition that was put together has
//! one in the file, so diagnostics point there.

mod cloudformation;
mod definition;
mod evaluate;
mod functions;
mod hcl;
mod included;
mod kind;
mod lookup;
mod mapped;
mod names;
mod placeholders;
mod sample;
mod serverless;
mod terraform;
#[cfg(test)]
mod tests;
mod trace;
mod variables;

pub use definition::Definition;

use crate::asl::syntax::substitute::{missing_help, missing_message};
use crate::asl::syntax::{Duplicate, LineIndex, Lines, Node, Span};
use crate::asl::{Diagnostic, Format, MachineType, Severity, Source, code as asl_code};
use cloudformation::Substitutions;
use evaluate::Evaluator;
use hcl::Defaults;
use kind::Kind;
use lookup::Lookup;
use mapped::Mapped;
use names::Names;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use variables::Variables;

/// The longest file that is looked into, in bytes.
pub const FILE_BYTES_MAX: usize = 8 << 20;

/// The most state machines of one file: a stack of CloudFormation has at most as many resources.
const MACHINES_MAX: usize = 500;

/// The most names that a message lists.
const LISTED_MAX: usize = 20;

/// What the keys of CloudFormation's loops begin with.
const FOR_EACH: &str = "Fn::ForEach";

/// The codes of what is wrong with a file that holds definitions.
pub mod code {
    /// The file holds no state machine.
    pub const NO_STATE_MACHINE: &str = "NO_STATE_MACHINE";
    /// A definition cannot be put together from the file.
    pub const INVALID_TEMPLATE: &str = "INVALID_TEMPLATE";
    /// A template names something that it does not have: a warning.
    pub const UNKNOWN_NAME: &str = "UNKNOWN_NAME";
    /// A `${Name}` that nothing fills in: a warning.
    pub const LITERAL_PLACEHOLDER: &str = "LITERAL_PLACEHOLDER";
}

/// How to put a definition together.
pub struct Request<'a> {
    /// What names stand for: it wins over what the file says.
    pub given: &'a BTreeMap<String, String>,
    /// Whether names that only a deployment knows must have been given. Otherwise they get a value of the form
    /// that the real one has: enough to check a definition, or to try it with prepared answers.
    pub is_strict: bool,
    /// Reads a file that is named relative to this one; `Err` is the reason in words.
    pub beside: &'a dyn Fn(&str) -> Result<String, String>,
}

/// A file that holds definitions.
pub struct Container {
    name: String,
    text: Arc<str>,
    line_index: Arc<OnceLock<LineIndex>>,
    kind: Kind,
    root: Option<Node>,
    lookup: Lookup,
    defaults: Defaults,
    machines: Vec<Machine>,
    duplicates: Vec<Duplicate>,
    problems: Vec<Diagnostic>,
}

/// A state machine in a file.
pub(crate) struct Machine {
    /// The name by which it is chosen: logical id, key, or resource name.
    name: String,
    /// The name that it has at AWS, if the file says it plainly.
    other_name: Option<String>,
    /// What the file says about its type.
    machine_type: Option<MachineType>,
    /// The file says something about it, which need not be plain.
    names_type: bool,
    origin: Origin,
}

/// Where in a file a state machine stands.
#[derive(Clone, Debug)]
enum Origin {
    /// A resource of a template; the keys that lead to the template.
    Resource(&'static [&'static str]),
    /// A state machine of the Serverless Framework; the keys that lead to all of them.
    Serverless(&'static [&'static str]),
    /// The text of `definition`.
    Description,
    /// The whole text.
    Quoted,
    /// A block of Terraform, and where the value of its definition begins.
    Terraform(Span, Option<usize>),
    /// One of the blocks of Terraform in JSON.
    TerraformJson(usize),
}

/// What makes up a definition.
enum Body {
    /// It stands in the file.
    Here(Mapped),
    /// A file beside it.
    File(String, Span),
    /// A part of a file beside it, in the form of the Serverless Framework.
    Included { path: String, keys: String, span: Span },
    /// It cannot be had; the faults say why.
    Nowhere,
}

/// Something wrong with a file.
#[derive(Debug)]
struct Fault {
    code: &'static str,
    severity: Severity,
    span: Span,
    message: String,
    help: Option<String>,
}

/// A name that only a deployment knows.
#[derive(Debug)]
struct Unresolved {
    name: String,
    span: Span,
}

impl Fault {
    fn warning(code: &'static str, span: Span, message: String, help: &str) -> Fault {
        Fault {
            code,
            severity: Severity::Warning,
            ..Fault::new(span, message, help)
        }
    }

    fn new(span: Span, message: String, help: &str) -> Fault {
        Fault {
            code: code::INVALID_TEMPLATE,
            severity: Severity::Error,
            span,
            message,
            help: (!help.is_empty()).then(|| help.to_owned()),
        }
    }

    fn diagnostic(self, lines: &Lines<'_>) -> Diagnostic {
        let (line, column) = lines.position(self.span.start);
        Diagnostic {
            code: self.code,
            severity: self.severity,
            message: self.message,
            pointer: String::new(),
            location: None,
            line,
            column,
            span: self.span,
            help: self.help,
        }
    }
}

/// Looks whether a file holds definitions; `None` when it is a definition itself, or nothing that is known here.
pub fn open(source: &Source<'_>) -> Option<Container> {
    let found = kind::find(source)?;
    let lines = Lines::new(source.text);
    let mut container = Container {
        name: source.name.to_owned(),
        text: source.text.into(),
        line_index: Arc::default(),
        kind: found.kind,
        root: found.reading.root,
        lookup: Lookup::default(),
        defaults: Defaults::default(),
        machines: Vec::new(),
        duplicates: found.reading.duplicates,
        problems: Vec::new(),
    };
    for problem in found.reading.problems {
        let fault = Fault {
            code: asl_code::INVALID_JSON_DESCRIPTION,
            severity: Severity::Error,
            span: problem.span,
            message: match found.format {
                Format::Json => problem.message,
                Format::Yaml => format!("Not valid YAML: {}", problem.message),
            },
            help: problem.help,
        };
        container.problems.push(fault.diagnostic(&lines));
    }
    container.list_machines();
    if let Some(first_too_many) = container.machines.get(MACHINES_MAX) {
        let message = format!(
            "The file has more than {MACHINES_MAX} state machines: {} is beyond",
            first_too_many.name
        );
        container
            .problems
            .push(Fault::new(0..0, message, "").diagnostic(&lines));
        container.machines.clear();
    }
    if container.machines.is_empty() && container.problems.is_empty() {
        let problem = container.no_machine().diagnostic(&lines);
        container.problems.push(problem);
    }
    Some(container)
}

impl Container {
    fn list_machines(&mut self) {
        let root = self.root.as_ref();
        self.machines = match (self.kind, root) {
            (Kind::CloudFormation, Some(root)) => cloudformation::machines(root, &[]),
            (Kind::Serverless, Some(root)) => serverless::machines(root),
            (Kind::Description, Some(root)) => vec![serverless::description(root)],
            (Kind::Quoted, Some(_)) => vec![Machine {
                name: "definition".to_owned(),
                other_name: None,
                machine_type: None,
                names_type: false,
                origin: Origin::Quoted,
            }],
            (Kind::TerraformJson, Some(root)) => {
                self.defaults = Defaults::of_json(root, &self.lookup);
                terraform::json_machines(root, &self.lookup)
            }
            (Kind::Terraform, _) => {
                let (machines, defaults) = terraform::machines(&self.text);
                self.defaults = defaults;
                machines
            }
            (_, None) => Vec::new(),
        };
    }

    fn lines(&self) -> Lines<'_> {
        let index = self.line_index.get_or_init(|| LineIndex::new(&self.text));
        Lines::with(&self.text, index)
    }

    /// Returns what the file is, for messages: `CloudFormation template`.
    pub fn what(&self) -> &'static str {
        self.kind.what()
    }

    /// Returns what is wrong with the file as a whole; then there are no definitions to be had.
    pub fn problems(&self) -> &[Diagnostic] {
        &self.problems
    }

    /// Returns how many state machines the file holds.
    pub fn len(&self) -> usize {
        self.machines.len()
    }

    /// Says whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.machines.is_empty()
    }

    /// Says whether the file gives names to its state machines.
    pub fn names_machines(&self) -> bool {
        !matches!(self.kind, Kind::Description | Kind::Quoted)
    }

    /// Returns the name by which a state machine is chosen.
    pub fn name(&self, index: usize) -> &str {
        self.machines.get(index).map_or("", |machine| &machine.name)
    }

    /// Finds a state machine by its name in the file, or else by the one it has at AWS.
    pub fn find(&self, name: &str) -> Option<usize> {
        let by = |matches: &dyn Fn(&Machine) -> bool| self.machines.iter().position(matches);
        by(&|machine| machine.name == name)
            .or_else(|| by(&|machine| machine.other_name.as_deref() == Some(name)))
    }

    /// Returns the names of its state machines, for a message.
    pub fn list(&self) -> String {
        let names = self
            .machines
            .iter()
            .take(LISTED_MAX)
            .map(|machine| &*machine.name);
        let mut list = names.collect::<Vec<_>>().join(", ");
        if self.machines.len() > LISTED_MAX {
            list += &format!(" and {} more", self.machines.len() - LISTED_MAX);
        }
        list
    }

    /// Puts a definition together.
    pub fn definition(&self, index: usize, request: &Request<'_>) -> Definition {
        let Some(machine) = self.machines.get(index) else {
            return Definition::refused(self, "", Vec::new());
        };
        let root = self.root.as_ref();
        let mut evaluator = self.evaluator(request.given);
        let (body, substitutions) = match &machine.origin {
            Origin::Resource(keys) => {
                let resources = below(root, keys).and_then(|template| template.get("Resources"));
                let member = resources.and_then(|resources| self.lookup.member(resources, &machine.name));
                cloudformation::body(&mut evaluator, member)
            }
            Origin::Serverless(keys) => {
                let machines = below(root, keys);
                let member = machines.and_then(|machines| self.lookup.member(machines, &machine.name));
                serverless::body(&mut evaluator, member)
            }
            Origin::Description => here(&mut evaluator, root.and_then(|root| root.get("definition"))),
            Origin::Quoted => here(&mut evaluator, root),
            Origin::Terraform(block, at) => terraform::body(&mut evaluator, block, *at),
            Origin::TerraformJson(index) => {
                let blocks = root.map(|root| terraform::json_blocks(root, &self.lookup));
                match blocks.and_then(|blocks| blocks.get(*index).copied()) {
                    Some(block) => terraform::json_body(&mut evaluator, block),
                    None => (Body::Nowhere, Substitutions::None),
                }
            }
        };
        Definition::assemble(self, machine, evaluator, body, substitutions, request)
    }

    fn evaluator<'a>(&'a self, given: &'a BTreeMap<String, String>) -> Evaluator<'a> {
        let root = self.root.as_ref();
        match (self.kind, root) {
            (Kind::Serverless, Some(root)) => {
                let names = Names::new(root.get("resources"), root.get("functions"), given, &self.lookup);
                let variables = Variables::new(root, &self.lookup);
                Evaluator::new(&self.text, names, Some(variables))
            }
            (Kind::Terraform | Kind::TerraformJson, _) => {
                let names = Names::new(None, None, given, &self.lookup);
                let mut evaluator = Evaluator::new(&self.text, names, None);
                evaluator.defaults = Some(&self.defaults);
                evaluator
            }
            _ => Evaluator::new(&self.text, Names::new(root, None, given, &self.lookup), None),
        }
    }

    fn no_machine(&self) -> Fault {
        let root = self.root.as_ref();
        let resources =
            root.and_then(|root| root.member("Resources").or_else(|| root.member("stepFunctions")));
        let span = resources.map_or(0..0, |member| member.key_span.clone());
        let there = root
            .map(|root| cloudformation::types(root, LISTED_MAX))
            .unwrap_or_default();
        let generated = resources.and_then(|resources| {
            let members = resources.value.as_object()?;
            members.iter().find(|member| member.key.starts_with(FOR_EACH))
        });
        let elsewhere =
            resources.filter(|member| self.kind == Kind::Serverless && member.value.as_text().is_some());
        if let Some(member) = generated {
            return Fault::new(
                member.key_span.clone(),
                format!(
                    "Fn::ForEach is not evaluated, so its state machines are not found; this {} has no others",
                    self.what()
                ),
                "check the template that it produces: aws cloudformation get-template --template-stage \
                 Processed",
            );
        }
        if let Some(member) = elsewhere {
            return Fault::new(
                member.value.span.clone(),
                "The state machines of this file are in another file".to_owned(),
                "check the file that is named here",
            );
        }
        let there = match (there.is_empty(), self.kind) {
            (false, _) => format!("; it has {there}"),
            (true, Kind::Serverless) => "; they belong under stepFunctions.stateMachines".to_owned(),
            (true, _) => String::new(),
        };
        Fault {
            code: code::NO_STATE_MACHINE,
            ..Fault::new(
                span,
                format!("There is no state machine in this {}{there}", self.what()),
                "",
            )
        }
    }

    /// Words why a state machine must be named.
    pub fn choose(&self) -> String {
        format!(
            "{} contains {} state machines; choose one: {}#NAME with one of {}",
            self.name,
            self.len(),
            self.name,
            self.list()
        )
    }

    /// Words that there is no state machine of a name.
    pub fn has_no(&self, name: &str) -> String {
        format!(
            "{} has no state machine {name}; it has {}",
            self.name,
            self.list()
        )
    }
}

/// Returns what stands below some keys.
fn below<'a>(root: Option<&'a Node>, keys: &[&str]) -> Option<&'a Node> {
    keys.iter().try_fold(root?, |node, key| node.get(key))
}

fn here<'a>(evaluator: &mut Evaluator<'a>, node: Option<&'a Node>) -> (Body, Substitutions<'a>) {
    let body = node.map_or(Body::Nowhere, |node| Body::Here(evaluator.definition(node)));
    (body, Substitutions::None)
}

impl Unresolved {
    fn fault(self) -> Fault {
        Fault {
            code: asl_code::SCHEMA_VALIDATION_FAILED,
            ..Fault::new(self.span, missing_message(&self.name), &missing_help(&self.name))
        }
    }
}

/// Returns the type that a text names.
fn machine_type(node: Option<&Node>) -> Option<MachineType> {
    match node?.as_text()? {
        "EXPRESS" => Some(MachineType::Express),
        "STANDARD" => Some(MachineType::Standard),
        _ => None,
    }
}
