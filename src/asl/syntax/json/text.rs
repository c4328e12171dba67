//! Reads one quoted JSON text.

use crate::asl::syntax::Span;

/// How a text ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextEnd {
    /// With its quote.
    Quote,
    /// At the end of the line, or of the definition.
    Missing,
}

/// A quoted text as read.
pub(crate) struct QuotedText {
    /// The decoded text.
    pub(crate) text: String,
    /// Where reading goes on.
    pub(crate) end: usize,
    pub(crate) how: TextEnd,
    /// Faults inside: place, message, help.
    pub(crate) problems: Vec<(Span, String, &'static str)>,
}

/// Reads the text whose quote, single or double, stands at `start`.
pub(crate) fn read(source: &str, start: usize) -> QuotedText {
    let quote = source[start..].chars().next().unwrap_or('"');
    let mut out = QuotedText {
        text: String::new(),
        end: start + 1,
        how: TextEnd::Missing,
        problems: Vec::new(),
    };
    while let Some(character) = source[out.end..].chars().next() {
        match character {
            _ if character == quote => {
                out.end += 1;
                out.how = TextEnd::Quote;
                return out;
            }
            '\n' | '\r' => break,
            '\\' => out.escape(source, quote),
            control if control < ' ' => {
                let message = format!(
                    "The control character {} must be escaped",
                    control.escape_default()
                );
                out.problems
                    .push((out.end..out.end + 1, message, "write it as \\t or \\u00XX"));
                out.text.push(control);
                out.end += 1;
            }
            other => {
                out.text.push(other);
                out.end += other.len_utf8();
            }
        }
    }
    out.back_to_structure(source, start);
    out
}

impl QuotedText {
    fn escape(&mut self, source: &str, quote: char) {
        let at = self.end;
        let Some(escaped) = source[at + 1..].chars().next() else {
            self.end = source.len();
            return;
        };
        self.end = at + 1 + escaped.len_utf8();
        let decoded = match escaped {
            '"' | '\\' | '/' => escaped,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                self.unicode(source, at);
                return;
            }
            '\n' | '\r' => {
                self.end = at + 1;
                return;
            }
            other => {
                if other != quote {
                    let message = format!("JSON has no escape '\\{}'", other.escape_default());
                    self.problems
                        .push((at..self.end, message, "write a backslash as \\\\"));
                }
                other
            }
        };
        self.text.push(decoded);
    }

    /// Reads `\uXXXX`, two of them for a pair of surrogates.
    fn unicode(&mut self, source: &str, at: usize) {
        let Some(high) = hex4(source, at) else {
            let message = "Expected four hexadecimal digits after '\\u'".to_owned();
            self.problems.push((at..self.end, message, ""));
            return;
        };
        self.end = at + 6;
        let pair = hex4(source, self.end)
            .filter(|low| (0xD800..0xDC00).contains(&high) && (0xDC00..0xE000).contains(low));
        let code = match pair {
            Some(low) => {
                self.end += 6;
                0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00)
            }
            None => high,
        };
        // A lone surrogate is no character; JSON readers put the replacement character in its place.
        self.text
            .push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
    }

    /// Ends an unclosed text before the comma or bracket that ends its line, which cannot be meant as
    /// part of it.
    fn back_to_structure(&mut self, source: &str, start: usize) {
        let line = source[start..self.end].trim_end();
        let kept = line.trim_end_matches([',', '}', ']', ' ', '\t']);
        if kept.len() > 1 && !self.text.is_empty() {
            let cut = line.len() - kept.len();
            let text_end = self.text.trim_end().len().saturating_sub(cut);
            if self.text.is_char_boundary(text_end) {
                self.text.truncate(text_end);
                self.end = start + kept.len();
            }
        }
    }
}

/// Reads `\uXXXX` at an offset.
fn hex4(source: &str, at: usize) -> Option<u32> {
    let digits = source.get(at..at + 6)?.strip_prefix("\\u")?;
    let all_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u32::from_str_radix(digits, 16).ok().filter(|_| all_hex)
}
