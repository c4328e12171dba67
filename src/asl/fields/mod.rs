//! The fields of every object of the language: what may stand where, in which query language, and what
//! its value must be.
//!
//! Owns the tables (facts 4.1 to 4.3, 4.5, 4.6) and no code that reports. Checks that need more than one
//! field of one object live in [`crate::asl::validate`].

mod choice;
mod flow;
mod map;
mod retry;
mod state;

pub(crate) use choice::{NESTED_RULE, OPERATORS, RULE, SELECTORS, is_operator};
pub(crate) use flow::{BRANCH, MACHINE, PROCESSOR};
pub(crate) use map::{
    DISTRIBUTED_CONFIG, DISTRIBUTED_ONLY, INLINE_CONFIG, ITEM_BATCHER, ITEM_READER, READER_CONFIG,
    RESULT_WRITER, WRITER_CONFIG,
};
pub(crate) use retry::{CATCHER, RETRIER};
pub(crate) use state::{STATE_TYPES, state};

/// An object of the language.
pub(crate) struct Shape {
    /// Every field it may have.
    pub(crate) fields: &'static [Field],
    /// The fields it must have, in the order in which AWS names them.
    pub(crate) required: &'static [&'static str],
    /// The fields of which it may have one.
    pub(crate) exclusive: &'static [Exclusive],
}

/// A field.
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) language: Languages,
    pub(crate) kind: Kind,
    /// Whether a JSONata expression may stand for the value as a whole.
    pub(crate) dynamic: bool,
}

/// The query languages that know a field (facts 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Languages {
    Both,
    JsonPath,
    Jsonata,
}

/// Fields of which an object may have only one.
pub(crate) struct Exclusive {
    pub(crate) names: &'static [&'static str],
    /// Whether it must have one.
    pub(crate) needed: bool,
}

/// What a field's value must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// Anything, or checked elsewhere.
    Any,
    Text,
    /// A text that nothing evaluates.
    Comment,
    Bool,
    /// `true` alone: `End`.
    True,
    Integer(Range<i64>),
    Decimal(Range<f64>),
    /// Any number.
    Number,
    OneOf(&'static [&'static str]),
    Object,
    Array,
    /// An array with at least one item.
    FilledArray,
    /// Any path; `null` too if `true`.
    Path(bool),
    Reference(Reference),
    /// A path or an intrinsic call: `ErrorPath`.
    Expression,
    /// RFC 3339.
    Timestamp,
    /// A payload template, whose texts may be expressions.
    Template,
    /// A JSONata expression, or a boolean.
    Condition,
    /// An object of variables, each with a template.
    Assign,
    /// `ErrorEquals`.
    ErrorNames,
}

/// Bounds of a number, both inclusive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Range<T> {
    pub(crate) min: Option<T>,
    pub(crate) max: Option<T>,
}

/// What a reference path may be (facts 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// `null` is allowed.
    pub(crate) null: bool,
    /// `$$` is allowed.
    pub(crate) context: bool,
    /// `$name` is allowed.
    pub(crate) variable: bool,
    /// It stands in a Choice rule, where AWS's message says why (facts 5.1).
    pub(crate) in_choice: bool,
}

impl Shape {
    /// Returns the field of this name.
    pub(crate) fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

const fn both(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        language: Languages::Both,
        kind,
        dynamic: false,
    }
}

/// A field of both languages, which in JSONata may be an expression.
const fn dynamic(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        language: Languages::Both,
        kind,
        dynamic: true,
    }
}

const fn json_path(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        language: Languages::JsonPath,
        kind,
        dynamic: false,
    }
}

const fn jsonata(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        language: Languages::Jsonata,
        kind,
        dynamic: false,
    }
}

const fn integer(min: i64, max: i64) -> Kind {
    Kind::Integer(Range {
        min: Some(min),
        max: Some(max),
    })
}

/// The longest time-out, heartbeat and wait (facts 4.3).
const SECONDS_MAX: i64 = 99_999_999;
/// The longest delay of a retrier: 366 days (facts 4.5).
const DELAY_SECONDS_MAX: i64 = 31_622_400;
/// The largest count: a Java `int`.
const COUNT_MAX: i64 = 2_147_483_647;

const RESULT_REFERENCE: Kind = Kind::Reference(Reference {
    null: true,
    context: false,
    variable: false,
    in_choice: false,
});
const ITEMS_REFERENCE: Kind = Kind::Reference(Reference {
    null: false,
    context: true,
    variable: true,
    in_choice: false,
});
const VALUE_REFERENCE: Kind = Kind::Reference(Reference {
    null: false,
    context: false,
    variable: true,
    in_choice: false,
});
const CHOICE_REFERENCE: Kind = Kind::Reference(Reference {
    null: false,
    context: true,
    variable: true,
    in_choice: true,
});

const TYPE: Field = both("Type", Kind::Any);
const COMMENT: Field = both("Comment", Kind::Comment);
const QUERY_LANGUAGE: Field = both("QueryLanguage", Kind::Any);
const INPUT_PATH: Field = json_path("InputPath", Kind::Path(true));
const OUTPUT_PATH: Field = json_path("OutputPath", Kind::Path(true));
const RESULT_PATH: Field = json_path("ResultPath", RESULT_REFERENCE);
const PARAMETERS: Field = json_path("Parameters", Kind::Template);
const RESULT_SELECTOR: Field = json_path("ResultSelector", Kind::Template);
const ARGUMENTS: Field = jsonata("Arguments", Kind::Template);
const OUTPUT: Field = jsonata("Output", Kind::Template);
const ASSIGN: Field = both("Assign", Kind::Assign);
const RETRY: Field = both("Retry", Kind::Array);
const CATCH: Field = both("Catch", Kind::Array);
const NEXT: Field = both("Next", Kind::Text);
const END: Field = both("End", Kind::True);

const NEXT_OR_END: Exclusive = Exclusive {
    names: &["Next", "End"],
    needed: true,
};

const fn one_of(names: &'static [&'static str]) -> Exclusive {
    Exclusive { names, needed: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_39_operators() {
        assert_eq!(
            RULE.fields.iter().filter(|field| is_operator(field.name)).count(),
            39
        );
    }

    #[test]
    fn every_named_field_is_in_its_table() {
        let shapes = STATE_TYPES.iter().filter_map(|kind| state(kind));
        for shape in shapes.chain([&MACHINE, &BRANCH, &PROCESSOR, &RETRIER, &CATCHER, &ITEM_READER]) {
            let exclusive = shape.exclusive.iter().flat_map(|group| group.names);
            for name in shape.required.iter().chain(exclusive) {
                assert!(shape.field(name).is_some(), "{name}");
            }
        }
    }
}
