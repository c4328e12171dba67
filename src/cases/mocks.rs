//! The mock configuration of Step Functions Local: test cases that name prepared responses.
//!
//! The n-th call of a state in an execution, attempts of Retry and iterations of a Map included, takes the
//! response whose index is n, counted from 0. The file says neither what runs nor what is expected: the
//! definition goes by the state machine's name, and a case is played to be looked at. Must not know where
//! definitions are.

use super::expect::Expect;
use super::reader::Reader;
use super::{Answer, Case, Definition, Input, NOW_MS, Suite};
use crate::asl::place::Place;
use crate::asl::suggest::{closest, did_you_mean};
use crate::asl::syntax::{Member, Node};
use crate::drive::Reply;
use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;

/// The members of the file.
const MACHINES: &str = "StateMachines";
const RESPONSES: &str = "MockedResponses";
const CASES: &str = "TestCases";
const RETURN: &str = "Return";
const THROW: &str = "Throw";

/// How many members of a file are looked at to find out what it is.
const MEMBERS_LOOKED_AT: usize = 100;

/// The most answers that all cases of a file have: each case has those of all the responses that it names.
const ANSWERS_MAX: usize = 1_000_000;

/// Says whether a file is one, with its keys as they are or misspelt.
pub(super) fn is_one(root: &Node) -> bool {
    let members = root.as_object().unwrap_or_default();
    let keys = [MACHINES, RESPONSES, CASES];
    let is_slip =
        |member: &Member| member.value.as_object().is_some() && closest(&member.key, keys).is_some();
    let mut looked_at = members.iter().take(MEMBERS_LOOKED_AT);
    keys.iter().any(|key| root.get(key).is_some()) || root.get("cases").is_none() && looked_at.any(is_slip)
}

/// One response: what the calls of a range are answered, in order.
type Response = Vec<(RangeInclusive<u64>, Reply, usize)>;

/// Reads the test cases of all state machines.
pub(super) fn suite(reader: &mut Reader<'_>, root: &Node) -> Suite {
    let place = Place::ROOT;
    reader.object(&place, root, &[MACHINES, RESPONSES]);
    let mut responses = HashMap::new();
    if let Some(node) = root.get(RESPONSES) {
        reader.map(&place.key(RESPONSES), node, |reader, place, name, node| {
            responses.insert(name.to_owned(), response(reader, place, node));
        });
    }
    let mut suite = Suite::default();
    let Some(machines) = root.get(MACHINES) else {
        let help = format!("add \"{MACHINES}\": {{\"NAME\": {{\"{CASES}\": {{…}}}}}}");
        let message = format!("The file has no \"{MACHINES}\"");
        reader.error(&place, &root.span, message, Some(help));
        return suite;
    };
    reader.map(&place.key(MACHINES), machines, |reader, place, machine, node| {
        if node.as_object().is_some() && node.get(CASES).is_none() {
            let help = format!("add \"{CASES}\": {{\"HappyPath\": {{\"STATE\": \"RESPONSE\"}}}}");
            let message = format!("The state machine \"{machine}\" has no \"{CASES}\"");
            reader.error(place, &node.span, message, Some(help));
        }
        reader.object(place, node, &[CASES]);
        let Some(cases) = node.get(CASES) else { return };
        let mut answers = suite.cases.iter().map(|case| case.answers.len()).sum::<usize>();
        let place = place.key(CASES);
        let Some(members) = cases.as_object() else {
            return reader.expected(&place, cases, "an object");
        };
        for member in members {
            let case = case(reader, &place, machine, member, &responses);
            answers = answers.saturating_add(case.answers.len());
            if answers > ANSWERS_MAX {
                let message = format!("The test cases have more than {ANSWERS_MAX} answers");
                return reader.error(&place, &member.key_span, message, None);
            }
            suite.cases.push(case);
        }
    });
    suite
}

fn case(
    reader: &mut Reader<'_>,
    place: &Place<'_>,
    machine: &str,
    member: &Member,
    responses: &HashMap<String, Response>,
) -> Case {
    let place = place.key(&member.key);
    let mut answers = Vec::new();
    reader.map(&place, &member.value, |reader, place, state, node| {
        let Some(name) = reader.text(place, node) else {
            return;
        };
        let Some(response) = responses.get(&name) else {
            let known = responses.keys().map(String::as_str);
            let help = did_you_mean(&name, known).unwrap_or_else(|| {
                format!("add it to \"{RESPONSES}\": {{\"{name}\": {{\"0\": {{\"{RETURN}\": {{}}}}}}}}")
            });
            let message = format!("There is no mocked response \"{name}\"");
            return reader.error(place, &node.span, message, Some(help));
        };
        answers.extend(response.iter().map(|(calls, reply, line)| Answer {
            state: state.to_owned(),
            reply: reply.clone(),
            parameters: None,
            calls: Some(calls.clone()),
            line: *line,
        }));
    });
    Case {
        name: format!("{machine}#{}", member.key),
        line: reader.line(&member.key_span),
        definition: Definition::Named(machine.to_owned()),
        substitutions: BTreeMap::new(),
        input: Input::Here("{}".to_owned()),
        sync: false,
        now_ms: NOW_MS,
        answers,
        defaults: BTreeMap::new(),
        expect: Expect::open(),
        skip: None,
    }
}

fn response(reader: &mut Reader<'_>, place: &Place<'_>, node: &Node) -> Response {
    let mut response = Response::new();
    // The ranges so far, which do not overlap: where each begins, where it ends, and its line.
    let mut taken: BTreeMap<u64, (u64, usize)> = BTreeMap::new();
    let Some(members) = node.as_object() else {
        reader.expected(place, node, "an object");
        return response;
    };
    if members.is_empty() {
        let help = format!("add \"0\": {{\"{RETURN}\": {{…}}}}");
        reader.error(place, &node.span, "The response answers no call", Some(help));
    }
    for member in members {
        let place = place.key(&member.key);
        let Some(calls) = indices(&member.key) else {
            let message = format!(
                "\"{}\" is neither the index of a call nor a range of them",
                member.key
            );
            let help = "write it as \"0\", \"1\" …, or \"0-2\" for the calls 0, 1 and 2".to_owned();
            reader.error(&place, &member.key_span, message, Some(help));
            continue;
        };
        let before = taken.range(..=calls.end()).next_back();
        let overlapped = before.filter(|(_, (end, _))| calls.start() <= end);
        if let Some((_, (_, line))) = overlapped {
            let message = format!(
                "\"{}\" has calls that are answered in line {line} already",
                member.key
            );
            reader.error(&place, &member.key_span, message, None);
            continue;
        }
        let line = reader.line(&member.key_span);
        taken.insert(*calls.start(), (*calls.end(), line));
        response.extend(reply(reader, &place, &member.value).map(|reply| (calls, reply, line)));
    }
    response
}

/// Reads `3`, or `0-2`.
fn indices(key: &str) -> Option<RangeInclusive<u64>> {
    let number = |text: &str| -> Option<u64> {
        let is_whole = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_whole.then(|| text.parse().ok()).flatten()
    };
    let (first, last) = match key.split_once('-') {
        Some((first, last)) => (number(first.trim())?, number(last.trim())?),
        None => (number(key)?, number(key)?),
    };
    (first <= last).then_some(first..=last)
}

fn reply(reader: &mut Reader<'_>, place: &Place<'_>, node: &Node) -> Option<Reply> {
    node.as_object().or_else(|| {
        reader.expected(place, node, "an object");
        None
    })?;
    reader.object(place, node, &[RETURN, THROW]);
    match (node.get(RETURN), node.get(THROW)) {
        (Some(result), None) if reader.has_lone_surrogate(&result.span) => {
            let help = "a character beyond U+FFFF is a pair of them, such as \\ud83d\\ude00".to_owned();
            let message = "A lone surrogate such as \\ud800 is no character, and no task can return it";
            reader.error(&place.key(RETURN), &result.span, message, Some(help));
            None
        }
        (Some(result), None) => Some(Reply::Success {
            after_ms: 0,
            result: result.to_json().into_bytes(),
        }),
        (None, Some(thrown)) => throw(reader, &place.key(THROW), thrown),
        _ => {
            let help = format!(
                "write {{\"{RETURN}\": …}}, or {{\"{THROW}\": {{\"Error\": \"NAME\", \"Cause\": \"why\"}}}}"
            );
            let message = format!("A call is answered by either \"{RETURN}\" or \"{THROW}\"");
            reader.error(place, &node.span, message, Some(help));
            None
        }
    }
}

fn throw(reader: &mut Reader<'_>, place: &Place<'_>, node: &Node) -> Option<Reply> {
    node.as_object().or_else(|| {
        reader.expected(place, node, "an object");
        None
    })?;
    reader.object(place, node, &["Error", "Cause"]);
    let Some(error) = node.get("Error") else {
        let help = Some("add \"Error\": \"Lambda.ServiceException\", or another name".to_owned());
        reader.error(place, &node.span, "The thrown error has no \"Error\"", help);
        return None;
    };
    let error = reader.text(&place.key("Error"), error)?;
    let cause = match node.get("Cause") {
        Some(cause) => Some(reader.text(&place.key("Cause"), cause)?),
        None => None,
    };
    Some(Reply::Failure {
        after_ms: 0,
        error: Some(error),
        cause,
    })
}
