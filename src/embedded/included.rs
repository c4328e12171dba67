//! Definitions of the Serverless Framework that its file takes from other files.
//!
//! Owns the way from file to file and to the part that is meant; adds its part to [`Definition`]. Must not read a file
//! but through the request. Invariant: the way ends after [`INCLUDES_MAX`] files.

use super::definition::{Definition, is_elsewhere, unreadable};
use super::evaluate::Evaluator;
use super::serverless::{self, Wanted};
use super::{Container, Request, Unresolved, machine_type};
use crate::asl::Format;
use crate::asl::syntax::{self, Lines, Span};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many files a state machine may be away from its definition.
const INCLUDES_MAX: usize = 5;

/// Where a definition of the Serverless Framework stands that is not in its file.
pub(super) struct Included<'n> {
    pub(super) path: String,
    pub(super) keys: String,
    /// The place that names it.
    pub(super) span: Span,
    pub(super) machine: &'n str,
}

impl Definition {
    /// Takes a part of a file of the Serverless Framework that is beside the container.
    pub(super) fn include(
        &mut self,
        container: &Container,
        evaluator: &mut Evaluator<'_>,
        included: Included<'_>,
        request: &Request<'_>,
    ) {
        let Included {
            mut path,
            mut keys,
            span,
            machine,
        } = included;
        for _ in 0..INCLUDES_MAX {
            let text = match (request.beside)(&path) {
                Ok(text) if is_elsewhere(&path) && !text.contains("StartAt") => {
                    evaluator.fault(&span, format!("The file {path} contains no definition"), "");
                    return self.beside = Some(path);
                }
                Ok(text) => text,
                Err(reason) => {
                    evaluator.fault(&span, unreadable(&path, &reason), "");
                    return self.beside = Some(path);
                }
            };
            self.take_file(container, path.clone(), text);
            let reading = match self.format {
                Format::Json => syntax::json::read(&self.file_text, &BTreeMap::new()),
                Format::Yaml => syntax::yaml::read_template(&self.file_text),
            };
            // What is broken is told as of any definition.
            let Some(root) = reading.root.filter(|_| reading.problems.is_empty()) else {
                return;
            };
            let wanted = Wanted { machine, keys: &keys };
            let Some(node) = serverless::included(&root, &wanted) else {
                evaluator.fault(&span, format!("The file {path} has nothing under {keys}"), "");
                return;
            };
            if let Some((next, next_keys)) = node.as_text().and_then(serverless::whole_file) {
                // Its own files are relative to the service's folder, as its are.
                (path, keys) = (next.to_owned(), next_keys.to_owned());
                continue;
            }
            self.machine_type = self.machine_type.or_else(|| machine_type(root.get("type")));
            let file_text = Arc::clone(&self.file_text);
            let mut inner = evaluator.of_included(&file_text);
            let text = inner.definition(node);
            if matches!(node.value, syntax::Value::Object(_)) || text.text() != self.text() {
                self.text = Some(text);
            }
            let lines = Lines::new(&file_text);
            let faults = inner.faults.into_iter();
            self.problems = faults.map(|fault| fault.diagnostic(&lines)).collect();
            evaluator
                .unresolved
                .extend(inner.unresolved.into_iter().map(|unresolved| Unresolved {
                    span: span.clone(),
                    ..unresolved
                }));
            return;
        }
        let message =
            format!("This file is more than {INCLUDES_MAX} files away from its definition: a circle?");
        evaluator.fault(&span, message, "");
    }
}
