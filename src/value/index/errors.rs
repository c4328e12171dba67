//! Explains why a text is not a document: a slow second reading that finds the first error and names
//! it in the words of Jackson, which is what AWS reads with.
//!
//! Three of the messages are recorded (facts 9.3); the others follow Jackson's wording. Runs only
//! after the index has refused a text, so it is written for clarity; still it is linear and does not
//! recurse.

use super::DOCUMENT_BYTES_MAX;
use super::words::{self, character};
use crate::value::{DEPTH_MAX, IndexError};

/// What AWS answers to an empty input.
const EMPTY: &str = "Invalid execution input.";

/// Explains why the index refused a text.
#[cold]
pub(super) fn explain(text: &[u8]) -> IndexError {
    let valid = std::str::from_utf8(text);
    let readable = match &valid {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&text[..error.valid_up_to()]).unwrap_or_default(),
    };
    let mut reader = Reader {
        text: readable,
        at: 0,
        open: Vec::new(),
    };
    let error = reader.document().err();
    match (error, valid) {
        (Some(error), Ok(_)) => error,
        (Some(error), Err(_)) if error.offset < readable.len() => error,
        (Some(error), Err(utf8)) if utf8.error_len().is_none() => error,
        (_, Err(_)) => words::utf8(text, readable.len()),
        (None, Ok(_)) => {
            debug_assert!(false, "the index refused what the slow reader accepts");
            fail(0, EMPTY)
        }
    }
}

/// Says that a text is larger than any document may be.
#[cold]
pub(super) fn too_large(len: usize) -> IndexError {
    fail(
        DOCUMENT_BYTES_MAX,
        format!("Document length ({len}) exceeds the maximum allowed ({DOCUMENT_BYTES_MAX})"),
    )
}

/// Says that a heap has no room for another document.
#[cold]
pub(super) fn heap_full() -> IndexError {
    fail(
        0,
        "The values of this execution exceed the maximum allowed length",
    )
}

fn fail(offset: usize, message: impl Into<String>) -> IndexError {
    IndexError {
        offset,
        message: message.into(),
    }
}

/// An open array or object and where it starts.
#[derive(Clone, Copy)]
struct Open {
    object: bool,
    start: usize,
}

impl Open {
    fn name(self) -> &'static str {
        if self.object { "Object" } else { "Array" }
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    open: Vec<Open>,
}

type Read<T = ()> = Result<T, IndexError>;

impl Reader<'_> {
    /// Reads one value and nothing after it.
    fn document(&mut self) -> Read {
        if self.token()?.is_none() {
            return Err(fail(0, EMPTY));
        }
        loop {
            self.value()?;
            if !self.after_value()? {
                break;
            }
        }
        match self.token()? {
            None => Ok(()),
            Some(_) => self.trailing(),
        }
    }

    /// Reads a scalar, or moves into an array or object as far as its first value or its end.
    fn value(&mut self) -> Read {
        loop {
            let Some(byte) = self.token()? else {
                return Err(self.end_between());
            };
            match byte {
                b'"' => return self.string(false),
                b'-' | b'0'..=b'9' => return self.number(),
                b'{' | b'[' => {
                    self.enter(byte == b'{')?;
                    match self.token()? {
                        None => return Err(self.end_inside()),
                        Some(b'}') if byte == b'{' => return Ok(()),
                        Some(b']') if byte == b'[' => return Ok(()),
                        Some(_) if byte == b'{' => self.key()?,
                        Some(_) => {}
                    }
                }
                _ => return self.word(),
            }
        }
    }

    /// Reads what follows a value; says whether another value does.
    fn after_value(&mut self) -> Read<bool> {
        while let Some(&open) = self.open.last() {
            let Some(byte) = self.token()? else {
                return Err(self.end_inside());
            };
            match byte {
                b',' => {
                    self.at += 1;
                    let Some(byte) = self.token()? else {
                        return Err(self.end_between());
                    };
                    if open.object {
                        self.key()?;
                    } else if byte == b']' {
                        return Err(self.unexpected(words::VALUE));
                    }
                    return Ok(true);
                }
                b'}' if open.object => {}
                b']' if !open.object => {}
                b'}' | b']' => return Err(self.wrong_close(open, byte)),
                _ => {
                    return Err(self.unexpected(&format!(
                        ": was expecting comma to separate {} entries",
                        open.name()
                    )));
                }
            }
            self.at += 1;
            self.open.pop();
        }
        Ok(false)
    }

    fn enter(&mut self, object: bool) -> Read {
        let depth = self.open.len() + 1;
        if depth > DEPTH_MAX as usize {
            return Err(fail(
                self.at,
                format!("Document nesting depth ({depth}) exceeds the maximum allowed ({DEPTH_MAX})"),
            ));
        }
        self.open.push(Open {
            object,
            start: self.at,
        });
        self.at += 1;
        Ok(())
    }

    fn key(&mut self) -> Read {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected(": was expecting double-quote to start field name"));
        }
        self.string(true)?;
        match self.token()? {
            None => return Err(self.end_between()),
            Some(b':') => self.at += 1,
            Some(_) => {
                return Err(self.unexpected(": was expecting a colon to separate field name and value"));
            }
        }
        Ok(())
    }

    fn string(&mut self, key: bool) -> Read {
        self.at += 1;
        loop {
            match self.peek() {
                None if key => return Err(fail(self.at, "Unexpected end-of-input in field name")),
                None => return Err(fail(self.at, words::END_IN_STRING)),
                Some(b'"') => break,
                Some(b'\\') => self.escape()?,
                Some(byte) if byte < 0x20 => {
                    let what = if key { "name" } else { "string value" };
                    return Err(fail(self.at, words::control_in_string(char::from(byte), what)));
                }
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        Ok(())
    }

    fn escape(&mut self) -> Read {
        self.at += 1;
        match self.peek() {
            None => return Err(fail(self.at, words::END_IN_ESCAPE)),
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {}
            Some(b'u') => {
                for _ in 0..4 {
                    self.at += 1;
                    match self.peek() {
                        None => return Err(fail(self.at, words::END_IN_ESCAPE)),
                        Some(byte) if byte.is_ascii_hexdigit() => {}
                        Some(_) => {
                            return Err(
                                self.unexpected(": expected a hex-digit for character escape sequence")
                            );
                        }
                    }
                }
            }
            Some(_) => {
                return Err(fail(
                    self.at,
                    format!("Unrecognized character escape {}", character(self.char())),
                ));
            }
        }
        self.at += 1;
        Ok(())
    }

    fn number(&mut self) -> Read {
        if self.peek() == Some(b'-') {
            self.at += 1;
            if self.text[self.at..].starts_with("Infinity") {
                return Err(fail(self.at - 1, words::non_standard("-Infinity")));
            }
        }
        let zero = self.peek() == Some(b'0');
        self.digits("expected digit (0-9) to follow minus sign, for valid numeric value")?;
        let start = self.text[..self.at]
            .trim_end_matches(|c: char| c.is_ascii_digit())
            .len();
        if zero && self.at > start + 1 {
            return Err(fail(start, words::LEADING_ZEROES));
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits("Decimal point not followed by a digit")?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits("Exponent indicator not followed by a digit")?;
        }
        match self.peek() {
            Some(byte) if self.open.is_empty() && byte > b' ' => {
                Err(self.unexpected(": Expected space separating root-level values"))
            }
            _ => Ok(()),
        }
    }

    fn digits(&mut self, missing: &str) -> Read {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        match self.peek() {
            _ if self.at > start => Ok(()),
            None => Err(fail(
                self.at,
                format!("Unexpected end-of-input in numeric value: {missing}"),
            )),
            Some(_) => Err(self.unexpected(&format!(" in numeric value: {missing}"))),
        }
    }

    /// Reads `null`, `true` or `false`, or complains about what stands there instead.
    fn word(&mut self) -> Read {
        let rest = &self.text[self.at..];
        let len = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'))
            .unwrap_or(rest.len());
        let word = &rest[..len];
        match word {
            "null" | "true" | "false" => {
                self.at += len;
                Ok(())
            }
            "NaN" | "Infinity" => Err(fail(self.at, words::non_standard(word))),
            "" => Err(self.unexpected(words::VALUE)),
            _ => Err(fail(self.at, words::unrecognized(word))),
        }
    }

    fn trailing(&mut self) -> Read {
        let start = self.at;
        self.value()?;
        Err(fail(start, "Trailing token found after value"))
    }

    /// Moves to the next token and returns its first byte.
    fn token(&mut self) -> Read<Option<u8>> {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
        match self.peek() {
            Some(byte) if byte < b' ' => Err(fail(self.at, words::control_between(char::from(byte)))),
            byte => Ok(byte),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn char(&self) -> char {
        self.text
            .get(self.at..)
            .and_then(|rest| rest.chars().next())
            .unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    fn unexpected(&self, what: &str) -> IndexError {
        fail(
            self.at,
            format!("Unexpected character ({}){what}", character(self.char())),
        )
    }

    /// The text ends where an array or object could have ended.
    fn end_inside(&self) -> IndexError {
        let open = self.open.last().copied().unwrap_or(Open {
            object: false,
            start: 0,
        });
        let start = words::location(self.text, open.start);
        fail(
            self.text.len(),
            format!(
                "Unexpected end-of-input: expected close marker for {} (start marker at {start})",
                open.name()
            ),
        )
    }

    /// The text ends where something must follow.
    fn end_between(&self) -> IndexError {
        let name = self.open.last().map_or("root", |open| open.name());
        fail(
            self.text.len(),
            format!("Unexpected end-of-input within/between {name} entries"),
        )
    }

    fn wrong_close(&self, open: Open, byte: u8) -> IndexError {
        let expected = if open.object { '}' } else { ']' };
        let (found, start) = (char::from(byte), words::location(self.text, open.start));
        let name = open.name();
        fail(
            self.at,
            format!(
                "Unexpected close marker '{found}': expected '{expected}' (for {name} starting at {start})"
            ),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: impl AsRef<[u8]>, offset: usize, message: &str) {
        let error = explain(text.as_ref());
        assert_eq!((error.offset, error.message.as_str()), (offset, message));
    }

    #[test]
    fn says_what_aws_says() {
        check(
            "not json",
            0,
            "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
        );
        check(
            "{'a':1}",
            1,
            "Unexpected character (''' (code 39)): was expecting double-quote to start field name",
        );
        check("", 0, "Invalid execution input.");
        check(" \n", 0, "Invalid execution input.");
    }

    #[test]
    fn names_the_place_in_the_structure() {
        check(
            "{\"a\":1,}",
            7,
            "Unexpected character ('}' (code 125)): was expecting double-quote to start field name",
        );
        check(
            "{\"a\" 1}",
            5,
            "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value",
        );
        check(
            "{\"a\":1 \"b\"}",
            7,
            "Unexpected character ('\"' (code 34)): was expecting comma to separate Object entries",
        );
        check(
            "[1 2]",
            3,
            "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries",
        );
        check(
            "[1,]",
            3,
            "Unexpected character (']' (code 93)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
        );
        check(
            "{\"a\":[1}",
            7,
            "Unexpected close marker '}': expected ']' (for Array starting at [Source: (String)\"{\"a\":[1}\"; line: 1, column: 6])",
        );
        check("{} {}", 3, "Trailing token found after value");
        check(
            "1x",
            1,
            "Unexpected character ('x' (code 120)): Expected space separating root-level values",
        );
    }

    #[test]
    fn names_the_end() {
        check(
            "{\"a\":\n[1",
            8,
            "Unexpected end-of-input: expected close marker for Array (start marker at [Source: (String)\"{\"a\":\n[1\"; line: 2, column: 1])",
        );
        check(
            "{\"a\":",
            5,
            "Unexpected end-of-input within/between Object entries",
        );
        check("[1,", 3, "Unexpected end-of-input within/between Array entries");
        check("{\"a", 3, "Unexpected end-of-input in field name");
        check(
            "\"a",
            2,
            "Unexpected end-of-input: was expecting closing quote for a string value",
        );
        check("\"a\\", 3, "Unexpected end-of-input in character escape sequence");
    }

    #[test]
    fn names_what_is_wrong_in_scalars() {
        check("[01]", 1, "Invalid numeric value: Leading zeroes not allowed");
        check(
            "-x",
            1,
            "Unexpected character ('x' (code 120)) in numeric value: expected digit (0-9) to follow minus sign, for valid numeric value",
        );
        check(
            "[1.]",
            3,
            "Unexpected character (']' (code 93)) in numeric value: Decimal point not followed by a digit",
        );
        check(
            "1e",
            2,
            "Unexpected end-of-input in numeric value: Exponent indicator not followed by a digit",
        );
        check(
            "[NaN]",
            1,
            "Non-standard token 'NaN': enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow",
        );
        check(
            "\"a\nb\"",
            2,
            "Illegal unquoted character ((CTRL-CHAR, code 10)): has to be escaped using backslash to be included in string value",
        );
        check(
            "[\0]",
            1,
            "Illegal character ((CTRL-CHAR, code 0)): only regular white space (\\r, \\n, \\t) is allowed between tokens",
        );
        check("\"\\x\"", 2, "Unrecognized character escape 'x' (code 120)");
        check(
            "\"\\u12g4\"",
            5,
            "Unexpected character ('g' (code 103)): expected a hex-digit for character escape sequence",
        );
        check(
            "[€]",
            1,
            "Unexpected character ('€' (code 8364 / 0x20ac)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
        );
    }

    #[test]
    fn names_limits_and_encoding() {
        check(b"\"a\xFF\"", 2, "Invalid UTF-8 start byte 0xff");
        check(b"\"a\xC3(\"", 2, "Invalid UTF-8 middle byte 0x28");
        check(
            b"\"a\xC3",
            2,
            "Unexpected end-of-input: was expecting closing quote for a string value",
        );
        check(b"x \xFF", 0, words::unrecognized("x").as_str());
        check(
            "[".repeat(1001),
            1000,
            "Document nesting depth (1001) exceeds the maximum allowed (1000)",
        );
    }
}
