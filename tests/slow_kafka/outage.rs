//! Brokers that restart, die, or stand still.

use super::broker::{Broker, shared};
use super::calls::Calls;
use super::cluster::{Cluster, create_topic, java_of};
use super::feed::Plan;
use super::process::{Process, signal};
use super::site::{Site, delay, http, number};
use super::tally::{AtMostOnce, Look, compare, logged};
use std::path::Path;
use std::time::{Duration, Instant};

/// Stops and kills the broker, twice each; returns how many seconds after its return the process was ready.
fn restart(broker: &Broker, process: &mut Process) -> Vec<f64> {
    let round = |round| {
        std::thread::sleep(Duration::from_secs(2));
        match round % 2 {
            0 => broker.stop(),
            _ => broker.kill(),
        }
        process.until_ready(false, "no broker has been reachable");
        std::thread::sleep(Duration::from_secs(2));
        broker.resume().expect("back");
        process.until_ready(true, "").as_secs_f64()
    };
    (0..4).map(round).collect()
}

#[test]
#[ignore = "slow"]
fn broker_restarts_sync() {
    let Some(_) = shared() else { return };
    let broker = Broker::start().expect("a broker");
    let calls = Calls::start(Duration::from_millis(5));
    let mut site = Site::new("outages", &broker.address(), http(&calls.url()));
    site.workflow = "mode = \"sync\"".to_owned();
    site.create_topics(&broker, 4);
    let began = Instant::now();
    let feed = Plan::steady(broker.address(), site.input(), 4).start();
    let mut process = site.start("one", true);
    process.until_ready(true, "");
    restart(&broker, &mut process);
    let acknowledged = feed.stop();
    Look::at(&broker.address()).until_done(&site, Duration::from_secs(120));
    process.stop();
    let at_most_once = AtMostOnce::count(&site, &broker.address(), &acknowledged, &calls);
    println!(
        "RESULT broker_restarts_sync: 2 stops and 2 kills, {} events, {at_most_once}, {:.0} s",
        acknowledged.len(),
        began.elapsed().as_secs_f64()
    );
    at_most_once.assert();
}

#[test]
#[ignore = "slow"]
fn broker_restarts() {
    let Some(_) = shared() else { return };
    let broker = Broker::start().expect("a broker");
    let site = Site::new("restarts", &broker.address(), delay(20));
    site.create_topics(&broker, 4);
    let look = Look::at(&broker.address());
    let began = Instant::now();
    let feed = Plan::steady(broker.address(), site.input(), 4).start();
    let mut process = site.start("one", true);
    process.until_ready(true, "");
    let recovered = restart(&broker, &mut process);
    let acknowledged = feed.stop();
    look.until_done(&site, Duration::from_secs(120));
    process.stop();

    let outcome = compare(&acknowledged, &look.outputs(&site.output()));
    let missing = logged(&site.logs()).missing(&acknowledged);
    println!(
        "RESULT broker_restarts: 2 stops and 2 kills, {} events, {} lost, {} twice, {missing} without log records, \
         ready again {recovered:.1?} s after the broker, {:.0} s",
        outcome.events,
        outcome.lost,
        outcome.duplicates,
        began.elapsed().as_secs_f64()
    );
    assert_eq!((outcome.lost, missing), (0, 0));
    // The process lives on: nothing of what it had begun is begun anew, unless the group is formed anew.
    assert!(
        outcome.duplicates * 10 <= outcome.events,
        "{}",
        outcome.duplicates
    );
}

#[test]
#[ignore = "slow"]
fn one_of_three_brokers_dies() {
    let Some(_) = shared() else { return };
    let mut cluster = Cluster::start();
    let brokers = cluster.addresses();
    let site = Site::new("nodes", &brokers, delay(20));
    create_topic(&brokers, &site.input(), 6, 3);
    create_topic(&brokers, &site.output(), 6, 3);
    create_topic(&brokers, &site.dead_letters(), 1, 3);
    let look = Look::at(&brokers);
    let began = Instant::now();
    let feed = Plan::steady(brokers.clone(), site.input(), 6).start();
    let mut process = site.start("one", true);
    process.until_ready(true, "");
    let mut led = 0;
    // Each in turn: one of them has the group's coordinator.
    for node in 0..3 {
        std::thread::sleep(Duration::from_secs(3));
        led += cluster.leads(&site.input())[node];
        cluster.kill(node);
        let ended = process.metric("stepstream_executions_total").unwrap_or(0.0);
        let killed = Instant::now();
        while process.metric("stepstream_executions_total").unwrap_or(0.0) < ended + 3_000.0 {
            process.assert_alive();
            assert!(
                killed.elapsed() < Duration::from_secs(60),
                "stands still; it said: {}",
                process.last_words()
            );
            std::thread::sleep(Duration::from_millis(100));
        }
        println!(
            "node {node}: 3000 executions ended {:.1?} after its death",
            killed.elapsed()
        );
        cluster.resume(node);
    }
    let acknowledged = feed.stop();
    look.until_done(&site, Duration::from_secs(120));
    process.stop();

    let outcome = compare(&acknowledged, &look.outputs(&site.output()));
    let missing = logged(&site.logs()).missing(&acknowledged);
    println!(
        "RESULT one_of_three_brokers_dies: 3 kills (leaders of {led} partitions), {} events, {} lost, {} twice, \
         {missing} without log records, {:.0} s",
        outcome.events,
        outcome.lost,
        outcome.duplicates,
        began.elapsed().as_secs_f64()
    );
    assert!(led > 0);
    assert_eq!((outcome.lost, missing), (0, 0));
    assert!(
        outcome.duplicates * 10 <= outcome.events,
        "{}",
        outcome.duplicates
    );
}

#[test]
#[ignore = "slow"]
fn output_queue_full() {
    let Some(_) = shared() else { return };
    let broker = Broker::start().expect("a broker");
    let mut site = Site::new("full", &broker.address(), delay(5));
    site.log = "level = \"ERROR\"".to_owned();
    // Small, so that it fills long before the consumer's queue is empty.
    site.rest = "[kafka.producer]\n\"queue.buffering.max.messages\" = 2000\n".to_owned();
    site.create_topics(&broker, 4);
    let plan = Plan {
        rate: 0,
        count: number("STEPSTREAM_EVENTS", 200_000),
        padding: 1_000,
        ..Plan::steady(broker.address(), site.input(), 4)
    };
    let acknowledged = plan.fill();
    let look = Look::at(&broker.address());
    let folder = broker.file("marker", "");
    let java = java_of(Path::new(&folder).parent().expect("a folder"));
    let began = Instant::now();
    let mut process = site.start("one", true);
    let consumed = |process: &Process| process.metric("stepstream_events_consumed_total").unwrap_or(0.0);
    while consumed(&process) < 20_000.0 {
        process.assert_alive();
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "{}",
            process.last_words()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    signal(java, "STOP");
    let stopped = consumed(&process);
    std::thread::sleep(Duration::from_secs(2));
    let (first, memory) = (consumed(&process), process.peak_memory());
    std::thread::sleep(Duration::from_secs(8));
    let (last, paused) = (consumed(&process), process.metric("stepstream_paused_partitions"));
    let (ready, _) = process.ready();
    let later = process.peak_memory();
    signal(java, "CONT");
    look.until_done(&site, Duration::from_secs(180));
    let peak = process.peak_memory();
    process.stop();

    let outcome = compare(&acknowledged, &look.outputs(&site.output()));
    println!(
        "RESULT output_queue_full: the broker stood still for 10 s; {} more events taken at first, {} later, {paused:?} \
         partitions paused, ready {ready}; memory {} MiB, {} MiB 8 s later, {} MiB at most; {} events, {} lost, {} \
         twice, {:.0} s",
        first - stopped,
        last - first,
        memory >> 20,
        later >> 20,
        peak >> 20,
        outcome.events,
        outcome.lost,
        outcome.duplicates,
        began.elapsed().as_secs_f64()
    );
    assert_eq!(outcome.lost, 0);
    assert_eq!(last, first, "it stands still as well");
    assert_eq!(paused, Some(4.0));
    assert!(later <= memory + (8 << 20), "{later} after {memory}");
    assert!(peak <= 512 << 20, "{peak}");
    assert!(outcome.duplicates * 2 <= outcome.events, "{}", outcome.duplicates);
}
