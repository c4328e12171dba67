//! What a call is done to.
//!
//! Must not know parameters. Invariant: what it shows, as a line of `allow`, grants it.

use crate::task::lambda::function::Function;
use crate::task::web::endpoint::Place;
use std::borrow::Cow;

/// What a call is done to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::task) enum Target {
    /// A URL.
    Url(Place),
    /// A Lambda function.
    Function {
        arn: Box<str>,
        qualified: Box<str>,
        name: Box<str>,
    },
    /// Something that has a name and, except for topics of Kafka and phone numbers, an ARN.
    Resource { arn: Option<String>, name: String },
    /// It names nothing that we know.
    Unknown,
}

impl Target {
    /// Returns a function as a target.
    pub(in crate::task) fn of_function(function: &Function) -> Target {
        let name = match &function.qualifier {
            Some(qualifier) => format!("{}:{qualifier}", function.name).into(),
            None => function.name.clone(),
        };
        Target::Function {
            arn: function.arn.clone(),
            qualified: function.qualified_arn().into(),
            name,
        }
    }

    /// Returns it as a line of `allow` has it; `None` when it names nothing.
    pub(in crate::task) fn shown(&self) -> Option<Cow<'_, str>> {
        match self {
            Target::Url(place) => Some(place.to_string().into()),
            Target::Function { name, .. } => Some((&**name).into()),
            Target::Resource { arn: Some(arn), .. } => Some(arn.into()),
            Target::Resource { name, .. } => Some(name.into()),
            Target::Unknown => None,
        }
    }
}
