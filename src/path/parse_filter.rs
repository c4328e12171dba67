//! The grammar of filter conditions, `?( ... )`, after Jayway JsonPath.
//!
//! Owns operators, literals and precedence (`!` before `&&` before `||`); paths inside a condition
//! go back to [`super::parse`].

use super::parse::{NESTING_MAX, Place, parse_at, quoted};
use super::scan::Scanner;
use super::{Filter, Operand, Operator, ParseError, Path};
use crate::value::Heap;

/// The most memory a compiled pattern may take.
const REGEX_BYTES_MAX: usize = 1 << 18;

/// Parses `?( condition )`.
pub(super) fn parse(scanner: &mut Scanner, depth: usize) -> Result<Filter, ParseError> {
    scanner.expect("?")?;
    scanner.skip_blanks();
    scanner.expect("(")?;
    let filter = parse_or(scanner, deeper(scanner, depth)?)?;
    scanner.expect(")")?;
    Ok(filter)
}

fn deeper(scanner: &Scanner, depth: usize) -> Result<usize, ParseError> {
    if depth == NESTING_MAX {
        return Err(scanner.error(format!("a condition nests deeper than {NESTING_MAX} levels")));
    }
    Ok(depth + 1)
}

fn parse_or(scanner: &mut Scanner, depth: usize) -> Result<Filter, ParseError> {
    let mut terms = vec![parse_and(scanner, depth)?];
    while scanner.eat("||") {
        terms.push(parse_and(scanner, depth)?);
    }
    Ok(single(terms, Filter::Or))
}

fn parse_and(scanner: &mut Scanner, depth: usize) -> Result<Filter, ParseError> {
    let mut terms = vec![parse_term(scanner, depth)?];
    while scanner.eat("&&") {
        terms.push(parse_term(scanner, depth)?);
    }
    Ok(single(terms, Filter::And))
}

fn single(mut terms: Vec<Filter>, many: fn(Vec<Filter>) -> Filter) -> Filter {
    match terms.len() {
        1 => terms.swap_remove(0),
        _ => many(terms),
    }
}

/// Parses one term and the blanks around it.
fn parse_term(scanner: &mut Scanner, depth: usize) -> Result<Filter, ParseError> {
    scanner.skip_blanks();
    let filter = if scanner.eat("!") {
        Filter::Not(Box::new(parse_term(scanner, deeper(scanner, depth)?)?))
    } else if scanner.eat("(") {
        let inner = parse_or(scanner, deeper(scanner, depth)?)?;
        scanner.expect(")")?;
        inner
    } else {
        parse_comparison(scanner, depth)?
    };
    scanner.skip_blanks();
    Ok(filter)
}

fn parse_comparison(scanner: &mut Scanner, depth: usize) -> Result<Filter, ParseError> {
    let left = parse_operand(scanner, depth)?;
    scanner.skip_blanks();
    if matches!(scanner.peek(), Some(')' | '&' | '|')) {
        return match left {
            Operand::Element(path) => Ok(Filter::Exists(path)),
            Operand::Document(path) => Ok(Filter::ExistsInDocument(path)),
            _ => Err(scanner.error("expected an operator")),
        };
    }
    let operator = parse_operator(scanner)?;
    scanner.skip_blanks();
    let right = parse_operand(scanner, depth)?;
    Ok(Filter::Compare {
        left,
        operator,
        right,
    })
}

const SYMBOLS: [(&str, Operator); 9] = [
    // Longer ones first.
    ("===", Operator::SameType),
    ("!==", Operator::NotSameType),
    ("==", Operator::Equal),
    ("=~", Operator::Matches),
    ("!=", Operator::NotEqual),
    ("<=", Operator::LessEqual),
    (">=", Operator::GreaterEqual),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

fn parse_operator(scanner: &mut Scanner) -> Result<Operator, ParseError> {
    if let Some((_, operator)) = SYMBOLS.iter().find(|(symbol, _)| scanner.eat(symbol)) {
        return Ok(*operator);
    }
    let start = scanner.offset();
    let word = scanner
        .eat_while(|c| c.is_ascii_alphabetic())
        .to_ascii_lowercase();
    match word.as_str() {
        "in" => Ok(Operator::In),
        "nin" => Ok(Operator::NotIn),
        "subsetof" => Ok(Operator::SubsetOf),
        "anyof" => Ok(Operator::AnyOf),
        "noneof" => Ok(Operator::NoneOf),
        "size" => Ok(Operator::Size),
        "empty" => Ok(Operator::Empty),
        "contains" => Ok(Operator::Contains),
        "all" => Ok(Operator::All),
        _ => Err(scanner.error_at(start, "expected an operator")),
    }
}

fn parse_operand(scanner: &mut Scanner, depth: usize) -> Result<Operand, ParseError> {
    match scanner.peek() {
        Some('@') => Ok(Operand::Element(parse_path(scanner, depth)?)),
        Some('$') => Ok(Operand::Document(parse_path(scanner, depth)?)),
        Some('\'' | '"') => Ok(Operand::Json(json_string(&quoted(scanner)?))),
        Some('/') => parse_regex(scanner),
        Some('[' | '{') => parse_json(scanner),
        _ => parse_word(scanner),
    }
}

fn parse_path(scanner: &mut Scanner, depth: usize) -> Result<Path, ParseError> {
    parse_at(scanner, Place::Operand, depth)
}

/// Parses `true`, `false`, `null`, a number, or a bare word.
///
/// A bare word is a text: AWS's own published workflows have `[?(@.code==es)]`.
fn parse_word(scanner: &mut Scanner) -> Result<Operand, ParseError> {
    let word = scanner.eat_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '+' | '.' | ':'));
    if word.is_empty() {
        return Err(scanner.error("expected a path or a constant"));
    }
    let is_number = || {
        let mut number = Scanner::new(word);
        number.number().is_ok() && number.rest().is_empty()
    };
    if matches!(word, "true" | "false" | "null") || is_number() {
        return Ok(Operand::Json(word.to_owned()));
    }
    Ok(Operand::Json(json_string(word)))
}

fn parse_regex(scanner: &mut Scanner) -> Result<Operand, ParseError> {
    scanner.expect("/")?;
    let mut pattern = String::new();
    loop {
        match scanner.bump() {
            None => return Err(scanner.error("expected `/`")),
            Some('/') => break,
            Some('\\') if scanner.eat("/") => pattern.push('/'),
            Some('\\') => {
                pattern.push('\\');
                pattern.extend(scanner.bump());
            }
            Some(c) => pattern.push(c),
        }
    }
    let flags = scanner.eat_while(|c| c.is_ascii_alphabetic());
    if !flags.chars().all(|flag| flag == 'i') {
        return Err(scanner.error("expected no flag but `i`"));
    }
    let ignore_case = !flags.is_empty();
    match regex(&pattern, ignore_case) {
        Ok(_) => Ok(Operand::Regex { pattern, ignore_case }),
        Err(error) => Err(scanner.error(format!("not a pattern: {error}"))),
    }
}

/// Builds a pattern that must match a whole text, as Java's `matches` does.
pub(super) fn regex(pattern: &str, ignore_case: bool) -> Result<regex_lite::Regex, regex_lite::Error> {
    let build = |pattern: &str| {
        let mut builder = regex_lite::RegexBuilder::new(pattern);
        builder
            .case_insensitive(ignore_case)
            .size_limit(REGEX_BYTES_MAX)
            .build()
    };
    // By itself first: `a)|(b` would become valid between the anchors.
    build(pattern)?;
    build(&format!(r"\A(?:{pattern})\z"))
}

/// Reads an array or object up to its last bracket. Texts in it may have single quotes, as Jayway's own
/// examples do.
fn parse_json(scanner: &mut Scanner) -> Result<Operand, ParseError> {
    let mut json = String::new();
    let mut open = 0usize;
    loop {
        match scanner.peek() {
            None => return Err(scanner.error("expected the end of an array or object")),
            Some('\'' | '"') => {
                json.push_str(&json_string(&quoted(scanner)?));
                continue;
            }
            Some('[' | '{') => open += 1,
            Some(']' | '}') => open -= 1,
            _ => {}
        }
        json.extend(scanner.bump());
        if open == 0 {
            return match Heap::new().index(json.as_bytes()) {
                Ok(_) => Ok(Operand::Json(json)),
                Err(error) => Err(scanner.error(format!("not JSON: {}", error.message))),
            };
        }
    }
}

/// Writes a text as a JSON string.
fn json_string(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    json.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            '\0'..='\u{1f}' => json.push_str(&format!("\\u{:04x}", u32::from(c))),
            _ => json.push(c),
        }
    }
    json.push('"');
    json
}
