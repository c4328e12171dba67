//! Cases of the corpus.

use crate::shared;
use serde_json::Value;
use std::path::Path;

pub(crate) struct Case {
    /// Path below `cases/`.
    pub(crate) file: String,
    pub(crate) value: Value,
}

/// Reads all cases of a folder of groups.
pub(crate) fn load(root: &Path) -> Vec<Case> {
    let mut cases = Vec::new();
    let groups = std::fs::read_dir(root).expect("the corpus can be read");
    for group in groups
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
    {
        cases.extend(load_group(root, &group));
    }
    cases.sort_by(|a, b| a.file.cmp(&b.file));
    cases
}

/// Reads the cases of one folder; their names are below `root`.
pub(crate) fn load_group(root: &Path, group: &Path) -> Vec<Case> {
    let read = |(name, value)| {
        let path = group.join(name);
        let file = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        Case { file, value }
    };
    shared::json_files(group).into_iter().map(read).collect()
}

impl Case {
    pub(crate) fn executions(&self) -> &[Value] {
        self.value["executions"].as_array().map_or(&[], Vec::as_slice)
    }

    pub(crate) fn calls(&self) -> &[Value] {
        self.value["api_calls"].as_array().map_or(&[], Vec::as_slice)
    }

    /// Says whether an execution is one that we must reproduce.
    pub(crate) fn is_ours(&self, at: usize) -> bool {
        let Some(execution) = self.executions().get(at) else {
            return false;
        };
        let ended = matches!(
            execution["expected_status"].as_str(),
            Some("SUCCEEDED" | "FAILED" | "TIMED_OUT")
        );
        self.value["express_ok"] == true && ended && execution["task_script"].is_array()
    }

    /// Returns the definition's text.
    pub(crate) fn definition(&self, at: usize) -> String {
        let own = &self.executions()[at]["definition"];
        match (own, &self.value["definition"], &self.value["definition_text"]) {
            (own @ Value::Object(_), ..) => own.to_string(),
            (_, shared @ Value::Object(_), _) => shared.to_string(),
            (_, _, text) => text.as_str().unwrap_or_default().to_owned(),
        }
    }

    pub(crate) fn placeholders(&self) -> Vec<String> {
        let list = self.value["placeholders"].as_array();
        let texts = list.into_iter().flatten().filter_map(Value::as_str);
        texts.map(str::to_owned).collect()
    }
}
