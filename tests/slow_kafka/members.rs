//! Processes of one group that come and go.

use super::broker::shared;
use super::calls::Calls;
use super::feed::{Acknowledged, Plan};
use super::process::{Process, signal};
use super::site::{Dice, Site, delay, http, number};
use super::tally::{AtMostOnce, Look, compare, logged};
use std::time::{Duration, Instant};

const PARTITIONS: i32 = 6;
const NAMES: [&str; 3] = ["one", "two", "three"];

fn site(name: &'static str, brokers: &str, task: String) -> Site {
    let mut site = Site::new(name, brokers, task);
    // Who was killed is missed soon.
    site.rest =
        "[kafka.consumer]\n\"session.timeout.ms\" = 3000\n\"heartbeat.interval.ms\" = 500\n".to_owned();
    site
}

#[test]
#[ignore = "slow"]
fn three_processes() {
    let Some(broker) = shared() else { return };
    let site = site("three", &broker.address(), delay(20));
    site.create_topics(broker, PARTITIONS);
    let look = Look::at(&broker.address());
    let (began, rate) = (Instant::now(), number("STEPSTREAM_RATE", 1_000));
    let plan = Plan {
        rate,
        ..Plan::steady(broker.address(), site.input(), PARTITIONS)
    };
    let feed = plan.start();
    let pause = || std::thread::sleep(Duration::from_secs(3));
    let one = site.start("one", false);
    pause();
    let two = site.start("two", false);
    pause();
    let mut three = site.start("three", false);
    three.until_ready(true, "");
    pause();
    let shares = [&one, &two, &three].map(|process| process.metric("stepstream_events_consumed_total"));
    two.stop();
    pause();
    let two = site.start("two", false);
    pause();
    one.stop();
    pause();
    // Leaving in order costs nothing.
    let in_order = look.outputs(&site.output());
    three.kill();
    pause();
    pause();
    let acknowledged = feed.stop();
    look.until_done(&site, Duration::from_secs(120));
    two.stop();

    let outcome = compare(&acknowledged, &look.outputs(&site.output()));
    let missing = logged(&site.logs()).missing(&acknowledged);
    let early: u32 = in_order.values().map(|count| count - 1).sum();
    println!(
        "RESULT three_processes: {} events, {} lost, {early} twice after joins and leaves, {} after a kill, {missing} \
         without log records, {:.0} s",
        outcome.events,
        outcome.lost,
        outcome.duplicates,
        began.elapsed().as_secs_f64()
    );
    assert!(
        shares.iter().all(|share| share.is_some_and(|count| count > 0.0)),
        "each works: {shares:?}"
    );
    assert_eq!((outcome.lost, missing, early), (0, 0, 0));
    // Of the killed one's third: what was not committed, of one interval.
    assert!(outcome.duplicates <= rate * 2, "{}", outcome.duplicates);
}

/// At most once, also when a process sleeps until it is missed and wakes up in the belief that all is as it was.
#[test]
#[ignore = "slow"]
fn sleeping_process_sync() {
    let Some(broker) = shared() else { return };
    let calls = Calls::start(Duration::from_millis(5));
    let mut site = site("sleeping", &broker.address(), http(&calls.url()));
    site.workflow = "mode = \"sync\"".to_owned();
    site.create_topics(broker, PARTITIONS);
    let look = Look::at(&broker.address());
    let began = Instant::now();
    let plan = Plan::steady(broker.address(), site.input(), PARTITIONS);
    let feed = plan.start();
    let mut processes = NAMES[..2].iter().map(|name| site.start(name, false));
    let mut processes: Vec<Process> = processes.by_ref().collect();
    processes.iter_mut().for_each(|process| {
        process.until_ready(true, "");
    });
    for round in 0..4 {
        std::thread::sleep(Duration::from_secs(2));
        signal(processes[round % 2].pid(), "STOP");
        std::thread::sleep(Duration::from_secs(6));
        signal(processes[round % 2].pid(), "CONT");
        processes[round % 2].until_ready(true, "");
    }
    processes.remove(0).stop();
    std::thread::sleep(Duration::from_secs(1));
    let acknowledged = feed.stop();
    look.until_done(&site, Duration::from_secs(120));
    processes.remove(0).stop();

    let at_most_once = AtMostOnce::count(&site, &broker.address(), &acknowledged, &calls);
    println!(
        "RESULT sleeping_process_sync: 4 sleeps of 6 s, {} events, {at_most_once}, {:.0} s",
        acknowledged.len(),
        began.elapsed().as_secs_f64()
    );
    at_most_once.assert();
}

/// Processes join, leave and are killed for some minutes. Returns what was produced, a bound for what may have
/// run twice, a sentence about all that, and when it began.
fn turmoil(site: &Site, brokers: String, minutes: u64) -> (Acknowledged, u64, String, Instant) {
    let look = Look::at(&brokers);
    let (mut dice, began, rate) = (Dice::new(), Instant::now(), number("STEPSTREAM_RATE", 500));
    let plan = Plan {
        rate,
        ..Plan::steady(brokers, site.input(), PARTITIONS)
    };
    let feed = plan.start();
    let mut members: [Option<Process>; 3] = [None, None, None];
    let (mut joins, mut leaves, mut kills, mut at_risk) = (0, 0, 0, 0);
    while began.elapsed() < Duration::from_secs(minutes * 60) {
        let which = dice.below(3) as usize;
        match members[which].take() {
            None => {
                members[which] = Some(site.start(NAMES[which], false));
                joins += 1;
            }
            Some(process) if dice.below(3) > 0 => {
                process.stop();
                leaves += 1;
            }
            Some(mut process) => {
                process.kill();
                at_risk += look.lag(site) as u64;
                kills += 1;
            }
        }
        // A process that was just started may not listen to signals yet.
        std::thread::sleep(Duration::from_millis(700) + dice.time(Duration::from_secs(3)));
        members.iter_mut().flatten().for_each(Process::assert_alive);
    }
    let acknowledged = feed.stop();
    members.iter_mut().enumerate().for_each(|(at, member)| {
        member.get_or_insert_with(|| site.start(NAMES[at], false));
    });
    look.until_done(site, Duration::from_secs(180));
    members.into_iter().flatten().for_each(|process| {
        process.stop();
    });
    let story = format!("{joins} joins, {leaves} leaves, {kills} kills");
    (acknowledged, at_risk, story, began)
}

#[test]
#[ignore = "slow"]
fn rebalances() {
    let Some(broker) = shared() else { return };
    let site = site("rebalances", &broker.address(), delay(20));
    site.create_topics(broker, PARTITIONS);
    let minutes = number("STEPSTREAM_MINUTES", 10);
    let (acknowledged, at_risk, story, began) = turmoil(&site, broker.address(), minutes);

    let look = Look::at(&broker.address());
    let outcome = compare(&acknowledged, &look.outputs(&site.output()));
    let missing = logged(&site.logs()).missing(&acknowledged);
    println!(
        "RESULT rebalances: {story}, {} events, {} lost, {} twice (at most {at_risk} at risk), {missing} without log \
         records, {:.0} s",
        outcome.events,
        outcome.lost,
        outcome.duplicates,
        began.elapsed().as_secs_f64()
    );
    assert_eq!((outcome.lost, missing), (0, 0));
    assert!(outcome.duplicates <= at_risk);
}

#[test]
#[ignore = "slow"]
fn rebalances_sync() {
    let Some(broker) = shared() else { return };
    let calls = Calls::start(Duration::from_millis(5));
    let mut site = site("turmoil", &broker.address(), http(&calls.url()));
    site.workflow = "mode = \"sync\"".to_owned();
    site.create_topics(broker, PARTITIONS);
    let minutes = number("STEPSTREAM_MINUTES", 10).div_ceil(2);
    let (acknowledged, _, story, began) = turmoil(&site, broker.address(), minutes);
    let at_most_once = AtMostOnce::count(&site, &broker.address(), &acknowledged, &calls);
    println!(
        "RESULT rebalances_sync: {story}, {} events, {at_most_once}, {:.0} s",
        acknowledged.len(),
        began.elapsed().as_secs_f64()
    );
    at_most_once.assert();
}
