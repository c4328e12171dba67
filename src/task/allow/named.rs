//! What the parameters of a call name.
//!
//! Owns how parameters are looked at: all at the call, and the constant ones before. Must not know which parameters name
//! something; `resources` does. Invariant: a parameter that is computed is never taken for one that is absent.

use super::resources::{Naming, Step, is_opaque, namings};
use super::target::Target;
use crate::task::asked::Asked;
use crate::task::lambda::function::{Function, Home};
use crate::task::web;
use crate::value::{Kind, ValueRef, View};

/// Most targets of one call that are looked at; a call with more is refused.
const TARGETS_MAX: usize = 1_000;

/// A parameter as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::task) enum Given {
    Absent,
    /// Known at the call only.
    Computed,
    Value(ValueRef),
}

/// Where parameters are looked up.
pub(in crate::task) trait Lookup {
    /// Returns a parameter.
    fn get(&self, name: &str) -> Given;

    /// Reads parameters.
    fn view(&self) -> View<'_>;
}

/// The parameters of a call.
pub(in crate::task) struct Parameters<'a> {
    view: View<'a>,
    root: ValueRef,
}

impl<'a> Parameters<'a> {
    pub(super) fn new(view: View<'a>, root: ValueRef) -> Parameters<'a> {
        Parameters { view, root }
    }
}

impl Lookup for Parameters<'_> {
    fn get(&self, name: &str) -> Given {
        match self.view.member_named(self.root, name) {
            Some(value) if self.view.kind(value) != Kind::Null => Given::Value(value),
            _ => Given::Absent,
        }
    }

    fn view(&self) -> View<'_> {
        self.view
    }
}

/// The parameters of a task that are constants of its program.
pub(in crate::task) struct Constants<'a>(pub(in crate::task) Asked<'a>);

impl Lookup for Constants<'_> {
    fn get(&self, name: &str) -> Given {
        match self.0.parameter(name) {
            None => Given::Absent,
            Some(None) => Given::Computed,
            Some(Some(value)) => match self.view().kind(value) {
                Kind::Null => Given::Absent,
                _ => Given::Value(value),
            },
        }
    }

    fn view(&self) -> View<'_> {
        self.0.view()
    }
}

/// A parameter decides that is computed.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::task) struct Undecided;

/// Returns what a call of a service's action is done to.
///
/// # Errors
/// When that is known at the call only.
pub(in crate::task) fn targets(
    (service, action): (&str, &str),
    parameters: &impl Lookup,
    home: &Home,
) -> Result<Vec<Target>, Undecided> {
    let service = service.strip_prefix("aws-sdk:").unwrap_or(service);
    match (service, action) {
        _ if is_opaque(service, action) => Ok(vec![Target::Unknown]),
        ("http" | "apigateway", "invoke") => Ok(vec![url(service, parameters)?]),
        ("kafka", "produce") => {
            let topic = text(parameters, "Topic")?;
            Ok(vec![topic.map_or(Target::Unknown, |name| Target::Resource {
                arn: None,
                name,
            })])
        }
        ("lambda", _) => Ok(vec![function(parameters, home)?]),
        _ => resources(service, parameters, home),
    }
}

fn url(service: &str, parameters: &impl Lookup) -> Result<Target, Undecided> {
    let endpoint = text(parameters, "ApiEndpoint")?;
    let (mut stage, mut path) = (None, None);
    if service == "apigateway" {
        (stage, path) = (text(parameters, "Stage")?, text(parameters, "Path")?);
    }
    let place = endpoint.and_then(|endpoint| match service {
        "apigateway" => web::gateway_place(&endpoint, stage.as_deref(), path.as_deref()),
        _ => web::place(&endpoint),
    });
    Ok(place.map_or(Target::Unknown, Target::Url))
}

fn function(parameters: &impl Lookup, home: &Home) -> Result<Target, Undecided> {
    let (name, qualifier) = (text(parameters, "FunctionName")?, text(parameters, "Qualifier")?);
    let function = name.and_then(|name| Function::parse(&name, qualifier.as_deref(), home));
    Ok(function.map_or(Target::Unknown, |function| Target::of_function(&function)))
}

/// Returns what the parameters of a service of AWS name.
fn resources(service: &str, parameters: &impl Lookup, home: &Home) -> Result<Vec<Target>, Undecided> {
    let mut found = Vec::new();
    for naming in namings(service) {
        let (first, rest) = naming.path();
        match parameters.get(first) {
            Given::Computed => return Err(Undecided),
            Given::Absent => {}
            Given::Value(value) => {
                let more = |name: &str| text(parameters, name);
                let mut names = Vec::new();
                collect(parameters.view(), value, rest, &mut names);
                for name in names {
                    found.push(naming.target(&name, &more, home)?);
                }
            }
        }
    }
    found.dedup();
    if found.is_empty() || found.len() > TARGETS_MAX {
        return Ok(vec![Target::Unknown]);
    }
    Ok(found)
}

/// Collects the names at the end of a path; what is no text there names nothing we know.
fn collect(view: View<'_>, value: ValueRef, path: &[Step], names: &mut Vec<Option<String>>) {
    let Some((step, rest)) = path.split_first() else {
        names.push(view.string(value).map(|text| text.decode().into_owned()));
        return;
    };
    if names.len() > TARGETS_MAX {
        return;
    }
    match (step, view.kind(value)) {
        (Step::Each, Kind::Array) => {
            for item in view.elements(value) {
                collect(view, item, rest, names);
            }
        }
        (Step::EachMember, Kind::Object) => {
            for (_, item) in view.members(value) {
                collect(view, item, rest, names);
            }
        }
        (Step::Names, Kind::Object) => {
            for (name, _) in view.members(value) {
                names.push(view.string(name).map(|name| name.decode().into_owned()));
            }
        }
        (Step::Member(name, otherwise), Kind::Object) => match view.member_named(value, name) {
            Some(item) if view.kind(item) != Kind::Null => collect(view, item, rest, names),
            _ => names.push(otherwise.map(str::to_owned)),
        },
        _ => names.push(None),
    }
}

/// Returns a parameter that is a text.
fn text(parameters: &impl Lookup, name: &str) -> Result<Option<String>, Undecided> {
    match parameters.get(name) {
        Given::Computed => Err(Undecided),
        Given::Absent => Ok(None),
        Given::Value(value) => Ok(parameters
            .view()
            .string(value)
            .map(|text| text.decode().into_owned())),
    }
}

impl Naming {
    /// Makes a target of a name; `more` are other parameters.
    fn target(
        &self,
        name: &Option<String>,
        more: &dyn Fn(&str) -> Result<Option<String>, Undecided>,
        home: &Home,
    ) -> Result<Target, Undecided> {
        let Some(name) = name else {
            return Ok(Target::Unknown);
        };
        let key = match self.key() {
            Some(key) => more(key)?,
            None => None,
        };
        Ok(self.resource(name, key.as_deref(), home))
    }
}
