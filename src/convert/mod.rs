//! The migration aid: a machine of JSONPath states rewritten in JSONata.
//!
//! [`convert()`] takes the text of an accepted definition and returns another that does the same, with what cannot be
//! rewritten, and where the new one is not the same to the letter, place by place. It works on the tree of the text, so
//! that names, comments, order and placeholders stay. Must not know files, nor run anything: whoever wants a proof
//! plays cases over both.
//!
//! `expression` puts texts together; `path`, `filter` and `intrinsic` rewrite what JSONPath evaluates; `data` follows
//! what flows through a state; `scribe` (templates, with what is said of places), `choice`, `state` and `flow` rewrite
//! a definition from the inside out, `shadow` looks for variables in the way; `print` writes it.
//!
//! A JSONata machine cannot have JSONPath states, but a JSONPath machine may have JSONata states. So if one state
//! cannot be rewritten, the machine stays JSONPath and each rewritten state says that it is JSONata.
//!
//! ```
//! use stepstream::asl::{Format, Options, Source};
//! use stepstream::convert::convert;
//!
//! let text = r#"{"StartAt": "Price", "States": {"Price": {"Type": "Pass", "End": true,
//!     "Parameters": {"total.$": "States.MathAdd($.net, $.tax)"}, "ResultPath": "$.price"}}}"#;
//! let source = Source { name: "price.asl.json", text, format: Format::Json };
//! let converted = convert(&source, &Options::default()).expect("the text is well-formed");
//! assert!(converted.text.contains(
//!     r#""Output": "{% $merge([$states.input, {'price': {'total': $states.input.net + $states.input.tax}}]) %}""#
//! ));
//! ```

mod choice;
mod data;
mod expression;
mod filter;
mod flow;
mod intrinsic;
mod literal;
mod path;
mod print;
mod reason;
mod scribe;
mod shadow;
mod state;
#[cfg(test)]
mod tests;

pub use scribe::Counts;

use crate::asl::place::Place;
use crate::asl::syntax::{Lines, Node, Value, json, yaml};
use crate::asl::{Diagnostic, Format, Options, Severity, Source};
use reason::{Finding, Said};
use scribe::Scribe;

/// The codes of what [`convert()`] says.
pub mod code {
    /// The place cannot be rewritten, so its state stays JSONPath.
    pub const KEPT: &str = "KEPT_IN_JSONPATH";
    /// The place was rewritten, and is the same but for what the message says.
    pub const DIFFERS: &str = "MAY_DIFFER";
}

/// What holds for every rewritten machine, and is said once.
pub const ALWAYS: [&str; 3] = [
    "a path that finds nothing fails with States.Runtime in JSONPath, which nothing catches, and one that does not fit with \
     States.ReferencePathConflict; in JSONata with States.QueryEvaluationError, which Retry and Catch may handle. A missing variable of a Choice fails in JSONPath; in \
     JSONata '=' and 'in' are false then",
    "where JSONPath fails because data has another shape than the path, JSONata may find something: it looks up a name in \
     each element of an array, and treats [0] of a value that is not an array as the value itself",
    "a number that is used in a computation or converted to text loses its notation: 1.10 becomes 1.1, and \
     digits \
     beyond a double's are lost, except in whole numbers of 64 bits. A number that only passes through keeps \
     both here; at AWS it loses them, too",
];

/// A rewritten definition.
#[derive(Clone, Debug)]
pub struct Converted {
    /// The definition, as JSON.
    pub text: String,
    /// The whole machine is JSONata; else its rewritten states say that they are.
    pub is_whole: bool,
    /// What became of the states.
    pub counts: Counts,
    /// What is said of places in the source: errors for what stays JSONPath, warnings for what may differ.
    pub diagnostics: Vec<Diagnostic>,
}

/// Rewrites an accepted definition in JSONata. Placeholders such as `${Name}` stay where they stand in a text; one that
/// stands for a whole value, without quotes, becomes its value.
///
/// Returns `None` for a text that is not well-formed.
pub fn convert(source: &Source<'_>, options: &Options) -> Option<Converted> {
    let substitutions = &options.substitutions;
    let reading = match source.format {
        Format::Json => json::read(source.text, substitutions),
        Format::Yaml => yaml::read(source.text, substitutions),
    };
    let root = reading
        .root
        .filter(|root| reading.problems.is_empty() && root.as_object().is_some())?;
    let mut scribe = Scribe::new(&root, false);
    let mut rewritten = flow::rewrite(&mut scribe, &root, &Place::ROOT);
    let is_whole = scribe.counts.kept == 0;
    if root.get("QueryLanguage").and_then(Node::as_text) == Some("JSONata") {
        scribe = Scribe::default();
        rewritten = root;
    } else if is_whole {
        declare(&mut rewritten);
    } else {
        rewritten = flow::rewrite(&mut Scribe::new(&root, true), &root, &Place::ROOT);
    }
    let counts = scribe.counts;
    let lines = Lines::new(source.text);
    let findings = scribe.into_findings();
    Some(Converted {
        text: print::json(&rewritten, source.text),
        is_whole,
        counts,
        diagnostics: findings
            .into_iter()
            .map(|finding| diagnostic(finding, &lines))
            .collect(),
    })
}

/// Says in the machine that it is JSONata: where it said something else, or behind its comment.
fn declare(machine: &mut Node) {
    let language = flow::language(&machine.span);
    let Value::Object(members) = &mut machine.value else {
        return;
    };
    match members.iter_mut().find(|member| member.key == language.key) {
        Some(member) => member.value = language.value,
        None => {
            let has_comment = members.first().is_some_and(|member| member.key == "Comment");
            members.insert(usize::from(has_comment), language);
        }
    }
}

fn diagnostic(finding: Finding, lines: &Lines<'_>) -> Diagnostic {
    let (line, column) = lines.position(finding.span.start);
    let (code, severity, message) = match finding.said {
        Said::Kept(reason) => (code::KEPT, Severity::Error, reason),
        Said::Differs(remark) => (code::DIFFERS, Severity::Warning, remark.to_owned()),
    };
    Diagnostic {
        code,
        severity,
        message,
        pointer: finding.pointer,
        location: None,
        line,
        column,
        span: finding.span,
        help: None,
    }
}
