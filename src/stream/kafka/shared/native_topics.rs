//! What topics are, which rdkafka's safe interface does not tell: a topic that was deleted and made anew under
//! the same name has another id.
//!
//! Owns one question to the brokers at a time. Must not know groups. Invariant: it keeps the consumer alive,
//! and its queue goes before it.
#![allow(unsafe_code)] // Calls into librdkafka; each block says why it is sound.

use super::client::Consumer;
use super::health::Absence;
use rdkafka::bindings as rd;
use rdkafka::consumer::Consumer as _;
use std::collections::HashMap;
use std::ffi::{CStr, CString, c_char};
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

/// What a topic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Description {
    /// Stands for its id; 0 when the brokers have none.
    pub(crate) id: u64,
    pub(crate) partitions: usize,
}

/// What the brokers say of one topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is there.
    There(Description),
    /// It certainly is not, for us.
    Absent(Absence),
    /// They are too old to tell.
    Untold,
}

/// What the brokers say of topics. What they have not said is not here: it is not known.
#[derive(Debug, Default)]
pub(crate) struct Found {
    topics: HashMap<Arc<str>, Answer>,
    /// Whether they are too old for the question.
    is_untold: bool,
}

impl Found {
    /// Returns what the brokers say of a topic; `None` when they have not answered.
    pub(crate) fn of(&self, topic: &str) -> Option<Answer> {
        let untold = self.is_untold.then_some(Answer::Untold);
        self.topics.get(topic).copied().or(untold)
    }

    /// The answer of brokers that cannot tell.
    fn untold() -> Found {
        Found {
            is_untold: true,
            ..Found::default()
        }
    }

    /// An answer that says this.
    #[cfg(test)]
    pub(crate) fn saying(answers: &[(&str, Answer)]) -> Found {
        let topics = answers.iter().map(|(topic, answer)| (Arc::from(*topic), *answer));
        Found {
            topics: topics.collect(),
            is_untold: false,
        }
    }

    /// Returns what a topic is, if it is known to be there.
    pub(crate) fn there(&self, topic: &str) -> Option<Description> {
        match self.of(topic)? {
            Answer::There(description) => Some(description),
            Answer::Absent(_) | Answer::Untold => None,
        }
    }
}

impl Description {
    /// Says whether it is certainly another topic.
    pub(crate) fn is_another(self, id: u64) -> bool {
        self.id != 0 && id != 0 && self.id != id
    }
}

/// Asks what topics are.
pub(crate) struct Topics {
    queue: *mut rd::rd_kafka_queue_t,
    is_asked: bool,
    /// The brokers in the process have no controller, and librdkafka asks only that one.
    is_mock: bool,
    consumer: Arc<Consumer>,
}

// SAFETY: librdkafka's queues belong to no thread.
unsafe impl Send for Topics {}

impl Topics {
    pub(crate) fn new(consumer: &Arc<Consumer>, is_mock: bool) -> Topics {
        // SAFETY: the client is alive.
        let queue = unsafe { rd::rd_kafka_queue_new(consumer.client().native_ptr()) };
        Topics {
            queue,
            is_asked: false,
            is_mock,
            consumer: Arc::clone(consumer),
        }
    }

    /// Returns one that asks for somebody else.
    pub(crate) fn another(&self) -> Topics {
        Topics::new(&self.consumer, self.is_mock)
    }

    /// Asks and waits; what is not answered in time is not known.
    pub(crate) fn find<'a>(&mut self, topics: impl Iterator<Item = &'a str>, timeout: Duration) -> Found {
        if self.is_mock {
            return Found::untold();
        }
        // The answer to an earlier question may be about a topic that is gone.
        if self.is_asked && self.answer(timeout).is_none() {
            return Found::default();
        }
        self.ask(topics, timeout);
        self.answer(timeout).unwrap_or_default()
    }

    /// Asks, unless a question is not answered yet.
    pub(crate) fn ask<'a>(&mut self, topics: impl Iterator<Item = &'a str>, timeout: Duration) {
        if self.is_asked || self.is_mock {
            return;
        }
        let names: Vec<CString> = topics.filter_map(|topic| CString::new(topic).ok()).collect();
        if names.is_empty() {
            return;
        }
        let mut pointers: Vec<*const c_char> = names.iter().map(|name| name.as_ptr()).collect();
        let timeout = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: names are copied into the collection; collection and options are ours and are copied by the
        // call; the queue lives until `drop`.
        unsafe {
            let client = self.consumer.client().native_ptr();
            let topics = rd::rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len());
            let operation = rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS;
            let options = rd::rd_kafka_AdminOptions_new(client, operation);
            rd::rd_kafka_AdminOptions_set_request_timeout(options, timeout, ptr::null_mut(), 0);
            rd::rd_kafka_DescribeTopics(client, topics, options, self.queue);
            rd::rd_kafka_AdminOptions_destroy(options);
            rd::rd_kafka_TopicCollection_destroy(topics);
        }
        self.is_asked = true;
    }

    /// Returns the answer to the last question once it is there.
    pub(crate) fn answer(&mut self, timeout: Duration) -> Option<Found> {
        if !self.is_asked {
            return None;
        }
        let timeout = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: the event is ours and destroyed after its last use; what it shows lives as long as it.
        unsafe {
            let event = rd::rd_kafka_queue_poll(self.queue, timeout);
            if event.is_null() {
                return None;
            }
            self.is_asked = false;
            let found = descriptions(event);
            rd::rd_kafka_event_destroy(event);
            Some(found)
        }
    }
}

/// # Safety
/// The event is alive.
unsafe fn descriptions(event: *mut rd::rd_kafka_event_t) -> Found {
    use rd::rd_kafka_resp_err_t as Code;
    let mut found = Found::default();
    let (mut count, mut partitions) = (0, 0);
    // SAFETY: the result is null if the event is another one; librdkafka's array has `count` elements, all alive
    // as long as the event.
    unsafe {
        let result = rd::rd_kafka_event_DescribeTopics_result(event);
        let code = rd::rd_kafka_event_error(event);
        found.is_untold = is_untold(code);
        // A question that failed or was not answered in time has a result too, an empty one.
        if result.is_null() || code != Code::RD_KAFKA_RESP_ERR_NO_ERROR {
            return found;
        }
        let topics = rd::rd_kafka_DescribeTopics_result_topics(result, &mut count);
        for at in 0..count {
            let topic = *topics.add(at);
            let uuid = rd::rd_kafka_TopicDescription_topic_id(topic);
            let name = CStr::from_ptr(rd::rd_kafka_TopicDescription_name(topic));
            let Ok(name) = name.to_str() else { continue };
            let absence = match rd::rd_kafka_error_code(rd::rd_kafka_TopicDescription_error(topic)) {
                Code::RD_KAFKA_RESP_ERR_NO_ERROR if !uuid.is_null() => None,
                Code::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART => Some(Absence::Missing),
                Code::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED => Some(Absence::Forbidden),
                // Any other error says nothing of the topic: it is as good as no answer.
                _ => continue,
            };
            if let Some(absence) = absence {
                found.topics.insert(name.into(), Answer::Absent(absence));
                continue;
            }
            let high = rd::rd_kafka_Uuid_most_significant_bits(uuid).cast_unsigned();
            let low = rd::rd_kafka_Uuid_least_significant_bits(uuid).cast_unsigned();
            // Brokers without topic ids say zero.
            let id = high ^ low.rotate_left(32);
            rd::rd_kafka_TopicDescription_partitions(topic, &mut partitions);
            let description = Description { id, partitions };
            found.topics.insert(name.into(), Answer::There(description));
        }
    }
    found
}

/// Whether an error says that the brokers are too old for the question, which is an answer.
fn is_untold(code: rd::rd_kafka_resp_err_t) -> bool {
    use rd::rd_kafka_resp_err_t as Code;
    matches!(
        code,
        Code::RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE | Code::RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION
    )
}

impl Drop for Topics {
    fn drop(&mut self) {
        // SAFETY: the consumer is alive, it is a field. A question under way holds the queue itself.
        unsafe { rd::rd_kafka_queue_destroy(self.queue) };
    }
}

#[cfg(test)]
mod tests {
    use super::super::client::unreachable;
    use super::*;

    /// librdkafka answers a question that timed out with an empty result, which says nothing of any topic.
    #[test]
    fn a_question_that_timed_out_says_nothing_of_topics() {
        let mut topics = Topics::new(&unreachable(), false);
        topics.ask(["orders"].into_iter(), Duration::from_millis(50));
        let found = topics.answer(Duration::from_secs(30)).expect("an event");
        assert_eq!(found.of("orders"), None, "{found:?}");
    }

    #[test]
    fn only_brokers_that_do_not_know_the_question_have_answered_it_with_an_error() {
        use rd::rd_kafka_resp_err_t as Code;
        assert!(is_untold(Code::RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE));
        for code in [
            Code::RD_KAFKA_RESP_ERR__TIMED_OUT,
            Code::RD_KAFKA_RESP_ERR__TRANSPORT,
            Code::RD_KAFKA_RESP_ERR_UNKNOWN,
            Code::RD_KAFKA_RESP_ERR_NO_ERROR,
        ] {
            assert!(!is_untold(code), "{code:?}");
        }
    }
}
