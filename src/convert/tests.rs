//! Whole definitions: what they become.

use super::*;
use std::collections::BTreeMap;

fn converted(states: &str) -> Converted {
    let text = format!(r#"{{"StartAt": "A", "States": {states}}}"#);
    let source = Source {
        name: "a.asl.json",
        text: &text,
        format: Format::Json,
    };
    convert(&source, &Options::default()).expect("well-formed")
}

/// Converts the state A and compares its text without blanks.
fn check(state: &str, expected: &str) {
    let converted = converted(&format!(r#"{{"A": {state}}}"#));
    let dense = |text: &str| {
        let reading = json::read(text, &BTreeMap::new());
        assert!(reading.problems.is_empty(), "{text}");
        reading.root.expect("a value").clone()
    };
    assert!(converted.is_whole, "{:?}", converted.diagnostics);
    let state = dense(&converted.text);
    let state = state
        .get("States")
        .and_then(|states| states.get("A"))
        .expect("the state");
    assert_eq!(state.to_json(), dense(expected).to_json());
}

#[test]
fn states_become_what_a_person_would_write() {
    for (state, expected) in [
        (
            r#"{"Type": "Pass", "End": true}"#,
            r#"{"Type": "Pass", "End": true}"#,
        ),
        (
            r#"{"Type": "Pass", "Result": {"a": 1}, "ResultPath": "$.x", "End": true}"#,
            r#"{"Type": "Pass", "Output": "{% $merge([$states.input, {'x': {'a': 1}}]) %}", "End": true}"#,
        ),
        (
            r#"{"Type": "Pass", "Result": {"a": "{% x %}"}, "Next": "B"}"#,
            r#"{"Type": "Pass", "Output": {"a": "{% '{% x %}' %}"}, "Next": "B"}"#,
        ),
        (
            r#"{"Type": "Pass", "Parameters": {"a.$": "$.b.c", "d": [1, {"e.$": "$$.Execution.Id"}]}, "End": true}"#,
            r#"{"Type": "Pass", "Output": {"a": "{% $states.input.b.c %}", "d": [1, {"e": "{% $states.context.Execution.Id %}"}]}, "End": true}"#,
        ),
        (
            r#"{"Type": "Task", "Resource": "r", "InputPath": "$.order", "ResultPath": "$.a.b", "OutputPath": "$.a", "End": true}"#,
            r#"{"Type": "Task", "Resource": "r", "Arguments": "{% $states.input.order %}", "Output": "{% $merge([$states.input.a, {'b': $states.result}]) %}", "End": true}"#,
        ),
        (
            r#"{"Type": "Task", "Resource": "r", "ResultPath": "$.a.b", "End": true}"#,
            r#"{"Type": "Task", "Resource": "r", "Output": "{% $merge([$states.input, {'a': $merge([$states.input.a, {'b': $states.result}])}]) %}", "End": true}"#,
        ),
        (
            r#"{"Type": "Task", "Resource": "r", "ResultSelector": {"id.$": "$.Payload.id"}, "Assign": {"raw.$": "$"}, "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "B"}], "Next": "B"}"#,
            r#"{"Type": "Task", "Resource": "r", "Output": {"id": "{% $states.result.Payload.id %}"}, "Assign": {"raw": "{% $states.result %}"}, "Catch": [{"ErrorEquals": ["States.ALL"], "Output": "{% $merge([$states.input, {'error': $states.errorOutput}]) %}", "Next": "B"}], "Next": "B"}"#,
        ),
        (
            r#"{"Type": "Task", "Resource": "r", "TimeoutSecondsPath": "$.t", "ResultPath": null, "End": true}"#,
            r#"{"Type": "Task", "Resource": "r", "TimeoutSeconds": "{% $states.input.t %}", "Output": "{% $states.input %}", "End": true}"#,
        ),
        (
            r#"{"Type": "Choice", "Choices": [{"And": [{"Variable": "$.a", "IsPresent": true}, {"Or": [{"Variable": "$.a", "NumericGreaterThan": 5}, {"Variable": "$x", "StringEquals": "it's"}]}], "Next": "B"}, {"Not": {"Variable": "$.a", "IsString": true}, "Next": "C"}], "Default": "D"}"#,
            r#"{"Type": "Choice", "Choices": [{"Condition": "{% $exists($states.input.a) and ($states.input.a > 5 or $x = \"it's\") %}", "Next": "B"}, {"Condition": "{% $not($type($states.input.a) = 'string') %}", "Next": "C"}], "Default": "D"}"#,
        ),
        (
            r#"{"Type": "Map", "ItemsPath": "$.items", "ItemSelector": {"i.$": "$$.Map.Item.Value", "o.$": "$.o"}, "MaxConcurrencyPath": "$.m", "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "OutputPath": "$.i", "End": true}}}, "ResultPath": "$.done", "End": true}"#,
            r#"{"Type": "Map", "Items": "{% $states.input.items %}", "ItemSelector": {"i": "{% $states.context.Map.Item.Value %}", "o": "{% $states.input.o %}"}, "MaxConcurrency": "{% $states.input.m %}", "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "Output": "{% $states.input.i %}", "End": true}}}, "Output": "{% $merge([$states.input, {'done': $states.result}]) %}", "End": true}"#,
        ),
        (
            r#"{"Type": "Wait", "SecondsPath": "$.s", "InputPath": "$.w", "OutputPath": null, "Next": "B"}"#,
            r#"{"Type": "Wait", "Seconds": "{% $states.input.w.s %}", "Output": {}, "Next": "B"}"#,
        ),
        (
            r#"{"Type": "Fail", "ErrorPath": "$.e", "CausePath": "States.Format('{}: \\{{}\\}', $.a, $.b)"}"#,
            r#"{"Type": "Fail", "Error": "{% $states.input.e %}", "Cause": "{% $states.input.a & ': {' & $states.input.b & '}' %}"}"#,
        ),
        (
            r#"{"Type": "Pass", "Parameters": {"a": {"b.$": "$.c"}}, "Assign": {"v.$": "$.a.b"}, "End": true}"#,
            r#"{"Type": "Pass", "Output": {"a": {"b": "{% $states.input.c %}"}}, "Assign": {"v": "{% $states.input.c %}"}, "End": true}"#,
        ),
    ] {
        check(state, expected);
    }
}

#[test]
fn a_state_that_cannot_be_rewritten_stays_and_the_others_say_what_they_are() {
    let converted = converted(
        r#"{"A": {"Type": "Pass", "OutputPath": "$.a", "Next": "P"}, "P": {"Type": "Parallel", "End": true, "ResultPath": "$.x[0]",
            "Branches": [{"StartAt": "B", "States": {"B": {"Type": "Pass", "InputPath": "$.a", "End": true}}}]}}"#,
    );
    assert_eq!(
        (converted.is_whole, converted.counts.states, converted.counts.kept),
        (false, 3, 1)
    );
    let found: Vec<_> = converted
        .diagnostics
        .iter()
        .map(|found| (found.code, &*found.pointer, found.line, found.column))
        .collect();
    assert_eq!(found, [(code::KEPT, "/States/P/ResultPath", 1, 139)]);
    for part in [
        r#""Type": "Pass",
      "QueryLanguage": "JSONata",
      "Output": "{% $states.input.a %}""#,
        r#""ResultPath": "$.x[0]""#,
        r#""Type": "Pass",
              "QueryLanguage": "JSONata",
              "Output": "{% $states.input.a %}""#,
    ] {
        assert!(converted.text.contains(part), "{part}\nin {}", converted.text);
    }
    assert!(!converted.text.starts_with("{\n  \"QueryLanguage\""));
}

#[test]
fn a_variable_that_hides_a_function_is_told() {
    let converted = converted(
        r#"{"A": {"Type": "Pass", "Assign": {"count": 0}, "Next": "B"},
            "B": {"Type": "Pass", "Parameters": {"n.$": "States.ArrayLength($.list)"}, "End": true}}"#,
    );
    let kept = converted
        .diagnostics
        .iter()
        .filter(|found| found.code == code::KEPT);
    let kept: Vec<_> = kept.map(|found| (&*found.pointer, &*found.message)).collect();
    let message = "the variable $count hides the function $count() that the state would call";
    assert_eq!(kept, [("/States/B", message)]);
}

#[test]
fn what_is_evaluated_no_more_is_told() {
    for (state, places) in [
        (
            r#"{"Type": "Pass", "InputPath": "$.a", "Result": 1, "End": true}"#,
            &["/States/A/InputPath"][..],
        ),
        (
            r#"{"Type": "Task", "Resource": "r", "ResultSelector": {"a.$": "$.b"}, "ResultPath": null, "End": true}"#,
            &["/States/A/ResultSelector"],
        ),
        (
            r#"{"Type": "Task", "Resource": "r", "InputPath": "$.a", "End": true}"#,
            &[],
        ),
        (
            r#"{"Type": "Pass", "InputPath": "$", "Result": 1, "End": true}"#,
            &[],
        ),
    ] {
        let converted = converted(&format!(r#"{{"A": {state}}}"#));
        let found: Vec<&str> = converted
            .diagnostics
            .iter()
            .map(|found| &*found.pointer)
            .collect();
        assert_eq!(found, places, "{state}");
    }
}

#[test]
fn order_names_comments_and_placeholders_stay() {
    let text = "Comment: why\nStartAt: A b\nTimeoutSeconds: 5\nStates:\n  A b:\n    Comment: first\n    Type: Task\n    Resource: ${Function}\n    End: true\n";
    let source = Source {
        name: "a.asl.yaml",
        text,
        format: Format::Yaml,
    };
    let converted = convert(&source, &Options::default()).expect("well-formed");
    assert_eq!(
        converted.text,
        r#"{
  "Comment": "why",
  "QueryLanguage": "JSONata",
  "StartAt": "A b",
  "TimeoutSeconds": 5,
  "States": {
    "A b": {
      "Comment": "first",
      "Type": "Task",
      "Resource": "${Function}",
      "End": true
    }
  }
}
"#
    );
}

#[test]
fn a_path_into_a_constant_that_has_nothing_there_is_kept() {
    for (constant, path, message) in [
        ("3", "$.a", "the data is no object or array here"),
        ("\"t\"", "$.a", "the data is no object or array here"),
        ("null", "$.a.b", "the data is no object or array here"),
        ("true", "$[0]", "the data is no object or array here"),
        ("[1]", "$.a", "the data has no \"a\" here"),
        ("{\"b\": 1}", "$.a", "the data has no \"a\" here"),
        ("{\"a\": 1}", "$.a.b", "the data is no object or array here"),
    ] {
        let converted = converted(&format!(
            r#"{{"A": {{"Type": "Pass", "Result": {constant}, "Assign": {{"w.$": "{path}"}}, "End": true}}}}"#
        ));
        let found: Vec<&str> = converted
            .diagnostics
            .iter()
            .map(|found| &*found.message)
            .collect();
        let expected = format!("{message}, so the path fails whenever it is used");
        assert_eq!(found, [&expected], "{constant} {path}");
    }
}

#[test]
fn what_reads_like_the_text_of_contains_is_told() {
    for (value, is_told) in [
        ("'new'", false),
        ("'2024-05-01'", false),
        ("'2'", true),
        ("'-1.5e3'", true),
        ("'null'", true),
        ("'${Tag}'", true),
        ("'[1, 2]'", true),
        ("States.Format('{}', 2)", true),
        ("$.v", true),
    ] {
        let converted = converted(&format!(
            r#"{{"A": {{"Type": "Pass", "Parameters": {{"x.$": "States.ArrayContains($.list, {value})"}}, "End": true}}}}"#
        ));
        let mut messages = converted.diagnostics.iter().map(|found| &*found.message);
        assert_eq!(
            messages.any(|message| message == reason::differs::IN),
            is_told,
            "{value}"
        );
    }
}

#[test]
fn placeholders_in_expressions_are_told() {
    let states = |pattern: &str, operator: &str| {
        converted(&format!(
            r#"{{"A": {{"Type": "Choice", "Choices": [{{"Variable": "$.a", "{operator}": "{pattern}", "Next": "B"}}], "Default": "B"}},
                "B": {{"Type": "Pass", "End": true}}}}"#
        ))
    };
    for (pattern, operator, code, pointer) in [
        (
            "x-${Table}*",
            "StringMatches",
            code::KEPT,
            "/States/A/Choices/0/StringMatches",
        ),
        (
            "${Table}",
            "StringMatches",
            code::KEPT,
            "/States/A/Choices/0/StringMatches",
        ),
        ("x-${Table}", "StringEquals", code::DIFFERS, "/States/A/Choices/0"),
    ] {
        let converted = states(pattern, operator);
        let found = converted
            .diagnostics
            .iter()
            .map(|found| (found.code, &*found.pointer));
        assert!(
            found.clone().any(|found| found == (code, pointer)),
            "{pattern} {operator}: {:?}",
            found.collect::<Vec<_>>()
        );
    }
    assert!(states("$x*", "StringMatches").is_whole);
    let split = converted(
        r#"{"A": {"Type": "Pass", "Parameters": {"x.$": "States.StringSplit($.a, '${Delimiter}')"}, "End": true}}"#,
    );
    assert_eq!(split.counts.kept, 1);
}
