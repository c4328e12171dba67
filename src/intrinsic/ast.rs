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
    /// `'text'`, decoded. The template of `States.Format` has only `\'` resolved: the function must know
    /// which braces were escaped, so it resolves `\{`, `\}` and `\\` itself, as it does when the template
    /// comes from a path.
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

impl Function {
    /// Every function, with its name behind `States.` (facts 6.3).
    pub const ALL: [(&'static str, Self); 18] = [
        ("Array", Self::Array),
        ("ArrayPartition", Self::ArrayPartition),
        ("ArrayContains", Self::ArrayContains),
        ("ArrayRange", Self::ArrayRange),
        ("ArrayGetItem", Self::ArrayGetItem),
        ("ArrayLength", Self::ArrayLength),
        ("ArrayUnique", Self::ArrayUnique),
        ("Base64Encode", Self::Base64Encode),
        ("Base64Decode", Self::Base64Decode),
        ("Hash", Self::Hash),
        ("JsonMerge", Self::JsonMerge),
        ("StringToJson", Self::StringToJson),
        ("JsonToString", Self::JsonToString),
        ("MathAdd", Self::MathAdd),
        ("MathRandom", Self::MathRandom),
        ("StringSplit", Self::StringSplit),
        ("Format", Self::Format),
        ("UUID", Self::Uuid),
    ];

    /// Finds a function by its name behind `States.`; letter case counts (facts 6.2).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, function)| *function)
    }

    /// Returns the name behind `States.`.
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, function)| *function == self)
            .map_or("", |(name, _)| name)
    }
}
