//! Files of every kind: what is found in them, and where diagnostics point.

mod cloudformation;
mod elsewhere;
mod limits;
mod others;

use super::{Container, Request, open};
use crate::asl::{Format, MachineType, Report, Source};
use std::collections::BTreeMap;

fn source<'a>(name: &'a str, text: &'a str) -> Source<'a> {
    Source {
        name,
        text,
        format: Format::of_file_name(name),
    }
}

#[track_caller]
fn container(name: &str, text: &str) -> Container {
    open(&source(name, text)).expect("a file with definitions")
}

/// Checks the only state machine of a file.
#[track_caller]
fn check_with(name: &str, text: &str, set: &[(&str, &str)], is_strict: bool) -> (String, Report) {
    let container = container(name, text);
    assert_eq!(container.problems(), [], "{text}");
    assert_eq!(container.len(), 1);
    let given: BTreeMap<String, String> = set
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let definition = container.definition(
        0,
        &Request {
            given: &given,
            is_strict,
            beside: &|path| match path {
                "../secret.txt" => Ok("secret: 1".to_owned()),
                "flow.asl.json" => Ok(FLOW.to_owned()),
                "flow.asl.yaml" => {
                    Ok("StartAt: A\nStates:\n  A: {Type: Task, Resource: '${Fn}', End: true}\n".to_owned())
                }
                _ => Err("there is no such file".to_owned()),
            },
        },
    );
    let report = definition.check(MachineType::Express);
    (definition.source().text.to_owned(), report)
}

const FLOW: &str = r#"{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"${Fn}","End":true}}}"#;

/// Checks that the only state machine of a file is accepted, and the text of it.
#[track_caller]
fn accepted(name: &str, text: &str, expected: &str) {
    let (definition, report) = check_with(name, text, &[], false);
    assert_eq!(definition, expected);
    assert_eq!(report.diagnostics, []);
    assert!(report.machine.is_some());
}

/// Checks the errors of the only state machine: what is underlined and a part of the message.
#[track_caller]
fn refused(name: &str, text: &str, expected: &[(&str, &str)]) {
    let (_, report) = check_with(name, text, &[], false);
    let found: Vec<(&str, &str)> = report
        .diagnostics
        .iter()
        .map(|found| (&text[found.span.clone()], &*found.message))
        .collect();
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for ((place, message), (wanted_place, wanted)) in found.iter().zip(expected) {
        assert_eq!(place, wanted_place, "{message}");
        assert!(message.contains(wanted), "{message}");
    }
    for diagnostic in &report.diagnostics {
        let before = &text[..diagnostic.span.start];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        assert_eq!((diagnostic.line, diagnostic.column), (line, column));
    }
}

const FN: &str = "arn:aws:lambda:us-east-1:111111111111:function:Fn";

fn task(resource: &str) -> String {
    format!(r#"{{"StartAt":"A","States":{{"A":{{"Type":"Task","Resource":"{resource}","End":true}}}}}}"#)
}

#[test]
fn definitions_stay_definitions() {
    for (name, text) in [
        ("a.asl.json", r#"{"Resources":{},"StartAt":"A","States":{}}"#),
        ("a.asl.json", r#"{"Comment":"Transform definition","States":{}}"#),
        ("a.json", r#"{"definition":"a.asl.json","cases":[]}"#),
        ("a.json", "[\"Resources\"]"),
        ("a.json", ""),
        ("a.json", "Resources"),
        ("a.yaml", "StartAt: Resources\nStates: {}\n"),
        (
            "a.yaml",
            "Comment: |\n  resource \"aws_sfn_state_machine\" \"x\" {\n  }\nStartAt: A\nStates: {}\n",
        ),
    ] {
        assert!(open(&source(name, text)).is_none(), "{text}");
    }
}

/// What AWS gets as it is keeps its `${Name}`, whatever is given for the name.
#[test]
fn text_that_nothing_fills_in_is_literal() {
    let flow = r#"{"StartAt":"A","States":{"A":{"Type":"Pass","Result":"${X}","End":true}}}"#;
    let quoted = format!("{flow:?}");
    let sub = format!("{:?}", flow.replace("${X}", "${!X}"));
    let terraform = format!("{:?}", flow.replace("${X}", "$${X}"));
    let resource = |value: &str| {
        format!(
            r#"{{"Resources":{{"F":{{"Type":"AWS::StepFunctions::StateMachine","Properties":{{"DefinitionString":{value}}}}}}}}}"#
        )
    };
    for (name, text) in [
        ("a.json", quoted.clone()),
        ("a.json", format!(r#"{{"name":"a","definition":{quoted}}}"#)),
        ("t.json", resource(&quoted)),
        ("t.json", resource(&format!(r#"{{"Fn::Sub":{sub}}}"#))),
        (
            "main.tf",
            format!("resource \"aws_sfn_state_machine\" \"a\" {{\n  definition = {terraform}\n}}\n"),
        ),
    ] {
        for set in [&[][..], &[("X", "changed")]] {
            let container = container(name, &text);
            let given = set
                .iter()
                .map(|(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned()));
            let given: BTreeMap<String, String> = given.collect();
            let request = Request {
                given: &given,
                is_strict: true,
                beside: &|_| Err(String::new()),
            };
            let definition = container.definition(0, &request);
            assert_eq!(definition.source().text, flow);
            let filled = crate::asl::syntax::substitute::fill(flow, definition.substitutions());
            assert_eq!(filled, (flow.to_owned(), Vec::new()));
            let report = definition.check(MachineType::Express);
            let warned: Vec<&str> = report.diagnostics.iter().map(|found| found.code).collect();
            // Whoever writes `${!X}` means it.
            let is_plain = name == "t.json" && !text.contains("Fn::Sub");
            let expected: &[&str] = if is_plain { &["LITERAL_PLACEHOLDER"] } else { &[] };
            assert_eq!(warned, expected, "{text}");
            if let [found] = &*report.diagnostics {
                assert_eq!(&text[found.span.clone()], "${X}");
            }
        }
    }
}

#[test]
fn several_machines_have_names() {
    let flow = |name: &str| {
        format!(
            r#""{name}":{{"Type":"AWS::Serverless::StateMachine","Properties":{{"Name":"my-{name}","Type":"STANDARD"}}}}"#
        )
    };
    let text = format!(r#"{{"Resources":{{{},{}}}}}"#, flow("A"), flow("B"));
    let container = container("t.json", &text);
    assert_eq!(
        (container.find("B"), container.find("my-B"), container.find("C")),
        (Some(1), Some(1), None)
    );
    assert_eq!(
        container.choose(),
        "t.json contains 2 state machines; choose one: t.json#NAME with one of A, B"
    );
    assert_eq!(
        container.has_no("C"),
        "t.json has no state machine C; it has A, B"
    );
}

#[test]
fn a_template_without_a_state_machine_says_what_it_has() {
    let check = |name: &str, text: &str, expected: &str| {
        let container = container(name, text);
        assert_eq!(container.problems().len(), 1, "{:?}", container.problems());
        assert_eq!(container.problems()[0].message, expected);
    };
    check(
        "t.json",
        r#"{"Resources":{"A":{"Type":"AWS::SQS::Queue"},"B":{"Type":"AWS::SQS::Queue"}}}"#,
        "There is no state machine in this CloudFormation template; it has 2 AWS::SQS::Queue",
    );
    check(
        "serverless.yml",
        "service: a\nprovider: {name: aws}\n",
        "There is no state machine in this Serverless Framework file; they belong under \
         stepFunctions.stateMachines",
    );
    check(
        "t.yaml",
        "Resources:\n  A: {Type: AWS::SQS::Queue\n  B:\n",
        "Not valid YAML: While parsing a flow mapping, did not find expected ',' or '}'",
    );
    check(
        "t.json",
        "{\"Resources\":{\"A\":{\"Type\":\"AWS::SQS::Queue\"},}}",
        "JSON allows no comma before '}'",
    );
}
