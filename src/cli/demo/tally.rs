//! The demo's account: each order by its number, and how long it took.
//!
//! Invariant: an order counts as done once, whatever comes twice; what has no result is missing.

use std::time::Instant;

/// Latencies of a second and more, in milliseconds, share the last count.
const LATENCY_MS_MAX: usize = 120_000;

/// What has become of each order.
pub(super) struct Tally {
    warm_up: u32,
    /// By number: when it was written, in milliseconds since 1970, 0 before.
    written_ms: Vec<i64>,
    is_done: Vec<bool>,
    pub(super) written: u32,
    pub(super) succeeded: u32,
    pub(super) failed: u32,
    /// Results that came again, or of orders that nobody wrote.
    pub(super) surplus: u32,
    pub(super) latency: Latency,
    /// Since somebody asked last.
    pub(super) recent: Latency,
    /// Name of the last execution that failed, for the summary: of the log the end is kept.
    pub(super) failed_execution: Option<String>,
    pub(super) began: Option<Instant>,
    pub(super) ended: Option<Instant>,
}

impl Tally {
    /// Creates the account of so many orders; the first `warm_up` count for neither speed nor latency.
    pub(super) fn new(events: u32, warm_up: u32) -> Tally {
        Tally {
            warm_up: warm_up.min(events / 2),
            written_ms: vec![0; events as usize],
            is_done: vec![false; events as usize],
            written: 0,
            succeeded: 0,
            failed: 0,
            surplus: 0,
            latency: Latency::default(),
            recent: Latency::default(),
            failed_execution: None,
            began: None,
            ended: None,
        }
    }

    /// Returns how many orders have their result.
    pub(super) fn done(&self) -> u32 {
        self.succeeded + self.failed
    }

    /// Returns how many orders are to be written.
    pub(super) fn wanted(&self) -> u32 {
        self.is_done.len() as u32
    }

    /// Returns how many orders were written and have no result.
    pub(super) fn missing(&self) -> u32 {
        self.written - self.done()
    }

    /// Returns the numbers of the first of them.
    pub(super) fn missing_numbers(&self, most: usize) -> Vec<usize> {
        let written = 0..self.written as usize;
        written.filter(|at| !self.is_done[*at]).take(most).collect()
    }

    /// Notes that the next order was written.
    pub(super) fn write(&mut self, now_ms: i64) {
        if self.written == self.warm_up {
            self.began = Some(Instant::now());
        }
        self.written_ms[self.written as usize] = now_ms;
        self.written += 1;
    }

    /// Notes a result, whose own timestamp is `at_ms`.
    pub(super) fn result(&mut self, number: Option<u32>, at_ms: i64, has_failed: bool) {
        let number = number.filter(|number| *number < self.written);
        let Some(at) = number
            .map(|number| number as usize)
            .filter(|at| !self.is_done[*at])
        else {
            self.surplus += 1;
            return;
        };
        self.is_done[at] = true;
        match has_failed {
            true => self.failed += 1,
            false => self.succeeded += 1,
        }
        if at >= self.warm_up as usize {
            let took_ms = (at_ms - self.written_ms[at]).max(0) as usize;
            self.latency.add(took_ms);
            self.recent.add(took_ms);
            self.ended = Some(Instant::now());
        }
    }

    /// Returns how many results came in a second, over the whole time after the warm-up.
    pub(super) fn rate(&self) -> f64 {
        let seconds = self.seconds();
        if seconds > 0.0 {
            f64::from(self.latency.total) / seconds
        } else {
            0.0
        }
    }

    /// Returns the time from the first order after the warm-up to the last result.
    pub(super) fn seconds(&self) -> f64 {
        match (self.began, self.ended) {
            (Some(began), Some(ended)) => (ended - began).as_secs_f64(),
            _ => 0.0,
        }
    }
}

/// Times in milliseconds, counted one by one.
#[derive(Default)]
pub(super) struct Latency {
    counts: Vec<u32>,
    total: u32,
}

impl Latency {
    fn add(&mut self, ms: usize) {
        let ms = ms.min(LATENCY_MS_MAX);
        if self.counts.len() <= ms {
            self.counts.resize(ms + 1, 0);
        }
        self.counts[ms] += 1;
        self.total += 1;
    }

    /// Returns the time that a share of all did not exceed; 0 when there is none.
    pub(super) fn percentile(&self, share: f64) -> usize {
        let rank = (f64::from(self.total) * share).ceil() as u32;
        let mut seen = 0;
        let reached = self.counts.iter().position(|count| {
            seen += count;
            seen >= rank.max(1)
        });
        reached.unwrap_or(0)
    }

    pub(super) fn clear(&mut self) {
        self.counts.clear();
        self.total = 0;
    }
}

#[test]
fn percentiles() {
    let mut latency = Latency::default();
    assert_eq!(latency.percentile(0.5), 0);
    (1..=100).for_each(|ms| latency.add(ms));
    assert_eq!(
        [0.5, 0.99, 0.999, 0.0].map(|share| latency.percentile(share)),
        [50, 99, 100, 1]
    );
}

#[test]
fn each_order_counts_once() {
    let mut tally = Tally::new(3, 0);
    (0..3).for_each(|_| tally.write(1_000));
    tally.result(Some(1), 1_007, false);
    tally.result(Some(1), 1_009, true);
    tally.result(Some(7), 1_009, true);
    tally.result(None, 1_009, true);
    tally.result(Some(2), 990, true);
    assert_eq!((tally.succeeded, tally.failed, tally.surplus), (1, 1, 3));
    assert_eq!((tally.missing(), tally.missing_numbers(5)), (1, vec![0]));
    assert_eq!(tally.latency.percentile(1.0), 7);
}
