//! Templates of CloudFormation, SAM and CDK.

use super::{FLOW, FN, accepted, check_with, refused, task};

#[test]
fn templates_in_json() {
    let template = |property: &str| {
        format!(
            r#"{{"Parameters":{{"P":{{"Type":"String"}}}},"Resources":{{"Fn":{{}},"Custom":{{"Type":"Custom::Seconds"}},"Flow":{{"Type":"AWS::StepFunctions::StateMachine","Properties":{{{property}}}}}}}}}"#
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

    // What only a deployment knows may have any number of parts, or come from a parameter store.
    let resource = |value: &str| {
        format!(
            r#""Definition":{{"StartAt":"A","States":{{"A":{{"Type":"Task","Resource":{value},"End":true}}}}}}"#
        )
    };
    for (property, function) in [
        (
            resource(r#"{"Fn::Select":[3,{"Fn::Split":["|",{"Ref":"P"}]}]}"#),
            "P",
        ),
        (resource(r#""{{resolve:ssm:/shop/price:1}}""#), "price"),
        (resource(r#"{"Fn::Sub":"{{resolve:ssm:/${P}/price}}"}"#), "price"),
        (
            format!(r#""DefinitionString":{:?}"#, task("{{resolve:ssm:/shop/price}}")),
            "price",
        ),
    ] {
        let function = format!("arn:aws:lambda:us-east-1:111111111111:function:{function}");
        accepted("t.json", &template(&property), &task(&function));
    }
    let given = [("resolve:ssm:/shop/price", FN)];
    let text = template(&resource(r#""{{resolve:ssm:/shop/price}}""#));
    let (found, report) = check_with("t.json", &text, &given, true);
    assert_eq!((found, report.diagnostics), (task(FN), Vec::new()));
    let (_, report) = check_with("t.json", &text, &[], true);
    assert_eq!(
        report.diagnostics.len(),
        1,
        "a name that nobody gives is not called"
    );
    refused(
        "t.json",
        &template(&resource(r#"{"Fn::Select":[3,["a","b"]]}"#)),
        &[(r#"{"Fn::Select":[3,["a","b"]]}"#, "Fn::Select takes a list")],
    );

    let numbers = |value: &str| {
        format!(
            r#""DefinitionString":{{"Fn::Join":["",["{{\"StartAt\":\"A\",\"States\":{{\"A\":{{\"Type\":\"Wait\",\"Comment\":\"is: ",{{"Ref":"P"}},", \",\"Seconds\":",{value},",\"End\":true}}}}}}"]]}}"#
        )
    };
    // A number that only a deployment knows has no quotes, as CDK writes it.
    for value in [
        r#"{"Ref":"P"}"#,
        r#"{"Fn::GetAtt":["Custom","Seconds"]}"#,
        r#"{"Fn::ImportValue":"Seconds"}"#,
    ] {
        accepted(
            "t.json",
            &template(&numbers(value)),
            r#"{"StartAt":"A","States":{"A":{"Type":"Wait","Comment":"is: P, ","Seconds":1,"End":true}}}"#,
        );
    }

    let join = r#""DefinitionString":{"Fn::Join":["",["{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":\"arn:",{"Ref":"AWS::Partition"},":states:::lambda:inwoke\",\"End\":true}}}"]]}"#;
    let text = template(join);
    let (_, report) = check_with("t.json", &text, &[], false);
    let found = &report.diagnostics[0];
    assert!(text[found.span.clone()].starts_with("\\\"arn:"), "{found:?}");
    assert_eq!(found.pointer, "/States/A/Resource");
    refused(
        "t.json",
        &template(r#""DefinitionS3Location":{"Bucket":"b","Key":"k"}"#),
        &[(r#"{"Bucket":"b","Key":"k"}"#, "is in S3")],
    );
    refused(
        "t.json",
        &template(r#""DefinitionUri":"none.json""#),
        &[("\"none.json\"", "there is no such file")],
    );
    refused(
        "t.json",
        &template(r#""DefinitionUri":"../secret.txt""#),
        &[(
            "\"../secret.txt\"",
            "The file ../secret.txt contains no definition",
        )],
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

pub(super) const SAM: &str = "AWSTemplateFormatVersion: '2010-09-09'
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
        "Definition: {StartAt: A, States: {A: {Type: Succeed, Comment: !GetAt Fn.Arn}}}\n",
        &[("!GetAt Fn.Arn", "CloudFormation has no function Fn::GetAt")],
    );
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
        "DefinitionString: '{\"StartAt\": \"A\", \"States\": {\"A\": {\"Type\": \"Pass\", \"Result\": \"${Nobody}\", \"End\": true}}}'\n      DefinitionSubstitutions: {Other: x}\n",
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
fn yaml_may_merge_what_states_have_in_common() {
    let text = format!(
        "{SAM}      Tags: &end {{End: true, Type: Task}}\n      Definition:\n        StartAt: A\n        States:\n          A:\n            <<: *end\n            Type: Pass\n"
    );
    accepted(
        "t.yaml",
        &text,
        r#"{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}"#,
    );
    let several = format!(
        "{SAM}      Tags: &a {{Type: Pass, Comment: a}}\n      Name: &b {{Comment: b, End: true, <<: {{Type: Task, Result: 1}}}}\n      Definition:\n        StartAt: A\n        States:\n          A:\n            <<: [*a, *b]\n"
    );
    accepted(
        "t.yaml",
        &several,
        r#"{"StartAt":"A","States":{"A":{"Type":"Pass","Comment":"a","End":true,"Result":1}}}"#,
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

/// A condition that chooses `AWS::NoValue` leaves the member or item out.
#[test]
fn no_value_may_be_what_a_condition_chooses() {
    let check = |result: &str, expected: &str| {
        let text = format!(
            "{SAM}      Definition: {{StartAt: A, States: {{A: {{Type: Pass, {result}, End: true}}}}}}\n"
        );
        let expected =
            format!(r#"{{"StartAt":"A","States":{{"A":{{"Type":"Pass",{expected}"End":true}}}}}}"#);
        accepted("t.yaml", &text, &expected);
    };
    let nothing = "!Ref AWS::NoValue";
    check(&format!("OutputPath: !If [X, {nothing}, $.a]"), "");
    check(&format!("OutputPath: !If [X, !If [Y, {nothing}, $.b], $.a]"), "");
    check(
        &format!("Result: [1, !If [X, {nothing}, 2], 3]"),
        r#""Result":[1,3],"#,
    );
    check(
        &format!("Result: !Join ['-', [a, !If [X, {nothing}, b], c]]"),
        r#""Result":"a-c","#,
    );
    check("Result: !Join ['-', !If [X, [a, b], [c]]]", r#""Result":"a-b","#);
}

/// The values of mappings are plain: with functions in them they could name themselves for ever.
#[test]
fn mappings_hold_plain_values() {
    let check = |value: &str, result: &str, expected: &str| {
        let mappings = format!("Mappings: {{M: {{a: {{b: {value}}}}}}}\n");
        let text = format!(
            "{mappings}{SAM}      Definition: {{StartAt: A, States: {{A: {{Type: Pass, Result: {result}, End: true}}}}}}\n"
        );
        let (definition, report) = check_with("t.yaml", &text, &[], false);
        let messages: Vec<&str> = report.diagnostics.iter().map(|found| &*found.message).collect();
        let found = format!("{definition} {messages:?}");
        assert!(found.contains(expected), "{found}");
    };
    let find = "!FindInMap [M, a, b]";
    for value in [
        find,
        "!Join ['', [!FindInMap [M, a, b]]]",
        "[x, !FindInMap [M, a, b]]",
        "{c: d}",
    ] {
        check(value, find, "The value of a mapping is a text or a list of texts");
        check(
            value,
            "!Select [0, !FindInMap [M, a, b]]",
            "The value of a mapping is a text or a list of texts",
        );
    }
    check("x", find, r#""Result":"x""#);
    check("[x, y]", find, r#""Result":["x","y"]"#);
    check("[x, y]", "!Select [1, !FindInMap [M, a, b]]", r#""Result":"y""#);
}

/// Slips in a template that CloudFormation refuses, or that make another machine than was meant.
#[test]
fn a_template_contradicts_itself() {
    let pass = |name: &str| {
        format!("'{{\"StartAt\":\"{name}\",\"States\":{{\"{name}\":{{\"Type\":\"Pass\",\"End\":true}}}}}}'")
    };
    let machine = |name: &str, properties: &str| {
        format!(
            "  {name}:\n    Type: AWS::StepFunctions::StateMachine\n    Properties:\n      StateMachineType: EXPRESS\n{properties}"
        )
    };
    let text = |name: &str| format!("      DefinitionString: {}\n", pass(name));
    let one = |template: String| {
        let (_, report) = check_with("t.yaml", &template, &[], false);
        assert_eq!(report.diagnostics.len(), 1, "{:?}", report.diagnostics);
        let found = &report.diagnostics[0];
        let line = template[..found.span.start].lines().count();
        (
            report.has_errors(),
            template[found.span.clone()].to_owned(),
            line,
            found.message.clone(),
        )
    };

    let twice = format!(
        "Resources:\n{}{}",
        machine("A", &text("P")),
        machine("A", &text("Q"))
    );
    let message = "The key 'A' is given twice; this value replaces the earlier one";
    assert_eq!(one(twice), (false, "A".to_owned(), 7, message.to_owned()));

    let both = format!(
        "{}      Definition: {{StartAt: P, States: {{P: {{Type: Pass, End: true}}}}}}\n",
        text("P")
    );
    let message = "The state machine has Definition and DefinitionString: one is allowed";
    let found = one(format!("Resources:\n{}", machine("A", &both)));
    assert_eq!(
        found,
        (true, "DefinitionString".to_owned(), 6, message.to_owned())
    );

    let chosen = format!(
        "      DefinitionString: !If [Nobody, {}, {}]\n",
        pass("P"),
        pass("Q")
    );
    let message = "The template has no condition named Nobody";
    let found = one(format!(
        "Conditions: {{Some: !Equals [a, b]}}\nResources:\n{}",
        machine("A", &chosen)
    ));
    assert_eq!(found, (false, "Nobody".to_owned(), 7, message.to_owned()));
    let known = format!(
        "Conditions: {{Nobody: !Equals [a, b]}}\nResources:\n{}",
        machine("A", &chosen)
    );
    assert!(check_with("t.yaml", &known, &[], false).1.diagnostics.is_empty());
}
