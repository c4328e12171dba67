//! How loading grows: checking and compiling a definition, up to the limits that a definition has.
//!
//! What is loaded is counted in every build; how long it takes is compared in release builds, where the
//! time for four times as much may be a little more than four times as long.

use crate::definitions::{chain, choice, writes};
use std::fmt::Write;
use std::time::Duration;
use stepstream::asl::{self, Format, Report};
use stepstream::compile::compile;

/// How much longer than the ideal four times as much may take.
const TIME_MARGIN: f64 = 2.5;

/// The longest that loading may take, whatever stands in the definition.
const TIME_MAX: Duration = Duration::from_secs(5);

fn load(text: &str, format: Format) -> (Duration, Report) {
    let name = "definition";
    let source = asl::Source { name, text, format };
    let mut report = Report::default();
    let took = crate::cpu::time(|| {
        report = asl::check(&source, &asl::Options::default());
        if let Some(machine) = &report.machine {
            std::hint::black_box(compile(machine));
        }
    });
    (took, report)
}

/// Joins what `part` returns for so many numbers.
fn list(count: usize, part: impl Fn(usize) -> String) -> String {
    (0..count).map(part).collect::<Vec<_>>().join(",")
}

fn one_state(state: &str) -> String {
    format!(r#"{{"StartAt":"A","States":{{"A":{{{state}}},"B":{{"Type":"Succeed"}}}}}}"#)
}

fn states(count: usize, state: impl Fn(usize) -> String) -> String {
    let states = list(count, |at| format!(r#""S{at}":{{{}}}"#, state(at)));
    format!(r#"{{"StartAt":"S0","States":{{{states},"S{count}":{{"Type":"Succeed"}}}}}}"#)
}

const TASK: &str =
    r#""Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f"}"#;

/// A chain in YAML, one state after another.
fn yaml(count: usize) -> String {
    let mut out = "StartAt: S0\nStates:\n".to_owned();
    for at in 0..count {
        let next = at + 1;
        let _ = write!(
            out,
            "  S{at}:\n    Type: Pass\n    Parameters: {{n.$: $.n}}\n    Next: S{next}\n"
        );
    }
    out + &format!("  S{count}:\n    Type: Succeed\n")
}

/// Loads what `shape` makes of a number and of four times as much.
fn check(name: &str, large: usize, is_accepted: bool, shape: impl Fn(usize) -> String) {
    let format = if name.contains("YAML") {
        Format::Yaml
    } else {
        Format::Json
    };
    let texts = [shape(large / 4), shape(large)];
    if cfg!(debug_assertions) {
        let (_, report) = load(&texts[1], format);
        let first = report.diagnostics.first();
        assert_eq!(report.machine.is_some(), is_accepted, "{name}: {first:?}");
        return;
    }
    let [small, large] = [0, 1].map(|index: usize| {
        let text = &texts[index];
        move || load(text, format).0
    });
    let times = crate::cpu::compare(4.0, TIME_MARGIN, Duration::from_millis(1), small, large);
    let crate::cpu::Times { small, large, ratio } = times;
    println!(
        "{name}: {small:?}, {large:?}, {ratio:.2} ({} bytes)",
        texts[1].len()
    );
    assert!(
        ratio < TIME_MARGIN && large < TIME_MAX,
        "{name}: {large:?} is {ratio:.1} x 4 x {small:?}"
    );
}

#[test]
fn loading_is_linear_up_to_the_limits() {
    let pass = r#""Type":"Pass""#;
    check("states", 10_000, true, chain);
    check("states in YAML", 10_000, true, yaml);
    check("constants at places", 10_000, true, writes);
    check("rules", 6_000, true, choice);
    check("variables", 65_540, true, |count| {
        one_state(&format!(
            r#"{pass},"Assign":{{{}}},"Next":"B""#,
            list(count, |at| format!(r#""v{at}":1"#))
        ))
    });
    check("variables of states", 10_000, true, |count| {
        states(count, |at| {
            let next = at + 1;
            format!(r#"{pass},"Assign":{{"v{at}":1,"w":2}},"Next":"S{next}""#)
        })
    });
    check("variables that are read", 20_000, true, |count| {
        let assigned = list(count, |at| format!(r#""v{at}":1"#));
        let read = list(count, |at| format!(r#""p{at}.$":"$v{at}""#));
        format!(
            r#"{{"StartAt":"A","States":{{"A":{{{pass},"Assign":{{{assigned}}},"Next":"B"}},
            "B":{{{pass},"Parameters":{{{read}}},"End":true}}}}}}"#
        )
    });
    check("members of a template", 40_000, true, |count| {
        let members = list(count, |at| format!(r#""p{at}.$":"$.a{at}""#));
        one_state(&format!(r#"{pass},"Parameters":{{{members}}},"Next":"B""#))
    });
    check("branches", 10_000, true, |count| {
        let branch =
            |at| format!(r#"{{"StartAt":"P{at}","States":{{"P{at}":{{"Type":"Pass","End":true}}}}}}"#);
        let branches = list(count, branch);
        one_state(&format!(
            r#""Type":"Parallel","Branches":[{branches}],"Next":"B""#
        ))
    });
    check("catchers", 10_000, true, |count| {
        let catcher = |at| format!(r#"{{"ErrorEquals":["E{at}"],"Next":"B"}}"#);
        one_state(&format!(
            r#"{TASK},"Catch":[{}],"Next":"B""#,
            list(count, catcher)
        ))
    });
    check("retriers", 10_000, true, |count| {
        let retrier = |at| format!(r#"{{"ErrorEquals":["E{at}","F{at}"]}}"#);
        one_state(&format!(
            r#"{TASK},"Retry":[{}],"Next":"B""#,
            list(count, retrier)
        ))
    });
    check("a long text", 1_000_000, true, |count| {
        one_state(&format!(
            r#"{pass},"Result":"{}","Next":"B""#,
            "\\n".repeat(count / 2)
        ))
    });
    check("a long path", 200_000, true, |count| {
        one_state(&format!(
            r#"{pass},"InputPath":"${}","Next":"B""#,
            ".a".repeat(count)
        ))
    });
    check("a long call", 100_000, true, |count| {
        let arguments = list(count, |_| "$.a".to_owned());
        one_state(&format!(
            r#"{pass},"Parameters":{{"p.$":"States.Array({arguments})"}},"Next":"B""#
        ))
    });
}

/// Writes a machine in JSONata with one Pass that leads to the end.
fn pass_in_jsonata(members: &str) -> String {
    let machine = one_state(&format!(r#""Type":"Pass",{members},"Next":"B""#));
    machine.replacen('{', r#"{"QueryLanguage":"JSONata","#, 1)
}

#[test]
fn loading_jsonata_is_linear_up_to_the_limits() {
    check("expressions", 20_000, true, |count| {
        let members = list(count, |at| {
            format!(r#""p{at}":"{{% $states.input.a{at} + 1 %}}""#)
        });
        pass_in_jsonata(&format!(r#""Output":{{{members}}}"#))
    });
    check("a long expression", 40_000, true, |count| {
        let items = list(count, |at| format!("$states.input.a{at}"));
        pass_in_jsonata(&format!(r#""Output":"{{% [{items}] %}}""#))
    });
    check("a long text in an expression", 900_000, true, |count| {
        pass_in_jsonata(&format!(r#""Output":"{{% '{}' %}}""#, "\\\\n".repeat(count / 3)))
    });
    check("variables read in JSONata", 15_000, true, |count| {
        let assigned = list(count, |at| format!(r#""v{at}":"{{% $v{at} %}}""#));
        let items = list(count, |at| format!("$v{at}"));
        pass_in_jsonata(&format!(
            r#""Assign":{{{assigned}}},"Output":"{{% [{items}] %}}""#
        ))
    });
    check("unknown variables", 20_000, true, |count| {
        let members = list(count, |at| format!(r#""p{at}":"{{% $vv{at} %}}""#));
        pass_in_jsonata(&format!(r#""Output":{{{members}}},"Assign":{{"v":1}}"#))
    });
    check("an expression of many variables", 40_000, true, |count| {
        let parts: String = (0..count).map(|at| format!("$v{at} := $w{at};")).collect();
        pass_in_jsonata(&format!(r#""Output":"{{% ({parts} 1) %}}""#))
    });
}

#[test]
fn refusing_jsonata_is_linear_up_to_the_limits() {
    check("names of the document", 15_000, false, |count| {
        let members = list(count, |at| format!(r#""p{at}":"{{% total{at} %}}""#));
        pass_in_jsonata(&format!(r#""Output":{{{members}}}"#))
    });
    check("many names in one expression", 80_000, false, |count| {
        let items = list(count, |at| format!("n{at}"));
        pass_in_jsonata(&format!(r#""Output":"{{% [{items}] %}}""#))
    });
    check("no expressions", 15_000, false, |count| {
        let members = list(count, |at| format!(r#""p{at}":"{{% $states.input == {at} %}}""#));
        pass_in_jsonata(&format!(r#""Output":{{{members}}}"#))
    });
    check("texts that nothing ends", 900_000, false, |count| {
        pass_in_jsonata(&format!(
            r#""Output":"{{% [1,'{} %}}""#,
            "\\\\n".repeat(count / 3)
        ))
    });
    check("texts that look like expressions", 15_000, true, |count| {
        let members = list(count, |at| format!(r#""p{at}":"$states.input.a{at}""#));
        pass_in_jsonata(&format!(r#""Output":{{{members}}}"#))
    });
    check("slashes", 300_000, false, |count| {
        pass_in_jsonata(&format!(r#""Output":"{{% 1 {} %}}""#, "/ (".repeat(count / 3)))
    });
}

/// As many mistakes as there is room for: each is told with its place, and with what was meant.
#[test]
fn refusing_is_linear_up_to_the_limits() {
    let pass = r#""Type":"Pass""#;
    check("targets that are not there", 10_000, false, |count| {
        states(count, |at| format!(r#"{pass},"Next":"T{at}""#))
    });
    check("unknown fields", 10_000, false, |count| {
        states(count, |at| {
            format!(r#"{pass},"Nexxt":"a","Field{at}":1,"Next":"S{}""#, at + 1)
        })
    });
    check("misspelt types", 10_000, false, |count| {
        states(count, |at| format!(r#""Type":"Pas","Next":"S{}""#, at + 1))
    });
    check("names twice", 20_000, false, |count| {
        states(count, |_| format!(r#"{pass},"Next":"S0""#)).replace("\"S1", "\"S0")
    });
    check("no path", 20_000, false, |count| {
        let members = list(count, |at| format!(r#""p{at}.$":"$.a[""#));
        one_state(&format!(r#"{pass},"Parameters":{{{members}}},"Next":"B""#))
    });
    check("substitutions that are not given", 20_000, false, |count| {
        let members = list(count, |at| format!(r#""p{at}":"${{Name{at}}}""#));
        one_state(&format!(r#"{pass},"Result":{{{members}}},"Next":"B""#))
    });
    check("no JSON", 1_000_000, false, |count| "[".repeat(count));
    check("no YAML", 100_000, false, |count| "- ".repeat(count));
}

#[test]
fn what_is_larger_is_refused_by_name() {
    let text = one_state(&format!(
        r#""Type":"Pass","Result":"{}","Next":"B""#,
        "x".repeat(2_000_000)
    ));
    let (_, report) = load(&text, Format::Json);
    assert!(report.machine.is_none());
    let message = &report.diagnostics[0].message;
    assert!(
        report.diagnostics.len() == 1 && message.contains("1048576"),
        "{message}"
    );
}
