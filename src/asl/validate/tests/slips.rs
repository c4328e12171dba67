//! Expressions in JSONata that mean something else than their author thinks: the mend is named.

use super::jsonata::{TASK, definition, json_text, only, output, state};
use super::machine;
use crate::asl::Severity;

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
    for (text, at) in [
        ("$states.input.a b", "b"),
        ("(1) x", "x"),
        ("[1] y", "y"),
        ("true b", "b"),
    ] {
        let token = json_text(at.trim_matches('\''));
        let error = format!("INVALID_JSONATA_EXPRESSION: Syntax error: {token}");
        output(&format!("{{% {text} %}}"), &error, at, "no operator before");
    }
    let and = "INVALID_JSONATA_EXPRESSION: Syntax error: \"AND\"";
    output("{% true AND false %}", and, "AND", "write `and`");
    output("{% 'a' %} and {% 'b' %}", &symbol("}"), "}", "whole text");
    for (text, at) in [("{'a': 1, }", "}"), ("[1,]", "]"), ("$sum([1],)", ")")] {
        output(
            &format!("{{% {text} %}}"),
            &symbol(at),
            at,
            "remove the comma before",
        );
    }
    output(
        "{% let x = 1 %}",
        "INVALID_JSONATA_EXPRESSION: Syntax error: \"x\"",
        "x",
        "`($x := 1; $x + 1)`",
    );
    output(
        "{% states.input.a %}",
        &refused("states"),
        "states",
        "`$states.input.a`",
    );
    output(
        "{% context.State.Name %}",
        &refused("context"),
        "context",
        "`$states.context.State.Name`",
    );
    output(
        "{% input %}",
        &refused("input"),
        "input",
        "`$states.input.input` for a field",
    );
}

#[test]
fn delimiters_that_are_missing_are_named() {
    let half = "SCHEMA_VALIDATION_FAILED: JSONata string must start with {% and end with %}";
    let check = |text: &str, wanted: &str, help: &str| output(text, wanted, &json_text(text), help);
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
    let field = |name: &str| {
        format!("UNKNOWN_STATES_FIELD: '$states' has no field '{name}' here, so it has no value")
    };
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
        |name: &str| format!("UNKNOWN_FUNCTION: There is no function '${name}': calling it is an error");
    output("{% $eval('1') %}", &function("eval"), "$eval", "`$parse(text)`");
    output(
        "{% 'a' ~> $uppercse %}",
        &function("uppercse"),
        "$uppercse",
        "`$uppercase`",
    );
    let variable =
        |name: &str| format!("UNKNOWN_VARIABLE: No state assigns the variable '${name}', so it has no value");
    output("{% $state.input %}", &variable("state"), "$state", "`$states`");
    for field in ["input", "context", "result", "errorOutput"] {
        let (text, help) = (
            format!("{{% ${field}.a %}}"),
            format!("did you mean `$states.{field}`?"),
        );
        output(&text, &variable(field), &format!("${field}"), &help);
    }
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
fn habits_of_other_languages_are_told() {
    let method =
        |name: &str| format!("UNKNOWN_FUNCTION: Values have no method '{name}': calling it is an error");
    let text = "{% $states.input.a.toUpperCase() %}";
    output(text, &method("toUpperCase"), "toUpperCase", "`$uppercase(a)`");
    let filter = "CONSTANT_FILTER: A text in `[…]` is a condition that always holds, not the name of a field";
    for (text, underlined, help) in [
        ("{% $states.input['a'] %}", "['a']", "write `.a`"),
        ("{% $states.input.b['a b'].c %}", "['a b']", "`` .`a b` ``"),
        ("{% ($v := $states.input; $v['a']) %}", "['a']", "write `.a`"),
        (
            "{% \"it\\\"s['b']\" & $states.input[0]['a'] %}",
            "['a']",
            "write `.a`",
        ),
    ] {
        output(text, filter, underlined, help);
    }
    let field = |owner: &str, name: &str| {
        format!("UNKNOWN_STATES_FIELD: '{owner}' has no field '{name}', so it has no value")
    };
    for (owner, name, meant) in [
        ("$states.context.Execution", "id", "Id"),
        ("$states.context.Execution", "StartTme", "StartTime"),
        ("$states.context.State", "name", "Name"),
        ("$states.context", "execution", "Execution"),
        ("$states.context", "Stat", "State"),
    ] {
        let help = format!("did you mean `{owner}.{meant}`?");
        output(
            &format!("{{% {owner}.{name} %}}"),
            &field(owner, name),
            name,
            &help,
        );
    }
    let error = "UNKNOWN_STATES_FIELD: '$states' has no field 'error' here, so it has no value";
    output(
        "{% $states.error.Cause %}",
        error,
        "error",
        "`$states.errorOutput`",
    );
    for fine in [
        "1 in['a'] or 'a' in['a']",
        "$states.input.a[b = 'c']['a' = d]",
        "$states.input.toUpperCase",
        "($o := {'map': function($x) { $x }}; $o.map(1))",
        "$lookup($states.input, 'a')['' = '']",
        "'$states.context.Execution.id'",
        "$states.context.Execution.Input.id",
        "$states.context.Map.Item.Value & $states.context.Quota",
        "$match($states.input.a, /x['\"]y[\"a\"]/)",
    ] {
        let text = json_text(&format!("{{% {fine} %}}"));
        state(&format!(r#""Type": "Pass", "Output": {text}"#), &[]);
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
fn marks_and_spellings_of_other_languages_are_told() {
    let refused = |name: &str| {
        let name = name.to_owned();
        format!("UNSUPPORTED_JSONATA_EXPRESSION: Reference to '{name}' at the top level is not supported.")
    };
    let syntax = |token: &str| format!("INVALID_JSONATA_EXPRESSION: Syntax error: \"{token}\"");
    output("{% 1; 2 %}", &syntax(";"), ";", "`( …; … )`");
    output(
        "{% $match('a', /a/g) %}",
        "INVALID_JSONATA_EXPRESSION: Expected \")\", got \"g\"",
        "g",
        "`i` and `m`",
    );
    let empty = "INVALID_JSONATA_EXPRESSION: Empty regular expressions are not allowed";
    output("{% // all\n 1 %}", empty, "/", "`/* … */`");
    let open = "INVALID_JSONATA_EXPRESSION: No terminating / in regular expression";
    output("{% 1 // all\n %}", open, "/ all", "`/* … */`");
    output("{% {a: 1} %}", &refused("a"), "a", "`'a': …`");
    output("{% {'a': 1, b : 2} %}", &refused("b"), "b", "`'b': …`");
    output(
        "{% true ? a : 1 %}",
        &refused("a"),
        "a",
        "`$states.input.a` for a field",
    );
    output(
        "{% \u{201c}a\u{201d} %}",
        &refused("\u{201c}a\u{201d}"),
        "\u{201c}a\u{201d}",
        "straight quotes",
    );
    output(
        "{% $states.input.due-date %}",
        &refused("date"),
        "date",
        "`` `due-date` ``",
    );
    output(
        "{% $states.input.due - date %}",
        &refused("date"),
        "date",
        "write `$states.input.date`",
    );
}

#[test]
fn an_expression_without_quotes_in_yaml_is_told() {
    let text = "QueryLanguage: JSONata\nStartAt: A\nStates:\n  A: {Type: Succeed, Output: 1}\n  B:\n    Output: {% 1 %}\n";
    let source = crate::asl::Source {
        name: "test",
        text,
        format: crate::asl::Format::Yaml,
    };
    let report = crate::asl::check(&source, &crate::asl::Options::default());
    let help = report.diagnostics[0].help.as_deref();
    assert!(
        help.is_some_and(|help| help.contains("in quotes")),
        "{:#?}",
        report.diagnostics
    );
}
