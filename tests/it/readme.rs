//! The README and the pages that belong to it tell the truth: every command prints what the page shows, and
//! every name exists.
//!
//! A line that is only `…` stands for any lines. Durations differ from run to run, and so do all numbers
//! of `bench`: there only the words are compared. With `STEPSTREAM_BLESS=1` the pages are rewritten instead.

use super::cli::{Folder, run};
use std::process::Command;

const README: &str = include_str!("../../README.md");
const JSONATA: &str = include_str!("../../config/workflows/JSONATA.md");
const WORKFLOWS: &str = include_str!("../../config/workflows/README.md");
const AWS: &str = include_str!("../../config/workflows/AWS.md");

/// Pages whose names of commands, options, keys, metrics and errors must exist.
const NAMING: [&str; 5] = [
    README,
    AWS,
    include_str!("../../deploy/GUARANTEES.md"),
    include_str!("../../deploy/METRICS.md"),
    include_str!("../../deploy/REDRIVE.md"),
];

#[test]
fn commands_print_what_the_readme_shows() {
    commands_print("README.md", README, 8);
}

#[test]
fn commands_print_what_the_page_about_jsonata_shows() {
    commands_print("config/workflows/JSONATA.md", JSONATA, 3);
}

#[test]
fn commands_print_what_the_page_about_workflows_shows() {
    commands_print("config/workflows/README.md", WORKFLOWS, 5);
}

#[test]
fn commands_print_what_the_page_about_aws_shows() {
    commands_print("config/workflows/AWS.md", AWS, 1);
}

/// The first command that a newcomer runs is an alias, which must name features and a command that there are.
#[test]
fn the_alias_of_the_readme_is_there() {
    assert!(
        README.contains("\ncargo demo\n"),
        "the README has lost its first command"
    );
    let alias: toml::Table = include_str!("../../.cargo/config.toml").parse().expect("TOML");
    let words = alias["alias"]["demo"].as_str().expect("a command").to_owned();
    let (options, command) = words.split_once(" -- ").expect("a command of ours");
    assert_eq!(command, "demo");
    assert_eq!(options, "run --profile demo --no-default-features --features cli");
    let manifest: toml::Table = include_str!("../../Cargo.toml").parse().expect("TOML");
    let default = manifest["features"]["default"].as_array().expect("a list");
    assert_eq!(
        *default,
        ["cli", "kafka-codecs", "kafka-tls"].map(toml::Value::from)
    );
}

/// Every row of the page's table is an expression and its value.
#[test]
fn idioms_have_the_values_that_the_page_about_jsonata_shows() {
    let table = JSONATA.split("## Idioms").nth(1).expect("idioms");
    let table = table.split("\n## ").next().unwrap_or_default();
    let mut count = 0;
    for row in table.lines().filter(|line| line.starts_with("| ")) {
        let mut spans = row.split('`').skip(1).step_by(2);
        let (Some(expression), Some(value)) = (spans.next(), spans.next()) else {
            continue;
        };
        let expression = expression.replace("\\|", "|");
        let input = "config/workflows/basket_enrichment.input.json";
        let (_, out, err) = run(&["jsonata", &expression, "--input", input, "--format", "json"]);
        let actual: serde_json::Value = serde_json::from_str(&out).unwrap_or_default();
        let expected: serde_json::Value = serde_json::from_str(value).expect("JSON");
        assert_eq!(actual["result"], expected, "{expression}\n{out}{err}");
        count += 1;
    }
    assert!(count >= 20, "the page has lost its idioms: {count}");
}

fn commands_print(file: &str, document: &str, at_least: usize) {
    let examples = examples(document);
    let bless = std::env::var_os("STEPSTREAM_BLESS").is_some();
    let folder = folder();
    let mut blessed = document.to_owned();
    assert!(
        examples.len() >= at_least,
        "{file} has lost its examples: {}",
        examples.len()
    );
    for (command, expected) in examples {
        let is_bench = command.contains(" bench ");
        // A few milliseconds are enough to see the words.
        let shown = command.replace("--seconds 1", "--seconds 0.05");
        let output = Command::new("sh")
            .args([
                "-c",
                &shown.replacen("stepstream", env!("CARGO_BIN_EXE_stepstream"), 1),
            ])
            .current_dir(folder.path())
            .output()
            .expect("a shell");
        let actual = String::from_utf8_lossy(&output.stdout).into_owned();
        let stable = |text: &str| {
            if is_bench {
                without_numbers(text)
            } else {
                without_durations(text)
            }
        };
        if matches(&stable(&expected), &stable(&actual)) {
            continue;
        }
        assert!(
            !expected.trim().is_empty(),
            "$ {command}: put a word below it to bless"
        );
        blessed = blessed.replacen(expected.trim_end(), &cut_as(&expected, &actual), 1);
        assert!(
            bless,
            "$ {command}\n--- {file} says\n{expected}\n--- it prints\n{actual}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    if bless {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        std::fs::write(path, blessed).expect("the page can be written");
    }
}

#[test]
fn files_that_the_readme_names_exist() {
    let words = README.split([' ', '(', ')', '`', '\n']);
    let paths = words.filter(|word| {
        ["config/", "tests/", "deploy/", "perf/", "CONTRIBUTING"]
            .iter()
            .any(|folder| word.starts_with(folder))
    });
    for path in paths {
        // Diagnostics add a line and a column, links a heading.
        let path = path.split([':', '#']).next().unwrap_or(path);
        let full = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        assert!(full.exists(), "{path}");
    }
}

/// Whatever the pages write as code exists: commands, options, configuration keys, metrics, our errors.
#[test]
fn names_that_the_pages_use_exist() {
    let (_, help, _) = run(&["help"]);
    let commands: Vec<&str> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .map_while(|line| line.strip_prefix("  "))
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split(' ').next())
        .collect();
    let options: String = commands
        .iter()
        .map(|command| run(&[command, "--help"]).1)
        .collect();
    let schema = serde_json::to_string(&stepstream::config::Config::schema()).expect("JSON");
    let mut problems = Vec::new();
    let mut names = 0;
    let spans = NAMING
        .iter()
        .flat_map(|page| page.split("```").step_by(2))
        .flat_map(|text| text.split('`').skip(1).step_by(2));
    for span in spans {
        let words: Vec<&str> = span.split_whitespace().collect();
        let first = *words.first().unwrap_or(&"");
        let known = if let Some(at) = words.iter().position(|word| *word == "stepstream") {
            words.get(at + 1).is_none_or(|command| commands.contains(command))
        } else if first.starts_with("--") {
            options.contains(first)
        } else if let Some((key, _)) = span.split_once(" = ").filter(|(key, _)| !key.contains('-')) {
            schema.contains(&format!("\"{key}\""))
        } else if span.starts_with("Stepstream.") {
            use stepstream::runtime::{CUT_OFF, EVENT_TOO_LARGE, INVALID_EVENT, PANIC};
            [CUT_OFF, EVENT_TOO_LARGE, INVALID_EVENT, PANIC].contains(&span)
        } else if span.starts_with("stepstream_") {
            stepstream::metrics::names::ALL
                .iter()
                .any(|metric| metric.name == span)
        } else if span.contains('_')
            && span
                .chars()
                .all(|letter| letter.is_ascii_lowercase() || letter == '_')
        {
            schema.contains(&format!("\"{span}\""))
                || stepstream::metrics::names::ALL
                    .iter()
                    .any(|metric| metric.labels.contains(&span))
                || options.contains(&format!("\"{span}\""))
        } else {
            continue;
        };
        names += 1;
        if !known {
            problems.push(span);
        }
    }
    assert!(names > 40, "the search finds too little: {names}");
    assert!(problems.is_empty(), "{problems:#?}");
}

/// Makes a folder as the reader has it: the repository's files, and the log of a service that has run.
fn folder() -> Folder {
    let folder = Folder::new();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for (name, source) in [
        ("config", "config"),
        ("tests", "tests"),
        ("log", "tests/data/readme/log"),
    ] {
        std::os::unix::fs::symlink(root.join(source), folder.path().join(name)).expect("a link");
    }
    folder
}

/// Returns every `$ stepstream …` of a console block with what follows it.
fn examples(text: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for block in text.split("```console\n").skip(1) {
        let block = block.split("```").next().unwrap_or_default();
        for example in format!("\n{block}").split("\n$ ").skip(1) {
            let joined = example.replace("\\\n    ", "");
            let (command, expected) = joined.split_once('\n').unwrap_or((&joined, ""));
            out.push((command.to_owned(), expected.to_owned()));
        }
    }
    out
}

fn matches(expected: &str, actual: &str) -> bool {
    let lines = |text: &str| {
        text.trim_end()
            .lines()
            .map(str::trim_end)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let (expected, actual) = (lines(expected), lines(actual));
    match expected.iter().position(|line| line == "…") {
        None => expected == actual,
        Some(at) => {
            let (head, tail) = (&expected[..at], &expected[at + 1..]);
            actual.len() >= head.len() + tail.len() && actual.starts_with(head) && actual.ends_with(tail)
        }
    }
}

/// Cuts what is printed where the README cuts it.
fn cut_as(expected: &str, actual: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (
        expected.trim_end().lines().collect(),
        actual.trim_end().lines().collect(),
    );
    let Some(at) = old.iter().position(|line| *line == "…") else {
        return new.join("\n");
    };
    let tail = (old.len() - at - 1).min(new.len());
    let head = at.min(new.len() - tail);
    [&new[..head], &["…"], &new[new.len() - tail..]]
        .concat()
        .join("\n")
}

/// Replaces `1.234 s` by `# s`.
fn without_durations(text: &str) -> String {
    let is_duration = |word: &str| word.len() > 4 && word.chars().all(|c| c.is_ascii_digit() || c == '.');
    let words = text
        .split(' ')
        .map(|word| if is_duration(word) { "#" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

/// Replaces every number by `#`, and every run of blanks by one.
fn without_numbers(text: &str) -> String {
    let number = |word: &str| {
        word.trim_end_matches(',')
            .chars()
            .all(|c| c.is_ascii_digit() || ".,".contains(c))
    };
    let line = |line: &str| {
        let words = line
            .split_whitespace()
            .map(|word| if number(word) { "#" } else { word });
        words.collect::<Vec<_>>().join(" ")
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}
