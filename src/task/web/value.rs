//! Parameters as texts.
//!
//! They are data: each may be of any type. Owns what of them can stand in a header, a query or a form. Must not know which
//! parameters there are.

use crate::fault;
use crate::task::Failure;
use crate::value::{Kind, ValueRef, View};

/// What a member of a request's body is.
pub(super) enum Body<'a> {
    /// What the task has.
    Value(ValueRef),
    /// What the connection has.
    Text(&'a str),
}

/// Returns a text, number or switch as a text, null as an empty one; `None` for lists and objects.
pub(super) fn scalar(view: View<'_>, value: ValueRef) -> Option<String> {
    Some(match view.kind(value) {
        Kind::Null => String::new(),
        Kind::Object | Kind::Array => return None,
        Kind::String => view.string(value)?.decode().into_owned(),
        _ => view.to_json(value),
    })
}

/// Returns the members of an object.
pub(super) fn members<'a>(view: View<'a>, object: ValueRef) -> Vec<(String, Body<'a>)> {
    let members = view.members(object).map(|(name, value)| {
        let name = view.string(name).map(|name| name.decode().into_owned());
        (name.unwrap_or_default(), Body::Value(value))
    });
    members.collect()
}

/// The parameters of a call, and AWS's words for what is wrong with them.
#[derive(Clone, Copy)]
pub(super) struct Parameters<'a> {
    pub(super) view: View<'a>,
    pub(super) root: ValueRef,
}

impl<'a> Parameters<'a> {
    /// Returns a parameter that is there and not null.
    pub(super) fn get(self, name: &str) -> Option<ValueRef> {
        let value = self.view.member_named(self.root, name)?;
        (self.view.kind(value) != Kind::Null).then_some(value)
    }

    /// Returns a text, if the parameter is there.
    ///
    /// # Errors
    /// When it is something else.
    pub(super) fn text(self, name: &str) -> Result<Option<String>, Failure> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let text = self.view.string(value).map(|text| text.decode().into_owned());
        text.map(Some).ok_or_else(|| self.invalid(name))
    }

    /// Returns a text that has to be there.
    ///
    /// # Errors
    /// When it is not, or something else.
    pub(super) fn required(self, name: &str) -> Result<String, Failure> {
        self.text(name)?
            .ok_or_else(|| self.unusable(&format!("The field '{name}' is required")))
    }

    /// The failure of a parameter of a wrong form, in AWS's words (facts 8.10).
    pub(super) fn invalid(self, name: &str) -> Failure {
        self.unusable(&format!("The value of the field '{name}' has an invalid format"))
    }

    /// The failure of parameters that cannot be used.
    pub(super) fn unusable(self, why: &str) -> Failure {
        let json = self.view.to_json(self.root);
        let cause = format!("The Parameters '{json}' could not be used to start the Task: [{why}]");
        Failure::new(fault::RUNTIME, cause)
    }
}
