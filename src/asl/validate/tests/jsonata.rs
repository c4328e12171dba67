//! Expressions in JSONata: what AWS refuses, where, and what we warn of.

use super::{machine, report};
use crate::asl::{Diagnostic, Format, MachineType, Options, Severity, Source, check};

const TASK: &str =
    r#""Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": {"FunctionName": "f"}"#;

/// Writes a machine in JSONata with a state of these fields, which leads to the next.
fn definition(fields: &str) -> String {
    format!(
        r#"{{"QueryLanguage": "JSONata", "StartAt": "A", "States": {{
            "A": {{{fields}, "Next": "Z"}}, "Z": {{"Type": "Succeed"}}}}}}"#
    )
}

#[track_caller]
fn state(fields: &str, wanted: &[&str]) {
    machine(&definition(fields), wanted);
}

/// Checks the one finding about an expression in the `Output` of a Pass: `CODE: message`, what it underlines, and its
/// help.
#[track_caller]
fn output(text: &str, wanted: &str, underlined: &str, help: &str) {
    let json = serde_json_text(text);
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
fn only(definition: &str) -> Diagnostic {
    let mut report = report(definition, MachineType::Express);
    assert_eq!(report.diagnostics.len(), 1, "{:#?}", report.diagnostics);
    report.diagnostics.remove(0)
}

fn serde_json_text(text: &str) -> String {
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
            "UNKNOWN_STATES_FIELD: '$states' has no field 'result' here: it is nothing at /States/A/Catch[0]/Output/r",
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
            "UNKNOWN_VARIABLE: No state assigns the variable '$v': it is nothing at /States/C/Items",
        ],
    );
    // A variable that a state in JSONPath assigns is one.
    let assigned = text
        .replace(r#""a": "{% x %}"}"#, r#""a": 1}, "Assign": {"v.$": "$"}"#)
        .replace("{% x %}", "{% 1 %}");
    machine(&assigned, &[]);
}

#[test]
fn slips_get_the_mend_named() {
    let refused = |name: &str| {
        let name = name.to_owned();
        format!("UNSUPPORTED_JSONATA_EXPRESSION: Reference to '{name}' at the top level is not supported.")
    };
    let symbol = |symbol: &str| {
        format!("INVALID_JSONATA_EXPRESSION: The symbol \"{symbol}\" cannot be used as a unary operator")
    };
    output("{%$.a.b[0]%}", &refused("$"), "$", "`$states.input.a.b[0]`");
    let whole = "UNSUPPORTED_JSONATA_EXPRESSION: Reference to '$$' is not supported.";
    output(
        "{% $$.Execution.Id %}",
        whole,
        "$$",
        "`$states.context.Execution.Id`",
    );
    output("{% $$.order %}", whole, "$$", "`$states.input.order`");
    output(
        "{% States.Format('{}', 1) %}",
        &refused("States"),
        "States",
        "'text ' & value",
    );
    output("{% sum([1]) %}", &refused("sum"), "sum", "`$sum(…)`");
    output("{% ($n := 1; n) %}", &refused("n"), "n", "`$n` for the variable");
    output("{% None %}", &refused("None"), "None", "`null`");
    output(
        "{% $not(undefined) %}",
        &refused("undefined"),
        "undefined",
        "$exists",
    );
    output("{% 1 == 2 %}", &symbol("="), "=", "`a = b`");
    output("{% 1 === 2 %}", &symbol("="), "=", "`a = b`");
    output("{% 1 !== 2 %}", &symbol("="), "=", "`a != b`");
    output("{% true && false %}", &symbol("&"), "&", "`a and b`");
    let bar = "INVALID_JSONATA_EXPRESSION: Syntax error: \"|\"";
    output("{% true || false %}", bar, "|", "`a or b`");
    let not = "INVALID_JSONATA_EXPRESSION: Unknown operator: \"!\"";
    output("{% !true %}", not, "!", "`$not(a)`");
    output("{% $map([1], $x => $x) %}", &symbol(">"), ">", "function($x)");
    output(
        "{% $states.input.a ?? 1 %}",
        &symbol("?"),
        "?",
        "$exists(a) ? a : b",
    );
    output(
        "{% $states.input.a[?(@.b = 1)] %}",
        &symbol("?"),
        "?",
        "without `?`",
    );
    output("{% 'a' %} and {% 'b' %}", &symbol("}"), "}", "whole text");
}

#[test]
fn delimiters_that_are_missing_are_named() {
    let half = "SCHEMA_VALIDATION_FAILED: JSONata string must start with {% and end with %}";
    let check = |text: &str, wanted: &str, help: &str| output(text, wanted, &serde_json_text(text), help);
    check("{% $states.input", half, "end it with `%}`");
    check("{% 1 %", half, "end it with `%}`");
    check("{%}", half, "end it with `%}`");
    check("{% 1 %} ", half, "remove the blanks");
    check("{% 1 %}\n", half, "`|-`");
    check("{% 1 %}, please", half, "whole text");
    let text = "NOT_EVALUATED: The text looks like an expression, but nothing evaluates it";
    check("$states.input.a %}", text, "begin it with `{%`");
    check(" {% 1 %}", text, "remove the blanks");
    check("Hello {% $states.input.a %}!", text, "whole text");
    check("$states.input.a", text, "write `{% $states.input.a %}`");
    check("$.a.b", text, "`{% $states.input.a.b %}`");
    check("$$.State.Name", text, "`{% $states.context.State.Name %}`");
    check("States.UUID()", text, "`$uuid()`");
    for fine in [
        "",
        "10 %",
        "$",
        "$5",
        "$states.input.a was lost",
        "States rule",
        "100% {sure}",
        "$.a is it",
    ] {
        state(&format!(r#""Type": "Pass", "Output": "{fine}""#), &[]);
    }
    state(
        r#""Type": "Pass", "Output": {"a.$": 1}"#,
        &[
            "NOT_EVALUATED: In JSONata a key keeps its `.$`, which does not evaluate anything at /States/A/Output",
        ],
    );
    let text = definition(r#""Type": "Choice", "Choices": [{"Condition": "true", "Next": "Z"}]"#)
        .replace(r#", "Next": "Z"}, "Z""#, r#"}, "Z""#);
    machine(
        &text,
        &["Expected value of type Boolean at /States/A/Choices[0]/Condition"],
    );
}

#[test]
fn what_the_service_accepts_and_cannot_mean_anything_is_a_warning() {
    let field =
        |name: &str| format!("UNKNOWN_STATES_FIELD: '$states' has no field '{name}' here: it is nothing");
    output(
        "{% $states.inptu.a %}",
        &field("inptu"),
        "inptu",
        "`$states.input`",
    );
    output(
        "{% $states.item %}",
        &field("item"),
        "item",
        "`$states.input.item`",
    );
    let function =
        |name: &str| format!("UNKNOWN_FUNCTION: There is no function '${name}': to call it is an error");
    output("{% $eval('1') %}", &function("eval"), "$eval", "`$parse(text)`");
    output(
        "{% 'a' ~> $uppercse %}",
        &function("uppercse"),
        "$uppercse",
        "`$uppercase`",
    );
    let variable =
        |name: &str| format!("UNKNOWN_VARIABLE: No state assigns the variable '${name}': it is nothing");
    output("{% $state.input %}", &variable("state"), "$state", "`$states`");
    output(
        "{% ($total := 1; $tota + 1) %}",
        &variable("tota"),
        "$tota",
        "`$total`",
    );
    let deep = "(".repeat(120) + "1" + &")".repeat(120);
    let wanted = "DEEP_EXPRESSION: The expression is nested 121 levels deep: more than 100 are an error";
    output(&format!("{{%{deep}%}}"), wanted, &deep, "");
    for fine in [
        "$map([1], function($x, $i) { $x + $i })",
        "$states.input.a@$o.b#$i[$i = 1].{'n': $o.n}",
        "($f := function($n) { $n < 2 ? 1 : $f($n - 1) }; $f(3))",
        "$sum ~> function($g) { $g([1]) }",
        "$partition([1], 2) & $uuid() & $parse('1') & $hash('a', 'MD5') & $random() & $range(1, 2, 1)",
        "$states",
        "$replace('a', /(a)/, '$1')",
        "$states.input.**[phone > 3].{'phone': phone}",
    ] {
        state(&format!(r#""Type": "Pass", "Output": "{{% {fine} %}}""#), &[]);
    }
}

#[test]
fn what_is_nested_too_deeply_to_be_read_is_refused() {
    let deep = "(".repeat(400) + "1" + &")".repeat(400);
    let text = definition(&format!(r#""Type": "Pass", "Output": "{{%{deep}%}}""#));
    let found = only(&text);
    assert_eq!(
        (found.code, found.severity),
        ("TOO_DEEPLY_NESTED", Severity::Error)
    );
    assert!(found.help.is_some_and(|help| help.contains("100 levels")));
}

#[test]
fn fields_of_the_other_language_name_their_counterpart() {
    let help = |text: &str| only(text).help.unwrap_or_default();
    let pass = |member: &str| definition(&format!(r#""Type": "Pass", {member}"#));
    assert!(help(&pass(r#""Parameters": {}"#)).contains("`Arguments`"));
    assert!(help(&pass(r#""ResultPath": "$.a""#)).contains("$merge([$states.input, "));
    let task = |member: &str| definition(&format!("{TASK}, {member}"));
    assert!(help(&task(r#""TimeoutSecondsPath": "$.a""#)).contains("`TimeoutSeconds`"));
    let in_json_path = pass(r#""Output": 1"#).replace(r#""QueryLanguage": "JSONata", "#, "");
    assert!(help(&in_json_path).contains(r#""QueryLanguage": "JSONata""#));
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
            let json = serde_json_text(&format!("{{%{text}%}}"));
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
