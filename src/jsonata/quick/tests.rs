//! What is quick has the value that the machine gives it.

use crate::jsonata::{Dialect, Limits, Outcome, Request, Scratch, World, compile, evaluate};
use crate::value::{Heap, View};

/// Evaluates an expression over an input, and says whether that was quick.
fn value(text: &str, input: &str, may_be_quick: bool) -> (String, bool) {
    let (mut heap, mut constants, mut scratch) = (Heap::new(), Heap::for_constants(), Scratch::default());
    let mut code = compile(text, Dialect::States, &["states.input"]).expect("an expression");
    code.link(&mut constants);
    code.quick &= may_be_quick;
    let request = Request {
        code: &code,
        input: None,
        globals: &[heap.index(input.as_bytes()).ok()],
        chains: &[],
        limits: Limits::STATES,
        world: World::default(),
    };
    let mut work = 0;
    let quickly = super::evaluate(
        &request,
        &mut heap,
        &constants,
        &mut super::Scratch::default(),
        &mut work,
    );
    let outcome = evaluate(&request, &mut heap, &constants, &mut scratch, &mut work);
    let shown = match outcome {
        Ok(Outcome::Value(value)) => View::new(&heap, &constants).to_json(value),
        Ok(other) => format!("{other:?}"),
        Err(error) => error.to_string(),
    };
    (shown, quickly.is_some())
}

const INPUT: &str = r#"{"n": 1.50, "i": 7, "z": -0, "long": 12345678901234567, "s": "text", "e": "t\u0065xt", "t": true,
    "f": false, "u": null, "o": {"a": 1, "b": {"c": "deep"}, "a\"": 2}, "d": {"x": 1, "x": 2, "y": 3}, "l": [3, 1, 2],
    "m": [{"a": 1}, {"a": 2}], "empty": [], "none": {}, "mixed": [1, "x"], "big": 1e400, "lists": [{"a": [1, 2]}, {"a": 3}, [{"a": 4}], 5, {"b": 1}],
    "one": [{"a": {"b": 7}}, {}, 5]}"#;

/// Values to put for `A` and `B`, with `$states.input` for `_`.
const OPERANDS: [&str; 24] = [
    "_.n",
    "_.i",
    "_.z",
    "_.long",
    "_.s",
    "_.e",
    "_.t",
    "_.f",
    "_.u",
    "_.o",
    "_.o.b.c",
    "_.d",
    "_.l",
    "_.m.a",
    "_.lists.a",
    "_.one.a.b",
    "_.empty",
    "_.none",
    "_.mixed",
    "_.missing",
    "_.big",
    "'text'",
    "1.5",
    "{'a': _.i, 'q': _.missing}",
];

const FORMS: [&str; 34] = [
    "A",
    "-A",
    "A & B",
    "A & ' ' & B",
    "'(' & A & B & ')'",
    "A + B",
    "A - B",
    "A * B",
    "A / B",
    "A % B",
    "A = B",
    "A != B",
    "A < B",
    "A <= B",
    "A > B",
    "A >= B",
    "A in B",
    "A and B",
    "A or B",
    "A ? B : 'no'",
    "A ? B",
    "[A, B]",
    "{'x': A, 'y': B}",
    "{'x': A & B, 'y': [B], 'z': {'w': A}}",
    "$merge([A, B])",
    "$merge([A, {'x': B, 'a': A}])",
    "$count(A)",
    "$exists(A)",
    "$not(A)",
    "$boolean(A)",
    "$string(A)",
    "$sum(A)",
    "$sum([A, B])",
    "A in ['text', 7, B]",
];

/// Forms that are quick with the members that they mostly have.
const QUICK: [&str; 16] = [
    "_.i > 5 and _.s = 'text'",
    "_.i in [1, 7]",
    "'a ' & _.s & ' b ' & _.i & _.n",
    "_.i * 2 + _.n",
    "_.missing ? 1 : _.s",
    "$merge([_, {'x': _.i}])",
    "$merge([_.o, {'x': 1}, _.none])",
    "{'a': _.s, 'b': {'c': [_.i, _.s & '!']}, 'd': _.missing}",
    "$exists(_.missing)",
    "$not(_.t) or $boolean(_.s)",
    "$count(_.l)",
    "$sum(_.l)",
    "$sum(_.m.a) + $count(_.m.none) + $count(_.one.a)",
    "_.m.a",
    "$string(_.i) & $string(_.t)",
    "_.missing = 'x'",
];

#[test]
#[cfg_attr(miri, ignore = "millions of steps")]
fn what_is_quick_has_the_value_that_the_machine_gives_it() {
    for form in FORMS {
        for left in OPERANDS {
            for right in OPERANDS {
                let text = form
                    .replace('A', left)
                    .replace('B', right)
                    .replace('_', "$states.input");
                let (found, _) = value(&text, INPUT, true);
                assert_eq!(found, value(&text, INPUT, false).0, "{text}");
                if !form.contains('B') {
                    break;
                }
            }
        }
    }
}

#[test]
fn what_states_mostly_do_is_quick() {
    for text in QUICK {
        let text = text.replace('_', "$states.input");
        let (found, is_quick) = value(&text, INPUT, true);
        assert!(is_quick, "{text}");
        assert_eq!(found, value(&text, INPUT, false).0, "{text}");
    }
}
