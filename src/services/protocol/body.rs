//! Parameters against the shape that they are for.
//!
//! Owns which member of a structure a parameter is, and tokens that are filled in. `null` is no value: Java's mapper
//! leaves such members out.

use super::{ParameterProblem, Writer};
use crate::services::model::{Member, Structure};
use crate::value::{Kind, ValueRef};

/// What a request has for a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Given {
    Nothing,
    Value(ValueRef),
    /// The caller's idempotency token.
    Token,
}

/// Where a structure stands.
#[derive(Clone, Copy)]
enum Level {
    /// It is all the parameters.
    Outer,
    /// It is inside of one.
    Inner,
}

impl Given {
    pub(super) fn is_something(self) -> bool {
        self != Given::Nothing
    }
}

impl Writer<'_> {
    /// Returns what the parameters of an operation give for each member, in the order of the model.
    ///
    /// # Errors
    /// When they are no object, or name what the operation has not.
    pub(super) fn parameters(
        &self,
        structure: &Structure,
        value: ValueRef,
    ) -> Result<Vec<Given>, ParameterProblem> {
        self.members(structure, Some(value), "Parameters", Level::Outer)
    }

    /// Returns what a value inside of parameters gives for each member, in the order of the model.
    ///
    /// # Errors
    /// When it is no object, or names what the structure has not.
    pub(super) fn given(
        &self,
        structure: &Structure,
        value: Option<ValueRef>,
        field: &str,
    ) -> Result<Vec<Given>, ParameterProblem> {
        self.members(structure, value, field, Level::Inner)
    }

    fn members(
        &self,
        structure: &Structure,
        value: Option<ValueRef>,
        field: &str,
        level: Level,
    ) -> Result<Vec<Given>, ParameterProblem> {
        let of_member = |member: &Member| match member.is_token {
            true => Given::Token,
            false => Given::Nothing,
        };
        let mut given: Vec<Given> = structure.members.iter().map(of_member).collect();
        let Some(value) = value else {
            return Ok(given);
        };
        match self.view.kind(value) {
            Kind::Object => {}
            Kind::Null => return Ok(given),
            _ => return Err(ParameterProblem::invalid(field)),
        }
        for (key, value) in self.view.members(value) {
            let name = self.view.string(key);
            let is_named = |known: &str| name.is_some_and(|name| name.is(known));
            let index = match level {
                Level::Outer => structure.parameter(is_named),
                Level::Inner => structure.inner(is_named),
            };
            let Some(index) = index else {
                let name = name.map(|name| name.decode()).unwrap_or_default();
                return Err(ParameterProblem::unsupported(&name));
            };
            if self.view.kind(value) != Kind::Null {
                given[index] = Given::Value(value);
            }
        }
        Ok(given)
    }
}
