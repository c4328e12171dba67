//! Plays one execution through the library.

use super::case::Case;
use super::events;
use crate::compare::Rules;
use serde_json::Value;
use stepstream::asl;
use stepstream::compile::compile;
use stepstream::drive::{End, Host, Reply, Script, TaskCall, VirtualClock, drive};
use stepstream::log::encode::Encoder;
use stepstream::program::Program;
use stepstream::value::ValueRef;
use stepstream::vm::{EventSet, Identified, Identity, Level, Outcome, Run, Status};

const ARN: &str = "arn:aws:states:us-east-1:111111111111";
const NAME: &str = "machine:run";

/// What came out of one execution, beside what was expected.
pub(crate) struct Played<'a> {
    expected: &'a Value,
    rules: Rules,
    /// At level ALL with data.
    loud: Ended,
    /// Without events.
    quiet: Ended,
    /// Records at the level of the case.
    log: Vec<Value>,
}

/// How one run ended.
struct Ended {
    status: &'static str,
    output: Option<Value>,
    error: Option<String>,
    cause: Option<String>,
    /// Differences that the script saw, and answers left.
    tasks: Vec<String>,
    records: Vec<Value>,
}

/// Answers tasks as recorded; a parameter that differs is noted.
struct Recorded<'a> {
    script: Script,
    rules: &'a Rules,
    notes: Vec<String>,
}

impl Host for Recorded<'_> {
    fn call(&mut self, call: &TaskCall<'_>) -> Option<Reply> {
        let taken = self.script.take(call)?;
        if let Some(difference) = taken.difference {
            let expected = serde_json::from_str(&difference.expected).unwrap_or(Value::Null);
            let actual = serde_json::from_str(&difference.actual).unwrap_or(Value::Null);
            let differs = self.rules.difference(&expected, &actual);
            self.notes
                .extend(differs.map(|differs| format!("parameters of {}: {differs}", call.state)));
        }
        Some(taken.reply)
    }
}

/// Compiles a definition that must be accepted.
fn program(text: &str) -> Result<Program, String> {
    let source = asl::Source {
        name: "definition",
        text,
        format: asl::Format::Json,
    };
    let report = asl::check(&source, &asl::Options::default());
    match report.machine {
        Some(machine) => Ok(compile(&machine)),
        None => Err(format!("refused: {:?}", report.diagnostics)),
    }
}

/// Plays an execution of a case.
pub(crate) fn play(case: &Case, at: usize) -> Result<Played<'_>, String> {
    let expected = &case.executions()[at];
    let rules = Rules {
        placeholders: case.placeholders(),
        arns: (
            format!("{ARN}:express:{NAME}:uuid"),
            format!("{ARN}:execution:{NAME}"),
        ),
    };
    let program = program(&case.definition(at))?;
    let play = |level, data| run(case, at, &program, &rules, level, data);
    let (loud, quiet) = (play(Level::All, true)?, play(Level::Off, true)?);
    let logging = [&expected["logging"], &case.value["logging"]];
    let log = match logging.into_iter().find(|logging| logging.is_object()) {
        None => Vec::new(),
        Some(logging) => {
            let data = logging["includeExecutionData"] == true;
            play(level(&logging["level"]), data)?.records
        }
    };
    Ok(Played {
        expected,
        rules,
        loud,
        quiet,
        log,
    })
}

/// Compares the one log of all executions of a case.
pub(crate) fn whole_log(case: &Case) -> Option<String> {
    let mut log = Vec::new();
    let mut rules = None;
    for at in 0..case.executions().len() {
        match play(case, at) {
            Ok(played) => {
                log.extend(played.log);
                rules = Some(played.rules);
            }
            Err(problem) => return Some(problem),
        }
    }
    events::log_difference(&rules?, &case.value["expected_log_events"], &log)
}

fn level(name: &Value) -> Level {
    match name.as_str() {
        Some("ALL") => Level::All,
        Some("ERROR") => Level::Error,
        Some("FATAL") => Level::Fatal,
        _ => Level::Off,
    }
}

fn run(
    case: &Case,
    at: usize,
    program: &Program,
    rules: &Rules,
    level: Level,
    data: bool,
) -> Result<Ended, String> {
    let expected = &case.executions()[at];
    let script = expected["task_script"].to_string();
    let mut host = Recorded {
        script: Script::parse(script.as_bytes()).map_err(|error| error.to_string())?,
        rules,
        notes: Vec::new(),
    };
    let machine = format!("{ARN}:stateMachine:machine");
    let identity = Identity {
        execution_arn: &rules.arns.0,
        execution_name: "run",
        role_arn: "arn:aws:iam::111111111111:role/stepstream",
        state_machine_arn: &machine,
        state_machine_name: "machine",
        sync: expected["expected_sync_response"].is_object(),
        event: None,
        whole: None,
    };
    let with = Identified {
        identity,
        kept: EventSet::of(level),
        decisions: false,
        now_ms: 0,
        seed: 1,
    };
    let encoder = Encoder {
        program,
        execution_arn: identity.execution_arn,
        role_arn: identity.role_arn,
        region: "us-east-1",
        include_execution_data: data,
    };
    let mut run = Run::new();
    let input = expected["input_text"].as_str().unwrap_or_default().as_bytes();
    let end = drive(&mut run, program, input, &with, &mut clock(case), &mut host);
    match end.map_err(|error| format!("did not start: {error}"))? {
        End::Over(outcome) => Ok(ended(&run, &encoder, &outcome, host)),
        other => Err(format!("did not end: {other:?}")),
    }
}

fn clock(case: &Case) -> VirtualClock<'static> {
    let text = case.value["clock"].as_str().unwrap_or("2025-01-01T00:00:00Z");
    let nanos = stepstream::timestamp::parse(text).expect("a clock is a timestamp");
    VirtualClock::new((nanos / 1_000_000) as i64, None)
}

fn ended(run: &Run, encoder: &Encoder<'_>, outcome: &Outcome, host: Recorded<'_>) -> Ended {
    let view = run.view(encoder.program);
    let mut tasks = host.notes;
    match host.script.unused() {
        0 => {}
        left => tasks.push(format!("{left} answers are left")),
    }
    let text = |value: ValueRef| {
        let text = (!value.is_none()).then(|| view.string(value).expect("a string"));
        text.map(|text| text.decode().into_owned())
    };
    let output = |value: ValueRef| {
        let mut output = Vec::new();
        view.write(value, &mut output);
        serde_json::from_slice(&output).expect("the output is JSON")
    };
    let record = |event| {
        let mut bytes = Vec::new();
        encoder.write(view, event, &mut bytes);
        serde_json::from_slice(&bytes).expect("a record is JSON")
    };
    Ended {
        status: match outcome.status {
            Status::Succeeded => "SUCCEEDED",
            Status::Failed => "FAILED",
            Status::TimedOut => "TIMED_OUT",
            Status::Running | Status::Waiting => "RUNNING",
        },
        output: (!outcome.output.is_none()).then(|| output(outcome.output)),
        error: text(outcome.error),
        cause: text(outcome.cause),
        tasks,
        records: run.events().iter().map(record).collect(),
    }
}

impl Ended {
    /// Returns all that level 1 compares, as one text.
    fn result(&self) -> String {
        let (status, output) = (self.status, &self.output);
        format!("{status} {output:?} {:?} {:?}", self.error, self.cause)
    }
}

impl Played<'_> {
    /// Compares status, output, error and cause (level 1).
    pub(crate) fn result_difference(&self) -> Option<String> {
        let wanted = |name: &str| self.expected[name].as_str();
        if wanted("expected_status") != Some(self.loud.status) {
            return Some(format!(
                "status: expected {:?}, got {} {:?} {:?}; tasks: {:?}",
                wanted("expected_status"),
                self.loud.status,
                self.loud.error,
                self.loud.cause,
                self.loud.tasks
            ));
        }
        if let Some(output) = self.expected.get("expected_output") {
            let given = self.loud.output.as_ref().unwrap_or(&Value::Null);
            if let Some(difference) = self.rules.difference(output, given) {
                return Some(format!("output {difference}"));
            }
        }
        if wanted("expected_error") != self.loud.error.as_deref() {
            return Some(format!(
                "error: expected {:?}, got {:?}",
                wanted("expected_error"),
                self.loud.error
            ));
        }
        match (wanted("expected_cause"), &self.loud.cause) {
            (None, None) => {}
            (Some(wanted), Some(given)) => {
                if let Some(difference) = self.rules.cause_difference(wanted, given) {
                    return Some(difference);
                }
            }
            (wanted, given) => return Some(format!("cause: expected {wanted:?}, got {given:?}")),
        }
        None
    }

    /// Compares with the run that kept no events: the machine may take short cuts there.
    pub(crate) fn quiet_difference(&self) -> Option<String> {
        let loud = self.loud.result();
        let quiet = self.quiet.result();
        (loud != quiet).then(|| format!("with events {loud}\n    without {quiet}"))
    }

    /// Compares what the tasks were given.
    pub(crate) fn tasks_difference(&self) -> Option<String> {
        (!self.loud.tasks.is_empty()).then(|| self.loud.tasks.join("; "))
    }

    /// Compares the history (level 4).
    pub(crate) fn history_difference(&self) -> Option<String> {
        let partial = self.expected["events_partial"] == true;
        events::difference(
            &self.rules,
            &self.expected["expected_events"],
            &self.loud.records,
            partial,
        )
    }

    /// Compares the texts of inputs and outputs where they are written in an exact way.
    pub(crate) fn notation_difference(&self) -> Option<String> {
        events::notation_difference(&self.rules, self.expected, &self.loud.records)
    }

    /// Compares the log, if the case has one.
    pub(crate) fn log_difference(&self) -> Option<Option<String>> {
        if self.expected["expected_log_events"].is_array() {
            let expected = &self.expected["expected_log_events"];
            return Some(events::log_difference(&self.rules, expected, &self.log));
        }
        let expected = self.expected.get("expected_end_event")?;
        let last = self.loud.records.last().cloned().unwrap_or(Value::Null);
        let expected = Value::Array(vec![expected.clone()]);
        Some(events::log_difference(&self.rules, &expected, &[last]))
    }
}
