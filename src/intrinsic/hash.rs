//! `States.Hash` (facts 6.3).

use super::encode::TEXT_LENGTH_MAX;
use super::evaluate::Work;
use super::{IntrinsicError, java};
use crate::value::{Kind, ValueRef};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

/// Writes a hash in lowercase hexadecimal digits. Data that is not a text is hashed as Java prints it;
/// that it is taken is recorded, how an object is written is not known.
pub(super) fn hash(work: &mut Work, data: ValueRef, algorithm: ValueRef) -> Result<ValueRef, IntrinsicError> {
    let view = work.store.view();
    // Null is nothing to print.
    if view.kind(data) == Kind::Null {
        return Err(work.refused());
    }
    let text = java::text(view, data)?;
    if text.encode_utf16().count() > TEXT_LENGTH_MAX {
        return Err(work.refused());
    }
    let algorithm = view.string(algorithm).ok_or_else(|| work.refused())?;
    let digits = hash_text(&text, &algorithm.decode()).ok_or_else(|| work.refused())?;
    Ok(work.store.string(&digits))
}

/// Returns the hash of a text's UTF-8 in lowercase hexadecimal digits; `None` for an unknown algorithm.
pub(crate) fn hash_text(text: &str, algorithm: &str) -> Option<String> {
    Some(match algorithm {
        "MD5" => hex::<Md5>(text),
        "SHA-1" => hex::<Sha1>(text),
        "SHA-256" => hex::<Sha256>(text),
        "SHA-384" => hex::<Sha384>(text),
        "SHA-512" => hex::<Sha512>(text),
        _ => return None,
    })
}

fn hex<D: Digest>(text: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digest = D::digest(text.as_bytes());
    let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}
