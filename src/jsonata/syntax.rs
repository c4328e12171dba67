//! The tree that the parser makes: what is written, nothing of what it means.
//!
//! Invariant: no tree is higher than [`super::NESTING_MAX`], so whoever walks one may recurse.

use super::Shown;

/// A node: what it is, and where its token ends, in UTF-16 units.
#[derive(Clone, Debug)]
pub(super) struct Syntax {
    pub(super) kind: Kind,
    pub(super) position: u32,
    /// `[]` was written behind it: a result of one element stays an array.
    pub(super) keep_array: bool,
    /// How many nodes stand above each other in it.
    pub(super) height: u32,
}

/// A literal that is neither a string nor a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Literal {
    Null,
    False,
    True,
}

/// A term of an order-by clause.
#[derive(Clone, Debug)]
pub(super) struct Term<T> {
    pub(super) descending: bool,
    pub(super) key: T,
}

type Pairs = Vec<(Syntax, Syntax)>;

#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// The end of the text, where an operand should stand.
    End,
    Name(String),
    Variable(String),
    String(String),
    Number(f64),
    Literal(Literal),
    Regex {
        pattern: String,
        flags: String,
    },
    /// `and`, `or` or `in` where an operand stands: a name.
    Word(&'static str),
    /// `?` in the place of an argument.
    Placeholder,
    Wildcard,
    Descendants,
    Parent,
    Binary {
        operator: &'static str,
        left: Box<Syntax>,
        right: Box<Syntax>,
    },
    Predicate {
        left: Box<Syntax>,
        right: Box<Syntax>,
    },
    Group {
        left: Box<Syntax>,
        pairs: Pairs,
    },
    Sort {
        left: Box<Syntax>,
        terms: Vec<Term<Syntax>>,
    },
    Focus {
        left: Box<Syntax>,
        name: String,
    },
    Index {
        left: Box<Syntax>,
        name: String,
    },
    Bind {
        name: String,

        right: Box<Syntax>,
    },
    Negate(Box<Syntax>),
    Array(Vec<Syntax>),
    Object(Pairs),
    Call {
        procedure: Box<Syntax>,
        arguments: Vec<Syntax>,
        partial: bool,
    },
    Lambda {
        parameters: Vec<String>,
        signature: Option<String>,
        body: Box<Syntax>,
    },
    Block(Vec<Syntax>),
    Condition {
        condition: Box<Syntax>,
        then: Box<Syntax>,
        otherwise: Option<Box<Syntax>>,
    },
    Transform {
        pattern: Box<Syntax>,
        update: Box<Syntax>,
        delete: Option<Box<Syntax>>,
    },
}

impl Kind {
    /// Calls a function with each part.
    pub(super) fn each_part<'a>(&'a self, part: &mut dyn FnMut(&'a Syntax)) {
        match self {
            Kind::Binary { left, right, .. } | Kind::Predicate { left, right } => {
                part(left);
                part(right);
            }
            Kind::Group { left, pairs } => {
                part(left);
                for (key, value) in pairs {
                    part(key);
                    part(value);
                }
            }
            Kind::Object(pairs) => {
                for (key, value) in pairs {
                    part(key);
                    part(value);
                }
            }
            Kind::Sort { left, terms } => {
                part(left);
                terms.iter().for_each(|term| part(&term.key));
            }
            Kind::Focus { left, .. } | Kind::Index { left, .. } => part(left),
            Kind::Bind { right, .. } => part(right),
            Kind::Negate(operand) => part(operand),
            Kind::Array(parts) | Kind::Block(parts) => parts.iter().for_each(part),
            Kind::Call {
                procedure, arguments, ..
            } => {
                part(procedure);
                arguments.iter().for_each(part);
            }
            Kind::Lambda { body, .. } => part(body),
            Kind::Condition {
                condition,
                then,
                otherwise,
            } => {
                part(condition);
                part(then);
                otherwise.iter().for_each(|otherwise| part(otherwise));
            }
            Kind::Transform {
                pattern,
                update,
                delete,
            } => {
                part(pattern);
                part(update);
                delete.iter().for_each(|delete| part(delete));
            }
            _ => {}
        }
    }
}

impl Kind {
    /// Returns the token as errors name it.
    pub(super) fn shown(&self) -> Shown {
        match self {
            Kind::Number(number) => Shown::Number(*number),
            Kind::Literal(_) => Shown::Json(self.text().into()),
            _ => Shown::Text(self.text().into()),
        }
    }

    /// Returns the token's text.
    pub(super) fn text(&self) -> String {
        let text: &str = match self {
            Kind::End => "(end)",
            Kind::Name(text) | Kind::Variable(text) | Kind::String(text) => text,
            Kind::Number(number) => return number.to_string(),
            Kind::Literal(Literal::Null) => "null",
            Kind::Literal(Literal::True) => "true",
            Kind::Literal(Literal::False) => "false",
            Kind::Regex { pattern, .. } => pattern,
            Kind::Word(text) => text,
            Kind::Placeholder | Kind::Condition { .. } => "?",
            Kind::Wildcard => "*",
            Kind::Descendants => "**",
            Kind::Parent => "%",
            Kind::Binary { operator, .. } => operator,
            Kind::Predicate { .. } | Kind::Array(_) => "[",
            Kind::Group { .. } | Kind::Object(_) => "{",
            Kind::Sort { .. } => "^",
            Kind::Focus { .. } => "@",
            Kind::Index { .. } => "#",
            Kind::Bind { .. } => ":=",
            Kind::Negate(_) => "-",
            Kind::Call { .. } | Kind::Block(_) | Kind::Lambda { .. } => "(",
            Kind::Transform { .. } => "|",
        };
        text.to_owned()
    }
}
