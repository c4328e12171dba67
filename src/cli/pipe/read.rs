//! Lines from stdin, in blocks, to the shards.

use super::Feeds;
use crate::runtime::OnEmpty;
use crate::stream::memory::Feed;
use crate::vm::PAYLOAD_BYTES_MAX;
use crossbeam_channel::{Receiver, Sender, bounded};
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes that are read at a time; what they hold goes on its way before the next ones are waited for.
const CHUNK_BYTES: usize = 64 << 10;

/// Most lines of a block: few enough that all shards have work.
const BLOCK_LINES_MAX: usize = 256;

/// Of a longer line no more is kept than shows that it is too long.
const LINE_BYTES_MAX: usize = PAYLOAD_BYTES_MAX + 1;

/// What may stand at the beginning of the first line and does not belong to it.
const BYTE_ORDER_MARK: &[u8] = "\u{FEFF}".as_bytes();

/// Of a line that has begun, so much is kept: with a byte order mark and a carriage return that do not count.
const BEGUN_BYTES_MAX: usize = LINE_BYTES_MAX + BYTE_ORDER_MARK.len() + 1;

/// The lines of a block on its way, by number, rising.
pub(super) type Lines = Vec<u64>;

/// Reads stdin.
pub(super) struct Reader {
    feeds: Feeds,
    /// What each block holds, for the writer; told before the block is sent.
    told: Sender<Lines>,
    /// Blocks that may be sent.
    credits: Receiver<()>,
    error: Arc<Mutex<Option<io::Error>>>,
    /// Which shard has the next block.
    next: usize,
    on_empty: OnEmpty,
}

/// The writer's end.
pub(super) struct Returns {
    pub(super) told: Receiver<Lines>,
    pub(super) credits: Sender<()>,
}

/// What a reader that has ended says.
pub(super) struct Reading(Arc<Mutex<Option<io::Error>>>);

impl Reading {
    /// Returns why it could not read on, if it was that.
    pub(super) fn error(&self) -> Option<io::Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Takes the ends of the sources; dropping them ends the input.
pub(super) fn take(feeds: &Feeds) -> Option<Vec<Feed>> {
    feeds.lock().unwrap_or_else(PoisonError::into_inner).take()
}

impl Reader {
    /// Creates a reader with at most `blocks_max` blocks under way. `on_empty` is for blank lines.
    pub(super) fn new(feeds: Feeds, blocks_max: usize, on_empty: OnEmpty) -> (Reader, Returns) {
        let (told_in, told) = bounded(blocks_max);
        let (credits_in, credits) = bounded(blocks_max);
        for _ in 0..blocks_max {
            // There is room for all of them.
            let _ = credits_in.try_send(());
        }
        let reader = Reader {
            feeds,
            told: told_in,
            credits,
            error: Arc::default(),
            next: 0,
            on_empty,
        };
        (
            reader,
            Returns {
                told,
                credits: credits_in,
            },
        )
    }

    /// Reads on a thread of its own.
    pub(super) fn start(self) -> io::Result<Reading> {
        let reading = Reading(Arc::clone(&self.error));
        let read = move || {
            let (feeds, error) = (Arc::clone(&self.feeds), Arc::clone(&self.error));
            if let Err(problem) = self.read(&mut io::stdin().lock()) {
                *error.lock().unwrap_or_else(PoisonError::into_inner) = Some(problem);
            }
            drop(take(&feeds));
        };
        std::thread::Builder::new()
            .name("stepstream-stdin".to_owned())
            .spawn(read)?;
        Ok(reading)
    }

    fn read(mut self, input: &mut dyn Read) -> io::Result<()> {
        let mut chunk = vec![0; CHUNK_BYTES];
        // The line that the last chunk has begun.
        let (mut begun, mut number) = (Vec::new(), 0);
        let mut block = Pending {
            on_empty: self.on_empty,
            ..Pending::default()
        };
        loop {
            let count = match input.read(&mut chunk) {
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if count == 0 {
                if !begun.is_empty() {
                    block.push(number + 1, &begun);
                }
                self.send(&mut block);
                return Ok(());
            }
            let mut rest = &chunk[..count];
            while let Some(end) = memchr::memchr(b'\n', rest) {
                number += 1;
                if begun.is_empty() {
                    block.push(number, &rest[..end]);
                } else {
                    keep(&mut begun, &rest[..end]);
                    block.push(number, &begun);
                    begun.clear();
                }
                rest = &rest[end + 1..];
                if block.lines.len() >= BLOCK_LINES_MAX && !self.send(&mut block) {
                    return Ok(());
                }
            }
            keep(&mut begun, rest);
            if !self.send(&mut block) {
                return Ok(());
            }
        }
    }

    /// Sends a block to the next shard, as soon as one may be sent; `false` when the input was ended.
    fn send(&mut self, block: &mut Pending) -> bool {
        if block.lines.is_empty() {
            return true;
        }
        if self.credits.recv().is_err() {
            return false;
        }
        let feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(feeds) = &*feeds else { return false };
        let feed = &feeds[self.next % feeds.len()];
        self.next += 1;
        let mut events = feed.block();
        let mut start = 0;
        for (&number, &end) in block.lines.iter().zip(&block.ends) {
            events.push(number as i64, &block.bytes[start..end]);
            start = end;
        }
        block.bytes.clear();
        block.ends.clear();
        self.told.send(std::mem::take(&mut block.lines)).is_ok() && feed.send(events).is_ok()
    }
}

/// Lines that are gathered for a block.
#[derive(Default)]
struct Pending {
    lines: Lines,
    ends: Vec<usize>,
    bytes: Vec<u8>,
    on_empty: OnEmpty,
}

impl Pending {
    /// Adds a line, unless it is blank and those are skipped.
    fn push(&mut self, number: u64, line: &[u8]) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = match line.strip_prefix(BYTE_ORDER_MARK) {
            Some(rest) if number == 1 => rest,
            _ => line,
        };
        let mut line = &line[..line.len().min(LINE_BYTES_MAX)];
        // Of a longer one nobody knows what comes after the blanks.
        if line.len() < LINE_BYTES_MAX && line.iter().all(u8::is_ascii_whitespace) {
            if self.on_empty == OnEmpty::Skip {
                return;
            }
            line = b"";
        }
        self.bytes.extend_from_slice(line);
        self.ends.push(self.bytes.len());
        self.lines.push(number);
    }
}

/// Adds to a line that is not at its end; what makes it longer than it may be is dropped.
fn keep(line: &mut Vec<u8>, more: &[u8]) {
    let room = BEGUN_BYTES_MAX.saturating_sub(line.len());
    line.extend_from_slice(&more[..more.len().min(room)]);
}
