//! The corpora that are shared between projects and not part of this one.

use std::path::PathBuf;

use serde_json::Value;

/// Returns a folder of the shared corpora, or `None` with a printed note when it is absent.
///
/// They are at `../shared`, or where `STEPSTREAM_SHARED` says.
///
/// # Panics
/// When it is absent and `STEPSTREAM_REQUIRE_SHARED` is set, as in `.ci/run`: a test that did not run must not pass there.
pub(crate) fn folder(name: &str) -> Option<PathBuf> {
    let root = match std::env::var_os("STEPSTREAM_SHARED") {
        Some(path) => PathBuf::from(path),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"),
    };
    let folder = root.join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(
        std::env::var_os("STEPSTREAM_REQUIRE_SHARED").is_none(),
        "no corpus at {} (set STEPSTREAM_SHARED to where it is)",
        folder.display()
    );
    println!(
        "SKIPPED: no corpus at {} (set STEPSTREAM_SHARED to where it is)",
        folder.display()
    );
    None
}

/// Reads every JSON file of a folder, in the order of the names.
pub(crate) fn json_files(folder: &std::path::Path) -> Vec<(String, Value)> {
    let entries = std::fs::read_dir(folder).expect("the folder is readable");
    let mut names: Vec<String> = entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    names.retain(|name| name.ends_with(".json"));
    let read = |name: String| {
        let text = std::fs::read_to_string(folder.join(&name)).expect("a readable file");
        let value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        (name, value)
    };
    names.into_iter().map(read).collect()
}
