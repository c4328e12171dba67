//! From tokens to a tree: operators by their binding power.
//!
//! Owns the grammar, and the errors of what may stand where (S02xx) as far as they are found while reading. Must not
//! know what a path is. Invariant: no text makes it recurse deeper than [`NESTING_MAX`].

use super::syntax::{Kind, Literal, Syntax, Term};
use super::token::{Lexer, Token};
use super::{Bound, Error};

/// The deepest nesting of an expression that is parsed. AWS parses any, and evaluates 100.
pub const NESTING_MAX: u32 = 160;

/// Parses an expression.
pub(super) fn parse(text: &str) -> Result<Syntax, Error> {
    let mut parser = Parser {
        lexer: Lexer::new(text),
        token: Token::End,
        position: 0,
        depth: 0,
    };
    parser.advance(true)?;
    let tree = parser.expression(0)?;
    match parser.token {
        Token::End => Ok(tree),
        _ => Err(parser.error("S0201")),
    }
}

/// Returns how strongly an operator binds what stands at its left.
fn power(token: &Token) -> u32 {
    match token {
        Token::Word("and") => 30,
        Token::Word("or") => 25,
        Token::Word(_) => 40,
        Token::Operator(operator) => match *operator {
            "[" | "(" | "@" | "#" => 80,
            "." => 75,
            "{" => 70,
            "*" | "/" | "%" => 60,
            "+" | "-" | "&" => 50,
            "=" | "<" | ">" | "^" | "!=" | "<=" | ">=" | "~>" => 40,
            "?" => 20,
            ":=" => 10,
            _ => 0,
        },
        _ => 0,
    }
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    token: Token,
    position: u32,
    depth: u32,
}

impl Parser<'_> {
    /// Reads the next token; `operand` says that an operand may stand there.
    fn advance(&mut self, operand: bool) -> Result<(), Error> {
        self.token = self.lexer.next(operand)?;
        self.position = self.lexer.here();
        match &self.token {
            Token::Operator(operator @ ("!" | "~")) => {
                Err(Error::new("S0204").at(self.position).with_token(*operator))
            }
            _ => Ok(()),
        }
    }

    fn is(&self, operator: &str) -> bool {
        matches!(&self.token, Token::Operator(found) if *found == operator)
    }

    fn error(&self, code: &'static str) -> Error {
        Error::new(code).at(self.position).with_token(self.token.shown())
    }

    /// Passes an operator that must stand here.
    fn expect(&mut self, operator: &str, operand: bool) -> Result<(), Error> {
        if self.is(operator) {
            return self.advance(operand);
        }
        let code = if self.token == Token::End {
            "S0203"
        } else {
            "S0202"
        };
        Err(self.error(code).with_value(operator))
    }

    /// Passes an operator if it stands here.
    fn passes(&mut self, operator: &str) -> Result<bool, Error> {
        let found = self.is(operator);
        if found {
            self.advance(true)?;
        }
        Ok(found)
    }

    fn node(&self, kind: Kind, position: u32) -> Result<Syntax, Error> {
        let mut height = 0;
        kind.each_part(&mut |part| height = height.max(part.height));
        if height >= NESTING_MAX {
            return Err(Error::bound(Bound::Depth).at(position));
        }
        Ok(Syntax {
            kind,
            position,
            keep_array: false,
            height: height + 1,
        })
    }

    fn expression(&mut self, right: u32) -> Result<Syntax, Error> {
        self.depth += 1;
        if self.depth > NESTING_MAX {
            return Err(Error::bound(Bound::Depth).at(self.position));
        }
        let mut left = self.operand()?;
        while right < power(&self.token) {
            left = self.operation(left)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    /// Reads an operand: what begins an expression.
    fn operand(&mut self) -> Result<Syntax, Error> {
        let position = self.position;
        let token = std::mem::replace(&mut self.token, Token::End);
        let refused = match &token {
            Token::Operator(operator) => !matches!(*operator, "-" | "*" | "**" | "%" | "(" | "[" | "{" | "|"),
            _ => false,
        };
        // The language reads one token further before it refuses this one.
        self.advance(false)?;
        if refused {
            return Err(Error::new("S0211").at(position).with_token(token.shown()));
        }
        let kind = match token {
            Token::End => Kind::End,
            Token::Word(word) => Kind::Word(word),
            Token::Name(name) => Kind::Name(name),
            Token::Variable(name) => Kind::Variable(name),
            Token::String(text) => Kind::String(text),
            Token::Number(number) => Kind::Number(number),
            Token::True => Kind::Literal(Literal::True),
            Token::False => Kind::Literal(Literal::False),
            Token::Null => Kind::Literal(Literal::Null),
            Token::Regex { pattern, flags } => Kind::Regex { pattern, flags },
            Token::Operator(operator) => return self.prefix(operator, position),
        };
        self.node(kind, position)
    }

    /// Reads what an operator begins. The token behind it was read as if it were an operator, where a slash
    /// divides; a regular expression may not stand there.
    fn prefix(&mut self, operator: &str, position: u32) -> Result<Syntax, Error> {
        let kind = match operator {
            "*" => Kind::Wildcard,
            "**" => Kind::Descendants,
            "%" => Kind::Parent,
            "-" => Kind::Negate(Box::new(self.expression(70)?)),
            "(" => self.block()?,
            "[" => self.array()?,
            "{" => Kind::Object(self.pairs()?),
            _ => self.transform()?,
        };
        self.node(kind, position)
    }

    fn block(&mut self) -> Result<Kind, Error> {
        let mut parts = Vec::new();
        while !self.is(")") {
            parts.push(self.expression(0)?);
            if !self.passes(";")? {
                break;
            }
        }
        self.expect(")", false)?;
        Ok(Kind::Block(parts))
    }

    fn array(&mut self) -> Result<Kind, Error> {
        let mut items = Vec::new();
        while items.is_empty() && !self.is("]") || !items.is_empty() {
            let item = self.expression(0)?;
            let position = self.position;
            items.push(if self.passes("..")? {
                let (left, right) = (Box::new(item), Box::new(self.expression(0)?));
                self.node(
                    Kind::Binary {
                        operator: "..",
                        left,
                        right,
                    },
                    position,
                )?
            } else {
                item
            });
            if !self.passes(",")? {
                break;
            }
        }
        self.expect("]", false)?;
        Ok(Kind::Array(items))
    }

    fn pairs(&mut self) -> Result<Vec<(Syntax, Syntax)>, Error> {
        let mut pairs = Vec::new();
        while pairs.is_empty() && !self.is("}") || !pairs.is_empty() {
            let key = self.expression(0)?;
            self.expect(":", true)?;
            pairs.push((key, self.expression(0)?));
            if !self.passes(",")? {
                break;
            }
        }
        self.expect("}", false)?;
        Ok(pairs)
    }

    fn transform(&mut self) -> Result<Kind, Error> {
        let pattern = Box::new(self.expression(0)?);
        self.expect("|", true)?;
        let update = Box::new(self.expression(0)?);
        let delete = match self.passes(",")? {
            true => Some(Box::new(self.expression(0)?)),
            false => None,
        };
        self.expect("|", true)?;
        Ok(Kind::Transform {
            pattern,
            update,
            delete,
        })
    }

    /// Reads an operator and what stands at its right.
    fn operation(&mut self, left: Syntax) -> Result<Syntax, Error> {
        let (position, power) = (self.position, power(&self.token));
        let operator = match self.token {
            Token::Operator(operator) | Token::Word(operator) => operator,
            _ => return Ok(left),
        };
        self.advance(true)?;
        let left = Box::new(left);
        let kind = match operator {
            "(" => self.call(left)?,
            "[" => return self.predicate(left, position),
            "{" => Kind::Group {
                left,
                pairs: self.pairs()?,
            },
            "^" => self.sort(left)?,
            ":=" => self.bind(*left, power)?,
            "@" => Kind::Focus {
                left,
                name: self.bound_name("@", power)?,
            },
            "#" => Kind::Index {
                left,
                name: self.bound_name("#", power)?,
            },
            "?" => self.condition(left)?,
            _ => Kind::Binary {
                operator,
                left,
                right: Box::new(self.expression(power)?),
            },
        };
        self.node(kind, position)
    }

    fn predicate(&mut self, mut left: Box<Syntax>, position: u32) -> Result<Syntax, Error> {
        if self.is("]") {
            let mut step = &mut *left;
            while let Kind::Predicate { left, .. } = &mut step.kind {
                step = left;
            }
            step.keep_array = true;
            self.advance(true)?;
            return Ok(*left);
        }
        let right = Box::new(self.expression(0)?);
        self.expect("]", false)?;
        self.node(Kind::Predicate { left, right }, position)
    }

    fn sort(&mut self, left: Box<Syntax>) -> Result<Kind, Error> {
        self.expect("(", true)?;
        let mut terms = Vec::new();
        loop {
            let descending = self.is(">");
            if descending || self.is("<") {
                self.advance(true)?;
            }
            terms.push(Term {
                descending,
                key: self.expression(0)?,
            });
            if !self.passes(",")? {
                break;
            }
        }
        self.expect(")", true)?;
        Ok(Kind::Sort { left, terms })
    }

    fn bind(&mut self, left: Syntax, power: u32) -> Result<Kind, Error> {
        let Kind::Variable(name) = left.kind else {
            return Err(Error::new("S0212")
                .at(left.position)
                .with_token(left.kind.shown()));
        };
        let right = Box::new(self.expression(power - 1)?);
        Ok(Kind::Bind { name, right })
    }

    fn bound_name(&mut self, operator: &str, power: u32) -> Result<String, Error> {
        let right = self.expression(power)?;
        match right.kind {
            Kind::Variable(name) => Ok(name),
            _ => Err(Error::new("S0214").at(right.position).with_token(operator)),
        }
    }

    fn condition(&mut self, condition: Box<Syntax>) -> Result<Kind, Error> {
        let then = Box::new(self.expression(0)?);
        let otherwise = match self.passes(":")? {
            true => Some(Box::new(self.expression(0)?)),
            false => None,
        };
        Ok(Kind::Condition {
            condition,
            then,
            otherwise,
        })
    }

    fn call(&mut self, procedure: Box<Syntax>) -> Result<Kind, Error> {
        let (mut arguments, mut partial) = (Vec::new(), false);
        while arguments.is_empty() && !self.is(")") || !arguments.is_empty() {
            if self.is("?") {
                partial = true;
                arguments.push(self.node(Kind::Placeholder, self.position)?);
                self.advance(true)?;
            } else {
                arguments.push(self.expression(0)?);
            }
            if !self.passes(",")? {
                break;
            }
        }
        self.expect(")", false)?;
        match &procedure.kind {
            Kind::Name(name) if matches!(name.as_str(), "function" | "λ") => self.lambda(arguments),
            _ => Ok(Kind::Call {
                procedure,
                arguments,
                partial,
            }),
        }
    }

    fn lambda(&mut self, arguments: Vec<Syntax>) -> Result<Kind, Error> {
        let mut parameters = Vec::new();
        for (index, argument) in arguments.into_iter().enumerate() {
            match argument.kind {
                Kind::Variable(name) => parameters.push(name),
                other => {
                    let error = Error::new("S0208")
                        .at(argument.position)
                        .with_token(other.shown());
                    return Err(error.with_value((index + 1) as f64));
                }
            }
        }
        let signature = if self.is("<") {
            Some(self.signature()?)
        } else {
            None
        };
        self.expect("{", true)?;
        let body = Box::new(self.expression(0)?);
        self.expect("}", true)?;
        Ok(Kind::Lambda {
            parameters,
            signature,
            body,
        })
    }

    fn signature(&mut self) -> Result<String, Error> {
        let position = self.position;
        let (mut text, mut depth) = ("<".to_owned(), 1);
        while depth > 0 && !self.is("{") && self.token != Token::End {
            self.advance(true)?;
            match &self.token {
                Token::Operator(">") => depth -= 1,
                Token::Operator("<") => depth += 1,
                _ => {}
            }
            text.push_str(&self.token.text());
        }
        self.expect(">", true)?;
        super::signature::check(&text, position)?;
        Ok(text)
    }
}
