//! States in JSONata: what their fields see, and what fails them.

use super::*;
use crate::program::Program;
use crate::value::ValueRef;

const TASK: &str = r#""Type":"Task","QueryLanguage":"JSONata","Resource":"arn:aws:states:::lambda:invoke""#;

/// A state in JSONata.
pub(super) fn jsonata(name: &str, more: &str) -> String {
    format!("\"{name}\":{{\"QueryLanguage\":\"JSONata\",{more}}}")
}

pub(super) fn task(name: &str, more: &str) -> String {
    format!("\"{name}\":{{{TASK},{more}}}")
}

/// A Pass state whose output is an expression.
pub(super) fn pass(expression: &str) -> String {
    let output = expression.replace('"', "\\\"");
    jsonata(
        "A",
        &format!(r#""Type":"Pass","Output":"{{% {output} %}}","End":true"#),
    )
}

#[track_caller]
pub(super) fn check(states: &str, input: &str, output: &str) {
    for level in [Level::All, Level::Off] {
        start_with("A", states, input, level).succeeds(output);
    }
}

#[test]
fn fields_see_the_state_as_it_was_entered() {
    let states = [
        jsonata(
            "A",
            r#""Type":"Pass","Assign":{"n":"{% $states.input.n + 1 %}","old":"{% [$n] %}"},
            "Output":{"n":"{% $states.input.n %}","seen":"{% $exists($n) %}","k.$":"$.a"},"Next":"B""#,
        ),
        jsonata(
            "B",
            r#""Type":"Succeed","Output":"{% [$n, $old, $states.input.seen, $states.input.`k.$`] %}""#,
        ),
    ];
    check(&states.join(","), r#"{"n":1}"#, r#"[2,false,"$.a"]"#);
}

#[test]
fn a_name_of_an_outer_flow_is_seen_until_the_inner_one_assigns_it() {
    let read = |name: &str, next: &str| {
        let expression = r#""Type":"Pass","Output":{"a":"{% $x %}","o":"{% [$states.input.o, $x] %}"}"#;
        jsonata(name, &format!("{expression},{next}"))
    };
    let path = |name: &str, next: &str| {
        let parameters = r#""Parameters":{"a.$":"$x","o.$":"States.Array($.o, $x)"}"#;
        format!(r#""{name}":{{"Type":"Pass",{parameters},{next}}}"#)
    };
    let assign = r#""C":{"Type":"Pass","Assign":{"x":"inner"},"Next":"D"}"#;
    let end = r#""End":true"#;
    // A state's name is there once.
    let renamed = |flow: &str| {
        ["B", "C", "D"].into_iter().fold(flow.to_owned(), |flow, name| {
            flow.replace(&format!("\"{name}\""), &format!("\"{name}2\""))
        })
    };
    for (first, last, output) in [
        (
            read("B", r#""Next":"C""#),
            read("D", end),
            r#"{"a":"inner","o":["","outer","inner","outer","inner"]}"#,
        ),
        (
            path("B", r#""Next":"C""#),
            path("D", end),
            r#"{"a":"inner","o":[[[["","outer"],"inner"],"outer"],"inner"]}"#,
        ),
    ] {
        let flow = format!(r#"{{"StartAt":"B","States":{{{first},{assign},{last}}}}}"#);
        let states = [
            r#""A":{"Type":"Pass","Result":{"o":""},"Assign":{"x":"outer"},"Next":"P"}"#.to_owned(),
            format!(r#""P":{{"Type":"Parallel","Branches":[{flow}],"Next":"M"}}"#),
            format!(
                r#""M":{{"Type":"Map","ItemProcessor":{},"Next":"Z"}}"#,
                renamed(&flow)
            ),
            jsonata("Z", r#""Type":"Succeed","Output":"{% [$states.input, $x] %}""#),
        ];
        check(&states.join(","), "{}", &format!(r#"[{output},"outer"]"#));
    }
}

#[test]
fn without_fields_data_pass_through() {
    let states = [
        jsonata("A", r#""Type":"Pass","Next":"B""#),
        jsonata("B", r#""Type":"Wait","Seconds":0,"Next":"C""#),
        jsonata(
            "C",
            r#""Type":"Choice","Choices":[{"Condition":false,"Next":"A"}],"Default":"D""#,
        ),
        jsonata("D", r#""Type":"Succeed""#),
    ];
    let mut player = start("A", &states.join(","), "null");
    assert_eq!(player.go(), Status::Waiting);
    assert_eq!(player.answer(0, Answer::Time), Status::Succeeded);
    player.has_output("null");
}

#[test]
fn languages_share_variables_and_data() {
    let states = [
        r#""A":{"Type":"Pass","Parameters":{"a.$":"$.x"},"Assign":{"v.$":"$.a"},"Next":"B"}"#.to_owned(),
        jsonata("B", r#""Type":"Pass","Assign":{"w":"{% $v & '!' %}"},"Next":"C""#),
        r#""C":{"Type":"Pass","Parameters":{"v.$":"$v","w.$":"$w","a.$":"$.a"},"End":true}"#.to_owned(),
    ];
    check(&states.join(","), r#"{"x":"y"}"#, r#"{"v":"y","w":"y!","a":"y"}"#);
}

#[test]
fn a_variable_hides_a_function_of_its_name() {
    let states = [
        jsonata("A", r#""Type":"Pass","Assign":{"count":7},"Next":"B""#),
        jsonata(
            "B",
            r#""Type":"Pass","Output":"{% [$count, $sum([$count, 1])] %}","End":true"#,
        ),
    ];
    check(&states.join(","), "{}", "[7,8]");
    // Until it is assigned, the name is the function's.
    let states = [
        jsonata(
            "A",
            r#""Type":"Pass","Assign":{"count":"{% $count([1,2]) %}","random":"{% $map([1,2], $random) %}"},"Output":"{% $map([[1,2]], $count) %}","Next":"B""#,
        ),
        jsonata(
            "B",
            r#""Type":"Pass","Output":"{% [$count, $states.input, $random[0] = $random[1]] %}","End":true"#,
        ),
    ];
    check(&states.join(","), "{}", "[2,2,false]");
}

#[test]
fn rules_are_tried_in_order_and_bring_their_output() {
    let choice = jsonata(
        "A",
        r#""Type":"Choice","Output":"{% 'default' %}","Assign":{"v":0},"Choices":[
            {"Condition":"{% $states.input.n > 10 %}","Next":"B","Output":"{% 'large' %}","Assign":{"v":1}},
            {"Condition":"{% $states.input.n > 1 %}","Next":"B"},
            {"Condition":"{% $error('not reached') %}","Next":"B"}],"Default":"B""#,
    );
    let end = jsonata(
        "B",
        r#""Type":"Pass","Output":"{% [$states.input, $v] %}","End":true"#,
    );
    let states = format!("{choice},{end}");
    check(&states, r#"{"n":11}"#, r#"["large",1]"#);
    check(&states, r#"{"n":2}"#, r#"["default",0]"#);
    let mut player = start("A", &states, r#"{"n":1}"#);
    player.fails("States.QueryEvaluationError", "D3137: not reached");
    let location = player.run.events().iter().rev().nth(1).map(|event| event.extra);
    assert_eq!(shown(&player, location), r#""Choices[2]/Condition""#);
}

fn shown(player: &Player, value: Option<ValueRef>) -> String {
    let value = value.filter(|value| !value.is_none());
    value.map_or(String::new(), |value| {
        player.run.view(&player.program).to_json(value)
    })
}

#[test]
fn a_task_gets_arguments_and_limits_and_its_result_is_seen() {
    let states = task(
        "A",
        r#""Arguments":{"FunctionName":"f","Payload":"{% $states.input.p %}"},
        "TimeoutSeconds":"{% $states.input.t * 2 %}","HeartbeatSeconds":"{% $states.input.t %}",
        "Assign":{"r":"{% $states.result.x %}"},"Output":"{% $states %}","Next":"B""#,
    );
    let end = jsonata(
        "B",
        r#""Type":"Pass","Output":{"r":"{% $r %}","all":"{% $keys($states.input) %}"},"End":true"#,
    );
    let mut player = start("A", &format!("{states},{end}"), r#"{"p":[1],"t":5}"#);
    assert_eq!(player.go(), Status::Waiting);
    assert_eq!(player.parameters(0), r#"{"FunctionName":"f","Payload":[1]}"#);
    let Request::Task(asked) = player.asked[0] else {
        panic!("a task was asked for");
    };
    assert_eq!(
        (asked.timeout_seconds, asked.heartbeat_seconds),
        (Some(10), Some(5))
    );
    assert_eq!(
        player.answer(0, Answer::Success(b"{\"x\":\"y\"}")),
        Status::Succeeded
    );
    player.has_output(r#"{"r":"y","all":["input","context","result"]}"#);
}

/// The specification wants it smaller, but no recording shows that AWS refuses a computed one: the time limit comes first.
#[test]
fn a_heartbeat_may_be_longer_than_the_time_limit() {
    let states = task(
        "A",
        r#""Arguments":{"FunctionName":"f"},"TimeoutSeconds":"{% 5 %}","HeartbeatSeconds":"{% 9 %}","End":true"#,
    );
    let mut player = start("A", &states, "{}");
    assert_eq!(player.go(), Status::Waiting);
    let Request::Task(asked) = player.asked[0] else {
        panic!("a task was asked for");
    };
    assert_eq!(
        (asked.timeout_seconds, asked.heartbeat_seconds),
        (Some(5), Some(9))
    );
    assert_eq!(player.answer(0, Answer::TimedOut), Status::Failed);
    assert_eq!(player.failure().0, "States.Timeout");
}

#[test]
fn a_task_without_arguments_gets_the_input() {
    let states = r#""A":{"Type":"Task","QueryLanguage":"JSONata","Resource":"arn:aws:lambda:us-east-1:111111111111:function:f","End":true}"#;
    for input in ["null", r#"{"a":1}"#] {
        let mut player = start("A", states, input);
        assert_eq!(player.go(), Status::Waiting);
        assert_eq!(player.parameters(0), input);
    }
}

/// What fails a state, and where AWS says it is.
#[test]
fn failures_are_told_as_aws_tells_them() {
    let output = |expression: &str| pass(expression);
    let wait = |field: &str| jsonata("A", &format!(r#""Type":"Wait",{field},"End":true"#));
    let limited = |field: &str| {
        let more = format!(r#""Arguments":{{"FunctionName":"f"}},{field},"End":true"#);
        task("A", &more)
    };
    let fail = |field: &str| jsonata("A", &format!(r#""Type":"Fail",{field}"#));
    let map = |fields: &str| {
        let processor = r#""ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Pass","End":true}}}"#;
        jsonata("A", &format!(r#""Type":"Map",{fields}{processor},"End":true"#))
    };
    let choice = jsonata(
        "A",
        r#""Type":"Choice","Choices":[{"Condition":"{% 1 %}","Next":"B"}]"#,
    );
    let choice = format!("{choice},{}", jsonata("B", r#""Type":"Succeed""#));
    let cases: Vec<(String, &str, &str)> = vec![
        (
            output("$states.input.none"),
            "The JSONata expression '$states.input.none' specified for the field 'Output' returned nothing (undefined).",
            "Output",
        ),
        (
            jsonata(
                "A",
                r#""Type":"Pass","Output":{"a":[1,{"b":"{% $nobody %}"}]},"End":true"#,
            ),
            "'$nobody' specified for the field 'Output/a[1]/b' returned nothing (undefined).",
            "Output/a[1]/b",
        ),
        (
            jsonata(
                "A",
                r#""Type":"Pass","Assign":{"x":{"y":"{% $sum %}"}},"End":true"#,
            ),
            "'$sum' specified for the field 'Assign/x/y' returned an unsupported result type.",
            "Assign/x/y",
        ),
        (
            output("'a' + 1"),
            "''a' + 1' specified for the field 'Output' threw an error during evaluation. T2001: The left side of the \"+\" operator must evaluate to a number",
            "Output",
        ),
        (
            output("($f := function($n){1 + $f($n + 1)}; $f(0))"),
            "threw an error during evaluation: Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive.",
            "Output",
        ),
        (
            choice,
            "'1' specified for the field 'Choices[0]/Condition' returned an unexpected result type. Expected 'boolean', but was 'number' for value: 1",
            "Choices[0]/Condition",
        ),
        (
            wait(r#""Seconds":"{% '1' %}""#),
            "'Seconds' returned an unexpected result type. Expected 'number', but was 'string' for value: \"1\"",
            "Seconds",
        ),
        (
            wait(r#""Timestamp":"{% {'a': null} %}""#),
            "'Timestamp' returned an unexpected result type. Expected 'string', but was 'object' for value: {\"a\":null}",
            "Timestamp",
        ),
        (
            wait(r#""Timestamp":"{% '2016-12-05 21:29:29Z' %}""#),
            "(entered at the event id #2). The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: 2016-12-05 21:29:29Z",
            "Timestamp",
        ),
        (
            limited(r#""TimeoutSeconds":"{% '3' %}""#),
            "'TimeoutSeconds' returned an unexpected result type. Expected 'number', but was 'string' for value: \"3\"",
            "TimeoutSeconds",
        ),
        (
            limited(r#""TimeoutSeconds":"{% -1 %}""#),
            "#2). TimeoutSeconds must be between 0 and 99999999 but was: -1",
            "TimeoutSeconds",
        ),
        (
            limited(r#""TimeoutSeconds":"{% 1.6 %}""#),
            "#2). The TimeoutSeconds field cannot be parsed as an integer: 1.6",
            "TimeoutSeconds",
        ),
        (
            fail(r#""Error":"E","Cause":"{% 7 %}""#),
            "'Cause' returned an unexpected result type. Expected 'string', but was 'number' for value: 7",
            "Cause",
        ),
        (
            map(r#""Items":"{% 'a' %}","#),
            "'Items' returned an unexpected result type. Expected 'array', but was 'string' for value: \"a\"",
            "Items",
        ),
        (map(""), "#2). Map state input must be an array but was: {}", ""),
        (
            map(r#""Items":[1],"MaxConcurrency":"{% null %}","#),
            "'MaxConcurrency' returned an unexpected result type. Expected 'number', but was 'null' for value: null",
            "MaxConcurrency",
        ),
        (
            map(r#""Items":[1],"ToleratedFailurePercentage":"{% 101 %}","#),
            "ToleratedFailurePercentage must be between 0 and 100.",
            "ToleratedFailurePercentage",
        ),
        (
            map(r#""Items":[1],"ItemSelector":{"a":"{% $states.context.Map.Item.None %}"},"#),
            "'ItemSelector/a' returned nothing (undefined).",
            "ItemSelector/a",
        ),
    ];
    for (states, cause, location) in cases {
        let mut player = start("A", &states, "{}");
        player.fails("States.QueryEvaluationError", cause);
        let failed = player
            .run
            .events()
            .iter()
            .find(|event| event.kind == EventType::EvaluationFailed);
        let failed = failed.unwrap_or_else(|| panic!("{states}"));
        let shown = shown(&player, Some(failed.extra));
        assert_eq!(shown.trim_matches('"'), location, "{states}");
        let quiet = start_with("A", &states, "{}", Level::Off);
        assert_eq!(end(quiet), end(player), "{states}");
    }
}

/// How an execution ends: ids of events are counted whether these are kept or not.
fn end(mut player: Player) -> ((String, String), u32) {
    player.go();
    (player.failure(), player.run.last_event())
}

/// Each event's type, id and the id before it.
fn chain(player: &Player) -> Vec<String> {
    let events = player.run.events().iter();
    let shown = |event: &Event| format!("{} {}<{}", event.kind.name(), event.id, event.previous);
    events.map(shown).collect()
}

#[test]
fn a_failed_evaluation_is_retried_and_caught() {
    let states = format!(
        "{},{}",
        task(
            "A",
            r#""Arguments":{"FunctionName":"{% $states.input.none %}"},
            "Retry":[{"ErrorEquals":["States.QueryEvaluationError"],"MaxAttempts":1}],
            "Catch":[{"ErrorEquals":["States.ALL"],"Next":"B","Assign":{"e":"{% $states.errorOutput.Error %}"},
            "Output":"{% $substring($states.errorOutput.Cause, 0, 40) %}"}],"Next":"B""#
        ),
        jsonata(
            "B",
            r#""Type":"Pass","Output":"{% [$e, $states.input] %}","End":true"#
        )
    );
    let mut player = start("A", &states, "{}");
    assert_eq!(player.go(), Status::Waiting);
    assert_eq!(player.answer(0, Answer::Time), Status::Succeeded);
    player.has_output(r#"["States.QueryEvaluationError","An error occurred while executing the st"]"#);
    let expected = [
        "ExecutionStarted 1<0",
        "TaskStateEntered 2<0",
        "EvaluationFailed 3<0",
        "EvaluationFailed 4<3",
        "TaskStateExited 5<4",
        "PassStateEntered 6<5",
        "PassStateExited 7<6",
        "ExecutionSucceeded 8<7",
    ];
    assert_eq!(chain(&player), expected);
}

/// Measured on AWS (facts 2.6): the failure is told again behind what failed in its catcher.
#[test]
fn what_fails_in_a_catcher_is_not_caught() {
    let states = format!(
        "{},{}",
        jsonata(
            "A",
            r#""Type":"Map","Items":[1],"ItemProcessor":{"StartAt":"F","States":{"F":{"Type":"Fail"}}},
            "Catch":[{"ErrorEquals":["Other"],"Next":"B"},
            {"ErrorEquals":["States.ALL"],"Next":"B","Output":{"v":"{% $nobody %}"}}],"End":true"#
        ),
        jsonata("B", r#""Type":"Succeed""#)
    );
    let mut player = start("A", &states, "{}");
    player.fails(
        "States.QueryEvaluationError",
        "'Catch[1]/Output/v' returned nothing",
    );
    let expected = [
        "MapIterationFailed 6<5",
        "MapStateFailed 7<5",
        "EvaluationFailed 8<5",
        "MapStateFailed 9<8",
        "ExecutionFailed 10<9",
    ];
    assert_eq!(chain(&player)[5..], expected);
}

#[test]
fn an_item_selector_that_fails_aborts_the_iterations_in_flight() {
    let processor = format!(
        r#""ItemProcessor":{{"StartAt":"T","States":{{{}}}}}"#,
        task("T", r#""Arguments":{"FunctionName":"f"},"End":true"#)
    );
    let states = format!(
        "{},{}",
        jsonata(
            "A",
            &format!(
                r#""Type":"Map","Items":[1,"x",3],"ItemSelector":"{{% $states.context.Map.Item.Value + 1 %}}",{processor},
                "Catch":[{{"ErrorEquals":["States.QueryEvaluationError"],"Next":"B"}}],"Next":"B""#
            )
        ),
        jsonata(
            "B",
            r#""Type":"Pass","Output":"{% $states.input.Error %}","End":true"#
        )
    );
    let mut player = start("A", &states, "{}");
    player.succeeds(r#""States.QueryEvaluationError""#);
    assert!(player.asked.is_empty(), "what was aborted is not asked for");
    let events = player.events();
    for kind in [
        "TaskStateAborted",
        "MapIterationAborted",
        "MapStateFailed",
        "MapStateExited",
    ] {
        assert!(events.contains(&kind), "{kind} in {events:?}");
    }
}

#[test]
fn iterations_see_their_item_and_the_variables_around_them() {
    let map = |output: &str| {
        let map = jsonata(
            "B",
            &format!(
                r#""Type":"Map","Items":"{{% $states.input.list %}}",
                "ItemSelector":{{"i":"{{% $states.context.Map.Item.Index %}}","v":"{{% $states.context.Map.Item.Value * $f %}}"}},
                "MaxConcurrency":"{{% 1 %}}","ItemProcessor":{{"StartAt":"I","States":{{{}}}}},
                "Output":{{"all":"{{% $states.result %}}","n":"{{% $states.input.n %}}"}},"End":true"#,
                jsonata("I", &format!(r#""Type":"Pass","Output":{output},"End":true"#))
            ),
        );
        let before = jsonata(
            "A",
            r#""Type":"Pass","Assign":{"f":10},"Output":{"list":[1,2],"n":0},"Next":"B""#,
        );
        format!("{before},{map}")
    };
    let output = r#"{"all":[{"x":[0,10]},{"x":[1,20]}],"n":0}"#;
    check(
        &map(r#"{"x":["{% $states.input.i %}","{% $states.input.v %}"]}"#),
        "{}",
        output,
    );
    let output = r#"{"all":[[10,10],[20,10]],"n":0}"#;
    check(&map(r#"["{% $states.input.v %}","{% $f %}"]"#), "{}", output);
    let name = r#""{% $states.context.State.Name & $states.context.Map.Item.Index %}""#;
    check(&map(name), "{}", r#"{"all":["I0","I1"],"n":0}"#);
}

#[test]
fn branches_get_arguments_and_the_state_keeps_its_input() {
    let branch = |name: &str| {
        let pass = jsonata(
            name,
            r#""Type":"Pass","Output":"{% $states.input.a %}","End":true"#,
        );
        format!(r#"{{"StartAt":"{name}","States":{{{pass}}}}}"#)
    };
    let states = jsonata(
        "A",
        &format!(
            r#""Type":"Parallel","Arguments":{{"a":"{{% $states.input.x %}}"}},"Branches":[{},{}],
            "Output":{{"r":"{{% $states.result %}}","x":"{{% $states.input.x %}}","y":"{{% $states.input.y %}}"}},"End":true"#,
            branch("P"),
            branch("Q")
        ),
    );
    check(&states, r#"{"x":1,"y":2}"#, r#"{"r":[1,1],"x":1,"y":2}"#);
}

#[test]
fn a_name_that_stands_twice_is_one_member() {
    let states = jsonata(
        "A",
        r#""Type":"Pass","Output":{"k":"{% $keys($states.input) %}","i":"{% $states.input %}",
        "o":"{% $states.input.o %}","n":"{% $count($keys($states.input.o)) %}"},"End":true"#,
    );
    check(
        &states,
        r#"{"a":1,"o":{"x":1,"x":2},"a":2}"#,
        r#"{"k":["a","o"],"i":{"a":2,"o":{"x":2}},"o":{"x":2},"n":1}"#,
    );
}

#[test]
fn chance_follows_from_the_seed_and_differs_within_a_state() {
    let states = jsonata(
        "A",
        r#""Type":"Pass","Output":["{% $random() %}","{% $random() %}","{% $uuid() %}"],"End":true"#,
    );
    let outputs = [(); 2].map(|()| {
        let mut player = start("A", &states, "{}");
        assert_eq!(player.go(), Status::Succeeded);
        let output = player.run.outcome().output;
        player.run.view(&player.program).to_json(output)
    });
    assert_eq!(outputs[0], outputs[1]);
    let parts: Vec<&str> = outputs[0].split(',').collect();
    assert_ne!(parts[0].trim_matches('['), parts[1]);
}

/// The context and the input are handed in only to what reads them.
#[test]
fn a_program_knows_whether_it_shows_the_context() {
    let shows = |expression: &str| {
        let player = start("A", &pass(expression), "{}");
        let Program {
            uses_context,
            shows_execution,
            ..
        } = player.program;
        (uses_context, shows_execution)
    };
    assert_eq!(shows("$states.input"), (false, false));
    assert_eq!(shows("$states.context.State.Name"), (true, true));
    assert_eq!(shows("$states"), (true, true));
}
