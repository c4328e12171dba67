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
use stepstream::program::Program;
use stepstream::vm::{Level, Run};
use stepstream_fuzz::definition::definition;
use stepstream_fuzz::json;
use stepstream_fuzz::world::{Act, Manner, acts, play};

fuzz_target!(|data: &[u8]| {
    let mut u = Unstructured::new(data);
    let Ok(text) = definition(&mut u) else { return };
    let source = Source {
        name: "",
        text: &text,
        format: Format::Json,
    };
    let report = check(&source, &Options::default());
    let Some(machine) = report.machine else {
        if std::env::var_os("SHOW").is_some() {
            eprintln!("{:?}\n{text}", report.diagnostics);
        }
        return;
    };
    let program = compile::compile(&machine);
    let traced = compile::compile_with(&machine, compile::Options { trace: true });
    let mut memory = (Run::new(), Run::new());
    memory.1.set_compaction_floor(0);
    // Checking a definition costs far more than running it.
    for _ in 0..EXECUTIONS {
        let (Ok(input), Ok(acts)) = (json::input(&mut u), acts(&mut u)) else {
            return;
        };
        compare(&text, &program, &traced, &mut memory, &input, &acts);
    }
});

/// Executions of one definition.
const EXECUTIONS: usize = 4;

/// Plays one execution in all manners.
fn compare(
    text: &str,
    program: &Program,
    traced: &Program,
    (run, compacted): &mut (Run, Run),
    input: &str,
    acts: &[Act],
) {
    if std::env::var_os("SHOW").is_some() {
        eprintln!("{text}\n{input}\n{acts:?}");
    }
    let manner = |level| Manner {
        level,
        fuel: u64::MAX,
    };
    let single = Manner {
        level: Level::Off,
        fuel: 1,
    };
    let Some(expected) = play(run, program, input, acts, manner(Level::All)) else {
        return;
    };
    let plays = [
        ("no events", play(run, program, input, acts, manner(Level::Off))),
        (
            "some events",
            play(run, program, input, acts, manner(Level::Error)),
        ),
        ("one state at a time", play(run, program, input, acts, single)),
        (
            "compacted",
            play(compacted, program, input, acts, manner(Level::All)),
        ),
        (
            "compacted, no events",
            play(compacted, program, input, acts, manner(Level::Off)),
        ),
        ("traced", play(run, traced, input, acts, manner(Level::Off))),
    ];
    for (how, played) in plays {
        assert_eq!(played.as_ref(), Some(&expected), "{how}\n{text}\n{input}");
    }
}
