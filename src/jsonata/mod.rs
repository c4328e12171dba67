//! JSONata: parse, compile, evaluate.
//!
//! Owns the syntax and meaning of the second query language as AWS has it: JSONata 2.0.6 without `$eval`, with six
//! functions more. Must not know states, programs or where an expression stands in a definition.
//!
//! A text becomes tokens (`token`), a tree of what is written (`parse`, `syntax`), a tree of what it means (`process`,
//! `ancestor`, `tree`), flat code (`emit`, `scope`, `code`), and that runs over the values of a heap ([`evaluate()`]).
//! [`function`] are the built-in functions as far as they need no values. An [`Error`] has a code, a place and the
//! language's own words.
//!
//! ```
//! use stepstream::jsonata::{Dialect, Limits, Outcome, Request, Scratch, World, evaluate, parse};
//! use stepstream::value::{Heap, View};
//!
//! let expression = parse("$sum($states.input.items.(price * count))")?;
//! assert!(expression.references().top.is_empty(), "AWS refuses what reads the document itself");
//! let mut code = expression.compile(Dialect::States, &["states.input"])?;
//! let (mut constants, mut heap) = (Heap::for_constants(), Heap::new());
//! code.link(&mut constants);
//! let input = heap.index(br#"{"items": [{"price": 2, "count": 3}, {"price": 1.5, "count": 2}]}"#).ok();
//! let request = Request {
//!     code: &code,
//!     input: None,
//!     globals: &[input],
//!     chains: &[],
//!     limits: Limits::STATES,
//!     world: World::default(),
//! };
//! let (mut scratch, mut work) = (Scratch::default(), 0);
//! let outcome = evaluate(&request, &mut heap, &constants, &mut scratch, &mut work)?;
//! let Outcome::Value(value) = outcome else { panic!("{outcome:?}") };
//! assert_eq!(View::new(&heap, &constants).to_json(value), "9");
//! # Ok::<(), stepstream::jsonata::Error>(())
//! ```
//!
//! # Sequences
//!
//! A path yields a sequence. A sequence is an array that is *closed* where its expression ends: of no element it is
//! nothing, of one the element, else an array. What else is done to arrays differs from operator to operator; most
//! wrong results are one wrong row of this table. *Spread* means that an array counts as its elements.
//!
//! | operator | its input | its result |
//! |---|---|---|
//! | name | an array: looks into each element, arrays in it too | of an array a sequence, found arrays spread |
//! | first step of a path | an array as it is, anything else as one element; a variable always as one | |
//! | step | each element is the context item | a sequence: arrays spread, but not those of a constructor; the one array that the last step finds in one element stays that array |
//! | array constructor as first step | the whole input is the context item | its array, spread into the next step |
//! | array constructor as last step | each element | its arrays as they are |
//! | `[predicate]` | an array as it is, anything else as one element, nothing as one element too | a sequence; nothing is spread |
//! | `[number]` | the same | a sequence of the element; an element that is an array is the result itself |
//! | `[]` | | anywhere in a path: its result stays an array, of one element too |
//! | `*` | the values of an object or array | a sequence, arrays spread to any depth; a plain array once one was spread |
//! | `**` | the value and all below it, arrays spread | a sequence |
//! | `^( )` | an array | a plain array; the input itself where it has at most one element |
//! | `{ }` behind a path | each element; nothing once where there is none | an object; values see all elements of their key, appended |
//! | `{ }` | an array as elements, as above | an object; members that are nothing vanish |
//! | `[ ]` | | a plain array; parts that are arrays spread but for constructors, parts that are nothing vanish |
//! | `..` | | a sequence |
//! | `@ # %` | | tuples: each element with what its steps bound |
//! | `$map $filter $each $match $keys $spread $lookup` | | a sequence |
//! | `$append $sort $reverse $zip $split $distinct` | | a plain array; an input that it has nothing to do for as it is |
//! | a call, a variable, `$` | | closes what it finds |
//!
//! A document that is an array stands in a sequence of its own, so that `$` is the array and not an element.

mod ancestor;
pub mod batch;
mod builtin;
mod code;
mod emit;
pub mod error;
mod evaluate;
pub mod function;
mod idiom;
mod listing;
mod message;
mod parse;
mod process;
mod quick;
mod references;
mod regex;
mod scope;
mod signature;
mod syntax;
mod token;
mod tree;

pub use code::Code;
pub use error::{Bound, Error, Shown};
pub use evaluate::{Limits, NATIVE_DEPTH_MAX, Outcome, Request, Scratch, World, evaluate};
pub use parse::NESTING_MAX;
pub use references::{INVALID, Reference, References, UNSUPPORTED};

/// Which JSONata it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The language on its own: the document is `$`.
    Plain,
    /// AWS's: six functions more, and values come by name, mostly `$states`.
    States,
}

/// An expression that has been read, not yet compiled.
#[derive(Debug)]
pub struct Expression {
    tree: tree::Node,
    ancestors: ancestor::Ancestors,
}

/// Reads an expression.
///
/// # Errors
/// When the text is no expression: what is wrong and where.
pub fn parse(text: &str) -> Result<Expression, Error> {
    let tree = parse::parse(text)?;
    let (tree, ancestors) = process::process(tree)?;
    Ok(Expression { tree, ancestors })
}

impl Expression {
    /// Returns what the expression reads.
    pub fn references(&self) -> References {
        References::of(&self.tree)
    }

    /// Makes the code. `names` are those that the caller binds, in the order of [`Request::globals`]; a name
    /// `states.input` is the member `input` of the variable `states`, handed in on its own.
    ///
    /// # Errors
    /// When a regular expression is malformed.
    pub fn compile(&self, dialect: Dialect, names: &[&str]) -> Result<Code, Error> {
        emit::emit(&self.tree, &self.ancestors, names, dialect == Dialect::States)
    }
}

/// Says whether AWS's dialect has a built-in function of this name.
pub fn is_builtin(name: &str) -> bool {
    builtin::find(name, true).is_some()
}

/// Says whether AWS's dialect has a built-in function of this name that does not give the same value each time.
pub fn is_impure(name: &str) -> bool {
    builtin::find(name, true).is_some_and(builtin::is_impure)
}

/// Reads and compiles an expression, as [`parse`] and [`Expression::compile`].
///
/// # Errors
/// When the text is no expression.
pub fn compile(text: &str, dialect: Dialect, names: &[&str]) -> Result<Code, Error> {
    parse(text)?.compile(dialect, names)
}

#[cfg(test)]
mod tests;
