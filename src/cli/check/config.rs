//! `check --config`: a configuration together with its workflows and what serves their tasks.

mod reach;

use super::{Finding, Findings};
use crate::asl::syntax::{Lines, Node, Value};
use crate::asl::validate::validate;
use crate::asl::{Diagnostic, Format, MachineType, Options, Severity, Source};
use crate::cli::definition::{Checked, How, read_text, rendered};
use crate::cli::output::{Stop, has_colour};
use crate::cli::run::built_in;
use crate::compile::compile;
use crate::config::{Config, Problem, Service, Workflow, environment, without_secrets};
use crate::services::{Services, optimized};
use crate::task::config::ConfigError;
use crate::task::{Home, Tasks, Unserved};
use std::borrow::Cow;
use std::path::Path;

/// The codes of what is wrong with a configuration.
const INVALID_CONFIG: &str = "INVALID_CONFIG";
const UNSERVED_TASK: &str = "UNSERVED_TASK";
/// The code of a task that its workflow's `allow` does not grant.
const NOT_ALLOWED: &str = "NOT_ALLOWED";
/// Most edits between two names for the one to be a slip of the other.
const SLIP_EDITS: usize = 2;

/// A configuration's text and what was found.
struct File {
    name: String,
    text: String,
    diagnostics: Vec<Diagnostic>,
}

/// Checks a configuration and all that it names.
pub(super) fn check(path: &Path, findings: &mut Findings) {
    let file = match read(path) {
        Ok(file) => file,
        Err(stop) => return findings.unreadable(&path.display().to_string(), &stop),
    };
    check_file(file, path, findings);
}

fn read(path: &Path) -> Result<File, Stop> {
    let name = path.display().to_string();
    let text = read_text(path)?;
    Ok(File {
        name,
        text,
        diagnostics: Vec::new(),
    })
}

fn check_file(mut file: File, path: &Path, findings: &mut Findings) {
    let folder = path.parent().unwrap_or(Path::new(""));
    let reading = Config::read(&file.text, folder, environment());
    file.diagnostics = reading.problems.iter().map(diagnostic).collect();
    let Some(mut config) = reading.config else {
        return findings.add(
            &file.name,
            &without_secrets(&file.text),
            Format::Json,
            file.diagnostics,
        );
    };
    let home = Home {
        region: config.service.region.clone(),
        account: config.service.account.clone(),
    };
    let in_tasks = |error: &ConfigError| {
        let keys: Vec<&str> = [error.section, &error.pattern]
            .into_iter()
            .chain(error.key)
            .collect();
        diagnostic(&Problem::in_file(&file.text, &keys, &error.message))
    };
    // As with the secrets of brokers, the machine that checks need not be the one that runs.
    for error in config.tasks.take_unreadable() {
        file.diagnostics.push(Diagnostic {
            severity: Severity::Warning,
            ..in_tasks(&error)
        });
    }
    let tasks = Tasks::new(&config.tasks, &built_in(), home);
    for error in tasks.as_ref().err().into_iter().flatten() {
        file.diagnostics.push(in_tasks(error));
    }
    let tasks = tasks.ok();
    let (mut definitions, mut unserved, mut reaches) = (Vec::new(), Vec::new(), Vec::new());
    for (number, workflow) in config.workflow.iter().enumerate() {
        match definition(workflow, &config.service) {
            Ok(checked) => {
                let tasks = tasks.as_ref();
                unserved.push(tasks.map_or(Vec::new(), |tasks| {
                    unserved_tasks(&file.name, &checked, workflow, &config, tasks)
                }));
                reaches.push(tasks.map_or(String::new(), |tasks| reach::listed(&checked, workflow, tasks)));
                definitions.push(checked);
            }
            Err(stop) => {
                let keys = ["workflow", &number.to_string(), "definition"];
                let message = stop.message().trim_start_matches("error: ");
                file.diagnostics
                    .push(diagnostic(&Problem::in_file(&file.text, &keys, message)));
            }
        }
    }
    // The configuration is to blame for a task that nobody serves, the definition is where it stands.
    let text = without_secrets(&file.text);
    let source = Source {
        name: &file.name,
        text: &text,
        format: Format::Json,
    };
    let mut shown = rendered(&source, &file.diagnostics, has_colour());
    for (checked, unserved) in definitions.iter().zip(&unserved) {
        shown += &rendered(&checked.source(), unserved, has_colour());
    }
    let all: Vec<Diagnostic> = file
        .diagnostics
        .iter()
        .chain(unserved.iter().flatten())
        .cloned()
        .collect();
    findings.tell(&file.name, &shown, &all);
    findings.keep(&file.name, file.diagnostics);
    for (checked, unserved) in definitions.iter().zip(unserved) {
        findings.keep(&checked.file, unserved);
    }
    for (checked, reach) in definitions.into_iter().zip(reaches) {
        let rendered = checked.rendered(has_colour());
        findings.tell(&checked.subject, &rendered, &checked.report.diagnostics);
        findings.note(&reach);
        findings.keep(&checked.file, checked.report.diagnostics);
    }
}

/// Checks a workflow's definition.
fn definition(workflow: &Workflow, service: &Service) -> Result<Checked, Stop> {
    let substitutions: Vec<(String, String)> = workflow.substitutions.clone().into_iter().collect();
    let how = How {
        machine_type: Some(MachineType::Express),
        substitutions: &substitutions,
        real: Some(&service.pseudo_parameters()),
    };
    let mut checked = Checked::read(&workflow.definition, how)?;
    for diagnostic in &mut checked.report.diagnostics {
        if let Some(name) = diagnostic
            .help
            .as_ref()
            .and_then(|help| missing_substitution(help))
        {
            diagnostic.help = Some(format!(
                "give it in [workflow.substitutions] of workflow \"{}\": {} = \"...\"",
                workflow.name,
                toml_key(name)
            ));
        }
    }
    Ok(checked)
}

/// Returns a name as a key of TOML, in which a dot would divide it.
fn toml_key(name: &str) -> Cow<'_, str> {
    let is_bare = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    match is_bare {
        true => name.into(),
        false => format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"")).into(),
    }
}

/// Returns the tasks of a definition that nobody serves, in its order.
fn unserved_tasks(
    file: &str,
    checked: &Checked,
    workflow: &Workflow,
    config: &Config,
    tasks: &Tasks,
) -> Vec<Diagnostic> {
    let machine = checked.report.machine.as_ref();
    let Some(program) = machine.map(compile) else {
        return Vec::new();
    };
    let (unserved, refused) = match tasks.bind_within(&program, false, reach::allow(workflow)) {
        Ok(bindings) => (Vec::new(), reach::refused(&program, &bindings, tasks)),
        Err(unserved) => (unserved, Vec::new()),
    };
    if unserved.is_empty() && refused.is_empty() {
        return Vec::new();
    }
    let embedded = checked.embedded.as_ref();
    let substitutions = embedded.map_or(&workflow.substitutions, |found| found.substitutions());
    let options = Options {
        machine_type: MachineType::Express,
        substitutions: substitutions.clone(),
    };
    let definition = checked.definition();
    let (root, _) = validate(&definition, &options, Services::shipped());
    let mut found: Vec<Diagnostic> = unserved
        .iter()
        .map(|task| Diagnostic {
            help: Some(unserved_help(file, task, config)),
            ..unserved_diagnostic(definition.text, root.as_ref(), task)
        })
        .collect();
    found.extend(refused.iter().map(|(task, why)| Diagnostic {
        code: NOT_ALLOWED,
        severity: Severity::Warning,
        message: format!("State '{}' will fail with States.Permissions: {why}", task.state),
        ..unserved_diagnostic(definition.text, root.as_ref(), task)
    }));
    checked.locate(&mut found);
    found.sort_by_key(|diagnostic| diagnostic.span.start);
    found
}

/// The check of a definition knows `--set` alone.
fn missing_substitution(help: &str) -> Option<&str> {
    help.strip_prefix("give it with --set ")?.strip_suffix("=VALUE")
}

fn diagnostic(problem: &Problem) -> Diagnostic {
    Diagnostic {
        code: INVALID_CONFIG,
        severity: problem.severity,
        message: problem.message.clone(),
        pointer: problem.key.clone(),
        location: None,
        line: problem.line,
        column: problem.column,
        span: problem.span.clone(),
        help: problem.help.clone(),
    }
}

/// Says what to add to the configuration; a name there is only taken for the same one if it nearly is: functions of a
/// workflow have names that are much alike.
fn unserved_help(file: &str, task: &Unserved, config: &Config) -> String {
    let wanted = task.named.as_ref().map_or(&task.resource, |(_, name)| name);
    let add = match &task.named {
        Some(("Topic", _)) => format!("add \"{wanted}\" to the topics of its entry in [tasks] of {file}"),
        Some(("ApiEndpoint", _)) => {
            return format!("add \"{wanted}\" to the endpoints of its entry in [tasks] of {file}");
        }
        Some(("ConnectionArn", _)) => {
            return format!("add the connection to {file}: [connections.NAME], as the ARN names it");
        }
        Some(("AuthType", _)) => {
            return "its requests have to be signed: add aws = true to its entry".to_owned();
        }
        None if wanted.ends_with(":http:invoke") || wanted.ends_with(":apigateway:invoke") => {
            format!("add an entry for it to [tasks] of {file}: \"{wanted}\" = {{ endpoints = [\"...\"] }}")
        }
        None if optimized::is_of_aws(wanted) => {
            format!("add an entry for it to [tasks] of {file}: \"{wanted}\" = {{ aws = true }}")
        }
        _ => format!("add an entry for it to [tasks] of {file}: \"{wanted}\" = {{ http = \"...\" }}"),
    };
    let mut known = config.tasks.entries.keys();
    match known.find(|known| strsim::damerau_levenshtein(known, wanted) <= SLIP_EDITS) {
        Some(known) => format!("{add}; or did you mean \"{known}\"?"),
        None => add,
    }
}

fn unserved_diagnostic(text: &str, root: Option<&Node>, task: &Unserved) -> Diagnostic {
    let mut pointer = String::new();
    let state = root.and_then(|root| find(root, &task.state, &mut pointer));
    let resource = || Some((state?.member("Resource")?, "/Resource".to_owned()));
    let member = match &task.named {
        Some((parameter, _)) => state
            .and_then(|state| state.get("Parameters")?.member(parameter))
            .map(|member| (member, format!("/Parameters/{parameter}")))
            .or_else(resource),
        None => resource(),
    };
    let (span, below) = member.map_or((0..0, String::new()), |(member, below)| {
        (member.value.span.clone(), below)
    });
    let (line, column) = Lines::new(text).position(span.start);
    let what = match &task.named {
        Some(("FunctionName", name)) => format!("function \"{name}\""),
        Some((parameter, name)) => format!("{parameter} \"{name}\" of \"{}\"", task.resource),
        None => format!("\"{}\"", task.resource),
    };
    Diagnostic {
        code: UNSERVED_TASK,
        severity: Severity::Error,
        message: format!("Nothing serves {what}, which state '{}' calls", task.state),
        pointer: pointer + &below,
        location: None,
        line,
        column,
        span,
        help: None,
    }
}

/// Finds a state by its name, at any depth, and writes its place.
fn find<'a>(node: &'a Node, name: &str, pointer: &mut String) -> Option<&'a Node> {
    let length = pointer.len();
    let mut down = |step: &str, node: &'a Node| {
        pointer.push('/');
        pointer.push_str(&step.replace('~', "~0").replace('/', "~1"));
        let found = find(node, name, pointer);
        if found.is_none() {
            pointer.truncate(length);
        }
        found
    };
    match &node.value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(at, item)| down(&at.to_string(), item)),
        Value::Object(members) => {
            let below = members.iter().find_map(|member| down(&member.key, &member.value));
            if below.is_some() {
                return below;
            }
            let states = node.get("States")?;
            let state = states.get(name).filter(|state| state.get("Type").is_some())?;
            pointer.push_str("/States/");
            pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
            Some(state)
        }
        _ => None,
    }
}

impl Findings {
    /// Takes over what was found in a file, and prints it for reading.
    fn add(&mut self, file: &str, text: &str, format: Format, diagnostics: Vec<Diagnostic>) {
        let source = Source {
            name: file,
            text,
            format,
        };
        let rendered = rendered(&source, &diagnostics, has_colour());
        self.tell(file, &rendered, &diagnostics);
        self.keep(file, diagnostics);
    }

    /// Takes over what was found in a file.
    fn keep(&mut self, file: &str, diagnostics: Vec<Diagnostic>) {
        let named = |found: Diagnostic| -> Finding { (file.to_owned(), Ok(found)) };
        self.list.extend(diagnostics.into_iter().map(named));
    }
}
