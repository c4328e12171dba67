//! What is said of a place: why it cannot be rewritten, or where the rewritten one is not the same to the letter.
//!
//! Owns every word of that, in one place, so that equal reasons read equally. Knows nothing of how they come about.

use crate::asl::syntax::Span;

/// Something to be said about a place in the definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// JSON Pointer of the place.
    pub(super) pointer: String,
    /// The place in the text.
    pub(super) span: Span,
    /// What is said.
    pub(super) said: Said,
}

/// What is said of a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// It cannot be rewritten, so its state stays as it is.
    Kept(String),
    /// It was rewritten, and is the same but for what is said here.
    Differs(&'static str),
}

/// Where JSONata has other rules than JSONPath and a rewritten place may show it.
pub(super) mod differs {
    pub(in crate::convert) const INDEX: &str = "an index beyond the array's end is null in a JSONPath template; in JSONata it is nothing, and the state fails";
    pub(in crate::convert) const UNUSED: &str = "nothing needs this value, so JSONata does not evaluate it: \
        the \
    state continues where JSONPath fails because it is missing";
    pub(in crate::convert) const ITEM: &str =
        "for an empty array States.ArrayGetItem gives null; in JSONata there is nothing, and the state fails";
    pub(in crate::convert) const KEYS: &str =
        "equal for objects; for other values JSONPath's keys() are null";
    pub(in crate::convert) const HITS: &str = "equal, unless a hit is itself an array or the value searched \
        is not \
    one: JSONPath keeps each hit as it is, JSONata flattens them into one list";
    pub(in crate::convert) const ELEMENTS: &str = "equal, unless a hit is itself an array (JSONata takes its \
    elements one by one) or the value searched is not one: of an object JSONPath takes the values (write \
    '.*' for that), of other values nothing; JSONata takes the value as a whole";
    pub(in crate::convert) const ORDER: &str = "for values of different kinds JSONPath says false and JSONata fails (T2009, T2010): guard with $type(…) if they can occur";
    pub(in crate::convert) const SAME_KIND: &str = "JSONPath compares only values of the kind that the operator names; '=' holds for any two equal values";
    pub(in crate::convert) const TIMESTAMP: &str = "if the value is not a timestamp, JSONPath says false and \
    $toMillis fails (D3110); it compares whole milliseconds";
    pub(in crate::convert) const IS_TIMESTAMP: &str =
        "the pattern looks at the form alone: it lets 30 February pass";
    pub(in crate::convert) const MATCHES: &str =
        "if the value is not a text, JSONPath says false and $contains fails (T0410)";
    pub(in crate::convert) const FILTER_ORDER: &str = "JSONPath leaves out elements whose value is of another kind; in JSONata the comparison fails (T2009, T2010)";
    pub(in crate::convert) const FILTER_REGEX: &str =
        "JSONPath leaves out elements whose value is not a text; $contains fails on them (T0410)";
    pub(in crate::convert) const VANISH: &str = "a missing value fails in JSONPath; inside a JSONata \
        expression it \
    is left out, and the state continues";
    pub(in crate::convert) const SPREAD: &str = "an argument that is an array becomes one element in States.Array; in […] its elements become several";
    pub(in crate::convert) const IN: &str =
        "'in' compares only texts, numbers and booleans, and does not treat \"1\" as 1";
    pub(in crate::convert) const DISTINCT: &str =
        "$distinct keeps the order of first appearance; States.ArrayUnique has an order of its own";
    pub(in crate::convert) const BASE64: &str = "texts outside ASCII, and texts that are not exactly Base64, are read more leniently by the intrinsic function";
    pub(in crate::convert) const HASH: &str =
        "$hash takes only texts; States.Hash converts numbers and objects to text first";
    pub(in crate::convert) const PARSE: &str =
        "a blank text is null for States.StringToJson; $parse fails on it";
    pub(in crate::convert) const STRING: &str =
        "$string leaves a text without quotes, and writes numbers in its own notation (1.0 becomes 1)";
    pub(in crate::convert) const ADD: &str =
        "States.MathAdd rounds to whole numbers and ends at 2,147,483,647; + does neither";
    pub(in crate::convert) const RANDOM: &str = "the random numbers differ, even with a seed";
    pub(in crate::convert) const FORMAT: &str = "equal for texts, booleans and whole numbers; objects and arrays are written as JSON, not in Java's way, and 1.0 as 1";
    pub(in crate::convert) const SPLIT: &str =
        "every character of the delimiter splits in States.StringSplit; $split takes it as a whole";
    pub(in crate::convert) const COUNT: &str =
        "equal for arrays; for other values $count is 1, and for a missing value 0";
    pub(in crate::convert) const NUMBERS: &str =
        "elements that are not numbers are skipped in JSONPath; in JSONata they fail";
    pub(in crate::convert) const PARTITION: &str = "equal for arrays and whole sizes";
    pub(in crate::convert) const RANGE: &str = "States.ArrayRange fails beyond 1,000 items";
    pub(in crate::convert) const DOUBLE: &str = "the number has more digits than JSONata's doubles keep";
    pub(in crate::convert) const PLACEHOLDER: &str = "a placeholder is now inside an expression: a value \
        with a \
    quote, a backquote or a backslash is read differently there, or breaks it";
    pub(in crate::convert) const COMMENT: &str =
        "a comment within a condition has no place in the expression: it is left out";
    pub(in crate::convert) const ERROR_NAME: &str = "this error does not occur in JSONata: whatever goes wrong with an expression is States.QueryEvaluationError";
}
