//! The file that workflow authors write.

use super::reader::Reader;
use super::settings::{self, Settings};
use super::{Case, Input, NOW_MS, Suite, answer, expect, mocks, recorded};
use crate::asl::place::Place;
use crate::asl::syntax::Node;
use crate::asl::{Diagnostic, Source};
use std::collections::HashSet;

/// What a case has besides the settings it shares with the file.
const CASE_FIELDS: &[&str] = &["name", "tasks", "expect", "skip"];

/// Reads a case file, in any of the formats.
///
/// # Errors
/// Every problem of the file, with its place and, where we can tell, what was meant.
pub fn read(source: &Source<'_>) -> Result<Suite, Vec<Diagnostic>> {
    let mut reader = Reader::new(source);
    let suite = match reader.tree() {
        Some(root) if root.get("executions").is_some() => recorded::suite(&mut reader, &root),
        Some(root) if mocks::is_one(&root) => mocks::suite(&mut reader, &root),
        Some(root) => suite(&mut reader, &root),
        None => Suite::default(),
    };
    if reader.diagnostics.is_empty() {
        Ok(suite)
    } else {
        Err(reader.diagnostics)
    }
}

fn suite(reader: &mut Reader<'_>, root: &Node) -> Suite {
    let place = Place::ROOT;
    if root.get("States").is_some() && root.get("cases").is_none() {
        let help = "put cases beside it, in a file such as my_workflow.cases.json that names it".to_owned();
        reader.error(
            &place,
            &root.span,
            "This is a definition, not a file of cases",
            Some(help),
        );
        return Suite::default();
    }
    let fields = [settings::FIELDS, &["cases"]].concat();
    if reader.object(&place, root, &fields).is_empty() {
        return Suite::default();
    }
    let shared = settings::read(reader, &place, root);
    let mut suite = Suite::default();
    let Some(cases) = root.get("cases") else {
        let help = "add \"cases\": [{\"name\": …, \"input\": …, \"expect\": …}]".to_owned();
        reader.error(&place, &root.span, "The file has no \"cases\"", Some(help));
        return suite;
    };
    let mut names = HashSet::new();
    reader.list(&place.key("cases"), cases, |reader, place, node| {
        let case = case(reader, place, node, &shared);
        if let Some(case) = case {
            if !names.insert(case.name.clone()) {
                let message = format!("Two cases are called \"{}\"", case.name);
                reader.error(place, &node.span, message, None);
            }
            suite.cases.push(case);
        }
    });
    suite
}

fn case(reader: &mut Reader<'_>, place: &Place<'_>, node: &Node, shared: &Settings) -> Option<Case> {
    let fields = [CASE_FIELDS, settings::FIELDS].concat();
    if reader.object(place, node, &fields).is_empty() {
        if node.as_object().is_some() {
            reader.error(place, &node.span, "A case has at least a \"name\"", None);
        }
        return None;
    }
    let settings = settings::read(reader, place, node).or(shared);
    let name = match node.get("name") {
        Some(name) => reader.text(&place.key("name"), name),
        None => {
            let help = Some("say what the case shows: \"name\": \"an empty order is refused\"".to_owned());
            reader.error(place, &node.span, "The case has no \"name\"", help);
            None
        }
    };
    let mut expect = match node.get("expect") {
        Some(node) => expect::read(reader, &place.key("expect"), node),
        None => expect::Expect::default(),
    };
    expect.placeholders = settings.placeholders;
    let mut answers = Vec::new();
    if let Some(node) = node.get("tasks") {
        reader.map(
            &place.key("tasks"),
            node,
            |reader, place, state, node| match node.as_array() {
                Some(list) => {
                    for (at, node) in list.iter().enumerate() {
                        answers.extend(answer::read(reader, &place.index(at), state, node));
                    }
                }
                None => answers.extend(answer::read(reader, place, state, node)),
            },
        );
    }
    let skip = node
        .get("skip")
        .and_then(|node| reader.text(&place.key("skip"), node));
    if settings.definition.is_none() {
        let help = "add \"definition\": \"my_workflow.asl.json\" to the case or to the file".to_owned();
        reader.error(place, &node.span, "The case has no \"definition\"", Some(help));
    }
    Some(Case {
        name: name?,
        line: reader.line(&node.span),
        definition: settings.definition?,
        substitutions: settings.substitutions,
        input: settings.input.unwrap_or(Input::Here("{}".to_owned())),
        sync: settings.sync.unwrap_or(false),
        now_ms: settings.now_ms.unwrap_or(NOW_MS),
        answers,
        defaults: settings.defaults,
        expect,
        skip,
    })
}
