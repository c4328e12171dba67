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

    /// Returns the bytes of the decoded text when no decoding is needed; unlike [`Str::plain`] it does not look at them.
    #[inline]
    pub fn plain_bytes(self) -> Option<&'a [u8]> {
        (!self.escaped).then_some(self.content)
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
///
/// Eight bytes are copied at a time, and what follows the first that needs an escape is overwritten: in the
/// texts of a log one byte of seven is a quote.
pub(crate) fn escape_bytes_into(out: &mut Vec<u8>, bytes: &[u8]) {
    let (mut from, mut to) = (0, out.len());
    // Room for an escape of two bytes each, and for a copy of eight at the end.
    out.resize(to + 2 * bytes.len() + 8, 0);
    while let (Some(word), Some(place)) = (bytes[from..].first_chunk::<8>(), out[to..].first_chunk_mut::<8>())
    {
        *place = *word;
        let clean = clean_bytes(u64::from_le_bytes(*word));
        from += clean;
        to += clean;
        if clean == 8 {
            continue;
        }
        let Some(letter) = short_escape(bytes[from]) else {
            break;
        };
        out[to] = b'\\';
        out[to + 1] = letter;
        from += 1;
        to += 2;
    }
    out.truncate(to);
    for &byte in &bytes[from..] {
        match byte {
            b'"' | b'\\' | ..0x20 => escape_byte(out, byte),
            _ => out.push(byte),
        }
    }
}

/// Returns how many of a word's bytes stand before the first that needs an escape; the lowest is the first.
fn clean_bytes(word: u64) -> usize {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = LOW << 7;
    // A borrow may mark bytes above the first that is below the limit, but none before it.
    let below = |word: u64, limit: u64| word.wrapping_sub(LOW * limit) & !word & HIGH;
    let equal = |byte: u8| below(word ^ (LOW * u64::from(byte)), 1);
    let special = below(word, 0x20) | equal(b'"') | equal(b'\\');
    special.trailing_zeros() as usize / 8
}

/// Returns the letter of an escape of two bytes.
fn short_escape(byte: u8) -> Option<u8> {
    match byte {
        b'"' | b'\\' => Some(byte),
        b'\n' => Some(b'n'),
        b'\r' => Some(b'r'),
        b'\t' => Some(b't'),
        0x8 => Some(b'b'),
        0xC => Some(b'f'),
        _ => None,
    }
}

fn escape_byte(out: &mut Vec<u8>, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    match short_escape(byte) {
        Some(letter) => out.extend_from_slice(&[b'\\', letter]),
        None => {
            let digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&digits);
        }
    }
}

#[test]
fn escapes_are_the_same_wherever_they_stand() {
    for special in (0..=0x7F).chain([0xE9]).map(char::from) {
        for place in (0..20).step_by(if cfg!(miri) { 7 } else { 1 }) {
            let mut text = "abcdefghijklmnopqrst".to_owned();
            text.insert(place, special);
            text.push_str(&special.to_string().repeat(place));
            let mut out = b"before".to_vec();
            escape_into(&mut out, &text);
            let judge = serde_json::to_string(&text).expect("JSON");
            let escaped = String::from_utf8(out).expect("UTF-8");
            assert_eq!(
                escaped,
                format!("before{}", &judge[1..judge.len() - 1]),
                "{text:?}"
            );
        }
    }
}
