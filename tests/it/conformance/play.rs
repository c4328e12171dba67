//! Plays one execution through the library.

use super::case::Case;
use super::events;
use crate::compare::Rules;
use serde_json::Value;
use stepstream::asl;
use stepstream::compile::compile;
use stepstream::drive::{End, Host, Reply, Script, TaskCall, VirtualClock, drive};
use stepstream::log::Encoder;
use stepstream::program::Program;
use stepstream::vm::{EventSet, Identified, Identity, Level, Run, Status};

const ARN: &str = "arn:aws:states:us-east-1:111111111111";
const NAME: &str = "machine:run";

/// What came out of one execution, beside what was expected.
pub(crate) struct Played<'a> {
    expected: &'a Value,
    rules: Rules,
    status: &'static str,
    output: Option<Value>,
    error: Option<String>,
    cause: Option<String>,
    /// Log records at level ALL with data.
    pub(crate) history: Vec<Value>,
    /// Log records at the level of the case.
    log: Vec<Value>,
    /// Differences that the script saw, and answers left.
    tasks: Vec<String>,
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
            self.notes.extend(differs.map(|differs| format!("parameters of {}: {differs}", call.state)));
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
        arns: (format!("{ARN}:express:{NAME}:uuid"), format!("{ARN}:execution:{NAME}")),
    };
    let program = program(&case.definition(at))?;
    let (mut played, history) = run(case, at, &program, &rules, Level::All, true)?;
    let logging = [&expected["logging"], &case.value["logging"]];
    let log = match logging.into_iter().find(|logging| logging.is_object()) {
        None => Vec::new(),
        Some(logging) => {
            let data = logging["includeExecutionData"] == true;
            run(case, at, &program, &rules, level(&logging["level"]), data)?.1
        }
    };
    played.history = history;
    played.log = log;
    played.rules = rules;
    Ok(played)
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

fn run<'a>(
    case: &'a Case,
    at: usize,
    program: &Program,
    rules: &Rules,
    level: Level,
    data: bool,
) -> Result<(Played<'a>, Vec<Value>), String> {
    let expected = &case.executions()[at];
    let script = expected["task_script"].to_string();
    let mut host = Recorded {
        script: Script::parse(script.as_bytes()).map_err(|error| error.to_string())?,
        rules,
        notes: Vec::new(),
    };
    let (arn, machine) = (rules.arns.0.clone(), format!("{ARN}:stateMachine:machine"));
    let identity = Identity {
        execution_arn: &arn,
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
    let clock = case.value["clock"].as_str().unwrap_or("2025-01-01T00:00:00Z");
    let now = stepstream::timestamp::parse(clock).expect("a clock is a timestamp");
    let mut clock = VirtualClock::new((now / 1_000_000) as i64, None);
    let mut run = Run::new();
    let input = expected["input_text"].as_str().unwrap_or_default();
    let end = drive(&mut run, program, input.as_bytes(), &with, &mut clock, &mut host)
        .map_err(|error| format!("did not start: {error}"))?;
    let outcome = match end {
        End::Over(outcome) => outcome,
        other => return Err(format!("did not end: {other:?}")),
    };
    let view = run.view(program);
    let text = |value: stepstream::value::ValueRef| {
        (!value.is_none()).then(|| view.string(value).expect("a string").decode().into_owned())
    };
    let mut tasks = host.notes;
    match host.script.unused() {
        0 => {}
        left => tasks.push(format!("{left} answers are left")),
    }
    let mut output = Vec::new();
    if outcome.status == Status::Succeeded {
        view.write(outcome.output, &mut output);
    }
    let encoder = Encoder {
        program,
        execution_arn: &arn,
        role_arn: identity.role_arn,
        region: "us-east-1",
        include_execution_data: data,
    };
    let records = run.events().iter().map(|event| {
        let mut bytes = Vec::new();
        encoder.write(view, event, &mut bytes);
        serde_json::from_slice(&bytes).expect("a record is JSON")
    });
    let played = Played {
        expected,
        rules: Rules {
            placeholders: Vec::new(),
            arns: Default::default(),
        },
        status: match outcome.status {
            Status::Succeeded => "SUCCEEDED",
            Status::Failed => "FAILED",
            Status::TimedOut => "TIMED_OUT",
            Status::Running | Status::Waiting => "RUNNING",
        },
        output: (outcome.status == Status::Succeeded)
            .then(|| serde_json::from_slice(&output).expect("the output is JSON")),
        error: text(outcome.error),
        cause: text(outcome.cause),
        history: Vec::new(),
        log: Vec::new(),
        tasks,
    };
    Ok((played, records.collect()))
}

impl Played<'_> {
    /// Compares status, output, error and cause (level 1).
    pub(crate) fn result_difference(&self) -> Option<String> {
        let wanted = |name: &str| self.expected[name].as_str();
        if wanted("expected_status") != Some(self.status) {
            return Some(format!(
                "status: expected {:?}, got {} {:?} {:?}; tasks: {:?}",
                wanted("expected_status"),
                self.status,
                self.error,
                self.cause,
                self.tasks
            ));
        }
        if let Some(output) = self.expected.get("expected_output") {
            let given = self.output.as_ref().unwrap_or(&Value::Null);
            if let Some(difference) = self.rules.difference(output, given) {
                return Some(format!("output {difference}"));
            }
        }
        if wanted("expected_error") != self.error.as_deref() {
            return Some(format!("error: expected {:?}, got {:?}", wanted("expected_error"), self.error));
        }
        match (wanted("expected_cause"), &self.cause) {
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

    /// Compares what the tasks were given.
    pub(crate) fn tasks_difference(&self) -> Option<String> {
        (!self.tasks.is_empty()).then(|| self.tasks.join("; "))
    }

    /// Compares the history (level 4).
    pub(crate) fn history_difference(&self) -> Option<String> {
        let partial = self.expected["events_partial"] == true;
        events::difference(&self.rules, &self.expected["expected_events"], &self.history, partial)
    }

    /// Compares the texts of inputs and outputs where they are written in an exact way.
    pub(crate) fn notation_difference(&self) -> Option<String> {
        events::notation_difference(&self.rules, self.expected, &self.history)
    }

    /// Compares the log, if the case has one.
    pub(crate) fn log_difference(&self) -> Option<Option<String>> {
        if self.expected["expected_log_events"].is_array() {
            let expected = &self.expected["expected_log_events"];
            return Some(events::log_difference(&self.rules, expected, &self.log));
        }
        let expected = self.expected.get("expected_end_event")?;
        let last = self.history.last().cloned().unwrap_or(Value::Null);
        let expected = Value::Array(vec![expected.clone()]);
        Some(events::log_difference(&self.rules, &expected, &[last]))
    }
}
