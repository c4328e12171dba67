//! Diagnostics, each by the smallest definition that has it.

mod jsonata;
mod slips;
mod variables;

use crate::asl::{Format, MachineType, Options, Report, Severity, Source, check, check_with};

fn report(text: &str, machine_type: MachineType) -> Report {
    let source = Source {
        name: "test",
        text,
        format: Format::Json,
    };
    check(
        &source,
        &Options {
            machine_type,
            ..Options::default()
        },
    )
}

/// Checks the diagnostics of a machine with these states, as `CODE: message at location`; codes of fields
/// are left out.
#[track_caller]
fn states(states: &str, wanted: &[&str]) {
    let end = r#""Z": {"Type": "Pass", "End": true}"#;
    let text = format!(r#"{{"StartAt": "A", "States": {{"A": {states}, {end}}}}}"#);
    machine(&text, wanted);
}

/// The same for a state that leads to the next.
#[track_caller]
fn state(fields: &str, wanted: &[&str]) {
    states(&format!(r#"{{{fields}, "Next": "Z"}}"#), wanted);
}

#[track_caller]
fn machine(text: &str, wanted: &[&str]) {
    let report = report(text, MachineType::Express);
    let found: Vec<String> = report
        .diagnostics
        .iter()
        .map(|d| {
            let code = if d.code == "SCHEMA_VALIDATION_FAILED" {
                String::new()
            } else {
                format!("{}: ", d.code)
            };
            format!(
                "{code}{} at {}",
                d.message,
                d.location.as_deref().unwrap_or("null")
            )
        })
        .collect();
    assert_eq!(found, wanted, "{text}");
    assert_eq!(report.machine.is_some(), !report.has_errors());
}

#[test]
fn misspelt_names_get_suggestions() {
    let help = |text: &str| {
        let report = report(text, MachineType::Express);
        report
            .diagnostics
            .iter()
            .filter_map(|d| d.help.clone())
            .collect::<Vec<_>>()
            .join("; ")
    };
    let end = r#""End": true"#;
    let of = |state: &str| help(&format!(r#"{{"StartAt": "A", "States": {{"A": {{{state}}}}}}}"#));
    assert_eq!(
        help(&format!(
            r#"{{"startAt": "A", "States": {{"A": {{"Type": "Pass", {end}}}}}}}"#
        )),
        "did you mean \"StartAt\"?"
    );
    assert_eq!(
        of(&format!(r#""Type": "Success", {end}"#)),
        "did you mean \"Succeed\"?"
    );
    assert_eq!(
        of(&format!(r#""type": "Pass", {end}"#)),
        "write \"Type\" for \"type\""
    );
    assert_eq!(
        of(&format!(r#""Type": "Pass", "ResultsPath": "$", {end}"#)),
        "did you mean \"ResultPath\"?"
    );
    assert_eq!(
        of(&format!(
            r#""Type": "Pass", "Parameters": {{"a.$": "States.Fromat('')"}}, {end}"#
        )),
        "did you mean \"States.Format\"?"
    );
    assert_eq!(
        of(&format!(
            r#""Type": "Pass", "Parameters": {{"a.$": "Format('')"}}, {end}"#
        )),
        "did you mean \"States.Format\"?"
    );
}

#[test]
fn an_sdk_integration_names_what_aws_has() {
    let unrecognized = |resource: &str, help: Option<&str>| {
        let arn = format!("arn:aws:states:::aws-sdk:{resource}");
        let text = format!(
            r#"{{"StartAt": "A", "States": {{"A": {{"Type": "Task", "End": true, "Resource": "{arn}", "Parameters": {{}}}}}}}}"#
        );
        let report = report(&text, MachineType::Express);
        let found: Vec<_> = report
            .diagnostics
            .iter()
            .map(|diagnostic| (diagnostic.message.as_str(), diagnostic.help.as_deref()))
            .collect();
        let message = format!(
            "The resource provided {arn} is not recognized. The value is not a valid resource ARN, or the resource is not available in this region."
        );
        assert_eq!(found, [(message.as_str(), help)]);
    };
    unrecognized("dynamodb:getItems", Some("did you mean \"getItem\"?"));
    unrecognized("dynamo:getItem", Some("did you mean \"dynamodb\"?"));
    unrecognized("nothinglikeit:getItem", None);
    unrecognized("s3:GetObject", None);
    for resource in [
        "dynamodb:getItem",
        "sfn:startSyncExecution",
        "iotanalytics:batchPutMessage",
    ] {
        state(
            &format!(
                r#""Type": "Task", "Resource": "arn:aws:states:::aws-sdk:{resource}", "Parameters": {{}}"#
            ),
            &[],
        );
    }
}

#[test]
fn a_service_of_the_users_is_known() {
    let model = r#"{"metadata":{"serviceId":"Own"},"operations":{"DoIt":{}},"shapes":{}}"#;
    let services = crate::services::Services::with_models([model.as_bytes()]).unwrap();
    let text = r#"{"StartAt": "A", "States": {"A": {"Type": "Task", "End": true, "Parameters": {},
        "Resource": "arn:aws:states:::aws-sdk:own:doIt"}}}"#;
    let source = Source {
        name: "test",
        text,
        format: Format::Json,
    };
    assert!(check(&source, &Options::default()).has_errors());
    assert!(!check_with(&source, &Options::default(), &services).has_errors());
}

#[test]
fn an_error_name_that_nothing_raises_is_a_warning() {
    let task = |names: &str| {
        format!(
            r#""Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "Retry": [{{"ErrorEquals": [{names}]}}]"#
        )
    };
    state(
        &task(r#""States.Timeot""#),
        &[
            "UNKNOWN_ERROR_NAME: No state fails with the error 'States.Timeot' at /States/A/Retry[0]/ErrorEquals[0]",
        ],
    );
    state(&task(r#""States.OwnInvention", "Timeout""#), &[]);
    state(
        &task(r#""States.ALL", "X""#),
        &["States.ALL must appear alone and at end of list at /States/A/Retry[0]/ErrorEquals"],
    );
}

#[test]
fn warnings_of_the_service() {
    let no_dollar = "NO_DOLLAR: No .$ on a field that appears to be a JSONPath or Intrinsic Function.";
    state(
        r#""Type": "Pass", "Parameters": {"a": ["$.x"]}"#,
        &[&format!("{no_dollar} at /States/A/Parameters/a[0]")],
    );
    state(
        r#""Type": "Pass", "Parameters": {"a": "States.UUID()"}"#,
        &[&format!("{no_dollar} at /States/A/Parameters/a")],
    );
    state(
        r#""Type": "Pass", "Parameters": {"a": "costs $5.00", "b": "$5", "c": "States. of"}"#,
        &[],
    );
    state(
        r#""Type": "Pass", "Result": {"a.$": "$.x"}"#,
        &["PASS_RESULT_IS_STATIC: Attempt to use a path in the result of a pass state. at /States/A/Result"],
    );
    states(
        r#"{"Type": "Choice", "Choices": [{"Variable": "$.a", "StringEquals": "$.b", "Next": "Z"}]}"#,
        &[
            "NO_PATH: Field value looks like a path, but field name does not end with 'Path'. at /States/A/Choices[0]/StringEquals",
        ],
    );
}

#[test]
fn numbers() {
    let wait =
        |value: &str, wanted: &[&str]| state(&format!(r#""Type": "Wait", "Seconds": {value}"#), wanted);
    wait("0", &[]);
    wait("99999999", &[]);
    wait("100000000", &["Maximum value is 99999999 at /States/A/Seconds"]);
    wait("1e999", &["Expected value of type Integer at /States/A/Seconds"]);
    wait(
        "9999999999999999999999999",
        &["Maximum value is 99999999 at /States/A/Seconds"],
    );
    wait("-1", &["Minimum value is 0 at /States/A/Seconds"]);
    wait("1.0", &["Expected value of type Integer at /States/A/Seconds"]);
    wait("true", &["Expected value of type Integer at /States/A/Seconds"]);
}

#[test]
fn paths() {
    let pass = |fields: &str, wanted: &[&str]| state(&format!(r#""Type": "Pass", {fields}"#), wanted);
    pass(
        r#""InputPath": null, "OutputPath": "$$.Execution", "ResultPath": null"#,
        &[],
    );
    pass(r#""InputPath": "$.a[*]""#, &[]);
    pass(
        r#""InputPath": 1"#,
        &["Value must be a valid JSONPath. at /States/A/InputPath"],
    );
    pass(
        r#""ResultPath": "$$.a""#,
        &["Value is not a Reference Path at /States/A/ResultPath"],
    );
    pass(
        r#""ResultPath": "a""#,
        &["Value must be a valid JSONPath. at /States/A/ResultPath"],
    );
    pass(
        r#""ResultPath": "$.a..b""#,
        &["Value is not a Reference Path at /States/A/ResultPath"],
    );
}

#[test]
fn timestamps() {
    for good in [
        "2016-03-05T21:29:29.243167252Z",
        "2024-02-29T00:00:00Z",
        "2030-01-01T00:00:00+02:00",
    ] {
        state(&format!(r#""Type": "Wait", "Timestamp": "{good}""#), &[]);
    }
    for bad in [
        "2023-02-29T00:00:00Z",
        "2030-01-01",
        "2030-01-01T24:00:00Z",
        "2030-01-01T00:00:00z",
        "2030-1-01T00:00:00Z",
    ] {
        let wanted = "String does not match RFC3339 timestamp at /States/A/Timestamp";
        state(&format!(r#""Type": "Wait", "Timestamp": "{bad}""#), &[wanted]);
    }
}

#[test]
fn variables() {
    state(
        r#""Type": "Pass", "Assign": {"x-y": 1, "states": 2, "größe.$": "$.a", "1a": 3}"#,
        &[
            "INVALID_VARIABLE_NAME: Invalid variable name 'x-y': the variable name contains invalid characters. at /States/A/Assign",
            "RESERVED_VARIABLE_NAME: Cannot assign to reserved variable '$states'. at /States/A/Assign",
            "INVALID_VARIABLE_NAME: Invalid variable name '1a': the variable name contains invalid characters. at /States/A/Assign",
        ],
    );
}

#[test]
fn the_message_of_the_service() {
    let text = r#"{"StartAt": "pass1", "States": {"pass1": {"Type": "Pass", "Next": "pass3"}, "pass2": {"Type": "Pass", "End": true}}}"#;
    let wanted = "Invalid State Machine Definition: 'MISSING_TRANSITION_TARGET: Missing 'Next' target: pass3 at \
        /States/pass1/Next, MISSING_TRANSITION_TARGET: State \"pass2\" is not reachable. at /States/pass2'";
    assert_eq!(
        report(text, MachineType::Express).aws_message().as_deref(),
        Some(wanted)
    );
    let loops = r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "A"}}}"#;
    let wanted =
        "Invalid State Machine Definition: 'MISSING_END_STATE: Workflow has no terminal state at null'";
    assert_eq!(
        report(loops, MachineType::Express).aws_message().as_deref(),
        Some(wanted)
    );
    let broken = "Invalid State Machine Definition: 'INVALID_JSON_DESCRIPTION: Unrecognized token 'not': was expecting \
        (JSON String, Number, Array, Object or token 'null', 'true' or 'false')\n at [Source: (String)\"not\"; line: 1, \
        column: 4] at [Source: (String)\"not\"; line: 1, column: 4]'";
    assert_eq!(
        report("not", MachineType::Express).aws_message().as_deref(),
        Some(broken)
    );
}

#[test]
fn standard_allows_what_express_refuses() {
    let text = r#"{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "Parameters": {"QueueUrl": "q", "MessageBody": "b"}, "End": true}}}"#;
    assert!(report(text, MachineType::Express).has_errors());
    let standard = report(text, MachineType::Standard);
    assert!(!standard.has_errors() && standard.machine.is_none());
}

#[test]
fn a_substitution_left_over_is_an_error_at_its_place() {
    let text = r#"{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "${Fn.Arn}", "TimeoutSeconds": ${T}, "Comment": "${", "End": true}}}"#;
    let set = |pairs: &[(&str, &str)]| {
        let substitutions = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let options = Options {
            substitutions,
            ..Options::default()
        };
        check(
            &Source {
                name: "test",
                text,
                format: Format::Json,
            },
            &options,
        )
    };
    let report = set(&[("T", "5")]);
    let [leftover] = report.diagnostics.as_slice() else {
        panic!("{:?}", report.diagnostics)
    };
    assert_eq!(
        (leftover.severity, leftover.pointer.as_str()),
        (Severity::Error, "/States/A/Resource")
    );
    assert_eq!(&text[leftover.span.clone()], "${Fn.Arn}");
    let filled = set(&[
        ("T", "5"),
        ("Fn.Arn", "arn:aws:lambda:us-east-1:123456789012:function:f"),
    ]);
    assert_eq!(filled.diagnostics, []);
}

#[test]
fn a_key_given_twice_is_a_warning_with_its_place() {
    machine(
        r#"{"StartAt": "A", "States": {"A": {"Type": "Fail", "Type": "Succeed"}}}"#,
        &["DUPLICATE_KEY: The key 'Type' is given twice; this value replaces the earlier one at null"],
    );
}

#[test]
fn no_text_is_a_definition() {
    for text in ["", " ", "[]", "5", "null"] {
        machine(text, &["Definition must be a valid JSON object at null"]);
    }
    machine("{}", &["These fields are required: [States, StartAt] at /"]);
    let long = format!("{{\"Comment\": \"{}\"}}", "x".repeat(2_000_000));
    assert!(report(&long, MachineType::Express).has_errors());
}

#[test]
fn a_state_without_a_type_ends_nothing() {
    let missing = "The field 'Type' is required at /States/A";
    let no_end = "MISSING_END_STATE: Workflow has no terminal state at null";
    machine(
        r#"{"StartAt": "A", "States": {"A": {"End": true}}}"#,
        &[missing, no_end],
    );
    machine(
        r#"{"StartAt": "A", "States": {"A": {"End": true}, "B": {"Type": "Succeed"}}}"#,
        &[
            missing,
            "MISSING_TRANSITION_TARGET: State \"B\" is not reachable. at /States/B",
        ],
    );
    machine(
        r#"{"StartAt": "A", "States": {}}"#,
        &[
            "Value cannot be empty at /States",
            "MISSING_TRANSITION_TARGET: Missing 'Next' target: A at /StartAt",
            no_end,
        ],
    );
}

#[test]
fn a_reader_is_checked_by_its_type_of_input() {
    #[track_caller]
    fn config(config: &str, wanted: &[&str]) {
        let text = format!(
            r#"{{"StartAt": "A", "States": {{"A": {{"Type": "Map", "End": true, "ItemReader":
            {{"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {{{config}}}}}, "ItemProcessor":
            {{"ProcessorConfig": {{"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}, "StartAt": "B",
            "States": {{"B": {{"Type": "Pass", "End": true}}}}}}}}}}}}"#
        );
        let report = report(&text, MachineType::Standard);
        let found: Vec<&str> = report
            .diagnostics
            .iter()
            .map(|found| found.message.as_str())
            .filter(|message| !message.starts_with("Mode"))
            .collect();
        assert_eq!(found, wanted, "{config}");
    }
    let (header, input) = (
        "The field 'CSVHeaderLocation' is required",
        "The field 'InputType' is required",
    );
    let manifest = "Field 'ManifestType' is not supported";
    config(r#""ManifestType": "S3_INVENTORY""#, &[]);
    config(r#""ManifestType": "S3_INVENTORY", "InputType": "CSV""#, &[header]);
    config(
        r#""ManifestType": "S3_INVENTORY", "InputType": "JSON""#,
        &[manifest],
    );
    config(r#""ManifestType": "ATHENA_DATA""#, &[input]);
    config(r#""ManifestType": "ATHENA_DATA", "InputType": "PARQUET""#, &[]);
    config(
        r#""ManifestType": "ATHENA_DATA", "InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW""#,
        &[],
    );
    config(r#""Transformation": "LOAD_AND_FLATTEN""#, &[input]);
    config(r#""Transformation": "NONE""#, &[]);
    config(
        r#""InputType": "JSONL", "CSVHeaderLocation": "FIRST_ROW""#,
        &["Field 'CSVHeaderLocation' is not supported"],
    );
}

#[test]
fn a_rule_without_or_with_several_operators_is_told_all() {
    let list = crate::asl::fields::OPERATORS.join(", ");
    for (operators, words) in [
        ("", "This object should have only one"),
        (
            r#""IsNull": true, "StringEquals": "x","#,
            "There should only be one",
        ),
    ] {
        let rule = format!(r#""Choices": [{{"Variable": "$.a", {operators} "Next": "Z"}}]"#);
        let text = format!(r#"{{"Type": "Choice", {rule}}}"#);
        let wanted = format!("{words} of the following fields: [{list}] at /States/A/Choices[0]");
        states(&text, &[wanted.as_str()]);
    }
    assert!(list.starts_with("StringEquals, IsBoolean, StringLessThan, IsNumeric, BooleanEquals, "));
    assert!(list.ends_with(", IsNull, IsPresent, TimestampGreaterThanEquals, NumericGreaterThanEqualsPath"));
}
