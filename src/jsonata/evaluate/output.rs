//! The result's way into the heap: planned while the heap is read, built when it may be written.

use super::request::{KEPT_BYTES_MAX, Planner};
use super::value::{Array, Kind, Object, Value};
use super::{Error, Machine, Outcome};
use crate::jsonata::Bound;
use crate::jsonata::function::number;
use crate::value::{Store, ValueRef};

/// One step: values in the order in which they are complete.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Value(ValueRef),
    Number(f64),
    Integer(i64),
    /// A string, by its range in the plan's text.
    Text {
        start: u32,
        end: u32,
    },
    Array(u32),
    Object(u32),
}

/// The most bytes of text that a result takes over from values of the heap: one value may stand in it many times.
const REFERRED_BYTES_MAX: usize = 1 << 28;

/// What is to become of a result.
#[derive(Debug)]
pub(super) enum Planned {
    Done(Outcome),
    Built,
}

impl<'a> Machine<'a, '_> {
    /// Plans how a result becomes a value of the heap.
    pub(super) fn plan(&mut self, value: Value<'a>, plan: &mut Planner) -> Result<Planned, Error> {
        Ok(match value {
            Value::Nothing | Value::Unbound => Planned::Done(Outcome::Nothing),
            Value::Builtin(_) | Value::Function(_) => Planned::Done(Outcome::Function),
            Value::Json(json) => Planned::Done(Outcome::Value(json)),
            Value::Boolean(boolean) => Planned::Done(Outcome::Value(ValueRef::boolean(boolean))),
            _ => {
                self.plan_value(value, plan)?;
                Planned::Built
            }
        })
    }

    fn plan_value(&mut self, value: Value<'a>, plan: &mut Planner) -> Result<(), Error> {
        match value {
            Value::Nothing | Value::Unbound | Value::Builtin(_) | Value::Function(_) => {
                plan.steps.push(Step::Value(ValueRef::NULL));
            }
            Value::Json(json) => {
                plan.referred += self.view.len(json);
                plan.check()?;
                plan.steps.push(Step::Value(json));
            }
            Value::Boolean(boolean) => plan.steps.push(Step::Value(ValueRef::boolean(boolean))),
            Value::Number(number) => plan.steps.push(Step::Number(number)),
            Value::Integer(integer) => plan.steps.push(Step::Integer(integer)),
            Value::Text(text) => plan.text(text)?,
            Value::Array(array) => self.plan_array(array, plan)?,
            Value::Object(object) => self.plan_object(object, plan)?,
            Value::Tuple(tuple) => self.plan_value(tuple.value.get(), plan)?,
        }
        Ok(())
    }

    fn plan_array(&mut self, array: &'a Array<'a>, plan: &mut Planner) -> Result<(), Error> {
        self.descend()?;
        self.spend(array.items.len())?;
        plan.check()?;
        for &item in array.items {
            self.plan_value(item, plan)?;
        }
        plan.steps.push(Step::Array(array.items.len() as u32));
        self.ascend();
        Ok(())
    }

    fn plan_object(&mut self, object: &'a Object<'a>, plan: &mut Planner) -> Result<(), Error> {
        self.descend()?;
        self.spend(object.len())?;
        let mut count = 0;
        for at in 0..object.len() {
            let Some(member) = object.member(at) else { break };
            if self.kind(member.value) == Kind::Nothing {
                continue;
            }
            count += 1;
            match member.handle {
                Some(handle) => {
                    plan.referred += self.view.len(handle);
                    plan.check()?;
                    plan.steps.push(Step::Value(handle));
                }
                None => plan.text(member.key)?,
            }
            self.plan_value(member.value, plan)?;
        }
        plan.steps.push(Step::Object(count));
        self.ascend();
        Ok(())
    }
}

impl Planner {
    /// Refuses a plan that takes more than its bytes: what is computed may stand in many places of a result.
    fn check(&self) -> Result<(), Error> {
        let taken = self.text.len() + self.steps.len() * size_of::<Step>();
        match taken > self.bytes_max || self.referred > REFERRED_BYTES_MAX {
            true => Err(Error::bound(Bound::Memory)),
            false => Ok(()),
        }
    }

    fn text(&mut self, text: &str) -> Result<(), Error> {
        self.check()?;
        let start = self.text.len() as u32;
        self.text.push_str(text);
        self.steps.push(Step::Text {
            start,
            end: self.text.len() as u32,
        });
        Ok(())
    }

    pub(super) fn clear(&mut self) {
        self.steps.clear();
        self.text.clear();
        self.handles.clear();
        self.referred = 0;
        if self.bytes() > KEPT_BYTES_MAX {
            *self = Planner::default();
        }
    }

    /// Returns how many bytes are reserved.
    pub(super) fn bytes(&self) -> usize {
        self.steps.capacity() * size_of::<Step>()
            + self.text.capacity()
            + self.handles.capacity() * size_of::<ValueRef>()
    }

    /// Builds what was planned.
    pub(super) fn build(&mut self, store: &mut Store<'_>) -> ValueRef {
        let handles = &mut self.handles;
        for step in &self.steps {
            let value = match *step {
                Step::Value(value) => value,
                Step::Number(number) => build_number(number, store, &mut self.number),
                Step::Integer(integer) => store.integer(integer),
                Step::Text { start, end } => store.string(&self.text[start as usize..end as usize]),
                Step::Array(count) => {
                    let start = handles.len() - count as usize;
                    let array = store.array(&handles[start..]);
                    handles.truncate(start);
                    array
                }
                Step::Object(count) => {
                    let start = handles.len() - 2 * count as usize;
                    let object = store.object(&handles[start..]);
                    handles.truncate(start);
                    object
                }
            };
            handles.push(value);
        }
        handles.pop().unwrap_or(ValueRef::NULL)
    }
}

/// Writes a number as AWS writes it: a whole one as an integer, others as Java does.
pub(in crate::jsonata) fn build_number(value: f64, store: &mut Store<'_>, text: &mut String) -> ValueRef {
    if let Some(name) = number::non_finite_name(value) {
        return store.string(name);
    }
    if value.fract() == 0.0 && value.abs() < 9_223_372_036_854_775_807.0 {
        return store.integer(value as i64);
    }
    text.clear();
    // Writing to a String cannot fail.
    let _ = number::write_java(text, value);
    store.number(text)
}
