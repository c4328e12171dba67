//! One message of librdkafka: what a consumer has taken, or a producer's report brings back.
//!
//! Must not know who owns it. Invariant: it is only ever behind a reference into librdkafka's own memory.
#![allow(unsafe_code)] // Calls into librdkafka; each block says why it is sound.

use crate::stream::Headers;
use rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR as OK;
use rdkafka::bindings as rd;
use rdkafka::types::RDKafkaErrorCode;
use std::ffi::{CStr, c_char, c_void};
use std::ptr;

/// One event, or what librdkafka says in the place of one.
#[repr(transparent)]
pub(crate) struct Event(rd::rd_kafka_message_t);

impl Event {
    /// Returns the address that stands for the topic, the one of a topic's native handle.
    pub(crate) fn topic(&self) -> usize {
        self.0.rkt.addr()
    }

    pub(crate) fn number(&self) -> i32 {
        self.0.partition
    }

    pub(crate) fn offset(&self) -> i64 {
        self.0.offset
    }

    pub(crate) fn key(&self) -> Option<&[u8]> {
        // SAFETY: librdkafka's pointer and length, of memory that the message owns.
        unsafe { bytes(self.0.key, self.0.key_len) }
    }

    pub(crate) fn value(&self) -> Option<&[u8]> {
        // SAFETY: as above.
        unsafe { bytes(self.0.payload, self.0.len) }
    }

    /// Returns the code if this is no event; the value is the text then.
    pub(crate) fn error(&self) -> Option<RDKafkaErrorCode> {
        match self.0.err {
            rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR => None,
            code => Some(code.into()),
        }
    }

    /// Returns the timestamp in milliseconds, 0 when there is none.
    pub(crate) fn timestamp_ms(&self) -> i64 {
        // SAFETY: the message is whole; the second argument may be null.
        unsafe { rd::rd_kafka_message_timestamp(&self.0, ptr::null_mut()) }.max(0)
    }

    /// Returns the message's headers, which librdkafka reads at the first call.
    fn headers(&self) -> Result<*const rd::rd_kafka_headers_t, rd::rd_kafka_resp_err_t> {
        let mut headers = ptr::null_mut();
        // SAFETY: the message is whole, owns the headers, and its batch is used by one thread.
        match unsafe { rd::rd_kafka_message_headers(&self.0, &mut headers) } {
            OK => Ok(headers.cast_const()),
            code => Err(code),
        }
    }
}

impl Headers for Event {
    fn each<'a>(&'a self, visit: &mut dyn FnMut(&'a str, Option<&'a [u8]>)) {
        let Ok(headers) = self.headers() else { return };
        let (mut name, mut value, mut size): (*const c_char, *const c_void, usize) =
            (ptr::null(), ptr::null(), 0);
        for index in 0.. {
            // SAFETY: the message owns the headers, an array, and what is returned lives as long as it does.
            unsafe {
                if rd::rd_kafka_header_get_all(headers, index, &mut name, &mut value, &mut size) != OK {
                    return;
                }
                // A name that is no text is nobody's; it keeps its place.
                let name = CStr::from_ptr(name).to_str().unwrap_or("\u{fffd}");
                visit(name, bytes(value.cast_mut(), size));
            }
        }
    }

    /// librdkafka does not read more than 100,000.
    fn are_unreadable(&self) -> bool {
        use rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__NOENT as NO_HEADERS;
        self.headers().is_err_and(|code| code != NO_HEADERS)
    }
}

/// Returns the bytes at an address, or nothing for null.
///
/// # Safety
/// Unless it is null, `size` bytes at `at` live and stay as they are as long as `'a`.
pub(crate) unsafe fn bytes<'a>(at: *mut c_void, size: usize) -> Option<&'a [u8]> {
    // SAFETY: the caller's.
    (!at.is_null()).then(|| unsafe { std::slice::from_raw_parts(at.cast_const().cast(), size) })
}
