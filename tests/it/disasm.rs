//! The text form of programs, compared with files.
//!
//! Each `tests/data/disasm/NAME.asl.json` compiles to what `NAME.txt` beside it shows. After a change
//! that is meant, `UPDATE_SNAPSHOTS=1 cargo test --test it disasm` writes the files anew; read the
//! difference before it is committed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use stepstream::asl;
use stepstream::compile::{Options, compile_with};

/// The one definition that is compiled as tools do it.
const TRACED: &str = "traced";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/disasm")
}

fn names() -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder()).expect("the folder is there");
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        let name = entry
            .expect("an entry")
            .file_name()
            .into_string()
            .expect("a name in UTF-8");
        name.strip_suffix(".asl.json").map(str::to_owned)
    };
    entries.filter_map(name).collect()
}

fn disassemble(name: &str) -> String {
    let file = folder().join(format!("{name}.asl.json"));
    let text = std::fs::read_to_string(&file).expect("a readable file");
    let source = asl::Source {
        name,
        text: &text,
        format: asl::Format::Json,
    };
    let report = asl::check(&source, &asl::Options::default());
    let machine = report
        .machine
        .unwrap_or_else(|| panic!("{name}: {:?}", report.diagnostics));
    let options = Options {
        trace: name == TRACED,
    };
    compile_with(&machine, options).to_string()
}

#[test]
fn programs_look_as_they_did() {
    let update = std::env::var_os("UPDATE_SNAPSHOTS").is_some();
    let mut changed = Vec::new();
    for name in names() {
        let (file, shown) = (folder().join(format!("{name}.txt")), disassemble(&name));
        if update {
            std::fs::write(&file, &shown).expect("the snapshot can be written");
        }
        let known = std::fs::read_to_string(&file).unwrap_or_default();
        if known != shown {
            let line = 1 + known
                .lines()
                .zip(shown.lines())
                .take_while(|(a, b)| a == b)
                .count();
            changed.push(format!(
                "{}:{line}\n  was {:?}\n  now {:?}",
                file.display(),
                known.lines().nth(line - 1).unwrap_or_default(),
                shown.lines().nth(line - 1).unwrap_or_default()
            ));
        }
    }
    assert!(
        changed.is_empty(),
        "{}\nif this is meant: UPDATE_SNAPSHOTS=1 cargo test --test it disasm",
        changed.join("\n")
    );
}

/// A new instruction needs a definition here that makes the compiler emit it.
#[test]
fn every_instruction_is_shown() {
    let shown: BTreeSet<String> = names()
        .iter()
        .flat_map(|name| {
            disassemble(name)
                .lines()
                .filter_map(instruction_name)
                .collect::<Vec<_>>()
        })
        .collect();
    let missing: Vec<String> = instructions().filter(|name| !shown.contains(name)).collect();
    assert!(missing.is_empty(), "not in any snapshot: {missing:?}");
}

fn instruction_name(line: &str) -> Option<String> {
    let mut words = line.split_whitespace();
    words.next()?.parse::<u32>().ok()?;
    words.next().map(str::to_owned)
}

/// Returns the names of all instructions, from their source.
fn instructions() -> impl Iterator<Item = String> {
    let source = include_str!("../../src/program/instruction.rs");
    let variants = source
        .lines()
        .skip_while(|line| !line.starts_with("pub enum Instruction"))
        .skip(1)
        .take_while(|line| *line != "}");
    variants.filter_map(|line| {
        let name = line.strip_prefix("    ")?.split(['(', ',', ' ']).next()?;
        name.starts_with(char::is_uppercase).then(|| name.to_owned())
    })
}
