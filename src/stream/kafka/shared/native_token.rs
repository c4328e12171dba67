//! Hands a token to a client of librdkafka, or says that there is none.
//!
//! Must not know where tokens come from.
#![allow(unsafe_code)] // Calls into librdkafka; each block says why it is sound.

use super::iam::{MECHANISM, Token, Tokens};
use rdkafka::ClientContext;
use rdkafka::bindings as rd;
use rdkafka::client::Client;
use std::ffi::{CStr, CString, c_char};
use std::ptr;

/// Gives a client its next token, as [`refresh_native`].
pub(crate) fn refresh<C: ClientContext>(client: &Client<C>, tokens: &Tokens) {
    // SAFETY: who is borrowed is alive.
    unsafe { refresh_native(client.native_ptr(), tokens) };
}

/// Gives a client its next token; without one librdkafka asks again some seconds later, and its error says why.
///
/// # Safety
/// The client must be alive.
pub(crate) unsafe fn refresh_native(client: *mut rd::rd_kafka_t, tokens: &Tokens) {
    let given = tokens.0.token().and_then(|token| {
        // SAFETY: as the caller promises.
        unsafe { set(client, &token) }
    });
    if let Err(why) = given {
        let why = CString::new(format!("{MECHANISM}: {why}")).unwrap_or_default();
        // SAFETY: the client is alive; the text is copied. A client without OAUTHBEARER refuses, which is of no account.
        unsafe { rd::rd_kafka_oauthbearer_set_token_failure(client, why.as_ptr()) };
    }
}

unsafe fn set(client: *mut rd::rd_kafka_t, token: &Token) -> Result<(), String> {
    let zero = |_| "a token with a zero byte".to_owned();
    let text = CString::new(token.text.as_str()).map_err(zero)?;
    let principal = CString::new(token.principal.as_str()).map_err(zero)?;
    let mut error: [c_char; 512] = [0; 512];
    // SAFETY: the client is alive; texts are copied; there are no extensions; the error's text has the length told and
    // ends with a zero.
    unsafe {
        let code = rd::rd_kafka_oauthbearer_set_token(
            client,
            text.as_ptr(),
            token.expires_at_ms,
            principal.as_ptr(),
            ptr::null_mut(),
            0,
            error.as_mut_ptr(),
            error.len(),
        );
        match code {
            rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR => Ok(()),
            _ => Err(CStr::from_ptr(error.as_ptr()).to_string_lossy().into_owned()),
        }
    }
}
