//! `stepstream demo`: every order has its result, and what it points to is there.

use super::{command, run, shown};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// The demo's folder goes with this.
struct Kept(PathBuf);

impl Kept {
    /// Reads the folder off what the demo says of its workflow.
    fn of(out: &str) -> Kept {
        let line = out
            .lines()
            .find(|line| line.contains("the workflow "))
            .expect("a pointer");
        let file = PathBuf::from(line.split_whitespace().last().expect("a path"));
        assert!(file.is_file(), "{}", file.display());
        Kept(file.parent().expect("a folder").to_owned())
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Returns the whole number before a word.
fn number(out: &str, word: &str) -> u32 {
    let before = out.split(word).next().expect("a part");
    let digits = before.split_whitespace().last().expect("a number");
    digits
        .replace(',', "")
        .parse()
        .unwrap_or_else(|_| panic!("{word} in {out}"))
}

#[test]
fn counts_every_order_and_points_to_what_is_there() {
    let (code, out, err) = run(&["demo", "--events", "2500", "--shards", "2"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let kept = Kept::of(&out);
    assert!(!out.contains('\r'), "plain lines: {out}");
    assert_eq!(number(&out, " written,"), 2_500);
    assert_eq!(number(&out, " results read back"), 2_500);
    let (fulfilled, failed) = (number(&out, " fulfilled,"), number(&out, " failed (more"));
    assert_eq!(fulfilled + failed, 2_500);
    assert!((50..1_000).contains(&failed), "{failed} failed");
    assert!(out.contains("missing    none"), "{out}");
    assert!(out.contains("latency    p50 "), "{out}");

    let line = out
        .lines()
        .find(|line| line.contains(" logs "))
        .expect("a command");
    let words: Vec<&str> = line
        .split(" logs ")
        .nth(1)
        .expect("arguments")
        .split_whitespace()
        .collect();
    let (code, story, err) = run(&[&["logs"], &words[..]].concat());
    assert_eq!((code, err.as_str()), (0, ""), "{story}");
    assert!(
        story.contains("FAILED") && story.contains("OrderCancelled"),
        "{story}"
    );
    let log = kept.0.join("log").display().to_string();
    let (_, table, _) = run(&["logs", &log, "--status", "FAILED"]);
    let rows = table.lines().filter(|line| line.starts_with("FAILED")).count();
    assert_eq!(rows as u32, failed, "executions in the log");
    let metrics = std::fs::read_to_string(kept.0.join("metrics.txt")).expect("metrics");
    let counted = "stepstream_executions_total{state_machine=\"order-fulfillment\",status=\"FAILED\"}";
    let line = metrics
        .lines()
        .find(|line| line.starts_with(counted))
        .expect("a line");
    assert_eq!(line.rsplit(' ').next(), Some(failed.to_string().as_str()));
}

#[test]
fn an_interrupt_ends_it_with_everything_counted() {
    let mut child = command(&["demo", "--events", "50000000", "--shards", "0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    std::thread::sleep(Duration::from_secs(3));
    assert!(child.try_wait().expect("a state").is_none(), "it runs");
    let mut kill = Command::new("kill");
    kill.args(["-INT", &child.id().to_string()]);
    assert!(kill.status().expect("kill runs").success());
    let (code, out, err) = shown(&child.wait_with_output().expect("it ends"));
    assert_eq!((code, err.as_str()), (130, ""), "{out}");
    let _kept = Kept::of(&out);
    assert!(out.contains("Ended by Ctrl-C."), "{out}");
    assert!(out.contains(" of 50,000,000 written, "), "{out}");
    assert!(out.contains("missing    none of those written"), "{out}");
    assert!(!out.contains("speed      0 "), "{out}");
}

#[test]
fn a_cluster_that_is_not_there_is_told() {
    let (code, _, err) = run(&["demo", "--events", "10", "--brokers", "127.0.0.1:1"]);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("127.0.0.1:1 does not answer"), "{err}");
}
