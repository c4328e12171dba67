//! Publishing, taking up, refusing; files that change.

use super::files::{File, Files, LoadError};
use super::*;
use crate::metrics::Metrics;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

const PASS: &str = r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}"#;
const WAIT: &str = r#"{"StartAt": "B", "States": {"B": {"Type": "Wait", "Seconds": 1, "End": true}}}"#;
const TASK: &str = r#"{"StartAt": "C", "States": {"C": {"Type": "Task", "End": true,
    "Resource": "arn:aws:lambda:us-east-1:111111111111:function:nobody"}}}"#;

fn registry() -> Registry<()> {
    Registry::new(Box::new(|name, program| match program.tasks.first() {
        Some(task) => Err(format!(
            "{name}: nobody serves {}",
            program.state_name(task.state)
        )),
        None => Ok(()),
    }))
}

fn publish(registry: &Registry<()>, text: &str) -> Result<Outcome, Refused> {
    registry.publish(&Definition {
        state_machine: "orders",
        origin: "orders.asl.json",
        text,
        format: Format::Json,
        substitutions: &BTreeMap::new(),
    })
}

fn first_state(published: &Published<()>) -> &str {
    &published.program.states[0].name
}

#[test]
fn a_new_version_is_taken_up_once_and_the_old_one_lives_on() {
    let registry = registry();
    publish(&registry, PASS).expect("valid");
    let mut current = registry.current("orders").expect("known");
    assert!(!current.refresh());
    let running = current.published().clone();
    publish(&registry, WAIT).expect("valid");
    assert_eq!(first_state(current.published()), "A");
    assert!(current.refresh());
    assert!(!current.refresh());
    assert_eq!(
        (first_state(current.published()), first_state(&running)),
        ("B", "A")
    );
    assert_ne!(current.published().revision, running.revision);
}

#[test]
fn the_same_text_is_the_same_revision_and_no_new_version() {
    let (one, other) = (registry(), registry());
    publish(&one, PASS).expect("valid");
    publish(&other, PASS).expect("valid");
    assert_eq!(one.revision("orders"), other.revision("orders"));
    let mut current = one.current("orders").expect("known");
    assert!(matches!(publish(&one, PASS), Ok(Outcome::Unchanged(_))));
    assert!(!current.refresh());
}

#[test]
fn what_is_refused_changes_nothing() {
    let registry = registry();
    publish(&registry, PASS).expect("valid");
    let mut current = registry.current("orders").expect("known");
    let refused = publish(&registry, "{\"StartAt\": \"A\"}").expect_err("no states");
    let text = refused.to_string();
    assert!(text.starts_with("orders.asl.json:1:"), "{text}");
    let refused = publish(&registry, TASK).expect_err("not served");
    assert_eq!(refused.to_string(), "orders: nobody serves C");
    assert!(!current.refresh());
    assert!(registry.current("others").is_none());
}

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("stepstream-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Folder(path)
    }

    /// Writes a file and gives it a time, so that no test waits for the clock.
    fn write(&self, text: &str, at_s: u64) -> PathBuf {
        self.write_as("orders.asl.json", text, at_s)
    }

    fn write_as(&self, name: &str, text: &str, at_s: u64) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).expect("written");
        let file = std::fs::File::options().write(true).open(&path).expect("open");
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(at_s))
            .expect("a time");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn watch(path: &Path) -> (Files<()>, Arc<Registry<()>>, Metrics) {
    let (registry, metrics) = (Arc::new(registry()), Metrics::new());
    let file = File {
        state_machine: "orders".to_owned(),
        path: path.to_owned(),
        substitutions: BTreeMap::new(),
        pseudo_parameters: BTreeMap::new(),
    };
    let files = Files::new(registry.clone(), metrics.clone(), vec![file]);
    (files, registry, metrics)
}

fn reloads(metrics: &Metrics, outcome: &str) -> Option<String> {
    let begins = format!("stepstream_reloads_total{{state_machine=\"orders\",outcome=\"{outcome}\"}} ");
    let text = metrics.render(0);
    let line = text.lines().find_map(|line| line.strip_prefix(&begins))?;
    Some(line.to_owned())
}

#[test]
fn a_changed_file_is_published_when_it_has_rested() {
    let folder = Folder::new("rested");
    let path = folder.write(PASS, 1);
    let (mut files, registry, metrics) = watch(&path);
    files.load().expect("valid");
    let mut current = registry.current("orders").expect("known");
    files.poll();
    folder.write(&WAIT[..20], 2);
    files.poll();
    folder.write(WAIT, 3);
    files.poll();
    assert!(!current.refresh(), "it was still being written");
    files.poll();
    assert!(current.refresh());
    files.poll();
    files.poll();
    assert_eq!(reloads(&metrics, "published").as_deref(), Some("1"));
    assert_eq!(reloads(&metrics, "refused"), None);
}

#[test]
fn an_unchanged_file_is_counted_for_who_asked() {
    let folder = Folder::new("unchanged");
    let path = folder.write(PASS, 1);
    let (mut files, _registry, metrics) = watch(&path);
    files.load().expect("valid");
    folder.write(PASS, 2);
    for _ in 0..4 {
        files.poll();
    }
    assert_eq!(reloads(&metrics, "unchanged"), None, "it was only touched");
    files.reload();
    files.reload();
    assert_eq!(reloads(&metrics, "unchanged").as_deref(), Some("2"));
    assert_eq!(reloads(&metrics, "published"), None);
}

#[test]
fn a_refused_file_is_counted_once_and_the_old_program_stays() {
    let folder = Folder::new("refused");
    let path = folder.write(PASS, 1);
    let (mut files, registry, metrics) = watch(&path);
    files.load().expect("valid");
    let revision = registry.revision("orders");
    folder.write(TASK, 2);
    for _ in 0..4 {
        files.poll();
    }
    assert_eq!(reloads(&metrics, "refused").as_deref(), Some("1"));
    assert_eq!(registry.revision("orders"), revision);
    std::fs::remove_file(&path).expect("removed");
    files.poll();
    files.poll();
    assert_eq!(reloads(&metrics, "unreadable"), None, "it may be being replaced");
    files.reload();
    assert_eq!(reloads(&metrics, "unreadable").as_deref(), Some("1"));
    assert_eq!(registry.revision("orders"), revision);
}

#[test]
fn a_missing_file_is_named_at_start() {
    let (mut files, ..) = watch(Path::new("/nonexistent/orders.asl.json"));
    let failures = files.load().expect_err("no file");
    let [(name, error @ LoadError::Unreadable { .. })] = &failures[..] else {
        panic!("{failures:?}");
    };
    assert_eq!(name, "orders");
    assert_eq!(
        error.to_string(),
        "cannot read the definition /nonexistent/orders.asl.json: there is no such file"
    );
}

#[test]
fn a_definition_in_a_template_is_read_again_when_the_file_beside_it_changes() {
    let folder = Folder::new("template");
    let flow = folder.write(PASS, 1);
    let flow = flow.file_name().expect("a name").to_string_lossy().into_owned();
    let template = folder.write_as(
        "t.json",
        &format!(
            r#"{{"Resources":{{"F":{{"Type":"AWS::Serverless::StateMachine","Properties":{{"DefinitionUri":"{flow}"}}}}}}}}"#
        ),
        1,
    );
    let (mut files, registry, metrics) = watch(&template.with_file_name("t.json#F"));
    files.load().expect("valid");
    let mut current = registry.current("orders").expect("known");
    files.poll();
    assert!(!current.refresh());
    folder.write(WAIT, 3);
    files.poll();
    files.poll();
    assert!(current.refresh());
    assert_eq!(reloads(&metrics, "published").as_deref(), Some("1"));
}

#[test]
fn what_a_deployment_alone_knows_is_not_invented() {
    let folder = Folder::new("invented");
    let template = r#"{"Resources":{"F":{"Type":"AWS::StepFunctions::StateMachine","Properties":{"DefinitionString":
        {"Fn::Sub":"{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Result\":\"${Table}\",\"End\":true}}}"}}}}}"#;
    let path = folder.write_as("t.json", template, 1);
    let (mut files, ..) = watch(&path);
    let failures = files.load().expect_err("refused");
    let text = failures[0].1.to_string();
    assert!(text.contains("t.json:2:"), "{text}");
    assert!(text.contains("The substitution ${Table} has no value"), "{text}");
}
