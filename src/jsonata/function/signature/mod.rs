//! Signatures: `<s-nn?:s>` read, and arguments held against them.
//!
//! The reference turns a signature into a regular expression over the kinds of the arguments, one letter for
//! each. Which arguments fit, which one an error names, and what a missing one is replaced with all follow
//! from how that expression matches, so it is matched here in the same order of preference.
//!
//! Owns kinds and matching. Must not know values: the caller says of what kind each argument is, and gets
//! told how to use it.

mod builtin;
mod check;
mod parse;

#[cfg(test)]
mod tests;

pub use builtin::{AWS, BUILTINS, Builtin};
pub use check::{Arguments, Matching, Mismatch, Use};
pub use parse::{PARAMETERS_MAX, SignatureError};

/// What an argument is, as signatures tell kinds apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `s`
    String,
    /// `n`
    Number,
    /// `b`
    Boolean,
    /// `l`
    Null,
    /// `a`
    Array,
    /// `o`
    Object,
    /// `f`: built-in functions, lambdas, regular expressions
    Function,
    /// `m`: nothing
    Missing,
}

impl Kind {
    /// Returns the letter that stands for the kind.
    pub fn letter(self) -> char {
        match self {
            Kind::String => 's',
            Kind::Number => 'n',
            Kind::Boolean => 'b',
            Kind::Null => 'l',
            Kind::Array => 'a',
            Kind::Object => 'o',
            Kind::Function => 'f',
            Kind::Missing => 'm',
        }
    }

    fn of(letter: char) -> Option<Kind> {
        const KINDS: [Kind; 8] = [
            Kind::String,
            Kind::Number,
            Kind::Boolean,
            Kind::Null,
            Kind::Array,
            Kind::Object,
            Kind::Function,
            Kind::Missing,
        ];
        KINDS.into_iter().find(|kind| kind.letter() == letter)
    }
}

/// A set of kinds, one bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kinds(u8);

impl Kinds {
    const NONE: Kinds = Kinds(0);
    const ALL: Kinds = Kinds(u8::MAX);

    /// Returns the kinds of some letters; letters that are none are left out.
    fn of(letters: &str) -> Kinds {
        let kinds = letters.chars().filter_map(Kind::of);
        kinds.fold(Kinds::NONE, |set, kind| Kinds(set.0 | 1 << kind as u8))
    }

    fn contains(self, kind: Kind) -> bool {
        self.0 >> kind as u8 & 1 == 1
    }
}

/// How many arguments a parameter takes, and whether rather many or rather few.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quantity {
    One,
    Optional,
    Many,
    LazyOptional,
    LazyMany,
}

impl Quantity {
    fn is_optional(self) -> bool {
        matches!(self, Quantity::Optional | Quantity::LazyOptional)
    }

    fn is_many(self) -> bool {
        matches!(self, Quantity::Many | Quantity::LazyMany)
    }

    fn is_lazy(self) -> bool {
        matches!(self, Quantity::LazyOptional | Quantity::LazyMany)
    }
}

/// One parameter of a signature.
#[derive(Clone, Debug, PartialEq)]
struct Parameter {
    kinds: Kinds,
    quantity: Quantity,
    /// Kinds of the context that may stand for a missing argument.
    context: Option<Kinds>,
    /// Whether an argument that is no array becomes one.
    is_array: bool,
    /// What the array holds.
    elements: Option<Box<str>>,
}

/// A signature, ready to hold arguments against.
#[derive(Clone, Debug, PartialEq)]
pub struct Signature {
    parameters: Vec<Parameter>,
}
