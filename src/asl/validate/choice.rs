//! Choice rules (facts 4.3, 4.6).

use crate::asl::fields::{self, SELECTORS, Shape};
use crate::asl::model::QueryLanguage;
use crate::asl::place::Place;
use crate::asl::syntax::{Member, Node};

use super::object::{Language, heading};
use super::{Checker, Spot, template};

impl Checker<'_> {
    /// Checks the rules of a Choice state.
    pub(super) fn choices(&mut self, state: &Node, place: &Place<'_>, language: Language) {
        let list = place.key("Choices");
        let rules = state.get("Choices").and_then(Node::as_array).unwrap_or_default();
        for (index, rule) in rules.iter().enumerate() {
            self.rule(rule, &list.index(index), &fields::RULE, language);
        }
    }

    fn rule(&mut self, rule: &Node, place: &Place<'_>, shape: &Shape, language: Language) {
        if !self.object_fields(rule, place, shape, language) {
            return;
        }
        self.selector(rule, place, language);
        self.object_values(rule, place, shape, language);
        for member in rule.as_object().unwrap_or_default() {
            let place = place.key(&member.key);
            match member.key.as_str() {
                "And" | "Or" => {
                    for (index, nested) in member.value.as_array().unwrap_or_default().iter().enumerate() {
                        self.rule(nested, &place.index(index), &fields::NESTED_RULE, language);
                    }
                }
                "Not" => self.rule(&member.value, &place, &fields::NESTED_RULE, language),
                name if fields::is_operator(name) && template::has_path_form(name) => {
                    self.looks_like_path(&member.value, &place, name);
                }
                _ => {}
            }
        }
    }

    /// A rule has one of And, Or, Not, Variable and Condition, and with Variable one operator.
    fn selector(&mut self, rule: &Node, place: &Place<'_>, language: Language) {
        let members = rule.as_object().unwrap_or_default();
        let selectors: Vec<&Member> = members
            .iter()
            .filter(|member| SELECTORS.contains(&member.key.as_str()))
            .collect();
        let operators: Vec<&str> = members
            .iter()
            .map(|member| member.key.as_str())
            .filter(|name| fields::is_operator(name))
            .collect();
        match selectors.as_slice() {
            [one] if one.key == "Variable" && language != Some(QueryLanguage::Jsonata) => {
                self.operator(rule, place, &operators);
            }
            [_] => {}
            _ => {
                let names = SELECTORS.join(", ");
                let message = format!("The object must have only one of the following fields, [{names}]");
                let help = match operators.first() {
                    Some(name) if selectors.is_empty() => {
                        Some(format!("`{name}` needs a `Variable` to compare"))
                    }
                    _ => None,
                };
                self.schema(Spot::at(place, &heading(self.text, rule)), message)
                    .help = help;
            }
        }
    }

    fn operator(&mut self, rule: &Node, place: &Place<'_>, operators: &[&str]) {
        // AWS names all operators, in the order of a hash table, whichever of them are there (recorded).
        let which = match operators {
            [_] => return,
            [] => "This object should have only one",
            _ => "There should only be one",
        };
        let names = fields::OPERATORS.join(", ");
        let message = format!("{which} of the following fields: [{names}]");
        let help = (operators.len() > 1).then(|| format!("it has {}", operators.join(" and ")));
        self.schema(Spot::at(place, &heading(self.text, rule)), message)
            .help = help;
    }
}
