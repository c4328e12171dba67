//! `kill -9` at random points, with static membership: what an execution promised stays true.

use super::broker::shared;
use super::calls::Calls;
use super::feed::Plan;
use super::site::{Dice, Site, delay, http, number};
use super::tally::{Look, compare, logged};
use std::time::{Duration, Instant};

const PARTITIONS: i32 = 4;
/// A kill comes this long after the start at the latest, which is in the middle of everything.
const LIFE_MAX: Duration = Duration::from_millis(2_000);
const SHARDS: usize = 2;

fn kills() -> u64 {
    number("STEPSTREAM_KILLS", 50)
}

#[test]
#[ignore = "slow"]
fn kill_async() {
    let Some(broker) = shared() else { return };
    let calls = Calls::start(Duration::from_millis(5));
    let site = Site::new("kill-async", &broker.address(), http(&calls.url()));
    site.create_topics(broker, PARTITIONS);
    let look = Look::at(&broker.address());
    let feed = Plan::steady(broker.address(), site.input(), PARTITIONS);
    let (mut dice, began, kills) = (Dice::new(), Instant::now(), kills());
    let feed = feed.start();
    let mut at_risk = 0;
    for _ in 0..kills {
        let mut process = site.start("one", true);
        std::thread::sleep(dice.time(LIFE_MAX));
        process.assert_alive();
        process.kill();
        // What is committed is not run again: of what has run, the rest is the most that may be.
        let committed = look.committed(&site) as u64;
        at_risk += (calls.counts().len() as u64).saturating_sub(committed);
    }
    let acknowledged = feed.stop();
    let process = site.start("one", true);
    look.until_done(&site, Duration::from_secs(180));
    process.stop();

    let outcome = compare(&acknowledged, &look.outputs(&site.output()));
    let called = compare(&acknowledged, &calls.counts());
    let logged = logged(&site.logs());
    let missing = logged.missing(&acknowledged);
    let letters = look.letters(&site.dead_letters()).len();
    println!(
        "RESULT kill_async: {kills} kills, {} events, {} lost, {} outputs and {} executions twice (at most {at_risk} \
         at risk), {missing} without log records, {:.0} s",
        outcome.events,
        outcome.lost,
        outcome.duplicates,
        called.duplicates,
        began.elapsed().as_secs_f64()
    );
    assert_eq!((outcome.lost, called.lost, missing, letters), (0, 0, 0, 0));
    assert_eq!(logged.torn, 0, "a start closes what a crash left open");
    assert!(outcome.duplicates <= at_risk && called.duplicates <= at_risk);
}

#[test]
#[ignore = "slow"]
fn kill_sync() {
    let Some(broker) = shared() else { return };
    let calls = Calls::start(Duration::from_millis(5));
    let mut site = Site::new("kill-sync", &broker.address(), http(&calls.url()));
    site.workflow = "mode = \"sync\"".to_owned();
    site.create_topics(broker, PARTITIONS);
    let look = Look::at(&broker.address());
    let feed = Plan::steady(broker.address(), site.input(), PARTITIONS);
    let (mut dice, began, kills) = (Dice::new(), Instant::now(), kills());
    let feed = feed.start();
    for _ in 0..kills {
        let mut process = site.start("one", true);
        std::thread::sleep(dice.time(LIFE_MAX));
        process.assert_alive();
        process.kill();
    }
    // The last kill comes when executions certainly run: what it cuts off is named by the next start.
    let mut process = site.start("one", true);
    let ran = calls.counts().len();
    let until = Instant::now() + Duration::from_secs(60);
    while calls.counts().len() < ran + 500 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(5));
    }
    process.kill();
    let before = look.letters(&site.dead_letters());
    let acknowledged = feed.stop();
    let mut process = site.start("one", true);
    process.until_ready(true, "");
    look.until_done(&site, Duration::from_secs(180));
    let counted = process.metric("stepstream_cut_off_total").expect("a metric");
    process.stop();

    let replies = look.outputs(&site.output());
    let letters = look.letters(&site.dead_letters());
    let logged = logged(&site.logs());
    let called = calls.counts();
    let twice = called.values().filter(|count| **count > 1).count();
    let replied_twice = replies.values().filter(|count| **count > 1).count();
    let named = |place: &(i32, i64)| {
        let is_it = |letter: &&super::tally::Letter| (letter.partition, letter.offset) == *place;
        letters.keys().any(|letter| is_it(&letter))
    };
    let (mut unnamed, mut finished, mut unlogged) = (0, 0, 0);
    for (id, place) in &acknowledged {
        if replies.contains_key(id) {
            finished += 1;
        } else if !named(place) {
            unnamed += 1;
            eprintln!(
                "{id} at {place:?}: no reply and not named; called: {:?}",
                called.get(id)
            );
        } else if !logged.cut_off.contains(place) {
            unlogged += 1;
        }
    }
    let cut_off = letters.len();
    let new = letters.len() - before.len();
    println!(
        "RESULT kill_sync: {} kills, {} events, {twice} started twice, {replied_twice} replied twice, {finished} \
         replied, {cut_off} named as cut off, {unnamed} neither, {unlogged} not in the log, {new} by the last start \
         ({counted} in its metric), {:.0} s",
        kills + 1,
        acknowledged.len(),
        began.elapsed().as_secs_f64()
    );
    assert!(
        letters.keys().all(|letter| letter.error == "Stepstream.CutOff"),
        "nothing else fails"
    );
    assert_eq!((twice, replied_twice, unnamed, unlogged), (0, 0, 0, 0));
    assert!(new > 0 && counted as usize >= new);
    assert!(
        cut_off <= (kills as usize + 1) * 500 * SHARDS,
        "the batch's bound"
    );
}

#[test]
#[ignore = "slow"]
fn restart_time() {
    let Some(broker) = shared() else { return };
    let mut site = Site::new("restart", &broker.address(), delay(5));
    site.log = "level = \"ERROR\"".to_owned();
    for topic in [site.input(), site.output()] {
        broker.create_topic(&topic, 8);
    }
    broker.create_topic(&site.dead_letters(), 1);
    let count = number("STEPSTREAM_EVENTS", 500_000);
    let plan = Plan {
        brokers: broker.address(),
        topic: site.input(),
        partitions: 8,
        rate: 0,
        count,
        first: 0,
        padding: 50,
    };
    plan.fill();
    let look = Look::at(&broker.address());
    let mut process = site.start("one", true);
    let mut times = Vec::new();
    for _ in 0..10 {
        let until = Instant::now() + Duration::from_secs(30);
        while process
            .metric("stepstream_events_consumed_total")
            .is_none_or(|count| count < 20_000.0)
        {
            assert!(Instant::now() < until, "{}", process.last_words());
            std::thread::sleep(Duration::from_millis(20));
        }
        let began = Instant::now();
        process.kill();
        process = site.start("one", true);
        while process
            .metric("stepstream_events_consumed_total")
            .is_none_or(|count| count == 0.0)
        {
            process.assert_alive();
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "{}",
                process.last_words()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        times.push(began.elapsed().as_secs_f64());
    }
    let left = look.lag(&site);
    process.kill();
    times.sort_by(f64::total_cmp);
    println!(
        "RESULT restart_time: 10 kills under full load ({left} of {count} events left), consuming again after \
         {:.2} s (median), {:.2} s (longest)",
        times[5], times[9]
    );
    assert!(left > 0, "full load to the end: set STEPSTREAM_EVENTS");
    assert!(times[9] < 2.0, "{times:?}");
}
