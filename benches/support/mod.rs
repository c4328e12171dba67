//! What the benchmarks share: the workloads, the engine as a contender, its rivals, and series that
//! grow.

#![allow(dead_code)]

pub(crate) mod computed;
pub(crate) mod contenders;
#[path = "../../tests/support/definitions.rs"]
pub(crate) mod definitions;
pub(crate) mod engine;
pub(crate) mod orders;
pub(crate) mod rivals;
pub(crate) mod series;

use std::path::{Path, PathBuf};

/// A definition with its events and the outputs it must give.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) definition: String,
    pub(crate) events: Vec<Vec<u8>>,
    pub(crate) expected: Vec<serde_json::Value>,
    /// What tasks answer, by state.
    pub(crate) tasks: Vec<(String, String)>,
}

/// The workloads, in the order of the tables in `perf/`.
pub(crate) const NAMES: [&str; 8] = ["w1", "w2", "w3", "w3b", "w4", "w1j", "w2j", "w4j"];

/// Loads one of [`NAMES`]; `None`, and a word about it, when the shared folder is absent.
pub(crate) fn load(name: &'static str) -> Option<Workload> {
    if name == "w4" {
        return Some(orders::fulfillment());
    }
    let folder = shared();
    if !folder.join("orders.ndjson").is_file() {
        println!("{name}: SKIPPED: no shared workloads at {}", folder.display());
        println!(
            "  they belong at ../shared/workloads; STEPSTREAM_SHARED names another folder for ../shared"
        );
        return None;
    }
    let definition = text(&folder.join(format!("{name}.asl.json")));
    let events = lines(&text(&folder.join("orders.ndjson")));
    let expected = match name {
        // Identity: what comes out is what went in.
        "w3" => events.clone(),
        // The same in JSONata.
        "w1j" => lines(&text(&folder.join("expected.w1.ndjson"))),
        "w2j" => lines(&text(&folder.join("expected.w2.ndjson"))),
        _ => lines(&text(&folder.join(format!("expected.{name}.ndjson")))),
    };
    let expected = expected
        .iter()
        .map(|line| serde_json::from_slice(line).expect("reference output"));
    Some(Workload {
        name,
        definition,
        expected: expected.collect(),
        events,
        tasks: Vec::new(),
    })
}

/// Returns the folder of the shared workloads; `STEPSTREAM_SHARED` says where it is elsewhere.
fn shared() -> PathBuf {
    let root = std::env::var_os("STEPSTREAM_SHARED").map(PathBuf::from);
    root.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"))
        .join("workloads")
}

fn text(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn lines(text: &str) -> Vec<Vec<u8>> {
    let lines = text.split('\n').filter(|line| !line.is_empty());
    lines.map(|line| line.as_bytes().to_vec()).collect()
}

/// Fails unless the contender gives the reference output for every event.
pub(crate) fn check(workload: &Workload, who: &str, run: &mut dyn FnMut(&[u8], &mut Vec<u8>)) {
    let mut out = Vec::new();
    for (event, expected) in workload.events.iter().zip(&workload.expected) {
        out.clear();
        run(event, &mut out);
        let output: serde_json::Value = serde_json::from_slice(&out).expect("output is JSON");
        assert_eq!(&output, expected, "{who} on {}", workload.name);
    }
}

/// Returns the median.
pub(crate) fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
