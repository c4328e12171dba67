//! What is served, and what is said of the rest.

use super::*;

fn check_unserved(config: &str, resource: &str, fields: &str, expected: &str) {
    let problems = tasks(config)
        .bind(&program(resource, fields), false)
        .expect_err("nobody serves it");
    let problems: Vec<String> = problems.iter().map(Unserved::to_string).collect();
    assert_eq!(problems, [expected]);
}

#[test]
fn unserved_tasks_are_named_when_the_program_is_loaded() {
    let config = r#"f = { function = "echo" }
        "arn:aws:states:::kafka:produce" = { kafka = ["audit"] }"#;
    check_unserved(
        config,
        "arn:aws:lambda:us-east-1:111111111111:function:g",
        "",
        "state 'T': no entry of [tasks] serves arn:aws:lambda:us-east-1:111111111111:function:g",
    );
    check_unserved(
        config,
        INVOKE,
        r#","Parameters":{"FunctionName":"g"}"#,
        "state 'T': no entry of [tasks] serves arn:aws:states:::lambda:invoke with FunctionName 'g'",
    );
    check_unserved(
        config,
        "arn:aws:states:::sqs:sendMessage",
        r#","Parameters":{"QueueUrl":"q","MessageBody":"b"}"#,
        "state 'T': no entry of [tasks] serves arn:aws:states:::sqs:sendMessage",
    );
    check_unserved(
        config,
        PRODUCE,
        r#","Parameters":{"Topic":"secret","Value":1}"#,
        "state 'T': no entry of [tasks] serves arn:aws:states:::kafka:produce with Topic 'secret'",
    );
}

#[test]
fn kafka_serves_nothing_but_its_own_resource() {
    let config = r#""*" = { kafka = ["*"] }
        "arn:aws:states:::*" = { kafka = ["*"] }"#;
    for (resource, fields) in [
        ("arn:aws:lambda:us-east-1:111111111111:function:f", ""),
        (
            "arn:aws:states:::sqs:sendMessage",
            r#","Parameters":{"QueueUrl":"q","MessageBody":"b"}"#,
        ),
    ] {
        let expected = format!("state 'T': no entry of [tasks] serves {resource}");
        check_unserved(config, resource, fields, &expected);
    }
}

#[test]
fn wrong_entries_are_named() {
    let config: Config = toml::from_str(
        r#"a = { function = "nope" }
        b = { function = "delay" }"#,
    )
    .expect("TOML");
    let problems = Tasks::new(&config, &Functions::new(), home()).expect_err("problems");
    let problems: Vec<String> = problems.iter().map(ConfigError::to_string).collect();
    assert_eq!(
        problems,
        [
            "tasks.\"a\".function: there is no function 'nope'; there are delay",
            "tasks.\"b\".milliseconds: `delay` needs it: after how many milliseconds to answer",
        ]
    );
}
