//! The Serverless Framework, Terraform, and the answer of `describe-state-machine`.

use super::cloudformation::SAM;
use super::{FLOW, FN, accepted, check_with, container, open, refused, source, task};

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

pub(super) const SERVERLESS: &str = "service: shop
provider: {name: aws, stage: live}
custom:
  live: {pause: 3, table: 'orders-${sls:stage}'}
  states: {B: {Type: Succeed}}
  circle: ${self:custom.circle}
  same: ${self:custom.live.pause, 7}
resources: {Parameters: {Pause: {Type: Number, Default: 9}}}
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
            "        StartAt: A\n        States: {A: {Type: Wait, Seconds: '${self:custom.none, 5}', End: true}}\n",
            r#"{"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":5,"End":true}}}"#.to_owned(),
        ),
        (
            "        StartAt: A\n        States: {A: {Type: Wait, Seconds: '${self:custom.same}', End: true}}\n",
            r#"{"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":3,"End":true}}}"#.to_owned(),
        ),
        (
            "        StartAt: A\n        States: {A: {Type: Pass, Result: ['${opt:a, true}', '${opt:b, \"5\"}', 'x${opt:a, 5}'], End: true}}\n",
            r#"{"StartAt":"A","States":{"A":{"Type":"Pass","Result":[true,"5","x5"],"End":true}}}"#
                .to_owned(),
        ),
        (
            "        StartAt: A\n        States: {A: {Type: Wait, Seconds: !Ref Pause, End: true}}\n",
            r#"{"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":9,"End":true}}}"#.to_owned(),
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

/// What is given is a text, as on the command line of the framework; where the file has a number, it is one.
#[test]
fn given_values_are_of_the_kind_that_they_replace() {
    let check = |variable: &str, given: &str, expected: &str| {
        let text = format!(
            "{SERVERLESS}        {{StartAt: A, States: {{A: {{Type: Pass, Result: \"${{{variable}}}\", End: true}}}}}}\n"
        );
        let set = [("self:custom.live.pause", given), ("opt:x", given)];
        let (definition, _) = check_with("serverless.yml", &text, &set, false);
        assert!(
            definition.contains(&format!("\"Result\":{expected},")),
            "{definition}"
        );
    };
    check("self:custom.live.pause", "8", "8");
    check("self:custom.live.pause", "long", "\"long\"");
    check("opt:x, 5", "8", "8");
    check("opt:x, '5'", "8", "\"8\"");
    check("opt:x", "8", "\"8\"");
}

/// An option has a value when it is given; otherwise the alternatives decide.
#[test]
fn the_stage_of_the_serverless_framework() {
    let check = |provider: &str, variable: &str, set: &[(&str, &str)], expected: &str| {
        let text = format!(
            "service: a\nprovider: {{name: aws{provider}}}\nstepFunctions: {{stateMachines: {{m: {{definition: {{StartAt: B, Comment: \"{variable}\", States: {{B: {{Type: Succeed}}}}}}}}}}}}\n"
        );
        let (definition, report) = check_with("serverless.yml", &text, set, false);
        assert_eq!(report.diagnostics, [], "{text}");
        assert!(
            definition.contains(&format!("\"Comment\":\"{expected}\"")),
            "{definition}"
        );
    };
    let optional = ", stage: \"${opt:stage, 'test'}\"";
    let given = [("opt:stage", "live")];
    for variable in ["${self:provider.stage}", "${sls:stage}"] {
        check(optional, variable, &[], "test");
        check(optional, variable, &given, "live");
        check("", variable, &[], "dev");
    }
    check(", stage: test", "${sls:stage}", &given, "live");
    check(", stage: test", "${self:provider.stage}", &given, "test");
    check(", stage: test", "${opt:stage, 'other'}", &[], "other");
    check(", stage: test", "${opt:stage, self:provider.stage}", &[], "test");
    check(", stage: '${opt:stage}'", "${sls:stage}", &[], "dev");
    check("", "${opt:region, 'eu-west-1'}", &[], "eu-west-1");
}

pub(super) const TERRAFORM: &str = r#"# The shop's workflow.
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

const VARIABLES: &str = r#"
variable "long" {
  default = 7
}
variable "typed" {
  type    = number
  default = "9"
}
variable "unset" { type = number }
variable "given" { default = 5 }
variable "is_on" {
  default = true # or not
}
locals {
  short = 1.5
  name  = "n"
}
"#;

#[test]
fn files_of_terraform_in_json() {
    let file = |definition: &str| {
        format!(
            r#"{{"variable":{{"pause":{{"default":3}}}},"resource":[{{"aws_lambda_function":{{"price":{{}}}}}},
            {{"aws_sfn_state_machine":{{"quote":[{{"name":"quotes","type":"EXPRESS","definition":{definition:?}}}]}}}}]}}"#
        )
    };
    let price = FN.replace("Fn", "price");
    let text = task("${aws_lambda_function.price.arn}");
    accepted("main.tf.json", &file(&text), &task(&price));
    accepted("synth.json", &file(&text), &task(&price));
    let encoded = r#"${jsonencode({"StartAt" = "A", "States" = {"A" = {"Type" = "Wait", "Seconds" = var.pause, "End" = true}}})}"#;
    accepted(
        "main.tf.json",
        &file(encoded),
        r#"{"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":3,"End":true}}}"#,
    );
    let wait = text.replace(
        "\"Task\",\"Resource\":\"${aws_lambda_function.price.arn}\"",
        "\"Wait\",\"Seconds\":${var.pause}",
    );
    accepted(
        "main.tf.json",
        &file(&wait),
        r#"{"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":3,"End":true}}}"#,
    );
    refused(
        "main.tf.json",
        &file(&text.replace("Task", "Tusk")),
        &[("\\\"Tusk\\\"", "The field 'Type'")],
    );
    refused(
        "main.tf.json",
        &file("${local.flow}"),
        &[("local.flow}", "is computed, which only Terraform does")],
    );
    let (definition, _) = check_with(
        "main.tf.json",
        &file("${file(\"${path.module}/flow.asl.json\")}"),
        &[("Fn", FN)],
        false,
    );
    assert_eq!(definition, FLOW);
    let container = open(&source("a.tf.json", r#"{"resource":{}}"#)).expect("Terraform");
    assert_eq!(
        container.problems()[0].message,
        "There is no state machine in this file of Terraform"
    );
}

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
    // Variables are declared in a file of their own, as a rule.
    for (field, value, expected) in [
        ("TimeoutSeconds", "var.elsewhere", "1"),
        ("TimeoutSeconds", "\"${var.elsewhere}\"", "1"),
        ("HeartbeatSeconds", "aws_lambda_function.price.timeout", "1"),
        ("TimeoutSeconds", "var.given", "8"),
        ("Comment", "var.elsewhere", "\"elsewhere\""),
        ("Comment", "var.given", "\"8\""),
    ] {
        let text = format!(
            "{TERRAFORM}  definition = jsonencode({{StartAt = \"A\", States = {{A = {{Type = \"Task\", {field} = {value}, \
             Resource = aws_lambda_function.price.arn, End = true}}}}}})\n}}\n"
        );
        let (found, report) = check_with("main.tf", &text, &[("var.given", "8")], false);
        assert!(found.contains(&format!("\"{field}\":{expected},")), "{found}");
        assert_eq!(report.diagnostics, [], "{text}");
    }
    for (seconds, expected) in [
        ("var.long", "7"),
        ("\"${var.long}\"", "7"),
        ("\"${local.short}\"", "1.5"),
        ("var.typed", "9"),
        ("var.unset", "1"),
        ("var.pause", "\"3\""),
        ("var.is_on", "true"),
        ("\"x${var.long}\"", "\"x7\""),
        ("jsonencode({a = var.long})", r#""{\"a\":7}""#),
        ("\"${jsonencode([local.name])}\"", r#""[\"n\"]""#),
        ("var.given", "8"),
    ] {
        let text = format!(
            "{TERRAFORM}  definition = jsonencode({{StartAt = \"A\", States = {{A = {{Type = \"Pass\", Result = {seconds}, End = true}}}}}})\n}}\n{VARIABLES}"
        );
        let (found, _) = check_with("main.tf", &text, &[("var.given", "8")], false);
        assert!(found.contains(&format!("\"Result\":{expected},")), "{found}");
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
        ("\"${jsonencode(local.a)}\"", "\"${jsonencode(local.a)}\""),
        ("jsonencode(local.a)", "jsonencode(local.a)"),
        ("<<EOF\n${local.a}\nEOF", "<<EOF"),
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
    for (block, name) in [
        ("resource aws_sfn_state_machine quote {", "quote"),
        ("resource \"aws_sfn_state_machine\" quote {", "quote"),
        (
            "module \"flow\" {\n  source = \"terraform-aws-modules/step-functions/aws\"",
            "flow",
        ),
    ] {
        let text = format!("{block}\n  type = \"express\"\n  definition = <<EOF\n{price}\nEOF\n}}\n");
        let found = super::container("main.tf", &text);
        assert_eq!((found.len(), found.name(0)), (1, name), "{text}");
        let (definition, report) = check_with("main.tf", &text, &[], false);
        assert_eq!(
            (definition.trim_end(), report.diagnostics),
            (&*price, Vec::new()),
            "{text}"
        );
    }
    let other = "module \"flow\" {\n  source = \"./network\"\n  definition = \"x\"\n}\n";
    assert_eq!(open(&source("a.tf", other)).expect("Terraform").len(), 0);
    assert_eq!(
        open(&source("a.tf", "provider \"aws\" {}\n"))
            .expect("Terraform")
            .problems()[0]
            .message,
        "There is no state machine in this file of Terraform"
    );
}
