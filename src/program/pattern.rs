//! `StringMatches`.

/// A `StringMatches` pattern: literal parts with any run of characters between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// The literals, decoded; a pattern without `*` has one, and each `*` adds one (perhaps empty).
    pub parts: Vec<Box<str>>,
}

impl Pattern {
    /// Reads a pattern: `*` is any run of characters, `\*` a star, `\\` a backslash.
    pub fn parse(text: &str) -> Pattern {
        let mut parts = vec![String::new()];
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let literal = match character {
                '*' => {
                    parts.push(String::new());
                    continue;
                }
                '\\' if matches!(characters.peek(), Some('*' | '\\')) => characters.next().unwrap_or('\\'),
                other => other,
            };
            if let Some(part) = parts.last_mut() {
                part.push(literal);
            }
        }
        Pattern {
            parts: parts.into_iter().map(String::into_boxed_str).collect(),
        }
    }

    /// Says whether a text matches; linear in the text for each part.
    pub fn matches(&self, text: &str) -> bool {
        let Some((first, rest)) = self.parts.split_first() else {
            return text.is_empty();
        };
        let Some((last, middle)) = rest.split_last() else {
            return text == &**first;
        };
        let Some(mut text) = text.strip_prefix(&**first) else {
            return false;
        };
        for part in middle {
            let Some(at) = text.find(&**part) else {
                return false;
            };
            text = &text[at + part.len()..];
        }
        text.ends_with(&**last)
    }
}
