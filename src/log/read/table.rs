//! Executions as rows, from one pass over records.

use super::{Record, Status};
use std::collections::{BTreeMap, HashMap};

/// Most rows that are kept; the oldest go first, and are counted. About 50 MiB.
pub const ROWS_MAX: usize = 100_000;

/// Longest cause that is kept with a row, in characters.
const CAUSE_CHARACTERS_MAX: usize = 200;

/// Ids up to this are counted once however often they come; beyond it, those that rise are.
const SEEN_IDS_MAX: u32 = 16_384;

/// What is known of one execution.
#[derive(Clone, Debug)]
pub struct Row {
    /// ARN of the execution.
    pub execution_arn: Box<str>,
    /// When its first record was written, in milliseconds since 1970.
    pub started_ms: i64,
    /// When it ended.
    pub ended_ms: Option<i64>,
    /// How it ended.
    pub status: Status,
    /// How many states it has entered, as far as they were logged.
    pub states: u32,
    /// Name of the error it ended with, or of the last one that was logged.
    pub error: Option<Box<str>>,
    /// The beginning of the cause.
    pub cause: Option<Box<str>>,
    seen: Seen,
}

impl Row {
    fn new(record: &Record<'_>) -> Row {
        Row {
            execution_arn: (&*record.execution_arn).into(),
            started_ms: record.at_ms,
            ended_ms: None,
            status: Status::Unknown,
            states: 0,
            error: None,
            cause: None,
            seen: Seen::default(),
        }
    }

    fn add(&mut self, record: &Record<'_>) {
        if !self.seen.insert(record.id) {
            return;
        }
        let kind = &*record.kind;
        self.started_ms = self.started_ms.min(record.at_ms);
        if kind.ends_with("StateEntered") {
            self.states += 1;
        }
        let end = Status::of_event(kind);
        if let Some(status) = end {
            self.status = status;
            self.ended_ms = Some(record.at_ms);
        } else if record.id == 1 && self.status == Status::Unknown {
            self.status = Status::Unfinished;
        }
        match end {
            // What was caught on the way no longer matters.
            Some(Status::Succeeded) => (self.error, self.cause) = (None, None),
            Some(_) => self.fault(record),
            None if self.ended_ms.is_none() && record.detail("error").is_some() => self.fault(record),
            None => {}
        }
    }

    fn fault(&mut self, record: &Record<'_>) {
        self.error = record.detail("error").map(|error| (&*error).into());
        self.cause = record.detail("cause").map(|cause| {
            let end = cause.char_indices().nth(CAUSE_CHARACTERS_MAX);
            cause[..end.map_or(cause.len(), |(at, _)| at)].into()
        });
    }

    /// Returns how long it took, in milliseconds, when its start and its end were logged.
    pub fn lasted_ms(&self) -> Option<i64> {
        let ended_ms = self.ended_ms.filter(|_| self.seen.has(1))?;
        Some(ended_ms - self.started_ms)
    }
}

/// The ids of one execution that have come.
#[derive(Clone, Debug, Default)]
struct Seen {
    bits: Vec<u64>,
    highest: u32,
}

impl Seen {
    /// Says whether an id is new.
    fn insert(&mut self, id: u32) -> bool {
        let rises = id > self.highest;
        self.highest = self.highest.max(id);
        if id > SEEN_IDS_MAX {
            return rises;
        }
        let (at, bit) = (id as usize / 64, 1 << (id % 64));
        if self.bits.len() <= at {
            self.bits.resize(at + 1, 0);
        }
        let new = self.bits[at] & bit == 0;
        self.bits[at] |= bit;
        new
    }

    fn has(&self, id: u32) -> bool {
        self.bits
            .get(id as usize / 64)
            .is_some_and(|bits| bits >> (id % 64) & 1 != 0)
    }
}

/// Sums up executions.
#[derive(Default)]
pub struct Table {
    /// By number, in the order of their first records.
    rows: BTreeMap<u64, Row>,
    /// The number of each execution's row, by ARN.
    numbers: HashMap<Box<str>, u64>,
    next: u64,
    wanted: Option<Status>,
    /// How many executions fell out because there were more than [`ROWS_MAX`].
    pub evicted: u64,
}

impl Table {
    /// Creates one for executions of a status, or for all.
    pub fn new(wanted: Option<Status>) -> Table {
        Table {
            wanted,
            ..Table::default()
        }
    }

    /// Adds a record; returns the row when this record has ended its execution.
    pub fn add(&mut self, record: &Record<'_>) -> Option<&Row> {
        let number = match self.numbers.get(&*record.execution_arn) {
            Some(number) => *number,
            None => self.begin(record),
        };
        let row = self.rows.get_mut(&number)?;
        let was = row.ended_ms;
        row.add(record);
        if row.ended_ms.is_none() || was.is_some() {
            return None;
        }
        if self.wanted.is_some_and(|wanted| wanted != row.status) {
            // A log of millions of successes has room for all failures.
            self.forget(number);
            return None;
        }
        self.rows.get(&number)
    }

    fn begin(&mut self, record: &Record<'_>) -> u64 {
        if self.rows.len() >= ROWS_MAX
            && let Some(oldest) = self.rows.keys().next().copied()
        {
            self.forget(oldest);
            self.evicted += 1;
        }
        let number = self.next;
        self.next += 1;
        let row = Row::new(record);
        self.numbers.insert(row.execution_arn.clone(), number);
        self.rows.insert(number, row);
        number
    }

    fn forget(&mut self, number: u64) {
        if let Some(row) = self.rows.remove(&number) {
            self.numbers.remove(&row.execution_arn);
        }
    }

    /// Returns the rows that are wanted, by their start.
    pub fn into_rows(self) -> Vec<Row> {
        let wanted = self.wanted;
        let rows = self.rows.into_values();
        let mut rows: Vec<Row> = rows
            .filter(|row| wanted.is_none_or(|wanted| row.status == wanted))
            .collect();
        rows.sort_by_key(|row| row.started_ms);
        rows
    }
}
