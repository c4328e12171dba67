//! The rules of a Choice as conditions.
//!
//! Owns the idiom for each of the 39 operators. A variable that is missing fails in JSONPath; in JSONata `=` is false
//! then and `<` gives nothing, which fails as well.

use super::data::Data;
use super::expression::{Expression, Shape, level};
use super::filter::{exists, not};
use super::intrinsic::escaped;
use super::literal;
use super::path::Remarks;
use super::reason::differs;
use super::scribe::Scribe;
use crate::asl::fields;
use crate::asl::place::Place;
use crate::asl::syntax::substitute::has_placeholder;
use crate::asl::syntax::{Member, Node, Value};
use crate::program::Pattern;

/// Rewrites a condition; `root` is what `$` stands for in it.
pub(super) fn condition(scribe: &mut Scribe, node: &Node, place: &Place<'_>, root: &Data) -> Expression {
    for (name, operator, at) in [("And", "and", level::AND), ("Or", "or", level::OR)] {
        if let Some(list) = node.get(name) {
            let place = place.key(name);
            comments(scribe, list.as_array().unwrap_or_default(), &place);
            let terms = list.as_array().unwrap_or_default().iter().enumerate();
            let terms: Vec<Expression> = terms
                .map(|(index, term)| condition(scribe, term, &place.index(index), root))
                .collect();
            return Expression::chain(operator, at, &terms, Shape::Other);
        }
    }
    if let Some(inner) = node.get("Not") {
        comments(scribe, std::slice::from_ref(inner), &place.key("Not"));
        return not(&condition(scribe, inner, &place.key("Not"), root));
    }
    let members = node.as_object().unwrap_or_default();
    let operator = members.iter().find(|member| fields::is_operator(&member.key));
    let (Some(operator), Some(variable)) = (operator, node.get("Variable")) else {
        scribe.keep(place, &node.span, "a rule without an operator".to_owned());
        return Expression::word("false");
    };
    let variable = scribe.path(variable, &place.key("Variable"), root);
    comparison(scribe, &variable, operator, &place.key(&operator.key), root)
}

/// Says which comments are lost: those of tests within tests.
fn comments(scribe: &mut Scribe, tests: &[Node], place: &Place<'_>) {
    for comment in tests.iter().filter_map(|test| test.get("Comment")) {
        scribe.remark(place, &comment.span, vec![differs::COMMENT]);
    }
}

fn comparison(
    scribe: &mut Scribe,
    variable: &Expression,
    operator: &Member,
    place: &Place<'_>,
    root: &Data,
) -> Expression {
    let node = &operator.value;
    let (name, operand) = match operator.key.strip_suffix("Path") {
        Some(name) => (name, scribe.path(node, place, root)),
        None => {
            let mut remarks = Remarks::new();
            let operand = literal::expression(node, &mut remarks);
            scribe.remark(place, &node.span, remarks);
            (operator.key.as_str(), operand)
        }
    };
    if name == "StringMatches" && node.as_text().is_some_and(has_placeholder) {
        let reason = "a placeholder's value may contain a '*', or a character that has a meaning in regular \
        expressions";
        scribe.keep(place, &node.span, reason.to_owned());
    }
    let is_path = operand.shape == Shape::Unknown;
    let mut remarks = Remarks::new();
    let condition = if name == "StringMatches" {
        matches(variable, node.as_text().unwrap_or_default(), &mut remarks)
    } else if let Some(kind) = name.strip_prefix("Is") {
        test(variable, kind, node.value == Value::Bool(true), &mut remarks)
    } else if let Some(relation) = name.strip_prefix("Timestamp") {
        remarks.push(differs::TIMESTAMP);
        let millis = |value: &Expression| Expression::call("toMillis", &[value], Shape::Number);
        relate(&millis(variable), relation, &millis(&operand))
    } else {
        let relation = ["String", "Numeric", "Boolean"]
            .iter()
            .find_map(|family| name.strip_prefix(family));
        match relation {
            Some("Equals") if is_path => remarks.push(differs::SAME_KIND),
            Some("Equals") => {}
            _ => remarks.push(differs::ORDER),
        }
        relate(variable, relation.unwrap_or_default(), &operand)
    };
    scribe.remark(place, &node.span, remarks);
    condition
}

fn relate(left: &Expression, relation: &str, right: &Expression) -> Expression {
    let sign = match relation {
        "LessThan" => "<",
        "LessThanEquals" => "<=",
        "GreaterThan" => ">",
        "GreaterThanEquals" => ">=",
        _ => "=",
    };
    Expression::binary(left, sign, level::COMPARISON, right, Shape::Other)
}

/// `IsPresent` and its like.
fn test(variable: &Expression, kind: &str, is_wanted: bool, remarks: &mut Remarks) -> Expression {
    let is = |value: &Expression, other: &Expression| {
        let sign = if is_wanted { "=" } else { "!=" };
        Expression::binary(value, sign, level::COMPARISON, other, Shape::Other)
    };
    let wanted = |test: Expression| if is_wanted { test } else { not(&test) };
    let kind_of = Expression::call("type", &[variable], Shape::Text);
    match kind {
        "Present" => wanted(exists(variable)),
        "Null" => is(variable, &Expression::word("null")),
        "Timestamp" => {
            remarks.push(differs::IS_TIMESTAMP);
            let regex = Expression::whole(TIMESTAMP, Shape::Unknown);
            let form = Expression::call("contains", &[variable, &regex], Shape::Other);
            let is_text = Expression::binary(
                &kind_of,
                "=",
                level::COMPARISON,
                &Expression::string("string"),
                Shape::Other,
            );
            wanted(Expression::chain(
                "and",
                level::AND,
                &[is_text, form],
                Shape::Other,
            ))
        }
        kind => is(
            &kind_of,
            &Expression::string(&kind.to_lowercase().replace("numeric", "number")),
        ),
    }
}

/// The form of a timestamp that Step Functions reads.
const TIMESTAMP: &str = r"/^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/";

/// `StringMatches`: `*` is any run of characters.
fn matches(variable: &Expression, pattern: &str, remarks: &mut Remarks) -> Expression {
    let parts = parts(pattern);
    let [first, rest @ ..] = parts.as_slice() else {
        return Expression::word("false");
    };
    let Some((last, middle)) = rest.split_last() else {
        return relate(variable, "Equals", &Expression::string(first));
    };
    let is_inside = first.is_empty() && last.is_empty();
    let wanted = match middle {
        [] if is_inside => {
            let kind = Expression::call("type", &[variable], Shape::Text);
            return relate(&kind, "Equals", &Expression::string("string"));
        }
        [one] if is_inside => Expression::string(one),
        _ => Expression::whole(regex(first, middle, last), Shape::Unknown),
    };
    remarks.push(differs::MATCHES);
    Expression::call("contains", &[variable, &wanted], Shape::Other)
}

/// Writes the parts of a pattern as a regular expression: at an end without a part it is open.
fn regex(first: &str, middle: &[String], last: &str) -> String {
    let escape = |text: &str| -> String {
        text.chars()
            .map(|character| escaped(character, r"\^$.|?*+()[]{}/"))
            .collect()
    };
    let mut parts: Vec<String> = Vec::new();
    parts.extend((!first.is_empty()).then(|| format!("^{}", escape(first))));
    parts.extend(middle.iter().map(|part| escape(part)));
    parts.extend((!last.is_empty()).then(|| format!("{}$", escape(last))));
    // A dot would stop at a line's end.
    format!("/{}/", parts.join(r"[\s\S]*"))
}

/// Cuts a pattern at its stars; two stars in a row are one.
fn parts(pattern: &str) -> Vec<String> {
    let mut parts = Pattern::parse(pattern).parts;
    let count = parts.len();
    let mut index = 0;
    parts.retain(|part| {
        index += 1;
        index == 1 || index == count || !part.is_empty()
    });
    parts.into_iter().map(Into::into).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_become_what_a_person_would_write() {
        let x = Expression::unknown("$x");
        for (pattern, condition) in [
            ("a", "$x = 'a'"),
            ("*", "$type($x) = 'string'"),
            ("**", "$type($x) = 'string'"),
            ("log-*", "$contains($x, /^log-/)"),
            ("*.txt", r"$contains($x, /\.txt$/)"),
            ("*urgent*", "$contains($x, 'urgent')"),
            ("a/b*c", r"$contains($x, /^a\/b[\s\S]*c$/)"),
            ("*a*b*", r"$contains($x, /a[\s\S]*b/)"),
            (r"a\*", "$x = 'a*'"),
            (r"a\\b", r"$x = 'a\\b'"),
        ] {
            assert_eq!(
                matches(&x, pattern, &mut Remarks::new()).text(),
                condition,
                "{pattern}"
            );
        }
    }
}
