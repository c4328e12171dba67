//! The configurations that are measured: what a user would write, without tuning.

use std::path::{Path, PathBuf};

/// What differs between the scenarios.
#[derive(Clone, Copy)]
pub(crate) struct Workflow<'a> {
    pub(crate) definition: Definition,
    pub(crate) topic: &'a str,
    pub(crate) sync: bool,
    pub(crate) output: bool,
    pub(crate) log: &'a str,
}

/// Which workflow.
#[derive(Clone, Copy)]
pub(crate) enum Definition {
    W1,
    /// W1 in JSONata.
    W1J,
    /// One task that takes so many milliseconds.
    Delay(u32),
    Fulfillment,
}

impl Workflow<'static> {
    pub(crate) const W1: Workflow<'static> = Workflow {
        definition: Definition::W1,
        topic: crate::TOPIC,
        sync: false,
        output: false,
        log: "level = \"ERROR\"",
    };
    pub(crate) const W1J: Workflow<'static> = Workflow {
        definition: Definition::W1J,
        ..Workflow::W1
    };
    pub(crate) const DELAY: Workflow<'static> = Workflow {
        definition: Definition::Delay(10),
        ..Workflow::W1
    };
    pub(crate) const FULFILLMENT: Workflow<'static> = Workflow {
        definition: Definition::Fulfillment,
        topic: "fulfillment",
        output: true,
        ..Workflow::W1
    };
}

/// Where the shared workloads are.
pub(crate) fn workloads() -> PathBuf {
    let shared = std::env::var_os("STEPSTREAM_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    shared.join("workloads")
}

/// Returns a configuration file; `LISTEN` stands for the address of the metrics.
pub(crate) fn text(brokers: &str, run: u32, workflow: &Workflow<'_>) -> String {
    let mut text = format!("[service]\nlisten = \"LISTEN\"\n[kafka]\nbrokers = \"{brokers}\"\n");
    text.push_str(&section(run, "bench", workflow));
    text.push_str(&tasks(workflow));
    text
}

/// Returns the name of a run's output topic: a fresh one each, deleted afterwards, so that disks stay empty.
pub(crate) fn output(run: u32) -> String {
    format!("out-{run}")
}

/// Returns the section of one workflow.
pub(crate) fn section(run: u32, name: &str, workflow: &Workflow<'_>) -> String {
    let definition = match workflow.definition {
        Definition::W1 => workloads().join("w1.asl.json"),
        Definition::W1J => workloads().join("w1j.asl.json"),
        Definition::Delay(_) => sample("../../perf/delay.asl.json"),
        Definition::Fulfillment => sample("order_fulfillment.asl.json"),
    };
    let mode = if workflow.sync { "sync" } else { "async" };
    let output = match workflow.output {
        true => format!("[workflow.output]\ntopic = \"{}\"\n", output(run)),
        false => String::new(),
    };
    format!(
        "[[workflow]]\nname = \"{name}\"\ndefinition = \"{}\"\nmode = \"{mode}\"\ntopics = [\"{}\"]\n\
         group = \"{name}-{run}\"\n{output}[workflow.log]\n{}\n[workflow.log.file]\ndirectory = \"log-{run}\"\n",
        definition.display(),
        workflow.topic,
        workflow.log,
    )
}

/// Returns a file of the repository's samples.
pub(crate) fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("config/workflows")
        .join(name)
}

/// Returns what serves the tasks.
pub(crate) fn tasks(workflow: &Workflow<'_>) -> String {
    match workflow.definition {
        Definition::W1 | Definition::W1J => String::new(),
        Definition::Delay(milliseconds) => format!(
            "[tasks]\n\"arn:aws:lambda:*:*:function:delay\" = {{ function = \"delay\", milliseconds = {milliseconds} }}\n"
        ),
        Definition::Fulfillment => [
            ("check-inventory", "check_inventory"),
            ("update-inventory", "update_inventory"),
            ("complete-order", "mark_order_complete"),
            ("cancel-order", "cancel_order"),
        ]
        .iter()
        .fold(String::from("[tasks]\n"), |text, (name, function)| {
            text + &format!("\"arn:aws:lambda:*:*:function:{name}\" = {{ function = \"demo.{function}\" }}\n")
        }),
    }
}
