//! Values as text: `$string`, `&`, and values in the texts of errors.

use std::fmt::Write;

use super::value::{Kind, Value, flag};
use super::{Error, Machine};
use crate::jsonata::Bound;
use crate::jsonata::function::number;

/// What a text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// `$string` and `&`: fractions have 15 digits, functions are empty strings.
    String,
    /// An error: as JavaScript writes JSON.
    Shown,
}

/// What it costs to write a whole number, and one with a fraction or a large one: its digits are found and rounded.
const WHOLE_UNITS: usize = 4;
const FRACTION_UNITS: usize = 80;

/// Numbers from here on have more digits than a string shows of fractions.
const LONG_MIN: f64 = 1e15;

/// What it costs to make one string of two, beside their bytes.
const CONCAT_UNITS: usize = 4;

/// So many levels of indentation cost a unit of fuel.
const LEVELS_PER_UNIT: usize = 4;

impl<'a> Machine<'a, '_> {
    /// Makes one string of the two values.
    pub(super) fn concat(&mut self, left: Value<'a>, right: Value<'a>) -> Result<Value<'a>, Error> {
        self.spend(CONCAT_UNITS)?;
        let mut out = std::mem::take(self.text);
        out.clear();
        let written = self
            .write_string(left, &mut out, false)
            .and_then(|()| self.write_string(right, &mut out, false))
            .and_then(|()| self.make_text(&out));
        *self.text = out;
        written
    }

    /// Returns a value as a string.
    pub(super) fn stringified(&mut self, value: Value<'a>, pretty: bool) -> Result<Value<'a>, Error> {
        if self.kind(value) == Kind::String {
            return Ok(value);
        }
        let mut out = std::mem::take(self.text);
        out.clear();
        let written = self
            .write_string(value, &mut out, pretty)
            .and_then(|()| self.make_text(&out));
        *self.text = out;
        written
    }

    /// Writes a value as `$string` has it; nothing is nothing.
    pub(super) fn write_string(
        &mut self,
        value: Value<'a>,
        out: &mut String,
        pretty: bool,
    ) -> Result<(), Error> {
        match self.kind(value) {
            Kind::Nothing | Kind::Function => Ok(()),
            Kind::String => {
                let text = self.string(value).unwrap_or_default();
                self.spend(text.len() / 16)?;
                self.check_room(out, text.len())?;
                out.push_str(text);
                Ok(())
            }
            Kind::Number => match self.number(value) {
                Some(number) if !number.is_finite() => Err(Error::new("D3001").with_value(number)),
                _ => self.write_number(value, out, Purpose::String),
            },
            _ => {
                let value = match value {
                    Value::Array(array) if array.has(flag::WRAPPER) => array.items[0],
                    _ => value,
                };
                self.write_json(value, out, pretty, Purpose::String)
            }
        }
    }

    /// Refuses a text that is longer than what the evaluation may take.
    fn check_room(&self, out: &str, more: usize) -> Result<(), Error> {
        match out.len().saturating_add(more) > self.memory {
            true => Err(Error::bound(Bound::Memory)),
            false => Ok(()),
        }
    }

    fn write_number(&mut self, value: Value<'a>, out: &mut String, purpose: Purpose) -> Result<(), Error> {
        self.spend(WHOLE_UNITS)?;
        if let Value::Integer(integer) = value {
            // Writing to a String cannot fail.
            let _ = write!(out, "{integer}");
            return Ok(());
        }
        if let Value::Json(json) = value {
            let text = self.view.number(json).unwrap_or_default();
            // An integer of 64 bits keeps its digits.
            if text.len() > 15 && text.parse::<i64>().is_ok() {
                out.push_str(text);
                return Ok(());
            }
        }
        let number = self.number(value).unwrap_or_default();
        if number.fract() != 0.0 || number.abs() >= LONG_MIN {
            self.spend(FRACTION_UNITS)?;
        }
        // Writing to a String cannot fail.
        let _ = match purpose {
            Purpose::String => number::write_string(out, number),
            Purpose::Shown => number::write_javascript(out, number),
        };
        Ok(())
    }

    /// Writes a value as JSON.
    pub(super) fn write_json(
        &mut self,
        value: Value<'a>,
        out: &mut String,
        pretty: bool,
        purpose: Purpose,
    ) -> Result<(), Error> {
        self.descend()?;
        self.spend(1)?;
        self.check_room(out, 0)?;
        match self.kind(value) {
            Kind::Nothing | Kind::Null => out.push_str("null"),
            Kind::Boolean => out.push_str(if self.boolean(value) == Some(true) {
                "true"
            } else {
                "false"
            }),
            Kind::Function if purpose == Purpose::String => out.push_str("\"\""),
            Kind::Function => out.push_str("null"),
            Kind::String => self.write_quoted(value, out)?,
            Kind::Number => match self.number(value) {
                Some(number) if number.is_nan() => out.push_str("null"),
                Some(number) if number.is_infinite() && purpose == Purpose::Shown => out.push_str("null"),
                Some(number) if number.is_infinite() => {
                    return Err(Error::new("D1001").with_value(number));
                }
                _ => self.write_number(value, out, purpose)?,
            },
            Kind::Array => self.write_array(value, out, pretty, purpose)?,
            Kind::Object => self.write_object(value, out, pretty, purpose)?,
        }
        self.ascend();
        Ok(())
    }

    fn write_quoted(&mut self, value: Value<'a>, out: &mut String) -> Result<(), Error> {
        let text = self.string(value).unwrap_or_default();
        self.write_quoted_text(text, out)
    }

    fn write_quoted_text(&mut self, text: &str, out: &mut String) -> Result<(), Error> {
        self.spend(1 + text.len() / 16)?;
        self.check_room(out, text.len())?;
        out.push('"');
        escape(text, out);
        out.push('"');
        Ok(())
    }

    /// Spends what it costs to begin a line, and that of the bracket at the end.
    fn spend_indent(&mut self, pretty: bool) -> Result<(), Error> {
        match pretty {
            true => self.spend(1 + self.levels as usize / LEVELS_PER_UNIT),
            false => Ok(()),
        }
    }

    fn write_array(
        &mut self,
        array: Value<'a>,
        out: &mut String,
        pretty: bool,
        purpose: Purpose,
    ) -> Result<(), Error> {
        let level = self.levels;
        let mut first = true;
        out.push('[');
        for item in self.items(array) {
            self.spend_indent(pretty)?;
            separate(out, &mut first, pretty, level);
            self.write_json(item, out, pretty, purpose)?;
        }
        finish(out, first, pretty, level, ']');
        Ok(())
    }

    fn write_object(
        &mut self,
        object: Value<'a>,
        out: &mut String,
        pretty: bool,
        purpose: Purpose,
    ) -> Result<(), Error> {
        let level = self.levels;
        let mut first = true;
        out.push('{');
        let mut members = self.members(object);
        while let Some((key, value)) = members.next(self) {
            if value.is_nothing() || purpose == Purpose::Shown && self.is_function(value) {
                continue;
            }
            self.spend_indent(pretty)?;
            separate(out, &mut first, pretty, level);
            self.write_quoted_text(key, out)?;
            out.push_str(if pretty { ": " } else { ":" });
            self.write_json(value, out, pretty, purpose)?;
        }
        finish(out, first, pretty, level, '}');
        Ok(())
    }
}

fn separate(out: &mut String, first: &mut bool, pretty: bool, level: u32) {
    if !std::mem::take(first) {
        out.push(',');
    }
    if pretty {
        indent(out, level);
    }
}

fn finish(out: &mut String, empty: bool, pretty: bool, level: u32, bracket: char) {
    if pretty && !empty {
        indent(out, level - 1);
    }
    out.push(bracket);
}

fn indent(out: &mut String, level: u32) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", level as usize));
}

/// Appends a text as JSON has it between quotes.
fn escape(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find(|character: char| matches!(character, '"' | '\\' | '\0'..='\u{1f}')) {
        out.push_str(&rest[..at]);
        let byte = rest.as_bytes()[at];
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            8 => out.push_str("\\b"),
            12 => out.push_str("\\f"),
            _ => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{byte:04x}");
            }
        }
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
}
