//! The tables of keys in `config/README.md` are those of the schema. `UPDATE_SNAPSHOTS=1` writes them.

use serde_json::Value;
use stepstream::config::Config;

const BEGIN: &str =
    "<!-- The tables below are written by a test: UPDATE_SNAPSHOTS=1 cargo test --test it reference -->\n";
const END: &str = "<!-- end of the tables -->";

/// The tables of the configuration, with what describes each in the schema.
const TABLES: &[(&str, &str)] = &[
    ("[service]", "Service"),
    ("[service.tls]", "Tls"),
    ("[kafka]", "Config"),
    ("[[workflow]]", "Workflow"),
    ("[workflow.output]", "Topic"),
    ("[workflow.dead_letter]", "DeadLetter"),
    ("[workflow.reply]", "Reply"),
    ("[workflow.log]", "Config2"),
    ("[workflow.log.file]", "FileConfig"),
    ("[workflow.log.kafka]", "KafkaConfig"),
    ("[workflow.log.cloudwatch]", "CloudWatchConfig"),
    ("[tasks]: each connector", "Entry"),
    ("[tasks]: aws = { … }", "Access"),
    ("[aws]", "Settings"),
    ("[aws.services.ID]", "ServiceSettings"),
    ("[connections.NAME]", "Connection"),
    ("[connections.NAME.oauth]", "OAuth"),
];

#[test]
fn the_tables_of_keys_are_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/config/README.md");
    let text = std::fs::read_to_string(path).expect("config/README.md");
    let (before, rest) = text.split_once(BEGIN).expect("the begin of the tables");
    let (known, after) = rest.split_once(END).expect("the end of the tables");
    let schema = serde_json::to_value(Config::schema()).expect("JSON");
    let current: String = TABLES
        .iter()
        .map(|(title, definition)| table(title, &schema["definitions"][definition]))
        .collect();
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(path, format!("{before}{BEGIN}{current}{END}{after}")).expect("written");
        return;
    }
    assert!(
        known == current,
        "config/README.md is not current: UPDATE_SNAPSHOTS=1 cargo test --test it reference"
    );
}

fn table(title: &str, section: &Value) -> String {
    let keys = section["properties"]
        .as_object()
        .unwrap_or_else(|| panic!("{title} has no keys in the schema"));
    let mut out = format!("\n### `{title}`\n\n| key | value | meaning |\n|---|---|---|\n");
    if let Some((name, rest)) = title.split_once(": ") {
        out = out.replace(&format!("`{title}`"), &format!("`{name}`, {rest}"));
    }
    for (key, property) in keys {
        let text = property["description"].as_str().unwrap_or_default();
        let text = text.replace('\n', " ").replace('|', "\\|");
        out += &format!("| `{key}` | {} | {text} |\n", kind(property));
    }
    out
}

/// Says what is written behind a key's `=`.
fn kind(property: &Value) -> String {
    let reference = |property: &Value| {
        let parts = ["allOf", "anyOf"].iter().flat_map(|all| property[all].as_array());
        parts
            .flatten()
            .find_map(|part| part["$ref"].as_str())
            .map(|path| path.rsplit('/').next().unwrap_or_default().to_owned())
    };
    if let Some(name) = reference(property) {
        let is_text = [
            "Mode",
            "Start",
            "Input",
            "OnEmpty",
            "Ordering",
            "LogLevel",
            "Destination",
            "Overflow",
            "TokenMethod",
            "ClientAuthentication",
        ];
        if name == "Secret" {
            return "text, `{ env = \"NAME\" }` or `{ file = \"PATH\" }`".to_owned();
        }
        if name == "Grant" {
            return "`true`, table".to_owned();
        }
        let is_text = is_text.contains(&&*name) || name == "Diagnostics";
        return (if is_text { "text" } else { "table" }).to_owned();
    }
    if !property["anyOf"].is_null() {
        return "size: `\"64KiB\"`".to_owned();
    }
    let kind = property["type"].as_str().or(property["type"][0].as_str());
    match kind {
        Some("string") if !property["pattern"].is_null() => "time: `\"250ms\"`",
        Some("string") => "text",
        Some("integer") => "number",
        Some("boolean") => "`true`, `false`",
        Some("array") => "list of texts",
        Some("object") => "table",
        other => panic!("a kind of value without a word: {other:?}"),
    }
    .to_owned()
}
