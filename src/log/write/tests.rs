//! Buffers and writers: order, limits, trouble, sudden death.

use super::files::Files;
use super::files_tests::{FaultyDisk, Folder, limits, text_of};
use super::stdout::Stdout;
use super::*;
use crate::stream::Wake;
use std::io::{BufRead, BufReader};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub(super) const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn clock() -> i64 {
    1_767_225_600_000
}

fn config(overflow: Overflow) -> Config {
    Config {
        overflow,
        ..Config::default()
    }
}

/// Starts a writer of files on a disk that can be made to fail.
fn start(folder: &Folder, disk: FaultyDisk, overflow: Overflow, shards: usize) -> (Log, Vec<Buffer>) {
    let files =
        Files::start(Box::new(disk), folder.path(), "flow", limits(), |ms| ms, clock()).expect("a folder");
    spawn(Box::new(files), overflow, shards)
}

/// Opens a log at a writer of its own.
fn spawn(output: Box<dyn destination::Output>, overflow: Overflow, shards: usize) -> (Log, Vec<Buffer>) {
    open(&mut Writer::new(None), output, &config(overflow), shards)
}

pub(super) fn open(
    writer: &mut Writer,
    output: Box<dyn destination::Output>,
    config: &Config,
    shards: usize,
) -> (Log, Vec<Buffer>) {
    let wakes: Vec<Wake> = (0..shards).map(|_| Wake::new()).collect();
    let setup = Setup {
        workflow: "flow",
        config,
        wakes: &wakes,
    };
    let opened = match config.destination {
        Destination::Stdout => writer.open_stdout(&setup, output, clock),
        _ => writer.open_file(&setup, output, clock),
    };
    opened.expect("a thread")
}

/// Waits for another thread; generous, since it ends as soon as it can.
pub(super) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "{what}");
        std::thread::yield_now();
    }
}

fn line(shard: usize, number: usize) -> String {
    format!(
        "{{\"shard\":{shard},\"number\":{number},\"text\":\"{}\"}}\n",
        "x".repeat(number % 300)
    )
}

#[test]
fn all_is_written_in_order_and_confirmed() {
    let folder = Folder::new();
    let (writer, mut buffers) = start(&folder, FaultyDisk::default(), Overflow::Block, 2);
    let mut marks = [0, 0];
    for number in 0..20_000 {
        for (shard, buffer) in buffers.iter_mut().enumerate() {
            buffer.records().extend_from_slice(line(shard, number).as_bytes());
            let mark = buffer.mark();
            assert!(mark >= marks[shard], "marks rise");
            marks[shard] = mark;
            buffer.ship(number % 97 == 0);
        }
    }
    for buffer in &mut buffers {
        // One that could not be handed over at once is handed over later, by the same call.
        until("shipped", || {
            buffer.ship(true);
            buffer.records().is_empty()
        });
    }
    for (buffer, mark) in buffers.iter().zip(marks) {
        until("confirmed", || buffer.confirmed() >= mark);
    }
    drop(buffers);
    let health = writer.health();
    assert_eq!(writer.finish(PATIENCE), Ok(()));
    let text = text_of(&folder);
    let mut next = [0, 0];
    for found in text.split_inclusive('\n') {
        let shard = usize::from(found.starts_with("{\"shard\":1"));
        assert_eq!(found, line(shard, next[shard]));
        next[shard] += 1;
    }
    assert_eq!(next, [20_000, 20_000]);
    assert_eq!(
        (
            health.written_bytes(),
            health.waiting_bytes(),
            health.waiting_buffers(),
            health.dropped_records()
        ),
        (text.len() as u64, 0, 0, 0)
    );
    assert!(folder.names().iter().all(|name| name.ends_with(CLOSED_ENDING)));
}

#[test]
fn a_warm_buffer_reuses_its_memory() {
    let folder = Folder::new();
    let (_writer, mut buffers) = start(&folder, FaultyDisk::default(), Overflow::Block, 1);
    let buffer = &mut buffers[0];
    let mut seen = std::collections::HashSet::new();
    for _ in 0..1_000 {
        buffer.records().extend_from_slice(b"{}\n");
        seen.insert(buffer.records().as_ptr());
        buffer.ship(true);
        let mark = buffer.mark();
        until("confirmed", || buffer.confirmed() >= mark);
    }
    assert!(seen.len() <= 3, "{} buffers", seen.len());
}

/// Fills until the writer does not keep up; returns how many lines were appended.
fn fill(buffer: &mut Buffer, lines: usize) -> usize {
    for number in 0..lines {
        if buffer.is_full() {
            return number;
        }
        buffer.records().extend_from_slice(line(0, number).as_bytes());
        buffer.ship(false);
    }
    lines
}

#[test]
fn a_full_disk_blocks_and_loses_nothing() {
    let folder = Folder::new();
    let disk = FaultyDisk::default();
    disk.set_space(Some(300_000));
    let (writer, mut buffers) = start(&folder, disk.clone(), Overflow::Block, 1);
    let appended = fill(&mut buffers[0], 1_000_000);
    assert!(appended < 1_000_000, "it blocks");
    let mark = buffers[0].mark();
    until("trouble", || writer.health().is_failing());
    let trouble = writer.health().trouble().expect("it says what is wrong");
    assert!(
        trouble.contains("workflow 'flow'") && trouble.contains("No space left on device"),
        "{trouble}"
    );
    // Two buffers of 128 KiB fit; what does not is not confirmed, and leaves no torn line.
    until("two are confirmed", || buffers[0].confirmed() == 2);
    // The mark is of the buffer that comes after those.
    assert_eq!(writer.health().waiting_buffers(), mark - 1 - 2);
    assert!(text_of(&folder).ends_with('\n'));
    disk.set_space(None);
    until("written", || {
        buffers[0].ship(true);
        buffers[0].confirmed() >= mark
    });
    assert!(!writer.health().is_failing() && writer.health().trouble().is_none());
    drop(buffers);
    assert_eq!(writer.finish(PATIENCE), Ok(()));
    let wanted: String = (0..appended).map(|number| line(0, number)).collect();
    assert!(text_of(&folder) == wanted, "all lines, once, in order");
}

#[test]
fn dropping_never_waits_and_counts() {
    let folder = Folder::new();
    let disk = FaultyDisk::default();
    disk.set_space(Some(0));
    let (writer, mut buffers) = start(&folder, disk.clone(), Overflow::Drop, 1);
    let appended = fill(&mut buffers[0], 60_000);
    assert_eq!(appended, 60_000);
    assert_eq!((buffers[0].mark(), buffers[0].is_full()), (0, false));
    disk.set_space(None);
    drop(buffers);
    let health = writer.health();
    assert_eq!(writer.finish(PATIENCE), Ok(()));
    let written = text_of(&folder).lines().count() as u64;
    assert!(health.dropped_records() > 0 && health.dropped_bytes() > 0);
    assert_eq!(written + health.dropped_records(), 60_000);
}

#[test]
fn few_large_buffers_take_no_more_than_many_small_ones() {
    for overflow in [Overflow::Block, Overflow::Drop] {
        let (folder, disk) = (Folder::new(), FaultyDisk::default());
        disk.set_space(Some(0));
        let (writer, mut buffers) = start(&folder, disk.clone(), overflow, 1);
        let buffer = &mut buffers[0];
        let large = vec![b'x'; WAITING_BYTES_MAX / 2];
        for _ in 0..10 {
            if buffer.is_full() {
                break;
            }
            buffer.records().extend_from_slice(&large);
            buffer.records().push(b'\n');
            buffer.ship(false);
        }
        let most = WAITING_BYTES_MAX + large.len() + 10;
        assert!(
            buffer.bytes_waiting() <= most,
            "{overflow:?}: {}",
            buffer.bytes_waiting()
        );
        disk.set_space(None);
        drop(buffers);
        assert_eq!(writer.finish(PATIENCE), Ok(()));
    }
}

#[test]
fn finishing_gives_up_a_disk_that_stays_full() {
    let folder = Folder::new();
    let disk = FaultyDisk::default();
    disk.set_space(Some(10));
    let (writer, mut buffers) = start(&folder, disk, Overflow::Block, 1);
    buffers[0].records().extend_from_slice(line(0, 20).as_bytes());
    buffers[0].ship(true);
    let confirmed = buffers[0].mark();
    assert_eq!(confirmed, 1);
    drop(buffers);
    let end = writer.finish(Duration::from_millis(10));
    assert!(
        end.as_ref().is_err_and(|error| error.contains("No space")),
        "{end:?}"
    );
    assert_eq!(text_of(&folder), "", "nothing torn stays");
}

#[test]
fn the_operating_system_says_when_a_device_is_full() {
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else {
        println!("SKIPPED: no /dev/full here");
        return;
    };
    let (writer, mut buffers) = spawn(Box::new(Stdout::new(full)), Overflow::Block, 1);
    buffers[0].records().extend_from_slice(b"{}\n");
    buffers[0].ship(true);
    until("trouble", || writer.health().is_failing());
    let trouble = writer.health().trouble().expect("a text");
    assert!(
        trouble.contains("stdout") && trouble.contains("No space left"),
        "{trouble}"
    );
    assert_eq!(buffers[0].confirmed(), 0);
}

/// A place where all fails, or panics.
pub(super) struct Broken {
    pub(super) panics: bool,
}

impl destination::Output for Broken {
    fn place(&self) -> String {
        "nowhere".to_owned()
    }

    fn write(&mut self, _bytes: &[u8], _now_ms: i64) -> std::io::Result<()> {
        if self.panics {
            // Without the hook, which would print it.
            std::panic::resume_unwind(Box::new("a fault of the test"));
        }
        Err(std::io::Error::other("why"))
    }

    fn settle(&mut self) -> std::io::Result<()> {
        Err(std::io::Error::other("what follows"))
    }

    fn due_ms(&self) -> i64 {
        i64::MAX
    }

    fn tick(&mut self, _now_ms: i64) -> std::io::Result<()> {
        Ok(())
    }

    fn close(&mut self, _now_ms: i64) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_first_error_is_the_one_that_is_told() {
    let (writer, mut buffers) = spawn(Box::new(Broken { panics: false }), Overflow::Block, 1);
    buffers[0].records().extend_from_slice(b"{}\n");
    buffers[0].ship(true);
    until("trouble", || writer.health().is_failing());
    let trouble = writer.health().trouble().expect("a text");
    assert!(trouble.ends_with("nowhere: why"), "{trouble}");
}

#[test]
fn a_panic_in_a_writer_confirms_nothing_and_is_seen() {
    let (writer, mut buffers) = spawn(Box::new(Broken { panics: true }), Overflow::Block, 1);
    buffers[0].records().extend_from_slice(b"{}\n");
    buffers[0].ship(true);
    let health = writer.health();
    until("seen", || health.broken().is_some());
    assert!(health.is_failing(), "the service is not ready");
    // Whoever goes on meanwhile keeps its records.
    buffers[0].records().extend_from_slice(b"{}\n");
    let mark = buffers[0].mark();
    buffers[0].ship(true);
    assert!(buffers[0].confirmed() < mark && buffers[0].confirmed() == 0);
    drop(buffers);
    let problem = writer.finish(PATIENCE).expect_err("a problem");
    assert!(
        problem.ends_with("please report it: a fault of the test"),
        "{problem}"
    );
}

/// A pipe that takes few bytes at a time and fails between.
struct Choking {
    taken: Arc<Mutex<Vec<u8>>>,
    calls: usize,
}

impl std::io::Write for Choking {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.calls += 1;
        if self.calls.is_multiple_of(3) {
            return Err(std::io::ErrorKind::WouldBlock.into());
        }
        let taken = bytes.len().min(7);
        self.taken
            .lock()
            .expect("unpoisoned")
            .extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn stdout_goes_on_where_it_stopped() {
    let taken = Arc::new(Mutex::new(Vec::new()));
    let mut out = Stdout::new(Choking {
        taken: Arc::clone(&taken),
        calls: 0,
    });
    let bytes = b"{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n";
    for _ in 0..2 {
        let tries = (0..100).take_while(|_| destination::Output::write(&mut out, bytes, 0).is_err());
        assert!(tries.count() > 0);
    }
    assert_eq!(*taken.lock().expect("unpoisoned"), [&bytes[..], bytes].concat());
}

const CHILD_FOLDER: &str = "STEPSTREAM_TEST_JOURNAL_FOLDER";

/// Not a test: the process that the next one kills. It prints what is confirmed.
#[test]
fn child_that_is_killed() {
    let Some(folder) = std::env::var_os(CHILD_FOLDER) else {
        return;
    };
    let mut config = config(Overflow::Block);
    config.file.directory = folder.into();
    let setup = Setup {
        workflow: "flow",
        config: &config,
        wakes: &[Wake::new()],
    };
    let (_log, mut buffers) = Writer::new(None).open(&setup).expect("a log");
    let (buffer, mut said) = (&mut buffers[0], 0);
    let mut ends = std::collections::VecDeque::new();
    for number in 0.. {
        buffer.records().extend_from_slice(line(0, number).as_bytes());
        ends.push_back((buffer.mark(), number));
        buffer.ship(number % 50 == 0);
        while ends.front().is_some_and(|(mark, _)| *mark <= buffer.confirmed()) {
            said = ends.pop_front().map_or(said, |(_, number)| number);
        }
        if number % 50 == 0 {
            println!("confirmed {said}");
        }
        until("room", || {
            buffer.ship(false);
            !buffer.is_full()
        });
    }
}

#[test]
fn sudden_death_loses_nothing_that_was_confirmed() {
    let folder = Folder::new();
    for round in 0..3 {
        let child = std::process::Command::new(std::env::current_exe().expect("this test"))
            .args([
                "--exact",
                "log::write::tests::child_that_is_killed",
                "--nocapture",
            ])
            .env(CHILD_FOLDER, folder.path())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
            .spawn();
        let mut child = child.expect("a child");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let said = lines.by_ref().map_while(Result::ok).filter_map(|line| {
            line.strip_prefix("confirmed ")
                .and_then(|number| number.parse::<usize>().ok())
        });
        let enough = 5_000 + 3_333 * round;
        let mut last = said.take_while(|number| *number < enough).last().unwrap_or(0);
        child.kill().expect("it lives");
        // What it had said before it died counts too.
        for line in lines.map_while(Result::ok) {
            let number = line
                .strip_prefix("confirmed ")
                .and_then(|number| number.parse().ok());
            last = last.max(number.unwrap_or(0));
        }
        child.wait().expect("its end");
        let open = folder
            .names()
            .into_iter()
            .filter(|name| name.ends_with(OPEN_ENDING));
        assert_eq!(open.count(), 1, "it died while writing");
        let (writer, buffers) = start(&folder, FaultyDisk::default(), Overflow::Block, 1);
        drop(buffers);
        assert_eq!(writer.finish(PATIENCE), Ok(()));
        assert!(folder.names().iter().all(|name| name.ends_with(CLOSED_ENDING)));
        let text = text_of(&folder);
        let found = text.split_inclusive('\n').enumerate();
        let whole = found
            .take_while(|(number, found)| *found == line(0, *number))
            .count();
        assert_eq!(whole, text.lines().count(), "whole lines in order");
        assert!(whole > last, "confirmed up to {last}, found {whole} lines");
        folder.clear();
    }
}

#[test]
fn the_sample_has_the_defaults() {
    let sample = include_str!("../../../config/stepstream.toml");
    let start = sample.find("[workflow.log]").expect("the section");
    let end = sample.find("# [workflow.log.kafka]").expect("its end");
    let section = sample[start..end].replace("[workflow.log.file]", "[file]");
    let section = section.replace("[workflow.log]", "");
    let config: Config = toml::from_str(&section).expect("a configuration");
    assert_eq!(config, Config::default());
    // Each key stands there.
    let written = toml::to_string(&config).expect("TOML");
    for line in written.lines().filter_map(|line| line.split_once(" = ")) {
        assert!(
            section.lines().any(|known| known.starts_with(line.0)),
            "{}",
            line.0
        );
    }
    let error = toml::from_str::<Config>("levels = \"ALL\"").expect_err("no such key");
    assert!(error.to_string().contains("levels"), "{error}");
    let error = toml::from_str::<Config>("level = \"all\"").expect_err("no such level");
    assert!(error.to_string().contains("`ALL`"), "{error}");
    let kafka: Config = toml::from_str("destination = \"kafka\"\n[kafka]\ntopic = \"t\"").expect("a topic");
    assert_eq!(kafka.kafka.map(|kafka| kafka.topic).as_deref(), Some("t"));
}
