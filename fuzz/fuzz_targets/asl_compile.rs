//! Checks arbitrary texts as JSON and as YAML definitions, compiles what is accepted.
//!
//! Besides panics: every diagnostic stands in the text, at the line and column its span says, and can be
//! shown.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::collections::BTreeMap;
use stepstream::asl::{Diagnostic, Format, MachineType, Options, Source, check, render};
use stepstream::compile;

fuzz_target!(|text: &str| {
    for format in [Format::Json, Format::Yaml] {
        for machine_type in [MachineType::Express, MachineType::Standard] {
            let substitutions = BTreeMap::from([("Name".into(), "a\"b".into())]);
            let options = Options {
                machine_type,
                substitutions,
            };
            let source = Source {
                name: "f",
                text,
                format,
            };
            let report = check(&source, &options);
            for diagnostic in &report.diagnostics {
                check_place(text, diagnostic);
            }
            if let Some(diagnostic) = report.diagnostics.first() {
                render::render(&source, diagnostic, false);
            }
            assert_eq!(report.aws_message().is_some(), report.has_errors());
            let Some(machine) = report.machine else { continue };
            for trace in [false, true] {
                let program = compile::compile_with(&machine, compile::Options { trace });
                assert!(!program.to_string().is_empty());
            }
        }
    }
});

fn check_place(text: &str, diagnostic: &Diagnostic) {
    let span = &diagnostic.span;
    let before = text.get(..span.start).unwrap_or_else(|| panic!("{diagnostic:?}"));
    assert!(text.get(span.clone()).is_some(), "{diagnostic:?}");
    let lines = before.matches('\n').count() + 1;
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before[line_start..].chars().count() + 1;
    assert_eq!(
        (diagnostic.line, diagnostic.column),
        (lines, column),
        "{diagnostic:?}"
    );
}
