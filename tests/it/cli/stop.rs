//! A service that is told to stop while it reads definitions: what is large, or is no file, keeps it from nothing.

#![cfg(target_os = "linux")]

use super::{Folder, PASS, command};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Long before this a service has stopped, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Puts a file there whose reader waits for ever.
fn fifo(folder: &Folder, name: &str) {
    let path = folder.path().join(name);
    let _ = std::fs::remove_file(&path);
    assert!(
        Command::new("mkfifo")
            .arg(&path)
            .status()
            .expect("mkfifo")
            .success()
    );
}

/// Returns a definition that takes its time to be read, above all in a debug build.
fn large() -> String {
    let state = |at: usize| {
        format!(
            r#""S{at}":{{"Type":"Pass","Parameters":{{"n.$":"$.n"}},"Next":"S{}"}}"#,
            at + 1
        )
    };
    let states: Vec<String> = (0..9_999).map(state).collect();
    format!(
        r#"{{"StartAt":"S0","States":{{{},"S9999":{{"Type":"Succeed"}}}}}}"#,
        states.join(",")
    )
}

fn service(folder: &Folder, workflows: usize) -> Child {
    let mut config = "[service]\nlisten = \"\"\n[kafka]\nbrokers = \"127.0.0.1:1\"\n".to_owned();
    for number in 0..workflows {
        config += &format!(
            "[[workflow]]\nname = \"w{number}\"\ndefinition = \"w.asl.json\"\ntopics = [\"t\"]\n\
             [workflow.log]\nlevel = \"OFF\"\non_failure = \"OFF\"\n"
        );
    }
    let config = folder.write("c.toml", &config);
    let mut command = command(&["run", "--config", &config]);
    command
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("started")
}

fn signal(child: &Child, name: &str) {
    let arguments = [format!("-{name}"), child.id().to_string()];
    assert!(
        Command::new("kill")
            .args(arguments)
            .status()
            .expect("kill")
            .success()
    );
}

/// Waits for the end of a service that was told to stop; returns its exit code.
fn end(mut child: Child) -> Option<i32> {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait().expect("waited") {
            return status.code();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().expect("killed");
    panic!("it goes on");
}

#[test]
fn while_definitions_are_read_at_start() {
    let folder = Folder::new();
    folder.write("w.asl.json", &large());
    let child = service(&folder, 40);
    // As soon as it listens to signals: before that it is ended by them.
    let status = format!("/proc/{}/task", child.id());
    let has_thread = |name: &str| {
        let tasks = std::fs::read_dir(&status).into_iter().flatten().flatten();
        let names = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
        names
            .map(|found| found.trim_end().to_owned())
            .any(|found| found == name)
    };
    let begin = Instant::now();
    while !has_thread("stepstream-load") {
        assert!(begin.elapsed() < PATIENCE, "it does not begin to read");
        std::thread::yield_now();
    }
    signal(&child, "TERM");
    let told = Instant::now();
    assert_eq!(end(child), Some(0));
    let took = told.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}: it has read all first");
}

#[test]
fn while_definitions_are_read_again() {
    let folder = Folder::new();
    folder.write("w.asl.json", PASS);
    let mut child = service(&folder, 1);
    let mut lines = BufReader::new(child.stderr.take().expect("stderr")).lines();
    let mut said = |what: &str| {
        lines
            .by_ref()
            .map_while(Result::ok)
            .any(|line| line.contains(what))
    };
    assert!(said("running"));
    // It reads the one file again, which is said, and waits for the other.
    signal(&child, "HUP");
    assert!(said("has not changed"));
    fifo(&folder, "w.asl.json");
    signal(&child, "HUP");
    signal(&child, "TERM");
    assert_eq!(end(child), Some(0));
}
