//! Diagnostics as text: the source line with the place underlined, and what was meant.
//!
//! The only user of the rendering library; knows nothing of how a diagnostic came about.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::asl::{Diagnostic, Severity, Source};

/// Returns one diagnostic as text, with terminal colours if wanted.
pub fn render(source: &Source<'_>, diagnostic: &Diagnostic, colour: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let end = diagnostic.span.end.min(source.text.len());
    let start = diagnostic.span.start.min(end);
    let span = start..first_line_end(source.text, start, end);
    let snippet = Snippet::source(source.text)
        .path(source.name)
        .fold(true)
        .annotation(AnnotationKind::Primary.span(span).label(label(diagnostic)));
    let title = level
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.code);
    let mut group = Group::with_title(title).element(snippet);
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    let renderer = if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    renderer.render(&[group])
}

/// Underlines end with their line: a whole object underlined shows nothing.
fn first_line_end(text: &str, start: usize, end: usize) -> usize {
    let part = text.get(start..end).unwrap_or_default();
    start + part.lines().next().unwrap_or_default().len()
}

/// Names the place, which in a long definition says more than its line.
fn label(diagnostic: &Diagnostic) -> &str {
    diagnostic.pointer.as_str()
}
