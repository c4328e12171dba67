//! Consume, execute, commit: the main job, with everything that can be seen of it.

use crate::broker::{Event, shared};
use crate::events::{committed, header};
use crate::service::{PATIENCE, Place, Service};
use std::collections::BTreeSet;

const CONFIG: &str = r#"
[[workflow]]
name = "orders"
definition = "order_fulfillment.asl.json"
topics = ["consume"]
group = "consume"
commit_interval = "100ms"
[workflow.output]
topic = "consume-out"
[workflow.dead_letter]
topic = "consume-failed"
[workflow.log]
level = "ERROR"
[workflow.log.file]
directory = "log"
[tasks]
"arn:aws:lambda:*:*:function:check-inventory" = { function = "demo.check_inventory" }
"arn:aws:lambda:*:*:function:update-inventory" = { function = "demo.update_inventory" }
"arn:aws:lambda:*:*:function:complete-order" = { function = "demo.mark_order_complete" }
"arn:aws:lambda:*:*:function:cancel-order" = { function = "demo.cancel_order" }
"#;

fn order(number: usize) -> (String, String) {
    let value = format!(
        r#"{{"order_processing_request":{{"order_no":"O{number}","item":{{"item_no":"I{number}","num_of_items":3}}}}}}"#
    );
    (format!("customer-{number}"), value)
}

fn order_no(value: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(value).expect("JSON");
    let number = &value["order_processing_request"]["order_no"];
    number.as_str().expect("a number").to_owned()
}

#[test]
fn orders_are_fulfilled_or_dead_letters_and_all_of_it_is_committed() {
    let Some(broker) = shared() else { return };
    for topic in ["consume", "consume-out", "consume-failed"] {
        broker.create_topic(topic, 4);
    }
    let place = Place::new("consume");
    place.configure(broker, CONFIG);
    place.write(
        "order_fulfillment.asl.json",
        include_str!("../../config/workflows/order_fulfillment.asl.json"),
    );
    let send = |numbers: std::ops::Range<usize>| {
        let orders: Vec<_> = numbers.map(order).collect();
        let events = orders.iter().map(|(key, value)| Event {
            key: Some(key.as_bytes()),
            value: Some(value.as_bytes()),
            ..Event::default()
        });
        broker.produce("consume", events);
    };
    send(0..2000);
    let mut service = Service::start(&place);
    service.until_ready();
    service.until("committed", |_| {
        committed(broker, "consume", "consume", 4) == 2000
    });
    send(2000..2500);
    service.until("committed", |_| {
        committed(broker, "consume", "consume", 4) == 2500
    });

    let (outputs, failed) = (broker.read("consume-out"), broker.read("consume-failed"));
    for output in &outputs {
        let number = order_no(output.value.as_deref().expect("an output"));
        assert_eq!(
            output.key.as_deref(),
            Some(&*format!("customer-{}", &number[1..]))
        );
        let name = header(output, "stepstream-execution").expect("a name");
        assert!(name.starts_with("consume-"), "{name}");
    }
    for letter in &failed {
        assert_eq!(header(letter, "stepstream-error"), Some("OrderCancelled"));
        assert!(header(letter, "stepstream-cause").is_some_and(|cause| cause.contains("in stock")));
    }
    let numbers = |messages: &[crate::broker::Read]| {
        let numbers = messages
            .iter()
            .map(|message| order_no(message.value.as_deref().expect("a value")));
        numbers.collect::<BTreeSet<_>>()
    };
    let (fulfilled, cancelled) = (numbers(&outputs), numbers(&failed));
    assert_eq!(
        (outputs.len(), failed.len()),
        (fulfilled.len(), cancelled.len()),
        "each once"
    );
    assert!(fulfilled.is_disjoint(&cancelled));
    assert_eq!(fulfilled.len() + cancelled.len(), 2500);
    assert!(cancelled.len() > 100, "some items are short: {}", cancelled.len());

    // What is counted is what happened. Lag is looked at every second.
    service.until("no lag", |service| {
        service.metric("stepstream_consumer_lag", &["topic=\"consume\""]) == 0.0
    });
    let counted = |name: &str, labels: &[&str]| service.metric(&format!("stepstream_{name}"), labels);
    assert_eq!(
        counted("events_consumed_total", &["state_machine=\"orders\""]),
        2500.0
    );
    assert_eq!(counted("executions_started_total", &[]), 2500.0);
    let succeeded = counted("executions_total", &["status=\"SUCCEEDED\""]);
    let not = counted("executions_total", &["status=\"FAILED\""]);
    assert_eq!(
        (succeeded as usize, not as usize),
        (fulfilled.len(), cancelled.len())
    );
    assert_eq!(counted("executions_total", &[]), 2500.0);
    assert_eq!(counted("execution_duration_seconds_count", &[]), 2500.0);
    assert_eq!(counted("dead_letters_total", &["error=\"OrderCancelled\""]), not);
    assert_eq!(
        counted(
            "task_attempts_total",
            &["check-inventory", "outcome=\"succeeded\""]
        ),
        2500.0
    );
    assert_eq!(counted("in_flight", &[]) + counted("parked", &[]), 0.0);
    assert_eq!(
        counted("producer_errors_total", &[]) + counted("log_dropped_total", &[]),
        0.0
    );
    assert!(counted("log_bytes_total", &[]) > 0.0);
    assert_eq!(service.get("/health/live").map(|(status, _)| status), Some(200));
    service.stop();

    // The log has the whole story of the failed ones, and of no other.
    let log = place.log("log");
    assert_eq!(log.len(), cancelled.len());
    for (name, types) in &log {
        assert_eq!(
            types.first().map(String::as_str),
            Some("ExecutionStarted"),
            "{name}"
        );
        assert_eq!(
            types.last().map(String::as_str),
            Some("ExecutionFailed"),
            "{name}"
        );
    }

    // A backfill: what came since, and no more.
    send(2500..2700);
    let said = Service::run_until_end(&place, &[]);
    assert!(said.contains("the input is at its end"), "{said}");
    assert_eq!(committed(broker, "consume", "consume", 4), 2700);
    let count = broker.read("consume-out").len() + broker.read("consume-failed").len();
    assert_eq!(count, 2700);
    // And nothing at all.
    Service::run_until_end(&place, &[]);
    // A topic that is not there is not one that was read to its end.
    let missing = ("WORKFLOW__ORDERS__TOPICS", "consume,consumed");
    let service = Service::start_with(&place, &["--until-end"], &[missing]);
    let said = service.ends_with(1, PATIENCE);
    assert!(said.contains("there is no topic \"consumed\""), "{said}");
}
