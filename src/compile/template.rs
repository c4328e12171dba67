//! Payload templates, paths and calls.

use super::Compiler;
use crate::asl::model::{Expression, Template};
use crate::intrinsic::{Argument, Call, Function, Prepared};
use crate::path::{Accessor, Path, Root, Step};
use crate::program::{
    AssignId, Assignment, CallId, CallUse, FormatId, FormatUse, Instruction, PathId, PathUse, Shape, ShapeId,
    Source,
};
use crate::value::{ValueRef, View, escape_into};

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

    /// Emits code that pushes the value of a template or a part of one; `data` is what `$` means in it.
    pub(super) fn template_part(&mut self, template: &Template, data: Source) {
        match template {
            Template::Constant(json) => {
                let value = self.constant(json);
                self.code.emit(Instruction::Constant(value));
            }
            Template::Path { field, path } => {
                let id = self.path(path, data, field);
                self.push_path(id);
            }
            Template::Call { field, call } => self.call(call, data, field),
            Template::Jsonata(jsonata) => {
                self.push_jsonata(jsonata);
            }
            Template::Object(members) => {
                members
                    .iter()
                    .for_each(|(_, member)| self.template_part(member, data));
                let shape = self.shape(members);
                self.code.emit(Instruction::Object(shape));
            }
            Template::Array(elements) => {
                elements
                    .iter()
                    .for_each(|element| self.template_part(element, data));
                self.code.emit(Instruction::Array(elements.len() as u32));
            }
        }
    }

    fn push_path(&mut self, id: PathId) {
        self.code.emit(match self.program.paths[id.at()].gathered {
            Some(place) => Instruction::Gathered(place, id),
            None => Instruction::Path(id),
        });
    }

    fn shape(&mut self, members: &[(String, Template)]) -> ShapeId {
        let keys: Vec<ValueRef> = members.iter().map(|(name, _)| self.string(name)).collect();
        let constants = &self.program.constants;
        let view = View::new(constants, constants);
        // Brackets, and a comma or colon behind each key and value but the last.
        let bytes =
            keys.iter().map(|&key| view.len(key) + 2).sum::<usize>() + 2 - usize::from(!keys.is_empty());
        let id = ShapeId(self.program.shapes.len() as u32);
        self.program.shapes.push(Shape {
            members: keys.into_iter().flat_map(|key| [key, ValueRef::NONE]).collect(),
            bytes: bytes as u32,
        });
        id
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
        let id = self.assignment(assign);
        self.code.emit(Instruction::Assign(id));
    }

    /// Adds the variables of an `Assign`.
    pub(super) fn assignment(&mut self, assign: &[(String, Template)]) -> AssignId {
        let variables = assign
            .iter()
            .map(|(name, _)| (self.string(name), self.variable(name)))
            .collect();
        let id = AssignId(self.program.assigns.len() as u32);
        self.program.assigns.push(Assignment { variables });
        id
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
                self.program.shows_execution |= shows_execution(&path.steps);
                Source::Context
            }
            Root::Variable(name) => self.variable_source(name),
        };
        let id = PathId(self.program.paths.len() as u32);
        self.program.paths.push(PathUse {
            source,
            accessor: Accessor::compile(path),
            text: path.text.as_str().into(),
            field: field.into(),
            call,
            gathered: self.gathered(path, source),
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
        let format = prepared(call);
        // A prepared template is not pushed: it comes with the instruction.
        for argument in call.arguments.iter().skip(usize::from(format.is_some())) {
            self.argument(argument, data, field, id);
        }
        let Some((template, text)) = format else {
            return self.code.emit(Instruction::Call(id));
        };
        let text = self.string(text);
        let format = FormatId(self.program.formats.len() as u32);
        self.program.formats.push(FormatUse {
            template,
            text,
            call: id,
        });
        self.code.emit(Instruction::Format(format));
    }

    fn argument(&mut self, argument: &Argument, data: Source, field: &str, call: CallId) {
        let value = match argument {
            Argument::Text(text) => self.string(text),
            Argument::Number(text) => self.constant(text),
            Argument::Boolean(value) => ValueRef::boolean(*value),
            Argument::Null => ValueRef::NULL,
            Argument::Path(path) => {
                let id = self.path_in(path, data, field, Some(call));
                return self.push_path(id);
            }
            Argument::Call(call) => return self.call(call, data, field),
        };
        self.code.emit(Instruction::Constant(value));
    }
}

/// Prepares a `States.Format` whose template is literal; also returns the template.
fn prepared(call: &Call) -> Option<(Prepared, &str)> {
    match (call.function, call.arguments.split_first()) {
        (Function::Format, Some((Argument::Text(template), values))) => {
            Some((Prepared::new(template, values.len())?, template))
        }
        _ => None,
    }
}

/// Says whether a path of the context object may show `Execution`, or search in its input: a path of keys to one of
/// the parts does not.
fn shows_execution(steps: &[Step]) -> bool {
    if !steps
        .iter()
        .all(|step| matches!(step, Step::Key(_) | Step::Index(_)))
    {
        return true;
    }
    match steps {
        [Step::Key(part)] => part == "Execution",
        [] => true,
        _ => false,
    }
}
