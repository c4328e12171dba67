//! What each instruction does; the larger ones are at home in the files of their families.

use std::cell::Cell;

use super::value::{Function, Value};
use super::{Error, Machine, NO_SITE};
use crate::jsonata::code::Op;

impl<'a> Machine<'a, '_> {
    #[inline]
    pub(super) fn execute(&mut self, op: Op) -> Result<(), Error> {
        match op {
            Op::Nothing => self.stack.push(Value::Nothing),
            Op::Constant(index) => self.stack.push(Value::Json(self.code.linked[index as usize])),
            Op::Number(index) => self.stack.push(Value::Number(self.code.numbers[index as usize])),
            Op::Context => {
                let value = self.closed(self.unwrapped(self.context), false);
                self.stack.push(value);
            }
            Op::Load(variable) => {
                let value = self.closed(self.load(variable), false);
                self.stack.push(value);
            }
            Op::Bind { hops, slot } => {
                let value = self.top();
                self.outer(hops).slots[usize::from(slot)].set(value);
            }
            Op::Name(key) => {
                let value = self.lookup(self.context, key)?;
                self.stack.push(value);
            }
            Op::Chain { first, count } => {
                let value = self.chain(first, count)?;
                self.stack.push(value);
            }
            Op::VariableChain(chain) => {
                let value = self.variable_chain(chain)?;
                self.stack.push(value);
            }
            Op::Wildcard => {
                let value = self.wildcard(self.context)?;
                self.stack.push(value);
            }
            Op::Descendants => {
                let value = self.descendants(self.context)?;
                self.stack.push(value);
            }
            Op::Close { keep } => {
                let value = self.closed(self.top(), keep);
                self.set_top(value);
            }
            Op::Drop => {
                self.pop();
            }
            Op::Missing(site) => self.check_missing(site)?,
            Op::Swap => {
                let last = self.stack.len();
                self.stack.swap(last - 1, last - 2);
            }
            Op::Jump(target) => self.pc = target as usize,
            Op::JumpUnless(target) => {
                let value = self.pop();
                if !self.truth(value)? {
                    self.pc = target as usize;
                }
            }
            Op::JumpIf { decided, exit } => {
                let value = self.pop();
                if self.truth(value)? == decided {
                    self.stack.push(Value::Boolean(decided));
                    self.pc = exit as usize;
                }
            }
            Op::ToBoolean => {
                let value = self.truth(self.top())?;
                self.set_top(Value::Boolean(value));
            }
            Op::Enter(slots) => self.environment = self.environment(slots as usize, self.environment)?,
            Op::Leave { captured } => {
                let left = self.environment;
                if let Some(outer) = left.outer.get() {
                    self.environment = outer;
                    if !captured {
                        self.release(left);
                    }
                }
            }
            Op::Binary(operator) => self.binary(operator)?,
            Op::Negate => self.negate()?,
            Op::Array { parts, constructs } => self.array(parts, constructs)?,
            Op::ObjectBegin => self.begin_object()?,
            Op::ObjectEnd(shape) => self.end_object(shape)?,
            Op::Object(group) => {
                let value = self.group(self.context, group)?;
                self.stack.push(value);
            }
            Op::Group(group) => {
                let input = self.pop();
                let value = self.group(input, group)?;
                self.stack.push(value);
            }
            Op::PathInput { .. }
            | Op::StepName { .. }
            | Op::StepFirst { .. }
            | Op::MapBegin { .. }
            | Op::MapEnd { .. }
            | Op::JumpEmpty(_)
            | Op::KeepSingleton
            | Op::FilterIndex(_)
            | Op::FilterBegin { .. }
            | Op::FilterEnd { .. } => return self.path(op),
            Op::TupleStep(step) => self.tuple_step(step)?,
            Op::TupleSort(step) => self.tuple_sort(step)?,
            Op::TupleValues => self.tuple_values()?,
            Op::Sort(sort) => {
                let input = self.pop();
                let value = self.order(input, sort)?;
                self.stack.push(value);
            }
            Op::Transform(code) => {
                let function = Function::Transform {
                    code,
                    environment: self.environment,
                };
                let value = self.function(function)?;
                self.stack.push(value);
            }
            Op::Regex(index) => {
                let value = self.function(Function::Regex(index))?;
                self.stack.push(value);
            }
            Op::Lambda(code) => {
                let (environment, context) = (self.environment, self.context);
                let site = Cell::new(NO_SITE);
                let value = self.function(Function::Lambda {
                    code,
                    environment,
                    context,
                    site,
                })?;
                self.stack.push(value);
            }
            Op::Thunk(entry) => {
                let (environment, context) = (self.environment, self.context);
                let value = self.function(Function::Thunk {
                    entry,
                    environment,
                    context,
                })?;
                self.stack.push(value);
            }
            Op::Call { count, site } => self.call(count as usize, site, false)?,
            Op::TailCall { count, site } => self.call(count as usize, site, true)?,
            Op::CallBuiltin { id, count, site } => self.call_builtin(id, usize::from(count), site)?,
            Op::Partial { site, parts } => self.partial(site, parts)?,
            Op::Apply { site } => self.apply_operator(site)?,
            Op::Return => {}
        }
        Ok(())
    }
}
