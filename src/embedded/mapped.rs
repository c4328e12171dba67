//! A text put together from parts of a file, which knows where each part stands there.
//!
//! Knows nothing of templates. Invariant: the runs cover the text without gaps, in its order, and a copied
//! run is as long as its source; so any place in the text has one in the file.

use crate::asl::syntax::Span;

/// A text and where its parts come from.
#[derive(Clone, Debug, Default)]
pub(super) struct Mapped {
    text: String,
    runs: Vec<Run>,
}

/// A part of a text.
#[derive(Clone, Debug)]
struct Run {
    /// Where it begins in the text; it ends where the next one begins.
    start: usize,
    /// Where it comes from.
    source: Span,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Byte by byte what stands in the file.
    Copy,
    /// It stands for the source as a whole.
    StandIn,
    /// The same, and it is made up: only a deployment knows what it is.
    Sample,
    /// The same, and it is a name of something of which nothing else is known.
    Unknown,
}

/// A part of a text that only a deployment knows.
pub(super) struct MadeUp<'a> {
    pub(super) text: &'a str,
    /// It is a name, of which nothing else is known.
    pub(super) is_unknown: bool,
}

impl Mapped {
    /// Returns the text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Returns the length in bytes.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// Says whether the whole is the name of something unknown.
    pub(super) fn is_unknown(&self) -> bool {
        matches!(self.runs.as_slice(), [run] if run.kind == Kind::Unknown)
    }

    /// Says whether the whole is one thing that only a deployment knows.
    pub(super) fn is_made_up(&self) -> bool {
        matches!(self.runs.as_slice(), [run] if matches!(run.kind, Kind::Sample | Kind::Unknown))
    }

    /// Says whether a part of it is something that only a deployment knows.
    pub(super) fn has_made_up(&self) -> bool {
        let mut runs = self.runs.iter();
        runs.any(|run| matches!(run.kind, Kind::Sample | Kind::Unknown))
    }

    /// Creates a text that stands for a place as a whole.
    pub(super) fn standing_for(text: &str, source: Span) -> Mapped {
        let mut out = Mapped::default();
        out.stand_in(text, source);
        out
    }

    /// Creates a text that is made up.
    pub(super) fn sample(text: &str, source: Span) -> Mapped {
        let mut out = Mapped::default();
        out.push(text, source, Kind::Sample);
        out
    }

    /// Creates the name of something unknown.
    pub(super) fn unknown(name: &str, source: Span) -> Mapped {
        let mut out = Mapped::default();
        out.push(name, source, Kind::Unknown);
        out
    }

    /// Appends what stands in the file from an offset on.
    pub(super) fn copy(&mut self, part: &str, at: usize) {
        let follows = self.runs.last().is_some_and(|run| {
            run.kind == Kind::Copy && run.source.end == at && run.start + run.source.len() == self.text.len()
        });
        if !follows {
            return self.push(part, at..at + part.len(), Kind::Copy);
        }
        self.text.push_str(part);
        if let Some(run) = self.runs.last_mut() {
            run.source.end += part.len();
        }
    }

    /// Appends a text that stands for a place as a whole.
    pub(super) fn stand_in(&mut self, part: &str, source: Span) {
        self.push(part, source, Kind::StandIn);
    }

    fn push(&mut self, part: &str, source: Span, kind: Kind) {
        if !part.is_empty() {
            self.runs.push(Run {
                start: self.text.len(),
                source,
                kind,
            });
            self.text.push_str(part);
        }
    }

    /// Appends another text.
    pub(super) fn append(&mut self, other: &Mapped) {
        self.append_range(other, 0..other.len());
    }

    /// Appends a part of another text, which begins and ends at characters.
    pub(super) fn append_range(&mut self, other: &Mapped, range: Span) {
        other.pieces(range, |part, source, kind| self.piece(part, source, kind));
    }

    /// Returns this text with the places of another one, whose text is the file of this one.
    pub(super) fn through(&self, outer: &Mapped) -> Mapped {
        let mut out = Mapped::default();
        self.pieces(0..self.len(), |part, source, kind| match kind {
            Kind::Copy => out.append_range(outer, source),
            _ => out.push(part, outer.place(&source), kind),
        });
        out
    }

    fn piece(&mut self, part: &str, source: Span, kind: Kind) {
        match kind {
            Kind::Copy => self.copy(part, source.start),
            _ => self.push(part, source, kind),
        }
    }

    /// Appends another text as the inside of a JSON text: what JSON wants escaped is.
    pub(super) fn append_escaped(&mut self, other: &Mapped) {
        other.pieces(0..other.len(), |part, source, kind| {
            let mut rest = part;
            let mut at = source.start;
            while let Some(place) = rest.find(|c: char| c == '"' || c == '\\' || c < ' ') {
                let length = rest[place..].chars().next().map_or(1, char::len_utf8);
                let copied = kind == Kind::Copy;
                let piece = |from: usize, to: usize| if copied { from..to } else { source.clone() };
                self.piece(&rest[..place], piece(at, at + place), kind);
                let mut escaped = String::new();
                crate::asl::syntax::write_text(&rest[place..place + length], &mut escaped);
                self.push(
                    &escaped[1..escaped.len() - 1],
                    piece(at + place, at + place + length),
                    Kind::StandIn,
                );
                rest = &rest[place + length..];
                at += place + length;
            }
            let source = if kind == Kind::Copy {
                at..source.end
            } else {
                source.clone()
            };
            self.piece(rest, source, kind);
        });
    }

    /// Visits the parts of a range of the text.
    fn pieces(&self, range: Span, mut visit: impl FnMut(&str, Span, Kind)) {
        let first = self.run_at(range.start);
        for (index, run) in self.runs.iter().enumerate().skip(first) {
            if run.start >= range.end {
                break;
            }
            let run_end = self
                .runs
                .get(index + 1)
                .map_or(self.text.len(), |next| next.start);
            let (start, end) = (run.start.max(range.start), run_end.min(range.end));
            let source = match run.kind {
                Kind::Copy => run.source.start + (start - run.start)..run.source.start + (end - run.start),
                _ => run.source.clone(),
            };
            if let Some(part) = self.text.get(start..end).filter(|part| !part.is_empty()) {
                visit(part, source, run.kind);
            }
        }
    }

    /// Replaces each name of something unknown, and each text that is made up, for which there is something better,
    /// given the text before and after it.
    pub(super) fn settle(self, mut better: impl FnMut(&str, &MadeUp<'_>, &str) -> Option<String>) -> Mapped {
        let is_made_up = |kind: Kind| matches!(kind, Kind::Sample | Kind::Unknown);
        if !self.runs.iter().any(|run| is_made_up(run.kind)) {
            return self;
        }
        let mut out = Mapped::default();
        let mut at = 0;
        self.pieces(0..self.text.len(), |part, source, kind| {
            let (before, after) = (&self.text[..at], &self.text[at + part.len()..]);
            at += part.len();
            let made_up = MadeUp {
                text: part,
                is_unknown: kind == Kind::Unknown,
            };
            let better = is_made_up(kind)
                .then(|| better(before, &made_up, after))
                .flatten();
            match better {
                Some(text) => out.stand_in(&text, source),
                None => out.piece(part, source, kind),
            }
        });
        out
    }

    /// Returns where a part of the text stands in the file.
    pub(super) fn place(&self, span: &Span) -> Span {
        let start = self.source_of(span.start, |run, offset| match run.kind {
            Kind::Copy => run.source.start + offset.min(run.source.len()),
            _ => run.source.start,
        });
        if span.is_empty() {
            return start..start;
        }
        let end = self.source_of(span.end - 1, |run, offset| match run.kind {
            Kind::Copy => run.source.start + (offset + 1).min(run.source.len()),
            _ => run.source.end,
        });
        start..end.max(start)
    }

    fn source_of(&self, at: usize, place: impl Fn(&Run, usize) -> usize) -> usize {
        let run = self.runs.get(self.run_at(at));
        run.map_or(0, |run| place(run, at.saturating_sub(run.start)))
    }

    /// Returns the index of the run that an offset lies in.
    fn run_at(&self, at: usize) -> usize {
        self.runs.partition_point(|run| run.start <= at).saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_the_parts() {
        let mut inner = Mapped::default();
        inner.copy("a\"b", 10);
        inner.stand_in("name", 20..30);
        let mut text = Mapped::standing_for("\"", 9..9);
        text.append_escaped(&inner);
        assert_eq!(text.text(), "\"a\\\"bname");
        let place = |part: &str| {
            let at = text.text().find(part).expect("a part");
            text.place(&(at..at + part.len()))
        };
        assert_eq!(place("a"), 10..11);
        assert_eq!(place("\\\""), 11..12);
        assert_eq!(place("b"), 12..13);
        assert_eq!(place("am"), 20..30);
        assert_eq!(place("bname"), 12..30);
    }

    #[test]
    fn unknown_names_give_way_to_what_fits() {
        let mut text = Mapped::default();
        text.copy("x", 0);
        text.append(&Mapped::unknown("N", 1..5));
        assert!(!text.is_unknown());
        let settled = text.settle(|before, made_up, after| {
            (before == "x" && after.is_empty()).then(|| format!("<{}>", made_up.text))
        });
        assert_eq!(settled.text(), "x<N>");
        assert_eq!(settled.place(&(2..3)), 1..5);
    }
}
