//! What the benchmarks share: the workloads, the engine as a contender, and its rivals.

#![allow(dead_code)]

pub mod engine;
pub mod rivals;

use std::path::PathBuf;

/// A definition with its events and the outputs it must give.
pub struct Workload {
    pub name: &'static str,
    pub definition: String,
    pub events: Vec<Vec<u8>>,
    pub expected: Vec<serde_json::Value>,
}

/// Returns the folder of the shared workloads; `STEPSTREAM_SHARED` says where it is elsewhere.
pub fn shared() -> PathBuf {
    let root = std::env::var_os("STEPSTREAM_SHARED").map(PathBuf::from);
    root.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"))
        .join("workloads")
}

/// Loads W1, W2, W3 or W3b; `None` when the shared folder is absent.
pub fn load(name: &'static str) -> Option<Workload> {
    let folder = shared();
    let definition = std::fs::read_to_string(folder.join(format!("{name}.asl.json"))).ok()?;
    let events = lines(&std::fs::read(folder.join("orders.ndjson")).ok()?);
    let expected = std::fs::read(folder.join(format!("expected.{name}.ndjson"))).map(|text| lines(&text));
    let expected = expected.unwrap_or_else(|_| events.clone());
    let expected = expected
        .iter()
        .map(|line| serde_json::from_slice(line).expect("reference output"))
        .collect();
    Some(Workload {
        name,
        definition,
        events,
        expected,
    })
}

fn lines(text: &[u8]) -> Vec<Vec<u8>> {
    text.split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(<[u8]>::to_vec)
        .collect()
}

/// Fails unless the contender gives the reference output for every event.
pub fn check(workload: &Workload, who: &str, mut run: impl FnMut(&[u8], &mut Vec<u8>)) {
    let mut out = Vec::new();
    for (event, expected) in workload.events.iter().zip(&workload.expected) {
        out.clear();
        run(event, &mut out);
        let output: serde_json::Value = serde_json::from_slice(&out).expect("output is JSON");
        assert_eq!(&output, expected, "{who} on {}", workload.name);
    }
}
