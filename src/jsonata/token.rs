//! The text of an expression as tokens.
//!
//! Owns what a token is and every error of a single one (S01xx, S03xx). Must not know what follows what; one thing
//! alone is told: whether an operand may stand here, because only there a slash begins a regular expression.
//! Positions are in UTF-16 units behind the token, as the language counts.

use super::{Error, Shown};

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    End,
    Operator(&'static str),
    /// `and`, `or`, `in`: operators, or names where an operand stands.
    Word(&'static str),
    Name(String),
    Variable(String),
    String(String),
    Number(f64),
    True,
    False,
    Null,
    Regex {
        pattern: String,
        flags: String,
    },
}

impl Token {
    /// Returns the token as errors name it.
    pub(super) fn shown(&self) -> Shown {
        match self {
            Token::Number(number) => Shown::Number(*number),
            Token::True | Token::False | Token::Null => Shown::Json(self.text().into()),
            Token::Regex { .. } => Shown::Json("{}".into()),
            _ => Shown::Text(self.text().into()),
        }
    }

    /// Returns the token's text.
    pub(super) fn text(&self) -> String {
        match self {
            Token::End => "(end)".to_owned(),
            Token::Operator(text) | Token::Word(text) => (*text).to_owned(),
            Token::Name(text) | Token::Variable(text) | Token::String(text) => text.clone(),
            Token::Number(number) => number.to_string(),
            Token::True => "true".to_owned(),
            Token::False => "false".to_owned(),
            Token::Null => "null".to_owned(),
            Token::Regex { pattern, .. } => pattern.clone(),
        }
    }
}

const DOUBLE: [&str; 7] = ["..", ":=", "!=", ">=", "<=", "**", "~>"];
const SINGLE: [&str; 24] = [
    ".", "[", "]", "{", "}", "(", ")", ",", "@", "#", ";", ":", "?", "+", "-", "*", "/", "%", "|", "=", "<",
    ">", "^", "&",
];
/// Characters that end a name, though no operator has them.
const STOPS: [&str; 2] = ["!", "~"];

/// Reads tokens one after the other.
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    /// UTF-16 units up to `counted`.
    units: u32,
    counted: usize,
}

fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r' | '\u{b}')
}

fn operator(rest: &str) -> Option<&'static str> {
    let known = |list: &'static [&'static str]| list.iter().find(|known| rest.starts_with(**known));
    known(&DOUBLE)
        .or_else(|| known(&SINGLE))
        .or_else(|| known(&STOPS))
        .copied()
}

fn ends_name(character: char) -> bool {
    is_blank(character) || (character.is_ascii() && operator(character.encode_utf8(&mut [0; 4])).is_some())
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Lexer<'a> {
        Lexer {
            text,
            at: 0,
            units: 0,
            counted: 0,
        }
    }

    /// Returns how many UTF-16 units stand before a byte; bytes are asked for in rising order, mostly.
    fn position(&mut self, byte: usize) -> u32 {
        if byte < self.counted {
            (self.units, self.counted) = (0, 0);
        }
        let new = &self.text[self.counted..byte];
        self.units += new
            .chars()
            .map(|character| character.len_utf16() as u32)
            .sum::<u32>();
        self.counted = byte;
        self.units
    }

    /// Returns where the last token ended.
    pub(super) fn here(&mut self) -> u32 {
        self.position(self.at)
    }

    /// Returns the error of a token that nothing ends.
    fn open(&mut self, code: &'static str) -> Error {
        let start = self.here();
        Error::new(code)
            .at(self.position(self.text.len()))
            .open_since(start)
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Reads the next token; `operand` says that an operand may stand here.
    pub(super) fn next(&mut self, operand: bool) -> Result<Token, Error> {
        self.skip_blanks()?;
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return Ok(Token::End);
        };
        if operand && first == '/' {
            return self.regex();
        }
        if let Some(found) = operator(rest) {
            self.at += found.len();
            return Ok(Token::Operator(found));
        }
        match first {
            '"' | '\'' => self.string(first),
            '0'..='9' => self.number(),
            '`' => self.quoted_name(),
            _ => Ok(self.name()),
        }
    }

    fn skip_blanks(&mut self) -> Result<(), Error> {
        loop {
            self.at = self.text.len() - self.rest().trim_start_matches(is_blank).len();
            if !self.rest().starts_with("/*") {
                return Ok(());
            }
            match self.rest()[2..].find("*/") {
                Some(length) => self.at += length + 4,
                None => {
                    let here = self.here();
                    return Err(Error::new("S0106").at(here).open_since(here));
                }
            }
        }
    }

    fn string(&mut self, quote: char) -> Result<Token, Error> {
        let mut out = String::new();
        let mut at = self.at + 1;
        loop {
            let Some(character) = self.text[at..].chars().next() else {
                return Err(self.open("S0101"));
            };
            at += character.len_utf8();
            if character == quote {
                self.at = at;
                return Ok(Token::String(out));
            }
            if character == '\\' {
                at = self.escape(at, &mut out)?;
            } else {
                out.push(character);
            }
        }
    }

    /// Decodes what follows a backslash and returns where it ends.
    fn escape(&mut self, at: usize, out: &mut String) -> Result<usize, Error> {
        let rest = &self.text[at..];
        let Some(letter) = rest.chars().next() else {
            let position = self.position(at);
            return Err(Error::new("S0103").at(position).with_token(""));
        };
        let plain = match letter {
            '"' | '\\' | '/' => letter,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => return self.unicode(at, out),
            _ => {
                let position = self.position(at);
                return Err(Error::new("S0103")
                    .at(position)
                    .with_token(letter.to_string().as_str()));
            }
        };
        out.push(plain);
        Ok(at + letter.len_utf8())
    }

    /// Decodes `uXXXX`, and a second of them where the two are a pair.
    fn unicode(&mut self, at: usize, out: &mut String) -> Result<usize, Error> {
        let unit = |at: usize| {
            let digits = self.text.get(at + 1..at + 5)?;
            let hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            hex.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
        };
        let Some(first) = unit(at) else {
            let position = self.position(at);
            return Err(Error::new("S0104").at(position));
        };
        let next = at + 5;
        if (0xD800..0xDC00).contains(&first)
            && self.text[next..].starts_with("\\u")
            && let Some(second @ 0xDC00..0xE000) = unit(next + 1)
        {
            let code = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
            out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            return Ok(next + 6);
        }
        out.push(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
        Ok(next)
    }

    fn number(&mut self) -> Result<Token, Error> {
        let bytes = self.rest().as_bytes();
        let digits = |from: usize| {
            bytes[from..]
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count()
        };
        let mut end = if bytes[0] == b'0' { 1 } else { digits(0) };
        if bytes.get(end) == Some(&b'.') && digits(end + 1) > 0 {
            end += 1 + digits(end + 1);
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            let from = (end + 1 + sign).min(bytes.len());
            if digits(from) > 0 {
                end = from + digits(from);
            }
        }
        let text = &self.rest()[..end];
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => {
                self.at += end;
                Ok(Token::Number(number))
            }
            _ => Err(Error::new("S0102").at(self.here()).with_token(text)),
        }
    }

    fn quoted_name(&mut self) -> Result<Token, Error> {
        let rest = &self.rest()[1..];
        match rest.find('`') {
            Some(length) => {
                self.at += length + 2;
                Ok(Token::Name(rest[..length].to_owned()))
            }
            None => Err(self.open("S0105")),
        }
    }

    fn name(&mut self) -> Token {
        let rest = self.rest();
        let end = rest.find(ends_name).unwrap_or(rest.len());
        let name = &rest[..end];
        self.at += end;
        if let Some(variable) = name.strip_prefix('$') {
            return Token::Variable(variable.to_owned());
        }
        match name {
            "and" => Token::Word("and"),
            "or" => Token::Word("or"),
            "in" => Token::Word("in"),
            "true" => Token::True,
            "false" => Token::False,
            "null" => Token::Null,
            _ => Token::Name(name.to_owned()),
        }
    }

    /// Reads a regular expression: to the first slash that stands in no bracket and has no backslash.
    fn regex(&mut self) -> Result<Token, Error> {
        let start = self.at + 1;
        let bytes = self.text.as_bytes();
        let (mut depth, mut backslashes) = (0i32, 0usize);
        for (at, &byte) in bytes.iter().enumerate().skip(start) {
            match byte {
                b'/' if depth == 0 && backslashes.is_multiple_of(2) => return self.finish_regex(start, at),
                b'(' | b'[' | b'{' if backslashes == 0 => depth += 1,
                b')' | b']' | b'}' if backslashes == 0 => depth -= 1,
                _ => {}
            }
            backslashes = if byte == b'\\' { backslashes + 1 } else { 0 };
        }
        Err(self.open("S0302"))
    }

    fn finish_regex(&mut self, start: usize, end: usize) -> Result<Token, Error> {
        if start == end {
            let position = self.position(end);
            return Err(Error::new("S0301").at(position));
        }
        let behind = &self.text[end + 1..];
        let flags = behind.len() - behind.trim_start_matches(['i', 'm']).len();
        self.at = end + 1 + flags;
        Ok(Token::Regex {
            pattern: self.text[start..end].to_owned(),
            flags: behind[..flags].to_owned(),
        })
    }
}
