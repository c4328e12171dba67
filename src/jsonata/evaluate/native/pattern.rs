//! Functions that look for a text, a regular expression, or what a function finds.

use std::ops::Range;

use super::Arguments;
use crate::jsonata::Error;
use crate::jsonata::evaluate::Machine;
use crate::jsonata::evaluate::value::{Function, Kind, Value, flag};
use crate::jsonata::function::Text;
use crate::jsonata::function::string::{self as strings, Groups};

type Answer<'a> = Result<Value<'a>, Error>;

/// So many bytes of a text that are gone through cost one unit of fuel.
const BYTES_PER_UNIT: usize = 16;

/// A match, as a matcher's object tells it; offsets are bytes.
struct Found<'a> {
    matched: Value<'a>,
    start: Value<'a>,
    end: Value<'a>,
    groups: Value<'a>,
    next: Value<'a>,
}

/// A place in a text, in bytes and in UTF-16 units. Matches are told in units, and each is looked for behind the one
/// before: from a place that is known there is not far to go.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::jsonata::evaluate) struct Cursor {
    /// Where the text begins in memory, and its length: enough to know it again, since the arena frees nothing.
    text: (usize, usize),
    bytes: usize,
    units: usize,
}

impl Cursor {
    /// Goes back to the beginning if it is another text, or if the place lies behind.
    fn ready(&mut self, text: &str, is_behind: impl FnOnce(&Cursor) -> bool) {
        let text = (text.as_ptr() as usize, text.len());
        if self.text != text || is_behind(self) {
            *self = Cursor {
                text,
                ..Cursor::default()
            };
        }
    }

    /// Returns the place in UTF-16 units of one in bytes.
    fn units_of(&mut self, text: &str, bytes: usize) -> usize {
        self.ready(text, |cursor| cursor.bytes > bytes);
        let passed = text.get(self.bytes..bytes).unwrap_or_default();
        self.units += match passed.is_ascii() {
            true => passed.len(),
            false => passed.encode_utf16().count(),
        };
        self.bytes = bytes;
        self.units
    }

    /// Returns the place in bytes of one in UTF-16 units; one inside of a character is behind it.
    fn bytes_of(&mut self, text: &str, units: f64) -> usize {
        self.ready(text, |cursor| cursor.units as f64 > units);
        let missing = (units.max(0.0) as usize).saturating_sub(self.units);
        let rest = &text[self.bytes..];
        match rest.get(..missing.min(rest.len())) {
            Some(passed) if passed.is_ascii() => {
                self.bytes += passed.len();
                self.units += passed.len();
            }
            _ => {
                for character in rest.chars() {
                    if self.units as f64 >= units {
                        break;
                    }
                    self.bytes += character.len_utf8();
                    self.units += character.len_utf16();
                }
            }
        }
        self.bytes
    }
}

impl<'a> Machine<'a, '_> {
    /// Matches a regular expression from the beginning.
    pub(in crate::jsonata::evaluate) fn match_regex(&mut self, regex: u32, text: Value<'a>) -> Answer<'a> {
        let Value::Text(text) = self.as_text(text)? else {
            return Ok(Value::Nothing);
        };
        self.find(regex, text, None)
    }

    /// Goes on behind a match.
    pub(in crate::jsonata::evaluate) fn match_next(
        &mut self,
        regex: u32,
        text: &'a &'a str,
        from: usize,
    ) -> Answer<'a> {
        self.find(regex, text, Some(from))
    }

    /// Returns a string of any sort as one of the arena; nothing for anything else.
    fn as_text(&mut self, value: Value<'a>) -> Answer<'a> {
        match (value, self.string(value)) {
            (Value::Text(_), _) => Ok(value),
            (_, Some(text)) => self.share_text(text),
            _ => Ok(Value::Nothing),
        }
    }

    /// Finds the first match, or the next one behind `from`.
    fn find_range(
        &mut self,
        regex: u32,
        text: &str,
        from: Option<usize>,
    ) -> Result<Option<Range<usize>>, Error> {
        self.spend(1)?;
        let pattern = &self.code.regexes[regex as usize];
        self.regex.steps = self.fuel;
        let found = pattern.find(text, from, self.regex);
        self.fuel = self.regex.steps.min(self.fuel);
        found
    }

    /// Returns what the groups of the last match matched.
    fn groups(&mut self, regex: u32, text: &'a str) -> Answer<'a> {
        let pattern = &self.code.regexes[regex as usize];
        let bottom = self.stack.len();
        for group in 1..=pattern.groups() {
            let value = match self.regex.group(group) {
                Some(range) => self.share_text(&text[range])?,
                None => Value::Nothing,
            };
            self.stack.push(value);
        }
        self.array_from_stack(bottom, 0)
    }

    /// Finds a match and makes the object that tells it.
    fn find(&mut self, regex: u32, text: &'a &'a str, from: Option<usize>) -> Answer<'a> {
        let Some(range) = self.find_range(regex, text, from)? else {
            return Ok(Value::Nothing);
        };
        let groups = self.groups(regex, text)?;
        let object = self.make_object(5)?;
        let matched = self.share_text(&text[range.clone()])?;
        self.put(object, "match", matched)?;
        let start = self.units_of(text, range.start)?;
        let end = self.units_of(text, range.end)?;
        self.put(object, "start", start)?;
        self.put(object, "end", end)?;
        self.put(object, "groups", groups)?;
        let next = self.function(Function::Next {
            regex,
            text,
            from: range.end,
        })?;
        self.put(object, "next", next)?;
        Ok(Value::Object(object))
    }

    fn units_of(&mut self, text: &str, bytes: usize) -> Answer<'a> {
        let before = self.cursors[0].bytes;
        let units = self.cursors[0].units_of(text, bytes);
        let passed = bytes.checked_sub(before).unwrap_or(bytes);
        self.spend(passed / BYTES_PER_UNIT)?;
        Ok(Value::Number(units as f64))
    }

    /// Returns where in a text a match begins or ends, in bytes.
    fn bytes_of(&mut self, text: &str, units: Value<'a>) -> Result<usize, Error> {
        let Some(units) = self.number(units) else {
            return Ok(0);
        };
        let before = self.cursors[1].bytes;
        let bytes = self.cursors[1].bytes_of(text, units);
        self.spend(bytes.checked_sub(before).unwrap_or(bytes) / BYTES_PER_UNIT)?;
        Ok(bytes)
    }

    /// Asks a matcher for a match.
    fn ask(&mut self, matcher: Value<'a>, arguments: &[Value<'a>]) -> Result<Option<Found<'a>>, Error> {
        let answer = self.apply(matcher, arguments)?;
        self.told(answer)
    }

    /// Reads the object that tells a match.
    fn told(&mut self, answer: Value<'a>) -> Result<Option<Found<'a>>, Error> {
        if !self.is_truthy(answer) {
            return Ok(None);
        }
        let part = |name| self.member(answer, name).unwrap_or(Value::Nothing);
        let found = Found {
            matched: part("match"),
            start: part("start"),
            end: part("end"),
            groups: part("groups"),
            next: part("next"),
        };
        let is_match = self.kind(found.start) == Kind::Number
            || self.kind(found.end) == Kind::Number
            || self.is_array(found.groups)
            || self.is_function(found.next);
        if is_match {
            Ok(Some(found))
        } else {
            Err(Error::new("T1010"))
        }
    }

    fn limit(&mut self, value: Value<'a>, code: &'static str, index: usize) -> Result<f64, Error> {
        match self.number(value) {
            Some(limit) if limit < 0.0 => Err(Error::new(code).with_value(limit).with_index(index)),
            Some(limit) => Ok(limit),
            None => Ok(f64::INFINITY),
        }
    }
}

/// Returns the regular expression that a matcher is, which needs no objects to tell its matches.
fn regex_of(matcher: Value<'_>) -> Option<u32> {
    match matcher {
        Value::Function(Function::Regex(regex)) => Some(*regex),
        Value::Function(Function::Detached(inner)) => regex_of(*inner),
        _ => None,
    }
}

pub(super) fn contains<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let Some(text) = machine.text_of(arguments.get(0))? else {
        return Ok(Value::Nothing);
    };
    let found = match (machine.string(arguments.get(1)), regex_of(arguments.get(1))) {
        (Some(part), _) => text.contains(part),
        (None, Some(regex)) => machine.find_range(regex, text, None)?.is_some(),
        (None, None) => {
            // Whatever a matcher returns tells a match, unless it is nothing: false, too.
            let answer = machine.apply(arguments.get(1), &[arguments.get(0)])?;
            machine.told(answer)?;
            !answer.is_nothing()
        }
    };
    Ok(Value::Boolean(found))
}

pub(super) fn matches<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    if arguments.get(0).is_nothing() {
        return Ok(Value::Nothing);
    }
    let limit = machine.limit(arguments.get(2), "D3040", 3)?;
    let bottom = machine.stack.len();
    if let (Some(regex), Some(text)) = (regex_of(arguments.get(1)), machine.string(arguments.get(0))) {
        return matches_of_regex(machine, regex, text, limit);
    }
    let mut found = match limit > 0.0 {
        true => machine.ask(arguments.get(1), &[arguments.get(0)])?,
        false => None,
    };
    while let Some(one) = found.filter(|_| ((machine.stack.len() - bottom) as f64) < limit) {
        let object = machine.make_object(3)?;
        machine.put(object, "match", one.matched)?;
        machine.put(object, "index", one.start)?;
        machine.put(object, "groups", one.groups)?;
        machine.stack.push(Value::Object(object));
        found = machine.ask(one.next, &[])?;
    }
    machine.array_from_stack(bottom, flag::SEQUENCE)
}

fn matches_of_regex<'a>(machine: &mut Machine<'a, '_>, regex: u32, text: &'a str, limit: f64) -> Answer<'a> {
    let bottom = machine.stack.len();
    let mut found = match limit > 0.0 {
        true => machine.find_range(regex, text, None)?,
        false => None,
    };
    while let Some(range) = found.filter(|_| ((machine.stack.len() - bottom) as f64) < limit) {
        let object = machine.make_object(3)?;
        let matched = machine.share_text(&text[range.clone()])?;
        machine.put(object, "match", matched)?;
        let index = machine.units_of(text, range.start)?;
        machine.put(object, "index", index)?;
        let groups = machine.groups(regex, text)?;
        machine.put(object, "groups", groups)?;
        machine.stack.push(Value::Object(object));
        found = machine.find_range(regex, text, Some(range.end))?;
    }
    machine.array_from_stack(bottom, flag::SEQUENCE)
}

pub(super) fn split<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let Some(text) = machine.text_of(arguments.get(0))? else {
        return Ok(Value::Nothing);
    };
    let limit = machine.limit(arguments.get(2), "D3020", 3)?;
    let bottom = machine.stack.len();
    if limit > 0.0 {
        match machine.string(arguments.get(1)) {
            Some(separator) => {
                for part in strings::split(text, separator, Some(limit).filter(|limit| limit.is_finite()))? {
                    machine.spend(1)?;
                    machine.take_elements(1)?;
                    let part = machine.share_text(part)?;
                    machine.stack.push(part);
                }
            }
            None => split_by_matcher(machine, arguments, text, limit)?,
        }
    }
    machine.array_from_stack(bottom, 0)
}

fn split_by_matcher<'a>(
    machine: &mut Machine<'a, '_>,
    arguments: &Arguments<'a>,
    text: &'a str,
    limit: f64,
) -> Result<(), Error> {
    if let Some(regex) = regex_of(arguments.get(1)) {
        return split_by_regex(machine, regex, text, limit);
    }
    let mut found = machine.ask(arguments.get(1), &[arguments.get(0)])?;
    let (mut start, mut count) = (0, 0.0);
    while let Some(one) = found.filter(|_| count < limit) {
        let (from, to) = (
            machine.bytes_of(text, one.start)?,
            machine.bytes_of(text, one.end)?,
        );
        let part = machine.share_text(text.get(start..from).unwrap_or_default())?;
        machine.stack.push(part);
        start = to;
        count += 1.0;
        found = machine.ask(one.next, &[])?;
    }
    if count < limit {
        let part = machine.share_text(text.get(start..).unwrap_or_default())?;
        machine.stack.push(part);
    }
    Ok(())
}

fn split_by_regex<'a>(
    machine: &mut Machine<'a, '_>,
    regex: u32,
    text: &'a str,
    limit: f64,
) -> Result<(), Error> {
    let mut found = machine.find_range(regex, text, None)?;
    let (mut start, mut count) = (0, 0.0);
    while let Some(range) = found.filter(|_| count < limit) {
        let part = machine.share_text(&text[start..range.start])?;
        machine.stack.push(part);
        start = range.end;
        count += 1.0;
        found = machine.find_range(regex, text, Some(range.end))?;
    }
    if count < limit {
        let part = machine.share_text(&text[start..])?;
        machine.stack.push(part);
    }
    Ok(())
}

/// The groups of a match, as a replacement asks for them.
struct GroupTexts<'t>(&'t [&'t str]);

impl Groups for GroupTexts<'_> {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn get(&self, group: usize) -> Option<&str> {
        self.0.get(group).copied()
    }
}

pub(super) fn replace<'a>(machine: &mut Machine<'a, '_>, arguments: &Arguments<'a>) -> Answer<'a> {
    let Some(text) = machine.text_of(arguments.get(0))? else {
        return Ok(Value::Nothing);
    };
    let (pattern, replacement) = (arguments.get(1), arguments.get(2));
    if machine.string(pattern) == Some("") {
        return Err(Error::new("D3010").with_value("").with_index(2));
    }
    let limit = machine.limit(arguments.get(3), "D3011", 4)?;
    // As JavaScript writes it.
    let is_missing = matches!(replacement, Value::Nothing);
    let replacement = machine.string(replacement).or(is_missing.then_some("undefined"));
    match (machine.string(pattern), replacement) {
        (Some(pattern), Some(replacement)) => {
            // So often it may be found.
            machine.spend((text.len() / pattern.len()).min(limit as usize))?;
            let limit = Some(limit).filter(|limit| limit.is_finite());
            machine.written(|out| strings::replace_text(text, pattern, replacement, limit, out))
        }
        (Some(_), None) => Ok(arguments.get(0)),
        (None, _) => replace_matches(machine, arguments, text, limit),
    }
}

/// Replaces what a matcher finds; the parts stand on the stack until all are known.
fn replace_matches<'a>(
    machine: &mut Machine<'a, '_>,
    arguments: &Arguments<'a>,
    text: &'a str,
    limit: f64,
) -> Answer<'a> {
    if let (Some(regex), Some(replacement)) = (regex_of(arguments.get(1)), machine.string(arguments.get(2))) {
        return replace_regex(machine, regex, (text, replacement), limit);
    }
    let bottom = machine.stack.len();
    let mut found = match limit > 0.0 {
        true => machine.ask_whole(arguments.get(1), &[arguments.get(0)])?,
        false => None,
    };
    let (mut position, mut count) = (0, 0.0);
    while let Some((one, whole)) = found.filter(|_| count < limit) {
        let start = machine.bytes_of(text, one.start)?;
        let before = machine.share_text(text.get(position..start).unwrap_or_default())?;
        machine.stack.push(before);
        let matched = machine.string(one.matched).unwrap_or_default();
        let replaced = match machine.string(arguments.get(2)) {
            Some(replacement) => machine.substituted(replacement, matched, one.groups)?,
            None => machine.apply(arguments.get(2), &[whole])?,
        };
        if machine.kind(replaced) != Kind::String {
            let error = Error::new("D3012");
            return Err(machine.with_value(error, replaced));
        }
        machine.stack.push(replaced);
        position = start + matched.len();
        count += 1.0;
        found = machine.ask_whole(one.next, &[])?;
    }
    let rest = machine.share_text(text.get(position..).unwrap_or_default())?;
    machine.stack.push(rest);
    machine.joined(bottom)
}

fn replace_regex<'a>(
    machine: &mut Machine<'a, '_>,
    regex: u32,
    (text, replacement): (&'a str, &'a str),
    limit: f64,
) -> Answer<'a> {
    let bottom = machine.stack.len();
    let mut found = match limit > 0.0 {
        true => machine.find_range(regex, text, None)?,
        false => None,
    };
    let (mut position, mut count) = (0, 0.0);
    let plain = machine.share_text(replacement)?;
    let is_plain = !replacement.contains('$');
    while let Some(range) = found.filter(|_| count < limit) {
        let before = machine.share_text(&text[position..range.start])?;
        machine.stack.push(before);
        let replaced = match is_plain {
            true => plain,
            false => {
                let groups = machine.groups(regex, text)?;
                machine.substituted(replacement, &text[range.clone()], groups)?
            }
        };
        machine.stack.push(replaced);
        position = range.end;
        count += 1.0;
        found = machine.find_range(regex, text, Some(range.end))?;
    }
    let rest = machine.share_text(&text[position..])?;
    machine.stack.push(rest);
    machine.joined(bottom)
}

impl<'a> Machine<'a, '_> {
    fn ask_whole(
        &mut self,
        matcher: Value<'a>,
        arguments: &[Value<'a>],
    ) -> Result<Option<(Found<'a>, Value<'a>)>, Error> {
        let mut whole = Value::Nothing;
        let answer = self.apply(matcher, arguments)?;
        if self.is_truthy(answer) {
            whole = answer;
        }
        let found = self.told(answer)?;
        Ok(found.map(|found| (found, whole)))
    }

    /// Writes a replacement with the groups of a match.
    fn substituted(&mut self, replacement: &str, matched: &str, groups: Value<'a>) -> Answer<'a> {
        self.spend(self.count(groups) + replacement.len() / 2)?;
        self.take_elements(self.count(groups))?;
        let mut texts = bumpalo::collections::Vec::new_in(self.arena);
        for group in self.elements(groups) {
            texts.push(self.string(group).unwrap_or_default());
        }
        self.written(|out| strings::substitute(replacement, matched, &GroupTexts(&texts), out))
    }

    /// Joins the strings on the stack from `bottom` on.
    fn joined(&mut self, bottom: usize) -> Answer<'a> {
        self.take_elements(self.stack.len() - bottom)?;
        self.spend(self.stack.len() - bottom)?;
        let mut texts = bumpalo::collections::Vec::with_capacity_in(self.stack.len() - bottom, self.arena);
        for at in bottom..self.stack.len() {
            texts.push(self.string(self.stack[at]).unwrap_or_default());
        }
        self.stack.truncate(bottom);
        self.written(|out: &mut Text<'_>| texts.iter().try_for_each(|text| out.push_str(text)))
    }
}
