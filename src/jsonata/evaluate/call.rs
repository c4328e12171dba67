//! Functions: calls, partial application, `~>`, and calls from natives.

use super::value::{Function, Kind, Value};
use super::{Error, FRAME_BYTES, Frame, Machine, NO_SITE};
use crate::jsonata::builtin;
use crate::value::ValueRef;
use std::cell::Cell;

/// What it costs that a native calls a function, beside its instructions.
const APPLY_UNITS: usize = 2;

/// A function of a composition: its name in errors, and where it is called. A composition is a lambda of the
/// reference's own, `function($f, $g) { function($x){ $g($f($x)) } }`.
type Chained = (u32, &'static str);
const FIRST: Chained = (39, "f");
const SECOND: Chained = (36, "g");

fn name_of_chained(error: Error, name: Option<Chained>) -> Error {
    match name {
        Some((position, name)) => error.or_at(position, Some(name)),
        None => error,
    }
}

impl<'a> Machine<'a, '_> {
    /// Calls the function below its arguments on the stack. In tail position the running function is replaced.
    pub(super) fn call(&mut self, count: usize, site: u32, tail: bool) -> Result<(), Error> {
        let bottom = self.stack.len() - count;
        let callee = self.stack[bottom - 1];
        if !tail {
            self.detach_arguments(callee, bottom)?;
        }
        self.note_site(callee, site)?;
        let depth = self.code.marks[self.pc - 1].depth;
        let context = match self.frames.last() {
            Some(Frame::Call { input, .. } | Frame::Stop { input, .. }) if tail => *input,
            _ => self.context,
        };
        let result = self.enter(callee, bottom, context, Some(site), depth, tail);
        result.map_err(|error| self.left_call(error, callee, Some(site)))
    }

    /// Helps out where the function on top is nothing because the `$` of its name was forgotten.
    pub(super) fn check_missing(&mut self, site: u32) -> Result<(), Error> {
        let place = &self.code.sites[site as usize];
        if self.stack.last().is_some_and(|callee| callee.is_nothing()) {
            let meant = place.meant.map_or(Value::Nothing, |meant| self.load(meant));
            if self.is_truthy(meant) {
                let name = place.token.as_deref().unwrap_or_default();
                return Err(Error::new("T1005").at(place.position).with_token(name));
            }
        }
        Ok(())
    }

    /// Functions that are arguments of a lambda do not see the context item of where they are called.
    fn detach_arguments(&mut self, callee: Value<'a>, bottom: usize) -> Result<(), Error> {
        if !matches!(callee, Value::Function(Function::Lambda { .. })) {
            return Ok(());
        }
        for at in bottom..self.stack.len() {
            let value = self.stack[at];
            if self.is_function(value) && !matches!(value, Value::Function(Function::Detached(_))) {
                self.stack[at] = self.function(Function::Detached(value))?;
            }
        }
        Ok(())
    }

    /// Keeps where a function was called last: an error in it is shown there.
    fn note_site(&mut self, callee: Value<'a>, place: u32) -> Result<(), Error> {
        match callee {
            Value::Function(Function::Lambda { site, .. }) => site.set(place),
            Value::Builtin(id) => {
                if self.builtin_sites.is_empty() {
                    let count = builtin::count();
                    self.builtin_sites = self.arena.alloc_slice_fill_with(count, |_| Cell::new(NO_SITE));
                }
                self.builtin_sites[usize::from(id)].set(place);
            }
            _ => {}
        }
        Ok(())
    }

    /// Gives an error that leaves a call the place of the call.
    pub(super) fn left_call(&self, mut error: Error, callee: Value<'a>, site: Option<u32>) -> Error {
        let last = match callee {
            Value::Function(Function::Lambda { site, .. }) => site.get(),
            Value::Builtin(id) => self.builtin_sites.get(usize::from(id)).map_or(NO_SITE, Cell::get),
            _ => NO_SITE,
        };
        if let Some(last) = self.code.sites.get(last as usize) {
            error = error
                .or_at(last.position, last.token.as_deref())
                .moved_to(last.position);
        } else if let Value::Builtin(id) = callee {
            error = error.or_at(0, Some(builtin::of(id).name));
        }
        match site.and_then(|site| self.code.sites.get(site as usize)) {
            Some(site) => error.or_at(site.position, site.token.as_deref()),
            None => error,
        }
    }

    /// Calls a function with what stands on the stack from `bottom` on; the function itself stands below.
    fn enter(
        &mut self,
        callee: Value<'a>,
        bottom: usize,
        context: Value<'a>,
        site: Option<u32>,
        depth: u32,
        tail: bool,
    ) -> Result<(), Error> {
        let mut name = None;
        let entered = self.enter_named(callee, bottom, context, site, depth, tail, &mut name);
        entered.map_err(|error| name_of_chained(error, name))
    }

    /// As [`Machine::enter`]; `name` is what a function of a composition is called in errors.
    #[allow(clippy::too_many_arguments)]
    fn enter_named(
        &mut self,
        mut callee: Value<'a>,
        bottom: usize,
        mut context: Value<'a>,
        site: Option<u32>,
        depth: u32,
        tail: bool,
        name: &mut Option<Chained>,
    ) -> Result<(), Error> {
        let outermost = callee;
        loop {
            match callee {
                Value::Function(Function::Detached(inner)) => {
                    callee = *inner;
                    context = Value::Json(ValueRef::NULL);
                }
                Value::Function(Function::Lambda { .. }) => {
                    return self.enter_lambda(callee, outermost, bottom, context, site, depth, tail);
                }
                Value::Function(Function::Partial { function, arguments }) => {
                    self.complete(arguments, bottom);
                    callee = *function;
                    if let Value::Builtin(id) = callee {
                        let value = self.without_signature(id, bottom)?;
                        return self.leave(value, bottom, tail);
                    }
                }
                Value::Function(Function::Chain { first, second }) => {
                    let argument = self.stack.get(bottom).copied().unwrap_or(Value::Nothing);
                    // The first function reads it as a variable of the composition.
                    let argument = self.closed(argument, false);
                    self.enter_native()?;
                    let between = self.apply_named(*first, &[argument], Some(FIRST))?;
                    // What the one returns is an expression's value before the other gets it.
                    let between = self.closed(between, false);
                    self.natives -= 1;
                    *name = Some(SECOND);
                    self.stack.truncate(bottom);
                    self.stack.push(between);
                    callee = *second;
                }
                _ => {
                    let value = self.native(callee, bottom, context)?;
                    return self.leave(value, bottom, tail);
                }
            }
        }
    }

    /// Ends a call of a native: its value takes the place of function and arguments.
    fn leave(&mut self, value: Value<'a>, bottom: usize, tail: bool) -> Result<(), Error> {
        self.stack.truncate(bottom - 1);
        self.stack.push(value);
        if tail {
            // The next instruction ends the body.
            self.pc = self.code.end();
        }
        Ok(())
    }

    #[allow(clippy::too_many_arguments)]
    fn enter_lambda(
        &mut self,
        callee: Value<'a>,
        outermost: Value<'a>,
        bottom: usize,
        context: Value<'a>,
        site: Option<u32>,
        depth: u32,
        tail: bool,
    ) -> Result<(), Error> {
        let Value::Function(Function::Lambda {
            code,
            environment,
            context: own,
            ..
        }) = callee
        else {
            return Ok(());
        };
        let lambda = &self.code.lambdas[*code as usize];
        if let Some(signature) = &lambda.signature {
            self.check(signature, bottom, context, None)?;
        }
        if tail {
            // The environment of the function that ends here is free; its arguments are on the stack.
            let own = match self.frames.last_mut() {
                Some(Frame::Call { own, .. } | Frame::Stop { own, .. }) => own.take(),
                _ => None,
            };
            own.into_iter().for_each(|own| self.release(own));
        }
        let inner = self.environment(usize::from(lambda.slots), environment)?;
        for at in 0..usize::from(lambda.parameters) {
            inner.slots[at].set(self.stack.get(bottom + at).copied().unwrap_or(Value::Nothing));
        }
        self.stack.truncate(bottom - 1);
        let kept = Some(inner).filter(|_| !lambda.captured);
        if tail {
            match self.frames.last_mut() {
                Some(Frame::Call {
                    callee,
                    site: place,
                    own,
                    ..
                }) => {
                    *own = kept;
                    if site.is_some() {
                        (*callee, *place) = (outermost, site);
                    }
                }
                Some(Frame::Stop { own, .. }) => *own = kept,
                _ => {}
            }
        } else {
            self.take(FRAME_BYTES)?;
            let saved = self.saved();
            self.frames.push(Frame::Call {
                saved,
                callee: outermost,
                site,
                own: kept,
                input: context,
            });
            self.base += depth;
        }
        (self.pc, self.context, self.environment) = (lambda.body as usize, *own, inner);
        self.checked = self.base + lambda.depth > self.depth_max;
        Ok(())
    }

    /// Puts the given arguments of a partial application between those of the call.
    fn complete(&mut self, given: &'a [Value<'a>], bottom: usize) {
        let count = self.stack.len() - bottom;
        let mut next = 0;
        for &value in given {
            let value = match value {
                Value::Unbound if next < count => {
                    next += 1;
                    self.stack[bottom + next - 1]
                }
                Value::Unbound => Value::Nothing,
                _ => value,
            };
            self.stack.push(value);
        }
        self.stack.drain(bottom..bottom + count);
    }

    /// Calls a function from a native, and waits for its value.
    pub(super) fn apply(&mut self, function: Value<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>, Error> {
        self.apply_named(function, arguments, None)
    }

    /// As [`Machine::apply`], with what the function is called in errors.
    fn apply_named(
        &mut self,
        function: Value<'a>,
        arguments: &[Value<'a>],
        name: Option<Chained>,
    ) -> Result<Value<'a>, Error> {
        self.spend(APPLY_UNITS)?;
        let depth = self.code.marks[self.pc.saturating_sub(1)].depth;
        if let Value::Function(Function::Lambda { code, .. }) = function
            && self.code.lambdas[*code as usize].signature.is_none()
        {
            let result = self.apply_lambda(function, arguments, depth);
            return result.map_err(|error| self.left_call(error, function, None));
        }
        self.stack.push(function);
        let bottom = self.stack.len();
        self.stack.extend_from_slice(arguments);
        let null = Value::Json(ValueRef::NULL);
        let before = self.frames.len();
        let saved = self.saved();
        if let Err(error) = self.enter(function, bottom, null, None, depth, false) {
            return Err(self.left_call(name_of_chained(error, name), function, None));
        }
        if self.frames.len() == before {
            return Ok(self.pop());
        }
        // A lambda was entered: a loop of its own runs it, and stops where the frame would have gone on.
        let Some(Frame::Call { callee, own, .. }) = self.frames.pop() else {
            return Err(Error::internal("unbalanced frames"));
        };
        self.memory += FRAME_BYTES;
        let (entry, context, environment) = (self.pc as u32, self.context, self.environment);
        let (base, checked) = (self.base, self.checked);
        self.restore(saved);
        let result = self.run(entry, context, environment, base, checked, own);
        result.map_err(|error| self.left_call(error, callee, None))
    }

    /// Runs a lambda without signature in a loop of its own.
    fn apply_lambda(
        &mut self,
        function: Value<'a>,
        arguments: &[Value<'a>],
        depth: u32,
    ) -> Result<Value<'a>, Error> {
        let Value::Function(Function::Lambda {
            code,
            environment,
            context,
            ..
        }) = function
        else {
            return Ok(Value::Nothing);
        };
        let lambda = &self.code.lambdas[*code as usize];
        let inner = self.environment(usize::from(lambda.slots), environment)?;
        for (slot, at) in inner.slots.iter().zip(0..usize::from(lambda.parameters)) {
            slot.set(arguments.get(at).copied().unwrap_or(Value::Nothing));
        }
        let base = self.base + depth;
        let checked = base + lambda.depth > self.depth_max;
        let own = Some(inner).filter(|_| !lambda.captured);
        self.run(lambda.body, *context, inner, base, checked, own)
    }

    /// `value ~> function`.
    pub(super) fn apply_operator(&mut self, site: u32) -> Result<(), Error> {
        let function = self.pop();
        let value = self.pop();
        if !self.is_function(function) {
            let error = Error::new("T2006").at(self.code.sites[site as usize].position);
            return Err(self.with_value(error, function));
        }
        if self.is_function(value) {
            let chain = self.function(Function::Chain {
                first: value,
                second: function,
            })?;
            self.stack.push(chain);
            return Ok(());
        }
        self.stack.push(function);
        let bottom = self.stack.len();
        self.stack.push(value);
        let depth = self.code.marks[self.pc - 1].depth;
        let null = Value::Json(ValueRef::NULL);
        let result = self.enter(function, bottom, null, None, depth, false);
        result.map_err(|error| self.left_call(error, function, None))
    }

    pub(super) fn partial(&mut self, site: u32, parts: u32) -> Result<(), Error> {
        let open = &self.code.flags[parts as usize];
        let bottom = self.stack.len() - open.len();
        let mut callee = self.stack[bottom - 1];
        let place = &self.code.sites[site as usize];
        if !self.is_function(callee) {
            let meant = place.meant.map_or(Value::Nothing, |meant| self.load(meant));
            let code = if callee.is_nothing() && self.is_truthy(meant) {
                "T1007"
            } else {
                "T1008"
            };
            let error = Error::new(code).at(place.position);
            return Err(match &place.token {
                Some(token) => error.with_token(&**token),
                None => error,
            });
        }
        if let Value::Function(Function::Detached(inner)) = callee {
            callee = *inner;
        }
        let count = self.parameters(callee).unwrap_or(open.len());
        self.take(16 * count + 32)?;
        let arguments = self.arena.alloc_slice_fill_with(count, |at| match open.get(at) {
            Some(true) => Value::Unbound,
            Some(false) => self.stack[bottom + at],
            None => Value::Nothing,
        });
        self.stack.truncate(bottom - 1);
        let value = self.function(Function::Partial {
            function: callee,
            arguments,
        })?;
        self.stack.push(value);
        Ok(())
    }

    /// Returns how many parameters a function has, where that is known.
    fn parameters(&self, function: Value<'a>) -> Option<usize> {
        match function {
            Value::Builtin(id) => Some(builtin::parameters(id)),
            Value::Function(Function::Lambda { code, .. }) => {
                Some(usize::from(self.code.lambdas[*code as usize].parameters))
            }
            Value::Function(Function::Partial { arguments, .. }) => Some(
                arguments
                    .iter()
                    .filter(|argument| matches!(argument, Value::Unbound))
                    .count(),
            ),
            _ => None,
        }
    }

    /// Returns how many arguments a higher-order function passes.
    pub(super) fn arity(&self, function: Value<'a>) -> usize {
        match function {
            Value::Builtin(id) => builtin::of(id).arity,
            Value::Function(Function::Detached(inner)) => self.arity(*inner),
            Value::Function(Function::Regex(_)) => 2,
            Value::Function(Function::Next { .. }) => 0,
            _ => self.parameters(function).unwrap_or(1),
        }
    }

    /// Says whether JavaScript takes a value for true.
    pub(super) fn is_truthy(&self, value: Value<'a>) -> bool {
        match self.kind(value) {
            Kind::Nothing | Kind::Null => false,
            Kind::Boolean => self.boolean(value) == Some(true),
            Kind::Number => self
                .number(value)
                .is_some_and(|number| number != 0.0 && !number.is_nan()),
            Kind::String => self.string(value).is_some_and(|text| !text.is_empty()),
            _ => true,
        }
    }

    /// Calls a built-in function that is certainly meant.
    pub(super) fn call_builtin(&mut self, id: u16, count: usize, site: u32) -> Result<(), Error> {
        let bottom = self.stack.len() - count;
        let callee = Value::Builtin(id);
        self.note_site(callee, site)?;
        match self.native(callee, bottom, self.context) {
            Ok(value) => {
                self.stack.truncate(bottom);
                self.stack.push(value);
                Ok(())
            }
            Err(error) => Err(self.left_call(error, callee, Some(site))),
        }
    }
}
