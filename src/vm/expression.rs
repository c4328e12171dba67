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
use crate::program::{ExpressionId, ExpressionUse, GlobalSource, NumberField, Program, Stage, Work};
use crate::random::push_uuid;
use crate::value::{Kind, Store, ValueRef, View};

/// What a unit of an evaluation's fuel costs, in bytes of JSON text: an instruction, or an element that is looked at.
const FUEL_WORK: u64 = 16;

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
        let using = &program.expressions[id.at()];
        let found = using
            .found
            .and_then(|place| self.found.get(place as usize).copied());
        if let Some(value) = found.filter(|value| !value.is_none()) {
            return Ok(self.distinct(program, value));
        }
        self.evaluate(program, frame, using, item)
    }

    fn evaluate(
        &mut self,
        program: &Program,
        frame: FrameId,
        using: &ExpressionUse,
        item: Item,
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
            limits: Limits::STATES,
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

    /// Returns the value of a field that takes a number.
    pub(super) fn number_expression(
        &mut self,
        program: &Program,
        frame: FrameId,
        id: ExpressionId,
        field: NumberField,
    ) -> Outcome<ValueRef> {
        let value = self.expression(program, frame, id, None)?;
        let Some(number) = View::new(&self.heap, &program.constants).float(value) else {
            return Err(self.unexpected(program, id, value, Kind::Number));
        };
        match refusal(field, number) {
            None => Ok(value),
            // As recorded, without the expression.
            Some(refusal) => {
                let location = program.expressions[id.at()].field;
                Err(self.evaluation_fault(program, location, |cause| cause.push_str(&refusal)))
            }
        }
    }

    /// Tells a tracing run what a field comes to that takes a number.
    pub(super) fn trace_number(&mut self, program: &Program, field: NumberField, number: f64) {
        if self.decisions.is_none() {
            return;
        }
        let text = match field {
            // With its fraction, as recorded.
            NumberField::ToleratedFailurePercentage => format!("{number:?}"),
            _ => number.to_string(),
        };
        let value = Store::new(&mut self.heap, &program.constants).number(&text);
        self.trace_value(Stage::Number(field), value);
    }

    /// Pops what [`Run::number_expression`] has let through.
    pub(super) fn pop_number(&mut self, program: &Program) -> f64 {
        let value = self.pop();
        let number = View::new(&self.heap, &program.constants).float(value);
        number.unwrap_or_default()
    }
}

/// Says in AWS's words why a field does not take a number.
fn refusal(field: NumberField, number: f64) -> Option<String> {
    let name = field.name();
    match field {
        NumberField::ToleratedFailurePercentage => {
            (!(0.0..=100.0).contains(&number)).then(|| format!("{name} must be between 0 and 100."))
        }
        _ if number.fract() != 0.0 => Some(format!(
            "The {name} field cannot be parsed as an integer: {number}"
        )),
        NumberField::MaxConcurrency | NumberField::ToleratedFailureCount => {
            (number < 0.0).then(|| format!("{name} cannot be negative."))
        }
        NumberField::Seconds | NumberField::TimeoutSeconds | NumberField::HeartbeatSeconds => {
            (!(0.0..=SECONDS_MAX as f64).contains(&number)).then(|| {
                format!(
                    "{name} must be between 0 and {SECONDS_MAX} but was: {}",
                    number as i64
                )
            })
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
