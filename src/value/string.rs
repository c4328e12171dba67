//! Strings: decode a JSON text, escape a text.

use std::borrow::Cow;

/// The content of a JSON string between its quotes, still escaped.
#[derive(Clone, Copy, Debug)]
pub struct Str<'a> {
    content: &'a [u8],
    escaped: bool,
}

impl<'a> Str<'a> {
    pub(super) fn new(content: &'a [u8], escaped: bool) -> Str<'a> {
        Str { content, escaped }
    }

    /// Returns the text between the quotes as it stands in the document, escapes included.
    pub fn escaped(self) -> &'a [u8] {
        self.content
    }

    /// Returns the decoded text when no decoding is needed: it has no escapes.
    pub fn plain(self) -> Option<&'a str> {
        if self.escaped {
            None
        } else {
            std::str::from_utf8(self.content).ok()
        }
    }

    /// Says whether the decoded text is this one.
    #[inline]
    pub fn is(self, text: &str) -> bool {
        if self.escaped {
            self.decode() == text
        } else {
            self.content == text.as_bytes()
        }
    }

    /// Returns the decoded text.
    ///
    /// A lone surrogate becomes U+FFFD: no Rust string can hold it, and AWS stores UTF-8.
    pub fn decode(self) -> Cow<'a, str> {
        match self.plain() {
            Some(text) => Cow::Borrowed(text),
            None => {
                let mut out = String::with_capacity(self.content.len());
                self.decode_into(&mut out);
                Cow::Owned(out)
            }
        }
    }

    /// Appends the decoded text.
    pub fn decode_into(self, out: &mut String) {
        let mut rest = self.content;
        while let Some(at) = memchr::memchr(b'\\', rest) {
            out.push_str(&String::from_utf8_lossy(&rest[..at]));
            let used = decode_escape(&rest[at..], out);
            rest = &rest[at + used..];
        }
        out.push_str(&String::from_utf8_lossy(rest));
    }
}

/// Decodes the escape at the start of `rest`, returns how many bytes it took.
fn decode_escape(rest: &[u8], out: &mut String) -> usize {
    let simple = match rest.get(1) {
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return decode_unicode(rest, out),
        Some(&other) => char::from(other),
        None => return rest.len(),
    };
    out.push(simple);
    2
}

fn decode_unicode(rest: &[u8], out: &mut String) -> usize {
    let Some(first) = hex4(rest) else {
        out.push(char::REPLACEMENT_CHARACTER);
        return rest.len().min(6);
    };
    let second = if (0xD800..0xDC00).contains(&first) {
        rest.get(6..).and_then(hex4)
    } else {
        None
    };
    match second {
        Some(low) if (0xDC00..0xE000).contains(&low) => {
            let code = 0x1_0000 + ((first - 0xD800) << 10) + (low - 0xDC00);
            out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            12
        }
        _ => {
            out.push(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
            6
        }
    }
}

/// Reads `\uXXXX`.
fn hex4(text: &[u8]) -> Option<u32> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    digits.iter().try_fold(0, |code, &digit| {
        Some(code * 16 + char::from(digit).to_digit(16)?)
    })
}

/// Appends a text with the escapes JSON needs, without quotes.
pub fn escape_into(out: &mut Vec<u8>, text: &str) {
    escape_bytes_into(out, text.as_bytes());
}

/// As [`escape_into`], of bytes that are UTF-8.
pub(super) fn escape_bytes_into(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut done = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&bytes[done..at]);
        done = at + 1;
        escape_byte(out, byte);
    }
    out.extend_from_slice(&bytes[done..]);
}

fn escape_byte(out: &mut Vec<u8>, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let letter = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x8 => b'b',
        0xC => b'f',
        _ => {
            let digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&digits);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', letter]);
}
