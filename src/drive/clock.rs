//! Clocks: one that passes, one that jumps.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Tells the time of a run and lets it pass.
pub trait Clock {
    /// Returns the time in milliseconds since 1970.
    fn now_ms(&mut self) -> i64;

    /// Returns when that time has come; `false` when it was interrupted before.
    fn wait_until(&mut self, at_ms: i64) -> bool;

    /// Says whether the run is to stop where it stands.
    fn is_interrupted(&self) -> bool {
        false
    }
}

/// A clock that jumps: waiting takes no time.
#[derive(Clone, Copy, Debug)]
pub struct VirtualClock<'a> {
    now_ms: i64,
    interrupted: Option<&'a AtomicBool>,
}

impl<'a> VirtualClock<'a> {
    /// Creates a clock that shows a time, in milliseconds since 1970. The run stops when `interrupted`
    /// is set: a loop may take long even if no time passes in it.
    pub fn new(now_ms: i64, interrupted: Option<&'a AtomicBool>) -> VirtualClock<'a> {
        VirtualClock { now_ms, interrupted }
    }
}

impl Clock for VirtualClock<'_> {
    fn now_ms(&mut self) -> i64 {
        self.now_ms
    }

    fn wait_until(&mut self, at_ms: i64) -> bool {
        self.now_ms = self.now_ms.max(at_ms);
        true
    }

    fn is_interrupted(&self) -> bool {
        is_set(self.interrupted)
    }
}

/// A clock that passes as time does, from wherever it was set.
#[derive(Debug)]
pub struct RealClock<'a> {
    start_ms: i64,
    begun: Instant,
    interrupted: Option<&'a AtomicBool>,
}

impl<'a> RealClock<'a> {
    /// How often a waiting clock looks whether it is interrupted.
    const SLICE: Duration = Duration::from_millis(50);

    /// Creates a clock that shows a time, in milliseconds since 1970, and goes on from there. Waiting
    /// ends when `interrupted` is set.
    pub fn new(start_ms: i64, interrupted: Option<&'a AtomicBool>) -> RealClock<'a> {
        RealClock {
            start_ms,
            begun: Instant::now(),
            interrupted,
        }
    }
}

fn is_set(flag: Option<&AtomicBool>) -> bool {
    flag.is_some_and(|flag| flag.load(Ordering::Relaxed))
}

impl Clock for RealClock<'_> {
    fn now_ms(&mut self) -> i64 {
        self.start_ms + i64::try_from(self.begun.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    fn wait_until(&mut self, at_ms: i64) -> bool {
        loop {
            if self.is_interrupted() {
                return false;
            }
            let Ok(left @ 1..) = u64::try_from(at_ms - self.now_ms()) else {
                return true;
            };
            let left = Duration::from_millis(left);
            std::thread::sleep(if self.interrupted.is_some() {
                left.min(Self::SLICE)
            } else {
                left
            });
        }
    }
    fn is_interrupted(&self) -> bool {
        is_set(self.interrupted)
    }
}
