//! Functions of numbers.

use super::Arguments;
use crate::jsonata::Error;
use crate::jsonata::evaluate::Machine;
use crate::jsonata::evaluate::value::{Kind, Value};
use crate::jsonata::function::number as numbers;
use crate::jsonata::function::picture::{DecimalFormat, IntegerPicture, NumberPicture};

type Answer<'a> = Result<Value<'a>, Error>;

/// What it costs to go through the digits of a number.
const DIGITS_UNITS: usize = 16;

/// So many bytes of a number's text cost a unit of fuel.
const NUMBER_BYTES_PER_UNIT: usize = 4;

/// Adds up; `None` where there is no array.
fn total<'a>(machine: &mut Machine<'a, '_>, array: Value<'a>) -> Result<Option<f64>, Error> {
    if array.is_nothing() {
        return Ok(None);
    }
    machine.spend(machine.count(array))?;
    Ok(Some(
        machine
            .items(array)
            .filter_map(|item| machine.number(item))
            .fold(0.0, |sum, item| sum + item),
    ))
}

pub(super) fn sum<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    Ok(total(machine, arguments.get(0))?.map_or(Value::Nothing, Value::Number))
}

pub(super) fn average<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let count = machine.count(arguments.get(0));
    let total = total(machine, arguments.get(0))?.filter(|_| count > 0);
    Ok(total.map_or(Value::Nothing, |total| Value::Number(total / count as f64)))
}

fn extreme<'a>(machine: &mut Machine<'a, '_>, array: Value<'a>, better: fn(f64, f64) -> bool) -> Answer<'a> {
    machine.spend(machine.count(array))?;
    let mut best: Option<f64> = None;
    for item in machine.elements(array) {
        let Some(number) = machine.number(item) else {
            continue;
        };
        if number.is_nan() {
            return Ok(Value::Number(number));
        }
        if best.is_none_or(|best| better(number, best)) {
            best = Some(number);
        }
    }
    Ok(best.map_or(Value::Nothing, Value::Number))
}

pub(super) fn max<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    extreme(machine, arguments.get(0), |number, best| number > best)
}

pub(super) fn min<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    extreme(machine, arguments.get(0), |number, best| number < best)
}

fn of_one<'a>(machine: &Machine<'a, '_>, arguments: &Arguments<'a>, function: fn(f64) -> f64) -> Answer<'a> {
    Ok(machine
        .number(arguments.get(0))
        .map_or(Value::Nothing, |number| Value::Number(function(number))))
}

pub(super) fn abs<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    of_one(machine, arguments, f64::abs)
}

pub(super) fn floor<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    of_one(machine, arguments, f64::floor)
}

pub(super) fn ceil<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    of_one(machine, arguments, f64::ceil)
}

pub(super) fn round<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let places = machine.number(arguments.get(1));
    let number = machine.number(arguments.get(0));
    machine.owe(if places.is_some() { DIGITS_UNITS } else { 0 });
    Ok(number.map_or(Value::Nothing, |number| {
        Value::Number(numbers::round(number, places))
    }))
}

pub(super) fn square_root<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    match machine.number(arguments.get(0)) {
        Some(number) => numbers::square_root(number).map(Value::Number),
        None => Ok(Value::Nothing),
    }
}

pub(super) fn power<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    match (machine.number(arguments.get(0)), machine.number(arguments.get(1))) {
        (Some(base), Some(exponent)) => numbers::power(base, exponent).map(Value::Number),
        (Some(base), None) => Err(Error::new("D3061").with_value(base)),
        (None, _) => Ok(Value::Nothing),
    }
}

pub(super) fn random<'a>(machine: &mut Machine<'a, '_>, _: &Arguments<'a>) -> Answer<'a> {
    Ok(Value::Number(machine.next_random()))
}

pub(super) fn number<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let value = arguments.get(0);
    match machine.kind(value) {
        Kind::Number => Ok(value),
        Kind::Boolean => Ok(Value::Number(if machine.boolean(value) == Some(true) {
            1.0
        } else {
            0.0
        })),
        Kind::String => {
            let text = machine.text_of(value)?.unwrap_or_default();
            machine.spend(text.len() / NUMBER_BYTES_PER_UNIT)?;
            numbers::number(text)
                .map(Value::Number)
                .map_err(|error| error.with_index(1))
        }
        _ => Ok(Value::Nothing),
    }
}

pub(super) fn format_base<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let radix = machine.number(arguments.get(1));
    machine.owe(2 * DIGITS_UNITS);
    match machine.number(arguments.get(0)) {
        Some(number) => machine.written(|out| numbers::format_base(number, radix, out)),
        None => Ok(Value::Nothing),
    }
}

pub(super) fn format_number<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let Some(number) = machine.number(arguments.get(0)) else {
        return Ok(Value::Nothing);
    };
    let picture = machine.string(arguments.get(1)).unwrap_or_default();
    machine.owe(DIGITS_UNITS);
    if arguments.get(2).is_nothing() {
        return machine.with_pictures(|machine, pictures| {
            let read = |picture: &str| NumberPicture::parse(picture, DecimalFormat::default());
            machine.spend_picture(picture, pictures.numbers.knows(picture))?;
            let picture = pictures.numbers.get(picture, read)?;
            machine.written(|out| picture.format(number, out))
        });
    }
    let mut format = DecimalFormat::default();
    let mut members = machine.members(arguments.get(2));
    while let Some((name, symbol)) = members.next(machine) {
        if let Some(symbol) = machine.string(symbol) {
            format.set(name, symbol);
        }
    }
    machine.spend_picture(picture, false)?;
    let picture = NumberPicture::parse(picture, format)?;
    machine.written(|out| picture.format(number, out))
}

pub(super) fn format_integer<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let Some(number) = machine.number(arguments.get(0)) else {
        return Ok(Value::Nothing);
    };
    let picture = machine.string(arguments.get(1)).unwrap_or_default();
    machine.with_pictures(|machine, pictures| {
        machine.spend_picture(picture, pictures.integers.knows(picture))?;
        let picture = pictures.integers.get(picture, IntegerPicture::parse)?;
        machine.written(|out| picture.format(number, out))
    })
}

pub(super) fn parse_integer<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let Some(text) = machine.text_of(arguments.get(0))? else {
        return Ok(Value::Nothing);
    };
    let picture = machine.string(arguments.get(1)).unwrap_or_default();
    let is_known = machine.pictures.integers.knows(picture);
    machine.spend_picture(picture, is_known)?;
    machine.spend(text.len() / 2)?;
    let picture = machine.pictures.integers.get(picture, IntegerPicture::parse)?;
    picture.read(text).map(Value::Number)
}

impl Machine<'_, '_> {
    /// Returns the next number of the run's generator, from 0 to below 1.
    pub(super) fn next_random(&mut self) -> f64 {
        (self.next_bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Returns 64 bits (SplitMix64).
    pub(super) fn next_bits(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.random;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }
}
