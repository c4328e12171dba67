//! Makes the index of a JSON text: copies it, finds its strings, then writes one node per value.
//!
//! Two passes. The first (`portable` or `avx2`, chosen at run time) goes through the text in
//! blocks of 64 bytes and notes where each string ends and where its escapes are. The second
//! (`grammar`, which reaches text and nodes by `reach` or `unchecked`) walks from token to token, checks the
//! grammar and writes the nodes; a string costs it one look into the first pass's notes. It reads every byte
//! that is not in a string, so blanks and errors need no table of their own. Where it meets a blank it stops:
//! a pass between the two (`squeeze`) writes the text dense, and it begins again on that. A failure is explained
//! afterwards by `errors`, slowly.
//!
//! Invariant: nodes point at dense text. A text with blanks between its tokens is written dense behind
//! the original; the heap remembers the original for the echo.
//!
//! What is accepted is what `serde_json::value::RawValue` accepts, but for two differences on purpose:
//! nesting is limited to [`DEPTH_MAX`], and size to [`DOCUMENT_BYTES_MAX`]. Numbers of
//! any size and precision (`1e400`, 20 digits) and lone surrogate escapes are accepted, as there.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod errors;
mod grammar;
mod marks;
mod number;
mod portable;
mod reach;
mod squeeze;
#[cfg(target_arch = "x86_64")]
mod unchecked;
mod words;

use super::heap::{RawText, TEXT_BYTES_MAX};
use super::node::{DEPTH_MAX, Node, meta};
use super::table::Table;
use super::{Heap, IndexError};
use grammar::{Open, Source, Stop, Walked};
use marks::Marks;
use reach::Checked;
use std::sync::atomic::{AtomicU8, Ordering};

pub(super) use words::location;

/// Largest document in bytes.
pub const DOCUMENT_BYTES_MAX: usize = 16 << 20;

/// Bytes behind a text that all passes may read.
const PADDING: [u8; 64] = [b' '; 64];

/// Room for open arrays and objects at first, and at most: the document itself takes one.
const LEVELS_FIRST: usize = 16;
const LEVELS_MAX: usize = DEPTH_MAX as usize + 1;

/// Buffers that indexing and building reuse.
#[derive(Default)]
pub(super) struct Scratch {
    marks: Marks,
    /// The arrays and objects around the innermost open one.
    around: Table<Open>,
    /// For a text that is made before it is escaped.
    pub(super) text: Vec<u8>,
}

impl Scratch {
    /// Returns how many bytes are reserved.
    pub(super) fn bytes(&self) -> usize {
        self.marks.bytes() + self.around.capacity() * size_of::<Open>() + self.text.capacity()
    }
}

/// How the passes are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Path {
    /// In safe code, for every machine.
    Portable,
    /// The first with AVX2, the second without checks.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// The first as in [`Path::Portable`], the second without checks: so that Miri can look at that.
    #[cfg(all(test, target_arch = "x86_64"))]
    Unchecked,
}

/// Makes all indexing of this process take the portable path, or again the best one of the machine.
pub fn force_portable(forced: bool) {
    CHOICE.store(if forced { PORTABLE } else { UNKNOWN }, Ordering::Relaxed);
}

static CHOICE: AtomicU8 = AtomicU8::new(UNKNOWN);
const UNKNOWN: u8 = 0;
const PORTABLE: u8 = 1;
#[cfg(target_arch = "x86_64")]
const AVX2: u8 = 2;

#[inline]
fn chosen() -> Path {
    match CHOICE.load(Ordering::Relaxed) {
        #[cfg(target_arch = "x86_64")]
        AVX2 => Path::Avx2,
        PORTABLE => Path::Portable,
        _ => choose(),
    }
}

#[cold]
fn choose() -> Path {
    #[cfg(target_arch = "x86_64")]
    if avx2::is_available() {
        CHOICE.store(AVX2, Ordering::Relaxed);
        return Path::Avx2;
    }
    CHOICE.store(PORTABLE, Ordering::Relaxed);
    Path::Portable
}

/// Appends a text to the heap and indexes it; returns the root's entry.
pub(super) fn index(heap: &mut Heap, text: &[u8]) -> Result<u32, IndexError> {
    index_by(chosen(), heap, text)
}

/// As [`index`], on a path of the caller's choice.
pub(super) fn index_by(path: Path, heap: &mut Heap, text: &[u8]) -> Result<u32, IndexError> {
    if text.len() > DOCUMENT_BYTES_MAX {
        return Err(errors::too_large(text.len()));
    }
    let base = heap.text.len();
    if base + 2 * text.len() + 2 * PADDING.len() > TEXT_BYTES_MAX {
        return Err(errors::heap_full());
    }
    let (start, end) = inner(text);
    heap.text.reserve(text.len() + PADDING.len());
    heap.text.extend_from_slice(text);
    heap.text.extend_from_slice(&PADDING);
    let root = heap.nodes.len() as u32;
    match spans(path, heap, base + start, base + end) {
        Ok(Spans { spaced, may_double }) => {
            if may_double {
                heap.verified.doubt(root);
            }
            if !spaced {
                heap.text.truncate(base + text.len());
            }
            if spaced || end - start != text.len() {
                remember(heap, root, base, text.len());
            }
            Ok(root)
        }
        Err(()) => {
            heap.text.truncate(base);
            Err(errors::explain(text))
        }
    }
}

/// Returns where the text without the blanks around it starts and ends.
#[inline]
fn inner(text: &[u8]) -> (usize, usize) {
    let blank = |byte: &&u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
    let start = text.iter().take_while(blank).count();
    let end = text.len() - text[start..].iter().rev().take_while(blank).count();
    (start, end)
}

#[cold]
fn remember(heap: &mut Heap, root: u32, base: usize, len: usize) {
    heap.raws.push(RawText {
        root,
        start: base as u32,
        end: (base + len) as u32,
    });
    heap.verified.note_blanks(root);
    let node = &mut heap.nodes[root as usize];
    *node = node.with_meta(node.meta() | meta::RAW);
}

/// What the passes have found.
struct Spans {
    /// Whether the dense text had to be written.
    spaced: bool,
    /// Whether an object may have a name twice.
    may_double: bool,
}

/// Runs all passes over `start..end` of the heap's text.
fn spans(path: Path, heap: &mut Heap, start: usize, end: usize) -> Result<Spans, ()> {
    let names = heap.verified.is_wanted();
    let Heap {
        text,
        nodes,
        scratch: Scratch { marks, around, .. },
        verified,
        ..
    } = heap;
    let salt = verified.salt();
    if !scan(path, text, start, end, marks) {
        return Err(());
    }
    nodes.reserve(marks.closes.len() + (end - start) / 8 + 16);
    match write_nodes(
        path,
        names,
        Source::new(text, start, end, marks, salt),
        nodes,
        around,
    ) {
        Ok(may_double) => {
            return Ok(Spans {
                spaced: false,
                may_double,
            });
        }
        Err(Stop::Blank) => {}
        Err(_) => return Err(()),
    }
    let raw_end = text.len();
    text.resize(raw_end + (end - start) + squeeze::ROOM, 0);
    let squeezed = match path {
        #[cfg(target_arch = "x86_64")]
        Path::Avx2 => avx2::squeeze(text, start, end, raw_end, marks),
        _ => portable::squeeze(text, start, end, raw_end, marks),
    };
    let end = squeezed.ok_or(())?;
    let source = Source::new(text, raw_end, end, marks, salt);
    let may_double = write_nodes(path, names, source, nodes, around).map_err(|_| ())?;
    text.truncate(end);
    Ok(Spans {
        spaced: true,
        may_double,
    })
}

/// Runs the first pass; says whether all strings are sound.
fn scan(path: Path, text: &[u8], start: usize, end: usize, marks: &mut Marks) -> bool {
    let found = match path {
        #[cfg(target_arch = "x86_64")]
        Path::Avx2 => avx2::scan(text, start, end, marks),
        _ => portable::scan(text, start, end, marks),
    };
    found.is_sound
        && (!found.has_wide_bytes || is_utf8(path, &text[start..end]))
        && (marks.escapes.is_empty() || marks.check_escapes(&text[..end]))
}

/// Runs the second pass, again with more room when nodes or nesting need it; says whether an object may have a name
/// twice, which it always may where nobody looks at names.
fn write_nodes(
    path: Path,
    names: bool,
    source: Source<'_>,
    nodes: &mut Table<Node>,
    around: &mut Table<Open>,
) -> Result<bool, Stop> {
    around.reserve(LEVELS_FIRST);
    loop {
        let first = nodes.len();
        let levels = around.all().len().min(LEVELS_MAX);
        let open = &mut around.all()[..levels];
        let walked = match (path, names) {
            (Path::Portable, true) => checked_walk::<true>(&source, nodes.all(), first, open),
            (Path::Portable, false) => checked_walk::<false>(&source, nodes.all(), first, open),
            #[cfg(target_arch = "x86_64")]
            (_, true) => unchecked::walk::<true>(&source, nodes.all(), first, open),
            #[cfg(target_arch = "x86_64")]
            (_, false) => unchecked::walk::<false>(&source, nodes.all(), first, open),
        };
        match walked {
            Ok(Walked { count, may_double }) => {
                nodes.add(count - first);
                return Ok(may_double);
            }
            Err(Stop::Room) => {
                let room = nodes.room().len();
                nodes.reserve(2 * room);
            }
            Err(Stop::Depth) if levels < LEVELS_MAX => around.reserve(LEVELS_MAX.min(8 * levels)),
            Err(stop) => return Err(stop),
        }
    }
}

/// Apart: what this walk prepares for its loop would be prepared before the other one too.
#[inline(never)]
fn checked_walk<const NAMES: bool>(
    source: &Source<'_>,
    nodes: &mut [Node],
    first: usize,
    open: &mut [Open],
) -> Result<Walked, Stop> {
    grammar::walk::<_, NAMES>(source, Checked::new(source, nodes, first, open))
}

fn is_utf8(path: Path, text: &[u8]) -> bool {
    match path {
        #[cfg(target_arch = "x86_64")]
        Path::Avx2 => simdutf8::basic::from_utf8(text).is_ok(),
        _ => std::str::from_utf8(text).is_ok(),
    }
}

#[cfg(test)]
mod error_tests;
#[cfg(test)]
mod tests;
