//! The grammar of intrinsic function calls (facts 6.1).
//!
//! Owns names, literals and nesting; how many arguments a function takes is asked at run time, as AWS
//! does (facts 6.2).

use super::{Argument, Call, Function};
use crate::path::scan::Scanner;
use crate::path::{self, ParseError, Place};

/// How deep calls may nest, the outermost included (facts 6.1).
pub const NESTING_MAX: usize = 10;

/// Parses a call: `States.Name(argument, ...)`.
///
/// # Errors
/// Where the text is not a call of a known function, with the offset.
pub fn parse(text: &str) -> Result<Call, ParseError> {
    let mut scanner = Scanner::new(text);
    let call = parse_call(&mut scanner, 1)?;
    scanner.finish()?;
    Ok(call)
}

fn parse_call(scanner: &mut Scanner, depth: usize) -> Result<Call, ParseError> {
    let start = scanner.offset();
    if depth > NESTING_MAX {
        return Err(scanner.error(format!("calls nest deeper than {NESTING_MAX} levels")));
    }
    scanner.expect("States.")?;
    let name = scanner.eat_while(|c| c.is_ascii_alphanumeric() || c == '_');
    let Some(function) = Function::from_name(name) else {
        return Err(scanner.error_at(start, format!("there is no function `States.{name}`")));
    };
    scanner.skip_blanks();
    scanner.expect("(")?;
    let arguments = parse_arguments(scanner, function, depth)?;
    Ok(Call {
        text: scanner.since(start).to_owned(),
        function,
        arguments,
    })
}

/// Parses the arguments and the closing parenthesis.
fn parse_arguments(
    scanner: &mut Scanner,
    function: Function,
    depth: usize,
) -> Result<Vec<Argument>, ParseError> {
    let mut arguments = Vec::new();
    scanner.skip_blanks();
    if scanner.eat(")") {
        return Ok(arguments);
    }
    loop {
        scanner.skip_blanks();
        let is_template = function == Function::Format && arguments.is_empty();
        arguments.push(parse_argument(scanner, is_template, depth)?);
        scanner.skip_blanks();
        if scanner.eat(")") {
            return Ok(arguments);
        }
        if !scanner.eat(",") {
            return Err(scanner.error("expected `,` or `)`"));
        }
    }
}

fn parse_argument(scanner: &mut Scanner, is_template: bool, depth: usize) -> Result<Argument, ParseError> {
    match scanner.peek() {
        Some('\'') => Ok(Argument::Text(parse_text(scanner, is_template)?)),
        Some('$') => Ok(Argument::Path(path::parse_at(scanner, Place::Argument, 0)?)),
        Some('S') => Ok(Argument::Call(parse_call(scanner, depth + 1)?)),
        Some('-' | '0'..='9') => Ok(Argument::Number(scanner.number()?.to_owned())),
        _ => parse_word(scanner),
    }
}

fn parse_word(scanner: &mut Scanner) -> Result<Argument, ParseError> {
    let start = scanner.offset();
    match scanner.eat_while(|c| c.is_ascii_alphanumeric()) {
        "true" => Ok(Argument::Boolean(true)),
        "false" => Ok(Argument::Boolean(false)),
        "null" => Ok(Argument::Null),
        _ => Err(scanner.error_at(start, "expected a text, number, path or call")),
    }
}

/// Parses `'text'`. A template keeps the escapes that [`Function::Format`] itself resolves.
fn parse_text(scanner: &mut Scanner, is_template: bool) -> Result<String, ParseError> {
    scanner.expect("'")?;
    let mut decoded = String::new();
    loop {
        match scanner.bump() {
            None => return Err(scanner.error("expected `'`")),
            Some('\'') => return Ok(decoded),
            Some('\\') => {
                let escaped = match scanner.peek() {
                    Some(c @ ('\'' | '{' | '}' | '\\')) => c,
                    _ => return Err(scanner.error("only ', {, } and \\ may be escaped")),
                };
                scanner.bump();
                if is_template && escaped != '\'' {
                    decoded.push('\\');
                }
                decoded.push(escaped);
            }
            Some(c) => decoded.push(c),
        }
    }
}
