//! What most expressions of states are, without the machine: members compared, calculated with, joined, and put into
//! objects.
//!
//! Runs the same code, if it has only instructions of [`suits`], on a stack of its own, as long as the operands are what
//! they mostly are: members that are there, of the kind that the operator takes. What is made of them is only noted
//! ([`operand`]), and built when the value is certain ([`build`]). Whatever else comes is left to the machine, from the
//! start: nothing has happened then. Must not make errors. Invariant: where it has a value, the machine has the same.

mod build;
mod operand;
mod operate;

use super::code::{Code, Last, Op, Operator};
use super::evaluate::{Outcome, Request};
use crate::value::{Heap, Kind, View};
pub(super) use operand::Scratch;
use operand::{Operand, Parts};

/// The longest code that is tried. Jumps lead forwards only, so that this bounds the stack and what is noted, too.
const OPS_MAX: usize = 96;

/// The most bytes of strings that are read; more may be a matter of memory and time.
const READ_BYTES_MAX: usize = 4096;

/// The largest value that becomes part of another: many such values are still a value.
const PART_BYTES_MAX: usize = 1 << 20;

/// The memory and fuel that an evaluation must be allowed, so that nothing here could exceed it.
const MEMORY_MIN: usize = 1 << 20;

/// How many bytes of strings that are read, and members among which a name is looked for, cost a unit of fuel.
const READ_BYTES_PER_UNIT: usize = 8;
const ENTRIES_PER_UNIT: usize = 8;

/// An evaluation.
struct Quick<'a> {
    request: &'a Request<'a>,
    view: View<'a>,
    scratch: &'a mut Scratch,
    /// Bytes of strings that were read.
    read: usize,
    /// What it has cost.
    units: usize,
}

/// Says whether a code may be quick: it consists of what is done here.
pub(super) fn suits(code: &Code) -> bool {
    let suits = |(pc, op): (usize, &Op)| match *op {
        Op::Nothing
        | Op::Constant(_)
        | Op::Number(_)
        | Op::Context
        | Op::Load(_)
        | Op::Name(_)
        | Op::Chain { .. }
        | Op::VariableChain(_)
        | Op::Close { keep: false }
        | Op::ObjectBegin
        | Op::ObjectEnd(_)
        | Op::Array { .. }
        | Op::Negate
        | Op::ToBoolean
        | Op::Return => true,
        Op::JumpIf { exit, .. } | Op::JumpUnless(exit) | Op::Jump(exit) => exit as usize > pc,
        Op::Binary(operator) => operator != Operator::Range,
        Op::CallBuiltin { id, count, .. } => operate::Native::of(id, count).is_some(),
        _ => false,
    };
    code.ops.len() <= OPS_MAX && code.bodies.is_empty() && code.ops.iter().enumerate().all(suits)
}

/// Evaluates an expression, if that is quickly done. `work` is set as [`super::evaluate()`] sets it.
#[inline]
pub(super) fn evaluate(
    request: &Request<'_>,
    heap: &mut Heap,
    constants: &Heap,
    scratch: &mut Scratch,
    work: &mut u64,
) -> Option<Outcome> {
    let limits = request.limits;
    let is_within =
        request.code.depth <= limits.depth && limits.memory >= MEMORY_MIN && limits.fuel >= MEMORY_MIN as u64;
    if !request.code.quick || !is_within {
        return None;
    }
    scratch.clear();
    let mut quick = Quick {
        request,
        view: View::new(heap, constants),
        scratch,
        read: 0,
        units: 0,
    };
    let result = quick.run()?;
    *work = (quick.units + quick.read / READ_BYTES_PER_UNIT) as u64;
    Some(match result {
        Operand::Nothing => Outcome::Nothing,
        Operand::Json(value) => Outcome::Value(value),
        made => Outcome::Value(build::build(made, request.code, heap, constants, scratch)),
    })
}

impl Quick<'_> {
    fn run(&mut self) -> Option<Operand> {
        let code = self.request.code;
        // A document that is an array stands in a sequence of its own.
        let context = match self.request.input {
            Some(input) if self.view.kind(input) == Kind::Array => return None,
            Some(input) => Operand::Json(input),
            None => Operand::Nothing,
        };
        let mut pc = 0;
        loop {
            let op = *code.ops.get(pc)?;
            pc += 1;
            self.units += 1;
            let operand = match op {
                Op::Nothing => Operand::Nothing,
                Op::Constant(index) => Operand::Json(code.linked[index as usize]),
                Op::Number(index) => Operand::Number(code.numbers[index as usize]),
                Op::Context => context,
                Op::Load(variable) => self.global(variable)?,
                Op::Name(key) => self.chain_from(context, key, 1)?,
                Op::Chain { first, count } => self.chain_from(context, first, count)?,
                Op::VariableChain(chain) => self.chain(chain as usize)?,
                Op::Binary(operator) => {
                    let (right, left) = (self.pop()?, self.pop()?);
                    self.binary(operator, left, right)?
                }
                Op::Negate => {
                    let operand = self.pop()?;
                    self.negated(operand)?
                }
                Op::ToBoolean => {
                    let operand = self.pop()?;
                    Operand::boolean(self.truth(operand)?)
                }
                Op::JumpIf { decided, exit } => {
                    let operand = self.pop()?;
                    if self.truth(operand)? != decided {
                        continue;
                    }
                    pc = exit as usize;
                    Operand::boolean(decided)
                }
                Op::JumpUnless(exit) => {
                    let operand = self.pop()?;
                    if !self.truth(operand)? {
                        pc = exit as usize;
                    }
                    continue;
                }
                Op::Jump(exit) => {
                    pc = exit as usize;
                    continue;
                }
                Op::Array { parts, .. } => self.array(&code.flags[parts as usize])?,
                Op::ObjectEnd(shape) => self.object(shape)?,
                Op::CallBuiltin { id, count, .. } => self.call(operate::Native::of(id, count)?)?,
                Op::Return => return self.pop(),
                // No sequence is ever made, and the context item is no array.
                Op::Close { keep: false } | Op::ObjectBegin => continue,
                _ => return None,
            };
            self.scratch.stack.push(operand);
        }
    }

    fn pop(&mut self) -> Option<Operand> {
        self.scratch.stack.pop()
    }

    /// Returns a value that the caller has handed in.
    fn global(&self, variable: u32) -> Option<Operand> {
        let variable = &self.request.code.variables[variable as usize];
        match variable.last {
            Last::Global(global, builtin) if variable.places.is_empty() => {
                match self.request.globals.get(global as usize).copied().flatten() {
                    Some(value) => Some(Operand::Json(value)),
                    None if builtin.is_none() => Some(Operand::Nothing),
                    None => None,
                }
            }
            _ => None,
        }
    }

    fn chain(&mut self, index: usize) -> Option<Operand> {
        if let Some(Some(found)) = self.request.chains.get(index) {
            return Some(Operand::Json(*found));
        }
        let chain = self.request.code.chains[index];
        let start = self.global(chain.variable)?;
        self.chain_from(start, chain.first, chain.count)
    }

    /// Returns what names find one after the other, if no array is on the way.
    fn chain_from(&mut self, start: Operand, first: u32, count: u32) -> Option<Operand> {
        let mut operand = start;
        for key in &self.request.code.keys[first as usize..(first + count) as usize] {
            let Operand::Json(value) = operand else {
                return matches!(operand, Operand::Nothing).then_some(operand);
            };
            if self.view.kind(value) == Kind::Array {
                return None;
            }
            self.units += self.view.count_capped(value) / ENTRIES_PER_UNIT;
            operand = match self.view.member(value, key) {
                Some(member) => Operand::Json(member),
                None => Operand::Nothing,
            };
        }
        Some(operand)
    }

    /// Makes an array of what is on top of the stack; one that would be taken apart is left to the machine.
    fn array(&mut self, nested: &[bool]) -> Option<Operand> {
        let from = self.scratch.stack.len().checked_sub(nested.len())?;
        for (index, &nested) in nested.iter().enumerate() {
            let part = self.scratch.stack[from + index];
            let is_array = self.kind(part) == Some(Kind::Array);
            if is_array && !nested || !self.is_part(part) {
                return None;
            }
        }
        let (parts, is_there) = (self.take(from), |part: &Operand| {
            !matches!(part, Operand::Nothing)
        });
        match self.scratch.of(parts).iter().all(is_there) {
            true => Some(Operand::Array(parts)),
            false => None,
        }
    }

    /// Makes an object of what is on top of the stack.
    fn object(&mut self, shape: u32) -> Option<Operand> {
        let count = self.request.code.shapes[shape as usize].keys.len();
        let from = self.scratch.stack.len().checked_sub(count)?;
        for at in from..self.scratch.stack.len() {
            if !self.is_part(self.scratch.stack[at]) {
                return None;
            }
        }
        let parts = self.take(from);
        Some(Operand::Object {
            first: parts.first,
            shape,
        })
    }

    /// Says whether an operand is not too large to be part of another value.
    fn is_part(&self, operand: Operand) -> bool {
        match operand {
            Operand::Json(value) => self.view.len(value) <= PART_BYTES_MAX,
            _ => true,
        }
    }

    /// Takes what stands on the stack from a place on as parts of another operand.
    fn take(&mut self, from: usize) -> Parts {
        let Scratch { stack, parts, .. } = &mut *self.scratch;
        let first = parts.len() as u32;
        parts.extend_from_slice(&stack[from..]);
        stack.truncate(from);
        Parts {
            first,
            count: parts.len() as u32 - first,
        }
    }
}

#[cfg(test)]
mod tests;
