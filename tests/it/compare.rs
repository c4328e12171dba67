//! Compares values as the conformance corpus says (its README, section 4).

use serde_json::Value;

/// The wildcards of a case and the ARN of the run.
pub(crate) struct Rules {
    /// Texts that stand for any text.
    pub(crate) placeholders: Vec<String>,
    /// The run's own express ARN, and its form as a Standard execution.
    pub(crate) arns: (String, String),
}

impl Rules {
    /// Returns where the values differ first, or `None` when they are equal.
    pub(crate) fn difference(&self, expected: &Value, actual: &Value) -> Option<String> {
        self.compare("$", expected, actual)
    }

    fn compare(&self, at: &str, expected: &Value, actual: &Value) -> Option<String> {
        if let Value::String(text) = expected
            && self.placeholders.contains(text)
        {
            return None;
        }
        match (expected, actual) {
            (Value::Object(wanted), Value::Object(given)) => {
                if let Some(extra) = given.keys().find(|key| !wanted.contains_key(*key)) {
                    return Some(format!(
                        "{at}: unexpected member {extra}: {}",
                        short(&given[extra])
                    ));
                }
                wanted.iter().find_map(|(key, value)| match given.get(key) {
                    None => Some(format!("{at}: member {key} is missing: {}", short(value))),
                    Some(member) => self.compare(&format!("{at}.{key}"), value, member),
                })
            }
            (Value::Array(wanted), Value::Array(given)) if wanted.len() == given.len() => wanted
                .iter()
                .zip(given)
                .enumerate()
                .find_map(|(index, (value, element))| {
                    self.compare(&format!("{at}[{index}]"), value, element)
                }),
            (Value::String(wanted), Value::String(given)) if self.texts_match(wanted, given) => None,
            (Value::Number(wanted), Value::Number(given)) if same_number(wanted, given) => None,
            _ if expected == actual => None,
            _ => Some(format!(
                "{at}: expected {}\n      got {}",
                short(expected),
                short(actual)
            )),
        }
    }

    /// Says whether a text is the expected one, wildcards and the run's ARN considered.
    pub(crate) fn texts_match(&self, expected: &str, actual: &str) -> bool {
        let (express, standard) = &self.arns;
        expected == actual
            || matches(expected, actual, &self.placeholders)
            || (actual.contains(express.as_str())
                && matches(
                    expected,
                    &actual.replace(express.as_str(), standard),
                    &self.placeholders,
                ))
    }

    /// Compares causes: as values when both are objects as text, else as texts.
    pub(crate) fn cause_difference(&self, expected: &str, actual: &str) -> Option<String> {
        let parse = |text: &str| serde_json::from_str::<Value>(text).ok().filter(Value::is_object);
        if let (Some(wanted), Some(given)) = (parse(expected), parse(actual)) {
            return self.compare("cause", &wanted, &given);
        }
        (!self.texts_match(expected, actual))
            .then(|| format!("cause: expected {expected}\n         got {actual}"))
    }
}

fn same_number(a: &serde_json::Number, b: &serde_json::Number) -> bool {
    let (a, b) = (a.to_string(), b.to_string());
    stepstream::value::compare_numbers(a.as_bytes(), b.as_bytes()).is_eq()
}

/// Returns the start of a value's text.
pub(crate) fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(400) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

/// Says whether a text matches a pattern in which each wildcard stands for one or more characters.
fn matches(pattern: &str, text: &str, wildcards: &[String]) -> bool {
    let next = wildcards
        .iter()
        .filter_map(|wildcard| Some((pattern.find(wildcard.as_str())?, wildcard.len())))
        .min_by_key(|&(at, len)| (at, std::cmp::Reverse(len)));
    let Some((at, len)) = next else {
        return pattern == text;
    };
    let Some(rest) = text.strip_prefix(&pattern[..at]) else {
        return false;
    };
    let pattern = &pattern[at + len..];
    rest.char_indices()
        .skip(1)
        .map(|(at, _)| at)
        .chain((!rest.is_empty()).then_some(rest.len()))
        .any(|at| matches(pattern, &rest[at..], wildcards))
}

#[test]
fn wildcards_stand_for_some_text() {
    let wildcards = ["<a>".to_owned(), "<b>".to_owned()];
    for (pattern, text, wanted) in [
        ("x<a>y", "x12y", true),
        ("x<a>y", "xy", false),
        ("<a>-<b>", "1-2-3", true),
        ("<c>", "1", false),
        ("<a>", "1", true),
    ] {
        assert_eq!(matches(pattern, text, &wildcards), wanted, "{pattern} {text}");
    }
}
