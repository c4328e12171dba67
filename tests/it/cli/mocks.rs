//! Mock configurations of Step Functions Local, as `stepstream test` plays them.

use super::{Folder, run, run_json};
use serde_json::{Value, json};

/// Books a table and tells the guest; booking is tried again twice.
fn definition() -> Value {
    json!({"StartAt": "Book", "States": {
        "Book": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "ResultPath": "$.table",
            "ResultSelector": {"number.$": "$.Payload.table"},
            "Parameters": {"FunctionName": "book", "Payload.$": "$"}, "Next": "Tell",
            "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 2, "MaxAttempts": 2}]},
        "Tell": {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "ResultPath": null, "End": true,
            "Parameters": {"TopicArn": "arn:aws:sns:eu-west-1:111111111111:guests", "Message.$": "$"}}}})
}

fn mocks() -> Value {
    json!({
        "StateMachines": {"Restaurant": {"TestCases": {
            "HappyPath": {"Book": "Booked", "Tell": "Told"},
            "RetryPath": {"Book": "BookedAtLast", "Tell": "Told"},
            "FullPath": {"Book": "NeverBooked"},
            "NoTell": {"Book": "Booked"},
            "TooFew": {"Book": "BusyOnce", "Tell": "Told"}}}},
        "MockedResponses": {
            "Booked": {"0": {"Return": {"StatusCode": 200, "Payload": {"table": 7}}}},
            "BookedAtLast": {"0-1": {"Throw": {"Error": "Busy", "Cause": "ask again"}},
                "2": {"Return": {"StatusCode": 200, "Payload": {"table": 8}}}},
            "NeverBooked": {"0-2": {"Throw": {"Error": "Busy", "Cause": "full house"}}},
            "BusyOnce": {"0": {"Throw": {"Error": "Busy"}}},
            "Told": {"0-999999999": {"Return": {"MessageId": "m-1"}}}}
    })
}

/// A folder with a definition beside the mocks, called like the state machine.
fn folder(mocks: &Value) -> (Folder, String) {
    let folder = Folder::new();
    folder.write("Restaurant.asl.json", &definition().to_string());
    let text = serde_json::to_string_pretty(mocks).expect("JSON");
    let file = folder.write("MockConfigFile.json", &text);
    (folder, file)
}

/// Checks what is said of a file with a mistake.
#[track_caller]
fn check_mistake(text: &str, expected: &[&str]) {
    let folder = Folder::new();
    folder.write("Restaurant.asl.json", &definition().to_string());
    let file = folder.write("MockConfigFile.json", text);
    let (code, out, err) = run(&["test", &file]);
    let found = out + &err;
    assert_eq!(code, 2, "{found}");
    for part in expected {
        assert!(found.contains(part), "{part} in\n{found}");
    }
}

#[test]
fn mistakes_are_told_in_the_words_of_this_format() {
    let good = mocks().to_string();
    check_mistake(
        &good
            .replace("StateMachines", "StateMachine")
            .replace("MockedResponses", "MockResponses"),
        &[
            "Unknown field \"StateMachine\"",
            "did you mean \"StateMachines\"?",
            "did you mean \"MockedResponses\"?",
        ],
    );
    check_mistake(
        &good.replace(r#""table":7"#, r#""table":"\ud800""#),
        &["is no character", "MockConfigFile.json:1:"],
    );
    check_mistake(
        &good.replace(r#""2":{"Return""#, r#""1-2":{"Return""#),
        &["has calls that are answered in line 1 already"],
    );
}

#[test]
fn a_case_by_its_name() {
    let (_folder, file) = folder(&mocks());
    for name in ["HappyPath", "Restaurant#HappyPath"] {
        let named = format!("{file}#{name}");
        let (code, out, _) = run(&["test", &named, "--input", r#"{"guests": 2}"#]);
        let wanted = format!(
            "{file}\n  ok    Restaurant#HappyPath\n        status    SUCCEEDED\n        output    \
             {{\"guests\":2,\"table\":{{\"number\":7}}}}\n\n1 passed, 0 failed\n"
        );
        assert_eq!((code, out), (0, wanted));
    }
    let (code, document, _) = run_json(&["test", &format!("{file}#RetryPath")]);
    let case = &document["cases"][0];
    assert_eq!(
        (code, &case["status"], &case["duration_seconds"]),
        (0, &json!("passed"), &json!(6))
    );
    let execution = json!({"status": "SUCCEEDED", "output": {"table": {"number": 8}}});
    assert_eq!(case["execution"], execution);
    let (code, out, _) = run(&["test", &format!("{file}#FullPath")]);
    for part in [
        "FAIL  Restaurant#FullPath",
        "status    FAILED",
        "error     Busy",
        "cause     full house",
        "0 passed, 1 failed",
    ] {
        assert!(code == 1 && out.contains(part), "{part} in {out}");
    }
    let (code, out, _) = run(&["test", &format!("{file}#HapyPath")]);
    assert!(
        code == 2 && out.contains("no case 'HapyPath': did you mean \"HappyPath\"?"),
        "{out}"
    );
}

#[test]
fn all_cases_and_what_no_mock_answers() {
    let (folder, file) = folder(&mocks());
    let path = folder.path().display().to_string();
    for arguments in [vec!["test", &file], vec!["test", &path]] {
        let (code, out, _) = run(&arguments);
        assert_eq!(code, 2, "{out}");
        assert!(out.ends_with("2 passed, 1 failed, 2 could not be run\n"), "{out}");
        let no_mock =
            "state 'Tell' calls a task and has no mock in this test case: add \"Tell\": \"RESPONSE\" to it";
        let too_few = "call 1 of state 'Book' (counted from 0) has no mocked response: add \"1\" to the one";
        assert!(out.contains(no_mock) && out.contains(too_few), "{out}");
    }
    let (_, out, _) = run(&["test", &file, "--filter", "Path", "--coverage"]);
    assert!(
        out.contains("2 passed, 1 failed\n") && out.contains("2 of 2 states"),
        "{out}"
    );
}

/// Iterations and branches call the same state again: each takes the next response.
#[test]
fn iterations_count_as_calls() {
    let definition = json!({"StartAt": "Each", "States": {"Each": {"Type": "Map", "End": true,
        "ItemProcessor": {"StartAt": "Ask", "States": {"Ask": {"Type": "Task", "End": true,
            "Resource": "arn:aws:lambda:eu-west-1:111111111111:function:ask",
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "No", "ResultPath": "$.why"}]},
            "No": {"Type": "Pass", "End": true}}}}}});
    let mocks = json!({"StateMachines": {"Survey": {"TestCases": {"Three": {"Ask": "Answers"}}}},
        "MockedResponses": {"Answers": {"0": {"Return": "first"}, "2": {"Return": ["third"]},
            "1": {"Throw": {"Error": "Odd", "Cause": "second"}}}}});
    let folder = Folder::new();
    let definition = folder.write("somewhere.json", &definition.to_string());
    let file = folder.write("mine.json", &mocks.to_string());
    let input = folder.write("input.json", r#"[{"n": 1}, {"n": 2}, {"n": 3}]"#);
    let wanted = json!(["first", {"n": 2, "why": {"Error": "Odd", "Cause": "second"}}, ["third"]]);
    let named = format!("Survey={definition}");
    for given in [&named, &definition] {
        let (code, document, err) = run_json(&["test", &file, "--definition", given, "--input-file", &input]);
        assert_eq!(
            (code, &document["cases"][0]["execution"]["output"]),
            (0, &wanted),
            "{err}"
        );
    }
    let (code, out, _) = run(&["test", &file]);
    let mend = "Give --definition Survey=FILE, or put it beside the file as Survey.asl.json";
    assert!(code == 2 && out.contains(mend), "{out}");
}

#[test]
fn mistakes_are_told_with_their_place() {
    let check = |change: &dyn Fn(&mut Value), parts: &[&str]| {
        let mut changed = mocks();
        change(&mut changed);
        let (_folder, file) = folder(&changed);
        let (code, out, _) = run(&["test", &file]);
        assert_eq!(code, 2, "{parts:?}: {out}");
        assert!(out.contains("MockConfigFile.json:"), "{out}");
        for part in parts {
            assert!(out.contains(part), "{part} in {out}");
        }
    };
    type Change = &'static dyn Fn(&mut Value);
    let cases: [(Change, &[&str]); 12] = [
        (
            &|all| all["StateMachine"] = json!({}),
            &[
                "Unknown field \"StateMachine\"",
                "did you mean \"StateMachines\"?",
            ],
        ),
        (
            &|all| _ = all.as_object_mut().map(|all| all.remove("StateMachines")),
            &["The file has no \"StateMachines\""],
        ),
        (
            &|all| all["StateMachines"]["Restaurant"] = json!({}),
            &["\"Restaurant\" has no \"TestCases\""],
        ),
        (
            &|all| all["StateMachines"]["Restaurant"]["TestCases"]["HappyPath"]["Book"] = json!("Bookd"),
            &[
                "There is no mocked response \"Bookd\"",
                "did you mean \"Booked\"?",
            ],
        ),
        (
            &|all| all["StateMachines"]["Restaurant"]["TestCases"]["HappyPath"]["Book"] = json!(["Booked"]),
            &["This must be a text, but is a list"],
        ),
        (
            &|all| all["MockedResponses"]["Booked"]["first"] = json!({"Return": 1}),
            &[
                "\"first\" is neither the index of a call nor a range",
                "\"0-2\" for the calls 0, 1 and 2",
            ],
        ),
        (
            &|all| all["MockedResponses"]["Booked"]["2-1"] = json!({"Return": 1}),
            &["\"2-1\" is neither"],
        ),
        (
            &|all| all["MockedResponses"]["Booked"]["0-3"] = json!({"Return": 1}),
            &["calls that are answered in line"],
        ),
        (
            &|all| all["MockedResponses"]["Booked"] = json!({}),
            &["The response answers no call"],
        ),
        (
            &|all| all["MockedResponses"]["Booked"]["0"]["Throw"] = json!({"Error": "E"}),
            &["answered by either \"Return\" or \"Throw\""],
        ),
        (
            &|all| all["MockedResponses"]["Booked"]["0"] = json!({"Retrun": 1}),
            &["Unknown field \"Retrun\"", "did you mean \"Return\"?"],
        ),
        (
            &|all| all["MockedResponses"]["BusyOnce"]["0"]["Throw"] = json!({"Cause": "c"}),
            &["The thrown error has no \"Error\""],
        ),
    ];
    for (change, parts) in cases {
        check(change, parts);
    }
}

#[test]
fn a_mock_of_a_state_that_is_not_there_is_a_slip() {
    let mut mocks = mocks();
    mocks["StateMachines"]["Restaurant"]["TestCases"] =
        json!({"Slip": {"Book": "Booked", "Tell": "Told", "Tel": "Told"}});
    let (_folder, file) = folder(&mocks);
    let (code, out, _) = run(&["test", &file]);
    assert!(
        code == 1 && out.contains("no state 'Tel': did you mean \"Tell\"?"),
        "{out}"
    );
}

#[test]
fn what_is_for_mocks_does_nothing_in_silence_elsewhere() {
    let folder = Folder::new();
    folder.write("d.asl.json", super::PASS);
    let cases =
        json!({"definition": "d.asl.json", "cases": [{"name": "one", "input": 1, "expect": {"output": 1}}]});
    let file = folder.write("d.cases.json", &cases.to_string());
    assert_eq!(run(&["test", &format!("{file}#one")]).0, 0);
    let (code, _, err) = run(&["test", &file, "--input", "2"]);
    assert!(
        code == 2 && err.contains("are for a MockConfigFile.json"),
        "{err}"
    );
}

/// Several state machines in one template: each is found by its name.
#[test]
fn definitions_in_a_template() {
    let folder = Folder::new();
    let machine = |definition: Value| json!({"Type": "AWS::StepFunctions::StateMachine", "Properties": {"Definition": definition}});
    let other = json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}});
    let template = json!({"Resources": {"Other": machine(other), "Restaurant": machine(definition())}});
    let template = folder.write("template.json", &template.to_string());
    let file = folder.write("MockConfigFile.json", &mocks().to_string());
    let named = format!("Restaurant={template}#Restaurant");
    for given in [&template, &named] {
        let (code, out, err) = run(&["test", &format!("{file}#HappyPath"), "--definition", given]);
        assert_eq!(code, 0, "{out}{err}");
    }
}
