//! Paths and intrinsic calls in a definition: the one door to [`crate::path`] and [`crate::intrinsic`].
//!
//! Owns which roots a field accepts (facts 5.1); the syntax is theirs.

use crate::asl::fields::Reference;
use crate::asl::model::Expression;
use crate::intrinsic::{Call, Function};
use crate::path::{ParseError, Path, Root};

/// Parses a path.
pub(crate) fn path(text: &str) -> Result<Path, ParseError> {
    crate::path::parse(text)
}

/// Parses an intrinsic call; AWS allows blanks after it, not before.
pub(crate) fn call(text: &str) -> Result<Call, ParseError> {
    crate::intrinsic::parse(text.trim_end_matches(' '))
}

/// Parses what a key ending in `.$` holds: a path or a call.
pub(crate) fn expression(text: &str) -> Result<Expression, ParseError> {
    if text.starts_with('$') {
        path(text).map(Expression::Path)
    } else {
        call(text).map(Expression::Call)
    }
}

/// Says whether a path is a reference path that starts where the field allows.
pub(crate) fn is_reference(path: &Path, allowed: Reference) -> bool {
    let root = match path.root {
        Root::Input => true,
        Root::Context => allowed.context,
        Root::Variable(_) => allowed.variable,
    };
    root && path.is_reference()
}

/// Says whether a constant text looks like a path that was meant to be evaluated.
pub(crate) fn looks_like_path(text: &str) -> bool {
    let rest = text.strip_prefix("$$").or_else(|| text.strip_prefix('$'));
    rest.is_some_and(|rest| rest.starts_with(['.', '['])) && path(text).is_ok()
}

/// Says whether a constant text looks like an intrinsic call that was meant to be evaluated.
pub(crate) fn looks_like_call(text: &str) -> bool {
    text.starts_with("States.") && call(text).is_ok()
}

/// Says whether an expression can give a text, as `ErrorPath` needs: a call may not return what is
/// always something else (facts 4.3).
pub(crate) fn may_be_text(expression: &Expression) -> bool {
    match expression {
        Expression::Path(path) => path.is_reference(),
        Expression::Call(call) => matches!(
            call.function,
            Function::Format
                | Function::JsonToString
                | Function::ArrayGetItem
                | Function::Base64Encode
                | Function::Base64Decode
                | Function::Hash
                | Function::Uuid
        ),
    }
}
