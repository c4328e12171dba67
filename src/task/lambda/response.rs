//! What a task answers, made of what a function answered.
//!
//! The bare payload, AWS's envelope around it, or the word that an event was accepted; failures likewise. Must not
//! know what runs functions, nor tickets. Invariant: what goes into an envelope is dense JSON, whoever wrote it.

use super::envelope::{self, Detail, ENVELOPE_BYTES_MAX, Stamp, Style};
use crate::task::{Answer, Failure, Progress};
use crate::value::{Heap, View};
use crate::vm::PAYLOAD_BYTES_MAX;

/// Makes the answers of one connector.
pub(super) struct Responses {
    stamp: Stamp,
    /// What JSON text is checked with.
    scratch: Heap,
}

impl Responses {
    /// Creates one whose ids follow from `seed`.
    pub(super) fn new(seed: u64) -> Responses {
        Responses {
            stamp: Stamp::new(seed),
            scratch: Heap::new(),
        }
    }

    /// Memory to check JSON text with; what is in it is gone at the next call of anything here.
    pub(super) fn scratch(&mut self) -> &mut Heap {
        &mut self.scratch
    }

    /// Completes a result whose payload begins at `start`.
    pub(super) fn success(
        &mut self,
        style: Style,
        version: &str,
        start: usize,
        now_ms: i64,
        result: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        match style {
            Style::Bare => {}
            Style::Accepted => {
                result.clear();
                self.stamp.accepted(now_ms, result);
            }
            Style::Envelope(detail) => {
                if has_blanks(&result[start..]) {
                    let payload = result.split_off(start);
                    result.extend_from_slice(self.dense(&payload)?);
                }
                let bytes = result.len() - start;
                if enough(detail, bytes) != detail {
                    let mut opening = Vec::new();
                    envelope::open(Detail::Full, version, &mut opening);
                    result.splice(..start, opening);
                }
                self.stamp
                    .close(enough(detail, bytes), version, bytes, now_ms, result);
            }
        }
        Ok(())
    }

    /// Dresses an answer that comes from outside: it may be anything.
    pub(super) fn answer(&mut self, style: Style, version: &str, answer: Answer, now_ms: i64) -> Answer {
        let payload = match answer {
            Ok(payload) => payload,
            Err(failure) => {
                let mut result = Vec::new();
                return match self.failure(style, failure, now_ms, &mut result) {
                    Progress::Failure(failure) => Err(failure),
                    _ => Ok(result),
                };
            }
        };
        if payload.len() > PAYLOAD_BYTES_MAX && style != Style::Accepted {
            return Ok(payload); // The machine says so, as AWS does.
        }
        match style {
            Style::Bare => self.dense(&payload).map(|_| ()).map(|()| payload),
            Style::Accepted => {
                let mut result = Vec::new();
                self.stamp.accepted(now_ms, &mut result);
                Ok(result)
            }
            Style::Envelope(detail) => {
                let mut result = Vec::with_capacity(payload.len() + ENVELOPE_BYTES_MAX);
                let dense = self.dense(&payload)?;
                let bytes = dense.len();
                let detail = enough(detail, bytes);
                envelope::open(detail, version, &mut result);
                result.extend_from_slice(dense);
                self.stamp.close(detail, version, bytes, now_ms, &mut result);
                Ok(result)
            }
        }
    }

    /// Dresses a failure: through `lambda:invoke` a cause that is JSON is written again, dense (facts 7.3);
    /// what was only to be accepted has been.
    pub(super) fn failure(
        &mut self,
        style: Style,
        failure: Failure,
        now_ms: i64,
        result: &mut Vec<u8>,
    ) -> Progress {
        result.clear();
        if style == Style::Bare {
            return Progress::Failure(failure);
        }
        let is_service = |error: &str| error.starts_with("Lambda.") || error.starts_with("States.");
        if style == Style::Accepted && !failure.error.as_deref().is_some_and(is_service) {
            self.stamp.accepted(now_ms, result);
            return Progress::Success;
        }
        let cause = failure.cause.map(|cause| {
            if !cause.starts_with('{') || !has_blanks(cause.as_bytes()) {
                return cause;
            }
            match self.dense(cause.as_bytes()).map(<[u8]>::to_vec) {
                Ok(dense) => String::from_utf8(dense).unwrap_or(cause),
                Err(_) => cause,
            }
        });
        Progress::Failure(Failure {
            error: failure.error,
            cause,
        })
    }

    /// Returns a payload as dense JSON text.
    fn dense(&mut self, payload: &[u8]) -> Result<&[u8], Failure> {
        self.scratch.clear();
        let root = match self.scratch.index(payload) {
            Ok(root) => root,
            Err(error) => {
                let cause = format!("The function's answer is not JSON: {error}");
                return Err(Failure::new("Lambda.SdkClientException", cause));
            }
        };
        let view = View::new(&self.scratch, &self.scratch);
        Ok(view.text(root).unwrap_or_default())
    }
}

/// Returns how much of an envelope is enough: near the limit on results all of it is written, which counts there.
fn enough(detail: Detail, payload_bytes: usize) -> Detail {
    if payload_bytes + ENVELOPE_BYTES_MAX > PAYLOAD_BYTES_MAX {
        Detail::Full
    } else {
        detail
    }
}

/// Says whether there are blanks in a JSON text, be it in its strings. Of control characters, only blanks are JSON.
fn has_blanks(text: &[u8]) -> bool {
    // Without a way out in the middle, which makes it a loop over 16 bytes at a time: most answers are short.
    text.iter().fold(false, |any, &byte| any | (byte <= b' '))
}
