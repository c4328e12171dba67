//! How reading files of another kind grows: templates, Terraform, the Serverless Framework, anchors of YAML, mocks.
//!
//! The files are meant to harm. What comes of them is looked at in every build; how long it takes is compared in
//! release builds, where the time for four times as much may be a little more than four times as long.

use std::collections::BTreeMap;
use std::time::Duration;
use stepstream::asl::{Format, MachineType, Source};
use stepstream::embedded::{self, Request};

/// How much longer than the ideal four times as much may take.
const TIME_MARGIN: f64 = 2.5;

/// The longest that a file may take.
const TIME_MAX: Duration = Duration::from_secs(5);

/// Reads all that a file holds, and returns how many findings there are and the first of them.
fn read(name: &str, text: &str) -> (usize, String) {
    let source = Source {
        name,
        text,
        format: Format::of_file_name(name),
    };
    let mut messages = Vec::new();
    match embedded::open(&source) {
        Some(container) => {
            let given = BTreeMap::new();
            let request = Request {
                given: &given,
                is_strict: false,
                beside: &|_| Err("there is none".to_owned()),
            };
            messages.extend(container.problems().iter().map(|problem| problem.message.clone()));
            for index in 0..container.len() {
                let report = container.definition(index, &request).check(MachineType::Express);
                messages.extend(report.diagnostics.into_iter().map(|found| found.message));
            }
        }
        None if name.ends_with("cases.json") => {
            let read = stepstream::cases::read(&source);
            messages.extend(read.err().into_iter().flatten().map(|found| found.message));
        }
        None => messages.push("no container".to_owned()),
    }
    (messages.len(), messages.into_iter().next().unwrap_or_default())
}

/// Reads what `shape` makes of a number and of four times as much; the first finding begins with `expected`.
#[track_caller]
fn check(what: &str, name: &str, large: usize, expected: &str, shape: impl Fn(usize) -> String) {
    let texts = [shape(large / 4), shape(large)];
    if cfg!(debug_assertions) {
        // A build for debugging takes long enough with the smaller one.
        let (_, first) = read(name, &texts[0]);
        assert!(first.starts_with(expected), "{what}: {first:.300}");
        return;
    }
    let [small, large] = [0, 1].map(|index: usize| {
        let text = &texts[index];
        move || {
            crate::cpu::time(|| {
                std::hint::black_box(read(name, text));
            })
        }
    });
    let times = crate::cpu::compare(4.0, TIME_MARGIN, Duration::from_millis(5), small, large);
    let crate::cpu::Times { small, large, ratio } = times;
    println!(
        "{what}: {small:?}, {large:?}, {ratio:.2} ({} bytes)",
        texts[1].len()
    );
    assert!(
        ratio < TIME_MARGIN && large < TIME_MAX,
        "{what}: {large:?} is {ratio:.1} x 4 x {small:?}"
    );
}

/// Joins what `part` returns for so many numbers.
fn list(count: usize, separator: &str, part: impl Fn(usize) -> String) -> String {
    (0..count).map(part).collect::<Vec<_>>().join(separator)
}

const SUCCEED: &str = r#"{"StartAt":"B","States":{"B":{"Type":"Succeed"}}}"#;

/// A template with one state machine, and whatever else.
fn template(sections: &str, resources: &str, definition: &str) -> String {
    let machine = format!(
        r#""F":{{"Type":"AWS::StepFunctions::StateMachine","Properties":{{"Definition":{definition}}}}}"#
    );
    format!(r#"{{{sections}"Resources":{{{resources}{machine}}}}}"#)
}

fn pass(result: &str) -> String {
    format!(r#"{{"StartAt":"A","States":{{"A":{{"Type":"Pass","Result":{result},"End":true}}}}}}"#)
}

#[test]
fn templates_are_linear() {
    check("parameters that are named", "t.json", 10_000, "", |count| {
        let parameters = list(count, ",", |at| format!(r#""P{at}":{{"Type":"String"}}"#));
        let names = list(count, ",", |at| format!(r#"{{"Ref":"P{at}"}}"#));
        template(
            &format!(r#""Parameters":{{{parameters}}},"#),
            "",
            &pass(&format!("[{names}]")),
        )
    });
    check("resources that are named", "t.json", 10_000, "", |count| {
        let resources = list(count, "", |at| {
            format!(r#""R{at}":{{"Type":"AWS::Lambda::Function"}},"#)
        });
        let names = list(count, ",", |at| format!(r#"{{"Fn::GetAtt":["R{at}","Arn"]}}"#));
        template("", &resources, &pass(&format!("[{names}]")))
    });
    check(
        "names that are nowhere",
        "t.json",
        10_000,
        "The template has nothing",
        |count| {
            let names = list(count, ",", |at| format!(r#"{{"Ref":"Nobody{at}"}}"#));
            template("", "", &pass(&format!("[{names}]")))
        },
    );
    check("mappings", "t.json", 10_000, "", |count| {
        let keys = list(count, ",", |at| format!(r#""k{at}":{{"v":"x"}}"#));
        let names = list(count, ",", |at| {
            format!(r#"{{"Fn::FindInMap":["M","k{at}","v"]}}"#)
        });
        template(
            &format!(r#""Mappings":{{"M":{{{keys}}}}},"#),
            "",
            &pass(&format!("[{names}]")),
        )
    });
    check("numbers without quotes", "t.json", 10_000, "", |count| {
        let parts = list(count, "", |_| r#","1,",{"Ref":"N"}"#.to_owned());
        let start = r#""{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Result\":[1""#;
        let end = r#""],\"End\":true}}}""#;
        let joined = format!(r#"{{"Fn::Join":["",[{start}{parts},{end}]]}}"#);
        template(r#""Parameters":{"N":{"Type":"String"}},"#, "", "{}")
            .replace(r#""Definition":{}"#, &format!(r#""DefinitionString":{joined}"#))
    });
    check("state machines in a large file", "t.json", 400, "", |count| {
        let machines = list(count, "", |at| {
            format!(
                r#""M{at}":{{"Type":"AWS::StepFunctions::StateMachine","Properties":{{"Definition":{SUCCEED}}}}},"#
            )
        });
        let others = list(count * 100, "", |at| {
            format!(r#""R{at}":{{"Type":"AWS::SQS::Queue"}},"#)
        });
        template("", &(machines + &others), SUCCEED)
    });
}

#[test]
fn variables_of_the_serverless_framework_are_linear() {
    check("variables", "serverless.yml", 10_000, "", |count| {
        let custom = list(count, "\n", |at| format!("  v{at}: 1"));
        let names = list(count, ",", |at| format!("'${{self:custom.v{at}}}'"));
        format!(
            "service: a\nprovider: {{name: aws}}\ncustom:\n{custom}\nstepFunctions: {{stateMachines: {{m: {{definition: {{StartAt: A, States: {{A: {{Type: Pass, Result: [{names}], End: true}}}}}}}}}}}}\n"
        )
    });
}

#[test]
fn files_of_terraform_are_linear() {
    let machine = |definition: &str, more: &str| {
        format!("resource \"aws_sfn_state_machine\" \"m\" {{\n  definition = {definition}\n}}\n{more}")
    };
    let succeed = "<<E\n{\"StartAt\":\"B\",\"States\":{\"B\":{\"Type\":\"Succeed\"}}}\nE";
    check("blanks", "main.tf", 4_000_000, "", |count| {
        machine(succeed, &" ".repeat(count))
    });
    check("blanks and lines", "main.tf", 1_000_000, "", |count| {
        machine(succeed, &format!("resource{}", " ".repeat(count)).repeat(2))
    });
    check("heredocs in one line", "main.tf", 4_000_000, "", |count| {
        machine(succeed, &"<<".repeat(count / 2))
    });
    check("heredocs with words", "main.tf", 4_000_000, "", |count| {
        machine(succeed, &"<<A ".repeat(count / 4))
    });
    check("blocks without a brace", "main.tf", 100_000, "", |count| {
        machine(succeed, &"variable \"a\n".repeat(count))
    });
    check("variables", "main.tf", 10_000, "", |count| {
        let variables = list(count, "", |at| {
            format!("variable \"v{at}\" {{\n  default = 1\n}}\n")
        });
        let names = list(count, ", ", |at| format!("var.v{at}"));
        let definition = format!(
            "jsonencode({{StartAt = \"A\", States = {{A = {{Type = \"Pass\", Result = [{names}], End = true}}}}}})"
        );
        machine(&definition, &variables)
    });
    check("interpolations", "main.tf.json", 10_000, "", |count| {
        let names = list(count, ",", |_| "${var.v}".to_owned());
        let definition = pass(&format!("[{names}]"));
        format!(
            r#"{{"variable":{{"v":{{"default":1}}}},"resource":{{"aws_sfn_state_machine":{{"m":{{"definition":{definition:?}}}}}}}}}"#
        )
    });
}

#[test]
fn anchors_inside_one_another_are_limited() {
    let nested = |count: usize| {
        let open = list(90, "", |at| format!("&a{at} ["));
        let items = list(count, ",", |_| "~".to_owned());
        let definition = format!("{open}{items}{}", "]".repeat(90));
        template("", "", "{}").replace(r#""Definition":{}"#, &format!("\"Definition\": {definition}"))
    };
    let expected = "Not valid YAML: The anchors and aliases copy more than 500000 nodes";
    check("anchors", "t.yaml", 400_000, expected, nested);
}

#[test]
fn mocks_are_linear() {
    check("ranges of calls", "mocks.cases.json", 100_000, "", |count| {
        let ranges = list(count, ",", |at| {
            format!(r#""{}-{}":{{"Return":{{}}}}"#, at * 2, at * 2 + 1)
        });
        format!(
            r#"{{"StateMachines":{{"M":{{"TestCases":{{"A":{{"S":"R"}}}}}}}},"MockedResponses":{{"R":{{{ranges}}}}}}}"#
        )
    });
    let expected = "The test cases have more than 1000000 answers";
    check(
        "cases of many answers",
        "mocks.cases.json",
        8_000,
        expected,
        |count| {
            let ranges = list(count, ",", |at| format!(r#""{at}":{{"Return":{{}}}}"#));
            let cases = list(count, ",", |at| format!(r#""C{at}":{{"S":"R"}}"#));
            format!(
                r#"{{"StateMachines":{{"M":{{"TestCases":{{{cases}}}}}}},"MockedResponses":{{"R":{{{ranges}}}}}}}"#
            )
        },
    );
}
