//! AWS's own functions.

use std::fmt::Write;

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::Arguments;
use crate::jsonata::Error;
use crate::jsonata::evaluate::Machine;
use crate::jsonata::evaluate::value::{Value, flag};
use crate::jsonata::function::Text;
use crate::value::{self as json, ValueRef, View};

type Answer<'a> = Result<Value<'a>, Error>;

/// What a hash costs, and so many bytes of its text.
const HASH_UNITS: usize = 40;
const HASHED_BYTES_PER_UNIT: usize = 4;

/// What it costs to read a JSON text, beside its bytes and values.
const PARSE_UNITS: usize = 8;

/// Writes a digest in hexadecimal.
fn write_digest(digest: &[u8], out: &mut Text<'_>) -> Result<(), Error> {
    for byte in digest {
        write!(out, "{byte:02x}")?;
    }
    Ok(())
}

pub(super) fn hash<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let Some(text) = machine.text_of(arguments.get(0))? else {
        return Ok(Value::Nothing);
    };
    let Some(algorithm) = machine.string(arguments.get(1)) else {
        return Ok(Value::Nothing);
    };
    machine.spend(HASH_UNITS + text.len() / HASHED_BYTES_PER_UNIT)?;
    machine.written(|out| match algorithm {
        "MD5" => write_digest(&Md5::digest(text), out),
        "SHA-1" => write_digest(&Sha1::digest(text), out),
        "SHA-256" => write_digest(&Sha256::digest(text), out),
        "SHA-384" => write_digest(&Sha384::digest(text), out),
        "SHA-512" => write_digest(&Sha512::digest(text), out),
        _ => {
            let known = "SHA-1, SHA-384, SHA-256, SHA-512, MD5";
            Err(Error::message(&format!(
                "Hash algorithm '{algorithm}' must be one of {known}"
            )))
        }
    })
}

pub(super) fn parse<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let Some(text) = machine.text_of(arguments.get(0))? else {
        return Ok(Value::Nothing);
    };
    machine.spend(PARSE_UNITS + text.len() / 4)?;
    machine.take(text.len())?;
    let mut heap = std::mem::take(machine.parsed);
    heap.clear();
    let constants = crate::value::Heap::new();
    let root = heap
        .index(text.as_bytes())
        .map_err(|_| Error::message("Invalid JSON"));
    let value = root.and_then(|root| machine.taken_over(View::new(&heap, &constants), root));
    *machine.parsed = heap;
    value
}

impl<'a> Machine<'a, '_> {
    /// Copies a value of another heap. Its depth is bounded by the reader of JSON.
    fn taken_over(&mut self, view: View<'_>, value: ValueRef) -> Answer<'a> {
        self.spend(2)?;
        Ok(match view.kind(value) {
            json::Kind::Null => self.null(),
            json::Kind::Boolean => Value::Boolean(view.boolean(value) == Some(true)),
            json::Kind::Number => {
                let text = view.number(value).unwrap_or_default();
                match (text.parse::<i64>(), view.float(value)) {
                    (Ok(integer), Some(number))
                        if number as i64 != integer || number.abs() >= 2f64.powi(53) =>
                    {
                        Value::Integer(integer)
                    }
                    (_, Some(number)) if number.is_finite() => Value::Number(number),
                    _ => return Err(Error::message("Invalid JSON")),
                }
            }
            json::Kind::String => {
                let text = view.string(value).map(json::Str::decode).unwrap_or_default();
                self.make_text(&text)?
            }
            json::Kind::Array => {
                let bottom = self.stack.len();
                for element in view.elements(value) {
                    let element = self.taken_over(view, element)?;
                    self.stack.push(element);
                }
                self.array_from_stack(bottom, 0)?
            }
            json::Kind::Object => {
                let object = self.make_object(view.count(value))?;
                for (key, member) in view.members(value) {
                    let key = view.string(key).map(json::Str::decode).unwrap_or_default();
                    self.take(key.len())?;
                    let key: &'a str = self.arena.alloc_str(&key);
                    let member = self.taken_over(view, member)?;
                    if !object.set(key, member) {
                        return Err(Error::message("Invalid JSON"));
                    }
                }
                Value::Object(object)
            }
        })
    }
}

/// How many elements a list of AWS's engine has room for, one growth after the other; at each, both lists are there.
fn grown(count: usize) -> usize {
    let (mut before, mut room) = (0, 10);
    while room < count {
        before = room;
        room += room / 2;
    }
    before + room
}

pub(super) fn range<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let number =
        |machine: &Machine<'a, '_>, index: usize| machine.number(arguments.get(index)).map(f64::trunc);
    let (Some(from), Some(to), Some(step)) = (number(machine, 0), number(machine, 1), number(machine, 2))
    else {
        return Ok(Value::Nothing);
    };
    let count = ((to - from) / step).floor() + 1.0;
    // A step of zero, or of the wrong sign.
    if count.is_nan() || !count.is_finite() || count < 1.0 {
        return Ok(Value::Nothing);
    }
    let count = count as usize;
    if count > machine.memory {
        machine.take_elements(count)?;
    }
    machine.take_elements(grown(count))?;
    machine.spend(count)?;
    let items = machine
        .arena
        .alloc_slice_fill_with(count, |index| Value::Number(from + index as f64 * step));
    Ok(machine.array_of(items, flag::SEQUENCE))
}

pub(super) fn partition<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let array = arguments.get(0);
    let count = machine.count(array);
    let size = machine.number(arguments.get(1)).map_or(count as f64, f64::trunc);
    if size < 0.0 {
        return Err(Error::message("Second argument must be zero or greater"));
    }
    if array.is_nothing() || count == 0 || size == 0.0 {
        return Ok(Value::Nothing);
    }
    machine.spend(count)?;
    let size = (size as usize).min(count);
    let bottom = machine.stack.len();
    let mut items = machine.items(array);
    for start in (0..count).step_by(size) {
        let chunk = machine.stack.len();
        for _ in start..count.min(start + size) {
            let item = items.next().unwrap_or(Value::Nothing);
            machine.stack.push(item);
        }
        let chunk = machine.array_from_stack(chunk, 0)?;
        machine.stack.push(chunk);
    }
    machine.array_from_stack(bottom, 0)
}

/// Returns the first fraction that `java.util.Random` draws.
fn first_fraction(seed: i64) -> f64 {
    const MULTIPLIER: u64 = 0x5_DEEC_E66D;
    const MASK: u64 = (1 << 48) - 1;
    let mut state = (seed as u64 ^ MULTIPLIER) & MASK;
    let mut next = |bits: u32| {
        state = state.wrapping_mul(MULTIPLIER).wrapping_add(11) & MASK;
        state >> (48 - bits)
    };
    let high = next(26) << 27;
    (high + next(27)) as f64 / (1u64 << 53) as f64
}

pub(super) fn random<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    Ok(Value::Number(match machine.number(arguments.get(0)) {
        Some(seed) => first_fraction(seed.trunc() as i64),
        None => machine.next_random(),
    }))
}

pub(super) fn uuid<'a>(machine: &mut Machine<'a, '_>, _: &Arguments<'a>) -> Answer<'a> {
    let (high, low) = (machine.next_bits(), machine.next_bits());
    let high = high & !0xF000 | 0x4000;
    let low = low & !(0b11 << 62) | 0b10 << 62;
    machine.written(|out| {
        write!(
            out,
            "{:08x}-{:04x}-{:04x}-",
            high >> 32,
            high >> 16 & 0xFFFF,
            high & 0xFFFF
        )?;
        write!(out, "{:04x}-{:012x}", low >> 48, low & 0xFFFF_FFFF_FFFF)?;
        Ok(())
    })
}
