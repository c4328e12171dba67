//! Laws of [`check`]: it never panics, its places are in the text, and its answer does not depend on the
//! format.

use proptest::prelude::*;

use super::{Format, MachineType, Options, Report, Source, check};

/// A definition with most of the language in it.
const DEFINITION: &str = r#"{
  "StartAt": "A", "TimeoutSeconds": 5, "Version": "1.0",
  "States": {
    "A": {"Type": "Choice", "Choices": [{"And": [{"Variable": "$.a", "IsPresent": true},
      {"Not": {"Variable": "$$.x", "TimestampEquals": "2030-01-01T00:00:00Z"}}], "Next": "B"}], "Default": "M"},
    "B": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Next": "W",
      "Parameters": {"FunctionName": "f", "Payload.$": "States.Format('{}', $.a)"},
      "Retry": [{"ErrorEquals": ["States.ALL"], "BackoffRate": 1.5}],
      "Catch": [{"ErrorEquals": ["E"], "Next": "W", "ResultPath": "$.e"}]},
    "M": {"Type": "Map", "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}},
      "ItemSelector": {"i.$": "$$.Map.Item.Index"}, "MaxConcurrency": 2, "Next": "P"},
    "P": {"Type": "Parallel", "Branches": [{"StartAt": "F", "States": {"F": {"Type": "Fail"}}}], "End": true},
    "W": {"Type": "Wait", "Seconds": 1, "End": true}
  }
}"#;

fn run(text: &str, format: Format, machine_type: MachineType) -> Report {
    check(
        &Source {
            name: "test",
            text,
            format,
        },
        &Options {
            machine_type,
            ..Options::default()
        },
    )
}

/// Checks a text in both formats and for both types, and the places of what is found.
fn survives(text: &str) {
    for format in [Format::Json, Format::Yaml] {
        for machine_type in [MachineType::Express, MachineType::Standard] {
            let report = run(text, format, machine_type);
            for found in report.diagnostics.iter().take(50) {
                assert!(text.get(found.span.clone()).is_some(), "{text:?}: {found:?}");
                assert!(found.line >= 1 && found.column >= 1);
                #[cfg(feature = "render")]
                super::render::render(
                    &Source {
                        name: "test",
                        text,
                        format,
                    },
                    found,
                    true,
                );
            }
            let runs = report.machine.is_some();
            assert!(
                runs != report.has_errors() || machine_type == MachineType::Standard && !runs,
                "{text:?}"
            );
            report.aws_message();
        }
    }
}

/// Pieces of definitions, right and wrong.
fn piece() -> impl Strategy<Value = String> {
    let pieces = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "'",
        "\\",
        "//",
        "/*",
        "*/",
        "#",
        "\n",
        " ",
        "\t",
        "- ",
        "&a ",
        "*a",
        "!Sub ",
        "---\n",
        "|\n",
        "null",
        "true",
        "-1",
        "1e9",
        "007",
        "${N}",
        "${",
        "é",
        "\u{1F600}",
        "\u{feff}",
        "\"States\"",
        "\"StartAt\"",
        "\"Type\"",
        "\"Pass\"",
        "\"Next\"",
        "\"$.a\"",
        "States: ",
        "Type: Pass\n",
    ];
    prop_oneof![4 => prop::sample::select(pieces.to_vec()).prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics(pieces in prop::collection::vec(piece(), 0..60)) {
        survives(&pieces.concat());
    }

    #[test]
    fn no_damage_panics(at in 0..DEFINITION.len(), length in 0..40usize, put in prop::collection::vec(piece(), 0..4)) {
        let end = (at + length).min(DEFINITION.len());
        survives(&format!("{}{}{}", &DEFINITION[..at], put.concat(), &DEFINITION[end..]));
    }
}

#[test]
fn json_is_yaml() {
    let (json, yaml) = (
        run(DEFINITION, Format::Json, MachineType::Express),
        run(DEFINITION, Format::Yaml, MachineType::Express),
    );
    assert_eq!((json.diagnostics, yaml.diagnostics), (vec![], vec![]));
    assert_eq!(format!("{:?}", json.machine), format!("{:?}", yaml.machine));
}

#[test]
fn deep_and_wide_texts_are_survived() {
    for piece in [
        "[",
        "{\"a\":",
        "{\"States\":{\"A\":{\"Branches\":[",
        "- ",
        "{a: ",
        "\"",
        "${",
        "[&a *a,",
        "!!",
    ] {
        survives(&piece.repeat(3_000));
    }
    let many = |count: usize, state: &dyn Fn(usize) -> String| {
        let states: Vec<String> = (0..count).map(|n| format!("\"s{n}\": {}", state(n))).collect();
        format!("{{\"StartAt\": \"s0\", \"States\": {{{}}}}}", states.join(","))
    };
    let chain = many(5_000, &|n| {
        format!("{{\"Type\": \"Pass\", \"Next\": \"s{}\"}}", n + 1)
    });
    survives(&chain);
    survives(&many(5_000, &|n| {
        format!("{{\"Typ\": \"Pas\", \"Next\": \"t{n}\"}}")
    }));
}
