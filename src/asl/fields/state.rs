//! The eight types of state (facts 4.2).

use super::*;

/// The values of `Type`, as AWS lists them (facts 9.3).
pub(crate) const STATE_TYPES: [&str; 8] = [
    "Task", "Wait", "Pass", "Succeed", "Fail", "Choice", "Parallel", "Map",
];

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
        dynamic("TimeoutSeconds", integer(1, SECONDS_MAX)),
        json_path("TimeoutSecondsPath", VALUE_REFERENCE),
        dynamic("HeartbeatSeconds", integer(1, SECONDS_MAX)),
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
        dynamic("Seconds", integer(0, SECONDS_MAX)),
        dynamic("Timestamp", Kind::Timestamp),
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
        dynamic("MaxConcurrency", integer(0, COUNT_MAX)),
        json_path("MaxConcurrencyPath", VALUE_REFERENCE),
        dynamic(
            "ToleratedFailurePercentage",
            Kind::Decimal(Range {
                min: Some(0.0),
                max: Some(100.0),
            }),
        ),
        json_path("ToleratedFailurePercentagePath", VALUE_REFERENCE),
        dynamic("ToleratedFailureCount", integer(0, COUNT_MAX)),
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
        dynamic("Error", Kind::Text),
        dynamic("Cause", Kind::Text),
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
