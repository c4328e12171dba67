//! Where functions write their text: a string that takes so many bytes and no more.
//!
//! Invariant: the bytes are checked before they are written, so a refused text was never built.

use super::error::too_large;
use crate::jsonata::Error;
use std::fmt;

/// A string under construction, and how many bytes it may still take.
#[derive(Debug)]
pub struct Text<'a> {
    out: &'a mut String,
    room: usize,
}

impl<'a> Text<'a> {
    /// Appends to `out`, at most `room` bytes.
    pub fn new(out: &'a mut String, room: usize) -> Text<'a> {
        Text { out, room }
    }

    /// Returns how many bytes still fit.
    pub fn room(&self) -> usize {
        self.room
    }

    /// Takes bytes from the room without writing any.
    pub(crate) fn reserve(&mut self, bytes: usize) -> Result<(), Error> {
        self.room = self.room.checked_sub(bytes).ok_or_else(too_large)?;
        Ok(())
    }

    /// Checks that so many bytes would fit.
    pub(crate) fn fits(&self, bytes: usize) -> Result<(), Error> {
        if bytes > self.room {
            Err(too_large())
        } else {
            Ok(())
        }
    }

    /// Appends a text.
    ///
    /// # Errors
    ///
    /// The memory bound when it does not fit; nothing is written then.
    pub fn push_str(&mut self, text: &str) -> Result<(), Error> {
        self.reserve(text.len())?;
        self.out.push_str(text);
        Ok(())
    }

    /// Appends a text that is ASCII, each part of it changed within ASCII.
    pub(crate) fn push_ascii(&mut self, text: &str, change: impl Fn(&mut str)) -> Result<(), Error> {
        let start = self.out.len();
        self.push_str(text)?;
        if let Some(text) = self.out.get_mut(start..) {
            change(text);
        }
        Ok(())
    }

    /// Appends a text so many times.
    pub(crate) fn push_repeated(&mut self, text: &str, count: usize) -> Result<(), Error> {
        self.reserve(text.len().saturating_mul(count))?;
        self.out.extend(std::iter::repeat_n(text, count));
        Ok(())
    }

    /// Appends a character.
    ///
    /// # Errors
    ///
    /// The memory bound when it does not fit.
    pub fn push(&mut self, character: char) -> Result<(), Error> {
        self.reserve(character.len_utf8())?;
        self.out.push(character);
        Ok(())
    }
}

impl fmt::Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push_str(text).map_err(|_| fmt::Error)
    }
}

/// The failure of `write!` into a [`Text`], which fails for want of room only.
impl From<fmt::Error> for Error {
    fn from(_: fmt::Error) -> Error {
        too_large()
    }
}

/// Runs a function that writes, without a bound, and returns its text: for tests.
#[cfg(test)]
pub(crate) fn written<T>(write: impl FnOnce(&mut Text<'_>) -> Result<T, Error>) -> Result<String, Error> {
    let mut out = String::new();
    write(&mut Text::new(&mut out, 1 << 20)).map(|_| out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_not_written() {
        let mut out = String::from("a");
        let mut text = Text::new(&mut out, 3);
        assert_eq!(text.push_str("bc"), Ok(()));
        assert_eq!(text.push_str("de"), Err(too_large()));
        assert_eq!(text.push('ä'), Err(too_large()));
        assert_eq!(text.push('d'), Ok(()));
        assert_eq!(out, "abcd");
    }
}
