//! Percent-encoding (RFC 3986).
//!
//! Must not know what is encoded.

/// Appends a text, with the bytes that are not `plain` as `%XX`.
pub(crate) fn encode_into(out: &mut String, text: &str, plain: impl Fn(u8) -> bool) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if plain(byte) {
            out.push(byte.into());
        } else {
            out.push('%');
            out.push(DIGITS[usize::from(byte >> 4)].into());
            out.push(DIGITS[usize::from(byte & 15)].into());
        }
    }
}

/// Says whether a byte stands for itself everywhere.
pub(crate) fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte)
}

#[test]
fn what_is_not_plain_is_encoded() {
    let mut out = "a=".to_owned();
    encode_into(&mut out, "a b/\u{fc}~%", is_unreserved);
    assert_eq!(out, "a=a%20b%2F%C3%BC~%25");
}
