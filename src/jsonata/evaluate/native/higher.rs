//! Functions that call functions.

use super::Arguments;
use crate::jsonata::Error;
use crate::jsonata::evaluate::Machine;
use crate::jsonata::evaluate::sort::Comparator;
use crate::jsonata::evaluate::value::{Kind, Value, flag};

type Answer<'a> = Result<Value<'a>, Error>;

/// Calls a function with as many of three arguments as it takes, at least one.
fn call<'a>(machine: &mut Machine<'a, '_>, function: Value<'a>, arguments: [Value<'a>; 3]) -> Answer<'a> {
    let count = machine.arity(function).clamp(1, 3);
    machine.apply(function, &arguments[..count])
}

pub(super) fn map<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let (array, function) = (arguments.get(0), arguments.get(1));
    if array.is_nothing() {
        return Ok(Value::Nothing);
    }
    let bottom = machine.stack.len();
    for (index, item) in machine.items(array).enumerate() {
        let result = call(machine, function, [item, Value::Number(index as f64), array])?;
        if !result.is_nothing() {
            machine.stack.push(result);
        }
    }
    machine.array_from_stack(bottom, flag::SEQUENCE)
}

pub(super) fn filter<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let (array, function) = (arguments.get(0), arguments.get(1));
    if array.is_nothing() {
        return Ok(Value::Nothing);
    }
    let bottom = machine.stack.len();
    for (index, item) in machine.items(array).enumerate() {
        let result = call(machine, function, [item, Value::Number(index as f64), array])?;
        if machine.truth(result)? {
            machine.stack.push(item);
        }
    }
    machine.array_from_stack(bottom, flag::SEQUENCE)
}

pub(super) fn single<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let (array, function) = (arguments.get(0), arguments.get(1));
    if array.is_nothing() {
        return Ok(Value::Nothing);
    }
    let mut found = None;
    for (index, item) in machine.items(array).enumerate() {
        let matches = match function.is_nothing() {
            true => true,
            false => {
                let result = call(machine, function, [item, Value::Number(index as f64), array])?;
                machine.truth(result)?
            }
        };
        match (matches, found) {
            (true, None) => found = Some(item),
            (true, Some(_)) => return Err(Error::new("D3138").with_index(index)),
            (false, _) => {}
        }
    }
    found.ok_or_else(|| Error::new("D3139"))
}

pub(super) fn reduce<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let (array, function) = (arguments.get(0), arguments.get(1));
    if array.is_nothing() {
        return Ok(Value::Nothing);
    }
    let arity = machine.arity(function);
    if arity < 2 {
        return Err(Error::new("D3050").with_index(1));
    }
    let mut items = machine.items(array).enumerate();
    let mut result = arguments.get(2);
    if result.is_nothing() {
        match items.next() {
            Some((_, first)) => result = first,
            None => return Ok(Value::Nothing),
        }
    }
    for (index, item) in items {
        let all = [result, item, Value::Number(index as f64), array];
        result = machine.apply(function, &all[..arity.min(4)])?;
    }
    Ok(result)
}

pub(super) fn each<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let (object, function) = (machine.unwrapped(arguments.get(0)), arguments.get(1));
    let bottom = machine.stack.len();
    let mut members = machine.members(object);
    while let Some((key, value)) = members.next(machine) {
        let key = machine.share_text(key)?;
        let result = call(machine, function, [value, key, object])?;
        if !result.is_nothing() {
            machine.stack.push(result);
        }
    }
    machine.array_from_stack(bottom, flag::SEQUENCE)
}

pub(super) fn sift<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let (object, function) = (machine.unwrapped(arguments.get(0)), arguments.get(1));
    let result = machine.make_object(0)?;
    let mut members = machine.members(object);
    while let Some((name, value)) = members.next(machine) {
        let key = machine.share_text(name)?;
        let kept = call(machine, function, [value, key, object])?;
        if machine.truth(kept)? {
            machine.put(result, name, value)?;
        }
    }
    Ok(if result.len() == 0 {
        Value::Nothing
    } else {
        Value::Object(result)
    })
}

pub(super) fn sort<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let (array, function) = (arguments.get(0), arguments.get(1));
    if array.is_nothing() || machine.count(array) <= 1 {
        return Ok(array);
    }
    if !function.is_nothing() {
        return machine.sorted(array, Comparator::Function(function));
    }
    machine.spend(machine.count(array))?;
    let mut all = [true, true];
    for item in machine.items(array) {
        all[0] &= machine.numeric(item)?.is_some();
        all[1] &= machine.kind(item) == Kind::String;
    }
    match all {
        [false, false] => Err(Error::new("D3070").with_index(1)),
        _ => machine.sorted(array, Comparator::Natural),
    }
}
