//! Functions that take a part of a text: `$length`, `$substring` and its kin, `$split`.

use crate::jsonata::Error;

/// Counts characters.
pub fn length(text: &str) -> usize {
    text.chars().count()
}

/// Returns the characters from `start`, counted from the end if negative, at most `length` of them.
pub fn substring(text: &str, start: f64, length: Option<f64>) -> &str {
    if length.is_some_and(|length| length <= 0.0) {
        return "";
    }
    if start >= 0.0 && length.is_none_or(|length| length >= 0.0) {
        // No need to know how long the text is.
        let from = skip(text, start);
        return match length {
            Some(length) => &from[..from.len() - skip(from, (start + length).trunc() - start.trunc()).len()],
            None => from,
        };
    }
    let count = self::length(text) as f64;
    let start = if count + start < 0.0 { 0.0 } else { start };
    let end = length.map_or(count, |length| {
        if start >= 0.0 {
            start + length
        } else {
            count + start + length
        }
    });
    let (start, end) = (place(start, count), place(end, count));
    let from = skip(text, start);
    &from[..from.len() - skip(from, end - start).len()]
}

/// Returns which character a position means, as JavaScript's `slice` has it.
fn place(position: f64, count: f64) -> f64 {
    let position = if position.is_nan() { 0.0 } else { position.trunc() };
    if position < 0.0 {
        (count + position).max(0.0)
    } else {
        position.min(count)
    }
}

/// Leaves out characters at the beginning; a fraction of one counts as none.
fn skip(text: &str, count: f64) -> &str {
    // A negative count and NaN become zero, a large one stops at the end.
    let count = count as usize;
    if text.len() <= count {
        return "";
    }
    let start = match text.as_bytes().get(..count) {
        Some(head) if head.is_ascii() => count,
        _ => text
            .char_indices()
            .nth(count)
            .map_or(text.len(), |(index, _)| index),
    };
    &text[start..]
}

/// Returns what stands before the first occurrence of a text; all of it if there is none.
pub fn substring_before<'a>(text: &'a str, end: &str) -> &'a str {
    text.find(end).map_or(text, |index| &text[..index])
}

/// Returns what stands after the first occurrence of a text; all of it if there is none.
pub fn substring_after<'a>(text: &'a str, start: &str) -> &'a str {
    text.find(start)
        .map_or(text, |index| &text[index + start.len()..])
}

/// The parts of a text between separators.
#[derive(Clone, Debug)]
pub struct Split<'a> {
    rest: Option<&'a str>,
    separator: &'a str,
    left: usize,
}

/// Splits a text at a separator; between all characters if that is empty.
///
/// # Errors
///
/// D3020 for a negative limit.
pub fn split<'a>(text: &'a str, separator: &'a str, limit: Option<f64>) -> Result<Split<'a>, Error> {
    if limit.is_some_and(|limit| limit < 0.0) {
        return Err(Error::new("D3020"));
    }
    Ok(Split {
        rest: Some(text),
        separator,
        left: limit.map_or(usize::MAX, |limit| limit as usize),
    })
}

impl<'a> Iterator for Split<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        self.left = self.left.checked_sub(1)?;
        let text = self.rest?;
        if self.separator.is_empty() {
            let first = text.chars().next()?;
            let (part, rest) = text.split_at(first.len_utf8());
            self.rest = Some(rest);
            return Some(part);
        }
        let Some(index) = text.find(self.separator) else {
            self.rest = None;
            return Some(text);
        };
        self.rest = Some(&text[index + self.separator.len()..]);
        Some(&text[..index])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn substrings() {
        let cases = [
            ("hello world", 0.0, Some(5.0), "hello"),
            ("hello world", 6.0, None, "world"),
            ("hello world", -5.0, None, "world"),
            ("hello world", -5.0, Some(4.0), "worl"),
            ("hello world", -5.0, Some(0.0), ""),
            ("hello world", -100.0, Some(3.0), "hel"),
            ("hello world", 100.0, Some(3.0), ""),
            ("😂😁😀", -3.0, Some(1.0), "😂"),
            ("😂😁😀", 1.0, Some(1.0), "😁"),
            ("😂😁😀", -4.0, Some(1.0), "😂"),
            ("hello", 1.5, Some(1.5), "el"),
            ("hello", 0.5, Some(0.4), ""),
            ("hello", -1.5, Some(1.0), ""),
            ("hello", 1.0, Some(f64::INFINITY), "ello"),
            ("hello", 1e300, Some(1e300), ""),
            ("äöü", 1.0, None, "öü"),
        ];
        for (text, start, length, expected) in cases {
            assert_eq!(
                substring(text, start, length),
                expected,
                "{text} {start} {length:?}"
            );
        }
        assert_eq!(substring_before("hello", "l"), "he");
        assert_eq!(substring_after("hello", "l"), "lo");
        assert_eq!(substring_after("hello", "x"), "hello");
    }

    #[test]
    fn splits() {
        let parts = |text, separator, limit| {
            split(text, separator, limit)
                .unwrap()
                .collect::<Vec<_>>()
                .join("|")
        };
        assert_eq!(parts("a, b, c", ", ", None), "a|b|c");
        assert_eq!(parts("a, b, c", ", ", Some(2.9)), "a|b");
        assert_eq!(parts("a, b, c", ", ", Some(0.0)), "");
        assert_eq!(parts("ä😀", "", None), "ä|😀");
        assert_eq!(split("", "", None).unwrap().count(), 0);
        assert_eq!(split("", ",", None).unwrap().count(), 1);
        assert_eq!(split("a", ",", Some(-1.0)).unwrap_err(), Error::new("D3020"));
    }
}
