//! What a program tells of a task before it runs.
//!
//! Must not know who serves it.

use crate::program::{Program, TaskInfo};
use crate::value::{ValueRef, View};

/// What of a task is not served: the parameter that names it and its value, or the resource itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal(pub(super) Option<(&'static str, String)>);

/// A task, as far as its program tells of it.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    program: &'a Program,
    info: &'a TaskInfo,
}

impl<'a> Asked<'a> {
    pub(super) fn new(program: &'a Program, info: &'a TaskInfo) -> Asked<'a> {
        Asked { program, info }
    }

    /// Returns the resource's ARN.
    pub(super) fn arn(self) -> &'a str {
        &self.info.resource.arn
    }

    /// Returns service and action of an integration; `None` for a raw function ARN.
    pub(super) fn integration(self) -> Option<(&'a str, &'a str)> {
        let (service, action) = self.info.resource.integration.as_ref()?;
        Some((service, action))
    }

    /// Returns a constant parameter that is a text.
    pub(super) fn constant(self, name: &str) -> Option<String> {
        Some(self.view().string(self.parameter(name)??)?.decode().into_owned())
    }

    /// Says whether a parameter is there whose value is known at run time only.
    pub(super) fn is_computed(self, name: &str) -> bool {
        self.parameter(name) == Some(None)
    }

    /// Returns a parameter, and its value if that is constant; the last one of a name counts.
    pub(super) fn parameter(self, name: &str) -> Option<Option<ValueRef>> {
        let mut members = self.info.parameters.iter().rev();
        let (_, value) = members.find(|(known, _)| &**known == name)?;
        Some(*value)
    }

    /// Reads constant parameters.
    pub(super) fn view(self) -> View<'a> {
        let constants = &self.program.constants;
        View::new(constants, constants)
    }

    /// Says whether the state reads nothing of the result but these members.
    pub(super) fn reads_only(self, names: &[&str]) -> bool {
        let members = self.info.selected.as_ref();
        members.is_some_and(|members| members.iter().all(|name| names.contains(&&**name)))
    }
}
