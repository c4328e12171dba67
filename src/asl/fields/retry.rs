//! Entries of `Retry` and `Catch` (facts 4.5).

use super::*;

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
