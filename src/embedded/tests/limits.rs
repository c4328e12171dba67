//! Files that are meant to harm, or end early.

use super::cloudformation::SAM;
use super::others::{SERVERLESS, TERRAFORM};
use super::{Request, container, open, source};
use crate::asl::MachineType;
use std::collections::BTreeMap;

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
    check("t.yaml", &substitutions, "substitutions produce more than");
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
