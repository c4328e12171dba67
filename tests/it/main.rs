//! The integration tests, as one binary: one link instead of ten.

mod dependencies;

use std::path::PathBuf;

/// Returns the path of a file of the repository.
fn root(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}
