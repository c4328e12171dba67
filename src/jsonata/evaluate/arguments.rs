//! Arguments held against signatures.

use super::value::{Kind, Value};
use super::{Error, Machine};
use crate::jsonata::builtin;
use crate::jsonata::function::signature::{self, Arguments, Mismatch, Signature, Use};

impl<'a> Machine<'a, '_> {
    /// Holds arguments against a signature and puts what the parameters get in their place.
    pub(super) fn check(
        &mut self,
        signature: &Signature,
        bottom: usize,
        context: Value<'a>,
        builtin: Option<u16>,
    ) -> Result<(), Error> {
        let given = Given {
            machine: self,
            bottom,
            context,
        };
        if signature.is_direct(&given) {
            self.stack.resize(bottom + signature.parameters(), Value::Nothing);
            return Ok(());
        }
        if signature.is_lone_element(&given) {
            self.stack[bottom] = self.make_array(&[self.stack[bottom]], 0)?;
            return Ok(());
        }
        let mut matching = std::mem::take(self.matching);
        let given = Given {
            machine: self,
            bottom,
            context,
        };
        let checked = signature.check(&given, &mut matching);
        let result = match checked {
            Ok(()) => self.rearrange(&matching.uses, bottom, context),
            Err(mismatch) => Err(self.mismatch(mismatch, bottom, context, builtin)),
        };
        *self.matching = matching;
        result
    }

    fn rearrange(&mut self, uses: &[Use], bottom: usize, context: Value<'a>) -> Result<(), Error> {
        let count = self.stack.len() - bottom;
        let plain = |(at, used): (usize, &Use)| *used == Use::Argument(at);
        if uses.iter().enumerate().all(plain) {
            self.stack.resize(bottom + uses.len(), Value::Nothing);
            return Ok(());
        }
        for used in uses {
            let value = match *used {
                Use::Argument(at) if at < count => self.stack[bottom + at],
                Use::Wrapped(at) if at < count => {
                    let value = self.stack[bottom + at];
                    self.make_array(&[value], 0)?
                }
                Use::Context => context,
                _ => Value::Nothing,
            };
            self.stack.push(value);
        }
        self.stack.drain(bottom..bottom + count);
        Ok(())
    }

    fn mismatch(
        &mut self,
        mismatch: Mismatch,
        bottom: usize,
        context: Value<'a>,
        builtin: Option<u16>,
    ) -> Error {
        let (error, argument) = match mismatch {
            Mismatch::Argument { argument } => (Error::new("T0410"), argument),
            Mismatch::Context { argument } => (Error::new("T0411"), argument),
            Mismatch::Elements { argument, expected } => {
                let error = Error::new("T0412");
                let expected = expected.filter(|_| !builtin.is_some_and(builtin::is_aws));
                (expected.into_iter().fold(error, Error::with_element), argument)
            }
        };
        let value = match error.code() {
            "T0411" => context,
            _ => self
                .stack
                .get(bottom + argument - 1)
                .copied()
                .unwrap_or(Value::Nothing),
        };
        self.with_value(error.with_index(argument), value)
    }
}

/// The arguments of a call, as a signature asks about them.
struct Given<'m, 'a, 's> {
    machine: &'m Machine<'a, 's>,
    bottom: usize,
    context: Value<'a>,
}

impl<'a> Given<'_, 'a, '_> {
    fn value(&self, argument: usize) -> Value<'a> {
        self.machine
            .stack
            .get(self.bottom + argument)
            .copied()
            .unwrap_or(Value::Nothing)
    }

    fn kind_of(&self, value: Value<'a>) -> signature::Kind {
        match self.machine.kind(value) {
            Kind::Nothing => signature::Kind::Missing,
            Kind::Null => signature::Kind::Null,
            Kind::Boolean => signature::Kind::Boolean,
            Kind::Number => signature::Kind::Number,
            Kind::String => signature::Kind::String,
            Kind::Array => signature::Kind::Array,
            Kind::Object => signature::Kind::Object,
            Kind::Function => signature::Kind::Function,
        }
    }
}

impl Arguments for Given<'_, '_, '_> {
    fn count(&self) -> usize {
        self.machine.stack.len() - self.bottom
    }

    fn kind(&self, argument: usize) -> signature::Kind {
        self.kind_of(self.value(argument))
    }

    fn holds_only(&self, argument: usize, kind: signature::Kind) -> bool {
        let value = self.value(argument);
        self.machine
            .owe(self.machine.count(value) / super::access::ENTRIES_PER_UNIT);
        self.machine.items(value).all(|item| self.kind_of(item) == kind)
    }

    fn is_empty(&self, argument: usize) -> bool {
        self.machine.count(self.value(argument)) == 0
    }

    fn context(&self) -> signature::Kind {
        self.kind_of(self.context)
    }
}
