//! Task, Parallel and Map: answers, retries, catches, time-outs, late answers.

use super::*;

const TASK: &str = r#""Type":"Task","Resource":"arn:aws:lambda:us-east-1:111111111111:function:f""#;

pub(super) fn task(name: &str, more: &str) -> String {
    format!("\"{name}\":{{{TASK},{more}}}")
}

#[test]
fn a_task_is_asked_for_and_answered() {
    let states = task(
        "A",
        r#""Parameters":{"p.$":"$.a"},"ResultSelector":{"r.$":"$.x"},"ResultPath":"$.t","End":true"#,
    );
    let mut player = start("A", &states, r#"{"a":1}"#);
    assert_eq!(player.go(), Status::Waiting);
    assert_eq!(player.parameters(0), r#"{"p":1}"#);
    assert_eq!(
        player.answer(0, Answer::Success(b"{\"x\": [ ]}")),
        Status::Succeeded
    );
    player.has_output(r#"{"a":1,"t":{"r":[]}}"#);
}

#[test]
fn an_answer_that_is_not_json_fails_the_run() {
    for answer in [&b"{"[..], b"", b"\xff", b"1 2", b"\"\0\""] {
        let mut player = start("A", &task("A", r#""End":true"#), "{}");
        player.go();
        assert_eq!(player.answer(0, Answer::Success(answer)), Status::Failed);
    }
}

#[test]
fn retries_wait_longer_each_time_then_the_catcher_takes_over() {
    let more = r#""Retry":[{"ErrorEquals":["E"],"IntervalSeconds":3,"BackoffRate":2,"MaxAttempts":2}],
        "Catch":[{"ErrorEquals":["States.ALL"],"ResultPath":"$.e","Next":"B"}],"Next":"B""#;
    let states = format!("{},\"B\":{{\"Type\":\"Succeed\"}}", task("A", more));
    let mut player = start("A", &states, "{}");
    player.go();
    let failure = Answer::Failure {
        error: Some("E"),
        cause: Some("c"),
    };
    for (at, delay_ms) in [(0, 3_000), (2, 6_000)] {
        assert_eq!(player.answer(at, failure), Status::Waiting);
        assert_eq!(player.timer_ms(at + 1), player.now_ms + delay_ms);
        player.now_ms += delay_ms;
        assert_eq!(player.answer(at + 1, Answer::Time), Status::Waiting);
    }
    assert_eq!(player.answer(4, failure), Status::Succeeded);
    player.has_output(r#"{"e":{"Error":"E","Cause":"c"}}"#);
}

#[test]
fn a_delay_beyond_all_numbers_is_a_long_delay() {
    let more = r#""Retry":[{"ErrorEquals":["States.ALL"],"MaxAttempts":99999999,"BackoffRate":1e308,
        "JitterStrategy":"FULL"}],"End":true"#;
    let mut player = start("A", &task("A", more), "{}");
    player.go();
    for at in [0, 2, 4] {
        assert_eq!(player.answer(at, Answer::TimedOut), Status::Waiting);
        assert!(player.timer_ms(at + 1) >= player.now_ms);
        assert_eq!(player.answer(at + 1, Answer::Time), Status::Waiting);
    }
}

#[test]
fn a_time_out_is_an_error_that_a_catcher_sees() {
    let more = r#""TimeoutSeconds":2,"Catch":[{"ErrorEquals":["States.Timeout"],"Next":"B"}],"Next":"B""#;
    let mut player = start(
        "A",
        &format!("{},\"B\":{{\"Type\":\"Succeed\"}}", task("A", more)),
        "{}",
    );
    player.go();
    assert_eq!(player.answer(0, Answer::TimedOut), Status::Succeeded);
    player.has_output(r#"{"Error":"States.Timeout","Cause":""}"#);
}

#[test]
fn a_late_or_second_answer_is_ignored() {
    let states = format!(
        r#""P":{{"Type":"Parallel","Branches":[{{"StartAt":"A","States":{{{}}}}},{{"StartAt":"B","States":{{{}}}}}],
        "Catch":[{{"ErrorEquals":["States.ALL"],"Next":"C"}}],"Next":"C"}},{}"#,
        task("A", r#""End":true"#),
        task("B", r#""End":true"#),
        task("C", r#""End":true"#)
    );
    let mut player = start("P", &states, "{}");
    assert_eq!(player.go(), Status::Waiting);
    let (a, b) = (player.token(0), player.token(1));
    assert_eq!(
        player.answer(
            0,
            Answer::Failure {
                error: Some("E"),
                cause: None
            }
        ),
        Status::Waiting
    );
    for token in [a, b] {
        assert!(!player.run.awaits(token));
        assert!(
            !player
                .run
                .resume(&player.program, token, Answer::Success(b"1"), 0)
        );
    }
    assert_eq!(player.answer(2, Answer::Success(b"2")), Status::Succeeded);
    player.has_output("2");
    assert!(!player.run.resume(&player.program, b, Answer::Success(b"1"), 0));
}

#[test]
fn a_map_works_on_its_items_side_by_side() {
    let states = format!(
        r#""M":{{"Type":"Map","ItemsPath":"$.list","MaxConcurrency":2,"ItemSelector":{{"i.$":"$$.Map.Item.Index",
        "v.$":"$$.Map.Item.Value"}},"ItemProcessor":{{"StartAt":"A","States":{{{}}}}},"End":true}}"#,
        task("A", r#""ResultPath":"$.r","End":true"#)
    );
    let mut player = start("M", &states, r#"{"list":["a","b","c"]}"#);
    assert_eq!(player.go(), Status::Waiting);
    assert_eq!(player.asked.len(), 2);
    assert_eq!(player.answer(1, Answer::Success(b"1")), Status::Waiting);
    assert_eq!(player.parameters(2), r#"{"i":2,"v":"c"}"#);
    player.answer(0, Answer::Success(b"2"));
    assert_eq!(player.answer(2, Answer::Success(b"3")), Status::Succeeded);
    player.has_output(r#"[{"i":0,"v":"a","r":2},{"i":1,"v":"b","r":1},{"i":2,"v":"c","r":3}]"#);
    player.restart(r#"{"list":[]}"#, Level::All);
    player.succeeds("[]");
    player.restart(r#"{"list":1}"#, Level::All);
    player.fails("States.Runtime", "must point to array");
}

#[test]
fn a_map_tolerates_some_failures() {
    let states = format!(
        r#""M":{{"Type":"Map","ToleratedFailureCount":1,"ItemProcessor":{{"StartAt":"A","States":{{{}}}}},"End":true}}"#,
        task("A", r#""End":true"#)
    );
    let failure = Answer::Failure {
        error: Some("E"),
        cause: None,
    };
    let mut player = start("M", &states, "[1,2,3]");
    player.go();
    player.answer(0, failure);
    player.answer(1, Answer::Success(b"2"));
    assert_eq!(player.answer(2, Answer::Success(b"3")), Status::Succeeded);
    player.restart("[1,2,3]", Level::All);
    player.go();
    player.answer(0, failure);
    assert_eq!(player.answer(1, failure), Status::Failed);
    assert_eq!(player.failure().0, "States.ExceedToleratedFailureThreshold");
}

#[test]
fn the_end_of_the_time_ends_everything() {
    let mut player = start("A", &task("A", r#""End":true"#), "{}");
    player.go();
    player.run.time_out(&player.program, 300_000);
    assert_eq!(player.run.outcome().status, Status::TimedOut);
    assert!(!player.run.awaits(player.token(0)));
    assert_eq!(player.events().last(), Some(&"ExecutionTimedOut"));
}
