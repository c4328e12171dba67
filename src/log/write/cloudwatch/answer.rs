//! What a response of CloudWatch Logs means for a batch, or for a stream that is to be there.
//!
//! Must not know what is done about it.

use super::service::Reply;
use crate::value::{Heap, View};

/// What became of a batch.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is written but for so many events, which are too old or too new for CloudWatch.
    Written { rejected: usize },
    /// Its log stream is not there.
    NoStream,
    /// Something in it is not acceptable, and never will be.
    Unacceptable(String),
    /// It is to be sent again later.
    Later(String),
}

/// Reads the answer to `PutLogEvents` of so many events.
pub(super) fn of_batch(answer: Result<Reply, String>, events: usize) -> Fate {
    match answer {
        Ok(Reply::Done(body)) => Fate::Written {
            rejected: rejected(&body, events),
        },
        Ok(Reply::Refused { code, message }) => match code.as_str() {
            "DataAlreadyAcceptedException" => Fate::Written { rejected: 0 },
            "ResourceNotFoundException" => Fate::NoStream,
            "InvalidParameterException" => Fate::Unacceptable(message),
            _ => Fate::Later(told(&code, &message)),
        },
        Err(trouble) => Fate::Later(trouble),
    }
}

/// Returns how many of so many events were not taken.
fn rejected(body: &[u8], events: usize) -> usize {
    let (mut heap, constants) = (Heap::new(), Heap::for_constants());
    let Ok(root) = heap.index(body) else {
        return 0;
    };
    let view = View::new(&heap, &constants);
    let Some(info) = view.member_named(root, "rejectedLogEventsInfo") else {
        return 0;
    };
    let index = |name: &str| view.number(view.member_named(info, name)?)?.parse::<usize>().ok();
    // The places behind the last one that is too old, or older than the group keeps events.
    let old = index("tooOldLogEventEndIndex").max(index("expiredLogEventEndIndex"));
    let old = old.unwrap_or(0).min(events);
    // The place of the first one that is too new.
    let new = index("tooNewLogEventStartIndex")
        .unwrap_or(events)
        .clamp(old, events);
    old + (events - new)
}

/// Reads the answer to a request that makes a group or a stream; one that exists already is as good.
///
/// # Errors
/// What AWS says, or that it does not answer; with `true` if what it should be made in is not there.
pub(super) fn of_creation(answer: Result<Reply, String>) -> Result<(), (bool, String)> {
    match answer {
        Ok(Reply::Done(_)) => Ok(()),
        Ok(Reply::Refused { code, .. }) if code == "ResourceAlreadyExistsException" => Ok(()),
        Ok(Reply::Refused { code, message }) => {
            Err((code == "ResourceNotFoundException", told(&code, &message)))
        }
        Err(trouble) => Err((false, trouble)),
    }
}

fn told(code: &str, message: &str) -> String {
    match message {
        "" => code.to_owned(),
        _ => format!("{code}: {message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str) -> Result<Reply, String> {
        Ok(Reply::Refused {
            code: code.to_owned(),
            message: "why".to_owned(),
        })
    }

    fn check(answer: Result<Reply, String>, expected: Fate) {
        assert_eq!(of_batch(answer.clone(), 10), expected, "{answer:?}");
    }

    #[test]
    fn batches() {
        let done = |body: &str| Ok(Reply::Done(body.into()));
        let written = |rejected| Fate::Written { rejected };
        check(done("{}"), written(0));
        check(done(r#"{"nextSequenceToken":"1"}"#), written(0));
        check(done("no JSON"), written(0));
        let info = |info: &str| done(&format!("{{\"rejectedLogEventsInfo\":{info}}}"));
        check(info(r#"{"tooOldLogEventEndIndex":3}"#), written(3));
        check(
            info(r#"{"tooOldLogEventEndIndex":3,"expiredLogEventEndIndex":4}"#),
            written(4),
        );
        check(
            info(r#"{"tooNewLogEventStartIndex":8,"tooOldLogEventEndIndex":3}"#),
            written(5),
        );
        check(
            info(r#"{"tooNewLogEventStartIndex":0,"tooOldLogEventEndIndex":99}"#),
            written(10),
        );
        check(refused("DataAlreadyAcceptedException"), written(0));
        check(refused("ResourceNotFoundException"), Fate::NoStream);
        check(
            refused("InvalidParameterException"),
            Fate::Unacceptable("why".into()),
        );
        check(
            refused("ThrottlingException"),
            Fate::Later("ThrottlingException: why".into()),
        );
        check(Err("no answer".into()), Fate::Later("no answer".into()));
    }

    #[test]
    fn creations() {
        assert_eq!(of_creation(refused("ResourceAlreadyExistsException")), Ok(()));
        let missing = (true, "ResourceNotFoundException: why".to_owned());
        assert_eq!(of_creation(refused("ResourceNotFoundException")), Err(missing));
        assert_eq!(
            of_creation(Err("no answer".into())),
            Err((false, "no answer".into()))
        );
    }
}
