//! How long a thread has run: what others do on the machine meanwhile does not count.

use std::time::{Duration, Instant};

/// Returns what a piece of work takes of this thread's time; of everybody's where the system does not tell.
pub(crate) fn time(work: impl FnOnce()) -> Duration {
    let (begin, begun) = (Instant::now(), spent());
    work();
    match (begun, spent()) {
        (Some(begun), Some(ended)) => ended - begun,
        _ => begin.elapsed(),
    }
}

/// Returns the time of this thread so far. Yielding makes the system bring its books up to date.
fn spent() -> Option<Duration> {
    std::thread::yield_now();
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanos: u64 = text.split_whitespace().next()?.parse().ok()?;
    // A system that does not count says nothing but zeros.
    (nanos > 0).then(|| Duration::from_nanos(nanos))
}
