//! States in JSONata that are taken at once: those that merge constants, and paths that one walk finds.

use super::jsonata::{check, jsonata};
use super::*;

/// What merges constants into the input is taken at once with the states around it, in either language.
#[test]
fn states_that_merge_constants_are_a_chain() {
    let states = [
        jsonata(
            "A",
            r#""Type":"Pass","Output":"{% $merge([$states.input, {'a': {'x': [1, null]}, 'n': 2.50}]) %}","Next":"B""#,
        ),
        r#""B":{"Type":"Pass","Result":true,"ResultPath":"$.b.c","Next":"C"}"#.to_owned(),
        jsonata(
            "C",
            r#""Type":"Pass","Output":"{% $merge([$states.input, {'a': 'new', 'z': -1}]) %}","Next":"D""#,
        ),
        jsonata("D", r#""Type":"Succeed""#),
    ];
    let states = states.join(",");
    for (input, output) in [
        ("{}", r#"{"a":"new","n":2.5,"b":{"c":true},"z":-1}"#),
        (
            r#"{"z":1,"a":0,"b":{"d":1},"z":2}"#,
            r#"{"z":-1,"a":"new","b":{"d":1,"c":true},"n":2.5}"#,
        ),
    ] {
        check(&states, input, output);
        let mut player = start_with("A", &states, input, Level::Off);
        player.go();
        assert_eq!(player.run.transitions(), 4);
    }
    for (input, cause) in [("[1]", "T0412"), ("null", "T0412"), ("7", "T0412")] {
        for level in [Level::All, Level::Off] {
            start_with("A", &states, input, level).fails("States.QueryEvaluationError", cause);
        }
    }
}

/// One state that merges constants is a step of its own, also where it ends the flow or is returned to.
#[test]
fn one_state_that_merges_constants_is_a_step() {
    let merge = |name: &str, member: &str, then: &str| {
        let output = format!("{{% $merge([$states.input, {{'{member}': '{name}'}}]) %}}");
        jsonata(name, &format!(r#""Type":"Pass","Output":"{output}",{then}"#))
    };
    let states = [
        merge("A", "a", r#""Next":"C""#),
        jsonata(
            "C",
            r#""Type":"Choice","Choices":[{"Condition":"{% $states.input.b = 'B' %}","Next":"E"}],"Default":"B""#,
        ),
        merge("B", "b", r#""Next":"C""#),
        merge("E", "a", r#""End":true"#),
    ];
    let states = states.join(",");
    check(&states, r#"{"x":1}"#, r#"{"x":1,"a":"E","b":"B"}"#);
    for level in [Level::All, Level::Off] {
        let mut player = start_with("A", &states, "{}", level);
        player.succeeds(r#"{"a":"E","b":"B"}"#);
        assert_eq!(player.run.transitions(), 5);
        start_with("A", &states, "1", level).fails("States.QueryEvaluationError", "T0412");
    }
    let player = start_with("A", &states, "{}", Level::Off);
    assert_eq!(player.program.fused.len(), 3);
}

/// A variable may hide the function that merges.
#[test]
fn a_variable_called_merge_is_not_the_function() {
    let states = [
        jsonata("A", r#""Type":"Pass","Assign":{"merge":"none"},"Next":"B""#),
        jsonata(
            "B",
            r#""Type":"Pass","Output":"{% $merge([$states.input, {'a': 1}]) %}","Next":"C""#,
        ),
        jsonata("C", r#""Type":"Succeed""#),
    ];
    for level in [Level::All, Level::Off] {
        start_with("A", &states.join(","), "{}", level).fails("States.QueryEvaluationError", "T1006");
    }
}

/// A walk finds what several chains read; what it does not find the language looks for.
#[test]
fn chains_are_found_together_or_one_by_one() {
    let states = jsonata(
        "A",
        r#""Type":"Pass","Output":{"a":"{% $states.input.o.a %}","b":"{% $states.input.o.b & $states.input.o.a %}",
        "c":"{% $states.input.list.v %}","d":"{% [$states.input.o.none.x] %}","e":"{% $states.input.o %}",
        "f":"{% $count($states.input.o) + $states.input.o.a %}"},"End":true"#,
    );
    check(
        &states,
        r#"{"o":{"a":1,"b":2},"list":[{"v":3},{"v":[4,5]}]}"#,
        r#"{"a":1,"b":"21","c":[3,4,5],"d":[],"e":{"a":1,"b":2},"f":2}"#,
    );
    check(
        &states,
        r#"{"o":[{"a":1},{"b":2}],"list":{"v":[6]}}"#,
        r#"{"a":1,"b":"21","c":[6],"d":[],"e":[{"a":1},{"b":2}],"f":3}"#,
    );
}
