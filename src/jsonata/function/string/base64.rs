//! `$base64encode` and `$base64decode`.
//!
//! The reference takes characters for bytes, one for one. AWS's answer to bad text is an exception of Java's
//! decoder, so there the bytes are most likely those of UTF-8; the caller says which it wants.

use crate::jsonata::Error;
use crate::jsonata::function::Text;
use crate::jsonata::function::error::internal;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// What the bytes of a text are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bytes {
    /// The low byte of each UTF-16 unit, as the reference on Node.js has it; reads anything.
    Units,
    /// UTF-8, as in Java; refuses what is not Base64.
    Utf8,
}

/// Reads what Java's decoder reads: padding may be missing, bits after the last byte are ignored.
const JAVA: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Writes a text's bytes as Base64.
///
/// # Errors
///
/// The memory bound, before anything is encoded.
pub fn encode(text: &str, bytes: Bytes, out: &mut Text<'_>) -> Result<(), Error> {
    out.fits(text.len())?;
    let encoded = match bytes {
        Bytes::Utf8 => JAVA.encode(text),
        Bytes::Units => JAVA.encode(text.encode_utf16().map(|unit| unit as u8).collect::<Vec<u8>>()),
    };
    out.push_str(&encoded)
}

/// Writes the text whose bytes a Base64 text holds.
///
/// # Errors
///
/// An internal error for what Java refuses, the memory bound.
pub fn decode(text: &str, bytes: Bytes, out: &mut Text<'_>) -> Result<(), Error> {
    out.fits(text.len() / 4 * 3)?;
    match bytes {
        Bytes::Utf8 => {
            // Padding may be missing, but not a part of it.
            if text.ends_with('=') && !text.len().is_multiple_of(4) {
                return Err(internal());
            }
            let decoded = JAVA.decode(text).map_err(|_| internal())?;
            out.push_str(&String::from_utf8_lossy(&decoded))
        }
        Bytes::Units => decode_leniently(text, out),
    }
}

/// Reads as Node.js does: both alphabets, up to the padding, other characters left out.
fn decode_leniently(text: &str, out: &mut Text<'_>) -> Result<(), Error> {
    let (mut bits, mut count) = (0u32, 0);
    for byte in text.bytes().take_while(|byte| *byte != b'=') {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => continue,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(char::from((bits >> count) as u8))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jsonata::function::text::written;

    #[test]
    fn both_readings() {
        let encoded = |text, bytes| written(|out| encode(text, bytes, out)).unwrap();
        let decoded = |text, bytes| written(|out| decode(text, bytes, out));
        assert_eq!(encoded("ä", Bytes::Units), "5A==");
        assert_eq!(encoded("ä", Bytes::Utf8), "w6Q=");
        assert_eq!(
            decoded("aGVsbG86d29ybGQ=", Bytes::Utf8).as_deref(),
            Ok("hello:world")
        );
        assert_eq!(
            decoded("aGVsbG86d29ybGQ", Bytes::Units).as_deref(),
            Ok("hello:world")
        );
        assert_eq!(decoded("5A==", Bytes::Units).as_deref(), Ok("ä"));
        assert_eq!(decoded("w6Q", Bytes::Utf8).as_deref(), Ok("ä"));
        assert_eq!(decoded("a G!V", Bytes::Units).as_deref(), Ok("he"));
        for text in ["!!!", "QQ=", "Q", "QQ\n"] {
            assert_eq!(decoded(text, Bytes::Utf8), Err(internal()), "{text}");
        }
    }
}
