//! What a task's surroundings know of it before it runs: constant parameters, and what is read of its result.
//!
//! Whoever connects a program to what runs its tasks needs both at load time: a function's name tells who
//! serves it, and an answer of which one member is read need not be written whole. Must not know who asks.

use super::Compiler;
use crate::asl::model::{DataPath, Jsonata, QueryLanguage, State, Task, Template};
use crate::intrinsic::{Argument, Call};
use crate::jsonata::Dialect;
use crate::path::{Path, Root, Step};
use crate::value::{ValueRef, View};

impl Compiler {
    /// Returns the top-level members of a template, with their values where those are constant.
    pub(super) fn known_members(&mut self, template: Option<&Template>) -> Vec<(Box<str>, Option<ValueRef>)> {
        match template {
            Some(Template::Constant(json)) => {
                let object = self.constant(json);
                let view = View::new(&self.program.constants, &self.program.constants);
                let members = view.members(object).filter_map(|(name, value)| {
                    let name = view.string(name)?.decode();
                    Some((name.as_ref().into(), Some(value)))
                });
                members.collect()
            }
            Some(Template::Object(members)) => {
                let members = members.iter().map(|(name, member)| {
                    let value = match member {
                        Template::Constant(json) => Some(self.constant(json)),
                        _ => None,
                    };
                    (name.as_str().into(), value)
                });
                members.collect()
            }
            _ => Vec::new(),
        }
    }
}

/// Returns the members of a task's result that the state reads, if it reads no more than members.
pub(super) fn selected(state: &State, task: &Task) -> Option<Vec<Box<str>>> {
    if state.query_language == QueryLanguage::Jsonata {
        return selected_in_jsonata(state);
    }
    if !state.assign.is_empty() {
        return None; // Assign sees the raw result, and may hand it on whole.
    }
    let mut members = Vec::new();
    match (&task.result_selector, &task.result_path, &state.output_path) {
        (Some(selector), _, _) => template(selector, &mut members)?,
        (None, DataPath::Null, _) | (None, DataPath::Whole, DataPath::Null) => {}
        (None, DataPath::Whole, DataPath::Path(used)) => path(used, &mut members)?,
        _ => return None,
    }
    members.sort_unstable();
    members.dedup();
    Some(members)
}

/// The same for a state in JSONata, whose Assign and Output read the result by its name.
fn selected_in_jsonata(state: &State) -> Option<Vec<Box<str>>> {
    let mut members = Vec::new();
    jsonata(state.output.as_ref()?, &mut members)?;
    let assigned = state.assign.iter();
    assigned
        .map(|(_, part)| part)
        .try_for_each(|part| jsonata(part, &mut members))?;
    members.sort_unstable();
    members.dedup();
    Some(members)
}

/// Adds what the expressions of a template read; `None` when that is more than members by name.
fn jsonata(part: &Template, members: &mut Vec<Box<str>>) -> Option<()> {
    match part {
        Template::Jsonata(used) => expression(used, members),
        Template::Object(parts) => parts.iter().try_for_each(|(_, part)| jsonata(part, members)),
        Template::Array(parts) => parts.iter().try_for_each(|part| jsonata(part, members)),
        Template::Constant(_) | Template::Path { .. } | Template::Call { .. } => Some(()),
    }
}

fn expression(used: &Jsonata, members: &mut Vec<Box<str>>) -> Option<()> {
    let references = used.expression.references();
    if references.whole_states {
        return None;
    }
    let code = used
        .expression
        .compile(Dialect::States, &["states.result"])
        .ok()?;
    if code.whole_reads().next().is_some() {
        return None;
    }
    let chains = code.chains().flatten();
    members.extend(chains.filter_map(|(_, keys)| Some(Box::from(keys.first()?.name()))));
    Some(())
}

/// Adds what a template reads; `None` when that is more than members by name.
fn template(part: &Template, members: &mut Vec<Box<str>>) -> Option<()> {
    match part {
        Template::Constant(_) => Some(()),
        // In JSONPath there is none.
        Template::Jsonata(_) => None,
        Template::Path { path: used, .. } => path(used, members),
        Template::Call { call: used, .. } => call(used, members),
        Template::Object(parts) => parts.iter().try_for_each(|(_, part)| template(part, members)),
        Template::Array(parts) => parts.iter().try_for_each(|part| template(part, members)),
    }
}

fn call(used: &Call, members: &mut Vec<Box<str>>) -> Option<()> {
    used.arguments.iter().try_for_each(|argument| match argument {
        Argument::Path(used) => path(used, members),
        Argument::Call(used) => call(used, members),
        Argument::Text(_) | Argument::Number(_) | Argument::Boolean(_) | Argument::Null => Some(()),
    })
}

fn path(used: &Path, members: &mut Vec<Box<str>>) -> Option<()> {
    if used.root != Root::Input {
        return Some(());
    }
    // A filter may look at the root again.
    if used.steps.iter().any(|step| matches!(step, Step::Filter(_))) {
        return None;
    }
    match used.steps.first()? {
        Step::Key(name) => members.push(name.as_str().into()),
        Step::Keys(names) => members.extend(names.iter().map(|name| Box::from(name.as_str()))),
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use crate::asl;
    use crate::program::Program;

    fn compile_jsonata(fields: &str) -> Program {
        compile(&format!(
            r#""QueryLanguage":"JSONata","Arguments":{{"FunctionName":"f"}},{fields}"#
        ))
    }

    fn check_selected_in_jsonata(fields: &str, expected: Option<&[&str]>) {
        check_members(&compile_jsonata(fields), fields, expected);
    }

    fn compile(task: &str) -> Program {
        let text = format!(
            r#"{{"StartAt":"T","States":{{"T":{{"Type":"Task","End":true,
            "Resource":"arn:aws:states:::lambda:invoke",{task}}}}}}}"#
        );
        let source = asl::Source {
            name: "t",
            text: &text,
            format: asl::Format::Json,
        };
        let report = asl::check(&source, &asl::Options::default());
        super::super::compile(&report.machine.expect("a machine"))
    }

    fn check_parameters(parameters: &str, expected: &[(&str, &str)]) {
        let program = compile(&format!(r#""Parameters":{parameters}"#));
        let view = crate::value::View::new(&program.constants, &program.constants);
        let found: Vec<(&str, String)> = program.tasks[0]
            .parameters
            .iter()
            .map(|(name, value)| (&**name, value.map_or("?".into(), |value| view.to_json(value))))
            .collect();
        let found: Vec<(&str, &str)> = found.iter().map(|(name, text)| (*name, text.as_str())).collect();
        assert_eq!(found, expected, "{parameters}");
    }

    #[test]
    fn parameters() {
        check_parameters(
            r#"{"FunctionName":"f","Payload":{"a":1}}"#,
            &[("FunctionName", r#""f""#), ("Payload", r#"{"a":1}"#)],
        );
        check_parameters(
            r#"{"FunctionName":"f","Payload.$":"$"}"#,
            &[("FunctionName", r#""f""#), ("Payload", "?")],
        );
        check_parameters(r#"{"FunctionName.$":"$.f"}"#, &[("FunctionName", "?")]);
    }

    fn check_selected(fields: &str, expected: Option<&[&str]>) {
        let program = compile(&format!(r#""Parameters":{{"FunctionName":"f"}},{fields}"#));
        check_members(&program, fields, expected);
    }

    fn check_members(program: &Program, fields: &str, expected: Option<&[&str]>) {
        let selected = program.tasks[0].selected.as_ref();
        let selected: Option<Vec<&str>> = selected.map(|names| names.iter().map(|name| &**name).collect());
        assert_eq!(selected.as_deref(), expected, "{fields}");
    }

    #[test]
    fn selected_in_jsonata() {
        check_selected_in_jsonata(r#""Comment":"the output is the result""#, None);
        check_selected_in_jsonata(r#""Output":{"a":"{% $states.input.a %}"}"#, Some(&[]));
        check_selected_in_jsonata(
            r#""Output":{"a":"{% $states.result.Payload.x & 1 %}","b":["{% $states.result.StatusCode %}"]}"#,
            Some(&["Payload", "StatusCode"]),
        );
        check_selected_in_jsonata(
            r#""Output":"{% 1 %}","Assign":{"v":"{% $states.result.Payload %}"}"#,
            Some(&["Payload"]),
        );
        for whole in [
            "$states.result",
            "$states",
            "$states.result[0].a",
            "$states.result.*",
            "$keys($states.result)",
        ] {
            check_selected_in_jsonata(&format!(r#""Output":"{{% {whole} %}}""#), None);
        }
    }

    #[test]
    fn selected() {
        check_selected(r#""ResultPath":"$.r""#, None);
        check_selected(
            r#""ResultSelector":{"a.$":"$.Payload.x[0]","b.$":"States.Format('{}', $.Payload)","c":[{"d.$":"$.StatusCode"}]}"#,
            Some(&["Payload", "StatusCode"]),
        );
        check_selected(r#""ResultSelector":{"a.$":"$$.Execution.Id"}"#, Some(&[]));
        check_selected(r#""ResultSelector":{"a.$":"$"}"#, None);
        check_selected(r#""ResultSelector":{"a.$":"$.*"}"#, None);
        check_selected(r#""ResultSelector":{"a.$":"States.JsonToString($)"}"#, None);
        check_selected(
            r#""ResultSelector":{"a.$":"$.Payload"},"Assign":{"v.$":"$"}"#,
            None,
        );
        check_selected(r#""OutputPath":"$.Payload.x""#, Some(&["Payload"]));
        check_selected(r#""OutputPath":"$""#, None);
        check_selected(r#""OutputPath":null"#, Some(&[]));
        check_selected(r#""OutputPath":"$.Payload","Assign":{"v.$":"$"}"#, None);
        check_selected(r#""OutputPath":"$.r.Payload","ResultPath":"$.r""#, None);
        check_selected(r#""ResultPath":null,"OutputPath":"$.order""#, Some(&[]));
    }
}
