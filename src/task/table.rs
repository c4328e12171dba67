//! Which connector serves what: patterns of resources and functions.
//!
//! Owns matching. Must not know what a connector does. Invariant: the longest pattern that matches wins,
//! whatever order the configuration has.

use super::lambda::function::full_pattern;
use crate::program::Pattern;

/// Names one entry of the configuration's `[tasks]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConnectorIndex(pub u16);

impl ConnectorIndex {
    /// Returns it as an index.
    pub fn at(self) -> usize {
        usize::from(self.0)
    }
}

/// The patterns, longest first.
#[derive(Debug, Default)]
pub struct Table {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    pattern: Pattern,
    connector: ConnectorIndex,
    /// Orders entries: characters that are no `*`, then all of them, then the text.
    rank: (usize, usize, Box<str>),
}

impl Table {
    /// Adds what serves a pattern: an ARN or, of a function, also a partial ARN or a name; `*` stands for
    /// any text.
    pub fn add(&mut self, pattern: &str, connector: ConnectorIndex) {
        let (full, left_out) = full_pattern(pattern);
        let stars = full.matches('*').count();
        self.entries.push(Entry {
            pattern: Pattern::parse(&full),
            connector,
            rank: (full.len() - stars + left_out, full.len(), full.into()),
        });
        self.entries.sort_by(|left, right| right.rank.cmp(&left.rank));
    }

    /// Finds what serves something that has these names: the first entry with a pattern that one of them matches. A
    /// function has one with its version or alias, and one without, so that a pattern without serves them all.
    pub fn find(&self, names: &[&str]) -> Option<ConnectorIndex> {
        let is_match = |entry: &&Entry| names.iter().any(|name| entry.pattern.matches(name));
        let entry = self.entries.iter().find(is_match)?;
        Some(entry.connector)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::lambda::function::{Function, Home};

    const PATTERNS: [&str; 9] = [
        "arn:aws:lambda:*:*:function:*",
        "arn:aws:lambda:*:*:function:stock",
        "arn:aws:lambda:*:*:function:stock:live",
        "orders-*",
        "222222222222:function:orders-in",
        "pay",
        "pay:7",
        "arn:aws:states:::kafka:produce",
        "arn:aws:states:::aws-sdk:*",
    ];

    fn table() -> Table {
        let mut table = Table::default();
        for (at, pattern) in PATTERNS.iter().enumerate() {
            table.add(pattern, ConnectorIndex(at as u16));
        }
        table
    }

    fn check_function(name: &str, expected: &str) {
        let home = Home {
            region: "us-east-1".into(),
            account: "111111111111".into(),
        };
        let function = Function::parse(name, None, &home).expect("a name");
        let found = table().find(&[&function.qualified_arn(), &function.arn]);
        let found = found.map(|index| PATTERNS[index.at()]);
        assert_eq!(found, Some(expected), "{name}");
    }

    #[test]
    fn functions() {
        check_function("other", PATTERNS[0]);
        check_function("stock", PATTERNS[1]);
        check_function("stock:3", PATTERNS[1]);
        check_function("stock:live", PATTERNS[2]);
        check_function(
            "arn:aws:lambda:eu-west-1:333333333333:function:stock:live",
            PATTERNS[2],
        );
        check_function("stocks", PATTERNS[0]);
        check_function("orders-in", PATTERNS[3]);
        check_function("222222222222:function:orders-in", PATTERNS[4]);
        check_function("pay:live", PATTERNS[5]);
        check_function("pay:7", PATTERNS[6]);
    }

    #[test]
    fn resources() {
        let table = table();
        let check = |arn: &str, expected: Option<u16>| {
            assert_eq!(table.find(&[arn]), expected.map(ConnectorIndex), "{arn}");
        };
        check("arn:aws:states:::kafka:produce", Some(7));
        check("arn:aws:states:::aws-sdk:s3:getObject", Some(8));
        check("arn:aws:states:::sqs:sendMessage", None);
    }

    #[test]
    fn a_star_is_any_function_and_no_other_resource() {
        let mut table = Table::default();
        table.add("*", ConnectorIndex(0));
        assert_eq!(table.find(&["arn:aws:states:::sqs:sendMessage"]), None);
        let home = Home {
            region: "us-east-1".into(),
            account: "111111111111".into(),
        };
        let function = Function::parse("f:1", None, &home).expect("a name");
        assert_eq!(table.find(&[&function.qualified_arn()]), Some(ConnectorIndex(0)));
    }
}
