//! Who runs on which workload: the engine first, its rivals, and indexing alone.

use super::engine::Engine;
use super::{Workload, check, computed, load, rivals};
use std::hint::black_box;

/// A name, and what turns an event's bytes into output bytes.
pub(crate) type Contender = (&'static str, Box<dyn FnMut(&[u8], &mut Vec<u8>)>);

/// Returns the contenders of a workload; the output of each that writes one has been checked.
pub(crate) fn contenders(workload: &Workload) -> Vec<Contender> {
    let mut engine = Engine::new(&workload.definition).answering(&workload.tasks);
    let mut contenders: Vec<Contender> = vec![("engine", Box::new(move |event, out| engine.run(event, out)))];
    contenders.extend(by_hand(workload.name));
    for (who, run) in &mut contenders {
        check(workload, who, run);
    }
    contenders.extend(indexing());
    contenders
}

/// The same work by hand.
fn by_hand(workload: &str) -> Vec<Contender> {
    let lazy = rivals::SonicLazy::new();
    match workload {
        "w1" => {
            let (mut index, mut tape) = (rivals::ByHand::new(), rivals::Tape::new());
            vec![
                ("sonic lazy", Box::new(move |event, out| lazy.w1(event, out))),
                ("sonic typed", Box::new(rivals::typed_w1)),
                ("simd-json tape", Box::new(move |event, out| tape.w1(event, out))),
                (
                    "by hand, own index",
                    Box::new(move |event, out| index.w1(event, out)),
                ),
            ]
        }
        "w2" => vec![
            ("sonic lazy", Box::new(move |event, out| lazy.w2(event, out))),
            ("sonic typed", Box::new(rivals::typed_w2)),
        ],
        // What is in JSONata beside the same in JSONPath.
        "w1j" => in_json_path("w1", "W1, the same in JSONPath"),
        "w2j" => in_json_path("w2", "W2, the same in JSONPath"),
        "w4j" => vec![("sonic typed", Box::new(computed::typed_w4j))],
        "w3" => vec![("sonic lazy", Box::new(move |event, out| lazy.w3(event, out)))],
        "w3b" => vec![("sonic lazy", Box::new(move |event, out| lazy.w3b(event, out)))],
        _ => Vec::new(),
    }
}

fn in_json_path(name: &'static str, who: &'static str) -> Vec<Contender> {
    let Some(workload) = load(name) else {
        return Vec::new();
    };
    let mut engine = Engine::new(&workload.definition);
    vec![(who, Box::new(move |event, out| engine.run(event, out)))]
}

/// What every engine has to do at least.
fn indexing() -> [Contender; 2] {
    let (mut index, mut tape) = (rivals::ByHand::new(), rivals::Tape::new());
    [
        (
            "index alone",
            Box::new(move |event, _| {
                black_box(index.index(event));
            }),
        ),
        (
            "simd-json fill_tape",
            Box::new(move |event, _| {
                tape.fill(event, |tape| {
                    black_box(tape.as_value());
                });
            }),
        ),
    ]
}
