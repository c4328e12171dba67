//! Where the shared corpora are.

use std::path::PathBuf;

/// Returns a directory of the shared corpora, or says why a test is skipped.
pub(crate) fn shared(part: &str) -> Option<PathBuf> {
    let root = std::env::var_os("STEPSTREAM_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    let path = root.join(part);
    if path.is_dir() {
        return Some(path);
    }
    eprintln!(
        "skipped: {} is not there; STEPSTREAM_SHARED names the directory that holds {part}",
        path.display()
    );
    None
}
