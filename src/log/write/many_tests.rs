//! One writer with many machines: what one's destination does means nothing to the others.

use super::files::Files;
use super::files_tests::{FaultyDisk, Folder, limits, text_of};
use super::tests::{Broken, PATIENCE, clock, open, until};
use super::topic_tests::{self, Manual};
use super::*;
use crate::stream::SendError;
use std::path::PathBuf;
use std::time::Duration;

/// A configuration of files in a folder; the name alone decides which thread writes them.
fn in_folder(name: &str) -> Config {
    let file = FileConfig {
        directory: PathBuf::from(name),
        ..FileConfig::default()
    };
    Config {
        file,
        ..Config::default()
    }
}

/// Hands a record over; returns its mark.
fn ship(buffer: &mut Buffer) -> u64 {
    buffer.records().extend_from_slice(b"{}\n");
    let mark = buffer.mark();
    buffer.ship(true);
    mark
}

/// Opens a log of files on a disk of the test's.
fn open_files(writer: &mut Writer, folder: &Folder, disk: FaultyDisk) -> (Log, Buffer) {
    let files = Files::start(Box::new(disk), folder.path(), "flow", limits(), |ms| ms, clock());
    let files = Box::new(files.expect("a folder"));
    let (log, mut buffers) = open(writer, files, &in_folder("log"), 1);
    (log, buffers.remove(0))
}

#[test]
fn a_full_disk_stops_the_machine_that_writes_to_it() {
    let (full, free) = (Folder::new(), Folder::new());
    let disk = FaultyDisk::default();
    disk.set_space(Some(0));
    let mut writer = Writer::new(None);
    let (stuck, mut of_stuck) = open_files(&mut writer, &full, disk.clone());
    let mark_of_stuck = ship(&mut of_stuck);
    until("trouble", || stuck.health().is_failing());
    let (other, mut of_other) = open_files(&mut writer, &free, FaultyDisk::default());
    for _ in 0..20 {
        let mark = ship(&mut of_other);
        until("confirmed", || of_other.confirmed() == mark);
    }
    assert!(!other.health().is_failing() && of_stuck.confirmed() < mark_of_stuck);
    drop(of_other);
    assert_eq!(
        other.finish(PATIENCE),
        Ok(()),
        "a machine goes while another is stuck"
    );
    disk.set_space(None);
    until("confirmed", || of_stuck.confirmed() == mark_of_stuck);
    drop(of_stuck);
    assert_eq!(stuck.finish(PATIENCE), Ok(()));
    assert_eq!((text_of(&full).len(), text_of(&free).len()), (3, 60));
}

#[test]
fn a_panic_ends_the_log_of_one_machine() {
    let mut writer = Writer::new(None);
    let broken = Box::new(Broken { panics: true });
    let (broken, mut of_broken) = open(&mut writer, broken, &in_folder("log"), 1);
    ship(&mut of_broken[0]);
    until("seen", || broken.health().broken().is_some());
    let folder = Folder::new();
    let (other, mut of_other) = open_files(&mut writer, &folder, FaultyDisk::default());
    let mark = ship(&mut of_other);
    until("confirmed", || of_other.confirmed() == mark);
    drop(of_other);
    assert_eq!(other.finish(PATIENCE), Ok(()));
}

#[test]
fn machines_come_and_go_and_threads_do_not_become_more() {
    let mut writer = Writer::new(None);
    let mut most = 0;
    for round in 0..40 {
        let folder = Folder::new();
        let files = Files::start(
            Box::new(FaultyDisk::default()),
            folder.path(),
            "flow",
            limits(),
            |ms| ms,
            clock(),
        );
        let config = in_folder(&format!("log-{}", round % 20));
        let (log, mut buffers) = open(&mut writer, Box::new(files.expect("a folder")), &config, 2);
        buffers.iter_mut().for_each(|buffer| _ = ship(buffer));
        drop(buffers);
        assert_eq!(log.finish(PATIENCE), Ok(()));
        assert_eq!(text_of(&folder), "{}\n{}\n");
        most = most.max(writer.threads());
    }
    assert_eq!(most, 16);
}

#[test]
fn a_topic_that_takes_nothing_stops_the_machine_that_writes_to_it() {
    let sink = Manual::with_capacity(20_000);
    sink.state().stuck = "no-leader".to_owned();
    let mut writer = topic_tests::writer(&sink);
    let (stuck, mut of_stuck) = topic_tests::open(&mut writer, "no-leader");
    let (other, mut of_other) = topic_tests::open(&mut writer, "flow-log");
    let mut pass_by = |number: usize| {
        let mark = topic_tests::ship(&mut of_other[0], number..number + 1);
        let (ticket, ..) = sink.taken(1)[0].clone();
        sink.answer(ticket, Ok(()));
        until("confirmed", || of_other[0].confirmed() == mark);
    };
    // Once it is served both share the queue.
    pass_by(0);
    // Far more than the queue holds.
    let marks: Vec<u64> = (0..10)
        .map(|_| topic_tests::ship(&mut of_stuck[0], 0..50))
        .collect();
    until("the share is full", || !sink.state().held.is_empty());
    (1..50).for_each(&mut pass_by);
    assert!(of_stuck[0].confirmed() < marks[0], "none of them has arrived");
    let held = sink.state().held.len();
    assert!((1..30).contains(&held), "{held} messages in the queue");
    drop(of_other);
    assert_eq!(other.finish(PATIENCE), Ok(()));
    // Its leader is there again.
    sink.state().stuck.clear();
    loop {
        let held: Vec<_> = sink.state().held.drain(..).collect();
        held.into_iter().for_each(|ticket| sink.answer(ticket, Ok(())));
        let taken: Vec<_> = sink.state().taken.drain(..).collect();
        taken
            .into_iter()
            .for_each(|(ticket, ..)| sink.answer(ticket, Ok(())));
        if of_stuck[0].confirmed() == marks[9] {
            break;
        }
        std::thread::yield_now();
    }
    drop(of_stuck);
    assert_eq!(stuck.finish(PATIENCE), Ok(()));
    until("topics are given back", || sink.state().closed == 2);
}

#[test]
fn a_late_answer_reaches_no_other_machine() {
    let sink = Manual::default();
    let mut writer = topic_tests::writer(&sink);
    let (first, mut buffers) = topic_tests::open(&mut writer, "flow-log");
    topic_tests::ship(&mut buffers[0], 0..2);
    let sent = sink.taken(2);
    sink.answer(sent[0].0, Err(SendError::Failed("broker is away".to_owned())));
    drop(buffers);
    first
        .finish(std::time::Duration::from_millis(1))
        .expect_err("given up");
    let again: Vec<_> = sink.state().taken.drain(..).collect();
    let (second, mut buffers) = topic_tests::open(&mut writer, "flow-log");
    let mark = topic_tests::ship(&mut buffers[0], 5..6);
    let (ticket, ..) = sink.taken(1)[0].clone();
    for late in again.iter().chain(&sent[1..]) {
        sink.answer(late.0, Ok(()));
    }
    until("answers are read", || sink.state().answers.is_empty());
    assert!(buffers[0].confirmed() < mark);
    sink.answer(ticket, Ok(()));
    until("confirmed", || buffers[0].confirmed() == mark);
    drop(buffers);
    assert_eq!(second.finish(PATIENCE), Ok(()));
}

#[test]
fn logs_that_fail_are_given_up_together() {
    let mut writer = Writer::new(None);
    let (mut logs, mut all_buffers) = (Vec::new(), Vec::new());
    for number in 0..4 {
        let folder = Folder::new();
        let disk = FaultyDisk::default();
        let (log, mut buffers) = open_files(&mut writer, &folder, disk.clone());
        if number > 0 {
            disk.set_space(Some(0));
        }
        ship(&mut buffers);
        logs.push((format!("flow-{number}"), log));
        all_buffers.push((folder, buffers));
    }
    let folders: Vec<_> = all_buffers
        .into_iter()
        .map(|(folder, buffers)| (drop(buffers), folder).1)
        .collect();
    let began = std::time::Instant::now();
    let failed = super::finish_all(logs, Duration::from_millis(50));
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
    let names: Vec<&str> = failed.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["flow-1", "flow-2", "flow-3"]);
    drop(folders);
}

/// A log is given up of which the sink has messages: the room that they take is nobody else's before they are answered.
#[test]
fn a_log_that_goes_keeps_its_share_until_the_sink_has_answered() {
    const CAPACITY: usize = 20_000;
    let sink = Manual::with_capacity(CAPACITY);
    sink.state().stuck = "no-leader".to_owned();
    let mut writer = topic_tests::writer(&sink);
    let (gone, mut of_gone) = topic_tests::open(&mut writer, "no-leader");
    topic_tests::ship(&mut of_gone[0], 0..50);
    let (other, mut of_other) = topic_tests::open(&mut writer, "flow-log");
    let mut pass_by = |number: usize| {
        let mark = topic_tests::ship(&mut of_other[0], number..number + 1);
        let (ticket, ..) = sink.taken(1)[0].clone();
        sink.answer(ticket, Ok(()));
        until("confirmed", || of_other[0].confirmed() == mark);
    };
    pass_by(0);
    let ticket = sink.state().held.pop().expect("a message");
    sink.answer(ticket, Err(SendError::Failed("no leader".to_owned())));
    until("trouble", || gone.health().is_failing());
    drop(of_gone);
    gone.finish(Duration::from_millis(1)).expect_err("given up");
    let (next, mut of_next) = topic_tests::open(&mut writer, "no-leader");
    topic_tests::ship(&mut of_next[0], 0..50);
    pass_by(1);
    pass_by(2);
    let held: Vec<_> = sink.state().held.drain(..).collect();
    // A record and its key have some 60 bytes.
    let bytes = held.len() * (crate::stream::share::MESSAGE_OVERHEAD + 60);
    assert!(bytes <= CAPACITY, "{} messages in the queue", held.len());
    held.into_iter().for_each(|ticket| sink.answer(ticket, Ok(())));
    until("its topic is given back", || sink.state().closed == 1);
    sink.state().stuck.clear();
    drop((of_next, of_other));
    drop((next, other));
}
