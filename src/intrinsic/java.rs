//! How Java prints and hashes values: `States.Format` and others show that AWS works on Java's maps,
//! lists and boxed scalars (facts 6.3).

use super::IntrinsicError;
use super::evaluate::RESULT_BYTES_MAX;
use crate::value::{Kind, ValueRef, View};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The longest value, in bytes of JSON, that is printed: the printed text may be shorter than the
/// JSON, but a value above this does not fit even then.
const PRINTED_BYTES_MAX: u64 = 4 * RESULT_BYTES_MAX;

/// Returns what a value reads as: strings as they are, `{a=1, b=[]}`, `null`.
pub(super) fn text(view: View<'_>, value: ValueRef) -> Result<Cow<'_, str>, IntrinsicError> {
    if let Some(string) = view.string(value) {
        return Ok(string.decode());
    }
    if let Some(number) = view.number(value) {
        return Ok(Cow::Borrowed(number));
    }
    if view.len(value) as u64 > PRINTED_BYTES_MAX {
        return Err(IntrinsicError::TooLarge);
    }
    let mut out = String::new();
    print(view, value, &mut out);
    Ok(Cow::Owned(out))
}

/// Appends what a value reads as. Recursion is bounded by the value's depth.
fn print(view: View<'_>, value: ValueRef, out: &mut String) {
    match view.kind(value) {
        Kind::String => out.extend(view.string(value).map(|text| text.decode())),
        Kind::Array => {
            out.push('[');
            for (at, element) in view.elements(value).enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                print(view, element, out);
            }
            out.push(']');
        }
        Kind::Object => {
            out.push('{');
            for (at, (key, member)) in view.members(value).enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                print(view, key, out);
                out.push('=');
                print(view, member, out);
            }
            out.push('}');
        }
        Kind::Null | Kind::Boolean | Kind::Number => {
            let text = view.text(value).unwrap_or_default();
            out.push_str(&String::from_utf8_lossy(text));
        }
    }
}

/// Returns a value's `hashCode` as a Java map, list or boxed scalar. Recursion is bounded by the
/// value's depth.
pub(super) fn hash(view: View<'_>, value: ValueRef) -> i32 {
    match view.kind(value) {
        Kind::Null => 0,
        Kind::Boolean if view.boolean(value) == Some(true) => 1231,
        Kind::Boolean => 1237,
        Kind::Number => hash_number(view.float(value).unwrap_or_default()),
        Kind::String => view.string(value).map_or(0, |text| hash_text(&text.decode())),
        Kind::Array => view.elements(value).fold(1, |hash: i32, element| {
            hash.wrapping_mul(31).wrapping_add(self::hash(view, element))
        }),
        Kind::Object => members(view, value).iter().fold(0, |hash: i32, (name, member)| {
            hash.wrapping_add(hash_text(name) ^ self::hash(view, *member))
        }),
    }
}

fn hash_text(text: &str) -> i32 {
    let add = |hash: i32, unit: u16| hash.wrapping_mul(31).wrapping_add(i32::from(unit));
    text.encode_utf16().fold(0, add)
}

/// Returns an object's members as a map has them: of duplicate keys the last one.
fn members(view: View<'_>, object: ValueRef) -> BTreeMap<Cow<'_, str>, ValueRef> {
    let members = view.members(object);
    members
        .filter_map(|(key, member)| Some((view.string(key)?.decode(), member)))
        .collect()
}

/// Returns a second hash, which has nothing to do with Java: equal values have equal ones. Recursion is
/// bounded by the value's depth.
pub(super) fn check(view: View<'_>, value: ValueRef) -> u64 {
    match view.kind(value) {
        Kind::Null => 1,
        Kind::Boolean => 2 + u64::from(view.boolean(value) == Some(true)),
        // Equal numbers are equal as floats; `-0` is `0`.
        Kind::Number => mix(4, (view.float(value).unwrap_or_default() + 0.0).to_bits()),
        Kind::String => view.string(value).map_or(5, |text| {
            text.decode()
                .bytes()
                .fold(5, |hash, byte| mix(hash, u64::from(byte)))
        }),
        Kind::Array => view
            .elements(value)
            .fold(6, |hash, element| mix(hash, check(view, element))),
        Kind::Object => members(view, value).iter().fold(7, |hash, (name, member)| {
            let name = name.bytes().fold(8, |hash, byte| mix(hash, u64::from(byte)));
            mix(mix(hash, name), check(view, *member))
        }),
    }
}

fn mix(hash: u64, value: u64) -> u64 {
    (hash.rotate_left(5) ^ value).wrapping_mul(0x517C_C1B7_2722_0A95)
}

/// Whole numbers hash as `Integer` or `Long`, others as `Double`. A number beyond 64 bits is a
/// `BigInteger` in Java; it hashes as a double here.
fn hash_number(number: f64) -> i32 {
    let is_long = number.fract() == 0.0 && number.abs() < 9.0e18;
    let bits = if is_long {
        number as i64 as u64
    } else {
        number.to_bits()
    };
    if is_long && i32::try_from(bits as i64).is_ok() {
        return bits as i32;
    }
    (bits ^ (bits >> 32)) as i32
}
