//! Fuel, compaction, and machines that want too much.

use super::*;

/// An endless loop of two states.
const LOOP: &str = r#""A":{"Type":"Pass","Next":"B"},"B":{"Type":"Choice",
    "Choices":[{"Variable":"$.end","IsPresent":true,"Next":"C"}],"Default":"A"},"C":{"Type":"Succeed"}"#;

#[test]
fn fuel_ends_a_turn_not_the_run() {
    let mut player = start_with("A", LOOP, "{}", Level::Off);
    for turn in 1..=20 {
        assert_eq!(player.go_with(3), Status::Running);
        assert_eq!(player.run.transitions(), turn * 3);
    }
    let mut player = start("A", LOOP, r#"{"end":1}"#);
    assert_eq!(player.go_with(0), Status::Running);
    player.succeeds(r#"{"end":1}"#);
}

#[test]
fn a_run_compacted_at_every_state_does_the_same() {
    let states = r#""M":{"Type":"Map","ItemsPath":"$.list","ItemProcessor":{"StartAt":"A","States":{
        "A":{"Type":"Pass","Parameters":{"v.$":"States.Array($, $)"},"ResultPath":"$.k","Next":"B"},
        "B":{"Type":"Pass","Parameters":{"w.$":"$.k.v[0]"},"End":true}}},"ResultPath":"$.m","Next":"N"},
        "N":{"Type":"Pass","Parameters":{"all.$":"$..w","first.$":"$.list[0]"},"End":true}"#;
    let input = r#"{"list":[{"a":1},{"a":"x"}]}"#;
    let output = r#"{"all":[{"a":1},{"a":"x"}],"first":{"a":1}}"#;
    let mut player = start("M", states, input);
    player.succeeds(output);
    let events = player.events().len();
    player.run.set_compaction_floor(0);
    player.restart(input, Level::All);
    player.succeeds(output);
    assert_eq!(player.events().len(), events);
    assert_eq!(player.run.last_event() as usize, events);
}

#[test]
#[cfg_attr(miri, ignore = "megabytes: hours under Miri")]
fn doubling_data_meets_the_limit() {
    let states = r#""A":{"Type":"Pass","Parameters":{"a.$":"$","b.$":"$"},"Next":"B"},"B":{"Type":"Choice",
        "Choices":[{"Variable":"$.end","IsPresent":true,"Next":"C"}],"Default":"A"},"C":{"Type":"Succeed"}"#;
    for level in [Level::Off, Level::All] {
        let mut player = start_with("A", states, "\"0123456789\"", level);
        player.fails(
            "States.DataLimitExceeded",
            "exceeding the maximum number of bytes service limit",
        );
        assert!(player.run.transitions() < 60);
    }
}

#[test]
#[cfg_attr(miri, ignore = "200 megabytes pass through")]
fn iterations_of_one_state_leave_nothing_behind() {
    // Nothing was compacted where a branch ended: texts of 200 KiB each filled the heap.
    let states = r#""M":{"Type":"Map","ItemsPath":"$.list","ItemSelector":{"big.$":"$.big"},"ItemProcessor":{
        "StartAt":"A","States":{"A":{"Type":"Pass","Parameters":{"x.$":"States.Format('{}{}', $.big, $.big)"},
        "ResultPath":null,"OutputPath":null,"End":true}}},"ResultPath":null,"OutputPath":null,"End":true}"#;
    let list = format!("[{}0]", "0,".repeat(999));
    let input = format!(r#"{{"big":"{}","list":{list}}}"#, "x".repeat(100_000));
    let mut player = start_with("M", states, &input, Level::Off);
    player.succeeds("{}");
    let (used, reserved) = player.run.bytes();
    assert!(used < 32 << 20 && reserved < 64 << 20, "{used} of {reserved}");
}

#[test]
#[cfg_attr(miri, ignore = "a gigabyte")]
fn one_template_cannot_fill_the_memory() {
    // 6,000 calls with results of 240 KiB: the heap's offsets ran out, which is a panic.
    let calls: Vec<String> = (0..6_000)
        .map(|at| format!(r#""k{at}.$":"States.Format('{{}}{{}}',$.b,$.b)""#))
        .collect();
    let states = format!(
        r#""A":{{"Type":"Pass","Parameters":{{{}}},"End":true}}"#,
        calls.join(",")
    );
    let input = format!(r#"{{"b":"{}"}}"#, "x".repeat(120_000));
    let mut player = start_with("A", &states, &input, Level::Off);
    player.fails("States.DataLimitExceeded", "The execution holds ");
}

#[test]
#[cfg_attr(miri, ignore = "long texts")]
fn a_cause_does_not_quote_what_is_longer_than_a_payload() {
    // A Map's result shares its parts: a quarter of a megabyte, 2,000 times, is half a gigabyte as text.
    let states = r#""M":{"Type":"Map","ItemsPath":"$.list","ItemSelector":{"big.$":"$.big"},"ItemProcessor":{
        "StartAt":"A","States":{"A":{"Type":"Succeed"}}},"ResultSelector":{"a.$":"$.nothing"},"End":true}"#;
    let input = format!(
        r#"{{"big":"{}","list":[{}0]}}"#,
        "x".repeat(200_000),
        "0,".repeat(1_999)
    );
    let mut player = start_with("M", states, &input, Level::Off);
    player.fails("States.Runtime", "bytes)'");
    assert!(player.run.bytes().1 < 64 << 20, "{:?}", player.run.bytes());
}

#[test]
#[cfg_attr(miri, ignore = "64,000 frames")]
fn thousands_of_branches_are_aborted_in_time() {
    // Each aborted branch looked through all frames for its children: 64,000 times 64,000.
    let task = r#"{"StartAt":"T","States":{"T":{"Type":"Task","Resource":
        "arn:aws:lambda:us-east-1:111111111111:function:f","End":true}}}"#;
    let map = |name: &str, inner: &str| {
        format!(r#""{name}":{{"Type":"Map","ItemsPath":"$","ItemProcessor":{inner},"End":true}}"#)
    };
    let inner = map("C", task);
    let middle = map("B", &format!(r#"{{"StartAt":"C","States":{{{inner}}}}}"#));
    let states = map("A", &format!(r#"{{"StartAt":"B","States":{{{middle}}}}}"#));
    let list = |of: &str| format!("[{}{of}]", format!("{of},").repeat(39));
    let mut player = start_with("A", &states, &list(&list(&list("0"))), Level::Error);
    assert_eq!(player.go(), Status::Waiting);
    assert_eq!(player.asked.len(), 64_000);
    let began = std::time::Instant::now();
    assert_eq!(
        player.answer(
            0,
            Answer::Failure {
                error: Some("E"),
                cause: None
            }
        ),
        Status::Failed
    );
    assert!(began.elapsed().as_secs() < 30, "{:?}", began.elapsed());
}

#[test]
#[cfg_attr(miri, ignore = "40,000 frames and answers")]
fn a_map_of_40000_tasks_takes_little_memory() {
    let states = r#""M":{"Type":"Map","ItemProcessor":{"StartAt":"T","States":{"T":{"Type":"Task","Resource":
        "arn:aws:lambda:us-east-1:111111111111:function:f","ResultPath":null,"End":true}}},"End":true}"#;
    let mut player = start_with("M", states, &format!("[{}0]", "0,".repeat(39_999)), Level::Off);
    let mut status = player.go_with(1_000);
    while matches!(status, Status::Waiting | Status::Running) {
        assert!(player.asked.len() <= 40);
        status = player.answer_all(r#"{"some":"answer","of":[1,2,3]}"#);
    }
    assert_eq!(status, Status::Succeeded);
    assert!(player.run.bytes().1 < 64 << 20, "{:?}", player.run.bytes());
}

#[test]
#[cfg_attr(miri, ignore = "long texts")]
fn blanks_of_branch_results_are_not_handed_on() {
    // With its blanks the array would have 400 kilobytes; it is built, so dense, and has 5 bytes.
    let task = r#"{"StartAt":"NAME","States":{"NAME":{"Type":"Task","Resource":
        "arn:aws:lambda:us-east-1:111111111111:function:f","End":true}}}"#;
    let branches = [task.replace("NAME", "A"), task.replace("NAME", "B")].join(",");
    let states = format!(r#""P":{{"Type":"Parallel","Branches":[{branches}],"End":true}}"#);
    let mut player = start("P", &states, "{}");
    player.go();
    assert_eq!(
        player.answer_all(&format!("{}1", " ".repeat(200_000))),
        Status::Succeeded
    );
    player.has_output("[1,1]");
    let view = player.run.view(&player.program);
    assert_eq!(view.written_len(player.run.outcome().output), 5);
}

#[test]
fn event_ids_end_at_the_largest() {
    // An endless loop of chains overflowed the counter in half a minute.
    let mut player = start_with("A", LOOP, "{}", Level::Off);
    player.go_with(5);
    player.run.last_event = u32::MAX - 2;
    assert_eq!(player.go_with(10), Status::Running);
    assert_eq!(player.run.last_event(), u32::MAX);
}

/// Gives a run small grants until it is over; returns how many it took.
#[track_caller]
fn grants(player: &mut Player, bytes: u64) -> usize {
    for grant in 1..1_000_000 {
        player.run.grant(Work::of(bytes));
        let status = player.go();
        if status != Status::Running {
            return grant;
        }
        // A driver with other executions moves this one aside, and takes it up again.
        let mut small = Run::new();
        player.run.park_into(&mut small);
        player.run.unpark_from(&mut small);
    }
    panic!("it does not end");
}

#[test]
#[cfg_attr(miri, ignore = "megabytes: hours under Miri")]
fn work_ends_a_turn_whatever_is_running() {
    let items = format!("[0{}]", ",0".repeat(99));
    let text = "x".repeat(1_000);
    let input = format!(r#"{{"items":{items},"text":"{text}"}}"#);
    let hash = r#""h.$":"States.Hash($.text, 'SHA-256')","a.$":"$.items[0]""#;
    let template: Vec<String> = (0..100)
        .map(|at| format!(r#""k{at}.$":"States.Hash($.text, 'MD5')""#))
        .collect();
    let search: Vec<String> = (0..100)
        .map(|at| format!(r#""k{at}.$":"$.items[?(@ == {at})]""#))
        .collect();
    let map = |selector: &str, next: &str| {
        format!(
            r#""A":{{"Type":"Map","ItemsPath":"$.items","ItemSelector":{{{selector}}},"ItemProcessor":{{"StartAt":"P",
            "States":{{"P":{{"Type":"Pass",{next}}}}}}},"ResultPath":null,"OutputPath":"$.text","End":true}}"#
        )
    };
    let pass = |parameters: &str| {
        format!(r#""A":{{"Type":"Pass","Parameters":{{{parameters}}},"OutputPath":"$.k1","End":true}}"#)
    };
    let gathered = format!(r#""k1.$":"$.text","k2.$":"$.items",{hash}"#);
    for (name, states, turns_min) in [
        (
            "iterations without frames",
            map(
                r#""text.$":"$.text","items.$":"$.items""#,
                &format!(r#""Parameters":{{{hash}}},"End":true"#),
            ),
            90,
        ),
        (
            "iterations with frames",
            map(hash, r#""Next":"Q"},"Q":{"Type":"Pass","End":true"#),
            90,
        ),
        ("one template of functions", pass(&template.join(",")), 90),
        ("one template of searches", pass(&search.join(",")), 20),
        ("gathered members", pass(&gathered), 1),
    ] {
        for level in [Level::Off, Level::All] {
            for floor in [0, 4 << 20] {
                let mut whole = start_with("A", &states, &input, level);
                assert_eq!(whole.go(), Status::Succeeded, "{name}: {:?}", whole.failure());
                let output = whole.run.view(&whole.program).to_json(whole.run.outcome().output);
                let mut player = start_with("A", &states, &input, level);
                player.run.set_compaction_floor(floor);
                let turns = grants(&mut player, 1_000);
                assert!(turns >= turns_min, "{name}: {turns} turns");
                player.has_output(&output);
                assert_eq!(player.run.last_event(), whole.run.last_event(), "{name}");
                let mut player = start_with("A", &states, &input, level);
                player.run.set_compaction_floor(floor);
                grants(&mut player, 1);
                player.has_output(&output);
            }
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "65,540 states: hours under Miri")]
fn variables_beyond_65536_are_told_apart() {
    let assigned: Vec<String> = (0..65_540).map(|at| format!(r#""v{at}":{}"#, at % 2)).collect();
    let states = format!(
        r#""A":{{"Type":"Pass","Assign":{{{}}},"Next":"B"}},
        "B":{{"Type":"Pass","Parameters":{{"first.$":"$v0","last.$":"$v65539"}},"End":true}}"#,
        assigned.join(",")
    );
    start("A", &states, "{}").succeeds(r#"{"first":0,"last":1}"#);
}

/// What a state hands on to states inside it is their input, and limited as any input; as the parameters of a task, its
/// handlers see the fault.
#[test]
#[cfg_attr(miri, ignore = "megabytes")]
fn data_that_are_handed_on_are_limited() {
    const DONE: &str = r#"{"StartAt":"I","States":{"I":{"Type":"Pass","Result":1,"End":true}}}"#;
    const TWO: &str =
        r#"{"StartAt":"I","States":{"I":{"Type":"Pass","Result":1,"Next":"J"},"J":{"Type":"Succeed"}}}"#;
    let deep = format!(
        "{}\"{{% $states.input.deep %}}\"{}",
        "[".repeat(60),
        "]".repeat(60)
    );
    let input = format!(
        r#"{{"half":"{}","deep":{}{}}}"#,
        "x".repeat(131_000),
        "[".repeat(950),
        "]".repeat(950)
    );
    let large = r#"["{% $states.input.half %}","{% $states.input.half & '12345678901234567890' %}","{% $pad('', 200) %}"]"#;
    let twice = r#"["{% $states.input.half %}","{% $states.input.half %}"]"#;
    let cases = [
        (
            large,
            "States.DataLimitExceeded",
            "The state/task 'A' provided parameters with a size exceeding the maximum number of bytes service limit.",
        ),
        (
            &deep,
            "States.Runtime",
            "The state's parameters are nested more than 1000 levels deep.",
        ),
        (twice, "", ""),
    ];
    let fields = |value: &str, inner: &str| {
        [
            format!(r#""Type":"Parallel","Arguments":{value},"Branches":[{inner}]"#),
            format!(r#""Type":"Map","Items":{value},"ItemProcessor":{inner}"#),
            format!(r#""Type":"Map","Items":[1],"ItemSelector":{value},"ItemProcessor":{inner}"#),
        ]
    };
    for (value, error, cause) in cases {
        for state in [DONE, TWO].into_iter().flat_map(|inner| fields(value, inner)) {
            for level in [Level::All, Level::Off] {
                let alone = format!(r#""A":{{"QueryLanguage":"JSONata",{state},"Output":1,"End":true}}"#);
                let mut player = start_with("A", &alone, &input, level);
                match error {
                    "" => player.succeeds("1"),
                    error => player.fails(error, cause),
                }
                let caught = format!(
                    r#""A":{{"QueryLanguage":"JSONata",{state},"Output":1,"End":true,"Catch":[{{"ErrorEquals":
                    ["States.DataLimitExceeded"],"Output":2,"Next":"B"}}]}},"B":{{"Type":"Succeed"}}"#
                );
                let mut player = start_with("A", &caught, &input, level);
                match error {
                    "" => player.succeeds("1"),
                    "States.DataLimitExceeded" => player.succeeds("2"),
                    error => player.fails(error, cause),
                }
            }
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "deep nesting")]
fn parameters_of_a_task_are_not_nested_without_end() {
    let states = format!(
        r#""A":{{"Type":"Task","QueryLanguage":"JSONata","Resource":"arn:aws:lambda:us-east-1:111111111111:function:f",
        "Arguments":{}"{{% $states.input %}}"{},"End":true}}"#,
        "[".repeat(60),
        "]".repeat(60)
    );
    let input = |levels| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let mut player = start("A", &states, &input(940));
    assert_eq!(player.go(), Status::Waiting);
    let mut player = start("A", &states, &input(941));
    player.fails(
        "States.Runtime",
        "The task's parameters are nested more than 1000 levels deep.",
    );
}
