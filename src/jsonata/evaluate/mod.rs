//! Runs the code of an expression.
//!
//! Owns the loop, the registers (context item, environment, depth) and the frames. What an evaluation makes lives in the
//! arena; the heap is only read until the result goes into it. Natives that call back ([`Machine::apply`]) run a loop
//! of their own, nested at most [`NATIVE_DEPTH_MAX`] deep. Invariant: fuel, memory and depth are checked before they
//! are spent.

mod access;
mod arguments;
mod call;
mod decoded;
mod filter;
mod group;
mod native;
mod operate;
mod output;
mod path;
mod request;
mod sort;
mod step;
mod text;
mod transform;
mod tuple;
pub(super) mod value;

use std::cell::{Cell, RefCell};

use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;

use super::code::{Code, Last, Op};
use super::function::picture::Pictures;
use super::function::regex;
use super::function::signature::Matching;
use super::{Bound, Error};
use crate::value::{Heap, ValueRef, View};
use decoded::Decoded;
pub(super) use operate::compare_units;
pub(super) use output::build_number;
pub use request::{Limits, Outcome, Request, Scratch, World, evaluate};
use value::{Environment, Function, Items, Value};

/// The deepest nesting of loops that natives run for the functions that they are given, in whatever dialect.
pub const NATIVE_DEPTH_MAX: u32 = 200;

/// What an evaluation counts as before it does anything.
const BASE_BYTES: usize = 736;

/// What it costs to begin a loop, beside its instructions.
const RUN_UNITS: usize = 1;

/// What a frame counts as, in bytes of memory.
const FRAME_BYTES: usize = 128;

/// What is to be done when an instruction's body ends.
enum Frame<'a> {
    /// The loop ends: a native waits for the value.
    Stop {
        saved: Saved<'a>,
        own: Option<&'a Environment<'a>>,
        input: Value<'a>,
    },
    /// A function's caller goes on.
    Call {
        saved: Saved<'a>,
        callee: Value<'a>,
        site: Option<u32>,
        /// The function's environment, if nothing can keep it.
        own: Option<&'a Environment<'a>>,
        /// The context item of the call, which calls in tail position have, too.
        input: Value<'a>,
    },
    /// A step is evaluated for each element.
    Map {
        items: Items<'a>,
        context: Value<'a>,
        bottom: usize,
    },
    /// A predicate is evaluated for each element.
    Filter(filter::Filter<'a>),
    /// An object is made with another context item.
    Object { context: Value<'a>, bottom: usize },
}

/// The registers of a caller.
#[derive(Clone, Copy)]
struct Saved<'a> {
    pc: usize,
    context: Value<'a>,
    environment: &'a Environment<'a>,
    base: u32,
    checked: bool,
}

struct Machine<'a, 's> {
    code: &'a Code,
    view: View<'a>,
    arena: &'a Bump,
    stack: ArenaVec<'a, Value<'a>>,
    frames: ArenaVec<'a, Frame<'a>>,
    globals: &'a [Option<ValueRef>],
    found: &'a [Option<ValueRef>],
    root: Value<'a>,
    world: World,
    /// The state of the generator of random numbers.
    random: u64,
    text: &'s mut String,
    matching: &'s mut Matching,
    regex: &'s mut regex::Scratch,
    pictures: &'s mut Pictures,
    parsed: &'s mut Heap,
    /// Whether the dialect is AWS's.
    states: bool,
    /// Where each built-in function was called last; empty until one is.
    builtin_sites: &'a [Cell<u32>],
    // Registers.
    pc: usize,
    context: Value<'a>,
    environment: &'a Environment<'a>,
    /// How many nodes stand around the running body.
    base: u32,
    /// Whether the depth must be checked in the running body.
    checked: bool,
    // Bounds.
    depth_max: u32,
    memory: usize,
    fuel: u64,
    /// Fuel that reading values has cost and that is still to be taken from `fuel`.
    owed: Cell<u64>,
    decoded: RefCell<Decoded<'a, 's>>,
    /// Where matching is in a text, from bytes to units and back.
    cursors: [native::pattern::Cursor; 2],
    natives: u32,
    /// How deep in a value a walk is.
    levels: u32,
    /// Environments that are free, by the number of their slots; one leads to the next.
    free: [Option<&'a Environment<'a>>; FREE_SLOTS_MAX],
}

/// Environments with fewer slots than this are used again.
const FREE_SLOTS_MAX: usize = 8;

/// A place that is not known.
const NO_SITE: u32 = u32::MAX;

impl<'a, 's> Machine<'a, 's> {
    fn new<'r: 'a>(
        request: &Request<'r>,
        view: View<'a>,
        arena: &'a Bump,
        (text, buffer): (&'s mut String, &'s mut String),
        matching: &'s mut Matching,
        (regex, pictures): (&'s mut regex::Scratch, &'s mut Pictures),
        parsed: &'s mut Heap,
    ) -> Machine<'a, 's> {
        let root = request.input.map_or(Value::Nothing, Value::Json);
        let slots = usize::from(request.code.root_slots);
        let slots = arena.alloc_slice_fill_with(slots, |_| Cell::new(Value::Unbound));
        let environment = arena.alloc(Environment {
            slots,
            outer: Cell::new(None),
        });
        Machine {
            code: request.code,
            view,
            arena,
            stack: ArenaVec::with_capacity_in(32, arena),
            frames: ArenaVec::with_capacity_in(4, arena),
            globals: request.globals,
            found: request.chains,
            root,
            world: request.world,
            random: request.world.seed,
            text,
            matching,
            regex,
            pictures,
            parsed,
            states: request.code.states,
            builtin_sites: &[],
            pc: 0,
            context: root,
            environment,
            base: 0,
            checked: request.code.depth > request.limits.depth,
            depth_max: request.limits.depth,
            memory: request.limits.memory.saturating_sub(BASE_BYTES),
            fuel: request.limits.fuel,
            owed: Cell::new(0),
            decoded: RefCell::new(Decoded::new(arena, buffer)),
            cursors: Default::default(),
            natives: 0,
            levels: 0,
            free: [None; FREE_SLOTS_MAX],
        }
    }

    fn evaluate(&mut self) -> Result<Value<'a>, Error> {
        if self.is_array(self.root) {
            self.context = self.wrap_document(self.root)?;
        }
        let (context, environment) = (self.context, self.environment);
        self.run(0, context, environment, 0, self.checked, None)
    }

    /// Runs a body to its end and returns its value.
    fn run(
        &mut self,
        entry: u32,
        context: Value<'a>,
        environment: &'a Environment<'a>,
        base: u32,
        checked: bool,
        own: Option<&'a Environment<'a>>,
    ) -> Result<Value<'a>, Error> {
        // Natives call without a context item.
        let input = Value::Json(ValueRef::NULL);
        self.enter_native()?;
        self.owe(RUN_UNITS);
        let saved = self.saved();
        self.frames.push(Frame::Stop { saved, own, input });
        (self.pc, self.context, self.environment) = (entry as usize, context, environment);
        (self.base, self.checked) = (base, checked);
        let result = self.turn();
        self.natives -= 1;
        result
    }

    /// Counts one more level of Rust's own stack.
    fn enter_native(&mut self) -> Result<(), Error> {
        if self.natives >= NATIVE_DEPTH_MAX {
            return Err(Error::bound(Bound::Depth));
        }
        self.natives += 1;
        Ok(())
    }

    /// Runs a body of the running one: a predicate, a sort key and the like.
    fn run_part(
        &mut self,
        entry: u32,
        context: Value<'a>,
        environment: &'a Environment<'a>,
    ) -> Result<Value<'a>, Error> {
        if let Some(value) = self.run_short(entry, context)? {
            return Ok(value);
        }
        self.run(entry, context, environment, self.base, self.checked, None)
    }

    /// Runs a body that is one simple instruction, which needs no frame; nothing of any other.
    #[inline]
    fn run_short(&mut self, entry: u32, context: Value<'a>) -> Result<Option<Value<'a>>, Error> {
        let entry = entry as usize;
        if self.checked || !matches!(self.code.ops.get(entry + 1), Some(Op::Return)) {
            return Ok(None);
        }
        let value = match self.code.ops[entry] {
            Op::Chain { first, count } => self.chain_from(context, first, count)?,
            Op::Context => self.closed(self.unwrapped(context), false),
            Op::Constant(index) => Value::Json(self.code.linked[index as usize]),
            Op::Number(index) => Value::Number(self.code.numbers[index as usize]),
            _ => return Ok(None),
        };
        self.spend(2)?;
        Ok(Some(value))
    }

    fn saved(&self) -> Saved<'a> {
        Saved {
            pc: self.pc,
            context: self.context,
            environment: self.environment,
            base: self.base,
            checked: self.checked,
        }
    }

    fn restore(&mut self, saved: Saved<'a>) {
        self.pc = saved.pc;
        self.context = saved.context;
        self.environment = saved.environment;
        self.base = saved.base;
        self.checked = saved.checked;
    }

    /// The loop.
    fn turn(&mut self) -> Result<Value<'a>, Error> {
        let code = self.code;
        loop {
            let op = code.ops[self.pc];
            let Some(fuel) = self.fuel.checked_sub(1 + self.owed.take()) else {
                return Err(self.unwound(Error::bound(Bound::Time)));
            };
            self.fuel = fuel;
            if self.checked && self.base + code.marks[self.pc].depth > self.depth_max {
                let position = code.marks[self.pc].position;
                return Err(self.unwound(Error::bound(Bound::Depth).at(position)));
            }
            self.pc += 1;
            if matches!(op, Op::Return) {
                match self.finish() {
                    Ok(Some(value)) => return Ok(value),
                    Ok(None) => {}
                    Err(error) => return Err(self.unwound(error)),
                }
            } else if let Err(error) = self.execute(op) {
                return Err(self.unwound(error));
            }
        }
    }

    /// Ends a body; returns its value if a native waits for it.
    fn finish(&mut self) -> Result<Option<Value<'a>>, Error> {
        let value = self.pop();
        if let Value::Function(Function::Thunk {
            entry,
            environment,
            context,
        }) = value
            && matches!(
                self.frames.last(),
                Some(Frame::Call { .. }) | Some(Frame::Stop { .. })
            )
        {
            (self.pc, self.context, self.environment) = (*entry as usize, *context, environment);
            return Ok(None);
        }
        // Frames are large: only what is needed of one is copied.
        let (saved, own, is_awaited) = match self.frames.last() {
            Some(Frame::Stop { saved, own, .. }) => (*saved, *own, true),
            Some(Frame::Call { saved, own, .. }) => (*saved, *own, false),
            _ => return Err(Error::internal("unbalanced frames")),
        };
        self.frames.truncate(self.frames.len() - 1);
        own.into_iter().for_each(|own| self.release(own));
        self.restore(saved);
        if is_awaited {
            return Ok(Some(value));
        }
        self.memory += FRAME_BYTES;
        self.stack.push(value);
        Ok(None)
    }

    /// Takes the frames of this loop away; an error gets the place of each call that it leaves.
    fn unwound(&mut self, mut error: Error) -> Error {
        let mut pc = self.pc.saturating_sub(1);
        loop {
            error = self.guarded(error, pc as u32);
            match self.frames.pop() {
                Some(Frame::Stop { saved, .. }) => {
                    self.restore(saved);
                    return error;
                }
                Some(Frame::Call {
                    saved, callee, site, ..
                }) => {
                    error = self.left_call(error, callee, site);
                    pc = saved.pc.saturating_sub(1);
                }
                Some(_) => {}
                None => return error,
            }
        }
    }

    /// Gives an error the place of the operators around an address.
    fn guarded(&self, mut error: Error, pc: u32) -> Error {
        for guard in &self.code.guards {
            let inside = guard.start <= pc && pc < guard.end;
            let elsewhere = |&(start, end): &(u32, u32)| {
                guard.start <= start && end <= guard.end && start <= pc && pc < end
            };
            if inside && !self.code.bodies.iter().any(elsewhere) {
                error = error.moved_to(guard.position).with_token(guard.token);
            }
        }
        error
    }

    fn position(&self) -> u32 {
        self.code.marks[self.pc - 1].position
    }

    fn pop(&mut self) -> Value<'a> {
        self.stack.pop().unwrap_or(Value::Nothing)
    }

    fn top(&self) -> Value<'a> {
        self.stack.last().copied().unwrap_or(Value::Nothing)
    }

    fn set_top(&mut self, value: Value<'a>) {
        if let Some(top) = self.stack.last_mut() {
            *top = value;
        }
    }

    fn outer(&self, hops: u16) -> &'a Environment<'a> {
        let mut environment = self.environment;
        for _ in 0..hops {
            match environment.outer.get() {
                Some(outer) => environment = outer,
                None => break,
            }
        }
        environment
    }

    /// Returns the value of a variable.
    fn load(&self, variable: u32) -> Value<'a> {
        let variable = &self.code.variables[variable as usize];
        for place in &variable.places {
            match self.outer(place.hops).slots[usize::from(place.slot)].get() {
                Value::Unbound => {}
                value => return value,
            }
        }
        match variable.last {
            Last::Nothing => Value::Nothing,
            Last::Root => self.root,
            Last::Builtin(id) => Value::Builtin(id),
            Last::Global(global, builtin) => match self.globals.get(global as usize).copied().flatten() {
                Some(value) => Value::Json(value),
                None => builtin.map_or(Value::Nothing, Value::Builtin),
            },
        }
    }
}
