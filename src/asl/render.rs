//! Diagnostics as text: the source line with the place underlined, and what was meant.
//!
//! The only user of the rendering library; knows nothing of how a diagnostic came about.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::asl::{Diagnostic, Severity, Source};
use crate::printable::{line, lines, styled};

/// Returns one diagnostic as text, with terminal colours if wanted.
pub fn render(source: &Source<'_>, diagnostic: &Diagnostic, colour: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let (window, line_start, span) = window(source.text, diagnostic);
    let shown_column = window[..span.start].chars().count() + 1;
    // The library makes the source line harmless for a terminal, and some of the other texts.
    let (name, pointer) = (line(source.name), line(&diagnostic.pointer));
    let (message, help) = (line(&diagnostic.message), diagnostic.help.as_deref().map(line));
    let snippet = Snippet::source(window)
        .path(&*name)
        .line_start(line_start)
        .annotation(AnnotationKind::Primary.span(span).label(&*pointer));
    let title = level.primary_title(&*message).id(diagnostic.code);
    let mut group = Group::with_title(title).element(snippet);
    if let Some(help) = &help {
        group = group.element(Level::HELP.message(&**help));
    }
    let renderer = if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let text = with_column(renderer.render(&[group]), &name, diagnostic, shown_column);
    match text {
        text if colour => styled(&text).into_owned(),
        text => lines(&text).into_owned(),
    }
}

/// Says the column of the whole line where the library, which has seen a part of it, says that of the part.
fn with_column(text: String, name: &str, diagnostic: &Diagnostic, shown_column: usize) -> String {
    if shown_column == diagnostic.column {
        return text;
    }
    let place = |column: usize| format!("{name}:{}:{column}", diagnostic.line);
    // Behind the title, which may hold such a text too.
    let Some(arrow) = text.find("-->") else {
        return text;
    };
    let (title, rest) = text.split_at(arrow);
    [
        title,
        &rest.replacen(&place(shown_column), &place(diagnostic.column), 1),
    ]
    .concat()
}

/// Returns the line of a diagnostic, its number, and what to underline in it.
///
/// The library looks through all it is given, for each diagnostic. An underline ends with its line: a
/// whole object underlined shows nothing.
fn window<'a>(text: &'a str, diagnostic: &Diagnostic) -> (&'a str, usize, Range<usize>) {
    let start = diagnostic.span.start.min(text.len());
    let end = diagnostic.span.end.clamp(start, text.len());
    let line_start = text
        .get(..start)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |newline| newline + 1);
    let line_end = text
        .get(start..)
        .and_then(|rest| rest.find('\n'))
        .map_or(text.len(), |newline| start + newline);
    let line = text.get(line_start..line_end).unwrap_or_default();
    shorten(
        line,
        diagnostic.line,
        start - line_start..end.min(line_end) - line_start,
    )
}

/// Leaves out most of a very long line, so that a definition in one line can be read.
fn shorten(line: &str, number: usize, span: Range<usize>) -> (&str, usize, Range<usize>) {
    if line.len() <= LINE_BYTES_MAX {
        return (line, number, span);
    }
    let boundary = |mut at: usize| {
        while !line.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let from = boundary(span.start.saturating_sub(LINE_BYTES_MAX / 2));
    let to = boundary((span.start + LINE_BYTES_MAX / 2).min(line.len()));
    (
        &line[from..to],
        number,
        span.start - from..span.end.min(to) - from,
    )
}

/// The longest line that is shown whole.
const LINE_BYTES_MAX: usize = 400;

#[cfg(test)]
mod tests {
    use crate::asl::{Format, Options, check};

    use super::*;

    #[test]
    fn the_place_is_underlined_and_the_meaning_named() {
        let text = "{\n  \"StartAt\": \"A\",\n  \"States\": {\n    \"A\": {\"Type\": \"Sucess\", \"End\": true}\n  }\n}";
        let source = Source {
            name: "a.asl.json",
            text,
            format: Format::Json,
        };
        let report = check(&source, &Options::default());
        let rendered = render(&source, &report.diagnostics[0], false);
        for part in [
            "error[SCHEMA_VALIDATION_FAILED]: The field 'Type' should have",
            "a.asl.json:4:19",
            "4 |     \"A\": {\"Type\": \"Sucess\", \"End\": true}",
            "^^^^^^^^ /States/A/Type",
            "help: did you mean \"Succeed\"?",
        ] {
            assert!(rendered.contains(part), "{part} in\n{rendered}");
        }
    }

    /// The underline lies under the token of the expression, whatever escapes and wide characters stand before it.
    #[test]
    fn a_token_of_an_expression_is_underlined() {
        let start =
            r#"{"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": {"Type": "Succeed", "Output": "#;
        for expression in [
            r#""{% $states.input.a == 'b' %}""#,
            r#""{% 'ä\"\u00e9\ud83d\ude00' = \"\" == 1 %}""#,
            r#""{%\n\t'ß' == 1\n%}""#,
        ] {
            let text = format!("{start}\n{expression}}}}}}}");
            let source = Source {
                name: "a.asl.json",
                text: &text,
                format: Format::Json,
            };
            let report = check(&source, &Options::default());
            let rendered = render(&source, &report.diagnostics[0], false);
            let lines: Vec<&str> = rendered.lines().collect();
            let shown = lines
                .iter()
                .position(|line| line.contains(expression))
                .expect("the line");
            let underlined = lines[shown + 1].find('^').expect("an underline");
            let token = lines[shown].rfind("= ").expect("the token");
            let columns = lines[shown][..token].chars().count();
            assert_eq!(underlined, columns, "{rendered}");
            assert!(rendered.contains("^ /States/A/Output"), "{rendered}");
        }
    }

    #[test]
    fn a_place_at_the_end_of_the_text_is_shown() {
        for text in ["", "{", "{\n"] {
            let source = Source {
                name: "a.asl.json",
                text,
                format: Format::Json,
            };
            let report = check(&source, &Options::default());
            assert!(!render(&source, &report.diagnostics[0], false).is_empty());
        }
    }

    #[test]
    fn a_place_far_along_a_line_has_the_column_of_the_line() {
        let padding = "ä".repeat(300);
        let text = format!(
            r#"{{"StartAt": "A", "Comment": "{padding}", "States": {{"A": {{"Type": "Sucess", "End": true}}}}}}"#
        );
        let source = Source {
            name: "a.asl.json",
            text: &text,
            format: Format::Json,
        };
        let diagnostic = &check(&source, &Options::default()).diagnostics[0];
        let before = text.split_once("\"Sucess").expect("the place").0;
        let column = before.chars().count() + 1;
        for colour in [false, true] {
            let rendered = render(&source, diagnostic, colour);
            assert!(rendered.contains(&format!("a.asl.json:1:{column}")), "{rendered}");
        }
    }
}
