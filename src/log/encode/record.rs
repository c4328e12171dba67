//! One record: its own members around the details of its event.

use super::details;
use super::encoder::Encoder;
use super::text::{push_number, push_text};
use crate::value::View;
use crate::vm::Event;

impl Encoder<'_> {
    /// Appends one record, a JSON object without a newline; all ids and times are texts (facts 2.2).
    pub fn write(&self, view: View<'_>, event: &Event, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"id\":\"");
        push_number(out, u64::from(event.id));
        out.extend_from_slice(b"\",\"type\":\"");
        out.extend_from_slice(event.kind.name().as_bytes());
        out.extend_from_slice(b"\",\"details\":{");
        details::write(self, view, event, out);
        out.extend_from_slice(b"},\"previous_event_id\":\"");
        push_number(out, u64::from(event.previous));
        out.extend_from_slice(b"\",\"event_timestamp\":\"");
        // Times before 1970 do not occur: AWS was not there yet.
        push_number(out, event.at_ms.max(0).unsigned_abs());
        out.extend_from_slice(b"\",\"execution_arn\":\"");
        push_text(out, self.execution_arn);
        out.extend_from_slice(b"\",\"redrive_count\":\"0\"}");
    }
}
