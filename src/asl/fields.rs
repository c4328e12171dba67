//! The fields of every object of the language: what may stand where, in which query language, and what
//! its value must be.
//!
//! Owns the tables (facts 4.1 to 4.3, 4.5, 4.6) and no code that reports. Checks that need more than one
//! field of one object live in [`crate::asl::validate`].

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
    /// A payload template.
    Template,
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
    }
}

const fn json_path(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        language: Languages::JsonPath,
        kind,
    }
}

const fn jsonata(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        language: Languages::Jsonata,
        kind,
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
const COMMENT: Field = both("Comment", Kind::Text);
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

/// The values of `Type`, as AWS lists them (facts 9.3).
pub(crate) const STATE_TYPES: [&str; 8] = [
    "Task", "Wait", "Pass", "Succeed", "Fail", "Choice", "Parallel", "Map",
];

/// The whole definition (facts 4.1).
pub(crate) const MACHINE: Shape = Shape {
    fields: &[
        COMMENT,
        both("QueryLanguage", Kind::Any),
        both("StartAt", Kind::Text),
        both("States", Kind::Object),
        both("TimeoutSeconds", integer(0, SECONDS_MAX)),
        both("Version", Kind::OneOf(&["1.0"])),
    ],
    required: &["States", "StartAt"],
    exclusive: &[],
};

/// A branch of a Parallel (facts 4.3).
pub(crate) const BRANCH: Shape = Shape {
    fields: &[COMMENT, both("StartAt", Kind::Text), both("States", Kind::Object)],
    required: &["States", "StartAt"],
    exclusive: &[],
};

/// The processor of a Map (facts 4.3).
pub(crate) const PROCESSOR: Shape = Shape {
    fields: &[
        COMMENT,
        both("StartAt", Kind::Text),
        both("States", Kind::Object),
        both("ProcessorConfig", Kind::Any),
    ],
    required: &["States", "StartAt"],
    exclusive: &[],
};

/// `ProcessorConfig` of an inline Map.
pub(crate) const INLINE_CONFIG: Shape = Shape {
    fields: &[both("Mode", Kind::OneOf(&MODES))],
    required: &[],
    exclusive: &[],
};

/// `ProcessorConfig` of a distributed Map.
pub(crate) const DISTRIBUTED_CONFIG: Shape = Shape {
    fields: &[
        both("Mode", Kind::OneOf(&MODES)),
        both("ExecutionType", Kind::OneOf(&["STANDARD", "EXPRESS"])),
    ],
    required: &["ExecutionType"],
    exclusive: &[],
};

const MODES: [&str; 2] = ["INLINE", "DISTRIBUTED"];

const PASS: Shape = Shape {
    fields: &[
        TYPE,
        COMMENT,
        QUERY_LANGUAGE,
        INPUT_PATH,
        OUTPUT_PATH,
        json_path("Result", Kind::Any),
        RESULT_PATH,
        PARAMETERS,
        OUTPUT,
        ASSIGN,
        NEXT,
        END,
    ],
    required: &[],
    exclusive: &[NEXT_OR_END],
};

const TASK: Shape = Shape {
    fields: &[
        TYPE,
        COMMENT,
        QUERY_LANGUAGE,
        INPUT_PATH,
        OUTPUT_PATH,
        RESULT_PATH,
        PARAMETERS,
        ARGUMENTS,
        OUTPUT,
        ASSIGN,
        both("Resource", Kind::Any),
        both("Credentials", Kind::Any),
        RESULT_SELECTOR,
        RETRY,
        CATCH,
        both("TimeoutSeconds", integer(1, SECONDS_MAX)),
        json_path("TimeoutSecondsPath", VALUE_REFERENCE),
        both("HeartbeatSeconds", integer(1, SECONDS_MAX)),
        json_path("HeartbeatSecondsPath", VALUE_REFERENCE),
        NEXT,
        END,
    ],
    required: &["Resource"],
    exclusive: &[
        NEXT_OR_END,
        one_of(&["TimeoutSeconds", "TimeoutSecondsPath"]),
        one_of(&["HeartbeatSeconds", "HeartbeatSecondsPath"]),
    ],
};

const WAIT: Shape = Shape {
    fields: &[
        TYPE,
        COMMENT,
        QUERY_LANGUAGE,
        INPUT_PATH,
        OUTPUT_PATH,
        OUTPUT,
        ASSIGN,
        both("Seconds", integer(0, SECONDS_MAX)),
        both("Timestamp", Kind::Timestamp),
        json_path("SecondsPath", VALUE_REFERENCE),
        json_path("TimestampPath", VALUE_REFERENCE),
        NEXT,
        END,
    ],
    required: &[],
    exclusive: &[
        NEXT_OR_END,
        Exclusive {
            names: &["SecondsPath", "Seconds", "TimestampPath", "Timestamp"],
            needed: true,
        },
    ],
};

const PARALLEL: Shape = Shape {
    fields: &[
        TYPE,
        COMMENT,
        QUERY_LANGUAGE,
        INPUT_PATH,
        OUTPUT_PATH,
        RESULT_PATH,
        PARAMETERS,
        ARGUMENTS,
        OUTPUT,
        ASSIGN,
        RESULT_SELECTOR,
        RETRY,
        CATCH,
        both("Branches", Kind::FilledArray),
        NEXT,
        END,
    ],
    required: &["Branches"],
    exclusive: &[NEXT_OR_END],
};

const MAP: Shape = Shape {
    fields: &[
        TYPE,
        COMMENT,
        QUERY_LANGUAGE,
        INPUT_PATH,
        OUTPUT_PATH,
        RESULT_PATH,
        PARAMETERS,
        OUTPUT,
        ASSIGN,
        RESULT_SELECTOR,
        RETRY,
        CATCH,
        both("ItemProcessor", Kind::Any),
        both("Iterator", Kind::Any),
        json_path("ItemsPath", ITEMS_REFERENCE),
        jsonata("Items", Kind::Template),
        both("ItemSelector", Kind::Template),
        both("ItemReader", Kind::Any),
        both("ItemBatcher", Kind::Any),
        both("ResultWriter", Kind::Any),
        both("MaxConcurrency", integer(0, COUNT_MAX)),
        json_path("MaxConcurrencyPath", VALUE_REFERENCE),
        both(
            "ToleratedFailurePercentage",
            Kind::Decimal(Range {
                min: Some(0.0),
                max: Some(100.0),
            }),
        ),
        json_path("ToleratedFailurePercentagePath", VALUE_REFERENCE),
        both("ToleratedFailureCount", integer(0, COUNT_MAX)),
        json_path("ToleratedFailureCountPath", VALUE_REFERENCE),
        both("Label", Kind::Text),
        NEXT,
        END,
    ],
    required: &[],
    exclusive: &[
        NEXT_OR_END,
        Exclusive {
            names: &["ItemProcessor", "Iterator"],
            needed: true,
        },
        one_of(&["ItemSelector", "Parameters"]),
        one_of(&["MaxConcurrency", "MaxConcurrencyPath"]),
        one_of(&["ToleratedFailurePercentage", "ToleratedFailurePercentagePath"]),
        one_of(&["ToleratedFailureCount", "ToleratedFailureCountPath"]),
    ],
};

const CHOICE: Shape = Shape {
    fields: &[
        TYPE,
        COMMENT,
        QUERY_LANGUAGE,
        INPUT_PATH,
        OUTPUT_PATH,
        OUTPUT,
        ASSIGN,
        both("Choices", Kind::FilledArray),
        both("Default", Kind::Text),
    ],
    required: &["Choices"],
    exclusive: &[],
};

const SUCCEED: Shape = Shape {
    fields: &[TYPE, COMMENT, QUERY_LANGUAGE, INPUT_PATH, OUTPUT_PATH, OUTPUT],
    required: &[],
    exclusive: &[],
};

const FAIL: Shape = Shape {
    fields: &[
        TYPE,
        COMMENT,
        QUERY_LANGUAGE,
        both("Error", Kind::Text),
        both("Cause", Kind::Text),
        json_path("ErrorPath", Kind::Expression),
        json_path("CausePath", Kind::Expression),
    ],
    required: &[],
    exclusive: &[one_of(&["Error", "ErrorPath"]), one_of(&["Cause", "CausePath"])],
};

/// Returns the fields of a state of this type (facts 4.2).
pub(crate) fn state(kind: &str) -> Option<&'static Shape> {
    Some(match kind {
        "Pass" => &PASS,
        "Task" => &TASK,
        "Wait" => &WAIT,
        "Parallel" => &PARALLEL,
        "Map" => &MAP,
        "Choice" => &CHOICE,
        "Succeed" => &SUCCEED,
        "Fail" => &FAIL,
        _ => return None,
    })
}

/// The fields of a Map that only a distributed one has (facts 4.3).
pub(crate) const DISTRIBUTED_ONLY: [&str; 4] = ["ItemReader", "ItemBatcher", "ResultWriter", "Label"];

/// An entry of `Retry` (facts 4.5).
pub(crate) const RETRIER: Shape = Shape {
    fields: &[
        both("ErrorEquals", Kind::ErrorNames),
        both("IntervalSeconds", integer(0, SECONDS_MAX)),
        both("MaxAttempts", integer(0, SECONDS_MAX)),
        both(
            "BackoffRate",
            Kind::Decimal(Range {
                min: Some(1.0),
                max: None,
            }),
        ),
        both("MaxDelaySeconds", integer(1, DELAY_SECONDS_MAX)),
        both("JitterStrategy", Kind::OneOf(&["NONE", "FULL"])),
        COMMENT,
    ],
    required: &["ErrorEquals"],
    exclusive: &[],
};

/// An entry of `Catch` (facts 4.5).
pub(crate) const CATCHER: Shape = Shape {
    fields: &[
        both("ErrorEquals", Kind::ErrorNames),
        NEXT,
        RESULT_PATH,
        ASSIGN,
        OUTPUT,
        COMMENT,
    ],
    required: &["ErrorEquals", "Next"],
    exclusive: &[],
};

/// `ItemReader` of a distributed Map.
pub(crate) const ITEM_READER: Shape = Shape {
    fields: &[
        both("Resource", Kind::Text),
        both("ReaderConfig", Kind::Object),
        PARAMETERS,
        ARGUMENTS,
    ],
    required: &["Resource"],
    exclusive: &[],
};

/// `ItemReader.ReaderConfig`.
pub(crate) const READER_CONFIG: Shape = Shape {
    fields: &[
        both("InputType", Kind::Text),
        both("CSVHeaderLocation", Kind::OneOf(&["FIRST_ROW", "GIVEN"])),
        both("CSVHeaders", Kind::Array),
        both("CSVDelimiter", Kind::Text),
        both("Transformation", Kind::Text),
        both("ManifestType", Kind::Text),
        both("ExpectedBucketOwner", Kind::Text),
        both("ItemsPointer", Kind::Text),
        both("MaxItems", integer(0, COUNT_MAX)),
        json_path("MaxItemsPath", VALUE_REFERENCE),
    ],
    required: &[],
    exclusive: &[one_of(&["MaxItems", "MaxItemsPath"])],
};

/// `ItemBatcher` of a distributed Map.
pub(crate) const ITEM_BATCHER: Shape = Shape {
    fields: &[
        both("BatchInput", Kind::Template),
        both("MaxItemsPerBatch", integer(1, COUNT_MAX)),
        json_path("MaxItemsPerBatchPath", VALUE_REFERENCE),
        both("MaxInputBytesPerBatch", integer(1, COUNT_MAX)),
        json_path("MaxInputBytesPerBatchPath", VALUE_REFERENCE),
    ],
    required: &[],
    exclusive: &[
        one_of(&["MaxItemsPerBatch", "MaxItemsPerBatchPath"]),
        one_of(&["MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"]),
    ],
};

/// `ResultWriter` of a distributed Map.
pub(crate) const RESULT_WRITER: Shape = Shape {
    fields: &[
        both("Resource", Kind::Text),
        both("WriterConfig", Kind::Object),
        PARAMETERS,
        ARGUMENTS,
    ],
    required: &[],
    exclusive: &[],
};

/// `ResultWriter.WriterConfig`.
pub(crate) const WRITER_CONFIG: Shape = Shape {
    fields: &[
        both("OutputType", Kind::OneOf(&["JSON", "JSONL"])),
        both("Transformation", Kind::OneOf(&["NONE", "COMPACT", "FLATTEN"])),
    ],
    required: &[],
    exclusive: &[],
};

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
            jsonata("Condition", Kind::Any),
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

/// Says whether a field of a Choice rule is one of the 39 operators (facts 4.6).
pub(crate) fn is_operator(name: &str) -> bool {
    let others = ["Comment", "Next", "Assign", "Output"];
    RULE.field(name).is_some() && !SELECTORS.contains(&name) && !others.contains(&name)
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
