//! Names that are nowhere, and definitions that stand in other files.

use super::cloudformation::SAM;
use super::others::SERVERLESS;
use super::{FN, Request, check_with, container, refused, task};
use crate::asl::{MachineType, Severity};
use std::collections::BTreeMap;

/// Checks the warnings about a template: what is underlined, the message, and the help.
#[track_caller]
fn warned(text: &str, expected: &[(&str, &str, &str)]) {
    let (_, report) = check_with("t.yaml", text, &[], false);
    assert!(report.machine.is_some(), "{:?}", report.diagnostics);
    let found = report.diagnostics.iter().map(|found| {
        assert_eq!(found.severity, Severity::Warning);
        let help = found.help.as_deref().unwrap_or_default();
        (&text[found.span.clone()], &*found.message, help)
    });
    assert_eq!(found.collect::<Vec<_>>(), expected, "{text}");
}

#[test]
fn a_name_that_the_template_has_nowhere_is_told() {
    let check = |value: &str, expected: &[(&str, &str, &str)]| {
        let text = format!(
            "{SAM}      Definition: {{StartAt: A, States: {{A: {{Type: Pass, Result: {value}, End: true}}}}}}\n"
        );
        warned(&text, expected);
    };
    let nothing = "The template has nothing named";
    check(
        "!Ref Puase",
        &[(
            "!Ref Puase",
            &format!("{nothing} Puase"),
            "did you mean \"Pause\"?",
        )],
    );
    check(
        "!Sub 'x ${Fnn.Arn} ${AWS::Regoin}'",
        &[
            (
                "${Fnn.Arn}",
                &format!("{nothing} Fnn.Arn"),
                "did you mean \"Fn.Arn\"?",
            ),
            (
                "${AWS::Regoin}",
                &format!("{nothing} AWS::Regoin"),
                "did you mean \"AWS::Region\"?",
            ),
        ],
    );
    check(
        "[!GetAtt Nobody.Arn, !Ref Nobody]",
        &[
            ("!GetAtt Nobody.Arn", &format!("{nothing} Nobody.Arn"), ""),
            ("!Ref Nobody", &format!("{nothing} Nobody"), ""),
        ],
    );
    // What SAM makes beside a resource, what another stack has, and what is there.
    for fine in [
        "!Ref FnRole",
        "!GetAtt FlowRole.Arn",
        "!Ref ServerlessRestApi",
        "!ImportValue Nobody",
        "!Ref AWS::NotificationARNs",
        "!Ref Key",
        "!GetAtt Fn.Arn",
    ] {
        check(fine, &[]);
    }
    let macros = SAM.replace("AWS::Serverless-2016-10-31", "[AWS::Serverless-2016-10-31, Mine]");
    warned(
        &format!(
            "{macros}      Definition: {{StartAt: A, States: {{A: {{Type: Pass, Result: !Ref Nobody, End: true}}}}}}\n"
        ),
        &[],
    );
    let given = [("Nobody", "x")];
    let text = format!(
        "{SAM}      Definition: {{StartAt: A, States: {{A: {{Type: Pass, Result: !Ref Nobody, End: true}}}}}}\n"
    );
    assert_eq!(check_with("t.yaml", &text, &given, false).1.diagnostics, []);
}

/// The warning about a substitution of a file stands where the file uses it.
#[test]
fn a_substitution_of_a_file_that_names_nothing_is_told_in_the_file() {
    let text = format!(
        "{SAM}      DefinitionUri: flow.asl.json\n      DefinitionSubstitutions: {{Fn: !GetAtt Fnn.Arn}}\n"
    );
    let (flow, report) = check_with("t.yaml", &text, &[], false);
    let [found] = &*report.diagnostics else {
        panic!("{:?}", report.diagnostics)
    };
    assert_eq!(&flow[found.span.clone()], "${Fn}");
    assert_eq!(found.help.as_deref(), Some("did you mean \"Fn.Arn\"?"));
    assert_eq!((found.line, found.column), (1, 1 + found.span.start));
}

#[test]
fn a_definition_that_only_a_deployment_finds_is_no_broken_json() {
    for value in [
        "!ImportValue Flow",
        "!Sub '${Key}'",
        "!GetAtt Fn.Definition",
        "!Ref Key",
        "'{{resolve:ssm:/flow}}'",
        "!Select [0, [!ImportValue Flow]]",
    ] {
        let text = format!("{SAM}      DefinitionString: {value}\n");
        refused("t.yaml", &text, &[(value, "The definition is elsewhere")]);
        let (_, report) = check_with("t.yaml", &text, &[("Key", &task(FN)), ("Flow", &task(FN))], false);
        let is_given = value.contains("Key") || value.contains("Flow");
        assert_eq!(report.machine.is_some(), is_given, "{value}");
    }
    let text = format!("{SERVERLESS}        ${{ssm:/flow}}\n");
    refused(
        "serverless.yml",
        &text,
        &[("${ssm:/flow}", "The definition is elsewhere")],
    );
}

#[test]
fn loops_of_cloudformation_are_told() {
    let text =
        format!("{SAM}      Definition: {{StartAt: A, States: {{'Fn::ForEach::S': [N, [A], {{}}]}}}}\n");
    let (_, report) = check_with("t.yaml", &text, &[], false);
    assert_eq!(report.diagnostics[0].message, "Fn::ForEach is not read");
    let text = "Transform: AWS::LanguageExtensions\nResources:\n  'Fn::ForEach::Flows': [N, [A], {'F${N}': {Type: AWS::StepFunctions::StateMachine}}]\n";
    let container = container("t.yaml", text);
    let message = &container.problems()[0].message;
    assert!(message.starts_with("Fn::ForEach is not evaluated"), "{message}");
}

/// Files of the Serverless Framework, which name one another.
#[test]
fn included_files_have_the_form_of_the_framework() {
    let state_machine = |definition: &str| format!("{{name: a, type: EXPRESS, definition: {definition}}}");
    let flow = "{StartAt: A, States: {A: {Type: Task, Resource: !GetAtt price.Arn, TimeoutSeconds: '${self:custom.live.pause}', End: true}}}";
    let expected = task(&FN.replace("Fn", "price")).replace("\"End\"", "\"TimeoutSeconds\":3,\"End\"");
    let check = |entry: &str, file: &str, expected: &str| {
        let text = SERVERLESS
            .replace(
                "      name: quote-${opt:stage, 'dev'}\n      type: EXPRESS\n      definition:\n",
                "",
            )
            .replace("    quote:\n", &format!("    quote: {entry}\n"));
        let container = container("serverless.yml", &text);
        let given = BTreeMap::new();
        let request = Request {
            given: &given,
            is_strict: false,
            beside: &|path| match path {
                "quote.yml" => Ok(file.to_owned()),
                "next.yml" => Ok("${file(quote.yml):b}".to_owned()),
                "circle.yml" => Ok("${file(circle.yml)}".to_owned()),
                other => Err(format!("no {other}")),
            },
        };
        let definition = container.definition(0, &request);
        let report = definition.check(MachineType::Express);
        let messages = report.diagnostics.iter().map(|found| &*found.message);
        let found = format!("{} {:?}", definition.source().text, messages.collect::<Vec<_>>());
        assert!(found.contains(expected), "{found} in {text}");
        let file = definition.file();
        for found in &report.diagnostics {
            assert!(found.span.end <= file.text.len() && file.name.ends_with(".yml"));
        }
        report
            .diagnostics
            .first()
            .map(|found| file.text[found.span.clone()].to_owned())
    };
    let whole = state_machine(flow);
    check("${file(quote.yml)}", &whole, &expected);
    check("{definition: '${file(quote.yml)}'}", &whole, &expected);
    check("{definition: '${file(quote.yml)}'}", flow, &expected);
    check("{definition: '${file(quote.yml):definition}'}", &whole, &expected);
    check(
        "{definition: '${file(quote.yml):a.b}'}",
        &format!("a: {{b: {flow}}}\n"),
        &expected,
    );
    check(
        "${file(quote.yml):quote}",
        &format!("other: {{}}\nquote: {whole}\n"),
        &expected,
    );
    check(
        "${file(quote.yml)}",
        &format!("other: {{}}\nquote: {whole}\n"),
        &expected,
    );
    check(
        "{definition: '${file(quote.yml)}'}",
        &format!("stateMachines: {{quote: {whole}, b: {{}}}}\n"),
        &expected,
    );
    check(
        "{definition: '${file(next.yml)}'}",
        &format!("b: {flow}\n"),
        &expected,
    );
    check("{definition: '${file(circle.yml)}'}", "", "a circle?");
    check(
        "{definition: '${file(quote.yml):none}'}",
        &whole,
        "has nothing under none",
    );
    let place = check(
        "${file(quote.yml)}",
        &whole.replace("Task", "Tusk"),
        "The field 'Type'",
    );
    assert_eq!(place.as_deref(), Some("Tusk"));
    let place = check(
        "${file(quote.yml)}",
        &whole.replace("!GetAtt", "!GetAt"),
        "no function Fn::GetAt",
    );
    assert_eq!(place.as_deref(), Some("!GetAt price.Arn"));
    // Such a file is read on its own too.
    let own = super::open(&super::source("quote.yml", &format!("a: {whole}\nb: {whole}\n"))).expect("two");
    assert_eq!(own.list(), "a, b");
    let own = super::open(&super::source("quote.yml", &whole)).expect("one");
    assert_eq!(own.list(), "a");
}
