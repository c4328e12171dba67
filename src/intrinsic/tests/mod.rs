//! What the functions give. Rows marked "recorded" are AWS's own answers (facts 6.3).

mod array;
mod text;

use super::{Argument, Call, Function, IntrinsicError, evaluate, parse};
use crate::path::Accessor;
use crate::random::Random;
use crate::value::{Heap, Store, ValueRef};
use proptest::prelude::*;

/// Evaluates a call over an input as the machine does: inner calls first, paths from the input.
fn run(
    store: &mut Store,
    random: &mut Random,
    input: ValueRef,
    call: &Call,
) -> Result<ValueRef, IntrinsicError> {
    let mut arguments = Vec::new();
    for argument in &call.arguments {
        arguments.push(match argument {
            Argument::Text(text) => store.string(text),
            Argument::Number(text) => store.number(text),
            Argument::Boolean(value) => ValueRef::boolean(*value),
            Argument::Null => ValueRef::NULL,
            Argument::Path(path) => Accessor::compile(path).select(store, input, input).unwrap(),
            Argument::Call(call) => run(store, random, input, call)?,
        });
    }
    evaluate(store, random, call.function, &arguments)
}

fn call(input: &str, text: &str) -> Result<String, String> {
    let (mut heap, constants) = (Heap::new(), Heap::for_constants());
    let mut store = Store::new(&mut heap, &constants);
    let input = store.index(input.as_bytes()).unwrap();
    let call = parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
    let result = run(&mut store, &mut Random::new(7), input, &call).map_err(|error| error.to_string())?;
    let json = store.view().to_json(result);
    assert_eq!(store.view().len(result), json.len(), "{text}");
    assert!(Heap::new().index(json.as_bytes()).is_ok(), "{text} gives {json}");
    Ok(json)
}

/// Rows of input, call and result.
#[track_caller]
fn check(cases: &[(&str, &str, &str)]) {
    for (input, text, expected) in cases {
        assert_eq!(call(input, text).as_deref(), Ok(*expected), "{text} of {input}");
    }
}

#[track_caller]
fn refuses(function: &str, cases: &[(&str, &str)]) {
    for (input, text) in cases {
        let expected = format!("Invalid arguments in States.{function}");
        assert_eq!(call(input, text), Err(expected), "{text} of {input}");
    }
}

#[test]
fn every_function_refuses_what_it_does_not_take() {
    let (mut heap, constants) = (Heap::new(), Heap::for_constants());
    let mut store = Store::new(&mut heap, &constants);
    let number = store.number("1e999");
    let values = [
        ValueRef::NULL,
        ValueRef::TRUE,
        ValueRef::EMPTY_OBJECT,
        ValueRef::EMPTY_ARRAY,
        ValueRef::EMPTY_STRING,
        number,
    ];
    for (_, function) in Function::ALL {
        for count in 0..5 {
            for value in values {
                let result = evaluate(&mut store, &mut Random::new(1), function, &vec![value; count]);
                assert!(
                    result.is_err() || function.arity().contains(&count),
                    "{function:?}"
                );
            }
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "too many steps for an interpreter")]
fn results_are_measured_before_they_are_built() {
    let (mut heap, constants) = (Heap::new(), Heap::for_constants());
    let mut store = Store::new(&mut heap, &constants);
    // 2^40 elements in 41 nodes.
    let mut shared = store.string("x");
    for _ in 0..40 {
        shared = store.array(&[shared, shared]);
    }
    let long = store.string(&"{},".repeat(40_000));
    let template = store.string("{}{}{}");
    let quotes = store.string(&"\"".repeat(100_000));
    let size = store.integer(1);
    let comma = store.string(",");
    let cases: &[(Function, &[ValueRef])] = &[
        (Function::Array, &[shared]),
        (Function::ArrayPartition, &[shared, size]),
        (Function::ArrayContains, &[shared, size]),
        (Function::ArrayUnique, &[shared]),
        (Function::Hash, &[shared, comma]),
        (Function::JsonToString, &[shared]),
        (Function::JsonToString, &[quotes]),
        (Function::Format, &[template, long, long, long]),
        (Function::Format, &[template, shared, comma, comma]),
    ];
    for (function, arguments) in cases {
        let before = store.view().len(shared);
        let result = evaluate(&mut store, &mut Random::new(1), *function, arguments);
        assert_eq!(result, Err(IntrinsicError::TooLarge), "{function:?}");
        assert_eq!(store.view().len(shared), before);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 128 }, ..ProptestConfig::default() })]

    #[test]
    fn decode_after_encode(text in "\\PC{0,20}") {
        let input = format!("{{\"t\":\"{}\"}}", text.replace('\\', "\\\\").replace('"', "\\\""));
        let result = call(&input, "States.Base64Decode(States.Base64Encode($.t))").unwrap();
        prop_assert_eq!(result, call(&input, "States.Format('{}', $.t)").unwrap());
    }

    #[test]
    fn parse_after_print(numbers in prop::collection::vec(any::<i32>(), 0..6)) {
        let input = format!("{numbers:?}").replace(' ', "");
        let result = call(&input, "States.StringToJson(States.JsonToString($))").unwrap();
        prop_assert_eq!(result, input);
    }

    /// No text makes the parser or a function panic.
    #[test]
    fn never_panics(text in r"[ASftatesrmoy.()'{}\\$, 0-9é]{0,20}") {
        for text in [text.clone(), format!("States.Format('{text}', 1)"), format!("States.{text}")] {
            if parse(&text).is_ok() && !text.contains('$') {
                let _any = call("{}", &text);
            }
        }
    }
}
