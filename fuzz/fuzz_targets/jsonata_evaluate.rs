//! Evaluates arbitrary expressions over arbitrary documents under small bounds.
//!
//! The first byte says how an expression is made: grown from the grammar by the bytes, or a text up to a zero byte that
//! is followed by a document. Besides panics: an evaluation ends within its fuel, keeps little memory, writes JSON, and
//! does the same again in used memory, with all the fuel it took, and with less of it either the same or nothing.
#![no_main]

use arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use stepstream::jsonata::{
    Bound, Code, Dialect, Limits, Outcome, Request, Scratch, World, compile, evaluate,
};
use stepstream::value::{Heap, ValueRef, View};
use stepstream_fuzz::{assert_written, json, jsonata};

const LIMITS: Limits = Limits {
    depth: 100,
    memory: 1 << 20,
    fuel: 100_000,
};

/// What a scratch may keep, whatever was evaluated.
const SCRATCH_MAX: usize = 24 << 20;

fuzz_target!(|data: &[u8]| {
    let Some((&how, rest)) = data.split_first() else {
        return;
    };
    let dialect = if how & 1 == 0 {
        Dialect::Plain
    } else {
        Dialect::States
    };
    let (text, document) = if how & 2 == 0 {
        let (text, document) = jsonata::grown(rest);
        (text, document.to_owned())
    } else {
        let cut = rest.iter().position(|&byte| byte == 0).unwrap_or(rest.len());
        let (text, rest) = rest.split_at(cut);
        let Ok(text) = std::str::from_utf8(text) else {
            return;
        };
        let made = json::input(&mut Unstructured::new(rest)).unwrap_or_else(|_| "{}".into());
        (text.to_owned(), made)
    };
    let Ok(mut code) = compile(&text, dialect, &["v"]) else {
        return;
    };
    if std::env::var_os("SHOW").is_some() {
        eprintln!("{text}\n{document}");
    }
    let mut constants = Heap::for_constants();
    code.link(&mut constants);
    let mut heap = Heap::new();
    let Ok(input) = heap.index(document.as_bytes()) else {
        return;
    };
    let mut scratch = Scratch::default();
    let (first, work) = outcome(&code, input, &mut heap, &constants, &mut scratch, LIMITS);
    // What was begun is finished: one text, one number.
    assert!(work <= 2 * LIMITS.fuel, "{work} units: {text}");
    assert!(
        scratch.bytes() <= SCRATCH_MAX,
        "{} bytes: {text}",
        scratch.bytes()
    );
    let enough = Limits {
        fuel: work.min(LIMITS.fuel),
        ..LIMITS
    };
    let (second, _) = outcome(&code, input, &mut heap, &constants, &mut scratch, enough);
    assert_eq!(first, second, "{text}");
    let less = Limits {
        fuel: work / 2,
        ..LIMITS
    };
    let (third, _) = outcome(&code, input, &mut heap, &constants, &mut scratch, less);
    assert!(
        third == first || third == Err(Some(Bound::Time)),
        "{text}: {third:?}"
    );
});

/// Evaluates; of an error only whether it is a bound, since which of two is first may depend on the fuel.
fn outcome(
    code: &Code,
    input: ValueRef,
    heap: &mut Heap,
    constants: &Heap,
    scratch: &mut Scratch,
    limits: Limits,
) -> (Result<Option<Vec<u8>>, Option<Bound>>, u64) {
    let request = Request {
        code,
        input: Some(input),
        globals: &[Some(input)],
        chains: &[],
        limits,
        world: World { millis: 1, seed: 1 },
    };
    let mut work = 0;
    let outcome = evaluate(&request, heap, constants, scratch, &mut work);
    let outcome = match outcome {
        Ok(Outcome::Value(value)) => Ok(Some(assert_written(View::new(heap, constants), value))),
        Ok(_) => Ok(None),
        Err(error) => {
            // What broke has no words.
            assert!(error.is_internal() || !error.text().is_empty(), "{error:?}");
            Err(error.is_bound())
        }
    };
    (outcome, work)
}
