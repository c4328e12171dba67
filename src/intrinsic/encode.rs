//! Base64 (facts 6.3).

use super::IntrinsicError;
use super::evaluate::{Work, check_length, json_length};
use crate::value::ValueRef;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// The longest text that Base64 and Hash take (facts 6.3). Java counts UTF-16 units.
pub(super) const TEXT_LENGTH_MAX: usize = 10_000;

/// Reads what AWS reads: padding may be missing, and trailing bits are ignored.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

impl Work<'_, '_> {
    /// Reads a text of at most [`TEXT_LENGTH_MAX`] units.
    fn short_text(&self, value: ValueRef) -> Result<std::borrow::Cow<'_, str>, IntrinsicError> {
        let text = self
            .store
            .view()
            .string(value)
            .ok_or_else(|| self.refused())?
            .decode();
        if text.encode_utf16().count() > TEXT_LENGTH_MAX {
            Err(self.refused())
        } else {
            Ok(text)
        }
    }
}

/// `States.Base64Encode`.
pub(super) fn encode(work: &mut Work, data: ValueRef) -> Result<ValueRef, IntrinsicError> {
    let encoded = LENIENT.encode(work.short_text(data)?.as_bytes());
    Ok(work.store.string(&encoded))
}

/// `States.Base64Decode`: lenient, as Java's MIME decoder: characters outside the alphabet are skipped,
/// and what follows the padding too. Bytes that are not UTF-8 become U+FFFD, as in Java.
pub(super) fn decode(work: &mut Work, data: ValueRef) -> Result<ValueRef, IntrinsicError> {
    let text = work.short_text(data)?;
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let mut digits: Vec<u8> = text
        .bytes()
        .take_while(|byte| *byte != b'=')
        .filter(is_digit)
        .collect();
    if digits.len() % 4 == 1 {
        // Six bits are no byte: dropped.
        digits.pop();
    }
    let decoded = LENIENT.decode(&digits).map_err(|_| work.refused())?;
    let decoded = String::from_utf8_lossy(&decoded);
    check_length(json_length(&decoded))?;
    Ok(work.store.string(&decoded))
}
