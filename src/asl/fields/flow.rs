//! The machine, branches and processors (facts 4.1, 4.3).

use super::{COMMENT, Kind, SECONDS_MAX, Shape, both, integer};

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
