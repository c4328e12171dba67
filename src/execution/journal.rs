//! The end of an execution log that a shard writes to, and who waits for records to be out.
//!
//! Must not know what a record says, nor where records go. Invariant: a receipt is handed back once, when the records
//! that were written before it was left here are out, or taken back.

use std::collections::VecDeque;

/// Where a machine's log records go; [`crate::log::write`], or a test's.
pub trait Journal {
    /// Returns where whole lines are appended.
    fn records(&mut self) -> &mut Vec<u8>;

    /// Returns the number that [`Journal::confirmed`] must reach before what was appended so far is out.
    fn mark(&mut self) -> u64;

    /// Hands over what was appended, if it is much or `force`.
    fn ship(&mut self, force: bool);

    /// Returns the number up to which everything is out.
    fn confirmed(&self) -> u64;

    /// Returns how many bytes of records have not left the process.
    fn bytes(&mut self) -> usize {
        self.records().len()
    }

    /// Says whether no more executions may begin or go on until records have left.
    fn is_full(&self) -> bool;
}

/// Names what an asker keeps open until records are out; the asker's own number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Receipt(pub(crate) u32);

/// How long records may lie here, so that they can be read while their execution runs.
const LIE_MS: i64 = 1_000;

/// A machine's log as a shard has it.
pub(crate) struct JournalEnd {
    pub(crate) buffer: Box<dyn Journal>,
    /// What waits for its records, by the mark that must be confirmed; rising.
    waiting: VecDeque<(u64, Receipt)>,
    /// When records go that nobody waits for; none while there are none.
    ship_at_ms: Option<i64>,
}

/// How far the log was at a time.
#[derive(Clone, Copy)]
pub(crate) struct Savepoint {
    bytes: usize,
    waiting: usize,
}

impl JournalEnd {
    pub(crate) fn new(buffer: Box<dyn Journal>) -> JournalEnd {
        JournalEnd {
            buffer,
            waiting: VecDeque::new(),
            ship_at_ms: None,
        }
    }

    /// Hands over what is much, what is waited for, and what has been here for a while; all of it if nothing follows.
    pub(crate) fn ship(&mut self, now_ms: i64, is_last: bool) {
        let is_due = self.ship_at_ms.is_some_and(|at_ms| now_ms >= at_ms);
        self.buffer.ship(is_last || is_due || !self.waiting.is_empty());
        if self.buffer.records().is_empty() {
            self.ship_at_ms = None;
        } else if is_due {
            // There was no room. Looked at later, or a log that is stuck would keep its shard awake.
            self.ship_at_ms = Some(now_ms + LIE_MS);
        } else {
            self.ship_at_ms.get_or_insert(now_ms + LIE_MS);
        }
    }

    /// Returns when records go that nobody waits for, if there are any.
    pub(crate) fn next_ms(&self) -> Option<i64> {
        self.ship_at_ms
    }

    /// Keeps a receipt until the records written so far are out.
    pub(crate) fn wait(&mut self, receipt: Receipt) {
        let mark = self.buffer.mark();
        self.waiting.push_back((mark, receipt));
    }

    /// Hands back the next receipt whose records are out.
    pub(crate) fn confirmed(&mut self) -> Option<Receipt> {
        let &(mark, _) = self.waiting.front()?;
        if self.buffer.confirmed() < mark {
            return None;
        }
        self.waiting.pop_front().map(|(_, receipt)| receipt)
    }

    /// Says whether anything waits for its records.
    pub(crate) fn is_awaited(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Says whether there are records that were not handed over.
    pub(crate) fn has_records(&mut self) -> bool {
        !self.buffer.records().is_empty()
    }

    /// Hands back all receipts, though their records are not out.
    pub(crate) fn give_up(&mut self) -> Vec<Receipt> {
        self.waiting.drain(..).map(|(_, receipt)| receipt).collect()
    }

    /// Returns how far the log is now.
    pub(crate) fn savepoint(&mut self) -> Savepoint {
        Savepoint {
            bytes: self.buffer.records().len(),
            waiting: self.waiting.len(),
        }
    }

    /// Forgets the records since, and hands out what waited for them; nothing may have been handed over since.
    #[cold]
    pub(crate) fn back_to(&mut self, savepoint: Savepoint) -> impl Iterator<Item = Receipt> + '_ {
        self.buffer.records().truncate(savepoint.bytes);
        let from = savepoint.waiting.min(self.waiting.len());
        self.waiting.drain(from..).map(|(_, receipt)| receipt)
    }
}
