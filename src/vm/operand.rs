//! What operands are made of: paths, intrinsic functions, `States.Format`, and what a path is applied to.
//!
//! Owns the words of what these fail with. Must not know frames' order or which instruction comes next.

use super::fault::{Outcome, Raised, shown};
use super::frame::FrameId;
use super::run::Run;
use crate::path;
use crate::program::{CallId, FormatId, PathId, PathUse, Program, ShadowId, Source, VariableRef};
use crate::value::{Kind, Store, ValueRef, View};

impl Run {
    /// Returns what a path is applied to.
    pub(super) fn source(
        &mut self,
        program: &Program,
        frame: FrameId,
        source: Source,
        item: Option<(u32, ValueRef)>,
    ) -> Option<ValueRef> {
        Some(match source {
            Source::Data => self.current.data,
            Source::Result => self.current.result,
            Source::Input => self.current.input,
            Source::Output => self.current.output,
            Source::Context => self.context_object(program, frame, item),
            Source::Variable(variable) => {
                let value = self.variable(frame, variable);
                return (!value.is_none()).then_some(value);
            }
            Source::Shadowed(shadow) => return self.shadowed(program, frame, shadow),
        })
    }

    fn variable(&self, frame: FrameId, variable: VariableRef) -> ValueRef {
        let owner = self.owner(frame, variable.up);
        self.frames[owner.at()]
            .variables
            .get(variable.slot as usize)
            .copied()
            .unwrap_or(ValueRef::NONE)
    }

    /// Reads the nearest of several variables of one name that has a value.
    #[cold]
    fn shadowed(&self, program: &Program, frame: FrameId, shadow: ShadowId) -> Option<ValueRef> {
        let variables = program.shadows[shadow.at()].iter();
        let mut values = variables.map(|&variable| self.variable(frame, variable));
        values.find(|value| !value.is_none())
    }

    pub(super) fn owner(&self, frame: FrameId, up: u16) -> FrameId {
        (0..up).fold(frame, |frame, _| self.frames[frame.at()].parent.unwrap_or(frame))
    }

    /// Reads a path of a template: its miss is worded by facts 5.4.
    #[inline]
    pub(super) fn template_path(
        &mut self,
        program: &Program,
        frame: FrameId,
        path: PathId,
        item: Option<(u32, ValueRef)>,
    ) -> Outcome<ValueRef> {
        let using = &program.paths[path.at()];
        if let Some(root) = self.source(program, frame, using.source, item) {
            let found = using
                .accessor
                .get(View::new(&self.heap, &program.constants), root);
            if let Some(value) = found
                && value != root
            {
                return Ok(self.distinct(program, value));
            }
            self.check_root(program, using, root)?;
            if let Some(value) = found {
                return Ok(self.distinct(program, value));
            }
            match self.search(program, using, root) {
                Ok(value) => {
                    self.check_memory(program)?;
                    return Ok(value);
                }
                Err(miss) if miss.kind == path::MissKind::Index && using.call.is_none() => {
                    return Ok(ValueRef::NULL);
                }
                Err(_) => {}
            }
        }
        Err(self.template_miss(program, path))
    }

    #[cold]
    fn template_miss(&mut self, program: &Program, path: PathId) -> Raised {
        let using = &program.paths[path.at()];
        let scope = if using.source == Source::Result {
            self.current.result
        } else {
            self.current.data
        };
        let input = shown(View::new(&self.heap, &program.constants), scope);
        self.runtime_fault(program, |cause| match using.call {
            Some(call) => {
                cause.push_str("The function '");
                cause.push_str(&program.calls[call.at()].text);
                cause.push_str("' had the following error: The JsonPath argument for the field '");
                cause.push_str(&using.text);
                cause.push_str("' could not be found in the input '");
                cause.push_str(&input);
                cause.push_str("'");
            }
            None => {
                cause.push_str("The JSONPath '");
                cause.push_str(&using.text);
                cause.push_str("' specified for the field '");
                cause.push_str(&using.field);
                cause.push_str("' could not be found in the input '");
                cause.push_str(&input);
                cause.push_str("'");
            }
        })
    }

    /// Reads `InputPath`, `OutputPath` and the paths of numbers: their miss names the step.
    pub(super) fn data_path(&mut self, program: &Program, frame: FrameId, path: PathId) -> Outcome<ValueRef> {
        let using = &program.paths[path.at()];
        let Some(root) = self.source(program, frame, using.source, None) else {
            return Err(self.template_miss(program, path));
        };
        self.check_root(program, using, root)?;
        let view = View::new(&self.heap, &program.constants);
        if let Some(value) = using.accessor.get(view, root) {
            return Ok(self.distinct(program, value));
        }
        match self.search(program, using, root) {
            Ok(value) => Ok(value),
            Err(miss) => Err(self.runtime_fault(program, |cause| {
                cause.push_str("Invalid path '");
                cause.push_str(&using.text);
                cause.push_str("' : ");
                cause.push_str(&miss.message);
            })),
        }
    }

    /// Returns a value as what becomes part of another, or an output of its own: see [`Store::distinct`].
    #[inline(always)]
    pub(super) fn distinct(&mut self, program: &Program, value: ValueRef) -> ValueRef {
        match self.heap.is_plain(value) {
            true => value,
            false => self.distinct_of_doubt(program, value),
        }
    }

    #[inline(never)]
    fn distinct_of_doubt(&mut self, program: &Program, value: ValueRef) -> ValueRef {
        if View::new(&self.heap, &program.constants).is_plain(value) {
            return value;
        }
        self.charge(program, value);
        Store::new(&mut self.heap, &program.constants).distinct(value)
    }

    /// Refuses a path of the data whose root is null (facts 5.4); a null that no path touches passes through.
    #[inline]
    pub(super) fn check_root(&mut self, program: &Program, using: &PathUse, root: ValueRef) -> Outcome<()> {
        let is_null = View::new(&self.heap, &program.constants).kind(root) == Kind::Null;
        if is_null
            && !matches!(
                using.source,
                Source::Context | Source::Variable(_) | Source::Shadowed(_)
            )
        {
            return Err(self.null_root(program));
        }
        Ok(())
    }

    #[cold]
    fn null_root(&mut self, program: &Program) -> Raised {
        self.runtime_fault(program, |cause| {
            cause.push_str("Unable to apply Path transformation to null or empty input.");
        })
    }

    /// Evaluates a path that may search: it may look at all of the value, and charges that and what it has built.
    pub(super) fn search(
        &mut self,
        program: &Program,
        using: &PathUse,
        root: ValueRef,
    ) -> Result<ValueRef, path::Miss> {
        // A search may meet every member, also those that another of the same name replaces.
        let root = self.distinct(program, root);
        let mut store = Store::new(&mut self.heap, &program.constants);
        let selected = using.accessor.select(&mut store, root, root);
        let view = View::new(&self.heap, &program.constants);
        let built = selected.as_ref().map_or(0, |&value| view.len(value));
        self.work.charge(view.len(root) + built);
        selected
    }

    pub(super) fn put(&mut self, program: &Program, path: PathId) -> Outcome<ValueRef> {
        let using = &program.paths[path.at()];
        let input = self.distinct(program, self.current.input);
        let result = self.distinct(program, self.current.result);
        let mut store = Store::new(&mut self.heap, &program.constants);
        match path::put(&mut store, input, &using.accessor, result) {
            Ok(output) => Ok(output),
            Err(path::PutError::Conflict) => {
                // Null is likelier to be refused as any path's null root is: the reports of the conflict have a
                // text, a number or an array, and AWS's support says "any path" of null (facts 5.4).
                self.check_root(program, using, input)?;
                Err(self.path_conflict(program, path, input))
            }
            Err(error @ path::PutError::TooDeep) => Err(self.runtime_fault(program, |cause| {
                cause.push_str("Unable to apply ResultPath '");
                cause.push_str(&using.text);
                cause.push_str("' to the state's input: ");
                cause.push_str(&error.to_string());
            })),
        }
    }

    #[inline]
    pub(super) fn format(&mut self, program: &Program, format: FormatId) -> Outcome<ValueRef> {
        let using = &program.formats[format.at()];
        let from = self.stack.len().saturating_sub(using.template.values());
        let mut store = Store::new(&mut self.heap, &program.constants);
        match using.template.format(&mut store, &self.stack[from..]) {
            Some(text) => {
                self.stack.truncate(from);
                self.charge(program, text);
                self.check_memory(program)?;
                Ok(text)
            }
            None => {
                self.stack.insert(from, using.text);
                self.call(program, using.call)
            }
        }
    }

    /// Charges reading or writing all of a value.
    #[inline]
    pub(super) fn charge(&mut self, program: &Program, value: ValueRef) {
        let length = View::new(&self.heap, &program.constants).len(value);
        self.work.charge(length);
    }

    pub(super) fn call(&mut self, program: &Program, call: CallId) -> Outcome<ValueRef> {
        let using = &program.calls[call.at()];
        let from = self.stack.len().saturating_sub(using.arguments as usize);
        for at in from..self.stack.len() {
            self.charge(program, self.stack[at]);
        }
        let mut store = Store::new(&mut self.heap, &program.constants);
        let result =
            crate::intrinsic::evaluate(&mut store, &mut self.random, using.function, &self.stack[from..]);
        self.stack.truncate(from);
        if let Ok(value) = result {
            self.charge(program, value);
        }
        // One template may call many functions, each with a result as large as a payload.
        self.check_memory(program)?;
        result.map_err(|error| {
            self.runtime_fault(program, |cause| {
                cause.push_str("There was an error while evaluating the intrinsic function: ");
                cause.push_str(&using.text);
                cause.push_str(". ");
                cause.push_str(&error.to_string());
            })
        })
    }
}
