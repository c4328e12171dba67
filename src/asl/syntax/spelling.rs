//! Where the characters of a text stand in the source that spells it: between quotes, with escapes, folded over
//! lines, with placeholders filled in.
//!
//! Knows how JSON and YAML write a text, not what stands in it. Invariant: every place lies inside the text's span.

use std::collections::BTreeMap;

use super::{Span, substitute};

/// The places of a text's characters.
pub(crate) struct Spelling {
    /// Where the character that holds this byte of the text begins in the source; one more for the end.
    starts: Vec<usize>,
}

/// How a text is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    /// In double quotes: a backslash begins an escape.
    Escaped,
    /// In single quotes: a quote is doubled.
    Doubled,
    /// Without quotes: in one line, over several, or as a block below `|` or `>`.
    Plain,
}

struct Walk<'a> {
    source: &'a str,
    at: usize,
    end: usize,
    style: Style,
    substitutions: &'a BTreeMap<String, String>,
}

impl Spelling {
    /// Finds the characters of a text in its source; `None` where source and text do not agree.
    pub(crate) fn new(
        text: &str,
        source: &str,
        span: &Span,
        substitutions: &BTreeMap<String, String>,
    ) -> Option<Spelling> {
        let mut walk = Walk::new(source, span, substitutions)?;
        let mut starts = Vec::with_capacity(text.len() + 1);
        while starts.len() < text.len() {
            let rest = &text[starts.len()..];
            if let Some((length, value)) = walk.placeholder(rest) {
                starts.extend(std::iter::repeat_n(walk.at, value));
                walk.at += length;
                continue;
            }
            let character = rest.chars().next()?;
            let (start, length) = walk.spelled(character)?;
            starts.extend(std::iter::repeat_n(start, character.len_utf8()));
            walk.at = start + length;
        }
        starts.push(walk.at.min(span.end));
        Some(Spelling { starts })
    }

    /// Returns where a part of the text stands in the source.
    pub(crate) fn span(&self, part: &Span) -> Span {
        let last = self.starts.len() - 1;
        let start = self.starts[part.start.min(last)];
        let end = self.starts[part.end.min(last)];
        start..end.max(start)
    }
}

impl<'a> Walk<'a> {
    fn new(source: &'a str, span: &Span, substitutions: &'a BTreeMap<String, String>) -> Option<Walk<'a>> {
        let own = source.get(span.clone())?;
        let (style, head) = match own.as_bytes().first()? {
            b'"' => (Style::Escaped, 1),
            b'\'' => (Style::Doubled, 1),
            // What follows the sign of a block is its indentation and how it ends.
            b'|' | b'>' => (Style::Plain, own.find('\n')? + 1),
            _ => (Style::Plain, 0),
        };
        Some(Walk {
            source,
            at: span.start + head,
            end: span.end,
            style,
            substitutions,
        })
    }

    fn rest(&self) -> &'a str {
        &self.source[self.at..self.end]
    }

    /// Returns the length of the placeholder that stands here, and of the value that the text has for it.
    fn placeholder(&self, text: &str) -> Option<(usize, usize)> {
        let name = substitute::name_at(self.rest())?;
        let value = self.substitutions.get(name)?;
        text.starts_with(value.as_str())
            .then(|| (name.len() + "${}".len(), value.len()))
    }

    /// Returns where a character is spelled, and in how many bytes.
    fn spelled(&mut self, character: char) -> Option<(usize, usize)> {
        loop {
            let rest = self.rest();
            let Some(found) = rest.chars().next() else {
                // The last line of a block may have been given a break of its own.
                return character.is_whitespace().then_some((self.at, 0));
            };
            match self.style {
                Style::Escaped if found == '\\' => match self.escape(character) {
                    Some(length) => return Some((self.at, length)),
                    None => continue,
                },
                Style::Doubled if character == '\'' && rest.starts_with("''") => return Some((self.at, 2)),
                _ => {}
            }
            match (found.is_whitespace(), character.is_whitespace()) {
                _ if found == character => return Some((self.at, found.len_utf8())),
                // Lines were folded into one.
                (true, true) => {
                    let blanks = rest.len() - rest.trim_start().len();
                    return Some((self.at, blanks));
                }
                (true, false) => self.at += found.len_utf8(),
                (false, true) => return Some((self.at, 0)),
                (false, false) => return None,
            }
        }
    }

    /// Returns the length of the escape that stands here; `None` where it joins two lines and was passed.
    fn escape(&mut self, character: char) -> Option<usize> {
        let rest = self.rest();
        let letter = rest[1..].chars().next()?;
        let length = match letter {
            'x' => 4,
            'u' if character.len_utf16() == 2 && rest.get(6..8) == Some("\\u") => 12,
            'u' => 6,
            'U' => 10,
            '\n' | '\r' => {
                let next = &rest[1..];
                self.at += 1 + next.len() - next.trim_start().len();
                return None;
            }
            other => 1 + other.len_utf8(),
        };
        Some(length.min(rest.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{json, yaml};
    use super::*;

    /// Reads a text and looks up where a part of it stands.
    #[track_caller]
    fn check(source: &str, is_yaml: bool, part: &str, expected: &str) {
        let substitutions = BTreeMap::from([("Name".to_owned(), "a longer value".to_owned())]);
        let mut reading = match is_yaml {
            true => yaml::read(source, &substitutions),
            false => json::read(source, &substitutions),
        };
        let root = reading.root.as_mut().expect("a tree");
        substitute::fill_tree(root, &substitutions, source);
        let node = root.get("a").expect("a member");
        let text = node.as_text().expect("a text");
        let spelling = Spelling::new(text, source, &node.span, &substitutions).expect("a spelling");
        let start = text.find(part).unwrap_or_else(|| panic!("{part} in {text:?}"));
        let span = spelling.span(&(start..start + part.len()));
        assert_eq!(&source[span], expected, "{part} of {text:?}");
        assert!(spelling.span(&(text.len()..text.len())).end <= node.span.end);
    }

    #[test]
    fn texts_in_json() {
        check(r#"{"a": "one two"}"#, false, "two", "two");
        check(r#"{"a": "\"q\" \\d two"}"#, false, "two", "two");
        check(r#"{"a": "\"q\" \\d two"}"#, false, "\\d", r"\\d");
        check(
            r#"{"a": "\u00e4\ud83d\ude00x two"}"#,
            false,
            "\u{1f600}x",
            r"\ud83d\ude00x",
        );
        check("{\"a\": \"\u{e4}\u{1f600} two\"}", false, "two", "two");
        check(r#"{"a": "\ttwo\n"}"#, false, "two", "two");
        check(r#"{"a": "one ${Name} two"}"#, false, "two", "two");
        check(r#"{"a": "one ${Name} two"}"#, false, "longer", "");
        check(r#"{"a": "one ${Other} two"}"#, false, "two", "two");
    }

    #[test]
    fn texts_in_yaml() {
        for source in [
            "a: one two",
            "a: 'it''s two'",
            "a: \"\\x41\\u0042 two\"",
            "a: \"one \\\n  two\"",
            "a: \"one\n\n  two\"",
            "a: one\n  two",
            "a: |-\n  one\n   two\nb: 1",
            "a: >\n  one\n  two\n\nb: 1",
            "a: |2\n   one\n\n  two\n",
            "a: 'one ${Name} two'",
        ] {
            check(source, true, "two", "two");
        }
        check("a: 'it''s two'", true, "'s", "''s");
    }
}
