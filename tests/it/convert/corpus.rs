//! What AWS recorded of JSONPath machines, and the samples, over the rewritten definitions.

use super::{Format, Options, Source, code, compile, convert};
use crate::shared;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use stepstream::asl;
use stepstream::cases::{self, Case, Definition};

/// What differs in recorded cases, each time as the rewriting has said: how often, and the words by which it was said.
const EXCEPTIONS: [(usize, &str); 8] = [
    (19, "States.MathAdd rounds to whole numbers"),
    (14, "if the value is not a timestamp, JSONPath says false"),
    (3, "the random numbers differ"),
    (2, "'in' compares only texts, numbers and booleans"),
    (2, "every character of the delimiter splits"),
    (1, "equal, unless a hit is itself an array"),
    (1, "objects and arrays are written as JSON"),
    (1, "$string leaves a text without quotes"),
];

#[derive(Default)]
struct Tally {
    whole: usize,
    mixed: BTreeMap<String, usize>,
    same: usize,
    /// What was said where a case differs.
    said: BTreeMap<String, usize>,
    unsaid: Vec<String>,
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
            self.unsaid.push(format!(
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
                let told = converted.diagnostics.iter().map(|found| found.message.clone());
                match told.reduce(|all, one| format!("{all} | {one}")) {
                    Some(said) => *self.said.entry(said).or_default() += 1,
                    None => self.unsaid.push(format!(
                        "{name} / {}: {} {}\n    JSONPath {:?}\n    JSONata  {:?}",
                        case.name, first.what, first.path, first.expected, first.actual
                    )),
                }
            }
        }
    }

    fn end(self) {
        println!(
            "{} converted wholly, {} in part, {} the same, {} differ as said",
            self.whole,
            self.mixed.values().sum::<usize>(),
            self.same,
            self.said.values().sum::<usize>()
        );
        for (reason, count) in self.mixed.iter().chain(&self.said) {
            println!("  {count:4} {reason}");
        }
        assert!(
            self.unsaid.is_empty(),
            "{} differ:\n{}",
            self.unsaid.len(),
            self.unsaid.join("\n")
        );
        for (said, count) in &self.said {
            let known = EXCEPTIONS.iter().find(|(_, words)| said.contains(words));
            assert!(
                known.is_some_and(|(most, _)| count <= most),
                "{count} differ: {said}"
            );
        }
        assert!(self.mixed.values().sum::<usize>() <= 2, "{:?}", self.mixed);
        assert!(self.same >= 425, "only {} are the same", self.same);
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

/// Published workflows, those that only Standard workflows can run as well: what they become is accepted.
#[test]
fn published_machines_are_accepted_when_rewritten() {
    let Some(folder) = shared::folder("validation/real_world") else {
        return;
    };
    let options = Options {
        machine_type: asl::MachineType::Standard,
        ..Options::default()
    };
    let (mut whole, mut kept, mut problems) = (0, BTreeMap::new(), Vec::new());
    for (name, value) in shared::json_files(&folder) {
        if name == "index.json" || value["QueryLanguage"] == "JSONata" {
            continue;
        }
        let text = std::fs::read_to_string(folder.join(&name)).expect("a file");
        let source = Source {
            name: &name,
            text: &text,
            format: Format::Json,
        };
        let converted = convert(&source, &options).expect("it is JSON");
        whole += usize::from(converted.is_whole);
        for found in converted
            .diagnostics
            .iter()
            .filter(|found| found.code == code::KEPT)
        {
            *kept.entry(found.message.clone()).or_insert(0) += 1;
        }
        let report = asl::check(
            &Source {
                text: &converted.text,
                ..source
            },
            &options,
        );
        problems.extend(
            report
                .errors()
                .map(|error| format!("{name}: {} {}", error.pointer, error.message)),
        );
    }
    println!("{whole} converted wholly; kept: {kept:?}");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(whole >= 95, "{whole}: {kept:?}");
}
