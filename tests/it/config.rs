//! The configuration that is shipped: it loads, its defaults are the code's, its schema is current; and
//! `check --config` as a user sees it.

use super::cli::{Folder, run, run_json};
use serde_json::Value;
use std::path::Path;
use stepstream::config::Config;

const SAMPLE: &str = include_str!("../../config/stepstream.toml");

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/config"))
}

fn read(text: &str) -> Config {
    let reading = Config::read(text, folder(), []);
    assert_eq!(reading.problems, [], "{text}");
    reading.config.expect("a configuration")
}

#[test]
fn the_sample_loads_and_its_workflows_are_accepted() {
    let config = read(SAMPLE);
    assert_eq!(config.workflow[0].name, "order-fulfillment");
    let (code, out, err) = run(&["check", "--config", "config/stepstream.toml"]);
    assert_eq!((code, &*err), (0, ""), "{out}");
    assert_eq!(
        out,
        "config/stepstream.toml: accepted\nconfig/workflows/order_fulfillment.asl.json: accepted\n  workflow \"order-fulfillment\" reaches:\n    check inventory: lambda:invoke check-inventory by tasks.\"arn:aws:lambda:*:*:function:check-inventory\"\n    mark order as complete: lambda:invoke complete-order by tasks.\"arn:aws:lambda:*:*:function:complete-order\"\n    update inventory: lambda:invoke update-inventory by tasks.\"arn:aws:lambda:*:*:function:update-inventory\"\n    cancel order: lambda:invoke cancel-order by tasks.\"arn:aws:lambda:*:*:function:cancel-order\"\n"
    );
}

/// The sample has every key with its default, or, where there is none, an example.
#[test]
fn the_defaults_in_the_sample_are_those_of_the_code() {
    let (sample, shortest) = (
        read(SAMPLE),
        read(
            "[[workflow]]\nname = \"order-fulfillment\"\ndefinition = \"workflows/order_fulfillment.asl.json\"\ntopics = [\"orders\"]\n",
        ),
    );
    assert_eq!(sample.service, shortest.service);
    assert_eq!(sample.kafka.brokers, shortest.kafka.brokers);
    let (mut own, code) = (sample.workflow[0].clone(), shortest.workflow[0].clone());
    // Examples, and a default that depends on another key.
    own.group = None;
    own.output = None;
    own.dead_letter = None;
    assert_eq!(format!("{own:#?}"), format!("{code:#?}"));
}

#[test]
fn the_sample_has_every_key() {
    let schema = schema();
    let mut missing = Vec::new();
    let sample: String = SAMPLE.replace("# ", "").replace('"', "");
    for section in ["Service", "Workflow", "DeadLetter", "FileConfig", "Settings"] {
        let keys = schema["definitions"][section]["properties"].as_object();
        for key in keys
            .unwrap_or_else(|| panic!("no {section} in the schema"))
            .keys()
        {
            let is_there = [
                format!("{key} = "),
                format!(".{key}]"),
                format!(".{key}."),
                format!("or {key} = "),
            ];
            if !is_there.iter().any(|text| sample.contains(text.as_str())) {
                missing.push(format!("{section}.{key}"));
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

/// A default is written twice, for people and for programs.
#[test]
fn documented_defaults_are_the_code_s() {
    let schema = schema();
    let mut wrong = Vec::new();
    let sections = schema["definitions"].as_object().expect("definitions");
    for (name, section) in sections {
        for (key, property) in section["properties"].as_object().into_iter().flatten() {
            let text = property["description"]
                .as_str()
                .unwrap_or_default()
                .replace('\n', " ");
            if text.is_empty() {
                wrong.push(format!("{name}.{key}: not described"));
            }
            let default = &property["default"];
            if default.is_null() || default.is_array() || default.is_object() {
                continue;
            }
            if !text.contains(&format!("Default `{default}`"))
                && !text.contains(&format!("Default: `{}`", plain(default)))
            {
                wrong.push(format!("{name}.{key}: default {default} is not in \"{text}\""));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn schema() -> Value {
    serde_json::to_value(Config::schema()).expect("JSON")
}

#[test]
fn the_schema_is_current() {
    let path = folder().join("stepstream.schema.json");
    let text = format!("{}\n", serde_json::to_string_pretty(&schema()).expect("JSON"));
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, &text).expect("the file can be written");
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        known == text,
        "config/stepstream.schema.json is not current: UPDATE_SNAPSHOTS=1 cargo test --test it config"
    );
}

const TASK: &str = r#"{"StartAt": "T", "States": {
  "T": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Next": "M",
    "Parameters": {"FunctionName": "${Function}", "Payload.$": "$"}},
  "M": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "Raw", "States": {
    "Raw": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:raw:live", "End": true}}}}}}"#;

fn config(folder: &Folder, rest: &str) -> String {
    folder.write("task.asl.json", TASK);
    let text =
        format!("[[workflow]]\nname = \"w\"\ndefinition = \"task.asl.json\"\ntopics = [\"in\"]\n{rest}");
    folder.write("stepstream.toml", &text)
}

#[test]
fn tasks_that_nobody_serves_are_shown_where_they_stand() {
    let folder = Folder::new();
    let file = config(
        &folder,
        "[workflow.substitutions]\nFunction = \"stock\"\n[tasks]\nstocks = { function = \"demo.cancel_order\" }\n",
    );
    let (code, found, _) = run_json(&["check", "--config", &file]);
    assert_eq!(code, 1);
    let found = found.as_array().expect("a list");
    let part = |at: usize, key: &str| found[at][key].clone();
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(part(0, "code"), "UNSERVED_TASK");
    assert_eq!(
        part(0, "message"),
        "Nothing serves function \"stock\", which state 'T' calls"
    );
    assert_eq!(part(0, "pointer"), "/States/T/Parameters/FunctionName");
    assert_eq!((part(0, "line"), part(0, "column")), (3.into(), 36.into()));
    assert_eq!(part(1, "pointer"), "/States/M/ItemProcessor/States/Raw/Resource");
    let (_, out, _) = run(&["check", "--config", &file]);
    let help = format!("help: add an entry for it to [tasks] of {file}: \"stock\" = {{ http = \"...\" }}");
    assert!(
        out.contains(&format!("{help}; or did you mean \"stocks\"?\n")),
        "{out}"
    );
    // The definition is good; the configuration does not serve it.
    assert!(out.contains("stepstream.toml: refused, 2 errors"), "{out}");
    assert!(out.contains("task.asl.json: accepted"), "{out}");
}

#[test]
fn a_function_of_the_same_workflow_is_not_what_was_meant() {
    let folder = Folder::new();
    let file = config(
        &folder,
        "[workflow.substitutions]\nFunction = \"cancel-order\"\n[tasks]\n\"complete-order\" = { function = \"demo.cancel_order\" }\n",
    );
    let (code, out, _) = run(&["check", "--config", &file]);
    assert_eq!(code, 1);
    assert!(out.contains(": \"cancel-order\" = { http = \"...\" }"), "{out}");
    assert!(!out.contains("did you mean"), "{out}");
}

#[test]
fn a_secret_that_is_elsewhere_is_a_warning() {
    let folder = Folder::new();
    let file = config(
        &folder,
        "[workflow.substitutions]\nFunction = \"stock\"\n[tasks.\"*\"]\nhttp = \"http://127.0.0.1/{function}\"\n\
         headers = { Authorization = { env = \"NOWHERE_A\" } }\n[kafka.secrets]\n\"sasl.password\" = { env = \"NOWHERE_B\" }\n\
         [service]\nlisten = \"\"\n",
    );
    let (code, out, _) = run(&["check", "--config", &file]);
    assert_eq!(code, 0, "{out}");
    assert!(
        out.contains("environment variable NOWHERE_A is not set\n"),
        "{out}"
    );
    assert!(
        out.contains("environment variable NOWHERE_B is not set\n"),
        "{out}"
    );
    assert!(out.contains("stepstream.toml: accepted, 2 warnings"), "{out}");
    let (code, _, err) = run(&["run", "--config", &file]);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("error: "), "{err}");
    assert!(err.contains("environment variable NOWHERE_B is not set"), "{err}");
}

#[test]
fn names_arns_versions_and_stars_serve() {
    for tasks in [
        "stock = { function = \"demo.cancel_order\" }\nraw = { function = \"demo.cancel_order\" }",
        "\"*\" = { function = \"demo.cancel_order\" }",
        "\"arn:aws:lambda:*:*:function:stock\" = { function = \"demo.cancel_order\" }\n\"arn:aws:lambda:*:*:function:raw:*\" = { function = \"demo.cancel_order\" }",
        "\"arn:aws:lambda:*:*:function:*\" = { http = \"http://127.0.0.1/{function}\" }",
        "\"111111111111:function:stock\" = { function = \"demo.cancel_order\" }\n\"raw:live\" = { function = \"demo.cancel_order\" }",
    ] {
        let folder = Folder::new();
        let file = config(
            &folder,
            &format!("[workflow.substitutions]\nFunction = \"stock\"\n[tasks]\n{tasks}\n"),
        );
        let (code, out, _) = run(&["check", "--config", &file]);
        assert_eq!(code, 0, "{tasks}\n{out}");
    }
}

#[test]
fn mistakes_are_shown_in_the_configuration() {
    let folder = Folder::new();
    let file = config(&folder, "max_inflight = 1\ncommit_interval = \"1x\"\n");
    let (code, out, err) = run(&["check", "--config", &file]);
    assert_eq!((code, &*err), (1, ""));
    for part in [
        "error[INVALID_CONFIG]: there is no such key",
        "stepstream.toml:5:1",
        "5 | max_inflight = 1",
        "^^^^^^^^^^^^ workflow.w.max_inflight",
        "help: did you mean \"max_in_flight\"?",
        "stepstream.toml:6:19",
        "stepstream.toml: refused, 2 errors",
    ] {
        assert!(out.contains(part), "{part} in\n{out}");
    }
}

#[test]
fn definitions_are_looked_for_beside_the_configuration() {
    let folder = Folder::new();
    let text = "[[workflow]]\nname = \"w\"\ndefinition = \"gone.asl.json\"\ntopics = [\"in\"]\n";
    let file = folder.write("stepstream.toml", text);
    let (code, found, _) = run_json(&["check", "--config", &file]);
    assert_eq!(
        (code, &found[0]["line"], &found[0]["pointer"]),
        (1, &3.into(), &"workflow.w.definition".into())
    );
    assert!(
        plain(&found[0]["message"]).contains("there is no such file"),
        "{found}"
    );

    let file = config(&folder, "");
    let (code, out, _) = run(&["check", "--config", &file]);
    assert_eq!(code, 1);
    assert!(
        out.contains("help: give it in [workflow.substitutions] of workflow \"w\": Function = \"...\""),
        "{out}"
    );

    let (code, found, err) = run_json(&["check", "--config", "/no/such/file.toml"]);
    assert_eq!((code, &found[0]["code"]), (2, &"CANNOT_CHECK".into()));
    assert!(err.contains("there is no such file"), "{err}");
}
