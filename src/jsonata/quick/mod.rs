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
use crate::value::{Heap, Key, Kind, ValueRef, View};
pub(super) use operand::Scratch;
use operand::{Operand, Parts};

/// The longest code that is tried. Jumps lead forwards only, so that this bounds what is noted, too.
const OPS_MAX: usize = 96;

/// The deepest stack.
const STACK_MAX: usize = 16;

/// The most elements of an array that are looked at.
const ELEMENTS_MAX: usize = 256;

/// The most bytes of strings that are read; more may be a matter of memory and time.
const READ_BYTES_MAX: usize = 4096;

/// The largest value that becomes part of another: many such values are still a value.
const PART_BYTES_MAX: usize = 1 << 20;

/// The memory and fuel that an evaluation must be allowed, so that nothing here could exceed it.
const MEMORY_MIN: usize = 1 << 20;
const FUEL_MIN: u64 = 1 << 19;

/// How many bytes of strings that are read, and members among which a name is looked for, cost a unit of fuel.
const READ_BYTES_PER_UNIT: usize = 8;
const ENTRIES_PER_UNIT: usize = 8;

/// An evaluation.
struct Quick<'a> {
    request: &'a Request<'a>,
    view: View<'a>,
    scratch: &'a mut Scratch,
    stack: [Operand; STACK_MAX],
    depth: usize,
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
        request.code.depth <= limits.depth && limits.memory >= MEMORY_MIN && limits.fuel >= FUEL_MIN;
    if !request.code.quick || !is_within {
        return None;
    }
    scratch.clear();
    let mut quick = Quick {
        request,
        view: View::new(heap, constants),
        scratch,
        stack: [Operand::Nothing; STACK_MAX],
        depth: 0,
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
                // Sequences are closed when they are made, and the context item is no array.
                Op::Close { keep: false } | Op::ObjectBegin => continue,
                _ => return None,
            };
            self.push(operand)?;
        }
    }

    fn push(&mut self, operand: Operand) -> Option<()> {
        *self.stack.get_mut(self.depth)? = operand;
        self.depth += 1;
        Some(())
    }

    fn pop(&mut self) -> Option<Operand> {
        self.depth = self.depth.checked_sub(1)?;
        self.stack.get(self.depth).copied()
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

    /// Returns what names find one after the other.
    fn chain_from(&mut self, start: Operand, first: u32, count: u32) -> Option<Operand> {
        let mut value = match start {
            Operand::Json(value) => value,
            Operand::Nothing => return Some(Operand::Nothing),
            _ => return None,
        };
        let keys = &self.request.code.keys[first as usize..(first + count) as usize];
        for (index, key) in keys.iter().enumerate() {
            // In an array a name finds nothing by itself.
            value = match self.member(value, key) {
                Some(member) => member,
                None if self.view.kind(value) == Kind::Array => return self.sequence(value, &keys[index..]),
                None => return Some(Operand::Nothing),
            };
        }
        Some(Operand::Json(value))
    }

    fn member(&mut self, object: ValueRef, key: &Key) -> Option<ValueRef> {
        self.units += self.view.count_capped(object) / ENTRIES_PER_UNIT;
        self.view.member(object, key)
    }

    /// Returns what names find in the elements of an array, if that is no array.
    fn sequence(&mut self, array: ValueRef, keys: &[Key]) -> Option<Operand> {
        if self.view.count_capped(array) > ELEMENTS_MAX {
            return None;
        }
        let first = self.scratch.parts.len() as u32;
        for element in self.view.elements(array) {
            self.units += 1;
            let mut found = Some(element);
            for key in keys {
                found = match found {
                    Some(value) if self.view.kind(value) == Kind::Array => return None,
                    Some(value) => self.member(value, key),
                    None => None,
                };
            }
            let Some(value) = found else { continue };
            let part = Operand::Json(value);
            if self.view.kind(value) == Kind::Array || !self.is_part(part) {
                return None;
            }
            self.scratch.parts.push(part);
        }
        match self.scratch.parts.len() as u32 - first {
            0 => Some(Operand::Nothing),
            1 => self.scratch.parts.pop(),
            count => Some(Operand::Array(Parts { first, count })),
        }
    }

    /// Makes an array of what is on top of the stack; one that would be taken apart is left to the machine.
    fn array(&mut self, nested: &[bool]) -> Option<Operand> {
        let parts = self.take(nested.len())?;
        for (part, &nested) in self.scratch.of(parts).iter().zip(nested) {
            let kind = self.kind(*part)?;
            if kind == Kind::Array && !nested || !self.is_part(*part) {
                return None;
            }
        }
        Some(Operand::Array(parts))
    }

    /// Makes an object of what is on top of the stack.
    fn object(&mut self, shape: u32) -> Option<Operand> {
        let parts = self.take(self.request.code.shapes[shape as usize].keys.len())?;
        let are_parts = self.scratch.of(parts).iter().all(|part| self.is_part(*part));
        are_parts.then_some(Operand::Object {
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

    /// Takes what is on top of the stack as parts of another operand.
    fn take(&mut self, count: usize) -> Option<Parts> {
        let from = self.depth.checked_sub(count)?;
        let first = self.scratch.parts.len() as u32;
        self.scratch
            .parts
            .extend_from_slice(self.stack.get(from..self.depth)?);
        self.depth = from;
        Some(Parts {
            first,
            count: count as u32,
        })
    }
}

#[cfg(test)]
mod tests;
