//! Runs arbitrary, mostly valid definitions in an arbitrary world.
//!
//! Besides panics: the outcome and the last event id are the same with all events and with none (chains
//! of Pass states are taken at once only then), interrupted after each state or not, with the heap
//! compacted at every state's end, compiled for tracing, and in used memory; see `world` for the rest.
#![no_main]

use arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use stepstream::asl::{Format, Options, Source, check};
use stepstream::compile;
use stepstream::vm::{Level, Run};
use stepstream_fuzz::definition::definition;
use stepstream_fuzz::json;
use stepstream_fuzz::world::{Manner, acts, play};

fuzz_target!(|data: &[u8]| {
    let mut u = Unstructured::new(data);
    let (Ok(text), Ok(input), Ok(acts)) = (definition(&mut u), json::input(&mut u), acts(&mut u)) else {
        return;
    };
    let source = Source { name: "", text: &text, format: Format::Json };
    let report = check(&source, &Options::default());
    let Some(machine) = report.machine else {
        if std::env::var_os("SHOW_REFUSED").is_some() {
            eprintln!("{:?}\n{text}", report.diagnostics);
        }
        return;
    };
    if std::env::var_os("SHOW").is_some() {
        eprintln!("{text}\n{input}");
    }
    let program = compile::compile(&machine);
    let traced = compile::compile_with(&machine, compile::Options { trace: true });
    let mut run = Run::new();
    let manner = |level| Manner { level, fuel: u64::MAX };
    let expected = play(&mut run, &program, &input, &acts, manner(Level::All));
    if std::env::var_os("SHOW").is_some() {
        eprintln!("{expected:?}");
    }
    let mut compacted = Run::new();
    compacted.set_compaction_floor(0);
    let plays = [
        ("no events", play(&mut run, &program, &input, &acts, manner(Level::Off))),
        ("some events", play(&mut run, &program, &input, &acts, manner(Level::Error))),
        ("one state at a time", play(&mut run, &program, &input, &acts, Manner { level: Level::Off, fuel: 1 })),
        ("compacted", play(&mut compacted, &program, &input, &acts, manner(Level::All))),
        ("compacted, no events", play(&mut compacted, &program, &input, &acts, manner(Level::Off))),
        ("traced", play(&mut run, &traced, &input, &acts, manner(Level::Off))),
    ];
    let Some(expected) = expected else { return };
    for (how, played) in plays {
        assert_eq!(played.as_ref(), Some(&expected), "{how}\n{text}\n{input}");
    }
});
