//! Recorded cases through the binary.

use super::{Folder, run_json};
use serde_json::Value;
use std::path::Path;

/// Plays recorded cases through the binary as a user would.
#[test]
fn recorded_cases_through_the_binary() {
    let Some(root) = crate::shared::folder("conformance/cases") else {
        return;
    };
    let folder = Folder::new();
    for case in [
        "services/test_sns_task_service__test_publish_base_message1-02b887c4.json",
        "timeouts/test_timeouts__test_fixed_timeout_service_lambda.json",
        "scenarios/test_base_scenarios__test_map_state_nested.json",
        "base/test_base__test_state_fail_path.json",
    ] {
        recorded_case(&folder, &root.join(case));
    }
}

fn recorded_case(folder: &Folder, path: &Path) {
    let text = std::fs::read_to_string(path).expect("a case");
    let case: Value = serde_json::from_str(&text).expect("a case is JSON");
    let execution = &case["executions"][0];
    let file = folder.write("case.asl.json", &case["definition"].to_string());
    let script = folder.write("case.script.json", &execution["task_script"].to_string());
    let input = execution["input_text"].as_str().unwrap_or_default();
    let (code, document, err) = run_json(&[
        "exec",
        &file,
        "--input",
        input,
        "--virtual-time",
        "--task-script",
        &script,
        "--events",
    ]);
    assert_eq!(document["status"], execution["expected_status"], "{path:?} {err}");
    assert_eq!(code, i32::from(document["status"] != "SUCCEEDED"));
    let types = |events: &Value| {
        let events = events.as_array().cloned().unwrap_or_default();
        events
            .iter()
            .map(|event| event["type"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        types(&document["events"]),
        types(&execution["expected_events"]),
        "{path:?}"
    );
}
