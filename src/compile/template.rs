//! Payload templates, paths and calls.

use super::Compiler;
use crate::asl::model::{Expression, Template};
use crate::intrinsic::{Argument, Call, Function, Prepared};
use crate::path::{Accessor, Path, Root};
use crate::program::{AssignId, Assignment, CallId, CallUse, FormatId, FormatUse, Instruction, PathId, PathUse, Source};
use crate::value::{ValueRef, escape_into};

impl Compiler {
    /// Adds a constant from its JSON text.
    pub(super) fn constant(&mut self, json: &str) -> ValueRef {
        if let Some(&known) = self.constants.get(json) {
            return known;
        }
        // The text comes from a definition that was parsed; it is JSON.
        let value = self
            .program
            .constants
            .constant(json.as_bytes())
            .unwrap_or(ValueRef::NULL);
        self.constants.insert(json.into(), value);
        value
    }

    /// Adds a constant string.
    pub(super) fn string(&mut self, text: &str) -> ValueRef {
        let mut json = vec![b'"'];
        escape_into(&mut json, text);
        json.push(b'"');
        self.constant(&String::from_utf8(json).unwrap_or_default())
    }

    /// Emits code that pushes a template's value; `data` is what `$` means in it.
    pub(super) fn template(&mut self, template: &Template, data: Source) {
        match template {
            Template::Constant(json) => {
                let value = self.constant(json);
                self.code.emit(Instruction::Constant(value));
            }
            Template::Path { field, path } => {
                let id = self.path(path, data, field);
                self.code.emit(Instruction::Path(id));
            }
            Template::Call { field, call } => self.call(call, data, field),
            Template::Object(members) => {
                for (name, member) in members {
                    let key = self.string(name);
                    self.code.emit(Instruction::Constant(key));
                    self.template(member, data);
                }
                self.code.emit(Instruction::Object(members.len() as u32));
            }
            Template::Array(elements) => {
                elements.iter().for_each(|element| self.template(element, data));
                self.code.emit(Instruction::Array(elements.len() as u32));
            }
        }
    }

    /// Emits code that pushes a path's or a call's value.
    pub(super) fn expression(&mut self, expression: &Expression, data: Source, field: &str) {
        match expression {
            Expression::Path(path) => {
                let id = self.path(path, data, field);
                self.code.emit(Instruction::Path(id));
            }
            Expression::Call(call) => self.call(call, data, field),
        }
    }

    /// Emits the values of an `Assign`, which [`Compiler::assign`] pops.
    pub(super) fn assign_values(&mut self, assign: &[(String, Template)], data: Source) {
        assign
            .iter()
            .for_each(|(_, template)| self.template(template, data));
    }

    /// Emits the assignment of the values on the stack.
    pub(super) fn assign(&mut self, assign: &[(String, Template)]) {
        if assign.is_empty() {
            return;
        }
        let variables = assign
            .iter()
            .map(|(name, _)| (self.string(name), self.variable(name)))
            .collect();
        let id = AssignId(self.program.assigns.len() as u32);
        self.program.assigns.push(Assignment { variables });
        self.code.emit(Instruction::Assign(id));
    }

    /// Adds a use of a path.
    pub(super) fn path(&mut self, path: &Path, data: Source, field: &str) -> PathId {
        self.path_in(path, data, field, None)
    }

    fn path_in(&mut self, path: &Path, data: Source, field: &str, call: Option<CallId>) -> PathId {
        let source = match &path.root {
            Root::Input => data,
            Root::Context => {
                self.program.uses_context = true;
                Source::Context
            }
            Root::Variable(name) => Source::Variable(self.variable(name)),
        };
        let id = PathId(self.program.paths.len() as u32);
        self.program.paths.push(PathUse {
            source,
            accessor: Accessor::compile(path),
            text: path.text.as_str().into(),
            field: field.into(),
            call,
            shared: Box::default(),
        });
        id
    }

    /// Emits code that pushes a call's value; a call of constants is one if its value is certain.
    fn call(&mut self, call: &Call, data: Source, field: &str) {
        let id = CallId(self.program.calls.len() as u32);
        self.program.calls.push(CallUse {
            function: call.function,
            arguments: call.arguments.len() as u32,
            text: call.text.as_str().into(),
        });
        for argument in &call.arguments {
            self.argument(argument, data, field, id);
        }
        if let Some(template) = prepared(call) {
            let format = FormatId(self.program.formats.len() as u32);
            self.program.formats.push(FormatUse { template, call: id });
            return self.code.emit(Instruction::Format(format));
        }
        self.code.emit(Instruction::Call(id));
    }

    fn argument(&mut self, argument: &Argument, data: Source, field: &str, call: CallId) {
        let value = match argument {
            Argument::Text(text) => self.string(text),
            Argument::Number(text) => self.constant(text),
            Argument::Boolean(value) => ValueRef::boolean(*value),
            Argument::Null => ValueRef::NULL,
            Argument::Path(path) => {
                let id = self.path_in(path, data, field, Some(call));
                self.code.emit(Instruction::Path(id));
                return;
            }
            Argument::Call(call) => return self.call(call, data, field),
        };
        self.code.emit(Instruction::Constant(value));
    }
}

/// Prepares a `States.Format` whose template is literal.
fn prepared(call: &Call) -> Option<Prepared> {
    match (call.function, call.arguments.split_first()) {
        (Function::Format, Some((Argument::Text(template), values))) => Prepared::new(template, values.len()),
        _ => None,
    }
}
