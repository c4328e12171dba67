//! A state machine on a shard: what executions need to know of it.
//!
//! [`MachineSettings`] is what the configuration says and does not change while the service runs; a [`Version`] is one
//! compiled definition with what serves its tasks. A shard holds one reference to the newest version of each machine,
//! an execution that waits holds its own. Must not know who asks for executions, nor where a configuration comes from.

use super::journal::{Journal, JournalEnd};
use super::state::Pending;
use crate::fault;
use crate::guard::PANIC;
use crate::log::encode::Encoder;
use crate::metrics::{TaskOutcome, TaskSeries, WorkflowMetrics};
use crate::program::Program;
use crate::task::{self, Bindings, bind::label};
use crate::vm::{EventCost, EventSet, Level};
use std::rc::Rc;
use std::sync::Arc;

/// What the configuration says of a state machine.
#[derive(Clone, Debug)]
pub struct MachineSettings {
    /// Its name.
    pub name: String,
    /// The region in ARNs.
    pub region: String,
    /// The account in ARNs.
    pub account: String,
    /// The execution log; `None` writes nothing.
    pub log: Option<LogSettings>,
}

impl MachineSettings {
    /// Returns what is written of executions, if anything is.
    fn written(&self) -> Option<LogSettings> {
        self.log.filter(|log| log.level.max(log.on_failure) > Level::Off)
    }
}

impl Default for MachineSettings {
    fn default() -> MachineSettings {
        MachineSettings {
            name: "workflow".to_owned(),
            region: "us-east-1".to_owned(),
            account: "111111111111".to_owned(),
            log: None,
        }
    }
}

/// What is written of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// The level of an execution that succeeds.
    pub level: Level,
    /// The level of an execution that fails; not below `level`.
    pub on_failure: Level,
    /// Most bytes of values that a running execution keeps in case it fails.
    pub on_failure_bytes_max: usize,
    /// Whether inputs, outputs and parameters are written.
    pub include_execution_data: bool,
    /// Whether an execution is finished only when its records are out.
    pub block: bool,
}

impl LogSettings {
    /// Says whether events are kept until the outcome is known, since a failure shows more than a success.
    pub(crate) fn keeps_for_failure(self) -> bool {
        self.on_failure > self.level
    }

    /// Returns the events that executions keep, and what keeping them costs: nothing, where they may never be written.
    fn kept(self) -> EventSet {
        let cost = match (self.keeps_for_failure(), self.include_execution_data) {
            (true, _) => EventCost::Nothing,
            (false, false) => EventCost::Record,
            (false, true) => EventCost::RecordWithData,
        };
        EventSet::of(self.level.max(self.on_failure)).costing(cost)
    }
}

/// One version of a machine's definition on one shard.
pub struct Version {
    /// The compiled definition.
    pub program: Arc<Program>,
    /// What serves each task.
    pub bindings: Arc<Bindings>,
    /// Names the version.
    pub revision: Box<str>,
}

/// A version as a shard has taken it up.
pub(crate) struct Loaded {
    pub(crate) version: Version,
    /// Where each task's calls are counted, by [`crate::program::TaskId`].
    pub(crate) series: Vec<TaskSeries>,
}

impl Loaded {
    fn new(version: Version, metrics: &mut WorkflowMetrics) -> Loaded {
        expect_errors(&version.program, metrics);
        let tasks = version.program.tasks.iter();
        Loaded {
            series: tasks
                .map(|task| metrics.task(&label(&version.program, task)))
                .collect(),
            version,
        }
    }
}

/// Lets errors have labels of their own whatever names data invents: AWS's, ours, those of connectors, and those that
/// the definition writes.
fn expect_errors(program: &Program, metrics: &mut WorkflowMetrics) {
    for error in fault::RESERVED.into_iter().chain([PANIC]).chain(task::errors()) {
        metrics.expect_error(error);
    }
    program
        .error_names()
        .for_each(|error| metrics.expect_error(&error));
}

impl std::ops::Deref for Loaded {
    type Target = Version;

    fn deref(&self) -> &Version {
        &self.version
    }
}

/// What is derived from a machine's settings once.
pub(crate) struct Fixed {
    /// The events that executions keep.
    pub(crate) kept: EventSet,
    pub(crate) state_machine_arn: String,
    pub(crate) role_arn: String,
    /// ARN of an execution up to its name.
    pub(crate) arn_prefix: String,
}

impl Fixed {
    /// Returns what writes the records of an execution.
    pub(crate) fn encoder<'a>(
        &'a self,
        settings: &'a MachineSettings,
        version: &'a Loaded,
        execution_arn: &'a str,
        log: LogSettings,
    ) -> Encoder<'a> {
        Encoder {
            program: &version.program,
            execution_arn,
            role_arn: &self.role_arn,
            region: &settings.region,
            include_execution_data: log.include_execution_data,
        }
    }

    fn of(settings: &MachineSettings) -> Fixed {
        let MachineSettings {
            name,
            region,
            account,
            log,
        } = settings;
        let prefix = format!("arn:aws:states:{region}:{account}");
        Fixed {
            kept: log.map_or_else(EventSet::default, LogSettings::kept),
            state_machine_arn: format!("{prefix}:stateMachine:{name}"),
            role_arn: format!("arn:aws:iam::{account}:role/stepstream"),
            arn_prefix: format!("{prefix}:express:{name}:"),
        }
    }
}

/// A state machine on a shard.
pub(crate) struct Machine {
    /// Names it on the shard.
    pub(crate) index: u32,
    pub(crate) settings: MachineSettings,
    pub(crate) fixed: Fixed,
    /// What new executions run.
    pub(crate) version: Rc<Loaded>,
    pub(crate) journal: Option<JournalEnd>,
    /// Executions that wait.
    pub(crate) parked: usize,
    pub(crate) metrics: WorkflowMetrics,
}

impl Machine {
    pub(crate) fn new(
        index: u32,
        settings: MachineSettings,
        version: Version,
        journal: Option<Box<dyn Journal>>,
        mut metrics: WorkflowMetrics,
    ) -> Machine {
        Machine {
            index,
            fixed: Fixed::of(&settings),
            settings,
            version: Rc::new(Loaded::new(version, &mut metrics)),
            journal: journal.map(JournalEnd::new),
            parked: 0,
            metrics,
        }
    }

    /// Lets new executions run another version; running ones finish on theirs.
    pub(crate) fn publish(&mut self, version: Version) {
        self.version = Rc::new(Loaded::new(version, &mut self.metrics));
    }

    /// See [`MachineSettings::written`].
    pub(crate) fn log(&self) -> Option<LogSettings> {
        self.settings.written()
    }

    /// Says whether its log takes no more before records have left: no execution begins or goes on.
    pub(crate) fn log_is_full(&self) -> bool {
        self.journal
            .as_ref()
            .is_some_and(|journal| journal.buffer.is_full())
    }

    /// Says whether there are records that must not be dropped and were not handed over: events wait for theirs, callers
    /// do not.
    pub(crate) fn owes_records(&mut self) -> bool {
        let blocks = self.settings.log.is_some_and(|log| log.block);
        blocks && self.journal.as_mut().is_some_and(JournalEnd::has_records)
    }

    /// Counts a call of a task that is over.
    pub(crate) fn task_ended(&mut self, call: &Pending, outcome: TaskOutcome, at_ms: i64) {
        let lasted_ms = (at_ms - call.began_ms).max(0) as u64;
        self.metrics.task_ended(call.series, outcome, lasted_ms * 1_000);
    }
}
