//! Replies to synchronous events: where they go, and what becomes of those that cannot.

use super::super::lane::{REPLY_TOPICS_MAX, UNTRIED_TOPICS_MAX};
use super::super::workflow::Workflow;
use super::sync_mode::restored;
use super::{FAIL, PASS, Stage, sync};
use crate::program::Pattern;
use crate::stream::SendError;

#[test]
fn a_reply_that_is_not_delivered_is_given_up() {
    let mut stage = Stage::new(PASS, sync());
    stage.world.borrow_mut().holds_acks = true;
    stage.give("0");
    stage.settle();
    stage.committed(0, 1, Ok(()));
    for round in 0..9 {
        assert_eq!(stage.world.borrow().sent.len(), round + 1);
        stage.acknowledge(round, Err(SendError::Failed("no leader".to_owned())));
        stage.pass(10_000);
    }
    assert_eq!(stage.world.borrow().sent.len(), 9, "eight more attempts");
    let last = stage.world.borrow().commits.last().cloned().expect("a commit");
    assert!(restored(Some(last.1)).cut_off().next().is_none(), "it is over");
}

#[test]
fn a_reply_that_is_not_even_taken_is_given_up() {
    let mut stage = Stage::new(PASS, sync());
    let refused = SendError::Refused("no such topic".to_owned());
    stage.world.borrow_mut().refusal = Some(refused);
    stage.give("0");
    stage.settle();
    stage.committed(0, 1, Ok(()));
    stage.revoke(0, 60_000);
    let world = stage.world.borrow();
    assert_eq!(world.released.len(), 1, "it is over: nothing is waited for");
}

#[test]
fn replies_go_where_the_event_says() {
    let workflow = Workflow {
        reply_allowed: vec![Pattern::parse("mine")],
        ..sync()
    };
    let mut stage = Stage::new(FAIL, workflow);
    let headers = vec![
        ("kafka_replyTopic".to_owned(), Some(b"mine".to_vec())),
        ("kafka_replyPartition".to_owned(), Some(vec![0, 0, 0, 7])),
        ("kafka_correlationId".to_owned(), Some(b"id-1".to_vec())),
    ];
    stage.give_to(0, Some("k"), r#"{"error":"E\""}"#, headers);
    stage.settle();
    stage.committed(0, 1, Ok(()));
    let sent = stage.world.borrow().sent[0].clone();
    assert_eq!(
        (sent.topic.as_str(), sent.partition, sent.key.as_deref()),
        ("mine", Some(7), Some("k"))
    );
    assert_eq!(
        sent.value.as_deref(),
        Some(r#"{"error":"E\"","cause":"because"}"#)
    );
    let headers: Vec<_> = sent
        .headers
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    assert_eq!(
        headers,
        [
            "stepstream-status=FAILED",
            "stepstream-execution=orders-0-0",
            "kafka_correlationId=id-1"
        ]
    );
}

#[test]
fn replies_go_only_where_they_are_allowed_to() {
    let workflow = Workflow {
        reply_allowed: vec![Pattern::parse("replies-*")],
        ..sync()
    };
    let mut stage = Stage::new(PASS, workflow);
    for (value, name) in [("1", "secrets"), ("2", "replies-a"), ("3", ""), ("4", "secrets")] {
        let header = ("kafka_replyTopic".to_owned(), Some(name.as_bytes().to_vec()));
        stage.give_to(0, None, value, vec![header]);
    }
    stage.settle();
    stage.committed(0, 3, Ok(()));
    stage.committed(0, 4, Ok(()));
    assert!(stage.values("secrets").is_empty());
    assert_eq!(stage.values("replies-a"), ["2"]);
    assert_eq!(stage.values("replies"), ["3"], "an empty name is none");
    assert_eq!(stage.world.borrow().sent.len(), 2);
    // By default only where the configuration says.
    let mut stage = Stage::new(PASS, sync());
    for (value, name) in [("1", "replies-a"), ("2", "replies"), ("3", "orders")] {
        let header = ("kafka_replyTopic".to_owned(), Some(name.as_bytes().to_vec()));
        stage.give_to(0, None, value, vec![header]);
    }
    stage.settle();
    stage.committed(0, 3, Ok(()));
    assert_eq!(stage.values("replies"), ["2"]);
    assert_eq!(stage.world.borrow().sent.len(), 1);
}

#[test]
fn reply_topics_that_events_invent_give_way() {
    let allowed = Workflow {
        reply_allowed: vec![Pattern::parse("replies-*")],
        sync_batch_max: 1_000,
        ..sync()
    };
    let mut stage = Stage::new(PASS, allowed);
    let asks = |stage: &mut Stage, name: String| {
        let header = ("kafka_replyTopic".to_owned(), Some(name.into_bytes()));
        stage.give_to(0, None, "1", vec![header]);
    };
    let commit = |stage: &mut Stage| {
        stage.settle();
        let asked = stage
            .world
            .borrow()
            .commits
            .last()
            .map(|(_, commit, _)| commit.offset);
        stage.committed(0, asked.expect("a commit"), Ok(()));
    };
    const NAMES: usize = 3 * REPLY_TOPICS_MAX;
    for index in 0..NAMES {
        // What is refused takes no room.
        asks(&mut stage, format!("other-{index}"));
        asks(&mut stage, format!("replies-{index}"));
        asks(&mut stage, format!("replies-\n{index}"));
        asks(&mut stage, "replies-used".to_owned());
        if index % 10 == 9 {
            commit(&mut stage);
        }
    }
    (0..10).for_each(|_| commit(&mut stage));
    let sent = |topic: &str| stage.values(topic).len();
    for index in 0..NAMES {
        assert_eq!(sent(&format!("replies-{index}")), 1, "{index}");
    }
    assert_eq!(sent("replies-used"), NAMES);
    let world = stage.world.borrow();
    assert_eq!(world.sent.len(), 2 * NAMES);
    assert_eq!(
        world.closed.len(),
        NAMES + 1 - REPLY_TOPICS_MAX,
        "the one that is used stays"
    );
}

/// What is asked for at once, before the first reply has arrived, loses nothing: much for one topic, or a reply for each
/// of many.
#[test]
fn reply_topics_that_exist_lose_nothing_after_a_start() {
    let check = |topics: usize, each: usize, bytes: usize| {
        let allowed = Workflow {
            reply_allowed: vec![Pattern::parse("*")],
            sync_batch_max: 100_000,
            ..sync()
        };
        let mut stage = Stage::new(PASS, allowed);
        stage.world.borrow_mut().commits_at_once = true;
        stage.world.borrow_mut().holds_acks = true;
        let value = format!("\"{}\"", "x".repeat(bytes));
        for index in 0..topics * each {
            let name = format!("replies-{}", index % topics).into_bytes();
            let header = ("kafka_replyTopic".to_owned(), Some(name));
            stage.give_to(0, None, &value, vec![header]);
        }
        stage.settle();
        let tickets: Vec<_> = stage.world.borrow().sent.iter().map(|sent| sent.ticket).collect();
        for ticket in tickets {
            stage.world.borrow_mut().push_ack(ticket, Ok(()));
        }
        stage.world.borrow_mut().holds_acks = false;
        stage.settle();
        assert_eq!(stage.metric("stepstream_replies_lost_total", &[]), 0.0);
        for index in 0..topics {
            assert_eq!(stage.values(&format!("replies-{index}")).len(), each);
        }
    };
    check(1, 200, 10_000);
    check(300, 2, 10);
}

/// Names that events make up, and that nothing reaches, take no reply from topics that exist, and are counted.
#[test]
fn a_flood_of_invented_reply_topics_leaves_others_their_replies() {
    const KNOWN: usize = 300;
    const MADE_UP: usize = 2 * REPLY_TOPICS_MAX;
    let allowed = Workflow {
        reply_allowed: vec![Pattern::parse("*")],
        sync_batch_max: 100_000,
        ..sync()
    };
    let mut stage = Stage::new(PASS, allowed);
    stage.world.borrow_mut().commits_at_once = true;
    let asks = |stage: &mut Stage, name: &str| {
        let header = ("kafka_replyTopic".to_owned(), Some(name.as_bytes().to_vec()));
        stage.give_to(0, None, "1", vec![header]);
    };
    for index in 0..KNOWN {
        asks(&mut stage, &format!("known-{index}"));
        stage.settle();
    }
    stage.world.borrow_mut().holds_acks = true;
    let mut good = 0;
    for index in 0..MADE_UP {
        asks(&mut stage, &format!("made-up-{index}"));
        if index % 10 == 0 {
            asks(&mut stage, &format!("known-{}", index / 10 % KNOWN));
            good += 1;
        }
    }
    stage.settle();
    let tickets = |stage: &Stage, prefix: &str| {
        let world = stage.world.borrow();
        let sent = world.sent.iter().skip(KNOWN);
        let sent = sent.filter(|sent| sent.topic.starts_with(prefix));
        sent.map(|sent| sent.ticket).collect::<Vec<_>>()
    };
    assert_eq!(tickets(&stage, "known-").len(), good);
    let made_up = tickets(&stage, "made-up-");
    assert_eq!(made_up.len(), UNTRIED_TOPICS_MAX, "so many are tried at a time");
    let refused = MADE_UP - UNTRIED_TOPICS_MAX;
    let lost = |stage: &Stage| stage.metric("stepstream_replies_lost_total", &[]);
    assert_eq!(lost(&stage), refused as f64);
    // Those that are given up make room for the next, and are counted too.
    for ticket in made_up {
        let no_topic = SendError::Refused("no such topic".to_owned());
        stage.world.borrow_mut().push_ack(ticket, Err(no_topic));
    }
    stage.settle();
    assert_eq!(lost(&stage), MADE_UP as f64);
    asks(&mut stage, "known-late");
    stage.settle();
    assert_eq!(tickets(&stage, "known-late").len(), 1);
}
