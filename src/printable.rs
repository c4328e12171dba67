//! Text of others, made harmless for a terminal and for a log of text.
//!
//! What came in an event, a definition or an answer may hold control characters: they move the cursor,
//! set the window's title, turn the order of what is read, or begin a line that looks like one of ours.
//! Here they become what JSON writes for them (`\u001b`, `\n`), so that a JSON text stays one. Must not
//! know where a text goes. Invariant: no character that [`is_hidden`] is in what comes out, apart from
//! the line breaks and colours that the name of the function says.

use std::borrow::Cow;
use std::fmt::Write;

/// Returns a text as a part of one line: line breaks are escaped as well.
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, |_| 0)
}

/// Returns a text whose line breaks are meant, such as a report or a JSON document. Tabs stay as well.
pub fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |rest| usize::from(rest.starts_with(['\n', '\t'])))
}

/// Returns a text of several lines with colours that are our own: what came from others in it must have
/// gone through [`line()`] or [`lines`] before.
pub fn styled(text: &str) -> Cow<'_, str> {
    escaped(text, |rest| match rest.starts_with(['\n', '\t']) {
        true => 1,
        false => colour(rest),
    })
}

/// Says whether a character is not seen but acts: controls (C0, DEL, C1), line separators, and what turns
/// the direction of the text around it.
pub fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Escapes what is hidden, apart from what `kept` wants to keep: so many bytes of the rest.
fn escaped(text: &str, kept: impl Fn(&str) -> usize) -> Cow<'_, str> {
    let first = |from: usize| {
        let mut found = text[from..].char_indices();
        found
            .find(|(_, character)| is_hidden(*character))
            .map(|(at, character)| (from + at, character))
    };
    if text.bytes().all(is_plain) {
        return text.into();
    }
    let (mut out, mut copied, mut next) = (String::new(), 0, first(0));
    while let Some((at, character)) = next {
        let keep = kept(&text[at..]);
        if keep == 0 {
            out.push_str(&text[copied..at]);
            escape(character, &mut out);
            copied = at + character.len_utf8();
        }
        next = first(at + keep.max(character.len_utf8()));
    }
    match copied {
        0 => text.into(),
        _ => (out + &text[copied..]).into(),
    }
}

/// Says whether a byte can be no part of a hidden character.
fn is_plain(byte: u8) -> bool {
    byte >= b' ' && !matches!(byte, 0x7f | 0xc2 | 0xd8 | 0xe2 | 0xef | 0xf3)
}

fn escape(character: char, out: &mut String) {
    match character {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        // JSON writes what is above U+FFFF as two. Writing to a String cannot fail.
        other => {
            for unit in other.encode_utf16(&mut [0; 2]) {
                _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
}

/// Returns how long the colour is that a text begins with: `ESC [`, numbers, `m`.
fn colour(text: &str) -> usize {
    let Some(rest) = text.strip_prefix("\u{1b}[") else {
        return 0;
    };
    let numbers = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
    match numbers.starts_with('m') {
        true => text.len() - numbers.len() + 1,
        false => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_is_seen() {
        let texts = [
            ("plain, ünïcode, 日本語, 🎉, a\u{200d}b", None),
            (
                "\u{1b}[2J\u{1b}]0;owned\u{7}",
                Some("\\u001b[2J\\u001b]0;owned\\u0007"),
            ),
            ("\u{9b}31m\u{7f}\0", Some("\\u009b31m\\u007f\\u0000")),
            ("a\u{202e}b\u{2066}c\u{200f}", Some("a\\u202eb\\u2066c\\u200f")),
            ("a\u{2028}b\u{85}c", Some("a\\u2028b\\u0085c")),
            ("a\r\nb\tc", Some("a\\r\\nb\\tc")),
            ("\u{1b}[31mred\u{1b}[0m", Some("\\u001b[31mred\\u001b[0m")),
            ("é\u{c2}\u{e2}", None),
            ("", None),
        ];
        for (text, wanted) in texts {
            assert_eq!(line(text), wanted.unwrap_or(text));
        }
    }

    #[test]
    fn what_is_meant_stays() {
        assert_eq!(lines("a\n\tb\r\u{1b}[1mc\n"), "a\n\tb\\r\\u001b[1mc\n");
        assert_eq!(
            styled("\u{1b}[1;31mred\u{1b}[0m\n\u{1b}[2J\u{1b}[1"),
            "\u{1b}[1;31mred\u{1b}[0m\n\\u001b[2J\\u001b[1"
        );
        // A JSON text stays one, with the same value.
        let text = "{\"a\":\n\"\u{9b}\u{202e}\u{7f}\"}";
        let before: serde_json::Value = serde_json::from_str(text).expect("JSON");
        let after = lines(text);
        assert!(!after.chars().any(|c| is_hidden(c) && c != '\n'), "{after}");
        let after: serde_json::Value = serde_json::from_str(&after).expect("JSON");
        assert_eq!(before, after);
    }

    #[test]
    fn each_hidden_character_is_escaped_as_json_does() {
        for character in ('\0'..=char::MAX).filter(|character| is_hidden(*character)) {
            let text = character.to_string();
            let shown = line(&text);
            let back: Result<String, _> = serde_json::from_str(&format!("\"{shown}\""));
            assert!(
                !shown.contains(is_hidden) && back.ok() == Some(text),
                "{character:?}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_hidden_is_left(text in "\\PC*|[\\x00-\\x{ff}\\u{2000}-\\u{2070}]*") {
            proptest::prop_assert!(!line(&text).chars().any(is_hidden));
            proptest::prop_assert_eq!(line(&text).len() == text.len(), !text.chars().any(is_hidden));
        }
    }
}
