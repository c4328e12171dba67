//! What a try shows, by state type.

use super::*;
use crate::asl;
use crate::program::NumberField;

const MACHINE: &str = include_str!("../../config/workflows/order_fulfillment.asl.json");
const ENRICHMENT: &str = include_str!("../../config/workflows/basket_enrichment.asl.json");

fn machine(text: &str) -> StateMachine {
    let source = asl::Source {
        name: "definition",
        text,
        format: asl::Format::Json,
    };
    asl::check(&source, &asl::Options::default()).machine.unwrap()
}

fn subject<'a>(state: &'a str, input: &'a str, mock: Option<Mock<'a>>) -> Subject<'a> {
    Subject {
        state,
        input,
        context: None,
        variables: None,
        mock,
        now_ms: 0,
    }
}

const ORDER: &str = r#"{"order_processing_request": {"item": {"item_no": "I1", "num_of_items": 5}}}"#;

#[test]
fn a_task_with_and_without_a_result() {
    let machine = machine(MACHINE);
    let trial = test_state(&machine, &subject("check inventory", ORDER, None)).unwrap();
    assert_eq!(trial.status, Status::NeedsResult);
    assert_eq!(
        trial.stage(Stage::AfterInputPath),
        Some(r#"{"item_no":"I1","num_of_items":5}"#)
    );
    let result = Mock::Result(r#"{"Payload": {"quantity_in_stock": 4, "sku": "S"}}"#);
    let trial = test_state(&machine, &subject("check inventory", ORDER, Some(result))).unwrap();
    assert_eq!(trial.status, Status::Succeeded);
    assert_eq!(trial.next.as_deref(), Some("is enough in stock"));
    let selected = r#"{"num_items_in_inventory":4,"item_sku":"S"}"#;
    assert_eq!(trial.stage(Stage::AfterResultSelector), Some(selected));
}

#[test]
fn an_error_is_retried_or_caught() {
    let machine = machine(MACHINE);
    let error = |error| Mock::Error {
        error,
        cause: Some("why"),
    };
    let retried = subject("check inventory", ORDER, Some(error("Lambda.ServiceException")));
    let trial = test_state(&machine, &retried).unwrap();
    assert_eq!((trial.status, trial.retry), (Status::Retriable, Some((0, 3_000))));
    let caught = subject("check inventory", ORDER, Some(error("Other")));
    let trial = test_state(&machine, &caught).unwrap();
    assert_eq!((trial.status, trial.catch), (Status::CaughtError, Some(0)));
    assert_eq!(trial.next.as_deref(), Some("prepare error"));
    let failed = subject("cancel order", r#"{"cancellation": 1}"#, Some(error("Other")));
    let trial = test_state(&machine, &failed).unwrap();
    assert_eq!(
        (trial.status, trial.error.as_deref()),
        (Status::Failed, Some("Other"))
    );
}

#[test]
fn a_choice_tells_its_rule() {
    let machine = machine(MACHINE);
    for (stock, rule, next) in [(4, 0, "prepare shortage"), (5, u32::MAX, "fulfil order")] {
        let input = format!(
            r#"{{"order_processing_request": {{"item": {{"num_of_items": 5}}}},
                "task_result": {{"num_items_in_inventory": {stock}}}}}"#
        );
        let trial = test_state(&machine, &subject("is enough in stock", &input, None)).unwrap();
        assert_eq!((trial.rule, trial.next.as_deref()), (Some(rule), Some(next)));
    }
    let trial = test_state(&machine, &subject("is enough in stock", ORDER, None)).unwrap();
    assert_eq!(trial.error.as_deref(), Some("States.Runtime"));
}

#[test]
fn containers_take_a_result_and_their_states_are_found() {
    let machine = machine(MACHINE);
    let list = Mock::Result(r#"[{"order_status": 1}, {"quantity_in_stock": 2}]"#);
    let trial = test_state(&machine, &subject("fulfil order", "{}", Some(list))).unwrap();
    let output = r#"{"fulfilment":{"order_status":1,"quantity_in_stock":2}}"#;
    assert_eq!(trial.output.as_deref(), Some(output));
    let input =
        r#"{"order_processing_request": {"item": {"num_of_items": 5}}, "task_result": {"item_sku": 1}}"#;
    let answer = Mock::Result(r#"{"Payload": {"quantity_in_stock": 2}}"#);
    let trial = test_state(&machine, &subject("update inventory", input, Some(answer))).unwrap();
    assert_eq!(trial.output.as_deref(), Some(r#"{"quantity_in_stock":2}"#));
    assert_eq!(trial.next, None);
}

#[test]
fn a_map_shows_its_first_item_also_in_a_given_context() {
    let machine = machine(ENRICHMENT);
    let input = r#"{"currency": "EUR", "lines": [{"sku": "S"}]}"#;
    let given = Subject {
        context: Some(r#"{"Execution": {"Name": "x"}}"#),
        ..subject("enrich lines", input, None)
    };
    for subject in [subject("enrich lines", input, None), given] {
        let trial = test_state(&machine, &subject).unwrap();
        let item = r#"{"position":0,"line":{"sku":"S"},"currency":"EUR"}"#;
        assert_eq!(trial.stage(Stage::AfterItemSelector), Some(item));
    }
}

#[test]
fn mistakes_are_told() {
    let machine = machine(MACHINE);
    let unknown = test_state(&machine, &subject("cancel ordr", "{}", None)).unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "the definition has no state 'cancel ordr'; did you mean 'cancel order'?"
    );
    let broken = test_state(&machine, &subject("cancel order", "{", None)).unwrap_err();
    assert!(
        matches!(broken, Problem::Invalid { what: "input", .. }),
        "{broken}"
    );
    let no_work = test_state(
        &machine,
        &subject("order fulfilled", "{}", Some(Mock::Result("1"))),
    )
    .unwrap_err();
    assert_eq!(no_work, Problem::NoWork(StateType::Succeed));
}

/// A machine of one state in JSONata, named S.
fn lone(fields: &str) -> StateMachine {
    machine(&format!(
        r#"{{"QueryLanguage":"JSONata","StartAt":"S","States":{{"S":{{{fields},"End":true}}}}}}"#
    ))
}

#[test]
fn computed_fields_show_what_they_come_to() {
    const MAP: &str =
        r#""Type":"Map","Items":[1],"ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Succeed"}}}"#;
    const TASK: &str = r#""Type":"Task","Resource":"arn:aws:lambda:us-east-1:111111111111:function:f""#;
    let number = Stage::Number;
    let cases = [
        (
            TASK,
            r#""TimeoutSeconds":"{% $states.input.n * 2 %}""#,
            number(NumberField::TimeoutSeconds),
            "6",
        ),
        (
            TASK,
            r#""HeartbeatSeconds":"{% $states.input.n %}""#,
            number(NumberField::HeartbeatSeconds),
            "3",
        ),
        (
            TASK,
            r#""TimeoutSeconds":9"#,
            number(NumberField::TimeoutSeconds),
            "9",
        ),
        (
            TASK,
            r#""Credentials":{"RoleArn":"{% 'r' & $states.input.n %}"}"#,
            Stage::Credentials,
            r#"{"RoleArn":"r3"}"#,
        ),
        (
            MAP,
            r#""MaxConcurrency":"{% $variable := 1 %}""#,
            number(NumberField::MaxConcurrency),
            "1",
        ),
        (
            MAP,
            r#""Comment":"none""#,
            number(NumberField::MaxConcurrency),
            "0",
        ),
        (
            MAP,
            r#""ToleratedFailureCount":"{% $states.input.n %}""#,
            number(NumberField::ToleratedFailureCount),
            "3",
        ),
        (
            MAP,
            r#""ToleratedFailurePercentage":"{% 1 %}""#,
            number(NumberField::ToleratedFailurePercentage),
            "1.0",
        ),
        (
            r#""Type":"Wait""#,
            r#""Seconds":"{% $states.input.n %}""#,
            number(NumberField::Seconds),
            "3",
        ),
        (
            r#""Type":"Wait""#,
            r#""Timestamp":"{% '1970-01-0' & $states.input.n & 'T00:00:00Z' %}""#,
            Stage::Timestamp,
            r#""1970-01-03T00:00:00Z""#,
        ),
    ];
    for (state, field, stage, value) in cases {
        let trial = test_state(
            &lone(&format!("{state},{field}")),
            &subject("S", r#"{"n":3}"#, None),
        );
        assert_eq!(trial.unwrap().stage(stage), Some(value), "{field}");
    }
    // What fails later has still come to a value.
    let late = lone(r#""Type":"Wait","Timestamp":"{% 'soon' %}""#);
    let trial = test_state(&late, &subject("S", "{}", None)).unwrap();
    assert_eq!(
        (trial.status, trial.stage(Stage::Timestamp)),
        (Status::Failed, Some("\"soon\""))
    );
}

#[test]
fn fields_at_a_path_show_what_they_come_to() {
    let text = |state: &str| format!(r#"{{"StartAt":"S","States":{{"S":{{{state},"End":true}}}}}}"#);
    let wait = machine(&text(r#""Type":"Wait","SecondsPath":"$.n""#));
    let trial = test_state(&wait, &subject("S", r#"{"n":3}"#, None)).unwrap();
    assert_eq!(trial.stage(Stage::Number(NumberField::Seconds)), Some("3"));
    let wait = machine(&text(r#""Type":"Wait","TimestampPath":"$.t""#));
    let trial = test_state(&wait, &subject("S", r#"{"t":"1970-01-03T00:00:00Z"}"#, None)).unwrap();
    assert_eq!(trial.stage(Stage::Timestamp), Some("\"1970-01-03T00:00:00Z\""));
}

#[test]
fn a_catcher_has_the_stages_of_its_language() {
    let text = |language: &str, fields: &str| {
        format!(
            r#"{{"QueryLanguage": "{language}", "StartAt": "A", "States": {{"A": {{"Type": "Task", "End": true,
            "Resource": "arn:aws:states:::lambda:invoke", {fields}}}, "B": {{"Type": "Succeed"}}}}}}"#
        )
    };
    let error = Mock::Error {
        error: "E",
        cause: None,
    };
    let stage = |text: &str| {
        let trial = test_state(&machine(text), &subject("A", "{}", Some(error))).unwrap();
        assert_eq!(trial.status, Status::CaughtError);
        trial.stage(Stage::AfterResultPath).is_some()
    };
    let catcher = r#""Catch": [{"ErrorEquals": ["States.ALL"], "Next": "B""#;
    let path = r#""Parameters": {"FunctionName": "f"}"#;
    assert!(stage(&text("JSONPath", &format!("{path}, {catcher}}}]"))));
    let arguments = r#""Arguments": {"FunctionName": "f"}"#;
    let output = r#""Output": "{% $states.errorOutput.Error %}""#;
    assert!(!stage(&text(
        "JSONata",
        &format!("{arguments}, {catcher}, {output}}}]")
    )));
    assert!(!stage(&text("JSONata", &format!("{arguments}, {catcher}}}]"))));
}
