//! The wording of errors in a JSON text, after Jackson's.

use crate::value::IndexError;

pub(super) const VALUE: &str =
    ": expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
pub(super) const END_IN_STRING: &str =
    "Unexpected end-of-input: was expecting closing quote for a string value";
pub(super) const END_IN_ESCAPE: &str = "Unexpected end-of-input in character escape sequence";
pub(super) const END_IN_NUMBER: &str = "Unexpected end-of-input in a Number value";
pub(super) const LEADING_ZEROES: &str = "Invalid numeric value: Leading zeroes not allowed";
pub(super) const NO_DIGIT: &str =
    " in numeric value: expected digit (0-9) to follow minus sign, for valid numeric value";
pub(super) const NO_DECIMAL: &str = " in numeric value: Decimal point not followed by a digit";
pub(super) const NO_EXPONENT: &str = " in numeric value: Exponent indicator not followed by a digit";
pub(super) const PLUS: &str = " in numeric value: JSON spec does not allow numbers to have plus signs";
pub(super) const COMMENT: &str = ": maybe a (non-standard) comment?";

// Jackson leaves out what should stand between the two parts of these.
pub(super) const NO_DIGIT_AT_END: &str = "Unexpected end-of-inputNo digit following sign";
pub(super) const NO_EXPONENT_AT_END: &str = "Unexpected end-of-inputexpected a digit for number exponent";

// What Jackson's users could switch on.
pub(super) const NON_NUMERIC: &str = ": enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow";
pub(super) const LEADING_PLUS: &str =
    ": enable `JsonReadFeature.ALLOW_LEADING_PLUS_SIGN_FOR_NUMBERS` to allow";
pub(super) const COMMENTS: &str =
    " (not recognized as one since Feature 'ALLOW_COMMENTS' not enabled for parser)";

/// Most characters of a token that a message repeats.
const TOKEN_CHARS_MAX: usize = 256;

/// How Jackson names a text that it does not quote.
const SOURCE: &str = "REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled)";

/// Describes a character: `'x' (code 120)`. Java reads UTF-16, so what needs two units is seen as the first,
/// which has no bytes of its own.
pub(super) fn character(c: char) -> String {
    let code = c.encode_utf16(&mut [0; 2])[0];
    let shown = if u32::from(c) > 0xFFFF { '?' } else { c };
    match code {
        _ if c.is_control() => format!("(CTRL-CHAR, code {code})"),
        256.. => format!("'{shown}' (code {code} / 0x{code:x})"),
        _ => format!("'{shown}' (code {code})"),
    }
}

/// Returns the word at the beginning of a text: what Java takes for an identifier, or nothing.
pub(super) fn word(text: &str) -> &str {
    let begins = |c: char| c.is_alphabetic() || matches!(c, '_' | '$' | '¢'..='¥' | '₠'..='⃀' | '‿');
    if !text.starts_with(begins) {
        return "";
    }
    // A mark, or a control character that Java ignores, goes on.
    let goes_on = |c: char| {
        begins(c)
            || c.is_numeric()
            || matches!(c, '\0'..='\x08' | '\x0E'..='\x1B' | '\x7F'..='\u{9F}' | '\u{AD}' | '\u{300}'..='\u{36F}')
    };
    let end = text.find(|c| !goes_on(c)).unwrap_or(text.len());
    for token in ["null", "true", "false"] {
        // What is less than a digit ends a token, whatever it is.
        if text[..end]
            .strip_prefix(token)
            .is_some_and(|rest| rest.starts_with(|c| c < '0'))
        {
            return &text[..token.len()];
        }
    }
    &text[..end]
}

/// Cuts a token that is too long to be repeated.
pub(super) fn shown(token: &str) -> &str {
    let end = token.char_indices().nth(TOKEN_CHARS_MAX);
    end.map_or(token, |(end, _)| &token[..end])
}

pub(super) fn unrecognized(token: &str) -> String {
    let shown = shown(token);
    let dots = if shown.len() < token.len() { "..." } else { "" };
    format!(
        "Unrecognized token '{shown}{dots}': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
    )
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
    IndexError {
        offset,
        place: offset,
        message,
        advice: "",
    }
}

/// Describes a place in a text, which is not repeated, by line and column; both count as Java does.
pub(in crate::value) fn location(text: &[u8], offset: usize) -> String {
    let before = String::from_utf8_lossy(text.get(..offset).unwrap_or(text));
    let breaks = before.matches(['\n', '\r']).count() - before.matches("\r\n").count();
    let line = before.rsplit(['\n', '\r']).next().unwrap_or_default();
    let column = line.encode_utf16().count() + 1;
    format!("[Source: {SOURCE}; line: {}, column: {column}]", breaks + 1)
}
