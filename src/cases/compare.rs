//! Comparing what came with what is expected.
//!
//! The rules are those of the conformance corpus: numbers by value, objects in any order, placeholders
//! stand for anything, and a Standard execution's ARN is as good as the Express one of the same run.

use super::play::Difference;
use crate::asl::syntax::{self, Node, Value};
use crate::value::compare_numbers;
use std::collections::BTreeMap;

/// Differences after which a case is not looked at any further: more are noise.
pub(super) const DIFFERENCES_MAX: usize = 10;

/// What counts as equal.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
    /// Texts that stand for anything.
    pub(super) placeholders: Vec<String>,
    /// The run's own ARN, as Express and as Standard; empty when that makes a difference.
    pub(super) arns: (String, String),
}

/// How much of an expected object has to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// All of it and nothing else.
    Whole,
    /// All of it; members that are not expected are allowed at every level.
    Part,
}

impl Rules {
    /// Says whether two values are equal.
    pub(super) fn equal(&self, expected: &Node, actual: &Node, extent: Extent) -> bool {
        self.differences("", expected, actual, extent).is_empty()
    }

    /// Returns where two values differ.
    pub(super) fn differences(
        &self,
        what: &str,
        expected: &Node,
        actual: &Node,
        extent: Extent,
    ) -> Vec<Difference> {
        let mut comparison = Comparison {
            rules: self,
            what,
            extent,
            out: Vec::new(),
        };
        comparison.compare(&Path::Root, expected, actual);
        comparison.out
    }

    /// Says whether a text is the expected one.
    pub(super) fn texts_match(&self, expected: &str, actual: &str) -> bool {
        let (express, standard) = &self.arns;
        expected == actual
            || matches(expected, actual, &self.placeholders)
            || (!express.is_empty()
                && actual.contains(express.as_str())
                && matches(
                    expected,
                    &actual.replace(express.as_str(), standard),
                    &self.placeholders,
                ))
    }

    /// Compares causes: as values where both are objects as text, else as texts.
    pub(super) fn cause_differences(&self, expected: &str, actual: &str) -> Vec<Difference> {
        if let (Some(wanted), Some(given)) = (object(expected), object(actual)) {
            return self.differences("cause", &wanted, &given, Extent::Whole);
        }
        if self.texts_match(expected, actual) {
            return Vec::new();
        }
        vec![Difference::new(
            "cause",
            Some(expected.to_owned()),
            Some(actual.to_owned()),
        )]
    }
}

/// Reads a text that holds a JSON object.
fn object(text: &str) -> Option<Node> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    let reading = syntax::json::read(text, &BTreeMap::new());
    reading
        .root
        .filter(|root| reading.problems.is_empty() && root.as_object().is_some())
}

/// Where two values are compared.
enum Path<'a> {
    Root,
    Key(&'a Path<'a>, &'a str),
    Index(&'a Path<'a>, usize),
}

impl Path<'_> {
    fn write(&self, out: &mut String) {
        match self {
            Path::Root => out.push('$'),
            Path::Key(parent, key) => {
                parent.write(out);
                let plain = key.chars().all(|c| c.is_alphanumeric() || c == '_') && !key.is_empty();
                out.push_str(&if plain {
                    format!(".{key}")
                } else {
                    format!("['{key}']")
                });
            }
            Path::Index(parent, index) => {
                parent.write(out);
                out.push_str(&format!("[{index}]"));
            }
        }
    }
}

struct Comparison<'a> {
    rules: &'a Rules,
    what: &'a str,
    extent: Extent,
    out: Vec<Difference>,
}

impl Comparison<'_> {
    fn compare(&mut self, path: &Path<'_>, expected: &Node, actual: &Node) {
        if self.out.len() >= DIFFERENCES_MAX {
            return;
        }
        let same = match (&expected.value, &actual.value) {
            (Value::Text(text), _) if self.rules.placeholders.contains(text) => true,
            (Value::Object(_), Value::Object(_)) => return self.objects(path, expected, actual),
            (Value::Array(wanted), Value::Array(given)) => return self.arrays(path, wanted, given),
            (Value::Text(wanted), Value::Text(given)) => self.rules.texts_match(wanted, given),
            (Value::Number(wanted), Value::Number(given)) => {
                compare_numbers(wanted.as_bytes(), given.as_bytes()).is_eq()
            }
            (wanted, given) => wanted == given,
        };
        if !same {
            self.differ(path, Some(expected), Some(actual));
        }
    }

    fn objects(&mut self, path: &Path<'_>, expected: &Node, actual: &Node) {
        for member in expected.as_object().unwrap_or_default() {
            let path = Path::Key(path, &member.key);
            match actual.get(&member.key) {
                Some(given) => self.compare(&path, &member.value, given),
                None => self.differ(&path, Some(&member.value), None),
            }
        }
        if self.extent == Extent::Part {
            return;
        }
        for member in actual.as_object().unwrap_or_default() {
            if expected.get(&member.key).is_none() {
                self.differ(&Path::Key(path, &member.key), None, Some(&member.value));
            }
        }
    }

    fn arrays(&mut self, path: &Path<'_>, expected: &[Node], actual: &[Node]) {
        for at in 0..expected.len().max(actual.len()) {
            let path = Path::Index(path, at);
            match (expected.get(at), actual.get(at)) {
                (Some(wanted), Some(given)) => self.compare(&path, wanted, given),
                (wanted, given) => self.differ(&path, wanted, given),
            }
        }
    }

    fn differ(&mut self, path: &Path<'_>, expected: Option<&Node>, actual: Option<&Node>) {
        if self.out.len() >= DIFFERENCES_MAX {
            return;
        }
        let mut difference =
            Difference::new(self.what, expected.map(Node::to_json), actual.map(Node::to_json));
        path.write(&mut difference.path);
        self.out.push(difference);
    }
}

/// Says whether a text matches a pattern in which each placeholder stands for one or more characters.
fn matches(pattern: &str, text: &str, placeholders: &[String]) -> bool {
    let next = placeholders
        .iter()
        .filter(|placeholder| !placeholder.is_empty())
        .filter_map(|placeholder| Some((pattern.find(placeholder.as_str())?, placeholder.len())))
        .min_by_key(|&(at, length)| (at, std::cmp::Reverse(length)));
    let Some((at, length)) = next else {
        return pattern == text;
    };
    let Some(rest) = text.strip_prefix(&pattern[..at]) else {
        return false;
    };
    let pattern = &pattern[at + length..];
    let mut ends = rest
        .char_indices()
        .map(|(at, character)| at + character.len_utf8());
    ends.any(|end| matches(pattern, &rest[end..], placeholders))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(text: &str) -> Node {
        syntax::json::read(text, &BTreeMap::new()).root.unwrap()
    }

    fn check(expected: &str, actual: &str, extent: Extent, wanted: &[&str]) {
        let rules = Rules {
            placeholders: vec!["<a>".to_owned(), "<b>".to_owned()],
            arns: Default::default(),
        };
        let found = rules.differences("output", &node(expected), &node(actual), extent);
        let paths: Vec<&str> = found.iter().map(|difference| difference.path.as_str()).collect();
        assert_eq!(paths, wanted, "{expected} {actual}");
    }

    #[test]
    fn values() {
        check(
            r#"{"a": 1, "b": [1.0, "x"]}"#,
            r#"{"b": [1, "x"], "a": 1e0}"#,
            Extent::Whole,
            &[],
        );
        check(
            r#"{"a": {"b c": 1}}"#,
            r#"{"a": {"b c": "1"}}"#,
            Extent::Whole,
            &["$.a['b c']"],
        );
        check(r#"{"a": 1}"#, r#"{"a": 1, "b": 2}"#, Extent::Whole, &["$.b"]);
        check(r#"{"a": 1}"#, r#"{"a": 1, "b": 2}"#, Extent::Part, &[]);
        check("[1, 2]", "[1]", Extent::Whole, &["$[1]"]);
    }

    #[test]
    fn placeholders() {
        check(
            r#"["<a>", "x<a>-<b>"]"#,
            r#"[{"any": 1}, "x1-2-3"]"#,
            Extent::Whole,
            &[],
        );
        check(
            r#"["x<a>y", "<c>"]"#,
            r#"["xy", "1"]"#,
            Extent::Whole,
            &["$[0]", "$[1]"],
        );
    }
}
