//! Where the characters of a text that a file quotes stand in that file.
//!
//! A reader gives a text and the place of its notation: quoted, with escapes, or in a block with indentation.
//! This walks both side by side. Whatever it cannot follow stands for the place as a whole, so a position is
//! coarse at worst, never wrong. Must not know what the text means.

use super::mapped::Mapped;
use crate::asl::syntax::Span;

/// Returns a text with the places of its characters. `span` is where its notation stands in the file.
pub(super) fn trace(file: &str, span: &Span, text: &str) -> Mapped {
    let notation = file.get(span.clone()).unwrap_or_default();
    // A tag or an anchor may stand before it.
    let mut bare = notation;
    while bare.starts_with(['!', '&']) {
        bare = bare.trim_start_matches(|c: char| !c.is_whitespace()).trim_start();
    }
    let start = span.start + notation.len() - bare.len();
    follow(bare, start, text).unwrap_or_else(|| Mapped::standing_for(text, span.clone()))
}

/// How a text is noted down.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Notation {
    DoubleQuotes,
    SingleQuotes,
    /// A block of YAML, or a plain scalar.
    Bare,
}

fn follow(notation: &str, start: usize, text: &str) -> Option<Mapped> {
    let (kind, mut at) = match notation.as_bytes().first()? {
        b'"' => (Notation::DoubleQuotes, 1),
        b'\'' => (Notation::SingleQuotes, 1),
        // The first line of a block says how it is read.
        b'|' | b'>' => (Notation::Bare, notation.find('\n')?),
        _ => (Notation::Bare, 0),
    };
    let mut out = Mapped::default();
    for character in text.chars() {
        loop {
            let rest = &notation[at..];
            let Some(found) = rest.chars().next() else {
                // What ends a block is no part of its place.
                if kind != Notation::Bare || !character.is_whitespace() {
                    return None;
                }
                out.stand_in(character.encode_utf8(&mut [0; 4]), start + at..start + at);
                break;
            };
            let escape = match (kind, found) {
                (Notation::DoubleQuotes, '\\') => Some(escape(rest)?),
                (Notation::SingleQuotes, '\'') => rest.starts_with("''").then_some((Some('\''), 2)),
                _ => None,
            };
            if let Some((decoded, length)) = escape {
                let place = start + at..start + at + length;
                at += length;
                match decoded {
                    // A line that goes on in the next one.
                    None => continue,
                    Some(decoded) if decoded == character => {
                        out.stand_in(character.encode_utf8(&mut [0; 4]), place);
                        break;
                    }
                    Some(_) => return None,
                }
            }
            if found == character {
                out.copy(&rest[..found.len_utf8()], start + at);
                at += found.len_utf8();
                break;
            }
            if found.is_whitespace() {
                // Indentation, or a line break that is folded.
                at += found.len_utf8();
            } else if character.is_whitespace() {
                out.stand_in(character.encode_utf8(&mut [0; 4]), start + at..start + at);
                break;
            } else {
                return None;
            }
        }
    }
    Some(out)
}

/// Reads an escape of JSON or YAML: what it stands for (nothing, at the end of a line), and its length.
fn escape(text: &str) -> Option<(Option<char>, usize)> {
    let mut characters = text.chars();
    let escaped = characters.nth(1)?;
    let simple = match escaped {
        '"' | '\\' | '/' | ' ' | '\t' => escaped,
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        '0' => '\0',
        'a' => '\u{7}',
        'e' => '\u{1b}',
        'v' => '\u{b}',
        'N' => '\u{85}',
        '_' => '\u{a0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        '\n' => return Some((None, 2)),
        '\r' => return Some((None, if text[2..].starts_with('\n') { 3 } else { 2 })),
        'x' => return coded(text, 2),
        'U' => return coded(text, 8),
        'u' => return unicode(text),
        _ => return None,
    };
    Some((Some(simple), 1 + escaped.len_utf8()))
}

fn coded(text: &str, digits: usize) -> Option<(Option<char>, usize)> {
    let code = u32::from_str_radix(text.get(2..2 + digits)?, 16).ok()?;
    Some((Some(char::from_u32(code)?), 2 + digits))
}

/// Reads `\uXXXX`, two of them for a pair of surrogates.
fn unicode(text: &str) -> Option<(Option<char>, usize)> {
    if let Some(single) = coded(text, 4) {
        return Some(single);
    }
    let high = u32::from_str_radix(text.get(2..6)?, 16).ok()?;
    let low = u32::from_str_radix(text.get(6..12)?.strip_prefix("\\u")?, 16).ok()?;
    let is_pair = (0xD800..0xDC00).contains(&high) && (0xDC00..0xE000).contains(&low);
    let code = is_pair.then(|| 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00))?;
    Some((Some(char::from_u32(code)?), 12))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks where a part of a text stands in its notation.
    #[track_caller]
    fn check(notation: &str, text: &str, part: &str, stands: &str) {
        let traced = trace(notation, &(0..notation.len()), text);
        assert_eq!(traced.text(), text);
        let at = text.find(part).expect("a part");
        let place = traced.place(&(at..at + part.len()));
        assert_eq!(&notation[place], stands, "{notation}");
    }

    #[test]
    fn notations_are_followed() {
        check(r#""{\"a\":1}""#, r#"{"a":1}"#, "1", "1");
        check(r#""{\"a\":1}""#, r#"{"a":1}"#, "\"a\"", "\\\"a\\\"");
        check(r#""\ud83d\ude00b""#, "\u{1F600}b", "\u{1F600}", "\\ud83d\\ude00");
        check("'it''s'", "it's", "s", "s");
        check(
            "|-\n    {\n      \"a\": 1\n    }",
            "{\n  \"a\": 1\n}",
            "\"a\": 1",
            "\"a\": 1",
        );
        check(">\n    one\n    two\n", "one two\n", "two", "two");
        check("\"one\n   two \\\n   three\"", "one two three", "three", "three");
    }

    #[test]
    fn what_cannot_be_followed_is_the_whole() {
        check("\"\\ud800b\"", "\u{FFFD}b", "b", "\"\\ud800b\"");
    }
}
