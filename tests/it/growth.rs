//! How the engine grows: with the number of states, rules, transitions and items.
//!
//! Work is counted (instructions, bytes, outstanding tasks), so that a busy machine changes nothing.
//! Times are compared in release builds only, with wide margins; `benches/vm.rs` measures them.

use crate::definitions::{chain, choice, constants, counter, map, writes};
use crate::engine::Engine;
use std::time::Duration;
use stepstream::program::Instruction;

/// Bytes that a run may have in use: twice the floor below which nothing is compacted, and what one
/// state adds.
const RUN_BYTES_MAX: usize = 10 << 20;

/// How much longer than the ideal something may take before it counts as grown.
const TIME_MARGIN: f64 = 3.0;

/// The same where the larger one no longer fits into the processor's cache, which others use too: it has taken up to 4.6
/// times as long on a busy machine. It is ten times as large, so that is what a cost that grows too fast would show.
const CACHE_MARGIN: f64 = 6.0;

fn output(engine: &mut Engine, input: &str) -> String {
    let mut output = Vec::new();
    engine.run(input.as_bytes(), &mut output);
    String::from_utf8(output).expect("JSON is UTF-8")
}

/// Returns what one run takes.
fn time(engine: &mut Engine, input: &str) -> Duration {
    let mut output = Vec::new();
    crate::cpu::time(|| engine.run(input.as_bytes(), &mut output))
}

/// Fails if `large` takes much longer than `factor` times what `small` takes; in release builds.
fn check_time(small: (&mut Engine, &str), large: (&mut Engine, &str), factor: f64) {
    check_time_within(TIME_MARGIN, small, large, factor);
}

fn check_time_within(margin: f64, small: (&mut Engine, &str), large: (&mut Engine, &str), factor: f64) {
    if cfg!(debug_assertions) {
        return;
    }
    let (small, large) = (|| time(small.0, small.1), || time(large.0, large.1));
    let times = crate::cpu::compare(factor, margin, Duration::from_nanos(1), small, large);
    let crate::cpu::Times { small, large, ratio } = times;
    assert!(ratio < margin, "{large:?} is {ratio:.1} x {factor} x {small:?}");
}

#[test]
fn a_transition_costs_the_same_in_a_long_machine() {
    let (mut short, mut long) = (Engine::new(&chain(10)), Engine::new(&chain(1_000)));
    assert_eq!(output(&mut short, r#"{"n":0}"#), r#"{"n":10}"#);
    assert_eq!(output(&mut long, r#"{"n":0}"#), r#"{"n":1000}"#);
    assert_eq!(long.run.transitions(), 1_000);
    assert_eq!(long.program.code.len(), short.program.code.len() * 100);
    assert!(
        long.bytes_max <= short.bytes_max * 110,
        "{} {}",
        short.bytes_max,
        long.bytes_max
    );
    check_time((&mut short, r#"{"n":0}"#), (&mut long, r#"{"n":0}"#), 100.0);
}

/// A member that is not there is looked for among names that would have to be decoded to be compared.
#[test]
fn a_look_up_passes_over_long_names_with_escapes() {
    let definition = r#"{"QueryLanguage": "JSONata", "StartAt": "P", "States": {"P": {"Type": "Pass", "End": true,
        "Output": "{% ($o := $states.input; $count([1..1000][$exists($o.x)])) %}"}}}"#;
    let (mut short, mut long) = (Engine::new(definition), Engine::new(definition));
    let event = |escapes: usize| format!("{{\"{}\": 1}}", "\\n".repeat(escapes));
    let (few, many) = (event(10), event(10_000));
    assert_eq!(output(&mut short, &few), "0");
    assert_eq!(output(&mut long, &many), "0");
    check_time((&mut short, &few), (&mut long, &many), 1.0);
}

/// A chain that is taken at once is cut after 64 states; each part is one step, wherever the states stand.
#[test]
fn a_chain_of_constants_is_taken_in_long_steps() {
    for reversed in [false, true] {
        let mut engine = Engine::new(&constants(150, reversed));
        output(&mut engine, "{}");
        assert_eq!(engine.run.transitions(), 150);
        let fused = &engine.program.fused;
        assert_eq!(
            fused.iter().map(|fused| fused.states).sum::<u32>(),
            150,
            "reversed: {reversed}"
        );
        let last = |at: usize| engine.program.at(fused[at].last_state);
        assert!((0..fused.len()).all(|at| matches!(last(at), Instruction::Enter(_))));
    }
}

#[test]
fn members_are_written_in_order() {
    let members: Vec<String> = (0..150).map(|at| format!(r#""p{at}":{at}"#)).collect();
    let expected = format!(r#"{{"steps":{{{}}}}}"#, members.join(","));
    assert_eq!(output(&mut Engine::new(&writes(150)), "{}"), expected);
}

/// What the states of a chain would refuse one by one is refused: the last state's output is too deep.
#[test]
#[should_panic(expected = "'S1' (entered at the event id #4). The state's output is nested more than 1000")]
fn a_chain_does_not_hide_a_value_that_is_too_deep() {
    let deep = "[".repeat(150) + &"]".repeat(150);
    let path = "$".to_owned() + &".a".repeat(900);
    let definition = format!(
        r#"{{"StartAt":"S0","States":{{
            "S0":{{"Type":"Pass","Result":1,"ResultPath":"$.n","Next":"S1"}},
            "S1":{{"Type":"Pass","Result":{deep},"ResultPath":"{path}","End":true}}}}}}"#
    );
    output(&mut Engine::new(&definition), "{}");
}

#[test]
fn a_choice_of_many_strings_is_one_look_up() {
    let (mut few, mut many) = (Engine::new(&choice(10)), Engine::new(&choice(1_000)));
    let looks_up = |engine: &Engine| {
        let code = &engine.program.code;
        let tables = code
            .iter()
            .filter(|one| matches!(one, Instruction::Switch(_)))
            .count();
        let tests = code
            .iter()
            .filter(|one| matches!(one, Instruction::If(..) | Instruction::Unless(..)))
            .count();
        (tables, tests)
    };
    assert_eq!(looks_up(&few), (1, 0));
    assert_eq!(looks_up(&many), (1, 0));
    assert_eq!(many.program.switches[0].strings.len(), 1_000);
    assert_eq!(output(&mut few, r#"{"k":"k9"}"#), r#"{"taken":9}"#);
    assert_eq!(output(&mut many, r#"{"k":"k999"}"#), r#"{"taken":999}"#);
    assert_eq!(output(&mut many, r#"{"k":"none"}"#), r#"{"taken":"default"}"#);
    check_time((&mut few, r#"{"k":"k9"}"#), (&mut many, r#"{"k":"k999"}"#), 1.0);
}

#[test]
fn a_long_loop_runs_in_bounded_memory() {
    let mut engine = Engine::new(&counter());
    assert_eq!(
        output(&mut engine, r#"{"n":0,"end":50000,"items":[]}"#),
        r#"{"n":50000,"end":50000,"items":[]}"#
    );
    assert!(engine.run.transitions() >= 100_000);
    assert!(engine.bytes_max < RUN_BYTES_MAX, "{} bytes", engine.bytes_max);
    let mut reference = Engine::new(&counter());
    check_time(
        (&mut reference, r#"{"n":0,"end":500,"items":[]}"#),
        (&mut engine, r#"{"n":0,"end":50000,"items":[]}"#),
        100.0,
    );
}

/// Returns an array of that many small items.
fn items(count: usize) -> String {
    format!("[{}]", vec!["1"; count].join(","))
}

/// Runs a Map over many items and says how many bytes it had in use at most.
fn map_bytes(processor: &str, answer: &'static str, count: usize) -> (String, usize) {
    let mut engine = Engine::new(&map(processor)).answering(answer);
    let output = output(&mut engine, &items(count));
    assert!(engine.outstanding_max <= 40, "{} tasks", engine.outstanding_max);
    (output, engine.bytes_max)
}

#[test]
fn a_map_over_many_items_is_linear() {
    let states = r#"{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}"#;
    let (output, bytes) = map_bytes(states, "", 40_000);
    assert_eq!(output, items(40_000));
    assert!(bytes < RUN_BYTES_MAX, "{bytes} bytes");
    let (mut few, mut many) = (Engine::new(&map(states)), Engine::new(&map(states)));
    check_time((&mut few, &items(4_000)), (&mut many, &items(40_000)), 10.0);
}

/// Each iteration builds some 40 KiB that nobody needs after it.
#[test]
fn what_iterations_leave_behind_is_dropped() {
    let states = r#"{"StartAt":"P","States":{"P":{"Type":"Pass","End":true,
        "Parameters":{"n.$":"States.ArrayLength(States.ArrayRange(1, 900, 1))"},"OutputPath":"$.n"}}}"#;
    let (output, bytes) = map_bytes(states, "", 2_000);
    assert_eq!(output, items(2_000).replace('1', "900"));
    assert!(bytes < RUN_BYTES_MAX, "{bytes} bytes");
}

#[test]
fn tasks_of_a_map_over_many_items_leave_nothing_behind() {
    let states = r#"{"StartAt":"T","States":{"T":{"Type":"Task",
        "Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f","Payload.$":"$"},
        "OutputPath":"$.Payload","End":true}}}"#;
    let answer = r#"{"Payload":1,"ExecutedVersion":"$LATEST","StatusCode":200,"Rest":[1,2,3,4,5,6,7,8,9]}"#;
    let (output, bytes) = map_bytes(states, answer, 40_000);
    assert_eq!(output, items(40_000));
    assert!(bytes < RUN_BYTES_MAX, "{bytes} bytes");
    let (mut few, mut many) = (Engine::new(&map(states)), Engine::new(&map(states)));
    (few, many) = (few.answering(answer), many.answering(answer));
    let (small, large) = (items(4_000), items(40_000));
    check_time_within(CACHE_MARGIN, (&mut few, &small), (&mut many, &large), 10.0);
}

#[test]
fn a_map_in_a_loop_reuses_its_frames() {
    let inner = r#"{"Type":"Map","ItemsPath":"$.items","ResultPath":null,"Next":"Again",
        "ItemProcessor":{"StartAt":"T","States":{"T":{"Type":"Task",
        "Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f"},"End":true}}}}"#;
    let mut engine = Engine::new(&crate::definitions::counter_with(inner));
    let input = format!(r#"{{"n":0,"end":300,"items":{}}}"#, items(100));
    output(&mut engine, &input);
    assert_eq!(engine.outstanding_max, 40);
    assert!(engine.bytes_max < RUN_BYTES_MAX, "{} bytes", engine.bytes_max);
}
