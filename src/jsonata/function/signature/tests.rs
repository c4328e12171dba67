//! What the reference answers, as letters: the kinds of the arguments, and where each parameter's value
//! comes from.

use super::*;

/// Arguments as letters; `[nn]` is an array of numbers.
struct Letters {
    arguments: Vec<(Kind, Vec<Kind>)>,
    context: Kind,
}

impl Letters {
    fn read(text: &str, context: char) -> Letters {
        let mut arguments: Vec<(Kind, Vec<Kind>)> = Vec::new();
        let mut is_inside = false;
        for letter in text.chars() {
            match (letter, is_inside) {
                ('[', _) => arguments.push((Kind::Array, Vec::new())),
                (']', _) => {}
                (_, true) => arguments.last_mut().unwrap().1.push(Kind::of(letter).unwrap()),
                (_, false) => arguments.push((Kind::of(letter).unwrap(), Vec::new())),
            }
            is_inside = letter == '[' || (is_inside && letter != ']');
        }
        Letters {
            arguments,
            context: Kind::of(context).unwrap(),
        }
    }
}

impl Arguments for Letters {
    fn count(&self) -> usize {
        self.arguments.len()
    }

    fn kind(&self, argument: usize) -> Kind {
        self.arguments[argument].0
    }

    fn holds_only(&self, argument: usize, kind: Kind) -> bool {
        self.arguments[argument].1.iter().all(|element| *element == kind)
    }

    fn is_empty(&self, argument: usize) -> bool {
        self.arguments[argument].1.is_empty()
    }

    fn context(&self) -> Kind {
        self.context
    }
}

/// Says where the values come from (`0`, `[0]`, `$`, `-`), or the error.
fn outcome(signature: &str, arguments: &str, context: char) -> String {
    let signature = Signature::parse(signature).unwrap();
    let mut matching = Matching::default();
    let checked = signature.check(&Letters::read(arguments, context), &mut matching);
    let words = matching.uses.iter().map(|place| match place {
        Use::Argument(index) => index.to_string(),
        Use::Wrapped(index) => format!("[{index}]"),
        Use::Context => "$".to_owned(),
        Use::Nothing => "-".to_owned(),
    });
    match checked {
        Ok(()) => words.collect::<Vec<_>>().join(" "),
        Err(Mismatch::Argument { argument }) => format!("T0410 {argument}"),
        Err(Mismatch::Context { argument }) => format!("T0411 {argument}"),
        Err(Mismatch::Elements { argument, expected }) => {
            format!("T0412 {argument} {}", expected.unwrap_or("undefined"))
        }
    }
}

#[test]
fn arguments_as_the_reference_takes_them() {
    let cases = [
        ("<s-nn?:s>", "sn", 'm', "0 1 2"),
        ("<s-nn?:s>", "snn", 'm', "0 1 2"),
        ("<s-nn?:s>", "n", 's', "$ 0 1"),
        ("<s-nn?:s>", "nn", 's', "$ 0 1"),
        ("<s-nn?:s>", "n", 'n', "T0411 1"),
        ("<s-nn?:s>", "ss", 's', "T0410 2"),
        ("<s-nn?:s>", "snnn", 's', "T0410 4"),
        ("<s-:n>", "", 's', "$"),
        ("<s-:n>", "", 'n', "T0411 1"),
        ("<s-:n>", "", 'm', "$"),
        ("<s-:n>", "n", 's', "T0410 1"),
        ("<s-:n>", "ss", 's', "T0410 2"),
        ("<a<n>:n>", "[nn]n", 'm', "T0410 2"),
        ("<a<n>:n>", "[]", 'm', "0"),
        ("<a<n>:n>", "[ns]", 'm', "T0412 1 numbers"),
        ("<a<n>:n>", "n", 'm', "[0]"),
        ("<a<n>:n>", "s", 'm', "T0412 1 numbers"),
        ("<a<n>:n>", "m", 'm', "-"),
        ("<a<n>:n>", "", 'm', "T0410 1"),
        ("<a<s>s?:s>", "[ss]", 'm', "0 1"),
        ("<a<(sn)>:x>", "[s]", 'm', "T0412 1 undefined"),
        ("<a<a<n>>:x>", "[a]", 'm', "0"),
        ("<(ns)-:n>", "b", 'm', "T0410 1"),
        ("<(ns)-:n>", "", 'n', "$"),
        ("<n+:o>", "nn", 'm', "0 0"),
        ("<a+>", "nn", 'm', "[0] [1]"),
        ("<a<n>+:o>", "nn", 'm', "T0412 1 numbers"),
        ("<s?n:a<n>>", "n", 'm', "0 1"),
        ("<s-?:x>", "s", 'm', "0"),
        ("<(sq)z:x>", "s", 'm', "0"),
        ("<q:x>", "s", 'm', "T0410 1"),
        ("<af>", "[n]", 'm', "T0410 2"),
        ("<nnn?:a>", "n", 'm', "T0410 2"),
        ("<nn:a>", "nns", 'm', "T0410 3"),
        ("<a<any>n?:a>", "[sn]n", 'm', "0 1"),
        ("<a<any>n?:a>", "ln", 'm', "T0412 1 undefined"),
        ("<:s>", "s", 'm', "T0410 1"),
        ("<x-b?:s>", "", 'o', "$ 0"),
    ];
    for (signature, arguments, context, expected) in cases {
        assert_eq!(
            outcome(signature, arguments, context),
            expected,
            "{signature} {arguments}"
        );
    }
}

#[test]
#[cfg_attr(miri, ignore = "millions of steps")]
fn many_parameters_of_many_arguments_take_little_time() {
    let signature = format!("<{}>", "n+".repeat(PARAMETERS_MAX));
    assert_eq!(outcome(&signature, &("n".repeat(2_000) + "s"), 'm'), "T0410 2001");
}

#[test]
fn signatures_that_are_none() {
    let coded = |code, value: Option<&str>, offset| {
        Err(SignatureError::Coded {
            code,
            value: value.map(str::to_owned),
            offset,
        })
    };
    let cases = [
        ("<s<n>>", coded("S0401", Some("s"), 2)),
        ("<<n>>", coded("S0401", None, 1)),
        ("<(sn)?<n>>", coded("S0401", Some("(sn)"), 6)),
        ("<n(a<s>)>", coded("S0402", Some("a<s>"), 2)),
        ("<s++>", Err(SignatureError::Malformed)),
        ("<s?+>", Err(SignatureError::Malformed)),
    ];
    for (text, expected) in cases {
        assert_eq!(Signature::parse(text), expected, "{text}");
    }
}

#[test]
fn every_builtin_has_a_signature_and_stands_in_order() {
    for builtin in BUILTINS.iter().chain(AWS) {
        assert!(Signature::parse(builtin.signature).is_ok(), "{}", builtin.name);
    }
    assert!(BUILTINS.is_sorted_by_key(|builtin| builtin.name));
    assert!(AWS.is_sorted_by_key(|builtin| builtin.name));
}
