//! Builds and starts the parts of a service, in order; what was started stops when a later part fails.

use super::budget::Budget;
use super::definitions::{self, Definitions};
use super::health::Health;
use super::http::Http;
use super::orders::orders;
use super::pages::pages;
use super::readiness::Watch;
use super::tokens::with_tokens;
use super::wiring::{LanePlan, ShardPlan};
use super::{Orders, Plan, Problems, Server, WorkflowPlan, cores, readiness};
use crate::log::write::{self, Destination, Log, SinkFactory, Writer};
use crate::metrics::{AwsCalls, AwsCounts, Metrics, Processes, TokenRequests};
use crate::registry::Registry;
use crate::registry::files::Files;
use crate::runtime::{self, Deliveries, MemoryLimits, Mode, Stats, Workflow};
use crate::stream::kafka::{self, Control, KafkaSink, KafkaSource, Subscription};
use crate::stream::{Sink, Wake};
use crate::task::{self, Allow, Bindings, Tasks};
use crate::vm::Level;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// What all parts share while they are built.
struct Site {
    kafka: kafka::Config,
    memory: MemoryLimits,
    /// Memory that is set aside for the clients of each shard.
    set_aside: usize,
    metrics: Metrics,
    health: Health,
    registry: Arc<Registry<Bindings>>,
    deliveries: Deliveries,
    /// What is known of the producers of all shards.
    producer: Arc<kafka::Health>,
    wakes: Vec<Wake>,
    lanes: Vec<Vec<LanePlan>>,
    writer: Writer,
    logs: Vec<(String, Log)>,
    controls: Vec<Control>,
}

/// Starts a service.
pub(super) fn start(mut plan: Plan, is_stopped: &dyn Fn() -> bool) -> Result<Option<Server>, Problems> {
    plan.kafka.check().map_err(|error| error.to_string())?;
    plan.kafka = with_tokens(plan.kafka.clone(), &plan.tasks.aws, &plan.home())?;
    let tasks = tasks(&plan)?;
    let registry = Arc::new(registry(&plan, tasks.clone())?);
    let metrics = Metrics::new();
    let definitions = plan.workflows.iter().map(|one| one.definition.clone());
    let files = Files::new(registry.clone(), metrics.clone(), definitions.collect());
    let Some(files) = definitions::load(files, is_stopped)? else {
        return Ok(None);
    };
    let definitions = Definitions::watch(files)?;
    let health = Health::starting();
    let http = match plan.listen.as_str() {
        "" => None,
        listen => {
            let http = Http::start(listen, plan.tls.as_ref(), pages(&metrics, &health));
            Some(http.map_err(|error| error.to_string())?)
        }
    };
    if let Some(http) = &http {
        let (scheme, address) = (http.scheme(), http.address());
        tracing::info!("metrics: {scheme}://{address}/metrics, health: {scheme}://{address}/health/ready");
    }
    let count = shard_count(plan.shards);
    let budget = Budget::new(&plan, count);
    budget.announce();
    let producer: Arc<kafka::Health> = Arc::default();
    let mut site = Site {
        kafka: budget.kafka.clone(),
        memory: budget.limits,
        set_aside: budget.clients,
        metrics: metrics.clone(),
        health: health.clone(),
        registry,
        deliveries: Deliveries::default(),
        producer: Arc::clone(&producer),
        wakes: (0..count).map(|_| Wake::new()).collect(),
        lanes: (0..count).map(|_| Vec::new()).collect(),
        writer: writer(&plan, log_sink(budget.kafka, &producer))?,
        logs: Vec::new(),
        controls: Vec::new(),
    };
    let until_end = plan.workflows.iter().any(|one| one.source.until_end);
    for workflow in &plan.workflows {
        site.add(workflow)?;
    }
    let (failing, waiting) = (site.producer.clone(), site.producer.clone());
    metrics.undelivered(move || failing.undelivered());
    metrics.queue("producer", move || waiting.unanswered() as usize);
    watch_processes(&tasks, &metrics);
    watch_connections(&tasks, &metrics);
    watch_aws(&tasks, &metrics);
    let asked = site.deliveries.clone();
    health.require("deliveries", move || readiness::delivered(&asked));
    let orders = orders();
    let shards = site.start_shards(&plan, &tasks, &orders.0, until_end)?;
    health.open();
    tracing::info!(shards = count, workflows = plan.workflows.len(), "running");
    let names = plan.workflows.iter().map(|one| one.workflow.machine.name.clone());
    let sources = site.controls.iter().map(|control| control.health().clone());
    let watch = Watch::new(site.deliveries, names.zip(sources).collect());
    Ok(Some(Server {
        orders,
        shutdown_timeout: plan.shutdown_timeout,
        until_end,
        hopeless_since: None,
        deliveries: watch,
        definitions,
        health,
        metrics,
        http,
        writer: site.writer,
        logs: site.logs,
        controls: site.controls,
        shards,
        tasks,
    }))
}

/// Shows what the processes of functions do.
fn watch_processes(tasks: &Tasks, metrics: &Metrics) {
    for (pattern, counts) in tasks.processes() {
        metrics.processes(pattern, move || Processes {
            alive: counts.alive(),
            started: counts.started(),
            failed: counts.failed(),
        });
    }
}

/// Shows what is asked of AWS.
fn watch_aws(tasks: &Tasks, metrics: &Metrics) {
    for (pattern, counts) in tasks.aws() {
        metrics.aws(pattern, move || {
            let calls = counts.calls().into_iter();
            let calls = calls.map(|(service, action, ended)| AwsCalls {
                service,
                action,
                ended,
            });
            AwsCounts {
                calls: calls.collect(),
                credentials: counts.credentials(),
            }
        });
    }
}

/// Shows how the tokens of connections stand.
fn watch_connections(tasks: &Tasks, metrics: &Metrics) {
    let counts = tasks.connections();
    for (number, tokens) in counts.tokens().enumerate() {
        let counts = counts.clone();
        metrics.tokens(tokens.connection, move || {
            let now = counts.tokens().nth(number);
            now.map_or_else(TokenRequests::default, |tokens| TokenRequests {
                given: tokens.given,
                refused: tokens.refused,
            })
        });
    }
}

/// Whether anything of a workflow's executions is written.
fn is_logged(plan: &WorkflowPlan) -> bool {
    plan.log.level.level().max(plan.log.on_failure.level()) > Level::Off
}

/// Returns the writer of all logs, with a way to AWS if some go there.
fn writer(plan: &Plan, sink: SinkFactory) -> Result<Writer, Problems> {
    let writer = Writer::new(Some(sink));
    let goes_to_aws = |one: &WorkflowPlan| one.log.destination == Destination::CloudWatch;
    if !plan.workflows.iter().any(goes_to_aws) {
        return Ok(writer);
    }
    let cloudwatch = task::aws::cloudwatch(&plan.tasks.aws, &plan.home());
    let cloudwatch = cloudwatch.map_err(|problem| format!("workflow.log.cloudwatch: {problem}"))?;
    Ok(writer.with_cloudwatch(cloudwatch))
}

/// Returns what makes the producer of log records, for all workflows whose records go to topics.
fn log_sink(kafka: kafka::Config, health: &Arc<kafka::Health>) -> SinkFactory {
    let health = Arc::clone(health);
    Arc::new(move |wake| {
        let sink = KafkaSink::start(&kafka, "log", wake, &health);
        Ok(Box::new(sink.map_err(|error| error.to_string())?) as Box<dyn Sink>)
    })
}

fn shard_count(wanted: usize) -> usize {
    match wanted {
        0 => std::thread::available_parallelism().map_or(1, NonZero::get),
        count => count,
    }
}

fn tasks(plan: &Plan) -> Result<Arc<Tasks>, Problems> {
    match Tasks::new(&plan.tasks, &plan.functions, plan.home()) {
        Ok(tasks) => Ok(Arc::new(tasks)),
        Err(errors) => Err(Problems(errors.iter().map(ToString::to_string).collect())),
    }
}

fn registry(plan: &Plan, tasks: Arc<Tasks>) -> Result<Registry<Bindings>, Problems> {
    let terms = plan.workflows.iter().map(|one| {
        let is_shown = one.log.include_execution_data;
        Ok((one.workflow.machine.name.clone(), is_shown, allow(one)?))
    });
    let terms = terms.collect::<Result<Vec<_>, Problems>>()?;
    Ok(Registry::new(Box::new(move |name, program| {
        let terms = terms.iter().find(|(known, ..)| known == name);
        let (is_seen, allow) = terms.map_or((false, None), |(_, is_shown, allow)| (*is_shown, allow.clone()));
        tasks.bind_within(program, is_seen, allow).map_err(|unserved| {
            let sentences = unserved.iter().map(ToString::to_string);
            sentences.collect::<Vec<_>>().join("; ")
        })
    })))
}

/// Returns what a workflow may reach, if it says so.
fn allow(plan: &WorkflowPlan) -> Result<Option<Arc<Allow>>, Problems> {
    let allow = plan.allow.as_deref().map(Allow::parse).transpose();
    allow.map(|allow| allow.map(Arc::new)).map_err(|errors| {
        let name = &plan.workflow.machine.name;
        let texts = errors
            .iter()
            .map(|error| format!("workflow '{name}': allow: {}", error.message));
        Problems(texts.collect())
    })
}

impl Site {
    /// Starts what a workflow needs beside the shards: its log writer and its consumer.
    fn add(&mut self, plan: &WorkflowPlan) -> Result<(), Problems> {
        let name = plan.workflow.machine.name.clone();
        let failed = |error: String| format!("workflow '{name}': {error}");
        let mut workflow = plan.workflow.clone();
        let (mut buffers, mut log) = (Vec::new(), None);
        if is_logged(plan) {
            let (opened, ends) = self.log(&name, &plan.log).map_err(failed)?;
            log = Some(opened.health());
            self.logs.push((name.clone(), opened));
            buffers = ends;
        } else {
            workflow.machine.log = None;
        }
        let source = KafkaSource::start(&self.kafka, plan.source.clone(), &self.wakes);
        let (control, sources) = source.map_err(|error| failed(error.to_string()))?;
        self.report(&name, control.health().clone(), log);
        self.controls.push(control);
        let workflow = Arc::new(workflow);
        let mut buffers = buffers.into_iter();
        for (lanes, source) in self.lanes.iter_mut().zip(sources) {
            let Some(current) = self.registry.current(&name) else {
                return Err(failed("its definition is not published".to_owned()).into());
            };
            lanes.push(LanePlan {
                workflow: workflow.clone(),
                current,
                source,
                journal: buffers.next(),
                stats: Stats::new(self.metrics.workflow(&name)),
            });
        }
        self.announce(plan, &workflow);
        Ok(())
    }

    /// Opens a workflow's log.
    fn log(&mut self, workflow: &str, config: &write::Config) -> Result<(Log, Vec<write::Buffer>), String> {
        let setup = write::Setup {
            workflow,
            config,
            wakes: &self.wakes,
        };
        self.writer.open(&setup).map_err(|error| error.to_string())
    }

    /// Lets metrics and readiness ask the workflow's parts.
    fn report(&self, name: &str, source: Arc<kafka::Health>, log: Option<Arc<write::Health>>) {
        let reader = source.clone();
        self.metrics.lags(name, move || readiness::lags(&reader));
        if let Some(log) = log.clone() {
            let waits = log.clone();
            self.metrics.logs(name, move || readiness::logged(&log));
            self.metrics
                .queue("log", move || waits.waiting_buffers() as usize);
        }
        let lives = source.clone();
        self.health
            .require_for_life(&format!("consumer of {name}"), move || {
                readiness::consumer_lives(&lives)
            });
        let (producer, metrics) = (self.producer.clone(), self.metrics.clone());
        let asked = name.to_owned();
        self.health.require(name, move || {
            readiness::workflow(&asked, &source, &producer, log.as_deref(), &metrics)
        });
    }

    /// Says what the workflow reads and writes.
    fn announce(&self, plan: &WorkflowPlan, workflow: &Workflow) {
        let topics = match &plan.source.subscription {
            Subscription::Topics(topics) => topics.join(", "),
            Subscription::Pattern(pattern) => pattern.clone(),
        };
        let none = || "none".to_owned();
        let revision = self.registry.revision(&workflow.machine.name);
        let revision = revision.map_or_else(none, |revision| revision.to_string());
        let output = workflow.output.clone().unwrap_or_else(none);
        let dead_letter = workflow.dead_letter.as_ref();
        let dead_letter = dead_letter.map_or_else(none, |letter| letter.topic.clone());
        tracing::info!(
            definition = %plan.definition.path.display(),
            revision,
            mode = %match workflow.mode {
                Mode::Async => "async",
                Mode::Sync => "sync",
            },
            topics,
            group = plan.source.group,
            output,
            dead_letter,
            log = %match is_logged(plan) {
                false => "none",
                true => match plan.log.destination {
                    Destination::Stdout => "stdout",
                    Destination::File => "file",
                    Destination::Kafka => "kafka",
                    Destination::CloudWatch => "cloudwatch",
                },
            },
            "workflow {}",
            workflow.machine.name
        );
    }

    fn start_shards(
        &mut self,
        plan: &Plan,
        tasks: &Arc<Tasks>,
        orders: &Orders,
        until_end: bool,
    ) -> Result<Vec<runtime::Handle>, Problems> {
        let count = self.wakes.len();
        let cores = match plan.pin {
            true => cores::choose(count),
            false => Vec::new(),
        };
        let mut handles = Vec::with_capacity(count);
        for (number, lanes) in std::mem::take(&mut self.lanes).into_iter().enumerate() {
            let metrics = self.metrics.shard();
            metrics.memory.limit(self.memory.shard, self.set_aside);
            let shard = ShardPlan {
                number,
                lanes,
                tasks: tasks.clone(),
                kafka: self.kafka.clone(),
                producer: self.producer.clone(),
                metrics,
                deliveries: self.deliveries.clone(),
                max_in_flight: plan.max_in_flight.div_ceil(count),
                memory: self.memory,
                seed: (crate::clock::wall_ms() as u64) << 8 | number as u64,
            };
            let is_over = Arc::new(AtomicBool::new(false));
            if !until_end {
                let asked = is_over.clone();
                let name = format!("shard {number}");
                self.health
                    .require_for_life(&name, move || match asked.load(Relaxed) {
                        true => Err("it has ended".to_owned()),
                        false => Ok(()),
                    });
            }
            let core = cores.get(number).copied();
            let orders = orders.clone();
            let ended = move || {
                is_over.store(true, Relaxed);
                orders.shard_over(number);
            };
            let name = format!("stepstream-{number}");
            let wake = self.wakes[number].clone();
            let handle = runtime::spawn(&name, core, wake, move |wake| shard.build(wake), ended);
            handles.push(handle.map_err(|error| format!("cannot start a shard's thread: {error}"))?);
        }
        Ok(handles)
    }
}
