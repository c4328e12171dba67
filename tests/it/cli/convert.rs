//! `stepstream convert`: what it prints, proves and says.

use super::{Folder, PASS, run, run_json};

/// A machine with one state that JSONata has no equal for.
const MIXED: &str = r#"{"StartAt": "A", "States": {
  "A": {"Type": "Pass", "Parameters": {"n.$": "$.n"}, "Next": "B"},
  "B": {"Type": "Pass", "Result": 1, "ResultPath": "$.list[0]", "End": true}}}"#;

const ADD: &str = r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true,
  "Parameters": {"sum.$": "States.MathAdd($.n, 1)"}}}}"#;

const ADD_CASES: &str = r#"{"definition": "add.asl.json", "cases": [
  {"name": "whole", "input": {"n": 1}, "expect": {"output": {"sum": 2}}},
  {"name": "broken", "input": {"n": 1.5}, "expect": {"output": {"sum": 3}}}]}"#;

#[test]
fn samples_are_rewritten_wholly_and_proven() {
    for name in [
        "order_fulfillment",
        "iot_alerts",
        "basket_enrichment",
        "trip_saga",
        "hello_world",
    ] {
        let file = format!("config/workflows/{name}.asl.json");
        let (code, out, err) = run(&["convert", &file, "--to", "jsonata"]);
        assert_eq!(code, 0, "{name}: {err}");
        assert!(
            out.contains("\"QueryLanguage\": \"JSONata\"") && !out.contains("Path\":"),
            "{out}"
        );
        assert!(
            err.contains("JSONata now") && err.contains("cases do the same in both"),
            "{err}"
        );
    }
}

#[test]
fn the_rewritten_file_runs() {
    let folder = Folder::new();
    let out = folder.path().join("out.asl.json").display().to_string();
    let file = "config/workflows/order_fulfillment.asl.json";
    let (code, printed, _) = run(&["convert", file, "-o", &out]);
    assert_eq!((code, &*printed), (0, ""));
    let input = "config/workflows/order_fulfillment.input.json";
    let script = "config/workflows/order_fulfillment.tasks.json";
    let outputs = [file, &out].map(|file| {
        run(&[
            "exec",
            file,
            "--input-file",
            input,
            "--task-script",
            script,
            "--virtual-time",
        ])
    });
    assert_eq!((outputs[0].0, &outputs[0].1), (outputs[1].0, &outputs[1].1));
}

#[test]
fn a_standard_workflow_is_rewritten_as_one() {
    let folder = Folder::new();
    let definition = folder.write(
        "jobs.asl.json",
        r#"{"StartAt": "A", "States": {"A": {"Type": "Task", "End": true,
          "Resource": "arn:aws:states:::batch:submitJob.sync", "Parameters": {"JobName.$": "$.name",
          "JobDefinition": "d", "JobQueue": "q"}}}}"#,
    );
    let (code, _, err) = run(&["convert", &definition]);
    assert_eq!(code, 2, "{err}");
    let (code, out, err) = run(&["convert", &definition, "--type", "standard"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("{% $states.input.name %}"), "{out}");
    assert!(
        err.contains("not proven: cases do not play a standard workflow"),
        "{err}"
    );
}

#[test]
fn a_case_that_differs_is_told_and_is_a_no() {
    let folder = Folder::new();
    let file = folder.write("add.asl.json", ADD);
    let (code, _, err) = run(&["convert", &file]);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("not proven: no case plays it"), "{err}");
    let cases = folder.write("add.cases.json", ADD_CASES);
    for arguments in [vec!["convert", &file], vec!["convert", &file, "--cases", &cases]] {
        let (code, out, err) = run(&arguments);
        assert_eq!(code, 1, "{err}");
        assert!(out.contains(r#""sum": "{% $states.input.n + 1 %}""#), "{out}");
        for part in [
            "MAY_DIFFER",
            "DIFFERS broken",
            "output $.sum",
            "JSONPath  3",
            "JSONata   2.5",
            "1 of 2 cases",
        ] {
            assert!(err.contains(part), "{part} in\n{err}");
        }
    }
}

#[test]
fn a_state_without_an_equal_stays_and_is_told_with_its_place() {
    let folder = Folder::new();
    let file = folder.write("mixed.asl.json", MIXED);
    let (code, document, _) = run_json(&["convert", &file]);
    assert_eq!(code, 1, "{document}");
    assert_eq!(document["query_language"], "JSONPath");
    assert_eq!((&document["states"], &document["kept"]), (&2.into(), &1.into()));
    let found = &document["diagnostics"][0];
    assert_eq!(found["code"], "KEPT_IN_JSONPATH");
    assert_eq!((&found["line"], &found["column"]), (&3.into(), &52.into()));
    let states = &document["definition"]["States"];
    assert_eq!(states["A"]["QueryLanguage"], "JSONata");
    assert_eq!(states["B"]["ResultPath"], "$.list[0]");
    let rewritten = folder.write("rewritten.asl.json", &document["definition"].to_string());
    assert_eq!(run(&["check", &rewritten]).0, 0);
}

#[test]
fn templates_are_read_and_placeholders_stay() {
    let folder = Folder::new();
    let text = ADD
        .replace("\"End\"", "\"Comment\": \"${Name}\", \"End\"")
        .replace(", 1)", ", ${Step})");
    let file = folder.write("placeholders.asl.json", &text);
    let (code, out, err) = run(&["convert", &file, "--set", "Name=n", "--set", "Step=2"]);
    assert_eq!(code, 1, "{err}");
    assert!(
        out.contains("\"Comment\": \"${Name}\"") && out.contains("${Step}"),
        "{out}"
    );
    assert!(err.contains("KEPT_IN_JSONPATH"), "{err}");

    let (code, out, err) = run(&["convert", "tests/data/embedded/sam.yaml#Quote"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("\"StartAt\": \"Ask\""), "{out}");
    assert!(err.contains("put the template's own back"), "{err}");
    let (code, _, err) = run(&["convert", "tests/data/embedded/sam.yaml"]);
    assert_eq!(code, 2);
    assert!(err.contains("contains 2 state machines"), "{err}");
}

#[test]
fn what_cannot_be_done_has_its_own_exit_code() {
    let folder = Folder::new();
    let file = folder.write("pass.asl.json", PASS);
    for (arguments, said) in [
        (vec!["convert", "nowhere.asl.json"], "there is no such file"),
        (vec!["convert", &file, "--to", "cel"], "possible values: jsonata"),
        (
            vec!["convert", &file, "--cases", "nowhere.cases.json"],
            "there is no such file",
        ),
        (
            vec!["convert", &file, "--cases", &file],
            "This is a definition, not a file of cases",
        ),
        (
            vec!["convert", &file, "-o", "/nowhere/out.json"],
            "cannot write /nowhere/out.json",
        ),
    ] {
        let (code, _, err) = run(&arguments);
        assert_eq!(code, 2, "{arguments:?}: {err}");
        assert!(err.contains(said), "{arguments:?}: {err}");
    }
    let jsonata = PASS.replacen('{', "{\"QueryLanguage\": \"JSONata\", ", 1);
    let file = folder.write("jsonata.asl.json", &jsonata);
    let (code, _, err) = run(&["convert", &file]);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("nothing to do: it is already JSONata"), "{err}");
}
