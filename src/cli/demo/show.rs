//! What the demo shows: how it goes, what came out, where to look next.

use super::super::output::{grouped, stdout_raw};
use super::setup::Setup;
use super::tally::Tally;
use super::traffic::{End, WINDOW};
use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// How often a line on a terminal changes.
const TERMINAL: Duration = Duration::from_millis(200);
/// How often there is a line elsewhere.
const ELSEWHERE: Duration = Duration::from_secs(1);
/// Missing orders that are named.
const NAMED_MAX: usize = 5;

/// The progress: one line that changes on a terminal, a line each second elsewhere.
pub(super) struct Screen {
    events: u32,
    is_terminal: bool,
    next: Instant,
    last: (Instant, u32),
    has_line: bool,
}

impl Screen {
    pub(super) fn new(events: u32) -> Screen {
        let (now, is_terminal) = (Instant::now(), std::io::stdout().is_terminal());
        Screen {
            events,
            is_terminal,
            next: now,
            last: (now, 0),
            has_line: false,
        }
    }

    /// Shows how it goes, if it is time.
    pub(super) fn tick(&mut self, tally: &mut Tally) {
        let now = Instant::now();
        if now < self.next {
            return;
        }
        self.next = now + if self.is_terminal { TERMINAL } else { ELSEWHERE };
        let (since, before) = std::mem::replace(&mut self.last, (now, tally.done()));
        if tally.written == 0 || now == since {
            return;
        }
        let rate = f64::from(tally.done() - before) / (now - since).as_secs_f64();
        let line = progress(self.events, rate, tally);
        tally.recent.clear();
        let line = match self.is_terminal {
            true => format!("\r{line}\x1b[K"),
            false => format!("{line}\n"),
        };
        self.has_line = self.is_terminal;
        stdout_raw(line.as_bytes());
    }

    /// Leaves the line that changes as it is.
    pub(super) fn finish(&self) {
        if self.has_line {
            stdout_raw(b"\n");
        }
    }
}

fn number(number: u32) -> String {
    grouped(f64::from(number))
}

fn progress(events: u32, rate: f64, tally: &Tally) -> String {
    let (done, events) = (number(tally.done()), number(events));
    let (half, most) = (tally.recent.percentile(0.5), tally.recent.percentile(0.99));
    let (failed, lag) = (number(tally.failed), number(tally.missing()));
    let rate = grouped(rate);
    format!("{done:>10} of {events}  {rate:>7}/s  p50 {half} p99 {most} ms  failed {failed}  lag {lag}")
}

/// Returns what came out.
pub(super) fn summary(tally: &Tally, end: &End, shards: usize) -> String {
    let mut out = String::from("\n");
    match end {
        End::Broken(reason) => _ = writeln!(out, "The demo stopped: {reason}."),
        End::Interrupted => _ = writeln!(out, "Ended by Ctrl-C."),
        End::Complete | End::Missing => {}
    }
    let (written, done) = (number(tally.written), number(tally.done()));
    let (succeeded, failed) = (number(tally.succeeded), number(tally.failed));
    // Most of what was asked for may be to come when Ctrl-C ends it.
    let is_whole = tally.written == tally.wanted();
    let _ = match is_whole {
        true => writeln!(out, "orders     {written} written, {done} results read back"),
        false => {
            let wanted = number(tally.wanted());
            writeln!(
                out,
                "orders     {written} of {wanted} written, {done} results read back"
            )
        }
    };
    let _ = writeln!(
        out,
        "results    {succeeded} fulfilled, {failed} failed (more ordered than in stock)"
    );
    let _ = match tally.missing() {
        0 if is_whole => writeln!(out, "missing    none"),
        0 => writeln!(out, "missing    none of those written"),
        missing => {
            let names = tally.missing_numbers(NAMED_MAX);
            let names: Vec<String> = names.iter().map(|number| format!("ORD{number:08}")).collect();
            let (missing, names) = (number(missing), names.join(", "));
            writeln!(
                out,
                "MISSING    {missing} orders have no result, the first are {names}"
            )
        }
    };
    if tally.surplus > 0 {
        let _ = writeln!(
            out,
            "surplus    {} results came more than once",
            number(tally.surplus)
        );
    }
    if tally.rate() > 0.0 {
        let (seconds, rate) = (tally.seconds(), grouped(tally.rate()));
        let plural = if shards == 1 { "" } else { "s" };
        let _ = writeln!(
            out,
            "speed      {rate} executions/s on {shards} shard{plural}, {seconds:.2} s after a warm-up"
        );
        let [half, most, nearly] = [0.5, 0.99, 0.999].map(|share| tally.latency.percentile(share));
        let window = number(WINDOW);
        let _ = writeln!(
            out,
            "latency    p50 {half} ms, p99 {most} ms, p99.9 {nearly} ms from an order's timestamp to its result's, at \
             full speed\n           with up to {window} orders under way: most of it is waiting in the topic"
        );
    }
    out
}

/// Says where to look next.
pub(super) fn pointers(tally: &Tally, setup: &Setup, metrics_file: Option<&Path>, metrics: &str) -> String {
    let program = std::env::args().next().unwrap_or_else(|| "stepstream".to_owned());
    let log = setup.log_folder();
    let mut out = String::from("\nWhere to look next\n");
    if let Some(execution) = &tally.failed_execution {
        let _ = writeln!(
            out,
            "  a failed order, step by step   {program} logs {} --execution {execution}",
            log.display()
        );
    }
    for file in files(&log) {
        let _ = writeln!(out, "  the execution log              {file}");
    }
    if let Some(file) = metrics_file {
        let _ = writeln!(
            out,
            "  the metrics at the end         {} (they were at {metrics})",
            file.display()
        );
    }
    let _ = writeln!(
        out,
        "  the workflow                   {}",
        setup.definition().display()
    );
    if let Some(topics) = setup.kept_topics() {
        let _ = writeln!(out, "  the topics, which are kept     {}", topics.join(", "));
    }
    out
}

/// Returns the files of a folder, by name.
fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<String> = entries.map(|entry| entry.path().display().to_string()).collect();
    files.sort();
    files
}
