//! The grammar of paths (facts 5.1), after Jayway JsonPath.
//!
//! Owns everything but filter conditions. Reads text once, left to right; the only recursion is
//! through filters and is bounded by [`NESTING_MAX`].

use super::scan::Scanner;
use super::{Function, ParseError, Path, Root, Step, parse_filter};

/// How deep filters, parentheses and negations may nest in one path.
pub const NESTING_MAX: usize = 16;

/// Where a path stands, which says what ends it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The path is the whole text.
    Whole,
    /// An argument of an intrinsic function: `,`, `)` or a blank ends it.
    Argument,
    /// An operand in a filter: an operator, `)` or a blank ends it; `@` may begin it.
    Operand,
}

/// Parses a path: `$...`, `$$...` or `$name...`.
///
/// # Errors
/// Where the text is not a path, with the offset.
pub fn parse(text: &str) -> Result<Path, ParseError> {
    let mut scanner = Scanner::new(text);
    let path = parse_at(&mut scanner, Place::Whole, 0)?;
    scanner.finish()?;
    Ok(path)
}

/// Parses a path that begins at the scanner's position, and stops behind it.
pub(crate) fn parse_at(scanner: &mut Scanner, place: Place, depth: usize) -> Result<Path, ParseError> {
    let start = scanner.offset();
    let root = parse_root(scanner, place)?;
    let mut steps = Vec::new();
    while parse_step(scanner, place, depth, &mut steps)? {}
    Ok(Path {
        text: scanner.since(start).to_owned(),
        root,
        steps,
    })
}

fn parse_root(scanner: &mut Scanner, place: Place) -> Result<Root, ParseError> {
    if place == Place::Operand {
        // In a filter `@` is the element and `$` the document; the caller tells them apart.
        return match scanner.eat("@") || scanner.eat("$") {
            true => Ok(Root::Input),
            false => Err(scanner.error("expected `@` or `$`")),
        };
    }
    scanner.expect("$")?;
    if scanner.eat("$") {
        return Ok(Root::Context);
    }
    let name = scanner.eat_while(unicode_ident::is_xid_continue);
    match name.chars().next() {
        None => Ok(Root::Input),
        Some(first) if unicode_ident::is_xid_start(first) => Ok(Root::Variable(name.to_owned())),
        Some(_) => Err(scanner.error_at(1, "a variable's name begins with a letter")),
    }
}

/// Parses one step; `false` means that the path has ended.
fn parse_step(
    scanner: &mut Scanner,
    place: Place,
    depth: usize,
    steps: &mut Vec<Step>,
) -> Result<bool, ParseError> {
    if scanner.eat("..") {
        steps.push(Step::Descend);
    } else if scanner.eat(".") {
        // `$.[0]` is accepted like `$[0]`.
    } else if scanner.peek() != Some('[') {
        return match scanner.peek() {
            Some(next) if place == Place::Whole && !next.is_ascii_whitespace() => {
                Err(scanner.error("expected `.` or `[`"))
            }
            _ => Ok(false),
        };
    }
    let step = match scanner.peek() {
        Some('[') => parse_bracket(scanner, depth)?,
        Some('*') => {
            scanner.eat("*");
            Step::Wildcard
        }
        _ => parse_name(scanner, place)?,
    };
    steps.push(step);
    Ok(true)
}

/// Parses `name` or `function()` behind a dot.
fn parse_name(scanner: &mut Scanner, place: Place) -> Result<Step, ParseError> {
    let start = scanner.offset();
    let name = scanner.eat_while(|c| is_name_character(c, place));
    if name.is_empty() {
        return Err(scanner.error("expected a name, `[` or `*`"));
    }
    if !scanner.eat("(") {
        return Ok(Step::Key(name.to_owned()));
    }
    let Some(function) = Function::from_name(name) else {
        return Err(scanner.error_at(start, format!("there is no function `{name}`")));
    };
    scanner.skip_blanks();
    scanner.expect(")")?;
    Ok(Step::Function(function))
}

/// Says whether a character may stand in a name without brackets.
///
/// The language asks for letters, digits and `_`; AWS takes more (`$.delivery-partner` is recorded),
/// so only what has a meaning in a path, or could be a slip, is refused.
fn is_name_character(c: char, place: Place) -> bool {
    match c {
        '_' | '-' | ':' | '@' | '#' | '/' | '$' | '+' | '%' | ';' => true,
        '~' => place != Place::Operand,
        _ if c.is_ascii() => c.is_ascii_alphanumeric(),
        _ => !c.is_whitespace() && !c.is_control(),
    }
}

fn parse_bracket(scanner: &mut Scanner, depth: usize) -> Result<Step, ParseError> {
    scanner.expect("[")?;
    scanner.skip_blanks();
    let step = match scanner.peek() {
        Some('*') => {
            scanner.eat("*");
            Step::Wildcard
        }
        Some('?') => Step::Filter(parse_filter::parse(scanner, depth)?),
        Some('\'' | '"') => parse_keys(scanner)?,
        Some('-' | ':' | '0'..='9') => parse_indices(scanner)?,
        _ => return Err(scanner.error("expected a quoted name, an index, `*` or `?`")),
    };
    scanner.skip_blanks();
    scanner.expect("]")?;
    Ok(step)
}

/// Parses `'a'` or `'a', 'b'`.
fn parse_keys(scanner: &mut Scanner) -> Result<Step, ParseError> {
    let first = quoted(scanner)?;
    let mut more = Vec::new();
    while next_in_list(scanner) {
        more.push(quoted(scanner)?);
    }
    if more.is_empty() {
        return Ok(Step::Key(first));
    }
    more.insert(0, first);
    Ok(Step::Keys(more))
}

/// Parses `0`, `0, 2`, `1:`, `:2`, `1:2` or `1:2:1`.
fn parse_indices(scanner: &mut Scanner) -> Result<Step, ParseError> {
    let first = optional_index(scanner)?;
    scanner.skip_blanks();
    if scanner.peek() == Some(':') {
        return parse_slice(scanner, first);
    }
    let Some(first) = first else {
        return Err(scanner.error("expected an index"));
    };
    let mut more = Vec::new();
    while next_in_list(scanner) {
        match optional_index(scanner)? {
            Some(index) => more.push(index),
            None => return Err(scanner.error("expected an index")),
        }
    }
    if more.is_empty() {
        return Ok(Step::Index(first));
    }
    more.insert(0, first);
    Ok(Step::Indices(more))
}

fn parse_slice(scanner: &mut Scanner, start: Option<i64>) -> Result<Step, ParseError> {
    scanner.expect(":")?;
    scanner.skip_blanks();
    let end = optional_index(scanner)?;
    scanner.skip_blanks();
    let step = if scanner.eat(":") {
        optional_index(scanner)?
    } else {
        None
    };
    if start.is_none() && end.is_none() {
        return Err(scanner.error("a slice needs a first or a last index"));
    }
    Ok(Step::Slice { start, end, step })
}

fn next_in_list(scanner: &mut Scanner) -> bool {
    scanner.skip_blanks();
    let found = scanner.eat(",");
    scanner.skip_blanks();
    found
}

/// Parses an index if there is one. Indices are 32 bits wide, as in Java.
fn optional_index(scanner: &mut Scanner) -> Result<Option<i64>, ParseError> {
    let start = scanner.offset();
    let negative = scanner.eat("-");
    let digits = scanner.eat_while(|c| c.is_ascii_digit());
    if digits.is_empty() && !negative {
        return Ok(None);
    }
    match scanner.since(start).parse::<i32>() {
        Ok(index) => Ok(Some(i64::from(index))),
        Err(_) => Err(scanner.error_at(start, "expected an index of 32 bits")),
    }
}

/// Reads a quoted text. A backslash keeps the next character from ending the text, and only an
/// escaped delimiter is resolved: everything else stays as written.
///
/// AWS's engine is an early Jayway, which does not decode names (a workflow that AWS accepts names the
/// member `Test\""Name"` by `$['Test\""Name"']`).
pub(super) fn quoted(scanner: &mut Scanner) -> Result<String, ParseError> {
    let Some(quote @ ('\'' | '"')) = scanner.peek() else {
        return Err(scanner.error("expected a quoted name"));
    };
    scanner.bump();
    let mut decoded = String::new();
    loop {
        match scanner.bump() {
            None => return Err(scanner.error(format!("expected `{quote}`"))),
            Some(c) if c == quote => return Ok(decoded),
            Some('\\') => match scanner.bump() {
                Some(next) if next == quote => decoded.push(quote),
                Some(next) => decoded.extend(['\\', next]),
                None => return Err(scanner.error("expected a character behind `\\`")),
            },
            Some(c) => decoded.push(c),
        }
    }
}
