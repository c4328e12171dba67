//! The README's commands, run as they stand there, print what stands there.
//!
//! A line that is only `…` stands for any lines. Durations differ from run to run, and so do all numbers
//! of `bench`: there only the words are compared. With `STEPSTREAM_BLESS=1` the README is rewritten instead.

use std::process::Command;

const README: &str = include_str!("../../README.md");

#[test]
fn commands_print_what_the_readme_shows() {
    let examples = examples(README);
    let bless = std::env::var_os("STEPSTREAM_BLESS").is_some();
    let mut blessed = README.to_owned();
    assert!(
        examples.len() >= 8,
        "the README has lost its examples: {}",
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
            .current_dir(env!("CARGO_MANIFEST_DIR"))
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
        blessed = blessed.replacen(expected.trim_end(), &cut_as(&expected, &actual), 1);
        assert!(
            bless,
            "$ {command}\n--- the README says\n{expected}\n--- it prints\n{actual}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    if bless {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
        std::fs::write(path, blessed).expect("the README can be written");
    }
}

#[test]
fn files_that_the_readme_names_exist() {
    let words = README.split([' ', '(', ')', '`', '\n']);
    let paths = words.filter(|word| word.starts_with("config/") || word.starts_with("tests/"));
    for path in paths {
        // Diagnostics add a line and a column.
        let path = path.split(':').next().unwrap_or(path);
        let full = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        assert!(full.exists(), "{path}");
    }
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
