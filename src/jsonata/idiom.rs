//! Expressions that add constants to the input of a state, as JSONPath's `Result` with `ResultPath` does.
//!
//! Owns the form `$merge([$states.input, {…}])` and what counts as a constant in it. Must not know values of a run.
//! Invariant: where a form is found, the expression has that value of every input that is an object.

use super::Expression;
use super::function::number;
use super::syntax::Literal;
use super::tree::{Kind, Node};
use crate::value::escape_into;

/// Deepest nesting of constants: far from where the language's own bound for nodes would refuse them.
const NESTING_MAX: usize = 16;

/// The most members, and elements, that are looked at: more are a matter of memory.
const PARTS_MAX: usize = 256;

impl Expression {
    /// Returns the members that the expression adds to `$states.input`, or replaces there, if that is all it does and
    /// all of them are constants: their names and JSON texts. It takes `$merge` for the built-in function.
    pub fn merged_constants(&self) -> Option<Vec<(String, String)>> {
        let Kind::Call { procedure, arguments } = &bare(&self.tree)?.kind else {
            return None;
        };
        let ([argument], "merge") = (arguments.as_slice(), variable(procedure)?) else {
            return None;
        };
        let Kind::Array(parts) = &bare(argument)?.kind else {
            return None;
        };
        let [input, object] = parts.as_slice() else {
            return None;
        };
        let Kind::Object(pairs) = &bare(object)?.kind else {
            return None;
        };
        is_states_input(input)?;
        let mut room = PARTS_MAX;
        // Without members it is still only of objects that it has a value.
        members(pairs, 1, &mut room).filter(|members| !members.is_empty())
    }
}

/// Returns a node behind which nothing stands.
fn bare(node: &Node) -> Option<&Node> {
    let is_bare = node.predicates.is_empty()
        && node.stages.is_empty()
        && node.group.is_none()
        && node.focus.is_none()
        && node.index.is_none()
        && node.ancestor.is_none()
        && !node.keep_array
        && !node.tuple
        && !node.constructs;
    is_bare.then_some(node)
}

fn variable(node: &Node) -> Option<&str> {
    match &bare(node)?.kind {
        Kind::Variable(name) => Some(name),
        _ => None,
    }
}

fn is_states_input(node: &Node) -> Option<()> {
    let Kind::Path {
        steps,
        keep_singleton: false,
    } = &bare(node)?.kind
    else {
        return None;
    };
    let [states, input] = steps.as_slice() else {
        return None;
    };
    let is_input = matches!(&bare(input)?.kind, Kind::Name(name) if name == "input");
    (is_input && variable(states)? == "states").then_some(())
}

/// Returns the members of an object of constants, which must differ in their names.
fn members(pairs: &[(Node, Node)], nesting: usize, room: &mut usize) -> Option<Vec<(String, String)>> {
    *room = room.checked_sub(pairs.len())?;
    let mut members: Vec<(String, String)> = Vec::with_capacity(pairs.len());
    for (key, value) in pairs {
        let Kind::String(name) = &bare(key)?.kind else {
            return None;
        };
        if members.iter().any(|(known, _)| known == name) {
            return None;
        }
        members.push((name.clone(), constant(value, nesting + 1, room)?));
    }
    Some(members)
}

/// Returns the JSON text of a constant, as it would stand in an output.
fn constant(node: &Node, nesting: usize, room: &mut usize) -> Option<String> {
    if nesting > NESTING_MAX {
        return None;
    }
    Some(match &bare(node)?.kind {
        Kind::String(text) => quoted(text),
        Kind::Number(value) => written(*value),
        Kind::Literal(Literal::Null) => "null".to_owned(),
        Kind::Literal(Literal::False) => "false".to_owned(),
        Kind::Literal(Literal::True) => "true".to_owned(),
        Kind::Negate(operand) => match &bare(operand)?.kind {
            Kind::Number(value) => written(-value),
            _ => return None,
        },
        Kind::Array(elements) => {
            *room = room.checked_sub(elements.len())?;
            let elements = elements
                .iter()
                .map(|element| constant(element, nesting + 1, room));
            format!("[{}]", elements.collect::<Option<Vec<String>>>()?.join(","))
        }
        Kind::Object(pairs) => {
            let members = members(pairs, nesting, room)?;
            let members: Vec<String> = members
                .iter()
                .map(|(name, value)| format!("{}:{value}", quoted(name)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        _ => return None,
    })
}

fn quoted(text: &str) -> String {
    let mut out = vec![b'"'];
    escape_into(&mut out, text);
    out.push(b'"');
    String::from_utf8_lossy(&out).into_owned()
}

fn written(value: f64) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = number::write_java(&mut out, value);
    out
}

#[cfg(test)]
mod tests {
    use crate::jsonata::parse;

    #[test]
    fn constants_that_are_merged_into_the_input() {
        let cases = [
            ("$merge([$states.input, {'a': 1}])", Some(r#""a":1"#)),
            (
                "$merge([$states.input, {'a': -1.50, 'b\"': {'c': ['x', null, [true]]}}])",
                Some(r#""a":-1.5,"b\"":{"c":["x",null,[true]]}"#),
            ),
            (
                "$merge([$states.input, {'a': 1e21, 'b': 0.00001}])",
                Some(r#""a":1.0E21,"b":1.0E-5"#),
            ),
            ("$merge([$states.input, {}])", None),
            ("$merge([$states.input, {'a': 1, 'a': 2}])", None),
            ("$merge([$states.input, {'a': $states.input}])", None),
            ("$merge([$states.input, {$x: 1}])", None),
            ("$merge([$states.input, {'a': 1}, {'b': 2}])", None),
            ("$merge([$states.input, {'a': 1}])[]", None),
            ("$merge([$states.input, {'a': 1}[0]])", None),
            ("$merge([$states.input[0], {'a': 1}])", None),
            ("$merge([$states.input.a, {'a': 1}])", None),
            ("$merge([$states.result, {'a': 1}])", None),
            ("$merge([{'a': 1}, $states.input])", None),
            ("$spread([$states.input, {'a': 1}])", None),
        ];
        for (text, expected) in cases {
            let found = parse(text).expect("an expression").merged_constants();
            let found = found.map(|members| {
                let members = members
                    .iter()
                    .map(|(name, json)| format!("{}:{json}", super::quoted(name)));
                members.collect::<Vec<_>>().join(",")
            });
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }
}
