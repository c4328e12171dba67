//! `$encodeUrl`, `$decodeUrl` and their forms for components: JavaScript's `encodeURI` and its kin.

use crate::jsonata::Error;
use crate::jsonata::function::Text;
use crate::jsonata::function::error::of_text;
use std::fmt::Write;

/// Whether a text is a whole URL, whose delimiters stay, or a component of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whole {
    /// `$encodeUrl`, `$decodeUrl`
    Url,
    /// `$encodeUrlComponent`, `$decodeUrlComponent`
    Component,
}

/// Whether a byte delimits the parts of a URL.
fn is_reserved(byte: u8) -> bool {
    b";/?:@&=+$,#".contains(&byte)
}

/// Writes a text with everything escaped that a URL cannot hold.
///
/// # Errors
///
/// The memory bound.
pub fn encode(text: &str, whole: Whole, out: &mut Text<'_>) -> Result<(), Error> {
    for byte in text.bytes() {
        let is_plain = byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte);
        if is_plain || (whole == Whole::Url && is_reserved(byte)) {
            out.push(char::from(byte))?;
        } else {
            write!(out, "%{byte:02X}")?;
        }
    }
    Ok(())
}

/// Writes a text with its escapes read; those of delimiters stay in a whole URL.
///
/// # Errors
///
/// D3140 for a broken escape or bytes that are not UTF-8, the memory bound.
pub fn decode(text: &str, whole: Whole, out: &mut Text<'_>) -> Result<(), Error> {
    let name = match whole {
        Whole::Url => "decodeUrl",
        Whole::Component => "decodeUrlComponent",
    };
    let malformed = || of_text("D3140", text).with_element(name);
    let mut rest = text;
    while let Some((before, escapes)) = rest.split_once('%') {
        out.push_str(before)?;
        let (character, length) = escaped(escapes).ok_or_else(malformed)?;
        match u8::try_from(character) {
            Ok(byte) if whole == Whole::Url && is_reserved(byte) => {
                out.push('%')?;
                out.push_str(&escapes[..length])?;
            }
            _ => out.push(character)?,
        }
        rest = &escapes[length..];
    }
    out.push_str(rest)
}

/// Reads the character that escapes begin with, the first one's `%` being read; and how long they are.
fn escaped(text: &str) -> Option<(char, usize)> {
    let first = escaped_byte(text.as_bytes())?;
    let count = match first.leading_ones() {
        0 => return Some((char::from(first), 2)),
        count @ 2..=4 => count as usize,
        _ => return None,
    };
    let mut bytes = [first, 0, 0, 0];
    for (index, byte) in bytes.iter_mut().enumerate().take(count).skip(1) {
        let escape = text.as_bytes().get(index * 3 - 1..)?;
        *byte = escaped_byte(escape.strip_prefix(b"%")?)?;
    }
    let character = std::str::from_utf8(&bytes[..count]).ok()?.chars().next()?;
    Some((character, count * 3 - 1))
}

fn escaped_byte(text: &[u8]) -> Option<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    Some((digit(text.first()?)? * 16 + digit(text.get(1)?)?) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jsonata::function::text::written;

    #[test]
    fn urls_and_components() {
        let url = "https://mozilla.org/?x=шел лы&y=%";
        let encoded = "https://mozilla.org/?x=%D1%88%D0%B5%D0%BB%20%D0%BB%D1%8B&y=%25";
        assert_eq!(
            written(|out| encode(url, Whole::Url, out)).as_deref(),
            Ok(encoded)
        );
        assert_eq!(
            written(|out| decode(encoded, Whole::Url, out)).as_deref(),
            Ok(url)
        );
        assert_eq!(
            written(|out| encode("?x=é", Whole::Component, out)).as_deref(),
            Ok("%3Fx%3D%C3%A9")
        );
        assert_eq!(
            written(|out| decode("%3fx%3D%41", Whole::Url, out)).as_deref(),
            Ok("%3fx%3DA")
        );
        assert_eq!(
            written(|out| decode("%3fx%3D%41", Whole::Component, out)).as_deref(),
            Ok("?x=A")
        );
    }

    #[test]
    fn malformed_escapes() {
        for text in [
            "%E0%A4%A",
            "%",
            "%4",
            "%g1",
            "%80",
            "%C3",
            "%C3é",
            "%ED%A0%80",
            "%C0%80",
            "%F8%80%80%80%80",
        ] {
            let error = written(|out| decode(text, Whole::Url, out)).unwrap_err();
            assert_eq!(error.code(), "D3140", "{text}");
            assert_eq!(
                error.text(),
                format!("Malformed URL passed to $decodeUrl(): \"{text}\"")
            );
        }
    }
}
