//! The words of AWS's own objects.

use crate::value::{Heap, ValueRef};

/// The words that every program needs, as constant strings.
#[allow(missing_docs)]
pub struct Words {
    pub error: ValueRef,
    pub cause: ValueRef,
    pub execution: ValueRef,
    pub state_machine: ValueRef,
    pub state: ValueRef,
    pub map: ValueRef,
    pub item: ValueRef,
    pub id: ValueRef,
    pub input: ValueRef,
    pub start_time: ValueRef,
    pub name: ValueRef,
    pub role_arn: ValueRef,
    pub redrive_count: ValueRef,
    pub event: ValueRef,
    pub entered_time: ValueRef,
    pub retry_count: ValueRef,
    pub index: ValueRef,
    pub value: ValueRef,
    pub zero: ValueRef,
    pub states_input: ValueRef,
    pub states_context: ValueRef,
    pub states_result: ValueRef,
    pub states_error_output: ValueRef,
}

impl Words {
    /// Adds the words to a program's constants.
    pub fn add_to(constants: &mut Heap) -> Words {
        let mut word = |text: &str| constants.constant(text.as_bytes()).unwrap_or(ValueRef::NULL);
        Words {
            error: word(r#""Error""#),
            cause: word(r#""Cause""#),
            execution: word(r#""Execution""#),
            state_machine: word(r#""StateMachine""#),
            state: word(r#""State""#),
            map: word(r#""Map""#),
            item: word(r#""Item""#),
            id: word(r#""Id""#),
            input: word(r#""Input""#),
            start_time: word(r#""StartTime""#),
            name: word(r#""Name""#),
            role_arn: word(r#""RoleArn""#),
            redrive_count: word(r#""RedriveCount""#),
            event: word(r#""Event""#),
            entered_time: word(r#""EnteredTime""#),
            retry_count: word(r#""RetryCount""#),
            index: word(r#""Index""#),
            value: word(r#""Value""#),
            zero: word("0"),
            states_input: word(r#""input""#),
            states_context: word(r#""context""#),
            states_result: word(r#""result""#),
            states_error_output: word(r#""errorOutput""#),
        }
    }
}
