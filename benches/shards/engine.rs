//! Shards as the service has them, over orders in memory.

use crate::child;
use crate::sink::Discard;
use std::ops::Range;
use std::sync::Arc;
use stepstream::compile::compile;
use stepstream::metrics::{Metrics, ShardMetrics};
use stepstream::runtime::{self, Handle, LaneParts, Parts, Stats, Version, Workflow};
use stepstream::stream::Wake;
use stepstream::stream::memory::{Block, MemorySource};
use stepstream::task::{Answers, Functions, Home, Tasks};
use stepstream::{asl, program::Program};

/// One task, by the ARN of its function: the order is the payload, the answer is put into it.
pub(crate) const RAW: &str = r#"{"StartAt": "Stock", "States": {"Stock": {"Type": "Task", "End": true,
    "Resource": "arn:aws:lambda:us-east-1:111111111111:function:stock", "ResultPath": "$.stock"}}}"#;

/// The same through `lambda:invoke`, whose answers have an envelope.
pub(crate) const INVOKE: &str = r#"{"StartAt": "Stock", "States": {"Stock": {"Type": "Task", "End": true,
    "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "stock", "Payload.$": "$"},
    "ResultSelector": {"quantity.$": "$.Payload.quantity_in_stock"}, "ResultPath": "$.stock"}}}"#;

/// How often the orders stand in the memory of a shard: 256 orders of 425 bytes are 3.5 MB then.
const PASSES: usize = 32;

const NAME: &str = "bench";

/// Runs events, in equal parts on shards that are pinned to the cores of these numbers, when told to.
pub(crate) fn run(
    definition: &str,
    tasks: &str,
    orders: &[Vec<u8>],
    events: u64,
    cores: Range<usize>,
    in_flight: usize,
) {
    let work = Work::new(definition, tasks, in_flight);
    let each = events / cores.len() as u64;
    let ids = core_affinity::get_core_ids().unwrap_or_default();
    let shards = cores.map(|number| {
        let wake = Wake::new();
        let source = MemorySource::repeat("orders", number as i32, block(orders), each, &wake);
        let core = (!ids.is_empty()).then(|| ids[number % ids.len()]);
        (number, wake, source, core)
    });
    let shards: Vec<_> = shards.collect();
    let events = each * shards.len() as u64;
    child::measure(events, || {
        let handles = shards
            .into_iter()
            .map(|(number, wake, source, core)| work.start(number, core, wake, source));
        let handles: Vec<Handle> = handles.collect();
        for handle in handles {
            handle.join().expect("it ran to its end");
        }
    });
    work.check(events);
}

/// What all shards share, as in the service.
struct Work {
    workflow: Arc<Workflow>,
    program: Arc<Program>,
    bindings: Arc<stepstream::task::Bindings>,
    tasks: Arc<Tasks>,
    metrics: Metrics,
}

impl Work {
    fn new(definition: &str, tasks: &str, in_flight: usize) -> Work {
        let source = asl::Source {
            name: NAME,
            text: definition,
            format: asl::Format::Json,
        };
        let report = asl::check(&source, &asl::Options::default());
        let program = compile(&report.machine.expect("a valid definition"));
        let workflow = Workflow {
            name: NAME.to_owned(),
            output: Some("out".to_owned()),
            max_in_flight: in_flight,
            ..Workflow::default()
        };
        let home = Home {
            region: workflow.region.clone(),
            account: workflow.account.clone(),
        };
        let config = toml::from_str(tasks).expect("valid [tasks]");
        let tasks = Tasks::new(&config, &Functions::new(), home).expect("valid [tasks]");
        Work {
            bindings: Arc::new(tasks.bind(&program, false).expect("all tasks are served")),
            workflow: Arc::new(workflow),
            program: Arc::new(program),
            tasks: Arc::new(tasks),
            metrics: Metrics::new(),
        }
    }

    fn start(
        &self,
        number: usize,
        core: Option<core_affinity::CoreId>,
        wake: Wake,
        source: MemorySource,
    ) -> Handle {
        let (workflow, tasks, metrics) = (self.workflow.clone(), self.tasks.clone(), self.metrics.clone());
        let version = Version {
            program: self.program.clone(),
            bindings: self.bindings.clone(),
            revision: "".into(),
        };
        let build = move |wake: &Wake| {
            let lane = LaneParts {
                stats: Stats::new(metrics.workflow(NAME)),
                workflow,
                version,
                renew: None,
                source: Box::new(source),
                journal: None,
            };
            Ok(Parts {
                lanes: vec![lane],
                sink: Box::<Discard>::default(),
                tasks: Box::new(tasks.connect(Answers::new(wake.clone()), number as u64)),
                max_in_flight: usize::MAX,
                memory: runtime::MemoryLimits::default(),
                deliveries: runtime::Deliveries::default(),
                metrics: ShardMetrics::default(),
            })
        };
        runtime::spawn(&format!("stepstream-{number}"), core, wake, build, || {}).expect("a thread")
    }

    /// Fails unless all events have succeeded: a call that fails is a fast one.
    fn check(&self, events: u64) {
        let text = self.metrics.render(0);
        let succeeded = text
            .lines()
            .find(|line| line.starts_with("stepstream_executions_total{") && line.contains("\"SUCCEEDED\""));
        let count = succeeded.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        assert_eq!(count, Some(events as f64), "executions that succeeded\n{text}");
    }
}

fn block(orders: &[Vec<u8>]) -> Block {
    let mut block = Block::default();
    for (offset, order) in (0..PASSES).flat_map(|_| orders).enumerate() {
        block.push(offset as i64, order);
    }
    block
}
