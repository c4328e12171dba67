//! How the names of variables are written that stand for keys.
//!
//! Must not know which keys there are.

/// What the variables begin with.
pub const PREFIX: &str = "STEPSTREAM__";
/// The list whose items go by name.
pub(super) const WORKFLOW: &str = "workflow";
/// What the names of variables begin with that may be meant for us.
pub(super) const STRAY_PREFIX: &str = "STEPSTREAM_";

/// Returns a workflow's name as a variable has it.
pub(super) fn plain(name: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_uppercase()
        } else {
            '_'
        }
    };
    name.chars().map(plain).collect()
}
