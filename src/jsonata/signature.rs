//! Checks a lambda's signature while the expression is parsed.

use super::Error;
use super::function::signature::{Signature, SignatureError};

/// Checks the text of a signature that begins at `position`.
pub(super) fn check(text: &str, position: u32) -> Result<(), Error> {
    match Signature::parse(text) {
        Ok(_) => Ok(()),
        Err(error) => Err(refused(error, position)),
    }
}

fn refused(error: SignatureError, position: u32) -> Error {
    match error {
        SignatureError::Coded { code, value, offset } => {
            let error = Error::new(code).at(position + offset as u32);
            match value {
                Some(value) => error.with_value(value.as_str()),
                None => error,
            }
        }
        SignatureError::Malformed => Error::internal("Invalid signature").at(position),
    }
}
