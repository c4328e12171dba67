//! The text against the table.

use super::names::{ALL, Kind};
use super::*;
use std::collections::BTreeSet;

/// Returns metrics in which every series has been used once.
fn used() -> Metrics {
    let metrics = Metrics::new();
    let mut orders = metrics.workflow("orders");
    orders.counts = Counts {
        events_consumed: 7,
        started: 6,
        transitions: 5,
        cut_off: 2,
        panics: 1,
        unreplied: 4,
    };
    orders.ended(Status::Succeeded, 40);
    orders.ended(Status::Failed, 2_000_000);
    let task = orders.task("arn:aws:lambda:us-east-1:111111111111:function:check");
    orders.task_ended(task, TaskOutcome::TimedOut, 1_000);
    orders.dead_letter("Order.\"OutOfStock\"");
    orders.flush();
    orders.now.in_flight.store(9, Relaxed);
    orders.now.oldest_since_ms.store(1_000, Relaxed);
    metrics.lags("orders", || vec![lag(3, 12)]);
    let logged = Logged {
        bytes: 400,
        dropped: 3,
        waiting: 128,
    };
    metrics.logs("orders", move || logged);
    let shard = metrics.shard();
    shard.unsent.store(4, Relaxed);
    metrics.shard().unsent.store(5, Relaxed);
    shard.memory.limit(8_192, 100);
    shard.memory.report(&MemoryUse {
        running: 1_000,
        parked: 3_000,
        held: 96,
        unsent: 32,
        logs: 16,
    });
    metrics.undelivered(|| 1);
    metrics.undelivered(|| 2);
    metrics.processes("orders-*", || Processes {
        alive: 2,
        started: 5,
        failed: [("exited", 1), ("timed_out", 1), ("out_of_memory", 0)],
    });
    metrics.aws("arn:aws:states:::sqs:*", || AwsCounts {
        calls: vec![AwsCalls {
            service: "sqs".into(),
            action: "sendMessage".into(),
            ended: [
                ("succeeded", 7),
                ("failed", 1),
                ("throttled", 2),
                ("unanswered", 0),
            ],
        }],
        credentials: [("fetched", 1), ("denied", 0)],
    });
    metrics.tokens("shop", || TokenRequests { given: 3, refused: 1 });
    metrics.queue("log", || 2);
    metrics.queue("log", || 3);
    metrics.reloaded("orders", "published");
    metrics
}

use crate::vm::Status;

fn lag(partition: i32, events: u64) -> Lag {
    Lag {
        topic: "orders".into(),
        partition,
        events,
    }
}

/// Returns the value of the line that begins with a text.
fn value(text: &str, begins: &str) -> f64 {
    let line = text.lines().find(|line| line.starts_with(begins));
    let line = line.unwrap_or_else(|| panic!("no line {begins} in\n{text}"));
    let (_, value) = line.rsplit_once(' ').expect("a value");
    value.parse().expect("a number")
}

/// Returns name, kind and label names of every metric in a text.
fn shapes(text: &str) -> BTreeSet<(String, String, Vec<String>)> {
    let mut shapes = BTreeSet::new();
    let mut kind = ("", "");
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(typed) = line.strip_prefix("# TYPE ") {
            kind = typed.split_once(' ').expect("a type");
        } else if !line.starts_with('#') {
            let (name, rest) = line.split_at(line.find(['{', ' ']).expect("an end"));
            assert!(name.starts_with(kind.0), "{line} stands under {kind:?}");
            let inner = rest.split_once('{').and_then(|(_, rest)| rest.rsplit_once('}'));
            let labels = inner.map_or("", |(labels, _)| labels).split(',');
            let names = labels.filter_map(|label| Some(label.split_once('=')?.0.to_owned()));
            let names = names.filter(|name| name != "le").collect();
            shapes.insert((kind.0.to_owned(), kind.1.to_owned(), names));
        }
    }
    shapes
}

#[test]
fn the_text_has_the_names_kinds_and_labels_of_the_table() {
    let table = ALL.iter().map(|metric| {
        let labels = metric.labels.iter().map(|label| (*label).to_owned());
        (
            metric.name.to_owned(),
            metric.kind.word().to_owned(),
            labels.collect(),
        )
    });
    assert_eq!(shapes(&used().render(5_000)), table.collect());
}

#[test]
fn names_follow_their_kinds_and_units() {
    for metric in ALL {
        let is_counter = metric.kind == Kind::Counter;
        assert_eq!(metric.name.ends_with("_total"), is_counter, "{}", metric.name);
        if matches!(metric.unit, "seconds" | "bytes") {
            assert!(metric.name.contains(metric.unit), "{}", metric.name);
        }
        assert!(
            !metric.help.contains(['\n', '\\']) && metric.help.ends_with('.'),
            "{}",
            metric.name
        );
    }
}

#[test]
fn values_are_what_was_counted() {
    let text = used().render(5_000);
    for (line, expected) in [
        ("stepstream_events_consumed_total{state_machine=\"orders\"}", 7.0),
        (
            "stepstream_executions_total{state_machine=\"orders\",status=\"FAILED\"}",
            1.0,
        ),
        (
            "stepstream_execution_duration_seconds_bucket{state_machine=\"orders\",le=\"0.0001\"}",
            1.0,
        ),
        (
            "stepstream_execution_duration_seconds_bucket{state_machine=\"orders\",le=\"1\"}",
            1.0,
        ),
        (
            "stepstream_execution_duration_seconds_bucket{state_machine=\"orders\",le=\"2.5\"}",
            2.0,
        ),
        (
            "stepstream_execution_duration_seconds_sum{state_machine=\"orders\"}",
            2.00004,
        ),
        (
            "stepstream_execution_duration_seconds_count{state_machine=\"orders\"}",
            2.0,
        ),
        (
            "stepstream_oldest_unfinished_seconds{state_machine=\"orders\"}",
            4.0,
        ),
        ("stepstream_log_bytes_total{state_machine=\"orders\"}", 400.0),
        ("stepstream_log_dropped_total{state_machine=\"orders\"}", 3.0),
        ("stepstream_log_queue_bytes{state_machine=\"orders\"}", 128.0),
        ("stepstream_queue_depth{queue=\"log\"}", 5.0),
        ("stepstream_queue_depth{queue=\"unsent\"}", 9.0),
        ("stepstream_queue_depth{queue=\"calls\"}", 0.0),
        ("stepstream_producer_errors_total", 3.0),
        ("stepstream_run_memory_bytes", 4_000.0),
        ("stepstream_memory_bytes{shard=\"0\",kind=\"running\"}", 1_000.0),
        ("stepstream_memory_bytes{shard=\"0\",kind=\"parked\"}", 3_000.0),
        ("stepstream_memory_bytes{shard=\"0\",kind=\"held\"}", 96.0),
        ("stepstream_memory_bytes{shard=\"0\",kind=\"unsent\"}", 32.0),
        ("stepstream_memory_bytes{shard=\"1\",kind=\"log\"}", 0.0),
        ("stepstream_memory_queued_bytes{shard=\"0\"}", 100.0),
        ("stepstream_memory_max_bytes{shard=\"0\"}", 8_192.0),
        (
            "stepstream_dead_letters_total{state_machine=\"orders\",error=\"Order.\\\"OutOfStock\\\"\"}",
            1.0,
        ),
        (
            "stepstream_consumer_lag{state_machine=\"orders\",topic=\"orders\",partition=\"3\"}",
            12.0,
        ),
    ] {
        assert_eq!(value(&text, line), expected, "{line}");
    }
}

#[test]
fn a_bound_belongs_to_its_bucket() {
    let mut local = histogram_of(&[100, 101, 250, 300_000_000, 300_000_001]);
    assert_eq!(local.remove(0), 1);
    assert_eq!(local.remove(0), 3);
    assert_eq!(local[local.len() - 2..], [4, 5]);
}

fn histogram_of(times_us: &[u64]) -> Vec<u64> {
    let metrics = Metrics::new();
    let mut workflow = metrics.workflow("w");
    for us in times_us {
        workflow.ended(Status::Succeeded, *us);
    }
    workflow.flush();
    let text = metrics.render(0);
    let buckets = text
        .lines()
        .filter(|line| line.starts_with("stepstream_execution_duration_seconds_bucket"));
    let counts = buckets.map(|line| line.rsplit_once(' ').expect("a count").1.parse());
    counts.map(|count| count.expect("a number")).collect()
}

#[test]
fn shards_add_up_and_a_second_flush_adds_nothing() {
    let metrics = Metrics::new();
    let mut shards = [metrics.workflow("w"), metrics.workflow("w")];
    for (at, shard) in shards.iter_mut().enumerate() {
        shard.counts.started = 10 + at as u64;
        shard.now.parked.store(100 + at as u64, Relaxed);
        shard.now.oldest_since_ms.store(2_000 - at as i64, Relaxed);
        shard.ended(Status::TimedOut, 5);
        shard.flush();
        shard.flush();
    }
    let text = metrics.render(3_000);
    assert_eq!(value(&text, "stepstream_executions_started_total"), 21.0);
    assert_eq!(value(&text, "stepstream_parked"), 201.0);
    assert_eq!(value(&text, "stepstream_oldest_unfinished_seconds"), 1.001);
    assert_eq!(value(&text, "stepstream_execution_duration_seconds_count"), 2.0);
}

#[test]
fn label_sets_are_bounded() {
    let metrics = Metrics::new();
    let mut workflow = metrics.workflow("w");
    metrics.lags("w", || {
        (0..3 * LAG_SERIES_MAX).map(|at| lag(at as i32, 1)).collect()
    });
    for at in 0..3 * LAG_SERIES_MAX {
        workflow.dead_letter(&format!("Error{at}"));
        let task = workflow.task(&format!("function{at}"));
        workflow.task_ended(task, TaskOutcome::Succeeded, 1);
    }
    workflow.flush();
    let text = metrics.render(0);
    let count = |begins: &str| text.lines().filter(|line| line.starts_with(begins)).count();
    assert_eq!(count("stepstream_dead_letters_total{"), ERRORS_MAX + 1);
    assert_eq!(count("stepstream_task_duration_seconds_count"), RESOURCES_MAX + 1);
    assert_eq!(count("stepstream_consumer_lag{"), LAG_SERIES_MAX + 1);
    let others = value(
        &text,
        "stepstream_dead_letters_total{state_machine=\"w\",error=\"other\"}",
    );
    assert_eq!(others as usize, 3 * LAG_SERIES_MAX - ERRORS_MAX);
    let others = "stepstream_consumer_lag{state_machine=\"w\",topic=\"other\",partition=\"other\"}";
    assert_eq!(value(&text, others) as usize, 2 * LAG_SERIES_MAX);
}

#[test]
fn errors_that_are_expected_have_labels_whatever_events_invent() {
    let metrics = Metrics::new();
    let mut workflow = metrics.workflow("w");
    for at in 0..2 * EXPECTED_ERRORS_MAX {
        workflow.expect_error(&format!("Expected{at}"));
    }
    (0..1_000).for_each(|at| workflow.dead_letter(&format!("Invented{at}")));
    for at in 0..2 * EXPECTED_ERRORS_MAX {
        workflow.dead_letter(&format!("Expected{at}"));
    }
    let text = metrics.render(0);
    let count = |name: &str| text.lines().filter(|line| line.contains(name)).count();
    assert_eq!(count("\"Expected"), EXPECTED_ERRORS_MAX);
    assert_eq!(count("\"Invented"), ERRORS_MAX);
    let others = value(
        &text,
        "stepstream_dead_letters_total{state_machine=\"w\",error=\"other\"}",
    );
    assert_eq!(others as usize, 1_000 - ERRORS_MAX + EXPECTED_ERRORS_MAX);
}

#[test]
fn names_of_errors_are_cut_between_characters() {
    let metrics = Metrics::new();
    let mut workflow = metrics.workflow("w");
    let kept = "x".repeat(ERROR_NAME_BYTES_MAX - 1);
    for end in ["é", "élan", "è"] {
        workflow.dead_letter(&format!("{kept}{end}"));
    }
    let series = format!("stepstream_dead_letters_total{{state_machine=\"w\",error=\"{kept}\"}}");
    assert_eq!(value(&metrics.render(0), &series), 3.0);
    assert_eq!(cut("é", 2), "é");
}

#[test]
fn names_of_errors_do_not_act_on_a_terminal() {
    let metrics = Metrics::new();
    let mut workflow = metrics.workflow("w");
    for _ in 0..2 {
        workflow.dead_letter("a\u{1b}[2J\u{202e}\nb");
    }
    let text = metrics.render(0);
    let series = "stepstream_dead_letters_total{state_machine=\"w\",error=\"a\\\\u001b[2J\\\\u202e\\\\nb\"}";
    assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
    assert_eq!(value(&text, series), 2.0, "{text}");
}

#[test]
fn the_page_of_metrics_has_the_table() {
    let quoted = |names: &str| match names {
        "" => String::new(),
        names => format!("`{}`", names.replace(", ", "`, `")),
    };
    for metric in ALL {
        let row = format!(
            "| `{}` | {} | {} | {} | {} |",
            metric.name,
            metric.kind.word(),
            quoted(&metric.labels.join(", ")),
            metric.help,
            quoted(metric.cloudwatch)
        );
        let page = include_str!("../../deploy/METRICS.md");
        assert!(
            page.lines().any(|line| line == row),
            "deploy/METRICS.md lacks\n{row}"
        );
    }
}
