//! Functions of time: one instant for a whole evaluation.

use super::Arguments;
use crate::jsonata::Error;
use crate::jsonata::evaluate::Machine;
use crate::jsonata::evaluate::value::Value;
use crate::jsonata::function::picture::{DatePicture, Pictures, Zone, format_iso, parse_iso};

/// Units of fuel for writing by a picture, beside its bytes.
const WRITE_UNITS: usize = 10;

/// Units of fuel for reading a picture, and for each byte of it.
const PICTURE_UNITS: usize = 150;
const READ_UNITS_PER_BYTE: usize = 8;

/// Units of fuel for reading a time that is written as ISO 8601 has it.
const ISO_UNITS: usize = 14;

/// Units of fuel for what reads times by a picture: it is a regular expression.
const READER_UNITS: usize = 1_000;

type Answer<'a> = Result<Value<'a>, Error>;

pub(super) fn millis<'a>(machine: &mut Machine<'a, '_>, _: &Arguments<'a>) -> Answer<'a> {
    Ok(Value::Number(machine.world.millis as f64))
}

pub(super) fn now<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let millis = machine.world.millis as f64;
    machine.formatted(millis, arguments.get(0), arguments.get(1))
}

pub(super) fn from_millis<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    match machine.number(arguments.get(0)) {
        Some(millis) => machine.formatted(millis, arguments.get(1), arguments.get(2)),
        None => Ok(Value::Nothing),
    }
}

pub(super) fn to_millis<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let Some(text) = machine.text_of(arguments.get(0))? else {
        return Ok(Value::Nothing);
    };
    let Some(picture) = machine.string(arguments.get(1)) else {
        machine.spend(ISO_UNITS)?;
        return parse_iso(text).map(Value::Number);
    };
    let cost = READER_UNITS + READ_UNITS_PER_BYTE * picture.len();
    machine.spend(if machine.pictures.readers.knows(picture) {
        1
    } else {
        cost
    })?;
    let read_picture = |picture: &str| DatePicture::parse(picture)?.reader();
    let reader = machine.pictures.readers.get(picture, read_picture)?;
    machine.regex.steps = machine.fuel;
    let read = reader.read(text, machine.world.millis as f64, machine.regex);
    machine.fuel = machine.regex.steps.min(machine.fuel);
    Ok(read?.map_or(Value::Nothing, Value::Number))
}

impl<'a> Machine<'a, '_> {
    /// Lends the pictures that are kept, beside the machine.
    pub(super) fn with_pictures(
        &mut self,
        run: impl FnOnce(&mut Self, &mut Pictures) -> Answer<'a>,
    ) -> Answer<'a> {
        let mut pictures = std::mem::take(self.pictures);
        let answer = run(self, &mut pictures);
        *self.pictures = pictures;
        answer
    }

    /// Spends what a picture costs: to read it, and to write by it.
    pub(super) fn spend_picture(&mut self, picture: &str, is_known: bool) -> Result<(), Error> {
        self.spend(match is_known {
            true => WRITE_UNITS + picture.len(),
            false => PICTURE_UNITS + READ_UNITS_PER_BYTE * picture.len(),
        })
    }

    /// Writes a time by a picture, or as ISO 8601 has it.
    fn formatted(&mut self, millis: f64, picture: Value<'a>, zone: Value<'a>) -> Answer<'a> {
        let zone = self.string(zone).map_or(Zone::UTC, Zone::parse);
        match self.string(picture) {
            Some(picture) => self.with_pictures(|machine, pictures| {
                machine.spend_picture(picture, pictures.dates.knows(picture))?;
                let picture = pictures.dates.get(picture, DatePicture::parse)?;
                machine.written(|out| picture.format(millis, zone, out))
            }),
            None => self.written(|out| format_iso(millis, zone, out)),
        }
    }
}
