//! Variables that have no value where they are read, and names that hide others.

use super::machine;

/// Checks a machine in JSONata that begins with A.
#[track_caller]
fn check(states: &str, wanted: &[&str]) {
    machine(
        &format!(r#"{{"QueryLanguage": "JSONata", "StartAt": "A", "States": {{{states}}}}}"#),
        wanted,
    );
}

/// A Pass state with these fields.
fn pass(name: &str, fields: &str) -> String {
    format!(r#""{name}": {{"Type": "Pass", {fields}}}"#)
}

const END: &str = r#""End": true"#;

fn read(name: &str, then: &str) -> String {
    pass(name, &format!(r#""Output": "{{% $x %}}", {then}"#))
}

fn assign(name: &str, then: &str) -> String {
    pass(name, &format!(r#""Assign": {{"x": 1}}, {then}"#))
}

fn parallel(name: &str, branches: &[(&str, &str)], then: &str) -> String {
    let branches: Vec<String> = branches
        .iter()
        .map(|(first, states)| format!(r#"{{"StartAt": "{first}", "States": {{{states}}}}}"#))
        .collect();
    let branches = branches.join(", ");
    format!(r#""{name}": {{"Type": "Parallel", "Branches": [{branches}], {then}}}"#)
}

fn unknown(why: &str, place: &str) -> String {
    format!("UNKNOWN_VARIABLE: The variable '$x' is assigned only {why}, so it has no value at {place}")
}

const ELSEWHERE: &str = "in a branch or iteration that this state is not part of";
const LATER: &str = "by states that do not come before this one";

#[test]
fn variables_of_other_flows_have_no_value() {
    let inner = assign("B", END);
    let states = [parallel("A", &[("B", &inner)], r#""Next": "Z""#), read("Z", END)];
    check(&states.join(","), &[&unknown(ELSEWHERE, "/States/Z/Output")]);
    let map = format!(
        r#""A": {{"Type": "Map", "Items": [1], "ItemProcessor": {{"StartAt": "B", "States": {{{inner}}}}},
        "Output": "{{% $x %}}", "Next": "Z"}}"#
    );
    let found = ["A", "Z"].map(|state| unknown(ELSEWHERE, &format!("/States/{state}/Output")));
    let found: Vec<&str> = found.iter().map(String::as_str).collect();
    check(&[map, read("Z", END)].join(","), &found);
    let states = parallel("A", &[("B", &inner), ("C", &read("C", END))], END);
    check(
        &states,
        &[&unknown(ELSEWHERE, "/States/A/Branches[1]/States/C/Output")],
    );
}

#[test]
fn variables_that_no_state_before_assigns_have_no_value() {
    check(
        r#""A": {"Type": "Pass", "Assign": {"x": "{% $x %}"}, "Output": "{% $x %}", "End": true}"#,
        &[
            &unknown(LATER, "/States/A/Assign/x"),
            &unknown(LATER, "/States/A/Output"),
        ],
    );
    let states = [read("A", r#""Next": "B""#), assign("B", END)].join(",");
    check(&states, &[&unknown(LATER, "/States/A/Output")]);
    let inner = read("B", END);
    let states = [
        parallel("A", &[("B", &inner)], r#""Next": "C""#),
        assign("C", END),
    ];
    check(
        &states.join(","),
        &[&unknown(LATER, "/States/A/Branches[0]/States/B/Output")],
    );
}

#[test]
fn what_may_have_a_value_is_no_finding() {
    let next = |name: &str| format!(r#""Next": "{name}""#);
    let both = |name: &str, then: &str| pass(name, &format!(r#""Assign": {{"x": "{{% $x %}}"}}, {then}"#));
    let choice = r#""C": {"Type": "Choice", "Choices": [{"Condition": true, "Assign": {"x": 1}, "Next": "D"}],
        "Default": "A"}"#;
    let loops = [
        // A loop comes back to the state that assigns.
        [both("A", &next("C")), choice.to_owned(), pass("D", END)].join(","),
        [
            read("A", &next("C")),
            choice.to_owned(),
            both("D", &next("E")),
            read("E", END),
        ]
        .join(","),
    ];
    loops.iter().for_each(|states| check(states, &[]));
    let inner = [read("B", &next("B2")), read("B2", END)].join(",");
    let states = [assign("A", &next("P")), parallel("P", &[("B", &inner)], END)];
    check(&states.join(","), &[]);
    check(
        r#""A": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": {"FunctionName": "f"},
        "Catch": [{"ErrorEquals": ["States.ALL"], "Assign": {"x": "{% $states.errorOutput %}"}, "Next": "Z"}],
        "Next": "Z"}, "Z": {"Type": "Pass", "Output": "{% $x %}", "End": true}"#,
        &[],
    );
    // In the other language a name has its `.$`.
    machine(
        r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Assign": {"x.$": "$"}, "Next": "Z"},
            "Z": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $x %}", "End": true}}}"#,
        &[],
    );
}

#[test]
fn a_name_of_an_outer_flow_is_told() {
    let inner = assign("B", END);
    let states = [
        assign("A", r#""Next": "P""#),
        parallel("P", &[("B", &inner)], END),
    ];
    let place = "/States/P/Branches[0]/States/B/Assign";
    let wanted = format!(
        "SHADOWED_VARIABLE: The variable '$x' is assigned outside this flow too (by 'A'): \
         AWS's documentation forbids an inner flow to reuse the name at {place}"
    );
    check(&states.join(","), &[&wanted]);
    // Branches beside each other, and one behind the other, have nothing to do with each other.
    let states = [
        parallel("A", &[("B", &inner), ("C", &assign("C", END))], r#""Next": "P""#),
        parallel("P", &[("D", &assign("D", END))], END),
    ];
    check(&states.join(","), &[]);
    // What only comes to have a value afterwards is not hidden.
    let states = [
        parallel("A", &[("B", &inner)], r#""Assign": {"x": 2}, "Next": "C""#),
        assign("C", END),
    ];
    check(&states.join(","), &[]);
}

#[test]
fn a_name_of_a_function_that_is_called_is_told() {
    let states = |call: &str| {
        let sum = pass("A", r#""Assign": {"sum": 5}, "Next": "B""#);
        let read = pass("B", &format!(r#""Output": "{{% {call} %}}", "End": true"#));
        [sum, read].join(",")
    };
    let wanted = "SHADOWED_FUNCTION: The variable '$sum' hides the function '$sum': \
        calling it afterwards is an error at /States/A/Assign";
    check(&states("$sum([1])"), &[wanted]);
    check(&states("[1] ~> $sum"), &[wanted]);
    check(&states("$sum + $max([1])"), &[]);
}
