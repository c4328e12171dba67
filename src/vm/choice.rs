//! Choice: comparisons and tables (facts 4.6).

use super::fault::{Outcome, Raised};
use super::frame::FrameId;
use super::run::Run;
use crate::program::{Comparison, PathId, Pc, Program, RejoinId, Relation, SwitchId, TestId};
use crate::timestamp;
use crate::value::{Kind, ValueRef, View};
use std::cmp::Ordering;

impl Run {
    /// Says whether a comparison holds. A type that does not fit is no match; a path without a value
    /// fails the run, except for `IsPresent`.
    #[inline]
    pub(super) fn test(&mut self, program: &Program, frame: FrameId, test: TestId) -> Outcome<bool> {
        let test = &program.tests[test.at()];
        let variable = self.choice_value(program, frame, test.variable)?;
        if let Comparison::IsPresent(wanted) = test.comparison {
            return Ok(variable.is_some() == wanted);
        }
        let Some(variable) = variable else {
            return Err(self.choice_miss(program, test.variable));
        };
        let operand = match test.comparison {
            Comparison::StringPath { operand, .. }
            | Comparison::NumericPath { operand, .. }
            | Comparison::TimestampPath { operand, .. }
            | Comparison::BooleanPath(operand) => match self.choice_value(program, frame, operand)? {
                Some(value) => value,
                None => return Err(self.choice_miss(program, operand)),
            },
            _ => ValueRef::NONE,
        };
        Ok(holds(
            View::new(&self.heap, &program.constants),
            &test.comparison,
            variable,
            operand,
        ))
    }

    /// Returns where a rule goes on behind code that it shares with others; `next` unless it has said where.
    pub(super) fn rejoin(&mut self, program: &Program, rejoin: RejoinId, next: Pc) -> Pc {
        let rejoin = &program.rejoins[rejoin.at()];
        let place = self.stack.len().checked_sub(rejoin.operands as usize + 1);
        let number = place.map(|place| self.stack.remove(place));
        let view = View::new(&self.heap, &program.constants);
        let number = number.and_then(|number| view.float(number));
        let place = number.and_then(|number| rejoin.places.get(number as usize));
        place.copied().unwrap_or(next)
    }

    /// Returns where a table leads.
    pub(super) fn switch(&mut self, program: &Program, frame: FrameId, switch: SwitchId) -> Outcome<Pc> {
        let switch = &program.switches[switch.at()];
        let Some(value) = self.choice_value(program, frame, switch.variable)? else {
            return Err(self.choice_miss(program, switch.variable));
        };
        let view = View::new(&self.heap, &program.constants);
        if let Some(text) = view.string(value) {
            let found = match text.plain() {
                Some(text) => switch.strings.get(text),
                None => switch.strings.get(text.decode().as_ref()),
            };
            return Ok(found.copied().unwrap_or(switch.otherwise));
        }
        let Some(number) = view.float(value) else {
            return Ok(switch.otherwise);
        };
        // `-0` is `0` to a comparison but not to the total order that the table is sorted by.
        let number = if number == 0.0 { 0.0 } else { number };
        let found = switch
            .numbers
            .binary_search_by(|known| known.0.total_cmp(&number));
        Ok(match found {
            Ok(at) if view.compare_number(value, switch.numbers[at].1) == Some(Ordering::Equal) => {
                switch.numbers[at].2
            }
            _ => switch.otherwise,
        })
    }

    #[inline]
    fn choice_value(&mut self, program: &Program, frame: FrameId, path: PathId) -> Outcome<Option<ValueRef>> {
        let using = &program.paths[path.at()];
        if let Some(place) = using.gathered {
            let found = self.found.get(place as usize).copied();
            if let Some(value) = found.filter(|value| !value.is_none()) {
                return Ok(Some(value));
            }
            // What was looked through is the state's data.
            self.check_root(program, using, self.current.data)?;
            return Ok(None);
        }
        let Some(root) = self.source(program, frame, using.source, None) else {
            return Ok(None);
        };
        self.check_root(program, using, root)?;
        let view = View::new(&self.heap, &program.constants);
        if let Some(value) = using.accessor.get(view, root) {
            return Ok(Some(value));
        }
        if using.accessor.is_definite() {
            return Ok(None);
        }
        let value = self.search(program, using, root).ok();
        self.check_memory(program)?;
        Ok(value)
    }

    #[cold]
    fn choice_miss(&mut self, program: &Program, path: PathId) -> Raised {
        self.runtime_fault(program, |cause| {
            cause.push_str("Invalid path '");
            cause.push_str(&program.paths[path.at()].text);
            cause.push_str("': The choice state's condition path references an invalid value.");
        })
    }

    #[cold]
    pub(super) fn no_choice(&mut self, program: &Program) -> Raised {
        self.runtime_fault(program, |cause| {
            cause
                .push_str("Failed to transition out of the state. The state does not point to a next state.");
        })
    }
}

fn holds(view: View<'_>, comparison: &Comparison, variable: ValueRef, operand: ValueRef) -> bool {
    match comparison {
        Comparison::String {
            relation: Relation::Equals,
            operand,
        } => view.string(variable).is_some_and(|text| text.is(operand)),
        Comparison::String { relation, operand } => {
            compare_text(view, variable, operand).is_some_and(|order| is(*relation, order))
        }
        Comparison::StringPath { relation, .. } => match view.string(operand) {
            Some(operand) => {
                compare_text(view, variable, &operand.decode()).is_some_and(|order| is(*relation, order))
            }
            None => false,
        },
        Comparison::Numeric {
            relation,
            operand,
            plain,
        } => view
            .compare_plain(variable, *plain, *operand)
            .is_some_and(|order| is(*relation, order)),
        Comparison::NumericPath { relation, .. } => view
            .compare_number(variable, operand)
            .is_some_and(|order| is(*relation, order)),
        Comparison::Timestamp { relation, operand } => {
            time(view, variable).is_some_and(|time| is(*relation, time.cmp(operand)))
        }
        Comparison::TimestampPath { relation, .. } => match (time(view, variable), time(view, operand)) {
            (Some(left), Some(right)) => is(*relation, left.cmp(&right)),
            _ => false,
        },
        Comparison::Boolean(wanted) => view.boolean(variable) == Some(*wanted),
        Comparison::BooleanPath(_) => {
            view.boolean(variable).is_some() && view.boolean(variable) == view.boolean(operand)
        }
        Comparison::Matches(pattern) => view
            .string(variable)
            .is_some_and(|text| pattern.matches(&text.decode())),
        Comparison::IsNull(wanted) => (view.kind(variable) == Kind::Null) == *wanted,
        Comparison::IsPresent(wanted) => *wanted,
        Comparison::IsNumeric(wanted) => (view.kind(variable) == Kind::Number) == *wanted,
        Comparison::IsString(wanted) => (view.kind(variable) == Kind::String) == *wanted,
        Comparison::IsBoolean(wanted) => (view.kind(variable) == Kind::Boolean) == *wanted,
        Comparison::IsTimestamp(wanted) => time(view, variable).is_some() == *wanted,
    }
}

/// Compares a string by code unit, as Java does: UTF-16, which differs from UTF-8 above U+FFFF.
fn compare_text(view: View<'_>, variable: ValueRef, operand: &str) -> Option<Ordering> {
    let text = view.string(variable)?;
    if let Some(plain) = text.plain()
        && plain.is_ascii()
    {
        return Some(plain.as_bytes().cmp(operand.as_bytes()));
    }
    Some(text.decode().encode_utf16().cmp(operand.encode_utf16()))
}

fn time(view: View<'_>, value: ValueRef) -> Option<i128> {
    timestamp::parse(&view.string(value)?.decode())
}

#[inline]
fn is(relation: Relation, order: Ordering) -> bool {
    match relation {
        Relation::Equals => order.is_eq(),
        Relation::LessThan => order.is_lt(),
        Relation::GreaterThan => order.is_gt(),
        Relation::LessThanEquals => order.is_le(),
        Relation::GreaterThanEquals => order.is_ge(),
    }
}
