//! `States.Format` (facts 6.3).
//!
//! The template is read twice: once to check it and to know the length of the result, once to write.
//! A template and values without escapes are copied within the heap, without a buffer between.

use super::evaluate::{Work, check_length, json_length};
use super::{Function, IntrinsicError, java};
use crate::value::{Kind, ValueRef, View};

/// A piece of a template.
enum Piece<'t> {
    /// A text, and where it stands in the template.
    Text(&'t str, usize),
    /// `{}`.
    Value,
}

pub(super) fn format(
    work: &mut Work,
    template: ValueRef,
    values: &[ValueRef],
) -> Result<ValueRef, IntrinsicError> {
    let view = work.store.view();
    let text = view.string(template).ok_or_else(|| work.refused())?;
    let plain = text.plain().is_some() && values.iter().all(|value| is_copied(view, *value));
    let text = text.decode();
    check_length(measure(view, &text, values)?)?;
    if plain {
        return Ok(copy(work, template, values));
    }
    let mut out = String::new();
    let mut values = values.iter();
    let mut pieces = Pieces {
        template: &text,
        at: 0,
    };
    while let Some(piece) = pieces.next()? {
        match (piece, values.as_slice().first()) {
            (Piece::Text(text, _), _) => out.push_str(text),
            (Piece::Value, Some(value)) => {
                out.push_str(&java::text(view, *value)?);
                values.next();
            }
            (Piece::Value, None) => break,
        }
    }
    Ok(work.store.string(&out))
}

/// Says whether a value's text is the same in the heap and in the result.
fn is_copied(view: View<'_>, value: ValueRef) -> bool {
    !matches!(view.kind(value), Kind::Array | Kind::Object)
}

/// Checks the template and the number of values, and returns the length of the result as JSON.
fn measure(view: View<'_>, template: &str, values: &[ValueRef]) -> Result<u64, IntrinsicError> {
    let mut length = 2u64;
    let mut values = values.iter();
    let mut pieces = Pieces { template, at: 0 };
    while let Some(piece) = pieces.next()? {
        let added = match piece {
            Piece::Text(text, _) => json_length(text) - 2,
            Piece::Value => match values.next() {
                Some(value) => value_length(view, *value)?,
                None => return Err(IntrinsicError::Arguments(Function::Format)),
            },
        };
        length = length.saturating_add(added);
        check_length(length)?;
    }
    if values.next().is_some() {
        return Err(IntrinsicError::Arguments(Function::Format));
    }
    Ok(length)
}

fn value_length(view: View<'_>, value: ValueRef) -> Result<u64, IntrinsicError> {
    if let Some(string) = view.string(value) {
        return Ok(string.escaped().len() as u64);
    }
    if is_copied(view, value) {
        return Ok(view.len(value) as u64);
    }
    Ok(json_length(&java::text(view, value)?) - 2)
}

/// Writes the result by copying within the heap. The template has been checked.
fn copy(work: &mut Work, template: ValueRef, values: &[ValueRef]) -> ValueRef {
    let start = work.store.start_string();
    let mut values = values.iter();
    let mut at = 0;
    loop {
        // The view is taken anew: writing may move the heap.
        let view = work.store.view();
        let text = view
            .string(template)
            .and_then(|text| text.plain())
            .unwrap_or_default();
        let mut pieces = Pieces { template: text, at };
        let Ok(Some(piece)) = pieces.next() else { break };
        at = pieces.at;
        match piece {
            Piece::Text(text, from) => {
                let part = from..from + text.len();
                work.store.push_part(template, part);
            }
            Piece::Value => {
                if let Some(value) = values.next() {
                    work.store.push_value(*value);
                }
            }
        }
    }
    work.store.finish_string(start)
}

/// Cuts a template into pieces.
struct Pieces<'t> {
    template: &'t str,
    at: usize,
}

impl<'t> Pieces<'t> {
    fn next(&mut self) -> Result<Option<Piece<'t>>, IntrinsicError> {
        let rest = &self.template[self.at..];
        let mut characters = rest.chars();
        match (characters.next(), characters.next()) {
            (None, _) => Ok(None),
            (Some('{'), Some('}')) => {
                self.at += 2;
                Ok(Some(Piece::Value))
            }
            (Some('{'), _) => Err(IntrinsicError::Template {
                found: '{',
                missing: '}',
            }),
            (Some('}'), _) => Err(IntrinsicError::Template {
                found: '}',
                missing: '{',
            }),
            (Some('\\'), Some('{' | '}' | '\\')) => {
                self.at += 2;
                Ok(Some(Piece::Text(&rest[1..2], self.at - 1)))
            }
            // "An open escape is a run-time error", say the documents; its text is not recorded.
            (Some('\\'), None) => Err(IntrinsicError::Arguments(Function::Format)),
            (Some(_), _) => {
                let first = rest.chars().next().map_or(0, char::len_utf8);
                let end = rest[first..]
                    .find(['{', '}', '\\'])
                    .map_or(rest.len(), |end| first + end);
                let from = self.at;
                self.at += end;
                Ok(Some(Piece::Text(&rest[..end], from)))
            }
        }
    }
}
