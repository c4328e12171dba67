//! Functions of strings.

use super::Arguments;
use crate::jsonata::Error;
use crate::jsonata::evaluate::Machine;
use crate::jsonata::evaluate::value::Value;
use crate::jsonata::function::Text;
use crate::jsonata::function::string as strings;
use crate::jsonata::function::string::{Bytes, Whole};

type Answer<'a> = Result<Value<'a>, Error>;

pub(super) fn string<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let value = arguments.get(0);
    if value.is_nothing() {
        return Ok(Value::Nothing);
    }
    let pretty = machine.is_truthy(arguments.get(1));
    machine.stringified(value, pretty)
}

pub(super) fn length<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let text = machine.text_of(arguments.get(0))?;
    Ok(text.map_or(Value::Nothing, |text| Value::Number(strings::length(text) as f64)))
}

pub(super) fn substring<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let Some(text) = machine.text_of(arguments.get(0))? else {
        return Ok(Value::Nothing);
    };
    let start = machine.number(arguments.get(1)).unwrap_or(f64::NAN);
    let length = machine.number(arguments.get(2));
    machine.share_text(strings::substring(text, start, length))
}

fn part<'a>(
    machine: &mut Machine<'a, '_>,
    arguments: &Arguments<'a>,
    cut: for<'t> fn(&'t str, &str) -> &'t str,
) -> Answer<'a> {
    let Some(text) = machine.text_of(arguments.get(0))? else {
        return Ok(Value::Nothing);
    };
    let Some(separator) = machine.text_of(arguments.get(1))? else {
        return Ok(arguments.get(0));
    };
    machine.share_text(cut(text, separator))
}

pub(super) fn substring_before<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    part(machine, arguments, strings::substring_before)
}

pub(super) fn substring_after<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    part(machine, arguments, strings::substring_after)
}

/// So many bytes cost a unit of fuel where each character is looked at.
const READ_BYTES_PER_UNIT: usize = 8;

/// What it costs to make a text of a text, beside their bytes.
const TEXT_UNITS: usize = 4;

/// What it costs to write a byte as a URL has it.
const ESCAPED_UNITS: usize = 3;

/// Runs a function that makes a text of a text.
fn of_text<'a>(
    machine: &mut Machine<'a, '_>,
    arguments: &Arguments<'a>,
    write: impl FnOnce(&str, &mut Text<'_>) -> Result<(), Error>,
) -> Answer<'a> {
    match machine.text_of(arguments.get(0))? {
        Some(text) => {
            machine.spend(TEXT_UNITS + text.len() / READ_BYTES_PER_UNIT)?;
            machine.written(|out| write(text, out))
        }
        None => Ok(Value::Nothing),
    }
}

pub(super) fn uppercase<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    of_text(machine, arguments, strings::uppercase)
}

pub(super) fn lowercase<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    of_text(machine, arguments, strings::lowercase)
}

pub(super) fn trim<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    of_text(machine, arguments, strings::trim)
}

pub(super) fn pad<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let width = machine.number(arguments.get(1)).unwrap_or(0.0);
    let padding = machine.string(arguments.get(2));
    of_text(machine, arguments, |text, out| {
        strings::pad(text, width, padding, out)
    })
}

pub(super) fn join<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let array = arguments.get(0);
    if array.is_nothing() {
        return Ok(Value::Nothing);
    }
    machine.spend(machine.count(array))?;
    let separator = machine.string(arguments.get(1)).unwrap_or_default();
    machine.take_elements(machine.count(array))?;
    let bottom = machine.stack.len();
    let items = machine.items(array);
    machine.stack.extend(items);
    let mut texts = bumpalo::collections::Vec::with_capacity_in(machine.stack.len() - bottom, machine.arena);
    for at in bottom..machine.stack.len() {
        texts.push(machine.string(machine.stack[at]).unwrap_or_default());
    }
    machine.stack.truncate(bottom);
    machine.written(|out| strings::join(texts.iter().copied(), separator, out))
}

impl Machine<'_, '_> {
    /// AWS's strings are Java's.
    fn bytes(&self) -> Bytes {
        if self.states { Bytes::Utf8 } else { Bytes::Units }
    }
}

pub(super) fn base64_encode<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let bytes = machine.bytes();
    of_text(machine, arguments, |text, out| {
        strings::base64_encode(text, bytes, out)
    })
}

pub(super) fn base64_decode<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let bytes = machine.bytes();
    of_text(machine, arguments, |text, out| {
        strings::base64_decode(text, bytes, out)
    })
}

fn spend_escapes<'a>(machine: &mut Machine<'a, '_>, text: Value<'a>) -> Result<(), Error> {
    let text = machine.string(text).unwrap_or_default();
    let escaped = text.bytes().filter(|byte| !byte.is_ascii_alphanumeric()).count();
    machine.spend(ESCAPED_UNITS * escaped)
}

pub(super) fn encode_url<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    spend_escapes(machine, arguments.get(0))?;
    of_text(machine, arguments, |text, out| {
        strings::encode_url(text, Whole::Url, out)
    })
}

pub(super) fn encode_url_component<'a>(
    machine: &mut Machine<'a, '_>,
    arguments: &Arguments<'a>,
) -> Answer<'a> {
    spend_escapes(machine, arguments.get(0))?;
    of_text(machine, arguments, |text, out| {
        strings::encode_url(text, Whole::Component, out)
    })
}

pub(super) fn decode_url<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    of_text(machine, arguments, |text, out| {
        strings::decode_url(text, Whole::Url, out)
    })
}

pub(super) fn decode_url_component<'a>(
    machine: &mut Machine<'a, '_>,
    arguments: &Arguments<'a>,
) -> Answer<'a> {
    of_text(machine, arguments, |text, out| {
        strings::decode_url(text, Whole::Component, out)
    })
}
