//! Places: different calls have different ones, retries of a call the same, and so has a second run.

use super::work::task;
use super::*;
use std::collections::HashSet;

/// A call as the outside sees it.
#[derive(Clone, Debug, PartialEq)]
struct Call {
    place: String,
    is_retry: bool,
}

/// Plays a machine to its end. Each first attempt with an even number is failed where `fails` says so; a task
/// answers with how many calls were answered before.
#[track_caller]
fn calls(first: &str, states: &str, fails: bool) -> Vec<Call> {
    let mut player = start(first, states, r#"{"n":0,"list":[1,2]}"#);
    let (mut small, mut calls, mut answered) = (Run::new(), Vec::new(), 0);
    let mut status = player.go();
    for at in 0.. {
        if status != Status::Waiting {
            break;
        }
        assert!(calls.len() < 200, "it does not end");
        let Request::Task(asked) = player.asked[at] else {
            player.now_ms = player.timer_ms(at);
            status = player.answer(at, Answer::Time);
            continue;
        };
        let before = place(&player, at);
        player.run.park_into(&mut small);
        player.run.unpark_from(&mut small);
        assert_eq!(before, place(&player, at), "parking changes nothing");
        calls.push(Call {
            place: before,
            is_retry: asked.retry > 0,
        });
        answered += 1;
        let text = format!(r#"{{"n":{answered}}}"#);
        let failure = Answer::Failure {
            error: Some("E"),
            cause: None,
        };
        let is_failed = fails && asked.retry == 0 && answered % 2 == 0;
        status = player.answer(
            at,
            if is_failed {
                failure
            } else {
                Answer::Success(text.as_bytes())
            },
        );
    }
    assert_eq!(status, Status::Succeeded, "{:?}", player.failure());
    calls
}

fn place(player: &Player, at: usize) -> String {
    let mut out = String::new();
    player
        .run
        .write_place(&player.program, player.token(at), &mut out)
        .expect("a String takes all");
    out
}

const RETRY: &str = r#""Retry":[{"ErrorEquals":["E"],"MaxAttempts":3}]"#;

/// A Choice that goes back until a task has answered so much.
fn until(n: u32, back: &str) -> String {
    format!(
        r#""Until":{{"Type":"Choice","Choices":[{{"Variable":"$.n","NumericLessThan":{n},"Next":"{back}"}}],"Default":"Done"}},
        "Done":{{"Type":"Succeed"}}"#
    )
}

fn map(name: &str, inner: &str, start: &str, next: &str) -> String {
    format!(
        r#""{name}":{{"Type":"Map","ItemsPath":"$.list","MaxConcurrency":2,{RETRY},"ResultPath":null,
        "ItemSelector":{{"n":0,"list":[1,2]}},
        "ItemProcessor":{{"StartAt":"{start}","States":{{{inner}}}}},{next}}}"#
    )
}

/// The machines: name of the first state, the states.
fn machines() -> Vec<(String, String)> {
    let call = |name: &str, next: &str| {
        task(
            name,
            &format!(r#"{RETRY},"ResultSelector":{{"n.$":"$.n","list":[1,2]}},{next}"#),
        )
    };
    let end = r#""End":true"#;
    let mut machines = Vec::new();
    for name in ["Charge", "a/b", "a#2", "100 %", "~1", "é"] {
        let states = format!("{},{}", call(name, r#""Next":"Until""#), until(4, name));
        machines.push((name.to_owned(), states));
    }
    // A state that is named as a place in a Map.
    let each = map("M", &call("T", end), "T", r#""Next":"M/0/T""#);
    machines.push(("M".to_owned(), format!("{each},{}", call("M/0/T", end))));
    // A state that is named as a visit.
    let two = call("A#2", r#""Next":"Until""#);
    let states = format!("{},{two},{}", call("A", r#""Next":"A#2""#), until(5, "A"));
    machines.push(("A".to_owned(), states));
    // A Map with a loop in it, in a loop.
    let inner = format!("{},{}", call("T", r#""Next":"Until""#), until(4, "T"));
    let inner = inner.replace("Until", "Inner").replace("Done", "InnerDone");
    let each = map("M", &inner, "T", r#""Next":"After""#);
    let after = call("After", r#""Next":"Until""#);
    machines.push(("M".to_owned(), format!("{each},{after},{}", until(20, "M"))));
    // A Map in a Parallel in a loop, next to a task.
    let each = map("M", &call("T", end), "T", end);
    let (other, after) = (call("T2", end), call("After", r#""Next":"Until""#));
    let parallel = format!(
        r#""P":{{"Type":"Parallel",{RETRY},"ResultPath":null,"Next":"After","Branches":[
        {{"StartAt":"M","States":{{{each}}}}},{{"StartAt":"T2","States":{{{other}}}}}]}}"#
    );
    machines.push(("P".to_owned(), format!("{parallel},{after},{}", until(20, "P"))));
    // More states than have a bit, and a chain of Passes in the loop.
    let mut states = String::new();
    for at in 0..70 {
        states += &format!(r#""P{at}":{{"Type":"Pass","Next":"P{}"}},"#, at + 1);
    }
    states += &format!(
        r#""P70":{{"Type":"Pass","Next":"Z"}},{},{}"#,
        call("Z", r#""Next":"Until""#),
        until(4, "P60")
    );
    machines.push(("P0".to_owned(), states));
    machines
}

#[test]
fn different_calls_have_different_places_and_retries_the_same() {
    for (first, states) in machines() {
        for fails in [false, true] {
            let once = calls(&first, &states, fails);
            assert_eq!(once, calls(&first, &states, fails), "a second run, {states}");
            let mut places = HashSet::new();
            for call in &once {
                let is_new = places.insert(&call.place);
                assert_eq!(is_new, !call.is_retry, "{call:?} of {once:#?}");
            }
            assert_eq!(fails, once.iter().any(|call| call.is_retry), "{once:#?}");
        }
    }
}

#[test]
fn a_loop_counts_from_its_second_turn() {
    let places = |(first, states): (String, String)| -> Vec<String> {
        let calls = calls(&first, &states, false);
        calls.into_iter().map(|call| call.place).take(3).collect()
    };
    let mut machines = machines().into_iter();
    let mut next = || places(machines.next().expect("a machine"));
    assert_eq!(next(), ["/Charge", "/Charge#2", "/Charge#3"]);
    assert_eq!(next(), ["/a~1b", "/a~1b#2", "/a~1b#3"]);
    assert_eq!(next(), ["/a~22", "/a~22#2", "/a~22#3"]);
}

#[test]
fn a_retried_map_makes_the_same_calls() {
    let each = map("M", &task("T", r#""End":true"#), "T", r#""Next":"Done""#);
    let states = format!(r#"{each},"Done":{{"Type":"Succeed"}}"#);
    let mut player = start("M", &states, r#"{"list":[1]}"#);
    assert_eq!(player.go(), Status::Waiting);
    let failure = Answer::Failure {
        error: Some("E"),
        cause: None,
    };
    assert_eq!(player.answer(0, failure), Status::Waiting);
    player.now_ms = player.timer_ms(1);
    assert_eq!(player.answer(1, Answer::Time), Status::Waiting);
    assert_eq!(
        (place(&player, 0), place(&player, 2)),
        ("/M/0/T".to_owned(), "/M/0/T".to_owned())
    );
}
