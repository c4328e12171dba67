//! Functions that write a text anew: case, `$trim`, `$pad`, `$join`; and the order of texts.

use crate::jsonata::Error;
use crate::jsonata::function::Text;
use std::cmp::Ordering;

/// Writes a text in upper case, by the full rules of Unicode.
///
/// # Errors
///
/// The memory bound.
pub fn uppercase(text: &str, out: &mut Text<'_>) -> Result<(), Error> {
    if text.is_ascii() {
        return out.push_ascii(text, str::make_ascii_uppercase);
    }
    text.chars()
        .flat_map(char::to_uppercase)
        .try_for_each(|character| out.push(character))
}

/// Writes a text in lower case, by the full rules of Unicode.
///
/// # Errors
///
/// The memory bound.
pub fn lowercase(text: &str, out: &mut Text<'_>) -> Result<(), Error> {
    if text.is_ascii() {
        return out.push_ascii(text, str::make_ascii_lowercase);
    }
    if !text.contains('Σ') {
        return text
            .chars()
            .flat_map(char::to_lowercase)
            .try_for_each(|character| out.push(character));
    }
    // Whether a sigma is a final one takes a look around it, which the library has for whole texts only.
    out.fits(text.len())?;
    out.push_str(&text.to_lowercase())
}

/// Writes a text with each run of blanks, tabs and line ends as one blank, and none at either end.
///
/// # Errors
///
/// The memory bound.
pub fn trim(text: &str, out: &mut Text<'_>) -> Result<(), Error> {
    let words = text
        .split([' ', '\t', '\n', '\r'])
        .filter(|word| !word.is_empty());
    for (index, word) in words.enumerate() {
        out.push_str(if index == 0 { "" } else { " " })?;
        out.push_str(word)?;
    }
    Ok(())
}

/// Writes a text with padding up to a width in characters: behind it, or before it if the width is negative.
///
/// # Errors
///
/// The memory bound, before anything is written.
pub fn pad(text: &str, width: f64, padding: Option<&str>, out: &mut Text<'_>) -> Result<(), Error> {
    let padding = padding.filter(|padding| !padding.is_empty()).unwrap_or(" ");
    // NaN is no width; a large one does not fit.
    let missing = (width.abs().trunc() as usize).saturating_sub(super::length(text));
    out.fits(missing.saturating_add(text.len()))?;
    let is_before = width < 0.0;
    if !is_before {
        out.push_str(text)?;
    }
    if padding.len() == 1 {
        out.push_repeated(padding, missing)?;
    } else {
        for character in padding.chars().cycle().take(missing) {
            out.push(character)?;
        }
    }
    if is_before {
        out.push_str(text)?;
    }
    Ok(())
}

/// Writes texts with a separator between them.
///
/// # Errors
///
/// The memory bound.
pub fn join<'a>(
    texts: impl IntoIterator<Item = &'a str>,
    separator: &str,
    out: &mut Text<'_>,
) -> Result<(), Error> {
    for (index, text) in texts.into_iter().enumerate() {
        out.push_str(if index == 0 { "" } else { separator })?;
        out.push_str(text)?;
    }
    Ok(())
}

/// Compares texts as JavaScript does, by UTF-16 units.
pub fn compare(a: &str, b: &str) -> Ordering {
    match a.bytes().zip(b.bytes()).position(|(a, b)| a != b) {
        None => a.len().cmp(&b.len()),
        // The first bytes that differ may stand inside characters whose first bytes are equal.
        Some(mut start) => {
            while !a.is_char_boundary(start) {
                start -= 1;
            }
            a[start..].encode_utf16().cmp(b[start..].encode_utf16())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jsonata::function::error::too_large;
    use crate::jsonata::function::text::written;

    #[test]
    fn cases_of_letters() {
        assert_eq!(
            written(|out| uppercase("straße ŉ", out)).as_deref(),
            Ok("STRASSE ʼN")
        );
        assert_eq!(written(|out| lowercase("ΟΔΟΣ ΑΣ", out)).as_deref(), Ok("οδος ας"));
        assert_eq!(written(|out| lowercase("ÄB", out)).as_deref(), Ok("äb"));
    }

    #[test]
    fn trims_inside_too() {
        let text = "   Hello    \n  \t World\u{a0} \r";
        assert_eq!(written(|out| trim(text, out)).as_deref(), Ok("Hello World\u{a0}"));
    }

    #[test]
    fn pads() {
        let cases = [
            ("foo", 5.0, None, "foo  "),
            ("foo", -5.7, Some("#"), "##foo"),
            ("foo", 8.0, Some("-+"), "foo-+-+-"),
            ("foo", 1.0, Some(""), "foo"),
            ("a𝄞💩", 5.0, Some("💩"), "a𝄞💩💩💩"),
            ("foo", f64::NAN, None, "foo"),
        ];
        for (text, width, padding, expected) in cases {
            let padded = written(|out| pad(text, width, padding, out));
            assert_eq!(padded.as_deref(), Ok(expected), "{text} {width}");
        }
        let mut out = String::new();
        assert_eq!(
            pad("a", 1e300, None, &mut Text::new(&mut out, 1000)),
            Err(too_large())
        );
        assert_eq!(out, "");
    }

    #[test]
    fn texts_compare_by_units() {
        for (a, b, order) in [
            ("a", "ab", Ordering::Less),
            ("b", "ab", Ordering::Greater),
            ("😀", "\u{ffff}", Ordering::Less),
            ("x😀", "x\u{e000}", Ordering::Less),
            ("ä", "ä", Ordering::Equal),
            ("é", "è", Ordering::Greater),
        ] {
            assert_eq!(compare(a, b), order, "{a} {b}");
        }
    }
}
