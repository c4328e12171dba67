//! Logs that go to a CloudWatch of the test's, which checks what AWS documents and fails when it is told to.

use super::{CloudWatch, Reply, Request};
use crate::log::write::{Buffer, CloudWatchConfig, Config, Destination, Log, Setup, Writer};
use crate::stream::Wake;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

/// What the fake has and does.
#[derive(Default)]
struct State {
    groups: Vec<String>,
    /// Messages by group and stream.
    streams: BTreeMap<(String, String), Vec<String>>,
    operations: Vec<&'static str>,
    /// Answers that come before it looks at requests.
    troubles: VecDeque<Result<Reply, String>>,
    /// A message with this in it is not acceptable.
    poison: Option<&'static str>,
    /// Said of each batch.
    info: Option<&'static str>,
    /// Whether it never answers.
    hangs: bool,
    /// Whether a stream that was made is not there yet.
    is_late: bool,
}

#[derive(Clone, Default)]
struct Fake(Arc<Mutex<State>>);

impl Fake {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("unpoisoned")
    }

    fn with_group(group: &str) -> Fake {
        let fake = Fake::default();
        fake.state().groups.push(group.to_owned());
        fake
    }

    fn messages(&self) -> Vec<String> {
        self.state().streams.values().flatten().cloned().collect()
    }

    fn answer(&self, request: &Request) -> Result<Reply, String> {
        let mut state = self.state();
        state.operations.push(request.operation);
        if let Some(trouble) = state.troubles.pop_front() {
            return trouble;
        }
        let body: serde_json::Value = serde_json::from_slice(&request.body).expect("JSON");
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let (group, stream) = (text("logGroupName"), text("logStreamName"));
        let refused = |code: &str| {
            Ok(Reply::Refused {
                code: code.to_owned(),
                message: "so says the test".to_owned(),
            })
        };
        let has_group = state.groups.contains(&group);
        match request.operation {
            "CreateLogGroup" => state.groups.push(group),
            "CreateLogStream" if !has_group => return refused("ResourceNotFoundException"),
            "CreateLogStream" => drop(state.streams.entry((group, stream)).or_default()),
            _ => {
                let events = body["logEvents"].as_array().expect("events").clone();
                let (poison, info) = (state.poison, state.info);
                if state.is_late {
                    return refused("ResourceNotFoundException");
                }
                let Some(messages) = state.streams.get_mut(&(group, stream)) else {
                    return refused("ResourceNotFoundException");
                };
                let times: Vec<i64> = events
                    .iter()
                    .map(|event| event["timestamp"].as_i64().expect("a time"))
                    .collect();
                let taken = events
                    .iter()
                    .map(|event| event["message"].as_str().expect("a text").to_owned());
                let taken: Vec<String> = taken.collect();
                let bytes: usize = taken.iter().map(|message| message.len() + 26).sum();
                let is_bad = |message: &String| poison.is_some_and(|poison| message.contains(poison));
                if !times.is_sorted()
                    || bytes > 1_048_576
                    || events.len() > 10_000
                    || taken.iter().any(is_bad)
                {
                    return refused("InvalidParameterException");
                }
                messages.extend(taken);
                if let Some(info) = info {
                    return Ok(Reply::Done(info.into()));
                }
            }
        }
        Ok(Reply::Done(b"{}".to_vec()))
    }
}

impl CloudWatch for Fake {
    fn ask(&self, request: Request) -> super::service::Answer {
        if self.state().hangs {
            return Box::pin(std::future::pending());
        }
        let answer = self.answer(&request);
        Box::pin(async move { answer })
    }
}

fn config(create_group: bool) -> Config {
    Config {
        destination: Destination::CloudWatch,
        cloudwatch: Some(CloudWatchConfig {
            group: "g".to_owned(),
            region: None,
            stream_prefix: "states".to_owned(),
            create_group,
        }),
        ..Config::default()
    }
}

fn open(fake: &Fake, config: &Config) -> (Log, Buffer) {
    let fake = fake.clone();
    let mut writer = Writer::new(None).with_cloudwatch(Box::new(move || Ok(Rc::new(fake))));
    let setup = Setup {
        workflow: "flow",
        config,
        wakes: &[Wake::new()],
    };
    let (log, mut buffers) = writer.open(&setup).expect("a thread");
    (log, buffers.remove(0))
}

fn ship(buffer: &mut Buffer, records: impl Iterator<Item = String>) -> u64 {
    for record in records {
        buffer.records().extend_from_slice(record.as_bytes());
        buffer.records().push(b'\n');
    }
    let mark = buffer.mark();
    buffer.ship(true);
    mark
}

fn records(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|number| format!(r#"{{"id":"{number}","event_timestamp":"1767225600000"}}"#))
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "{what}");
        std::thread::yield_now();
    }
}

#[test]
fn all_is_written_in_order_and_confirmed() {
    let fake = Fake::with_group("g");
    let (log, mut buffer) = open(&fake, &config(false));
    let mark = ship(&mut buffer, records(25_000));
    until("confirmed", || buffer.confirmed() == mark);
    drop(buffer);
    assert_eq!(log.finish(PATIENCE), Ok(()));
    assert_eq!(fake.messages(), records(25_000).collect::<Vec<_>>());
}

#[test]
fn a_group_is_made_where_it_may_be() {
    let fake = Fake::default();
    let (log, mut buffer) = open(&fake, &config(true));
    let mark = ship(&mut buffer, records(1));
    until("confirmed", || buffer.confirmed() == mark);
    drop((log, buffer));
    let expected = [
        "PutLogEvents",
        "CreateLogStream",
        "CreateLogGroup",
        "CreateLogStream",
        "PutLogEvents",
    ];
    assert_eq!(fake.state().operations, expected);
}

#[test]
fn a_missing_group_is_told_and_waited_for() {
    let fake = Fake::default();
    let (log, mut buffer) = open(&fake, &config(false));
    let mark = ship(&mut buffer, records(3));
    until("trouble", || log.health().is_failing());
    let trouble = log.health().trouble().expect("a text");
    assert!(
        trouble.contains("log group 'g'") && trouble.contains("create_group"),
        "{trouble}"
    );
    assert!(buffer.confirmed() < mark);
    fake.state().groups.push("g".to_owned());
    until("confirmed", || {
        buffer.confirmed() == mark && !log.health().is_failing()
    });
    assert_eq!(fake.messages().len(), 3);
}

#[test]
fn what_fails_is_sent_again() {
    let fake = Fake::with_group("g");
    let throttled = Reply::Refused {
        code: "ThrottlingException".to_owned(),
        message: "Rate exceeded".to_owned(),
    };
    fake.state()
        .troubles
        .extend([Ok(throttled), Err("no answer".to_owned())]);
    let (log, mut buffer) = open(&fake, &config(false));
    let mark = ship(&mut buffer, records(2));
    until("confirmed", || buffer.confirmed() == mark);
    assert_eq!(fake.messages(), records(2).collect::<Vec<_>>());
    assert_eq!(log.health().dropped_records(), 0);
}

#[test]
fn a_record_that_is_not_acceptable_takes_no_other_with_it() {
    let fake = Fake::with_group("g");
    fake.state().poison = Some(r#""id":"700""#);
    let (log, mut buffer) = open(&fake, &config(false));
    let mark = ship(&mut buffer, records(1_000));
    until("confirmed", || buffer.confirmed() == mark);
    assert_eq!(log.health().dropped_records(), 1);
    let expected: Vec<_> = records(1_000)
        .filter(|record| !record.contains(r#""id":"700""#))
        .collect();
    assert_eq!(fake.messages(), expected);
}

#[test]
fn what_refuses_every_record_is_waited_for() {
    let fake = Fake::with_group("g");
    fake.state().poison = Some("id");
    let (log, mut buffer) = open(&fake, &config(false));
    let mark = ship(&mut buffer, records(1_000));
    until("trouble", || log.health().is_failing());
    let given_up = log.health().dropped_records();
    assert!(
        given_up <= 16 && buffer.confirmed() < mark,
        "{given_up} records are given up"
    );
    fake.state().poison = None;
    until("confirmed", || {
        buffer.confirmed() == mark && !log.health().is_failing()
    });
    assert_eq!(fake.messages().len(), 1_000 - given_up as usize);
}

#[test]
fn a_stream_that_does_not_come_is_told_and_waited_for() {
    let fake = Fake::with_group("g");
    fake.state().is_late = true;
    let (log, mut buffer) = open(&fake, &config(false));
    let mark = ship(&mut buffer, records(3));
    until("trouble", || log.health().is_failing());
    fake.state().is_late = false;
    until("confirmed", || {
        buffer.confirmed() == mark && !log.health().is_failing()
    });
    assert_eq!(fake.messages().len(), 3);
}

#[test]
fn what_is_too_old_is_counted() {
    let fake = Fake::with_group("g");
    fake.state().info = Some(r#"{"rejectedLogEventsInfo":{"tooOldLogEventEndIndex":2}}"#);
    let (log, mut buffer) = open(&fake, &config(false));
    let mark = ship(&mut buffer, records(5));
    until("confirmed", || buffer.confirmed() == mark);
    assert_eq!(log.health().dropped_records(), 2);
}

#[test]
fn a_stop_does_not_wait_for_what_never_answers() {
    let fake = Fake::default();
    fake.state().hangs = true;
    let (log, mut buffer) = open(&fake, &config(false));
    ship(&mut buffer, records(1));
    drop(buffer);
    let ended = log.finish(Duration::ZERO);
    assert!(
        ended.as_ref().is_err_and(|text| text.contains("log group 'g'")),
        "{ended:?}"
    );
}

#[test]
fn a_service_that_cannot_be_reached_at_all_is_told() {
    let mut writer = Writer::new(None).with_cloudwatch(Box::new(|| Err("no region".to_owned())));
    let setup = Setup {
        workflow: "flow",
        config: &config(false),
        wakes: &[Wake::new()],
    };
    let (log, buffers) = writer.open(&setup).expect("a thread");
    until("trouble", || log.health().is_failing());
    drop(buffers);
    assert_eq!(log.finish(PATIENCE), Err("no region".to_owned()));
}
