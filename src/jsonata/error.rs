//! Errors of the language: a code, a place, and the values that the text names.
//!
//! The text is made when someone looks at it. Its words are part of the language: AWS shows them, and definitions
//! compare them. Must not know what raised an error. Invariant: a code stands in the table of `message`, or is one of the bounds
//! and internal errors that have no code.

use std::fmt::Write;

use super::message::template;

/// What a text says where a value is missing.
const MISSING: &str = "undefined";

/// The most bytes of a value that an error keeps: a text must not hold a whole payload.
pub const VALUE_BYTES_MAX: usize = 16 * 1024;

/// A value that an error names, kept as it is to be shown.
#[derive(Clone, Debug, PartialEq)]
pub enum Shown {
    /// A value by its JSON text.
    Json(Box<str>),
    /// A string by its content.
    Text(Box<str>),
    /// A number; one that is not finite is shown as `null`.
    Number(f64),
}

impl Shown {
    /// Writes the value as JSON.
    fn write_json(&self, out: &mut String) {
        match self {
            Shown::Json(text) => out.push_str(text),
            Shown::Text(text) => {
                let mut bytes = Vec::new();
                crate::value::escape_into(&mut bytes, text);
                out.push('"');
                out.push_str(&String::from_utf8_lossy(&bytes));
                out.push('"');
            }
            Shown::Number(number) => write_number(out, *number),
        }
    }

    /// Writes the value as a template with three braces shows it: a string without quotes.
    fn write_plain(&self, out: &mut String) {
        match self {
            Shown::Text(text) => out.push_str(text),
            other => other.write_json(out),
        }
    }

    /// Returns the value as JSON.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out);
        out
    }
}

impl From<&str> for Shown {
    fn from(text: &str) -> Shown {
        Shown::Text(text.into())
    }
}

impl From<f64> for Shown {
    fn from(number: f64) -> Shown {
        Shown::Number(number)
    }
}

/// A bound that stopped an evaluation; AWS gives it no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Evaluations are nested too deep.
    Depth,
    /// The evaluation has taken too much memory.
    Memory,
    /// The evaluation has done too much.
    Time,
}

impl Bound {
    /// Returns the code that the language's own test runner gives it.
    pub fn code(self) -> &'static str {
        match self {
            Bound::Depth | Bound::Time => "U1001",
            Bound::Memory => "U1002",
        }
    }

    /// Returns AWS's words.
    pub fn text(self) -> &'static str {
        match self {
            Bound::Depth => {
                "Stack overflow error: Check for non-terminating recursive function. \
                 Consider rewriting as tail-recursive."
            }
            Bound::Memory => "Expression evaluation memory limit exceeded: Check for excessive memory usage",
            Bound::Time => "Expression evaluation timeout: Check for infinite loop",
        }
    }
}

/// What sort of error it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Coded(&'static str),
    Bound(Bound),
    Internal,
}

/// Why an expression was refused, or has no value.
#[derive(Clone, Debug, PartialEq)]
pub struct Error(Box<Parts>);

#[derive(Clone, Debug, PartialEq)]
struct Parts {
    kind: Kind,
    position: Option<u32>,
    start: Option<u32>,
    token: Option<Shown>,
    value: Option<Shown>,
    second: Option<Shown>,
    index: Option<u32>,
    element: Option<Box<str>>,
}

impl Error {
    fn of(kind: Kind) -> Error {
        Error(Box::new(Parts {
            kind,
            position: None,
            start: None,
            token: None,
            value: None,
            second: None,
            index: None,
            element: None,
        }))
    }

    /// Makes an error of a code that stands in the table of texts.
    pub fn new(code: &'static str) -> Error {
        debug_assert!(template(code).is_some(), "no text for {code}");
        Error::of(Kind::Coded(code))
    }

    /// Makes an error of an author's or a function's own text (D3137).
    pub fn message(text: &str) -> Error {
        Error::new("D3137").with_value(text)
    }

    /// Makes the error of a bound.
    pub fn bound(bound: Bound) -> Error {
        Error::of(Kind::Bound(bound))
    }

    /// Makes an error for what the language has no code for: a function that broke.
    pub fn internal(text: &str) -> Error {
        Error::of(Kind::Internal).with_value(text)
    }

    /// Sets where in the expression: UTF-16 units up to the end of the token that it points at.
    #[must_use]
    pub fn at(mut self, position: u32) -> Error {
        self.0.position = Some(position);
        self
    }

    /// Sets where the token begins that nothing ends, in UTF-16 units.
    #[must_use]
    pub fn open_since(mut self, start: u32) -> Error {
        self.0.start = Some(start);
        self
    }

    /// Sets what it points at: an operator, a word, or the name of a function.
    #[must_use]
    pub fn with_token(mut self, token: impl Into<Shown>) -> Error {
        self.0.token = Some(token.into());
        self
    }

    /// Sets the value that the text names.
    #[must_use]
    pub fn with_value(mut self, value: impl Into<Shown>) -> Error {
        self.0.value = Some(value.into());
        self
    }

    /// Sets the second value that the text names; of D3061 the exponent.
    #[must_use]
    pub fn with_second(mut self, value: impl Into<Shown>) -> Error {
        self.0.second = Some(value.into());
        self
    }

    /// Sets the number of the argument, from one.
    #[must_use]
    pub fn with_index(mut self, index: usize) -> Error {
        self.0.index = Some(index as u32);
        self
    }

    /// Sets what the elements of an array should be, in the plural (T0412); of D3140 the function's name.
    #[must_use]
    pub fn with_element(mut self, element: &str) -> Error {
        self.0.element = Some(element.into());
        self
    }

    /// Sets position and token where they are not known yet: a function does not know where it was called.
    #[must_use]
    pub fn or_at(mut self, position: u32, token: Option<&str>) -> Error {
        self.0.position.get_or_insert(position);
        if self.0.token.is_none() {
            self.0.token = token.map(Shown::from);
        }
        self
    }

    /// Sets the position, whatever it was: the outermost call is where an error is shown.
    #[must_use]
    pub fn moved_to(self, position: u32) -> Error {
        self.at(position)
    }

    /// Returns the code; `U1001` and `U1002` for bounds, `internal` for what broke.
    pub fn code(&self) -> &'static str {
        match self.0.kind {
            Kind::Coded(code) => code,
            Kind::Bound(bound) => bound.code(),
            Kind::Internal => "internal",
        }
    }

    /// Returns which bound it is, if it is one.
    pub fn is_bound(&self) -> Option<Bound> {
        match self.0.kind {
            Kind::Bound(bound) => Some(bound),
            _ => None,
        }
    }

    /// Says whether a function broke in a way that the language has no code for.
    pub fn is_internal(&self) -> bool {
        self.0.kind == Kind::Internal
    }

    /// Returns where: UTF-16 units up to the end of the token.
    pub fn position(&self) -> Option<u32> {
        self.0.position
    }

    /// Returns where the token begins that nothing ends, in UTF-16 units.
    pub fn start(&self) -> Option<u32> {
        self.0.start
    }

    /// Returns what it points at.
    pub fn token(&self) -> Option<&Shown> {
        self.0.token.as_ref()
    }

    /// Returns the value that the text names.
    pub fn value(&self) -> Option<&Shown> {
        self.0.value.as_ref()
    }

    /// Returns the second value that the text names.
    pub fn second(&self) -> Option<&Shown> {
        self.0.second.as_ref()
    }

    /// Returns the number of the argument.
    pub fn index(&self) -> Option<u32> {
        self.0.index
    }

    /// Returns the text, without the code.
    pub fn text(&self) -> String {
        let template = match self.0.kind {
            Kind::Coded(code) => template(code).unwrap_or_default(),
            Kind::Bound(bound) => return bound.text().to_owned(),
            Kind::Internal => "{{{message}}}",
        };
        self.fill(template)
    }

    /// Puts the values into a template: `{{x}}` is JSON, `{{{x}}}` is not.
    fn fill(&self, template: &str) -> String {
        let mut out = String::with_capacity(template.len() + 16);
        let mut rest = template;
        while let Some(start) = rest.find("{{") {
            out.push_str(&rest[..start]);
            let plain = rest[start..].starts_with("{{{");
            let (open, close) = if plain { (3, "}}}") } else { (2, "}}") };
            let Some(length) = rest[start + open..].find(close) else {
                break;
            };
            self.show(&rest[start + open..start + open + length], plain, &mut out);
            rest = &rest[start + open + length + close.len()..];
        }
        out.push_str(rest);
        out
    }

    fn show(&self, name: &str, plain: bool, out: &mut String) {
        let parts = &*self.0;
        let shown = match name {
            "token" => parts.token.clone(),
            "value" | "message" => parts.value.clone(),
            "value2" | "exp" => parts.second.clone(),
            "index" => parts.index.map(|index| Shown::Number(index.into())),
            "type" | "functionName" => parts.element.clone().map(Shown::Text),
            _ => None,
        };
        match shown {
            Some(shown) if plain => shown.write_plain(out),
            Some(shown) => shown.write_json(out),
            None => out.push_str(MISSING),
        }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0.kind {
            Kind::Coded(code) => write!(f, "{code}: {}", self.text()),
            _ => f.write_str(&self.text()),
        }
    }
}

impl std::error::Error for Error {}

/// Writes a number as JavaScript's JSON has it.
fn write_number(out: &mut String, number: f64) {
    if !number.is_finite() {
        out.push_str("null");
        return;
    }
    if number == 0.0 {
        out.push('0');
        return;
    }
    let size = number.abs();
    // Writing to a String cannot fail.
    let _ = if (1e-6..1e21).contains(&size) {
        write!(out, "{number}")
    } else {
        let text = format!("{number:e}");
        match text.split_once('e') {
            Some((digits, power)) if !power.starts_with('-') => write!(out, "{digits}e+{power}"),
            _ => write!(out, "{text}"),
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_show_values_as_json() {
        let check = |error: Error, expected: &str| assert_eq!(error.to_string(), expected);
        check(
            Error::new("T2001").with_token("+"),
            "T2001: The left side of the \"+\" operator must evaluate to a number",
        );
        check(
            Error::new("T1005").with_token("sum"),
            "T1005: Attempted to invoke a non-function. Did you mean $sum?",
        );
        check(
            Error::new("T0412").with_token("f").with_index(1),
            "T0412: Argument 1 of function \"f\" must be an array of undefined",
        );
        check(
            Error::new("D1001").with_value(f64::INFINITY),
            "D1001: Number out of range: null",
        );
        check(
            Error::new("D1001").with_value(1e300),
            "D1001: Number out of range: 1e+300",
        );
        check(Error::message("Too \"Expensive\""), "D3137: Too \"Expensive\"");
        check(
            Error::new("D3140").with_element("decodeUrl").with_value("%E"),
            "D3140: Malformed URL passed to $decodeUrl(): \"%E\"",
        );
        check(Error::bound(Bound::Memory), Bound::Memory.text());
    }
}
