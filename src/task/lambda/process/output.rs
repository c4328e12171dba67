//! What a process prints, line by line, in the service's log.
//!
//! Must not know what lines mean. Invariant: a line is cut at a limit, and nothing in it acts on a terminal.

use super::instance::Instance;
use crate::printable;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};

/// Most bytes of a line; a longer one is several.
const LINE_BYTES_MAX: u64 = 16 << 10;

/// Most lines of a process that are logged in a second; the rest is dropped, and counted.
const LINES_MAX: u32 = 1_000;

/// Logs what a process prints until it closes the stream.
pub(super) async fn follow(instance: Rc<Instance>, stream: impl AsyncRead + Unpin, name: &'static str) {
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    let mut rate = Rate::new(Instant::now());
    loop {
        // Lines that are there already take their share of the thread's time, too.
        tokio::task::coop::consume_budget().await;
        line.clear();
        match (&mut stream)
            .take(LINE_BYTES_MAX)
            .read_until(b'\n', &mut line)
            .await
        {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let (is_within, dropped) = rate.add(Instant::now());
        if dropped > 0 {
            tracing::warn!(
                function = &*instance.function.name,
                stream = name,
                "{dropped} lines were dropped: a process may print {LINES_MAX} a second"
            );
        }
        if is_within {
            log(&instance, name, &line);
        }
    }
}

fn log(instance: &Instance, stream: &str, line: &[u8]) {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end_matches(['\n', '\r']);
    // awslambdaric writes the line breaks of a record as these.
    for text in text.split('\r').filter(|text| !text.is_empty()) {
        tracing::info!(
            function = &*instance.function.name,
            request_id = &*instance.request_id(),
            stream,
            "{}",
            printable::line(text)
        );
    }
}

/// Counts lines, second by second.
struct Rate {
    since: Instant,
    count: u32,
    dropped: u32,
}

impl Rate {
    fn new(now: Instant) -> Rate {
        Rate {
            since: now,
            count: 0,
            dropped: 0,
        }
    }

    /// Counts a line; says whether it is within the limit, and how many were dropped in a second that is over.
    fn add(&mut self, now: Instant) -> (bool, u32) {
        let mut dropped = 0;
        if now.duration_since(self.since) >= Duration::from_secs(1) {
            dropped = self.dropped;
            *self = Rate::new(now);
        }
        self.count += 1;
        let is_within = self.count <= LINES_MAX;
        self.dropped += u32::from(!is_within);
        (is_within, dropped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_beyond_the_rate_are_dropped_and_counted() {
        let start = Instant::now();
        let mut rate = Rate::new(start);
        let kept = (0..LINES_MAX + 7).filter(|_| rate.add(start).0).count();
        assert_eq!(kept, LINES_MAX as usize);
        assert_eq!(rate.add(start + Duration::from_secs(1)), (true, 7));
        assert_eq!(rate.add(start + Duration::from_secs(2)), (true, 0));
    }
}
