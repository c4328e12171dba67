//! Reads a pattern: the grammar of ECMAScript with its Annex B, which forgives nearly everything.

use super::set::Set;
use super::syntax::{Node, Repeat, UNBOUNDED};
use super::{Flags, RegexError};

/// The longest pattern.
pub const PATTERN_BYTES_MAX: usize = 64 * 1024;

/// How deep groups may be nested.
pub const NESTING_MAX: usize = 100;

/// Most groups that capture.
pub const GROUPS_MAX: u32 = 1_000;

pub(super) struct Parser<'a> {
    pub(super) pattern: &'a [char],
    pub(super) position: usize,
    pub(super) flags: Flags,
    /// How many groups the whole pattern has, for `\1` may stand before its group.
    pub(super) groups: u32,
    pub(super) names: Vec<(String, u32)>,
    /// Names of the groups that have ended.
    closed: Vec<String>,
    /// How many groups have begun.
    opened: u32,
    depth: usize,
}

pub(super) fn error<T>(reason: &'static str) -> Result<T, RegexError> {
    Err(RegexError { reason })
}

/// Parses a pattern; returns its tree and how many groups capture.
pub(super) fn parse(pattern: &str, flags: Flags) -> Result<(Node, u32), RegexError> {
    if pattern.len() > PATTERN_BYTES_MAX {
        return error("Regular expression too large");
    }
    let pattern: Vec<char> = pattern.chars().collect();
    let mut parser = Parser {
        pattern: &pattern,
        position: 0,
        flags,
        groups: 0,
        names: Vec::new(),
        closed: Vec::new(),
        opened: 0,
        depth: 0,
    };
    parser.find_groups();
    if parser.groups > GROUPS_MAX {
        return error("Too many captures");
    }
    let tree = parser.alternatives()?;
    match parser.peek() {
        Some(_) => error("Unmatched ')'"),
        None => Ok((tree, parser.groups)),
    }
}

impl Parser<'_> {
    pub(super) fn peek(&self) -> Option<char> {
        self.pattern.get(self.position).copied()
    }

    pub(super) fn peek_at(&self, offset: usize) -> Option<char> {
        self.pattern.get(self.position + offset).copied()
    }

    pub(super) fn take(&mut self, expected: char) -> bool {
        let found = self.peek() == Some(expected);
        self.position += usize::from(found);
        found
    }

    fn take_text(&mut self, expected: &str) -> bool {
        let found = expected
            .chars()
            .enumerate()
            .all(|(index, character)| self.peek_at(index) == Some(character));
        if found {
            self.position += expected.chars().count();
        }
        found
    }

    /// Counts groups and notes their names, before anything is parsed.
    fn find_groups(&mut self) {
        let mut is_class = false;
        while let Some(character) = self.peek() {
            self.position += 1;
            match character {
                '\\' => self.position += 1,
                '[' => is_class = true,
                ']' => is_class = false,
                '(' if !is_class => self.note_group(),
                _ => {}
            }
        }
        self.position = 0;
    }

    fn note_group(&mut self) {
        if self.peek() != Some('?') {
            self.groups += 1;
        } else if self.peek_at(1) == Some('<') && !matches!(self.peek_at(2), Some('=' | '!')) {
            self.groups += 1;
            self.position += 2;
            // What is wrong with a name is said when the parser gets there.
            if let Ok(name) = self.name() {
                self.names.push((name, self.groups));
            }
        }
    }

    /// Reads `name>`.
    pub(super) fn name(&mut self) -> Result<String, RegexError> {
        let mut name = String::new();
        while let Some(mut character) = self.peek() {
            self.position += 1;
            match character {
                '>' if !name.is_empty() => return Ok(name),
                '\\' => match self.unicode_escape() {
                    Some(code) => character = char::from_u32(code).unwrap_or('\\'),
                    None => break,
                },
                _ => {}
            }
            let is_letter = character.is_alphabetic() || matches!(character, '_' | '$');
            if !is_letter && (name.is_empty() || !character.is_alphanumeric()) {
                break;
            }
            name.push(character);
        }
        error("Invalid capture group name")
    }

    /// Reads `uXXXX`, or `u{…}` in a name.
    fn unicode_escape(&mut self) -> Option<u32> {
        if !self.take('u') {
            return None;
        }
        self.hex(4)
    }

    fn alternatives(&mut self) -> Result<Node, RegexError> {
        let mut choices = vec![self.sequence()?];
        while self.take('|') {
            choices.push(self.sequence()?);
        }
        if choices.len() == 1 {
            return Ok(choices.remove(0));
        }
        Ok(self
            .choice_of_characters(&choices)
            .unwrap_or(Node::Alternate(choices)))
    }

    /// Makes a set of choices that each are one character.
    fn choice_of_characters(&self, choices: &[Node]) -> Option<Node> {
        let mut ranges = Vec::new();
        for choice in choices {
            match choice {
                Node::Char(character) => ranges.push((*character as u32, *character as u32)),
                Node::Set(set) => ranges.extend(set.ranges()),
                _ => return None,
            }
        }
        let set = Set::of(&ranges);
        Some(Node::Set(if self.flags.ignore_case { set.folded() } else { set }))
    }

    fn sequence(&mut self) -> Result<Node, RegexError> {
        let mut parts = Vec::new();
        while !matches!(self.peek(), None | Some('|' | ')')) {
            let opened = self.opened;
            let (part, is_repeatable) = self.term()?;
            if !is_repeatable
                && matches!(part, Node::Look { is_behind: true, .. })
                && self.quantifier()?.is_some()
            {
                return error("Invalid quantifier");
            }
            parts.push(if is_repeatable {
                self.repeated(part, opened)?
            } else {
                part
            });
        }
        Ok(match parts.len() {
            0 => Node::Empty,
            1 => parts.remove(0),
            _ => Node::Concat(parts),
        })
    }

    /// Reads one part, and says whether a quantifier may follow.
    fn term(&mut self) -> Result<(Node, bool), RegexError> {
        let Some(character) = self.peek() else {
            return Ok((Node::Empty, false));
        };
        self.position += 1;
        let node = match character {
            '^' => return Ok((Node::Start, false)),
            '$' => return Ok((Node::End, false)),
            '(' => return self.group(),
            '.' => Node::Any,
            '[' => self.class()?,
            '*' | '+' | '?' => return error("Nothing to repeat"),
            '{' => {
                self.position -= 1;
                if self.braces()?.is_some() {
                    return error("Nothing to repeat");
                }
                self.position += 1;
                Node::Char('{')
            }
            '\\' => match self.peek() {
                Some(letter @ ('b' | 'B')) => {
                    self.position += 1;
                    return Ok((
                        Node::Boundary {
                            negated: letter == 'B',
                        },
                        false,
                    ));
                }
                _ => self.atom_escape()?,
            },
            character => Node::Char(character),
        };
        Ok((node, true))
    }

    fn group(&mut self) -> Result<(Node, bool), RegexError> {
        self.depth += 1;
        if self.depth > NESTING_MAX {
            return error("Regular expression too large");
        }
        let node = if self.take_text("?:") {
            (self.body()?, true)
        } else if self.take_text("?=") {
            (self.look(false, false)?, true)
        } else if self.take_text("?!") {
            (self.look(false, true)?, true)
        } else if self.take_text("?<=") {
            (self.look(true, false)?, false)
        } else if self.take_text("?<!") {
            (self.look(true, true)?, false)
        } else {
            let mut name = None;
            if self.take_text("?<") {
                name = Some(self.name()?);
            } else if self.peek() == Some('?') {
                return error("Invalid group");
            }
            self.opened += 1;
            let group = self.opened;
            let body = self.body()?;
            self.close_name(name)?;
            (Node::Group(group, Box::new(body)), true)
        };
        self.depth -= 1;
        Ok(node)
    }

    /// Notes the name of a group that ends here; no group that ended before has the same.
    fn close_name(&mut self, name: Option<String>) -> Result<(), RegexError> {
        let Some(name) = name else {
            return Ok(());
        };
        if self.closed.contains(&name) {
            return error("Duplicate capture group name");
        }
        self.closed.push(name);
        Ok(())
    }

    fn look(&mut self, is_behind: bool, negated: bool) -> Result<Node, RegexError> {
        Ok(Node::Look {
            is_behind,
            negated,
            body: Box::new(self.body()?),
        })
    }

    fn body(&mut self) -> Result<Node, RegexError> {
        let body = self.alternatives()?;
        if self.take(')') {
            Ok(body)
        } else {
            error("Unterminated group")
        }
    }

    /// Reads a quantifier, if there is one, behind a part before which so many groups had begun.
    fn repeated(&mut self, body: Node, opened: u32) -> Result<Node, RegexError> {
        let Some((min, max)) = self.quantifier()? else {
            return Ok(body);
        };
        let greedy = !self.take('?');
        Ok(Node::Repeat(Box::new(Repeat {
            body,
            min,
            max,
            greedy,
            groups: opened + 1..self.opened + 1,
        })))
    }

    fn quantifier(&mut self) -> Result<Option<(u32, u32)>, RegexError> {
        let bounds = match self.peek() {
            Some('*') => (0, UNBOUNDED),
            Some('+') => (1, UNBOUNDED),
            Some('?') => (0, 1),
            Some('{') => return self.braces(),
            _ => return Ok(None),
        };
        self.position += 1;
        Ok(Some(bounds))
    }

    /// Reads `{1}`, `{1,}` or `{1,2}`; anything else stays where it is, a brace like any other character.
    fn braces(&mut self) -> Result<Option<(u32, u32)>, RegexError> {
        let start = self.position;
        self.position += 1;
        let Some(min) = self.decimal() else {
            self.position = start;
            return Ok(None);
        };
        let mut max = min;
        if self.take(',') {
            max = self.decimal().unwrap_or(UNBOUNDED);
        }
        if !self.take('}') {
            self.position = start;
            return Ok(None);
        }
        if max < min {
            return error("numbers out of order in {} quantifier");
        }
        Ok(Some((min, max)))
    }

    /// Reads digits; a number too large is unbounded.
    pub(super) fn decimal(&mut self) -> Option<u32> {
        let mut number = None;
        while let Some(digit) = self.peek().and_then(|character| character.to_digit(10)) {
            self.position += 1;
            number = Some(number.unwrap_or(0u32).saturating_mul(10).saturating_add(digit));
        }
        number
    }
}
