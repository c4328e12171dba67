//! JSON texts inside JSON strings, and their limit.

use crate::value::{Kind, ValueRef, View, escape_bytes_into, escape_into};

/// Longest escaped input or output in a record, 248 KiB (facts 2.4).
pub const TEXT_BYTES_MAX: usize = 248 * 1024;

/// Whether a text was cut to [`TEXT_BYTES_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    Whole,
    Truncated,
}

/// Appends a value's JSON text, escaped, without quotes: a document handed on whole as it came, all
/// else dense.
pub(super) fn push_json_text(out: &mut Vec<u8>, view: View<'_>, value: ValueRef) -> Cut {
    let start = out.len();
    push_value(out, view, value, true, start + TEXT_BYTES_MAX);
    if out.len() - start <= TEXT_BYTES_MAX {
        return Cut::Whole;
    }
    out.truncate(start + TEXT_BYTES_MAX);
    drop_broken_end(out, start);
    Cut::Truncated
}

/// Appends a value's text, escaped; stops soon after `limit`. What is `whole` may have its original text.
fn push_value(out: &mut Vec<u8>, view: View<'_>, value: ValueRef, whole: bool, limit: usize) {
    let original = if whole { view.original(value) } else { None };
    if let Some(text) = original.or_else(|| view.text(value)) {
        escape_bytes_into(out, text);
        return;
    }
    let whole = whole && view.keeps_originals(value);
    let object = view.kind(value) == Kind::Object;
    out.push(if object { b'{' } else { b'[' });
    let mut first = true;
    let mut comma = |out: &mut Vec<u8>| {
        if !std::mem::take(&mut first) {
            out.push(b',');
        }
    };
    for (key, member) in view.members(value) {
        if out.len() > limit {
            return;
        }
        comma(out);
        push_value(out, view, key, false, limit);
        out.push(b':');
        push_value(out, view, member, false, limit);
    }
    for element in view.elements(value) {
        if out.len() > limit {
            return;
        }
        comma(out);
        push_value(out, view, element, whole, limit);
    }
    out.push(if object { b'}' } else { b']' });
}

/// Appends a text, escaped.
pub(super) fn push_text(out: &mut Vec<u8>, text: &str) {
    escape_into(out, text);
}

/// Removes the half of an escape or of a character that a cut has left.
fn drop_broken_end(out: &mut Vec<u8>, start: usize) {
    let backslashes = out[start..]
        .iter()
        .rev()
        .take_while(|&&byte| byte == b'\\')
        .count();
    if backslashes % 2 == 1 {
        out.pop();
    }
    let tail = out.len().saturating_sub(4).max(start);
    if let Some(lead) = (tail..out.len()).rev().find(|&at| out[at] & 0xC0 != 0x80) {
        let wanted = match out[lead] {
            0xF0.. => 4,
            0xE0.. => 3,
            0xC0.. => 2,
            _ => 1,
        };
        if out.len() - lead < wanted {
            out.truncate(lead);
        }
    }
}

/// Appends a number in decimal.
pub(super) fn push_number(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    // Two digits a division: a record has three numbers, one of them of 13 digits.
    while value >= 100 {
        let two = (value % 100) as u8;
        value /= 100;
        at -= 2;
        digits[at] += two / 10;
        digits[at + 1] += two % 10;
    }
    at -= 1;
    digits[at] += (value % 10) as u8;
    if value >= 10 {
        at -= 1;
        digits[at] += (value / 10) as u8;
    }
    out.extend_from_slice(&digits[at..]);
}
