//! The values of single fields: types, bounds, paths, timestamps.

use crate::asl::fields::{Field, Kind, Range, Reference};
use crate::asl::model::QueryLanguage;
use crate::asl::place::Place;
use crate::asl::syntax::{Node, Value, substitute};
use crate::asl::{code, paths, suggest};

use super::object::Language;
use super::{Checker, Spot, jsonata};

impl Checker<'_> {
    /// Checks the value of a field.
    pub(super) fn value(&mut self, field: &Field, node: &Node, place: &Place<'_>, language: Language) {
        if field.dynamic
            && language != Some(QueryLanguage::JsonPath)
            && let Some(text) = node.as_text()
            && self.text(text, node, place, language)
        {
            return;
        }
        if node.as_text().is_some_and(substitute::has_placeholder) {
            return; // Reported as a substitution without a value.
        }
        match field.kind {
            Kind::Any => {}
            Kind::Text | Kind::Comment => self.text_value(node, place),
            Kind::Bool => self.typed(node, place, matches!(node.value, Value::Bool(_)), "Boolean"),
            Kind::True => self.true_value(node, place),
            Kind::Number => self.typed(node, place, matches!(node.value, Value::Number(_)), "Number"),
            Kind::Integer(range) => self.integer(node, place, range),
            Kind::Decimal(range) => self.decimal(node, place, range),
            Kind::OneOf(allowed) => self.one_of(node, place, allowed),
            Kind::Object => self.typed(node, place, node.as_object().is_some(), "Object"),
            Kind::Array => self.typed(node, place, node.as_array().is_some(), "Array"),
            Kind::FilledArray => self.filled_array(node, place),
            Kind::Path(null) => self.path(node, place, null),
            Kind::Reference(allowed) => self.reference(node, place, allowed),
            Kind::Expression => self.expression(node, place),
            Kind::Timestamp => self.timestamp(node, place),
            Kind::Template => self.template(node, place, language),
            Kind::Condition => self.condition(node, place, language),
            Kind::Assign => self.assign(node, place, language),
            Kind::ErrorNames => self.error_names(node, place),
        }
    }

    /// Checks a text that may be an expression. True when it is one; where the language is in dispute, when it begins
    /// as one.
    pub(super) fn text(&mut self, text: &str, node: &Node, place: &Place<'_>, language: Language) -> bool {
        match language {
            Some(QueryLanguage::Jsonata) => self.jsonata(text, node, place),
            Some(QueryLanguage::JsonPath) => false,
            None if !text.starts_with("{%") => false,
            None => {
                if !jsonata::is_delimited(text) {
                    self.half_open(text, node, place);
                }
                true
            }
        }
    }

    /// Checks the `Condition` of a rule: an expression, or a boolean.
    fn condition(&mut self, node: &Node, place: &Place<'_>, language: Language) {
        let fits = match &node.value {
            Value::Bool(_) => true,
            Value::Text(text) => text.starts_with("{%") && self.text(text, node, place, language),
            _ => false,
        };
        if !fits {
            let message = "Expected value of type Boolean";
            let help = "write an expression in `{% %}`: \"{% $states.input.total > 100 %}\"";
            self.schema(Spot::at(place, &node.span), message).help = Some(help.to_owned());
        }
    }

    fn typed(&mut self, node: &Node, place: &Place<'_>, fits: bool, name: &str) {
        if !fits {
            self.schema(
                Spot::at(place, &node.span),
                format!("Expected value of type {name}"),
            );
        }
    }

    fn text_value(&mut self, node: &Node, place: &Place<'_>) {
        self.typed(node, place, node.as_text().is_some(), "String");
    }

    fn true_value(&mut self, node: &Node, place: &Place<'_>) {
        match &node.value {
            Value::Bool(true) => {}
            Value::Bool(false) => {
                let diagnostic = self.schema(
                    Spot::at(place, &node.span),
                    "Value should be one of the following: [true]",
                );
                diagnostic.help = Some("a state that does not end names the next one in `Next`".to_owned());
            }
            _ => self.typed(node, place, false, "Boolean"),
        }
    }

    fn integer(&mut self, node: &Node, place: &Place<'_>, range: Range<i64>) {
        let digits = match &node.value {
            Value::Number(text) if !text.contains(['.', 'e', 'E']) => text.as_str(),
            _ => return self.typed(node, place, false, "Integer"),
        };
        let number = parse_saturating(digits);
        match range {
            Range { min: Some(min), .. } if number < min => {
                self.bound(node, place, format!("Minimum value is {min}"))
            }
            Range { max: Some(max), .. } if number > max => {
                self.bound(node, place, format!("Maximum value is {max}"))
            }
            _ => {}
        }
    }

    fn decimal(&mut self, node: &Node, place: &Place<'_>, range: Range<f64>) {
        let number = match &node.value {
            Value::Number(text) => text.parse::<f64>().unwrap_or(f64::INFINITY),
            _ => return self.typed(node, place, false, "Float"),
        };
        match range {
            Range { min: Some(min), .. } if number < min => {
                self.bound(node, place, format!("Minimum value is {min:?}"))
            }
            Range { max: Some(max), .. } if number > max => {
                self.bound(node, place, format!("Maximum value is {max:?}"))
            }
            _ if !number.is_finite() => self.bound(node, place, format!("Maximum value is {:?}", f64::MAX)),
            _ => {}
        }
    }

    fn bound(&mut self, node: &Node, place: &Place<'_>, message: String) {
        self.schema(Spot::at(place, &node.span), message);
    }

    fn one_of(&mut self, node: &Node, place: &Place<'_>, allowed: &[&str]) {
        if node.as_text().is_some_and(|text| allowed.contains(&text)) {
            return;
        }
        let help = node
            .as_text()
            .and_then(|text| suggest::did_you_mean(text, allowed.iter().copied()));
        let message = format!("Value should be one of the following: [{}]", allowed.join(", "));
        self.schema(Spot::at(place, &node.span), message).help = help;
    }

    fn filled_array(&mut self, node: &Node, place: &Place<'_>) {
        match node.as_array() {
            None => self.typed(node, place, false, "Array"),
            Some([]) => {
                self.schema(Spot::at(place, &node.span), "Value cannot be empty");
            }
            Some(_) => {}
        }
    }

    fn path(&mut self, node: &Node, place: &Place<'_>, null: bool) {
        if null && node.value == Value::Null {
            return;
        }
        let parsed = node.as_text().map(paths::path);
        if !matches!(parsed, Some(Ok(_))) {
            let help = match parsed {
                Some(Err(error)) => Some(error.message),
                _ => Some("a path begins with '$'".to_owned()),
            };
            self.schema(Spot::at(place, &node.span), "Value must be a valid JSONPath.")
                .help = help;
        }
    }

    fn reference(&mut self, node: &Node, place: &Place<'_>, allowed: Reference) {
        if allowed.null && node.value == Value::Null {
            return;
        }
        let text = node.as_text();
        let parsed = text.map(paths::path);
        if matches!(&parsed, Some(Ok(path)) if paths::is_reference(path, allowed)) {
            return;
        }
        let begins = text.is_some_and(|text| text.starts_with('$'));
        let message = match text {
            Some(_) if !begins && allowed.in_choice => {
                "Value is not a Reference Path: Reference path didn't start with '$'"
            }
            Some(_) if !begins => "Value must be a valid JSONPath.",
            _ => "Value is not a Reference Path",
        };
        let help = match parsed {
            Some(Err(error)) if begins => error.message,
            _ if begins => "a reference path has only names and single indices: $.a['b'][0]".to_owned(),
            _ => "a path begins with '$'".to_owned(),
        };
        self.schema(Spot::at(place, &node.span), message).help = Some(help);
    }

    /// Checks `ErrorPath` and `CausePath`: a path, or a call that gives a text.
    fn expression(&mut self, node: &Node, place: &Place<'_>) {
        let parsed = node.as_text().map(paths::expression);
        let gives_text = match &parsed {
            Some(Ok(expression)) => paths::may_be_text(expression),
            _ => false,
        };
        if !gives_text {
            let help = match parsed {
                Some(Err(error)) => Some(error.message),
                Some(Ok(_)) => Some("this function does not return a text".to_owned()),
                None => None,
            };
            self.schema(Spot::at(place, &node.span), "Value must be a valid JSONPath.")
                .help = help;
        }
    }

    fn timestamp(&mut self, node: &Node, place: &Place<'_>) {
        match node.as_text() {
            None => self.typed(node, place, false, "String"),
            Some(text) if is_timestamp(text) => {}
            Some(_) => {
                let diagnostic = self.schema(
                    Spot::at(place, &node.span),
                    "String does not match RFC3339 timestamp",
                );
                diagnostic.help = Some("write it as 2030-01-31T23:59:59Z".to_owned());
            }
        }
    }

    /// Warns of a text that looks like a path where the field's path form is another field (`NO_PATH`).
    pub(super) fn looks_like_path(&mut self, node: &Node, place: &Place<'_>, field: &str) {
        if node.as_text().is_some_and(paths::looks_like_path) {
            let message = "Field value looks like a path, but field name does not end with 'Path'.";
            let help = format!("use `{field}Path` if the path is to be evaluated");
            self.warning(code::NO_PATH, Spot::at(place, &node.span), message)
                .help = Some(help);
        }
    }
}

/// Parses digits; beyond 64 bits the largest number of that sign.
fn parse_saturating(digits: &str) -> i64 {
    let extreme = if digits.starts_with('-') {
        i64::MIN
    } else {
        i64::MAX
    };
    digits.parse().unwrap_or(extreme)
}

/// Says whether a text is an RFC 3339 timestamp as AWS wants it: capital `T` and `Z`, or an offset, and
/// a date and time that exist (facts 4.3).
pub(super) fn is_timestamp(text: &str) -> bool {
    let Some((date, time)) = text.split_once('T') else {
        return false;
    };
    let zone_at = time.find(['Z', '+', '-']).unwrap_or(time.len());
    let (time, zone) = time.split_at(zone_at);
    is_date(date) && is_time(time) && is_zone(zone)
}

fn is_date(text: &str) -> bool {
    let parts: Option<Vec<u32>> = text
        .split('-')
        .zip([4, 2, 2])
        .map(|(part, width)| digits(part, width))
        .collect();
    let Some([year, month, day]) = parts
        .as_deref()
        .and_then(|parts| <&[u32; 3]>::try_from(parts).ok())
    else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        _ => 0,
    };
    text.len() == "2030-01-31".len() && (1..=days).contains(day)
}

fn is_time(text: &str) -> bool {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let in_range = |part: Option<&str>, max| part.and_then(|part| digits(part, 2)).is_some_and(|n| n <= max);
    let mut parts = clock.split(':');
    in_range(parts.next(), 23)
        && in_range(parts.next(), 59)
        && in_range(parts.next(), 59)
        && parts.next().is_none()
        && (1..=9).contains(&fraction.len())
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_zone(text: &str) -> bool {
    let Some(offset) = text.strip_prefix(['+', '-']) else {
        return text == "Z";
    };
    let hours = offset
        .split_once(':')
        .and_then(|(hours, minutes)| digits(hours, 2).zip(digits(minutes, 2)));
    hours.is_some_and(|(hours, minutes)| hours <= 18 && minutes <= 59)
}

fn digits(text: &str, width: usize) -> Option<u32> {
    let all_digits = text.len() == width && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| all_digits)
}
