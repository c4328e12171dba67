//! What AWS recorded of JSONPath machines, and the samples, over the rewritten definitions.

use super::{Format, Options, Source, code, compile, convert};
use crate::shared;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use stepstream::asl;
use stepstream::cases::{self, Case, Definition};

/// Cases in which the rewritten definition does something else, and why that is so.
const EXCEPTIONS: [(&str, &str); 0] = [];

#[derive(Default)]
struct Tally {
    whole: usize,
    mixed: BTreeMap<String, usize>,
    same: usize,
    differ: Vec<String>,
}

impl Tally {
    /// Rewrites the definition of a case and compares both.
    fn play(&mut self, name: &str, case: &Case, text: &str) {
        let source = Source {
            name,
            text,
            format: Format::Json,
        };
        let options = Options::default();
        let Some(machine) = asl::check(&source, &options).machine else {
            return;
        };
        let converted = convert(&source, &options).expect("it was accepted");
        match converted.is_whole {
            true => self.whole += 1,
            false => {
                let kept = converted
                    .diagnostics
                    .iter()
                    .find(|found| found.code == code::KEPT);
                let reason = kept.map(|found| found.message.clone()).unwrap_or_default();
                *self.mixed.entry(reason).or_default() += 1;
            }
        }
        let rewritten = Source {
            text: &converted.text,
            ..source
        };
        let report = asl::check(&rewritten, &options);
        let Some(other) = &report.machine else {
            let errors: Vec<&str> = report.errors().map(|error| &*error.message).collect();
            self.differ.push(format!(
                "{name}: is refused: {}\n{}",
                errors.join("; "),
                converted.text
            ));
            return;
        };
        let cases::Input::Here(input) = &case.input else {
            return;
        };
        let differences = cases::compare(case, &compile(&machine), &compile(other), input.as_bytes());
        match differences.first() {
            None => self.same += 1,
            Some(first) => {
                let told = converted
                    .diagnostics
                    .iter()
                    .map(|found| format!("\n    {}: {}", found.pointer, found.message));
                self.differ.push(format!(
                    "{name} / {}: {} {}\n    JSONPath {:?}\n    JSONata  {:?}{}",
                    case.name,
                    first.what,
                    first.path,
                    first.expected,
                    first.actual,
                    told.collect::<String>()
                ));
            }
        }
    }

    fn end(mut self) {
        println!(
            "{} converted wholly, {} in part, {} the same",
            self.whole,
            self.mixed.values().sum::<usize>(),
            self.same
        );
        for (reason, count) in &self.mixed {
            println!("  {count:4} {reason}");
        }
        self.differ
            .retain(|told| !EXCEPTIONS.iter().any(|(name, _)| told.starts_with(name)));
        assert!(
            self.differ.is_empty(),
            "{} differ:\n{}",
            self.differ.len(),
            self.differ.join("\n")
        );
    }
}

#[test]
fn recorded_machines_do_the_same_when_rewritten() {
    let Some(root) = shared::folder("conformance/cases") else {
        return;
    };
    let mut tally = Tally::default();
    let mut groups: Vec<PathBuf> = std::fs::read_dir(&root)
        .expect("a folder")
        .flatten()
        .map(|entry| entry.path())
        .collect();
    groups.sort();
    for group in groups.iter().filter(|path| path.is_dir()) {
        for (name, value) in shared::json_files(group) {
            if value["query_language"] == "JSONPath" && value["express_ok"] == true {
                let text = std::fs::read_to_string(group.join(&name)).expect("a file");
                play_file(&mut tally, &group.join(&name), &text);
            }
        }
    }
    tally.end();
}

fn play_file(tally: &mut Tally, path: &Path, text: &str) {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let source = Source {
        name: &name,
        text,
        format: Format::Json,
    };
    for case in cases::read(&source).map(|suite| suite.cases).unwrap_or_default() {
        if let (Definition::Here(text), None) = (&case.definition, &case.skip) {
            tally.play(&name, &case, text);
        }
    }
}
