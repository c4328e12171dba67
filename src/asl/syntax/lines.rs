//! From byte offsets to lines and columns.

use std::borrow::Cow;

/// The distance between two marks, in bytes: a definition may be one line of 1 MiB with thousands of
/// diagnostics, and none of them should count its characters from the start.
const MARK_BYTES: usize = 512;

/// Where the lines of a text begin.
pub(crate) struct Lines<'a> {
    text: &'a str,
    index: Cow<'a, LineIndex>,
}

/// What is counted in a text once for all its places.
#[derive(Clone)]
pub(crate) struct LineIndex {
    starts: Vec<usize>,
    /// The number of characters before each multiple of [`MARK_BYTES`].
    marks: Vec<usize>,
}

impl LineIndex {
    /// Indexes a text.
    pub(crate) fn new(text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0)
            .chain(breaks.map(|(offset, _)| offset + 1))
            .collect();
        let mut marks = vec![0];
        for block in text.as_bytes().chunks(MARK_BYTES) {
            marks.push(marks.last().copied().unwrap_or(0) + count(block));
        }
        LineIndex { starts, marks }
    }
}

impl<'a> Lines<'a> {
    /// Indexes a text.
    pub(crate) fn new(text: &'a str) -> Self {
        Lines {
            text,
            index: Cow::Owned(LineIndex::new(text)),
        }
    }

    /// Takes the index of a text.
    pub(crate) fn with(text: &'a str, index: &'a LineIndex) -> Self {
        Lines {
            text,
            index: Cow::Borrowed(index),
        }
    }

    /// Returns line and column of a byte offset, both from 1; a column counts characters.
    pub(crate) fn position(&self, offset: usize) -> (usize, usize) {
        let offset = offset.min(self.text.len());
        let line = self.line(offset);
        (
            line,
            self.characters(offset) - self.characters(self.index.starts[line - 1]) + 1,
        )
    }

    /// Returns the offset at which the line of an offset begins.
    pub(crate) fn start(&self, offset: usize) -> usize {
        self.index.starts[self.line(offset) - 1]
    }

    fn line(&self, offset: usize) -> usize {
        self.index.starts.partition_point(|start| *start <= offset)
    }

    fn characters(&self, offset: usize) -> usize {
        let mark = offset / MARK_BYTES;
        self.index.marks[mark] + count(&self.text.as_bytes()[mark * MARK_BYTES..offset])
    }
}

/// Counts the characters that begin in a part of a UTF-8 text.
fn count(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let text = format!("a\n{}é\u{1F600}b\n", "ß".repeat(1_000));
        let lines = Lines::new(&text);
        let at = text.find('b').expect("a b");
        assert_eq!(lines.position(at), (2, 1_003));
        assert_eq!(
            (lines.position(0), lines.position(2), lines.position(text.len())),
            ((1, 1), (2, 1), (3, 1))
        );
    }
}
