//! The records of one execution, or of all runs of one name, gathered from a log.

use super::{Ending, Parser, Record, Status, Story, execution_name};

/// Most bytes of records that are gathered; what comes later is left out, and counted.
pub const RECORDS_BYTES_MAX: usize = 256 << 20;

/// Gathers the records of what was asked for.
pub struct Collection {
    wanted: String,
    runs: Vec<Recorded>,
    bytes: usize,
    /// How many records did not fit.
    pub left_out: u64,
}

/// The records of one execution.
pub struct Recorded {
    /// ARN of the execution.
    pub execution_arn: String,
    /// Id and text; sorted, each id once, when they come out of the [`Collection`].
    pub records: Vec<(u32, Box<[u8]>)>,
}

impl Collection {
    /// Creates one for an execution, given its ARN or its name.
    pub fn new(wanted: &str) -> Collection {
        Collection {
            wanted: wanted.to_owned(),
            runs: Vec::new(),
            bytes: 0,
            left_out: 0,
        }
    }

    /// Says whether a line may have a record that is asked for, without reading it.
    pub fn may_have(&self, line: &[u8]) -> bool {
        memchr::memmem::find(line, self.wanted.as_bytes()).is_some()
    }

    /// Says whether a record is of the execution that is asked for.
    pub fn wants(&self, record: &Record<'_>) -> bool {
        *record.execution_arn == *self.wanted || execution_name(&record.execution_arn) == self.wanted
    }

    /// Adds a record if it is asked for.
    pub fn add(&mut self, record: &Record<'_>) {
        if !self.wants(record) {
            return;
        }
        if self.bytes + record.text.len() > RECORDS_BYTES_MAX {
            self.left_out += 1;
            return;
        }
        self.bytes += record.text.len();
        let run = match self
            .runs
            .iter()
            .position(|run| run.execution_arn == *record.execution_arn)
        {
            Some(at) => &mut self.runs[at],
            None => {
                self.runs.push(Recorded {
                    execution_arn: record.execution_arn.clone().into_owned(),
                    records: Vec::new(),
                });
                let last = self.runs.len() - 1;
                &mut self.runs[last]
            }
        };
        run.records.push((record.id, record.text.into()));
    }

    /// Takes one execution out, as far as its records have come.
    pub fn take(&mut self, execution_arn: &str) -> Option<Recorded> {
        let at = self
            .runs
            .iter()
            .position(|run| run.execution_arn == execution_arn)?;
        let run = self.runs.swap_remove(at);
        self.bytes -= run.records.iter().map(|(_, text)| text.len()).sum::<usize>();
        Some(run.sorted())
    }

    /// Returns the executions that were found, in the order of their first records.
    pub fn into_runs(self) -> Vec<Recorded> {
        self.runs.into_iter().map(Recorded::sorted).collect()
    }
}

impl Recorded {
    fn sorted(mut self) -> Recorded {
        self.records.sort_by_key(|(id, _)| *id);
        self.records.dedup_by_key(|(id, _)| *id);
        self
    }

    /// Returns how the execution ended, as far as its records say.
    pub fn status(&self) -> Status {
        let mut parser = Parser::new();
        let mut status = Status::Unknown;
        for (_, text) in &self.records {
            parser.read(text, &mut |record| match Status::of_event(&record.kind) {
                Some(end) => status = end,
                None if record.id == 1 => status = Status::Unfinished,
                None => {}
            });
        }
        status
    }

    /// Tells the execution for reading, with its ending.
    pub fn tell(&self) -> Vec<u8> {
        let (mut parser, mut story, mut out) = (Parser::new(), Story::default(), Vec::new());
        let mut end = None;
        let (mut first_ms, mut begun) = (None, false);
        for (_, text) in &self.records {
            parser.read(text, &mut |record| {
                story.tell(&record.moment(), &mut out);
                let started_ms = *first_ms.get_or_insert(record.at_ms);
                begun |= record.id == 1;
                if let Some(status) = Status::of_event(&record.kind) {
                    let ending = record.ending();
                    // Without the first record nobody knows when it started.
                    let lasted_ms = begun.then_some(record.at_ms - started_ms);
                    end = Some(ending.text(status.name(), lasted_ms));
                }
            });
        }
        let status = if begun {
            Status::Unfinished
        } else {
            Status::Unknown
        };
        let end = end.unwrap_or_else(|| Ending::default().text(status.name(), None));
        out.extend_from_slice(end.as_bytes());
        out
    }
}
