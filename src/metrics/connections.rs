//! The tokens of connections, as text.

use super::names;
use super::text::{write_header, write_line};

/// How often tokens of a connection were asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenRequests {
    /// With a token as the answer.
    pub given: u64,
    /// In vain.
    pub refused: u64,
}

/// Says how the tokens of one connection stand.
pub(super) type ReadTokens = Box<dyn Fn() -> TokenRequests + Send + Sync>;

/// Writes the tokens of all connections, by name; nothing if there are none.
pub(super) fn write(out: &mut String, connections: &[(Box<str>, ReadTokens)]) {
    if connections.is_empty() {
        return;
    }
    write_header(out, &names::CONNECTION_TOKENS);
    for (connection, read) in connections {
        let TokenRequests { given, refused } = read();
        for (outcome, count) in [("given", given), ("refused", refused)] {
            let labels = [("connection", &**connection), ("outcome", outcome)];
            write_line(out, &names::CONNECTION_TOKENS, &labels, count as f64);
        }
    }
}
