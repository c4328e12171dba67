//! A call of a function, apart from what it is given.

use super::envelope::Style;
use super::function::Function;

/// What a call of a function is.
#[derive(Clone, Copy, Debug)]
pub struct Invocation<'a> {
    /// The function.
    pub function: &'a Function,
    /// What its answer is to look like.
    pub style: Style,
}
