//! One log record, found in a line of text.

use super::Ending;
use super::moment::Moment;
use crate::value::{Heap, Kind, ValueRef, View};
use std::borrow::Cow;

/// A log record; borrowed from the [`Parser`] that found it.
#[derive(Clone)]
pub struct Record<'a> {
    /// Its own JSON text.
    pub text: &'a [u8],
    /// The event's id.
    pub id: u32,
    /// The id of the event that caused it, 0 for none.
    pub previous: u32,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// The event's type, as AWS names it.
    pub kind: Cow<'a, str>,
    /// ARN of the execution.
    pub execution_arn: Cow<'a, str>,
    view: View<'a>,
    details: Option<ValueRef>,
}

impl<'a> Record<'a> {
    fn read(text: &'a [u8], view: View<'a>, root: ValueRef) -> Option<Record<'a>> {
        let string = |name| view.string(view.member_named(root, name)?);
        let number = |name| string(name)?.plain()?.parse::<i64>().ok();
        Some(Record {
            text,
            id: u32::try_from(number("id")?).ok().filter(|id| *id > 0)?,
            previous: u32::try_from(number("previous_event_id")?).ok()?,
            at_ms: number("event_timestamp")?,
            kind: string("type")?.decode(),
            execution_arn: string("execution_arn")?.decode(),
            view,
            details: view.member_named(root, "details"),
        })
    }

    /// Returns a string of the details.
    pub fn detail(&self, name: &str) -> Option<Cow<'a, str>> {
        let value = self.view.member_named(self.details?, name)?;
        Some(self.view.string(value)?.decode())
    }

    fn number(&self, name: &str) -> Option<u32> {
        let value = self.view.member_named(self.details?, name)?;
        self.view.number(value)?.parse().ok()
    }

    /// Returns the record as an event to be told.
    pub fn moment(&self) -> Moment<'_> {
        let data = ["input", "output", "parameters"].into_iter();
        let assigned = self
            .details
            .and_then(|details| self.view.member_named(details, "assignedVariables"));
        Moment {
            kind: &self.kind,
            id: self.id,
            previous: self.previous,
            at_ms: self.at_ms,
            // An `EvaluationFailed` says its state by another name.
            state: self.detail("name").or_else(|| self.detail("state")),
            resource: self.resource(),
            number: self
                .number("index")
                .or_else(|| self.number("length"))
                .unwrap_or(0),
            data: data.filter_map(|name| self.detail(name)).next().map(dense),
            error: self.detail("error"),
            cause: self.detail("cause"),
            assigned: assigned.map(|variables| self.variables(variables).into()),
        }
    }

    /// Returns what the last record of an execution says about its end.
    pub fn ending(&self) -> Ending {
        let text = |name| self.detail(name).map(Cow::into_owned);
        Ending {
            output: text("output"),
            error: text("error"),
            cause: text("cause"),
        }
    }

    /// Returns what a task calls, as an ARN.
    fn resource(&self) -> Cow<'a, str> {
        let resource = self.detail("resource").unwrap_or_default();
        match self.detail("resourceType") {
            Some(kind) => format!("arn:aws:states:::{kind}:{resource}").into(),
            None => resource,
        }
    }

    /// Returns variables as the object they were: in a record each is a text.
    fn variables(&self, variables: ValueRef) -> String {
        let mut out = String::from("{");
        for (name, value) in self.view.members(variables) {
            if out.len() > 1 {
                out.push(',');
            }
            out.push_str(&self.view.to_json(name));
            out.push(':');
            out.push_str(
                &self
                    .view
                    .string(value)
                    .map_or(Cow::Borrowed("null"), |text| text.decode()),
            );
        }
        out.push('}');
        out
    }
}

/// Removes the blanks that an input keeps when it is handed on as it came: a story has a line for it.
fn dense(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains([' ', '\n', '\t', '\r']) {
        return text;
    }
    let (mut heap, none) = (Heap::new(), Heap::new());
    match heap.index(text.as_bytes()) {
        Ok(value) => View::new(&heap, &none).to_json(value).into(),
        // It was cut.
        Err(_) => text,
    }
}

/// Returns the name of an execution from its ARN.
pub fn execution_name(arn: &str) -> &str {
    arn.split(':').nth(7).unwrap_or(arn)
}

/// Returns the name of the state machine from the ARN of an execution.
pub fn state_machine_name(execution_arn: &str) -> &str {
    execution_arn.split(':').nth(6).unwrap_or("")
}

/// Finds records in lines of text: a record alone, after a time stamp (`aws logs tail`, exports to S3), or
/// as the `message` of an event as the AWS CLI prints them. Reuses its memory.
#[derive(Default)]
pub struct Parser {
    outer: Heap,
    inner: Heap,
    none: Heap,
    message: String,
    line: Vec<u8>,
}

impl Parser {
    /// Creates one.
    pub fn new() -> Parser {
        Parser::default()
    }

    /// Hands each record of a line to `take`; returns how many there were.
    pub fn read(&mut self, line: &[u8], take: &mut dyn FnMut(&Record<'_>)) -> usize {
        // In indented documents of the CLI a message has a line of its own.
        let trimmed = line.trim_ascii();
        if trimmed.starts_with(b"\"message\":") || trimmed.starts_with(b"\"@message\":") {
            let member = trimmed.strip_suffix(b",").unwrap_or(trimmed);
            self.line.clear();
            self.line.push(b'{');
            self.line.extend_from_slice(member);
            self.line.push(b'}');
            let line = std::mem::take(&mut self.line);
            let found = self.read_object(&line, take);
            self.line = line;
            return found;
        }
        let (Some(start), Some(end)) = (memchr::memchr(b'{', line), memchr::memrchr(b'}', line)) else {
            return 0;
        };
        line.get(start..=end)
            .map_or(0, |object| self.read_object(object, take))
    }

    fn read_object(&mut self, text: &[u8], take: &mut dyn FnMut(&Record<'_>)) -> usize {
        self.outer.clear();
        let Ok(root) = self.outer.index(text) else {
            return 0;
        };
        let view = View::new(&self.outer, &self.none);
        if let Some(record) = Record::read(text, view, root) {
            take(&record);
            return 1;
        }
        let mut found = 0;
        let events = view
            .member_named(root, "events")
            .filter(|events| view.kind(*events) == Kind::Array);
        let events = events.map(|events| view.elements(events)).into_iter().flatten();
        for event in std::iter::once(root).chain(events) {
            let message = ["message", "@message"].iter().find_map(|name| {
                let value = view.member_named(event, name)?;
                view.string(value)
            });
            let Some(message) = message else { continue };
            self.message.clear();
            message.decode_into(&mut self.message);
            self.inner.clear();
            let Ok(root) = self.inner.index(self.message.as_bytes()) else {
                continue;
            };
            let view = View::new(&self.inner, &self.none);
            if let Some(record) = Record::read(self.message.as_bytes(), view, root) {
                take(&record);
                found += 1;
            }
        }
        found
    }
}
