//! Payload templates and variables (facts 4.7, 5.1, 6.1).

use crate::asl::model::QueryLanguage;
use crate::asl::place::Place;
use crate::asl::syntax::{Member, Node, Value};
use crate::asl::{code, fields, paths, suggest};

use std::collections::HashSet;

use super::object::Language;
use super::{Checker, Spot, jsonata};

/// The longest name of a variable (facts 4.7).
const VARIABLE_CHARS_MAX: usize = 80;

/// The functions' names, for suggestions (facts 6.3).
const FUNCTIONS: [&str; 18] = [
    "States.Array",
    "States.ArrayPartition",
    "States.ArrayContains",
    "States.ArrayRange",
    "States.ArrayGetItem",
    "States.ArrayLength",
    "States.ArrayUnique",
    "States.Base64Encode",
    "States.Base64Decode",
    "States.Hash",
    "States.JsonMerge",
    "States.StringToJson",
    "States.JsonToString",
    "States.MathAdd",
    "States.MathRandom",
    "States.StringSplit",
    "States.Format",
    "States.UUID",
];

impl Checker<'_> {
    /// Checks a payload template.
    pub(super) fn template(&mut self, node: &Node, place: &Place<'_>, language: Language) {
        match &node.value {
            Value::Object(members) => {
                // A template has room for 100,000 members: no search through the list for each.
                let names: HashSet<&str> = match members.iter().any(|member| member.key.ends_with(".$")) {
                    true => members.iter().map(|member| member.key.as_str()).collect(),
                    false => HashSet::new(),
                };
                for member in members {
                    self.template_member(member, place, language);
                    self.clash(member, &names, place, language);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.template(item, &place.index(index), language);
                }
            }
            Value::Text(text) if language == Some(QueryLanguage::JsonPath) => {
                self.constant(text, node, place);
            }
            Value::Text(text) => {
                self.text(text, node, place, language);
            }
            _ => {}
        }
    }

    fn template_member(&mut self, member: &Member, object: &Place<'_>, language: Language) {
        let place = object.key(&member.key);
        if language == Some(QueryLanguage::Jsonata) && member.key.ends_with(".$") {
            self.json_path_key(member, object, &place);
        }
        if language != Some(QueryLanguage::JsonPath) || !member.key.ends_with(".$") {
            return self.template(&member.value, &place, language);
        }
        let error = match member.value.as_text().map(paths::expression) {
            Some(Ok(_)) => return,
            Some(Err(error)) => Some(error.message),
            None => None,
        };
        let help = member.value.as_text().and_then(misspelt_function).or(error);
        let message = format!(
            "The value for the field '{}' must be a valid JSONPath or a valid intrinsic function call",
            member.key
        );
        self.schema(Spot::within(object, &place, &member.value.span), message)
            .help = help;
    }

    /// Warns of a key that JSONata takes as it is.
    fn json_path_key(&mut self, member: &Member, object: &Place<'_>, place: &Place<'_>) {
        let spot = Spot::within(object, place, &member.key_span);
        let message = "In JSONata a key keeps its `.$`, which does not evaluate anything";
        let name = member.key.trim_end_matches(".$");
        self.warning(code::NOT_EVALUATED, spot, message).help =
            Some(format!("write \"{name}\": \"{{% … %}}\""));
    }

    /// Refuses `a` beside `a.$`: both would give the member `a`.
    fn clash(&mut self, member: &Member, names: &HashSet<&str>, object: &Place<'_>, language: Language) {
        let Some(name) = member.key.strip_suffix(".$") else {
            return;
        };
        if names.contains(name) && language == Some(QueryLanguage::JsonPath) {
            let spot = Spot::within(object, &object.key(&member.key), &member.key_span);
            self.schema(
                spot,
                format!("The field '{name}' is given twice, as '{name}' and '{name}.$'"),
            );
        }
    }

    /// Warns of a constant that was probably meant to be evaluated (`NO_DOLLAR`).
    fn constant(&mut self, text: &str, node: &Node, place: &Place<'_>) {
        if paths::looks_like_path(text) || paths::looks_like_call(text) {
            let message = "No .$ on a field that appears to be a JSONPath or Intrinsic Function.";
            let help = "add `.$` to the key if the value is to be evaluated";
            self.warning(code::NO_DOLLAR, Spot::at(place, &node.span), message)
                .help = Some(help.to_owned());
        } else if jsonata::is_delimited(text) {
            let help = "add \"QueryLanguage\": \"JSONata\" to the state or the machine";
            self.not_evaluated(node, place, help.to_owned());
        }
    }

    /// Checks `Assign`: names of variables, and a template for each.
    pub(super) fn assign(&mut self, node: &Node, place: &Place<'_>, language: Language) {
        let Some(members) = node.as_object() else {
            self.schema(Spot::at(place, &node.span), "Expected value of type Object");
            return;
        };
        for member in members {
            self.variable_name(member, place, language);
        }
        self.template(node, place, language);
    }

    fn variable_name(&mut self, member: &Member, object: &Place<'_>, language: Language) {
        let in_json_path = language == Some(QueryLanguage::JsonPath);
        let name = member
            .key
            .strip_suffix(".$")
            .filter(|_| in_json_path)
            .unwrap_or(&member.key);
        let spot = Spot::within(object, &object.key(&member.key), &member.key_span);
        if name == "states" {
            let message = "Cannot assign to reserved variable '$states'.";
            self.error(code::RESERVED_VARIABLE_NAME, spot, message);
        } else if !is_identifier(name) {
            let message =
                format!("Invalid variable name '{name}': the variable name contains invalid characters.");
            self.error(code::INVALID_VARIABLE_NAME, spot, message);
        } else if name.chars().count() > VARIABLE_CHARS_MAX {
            let message = format!(
                "Invalid variable name '{name}': the variable name exceeds the {VARIABLE_CHARS_MAX}-character limit."
            );
            self.error(code::INVALID_VARIABLE_NAME, spot, message);
        } else {
            self.hiding(name, spot, language == Some(QueryLanguage::Jsonata));
        }
    }

    /// Warns of paths in a Pass state's `Result`, which nothing evaluates (`PASS_RESULT_IS_STATIC`).
    pub(super) fn static_result(&mut self, state: &Node, place: &Place<'_>) {
        let Some(result) = state.get("Result") else { return };
        if has_dynamic_part(result) {
            let message = "Attempt to use a path in the result of a pass state.";
            let help = "use `Parameters`: `Result` is copied as it is";
            let spot = Spot::at(&place.key("Result"), &result.span);
            self.warning(code::PASS_RESULT_IS_STATIC, spot, message).help = Some(help.to_owned());
        }
    }
}

/// Says whether a template has a key ending in `.$`, or a text that is a path.
fn has_dynamic_part(node: &Node) -> bool {
    match &node.value {
        Value::Object(members) => members
            .iter()
            .any(|member| member.key.ends_with(".$") || has_dynamic_part(&member.value)),
        Value::Array(items) => items.iter().any(has_dynamic_part),
        Value::Text(text) => paths::looks_like_path(text),
        _ => false,
    }
}

/// Says whether a name is an identifier (UAX 31, facts 4.7).
fn is_identifier(name: &str) -> bool {
    let mut characters = name.chars();
    let starts_well = characters.next().is_some_and(unicode_ident::is_xid_start);
    starts_well && characters.all(unicode_ident::is_xid_continue)
}

/// Suggests the function that a call probably means.
fn misspelt_function(text: &str) -> Option<String> {
    let name = text.split_once('(')?.0.trim();
    if FUNCTIONS.contains(&name) {
        return None;
    }
    suggest::did_you_mean_reserved(name, FUNCTIONS)
}

/// The path form of a Choice operator or text field that takes one, for `NO_PATH`.
pub(super) fn has_path_form(name: &str) -> bool {
    let path_form = format!("{name}Path");
    fields::RULE.field(&path_form).is_some() || matches!(name, "Error" | "Cause")
}
