//! `stepstream redrive`: dead letters put back.

mod report;

use super::output::{Stop, stderr, stdout};
use super::waiter::Waiter;
use super::{EXIT_INTERRUPTED, EXIT_NO, EXIT_OK, EXIT_PROBLEM, Format, diagnostics, signals};
use crate::runtime::redrive::{Homes, Options, Redrive};
use crate::server::with_tokens;
use crate::stream::kafka::{self, Control, KafkaSink, KafkaSource, SourceConfig, Start, Subscription, admin};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// The configuration that is read if none is named.
const CONFIG: &str = "config/stepstream.toml";
/// How long brokers may be away before it ends.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long nothing may happen. A member of the group that was killed is waited for longer than its session
/// lasts, which is 45 s if nothing else is configured.
const STUCK_AFTER: Duration = Duration::from_secs(120);
/// How long leaving the group may take.
const LEAVING: Duration = Duration::from_secs(10);
/// The longest wait between two looks at the brokers' health and at Ctrl-C.
const TICK: Duration = Duration::from_millis(200);

/// Put dead letters back into the topics they came from, for another try.
///
/// Reads a dead-letter topic up to its end offsets at the start of the command and writes each event back. Key, value
/// and headers are restored; the failure headers are removed, and stepstream-redrive-rounds counts the rounds.
#[derive(clap::Args)]
#[command(
    after_help = "The consumer group stepstream-redrive-<topic> remembers which events were put back: the next redrive continues \
from there. Events that were filtered out (--error, --limit) or could not be put back stay, and the next redrive \
considers them again. Nothing is removed from the dead-letter topic; its retention does that.

Letters with the error Stepstream.CutOff (a sync workflow's process ended in the middle of an execution), and \
letters for events that were too large for the dead-letter topic, do not contain the event. They stay, and redrive \
reports where each event is in its topic.

Brokers and credentials come from [kafka] in the configuration. Anyone who may write to the dead-letter topic \
controls where a letter claims to come from, so letters go only to topics that a workflow of the configuration \
reads. --any-topic lifts that limit; --to sends all letters to one topic.

Exit code: 0 all chosen events are put back (or there were none), 1 some stayed, 2 could not run, or ended early, \
130 interrupted.

--format json prints one document. \"status\" is DONE, SOME_STAYED, INTERRUPTED, ENDED_EARLY (with \"message\") or \
NOT_RUN. \"put_back\", \"not_chosen\", \"exhausted\" (--max-rounds), \"without_event\", \"homeless\" (no topic to \
go to), \"not_allowed\" (no workflow reads the topic) and \"refused\" (by the brokers) count events, in total and \
for each of \"errors\". \"places\" (at most 1000) lists the positions of events that letters do not contain. With \
--dry-run nothing is put back, and the counts say what would be. \"truncated_commits\" above 0: the next redrive \
may put some events back again.

Examples:
  stepstream redrive --from orders-failed --dry-run              what is there, by error
  stepstream redrive --from orders-failed --error OrderCancelled --limit 10
  stepstream redrive --from orders-failed                        all of it
  stepstream redrive --from orders-failed --to orders-retried --brokers localhost:9092"
)]
pub(super) struct Args {
    /// The dead-letter topic
    #[arg(long, value_name = "TOPIC")]
    from: String,
    /// Send all letters to this topic [default: the topic in each letter's header stepstream-source-topic]
    #[arg(long, value_name = "TOPIC")]
    to: Option<String>,
    /// Allow any topic, not only topics that the configuration's workflows read
    #[arg(long, conflicts_with = "to")]
    any_topic: bool,
    /// Only events that failed with this error, such as States.Timeout; repeatable
    #[arg(long = "error", value_name = "NAME")]
    errors: Vec<String>,
    /// Put back at most this many events
    #[arg(long, value_name = "N", default_value_t = u64::MAX, hide_default_value = true)]
    limit: u64,
    /// Only count the events that would be put back; write and remember nothing
    #[arg(long)]
    dry_run: bool,
    /// Leave events that have already been put back this many times
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    max_rounds: u32,
    /// The configuration file, for [kafka] and the workflows' topics [default: config/stepstream.toml; not needed
    /// with --brokers and one of --to and --any-topic]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The brokers, instead of kafka.brokers
    #[arg(long, value_name = "HOST:PORT")]
    brokers: Option<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How it ended.
enum End {
    /// All that was asked for is put back.
    Done,
    SomeStayed,
    Interrupted,
    /// Something hindered it when it had begun.
    Early(String),
}

impl End {
    fn name(&self) -> &'static str {
        match self {
            End::Done => "DONE",
            End::SomeStayed => "SOME_STAYED",
            End::Interrupted => "INTERRUPTED",
            End::Early(_) => "ENDED_EARLY",
        }
    }

    fn exit_code(&self) -> u8 {
        match self {
            End::Done => EXIT_OK,
            End::SomeStayed => EXIT_NO,
            End::Interrupted => EXIT_INTERRUPTED,
            End::Early(_) => EXIT_PROBLEM,
        }
    }
}

/// Runs the command and returns its exit code.
pub(super) fn run(args: &Args) -> u8 {
    execute(args).unwrap_or_else(|stop| stop.tell(args.format))
}

fn execute(args: &Args) -> Result<u8, Stop> {
    if args.to.as_ref() == Some(&args.from) {
        return Err(Stop::new("error: --to is the topic that --from names"));
    }
    let (kafka, homes) = configuration(args)?;
    diagnostics::install_quiet()?;
    if admin::partitions(&kafka, &args.from).map_err(stop)? == 0 {
        let (topic, brokers) = (&args.from, &kafka.brokers);
        return Err(Stop::new(format!(
            "error: there is no topic '{topic}' at {brokers}"
        )));
    }
    let is_interrupted = Arc::new(AtomicBool::new(false));
    let flag = is_interrupted.clone();
    signals::install(move || flag.store(true, Relaxed), || {})
        .map_err(|error| Stop::new(format!("error: cannot handle signals: {error}")))?;
    let waiter = Waiter::new()?;
    let (control, mut sources) =
        KafkaSource::start(&kafka, source(&args.from), &[waiter.wake()]).map_err(stop)?;
    let source = sources.pop().ok_or_else(|| Stop::new("error: no consumer"))?;
    let producer = Arc::default();
    let sink = KafkaSink::start(&kafka, "redrive", waiter.wake(), &producer).map_err(stop)?;
    let mut redrive = Redrive::new(options(args, homes), source, sink);
    let trouble = serve(&mut redrive, &waiter, &control, &producer, &is_interrupted);
    leave(&mut redrive, &waiter, &control);
    let summary = redrive.summary();
    let end = match trouble.or_else(|| summary.failure.clone()) {
        Some(trouble) => End::Early(trouble),
        None if is_interrupted.load(Relaxed) => End::Interrupted,
        None if summary.total().left() > 0 => End::SomeStayed,
        None => End::Done,
    };
    match args.format {
        Format::Text => stdout(report::text(args, summary).as_bytes()),
        Format::Json => stdout(&report::json(args, summary, &end)),
    }
    if summary.truncated > 0 {
        stderr(
            "warning: more letters finished out of order than a commit has room for; the next redrive may \
             put some \
             back again",
        );
    }
    if let End::Early(trouble) = &end {
        stderr(&format!(
            "error: ended early: {trouble}\nletters already put back are remembered; run it again for the rest"
        ));
    }
    Ok(end.exit_code())
}

fn stop(error: kafka::Error) -> Stop {
    Stop::new(format!("error: {error}"))
}

/// Returns how the brokers are reached, and where letters may go back to.
fn configuration(args: &Args) -> Result<(kafka::Config, Homes), Stop> {
    let is_any = args.any_topic || args.to.is_some();
    let config = match &args.config {
        Some(path) => Some(super::run::read(path)?),
        None if args.brokers.is_none() => Some(super::run::read(Path::new(CONFIG))?),
        // Its workflows say where letters may go back to, whatever the brokers.
        None if !is_any && Path::new(CONFIG).exists() => Some(super::run::read(Path::new(CONFIG))?),
        None => None,
    };
    let homes = match &config {
        _ if is_any => Homes::Any,
        Some(config) => {
            let inputs = config.inputs();
            Homes::Only(Arc::new(move |topic| inputs.has(topic)))
        }
        None => {
            return Err(Stop::new(
                "error: without a configuration nothing says which topics letters may go back to: name one with \
                 --config (config/stepstream.toml is not there), or give --to or --any-topic",
            ));
        }
    };
    let config = config.unwrap_or_default();
    let mut kafka = config.kafka.clone();
    if let Some(brokers) = &args.brokers {
        kafka.brokers.clone_from(brokers);
    }
    kafka.check().map_err(stop)?;
    let kafka = with_tokens(kafka, &config.aws, &config.home());
    let kafka = kafka.map_err(|problem| Stop::new(format!("error: {problem}")))?;
    Ok((kafka, homes))
}

fn source(topic: &str) -> SourceConfig {
    SourceConfig {
        name: "redrive".to_owned(),
        subscription: Subscription::Topics(vec![topic.to_owned()]),
        group: format!("stepstream-redrive-{topic}"),
        instance_id: None,
        start: Start::Earliest,
        drain_timeout: LEAVING,
        at_most_once: false,
        until_end: true,
    }
}

fn options(args: &Args, homes: Homes) -> Options {
    Options {
        from: args.from.clone(),
        to: args.to.clone(),
        homes,
        errors: args.errors.clone(),
        limit: args.limit,
        rounds_max: args.max_rounds,
        is_dry: args.dry_run,
    }
}

/// Runs until it is over; returns what hinders it.
fn serve(
    redrive: &mut Redrive<KafkaSource, KafkaSink>,
    waiter: &Waiter,
    control: &Control,
    producer: &kafka::Health,
    is_interrupted: &AtomicBool,
) -> Option<String> {
    let mut moved = Instant::now();
    while !redrive.is_over() {
        if is_interrupted.load(Relaxed) {
            redrive.stop();
        }
        if redrive.turn(Instant::now()) {
            moved = Instant::now();
            continue;
        }
        if moved.elapsed() > STUCK_AFTER {
            let seconds = STUCK_AFTER.as_secs();
            return Some(format!(
                "nothing has happened for {seconds} seconds: the brokers assign no partitions, or accept \
                 neither \
                 letters nor commits"
            ));
        }
        for health in [control.health(), producer] {
            if let Some(text) = health.authentication() {
                return Some(format!("the brokers refuse the credentials: {text}"));
            }
            if let Some(text) = health.fatal() {
                return Some(text);
            }
            if health.down_for().is_some_and(|since| since > PATIENCE) {
                return Some("no broker is reachable any more".to_owned());
            }
        }
        waiter.wait(TICK);
    }
    None
}

/// Leaves the group, with what is done committed; in bounded time.
fn leave(redrive: &mut Redrive<KafkaSource, KafkaSink>, waiter: &Waiter, control: &Control) {
    redrive.stop();
    control.stop(Instant::now() + LEAVING);
    while !control.is_finished() {
        if control.is_late() {
            stderr("warning: the brokers do not answer when leaving: some letters may be put back again");
            return;
        }
        if !redrive.turn(Instant::now()) {
            waiter.wait(Duration::from_millis(20));
        }
    }
}
