//! JSONata: evaluates the expressions of states, and says in AWS's words what is wrong with one (facts 5.3).
//!
//! Owns what an expression is handed: the parts of `$states` and the variables that it reads. What evaluations use while
//! they run is memory of the run that works, not of those that wait. Must not know the language. Invariant: what an
//! evaluation takes is charged to the run's work, and it ends within the language's bounds for AWS.

use super::fault::{Outcome, Raised, shown};
use super::frame::FrameId;
use super::run::Run;
use super::task::SECONDS_MAX;
use crate::jsonata::{self, Limits, Request, Scratch, World};
use crate::program::{ExpressionId, ExpressionUse, GlobalSource, Program, Work};
use crate::random::push_uuid;
use crate::value::{Kind, Store, ValueRef, View};

/// What a unit of an evaluation's fuel costs, in bytes of JSON text: an instruction, or an element that is looked at.
const FUEL_WORK: u64 = 16;

/// The bounds of an expression for a number: a state has up to three, one after the other, and cannot stop between them.
const NUMBER_LIMITS: Limits = Limits {
    fuel: Limits::STATES.fuel / 4,
    ..Limits::STATES
};

/// The item of an iteration whose selector is being evaluated, and its index.
type Item = Option<(u32, ValueRef)>;

/// Memory that evaluations use one after the other.
#[derive(Debug, Default)]
pub(super) struct Evaluator {
    scratch: Scratch,
    globals: Vec<Option<ValueRef>>,
    chains: Vec<Option<ValueRef>>,
}

impl Evaluator {
    /// Returns how many bytes are reserved.
    pub(super) fn bytes(&self) -> usize {
        let lists = self.globals.capacity() + self.chains.capacity();
        size_of::<Evaluator>() + self.scratch.bytes() + lists * size_of::<Option<ValueRef>>()
    }
}

impl Run {
    /// Returns an expression's value.
    #[inline]
    pub(super) fn expression(
        &mut self,
        program: &Program,
        frame: FrameId,
        id: ExpressionId,
        item: Item,
    ) -> Outcome<ValueRef> {
        self.expression_within(program, frame, id, item, Limits::STATES)
    }

    #[inline]
    fn expression_within(
        &mut self,
        program: &Program,
        frame: FrameId,
        id: ExpressionId,
        item: Item,
        limits: Limits,
    ) -> Outcome<ValueRef> {
        let using = &program.expressions[id.at()];
        let found = using
            .found
            .and_then(|place| self.found.get(place as usize).copied());
        if let Some(value) = found.filter(|value| !value.is_none()) {
            return Ok(self.distinct(program, value));
        }
        self.evaluate(program, frame, using, item, limits)
    }

    fn evaluate(
        &mut self,
        program: &Program,
        frame: FrameId,
        using: &ExpressionUse,
        item: Item,
        limits: Limits,
    ) -> Outcome<ValueRef> {
        let mut evaluator = self.evaluator.take().unwrap_or_default();
        self.hand_in(program, frame, using, item, &mut evaluator);
        let seed = match using.code.is_impure() {
            true => self.random.next_u64(),
            false => 0,
        };
        let request = Request {
            code: &using.code,
            input: None,
            globals: &evaluator.globals,
            chains: &evaluator.chains,
            limits,
            world: World {
                millis: self.now_ms,
                seed,
            },
        };
        let (heap, constants, mut fuel) = (&mut self.heap, &program.constants, 0);
        let outcome = jsonata::evaluate(&request, heap, constants, &mut evaluator.scratch, &mut fuel);
        self.evaluator = Some(evaluator);
        let cost = fuel * FUEL_WORK;
        self.overdrawn += cost.saturating_sub(self.work.left());
        self.work.charge(cost as usize);
        match outcome {
            Ok(jsonata::Outcome::Value(value)) => {
                self.check_memory(program)?;
                Ok(self.distinct(program, value))
            }
            outcome => Err(self.no_value(program, using, &outcome)),
        }
    }

    /// Finds what an expression reads.
    fn hand_in(
        &mut self,
        program: &Program,
        frame: FrameId,
        using: &ExpressionUse,
        item: Item,
        evaluator: &mut Evaluator,
    ) {
        evaluator.chains.clear();
        evaluator.globals.clear();
        let mut is_found = true;
        for place in &using.chains {
            let found = place.and_then(|place| self.found.get(place as usize).copied());
            let found = found.filter(|value| !value.is_none());
            // Only a chain that a walk looks for is known to be nothing else.
            is_found &= found.is_some() || place.is_none();
            let found = found.map(|value| self.distinct(program, value));
            evaluator.chains.push(found);
        }
        if is_found && using.is_gathered {
            return;
        }
        for global in &using.globals {
            let value = match global.from {
                GlobalSource::Of(source) => self.source(program, frame, source, item),
                GlobalSource::States(work) => Some(self.states_object(program, frame, work, item)),
            };
            let value = value.filter(|value| !value.is_none());
            evaluator.globals.push(match global.is_gathered && is_found {
                true => value,
                false => value.map(|value| self.distinct(program, value)),
            });
        }
    }

    /// Builds the whole of `$states`.
    fn states_object(&mut self, program: &Program, frame: FrameId, work: Work, item: Item) -> ValueRef {
        let words = &program.words;
        let context = self.context_object(program, frame, item);
        let input = self.distinct(program, self.current.input);
        let (name, result) = match work {
            Work::None => (ValueRef::NONE, ValueRef::NONE),
            Work::Result => (words.states_result, self.current.result),
            Work::ErrorOutput => (words.states_error_output, self.current.result),
        };
        let pairs = [words.states_input, input, words.states_context, context];
        let mut store = Store::new(&mut self.heap, &program.constants);
        if name.is_none() {
            return store.object(&pairs);
        }
        let result = store.distinct(result);
        let [input_name, input, context_name, context] = pairs;
        store.object(&[input_name, input, context_name, context, name, result])
    }

    /// Makes the fault of an expression that has no value.
    #[cold]
    fn no_value(
        &mut self,
        program: &Program,
        using: &ExpressionUse,
        outcome: &Result<jsonata::Outcome, jsonata::Error>,
    ) -> Raised {
        let id = self.random_identifier(outcome);
        self.expression_fault(program, using, |cause| match outcome {
            Ok(jsonata::Outcome::Function) => cause.push_str("returned an unsupported result type."),
            Ok(_) => cause.push_str("returned nothing (undefined)."),
            Err(error) if error.is_internal() => {
                cause.push_str("threw an internal error during evaluation. ");
                cause.push_str(&id);
            }
            Err(error) => {
                cause.push_str("threw an error during evaluation");
                match error.is_bound() {
                    Some(_) => cause.push_str(": "),
                    None => {
                        cause.push_str(". ");
                        cause.push_str(error.code());
                        cause.push_str(": ");
                    }
                }
                cause.push_str(&error.text());
            }
        })
    }

    /// Returns the identifier that an internal error is told with, empty for others.
    fn random_identifier(&mut self, outcome: &Result<jsonata::Outcome, jsonata::Error>) -> String {
        let mut identifier = String::new();
        if outcome.as_ref().is_err_and(jsonata::Error::is_internal) {
            push_uuid(self.random.uuid(), &mut identifier);
        }
        identifier
    }

    /// Makes the fault of an expression, worded behind what names it and its field.
    fn expression_fault(
        &mut self,
        program: &Program,
        using: &ExpressionUse,
        write: impl FnOnce(&mut Store<'_>),
    ) -> Raised {
        let constants = View::new(&program.constants, &program.constants);
        let field = constants.string(using.field).map(|field| field.decode());
        self.evaluation_fault(program, using.field, |cause| {
            cause.push_str("The JSONata expression '");
            cause.push_str(&using.text);
            cause.push_str("' specified for the field '");
            cause.push_str(field.as_deref().unwrap_or_default());
            cause.push_str("' ");
            write(cause);
        })
    }

    /// Refuses a value that is not of the kind that a field takes.
    pub(super) fn expect(
        &mut self,
        program: &Program,
        id: ExpressionId,
        value: ValueRef,
        kind: Kind,
    ) -> Outcome<()> {
        match View::new(&self.heap, &program.constants).kind(value) == kind {
            true => Ok(()),
            false => Err(self.unexpected(program, id, value, kind)),
        }
    }

    /// Makes the fault of a value that is not of the kind that a field takes.
    #[cold]
    pub(super) fn unexpected(
        &mut self,
        program: &Program,
        id: ExpressionId,
        value: ValueRef,
        kind: Kind,
    ) -> Raised {
        let view = View::new(&self.heap, &program.constants);
        let (was, shown) = (name_of(view.kind(value)), shown(view, value));
        self.expression_fault(program, &program.expressions[id.at()], |cause| {
            for part in [
                "returned an unexpected result type. Expected '",
                name_of(kind),
                "', but was '",
                was,
                "' for value: ",
                &shown,
            ] {
                cause.push_str(part);
            }
        })
    }

    /// Says whether a condition holds.
    pub(super) fn condition(&mut self, program: &Program, frame: FrameId, id: ExpressionId) -> Outcome<bool> {
        let value = self.expression(program, frame, id, None)?;
        match View::new(&self.heap, &program.constants).boolean(value) {
            Some(holds) => Ok(holds),
            None => Err(self.unexpected(program, id, value, Kind::Boolean)),
        }
    }

    /// Returns a field's value that must be a whole number.
    pub(super) fn whole_expression(
        &mut self,
        program: &Program,
        frame: FrameId,
        id: ExpressionId,
        field: &str,
    ) -> Outcome<i64> {
        let value = self.number_expression(program, frame, id)?;
        if value.fract() == 0.0 {
            return Ok(value as i64);
        }
        Err(self.field_fault(program, id, |cause| {
            cause.push_str("The ");
            cause.push_str(field);
            cause.push_str(" field cannot be parsed as an integer: ");
            cause.push_str(&value.to_string());
        }))
    }

    fn number_expression(&mut self, program: &Program, frame: FrameId, id: ExpressionId) -> Outcome<f64> {
        let value = self.expression_within(program, frame, id, None, NUMBER_LIMITS)?;
        match View::new(&self.heap, &program.constants).float(value) {
            Some(number) => Ok(number),
            None => Err(self.unexpected(program, id, value, Kind::Number)),
        }
    }

    /// Makes the fault of a field's value, without naming its expression.
    fn field_fault(
        &mut self,
        program: &Program,
        id: ExpressionId,
        write: impl FnOnce(&mut Store<'_>),
    ) -> Raised {
        self.evaluation_fault(program, program.expressions[id.at()].field, write)
    }

    /// Refuses a number of seconds that a field does not take.
    pub(super) fn seconds_within(
        &mut self,
        program: &Program,
        id: ExpressionId,
        field: &str,
        seconds: i64,
    ) -> Outcome<u32> {
        match u32::try_from(seconds) {
            Ok(within) if seconds <= SECONDS_MAX => Ok(within),
            _ => Err(self.field_fault(program, id, |cause| {
                let message = format!("{field} must be between 0 and {SECONDS_MAX} but was: {seconds}");
                cause.push_str(&message);
            })),
        }
    }

    /// Refuses a number of iterations that a field does not take.
    pub(super) fn count_within(
        &mut self,
        program: &Program,
        id: ExpressionId,
        field: &str,
        count: i64,
    ) -> Outcome<u32> {
        if count >= 0 {
            return Ok(u32::try_from(count).unwrap_or(u32::MAX));
        }
        Err(self.field_fault(program, id, |cause| {
            cause.push_str(field);
            cause.push_str(" cannot be negative.");
        }))
    }

    /// Returns the value of `ToleratedFailurePercentage`.
    pub(super) fn percentage_expression(
        &mut self,
        program: &Program,
        frame: FrameId,
        id: ExpressionId,
    ) -> Outcome<f64> {
        let value = self.number_expression(program, frame, id)?;
        match (0.0..=100.0).contains(&value) {
            true => Ok(value),
            false => Err(self.field_fault(program, id, |cause| {
                cause.push_str("ToleratedFailurePercentage must be between 0 and 100.");
            })),
        }
    }
}

fn name_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Null => "null",
        Kind::Boolean => "boolean",
        Kind::Number => "number",
        Kind::String => "string",
        Kind::Array => "array",
        Kind::Object => "object",
    }
}
