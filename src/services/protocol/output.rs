//! A result as JSON text, in the names of the SDK that the integration speaks.
//!
//! Owns how members are called and scalars written in results.

use super::scalar;
use crate::services::error::Style;
use crate::services::model::{Member, TimestampFormat};
use crate::value::escape_into;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Returns the name of a member in results.
///
/// Version 1 of the Java SDK keeps the model's names (`MD5OfMessageBody`), but DynamoDB's types have the names of
/// version 2 there, too.
pub(super) fn name(style: Style, member: &Member) -> &str {
    match style.optimized() {
        Some(optimized) if optimized.model != "dynamodb" => &member.upper,
        _ => &member.java,
    }
}

/// Appends a text as a JSON string.
pub(super) fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    escape_into(out, text);
    out.push(b'"');
}

/// Appends a time that a service wrote; as the text it is when it is none.
pub(super) fn time(out: &mut Vec<u8>, text: &str) {
    match scalar::parse_time(text) {
        Some(nanos) => string(out, &scalar::format_time(nanos, TimestampFormat::Iso)),
        None => string(out, text),
    }
}

/// Appends bytes as text; those that are no UTF-8 in base64, so that nothing is lost.
pub(super) fn bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    match std::str::from_utf8(bytes) {
        Ok(text) => string(out, text),
        Err(_) => string(out, &STANDARD.encode(bytes)),
    }
}

/// Appends a blob that a service wrote in base64.
pub(super) fn blob(out: &mut Vec<u8>, text: &str) {
    match STANDARD.decode(text.trim()) {
        Ok(decoded) => bytes(out, &decoded),
        Err(_) => string(out, text),
    }
}

/// Appends a number in the service's notation, a boolean as it is; anything else as text.
pub(super) fn number(out: &mut Vec<u8>, text: &str) {
    match scalar::is_number(text.trim()) {
        true => out.extend_from_slice(text.trim().as_bytes()),
        false => string(out, text),
    }
}

/// Appends a boolean.
pub(super) fn boolean(out: &mut Vec<u8>, text: &str) {
    match text.trim() {
        word @ ("true" | "false") => out.extend_from_slice(word.as_bytes()),
        _ => string(out, text),
    }
}

/// Members of an object that is being written.
pub(super) struct Fields<'a> {
    pub(super) out: &'a mut Vec<u8>,
    is_first: bool,
}

impl<'a> Fields<'a> {
    /// Opens an object.
    pub(super) fn open(out: &'a mut Vec<u8>) -> Fields<'a> {
        out.push(b'{');
        Fields { out, is_first: true }
    }

    /// Begins a member: its value comes next.
    pub(super) fn begin(&mut self, name: &str) -> &mut Vec<u8> {
        if !self.is_first {
            self.out.push(b',');
        }
        self.is_first = false;
        string(self.out, name);
        self.out.push(b':');
        self.out
    }

    /// Closes the object.
    pub(super) fn close(self) {
        self.out.push(b'}');
    }
}
