//! Circles of files: a file that uses another one which, in the end, uses the first.
//!
//! Whoever reads one file of a circle has to read them all. [`KNOWN`] are those that there are; the list may only shrink.

use crate::layers::{code, files, is_test, source};
use std::collections::{BTreeMap, BTreeSet};

/// The circles that there are, each by its files.
const KNOWN: &[&[&str]] = &[
    &["asl::validate::inside", "asl::validate::jsonata"],
    &["cases::compare", "cases::history", "cases::play"],
    &["cli", "cli::definition", "cli::output"],
    &["cli::convert", "cli::convert::prove"],
    &["cli::demo::show", "cli::demo::traffic"],
    &[
        "cli::pipe",
        "cli::pipe::config",
        "cli::pipe::read",
        "cli::pipe::write",
    ],
    &["cli::test", "cli::test::load", "cli::test::report"],
    &["compile", "compile::expression", "compile::scope"],
    &[
        "convert::choice",
        "convert::flow",
        "convert::scribe",
        "convert::shadow",
        "convert::state",
    ],
    &["convert::filter", "convert::path"],
    &["embedded::definition", "embedded::included"],
    &[
        "embedded::evaluate",
        "embedded::functions",
        "embedded::hcl",
        "embedded::hcl::defaults",
        "embedded::hcl::reference",
        "embedded::variables",
    ],
    &[
        "intrinsic::array",
        "intrinsic::encode",
        "intrinsic::evaluate",
        "intrinsic::format",
        "intrinsic::hash",
        "intrinsic::java",
        "intrinsic::math",
        "intrinsic::text",
        "intrinsic::unique",
    ],
    &[
        "jsonata::evaluate::output",
        "jsonata::evaluate::request",
        "jsonata::quick",
        "jsonata::quick::operand",
    ],
    &[
        "jsonata::function::regex::compile",
        "jsonata::function::regex::first",
        "jsonata::function::regex::program",
    ],
    &["path::filter", "path::select"],
    &["path::parse", "path::parse_filter"],
    &["program::instruction", "program::table"],
    &["test_state", "test_state::observe"],
    &[
        "value::distinct",
        "value::error",
        "value::heap",
        "value::index",
        "value::index::grammar",
        "value::index::number",
        "value::index::reach",
    ],
    &[
        "vm::compact",
        "vm::context",
        "vm::expression",
        "vm::fault",
        "vm::frame",
        "vm::fused",
        "vm::interpret",
        "vm::place",
        "vm::run",
        "vm::task",
        "vm::work",
    ],
];

/// How often something may be handed on from module to module.
const HANDED_ON_MAX: usize = 5;

/// Rooms in which there may be none.
const STRAIGHT: [&str; 8] = [
    "config",
    "execution",
    "log",
    "registry",
    "runtime",
    "server",
    "stream",
    "task",
];

#[test]
fn files_do_not_run_in_circles() {
    let circles = Files::of_the_crate().circles();
    let mut problems = Vec::new();
    for circle in &circles {
        let is_known = KNOWN
            .iter()
            .any(|known| circle.iter().all(|module| known.contains(&module.as_str())));
        if !is_known {
            problems.push(format!("a new circle: {}", circle.join(", ")));
        }
        let room = circle[0].split("::").next().unwrap_or_default();
        if STRAIGHT.contains(&room) {
            problems.push(format!("no circle may be in {room}: {}", circle.join(", ")));
        }
    }
    for known in KNOWN {
        let is_left = |circle: &Vec<String>| circle.iter().all(|module| known.contains(&module.as_str()));
        let left: usize = circles
            .iter()
            .filter(|circle| is_left(circle))
            .map(Vec::len)
            .sum();
        if left < known.len() {
            problems.push(format!(
                "smaller than the list says, which may shrink: {}",
                known.join(", ")
            ));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// The source files by the modules that they are.
struct Files(BTreeMap<String, Source>);

/// What counts of a source file.
struct Source {
    /// Its code, without what it hands on.
    code: String,
    /// The paths of its `pub use`.
    handed_on: Vec<Vec<String>>,
}

impl Source {
    fn of(text: &str) -> Source {
        let (mut code, mut handed_on, mut open) = (String::new(), Vec::new(), None::<String>);
        for line in text.lines() {
            let statement = match open.take() {
                Some(statement) => statement + line,
                None => match line.split_once("use ") {
                    Some(("pub " | "pub(crate) " | "pub(super) ", rest)) => rest.to_owned(),
                    _ => {
                        code.push_str(line);
                        code.push('\n');
                        continue;
                    }
                },
            };
            match statement.split_once(';') {
                Some((paths, _)) => handed_on.extend(expand(paths)),
                None => open = Some(statement),
            }
        }
        Source { code, handed_on }
    }
}

impl Files {
    fn of_the_crate() -> Files {
        let root = source();
        let mut all = BTreeMap::new();
        for file in files(&root) {
            let relative = file.strip_prefix(&root).expect("below src").with_extension("");
            let mut parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
            if parts.last().is_some_and(|last| last == "mod") {
                parts.pop();
            }
            let module = parts.join("::");
            if is_test(&file) || matches!(module.as_str(), "lib" | "main") {
                continue;
            }
            let text = code(&std::fs::read_to_string(&file).expect("a source file"));
            all.insert(module, Source::of(&text));
        }
        Files(all)
    }

    /// Returns the groups of files that use each other, each sorted.
    fn circles(&self) -> Vec<Vec<String>> {
        let uses: BTreeMap<&str, BTreeSet<String>> = self
            .0
            .keys()
            .map(|module| (module.as_str(), self.uses(module)))
            .collect();
        let mut reached: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for &module in uses.keys() {
            let (mut found, mut open) = (BTreeSet::new(), vec![module]);
            while let Some(next) = open.pop() {
                for used in &uses[next] {
                    if found.insert(used.as_str()) {
                        open.push(used);
                    }
                }
            }
            reached.insert(module, found);
        }
        let mut circles = BTreeSet::new();
        for (&module, found) in &reached {
            let both = found.iter().filter(|other| reached[**other].contains(module));
            let circle: Vec<String> = both.map(|other| (*other).to_owned()).collect();
            if circle.len() > 1 {
                circles.insert(circle);
            }
        }
        circles.into_iter().collect()
    }

    /// Returns the files that one uses. What a module only hands on from its children counts as theirs.
    fn uses(&self, module: &str) -> BTreeSet<String> {
        let paths = paths(&self.0[module].code, module);
        let mut used: BTreeSet<_> = paths.iter().filter_map(|path| self.find(path, 0)).collect();
        used.remove(module);
        used
    }

    /// Returns the file in which something stands.
    fn find(&self, path: &[String], depth: usize) -> Option<String> {
        let known = (1..=path.len())
            .rev()
            .find(|length| self.0.contains_key(&path[..*length].join("::")))?;
        let module = path[..known].join("::");
        let Some(name) = path.get(known).filter(|_| depth < HANDED_ON_MAX) else {
            return Some(module);
        };
        let handed_on = &self.0[&module].handed_on;
        let source = handed_on.iter().find(|source| source.last() == Some(name));
        let source = source.and_then(|source| self.find(&absolute(source, &path[..known]), depth + 1));
        Some(source.unwrap_or(module))
    }
}

/// Returns the paths that a module's text names, from the crate's root on.
fn paths(text: &str, module: &str) -> Vec<Vec<String>> {
    let own: Vec<String> = module.split("::").map(str::to_owned).collect();
    let mut found = Vec::new();
    for start in ["crate::", "super::", "self::"] {
        for (index, _) in text.match_indices(start) {
            let before = text[..index].chars().next_back();
            if before
                .is_some_and(|character| character.is_alphanumeric() || character == '_' || character == ':')
            {
                continue;
            }
            for path in expand(&text[index..]) {
                found.push(absolute(&path, &own));
            }
        }
    }
    // A module may name its children without `self`.
    for line in text.lines() {
        if let Some(rest) = line.trim_start().strip_prefix("use ") {
            found.extend(expand(rest).iter().map(|path| absolute(path, &own)));
        }
    }
    found
}

/// Returns a path from the crate's root on, as it is meant in a module.
fn absolute(path: &[String], module: &[String]) -> Vec<String> {
    let supers = path.iter().take_while(|part| *part == "super").count();
    let rest = &path[supers..];
    match path.first().map(String::as_str) {
        Some("crate") => path[1..].to_vec(),
        Some("self") => [module, &path[1..]].concat(),
        Some("super") => [&module[..module.len().saturating_sub(supers)], rest].concat(),
        _ => [module, path].concat(),
    }
}

/// Returns all paths of a `use`: `a::{b, c::D}` are two.
fn expand(text: &str) -> Vec<Vec<String>> {
    let text = text.trim_start();
    if let Some(group) = text.strip_prefix('{') {
        return members(group).into_iter().flat_map(expand).collect();
    }
    let end = text.find(|character: char| !character.is_alphanumeric() && character != '_');
    let (name, rest) = text.split_at(end.unwrap_or(text.len()));
    if name.is_empty() {
        return Vec::new();
    }
    let name = name.to_owned();
    let Some(rest) = rest.strip_prefix("::") else {
        return vec![vec![name]];
    };
    let tails = expand(rest);
    if tails.is_empty() {
        return vec![vec![name]];
    }
    tails
        .into_iter()
        .map(|tail| [vec![name.clone()], tail].concat())
        .collect()
}

/// Returns the members of a group, whose opening brace is gone.
fn members(group: &str) -> Vec<&str> {
    let (mut found, mut depth, mut start) = (Vec::new(), 0, 0);
    for (index, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => {
                found.push(&group[start..index]);
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                found.push(&group[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    found
}

#[test]
fn circles_are_found() {
    let texts = [
        ("a", "use super::b::One;"),
        ("b", "pub use c::{\n    Two,\n};\npub struct One;"),
        ("b::c", "use crate::d::{self, Three};"),
        ("d", "use crate::b::Two;\nuse crate::a::x;"),
        ("e", "use crate::a;"),
    ];
    let texts = texts.map(|(module, text)| (module.to_owned(), text.to_owned()));
    let circles = |texts: &[(String, String)]| {
        let all = texts
            .iter()
            .map(|(module, text)| (module.clone(), Source::of(text)));
        Files(all.collect()).circles()
    };
    assert_eq!(circles(&texts), [["b::c", "d"]]);
    let mut more = texts.to_vec();
    more.push(("b".to_owned(), "use crate::e::x;\npub use c::Two;".to_owned()));
    assert_eq!(circles(&more), [vec!["a", "b", "e"], vec!["b::c", "d"]]);
}
