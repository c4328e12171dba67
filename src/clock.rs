//! The time: what passes, and what the wall clock shows.
//!
//! Owns the only reading of the machine's wall clock. Whatever waits, ends, retries or lasts goes by
//! [`monotonic_ms`], which no correction of the wall clock moves; [`wall_ms`] is for what people and
//! programs read: timestamps of events, log records and file names. Must not know who asks. Invariant:
//! within a process `monotonic_ms` never goes back and never leaps; the difference of two wall times is
//! no duration.

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A moment, read once for all that happens at it.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Monotonic milliseconds, for all that is due and all that lasts.
    pub ms: i64,
    /// What the wall clock shows, in milliseconds since 1970: for timestamps only, it may go back.
    pub wall_ms: i64,
    /// The same moment, as deadlines of the process have it.
    pub instant: Instant,
}

impl Now {
    /// Reads the machine's clocks.
    pub fn system() -> Now {
        let instant = Instant::now();
        let wall_ms = wall_ms();
        Now {
            ms: Anchor::get(wall_ms, instant).ms(instant),
            wall_ms,
            instant,
        }
    }

    /// Returns when what is meant for a wall time is due, in monotonic milliseconds. It counts from what the
    /// wall clock shows now; a later correction does not move it.
    pub fn due_ms(&self, wall_ms: i64) -> i64 {
        self.ms.saturating_add(wall_ms.saturating_sub(self.wall_ms))
    }
}

/// Returns what the wall clock shows, in milliseconds since 1970.
pub fn wall_ms() -> i64 {
    i64::try_from(since_1970(SystemTime::now()).as_millis()).unwrap_or(i64::MAX)
}

/// Returns monotonic milliseconds. They start with the wall time of the first reading in the process.
pub fn monotonic_ms() -> i64 {
    let instant = Instant::now();
    match ANCHOR.get() {
        Some(anchor) => anchor.ms(instant),
        None => Anchor::get(wall_ms(), instant).ms(instant),
    }
}

/// Returns how long after the start of 1970 a file's time is; what is before it counts as its start.
pub fn since_1970(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Where the monotonic milliseconds begin.
#[derive(Debug)]
struct Anchor {
    wall_ms: i64,
    instant: Instant,
}

static ANCHOR: OnceLock<Anchor> = OnceLock::new();

impl Anchor {
    fn get(wall_ms: i64, instant: Instant) -> &'static Anchor {
        ANCHOR.get_or_init(|| Anchor { wall_ms, instant })
    }

    fn ms(&self, instant: Instant) -> i64 {
        let passed = instant.saturating_duration_since(self.instant).as_millis();
        self.wall_ms
            .saturating_add(i64::try_from(passed).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_counts_from_the_wall_time_it_was_asked_at() {
        let instant = Instant::now();
        let check = |ms: i64, shown_ms: i64, meant_ms: i64, expected: i64| {
            let now = Now {
                ms,
                wall_ms: shown_ms,
                instant,
            };
            assert_eq!(now.due_ms(meant_ms), expected, "{now:?}");
        };
        check(1_000, 1_000, 6_000, 6_000);
        // An hour back and an hour ahead.
        check(4_000_000, 400_000, 405_000, 4_005_000);
        check(4_000_000, 7_600_000, 7_605_000, 4_005_000);
        check(4_000_000, 7_600_000, 7_600_000 - 1, 4_000_000 - 1);
        check(1_000, -5, i64::MAX, i64::MAX);
    }

    #[test]
    fn monotonic_time_goes_by_the_process_alone() {
        let instant = Instant::now();
        let anchor = Anchor {
            wall_ms: 500,
            instant,
        };
        assert_eq!(anchor.ms(instant + Duration::from_millis(7)), 507);
        // A moment that another thread read before the anchor was set.
        let later = Anchor {
            wall_ms: 500,
            instant: instant + Duration::from_secs(1),
        };
        assert_eq!(later.ms(instant), 500);
    }
}
