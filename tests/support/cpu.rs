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

/// How often two times are measured before the larger one counts as grown.
const ROUNDS_MAX: u32 = 12;

/// Two pieces of work of different size, and the shortest time that each has taken.
pub(crate) struct Times {
    pub(crate) small: Duration,
    pub(crate) large: Duration,
    /// `large` in units of what it should be.
    pub(crate) ratio: f64,
}

/// Measures two pieces of work, of which the larger should take `factor` times as long, in turn until their ratio is
/// below `margin` or has been measured [`ROUNDS_MAX`] times. Others who use the processor's cache slow the larger one
/// down for a while; one that grows too fast is slow in every round. Below `least` it is the clock that is measured.
pub(crate) fn compare(
    factor: f64,
    margin: f64,
    least: Duration,
    mut small: impl FnMut() -> Duration,
    mut large: impl FnMut() -> Duration,
) -> Times {
    let mut times = Times {
        small: Duration::MAX,
        large: Duration::MAX,
        ratio: f64::INFINITY,
    };
    for round in 0..ROUNDS_MAX {
        times.small = times.small.min(small());
        times.large = times.large.min(large());
        times.ratio = times.large.as_secs_f64() / times.small.max(least).as_secs_f64() / factor;
        if round >= 2 && times.ratio < margin {
            break;
        }
    }
    times
}

/// Returns the time of this thread so far. Yielding makes the system bring its books up to date.
fn spent() -> Option<Duration> {
    std::thread::yield_now();
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanos: u64 = text.split_whitespace().next()?.parse().ok()?;
    // A system that does not count says nothing but zeros.
    (nanos > 0).then(|| Duration::from_nanos(nanos))
}
