//! Logs as they grow: `--follow`.

use super::files::{LINE_BYTES_MAX, expand, key};
use super::{Args, Wanted, print};
use crate::cli::definition::cannot_read;
use crate::cli::output::{Json, Stop, is_closed, stderr, stdout};
use crate::cli::{EXIT_OK, Format};
use crate::log::read::{Collection, Parser, Record, Recorded, Status, Story, Table, execution_name};
use crate::log::write::CLOSED_ENDING;
use crate::printable;
use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often files are looked at.
const POLL: Duration = Duration::from_millis(200);

/// Width of the column of names: nobody knows those that will come.
const NAME_WIDTH: usize = 24;

/// Executions that are told at the same time; the oldest is forgotten first.
const STORIES_MAX: usize = 100;

/// Prints what comes until Ctrl-C.
pub(super) fn run(args: &Args) -> Result<u8, Stop> {
    // Says at once what cannot be read.
    for path in expand(&args.files)? {
        let name = path.display().to_string();
        match File::open(&path) {
            // The service makes its folder when it starts.
            Err(error) if error.kind() == io::ErrorKind::NotFound && name != "-" => {
                stderr(&format!("note: waiting for {name}, which is not there yet"));
            }
            other => drop(other.map_err(|error| cannot_read(&name, &error))?),
        }
    }
    let mut tails = Tails::default();
    let mut teller = Teller::new(args);
    let mut parser = Parser::new();
    loop {
        let mut out = Vec::new();
        tails.read(&args.files, &mut |line| {
            if teller.may_want(line) {
                parser.read(line, &mut |record| teller.tell(record, &mut out));
            }
            // Long histories are printed as they are read.
            if out.len() > 1 << 16 {
                stdout(&out);
                out.clear();
            }
        });
        stdout(&out);
        if teller.is_over() || is_closed() {
            return Ok(EXIT_OK);
        }
        std::thread::sleep(POLL);
    }
}

/// Turns records into what is printed of them.
struct Teller<'a> {
    args: &'a Args,
    table: Table,
    /// For one execution: which records are its own.
    wanted: Option<Collection>,
    stories: Vec<(String, Story, Option<i64>)>,
    over: bool,
}

impl<'a> Teller<'a> {
    fn new(args: &'a Args) -> Teller<'a> {
        if args.format == Format::Text && args.execution.is_none() {
            stdout(print::header(NAME_WIDTH).as_bytes());
        }
        Teller {
            args,
            table: Table::new(args.status.map(|wanted| wanted.0)),
            wanted: args.execution.as_deref().map(Collection::new),
            stories: Vec::new(),
            over: false,
        }
    }

    fn may_want(&self, line: &[u8]) -> bool {
        self.wanted.as_ref().is_none_or(|wanted| wanted.may_have(line))
    }

    /// Says whether nothing more can come: the one execution has ended.
    fn is_over(&self) -> bool {
        self.over
    }

    fn tell(&mut self, record: &Record<'_>, out: &mut Vec<u8>) {
        match (&self.wanted, self.args.format) {
            (Some(wanted), _) if !wanted.wants(record) => {}
            (Some(_), _) if self.args.status.is_some() => self.run(record, out),
            (Some(_), Format::Json) => {
                out.extend_from_slice(record.text);
                out.push(b'\n');
                self.ends(record);
            }
            (Some(_), Format::Text) => self.story(record, out),
            (None, format) => {
                let Some(row) = self.table.add(record) else { return };
                if format == Format::Json {
                    let mut json = Json::object();
                    print::members(&mut json, row);
                    out.extend_from_slice(&json.finish());
                } else {
                    let name = execution_name(&row.execution_arn);
                    out.extend_from_slice(print::line(row, name, NAME_WIDTH).as_bytes());
                }
            }
        }
    }

    /// Keeps the records of a run until its end, which says whether the run is wanted.
    fn run(&mut self, record: &Record<'_>, out: &mut Vec<u8>) {
        let Some(collection) = &mut self.wanted else {
            return;
        };
        collection.add(record);
        if Status::of_event(&record.kind).is_none() {
            return;
        }
        let run = collection.take(&record.execution_arn);
        let is_wanted = |run: &Recorded| Some(Wanted(run.status())) == self.args.status;
        if let Some(run) = run.filter(is_wanted) {
            match self.args.format {
                Format::Json => run.records.iter().for_each(|(_, text)| {
                    out.extend_from_slice(text);
                    out.push(b'\n');
                }),
                Format::Text => {
                    out.extend_from_slice(format!("{}\n", printable::line(&run.execution_arn)).as_bytes());
                    out.extend_from_slice(&run.tell());
                    out.push(b'\n');
                }
            }
        }
        self.ends(record);
    }

    /// An ARN names one run, a name may run again.
    fn ends(&mut self, record: &Record<'_>) {
        let ended = Status::of_event(&record.kind).is_some();
        self.over |= ended && self.args.execution.as_deref() == Some(&*record.execution_arn);
    }

    fn story(&mut self, record: &Record<'_>, out: &mut Vec<u8>) {
        let arn = &*record.execution_arn;
        let at = match self.stories.iter().position(|(known, ..)| known == arn) {
            Some(at) => at,
            None => {
                if self.stories.len() >= STORIES_MAX {
                    self.stories.remove(0);
                }
                out.extend_from_slice(format!("{}\n", printable::line(arn)).as_bytes());
                let started_ms = (record.id == 1).then_some(record.at_ms);
                self.stories.push((arn.to_owned(), Story::default(), started_ms));
                self.stories.len() - 1
            }
        };
        let (_, story, started_ms) = &mut self.stories[at];
        story.tell(&record.moment(), out);
        if let Some(status) = Status::of_event(&record.kind) {
            let lasted_ms = started_ms.map(|started_ms| record.at_ms - started_ms);
            out.extend_from_slice(record.ending().text(status.name(), lasted_ms).as_bytes());
            out.push(b'\n');
        }
        self.ends(record);
    }
}

/// Where reading stands in each file.
#[derive(Default)]
struct Tails {
    /// By the name that the file will have when it is closed.
    tails: HashMap<PathBuf, Tail>,
}

#[derive(Default)]
struct Tail {
    /// `None` once it was closed and read to its end.
    file: Option<File>,
    position: u64,
    /// The beginning of a line that is not whole yet.
    rest: Vec<u8>,
}

impl Tails {
    /// Hands every line that has come to `take`.
    fn read(&mut self, paths: &[PathBuf], take: &mut dyn FnMut(&[u8])) {
        // A folder that is away may come back.
        let found = expand(paths).unwrap_or_default();
        for path in &found {
            let tail = self.tails.entry(key(path)).or_default();
            // A file that cannot be read now is tried again.
            let _ = tail.advance(path, take);
        }
        let keys: std::collections::HashSet<PathBuf> = found.iter().map(|path| key(path)).collect();
        self.tails.retain(|key, _| keys.contains(key));
    }
}

impl Tail {
    fn advance(&mut self, path: &Path, take: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        let now = std::fs::metadata(path)?;
        if self.file.is_none() && self.position > 0 && now.len() >= self.position {
            return Ok(());
        }
        if let Some(file) = &self.file {
            let known = file.metadata()?;
            if known.len() < self.position {
                // Emptied by somebody: it begins again.
                self.position = 0;
                self.rest.clear();
            } else if !is_same(&known, &now) {
                // Moved away, and another has taken its place: first the end of the old one.
                self.read_on(take)?;
                self.file = None;
            }
        }
        if self.file.is_none() {
            self.file = Some(File::open(path)?);
            self.position = 0;
            self.rest.clear();
        }
        self.read_on(take)?;
        if path.to_string_lossy().ends_with(CLOSED_ENDING) {
            self.file = None;
        }
        Ok(())
    }

    fn read_on(&mut self, take: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        file.seek(SeekFrom::Start(self.position))?;
        let mut block = vec![0; 1 << 16];
        loop {
            let read = file.read(&mut block)?;
            if read == 0 {
                return Ok(());
            }
            self.position += read as u64;
            for part in block[..read].split_inclusive(|byte| *byte == b'\n') {
                if self.rest.len() < LINE_BYTES_MAX {
                    self.rest.extend_from_slice(part);
                }
                if part.ends_with(b"\n") {
                    take(&self.rest);
                    self.rest.clear();
                }
            }
        }
    }
}

#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn is_same(_one: &Metadata, _other: &Metadata) -> bool {
    true
}
