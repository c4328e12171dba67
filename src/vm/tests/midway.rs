//! Stopping in the middle of a state: between the parts of a template, in an item selector, between conditions. What had
//! been computed is still there when the frame goes on, whatever happened to the frames beside it.

use super::*;

/// More than a turn of [`TURN`].
const HEAVY: &str = "{% $sum($map([1..200], function($v){$v})) %}";

/// Work of one turn.
const TURN: u64 = 500;

/// A machine in JSONata whose branches are given.
fn parallel(branches: &[&str]) -> String {
    format!(
        r#""A":{{"QueryLanguage":"JSONata","Type":"Parallel","Branches":[{}],"End":true}}"#,
        branches.join(",")
    )
}

/// A state in JSONata.
fn state(name: &str, more: &str) -> String {
    format!(r#""{name}":{{"QueryLanguage":"JSONata",{more}}}"#)
}

/// A branch of states; the first is where it starts.
fn branch(first: &str, states: &[String]) -> String {
    format!(r#"{{"StartAt":"{first}","States":{{{}}}}}"#, states.join(","))
}

/// Runs turn by turn. As soon as a frame has stopped midway, `meanwhile` is done, once.
#[track_caller]
fn play(states: &str, input: &str, mut meanwhile: impl FnMut(&mut Player)) -> Player {
    let mut player = start_with("A", states, input, Level::Off);
    let mut is_done = false;
    for _ in 0..10_000 {
        player.run.grant(Work::of(TURN));
        match player.go() {
            Status::Running if player.run.midway.is_some() && !player.asked.is_empty() && !is_done => {
                is_done = true;
                meanwhile(&mut player);
            }
            Status::Running => {}
            _ => return player,
        }
    }
    panic!("it does not end");
}

/// A template with heavy parts before and light ones behind.
fn template() -> String {
    let heavy: Vec<String> = (0..8).map(|at| format!(r#""h{at}":"{HEAVY}""#)).collect();
    let reads = ["x", "y", "z"].map(|name| format!(r#""{name}":"{{% $states.input.{name} %}}""#));
    format!("{{{},{}}}", heavy.join(","), reads.join(","))
}

const INPUT: &str = r#"{"x":"X","y":"Y","z":"Z","q":"Q","r":"R","s":"S"}"#;

#[test]
fn an_answer_beside_it_changes_nothing() {
    let waits = branch(
        "W",
        &[
            state("W", r#""Type":"Wait","Seconds":1,"Next":"B""#),
            state(
                "B",
                r#""Type":"Pass","Output":{"q":"{% $states.input.q %}","r":"{% $states.input.r %}","s":"{% $states.input.s %}"},"End":true"#,
            ),
        ],
    );
    let works = branch(
        "P",
        &[
            state(
                "P",
                &format!(r#""Type":"Pass","Output":{},"Next":"Q""#, template()),
            ),
            state(
                "Q",
                r#""Type":"Pass","Output":"{% $states.input.x & $states.input.y & $states.input.z & $string($states.input.h0) %}","End":true"#,
            ),
        ],
    );
    let mut was_away = false;
    let player = play(&parallel(&[&waits, &works]), INPUT, |player| {
        was_away = true;
        player.now_ms = player.timer_ms(0);
        let token = player.token(0);
        assert!(
            player
                .run
                .resume(&player.program, token, Answer::Time, player.now_ms)
        );
    });
    assert!(was_away);
    player.has_output(r#"[{"q":"Q","r":"R","s":"S"},"XYZ20100"]"#);
}

/// What fails beside it is caught there, or aborts it.
#[test]
fn a_failure_beside_it_changes_nothing_or_aborts_it() {
    let task = |more: &str, states: &[String]| {
        let task = format!(
            r#""Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":{{"FunctionName":"f"}},{more}"End":true"#
        );
        branch("T", &[&[state("T", &task)], states].concat())
    };
    let after = state(
        "C",
        r#""Type":"Pass","Output":["{% $states.input.x %}","{% $states.input.y %}"],"End":true"#,
    );
    let works = branch(
        "P",
        &[state(
            "P",
            &format!(r#""Type":"Pass","Output":{},"End":true"#, template()),
        )],
    );
    let caught = r#""Catch":[{"ErrorEquals":["States.ALL"],"Output":{"x":"{% $states.input.x %}","y":"{% $states.errorOutput.Error %}"},"Next":"C"}],"#;
    let fail = |player: &mut Player| {
        let token = player.token(0);
        let answer = Answer::Failure {
            error: Some("E"),
            cause: Some("c"),
        };
        assert!(player.run.resume(&player.program, token, answer, 0));
    };
    let player = play(&parallel(&[&task(caught, &[after]), &works]), INPUT, fail);
    let output = player
        .run
        .view(&player.program)
        .to_json(player.run.outcome().output);
    assert!(
        output.starts_with(r#"[["X","E"],{"h0":20100,"#),
        "{output} {:?}",
        player.failure()
    );
    assert!(output.ends_with(r#""x":"X","y":"Y","z":"Z"}]"#), "{output}");

    let player = play(&parallel(&[&task("", &[]), &works]), INPUT, fail);
    assert_eq!(player.failure(), ("E".to_owned(), "c".to_owned()));
    assert!(player.run.midway.is_none());
}

#[test]
fn conditions_see_their_own_state() {
    let rule =
        |condition: &str, next: &str| format!(r#"{{"Condition":"{{% {condition} %}}","Next":"{next}"}}"#);
    let rules = [
        rule("$sum($map([1..200], function($v){$v})) < 0", "Bad"),
        rule("$states.input.x = 'X' and $states.input.y = 'Y'", "Good"),
    ];
    let chooses = branch(
        "C",
        &[
            state(
                "C",
                &format!(
                    r#""Type":"Choice","Choices":[{}],"Default":"Bad""#,
                    rules.join(",")
                ),
            ),
            state("Bad", r#""Type":"Pass","Output":"bad","End":true"#),
            state("Good", r#""Type":"Pass","Output":"good","End":true"#),
        ],
    );
    let waits = branch(
        "W",
        &[
            state("W", r#""Type":"Wait","Seconds":1,"Next":"B""#),
            state(
                "B",
                r#""Type":"Pass","Output":{"q":"{% $states.input.q %}","r":"{% $states.input.r %}"},"End":true"#,
            ),
        ],
    );
    let player = play(&parallel(&[&waits, &chooses]), INPUT, |player| {
        let token = player.token(0);
        assert!(player.run.resume(&player.program, token, Answer::Time, 1_000));
    });
    player.has_output(r#"[{"q":"Q","r":"R"},"good"]"#);
}

/// A selector, and a template without a frame, stop between their expressions too; what takes more than a turn is not
/// begun again and again.
#[test]
fn a_selector_goes_on_where_it_stopped() {
    let map = |each: &str| {
        state(
            "A",
            &format!(
                r#""Type":"Map","Items":"{{% [1..3] %}}","ItemSelector":{{"i":"{{% $states.context.Map.Item.Value %}}","a":"{HEAVY}","b":"{HEAVY}","i2":"{{% $states.context.Map.Item.Index %}}"}},
                "ItemProcessor":{{"StartAt":"P","States":{{{each}}}}},"End":true"#
            ),
        )
    };
    let each = state(
        "P",
        r#""Type":"Pass","Output":"{% $states.input.(i & ':' & i2 & ':' & a) %}","End":true"#,
    );
    let expected = r#"["1:0:20100","2:1:20100","3:2:20100"]"#;
    let player = play(&map(&each), "{}", |_| ());
    player.has_output(expected);
    for level in [Level::Off, Level::All] {
        let mut player = start_with("A", &map(&each), "{}", level);
        let mut turns = 0;
        while let Status::Running = {
            player.run.grant(Work::of(TURN));
            player.go()
        } {
            turns += 1;
        }
        player.has_output(expected);
        assert!(turns >= 6, "{turns} turns");
        let started = player
            .events()
            .iter()
            .filter(|name| **name == "MapIterationStarted")
            .count();
        assert_eq!(started, if level == Level::All { 3 } else { 0 });
    }
}

/// An iteration that fails, and takes more than a turn, fails once.
#[test]
fn an_iteration_that_fails_is_not_tried_for_ever() {
    let each = state(
        "P",
        r#""Type":"Pass","Output":"{% $pad('', 300000, 'x') %}","End":true"#,
    );
    let map = state(
        "A",
        &format!(
            r#""Type":"Map","Items":[1,2],"ItemProcessor":{{"StartAt":"P","States":{{{each}}}}},"End":true"#
        ),
    );
    let player = play(&map, "{}", |_| ());
    assert_eq!(player.failure().0, "States.DataLimitExceeded");
}

#[test]
fn variables_are_not_deeper_than_values() {
    let deep = |value: &str| format!("{}{value}{}", "[".repeat(150), "]".repeat(150));
    for (language, value) in [
        ("JSONata", deep(r#""{% $v %}""#)),
        ("JSONPath", deep(r#"{"x.$":"$v"}"#)),
    ] {
        let states = format!(
            r#""A":{{"Type":"Pass","QueryLanguage":"{language}","Assign":{{"v":1}},"Next":"B"}},
            "B":{{"Type":"Pass","QueryLanguage":"{language}","Assign":{{"v":{value}}},"Next":"C"}},
            "C":{{"Type":"Choice","QueryLanguage":"JSONata","Choices":[{{"Condition":"{{% true %}}","Next":"B"}}],"Default":"D"}},
            "D":{{"Type":"Succeed"}}"#
        );
        let mut player = start("A", &states, "{}");
        player.fails("States.Runtime", "nested more than 1000 levels deep");
    }
}
