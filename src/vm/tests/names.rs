//! One member per name, dense: what the parts of a text with doubles and blanks become.

use super::*;

/// The input of all machines here.
const INPUT: &str = r#"{ "a" : {"x":1, "y":[{"z":1,"z":2}], "x":3}, "a" : {"x":1 ,"y":[{"z":1,"z":2}],"x":3}, "b":[{"k":1,"k":2}] , "t":"{ \"r\": [1] ,\"r\": [2] ,\"o\": 1 }" }"#;

/// The same as a tree has it.
const TREE: &str = r#"{"a":{"x":3,"y":[{"z":2}]},"b":[{"k":2}],"t":"{ \"r\": [1] ,\"r\": [2] ,\"o\": 1 }"}"#;

#[track_caller]
fn gives(states: &str, output: &str) {
    for level in [Level::All, Level::Off] {
        start_with("A", states, INPUT, level).succeeds(output);
    }
}

/// Checks what a template has under `v`.
#[track_caller]
fn template(value: &str, output: &str) {
    let states = format!(r#""A":{{"Type":"Pass","Parameters":{{"v.$":"{value}"}},"End":true}}"#);
    gives(&states, &format!(r#"{{"v":{output}}}"#));
}

#[test]
fn a_document_is_echoed_and_a_part_is_not() {
    gives(r#""A":{"Type":"Pass","End":true}"#, INPUT);
    gives(
        r#""A":{"Type":"Pass","InputPath":"$.a","End":true}"#,
        r#"{"x":3,"y":[{"z":2}]}"#,
    );
    gives(
        r#""A":{"Type":"Pass","OutputPath":"$.b","End":true}"#,
        r#"[{"k":2}]"#,
    );
    gives(
        r#""A":{"Type":"Pass","OutputPath":"$.a.y[0]","End":true}"#,
        r#"{"z":2}"#,
    );
    gives(
        r#""A":{"Type":"Pass","OutputPath":"$$.Execution.Input","End":true}"#,
        TREE,
    );
}

#[test]
fn templates_take_trees() {
    for (value, output) in [
        ("$", TREE),
        ("$.a", r#"{"x":3,"y":[{"z":2}]}"#),
        ("$.a.*", r#"[3,[{"z":2}]]"#),
        ("$..z", "[2]"),
        ("$.b[?(@.k == 1)]", "[]"),
        ("$.b[0].length()", "1"),
        ("States.StringToJson($.t)", r#"{"r":[2],"o":1}"#),
        ("States.JsonToString($.b)", r#""[{\"k\":2}]""#),
        (
            "States.JsonToString(States.StringToJson($.t))",
            r#""{\"r\":[2],\"o\":1}""#,
        ),
        ("States.ArrayUnique($.b)", r#"[{"k":2}]"#),
        (
            "States.Array($.a, States.StringToJson($.t))",
            r#"[{"x":3,"y":[{"z":2}]},{"r":[2],"o":1}]"#,
        ),
        ("States.Format('{}', $.b)", r#""[{k=2}]""#),
        ("States.StringToJson(' 1 ')", "1"),
        ("$$.Execution.Input.b", r#"[{"k":2}]"#),
    ] {
        template(value, output);
    }
    // Of two paths and more, one walk finds the values.
    gives(
        r#""A":{"Type":"Pass","Parameters":{"a.$":"$.a.y","b.$":"$.b"},"End":true}"#,
        r#"{"a":[{"z":2}],"b":[{"k":2}]}"#,
    );
    let hash = |value: &str| {
        let states = format!(
            r#""A":{{"Type":"Pass","Parameters":{{"v.$":"States.Hash({value}, 'MD5')"}},"OutputPath":"$.v","End":true}}"#
        );
        let mut player = start("A", &states, INPUT);
        player.go();
        player
            .run
            .view(&player.program)
            .to_json(player.run.outcome().output)
    };
    assert_eq!(hash("$.b"), hash("States.StringToJson('[{\\\"k\\\":2}]')"));
}

#[test]
fn what_was_a_text_is_no_document() {
    let parse = r#""A":{"Type":"Pass","Parameters":{"o.$":"States.StringToJson($.t)"},"OutputPath":"$.o","End":true}"#;
    gives(parse, r#"{"r":[2],"o":1}"#);
    let assign = r#""A":{"Type":"Pass","Assign":{"all.$":"$","o.$":"States.StringToJson($.t)"},"Next":"B"},
        "B":{"Type":"Pass","Parameters":{"all.$":"$all","o.$":"$o.r"},"End":true}"#;
    gives(assign, &format!(r#"{{"all":{TREE},"o":[2]}}"#));
}

#[test]
fn what_is_written_into_a_document_makes_it_a_tree() {
    let end = format!("{},\"n\":1}}", &TREE[..TREE.len() - 1]);
    gives(
        r#""A":{"Type":"Pass","Result":1,"ResultPath":"$.n","End":true}"#,
        &end,
    );
    gives(
        r#""A":{"Type":"Pass","Result":1,"ResultPath":"$.n","Next":"B"},"B":{"Type":"Pass","End":true}"#,
        &end,
    );
    let end = format!("{},\"n\":{TREE}}}", &TREE[..TREE.len() - 1]);
    gives(r#""A":{"Type":"Pass","ResultPath":"$.n","End":true}"#, &end);
}

#[test]
fn items_and_results_are_parts() {
    let items = r#""ItemProcessor":{"StartAt":"B","States":{"B":{"Type":"Pass","End":true}}},"End":true"#;
    gives(
        &format!(r#""A":{{"Type":"Map","ItemsPath":"$.b",{items}}}"#),
        r#"[{"k":2}]"#,
    );
    let mut player = start(
        "A",
        &format!(r#""A":{{"Type":"Map",{items}}}"#),
        r#"[{"k":1,"k":2}]"#,
    );
    player.succeeds(r#"[{"k":2}]"#);
    let states = r#""A":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke",
        "Parameters":{"FunctionName":"f"},"ResultPath":"$.t","Next":"B"},"B":{"Type":"Pass","OutputPath":"$.t","End":true}"#;
    let mut player = start("A", states, "{}");
    player.go();
    player.answer(0, Answer::Success(b"{ \"p\": 1, \"p\": 2 }"));
    player.has_output(r#"{"p":2}"#);
}

#[test]
fn messages_show_trees() {
    let states = r#""A":{"Type":"Pass","Parameters":{"v.$":"$.none"},"End":true}"#;
    start("A", states, INPUT).fails(
        "States.Runtime",
        &format!("could not be found in the input '{TREE}'"),
    );
}

#[test]
fn a_value_that_was_looked_at_is_not_looked_at_again() {
    let states = r#""A":{"Type":"Pass","Parameters":{"v.$":"$.l"},"Next":"B"},
        "B":{"Type":"Pass","Parameters":{"v.$":"$.v"},"Next":"C"},"C":{"Type":"Succeed"}"#;
    let input = format!(r#"{{"l":[{}1]}}"#, "{\"k\":1},".repeat(1_000));
    let mut player = start("A", states, &input);
    player.run.grant(Work::of(1_000_000));
    player.go();
    let used = 1_000_000 - player.run.work().left();
    assert!(
        (input.len() - 10..input.len() + 500).contains(&(used as usize)),
        "{used}"
    );
}

#[test]
fn the_input_in_the_context_object_is_a_tree() {
    let input = r#"{"a":1, "a":2}"#;
    for (value, output) in [
        ("$$.Execution.Input", r#"{"a":2}"#),
        ("$$.Execution.Input..a", "[2]"),
        ("$$..Input", r#"[{"a":2}]"#),
        ("$$.Execution['Input','Name']", r#"{"Input":{"a":2},"Name":"r"}"#),
    ] {
        let states = format!(
            r#""A":{{"Type":"Pass","Parameters":{{"v.$":"{value}"}},"OutputPath":"$.v","End":true}}"#
        );
        start("A", &states, input).succeeds(output);
    }
    for value in [
        "$$",
        "$$.Execution",
        "States.JsonToString($$)",
        "States.JsonToString($$.Execution)",
    ] {
        let states = format!(
            r#""A":{{"Type":"Pass","Parameters":{{"v.$":"{value}"}},"OutputPath":"$.v","End":true}}"#
        );
        let mut player = start("A", &states, input);
        player.go();
        let output = player
            .run
            .view(&player.program)
            .to_json(player.run.outcome().output);
        let output = output.replace('\\', "");
        assert!(output.contains(r#""Input":{"a":2}"#), "{value}: {output}");
    }
}

#[test]
fn outputs_of_the_last_branches_are_parts() {
    let parallel = |branches: [String; 2]| {
        let branches = branches.join(",");
        format!(r#"{{"Type":"Parallel","Branches":[{branches}],"End":true}}"#)
    };
    let branch = |name: &str, state: &str| format!(r#"{{"StartAt":"{name}","States":{{"{name}":{state}}}}}"#);
    let pass = |name: &str| branch(name, r#"{"Type":"Pass","End":true}"#);
    let flat = format!(r#""A":{}"#, parallel([pass("B"), pass("C")]));
    let inner = branch("D", &parallel([pass("B"), pass("C")]));
    let nested = format!(r#""A":{}"#, parallel([inner, pass("E")]));
    for level in [Level::All, Level::Off] {
        let two = r#"[{"a":2},{"a":2}]"#;
        start_with("A", &flat, r#"{"a":1, "a":2}"#, level).succeeds(two);
        start_with("A", &flat, r#"{ "a":1 }"#, level).succeeds(r#"[{"a":1},{"a":1}]"#);
        start_with("A", &nested, r#"{"a":1, "a":2}"#, level).succeeds(&format!(r#"[{two},{{"a":2}}]"#));
    }
    let states = r#""A":{"Type":"Map","End":true,"ItemProcessor":{"StartAt":"B","States":{
        "B":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f"},"End":true}}}}"#;
    let mut player = start("A", states, "[1]");
    player.go();
    player.answer(0, Answer::Success(b"{\"a\" : 1, \"a\" : 2}"));
    player.has_output(r#"[{"a":2}]"#);
}
