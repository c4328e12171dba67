//! The states that do no work: Pass, Choice, Wait, Succeed, Fail.

use super::*;

#[test]
fn pass_states_move_data() {
    let states = r#""A":{"Type":"Pass","Parameters":{"x.$":"$.a","y":[1.0]},"ResultPath":"$.b","Next":"B"},
        "B":{"Type":"Pass","InputPath":"$.b.x","OutputPath":"$","Assign":{"v.$":"$"},"Next":"C"},
        "C":{"Type":"Pass","Parameters":{"v.$":"$v","f.$":"States.Format('{}!', $)"},"End":true}"#;
    start("A", states, r#"{"a":"ä"}"#).succeeds(r#"{"v":"ä","f":"ä!"}"#);
}

#[test]
fn an_input_is_handed_on_as_it_came() {
    let mut player = start("A", r#""A":{"Type":"Succeed"}"#, "{ \"a\" : 1.0 }\n");
    player.succeeds("{ \"a\" : 1.0 }\n");
    let names = [
        "ExecutionStarted",
        "SucceedStateEntered",
        "SucceedStateExited",
        "ExecutionSucceeded",
    ];
    assert_eq!(player.events(), names);
}

#[test]
fn a_choice_compares_or_takes_its_default() {
    let states = r#""A":{"Type":"Choice","Choices":[{"Variable":"$.n","NumericGreaterThan":1e0,"Next":"B"},
        {"And":[{"Variable":"$.s","StringMatches":"a*"},{"Not":{"Variable":"$.n","IsNull":true}}],"Next":"C"}],
        "Default":"D"},
        "B":{"Type":"Pass","Result":"b","End":true},"C":{"Type":"Pass","Result":"c","End":true},
        "D":{"Type":"Pass","Result":"d","End":true}"#;
    let mut player = start("A", states, r#"{"n":1.5}"#);
    player.succeeds("\"b\"");
    for (input, output) in [(r#"{"n":1,"s":"ab"}"#, "\"c\""), (r#"{"n":0,"s":"b"}"#, "\"d\"")] {
        player.restart(input, Level::Off);
        player.succeeds(output);
    }
    player.restart("{}", Level::Off);
    player.fails("States.Runtime", "Invalid path '$.n'");
}

#[test]
fn a_table_finds_what_comparisons_would() {
    let states = r#""A":{"Type":"Choice","Choices":[{"Variable":"$","StringEquals":"x","Next":"B"},
        {"Variable":"$","StringEquals":"\u0000","Next":"C"},{"Variable":"$","NumericEquals":0,"Next":"C"}],
        "Default":"D"},"B":{"Type":"Pass","Result":1,"End":true},"C":{"Type":"Pass","Result":2,"End":true},
        "D":{"Type":"Pass","Result":3,"End":true}"#;
    let mut player = start("A", states, "\"x\"");
    player.succeeds("1");
    for (input, output) in [("\"\\u0000\"", "2"), ("-0.0", "2"), ("\"y\"", "3"), ("[]", "3")] {
        player.restart(input, Level::Off);
        player.succeeds(output);
    }
}

#[test]
fn a_wait_says_when_it_ends() {
    let states = r#""A":{"Type":"Wait","Seconds":3,"Next":"B"},
        "B":{"Type":"Wait","TimestampPath":"$.t","Next":"C"},"C":{"Type":"Wait","SecondsPath":"$.s","End":true}"#;
    let mut player = start("A", states, r#"{"t":"1970-01-01T00:01:00Z","s":2}"#);
    assert_eq!(player.go(), Status::Waiting);
    assert_eq!(player.timer_ms(0), 3_000);
    player.now_ms = 3_000;
    assert_eq!(player.answer(0, Answer::Time), Status::Waiting);
    assert_eq!(player.timer_ms(1), 60_000);
    assert_eq!(player.answer(1, Answer::Time), Status::Waiting);
    assert_eq!(player.timer_ms(2), 5_000);
    assert_eq!(player.answer(2, Answer::Time), Status::Succeeded);
}

#[test]
fn a_wait_far_ahead_is_refused() {
    // `SecondsPath` of 2^63-1 overflowed when it was added to the time: the wait was over at once.
    let states = r#""A":{"Type":"Wait","SecondsPath":"$","End":true}"#;
    let mut player = start("A", states, "9223372036854775807");
    player.now_ms = 1_735_689_600_000;
    player.restart("9223372036854775807", Level::Off);
    player.fails("States.Runtime", "Wait state delay is too long.");
    player.restart("1e400", Level::Off);
    player.fails("States.Runtime", "cannot be parsed as a long value");
    player.restart("-1", Level::Off);
    player.fails("States.Runtime", "references a negative value");
    let states = r#""A":{"Type":"Wait","TimestampPath":"$","End":true}"#;
    let mut player = start("A", states, "\"9999-12-31T23:59:59.999999999Z\"");
    player.fails("States.Runtime", "Wait state delay is too long.");
    player.restart("\"0000-01-01T00:00:00+18:00\"", Level::Off);
    player.go();
    player.restart("\"+10000-01-01T00:00:00Z\"", Level::Off);
    player.fails("States.Runtime", "does not reference a valid ISO-8601");
}

#[test]
fn a_fail_state_names_its_error() {
    let states = r#""A":{"Type":"Fail","ErrorPath":"$.e","CausePath":"States.JsonToString($)"}"#;
    let mut player = start("A", states, r#"{"e":"E"}"#);
    player.fails("E", r#"{"e":"E"}"#);
    player.restart(r#"{"e":1}"#, Level::Off);
    player.fails("States.Runtime", "must refer to a string");
}

#[test]
fn a_chain_does_not_hide_the_failure_of_one_of_its_states() {
    // The first state writes into something that is no object. The chain, taken at once, had only the
    // second write, which replaces it.
    let states = r#""A":{"Type":"Pass","Result":1,"ResultPath":"$.a.b","Next":"B"},
        "B":{"Type":"Pass","Result":2,"ResultPath":"$.a","End":true}"#;
    for level in [Level::All, Level::Off] {
        start_with("A", states, r#"{"a":"text"}"#, level).fails(
            "States.ReferencePathConflict",
            r#"Unable to apply step "b" to input {"a":"text"}"#,
        );
        start_with("A", states, r#"{"a":{}}"#, level).succeeds(r#"{"a":2}"#);
    }
}

#[test]
#[cfg_attr(miri, ignore = "a path of 900 keys: an hour under Miri")]
fn a_chain_counts_the_nesting_of_what_it_writes() {
    // 150 levels of `Result` under 900 of keys: the state's output is too deep, also in a chain.
    let path = ".k".repeat(900);
    let result = format!("{}{}", "[".repeat(150), "]".repeat(150));
    let states = format!(
        r#""A":{{"Type":"Pass","Result":{result},"ResultPath":"${path}","Next":"B"}},"B":{{"Type":"Pass","End":true}}"#
    );
    for level in [Level::All, Level::Off] {
        start_with("A", &states, "{}", level).fails("States.Runtime", "nested more than 1000 levels");
    }
}

/// Starts a state with these fields, followed by one that ends, and expects a conflict of its path.
#[track_caller]
fn conflicts(fields: &str, input: &str, cause: &str) {
    let states = format!(r#""A":{{{fields},"End":true}}"#);
    let mut player = start("A", &states, input);
    player.fails("States.ReferencePathConflict", cause);
    assert_eq!(player.failure().1, cause, "without anything in front of it");
}

#[test]
fn a_result_path_needs_an_object() {
    let pass = |path: &str| format!(r#""Type":"Pass","Result":1,"ResultPath":"{path}""#);
    for input in ["[1,2]", "\"text\"", "1.50", "true"] {
        let cause = format!(r#"Unable to apply step "x y" to input {input}"#);
        conflicts(&pass("$['x y']"), input, &cause);
    }
    conflicts(
        &pass("$.a.b.c"),
        r#"{ "a" : [ 1 ] }"#,
        r#"Unable to apply step "c" to input {"a":[1]}"#,
    );
    conflicts(
        &pass("$.a[1]"),
        r#"{"a":[1]}"#,
        r#"Unable to apply step "1" to input {"a":[1]}"#,
    );
}

#[test]
fn a_result_path_of_null_is_refused_as_any_path_of_null() {
    let cause = "Unable to apply Path transformation to null or empty input.";
    for level in [Level::All, Level::Off] {
        let states = r#""A":{"Type":"Pass","Result":1,"ResultPath":"$.x","Next":"B"},"B":{"Type":"Succeed"}"#;
        start_with("A", states, "null", level).fails("States.Runtime", cause);
        let states = r#""A":{"Type":"Pass","Result":1,"ResultPath":"$","End":true}"#;
        start_with("A", states, "null", level).succeeds("1");
        let states = r#""A":{"Type":"Pass","Result":1,"ResultPath":"$.x.y","End":true}"#;
        let cause = r#"Unable to apply step "y" to input {"x":null}"#;
        start_with("A", states, r#"{"x":null}"#, level).fails("States.ReferencePathConflict", cause);
    }
}

#[test]
fn an_items_path_needs_a_value() {
    let map = |path: &str| {
        format!(
            r#""Type":"Map","ItemsPath":"{path}","ItemProcessor":{{"StartAt":"B","States":{{"B":{{"Type":"Pass","End":true}}}}}}"#
        )
    };
    conflicts(
        &map("$.chunks"),
        r#"{ "bucket":"b" }"#,
        r#"Unable to apply step "chunks" to input {"bucket":"b"}"#,
    );
    conflicts(
        &map("$.discovery.objects"),
        r#"{"discovery":{"statusCode":500}}"#,
        r#"Unable to apply step "objects" to input {"discovery":{"statusCode":500}}"#,
    );
    conflicts(&map("$.a"), "[]", r#"Unable to apply step "a" to input []"#);
    for path in ["$", "$.a", "$$.Execution.Input", "$$"] {
        let states = format!(r#""A":{{{},"End":true}}"#, map(path));
        let cause = format!(
            "Reference path \"{}\" must point to array.",
            path.replace("$$", "$")
        );
        start("A", &states, r#"{"a":null}"#).fails("States.Runtime", &cause);
    }
    for (path, input, cause) in [
        (
            "$.r[5]",
            r#"{"r":[1]}"#,
            "Reference path \"$.r[5]\" must point to array.",
        ),
        (
            "$$.Execution.Input.x",
            "{}",
            "Invalid path '$$.Execution.Input.x' : No results for path",
        ),
        (
            "$.a",
            "null",
            "Unable to apply Path transformation to null or empty input.",
        ),
    ] {
        let states = format!(r#""A":{{{},"End":true}}"#, map(path));
        start("A", &states, input).fails("States.Runtime", cause);
    }
    conflicts(
        &map("$.r[5].x"),
        r#"{"r":[1]}"#,
        r#"Unable to apply step "x" to input {"r":[1]}"#,
    );
}

#[test]
fn a_conflict_is_caught_but_not_by_the_catcher_that_has_it() {
    let map = r#""Type":"Map","ItemsPath":"$.a","End":true,"ItemProcessor":{"StartAt":"B","States":{"B":{"Type":"Pass","End":true}}}"#;
    let states = |path: &str| {
        format!(
            r#""A":{{{map},"Catch":[{{"ErrorEquals":["States.ALL"],"ResultPath":"{path}","Next":"C"}}]}},
            "C":{{"Type":"Pass","OutputPath":"$.e.Error","End":true}}"#
        )
    };
    start("A", &states("$.e"), "{}").succeeds("\"States.ReferencePathConflict\"");
    let cause = r#"Unable to apply step "e" to input [1]"#;
    start("A", &states("$.e"), "[1]").fails("States.ReferencePathConflict", cause);
    // The state around has catchers of its own.
    let outer = format!(
        r#""P":{{"Type":"Parallel","Branches":[{{"StartAt":"A","States":{{{}}}}}],"End":true,
        "Catch":[{{"ErrorEquals":["States.ReferencePathConflict"],"Next":"D"}}]}},
        "D":{{"Type":"Pass","OutputPath":"$.Cause","End":true}}"#,
        states("$.e")
    );
    start("P", &outer, "[1]").succeeds(r#""Unable to apply step \"e\" to input [1]""#);
}

#[test]
fn a_text_is_read_as_a_number_where_a_limit_is() {
    let map = |field: &str| {
        format!(
            r#""A":{{"Type":"Map","ItemsPath":"$.a","{field}":"$.n","End":true,"ItemProcessor":{{"StartAt":"B","States":{{"B":{{"Type":"Pass","End":true}}}}}}}}"#
        )
    };
    for field in [
        "MaxConcurrencyPath",
        "ToleratedFailureCountPath",
        "ToleratedFailurePercentagePath",
    ] {
        let mut player = start("A", &map(field), r#"{"a":[1,2],"n":"1"}"#);
        player.succeeds("[1,2]");
        for text in ["", " 1", "one", "NaN", "{}"] {
            player.restart(&format!(r#"{{"a":[1,2],"n":"{text}"}}"#), Level::Off);
            let cause = format!("The {field} field refers to value \"{text}\" which is not a valid");
            player.fails("States.Runtime", &cause);
        }
    }
    start("A", &map("MaxConcurrencyPath"), r#"{"a":[],"n":"-1"}"#)
        .fails("States.Runtime", "MaxConcurrency cannot be negative.");
}

#[test]
fn a_path_of_null_is_refused_but_null_passes_through() {
    let cause = "An error occurred while executing the state 'A' (entered at the event id #2). \
        Unable to apply Path transformation to null or empty input.";
    let choice = |rules: &str| {
        format!(r#""A":{{"Type":"Choice","Choices":[{rules}],"Default":"Z"}},"Z":{{"Type":"Succeed"}}"#)
    };
    let rule = |variable: &str, test: &str| format!(r#"{{"Variable":"{variable}",{test},"Next":"Z"}}"#);
    let table: Vec<String> = (0..6)
        .map(|at| rule("$.a", &format!(r#""StringEquals":"{at}""#)))
        .collect();
    let items = r#""StartAt":"B","States":{"B":{"Type":"Pass","End":true}}"#;
    for states in [
        choice(&rule("$", r#""IsString":true"#)),
        choice(&rule("$", r#""IsNull":true"#)),
        choice(&rule("$.a", r#""IsPresent":false"#)),
        choice(&rule("$.a[0].b", r#""IsPresent":true"#)),
        choice(
            &[
                rule("$.a", r#""IsPresent":true"#),
                rule("$.b", r#""IsNull":true"#),
            ]
            .join(","),
        ),
        choice(&rule("$$.State.Name", r#""StringEqualsPath":"$.a""#)),
        choice(&table.join(",")),
        r#""A":{"Type":"Pass","Parameters":{"x.$":"$"},"End":true}"#.to_owned(),
        r#""A":{"Type":"Pass","Parameters":{"x.$":"$.a","y.$":"$.b"},"End":true}"#.to_owned(),
        r#""A":{"Type":"Pass","Parameters":{"x.$":"$.a[*]"},"End":true}"#.to_owned(),
        r#""A":{"Type":"Pass","Parameters":{"x.$":"States.JsonToString($)"},"End":true}"#.to_owned(),
        r#""A":{"Type":"Pass","InputPath":"$.a","End":true}"#.to_owned(),
        r#""A":{"Type":"Pass","OutputPath":"$.a","End":true}"#.to_owned(),
        r#""A":{"Type":"Pass","Assign":{"v.$":"$"},"End":true}"#.to_owned(),
        r#""A":{"Type":"Wait","SecondsPath":"$.a","End":true}"#.to_owned(),
        r#""A":{"Type":"Fail","CausePath":"$.a"}"#.to_owned(),
        format!(r#""A":{{"Type":"Map","ItemsPath":"$.a","ItemProcessor":{{{items}}},"End":true}}"#),
    ] {
        for level in [Level::All, Level::Off] {
            start_with("A", &states, "null", level).fails("States.Runtime", cause);
        }
    }
    for (states, output) in [
        (
            r#""A":{"Type":"Pass","InputPath":"$","OutputPath":"$","End":true}"#,
            "null",
        ),
        (r#""A":{"Type":"Pass","InputPath":null,"End":true}"#, "{}"),
        (
            r#""A":{"Type":"Pass","Parameters":{"x.$":"$$.Execution.Input"},"End":true}"#,
            r#"{"x":null}"#,
        ),
    ] {
        start("A", states, "null").succeeds(output);
    }
    // What is null is a member or a variable here, not the root of a path of the data.
    let states = r#""A":{"Type":"Pass","Assign":{"v.$":"$.n"},"Next":"B"},
        "B":{"Type":"Pass","Parameters":{"v.$":"$v","n.$":"$.n"},"End":true}"#;
    start("A", states, r#"{"n":null}"#).succeeds(r#"{"v":null,"n":null}"#);
}

#[test]
fn a_result_selector_needs_a_result() {
    let states = r#""A":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke",
        "Parameters":{"FunctionName":"f"},"ResultSelector":{"x.$":"$.Payload"},"End":true}"#;
    let mut player = start("A", states, "{}");
    player.go();
    assert_eq!(player.answer(0, Answer::Success(b"null")), Status::Failed);
    assert!(
        player
            .failure()
            .1
            .ends_with("Unable to apply Path transformation to null or empty input.")
    );
}

/// AWS looks at some parameters before it calls (facts 8.10): there is no event of the task.
#[test]
fn parameters_that_are_lists_are_checked_before_a_task_is_scheduled() {
    let states = r#""A":{"Type":"Task","Resource":"arn:aws:states:::apigateway:invoke","End":true,"Parameters":{
        "ApiEndpoint":"a","Method":"GET","Headers.$":"$.h","QueryParameters.$":"$.q"}}"#;
    let mut player = start("A", states, r#"{"h":{"a":["b"]},"q":{}}"#);
    assert_eq!((player.go(), player.asked.len()), (Status::Waiting, 1));
    for (input, field) in [
        (r#"{"h":{"a":"b"},"q":{}}"#, "Headers"),
        (r#"{"h":{},"q":{"a":[],"b":1}}"#, "QueryParameters"),
        (r#"{"h":{},"q":[["a"]]}"#, "QueryParameters"),
    ] {
        player.restart(input, Level::All);
        player.fails(
            "States.Runtime",
            &format!("[The value of the field '{field}' has an invalid format]"),
        );
        assert!(!player.events().contains(&"TaskScheduled"), "{input}");
    }
}
