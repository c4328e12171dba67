//! Everything at once, by chance: many small stories, each of which follows from its number.
//!
//! A seed makes a plan (`plan`): a configuration, a definition, events. Then rounds of trouble (`trouble`) and turns
//! of the shard take their course (`play`): headers, sizes and values of all kinds, answers late, wrong or never,
//! commits whose fate nobody knows, partitions taken away and lost, full queues, refusals, a wall clock that is set,
//! crashes, restarts, a panic, a second workflow that comes and goes (`guest`). At the end it becomes calm, and all must
//! come to rest. What must hold meanwhile the `book` knows. `tests/slow/README.md` says how to run more of them.

mod book;
mod broker;
mod dice;
mod guest;
mod plan;
mod play;
mod trouble;

use crate::guard::guarded;
use play::Play;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many seeds are tried where nobody asks for more.
const SEEDS: u64 = 1_000;

/// Seeds that found something, and are tried first.
const FOUND: [u64; 4] = [276, 832, 6_766, 14_297];

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable}={text}: a number is wanted")),
    )
}

fn check(seed: u64) {
    if let Err(message) = guarded(|| Play::new(seed).run()) {
        panic!(
            "seed {seed}: {message}\nonce more: STEPSTREAM_SEED={seed} cargo test --lib runtime::tests::seeds -- --nocapture"
        );
    }
}

#[test]
fn all_promises_hold_whatever_comes() {
    if let Some(seed) = number("STEPSTREAM_SEED") {
        return check(seed);
    }
    FOUND.into_iter().for_each(check);
    let end = number("STEPSTREAM_SEEDS").unwrap_or(SEEDS);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicU64::new(0);
    let take = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                return;
            }
            check(seed);
        }
    };
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(take)).collect();
        take();
        for other in others {
            other.join().expect("all seeds hold");
        }
    });
}
