//! Which core each shard is pinned to.
//!
//! Must not know what shards do. Invariant: only cores that the process may use are chosen, each as often as any other, or
//! once more.

use crate::random::Random;
use core_affinity::CoreId;

/// Chooses a core for each of so many shards, of those that the process may use. They begin at one by chance: processes
/// that share a machine cannot see each other where each is in a container, and would all take the first.
pub(super) fn choose(shards: usize) -> Vec<CoreId> {
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    from(shards, &cores, Random::from_system().next_u64() as usize)
}

fn from(shards: usize, cores: &[CoreId], first: usize) -> Vec<CoreId> {
    let first = first % cores.len().max(1);
    cores.iter().cycle().skip(first).take(shards).copied().collect()
}

#[test]
fn shards_begin_anywhere_and_share_evenly() {
    let cores = [2, 3, 7].map(|id| CoreId { id });
    let ids = |shards, first| -> Vec<usize> {
        let chosen = from(shards, &cores, first);
        chosen.into_iter().map(|core| core.id).collect()
    };
    assert_eq!(ids(2, 0), [2, 3]);
    assert_eq!(ids(2, 2), [7, 2]);
    assert_eq!(ids(4, usize::MAX), [2, 3, 7, 2]);
    assert!(from(2, &[], 5).is_empty(), "a machine that does not say");
}
