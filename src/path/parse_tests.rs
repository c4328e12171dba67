//! What is a path and what is not.

use super::{Filter, Function, Operand, Operator, Path, Root, Step, parse};

fn key(name: &str) -> Step {
    Step::Key(name.to_owned())
}

fn input(steps: &[Step]) -> (Root, Vec<Step>) {
    (Root::Input, steps.to_vec())
}

fn context(steps: &[Step]) -> (Root, Vec<Step>) {
    (Root::Context, steps.to_vec())
}

fn variable(name: &str, steps: &[Step]) -> (Root, Vec<Step>) {
    (Root::Variable(name.to_owned()), steps.to_vec())
}

fn slice(start: Option<i64>, end: Option<i64>) -> Step {
    Step::Slice {
        start,
        end,
        step: None,
    }
}

#[test]
fn accepts() {
    let keys = |names: &[&str]| Step::Keys(names.iter().map(|name| name.to_string()).collect());
    let cases = [
        ("$", input(&[])),
        ("$  ", input(&[])),
        ("$$", context(&[])),
        ("$.a.b", input(&[key("a"), key("b")])),
        ("$['a b']", input(&[key("a b")])),
        ("$[ \"a\" ]", input(&[key("a")])),
        ("$[0]", input(&[Step::Index(0)])),
        ("$[-1]", input(&[Step::Index(-1)])),
        ("$.[0].State", input(&[Step::Index(0), key("State")])),
        ("$.a[*]", input(&[key("a"), Step::Wildcard])),
        ("$.*", input(&[Step::Wildcard])),
        ("$[*][*]", input(&[Step::Wildcard, Step::Wildcard])),
        ("$..x", input(&[Step::Descend, key("x")])),
        ("$..[0]", input(&[Step::Descend, Step::Index(0)])),
        ("$..*", input(&[Step::Descend, Step::Wildcard])),
        ("$[1:]", input(&[slice(Some(1), None)])),
        ("$[:-2]", input(&[slice(None, Some(-2))])),
        ("$[1 : 5]", input(&[slice(Some(1), Some(5))])),
        (
            "$[1:5:2]",
            input(&[Step::Slice {
                start: Some(1),
                end: Some(5),
                step: Some(2),
            }]),
        ),
        ("$[0, 2]", input(&[Step::Indices(vec![0, 2])])),
        (
            "$.[*].['bucket', 'key']",
            input(&[Step::Wildcard, keys(&["bucket", "key"])]),
        ),
        (
            "$.a.length()",
            input(&[key("a"), Step::Function(Function::Length)]),
        ),
        (
            "$$.Execution.Input.input-value",
            context(&[key("Execution"), key("Input"), key("input-value")]),
        ),
        ("$$['Map']", context(&[key("Map")])),
        ("$name", variable("name", &[])),
        ("$name.x[0]", variable("name", &[key("x"), Step::Index(0)])),
        ("$größe_2.x", variable("größe_2", &[key("x")])),
        ("$.größe", input(&[key("größe")])),
        ("$.delivery-partner", input(&[key("delivery-partner")])),
        ("$.xs:id", input(&[key("xs:id")])),
        (r#"$['Test\""Name"']"#, input(&[key(r#"Test\""Name""#)])),
        (r"$['a\'b\n\\']", input(&[key(r"a'b\n\\")])),
        (r#"$["a\"b'"]"#, input(&[key("a\"b'")])),
    ];
    for (text, (root, steps)) in cases {
        assert_eq!(
            parse(text),
            Ok(Path {
                text: text.trim_end().to_owned(),
                root,
                steps
            }),
            "{text}"
        );
    }
}

#[test]
fn refuses() {
    let cases = [
        "",
        " ",
        "foo",
        " $",
        "bug$.a",
        "$.",
        "$.a.",
        "$..",
        "$...a",
        "$a.",
        "$[",
        "$[]",
        "$[a]",
        "$['a]",
        "$['a'",
        "$['a',]",
        "$['a' 'b']",
        "$[1,]",
        "$[,1]",
        "$[:]",
        "$[::]",
        "$[-]",
        "$[99999999999]",
        "$[1",
        "$[*",
        "$.a b",
        "$.a]",
        "$.a)",
        "$.a,b",
        "$.a*",
        "$.a.nope()",
        "$.a.length(",
        "$.a.length(1)",
        "$$23",
        "$$a",
        "$$$",
        "$1",
        "$_a",
        "$-a",
        "$ a",
        "$.a[?]",
        "$[?()]",
        "$[?(@)",
        "$[?(@.a ==)]",
        "$[?(@.a = 1)]",
        "$[?(1)]",
        "$[?(@.a == 1]",
        "$[?(@.a == 1) ",
        "$[?(@.a =~ /x)]",
        "$[?(@.a =~ /x/g)]",
        "$[?(@.a like 'x')]",
        "$[?(@.a in [1)]",
        "$[?(@.a in [1,])]",
        "$[?(@.a == {1})]",
        "$[?(@.a =~ /(/)]",
        "$[?(@.a &&)]",
        "$['\\",
        "$.\u{0}",
    ];
    for text in cases {
        let error = parse(text).expect_err(text);
        assert!(
            error.offset <= text.len() && !error.message.is_empty(),
            "{text}: {error:?}"
        );
    }
}

fn operand(text: &str) -> Operand {
    let path = |rest: &str| {
        let mut path = parse(&format!("${rest}")).unwrap();
        path.text = text.to_owned();
        path
    };
    match text.chars().next() {
        Some('@') => Operand::Element(path(&text[1..])),
        Some('$') => Operand::Document(path(&text[1..])),
        _ => Operand::Json(text.to_owned()),
    }
}

fn compare(left: &str, operator: Operator, right: &str) -> Filter {
    Filter::Compare {
        left: operand(left),
        operator,
        right: operand(right),
    }
}

fn exists(text: &str) -> Filter {
    match operand(text) {
        Operand::Element(path) => Filter::Exists(path),
        Operand::Document(path) => Filter::ExistsInDocument(path),
        other => panic!("{other:?}"),
    }
}

fn not(filter: Filter) -> Filter {
    Filter::Not(Box::new(filter))
}

#[test]
fn accepts_filters() {
    use Operator::*;
    let one = || compare("@.a", Equal, "1");
    let regex = |ignore_case| Filter::Compare {
        left: operand("@.a"),
        operator: Matches,
        right: Operand::Regex {
            pattern: r"a/\d".to_owned(),
            ignore_case,
        },
    };
    let cases = [
        ("(@.a == 1)", one()),
        ("( @.a==1 )", one()),
        (" ((@.a==1))", one()),
        ("(@.a)", exists("@.a")),
        ("(!@.a)", not(exists("@.a"))),
        ("($.a)", exists("$.a")),
        ("(@)", exists("@")),
        ("(@['a b'].c)", exists("@['a b'].c")),
        ("(!(@.a==1))", not(one())),
        ("(1 == @.a)", compare("1", Equal, "@.a")),
        ("(@.a != 'x\"y')", compare("@.a", NotEqual, r#""x\"y""#)),
        ("(@.a === \"x\")", compare("@.a", SameType, r#""x""#)),
        ("(@.a!==null)", compare("@.a", NotSameType, "null")),
        ("(@.a>=-1.5e3)", compare("@.a", GreaterEqual, "-1.5e3")),
        ("(@.a < $.max)", compare("@.a", Less, "$.max")),
        ("(@.a==es)", compare("@.a", Equal, r#""es""#)),
        ("(@.a==007)", compare("@.a", Equal, r#""007""#)),
        ("(@.a=~/a\\/\\d/)", regex(false)),
        ("(@.a =~ /a\\/\\d/i)", regex(true)),
        ("(@.a in ['x', \"y\"])", compare("@.a", In, r#"["x", "y"]"#)),
        ("(@.a nin [1])", compare("@.a", NotIn, "[1]")),
        ("(@.a subsetof [1])", compare("@.a", SubsetOf, "[1]")),
        ("(@.a ANYOF [1])", compare("@.a", AnyOf, "[1]")),
        ("(@.a noneof [1])", compare("@.a", NoneOf, "[1]")),
        ("(@.a size 2)", compare("@.a", Size, "2")),
        ("(@.a empty false)", compare("@.a", Empty, "false")),
        ("(@.a contains 'x')", compare("@.a", Contains, r#""x""#)),
        ("(@.a all [1])", compare("@.a", All, "[1]")),
        (
            "(@.a == {'b': [1, '}']})",
            compare("@.a", Equal, r#"{"b": [1, "}"]}"#),
        ),
        ("(@.a.length() > 1)", compare("@.a.length()", Greater, "1")),
        ("(@.a[?(@.b)])", exists("@.a[?(@.b)]")),
        (
            "(@.a==1 || @.b && !@.c)",
            Filter::Or(vec![one(), Filter::And(vec![exists("@.b"), not(exists("@.c"))])]),
        ),
        (
            "((@.a==1||@.b)&&@.c)",
            Filter::And(vec![Filter::Or(vec![one(), exists("@.b")]), exists("@.c")]),
        ),
    ];
    for (text, filter) in cases {
        let path = parse(&format!("$[?{text}]")).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        assert_eq!(path.steps, [Step::Filter(filter)], "{text}");
    }
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| format!("$[?{}@.a{}]", "(".repeat(depth), ")".repeat(depth));
    assert!(parse(&nested(super::NESTING_MAX)).is_ok());
    assert!(parse(&nested(super::NESTING_MAX + 1)).is_err());
    for hostile in [
        "$[?(@",
        "$[?(!",
        "$[?((",
        "$[?(@[",
        "$[?(@.a in [",
        "$.a",
        "$[0]",
        "$..",
    ] {
        let text = hostile.repeat(2_000);
        let _never_panics = parse(&text);
    }
    let _never_panics = parse(&format!("$[?{}", "(!".repeat(2_000)));
}

#[test]
fn definite_and_reference() {
    let cases = [
        ("$", true, true),
        ("$.a[0]['b']", true, true),
        ("$.a.length()", true, false),
        ("$['a','b']", true, false),
        ("$['a','b'].c", false, false),
        ("$..a.sum()", true, false),
        ("$.a[*].length()", false, false),
        ("$[*]", false, false),
        ("$[0,1]", false, false),
        ("$[1:]", false, false),
        ("$..a", false, false),
        ("$[?(@.a)]", false, false),
    ];
    for (text, definite, reference) in cases {
        let path = parse(text).unwrap();
        assert_eq!(
            (path.is_definite(), path.is_reference()),
            (definite, reference),
            "{text}"
        );
    }
}
