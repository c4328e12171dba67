//! Definitions that grow with a number.

/// A chain of `count` states, each of which counts one up: none can be folded away.
pub(crate) fn chain(count: usize) -> String {
    let states: Vec<String> = (0..count)
        .map(|at| {
            let next = match at + 1 == count {
                true => r#""End":true"#.to_owned(),
                false => format!(r#""Next":"S{}""#, at + 1),
            };
            format!(r#""S{at}":{{"Type":"Pass","Parameters":{{"n.$":"States.MathAdd($.n, 1)"}},{next}}}"#)
        })
        .collect();
    format!(r#"{{"StartAt":"S0","States":{{{}}}}}"#, states.join(","))
}

/// A chain of `count` states, each of which writes a constant at a place of its own.
pub(crate) fn writes(count: usize) -> String {
    constant_states(count, false, |at| format!("$.steps.p{at}"))
}

/// A chain of `count` states, each of which writes a constant at the same place; perhaps the last first.
pub(crate) fn constants(count: usize, reversed: bool) -> String {
    constant_states(count, reversed, |_| "$.n".into())
}

fn constant_states(count: usize, reversed: bool, path: impl Fn(usize) -> String) -> String {
    let state = |at: usize| {
        let path = path(at);
        let next = match at + 1 == count {
            true => r#""End":true"#.to_owned(),
            false => format!(r#""Next":"S{}""#, at + 1),
        };
        format!(r#""S{at}":{{"Type":"Pass","Result":{at},"ResultPath":"{path}",{next}}}"#)
    };
    let mut states: Vec<String> = (0..count).map(state).collect();
    if reversed {
        states.reverse();
    }
    format!(r#"{{"StartAt":"S0","States":{{{}}}}}"#, states.join(","))
}

/// A Choice of `count` rules over strings, each with a state that says which was taken.
pub(crate) fn choice(count: usize) -> String {
    let pass = |name: &str, taken: &str| {
        format!(r#""{name}":{{"Type":"Pass","Result":{{"taken":{taken}}},"End":true}}"#)
    };
    let rule = |at| format!(r#"{{"Variable":"$.k","StringEquals":"k{at}","Next":"S{at}"}}"#);
    let rules: Vec<String> = (0..count).map(rule).collect();
    let states: Vec<String> = (0..count)
        .map(|at| pass(&format!("S{at}"), &at.to_string()))
        .collect();
    format!(
        r#"{{"StartAt":"C","States":{{"C":{{"Type":"Choice","Choices":[{}],"Default":"D"}},{},{}}}}}"#,
        rules.join(","),
        pass("D", r#""default""#),
        states.join(",")
    )
}

/// A loop that counts `$.n` up to `$.end`, two transitions a round.
pub(crate) fn counter() -> String {
    counter_of("Again", "")
}

/// A loop as [`counter`] with a third state `Inner` in it, which goes on to `Again`.
pub(crate) fn counter_with(inner: &str) -> String {
    counter_of("Inner", &format!(r#""Inner":{inner},"#))
}

fn counter_of(next: &str, inner: &str) -> String {
    format!(
        r#"{{"StartAt":"Count","States":{{
            "Count":{{"Type":"Pass","Parameters":{{"n.$":"States.MathAdd($.n, 1)","end.$":"$.end","items.$":"$.items"}},"Next":"{next}"}},
            {inner}
            "Again":{{"Type":"Choice","Choices":[{{"Variable":"$.n","NumericLessThanPath":"$.end","Next":"Count"}}],"Default":"Done"}},
            "Done":{{"Type":"Succeed"}}}}}}"#
    )
}

/// A Map over the input with that processor.
pub(crate) fn map(processor: &str) -> String {
    format!(r#"{{"StartAt":"M","States":{{"M":{{"Type":"Map","ItemProcessor":{processor},"End":true}}}}}}"#)
}
