//! What the names in a template stand for: parameters, resources and their attributes, pseudo parameters.
//!
//! The order is: what was given (`--set`), what the template says (a default, an explicit name), and a sample of
//! the form that the real value has. Knows no functions. Invariant: a value that a deployment alone knows says
//! so.

use super::FOR_EACH;
use super::lookup::Lookup;
use super::sample::{Home, Named};
use crate::asl::suggest::closest;
use crate::asl::syntax::{Node, Value};
use std::collections::BTreeMap;

/// The names that every template has.
const PSEUDO: [&str; 8] = [
    "AWS::AccountId",
    "AWS::NoValue",
    "AWS::NotificationARNs",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];

/// The most characters of a name in a template.
const NAME_CHARACTERS_MAX: usize = 255;

/// The macros that make no resources, or name them after those that are there.
const KNOWN_MACROS: [&str; 2] = ["AWS::LanguageExtensions", "AWS::Serverless-2016-10-31"];

/// What a file says about its names.
#[derive(Clone)]
pub(super) struct Names<'a> {
    given: &'a BTreeMap<String, String>,
    parameters: Option<&'a Node>,
    resources: Option<&'a Node>,
    mappings: Option<&'a Node>,
    conditions: Option<&'a Node>,
    /// Of the Serverless Framework.
    functions: Option<&'a Node>,
    lookup: &'a Lookup,
    /// Something makes resources that the template does not list.
    has_macros: bool,
    home: Home,
}

/// The value of a name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct NamedValue {
    pub(super) text: String,
    /// The real one is known after a deployment only.
    pub(super) is_invented: bool,
    /// Nothing is known but the name, which is the text.
    pub(super) is_unknown: bool,
}

impl<'a> Names<'a> {
    /// Takes the names of a template. `functions` are those of the Serverless Framework.
    pub(super) fn new(
        template: Option<&'a Node>,
        functions: Option<&'a Node>,
        given: &'a BTreeMap<String, String>,
        lookup: &'a Lookup,
    ) -> Names<'a> {
        let given_or = |name: &str, default: &str| given.get(name).map_or(default, String::as_str).to_owned();
        Names {
            given,
            parameters: template.and_then(|template| template.get("Parameters")),
            resources: template.and_then(|template| template.get("Resources")),
            mappings: template.and_then(|template| template.get("Mappings")),
            conditions: template.and_then(|template| template.get("Conditions")),
            functions,
            lookup,
            has_macros: template.is_some_and(has_macros),
            home: Home {
                partition: given_or("AWS::Partition", "aws"),
                region: given_or("AWS::Region", "us-east-1"),
                account: given_or("AWS::AccountId", "111111111111"),
            },
        }
    }

    /// Returns the value that was given for a name.
    pub(super) fn given(&self, name: &str) -> Option<&'a str> {
        self.given.get(name).map(String::as_str)
    }

    /// Returns where samples live.
    pub(super) fn home(&self) -> &Home {
        &self.home
    }

    /// Returns what a mapping has under a key and a key below it.
    pub(super) fn mapped(&self, keys: &[&str]) -> Option<&'a Node> {
        let [map, first, second] = keys else { return None };
        let find = |node, key: &str| self.lookup.get(node, key);
        find(find(find(self.mappings?, map)?, first)?, second)
    }

    /// Returns the value of a name, or of an attribute: `Name.Attribute`.
    pub(super) fn value(&self, name: &str) -> NamedValue {
        let (base, attribute) = match name.split_once('.') {
            Some((base, attribute)) => (base, Some(attribute)),
            None => (name, None),
        };
        if let Some(text) = self.given.get(name) {
            return known(text);
        }
        if let Some(text) = self.given.get(base) {
            return self.attribute_of_given(base, attribute, text);
        }
        // `Nested.Outputs.FunctionArn` is asked of a nested stack.
        let attribute = attribute.and_then(|attribute| attribute.rsplit('.').next());
        if let Some(value) = self.pseudo(name) {
            return value;
        }
        if let Some(parameter) = self.in_section(self.parameters, name) {
            return parameter_value(name, parameter);
        }
        if self.in_section(self.functions, base).is_some() {
            return self.sample("AWS::Lambda::Function", base, attribute, true);
        }
        match self.in_section(self.resources, base) {
            Some(resource) => self.resource(base, attribute, resource),
            None => match attribute {
                Some(_) => self.sample("", base, attribute, true),
                None => unknown(name),
            },
        }
    }

    /// Says whether a template has nothing of a name: no parameter, no resource, no pseudo parameter.
    pub(super) fn is_nowhere(&self, name: &str) -> bool {
        let base = name.split('.').next().unwrap_or(name);
        let has = |section| self.in_section(section, base).is_some();
        let is_known = [name, base].iter().any(|name| self.given.contains_key(*name))
            || PSEUDO.contains(&name)
            || has(self.parameters)
            || has(self.resources);
        !is_known && !self.may_be_generated(base)
    }

    /// Says whether a template has conditions, but none of this name, and nothing that might make one.
    pub(super) fn has_no_condition(&self, name: &str) -> bool {
        self.conditions.is_some() && self.in_section(self.conditions, name).is_none() && !self.has_macros
    }

    /// Says whether a macro may make a resource of this name, as SAM does of its own: `FnRole` beside `Fn`.
    fn may_be_generated(&self, name: &str) -> bool {
        if self.has_macros {
            return true;
        }
        // The name of a resource, and a word of the macro's.
        let words = name.char_indices().skip(1).take(NAME_CHARACTERS_MAX);
        let mut words = words.filter(|(_, first)| first.is_ascii_uppercase() || first.is_ascii_digit());
        name.starts_with("Serverless") || words.any(|(end, _)| self.is_serverless(&name[..end]))
    }

    fn is_serverless(&self, name: &str) -> bool {
        let resource = self.in_section(self.resources, name);
        let kind = resource.and_then(|resource| resource.get("Type")?.as_text());
        kind.is_some_and(|kind| kind.starts_with("AWS::Serverless::"))
    }

    /// Returns the name that was probably meant.
    pub(super) fn nearest(&self, name: &str) -> Option<String> {
        let (base, attribute) = name.split_once('.').unwrap_or((name, ""));
        let sections = [self.parameters, self.resources].into_iter().flatten();
        let members = sections.flat_map(|section| section.as_object().unwrap_or_default());
        let known = members.map(|member| &*member.key).chain(PSEUDO);
        let nearest = closest(base, known)?;
        let dot = if attribute.is_empty() { "" } else { "." };
        Some(format!("did you mean \"{nearest}{dot}{attribute}\"?"))
    }

    /// Says whether a node names a parameter that is a number.
    pub(super) fn is_number(&self, name: &Node) -> bool {
        let parameter = name
            .as_text()
            .and_then(|name| self.in_section(self.parameters, name));
        let kind = parameter.and_then(|parameter| parameter.get("Type")?.as_text());
        kind == Some("Number")
    }

    fn in_section(&self, section: Option<&'a Node>, name: &str) -> Option<&'a Node> {
        section.and_then(|section| self.lookup.get(section, name))
    }

    /// Returns an attribute of something whose own value was given: a name makes an ARN.
    fn attribute_of_given(&self, base: &str, attribute: Option<&str>, text: &str) -> NamedValue {
        let wants_arn = attribute.is_some_and(|attribute| attribute.ends_with("Arn"));
        if !wants_arn || text.starts_with("arn:") {
            return known(text);
        }
        let resource = self.in_section(self.resources, base);
        let kind = resource.and_then(|resource| resource.get("Type")?.as_text());
        self.sample(kind.unwrap_or_default(), text, attribute, false)
    }

    fn resource(&self, base: &str, attribute: Option<&str>, resource: &Node) -> NamedValue {
        let resource_type = resource.get("Type").and_then(Node::as_text).unwrap_or_default();
        let kind = resource_type.rsplit("::").next().unwrap_or_default();
        let properties = resource.get("Properties");
        let own = ["Name", &format!("{kind}Name")]
            .iter()
            .find_map(|key| properties?.get(key)?.as_text())
            .filter(|own| !own.contains("${"));
        if attribute.is_none() && resource_type.is_empty() {
            return unknown(base);
        }
        self.sample(resource_type, own.unwrap_or(base), attribute, own.is_none())
    }

    fn sample(
        &self,
        resource_type: &str,
        name: &str,
        attribute: Option<&str>,
        is_invented: bool,
    ) -> NamedValue {
        let named = Named {
            resource_type,
            name,
            attribute,
        };
        NamedValue {
            text: self.home.sample(named),
            is_invented,
            is_unknown: false,
        }
    }

    fn pseudo(&self, name: &str) -> Option<NamedValue> {
        let Home {
            partition,
            region,
            account,
        } = &self.home;
        Some(match name.strip_prefix("AWS::")? {
            "Partition" => known(partition),
            "Region" => known(region),
            "AccountId" => known(account),
            "URLSuffix" if partition == "aws-cn" => known("amazonaws.com.cn"),
            "URLSuffix" => known("amazonaws.com"),
            "StackName" => invented("stack"),
            "StackId" => {
                let id = "stack/stack/00000000-0000-0000-0000-000000000000";
                invented(&self.home.arn("cloudformation", id))
            }
            _ => return None,
        })
    }
}

/// Says whether something makes resources that a template does not list.
fn has_macros(template: &Node) -> bool {
    let transform = template.get("Transform");
    let is_known = |node: &Node| node.as_text().is_some_and(|name| KNOWN_MACROS.contains(&name));
    let is_plain = match transform.map(|node| (node, node.as_array())) {
        None => true,
        Some((_, Some(items))) => items.iter().all(is_known),
        Some((node, None)) => is_known(node),
    };
    let resources = template
        .get("Resources")
        .and_then(Node::as_object)
        .unwrap_or_default();
    let makes = |key: &str| key.starts_with(FOR_EACH) || key == "Fn::Transform";
    !is_plain || resources.iter().any(|member| makes(&member.key))
}

fn parameter_value(name: &str, parameter: &Node) -> NamedValue {
    let kind = parameter.get("Type").and_then(Node::as_text).unwrap_or_default();
    let default = parameter.get("Default").and_then(scalar);
    // The default of such a parameter names where its value is.
    if kind.starts_with("AWS::SSM::Parameter::") {
        return unknown(name);
    }
    if let Some(default) = default {
        return known(&default);
    }
    let allowed = parameter.get("AllowedValues").and_then(Node::as_array);
    if let Some(first) = allowed.and_then(|values| scalar(values.first()?)) {
        return invented(&first);
    }
    match kind {
        "Number" => invented("1"),
        _ => unknown(name),
    }
}

fn scalar(node: &Node) -> Option<String> {
    match &node.value {
        Value::Text(text) | Value::Number(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn known(text: &str) -> NamedValue {
    NamedValue {
        text: text.to_owned(),
        ..NamedValue::default()
    }
}

fn invented(text: &str) -> NamedValue {
    NamedValue {
        text: text.to_owned(),
        is_invented: true,
        is_unknown: false,
    }
}

fn unknown(name: &str) -> NamedValue {
    NamedValue {
        text: name.to_owned(),
        is_invented: true,
        is_unknown: true,
    }
}
