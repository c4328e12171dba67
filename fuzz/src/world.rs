//! Plays a program against an arbitrary but repeatable world.

use crate::definition::ERRORS;
use crate::{assert_written, json};
use arbitrary::{Result, Unstructured};
use stepstream::log::encode::Encoder;
use stepstream::program::Program;
use stepstream::value::ValueRef;
use stepstream::vm::{
    Answer, EventSet, Identified, Identity, Level, PAYLOAD_BYTES_MAX, Request, Run, Status, Token,
};

/// States that one execution may leave, answers it may get.
const FUEL: u64 = 250;
const ANSWERS: usize = 40;

const ARN: &str = "arn:aws:states:us-east-1:111111111111:express:m:r:1";

/// Who an execution is, everywhere the same.
pub const IDENTITY: Identity<'static> = Identity {
    execution_arn: ARN,
    execution_name: "r",
    role_arn: "arn:aws:iam::111111111111:role/r",
    state_machine_arn: "arn:aws:states:us-east-1:111111111111:stateMachine:m",
    state_machine_name: "m",
    sync: false,
    event: None,
    whole: None,
};

/// What the world does when the execution waits: whom it answers, and with what.
#[derive(Debug)]
pub struct Act {
    whom: usize,
    pass_ms: i64,
    reply: Reply,
}

#[derive(Debug)]
enum Reply {
    Success(String),
    Failure(Option<&'static str>, Option<&'static str>),
    TimedOut,
    Time,
    /// An answer that nobody waits for any more.
    Stale,
}

/// Makes what the world will do.
pub fn acts(u: &mut Unstructured<'_>) -> Result<Vec<Act>> {
    let mut acts = Vec::new();
    for _ in 0..u.int_in_range(0..=12)? {
        let reply = match u.int_in_range(0..=9)? {
            0..=4 => Reply::Success(json::answer(u)?),
            5 => Reply::Success("{".into()),
            6 => Reply::Failure(Some(*u.choose(&ERRORS)?), Some("why")),
            7 => Reply::Failure(None, None),
            8 => Reply::TimedOut,
            _ => match u.arbitrary()? {
                true => Reply::Time,
                false => Reply::Stale,
            },
        };
        acts.push(Act {
            whom: u.int_in_range(0..=7)?,
            pass_ms: u.int_in_range(0..=3_000)?,
            reply,
        });
    }
    Ok(acts)
}

/// How to play.
#[derive(Clone, Copy)]
pub struct Manner {
    /// The events kept.
    pub level: Level,
    /// States to leave in one go: how often the play is interrupted must not matter.
    pub fuel: u64,
}

/// What came out.
#[derive(Debug, PartialEq, Eq)]
pub struct Played {
    status: Status,
    output: Vec<u8>,
    error: Option<String>,
    cause: Option<String>,
    transitions: u64,
    last_event: u32,
}

/// Plays an execution to its end, or until its fuel is used up.
pub fn play(run: &mut Run, program: &Program, input: &str, acts: &[Act], manner: Manner) -> Option<Played> {
    let mut now_ms = 1_735_689_600_000;
    let with = Identified {
        identity: IDENTITY,
        kept: EventSet::of(manner.level),
        decisions: true,
        now_ms,
        seed: 7,
    };
    run.start(program, input.as_bytes(), &with).ok()?;
    let (mut asked, mut answered): (Vec<Token>, Vec<Token>) = (Vec::new(), Vec::new());
    let (mut left, mut acted) = (FUEL, 0);
    let status = loop {
        let before = run.transitions();
        let status = run.advance(program, now_ms, manner.fuel.min(left));
        left = left.saturating_sub(run.transitions() - before);
        let requests: Vec<Request> = run.requests().collect();
        for request in requests {
            asked.push(match request {
                Request::Task(task) => {
                    let view = run.view(program);
                    assert!(view.len(task.parameters) <= PAYLOAD_BYTES_MAX);
                    assert_written(view, task.parameters);
                    task.token
                }
                Request::Timer(timer) => timer.token,
            });
        }
        match status {
            Status::Running if left == 0 => return None,
            Status::Running => continue,
            Status::Waiting => {}
            over => break over,
        }
        asked.retain(|token| run.awaits(*token));
        assert!(!asked.is_empty(), "waits for nothing");
        if acted == ANSWERS {
            run.time_out(program, now_ms);
            break run.outcome().status;
        }
        let act = (!acts.is_empty()).then(|| &acts[acted % acts.len()]);
        acted += 1;
        now_ms += act.map_or(1_000, |act| act.pass_ms);
        bring(run, program, act, &mut asked, &mut answered, now_ms);
    };
    let last = run.last_event();
    check_events(run, program, manner.level);
    check_stale(run, program, &answered, now_ms);
    let outcome = run.outcome();
    let view = run.view(program);
    let text = |value: ValueRef| {
        assert!(value.is_none() || view.string(value).is_some());
        (!value.is_none()).then(|| view.string(value).unwrap().decode().into_owned())
    };
    let output = match outcome.output.is_none() {
        true => Vec::new(),
        false => {
            assert!(view.len(outcome.output) <= PAYLOAD_BYTES_MAX);
            let text = assert_written(view, outcome.output);
            assert!(text.len() <= PAYLOAD_BYTES_MAX);
            text
        }
    };
    Some(Played {
        status,
        output,
        error: text(outcome.error),
        cause: text(outcome.cause),
        transitions: run.transitions(),
        last_event: last,
    })
}

fn bring(
    run: &mut Run,
    program: &Program,
    act: Option<&Act>,
    asked: &mut Vec<Token>,
    answered: &mut Vec<Token>,
    now_ms: i64,
) {
    let token = asked[act.map_or(0, |act| act.whom) % asked.len()];
    let answer = match act.map(|act| &act.reply) {
        None => Answer::Success(b"{}"),
        Some(Reply::Success(text)) => Answer::Success(text.as_bytes()),
        Some(Reply::Failure(error, cause)) => Answer::Failure {
            error: *error,
            cause: *cause,
        },
        Some(Reply::TimedOut) => Answer::TimedOut,
        Some(Reply::Time) => Answer::Time,
        Some(Reply::Stale) => {
            check_stale(run, program, answered, now_ms);
            return;
        }
    };
    assert!(
        run.resume(program, token, answer, now_ms),
        "an answer was not taken"
    );
    assert!(
        !run.resume(program, token, answer, now_ms),
        "an answer was taken twice"
    );
    asked.retain(|other| *other != token);
    answered.push(token);
}

fn check_stale(run: &mut Run, program: &Program, answered: &[Token], now_ms: i64) {
    for token in answered {
        assert!(
            !run.resume(program, *token, Answer::Success(b"1"), now_ms),
            "a stale answer was taken"
        );
    }
}

/// Ids count up by one where all events are kept, each names an earlier one, each is a JSON record.
fn check_events(run: &Run, program: &Program, level: Level) {
    let encoder = Encoder {
        program,
        execution_arn: ARN,
        role_arn: IDENTITY.role_arn,
        region: "us-east-1",
        include_execution_data: true,
    };
    let mut before = 0;
    let mut record = Vec::new();
    for event in run.events() {
        assert!(
            event.id > before && event.previous < event.id,
            "{event:?} after {before}"
        );
        assert!(
            level < Level::All || event.id == before + 1,
            "{event:?} after {before}"
        );
        before = event.id;
        record.clear();
        encoder.write(run.view(program), event, &mut record);
        if let Err(error) = serde_json::from_slice::<&serde_json::value::RawValue>(&record) {
            panic!("{error}: {}", String::from_utf8_lossy(&record));
        }
    }
    assert!(
        level < Level::All || before == run.last_event(),
        "the last id is {}",
        run.last_event()
    );
}
