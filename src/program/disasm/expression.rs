//! JSONata expressions: where they are used, and their code.

use super::super::{ExpressionId, Global, GlobalSource, Source, Work};
use super::Listing;
use super::show::{cut, slot};
use std::fmt;

impl Listing<'_> {
    /// Shows an expression with its number.
    pub(super) fn expression(&self, id: ExpressionId) -> String {
        let text = &self.program.expressions[id.at()].text;
        format!("{{% {} %}} (#{})", one_line(text), id.at())
    }

    /// Shows an expression with its number and the field it was written for.
    pub(super) fn expression_of(&self, id: ExpressionId) -> String {
        let field = self.constant(self.program.expressions[id.at()].field);
        format!("{}  ; for {}", self.expression(id), field.trim_matches('"'))
    }

    /// Writes the code of all expressions.
    pub(super) fn expressions(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, using) in self.program.expressions.iter().enumerate() {
            writeln!(f, "\nexpression #{index}: {}", one_line(&using.text))?;
            if !using.globals.is_empty() {
                let globals: Vec<String> = using.globals.iter().map(|name| self.global(name)).collect();
                writeln!(f, "  reads {}", globals.join(", "))?;
            }
            let found: Vec<String> = using.chains.iter().map(place).collect();
            if using.chains.iter().any(Option::is_some) {
                writeln!(f, "  chains {}", found.join(", "))?;
            }
            for line in using.code.listing().lines() {
                writeln!(f, "    {line}")?;
            }
        }
        Ok(())
    }

    /// Shows what a name is read from.
    fn global(&self, global: &Global) -> String {
        match global.from {
            GlobalSource::Of(Source::Input) => "input".into(),
            GlobalSource::Of(Source::Data) => "data".into(),
            GlobalSource::Of(Source::Result) => "result".into(),
            GlobalSource::Of(Source::Output) => "output".into(),
            GlobalSource::Of(Source::Context) => "context".into(),
            GlobalSource::Of(Source::Variable(variable)) => slot(variable),
            GlobalSource::Of(Source::Shadowed(shadow)) => self.slots(shadow),
            GlobalSource::States(Work::None) => "$states".into(),
            GlobalSource::States(Work::Result) => "$states with result".into(),
            GlobalSource::States(Work::ErrorOutput) => "$states with errorOutput".into(),
        }
    }
}

/// Shows where a walk leaves the value of a chain.
fn place(place: &Option<u32>) -> String {
    place.map_or("-".into(), |place| format!("[#{place}]"))
}

fn one_line(text: &str) -> String {
    cut(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}
