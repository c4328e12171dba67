//! What most conditions and labels are, without the machine: comparisons of members with constants, and strings joined.
//!
//! Runs the same code on a stack of its own, with no arena, as long as the operands are what they mostly are: members
//! that are there, of the kind that the operator takes. Whatever else comes, and whatever else the code does, is left to
//! the machine, from the start: nothing has happened then. Must not make errors. Invariant: where it has a value, the
//! machine has the same.

use super::code::{Code, Last, Op, Operator};
use super::evaluate::{Outcome, Request};
use crate::value::{Heap, Kind, Store, ValueRef, View};
use std::cmp::Ordering;

/// The longest code that is tried.
const OPS_MAX: usize = 32;

/// The deepest stack.
const STACK_MAX: usize = 8;

/// The most strings that are joined.
const PARTS_MAX: usize = 16;

/// The most bytes of strings that are read; more may be a matter of memory and time.
const READ_BYTES_MAX: usize = 4096;

/// The longest number that is read.
const NUMBER_BYTES_MAX: usize = 32;

/// The memory that an evaluation must be allowed, so that nothing here could exceed it.
const MEMORY_MIN: usize = 1 << 20;

/// How many bytes of text cost a unit of fuel.
const BYTES_PER_UNIT: usize = 8;

#[derive(Clone, Copy)]
enum Operand {
    Json(ValueRef),
    Number(f64),
    Boolean(bool),
    /// Strings one after the other: so many of the last parts.
    Joined(usize),
}

/// The stack, and the strings that are joined.
struct Quick<'a> {
    request: &'a Request<'a>,
    view: View<'a>,
    stack: [Operand; STACK_MAX],
    depth: usize,
    parts: [ValueRef; PARTS_MAX],
    count: usize,
    bytes: usize,
    steps: u64,
}

/// Evaluates an expression, if that is quickly done. `work` is set as [`super::evaluate()`] sets it.
#[inline]
pub(super) fn evaluate(
    request: &Request<'_>,
    heap: &mut Heap,
    constants: &Heap,
    work: &mut u64,
) -> Option<Outcome> {
    let Code { ops, depth, .. } = request.code;
    let limits = request.limits;
    let is_within = *depth <= limits.depth && limits.memory >= MEMORY_MIN && limits.fuel >= MEMORY_MIN as u64;
    if ops.len() > OPS_MAX || !is_within {
        return None;
    }
    let mut quick = Quick {
        request,
        view: View::new(heap, constants),
        stack: [Operand::Boolean(false); STACK_MAX],
        depth: 0,
        parts: [ValueRef::NULL; PARTS_MAX],
        count: 0,
        bytes: 0,
        steps: 0,
    };
    let result = quick.run()?;
    let Quick {
        parts, bytes, steps, ..
    } = quick;
    *work = steps + (bytes / BYTES_PER_UNIT) as u64;
    Some(Outcome::Value(match result {
        Operand::Json(value) => value,
        Operand::Boolean(boolean) => ValueRef::boolean(boolean),
        // The text of a number is the machine's to make.
        Operand::Number(_) => return None,
        Operand::Joined(count) => {
            let mut store = Store::new(heap, constants);
            let start = store.start_string();
            parts[..count].iter().for_each(|&part| store.push_value(part));
            store.finish_string(start)
        }
    }))
}

impl Quick<'_> {
    fn run(&mut self) -> Option<Operand> {
        let code = self.request.code;
        let mut pc = 0;
        loop {
            let op = *code.ops.get(pc)?;
            pc += 1;
            self.steps += 1;
            match op {
                Op::Constant(index) => self.push(Operand::Json(code.linked[index as usize]))?,
                Op::Number(index) => self.push(Operand::Number(code.numbers[index as usize]))?,
                Op::VariableChain(chain) => {
                    let value = self.chain(chain as usize)?;
                    self.push(Operand::Json(value))?;
                }
                Op::Load(variable) => {
                    let value = self.global(variable)?;
                    self.push(Operand::Json(value))?;
                }
                Op::Binary(operator) => {
                    let (right, left) = (self.pop()?, self.pop()?);
                    let value = self.binary(operator, left, right)?;
                    self.push(value)?;
                }
                Op::ToBoolean => {
                    let value = self.pop()?;
                    let value = self.truth(value)?;
                    self.push(Operand::Boolean(value))?;
                }
                Op::JumpIf { decided, exit } => {
                    let value = self.pop()?;
                    if self.truth(value)? == decided {
                        self.push(Operand::Boolean(decided))?;
                        pc = forward(pc, exit)?;
                    }
                }
                Op::JumpUnless(exit) => {
                    let value = self.pop()?;
                    if !self.truth(value)? {
                        pc = forward(pc, exit)?;
                    }
                }
                Op::Jump(exit) => pc = forward(pc, exit)?,
                Op::Close { keep: false } => {}
                Op::Return => return self.pop(),
                _ => return None,
            }
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
    fn global(&self, variable: u32) -> Option<ValueRef> {
        let variable = &self.request.code.variables[variable as usize];
        match variable.last {
            Last::Global(global, _) if variable.places.is_empty() => {
                self.request.globals.get(global as usize).copied().flatten()
            }
            _ => None,
        }
    }

    /// Returns what a chain finds, objects all the way.
    fn chain(&self, index: usize) -> Option<ValueRef> {
        if let Some(Some(found)) = self.request.chains.get(index) {
            return Some(*found);
        }
        let code = self.request.code;
        let chain = code.chains[index];
        let mut value = self.global(chain.variable)?;
        for key in &code.keys[chain.first as usize..(chain.first + chain.count) as usize] {
            if self.view.kind(value) != Kind::Object {
                return None;
            }
            value = self.view.member(value, key)?;
        }
        Some(value)
    }

    fn truth(&self, operand: Operand) -> Option<bool> {
        match operand {
            Operand::Boolean(boolean) => Some(boolean),
            Operand::Json(value) => self.view.boolean(value),
            Operand::Number(_) | Operand::Joined(_) => None,
        }
    }

    fn binary(&mut self, operator: Operator, left: Operand, right: Operand) -> Option<Operand> {
        let order = |of: fn(Ordering) -> bool| {
            let order = self.number(left)?.partial_cmp(&self.number(right)?);
            order.map(|order| Operand::Boolean(of(order)))
        };
        match operator {
            Operator::Less => order(Ordering::is_lt),
            Operator::LessEqual => order(Ordering::is_le),
            Operator::Greater => order(Ordering::is_gt),
            Operator::GreaterEqual => order(Ordering::is_ge),
            Operator::Equal => self.equal(left, right).map(Operand::Boolean),
            Operator::Unequal => self.equal(left, right).map(|equal| Operand::Boolean(!equal)),
            Operator::Concat => self.join(left, right),
            _ => None,
        }
    }

    fn number(&self, operand: Operand) -> Option<f64> {
        match operand {
            Operand::Number(number) => Some(number),
            Operand::Json(value) if self.view.len(value) <= NUMBER_BYTES_MAX => self.view.float(value),
            Operand::Json(_) | Operand::Boolean(_) | Operand::Joined(_) => None,
        }
    }

    /// Compares two numbers, two booleans or two strings without escapes.
    fn equal(&mut self, left: Operand, right: Operand) -> Option<bool> {
        if let (Some(left), Some(right)) = (self.number(left), self.number(right)) {
            return Some(left == right);
        }
        if let (Operand::Json(left), Operand::Json(right)) = (left, right)
            && let (Some(left), Some(right)) = (self.view.string(left), self.view.string(right))
        {
            self.read(left.escaped().len() + right.escaped().len())?;
            return Some(left.plain()? == right.plain()?);
        }
        Some(self.truth(left)? == self.truth(right)?)
    }

    /// Joins strings; what is on the left was joined before.
    fn join(&mut self, left: Operand, right: Operand) -> Option<Operand> {
        let before = match left {
            Operand::Joined(count) => count,
            Operand::Json(value) if self.count == 0 => {
                self.add_part(value)?;
                1
            }
            _ => return None,
        };
        let Operand::Json(value) = right else {
            return None;
        };
        self.add_part(value)?;
        (before + 1 == self.count).then_some(Operand::Joined(self.count))
    }

    /// Counts what is read; nothing where it is much.
    fn read(&mut self, bytes: usize) -> Option<()> {
        self.bytes += bytes;
        (self.bytes <= READ_BYTES_MAX).then_some(())
    }

    fn add_part(&mut self, value: ValueRef) -> Option<()> {
        self.read(self.view.string(value)?.escaped().len())?;
        *self.parts.get_mut(self.count)? = value;
        self.count += 1;
        Some(())
    }
}

/// Returns where a jump leads; only forwards, so that the code comes to an end.
fn forward(pc: usize, exit: u32) -> Option<usize> {
    (exit as usize >= pc).then_some(exit as usize)
}
