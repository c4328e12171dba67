//! What is evaluated, with what, within which bounds, and what comes of it.
//!
//! The heap is only read while code runs; what the result is made of is planned then and built afterwards. Invariant: the
//! arena is empty between evaluations, and keeps no more than [`KEPT_BYTES_MAX`].

use bumpalo::Bump;

use super::{Machine, output};
use crate::jsonata::function::picture::Pictures;
use crate::jsonata::function::regex;
use crate::jsonata::function::signature::Matching;
use crate::jsonata::{Code, Error, quick};
use crate::value::{Heap, Store, ValueRef, View};

/// The most bytes that the arena keeps for the next evaluation; one that took more gives them back.
pub(super) const KEPT_BYTES_MAX: usize = 4 << 20;

/// Bytes that the plan of a result may take however little memory the evaluation has.
const PLANNED_BYTES_BASE: usize = 1 << 10;

/// The bounds of one evaluation.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The deepest nesting of nodes.
    pub depth: u32,
    /// Bytes that the evaluation may take.
    pub memory: usize,
    /// Instructions, and elements that natives look at.
    pub fuel: u64,
}

impl Limits {
    /// AWS's bounds, as far as they are known (100 levels, 20 MiB), and at most 50 ms on a processor of its own, since
    /// nothing else of a shard runs meanwhile: a unit takes 5 to 15 ns. AWS accepts a `$map` over 200,000 numbers, which
    /// takes most of it.
    pub const STATES: Limits = Limits {
        depth: 100,
        memory: 20 << 20,
        fuel: 2_250_000,
    };
    /// Bounds for the language on its own.
    pub const PLAIN: Limits = Limits {
        depth: 5_000,
        memory: 512 << 20,
        fuel: 400_000_000,
    };
}

/// What an evaluation gets from the world.
#[derive(Clone, Copy, Debug, Default)]
pub struct World {
    /// The time in milliseconds since 1970, the same for the whole evaluation.
    pub millis: i64,
    /// What random numbers and identifiers are drawn from.
    pub seed: u64,
}

/// What an expression evaluates to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    /// A value of the run's heap or the constants.
    Value(ValueRef),
    /// Nothing: JSONata's undefined.
    Nothing,
    /// A function or a regular expression, which has no JSON.
    Function,
}

/// Memory that evaluations use one after the other.
#[derive(Default)]
pub struct Scratch {
    arena: Bump,
    text: String,
    /// Where strings are decoded.
    buffer: String,
    matching: Matching,
    regex: regex::Scratch,
    pictures: Pictures,
    /// Where `$parse` reads.
    parsed: Heap,
    planner: Planner,
    quick: quick::Scratch,
}

/// How a result becomes a value of the heap, step by step, and the memory for it.
#[derive(Debug, Default)]
pub(super) struct Planner {
    pub(super) steps: Vec<output::Step>,
    pub(super) text: String,
    pub(super) handles: Vec<ValueRef>,
    pub(super) number: String,
    /// Bytes that steps and text may take.
    pub(super) bytes_max: usize,
    /// Bytes of the values of the heap that the result refers to.
    pub(super) referred: usize,
}

impl std::fmt::Debug for Scratch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Scratch({} bytes)", self.bytes())
    }
}

impl Scratch {
    /// Returns how many bytes are reserved.
    pub fn bytes(&self) -> usize {
        self.arena.allocated_bytes()
            + self.text.capacity()
            + self.buffer.capacity()
            + self.regex.bytes()
            + self.pictures.bytes()
            + self.parsed.bytes().1
            + self.planner.bytes()
            + self.quick.bytes()
    }
}

/// One evaluation that is to be made.
#[derive(Debug)]
pub struct Request<'r> {
    /// The expression; it must be linked with the heap of constants.
    pub code: &'r Code,
    /// The document (`$` and `$$`), if there is one.
    pub input: Option<ValueRef>,
    /// The values of the names that the code was compiled with; nothing for one that is not bound.
    pub globals: &'r [Option<ValueRef>],
    /// Values of [`Code::chains`] that are known already; nothing for one that is to be found here.
    pub chains: &'r [Option<ValueRef>],
    /// Bounds.
    pub limits: Limits,
    /// Time and chance.
    pub world: World,
}

/// Evaluates an expression. `work` is set to what it took, in the same units as [`Limits::fuel`].
///
/// # Errors
/// What the expression fails with, or the bound that it hit.
pub fn evaluate(
    request: &Request<'_>,
    heap: &mut Heap,
    constants: &Heap,
    scratch: &mut Scratch,
    work: &mut u64,
) -> Result<Outcome, Error> {
    if let Some(outcome) = quick::evaluate(request, heap, constants, &mut scratch.quick, work) {
        return Ok(outcome);
    }
    let planned = {
        let view = View::new(heap, constants);
        let Scratch {
            arena,
            text,
            buffer,
            matching,
            regex,
            pictures,
            parsed,
            planner,
            ..
        } = scratch;
        let mut machine = Machine::new(
            request,
            view,
            arena,
            (text, buffer),
            matching,
            (regex, pictures),
            parsed,
        );
        planner.bytes_max = PLANNED_BYTES_BASE.saturating_add(request.limits.memory);
        let result = machine.evaluate().and_then(|value| machine.plan(value, planner));
        *work = (request.limits.fuel - machine.fuel).saturating_add(machine.owed.get());
        result
    };
    let outcome = planned.map(|planned| match planned {
        output::Planned::Done(outcome) => outcome,
        output::Planned::Built => Outcome::Value(scratch.planner.build(&mut Store::new(heap, constants))),
    });
    scratch.planner.clear();
    for text in [&mut scratch.text, &mut scratch.buffer] {
        text.clear();
        text.shrink_to(KEPT_BYTES_MAX);
    }
    scratch.arena.reset();
    if scratch.arena.allocated_bytes() > KEPT_BYTES_MAX {
        scratch.arena = Bump::new();
    }
    outcome
}
