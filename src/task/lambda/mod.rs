//! Lambda: functions, whatever runs them.
//!
//! Owns Lambda's words: names of functions ([`function`]), what they get ([`payload`]), what `lambda:invoke` makes of
//! their answers ([`envelope`], `response`), functions in the process ([`functions`], [`demo`]) and behind a URL
//! (`http`). Must not know which function a configuration grants.

pub mod demo;
pub mod envelope;
pub mod function;
pub mod functions;
pub mod http;
pub mod payload;
pub(super) mod response;
