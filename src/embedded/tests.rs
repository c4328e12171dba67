//! Files of every kind: what is found in them, and where diagnostics point.

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
    ] {
        assert!(open(&source(name, text)).is_none(), "{text}");
    }
}

#[test]
fn a_described_state_machine() {
    let definition = r#"{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}"#;
    let quoted = format!("{definition:?}");
    let answer = format!(
        r#"{{"stateMachineArn":"arn:aws:states:us-east-1:111111111111:stateMachine:orders","definition":{quoted},"type":"EXPRESS"}}"#
    );
    accepted("answer.json", &answer, definition);
    assert_eq!(container("answer.json", &answer).name(0), "orders");
    accepted("quoted.asl.json", &quoted, definition);
    let yaml = format!("name: orders\ndefinition: {quoted}\n");
    accepted("answer.yaml", &yaml, definition);
    refused(
        "answer.json",
        &answer.replace("Pass", "Pas"),
        &[("\\\"Pas\\\"", "The field 'Type' should have")],
    );
}

#[test]
fn templates_in_json() {
    let template = |property: &str| {
        format!(
            r#"{{"Resources":{{"Flow":{{"Type":"AWS::StepFunctions::StateMachine","Properties":{{{property}}}}}}}}}"#
        )
    };
    let get = r#"{"Fn::GetAtt":["Fn","Arn"]}"#;
    for property in [
        format!(
            r#""DefinitionString":{{"Fn::Join":["",["{{\"StartAt\":\"A\",\"States\":{{\"A\":{{\"Type\":\"Task\",\"Resource\":\"",{get},"\",\"End\":true}}}}}}"]]}}"#
        ),
        format!(
            r#""Definition":{{"StartAt":"A","States":{{"A":{{"Type":"Task","Resource":{get},"End":true}}}}}}"#
        ),
        format!(r#""DefinitionString":{{"Fn::Sub":{:?}}}"#, task("${Fn.Arn}")),
        format!(
            r#""DefinitionString":{{"Fn::Sub":[{:?},{{"X":{get}}}]}}"#,
            task("${X}")
        ),
        format!(
            r#""DefinitionString":{{"Fn::Sub":{:?}}}"#,
            task("arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${Fn}")
        ),
        format!(r#""DefinitionString":{{"Fn::Sub":{:?}}}"#, task("${Fn}")),
        format!(r#""DefinitionString":{{"Fn::ToJsonString":{}}}"#, task(FN)),
        format!(
            r#""Definition":{{"StartAt":"A","States":{{"A":{{"Type":"Task","TimeoutSeconds":{{"Ref":"AWS::NoValue"}},"Resource":{get},"End":true}}}}}}"#
        ),
        format!(r#""DefinitionString":{{"Fn::Sub":{:?}}}"#, task("${Fn.Arn}")),
    ] {
        accepted("t.json", &template(&property), &task(FN));
    }
    let substituted = format!(
        r#""DefinitionString":{:?},"DefinitionSubstitutions":{{"F":{get}}}"#,
        task("${F}")
    );
    accepted("t.json", &template(&substituted), &task("${F}"));
    let unknown = format!(
        r#""DefinitionString":{:?},"DefinitionSubstitutions":{{"F":{{"Ref":"P"}}}}"#,
        task("${F}")
    );
    accepted("t.json", &template(&unknown), &task("${F}"));
    accepted(
        "t.json",
        &template(r#""DefinitionS3Location":"flow.asl.json","DefinitionSubstitutions":{"Fn":{"Ref":"P"}}"#),
        FLOW,
    );

    let join = r#""DefinitionString":{"Fn::Join":["",["{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":\"arn:",{"Ref":"AWS::Partition"},":states:::lambda:inwoke\",\"End\":true}}}"]]}"#;
    let text = template(join);
    let (_, report) = check_with("t.json", &text, &[], false);
    let found = &report.diagnostics[0];
    assert!(text[found.span.clone()].starts_with("\\\"arn:"), "{found:?}");
    assert_eq!(found.pointer, "/States/A/Resource");
    refused(
        "t.json",
        &template(r#""DefinitionS3Location":{"Bucket":"b","Key":"k"}"#),
        &[(r#"{"Bucket":"b","Key":"k"}"#, "lies in S3")],
    );
    refused(
        "t.json",
        &template(r#""DefinitionUri":"none.json""#),
        &[("\"none.json\"", "there is no such file")],
    );
    refused(
        "t.json",
        &template(r#""RoleArn":"x""#),
        &[("\"Flow\"", "neither Definition")],
    );
    refused(
        "t.json",
        &template(r#""DefinitionString":{"Fn::GetAZs":""}"#),
        &[(r#"{"Fn::GetAZs":""}"#, "Fn::GetAZs cannot be evaluated here")],
    );
}

const SAM: &str = "AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Parameters:
  Pause: {Type: Number, Default: 3}
  Key: {Type: String}
Resources:
  Fn:
    Type: AWS::Serverless::Function
  Flow:
    Type: AWS::Serverless::StateMachine
    Properties:
      Type: EXPRESS
";

#[test]
fn templates_in_yaml() {
    for (properties, expected) in [
        (
            "Definition:\n        StartAt: A\n        States:\n          A:\n            Type: Task\n            Resource: !GetAtt Fn.Arn\n            End: true\n",
            task(FN),
        ),
        (
            "DefinitionString: !Sub |\n        {\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":\"${Fn.Arn}\",\"End\":true}}}\n",
            task(FN) + "\n",
        ),
        (
            "DefinitionString: !Sub\n        - '{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":\"${X}\",\"End\":true}}}'\n        - X: !GetAtt Fn.Arn\n",
            task(FN),
        ),
        (
            "DefinitionString: !Join ['', ['{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":\"', !GetAtt [Fn, Arn], '\",\"End\":true}}}']]\n",
            task(FN),
        ),
        (
            "Definition: {StartAt: A, States: {A: {Type: Task, Resource: !Ref Key, End: true}}}\n",
            task(&FN.replace("Fn", "Key")),
        ),
        (
            "Definition: {StartAt: A, States: {A: {Type: Pass, Result: !Ref Key, End: true}}}\n",
            r#"{"StartAt":"A","States":{"A":{"Type":"Pass","Result":"Key","End":true}}}"#.to_owned(),
        ),
        (
            "DefinitionUri: flow.asl.json\n      DefinitionSubstitutions:\n        Fn: !GetAtt Fn.Arn\n",
            FLOW.to_owned(),
        ),
        (
            "DefinitionUri: flow.asl.yaml\n      DefinitionSubstitutions:\n        Fn: !Ref Key\n",
            "StartAt: A\nStates:\n  A: {Type: Task, Resource: '${Fn}', End: true}\n".to_owned(),
        ),
        (
            "DefinitionString: !Sub '{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Wait\",\"Seconds\":${Pause},\"End\":true}}}'\n",
            r#"{"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":3,"End":true}}}"#.to_owned(),
        ),
        (
            "DefinitionString: !Sub '{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Comment\":\"${!Fn} ${ x\",\"End\":true}}}'\n      DefinitionSubstitutions: {Fn: x}\n",
            r#"{"StartAt":"A","States":{"A":{"Type":"Pass","Comment":"${Fn} ${ x","End":true}}}"#.to_owned(),
        ),
    ] {
        let text = format!("{SAM}      {properties}");
        accepted("t.yaml", &text, &expected);
        // The ending says nothing about a template.
        accepted("t.template", &text, &expected);
    }
}

#[test]
fn places_in_yaml() {
    let check = |properties: &str, expected: &[(&str, &str)]| {
        refused("t.yaml", &format!("{SAM}      {properties}"), expected);
    };
    check(
        "Definition:\n        StartAt: A\n        States:\n          A:\n            Type: Pas\n            End: true\n",
        &[("Pas", "The field 'Type'")],
    );
    check(
        "DefinitionString: |\n        {\n          \"StartAt\": \"A\",\n          \"States\": {\"A\": {\"Type\": \"Pas\", \"End\": true}}\n        }\n",
        &[("\"Pas\"", "The field 'Type'")],
    );
    check(
        "DefinitionString: !Sub >-\n        {\"StartAt\": \"${Fn}\",\n        \"States\": {\"${Fn}\": {\"Type\": \"Pas\", \"End\": true}}}\n",
        &[("\"Pas\"", "The field 'Type'")],
    );
    check(
        "DefinitionString: |\n        {\"StartAt\": \"A\"\n         \"States\": {\"A\": {\"Type\": \"Pass\", \"End\": true}}}\n",
        &[("\"", "Expected ','")],
    );
    check(
        "Definition: {StartAt: A, States: {A: {Type: Task, Resource: !Sub '${Fn.Arn}x:', End: 1}}}\n",
        &[
            ("1", "Expected value of type Boolean"),
            ("States", "Workflow has no terminal state"),
        ],
    );
    check(
        "Definition: {StartAt: A, States: {A: {Type: Task, Resource: !GetAtt [Fn, Name], End: true}}}\n",
        &[("!GetAtt [Fn, Name]", "")],
    );
    check(
        "Definition: {StartAt: A, StartAt: A, States: {A: {Type: Pass, End: true}}}\n",
        &[("StartAt", "given twice")],
    );
    check(
        "DefinitionString: '{\"StartAt\": \"A\", \"States\": {\"A\": {\"Type\": \"Pass\", \"Result\": \"${Nobody}\", \"End\": true}}}'\n",
        &[("${Nobody}", "The substitution ${Nobody} has no value")],
    );
}

#[test]
fn what_only_a_deployment_knows_is_told_when_it_must_be_known() {
    let text = format!(
        "{SAM}      Definition: {{StartAt: A, States: {{A: {{Type: Task, Resource: !GetAtt Fn.Arn, End: true}}}}}}\n"
    );
    let (_, report) = check_with("t.yaml", &text, &[], true);
    assert_eq!(report.diagnostics.len(), 1);
    let found = &report.diagnostics[0];
    assert_eq!(&text[found.span.clone()], "!GetAtt Fn.Arn");
    assert_eq!(found.message, "The substitution ${Fn.Arn} has no value");
    assert_eq!(found.help.as_deref(), Some("give it with --set Fn.Arn=VALUE"));
    let arn = "arn:aws:lambda:eu-west-1:222222222222:function:mine";
    for (set, resource) in [
        (vec![("Fn.Arn", arn)], arn),
        (vec![("Fn", arn)], arn),
        (
            vec![
                ("Fn", "mine"),
                ("AWS::Region", "eu-west-1"),
                ("AWS::AccountId", "222222222222"),
            ],
            arn,
        ),
    ] {
        let (definition, report) = check_with("t.yaml", &text, &set, true);
        assert_eq!(definition, task(resource));
        assert_eq!(report.diagnostics, []);
    }
    // A default and an explicit name are known.
    for known in [
        "Definition: {StartAt: A, States: {A: {Type: Pass, Result: !Ref Pause, End: true}}}\n",
        "DefinitionString: !Sub '{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Comment\":\"${AWS::Region}\",\"End\":true}}}'\n",
    ] {
        let (_, report) = check_with("t.yaml", &format!("{SAM}      {known}"), &[], true);
        assert_eq!(report.diagnostics, []);
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
        "t.json holds 2 state machines; choose one: t.json#NAME with one of A, B"
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
        "There is no state machine in this Serverless Framework file; they stand under stepFunctions.stateMachines",
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

const SERVERLESS: &str = "service: shop
provider: {name: aws, stage: live}
custom:
  live: {pause: 3, table: 'orders-${sls:stage}'}
  states: {B: {Type: Succeed}}
  circle: ${self:custom.circle}
functions:
  price: {handler: price.handler}
stepFunctions:
  stateMachines:
    quote:
      name: quote-${opt:stage, 'dev'}
      type: EXPRESS
      definition:
";

#[test]
fn files_of_the_serverless_framework() {
    let price = FN.replace("Fn", "price");
    for (definition, expected) in [
        (
            "        StartAt: A\n        States: {A: {Type: Task, Resource: {'Fn::GetAtt': [price, Arn]}, End: true}}\n",
            task(&price),
        ),
        (
            "        StartAt: A\n        States: {A: {Type: Task, Resource: !GetAtt price.Arn, End: true}}\n",
            task(&price),
        ),
        (
            "        StartAt: A\n        States: {A: {Type: Task, Resource: 'arn:aws:lambda:${aws:region}:${aws:accountId}:function:price', End: true}}\n",
            task(&price),
        ),
        (
            "        StartAt: A\n        States: {A: {Type: Wait, Seconds: '${self:custom.${sls:stage}.pause}', End: true}}\n",
            r#"{"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":3,"End":true}}}"#.to_owned(),
        ),
        (
            "        StartAt: A\n        States: {A: {Type: Pass, Result: 't ${self:custom.live.table}', End: true}}\n",
            r#"{"StartAt":"A","States":{"A":{"Type":"Pass","Result":"t orders-live","End":true}}}"#
                .to_owned(),
        ),
        (
            "        StartAt: B\n        States: ${self:custom.states}\n",
            r#"{"StartAt":"B","States":{"B":{"Type":"Succeed"}}}"#.to_owned(),
        ),
        (
            "        |\n        {\"StartAt\":\"B\",\"States\":{\"B\":{\"Type\":\"Succeed\",\"Comment\":\"${env:WHO, 'me'}\"}}}\n",
            "{\"StartAt\":\"B\",\"States\":{\"B\":{\"Type\":\"Succeed\",\"Comment\":\"me\"}}}\n".to_owned(),
        ),
        ("        ${file(flow.asl.json)}\n", FLOW.to_owned()),
    ] {
        let text = format!("{SERVERLESS}{definition}");
        let (definition, report) = check_with("serverless.yml", &text, &[("Fn", FN)], false);
        assert_eq!(definition, expected);
        assert_eq!(report.diagnostics, [], "{text}");
    }
    let places = |definition: &str, expected: &[(&str, &str)]| {
        refused("serverless.yml", &format!("{SERVERLESS}{definition}"), expected);
    };
    places(
        "        StartAt: A\n        States: {A: {Type: Pas, Comment: '${self:service}', End: true}}\n",
        &[("Pas", "The field 'Type'")],
    );
    places(
        "        |\n        {\"StartAt\":\"${self:service}\",\n         \"States\":{\"shop\":{\"Type\":\"Sucess\"}}}\n",
        &[
            ("\"Sucess\"", "The field 'Type'"),
            ("\"States\"", "Workflow has no terminal state"),
        ],
    );
    places(
        "        StartAt: A\n        States: {A: {Type: Succeed, Comment: '${self:custom.circle}'}}\n",
        &[("${self:custom.circle}", "a circle?")],
    );
    // Its own resources may be state machines.
    let text = format!(
        "service: a\nprovider: b\nresources:\n{}",
        SAM.replace("\n", "\n  ").trim_end().replacen("AWS", "  AWS", 1)
    ) + "\n        Definition: {StartAt: B, States: {B: {Type: Succeed}}}\n";
    accepted(
        "serverless.yml",
        &text,
        r#"{"StartAt":"B","States":{"B":{"Type":"Succeed"}}}"#,
    );
}

/// Hostile files end soon, with a word about the limit.
#[test]
fn what_grows_without_bound_is_cut_off() {
    let long = "x".repeat(100_000);
    let check = |name: &str, text: &str, part: &str| {
        let container = container(name, text);
        let mut found = container.problems().to_vec();
        if found.is_empty() {
            let given = BTreeMap::new();
            let request = Request {
                given: &given,
                is_strict: false,
                beside: &|_| Err("none".to_owned()),
            };
            found = container
                .definition(0, &request)
                .check(MachineType::Express)
                .diagnostics;
        }
        let messages: Vec<&str> = found.iter().map(|found| &*found.message).collect();
        assert!(
            messages.iter().any(|message| message.contains(part)),
            "{part}: {messages:.200?}"
        );
    };
    let sub = format!(
        "{SAM}      DefinitionString: !Sub\n        - '{}'\n        - X: {long}\n",
        "${X}".repeat(10_000)
    );
    check("t.yaml", &sub, "bytes of text");
    let substitutions = format!(
        "{SAM}      DefinitionString: '{}'\n      DefinitionSubstitutions: {{X: {long}}}\n",
        "${X}".repeat(10_000)
    );
    check("t.yaml", &substitutions, "substitutions make more than");
    let aliases = format!(
        "{SAM}      Comment: &a {long}\n      Definition: [{}]\n",
        vec!["*a"; 10_000].join(", ")
    );
    check("t.yaml", &aliases, "anchors and aliases copy more than");
    let deep = format!(
        "{SAM}      Definition: {}1{}\n",
        "!Sub [".repeat(150),
        "]".repeat(150)
    );
    check("t.yaml", &deep, "nested deeper");
    let many: Vec<String> = (0..501)
        .map(|n| format!(r#""F{n}":{{"Type":"AWS::Serverless::StateMachine"}}"#))
        .collect();
    check(
        "t.json",
        &format!("{{\"Resources\":{{{}}}}}", many.join(",")),
        "more than 500 state machines",
    );
    let twofold: Vec<String> = (0..40)
        .map(|n| format!("  v{n}: '${{self:custom.v{}}}${{self:custom.v{}}}'", n + 1, n + 1))
        .collect();
    let doubling = format!(
        "custom:\n{}\nstepFunctions:\n  stateMachines:\n    a: {{definition: '${{self:custom.v0}}'}}\n",
        twofold.join("\n")
    );
    check("serverless.yml", &doubling, "circle?");
    let open = format!("{SAM}      DefinitionString: !Sub '{}'\n", "${".repeat(300_000));
    check("t.yaml", &open, "");
    let open = format!("{SAM}      DefinitionString: !Sub '{}'\n", "${!".repeat(300_000));
    check("t.yaml", &open, "");
}

const TERRAFORM: &str = r#"# The shop's workflow.
variable "pause" {
  default = "3"
}

resource "aws_lambda_function" "price" {
  function_name = "price"
}

resource "aws_sfn_state_machine" "quote" {
  name = "quotes"
  type = "EXPRESS"
"#;

#[test]
fn files_of_terraform() {
    let price = task(&FN.replace("Fn", "price"));
    let heredoc = task("${aws_lambda_function.price.arn}");
    let hcl = "{\n    StartAt = \"A\" # first\n    States = {\n      A = {\n        Type     = \"Task\",\n        Resource = aws_lambda_function.price.arn\n        End      = true\n      }\n    }\n  }";
    for (definition, expected) in [
        (format!("<<EOF\n{heredoc}\nEOF\n"), format!("{price}\n")),
        (format!("<<-JSON\n    {heredoc}\n    JSON\n"), format!("{price}\n")),
        (format!("jsonencode({hcl})\n"), price.clone()),
        (format!("{heredoc:?}\n"), price.clone()),
        ("jsonencode({StartAt = \"A\", States = {A = {Type = \"Wait\", Seconds = 3, Next = \"B b\"}, \"B b\" = {Type = \"Pass\", Result = [1, null, \"$${x} ${var.pause} ${data.aws_region.current.name}\"], End = true}}})\n".to_owned(),
            r#"{"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":3,"Next":"B b"},"B b":{"Type":"Pass","Result":[1,null,"${x} 3 us-east-1"],"End":true}}}"#.to_owned()),
        ("templatefile(\"${path.module}/flow.asl.json\", { Fn = aws_lambda_function.price.arn })\n".to_owned(), FLOW.to_owned()),
        ("templatefile(\"flow.asl.json\", {\n    Fn = module.price.lambda_arn\n  })\n".to_owned(), FLOW.to_owned()),
    ] {
        let text = format!("{TERRAFORM}  definition = {definition}}}\n");
        let (found, report) = check_with("main.tf", &text, &[("x", "y")], false);
        assert_eq!(found, expected);
        assert_eq!(report.diagnostics, [], "{text}");
    }
    let text = format!(
        "{TERRAFORM}  definition = jsonencode({})\n}}\n",
        hcl.replace("\"Task\"", "\"Tusk\"")
    );
    refused("main.tf", &text, &[("\"Tusk\"", "The field 'Type'")]);
    let text = format!(
        "{TERRAFORM}  definition = <<EOF\n{}\nEOF\n}}\n",
        heredoc.replace("Task", "Tusk")
    );
    refused("main.tf", &text, &[("\"Tusk\"", "The field 'Type'")]);
    for (computed, place) in [
        ("local.definition", "local.definition"),
        ("jsonencode(merge(local.a, {}))", "merge(local.a, {}))"),
        (
            "jsonencode({States = {for s in x : s => s}})",
            "for s in x : s => s}})",
        ),
        ("jsonencode({A = 1 + 2})", "+ 2})"),
        ("\"${jsonencode(local.a)}\"", "${jsonencode(local.a)}\""),
    ] {
        let text = format!("{TERRAFORM}  definition = {computed}\n}}\n");
        refused(
            "main.tf",
            &text,
            &[(place, "is computed, which only Terraform does")],
        );
    }
    let container = container("main.tf", &format!("{TERRAFORM}}}\n"));
    assert_eq!(
        (container.find("quote"), container.find("quotes")),
        (Some(0), Some(0))
    );
    assert_eq!(
        open(&source("a.tf", "provider \"aws\" {}\n"))
            .expect("Terraform")
            .problems()[0]
            .message,
        "There is no state machine in this file of Terraform"
    );
}

#[test]
fn yaml_may_merge_what_states_have_in_common() {
    let text = format!(
        "{SAM}      Tags: &end {{End: true, Type: Task}}\n      Definition:\n        StartAt: A\n        States:\n          A:\n            <<: *end\n            Type: Pass\n"
    );
    accepted(
        "t.yaml",
        &text,
        r#"{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}"#,
    );
    let either = r#"{"Resources":{"F":{"Type":"AWS::StepFunctions::StateMachine","Properties":{"Definition":
        {"Fn::If":["IsLive",{"StartAt":"A","States":{"A":{"Type":"Succeed"}}},{"StartAt":"B","States":{"B":{"Type":"Succeed"}}}]}}}}}"#;
    accepted(
        "t.json",
        either,
        r#"{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}"#,
    );
    let (definition, _) = check_with("t.json", either, &[("IsLive", "false")], true);
    assert!(definition.contains("\"B\""));
    let (_, report) = check_with("t.json", either, &[], true);
    assert_eq!(
        report.diagnostics[0].message,
        "The substitution ${IsLive} has no value"
    );
}

/// A file that ends anywhere is told, or read as what it is, and never a panic.
#[test]
fn files_that_end_early_are_no_panic() {
    let files = [
        ("t.yaml", format!("{SAM}      DefinitionString: !Sub |\n        {{\"\u{e9}\": \"${{Fn}}${{!x}}\"}}\n")),
        ("t.json", r#"{"Resources":{"F":{"Type":"AWS::StepFunctions::StateMachine","Properties":{"DefinitionString":{"Fn::Join":["\u00e9",["{\"\u{e9}",{"Ref":"A"},"\\"]]}}}}}"#.to_owned()),
        ("serverless.yml", format!("{SERVERLESS}        StartAt: '${{self:custom.${{opt:\u{e9}}}}}'\n")),
        ("main.tf", format!("{TERRAFORM}  definition = jsonencode({{A = [\"\u{e9}${{a.b}}\", a.b[0].c, {{}}]}})\n}}\n")),
        ("main.tf", format!("{TERRAFORM}  definition = <<-EOF\n  \u{e9} ${{a.b[\"x\"]}}\n  EOF\n}}\n")),
    ];
    let given = BTreeMap::new();
    let request = Request {
        given: &given,
        is_strict: true,
        beside: &|_| Ok(String::new()),
    };
    for (name, text) in files {
        for (end, _) in text.char_indices() {
            let Some(container) = open(&source(name, &text[..end])) else {
                continue;
            };
            for index in 0..container.len() {
                container.definition(index, &request).check(MachineType::Express);
            }
        }
    }
}
