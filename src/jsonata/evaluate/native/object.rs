//! Functions of objects, and of any value.

use super::Arguments;
use crate::jsonata::Error;
use crate::jsonata::evaluate::Machine;
use crate::jsonata::evaluate::value::{Kind, Value, flag};

type Answer<'a> = Result<Value<'a>, Error>;

/// What it costs to make an object of one member, beside the member.
const SPREAD_UNITS: usize = 2;

pub(super) fn unknown<'a>(_: &mut Machine<'a, '_>, _: &Arguments<'a>) -> Answer<'a> {
    Err(Error::new("T1006"))
}

pub(super) fn keys<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let value = machine.unwrapped(arguments.get(0));
    let bottom = machine.stack.len();
    if machine.is_array(value) {
        // A set that keeps the order: an object without values.
        let names = machine.make_object(0)?;
        machine.collect_keys(value, names)?;
        for at in 0..names.len() {
            let Some(member) = names.member(at) else { break };
            let key = machine.share_text(member.key)?;
            machine.stack.push(key);
        }
    } else {
        let mut members = machine.members(value);
        while let Some((key, _)) = members.next(machine) {
            machine.spend(1)?;
            let key = machine.share_text(key)?;
            machine.stack.push(key);
        }
    }
    machine.array_from_stack(bottom, flag::SEQUENCE)
}

pub(super) fn lookup<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let Some(name) = machine.string(arguments.get(1)) else {
        return Ok(Value::Nothing);
    };
    machine.lookup_named(arguments.get(0), name)
}

pub(super) fn spread<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let value = arguments.get(0);
    let bottom = machine.stack.len();
    match machine.kind(value) {
        Kind::Array => {
            machine.push_spread(value)?;
            // Appending makes an array that is no sequence.
            let empty = machine.items(value).all(Value::is_nothing);
            machine.array_from_stack(bottom, if empty { flag::SEQUENCE } else { 0 })
        }
        Kind::Object => {
            machine.push_spread(value)?;
            machine.array_from_stack(bottom, flag::SEQUENCE)
        }
        _ => Ok(value),
    }
}

pub(super) fn merge<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let array = arguments.get(0);
    if array.is_nothing() {
        return Ok(Value::Nothing);
    }
    machine.spend(machine.count(array))?;
    let capacity = machine.items(array).map(|item| machine.count_members(item)).sum();
    let object = machine.make_object(capacity)?;
    machine.spend(capacity)?;
    for item in machine.items(array) {
        let mut members = machine.members(item);
        while let Some((key, value)) = members.next(machine) {
            machine.put(object, key, value)?;
        }
    }
    Ok(Value::Object(object))
}

pub(super) fn clone<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let value = machine.unwrapped(arguments.get(0));
    match value.is_nothing() {
        true => Ok(Value::Nothing),
        false => machine.copied(value),
    }
}

pub(super) fn boolean<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let value = arguments.get(0);
    if value.is_nothing() {
        return Ok(Value::Nothing);
    }
    Ok(Value::Boolean(machine.truth_of_argument(value)?))
}

pub(super) fn not<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let value = arguments.get(0);
    if value.is_nothing() {
        return Ok(Value::Nothing);
    }
    Ok(Value::Boolean(!machine.truth_of_argument(value)?))
}

pub(super) fn exists<'a>(_: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    Ok(Value::Boolean(!arguments.get(0).is_nothing()))
}

pub(super) fn type_of<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let value = arguments.get(0);
    if value.is_nothing() {
        return Ok(Value::Nothing);
    }
    let name = match machine.kind(value) {
        Kind::Number if machine.numeric(value)?.is_none() => "object",
        _ => machine.shown_kind(value),
    };
    machine.share_text(name)
}

pub(super) fn error<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let text = machine.string(arguments.get(0)).filter(|text| !text.is_empty());
    Err(Error::message(text.unwrap_or("$error() function evaluated")))
}

pub(super) fn assert<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    if machine.is_truthy(arguments.get(0)) {
        return Ok(Value::Nothing);
    }
    let text = machine.string(arguments.get(1)).filter(|text| !text.is_empty());
    Err(Error::new("D3141").with_value(text.unwrap_or("$assert() statement failed")))
}

impl<'a> Machine<'a, '_> {
    /// A function that is an argument counts as false.
    fn truth_of_argument(&mut self, value: Value<'a>) -> Result<bool, Error> {
        if self.is_function(value) {
            Ok(false)
        } else {
            self.truth(value)
        }
    }

    pub(in crate::jsonata::evaluate) fn count_members(&self, value: Value<'a>) -> usize {
        match value {
            Value::Object(object) => object.len(),
            Value::Json(json) if self.kind(value) == Kind::Object => self.view.count(json),
            _ => 0,
        }
    }

    fn collect_keys(
        &mut self,
        array: Value<'a>,
        names: &'a crate::jsonata::evaluate::value::Object<'a>,
    ) -> Result<(), Error> {
        self.descend()?;
        for item in self.items(array) {
            self.spend(1)?;
            if self.is_array(item) {
                self.collect_keys(item, names)?;
                continue;
            }
            let mut members = self.members(item);
            while let Some((key, _)) = members.next(self) {
                self.put(names, key, Value::Boolean(true))?;
            }
        }
        self.ascend();
        Ok(())
    }

    fn lookup_named(&mut self, value: Value<'a>, name: &str) -> Answer<'a> {
        if !self.is_array(value) {
            self.spend(2 + self.count_members(value) / 2)?;
            return Ok(self.member(value, name).unwrap_or(Value::Nothing));
        }
        let bottom = self.stack.len();
        self.descend()?;
        for item in self.items(value) {
            self.spend(1)?;
            let found = self.lookup_named(item, name)?;
            if !found.is_nothing() {
                let items = self.items(found);
                self.stack.extend(items);
            }
        }
        self.ascend();
        self.array_from_stack(bottom, flag::SEQUENCE)
    }

    /// Pushes an object for each member of an object, or of the objects of an array.
    fn push_spread(&mut self, value: Value<'a>) -> Result<(), Error> {
        self.descend()?;
        self.spend(1)?;
        match self.kind(value) {
            Kind::Array => {
                for item in self.items(value) {
                    self.push_spread(item)?;
                }
            }
            Kind::Object => {
                let mut members = self.members(value);
                while let Some((key, member)) = members.next(self) {
                    self.spend(SPREAD_UNITS)?;
                    let object = self.make_object(1)?;
                    self.put(object, key, member)?;
                    self.stack.push(Value::Object(object));
                }
            }
            Kind::Nothing => {}
            _ => self.stack.push(value),
        }
        self.ascend();
        Ok(())
    }
}
