//! Rounds, medians and shares.

use super::player::{Player, Trouble};
use crate::value::Heap;
use crate::vm::Status;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::hint::black_box;
use std::time::Instant;

/// Rounds at least: fewer have no median worth the name.
const ROUNDS: usize = 9;

/// The part of the time that goes to the shares.
const SHARES_PART: f64 = 0.4;

/// What was measured; times in nanoseconds for one execution.
pub(super) struct Measured {
    pub(super) ns_per_execution: f64,
    pub(super) spread_percent: f64,
    pub(super) rounds: usize,
    pub(super) ns_index: f64,
    pub(super) ns_run: f64,
    pub(super) ns_write: f64,
    pub(super) transitions_per_execution: f64,
    pub(super) memory_bytes_per_execution: f64,
    pub(super) failed: usize,
}

/// An event that cannot be measured, and why.
type Refused = (usize, Trouble);

/// Measures for about so many seconds.
pub(super) fn measure(player: &mut Player<'_>, events: &[&[u8]], seconds: f64) -> Result<Measured, Refused> {
    let first = check(player, events)?;
    let begun = Instant::now();
    pass(player, events, true)?;
    let pass_ns = begun.elapsed().as_nanos().max(1) as f64;
    let passes =
        |part: f64, rounds: usize| ((seconds * 1e9 * part / rounds as f64 / pass_ns) as usize).max(1);
    let whole = rounds(passes(1.0 - SHARES_PART, ROUNDS), events.len(), || {
        pass(player, events, true)
    })?;
    // A share's round has three passes, of which the one over the index is short.
    let share_passes = passes(SHARES_PART, ROUNDS * 2);
    let shares = shares(player, events, share_passes)?;
    let median = middle(&whole);
    let spread = whole.iter().fold(0.0_f64, |a, b| a.max(*b)) - whole.iter().fold(f64::MAX, |a, b| a.min(*b));
    let count = events.len() as f64;
    Ok(Measured {
        ns_per_execution: median,
        spread_percent: spread / median * 100.0,
        rounds: whole.len(),
        ns_index: shares[0],
        ns_run: shares[1],
        ns_write: shares[2],
        transitions_per_execution: first.transitions as f64 / count,
        memory_bytes_per_execution: first.bytes as f64 / count,
        failed: first.failed,
    })
}

#[derive(Default)]
struct First {
    transitions: u64,
    bytes: usize,
    failed: usize,
}

/// Makes sure that two passes give the same outputs, and counts.
fn check(player: &mut Player<'_>, events: &[&[u8]]) -> Result<First, Refused> {
    let mut first = First::default();
    let mut outputs = Vec::with_capacity(events.len());
    for (at, event) in events.iter().enumerate() {
        let status = player.play(event, true).map_err(|trouble| (at, trouble))?;
        outputs.push(fingerprint(player, status));
        first.failed += usize::from(status != Status::Succeeded);
        first.transitions += player.last().transitions();
        first.bytes += player.last().bytes().0;
    }
    for (at, event) in events.iter().enumerate() {
        let status = player.play(event, true).map_err(|trouble| (at, trouble))?;
        if outputs[at] != fingerprint(player, status) {
            return Err((at, Trouble::Differs));
        }
    }
    Ok(first)
}

fn fingerprint(player: &Player<'_>, status: Status) -> u64 {
    let mut hasher = DefaultHasher::new();
    (status as u8).hash(&mut hasher);
    player.output.hash(&mut hasher);
    hasher.finish()
}

/// Runs all events once.
fn pass(player: &mut Player<'_>, events: &[&[u8]], write: bool) -> Result<(), Refused> {
    for (at, event) in events.iter().enumerate() {
        player.play(event, write).map_err(|trouble| (at, trouble))?;
        black_box(&player.output);
    }
    Ok(())
}

/// Returns nanoseconds per event of each round.
fn rounds(
    passes: usize,
    events: usize,
    mut pass: impl FnMut() -> Result<(), Refused>,
) -> Result<Vec<f64>, Refused> {
    let mut out = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        out.push(time(passes, events, &mut pass)?);
    }
    Ok(out)
}

fn time(
    passes: usize,
    events: usize,
    pass: &mut impl FnMut() -> Result<(), Refused>,
) -> Result<f64, Refused> {
    let begun = Instant::now();
    for _ in 0..passes {
        pass()?;
    }
    Ok(begun.elapsed().as_nanos() as f64 / passes as f64 / events as f64)
}

/// Measures indexing alone, running without writing, and all; in turn, so that a busy moment of the
/// machine hits all three. Running is what the second has more than the first, and so on.
fn shares(player: &mut Player<'_>, events: &[&[u8]], passes: usize) -> Result<[f64; 3], Refused> {
    let mut heap = Heap::new();
    let mut shares = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        let index = time(passes, events.len(), &mut || {
            for event in events {
                heap.clear();
                // The events have been checked: each is valid.
                let _ = black_box(heap.index(event));
            }
            Ok(())
        })?;
        let run = time(passes, events.len(), &mut || pass(player, events, false))?;
        let all = time(passes, events.len(), &mut || pass(player, events, true))?;
        shares[0].push(index);
        shares[1].push((run - index).max(0.0));
        shares[2].push((all - run).max(0.0));
    }
    Ok(shares.map(|share| middle(&share)))
}

fn middle(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
