//! Why a call fails, in AWS's words (facts 6.2).

use super::Function;

/// Why a call fails. Its text goes behind `There was an error while evaluating the intrinsic
/// function: <call>. ` (facts 6.2); the error's name is `States.Runtime`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IntrinsicError {
    /// Number, type or range of the arguments.
    Arguments(Function),
    /// A brace of `States.Format` has no partner: which one is there, which one is missing.
    Template {
        /// The brace in the template.
        found: char,
        /// The brace that is not there.
        missing: char,
    },
    /// The text of `States.StringToJson` is not JSON.
    Json(String),
    /// The result would be longer than a payload may be; said before it is built.
    TooLarge,
}

impl std::fmt::Display for IntrinsicError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Arguments(function) => {
                write!(f, "Invalid arguments in States.{}", function.name())?;
                match function {
                    Function::JsonToString => f.write_str(": only a single argument is allowed."),
                    _ => Ok(()),
                }
            }
            Self::Template { found, missing } => {
                write!(
                    f,
                    "Invalid template in States.Format: matching '{missing}' not found for '{found}'."
                )
            }
            Self::Json(why) => {
                write!(
                    f,
                    "Cannot convert String to Json in States.StringToJson, caused by: {why}"
                )
            }
            // Not recorded: AWS ends such a run at the state's end.
            Self::TooLarge => f.write_str("The result exceeds the maximum number of bytes service limit."),
        }
    }
}

impl std::error::Error for IntrinsicError {}
