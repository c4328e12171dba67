//! Topics that change while they are read.

use super::broker::shared;
use super::cluster::{add_partitions, create_topic};
use super::feed::{Acknowledged, Plan};
use super::site::{Site, delay};
use super::tally::{Look, compare};
use std::time::{Duration, Instant};

#[test]
#[ignore = "slow"]
fn topic_gains_partitions() {
    let Some(broker) = shared() else { return };
    let mut site = Site::new("gains", &broker.address(), delay(20));
    // What a new partition gets before it is seen comes after the group's start as well.
    site.workflow = "start = \"latest\"".to_owned();
    // Seen sooner than after the default of 30 s.
    site.rest = "[kafka.consumer]\n\"topic.metadata.refresh.interval.ms\" = 2000\n".to_owned();
    broker.create_topic(&site.input(), 2);
    broker.create_topic(&site.output(), 4);
    broker.create_topic(&site.dead_letters(), 1);
    let look = Look::at(&broker.address());
    let began = Instant::now();
    let plan = Plan::steady(broker.address(), site.input(), 2);
    let mut process = site.start("one", true);
    process.until_ready(true, "");
    let feed = plan.start();
    for partitions in [4, 8] {
        std::thread::sleep(Duration::from_secs(4));
        add_partitions(&broker.address(), &site.input(), partitions);
        feed.spread(partitions as i32);
    }
    std::thread::sleep(Duration::from_secs(4));
    let acknowledged = feed.stop();
    look.until_done(&site, Duration::from_secs(60));
    process.stop();

    let outcome = compare(&acknowledged, &look.outputs(&site.output()));
    let mut reached: Vec<i32> = acknowledged.values().map(|(partition, _)| *partition).collect();
    reached.sort_unstable();
    reached.dedup();
    println!(
        "RESULT topic_gains_partitions: 2 to 4 to 8 partitions ({} with events), {} events, {} lost, {} twice, {:.0} s",
        reached.len(),
        outcome.events,
        outcome.lost,
        outcome.duplicates,
        began.elapsed().as_secs_f64()
    );
    assert_eq!(reached.len(), 8);
    assert_eq!((outcome.lost, outcome.duplicates), (0, 0));
}

/// Deletes a topic and makes it anew under a process, or while there is none: what the new one has is run, all
/// of it.
fn recreated(name: &'static str, meanwhile_running: bool) {
    let Some(broker) = shared() else { return };
    let mut site = Site::new(name, &broker.address(), delay(20));
    site.rest = "[kafka.consumer]\n\"topic.metadata.refresh.interval.ms\" = 2000\n".to_owned();
    broker.create_topic(&site.input(), 2);
    broker.create_topic(&site.output(), 4);
    broker.create_topic(&site.dead_letters(), 1);
    let look = Look::at(&broker.address());
    let began = Instant::now();
    let fill = |first: u64, count: u64| -> Acknowledged {
        let plan = Plan {
            brokers: broker.address(),
            topic: site.input(),
            partitions: 2,
            rate: 0,
            count,
            first,
            padding: 50,
        };
        plan.fill()
    };
    let mut all = Acknowledged::new();
    let mut next = 0;
    let mut process = site.start("one", true);
    // The second time the new topic has more events than the old one had, the third time fewer: neither
    // can be told by the offsets alone.
    for count in [2_000, 5_000, 1_000, 1_000] {
        let acknowledged = fill(next, count);
        next += count;
        all.extend(acknowledged);
        let until = Instant::now() + Duration::from_secs(90);
        while compare_quietly(&all, &look, &site) > 0 {
            process.assert_alive();
            assert!(
                Instant::now() < until,
                "{} of {} not run; committed: {:?}; it said: {}",
                compare_quietly(&all, &look, &site),
                all.len(),
                look.progress(&format!("stepstream-{name}"), &site.input()),
                process.last_words()
            );
            std::thread::sleep(Duration::from_millis(500));
        }
        look.until_done(&site, Duration::from_secs(30));
        if !meanwhile_running {
            process.kill();
        }
        broker.delete_topic(&site.input());
        create_topic(&broker.address(), &site.input(), 2, 1);
        if !meanwhile_running {
            process = site.start("one", true);
        }
    }
    process.until_ready(true, "");
    process.stop();
    let outcome = compare(&all, &look.outputs(&site.output()));
    println!(
        "RESULT {name}: made anew 3 times, {} events, {} lost, {} twice, {:.0} s",
        outcome.events,
        outcome.lost,
        outcome.duplicates,
        began.elapsed().as_secs_f64()
    );
    assert_eq!(outcome.lost, 0);
    // A running process looks at its topics once a second: what it takes of the new one until then runs again.
    let most = if meanwhile_running { outcome.events / 2 } else { 0 };
    assert!(outcome.duplicates <= most, "{}", outcome.duplicates);
}

fn compare_quietly(all: &Acknowledged, look: &Look, site: &Site) -> usize {
    let outputs = look.outputs(&site.output());
    all.keys().filter(|id| !outputs.contains_key(id)).count()
}

#[test]
#[ignore = "slow"]
fn topic_recreated_while_running() {
    recreated("recreated-running", true);
}

#[test]
#[ignore = "slow"]
fn topic_recreated_while_stopped() {
    recreated("recreated-stopped", false);
}
