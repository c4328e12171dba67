//! Choice rules and their 39 operators (facts 4.3, 4.6).

use super::*;

/// The fields of which a Choice rule has exactly one (facts 4.3).
pub(crate) const SELECTORS: [&str; 5] = ["And", "Or", "Not", "Variable", "Condition"];

macro_rules! rule_fields {
    ($($more:expr),* $(,)?) => {
        &[
            $($more,)*
            COMMENT,
            json_path("And", Kind::FilledArray),
            json_path("Or", Kind::FilledArray),
            json_path("Not", Kind::Any),
            json_path("Variable", CHOICE_REFERENCE),
            jsonata("Condition", Kind::Condition),
            both("StringEquals", Kind::Text),
            both("StringEqualsPath", CHOICE_REFERENCE),
            both("StringLessThan", Kind::Text),
            both("StringLessThanPath", CHOICE_REFERENCE),
            both("StringGreaterThan", Kind::Text),
            both("StringGreaterThanPath", CHOICE_REFERENCE),
            both("StringLessThanEquals", Kind::Text),
            both("StringLessThanEqualsPath", CHOICE_REFERENCE),
            both("StringGreaterThanEquals", Kind::Text),
            both("StringGreaterThanEqualsPath", CHOICE_REFERENCE),
            both("StringMatches", Kind::Text),
            both("NumericEquals", Kind::Number),
            both("NumericEqualsPath", CHOICE_REFERENCE),
            both("NumericLessThan", Kind::Number),
            both("NumericLessThanPath", CHOICE_REFERENCE),
            both("NumericGreaterThan", Kind::Number),
            both("NumericGreaterThanPath", CHOICE_REFERENCE),
            both("NumericLessThanEquals", Kind::Number),
            both("NumericLessThanEqualsPath", CHOICE_REFERENCE),
            both("NumericGreaterThanEquals", Kind::Number),
            both("NumericGreaterThanEqualsPath", CHOICE_REFERENCE),
            both("BooleanEquals", Kind::Bool),
            both("BooleanEqualsPath", CHOICE_REFERENCE),
            both("TimestampEquals", Kind::Timestamp),
            both("TimestampEqualsPath", CHOICE_REFERENCE),
            both("TimestampLessThan", Kind::Timestamp),
            both("TimestampLessThanPath", CHOICE_REFERENCE),
            both("TimestampGreaterThan", Kind::Timestamp),
            both("TimestampGreaterThanPath", CHOICE_REFERENCE),
            both("TimestampLessThanEquals", Kind::Timestamp),
            both("TimestampLessThanEqualsPath", CHOICE_REFERENCE),
            both("TimestampGreaterThanEquals", Kind::Timestamp),
            both("TimestampGreaterThanEqualsPath", CHOICE_REFERENCE),
            both("IsNull", Kind::Bool),
            both("IsPresent", Kind::Bool),
            both("IsNumeric", Kind::Bool),
            both("IsString", Kind::Bool),
            both("IsBoolean", Kind::Bool),
            both("IsTimestamp", Kind::Bool),
        ]
    };
}

/// A top-level Choice rule (facts 4.3).
pub(crate) const RULE: Shape = Shape {
    fields: rule_fields![NEXT, ASSIGN, OUTPUT],
    required: &["Next"],
    exclusive: &[],
};

/// A rule inside `And`, `Or` or `Not`.
pub(crate) const NESTED_RULE: Shape = Shape {
    fields: rule_fields![],
    required: &[],
    exclusive: &[],
};

/// The 39 operators, in the order in which AWS names them (facts 4.3).
pub(crate) const OPERATORS: [&str; 39] = [
    "StringEquals",
    "IsBoolean",
    "StringLessThan",
    "IsNumeric",
    "BooleanEquals",
    "StringLessThanEqualsPath",
    "NumericLessThan",
    "NumericGreaterThan",
    "NumericLessThanPath",
    "StringMatches",
    "TimestampLessThanEqualsPath",
    "NumericEquals",
    "TimestampGreaterThan",
    "StringGreaterThanEqualsPath",
    "TimestampGreaterThanEqualsPath",
    "TimestampLessThanEquals",
    "NumericLessThanEqualsPath",
    "TimestampEquals",
    "BooleanEqualsPath",
    "IsTimestamp",
    "StringLessThanEquals",
    "NumericLessThanEquals",
    "StringLessThanPath",
    "TimestampGreaterThanPath",
    "StringGreaterThan",
    "StringGreaterThanPath",
    "IsString",
    "StringEqualsPath",
    "TimestampEqualsPath",
    "TimestampLessThan",
    "StringGreaterThanEquals",
    "NumericGreaterThanPath",
    "NumericGreaterThanEquals",
    "NumericEqualsPath",
    "TimestampLessThanPath",
    "IsNull",
    "IsPresent",
    "TimestampGreaterThanEquals",
    "NumericGreaterThanEqualsPath",
];

/// Says whether a field of a Choice rule is one of the 39 operators (facts 4.6).
pub(crate) fn is_operator(name: &str) -> bool {
    OPERATORS.contains(&name)
}
