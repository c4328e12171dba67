//! `stepstream pipe`: events from stdin, outputs to stdout, through the shards of the service.
//!
//! One thread reads lines into blocks and deals them to the shards (`read`), the main thread puts what comes
//! back into the order of the lines (`write`). Memory is bounded by the blocks that are under way: the
//! writer gives one back when all its lines are written, and the reader waits for it.

mod config;
mod produce;
mod read;
mod write;

use super::definition::{load_real, substitution};
use super::identity::random;
use super::output::{Stop, stderr};
use super::run::built_in;
use super::{EXIT_NO, EXIT_OK, EXIT_PROBLEM, Format, diagnostics, signals};
use crate::metrics::{Metrics, ShardMetrics};
use crate::runtime::{
    self, DeadLetter, Deliveries, Handle, LaneParts, MemoryLimits, Parts, Stats, Version, Workflow,
};
use crate::server::with_tokens;
use crate::stream::Wake;
use crate::stream::kafka::{self, KafkaSink};
use crate::stream::memory::{Acknowledge, Bounds, Desk, Feed, outbox, source};
use crate::task::{self, Answers, Caller, Tasks};
use config::Settings;
use produce::Producing;
use read::Reader;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use write::Writer;

/// Blocks of lines that are under way at a time, for all shards.
const BLOCKS_MAX: usize = 256;

/// Blocks that wait for one shard.
const FEED_BLOCKS_MAX: usize = 8;

/// What executions are named after, and where outputs and failures go on the way to the writer.
const TOPIC: &str = "stdin";
const OUTPUTS: &str = "outputs";
const FAILURES: &str = "failures";

/// Run a workflow over lines: events from stdin, outputs to stdout, one JSON document per line.
#[derive(clap::Args)]
#[command(
    after_help = "Runs the same shards as 'run', but without Kafka: the shortest way to try a workflow on real data. Tasks are \
called for real, by the [tasks] of --config; a task that writes to Kafka writes to the brokers of [kafka].

From the configuration, 'pipe' uses the workflow whose definition is FILE: its name, substitutions, input (a \
line's record has the topic stdin and the line's number as offset), ordering (lines have no key; \"partition\" \
means one shard), on_empty (blank lines) and max_in_flight. Its topics, output, dead letters and log apply to \
'run' only.

FILE#Name is a state machine in a template, as for 'check'. Here, however, you must provide every value that only \
a deployment knows, such as a function's ARN, with --set or in the substitutions.

Outputs come in the order of their events. If an execution fails, or a line is not JSON or too large, {\"error\", \
\"cause\", \"line\", \"input\"} goes to --failed, and there is no output. \"input\" is the event; for a line that \
is not JSON or too large, it is the first 4 KiB as a text. Blank lines are skipped. Ctrl-C finishes the lines \
already read; a second one ends the process immediately.

Exit code: 0 all succeeded, 1 some failed, 2 could not run or could not write.

Examples:
  stepstream pipe order.asl.json < orders.ndjson > done.ndjson
  stepstream pipe order.asl.json --config stepstream.toml --failed bad.ndjson < orders.ndjson"
)]
pub(super) struct Args {
    /// The definition, JSON or YAML (by the file's extension), or FILE#Name in a template: see 'help check'.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// A configuration, as for 'run': its [tasks] serve the workflow's tasks. Not needed for a workflow without
    /// tasks.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where failed events go [default: stderr].
    #[arg(long, value_name = "FILE")]
    failed: Option<PathBuf>,
    /// Worker threads; 0 is one per core [default: service.shards of --config, which is 0 by default].
    #[arg(long, value_name = "N")]
    shards: Option<usize>,
    /// Write outputs as they finish, in any order.
    #[arg(long)]
    unordered: bool,
    /// Fill in ${Name}, as CloudFormation would.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = substitution)]
    substitutions: Vec<(String, String)>,
}

/// How long the processes of functions may take to end.
const PROCESSES: Duration = Duration::from_secs(1);

pub(super) fn run(args: &Args) -> u8 {
    execute(args).unwrap_or_else(|stop| stop.tell(Format::Text))
}

fn execute(args: &Args) -> Result<u8, Stop> {
    let settings = Settings::read(args.config.as_deref(), &args.file)?;
    let program = load_real(
        &args.file,
        &settings.substitutions(&args.substitutions),
        &settings.config.service.pseudo_parameters(),
    )?;
    let program = Arc::new(program);
    let tasks = Arc::new(tasks(&settings)?);
    let bindings = tasks
        .bind_within(&program, false, settings.allow()?)
        .map_err(|unserved| unserved_stop(args, &unserved))?;
    let _processes = Processes(Arc::clone(&tasks));
    let count = settings.shards(args.shards)?;
    let service = &settings.config.service;
    let memory_max = service.memory_max.map(|size| size.0);
    let kafka = kafka(&program, &settings)?;
    if tasks.processes().next().is_some() {
        diagnostics::install_with_functions()?;
    } else if kafka.is_some() {
        // What hinders the client is not only in the tasks' errors, some minutes later.
        diagnostics::install_quiet()?;
    }
    let work = Work {
        memory: crate::server::without_clients(memory_max, service.execution_memory_max.0, count),
        workflow: Arc::new(settings.workflow(&args.file)),
        kafka,
        program,
        bindings: Arc::new(bindings),
        tasks,
    };
    let mut writer = Writer::open(args.failed.as_deref(), !args.unordered)?;
    let (desk, outbox) = outbox(Acknowledge::AtOnce, Bounds::default());
    let (mut feeds, mut handles) = (Vec::new(), Vec::new());
    for number in 0..count {
        let (feed, handle) = work.start(number, &desk)?;
        feeds.push(feed);
        handles.push(handle);
    }
    drop(desk);
    let feeds = Arc::new(Mutex::new(Some(feeds)));
    stop_on_signal(&feeds)?;
    let (reader, returns) = Reader::new(feeds, BLOCKS_MAX, settings.on_empty());
    let reading = reader
        .start()
        .map_err(|error| Stop::new(format!("error: cannot start a thread: {error}")))?;
    let written = writer.write(&outbox, &returns);
    if !matches!(written, Ok(true)) {
        // The shards still run: they are not to complain of it while the process ends.
        std::mem::forget(outbox);
    }
    if !written? {
        // Whoever reads stdout is gone; nobody wants the rest.
        return Ok(EXIT_OK);
    }
    for handle in handles {
        if let Err(failure) = handle.join() {
            stderr(&format!("error: {failure}"));
            return Ok(EXIT_PROBLEM);
        }
    }
    if let Some(error) = reading.error() {
        stderr(&format!("error: cannot read stdin: {error}"));
        return Ok(EXIT_PROBLEM);
    }
    writer.finish()?;
    Ok(if writer.failures() > 0 { EXIT_NO } else { EXIT_OK })
}

/// Returns where tasks write to Kafka, if there are such tasks.
fn kafka(program: &crate::program::Program, settings: &Settings) -> Result<Option<kafka::Config>, Stop> {
    let config = &settings.config;
    if !produce::is_needed(program, &config.tasks) {
        return Ok(None);
    }
    let checked = config.kafka.check();
    checked.map_err(|error| Stop::new(format!("error: {error}")))?;
    let kafka = with_tokens(config.kafka.clone(), &config.aws, &config.home());
    kafka
        .map(Some)
        .map_err(|problem| Stop::new(format!("error: {problem}")))
}

fn tasks(settings: &Settings) -> Result<Tasks, Stop> {
    let config = &settings.config;
    Tasks::new(&config.tasks, &built_in(), config.home()).map_err(|errors| {
        let texts: Vec<String> = errors.iter().map(|error| format!("error: {error}")).collect();
        Stop::new(texts.join("\n"))
    })
}

fn unserved_stop(args: &Args, unserved: &[task::Unserved]) -> Stop {
    let mut texts: Vec<String> = unserved.iter().map(|one| format!("error: {one}")).collect();
    if args.config.is_none() {
        texts.push("give --config FILE: its [tasks] determine what serves them".to_owned());
    }
    Stop::new(texts.join("\n"))
}

/// Ends the sources at the first signal: what was read is finished.
fn stop_on_signal(feeds: &Feeds) -> Result<(), Stop> {
    let (stops, hangups) = (Arc::clone(feeds), Arc::clone(feeds));
    signals::install(
        move || drop(read::take(&stops)),
        move || drop(read::take(&hangups)),
    )
    .map_err(|error| Stop::new(format!("error: cannot handle signals: {error}")))
}

/// The ends of all shards' sources, until somebody ends them.
type Feeds = Arc<Mutex<Option<Vec<Feed>>>>;

/// The processes of functions, which end with this.
struct Processes(Arc<Tasks>);

impl Drop for Processes {
    fn drop(&mut self) {
        self.0.stop(PROCESSES);
    }
}

/// What every shard does.
struct Work {
    workflow: Arc<Workflow>,
    program: Arc<crate::program::Program>,
    bindings: Arc<task::Bindings>,
    tasks: Arc<Tasks>,
    /// Where tasks write to, if some do.
    kafka: Option<kafka::Config>,
    memory: MemoryLimits,
}

impl Work {
    /// Starts a shard.
    fn start(&self, number: usize, desk: &Desk) -> Result<(Feed, Handle), Stop> {
        let wake = Wake::new();
        let (feed, source) = source(TOPIC, 0, FEED_BLOCKS_MAX, &wake);
        let (workflow, tasks, desk) = (Arc::clone(&self.workflow), Arc::clone(&self.tasks), desk.clone());
        let version = Version {
            program: Arc::clone(&self.program),
            bindings: Arc::clone(&self.bindings),
            revision: "".into(),
        };
        let (kafka, memory) = (self.kafka.clone(), self.memory);
        let build = move |wake: &Wake| {
            let connectors = tasks.connect(Answers::new(wake.clone()), random());
            let tasks: Box<dyn Caller> = match kafka {
                None => Box::new(connectors),
                Some(config) => {
                    let kafka =
                        KafkaSink::start(&config, &format!("pipe-{number}"), wake.clone(), &Arc::default())
                            .map_err(|error| error.to_string())?;
                    Box::new(Producing { connectors, kafka })
                }
            };
            let lane = LaneParts {
                stats: Stats::new(Metrics::new().workflow(&workflow.machine.name)),
                workflow,
                version,
                renew: None,
                source: Box::new(source),
                journal: None,
            };
            Ok(Parts {
                lanes: vec![lane],
                sink: Box::new(desk.sink(number, wake)),
                tasks,
                max_in_flight: usize::MAX,
                memory,
                metrics: ShardMetrics::default(),
                deliveries: Deliveries::default(),
            })
        };
        let handle = runtime::spawn(&format!("stepstream-{number}"), None, wake, build, || {})
            .map_err(|error| Stop::new(format!("error: cannot start a shard's thread: {error}")))?;
        Ok((feed, handle))
    }
}
