//! `stepstream demo --brokers`: the demo on a real cluster.

use crate::broker::shared;
use std::process::Command;

#[test]
fn the_demo_runs_on_a_real_cluster() {
    let Some(broker) = shared() else { return };
    let output = Command::new(env!("CARGO_BIN_EXE_stepstream"))
        .args(["demo", "--events", "1000", "--brokers", &broker.address()])
        .output()
        .expect("the binary runs");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!((output.status.code(), err.as_str()), (Some(0), ""), "{out}");
    assert!(out.contains("1,000 written, 1,000 results read back"), "{out}");
    let mut words = out.split([' ', ',', '\n']);
    let is_topic = |word: &&str| word.starts_with("stepstream-demo-") && word.ends_with("-orders");
    let orders = words.find(is_topic).expect("the topics are named").to_owned();
    let results = ["fulfilled", "failed"].map(|kind| broker.read(&format!("{orders}-{kind}")).len());
    assert_eq!(results.iter().sum::<usize>(), 1_000, "{results:?}");
    assert_eq!(broker.read(&orders).len(), 1_000);
    let folder = std::env::temp_dir().join(orders.trim_end_matches("-orders"));
    std::fs::remove_dir_all(folder).expect("the folder is named like the topics");
}
