//! The syntax of an intrinsic function call.

use crate::path::Path;

/// A call such as `States.Format('{}', $.a)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The call's text as the definition has it; error causes quote it.
    pub text: String,
    /// Which function.
    pub function: Function,
    /// The arguments, in order.
    pub arguments: Vec<Argument>,
}

/// One argument of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Argument {
    /// `'text'`, decoded: `\'` and `\\` resolved, except that a template of `States.Format` needs to
    /// know which braces were escaped, so `\{` and `\}` stay as they are.
    Text(String),
    /// A number, as written.
    Number(String),
    /// `true` or `false`.
    Boolean(bool),
    /// `null`.
    Null,
    /// `$.a`, `$$.a` or `$a`.
    Path(Path),
    /// A nested call.
    Call(Call),
}

/// The 18 intrinsic functions (facts 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Function {
    Array,
    ArrayPartition,
    ArrayContains,
    ArrayRange,
    ArrayGetItem,
    ArrayLength,
    ArrayUnique,
    Base64Encode,
    Base64Decode,
    Hash,
    JsonMerge,
    StringToJson,
    JsonToString,
    MathAdd,
    MathRandom,
    StringSplit,
    Format,
    Uuid,
}
