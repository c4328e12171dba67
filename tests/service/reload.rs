//! New definitions while the service runs.

use crate::broker::shared;
use crate::events::produce;
use crate::service::{Place, Service, slow};

/// Waits, then says its version; `task` is what it calls.
fn version(number: u32, task: &str) -> String {
    format!(
        r#"{{"StartAt":"wait","States":{{
        "wait":{{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:111111111111:function:{task}","Next":"say"}},
        "say":{{"Type":"Pass","Result":{{"version":{number}}},"End":true}}}}}}"#
    )
}

#[test]
fn new_executions_run_the_new_definition_and_an_invalid_one_is_refused() {
    let Some(broker) = shared() else { return };
    broker.create_topic("reload", 1);
    broker.create_topic("reload-out", 1);
    let place = Place::new("reload");
    let config = r#"
[[workflow]]
name = "reload"
definition = "definition.json"
topics = ["reload"]
output.topic = "reload-out"
log.file.directory = "log"
"#;
    place.configure(broker, &[config, &slow(2500)].concat());
    place.write("definition.json", &version(1, "slow"));
    let mut service = Service::start(&place);
    let mut sent = 0;
    let mut send_one = |service: &mut Service| {
        let before = service.metric("stepstream_executions_started_total", &[]);
        produce(broker, "reload", sent..sent + 1);
        sent += 1;
        service.until("it began", |service| {
            service.metric("stepstream_executions_started_total", &[]) == before + 1.0
        });
    };
    let reloads = |service: &Service, outcome: &str| service.metric("stepstream_reloads_total", &[outcome]);
    send_one(&mut service);
    place.write("definition.json", &version(2, "slow"));
    service.signal("HUP");
    service.until("published", |service| reloads(service, "published") == 1.0);
    assert_eq!(
        service.metric("stepstream_executions_total", &[]),
        0.0,
        "the first one still runs"
    );
    send_one(&mut service);

    // What is not JSON, what is not a state machine, what calls a task that nobody serves.
    for (count, text) in [
        (1.0, "{"),
        (2.0, "{\"StartAt\":\"a\"}"),
        (3.0, &*version(3, "unknown")),
    ] {
        place.write("definition.json", text);
        service.signal("HUP");
        service.until("refused", |service| reloads(service, "refused") == count);
    }
    assert!(service.said().contains("function:unknown"), "{}", service.said());
    assert_eq!(reloads(&service, "published"), 1.0);
    send_one(&mut service);
    // A changed file is found without a signal.
    place.write("definition.json", &version(4, "slow"));
    service.until("published", |service| reloads(service, "published") == 2.0);
    send_one(&mut service);
    assert_eq!(service.ready().0, 200);
    service.stop();
    let outputs = broker.read("reload-out");
    let values: Vec<_> = outputs
        .iter()
        .filter_map(|output| output.value.as_deref())
        .collect();
    let expected = [1, 2, 2, 4].map(|number| format!("{{\"version\":{number}}}"));
    assert_eq!(values, expected);
}
