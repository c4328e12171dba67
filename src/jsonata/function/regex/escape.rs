//! Reads what stands behind a backslash, and classes in brackets.

use super::RegexError;
use super::parse::{Parser, error};
use super::set::Set;
use super::syntax::Node;

/// A character or a set, in a class.
enum Member {
    Char(u32),
    Set(Set),
}

/// Whether a code is half of a surrogate pair.
fn is_surrogate(code: u32) -> bool {
    (0xD800..=0xDFFF).contains(&code)
}

fn char_node(code: u32) -> Node {
    char::from_u32(code).map_or(Node::Never, Node::Char)
}

impl Parser<'_> {
    /// Reads hexadecimal digits, exactly as many; stays where it is if there are not.
    pub(super) fn hex(&mut self, count: usize) -> Option<u32> {
        let mut code = 0;
        for index in 0..count {
            code = code << 4 | self.peek_at(index)?.to_digit(16)?;
        }
        self.position += count;
        Some(code)
    }

    /// Reads what `\` means outside of a class.
    pub(super) fn atom_escape(&mut self) -> Result<Node, RegexError> {
        let Some(character) = self.peek() else {
            return error("\\ at end of pattern");
        };
        match character {
            '1'..='9' => {
                let start = self.position;
                if let Some(group) = self.decimal().filter(|group| *group <= self.groups) {
                    return Ok(Node::Backreference(group));
                }
                self.position = start;
            }
            'k' if !self.names.is_empty() => {
                self.position += 1;
                return self.named_reference();
            }
            _ => {}
        }
        self.position += 1;
        if let Some(set) = Set::of_escape(character) {
            return Ok(Node::Set(set));
        }
        let code = self.character_escape(character);
        if (0xD800..0xDC00).contains(&code) {
            return Ok(self.low_surrogate(code).map_or(Node::Never, Node::Char));
        }
        Ok(char_node(code))
    }

    fn named_reference(&mut self) -> Result<Node, RegexError> {
        if !self.take('<') {
            return error("Invalid named reference");
        }
        let Ok(name) = self.name() else {
            return error("Invalid named reference");
        };
        match self.names.iter().find(|(known, _)| *known == name) {
            Some((_, group)) => Ok(Node::Backreference(*group)),
            None => error("Invalid named capture referenced"),
        }
    }

    /// Joins half of a pair with the other half, if that follows.
    fn low_surrogate(&mut self, high: u32) -> Option<char> {
        let start = self.position;
        if self.take('\\')
            && self.take('u')
            && let Some(low @ 0xDC00..=0xDFFF) = self.hex(4)
        {
            return char::from_u32(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00));
        }
        self.position = start;
        None
    }

    /// Reads an escape that stands for one character; its first letter is read.
    fn character_escape(&mut self, letter: char) -> u32 {
        match letter {
            't' => 0x9,
            'n' => 0xA,
            'v' => 0xB,
            'f' => 0xC,
            'r' => 0xD,
            'c' => match self.peek().filter(char::is_ascii_alphabetic) {
                Some(control) => {
                    self.position += 1;
                    control as u32 % 32
                }
                None => {
                    // The backslash stands for itself, and the `c` is still to come.
                    self.position -= 1;
                    u32::from(b'\\')
                }
            },
            'x' => self.hex(2).unwrap_or('x' as u32),
            'u' => self.hex(4).unwrap_or('u' as u32),
            '0'..='7' => self.octal(letter),
            other => other as u32,
        }
    }

    /// Reads up to three octal digits, at most `\377`.
    fn octal(&mut self, first: char) -> u32 {
        let mut code = first as u32 - u32::from(b'0');
        for _ in 0..2 {
            let Some(digit) = self.peek().and_then(|character| character.to_digit(8)) else {
                break;
            };
            if code * 8 + digit > 0o377 {
                break;
            }
            code = code * 8 + digit;
            self.position += 1;
        }
        code
    }

    /// Reads a class; its `[` is read.
    pub(super) fn class(&mut self) -> Result<Node, RegexError> {
        let negated = self.take('^');
        let mut ranges = Vec::new();
        loop {
            if self.take(']') {
                break;
            }
            let first = self.class_member()?;
            if self.peek() == Some('-') && !matches!(self.peek_at(1), None | Some(']')) {
                self.position += 1;
                let last = self.class_member()?;
                match (first, last) {
                    (Member::Char(first), Member::Char(last)) if first > last => {
                        return error("Range out of order in character class");
                    }
                    (Member::Char(first), Member::Char(last)) => ranges.push((first, last)),
                    (first, last) => {
                        add(&mut ranges, first);
                        add(&mut ranges, Member::Char(u32::from(b'-')));
                        add(&mut ranges, last);
                    }
                }
            } else {
                add(&mut ranges, first);
            }
        }
        let mut set = Set::of(&ranges);
        if self.flags.ignore_case {
            set = set.folded();
        }
        Ok(Node::Set(if negated { set.negated() } else { set }))
    }

    fn class_member(&mut self) -> Result<Member, RegexError> {
        let Some(character) = self.peek() else {
            return error("Unterminated character class");
        };
        self.position += 1;
        if character != '\\' {
            return Ok(Member::Char(character as u32));
        }
        let Some(letter) = self.peek() else {
            return error("\\ at end of pattern");
        };
        self.position += 1;
        if let Some(set) = Set::of_escape(letter) {
            return Ok(Member::Set(set));
        }
        let code = match letter {
            'b' => 0x8,
            'k' if !self.names.is_empty() => return error("Invalid escape"),
            'c' => match self
                .peek()
                .filter(|control| control.is_ascii_digit() || *control == '_')
            {
                Some(control) => {
                    self.position += 1;
                    control as u32 % 32
                }
                None => self.character_escape(letter),
            },
            _ => self.character_escape(letter),
        };
        if (0xD800..0xDC00).contains(&code) {
            // A pair that is written as two escapes is one character here.
            return Ok(Member::Char(
                self.low_surrogate(code).map_or(code, |pair| pair as u32),
            ));
        }
        Ok(Member::Char(code))
    }
}

/// Adds to a class; halves of pairs are in no text.
fn add(ranges: &mut Vec<(u32, u32)>, member: Member) {
    match member {
        Member::Char(code) if is_surrogate(code) => {}
        Member::Char(code) => ranges.push((code, code)),
        Member::Set(set) => ranges.extend(set.ranges()),
    }
}
