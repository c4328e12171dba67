//! Tasks that write to Kafka.

use super::*;

const TOPICS: &str = r#""arn:aws:states:::kafka:produce" = { kafka = ["audit", "billing-*"] }"#;

fn producing() -> (Arc<Tasks>, Bindings) {
    let tasks = tasks(TOPICS);
    let fields = r#","Parameters":{"Topic.$":"$.t","Value.$":"$.v"}"#;
    let bindings = tasks.bind(&program(PRODUCE, fields), false).expect("served");
    (tasks, bindings)
}

#[test]
fn a_message_is_acknowledged_before_the_task_succeeds() {
    let (tasks, bindings) = producing();
    let mut shard = Shard::new(&tasks);
    shard.sink.room = 10;
    let parameters = r#"{"Topic":"audit","Value":{"a": 1},"Key":"k\n","Partition":3,"Headers":{"h":"x","n":null,"o":[1]}}"#;
    assert_eq!(shard.call(&bindings, parameters, 5).0, Progress::Pending);
    assert_eq!(
        shard.sink.messages,
        ["5 audit pSome(3) kk\n v{\"a\":1} h=x n=- o=[1] stepstream-idempotency-key=orders-0-17/T"]
    );
    assert_eq!(shard.connectors.take(0), None);
    shard.connectors.acknowledged(Ticket(5), Ok(()));
    let answer = Ok(br#"{"Topic":"audit","Partition":3}"#.to_vec());
    assert_eq!(
        shard.connectors.take(0),
        Some((Ticket(5), Report::Answer(answer)))
    );
    assert_eq!(shard.connectors.pending(), 0);
    shard.connectors.acknowledged(Ticket(5), Ok(()));
    assert_eq!(shard.connectors.take(0), None, "once");
}

#[test]
fn texts_are_sent_as_characters_and_null_as_a_tombstone() {
    let (tasks, bindings) = producing();
    let mut shard = Shard::new(&tasks);
    shard.sink.room = 10;
    shard.call(&bindings, r#"{"Topic":"billing-7","Value":"a\"b"}"#, 1);
    shard.call(&bindings, r#"{"Topic":"billing-7","Value":null,"Key":7}"#, 2);
    let key = "stepstream-idempotency-key=orders-0-17/T";
    assert_eq!(
        shard.sink.messages,
        [
            format!("1 billing-7 pNone k- va\"b {key}"),
            format!("2 billing-7 pNone k7 v- {key}"),
        ]
    );
    assert_eq!(shard.sink.topics, ["billing-7"], "a topic is resolved once");
}

#[test]
fn a_full_sink_is_waited_for_in_order() {
    let (tasks, bindings) = producing();
    let mut shard = Shard::new(&tasks);
    for ticket in 1..=4 {
        let parameters = format!(r#"{{"Topic":"audit","Value":{ticket}}}"#);
        assert_eq!(shard.call(&bindings, &parameters, ticket).0, Progress::Pending);
    }
    assert_eq!(shard.sink.messages.len(), 1);
    shard.connectors.cancel(Ticket(3));
    shard.sink.room = 2;
    shard.connectors.poll(&mut shard.sink);
    shard.sink.room = 10;
    shard.connectors.poll(&mut shard.sink);
    let sent: Vec<&str> = shard.sink.messages.iter().map(|message| &message[..1]).collect();
    assert_eq!(sent, ["1", "2", "4"]);
}

#[test]
fn a_panic_at_a_message_that_had_to_wait_ends_its_call_only() {
    let (tasks, bindings) = producing();
    let mut shard = Shard::new(&tasks);
    for ticket in 1..=4 {
        let parameters = format!(r#"{{"Topic":"audit","Value":{ticket}}}"#);
        assert_eq!(shard.call(&bindings, &parameters, ticket).0, Progress::Pending);
    }
    (shard.sink.room, shard.sink.panics_at) = (10, Some(Ticket(3)));
    shard.connectors.poll(&mut shard.sink);
    let sent: Vec<&str> = shard.sink.messages.iter().map(|message| &message[..1]).collect();
    assert_eq!(sent, ["1", "2", "4"]);
    let Some((ticket, Report::Answer(Err(failure)))) = shard.connectors.take(0) else {
        panic!("it has failed");
    };
    assert_eq!((ticket, failure.error.as_deref()), (Ticket(3), Some(PANIC)));
    assert_eq!((shard.connectors.waiting(), shard.connectors.pending()), (0, 3));
}

#[test]
fn a_topic_that_takes_nothing_does_not_hold_up_the_messages_for_others() {
    let (tasks, bindings) = producing();
    let mut shard = Shard::new(&tasks);
    shard.sink.room = 1_000;
    shard.sink.capacity = Some(100_000);
    let call = |shard: &mut Shard, topic: &str, ticket| {
        let parameters = format!(r#"{{"Topic":"{topic}","Value":{ticket}}}"#);
        shard.call(&bindings, &parameters, ticket).0
    };
    // Nothing of it is acknowledged, and some of it is given up.
    let calls: Vec<_> = (1..=1_000)
        .map(|ticket| call(&mut shard, "audit", ticket))
        .collect();
    let sent = shard.sink.messages.len();
    assert!((10..100).contains(&sent), "{sent} messages");
    let is_throttled = |progress: &Progress| *progress != Progress::Pending;
    assert!(calls.iter().any(is_throttled), "what waits is limited too");
    shard.connectors.cancel(Ticket(1));
    shard.connectors.cancel(Ticket(sent as u64 + 1));
    assert_eq!(call(&mut shard, "billing-1", 5_000), Progress::Pending);
    let last = shard.sink.messages.last().expect("a message");
    assert!(last.starts_with("5000 billing-1"), "{last}");
    // A message that nobody waits for takes room until it is acknowledged; one that did not wait long enough is not sent.
    shard.connectors.poll(&mut shard.sink);
    assert_eq!(shard.sink.messages.len(), sent + 1);
    for ticket in 1..=5 {
        shard.connectors.acknowledged(Ticket(ticket), Ok(()));
    }
    shard.connectors.poll(&mut shard.sink);
    let next: Vec<_> = shard.sink.messages[sent + 1..]
        .iter()
        .filter_map(|message| message.split(' ').next()?.parse::<usize>().ok())
        .collect();
    let in_order: Vec<_> = (sent + 2..sent + 2 + next.len()).collect();
    assert!(!next.is_empty() && next == in_order, "{next:?}");
}

#[test]
fn topics_that_events_invent_give_way() {
    let (tasks, bindings) = producing();
    let mut shard = Shard::new(&tasks);
    shard.sink.room = usize::MAX;
    let call = |shard: &mut Shard, ticket: u64| {
        let parameters = format!(r#"{{"Topic":"billing-{ticket}","Value":1}}"#);
        shard.call(&bindings, &parameters, ticket).0
    };
    // The first message stays on its way, and so does one that nobody waits for.
    for ticket in 0..5_000 {
        assert_eq!(call(&mut shard, ticket), Progress::Pending, "{ticket}");
        match ticket {
            0 => {}
            1 => shard.connectors.cancel(Ticket(1)),
            _ => shard.connectors.acknowledged(Ticket(ticket), Ok(())),
        }
    }
    let closed = &shard.sink.closed;
    assert_eq!((closed.len(), closed[0]), (4_000, TopicId(2)));
    // Names that no topic has, or that are not granted, take no room.
    shard.call(&bindings, r#"{"Topic":"billing-\u00e9","Value":1}"#, 9_000);
    shard.call(&bindings, r#"{"Topic":"secret","Value":1}"#, 9_001);
    assert_eq!(shard.sink.closed.len(), 4_000);
}

#[test]
fn messages_that_are_not_allowed_or_wrong() {
    let (tasks, bindings) = producing();
    let mut shard = Shard::new(&tasks);
    let mut check = |parameters: &str, error: &str| match shard.call(&bindings, parameters, 1).0 {
        Progress::Failure(failure) => assert_eq!(failure.error.as_deref(), Some(error), "{parameters}"),
        other => panic!("{parameters}: {other:?}"),
    };
    check(r#"{"Topic":"secret","Value":1}"#, "States.Permissions");
    check(r#"{"Topic":1,"Value":1}"#, "Kafka.InvalidParameterException");
    check(r#"{"Topic":"audit"}"#, "Kafka.InvalidParameterException");
    check(
        r#"{"Topic":"audit","Value":1,"Partition":-1}"#,
        "Kafka.InvalidParameterException",
    );
    check(
        r#"{"Topic":"audit","Value":1,"Headers":[]}"#,
        "Kafka.InvalidParameterException",
    );
}

#[test]
fn a_refused_message_fails_the_task() {
    let (tasks, bindings) = producing();
    let mut shard = Shard::new(&tasks);
    shard.call(&bindings, r#"{"Topic":"audit","Value":1}"#, 1);
    let refused = Err(SendError::Refused("too large".into()));
    shard.connectors.acknowledged(Ticket(1), refused);
    let failure = Failure::new("Kafka.KafkaException", "too large");
    assert_eq!(
        shard.connectors.take(0),
        Some((Ticket(1), Report::Answer(Err(failure))))
    );
}

#[test]
fn heartbeats_are_of_calls_that_are_pending() {
    let (tasks, bindings) = producing();
    let mut shard = Shard::new(&tasks);
    let beat = |shard: &Shard, times: usize| (0..times).for_each(|_| shard.answers.heartbeat(Ticket(1)));
    beat(&shard, 1);
    assert_eq!(shard.connectors.take(0), None, "nobody has called");
    shard.call(&bindings, r#"{"Topic":"audit","Value":1}"#, 1);
    for _ in 0..2 {
        beat(&shard, 1_000);
        assert_eq!(shard.connectors.take(0), Some((Ticket(1), Report::Heartbeat)));
        assert_eq!(shard.connectors.take(0), None, "many at once are one");
    }
    shard.connectors.acknowledged(Ticket(1), Ok(()));
    beat(&shard, 1);
    assert!(matches!(
        shard.connectors.take(0),
        Some((Ticket(1), Report::Answer(Ok(_))))
    ));
    assert_eq!(shard.connectors.take(0), None, "it is over");
}
