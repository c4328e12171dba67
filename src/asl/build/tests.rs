//! The model of accepted definitions.

use crate::asl::model::{Choice, Comparison, Jsonata, OrPath, Relation, State, StateKind, Template, Test};
use crate::asl::{Format, Options, Source, check};

fn first_state(state: &str) -> State {
    let text = format!(r#"{{"StartAt": "A", "States": {{"A": {state}, "Z": {{"Type": "Succeed"}}}}}}"#);
    let source = Source {
        name: "test",
        text: &text,
        format: Format::Json,
    };
    let report = check(&source, &Options::default());
    assert!(!report.has_errors(), "{:?}", report.diagnostics);
    report.machine.expect("a model").flow.states.remove(0)
}

#[test]
fn constant_parts_of_a_template_are_text() {
    let state = first_state(
        r#"{"Type": "Pass", "Next": "Z", "Parameters": {"c": {"n": [1.0, 1E2, "é\n"]}, "d": [{"p.$": "$.a"}, null], "u.$": "States.UUID()"}}"#,
    );
    let StateKind::Pass(pass) = state.kind else {
        panic!("a Pass")
    };
    let Some(Template::Object(members)) = pass.parameters else {
        panic!("an object")
    };
    assert_eq!(
        members[0],
        (
            "c".to_owned(),
            Template::Constant("{\"n\":[1.0,1E2,\"é\\n\"]}".to_owned())
        )
    );
    let Template::Array(items) = &members[1].1 else {
        panic!("an array")
    };
    assert!(
        matches!(&items[0], Template::Object(inner) if inner[0].0 == "p" && matches!(&inner[0].1, Template::Path { field, .. } if field == "p.$"))
    );
    assert_eq!(items[1], Template::Constant("null".to_owned()));
    assert!(matches!(&members[2], (name, Template::Call { field, .. }) if name == "u" && field == "u.$"));
}

#[test]
fn a_result_is_never_a_template() {
    let state = first_state(r#"{"Type": "Pass", "Next": "Z", "Result": {"a.$": "$.x", "b" : 1.10}}"#);
    let StateKind::Pass(pass) = state.kind else {
        panic!("a Pass")
    };
    assert_eq!(pass.result.as_deref(), Some(r#"{"a.$":"$.x","b":1.10}"#));
}

#[test]
fn retry_defaults() {
    let state = first_state(
        r#"{"Type": "Task", "Next": "Z", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f"}, "Retry": [{"ErrorEquals": ["E"]}]}"#,
    );
    let StateKind::Task(task) = state.kind else {
        panic!("a Task")
    };
    let retrier = &task.retry[0];
    assert_eq!(
        (
            retrier.interval_seconds,
            retrier.max_attempts,
            retrier.backoff_rate
        ),
        (1, 3, 2.0)
    );
    assert_eq!((retrier.max_delay_seconds, retrier.full_jitter), (None, false));
}

#[test]
fn choice_rules() {
    let state = first_state(
        r#"{"Type": "Choice", "Choices": [{"Not": {"Or": [{"Variable": "$.a", "NumericLessThanEquals": 1.50}, {"Variable": "$.a", "StringEqualsPath": "$.b"}]}, "Next": "Z"}]}"#,
    );
    let StateKind::Choice(Choice { rules, default: None }) = state.kind else {
        panic!("a Choice")
    };
    let Test::Not(inner) = &rules[0].test else {
        panic!("Not")
    };
    let Test::Or(tests) = inner.as_ref() else {
        panic!("Or")
    };
    let comparisons: Vec<&Comparison> = tests
        .iter()
        .map(|test| match test {
            Test::Compare { comparison, .. } => comparison,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        comparisons[0],
        &Comparison::Numeric(Relation::LessThanEquals, OrPath::Literal("1.50".to_owned()))
    );
    assert!(matches!(
        comparisons[1],
        Comparison::String(Relation::Equals, OrPath::Path(_))
    ));
}

/// What stands in `{% %}` is an expression and knows its place, as causes name it (facts 5.3).
#[test]
fn expressions_know_their_fields() {
    let text = r#"{"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": {"Type": "Choice", "Default": "Z",
        "Choices": [{"Condition": true, "Next": "Z"},
            {"Condition": "{% $states.input.n > 1 %}", "Next": "Z",
             "Assign": {"x": [1, "{%$uuid()%}"]}, "Output": {"a": {"b.$": ["{% 1 %}", " {% 2 %}"]}}}]},
        "Z": {"Type": "Succeed"}}}"#;
    let source = Source {
        name: "test",
        text,
        format: Format::Json,
    };
    let (root, _) =
        crate::asl::validate::validate(&source, &Options::default(), crate::services::Services::shipped());
    let mut machine = super::machine(&root.expect("JSON")).expect("a model");
    let StateKind::Choice(mut choice) = machine.flow.states.remove(0).kind else {
        panic!("a Choice")
    };
    assert_eq!(choice.rules[0].test, Test::Literal(true));
    let rule = choice.rules.remove(1);
    let mut found = Vec::new();
    let Test::Jsonata(condition) = rule.test else {
        panic!("an expression")
    };
    found.push(condition);
    let templates = rule
        .output
        .into_iter()
        .chain(rule.assign.into_iter().flatten().map(|(_, value)| value));
    templates.for_each(|template| expressions(template, &mut found));
    let found: Vec<_> = found
        .iter()
        .map(|one| (one.field.as_str(), one.text.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            ("Choices[1]/Condition", "$states.input.n > 1"),
            ("Choices[1]/Output/a/b.$[0]", "1"),
            ("Choices[1]/Assign/x[1]", "$uuid()"),
        ]
    );
}

fn expressions(template: Template, found: &mut Vec<Jsonata>) {
    match template {
        Template::Jsonata(jsonata) => found.push(jsonata),
        Template::Object(members) => members.into_iter().for_each(|(_, part)| expressions(part, found)),
        Template::Array(parts) => parts.into_iter().for_each(|part| expressions(part, found)),
        _ => {}
    }
}
