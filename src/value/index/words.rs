//! The wording of errors in a JSON text, after Jackson's.

use crate::value::IndexError;

pub(super) const VALUE: &str =
    ": expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
pub(super) const END_IN_STRING: &str =
    "Unexpected end-of-input: was expecting closing quote for a string value";
pub(super) const END_IN_ESCAPE: &str = "Unexpected end-of-input in character escape sequence";
pub(super) const LEADING_ZEROES: &str = "Invalid numeric value: Leading zeroes not allowed";

/// Most characters of a token or a source that a message repeats.
const TOKEN_CHARS_MAX: usize = 256;
const SOURCE_CHARS_MAX: usize = 500;

/// Describes a character: `'x' (code 120)`.
pub(super) fn character(c: char) -> String {
    let code = u32::from(c);
    match code {
        _ if c.is_control() => format!("(CTRL-CHAR, code {code})"),
        256.. => format!("'{c}' (code {code} / 0x{code:x})"),
        _ => format!("'{c}' (code {code})"),
    }
}

pub(super) fn unrecognized(token: &str) -> String {
    let (token, dots) = match token.char_indices().nth(TOKEN_CHARS_MAX) {
        Some((end, _)) => (&token[..end], "..."),
        None => (token, ""),
    };
    format!(
        "Unrecognized token '{token}{dots}': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
    )
}

pub(super) fn non_standard(token: &str) -> String {
    format!("Non-standard token '{token}': enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow")
}

pub(super) fn control_in_string(c: char, what: &str) -> String {
    format!(
        "Illegal unquoted character ({}): has to be escaped using backslash to be included in {what}",
        character(c)
    )
}

pub(super) fn control_between(c: char) -> String {
    format!(
        "Illegal character ({}): only regular white space (\\r, \\n, \\t) is allowed between tokens",
        character(c)
    )
}

/// Describes a byte sequence that is no UTF-8.
pub(super) fn utf8(text: &[u8], offset: usize) -> IndexError {
    let first = text.get(offset).copied().unwrap_or(0);
    let message = match (first, text.get(offset + 1)) {
        (0xC2..=0xF4, Some(middle)) => format!("Invalid UTF-8 middle byte 0x{middle:x}"),
        _ => format!("Invalid UTF-8 start byte 0x{first:x}"),
    };
    IndexError { offset, message }
}

/// Describes a place in a text: its beginning, then line and column.
pub(super) fn location(text: &str, offset: usize) -> String {
    let before = &text[..offset];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let (shown, cut) = match text.char_indices().nth(SOURCE_CHARS_MAX) {
        Some((end, _)) => (
            &text[..end],
            format!("[truncated {} chars]", text[end..].chars().count()),
        ),
        None => (text, String::new()),
    };
    format!("[Source: (String)\"{shown}\"{cut}; line: {line}, column: {column}]")
}
