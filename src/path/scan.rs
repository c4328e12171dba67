//! A cursor over the text of a path or of an intrinsic function call.
//!
//! Owns position and error offsets, and knows no grammar.

use super::ParseError;

/// A cursor that never leaves its text.
pub(crate) struct Scanner<'a> {
    text: &'a str,
    offset: usize,
}

impl<'a> Scanner<'a> {
    /// Starts at the beginning of a text.
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, offset: 0 }
    }

    /// Byte offset of the next character.
    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    /// What is left to read.
    pub(crate) fn rest(&self) -> &'a str {
        self.text.get(self.offset..).unwrap_or_default()
    }

    /// What was read since an earlier offset.
    pub(crate) fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.offset).unwrap_or_default()
    }

    /// Returns the next character without reading it.
    pub(crate) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Reads one character.
    pub(crate) fn bump(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.offset += next.len_utf8();
        Some(next)
    }

    /// Reads a given text if it comes next.
    pub(crate) fn eat(&mut self, expected: &str) -> bool {
        let found = self.rest().starts_with(expected);
        if found {
            self.offset += expected.len();
        }
        found
    }

    /// Reads a given text.
    pub(crate) fn expect(&mut self, expected: &str) -> Result<(), ParseError> {
        if self.eat(expected) {
            Ok(())
        } else {
            Err(self.error(format!("expected `{expected}`")))
        }
    }

    /// Reads as long as a test holds, and returns what was read.
    pub(crate) fn eat_while(&mut self, test: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c| !test(c)).unwrap_or(rest.len());
        self.offset += length;
        &rest[..length]
    }

    /// Reads blanks, tabs and line ends.
    pub(crate) fn skip_blanks(&mut self) {
        self.eat_while(|c| c.is_ascii_whitespace());
    }

    /// Reads trailing blanks and expects the end of the text.
    pub(crate) fn finish(mut self) -> Result<(), ParseError> {
        self.skip_blanks();
        if self.rest().is_empty() {
            Ok(())
        } else {
            Err(self.error("expected the end of the text"))
        }
    }

    /// Reads a number as JSON writes it, and returns its text.
    pub(crate) fn number(&mut self) -> Result<&'a str, ParseError> {
        let start = self.offset;
        self.eat("-");
        let integer = self.eat_while(|c| c.is_ascii_digit());
        if integer.is_empty() || (integer.len() > 1 && integer.starts_with('0')) {
            return Err(self.error_at(start, "expected a number"));
        }
        if self.eat(".") {
            self.digits()?;
        }
        if self.eat("e") || self.eat("E") {
            let _sign = self.eat("-") || self.eat("+");
            self.digits()?;
        }
        Ok(self.since(start))
    }

    fn digits(&mut self) -> Result<(), ParseError> {
        if self.eat_while(|c| c.is_ascii_digit()).is_empty() {
            return Err(self.error("expected a digit"));
        }
        Ok(())
    }

    /// Makes an error at the current position.
    pub(crate) fn error(&self, message: impl Into<String>) -> ParseError {
        self.error_at(self.offset, message)
    }

    /// Makes an error at an earlier position.
    pub(crate) fn error_at(&self, offset: usize, message: impl Into<String>) -> ParseError {
        ParseError {
            offset,
            message: message.into(),
        }
    }
}
