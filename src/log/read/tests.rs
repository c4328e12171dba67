//! Limits, and records in a bad order.

use super::*;

fn record(execution: usize, id: u32, kind: &str, details: &str) -> String {
    format!(
        "{{\"id\":\"{id}\",\"type\":\"{kind}\",\"details\":{{{details}}},\"previous_event_id\":\"{}\",\
         \"event_timestamp\":\"{}\",\"execution_arn\":\"arn:aws:states:r:1:express:m:e-{execution}:u\"}}",
        id - 1,
        1_000 + i64::from(id) + execution as i64
    )
}

fn add(table: &mut Table, parser: &mut Parser, line: &str) {
    let found = parser.read(line.as_bytes(), &mut |record| {
        table.add(record);
    });
    assert_eq!(found, 1, "{line}");
}

#[test]
fn rows_are_bounded_and_what_falls_out_is_counted() {
    let (mut table, mut parser) = (Table::new(None), Parser::new());
    for execution in 0..ROWS_MAX + 10 {
        add(
            &mut table,
            &mut parser,
            &record(execution, 1, "ExecutionStarted", ""),
        );
    }
    assert_eq!(table.evicted, 10);
    let rows = table.into_rows();
    assert_eq!(
        (rows.len(), &*rows[0].execution_arn),
        (ROWS_MAX, "arn:aws:states:r:1:express:m:e-10:u")
    );
}

#[test]
fn what_is_not_wanted_takes_no_room() {
    let (mut table, mut parser) = (Table::new(Some(Status::Failed)), Parser::new());
    add(
        &mut table,
        &mut parser,
        &record(0, 9, "ExecutionFailed", "\"error\":\"Early\""),
    );
    for execution in 1..ROWS_MAX + 1_000 {
        add(
            &mut table,
            &mut parser,
            &record(execution, 1, "ExecutionStarted", ""),
        );
        add(
            &mut table,
            &mut parser,
            &record(execution, 2, "ExecutionSucceeded", ""),
        );
    }
    assert_eq!(table.evicted, 0);
    let rows = table.into_rows();
    assert_eq!((rows.len(), rows[0].error.as_deref()), (1, Some("Early")));
}

#[test]
fn a_bad_order_and_doubles_count_once() {
    let (mut table, mut parser) = (Table::new(None), Parser::new());
    let entered = |id| record(1, id, "PassStateEntered", "\"name\":\"A\"");
    let failed = record(1, 7, "TaskFailed", "\"error\":\"Caught\"");
    let lines = [
        record(1, 20_010, "ExecutionSucceeded", ""),
        entered(20_000),
        entered(4),
        entered(2),
        failed,
        entered(4),
        record(1, 1, "ExecutionStarted", ""),
        record(1, 20_010, "ExecutionSucceeded", ""),
    ];
    lines.iter().for_each(|line| add(&mut table, &mut parser, line));
    let row = table.into_rows().remove(0);
    // The one above the ids that are kept apart came too late to be counted.
    assert_eq!(
        (row.states, row.status, row.lasted_ms()),
        (2, Status::Succeeded, Some(20_009))
    );
    assert_eq!(row.error, None, "it was caught");
}

#[test]
fn lines_that_are_no_records() {
    let mut parser = Parser::new();
    let whole = record(1, 3, "TaskStarted", "");
    let no_id = whole.replace("\"id\":\"3\"", "\"id\":\"x\"");
    let zero = whole.replace("\"id\":\"3\"", "\"id\":\"0\"");
    let number = whole.replace("\"id\":\"3\"", "\"id\":3");
    for line in [
        "",
        "{",
        "}{",
        "null",
        "{}",
        "{\"message\": 5}",
        "[1]",
        &whole[..50],
        &no_id,
        &zero,
        &number,
    ] {
        assert_eq!(parser.read(line.as_bytes(), &mut |_| ()), 0, "{line}");
    }
    assert_eq!(parser.read(&[b'{', 0xff, b'}'], &mut |_| ()), 0);
    let after = format!("2026-01-01T00:00:00Z stream {whole}\n");
    let mut ids = Vec::new();
    parser.read(after.as_bytes(), &mut |record| {
        ids.push((record.id, record.moment().kind.to_owned()))
    });
    assert_eq!(ids, [(3, "TaskStarted".to_owned())]);
}

/// An `EvaluationFailed` names its state; its cause is what came before it was entered (facts 2.6).
#[test]
fn what_failed_to_evaluate_is_told_of_its_state() {
    let event = |id, previous, kind, state: Option<&'static str>| Moment {
        kind,
        id,
        previous,
        at_ms: i64::from(id) * 1_000,
        state: state.map(Into::into),
        ..Moment::default()
    };
    let mut story = Story::default();
    let mut out = Vec::new();
    for moment in [
        event(1, 0, "ExecutionStarted", None),
        event(2, 0, "PassStateEntered", Some("A")),
        event(3, 2, "PassStateExited", Some("A")),
        event(4, 3, "MapStateEntered", Some("M")),
        event(5, 3, "EvaluationFailed", Some("M")),
        event(6, 5, "MapStateFailed", None),
        event(7, 6, "MapStateExited", Some("M")),
    ] {
        story.tell(&moment, &mut out);
    }
    let told = String::from_utf8(out).unwrap();
    let lines: Vec<&str> = told.lines().map(str::trim).collect();
    assert!(lines[4].ends_with("M: evaluation failed"), "{told}");
    assert!(lines[5].ends_with("M: failed"), "{told}");
    assert!(lines[6].ends_with("< M, 3.000 s"), "{told}");
}
