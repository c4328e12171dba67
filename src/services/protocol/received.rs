//! What came back of a call, before anybody has read it.

use super::Headers;
use crate::services::error::Style;
use crate::services::model::{Operation, Service};

/// What came back.
pub(super) struct Answer<'a> {
    pub(super) service: &'a Service,
    pub(super) operation: &'a Operation,
    pub(super) style: Style,
    pub(super) status: u16,
    pub(super) headers: &'a dyn Headers,
    pub(super) body: &'a [u8],
}
