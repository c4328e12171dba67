//! The `details` of a record, by type (facts 2.5). Members are in alphabetical order, as AWS writes them.

use super::encoder::Encoder;
use super::text::{Cut, push_json_text, push_number, push_text};
use crate::program::TaskInfo;
use crate::value::{ValueRef, View};
use crate::vm::{Event, EventType};

/// Appends the members of an event's details, without the braces.
pub(super) fn write(encoder: &Encoder<'_>, view: View<'_>, event: &Event, out: &mut Vec<u8>) {
    use EventType as E;
    let mut members = Members {
        encoder,
        view,
        out,
        first: true,
    };
    match event.kind {
        E::ExecutionStarted => {
            members.data("input", event.data);
            members.text("roleArn", encoder.role_arn);
        }
        E::ExecutionSucceeded | E::LambdaFunctionSucceeded => members.data("output", event.data),
        E::ExecutionFailed | E::ExecutionTimedOut | E::LambdaFunctionFailed | E::LambdaFunctionTimedOut => {
            members.fault(event);
        }
        E::PassStateEntered
        | E::TaskStateEntered
        | E::ChoiceStateEntered
        | E::WaitStateEntered
        | E::SucceedStateEntered
        | E::FailStateEntered
        | E::ParallelStateEntered
        | E::MapStateEntered => {
            members.data("input", event.data);
            members.state_name(event);
        }
        E::PassStateExited
        | E::TaskStateExited
        | E::ChoiceStateExited
        | E::WaitStateExited
        | E::SucceedStateExited
        | E::ParallelStateExited
        | E::MapStateExited => {
            members.assigned(event.extra);
            members.state_name(event);
            members.data("output", event.data);
        }
        E::EvaluationFailed => {
            members.fault(event);
            members.string("location", event.extra);
            members.state("state", event);
        }
        E::TaskScheduled => members.task_scheduled(event),
        E::TaskStarted => members.resource(event),
        E::TaskSucceeded => {
            members.data("output", event.data);
            members.resource(event);
        }
        E::TaskFailed | E::TaskTimedOut => {
            members.fault(event);
            members.resource(event);
        }
        E::LambdaFunctionScheduled => members.function_scheduled(event),
        E::MapStateStarted => members.number("length", event.number),
        E::MapIterationStarted
        | E::MapIterationSucceeded
        | E::MapIterationFailed
        | E::MapIterationAborted => {
            members.number("index", event.number);
            members.state_name(event);
        }
        E::LambdaFunctionStarted
        | E::MapStateSucceeded
        | E::MapStateFailed
        | E::MapStateAborted
        | E::ParallelStateStarted
        | E::ParallelStateSucceeded
        | E::ParallelStateFailed
        | E::ParallelStateAborted
        | E::TaskStateAborted
        | E::WaitStateAborted => {}
    }
}

/// Writes the members of one details object.
struct Members<'a> {
    encoder: &'a Encoder<'a>,
    view: View<'a>,
    out: &'a mut Vec<u8>,
    first: bool,
}

impl<'a> Members<'a> {
    fn name(&mut self, name: &str) {
        if !std::mem::take(&mut self.first) {
            self.out.push(b',');
        }
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    fn text(&mut self, name: &str, text: &str) {
        self.name(name);
        self.out.push(b'"');
        push_text(self.out, text);
        self.out.push(b'"');
    }

    fn number(&mut self, name: &str, number: u32) {
        self.name(name);
        push_number(self.out, u64::from(number));
    }

    /// Writes a string value, if there is one.
    fn string(&mut self, name: &str, value: ValueRef) {
        if value.is_none() {
            return;
        }
        if let Some(text) = self.view.string(value) {
            self.name(name);
            self.out.push(b'"');
            self.out.extend_from_slice(text.escaped());
            self.out.push(b'"');
        }
    }

    /// Writes a value as a text, and whether it was cut.
    fn data(&mut self, name: &str, value: ValueRef) {
        if !self.encoder.include_execution_data {
            return;
        }
        let cut = self.value(name, value);
        let details = if name == "input" {
            "inputDetails"
        } else {
            "outputDetails"
        };
        self.truncated(details, cut);
    }

    fn value(&mut self, name: &str, value: ValueRef) -> Cut {
        self.name(name);
        self.out.push(b'"');
        let cut = push_json_text(self.out, self.view, value);
        self.out.push(b'"');
        cut
    }

    fn truncated(&mut self, name: &str, cut: Cut) {
        self.name(name);
        let truncated: &[u8] = match cut {
            Cut::Whole => b"{\"truncated\":false}",
            Cut::Truncated => b"{\"truncated\":true}",
        };
        self.out.extend_from_slice(truncated);
    }

    fn state_name(&mut self, event: &Event) {
        self.state("name", event);
    }

    fn state(&mut self, member: &str, event: &Event) {
        self.name(member);
        self.out.push(b'"');
        let name = self.encoder.state_name(self.view, event);
        self.out.extend_from_slice(name);
        self.out.push(b'"');
    }

    fn fault(&mut self, event: &Event) {
        self.string("cause", event.cause);
        self.string("error", event.error);
    }

    /// Writes the variables of an exit event, each as a text. Whether AWS drops them when execution
    /// data is switched off is not known; they are data, so they go.
    fn assigned(&mut self, assigned: ValueRef) {
        if assigned.is_none() || !self.encoder.include_execution_data {
            return;
        }
        self.name("assignedVariables");
        self.out.push(b'{');
        self.first = true;
        let mut cut = Cut::Whole;
        for (name, value) in self.view.members(assigned) {
            let Some(name) = self.view.string(name) else {
                continue;
            };
            if !std::mem::take(&mut self.first) {
                self.out.push(b',');
            }
            self.out.push(b'"');
            self.out.extend_from_slice(name.escaped());
            self.out.extend_from_slice(b"\":\"");
            if let Cut::Truncated = push_json_text(self.out, self.view, value) {
                cut = Cut::Truncated;
            }
            self.out.push(b'"');
        }
        self.out.push(b'}');
        self.first = false;
        self.truncated("assignedVariablesDetails", cut);
    }

    /// Returns the task of an event's state: tasks stand in the order of their states.
    fn task(&self, event: &Event) -> Option<&'a TaskInfo> {
        let tasks = &self.encoder.program.tasks;
        let at = tasks.binary_search_by_key(&event.state, |task| Some(task.state));
        tasks.get(at.ok()?)
    }

    fn resource(&mut self, event: &Event) {
        let task = self.task(event);
        if let Some((kind, action)) = task.and_then(|task| task.resource.integration.as_ref()) {
            self.text("resource", action);
            self.text("resourceType", kind);
        }
    }

    fn task_scheduled(&mut self, event: &Event) {
        if event.heartbeat > 0 {
            self.number("heartbeatInSeconds", event.heartbeat);
        }
        if self.encoder.include_execution_data {
            // The only data without a flag of its own that says whether it was cut.
            self.value("parameters", event.data);
        }
        self.text("region", self.encoder.region);
        self.resource(event);
        self.credentials(event.extra);
        self.timeout(event);
    }

    fn function_scheduled(&mut self, event: &Event) {
        self.data("input", event.data);
        if let Some(task) = self.task(event) {
            self.text("resource", &task.resource.arn);
        }
        self.credentials(event.extra);
        self.timeout(event);
    }

    fn timeout(&mut self, event: &Event) {
        if event.number > 0 {
            self.number("timeoutInSeconds", event.number);
        }
    }

    fn credentials(&mut self, credentials: ValueRef) {
        if credentials.is_none() {
            return;
        }
        if let Some(role) = self.view.member_named(credentials, "RoleArn") {
            self.name("taskCredentials");
            self.out.push(b'{');
            self.first = true;
            self.string("roleArn", role);
            self.out.push(b'}');
            self.first = false;
        }
    }
}
