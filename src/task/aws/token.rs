//! Tokens that make a call that is repeated the same call.
//!
//! After a crash an event runs again. A service that takes a token (`ClientRequestToken`, `clientToken`: members that the model
//! marks) then answers as it did the first time. Owns what the token is made of: the state machine, the call's stable key, which has the
//! state's visit in it, and the attempt, since a Retry is meant to be another call: some services remember a failure with the token.
//! Must not know which service takes one. Invariant: two calls that are meant to be two have two tokens.

use crate::task::Request;
use sha2::{Digest, Sha256};
use std::fmt::{self, Display, Formatter};

/// The token of a call, in the form of a UUID; made when it is written.
pub(super) struct CallToken<'a>(pub(super) &'a Request<'a>);

impl Display for CallToken<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Request {
            machine, key, retry, ..
        } = self.0;
        let digest = Sha256::digest(format!("{machine}\n{key}\n{retry}"));
        for (index, byte) in digest.iter().take(16).enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            // Version 8 and the variant of RFC 9562: made of something.
            let byte = match index {
                6 => byte & 0x0f | 0x80,
                8 => byte & 0x3f | 0x80,
                _ => *byte,
            };
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Heap, ValueRef, View};

    fn of(machine: &str, key: &str, retry: u32) -> String {
        let heap = Heap::new();
        let request = Request {
            parameters: ValueRef::NONE,
            credentials: ValueRef::NONE,
            view: View::new(&heap, &heap),
            key: &key,
            machine,
            retry,
            execution: ValueRef::NONE,
            state_machine: ValueRef::NONE,
            timeout_seconds: None,
            heartbeat_seconds: None,
            now_ms: 0,
        };
        CallToken(&request).to_string()
    }

    #[test]
    fn tokens() {
        let token = of("orders", "orders-0-17/Pay", 0);
        assert_eq!(token, of("orders", "orders-0-17/Pay", 0));
        assert_eq!((token.len(), &token[14..15]), (36, "8"));
        assert_ne!(token, of("orders", "orders-0-17/Pay#2", 0));
        assert_ne!(token, of("orders", "orders-0-17/Pay", 1));
        assert_ne!(token, of("bills", "orders-0-17/Pay", 0));
    }
}
