//! `stepstream demo`: the whole way of events through the service, with nothing but the binary.
//!
//! The service runs as in `stepstream run`, on brokers inside this process (`setup`). The main thread writes
//! orders and reads results back (`traffic`), counts each (`tally`) and shows how it goes (`show`). As many
//! orders are under way as a window allows: the brokers inside forget what exceeds 5 MiB in a partition.

mod orders;
mod setup;
mod show;
mod tally;
mod traffic;

use super::output::{Stop, stderr, stdout};
use super::waiter::Waiter;
use super::{EXIT_INTERRUPTED, EXIT_NO, EXIT_OK, Format, diagnostics, signals};
use crate::clock::monotonic_ms;
use crate::server::Server;
use crate::server::health::Health;
use setup::Setup;
use show::Screen;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};
use traffic::{End, Traffic};

/// How long the service may take to get its partitions.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// See it work: orders through Kafka and a workflow, with nothing else installed.
///
/// Starts brokers inside this process and the service on them, writes synthetic orders to a topic, runs the order
/// fulfillment workflow for each, reads every result back and counts it. Some orders ask for more than is in stock,
/// and fail.
#[derive(clap::Args)]
#[command(
    after_help = "The demo keeps the workflow, its execution log (about the last 256 MiB) and the final metrics in a new temporary \
folder, and prints its path at the end. The built-in brokers are librdkafka's mock cluster: real clients and the \
real protocol, but nothing on a disk. With --brokers, the demo creates topics with names of their own on your \
cluster and keeps them.

Exit code: 0 every order has its result, 1 one is missing, 2 could not run, 130 ended by Ctrl-C.

Examples:
  stepstream demo
  stepstream demo --events 500000 --shards 1
  stepstream demo --brokers localhost:9092"
)]
pub(super) struct Args {
    /// Number of orders
    #[arg(long, value_name = "N", default_value = "50000", value_parser = clap::value_parser!(u32).range(1..=orders::COUNT_MAX))]
    events: u32,
    /// Worker threads; 0 is one per core [default: 0]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    shards: usize,
    /// A real cluster instead of the built-in one
    #[arg(long, value_name = "HOST:PORT")]
    brokers: Option<String>,
}

/// Runs the command and returns its exit code.
pub(super) fn run(args: &Args) -> u8 {
    execute(args).unwrap_or_else(|stop| stop.tell(Format::Text))
}

fn execute(args: &Args) -> Result<u8, Stop> {
    diagnostics::install_quiet()?;
    let is_interrupted = Arc::new(AtomicBool::new(false));
    let flag = is_interrupted.clone();
    signals::install(move || flag.store(true, Relaxed), || {})
        .map_err(|error| Stop::new(format!("error: cannot handle signals: {error}")))?;
    let setup = Setup::new(args.brokers.as_deref(), args.shards)?;
    let server = Server::start(setup.plan()).map_err(|problems| Stop::new(format!("error: {problems}")))?;
    let (orders, metrics, health) = (server.orders(), server.metrics().clone(), server.health());
    let url = server
        .address()
        .map(|address| format!("http://{address}/metrics"));
    let url = url.unwrap_or_default();
    stdout(setup.introduction(args.events, &url).as_bytes());
    let service = std::thread::Builder::new()
        .name("stepstream-server".to_owned())
        .spawn(move || server.run())
        .map_err(|error| Stop::new(format!("error: cannot start a thread: {error}")))?;

    let waiter = Waiter::new()?;
    let mut traffic = Traffic::start(&setup, args.events, &waiter)?;
    let mut screen = Screen::new(args.events);
    let end = match until_ready(&health, &waiter, &is_interrupted) {
        Ok(true) => traffic.run(&waiter, &mut screen, &is_interrupted, &|| service.is_finished()),
        Ok(false) => End::Interrupted,
        Err(reason) => End::Broken(reason),
    };
    screen.finish();
    traffic.stop(&waiter);
    orders.stop();
    let served = service.join().unwrap_or(Ok(()));
    // Shards add what they have counted now and then, and at their end.
    let scrape = metrics.render(monotonic_ms());

    let metrics_file = setup.keep("metrics.txt", &scrape);
    let shards = setup.shards();
    stdout(show::summary(&traffic.tally, &end, shards).as_bytes());
    stdout(show::pointers(&traffic.tally, &setup, metrics_file.as_deref(), &url).as_bytes());
    if let Err(problems) = served {
        stderr(&format!("error: {problems}"));
        return Ok(EXIT_NO);
    }
    Ok(match end {
        End::Complete => EXIT_OK,
        End::Interrupted if traffic.tally.missing() == 0 => EXIT_INTERRUPTED,
        End::Interrupted | End::Missing | End::Broken(_) => EXIT_NO,
    })
}

/// Waits until the service has its partitions; says whether that is so, or Ctrl-C came before.
fn until_ready(health: &Health, waiter: &Waiter, is_interrupted: &AtomicBool) -> Result<bool, String> {
    let until = Instant::now() + READY_WITHIN;
    loop {
        let findings = health.ready();
        if findings.are_good() {
            return Ok(true);
        }
        if is_interrupted.load(Relaxed) {
            return Ok(false);
        }
        if Instant::now() >= until {
            let reasons = findings.parts.into_iter().filter_map(|(_, reason)| reason);
            let reasons: Vec<String> = findings.process.into_iter().chain(reasons).collect();
            return Err(format!(
                "the service did not become ready: {}",
                reasons.join("; ")
            ));
        }
        waiter.wait(Duration::from_millis(20));
    }
}
