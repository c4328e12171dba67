//! Explains why a text is not a document: a slow second reading that finds the first error and names
//! it in the words of Jackson, which is what AWS reads with.
//!
//! Some of the messages are recorded (facts 7.1, 9.3); the others, and the places, are those of Jackson 2.19.
//! Runs only after the index has refused a text, so it is written for clarity; still it is linear and does
//! not recurse.

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
    fail_behind(offset, offset, message)
}

/// As [`fail`], where Jackson names a later place than that of the error: it has read that far.
fn fail_behind(offset: usize, place: usize, message: impl Into<String>) -> IndexError {
    IndexError {
        offset,
        place,
        message: message.into(),
        advice: "",
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
                    } else if byte == b'}' {
                        return Err(self.unexpected(": expected a value"));
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
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
            match self.peek() {
                Some(b'I') => return Err(self.infinity(start)),
                Some(b'.') => return Err(self.unexpected(words::VALUE)),
                None => return Err(fail(self.at, words::NO_DIGIT_AT_END)),
                Some(_) => {}
            }
        }
        let first = self.at;
        if !self.digits() {
            return Err(self.unexpected(words::NO_DIGIT));
        }
        if self.at > first + 1 && self.text.as_bytes()[first] == b'0' {
            return Err(fail_behind(first, first + 1, words::LEADING_ZEROES));
        }
        self.fraction()?;
        match self.peek() {
            None | Some(b' ' | b'\n' | b'\r' | b'\t') => Ok(()),
            Some(_) if self.open.is_empty() => {
                Err(self.unexpected(": Expected space separating root-level values"))
            }
            Some(_) => Ok(()),
        }
    }

    /// Reads what may follow the digits of a number. Jackson names the place where that begins.
    fn fraction(&mut self) -> Read {
        let place = self.at;
        if self.peek() == Some(b'.') {
            self.at += 1;
            if !self.digits() {
                // At the end of the text it complains about the point.
                self.at -= usize::from(self.peek().is_none());
                return Err(self.unexpected_behind(place, words::NO_DECIMAL));
            }
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            if !self.digits() {
                return Err(match self.peek() {
                    None => fail(self.at, words::NO_EXPONENT_AT_END),
                    Some(_) => self.unexpected_behind(place, words::NO_EXPONENT),
                });
            }
        }
        Ok(())
    }

    /// Reads digits; says whether there were any.
    fn digits(&mut self) -> bool {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.at > start
    }

    /// Complains about a sign with an `I` behind it, which begins a word.
    fn infinity(&mut self, start: usize) -> IndexError {
        let name = match self.text.as_bytes().get(self.at + 1) {
            None => return fail(self.text.len(), words::END_IN_NUMBER),
            Some(b'N') => "INF",
            Some(b'n') => "Infinity",
            Some(_) => {
                self.at += 1;
                return self.unexpected(words::NO_DIGIT);
            }
        };
        let word = words::word(&self.text[self.at..]);
        self.token_error(start, self.at + word.len(), word == name)
    }

    /// Reads `null`, `true` or `false`, or complains about what stands there instead.
    fn word(&mut self) -> Read {
        let rest = &self.text[self.at..];
        let word = words::word(rest);
        match word {
            "null" | "true" | "false" => {
                self.at += word.len();
                Ok(())
            }
            "" => Err(self.no_value()),
            _ => Err(self.token_error(self.at, self.at + word.len(), matches!(word, "NaN" | "Infinity"))),
        }
    }

    /// Complains about a word that is no token of JSON, or one of another dialect.
    fn token_error(&self, start: usize, end: usize, is_number: bool) -> IndexError {
        let token = &self.text[start..end];
        if is_number {
            let error = fail_behind(start, end, format!("Non-standard token '{token}'"));
            return error.advised(words::NON_NUMERIC);
        }
        let shown = words::shown(token);
        fail_behind(start, start + shown.len(), words::unrecognized(token))
    }

    /// Complains about a character that begins no value.
    fn no_value(&mut self) -> IndexError {
        match (self.peek(), self.open.last()) {
            (Some(b'+'), _) => self.plus(),
            (Some(byte @ (b']' | b'}')), None) => {
                let name = if byte == b'}' { "Object" } else { "Array" };
                let found = char::from(byte);
                fail(
                    self.at,
                    format!("Unexpected close marker '{found}': no open {name} to close"),
                )
            }
            (Some(byte @ b'}'), Some(&open)) if !open.object => self.wrong_close(open, byte),
            _ => self.unexpected(words::VALUE),
        }
    }

    fn plus(&mut self) -> IndexError {
        let start = self.at;
        self.at += 1;
        match self.peek() {
            None => fail(self.at, words::END_IN_NUMBER),
            Some(b'I') => self.infinity(start),
            Some(_) => {
                self.at = start;
                self.unexpected_behind(start + 1, words::PLUS)
                    .advised(words::LEADING_PLUS)
            }
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
            Some(byte) if byte < b' ' => Err(fail_behind(
                self.at,
                self.at + 1,
                words::control_between(char::from(byte)),
            )),
            Some(b'/') => Err(self.unexpected(words::COMMENT).advised(words::COMMENTS)),
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
        self.unexpected_behind(self.at, what)
    }

    fn unexpected_behind(&self, place: usize, what: &str) -> IndexError {
        fail_behind(
            self.at,
            place,
            format!("Unexpected character ({}){what}", character(self.char())),
        )
    }

    /// The text ends where an array or object could have ended.
    fn end_inside(&self) -> IndexError {
        let open = self.open.last().copied().unwrap_or(Open {
            object: false,
            start: 0,
        });
        let start = words::location(self.text.as_bytes(), open.start);
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
        let (found, start) = (
            char::from(byte),
            words::location(self.text.as_bytes(), open.start),
        );
        let name = open.name();
        fail(
            self.at,
            format!(
                "Unexpected close marker '{found}': expected '{expected}' (for {name} starting at {start})"
            ),
        )
    }
}
