//! A run's event as something to be told.

use crate::log::read::Moment;
use crate::program::Program;
use crate::value::{ValueRef, View};
use crate::vm::{Event, EventType};
use std::borrow::Cow;

/// Returns an event with everything that is shown of it.
pub(super) fn moment<'a>(view: View<'a>, program: &'a Program, event: &Event) -> Moment<'a> {
    let task = program.tasks.iter().find(|task| Some(task.state) == event.state);
    let json = |value: ValueRef| (!value.is_none()).then(|| Cow::Owned(view.to_json(value)));
    let text = |value: ValueRef| {
        let text = (!value.is_none()).then(|| view.string(value)).flatten();
        text.map(|text| text.decode()).or_else(|| json(value))
    };
    Moment {
        kind: event.kind.name(),
        id: event.id,
        previous: event.previous,
        at_ms: event.at_ms,
        state: event.state.map(|state| program.state_name(state).into()),
        resource: task.map_or("", |task| &*task.resource.arn).into(),
        number: event.number,
        data: json(event.data),
        error: text(event.error),
        cause: text(event.cause),
        assigned: match event.kind {
            // There it is the credentials.
            EventType::TaskScheduled | EventType::LambdaFunctionScheduled => None,
            _ => json(event.extra),
        },
    }
}
