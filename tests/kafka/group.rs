//! Several processes of one group: joining, leaving, draining, fencing.

use crate::broker::shared;
use crate::reader::{Reader, config, source, until};
use crate::source::fill;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use stepstream::stream::kafka::{Config, Property, SourceConfig, Subscription};

#[test]
fn two_processes_share_partitions_and_nothing_comes_twice() {
    for (protocol, strategy) in [("cooperative", "cooperative-sticky"), ("eager", "range")] {
        let Some(broker) = shared() else { return };
        let topic = format!("group-{protocol}");
        broker.create_topic(&topic, 4);
        let mut values = fill(broker, &topic, 0, 1000);
        let mut config = config(broker);
        let property = Property::Text(strategy.to_owned());
        config
            .consumer
            .0
            .insert("partition.assignment.strategy".to_owned(), property);

        let mut one = Reader::start(&config, source(&topic), 2);
        one.until("all came", |one| one.events.len() == 1000);
        let mut two = Reader::start(&config, source(&topic), 2);
        let halves = |readers: &[&mut Reader]| readers.iter().all(|reader| reader.numbers().len() == 2);
        until("shared", &mut [&mut one, &mut two], halves);
        values.extend(fill(broker, &topic, 1000, 1000));
        let count = |readers: &[&mut Reader]| readers.iter().map(|reader| reader.events.len()).sum::<usize>();
        until("all came", &mut [&mut one, &mut two], |readers| {
            count(readers) >= 2000
        });

        // The second leaves, the first takes over.
        two.control.stop(Instant::now() + Duration::from_secs(5));
        until("taken over", &mut [&mut one, &mut two], |readers| {
            readers[1].control.is_finished() && readers[0].numbers().len() == 4
        });
        values.extend(fill(broker, &topic, 2000, 1000));
        until("all came", &mut [&mut one, &mut two], |readers| {
            count(readers) >= 3000
        });
        let mut came = [one.values(), two.values()].concat();
        came.sort_unstable();
        assert_eq!(came, values, "{protocol}");
        assert!(one.lost.is_empty() && two.lost.is_empty());
    }
}

#[test]
fn a_revoked_partition_goes_when_it_is_released() {
    let Some(broker) = shared() else { return };
    let topic = "group-drain";
    broker.create_topic(topic, 2);
    fill(broker, topic, 0, 100);
    let mut one = Reader::start(&config(broker), source(topic), 1);
    one.until("all came", |one| one.events.len() == 100);
    one.hold = true;
    let mut two = Reader::start(&config(broker), source(topic), 1);
    until("revoked", &mut [&mut one, &mut two], |readers| {
        readers[0].revoked.len() == 1
    });
    // Its executions run on; nothing goes over meanwhile.
    let long = Instant::now() + Duration::from_secs(1);
    until("a second", &mut [&mut one, &mut two], |_| Instant::now() >= long);
    assert!(two.assigned.is_empty());

    let (partition, held) = one.partitions.iter().find(|(_, held)| held.revoked).expect("one");
    let (partition, next) = (*partition, held.next);
    one.release(partition, "left by one");
    until("gone over", &mut [&mut one, &mut two], |readers| {
        readers[1].assigned.len() == 1
    });
    let restored = &two.assigned[0].1;
    assert_eq!(
        (restored.offset, restored.metadata.as_str()),
        (next, "left by one")
    );
    assert!(one.lost.is_empty());
}

#[test]
fn a_stop_while_some_partitions_are_revoked_commits_the_others_too() {
    let Some(broker) = shared() else { return };
    let topic = "group-stop";
    broker.create_topic(topic, 4);
    fill(broker, topic, 0, 200);
    let mut one = Reader::start(&config(broker), source(topic), 2);
    one.until("all came", |one| one.events.len() == 200);
    one.hold = true;
    let mut two = Reader::start(&config(broker), source(topic), 1);
    until("revoked", &mut [&mut one, &mut two], |readers| {
        readers[0].revoked.len() == 2
    });
    let is_left = |commit: &Option<(i64, String)>| commit.as_ref().is_some_and(|one| one.1 == "left by one");
    let left = || {
        let committed = broker.committed(topic, topic, 4);
        committed.iter().filter(|commit| is_left(commit)).count()
    };

    // The two that go to the other are let go of first: that must not be the end of the rest.
    let (first, rest): (Vec<_>, Vec<_>) = one.partitions.keys().partition(|id| one.partitions[id].revoked);
    let next: BTreeMap<_, _> = one
        .partitions
        .values()
        .map(|one| (one.number, one.next))
        .collect();
    one.control.stop(Instant::now() + Duration::from_secs(60));
    for partition in first {
        one.release(partition, "left by one");
    }
    until("committed", &mut [&mut one, &mut two], |_| left() == 2);
    until("asked back", &mut [&mut one, &mut two], |readers| {
        readers[0].revoked.len() == 4 || readers[0].control.is_finished()
    });
    assert!(
        !one.control.is_finished() && one.lost.is_empty(),
        "{:?}",
        one.lost
    );
    for partition in rest {
        one.release(partition, "left by one");
    }
    until("gone over", &mut [&mut one, &mut two], |readers| {
        readers[0].control.is_finished() && readers[1].assigned.len() == 4
    });
    assert_eq!(left(), 4);
    for (number, restored) in &two.assigned {
        assert_eq!(restored.offset, next[number], "partition {number}");
    }
    assert!(one.lost.is_empty() && two.events.is_empty());
}

#[test]
fn a_partition_that_is_not_released_in_time_is_lost() {
    let Some(broker) = shared() else { return };
    let topic = "group-late";
    broker.create_topic(topic, 2);
    fill(broker, topic, 0, 100);
    let mut impatient = source(topic);
    impatient.drain_timeout = Duration::from_secs(1);
    let mut one = Reader::start(&config(broker), impatient, 1);
    one.until("all came", |one| one.events.len() == 100);
    one.hold = true;
    let mut two = Reader::start(&config(broker), source(topic), 1);
    until("gone over", &mut [&mut one, &mut two], |readers| {
        readers[1].assigned.len() == 1 && readers[0].lost.len() == 1
    });
    // Nothing was committed, so the other begins at the beginning.
    assert_eq!(two.assigned[0].1.offset, None);
    until("runs again", &mut [&mut one, &mut two], |readers| {
        readers[1].events.len() >= 40
    });
}

#[test]
fn a_static_member_comes_back_without_a_rebalance() {
    let Some(broker) = shared() else { return };
    let topic = "group-static";
    broker.create_topic(topic, 2);
    let member = |name: &str| {
        let mut source = source(topic);
        source.instance_id = Some(name.to_owned());
        source
    };
    let start = |name: &str| Reader::start(&config(broker), member(name), 1);
    let (mut one, mut two) = (start("one"), start("two"));
    until("shared", &mut [&mut one, &mut two], |readers| {
        readers.iter().all(|reader| reader.numbers().len() == 1)
    });
    let (before, numbers) = (one.revoked.len(), two.numbers());
    let two = two.stop();
    let mut two = {
        drop(two);
        start("two")
    };
    until("back", &mut [&mut one, &mut two], |readers| {
        readers[1].numbers().len() == 1
    });
    assert_eq!(two.numbers(), numbers);
    assert_eq!(one.revoked.len(), before);

    // Another with the same name fences the first, which says so and gives its partitions up.
    let mut third = start("two");
    until("fenced", &mut [&mut one, &mut two, &mut third], |readers| {
        readers[1].control.is_finished() && readers[2].numbers().len() == 1
    });
    assert!(
        two.control
            .health()
            .fatal()
            .is_some_and(|reason| reason.contains("fenced"))
    );
    assert!(!two.control.health().ready());
}

#[test]
fn a_drain_longer_than_the_poll_interval_is_refused() {
    let config = Config::default();
    let mut source = source("x");
    source.drain_timeout = Duration::from_secs(300);
    let wakes = [stepstream::stream::Wake::new()];
    let error = stepstream::stream::kafka::KafkaSource::start(&config, source, &wakes)
        .err()
        .expect("refused");
    assert_eq!(
        error.to_string(),
        "drain_timeout (300s) must be below max.poll.interval.ms (300s)"
    );
}

/// The second takes the very topics that one shard of the first reads.
#[test]
fn what_a_rebalance_left_on_one_shard_is_shared_again() {
    let Some(broker) = shared() else { return };
    let topics = ["even-a", "even-b", "even-c", "even-d"].map(str::to_owned);
    let mut values = Vec::new();
    for (topic, from) in topics.iter().zip((0..).step_by(100)) {
        broker.create_topic(topic, 1);
        values.extend(fill(broker, topic, from, 100));
    }
    let reading = |topics: &[String]| SourceConfig {
        subscription: Subscription::Topics(topics.to_vec()),
        ..source("even")
    };
    let mut one = Reader::start(&config(broker), reading(&topics), 2);
    one.until("all came", |one| one.events.len() == 400);
    let mut two = Reader::start(
        &config(broker),
        reading(&[topics[1].clone(), topics[3].clone()]),
        1,
    );
    let shards =
        |reader: &Reader| -> Vec<usize> { reader.partitions.values().map(|held| held.shard).collect() };
    until("shared", &mut [&mut one, &mut two], |readers| {
        readers[1].numbers().len() == 2
    });
    assert_eq!(shards(&one), [0, 0]);
    until("moved", &mut [&mut one, &mut two], |readers| {
        let mut shards = shards(readers[0]);
        shards.sort_unstable();
        shards == [0, 1]
    });
    assert!(one.lost.is_empty());
    for (topic, from) in topics.iter().zip((400..).step_by(100)) {
        values.extend(fill(broker, topic, from, 100));
    }
    until("all came", &mut [&mut one, &mut two], |readers| {
        readers.iter().map(|reader| reader.events.len()).sum::<usize>() >= 800
    });
    let mut came = [one.values(), two.values()].concat();
    came.sort_unstable();
    values.sort_unstable();
    assert_eq!(came, values);
}

/// A partition that moves waits for its executions with patience; the group does not wait for that.
#[test]
fn a_rebalance_does_not_wait_for_a_partition_that_moves() {
    let Some(broker) = shared() else { return };
    let topics = ["hurry-a", "hurry-b", "hurry-c", "hurry-d"].map(str::to_owned);
    for topic in &topics {
        broker.create_topic(topic, 1);
    }
    let reading = |topics: &[String]| SourceConfig {
        subscription: Subscription::Topics(topics.to_vec()),
        drain_timeout: Duration::from_secs(1),
        ..source("hurry")
    };
    let mut one = Reader::start(&config(broker), reading(&topics), 2);
    one.until("assigned", |one| one.numbers().len() == 4);
    let others = [topics[1].clone(), topics[3].clone()];
    let mut two = Reader::start(&config(broker), reading(&others), 1);
    until("shared", &mut [&mut one, &mut two], |readers| {
        readers[1].numbers().len() == 2
    });
    let before = one.revoked.len();
    one.hold = true;
    until("asked back", &mut [&mut one, &mut two], |readers| {
        readers[0].revoked.len() > before
    });
    assert!(one.lost.is_empty());
    two.control.stop(Instant::now() + Duration::from_secs(5));
    until("taken over", &mut [&mut one, &mut two], |readers| {
        readers[1].control.is_finished() && readers[0].numbers().len() == 4
    });
    assert_eq!(one.lost.len(), 1, "nobody released it");
}
