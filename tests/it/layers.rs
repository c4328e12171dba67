//! The order of the modules: nothing uses a module below itself in this list.

use std::path::{Path, PathBuf};

/// The modules in dependency order; of a room whose parts stand in different places, the parts.
const ORDER: &[&str] = &[
    "clock",
    "fault",
    "printable",
    "random",
    "timestamp",
    "value",
    "services",
    "path",
    "intrinsic",
    "jsonata",
    "asl",
    "embedded",
    "program",
    "convert",
    "compile",
    "vm",
    "log::encode",
    "log::read",
    "drive",
    "cases",
    "test_state",
    "units",
    "secret",
    "guard",
    "metrics",
    "stream",
    "log::write",
    "task",
    "registry",
    "execution",
    "runtime",
    "config",
    "server",
    "cli",
];

/// Uses that the order alone would allow: the program is the one contract between compiler and machine.
const FORBIDDEN: [(&str, &str); 3] = [("program", "asl"), ("vm", "asl"), ("vm", "compile")];

/// Contact with the world, and the modules that may have it.
const WORLD: [(&str, &[&str]); 12] = [
    (
        "std::fs",
        &[
            "secret",
            "log::write",
            "registry",
            "stream",
            "task",
            "config",
            "server",
            "cli",
        ],
    ),
    ("std::net", &["task", "server", "config"]),
    ("std::env", &["secret", "stream", "task", "config", "cli"]),
    ("println!", &["cli"]),
    ("RandomState", &["random"]),
    ("from_system(", &["random", "execution", "server", "cli"]),
    ("SystemTime", &["clock"]),
    ("UNIX_EPOCH", &["clock"]),
    (
        "crate::clock",
        &[
            "log::write",
            "task",
            "registry",
            "execution",
            "runtime",
            "server",
            "cli",
        ],
    ),
    ("thread::sleep", &["drive", "cli"]),
    ("rdkafka::", &["stream"]),
    ("\"stepstream_", &["metrics"]),
];

/// Rooms of one module, and what none of their files may name.
const ROOMS: [(&str, &[&str]); 6] = [
    // Whoever asks for an execution may have partitions; the execution has none.
    (
        "execution",
        &[
            "partition",
            "offset",
            "topic",
            "PartitionId",
            "TopicId",
            "Tracker",
            "Record<'",
            "stream::offsets",
        ],
    ),
    (
        "stream/kafka/shared",
        &["stream::kafka::consumer", "stream::kafka::producer"],
    ),
    ("stream/kafka/consumer", &["stream::kafka::producer"]),
    ("stream/kafka/producer", &["stream::kafka::consumer"]),
    // What HTTP carries, and who serves a function, is none of their business.
    ("task/http", &["Lambda", "lambda"]),
    ("task/lambda", &["task::connectors", "task::produce"]),
];

#[test]
fn rooms_do_not_look_into_each_other() {
    let root = source();
    let mut problems = Vec::new();
    for (room, forbidden) in ROOMS {
        let files = files(&root.join(room));
        assert!(!files.is_empty(), "{room}");
        for file in files.into_iter().filter(|file| !is_test(file)) {
            let text = code(&std::fs::read_to_string(&file).expect("a source file"));
            let named = forbidden.iter().filter(|name| text.contains(**name));
            problems.extend(named.map(|name| format!("{}: names {name}", file.display())));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn modules_use_only_what_stands_before_them() {
    let root = source();
    let mut problems = Vec::new();
    for file in files(&root) {
        let relative = file.strip_prefix(&root).expect("below src").display().to_string();
        let path = relative.trim_end_matches(".rs").replace('/', "::");
        if matches!(path.as_str(), "lib" | "main")
            || is_room(path.trim_end_matches("::mod"))
            || is_test(&file)
        {
            continue;
        }
        let module = module_of(&path);
        let text = std::fs::read_to_string(&file).expect("a source file");
        let Some(rank) = ORDER.iter().position(|known| *known == module) else {
            problems.push(format!("{relative}: module {module} is not in the list"));
            continue;
        };
        for used in imports(&text) {
            let allowed = ORDER[..=rank].contains(&used.as_str());
            if !allowed || FORBIDDEN.contains(&(module, used.as_str())) {
                problems.push(format!("{relative}: {module} may not use {used}"));
            }
        }
        for (what, allowed) in WORLD {
            if code(&text).contains(what) && !allowed.contains(&module) {
                problems.push(format!("{relative}: {module} may not use {what}"));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// The map in the crate documentation is in this order too, and complete.
#[test]
fn the_map_has_every_module_in_its_order() {
    let text = include_str!("../../src/lib.rs");
    let rows = text.lines().filter_map(|line| line.strip_prefix("//! | "));
    let names: Vec<&str> = rows
        .filter_map(|row| row.split('`').nth(1))
        .map(|name| name.trim_start_matches("mod@"))
        .collect();
    assert_eq!(names, ORDER);
}

#[test]
fn imports_are_found() {
    let text = "use crate::value::{Heap, View};\nuse crate::{fault, path::Path};\ncrate::asl::check(x)";
    assert_eq!(imports(text), ["value", "fault", "path", "asl"]);
}

#[test]
fn parts_of_a_room_are_found() {
    assert!(is_room("log") && !is_room("vm") && !is_room("lo"));
    let modules = ["log::write::files", "log::write", "vm::run", "vm"].map(module_of);
    assert_eq!(modules, ["log::write", "log::write", "vm", "vm"]);
    let text = "use crate::log::read::Story;\nuse crate::{fault, log::write::{Log, Writer}};\ncrate::log";
    assert_eq!(imports(text), ["log::read", "fault", "log::write", "log"]);
}

/// Says whether a module is a room whose parts stand in the list.
fn is_room(module: &str) -> bool {
    let part = |known: &&str| {
        known
            .strip_prefix(module)
            .is_some_and(|rest| rest.starts_with("::"))
    };
    ORDER.iter().any(part)
}

/// Returns what of a path stands in the list.
fn module_of(path: &str) -> &str {
    let parts: Vec<usize> = path.match_indices("::").map(|(index, _)| index).collect();
    let first = parts.first().map_or(path, |&end| &path[..end]);
    match is_room(first) {
        true => parts.get(1).map_or(path, |&end| &path[..end]),
        false => first,
    }
}

/// Returns the folder of the crate's source.
pub(crate) fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    let paths = entries
        .map(|entry| entry.path())
        .flat_map(|path| match path.is_dir() {
            true => files(&path),
            false => vec![path],
        });
    paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .collect()
}

/// Tests may use whatever shows what they are about.
pub(crate) fn is_test(file: &Path) -> bool {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let mut folders = file.ancestors().skip(1).filter_map(Path::file_name);
    stem == "tests" || stem.ends_with("_tests") || folders.any(|name| name == "tests")
}

/// Returns the text without comments and tests, both of which may name anything.
pub(crate) fn code(text: &str) -> String {
    let lines = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]"));
    lines
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Returns the modules that a file names after `crate::`.
fn imports(text: &str) -> Vec<String> {
    let code = code(text);
    let parts = code.split("crate::").skip(1);
    parts
        .flat_map(|rest| match rest.strip_prefix('{') {
            Some(group) => group_names(group),
            None => name(rest).into_iter().collect(),
        })
        .collect()
}

/// Returns the first names of a group: `fault, path::{a, b}}`.
fn group_names(group: &str) -> Vec<String> {
    let (mut names, mut depth, mut begins) = (Vec::new(), 0, true);
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => begins = true,
            ' ' | '\n' => {}
            _ if begins => {
                names.extend(name(&group[at..]));
                begins = false;
            }
            _ => {}
        }
    }
    names
}

/// Returns the module that a path begins with.
fn name(text: &str) -> Option<String> {
    let end = text.find(|character: char| !(character.is_alphanumeric() || "_:".contains(character)));
    let path = text[..end.unwrap_or(text.len())].trim_end_matches(':');
    path.starts_with(|character: char| character.is_lowercase())
        .then(|| module_of(path).to_owned())
}
