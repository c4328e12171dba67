//! States in JSONata: how much work and memory their evaluation takes.

use super::jsonata::{jsonata, pass, task};
use super::*;

#[test]
fn a_run_compacted_at_every_state_evaluates_the_same() {
    let states = [
        jsonata(
            "A",
            r#""Type":"Pass","Assign":{"big":"{% $pad('', 5000, 'x') %}"},
            "Output":"{% $map([1..20], function($i){ {'i': $i, 't': $string($i) & $states.input.s} }) %}","Next":"B""#,
        ),
        jsonata(
            "B",
            r#""Type":"Map","ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Pass","QueryLanguage":"JSONata",
            "Assign":{"own":"{% $states.input.t %}"},"Next":"J"},"J":{"Type":"Pass","QueryLanguage":"JSONata",
            "Output":"{% $own & $length($big) %}","End":true}}},
            "Output":"{% $join($states.result, ',') %}","End":true"#,
        ),
    ];
    let states = states.join(",");
    let mut player = start("A", &states, r#"{"s":"s"}"#);
    let mut expected = String::new();
    for index in 1..=20 {
        expected += &format!("{index}s5000,");
    }
    let expected = format!("\"{}\"", expected.trim_end_matches(','));
    player.succeeds(&expected);
    player.run.set_compaction_floor(0);
    player.restart(r#"{"s":"s"}"#, Level::All);
    player.succeeds(&expected);
}

const ENDLESS: &str = "($f := function($n){$f($n + 1)}; $f(0))";

#[test]
#[cfg_attr(miri, ignore = "millions of instructions")]
fn a_recursion_without_end_fails_its_state_and_spends_the_turn() {
    let mut player = start("A", &pass(ENDLESS), "{}");
    player.run.grant(Work::of(1 << 20));
    player.fails(
        "States.QueryEvaluationError",
        "threw an error during evaluation: Expression evaluation timeout: Check for infinite loop",
    );
    assert!(player.run.work().is_spent());
    assert!(player.run.take_overdrawn() > 1 << 20);
    assert_eq!(player.run.take_overdrawn(), 0);
}

/// A template of heavy expressions stops between them when its work is spent, and goes on exactly there.
#[test]
#[cfg_attr(miri, ignore = "a hundred thousand instructions")]
fn a_turn_ends_between_expressions() {
    let heavy = "{% $sum($map([1..2000], function($v){$v})) %}";
    let fields: Vec<String> = (0..10).map(|index| format!("\"{index}\":\"{heavy}\"")).collect();
    let rules = r#""Type":"Choice","Choices":[{"Condition":"{% $sum([1..2000]) < 0 %}","Next":"C"},
        {"Condition":"{% $sum([1..2000]) > 0 %}","Next":"C"}]"#;
    let states = [
        jsonata(
            "A",
            &format!(r#""Type":"Pass","Output":{{{}}},"Next":"B""#, fields.join(",")),
        ),
        jsonata("B", rules),
        jsonata(
            "C",
            r#""Type":"Pass","Output":"{% $sum($states.input.*) %}","End":true"#,
        ),
    ];
    let mut player = start("A", &states.join(","), "{}");
    let mut turns = 0;
    let status = loop {
        player.run.grant(Work::of(1_000));
        turns += 1;
        match player.go() {
            Status::Running => {}
            status => break status,
        }
    };
    assert_eq!(status, Status::Succeeded, "{:?}", player.failure());
    assert!(turns > 11, "{turns} turns");
    player.has_output("20010000");
}

/// Fields that take numbers are no exception: the turn ends between them, and each may do as much as any other.
#[test]
#[cfg_attr(miri, ignore = "a million instructions")]
fn a_turn_ends_between_the_numbers_of_a_state() {
    let heavy = "$count($map([1..150000], function($v){$v}))";
    let states = [
        task(
            "A",
            &format!(
                r#""Arguments":{{"FunctionName":"f"}},"TimeoutSeconds":"{{% {heavy} %}}","HeartbeatSeconds":"{{% {heavy} - 149990 %}}","Next":"B""#
            ),
        ),
        jsonata(
            "B",
            &format!(
                r#""Type":"Map","Items":[1,2],"MaxConcurrency":"{{% {heavy} %}}","ToleratedFailureCount":"{{% {heavy} %}}",
                "ToleratedFailurePercentage":"{{% {heavy} / 15000 %}}",
                "ItemProcessor":{{"StartAt":"I","States":{{"I":{{"Type":"Succeed"}}}}}},"Next":"C""#
            ),
        ),
        jsonata(
            "C",
            &format!(r#""Type":"Wait","Seconds":"{{% {heavy} %}}","End":true"#),
        ),
    ];
    let mut player = start("A", &states.join(","), "{}");
    let turns = |player: &mut Player| {
        for turn in 1.. {
            player.run.grant(Work::of(1_000));
            match player.go() {
                Status::Running => {}
                Status::Waiting => return turn,
                status => panic!("{status:?} {:?}", player.failure()),
            }
        }
        0
    };
    assert_eq!(turns(&mut player), 3);
    let Request::Task(asked) = player.asked[0] else {
        panic!("a task was asked for");
    };
    assert_eq!(
        (asked.timeout_seconds, asked.heartbeat_seconds),
        (Some(150_000), Some(10))
    );
    player.run.grant(Work::of(1_000));
    assert_eq!(player.answer(0, Answer::Success(b"{}")), Status::Running);
    assert!(turns(&mut player) >= 4);
    assert_eq!(player.timer_ms(1), 150_000_000);
}

#[test]
fn what_waits_does_not_keep_the_memory_of_evaluations() {
    let states = task(
        "A",
        r#""Arguments":{"FunctionName":"f","Payload":"{% $sum($map([1..5000], function($v){$v})) %}"},
        "Output":"{% $states.result.x %}","End":true"#,
    );
    let mut player = start("A", &states, "{}");
    assert_eq!(player.go(), Status::Waiting);
    let mut small = Run::new();
    let working = player.run.bytes().1;
    player.run.park_into(&mut small);
    assert!(working > 50_000, "{working} bytes at work");
    assert!(small.bytes().1 < 4_000, "{:?} wait", small.bytes());
    player.run.unpark_from(&mut small);
    assert_eq!(player.answer(0, Answer::Success(b"{\"x\":1}")), Status::Succeeded);
    player.has_output("1");
}
