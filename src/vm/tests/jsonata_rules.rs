//! Choice in JSONata: what rules share of their state, as copies and as code that each runs.

use super::jsonata::{jsonata, pass};
use super::*;

/// Rules with and without `Output` and `Assign` of their own, and beside them a constant of so many bytes.
fn choice(bytes: usize) -> String {
    let filler = "x".repeat(bytes);
    let rules = [
        r#""Output":{"own":"{% $states.input.n %}"},"Assign":{"w":"{% $v + 10 %}"}"#,
        r#""Output":{"own":"{% $states.input.n %}"}"#,
        r#""Assign":{"w":"{% $v + 20 %}"}"#,
        r#""Comment":"all is shared""#,
        r#""Comment":"this, too""#,
    ];
    let rules: Vec<String> = (1..)
        .zip(rules)
        .map(|(n, fields)| {
            format!(r#"{{"Condition":"{{% $states.input.n = {n} %}}","Next":"R{n}",{fields}}}"#)
        })
        .collect();
    let ends: Vec<String> = (0..=rules.len())
        .map(|n| {
            let output = "{% [$v, $w, $states.input.shared, $states.input.own] %}";
            jsonata(
                &format!("R{n}"),
                &format!(r#""Type":"Pass","Output":["R{n}","{output}"],"End":true"#),
            )
        })
        .collect();
    let before = jsonata("A", r#""Type":"Pass","Assign":{"v":1,"w":2},"Next":"C""#);
    let choice = jsonata(
        "C",
        &format!(
            r#""Type":"Choice","Choices":[{}],"Default":"R0","Assign":{{"v":"{{% $v + $w %}}","f":"{filler}","w":"{{% $w * 2 %}}"}},
            "Output":{{"shared":"{{% $v * 100 + $states.input.n %}}","filler":"{filler}"}}"#,
            rules.join(",")
        ),
    );
    format!("{before},{choice},{}", ends.join(","))
}

#[test]
fn rules_share_what_the_state_has() {
    let outputs = [
        (1, r#"["R1",[1,11,1]]"#),
        (2, r#"["R2",[3,4,2]]"#),
        (3, r#"["R3",[1,21,103]]"#),
        (4, r#"["R4",[3,4,104]]"#),
        (5, r#"["R5",[3,4,105]]"#),
        (6, r#"["R0",[3,4,106]]"#),
    ];
    for bytes in [1, 10_000] {
        let states = choice(bytes);
        for (n, output) in outputs {
            for level in [Level::All, Level::Off] {
                let input = format!(r#"{{"n":{n}}}"#);
                let mut player = start_with("A", &states, &input, level);
                player.succeeds(output);
                // It stops wherever it may, and goes on there.
                player.restart(&input, level);
                player.run.set_compaction_floor(0);
                while {
                    player.run.grant(Work::of(1));
                    player.go_with(1) == Status::Running
                } {}
                player.has_output(output);
            }
        }
    }
}

#[test]
fn code_that_rules_share_is_there_once() {
    for (bytes, parts) in [(1, 0), (10_000, 2)] {
        assert_eq!(start("A", &choice(bytes), "{}").program.rejoins.len(), parts);
    }
    // 1,000 rules with 1,000 expressions: a million copies.
    let fields: Vec<String> = (0..1_000)
        .map(|field| format!(r#""{field}":"{{% {field} + 1 %}}""#))
        .collect();
    let rules = vec![r#"{"Condition":"{% $states.input %}","Next":"A"}"#; 1_000];
    let states = format!(
        r#""C":{{"Type":"Choice","QueryLanguage":"JSONata","Choices":[{}],"Output":{{{}}},"Assign":{{{}}}}},{}"#,
        rules.join(","),
        fields.join(","),
        fields
            .iter()
            .map(|field| field.replacen('"', "\"v", 1))
            .collect::<Vec<_>>()
            .join(","),
        pass("1")
    );
    let player = start("C", &states, "true");
    assert!(
        player.program.code.len() < 20_000,
        "{}",
        player.program.code.len()
    );
    assert_eq!(player.program.expressions.len(), 1_000 + 1_000 + 1_000 + 1);
    assert_eq!(player.program.assigns.len(), 1);
}
