//! Expressions in JSONata: what AWS refuses, and where.

use super::{machine, report};
use crate::asl::{Diagnostic, Format, MachineType, Options, Severity, Source, check};

pub(super) const TASK: &str =
    r#""Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": {"FunctionName": "f"}"#;

/// Writes a machine in JSONata with a state of these fields, which leads to the next.
pub(super) fn definition(fields: &str) -> String {
    format!(
        r#"{{"QueryLanguage": "JSONata", "StartAt": "A", "States": {{
            "A": {{{fields}, "Next": "Z"}}, "Z": {{"Type": "Succeed"}}}}}}"#
    )
}

#[track_caller]
pub(super) fn state(fields: &str, wanted: &[&str]) {
    machine(&definition(fields), wanted);
}

/// Checks the one finding about an expression in the `Output` of a Pass: `CODE: message`, what it underlines, and its
/// help.
#[track_caller]
pub(super) fn output(text: &str, wanted: &str, underlined: &str, help: &str) {
    let json = json_text(text);
    let definition = definition(&format!(r#""Type": "Pass", "Output": {json}"#));
    let found = only(&definition);
    assert_eq!(format!("{}: {}", found.code, found.message), wanted, "{text}");
    assert_eq!(&definition[found.span.clone()], underlined, "{text}");
    let found_help = found.help.as_deref().unwrap_or_default();
    assert!(found_help.contains(help), "{text}: {found_help}");
    assert_eq!(found.location.as_deref(), Some("/States/A/Output"));
    let is_ours = !found.code.contains("JSONATA") && found.code != "SCHEMA_VALIDATION_FAILED";
    assert_eq!(is_ours, found.severity == Severity::Warning, "{text}");
}

#[track_caller]
pub(super) fn only(definition: &str) -> Diagnostic {
    let mut report = report(definition, MachineType::Express);
    assert_eq!(report.diagnostics.len(), 1, "{:#?}", report.diagnostics);
    report.diagnostics.remove(0)
}

pub(super) fn json_text(text: &str) -> String {
    let mut out = String::new();
    crate::asl::syntax::write_text(text, &mut out);
    out
}

#[test]
fn what_is_no_expression_is_refused() {
    let check = |inner: &str, message: &str, underlined: &str| {
        let wanted = format!("INVALID_JSONATA_EXPRESSION: {message}");
        output(&format!("{{%{inner}%}}"), &wanted, underlined, "");
    };
    check(" a[1,2) ", "Expected \"]\", got \",\"", ",");
    check(" 1 + ", "Unexpected end of expression", "%}");
    check("", "Unexpected end of expression", "%}");
    check(
        " {'a':} ",
        "The symbol \"}\" cannot be used as a unary operator",
        "}",
    );
    check(" 10 + * 2 ", "Syntax error: 2", "2");
    check(" (1 ", "Expected \")\" before end of expression", "%}");
    let string = "String literal must be terminated by a matching quote";
    check(" 'it' & 'open ", string, "'open");
    let regex = "No terminating / in regular expression";
    check(" 4 / 2 & $match('a', /[/) ", regex, "/[/)");
    check(" 1 /* open ", "Comment has no closing tag", "/* open");
    check(
        " $a.`open ",
        "Quoted property name must be terminated with a backquote (`)",
        "`open",
    );
    check(
        " 1 := 2 ",
        "The left side of := must be a variable name (start with $)",
        "1",
    );
}

#[test]
fn the_place_is_counted_through_escapes_and_characters_of_two_units() {
    let wanted = "UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'foo' at the top level is not supported.";
    let help = "write `$states.input.foo`";
    output("{% \"\\n\u{1f600}\u{e4}\" & foo %}", wanted, "foo", help);
    output("{%\n\t\"a\" &\n\tfoo\n%}", wanted, "foo", help);
    output("{% `foo` %}", wanted, "`foo`", help);
}

#[test]
fn names_of_the_document_are_refused_each_once_in_writing_order() {
    let top = |name: &str| {
        format!(
            "UNSUPPORTED_JSONATA_EXPRESSION: Reference to '{name}' at the top level is not supported. at /States/A/Output/a/b[0]"
        )
    };
    let (a, b) = (top("aaa"), top("bbb"));
    let missing =
        "UNSUPPORTED_JSONATA_EXPRESSION: Field '$states.result' does not exist. at /States/A/Output/a/b[0]";
    state(
        r#""Type": "Pass", "Output": {"a": {"b": ["{% aaa + $states.result & $f(bbb) + aaa %}"]}}, "Assign": {"f": 1}"#,
        &[&a, missing, &b],
    );
    let many: Vec<String> = (0..1_000).map(|at| format!("n{at}")).collect();
    let text = definition(&format!(
        r#""Type": "Pass", "Output": "{{% [{}] %}}""#,
        many.join(",")
    ));
    assert_eq!(report(&text, MachineType::Express).diagnostics.len(), 100);
}

#[test]
fn result_and_error_are_there_where_there_is_one() {
    let read = |name: &str| format!("\"{{% $states.{name} %}}\"");
    let (result, error) = (read("result"), read("errorOutput"));
    let missing = |name: &str, location: &str| {
        format!(
            "UNSUPPORTED_JSONATA_EXPRESSION: Field '$states.{name}' does not exist. at /States/A/{location}"
        )
    };
    state(
        &format!(r#"{TASK}, "Output": {result}, "Assign": {{"r": {result}}}"#),
        &[],
    );
    state(
        &format!(r#"{TASK}, "TimeoutSeconds": {result}, "Credentials": {{"RoleArn": {result}}}"#),
        &[
            &missing("result", "TimeoutSeconds"),
            &missing("result", "Credentials/RoleArn"),
        ],
    );
    state(
        &format!(r#"{TASK}, "Output": {error}"#),
        &[&missing("errorOutput", "Output")],
    );
    let catch = |member: &str| {
        format!(r#"{TASK}, "Catch": [{{"ErrorEquals": ["States.ALL"], "Next": "Z", {member}}}]"#)
    };
    state(
        &catch(&format!(r#""Output": {error}, "Assign": {{"e": {error}}}"#)),
        &[],
    );
    state(
        &catch(&format!(r#""Output": {{"r": {result}}}"#)),
        &[
            "UNKNOWN_STATES_FIELD: '$states' has no field 'result' here, so it has no value at \
             /States/A/Catch[0]/Output/r",
        ],
    );
    let choice = format!(
        r#""Type": "Choice", "Default": "Z", "Choices": [{{"Condition": {result}, "Next": "Z", "Output": {error}}}]"#
    );
    let text = definition(&choice).replace(r#", "Next": "Z"}, "Z""#, r#"}, "Z""#);
    machine(
        &text,
        &[
            &missing("result", "Choices[0]/Condition"),
            &missing("errorOutput", "Choices[0]/Output"),
        ],
    );
}

#[test]
fn expressions_are_looked_for_where_the_service_does() {
    let top = |location: &str| {
        format!(
            "UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'x' at the top level is not supported. at {location}"
        )
    };
    let text = r#"{"QueryLanguage": "JSONata", "Comment": "{% x %}", "StartAt": "M", "States": {
        "M": {"Type": "Map", "Comment": "{% x %}", "Items": "{% x %}", "MaxConcurrency": "{% x %}",
            "ToleratedFailureCount": "{% x %}", "ToleratedFailurePercentage": "{% x %}",
            "ItemSelector": {"Next": "{% x %}", "{% x %}": 1}, "ItemProcessor": {"StartAt": "W", "States": {
                "W": {"Type": "Wait", "Seconds": "{% x %}", "Next": "V"},
                "V": {"Type": "Wait", "Timestamp": "{% x %}", "End": true}}},
            "Retry": [{"ErrorEquals": ["{% x %}"]}], "Next": "C"},
        "C": {"Type": "Choice", "Output": "{% x %}", "Default": "P",
            "Choices": [{"Condition": "{% x %}", "Next": "F", "Assign": {"Retry": "{% x %}"}}]},
        "P": {"Type": "Parallel", "Arguments": {"a": "{% x %}"}, "End": true,
            "Branches": [{"StartAt": "S", "States": {"S": {"Type": "Succeed", "Output": ["{% x %}"]}}}]},
        "F": {"Type": "Fail", "Error": "{% x %}", "Cause": "{% x %}"}}}"#;
    let wanted: Vec<String> = [
        "/States/M/Items",
        "/States/M/MaxConcurrency",
        "/States/M/ToleratedFailureCount",
        "/States/M/ToleratedFailurePercentage",
        "/States/M/ItemSelector/Next",
        "/States/M/ItemProcessor/States/W/Seconds",
        "/States/M/ItemProcessor/States/V/Timestamp",
        "/States/C/Output",
        "/States/C/Choices[0]/Condition",
        "/States/C/Choices[0]/Assign/Retry",
        "/States/P/Arguments/a",
        "/States/P/Branches[0]/States/S/Output[0]",
        "/States/F/Error",
        "/States/F/Cause",
    ]
    .map(top)
    .to_vec();
    let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
    machine(text, &wanted);
}

#[test]
fn where_no_expression_may_stand_the_text_stays_a_text() {
    state(
        &format!(r#"{TASK}, "Retry": [{{"ErrorEquals": ["E"], "MaxAttempts": "{{% 3 %}}"}}]"#),
        &["Expected value of type Integer at /States/A/Retry[0]/MaxAttempts"],
    );
    let text = definition(r#""Type": "Pass""#).replace(r#""Next": "Z""#, r#""Next": "{% 'Z' %}""#);
    let report = report(&text, MachineType::Express);
    assert_eq!(report.diagnostics[0].message, "Missing 'Next' target: {% 'Z' %}");
}

#[test]
fn mixed_machines_are_checked_state_by_state() {
    let text = r#"{"StartAt": "A", "States": {
        "A": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% x %}", "Next": "B"},
        "B": {"Type": "Pass", "Parameters": {"a": "{% x %}"}, "Next": "C"},
        "C": {"Type": "Map", "QueryLanguage": "JSONata", "Items": "{% $v %}", "ItemProcessor": {"StartAt": "D",
            "States": {"D": {"Type": "Pass", "Parameters": {"a.$": "$.a"}, "End": true}}}, "End": true}}}"#;
    machine(
        text,
        &[
            "UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'x' at the top level is not supported. at /States/A/Output",
            "NOT_EVALUATED: The text looks like an expression, but nothing evaluates it at /States/B/Parameters/a",
            "UNKNOWN_VARIABLE: No state assigns the variable '$v', so it has no value at /States/C/Items",
        ],
    );
    // A variable that a state in JSONPath assigns is one.
    let assigned = text
        .replace(r#""a": "{% x %}"}"#, r#""a": 1}, "Assign": {"v.$": "$"}"#)
        .replace("{% x %}", "{% 1 %}");
    machine(&assigned, &[]);
}

#[test]
fn the_place_is_found_in_yaml_and_behind_substitutions() {
    let text = "QueryLanguage: JSONata\nStartAt: A\nStates:\n  A:\n    Type: Pass\n    End: true\n    Output:\n      \
        a: '{% ''it'' & ${Name} & foo %}'\n      b: >-\n        {% 'ä' &\n           bar %}\n";
    let options = Options {
        substitutions: [("Name".to_owned(), "$uuid()".to_owned())].into(),
        ..Options::default()
    };
    let source = Source {
        name: "test",
        text,
        format: Format::Yaml,
    };
    let found: Vec<_> = check(&source, &options)
        .diagnostics
        .into_iter()
        .map(|found| (text[found.span].to_owned(), found.line, found.column))
        .collect();
    assert_eq!(found, [("foo".to_owned(), 8, 33), ("bar".to_owned(), 11, 12)]);
}

/// Whatever is cut off or put in somewhere: what is found lies inside the text of the expression.
#[test]
#[cfg_attr(miri, ignore = "millions of steps")]
fn every_place_lies_inside_the_expression() {
    let expressions = [
        r#" $map($states.input.a[b > 'ä\n😀"'], function($x, $i) { $x & "é" & phone }) "#,
        r#" ($t := {"k": [1, 2..3]}; $t ~> |k|{'a': $}| & $replace('a/b', /(a)[/]/im, `n n`) /* c */) "#,
        r#" States.Format('{}', $.a) = $$.b ? $eval('😀') : $states.inptu.x^(>y)@$z#$w.%.q "#,
    ];
    let wild = [
        "\"",
        "'",
        "\\",
        "{",
        "}",
        "%",
        "%}",
        "\u{1f600}",
        "`",
        "/",
        "$",
        "=",
        "..",
        "\n",
        "(",
    ];
    let mut found = 0;
    for expression in expressions {
        let places = expression.char_indices().map(|(at, _)| at);
        let cut = places.clone().map(|at| expression[..at].to_owned());
        let put = places.flat_map(|at| {
            let (before, after) = expression.split_at(at);
            wild.iter().map(move |wild| format!("{before}{wild}{after}"))
        });
        for text in cut.chain(put) {
            let json = json_text(&format!("{{%{text}%}}"));
            let definition = definition(&format!(r#""Type": "Pass", "Output": {json}"#));
            let whole = definition.find(&json).expect("the text");
            for one in report(&definition, MachineType::Express).diagnostics {
                let span = one.span.clone();
                assert!(
                    whole <= span.start && span.end <= whole + json.len(),
                    "{text}: {one:?}"
                );
                assert!(
                    definition.get(span).is_some_and(|part| !part.is_empty()),
                    "{text}: {one:?}"
                );
                found += 1;
            }
        }
    }
    assert!(found > 3_000, "{found}");
}

#[test]
fn constant_items_that_are_no_array_are_told() {
    let map = |items: &str, processor: &str| {
        format!(
            r#""Type": "Map", "Items": {items}, "ItemProcessor": {{{processor}"StartAt": "B",
                "States": {{"B": {{"Type": "Succeed"}}}}}}"#
        )
    };
    let wanted = "ITEMS_NO_ARRAY: 'Items' is not an array: the state fails at /States/A/Items";
    for items in ["5", "true", "null", r#""items""#, r#"{"a": [1]}"#] {
        state(&map(items, ""), &[wanted]);
    }
    for items in ["[]", "[1]", r#""{% $states.input %}""#] {
        state(&map(items, ""), &[]);
    }
    let looks_so =
        "NOT_EVALUATED: The text looks like an expression, but nothing evaluates it at /States/A/Items";
    state(&map(r#""$states.input""#, ""), &[looks_so]);
}
