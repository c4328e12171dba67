//! An object against its table of fields: what must be there, what may be, and in which query language.

use crate::asl::fields::{Exclusive, Languages, Shape};
use crate::asl::model::QueryLanguage;
use crate::asl::place::Place;
use crate::asl::suggest;
use crate::asl::syntax::{Member, Node};

use super::{Checker, Spot, slips};

/// The query language of an object; `None` when it is in dispute and nothing is checked against it.
pub(super) type Language = Option<QueryLanguage>;

impl Checker<'_> {
    /// Checks an object and the values of its fields. False when it is no object.
    pub(super) fn object(
        &mut self,
        node: &Node,
        place: &Place<'_>,
        shape: &Shape,
        language: Language,
    ) -> bool {
        self.object_fields(node, place, shape, language) && {
            self.object_values(node, place, shape, language);
            true
        }
    }

    /// Checks which fields an object has. False when it is no object.
    pub(super) fn object_fields(
        &mut self,
        node: &Node,
        place: &Place<'_>,
        shape: &Shape,
        language: Language,
    ) -> bool {
        let Some(members) = node.as_object() else {
            self.schema(Spot::at(place, &node.span), "Expected value of type Object");
            return false;
        };
        self.required(node, place, shape, members);
        for member in members {
            self.member(member, place, shape, language);
        }
        for group in shape.exclusive {
            self.exclusive(node, place, group, language);
        }
        true
    }

    /// Checks the values of the fields that the object may have.
    pub(super) fn object_values(
        &mut self,
        node: &Node,
        place: &Place<'_>,
        shape: &Shape,
        language: Language,
    ) {
        for member in node.as_object().unwrap_or_default() {
            if let Some(field) = shape.field(&member.key)
                && speaks(field.language, language)
            {
                self.outcome = self.owner.outcome(field.name);
                self.value(field, &member.value, &place.key(&member.key), language);
            }
        }
    }

    fn required(&mut self, node: &Node, place: &Place<'_>, shape: &Shape, members: &[Member]) {
        let is_missing = |name: &&&str| !members.iter().any(|member| member.key == ***name);
        let missing: Vec<&str> = shape.required.iter().filter(is_missing).copied().collect();
        if missing.is_empty() {
            return;
        }
        let message = format!("These fields are required: [{}]", missing.join(", "));
        self.schema(Spot::at(place, &heading(self.text, node)), message);
    }

    fn member(&mut self, member: &Member, place: &Place<'_>, shape: &Shape, language: Language) {
        let name = member.key.as_str();
        let spot = Spot::within(place, &place.key(name), &member.key_span);
        match shape.field(name) {
            None => {
                let known = shape.fields.iter().map(|field| field.name);
                let help = self
                    .wants_suggestions()
                    .then(|| suggest::did_you_mean(name, known))
                    .flatten();
                self.schema(spot, format!("Field '{name}' is not supported")).help = help;
            }
            Some(field) if !speaks(field.language, language) => {
                let (own, other) = match language {
                    Some(QueryLanguage::Jsonata) => ("JSONata", "JSONPath"),
                    _ => ("JSONPath", "JSONata"),
                };
                let message = format!(
                    "The QueryLanguage is set to '{own}', but field '{name}' is only supported for the '{other}' QueryLanguage"
                );
                self.schema(spot, message).help = slips::of_field(name, own == "JSONata");
            }
            Some(_) => {}
        }
    }

    fn exclusive(&mut self, node: &Node, place: &Place<'_>, group: &Exclusive, language: Language) {
        let found: Vec<&Member> = group.names.iter().filter_map(|name| node.member(name)).collect();
        let names = group.names.join(", ");
        match (found.as_slice(), group.needed) {
            ([], true) => {
                let message = format!("This object should have only one of the following fields: [{names}]");
                self.schema(Spot::at(place, &heading(self.text, node)), message);
            }
            ([_, .., last], _) if language != Some(QueryLanguage::Jsonata) || !is_path_pair(group) => {
                let spot = Spot::within(place, &place.key(&last.key), &last.key_span);
                let message = format!("There should only be one of the following fields: [{names}]");
                self.schema(spot, message);
            }
            _ => {}
        }
    }
}

/// Says whether a field of these languages may stand in an object of this one.
fn speaks(languages: Languages, language: Language) -> bool {
    match language {
        None => true,
        Some(QueryLanguage::JsonPath) => languages != Languages::Jsonata,
        Some(QueryLanguage::Jsonata) => languages != Languages::JsonPath,
    }
}

/// In JSONata the path form is refused by itself already.
fn is_path_pair(group: &Exclusive) -> bool {
    matches!(group.names, [plain, path] if path.strip_suffix("Path") == Some(plain))
}

/// Returns what to underline for an object as a whole: its key if it has one, else its first line.
pub(super) fn heading(text: &str, node: &Node) -> std::ops::Range<usize> {
    let before = text.get(..node.span.start).unwrap_or_default().trim_end();
    let key = before.strip_suffix(':').map(str::trim_end);
    let start = key.and_then(|key| match key.strip_suffix('"') {
        Some(inner) => inner.rfind('"'),
        None => key.rfind('\n').map(|newline| newline + 1),
    });
    if let (Some(key), Some(start)) = (key, start) {
        let blanks = key[start..].len() - key[start..].trim_start_matches([' ', '-']).len();
        return start + blanks..key.len();
    }
    let own = text.get(node.span.clone()).unwrap_or_default();
    let line = own.lines().next().unwrap_or_default().trim_end();
    node.span.start..node.span.start + line.len()
}
