//! Which partitions are ours, and which shard reads each.
//!
//! Owns the table of assigned partitions and the choice of shards. Must not know the group's protocol.
//! Invariant: a partition has one shard as long as it is assigned, and no two assignments share an id.

use super::native::Topic;
use crate::stream::PartitionId;
use crate::stream::kafka::shared::client::{Consumer, TopicPartition};
use std::collections::{BTreeMap, HashMap};
use std::ffi::CString;
use std::sync::Arc;

/// An assigned partition.
pub(super) struct Partition {
    pub(super) name: TopicPartition,
    /// Stands for the id of the topic; 0 when it is not known.
    pub(super) topic_id: u64,
    pub(super) shard: usize,
    /// Keeps the address that stands for the topic.
    pub(super) topic: Topic,
    /// The topic as librdkafka takes it.
    pub(super) topic_name: CString,
    /// Whether the shard is done with it, or was never told of it.
    pub(super) released: bool,
    /// Whether it has come to its end.
    pub(super) ended: bool,
    pub(super) committed: Option<i64>,
    /// Up to where its events were taken at the last look, and what the shard was told of that.
    pub(super) taken: Option<i64>,
    pub(super) told: Option<i64>,
    pub(super) high: Option<i64>,
    /// The oldest offset that is still there.
    pub(super) low: Option<i64>,
}

/// The assigned partitions.
#[derive(Default)]
pub(super) struct Assignment {
    next: u32,
    partitions: BTreeMap<PartitionId, Partition>,
    by_name: HashMap<TopicPartition, PartitionId>,
}

impl Assignment {
    /// Adds a partition.
    pub(super) fn add(
        &mut self,
        consumer: &Arc<Consumer>,
        name: &TopicPartition,
        shard: usize,
    ) -> PartitionId {
        let id = PartitionId(self.next);
        self.next = self.next.wrapping_add(1);
        let topic_name = topic_name(&name.0);
        let topic = Topic::new(consumer, &topic_name);
        let name = name.clone();
        self.by_name.insert(name.clone(), id);
        let (committed, high, low) = (None, None, None);
        let partition = Partition {
            name,
            topic_id: 0,
            shard,
            topic,
            topic_name,
            released: false,
            ended: false,
            committed,
            taken: None,
            told: None,
            high,
            low,
        };
        self.partitions.insert(id, partition);
        id
    }

    pub(super) fn remove(&mut self, id: PartitionId) -> Option<Partition> {
        let partition = self.partitions.remove(&id)?;
        self.by_name.remove(&partition.name);
        Some(partition)
    }

    pub(super) fn get(&self, id: PartitionId) -> Option<&Partition> {
        self.partitions.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: PartitionId) -> Option<&mut Partition> {
        self.partitions.get_mut(&id)
    }

    pub(super) fn find(&self, name: &TopicPartition) -> Option<PartitionId> {
        self.by_name.get(name).copied()
    }

    pub(super) fn ids(&self) -> Vec<PartitionId> {
        self.partitions.keys().copied().collect()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (PartitionId, &Partition)> {
        self.partitions.iter().map(|(id, partition)| (*id, partition))
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (PartitionId, &mut Partition)> {
        self.partitions.iter_mut().map(|(id, partition)| (*id, partition))
    }

    /// Returns the shard for one more partition.
    pub(super) fn shard_for(&self, name: &TopicPartition, shards: usize) -> usize {
        let taken = self
            .partitions
            .values()
            .map(|partition| (&*partition.name.0, partition.shard));
        choose(taken, name, shards)
    }

    /// Returns the partitions that would come to another shard if they were assigned now.
    pub(super) fn uneven(&self, shards: usize) -> Vec<PartitionId> {
        let held = self.partitions.values();
        let moved = misplaced(held.map(|one| (one.name.clone(), one.shard)).collect(), shards);
        let ids = self.partitions.keys().zip(moved);
        ids.filter_map(|(id, moves)| moves.then_some(*id)).collect()
    }
}

/// Returns the topic's name for C; a name with a NUL in it cannot come from a broker.
pub(super) fn topic_name(topic: &str) -> CString {
    CString::new(topic).unwrap_or_default()
}

/// Chooses the shard with the fewest partitions of the topic, then the fewest at all, then the one that
/// the partition's number points at: so that a restart finds the same one.
fn choose<'a>(taken: impl Iterator<Item = (&'a str, usize)>, name: &TopicPartition, shards: usize) -> usize {
    let load = load(taken, &name.0, shards);
    let home = usize::try_from(name.1).unwrap_or(0) % shards;
    let distance = |shard: usize| (shard + shards - home) % shards;
    (0..shards)
        .min_by_key(|shard| (load[*shard], distance(*shard)))
        .unwrap_or(0)
}

/// Counts the partitions of each shard: of one topic, and all.
fn load<'a>(
    taken: impl Iterator<Item = (&'a str, usize)>,
    topic: &str,
    shards: usize,
) -> Vec<(usize, usize)> {
    let mut load = vec![(0, 0); shards];
    for (name, shard) in taken {
        load[shard].0 += usize::from(name == topic);
        load[shard].1 += 1;
    }
    load
}

/// Says of each partition whether another shard has less to do than its own without it; the newest move first.
fn misplaced(mut held: Vec<(TopicPartition, usize)>, shards: usize) -> Vec<bool> {
    let mut moved = vec![false; held.len()];
    for at in (0..held.len()).rev() {
        let others = held.iter().enumerate().filter(|(other, _)| *other != at);
        let others = others.map(|(_, ((topic, _), shard))| (&**topic, *shard));
        let ((topic, _), from) = &held[at];
        let load = load(others, topic, shards);
        let to = (0..shards).min_by_key(|shard| load[*shard]).unwrap_or(*from);
        if load[to] < load[*from] {
            (held[at].1, moved[at]) = (to, true);
        }
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_get_as_many_partitions() {
        let mut taken: Vec<(&str, usize)> = Vec::new();
        for (topic, numbers) in [("a", 0..8), ("b", 0..1), ("c", 0..1), ("d", 3..4)] {
            for number in numbers {
                let shard = choose(taken.iter().copied(), &(Arc::from(topic), number), 3);
                taken.push((topic, shard));
            }
        }
        let count = |shard| taken.iter().filter(|(_, at)| *at == shard).count();
        assert_eq!([count(0), count(1), count(2)], [4, 4, 3]);
        assert_eq!(taken[..4], [("a", 0), ("a", 1), ("a", 2), ("a", 0)]);
    }

    /// `held`: for each partition its topic and shard; `expected`: which of them move.
    fn check_misplaced(held: &[(&str, usize)], shards: usize, expected: &[usize]) {
        let held = held.iter().zip(0..);
        let held: Vec<_> = held
            .map(|((topic, shard), number)| ((Arc::from(*topic), number), *shard))
            .collect();
        let moved = misplaced(held.clone(), shards);
        let places: Vec<usize> = (0..held.len()).filter(|at| moved[*at]).collect();
        assert_eq!(places, expected, "{held:?}");

        // Assigned anew they leave nothing uneven.
        let (go, mut all): (Vec<_>, Vec<_>) = held.into_iter().partition(|one| moved[one.0.1 as usize]);
        for (name, _) in go {
            let taken = all.iter().map(|((topic, _), shard)| (&**topic, *shard));
            let shard = choose(taken, &name, shards);
            all.push((name, shard));
        }
        assert!(!misplaced(all, shards).contains(&true));
    }

    #[test]
    fn what_a_rebalance_left_unevenly_moves() {
        check_misplaced(&[], 2, &[]);
        check_misplaced(&[("a", 0), ("a", 0), ("a", 1)], 2, &[]);
        check_misplaced(&[("a", 0), ("a", 0)], 2, &[1]);
        check_misplaced(&[("a", 0), ("a", 0), ("a", 0), ("a", 0)], 2, &[2, 3]);
        check_misplaced(&[("a", 2), ("a", 2), ("a", 2), ("a", 2)], 3, &[2, 3]);
        // As many of each topic, but not in all.
        check_misplaced(&[("a", 0), ("b", 0), ("c", 0)], 2, &[2]);
        check_misplaced(&[("a", 0), ("b", 0), ("a", 1)], 2, &[]);
        // One shard has all of one topic, the other all of another.
        check_misplaced(&[("a", 0), ("a", 0), ("b", 1), ("b", 1)], 2, &[1, 3]);
    }
}
