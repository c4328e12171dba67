//! Log files: rotated by size and time, closed by a rename, kept by age and total size.
//!
//! A file is written as `<workflow>-<UTC time>-<number>.ndjson.open` and loses `.open` when it is closed:
//! a name that ends in `.ndjson` is a file that no longer changes and has whole lines only. What a crash
//! left open is closed at the next start, its torn last line cut off: nobody confirmed it.

use super::config::Limits;
use super::destination::Output;
use super::disk::{Disk, Entry, Handle};
use crate::timestamp;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// How the name of a closed file ends.
pub const CLOSED_ENDING: &str = ".ndjson";

/// How the name of a file that is being written ends.
pub const OPEN_ENDING: &str = ".ndjson.open";

/// How often files are looked at for their age when none is closed, in milliseconds.
const RETAIN_EVERY_MS: i64 = 600_000;

/// Most files of one workflow that may begin in one second.
const NUMBERS_MAX: u32 = 10_000;

/// The log files of one workflow.
pub(super) struct Files {
    disk: Box<dyn Disk>,
    folder: PathBuf,
    workflow: String,
    limits: Limits,
    /// What the wall clock shows at a monotonic time: for names, and for files' ages.
    wall: fn(i64) -> i64,
    open: Option<Open>,
    /// Whether a file was left behind with buffers that may not be on the disk; the next
    /// [`Output::settle`] fails for it.
    left_behind: bool,
    /// When files are next looked at for their age.
    retain_ms: i64,
}

/// The file that is being written.
struct Open {
    handle: Box<dyn Handle>,
    path: PathBuf,
    closed: PathBuf,
    /// Its length: whole buffers only.
    bytes: u64,
    /// How much of it is certainly on the disk.
    settled: u64,
    since_ms: i64,
}

impl Files {
    /// Prepares the folder: made if need be, left-over files closed, old ones removed.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub(super) fn start(
        disk: Box<dyn Disk>,
        folder: &Path,
        workflow: &str,
        limits: Limits,
        wall: fn(i64) -> i64,
        now_ms: i64,
    ) -> io::Result<Files> {
        let mut files = Files {
            disk,
            folder: folder.to_owned(),
            workflow: workflow.to_owned(),
            limits,
            wall,
            open: None,
            left_behind: false,
            retain_ms: 0,
        };
        files.close_left_over()?;
        files.retain(now_ms);
        Ok(files)
    }

    fn close_left_over(&mut self) -> io::Result<()> {
        for entry in self.disk.list(&self.folder)? {
            if !is_ours(&entry.name, &self.workflow, OPEN_ENDING) {
                continue;
            }
            let path = self.folder.join(&entry.name);
            // One that cannot be repaired stays as it is; readers cope with it.
            if let Err(error) = self.repair(&path) {
                tracing::warn!("{}: cannot be closed: {error}", path.display());
            }
        }
        Ok(())
    }

    /// Closes a file that a crash left open, unless a living process writes it.
    fn repair(&mut self, path: &Path) -> io::Result<()> {
        let Some(mut handle) = self.disk.adopt(path)? else {
            return Ok(());
        };
        let (len, whole) = handle.whole_lines()?;
        if whole < len {
            handle.truncate(whole)?;
        }
        if whole == 0 {
            return self.disk.remove(path);
        }
        self.disk.rename(path, &path.with_extension(""))
    }

    /// Returns the file to write to, begun if need be.
    fn opened(&mut self, now_ms: i64) -> io::Result<&mut Open> {
        if self.open.is_none() {
            self.open = Some(self.begin(now_ms)?);
        }
        self.open.as_mut().ok_or_else(|| io::Error::other("no file"))
    }

    fn begin(&mut self, now_ms: i64) -> io::Result<Open> {
        let time = compact_time((self.wall)(now_ms));
        for number in 1..=NUMBERS_MAX {
            let name = format!("{}-{time}-{number:04}", self.workflow);
            let closed = self.folder.join(format!("{name}{CLOSED_ENDING}"));
            let path = self.folder.join(format!("{name}{OPEN_ENDING}"));
            let handle = match self.disk.create(&path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    // Somebody removed the folder: listing makes it.
                    self.disk.list(&self.folder)?;
                    self.disk.create(&path)?
                }
                other => other?,
            };
            // Another process may have closed a file of this name just now.
            if self.disk.exists(&closed) {
                self.disk.remove(&path)?;
                continue;
            }
            if self.limits.fsync
                && let Err(error) = self.disk.sync_folder(&self.folder)
            {
                // What stands in a file is lost with the file's name.
                self.disk.remove(&path)?;
                return Err(error);
            }
            return Ok(Open {
                handle,
                path,
                closed,
                bytes: 0,
                settled: 0,
                since_ms: now_ms,
            });
        }
        Err(io::Error::other("too many log files in one second"))
    }

    /// Closes the file: from now on its name says that it is whole.
    fn rotate(&mut self, now_ms: i64) -> io::Result<()> {
        self.sync()?;
        let Some(open) = &self.open else {
            return Ok(());
        };
        match self.disk.rename(&open.path, &open.closed) {
            // Moved or removed by somebody: it is theirs now.
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => self.open = None,
        }
        if self.limits.fsync {
            self.disk.sync_folder(&self.folder)?;
        }
        self.retain(now_ms);
        Ok(())
    }

    /// Removes closed files that are too old, and the oldest while all together are too large.
    fn retain(&mut self, now_ms: i64) {
        self.retain_ms = now_ms.saturating_add(RETAIN_EVERY_MS);
        // Files have times of the wall clock. The earlier of both times keeps a file too long after the clock
        // was set, never too short.
        let age_ms = (self.wall)(now_ms).min(now_ms);
        // What cannot be removed now is tried again later; the log goes on.
        let Ok(entries) = self.disk.list(&self.folder) else {
            return;
        };
        let mut closed: Vec<Entry> = entries
            .into_iter()
            .filter(|entry| is_ours(&entry.name, &self.workflow, CLOSED_ENDING))
            .collect();
        closed.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        let open = self.open.as_ref().map_or(0, |open| open.bytes);
        let mut total = open + closed.iter().map(|entry| entry.bytes).sum::<u64>();
        for entry in &closed {
            let old = entry.modified_ms.saturating_add(self.limits.keep_for_ms) <= age_ms;
            if !old && total <= self.limits.keep_bytes {
                continue;
            }
            let path = self.folder.join(&entry.name);
            match self.disk.remove(&path) {
                Ok(()) => total -= entry.bytes,
                Err(error) => tracing::warn!("{}: cannot be removed: {error}", path.display()),
            }
        }
    }

    /// Waits until the disk has the file, if that is wanted. After an error nobody knows what the disk has,
    /// and asking again may be answered with a yes that means nothing: the file is left behind.
    fn sync(&mut self) -> io::Result<()> {
        let Some(open) = self.open.as_mut().filter(|_| self.limits.fsync) else {
            return Ok(());
        };
        let synced = open.handle.sync();
        match synced {
            Ok(()) => open.settled = open.bytes,
            Err(_) => self.abandon(),
        }
        synced
    }

    /// Leaves a file behind whose state is not known; the next write begins another. It keeps the name of
    /// an open file until the next start has cut off a torn end.
    fn abandon(&mut self) {
        let open = self.open.take();
        self.left_behind |= open.is_some_and(|open| open.settled < open.bytes);
    }
}

impl Output for Files {
    fn place(&self) -> String {
        match &self.open {
            Some(open) => open.path.display().to_string(),
            None => self.folder.display().to_string(),
        }
    }

    /// Appends a buffer with one call. After an error the file ends where it ended before, so the same
    /// buffer can be tried again.
    fn write(&mut self, bytes: &[u8], now_ms: i64) -> io::Result<()> {
        let (rotate_bytes, rotate_after_ms) = (self.limits.rotate_bytes, self.limits.rotate_after_ms);
        let outgrown = |open: &Open| {
            let large = open.bytes > 0 && open.bytes + bytes.len() as u64 > rotate_bytes;
            large || now_ms - open.since_ms >= rotate_after_ms
        };
        if self.open.as_ref().is_some_and(outgrown) {
            self.rotate(now_ms)?;
        }
        let open = self.opened(now_ms)?;
        match append(&mut *open.handle, bytes) {
            Ok(()) => {
                open.bytes += bytes.len() as u64;
                Ok(())
            }
            Err(error) => {
                let good = open.bytes;
                if open.handle.truncate(good).is_err() {
                    self.abandon();
                }
                Err(error)
            }
        }
    }

    /// Waits for the disk, if that is wanted. Fails once also for a file that was left behind since the last
    /// call: what it has is written again, into another.
    fn settle(&mut self) -> io::Result<()> {
        let synced = self.sync();
        if std::mem::take(&mut self.left_behind) && self.limits.fsync {
            return synced.and(Err(io::Error::other("a file was left behind")));
        }
        synced
    }

    fn due_ms(&self) -> i64 {
        let rotate = self.open.as_ref().map(|open| {
            let after = self.limits.rotate_after_ms;
            open.since_ms.saturating_add(after)
        });
        rotate.map_or(self.retain_ms, |at| at.min(self.retain_ms))
    }

    fn tick(&mut self, now_ms: i64) -> io::Result<()> {
        let after = self.limits.rotate_after_ms;
        if self
            .open
            .as_ref()
            .is_some_and(|open| now_ms - open.since_ms >= after)
        {
            self.rotate(now_ms)?;
        }
        if now_ms >= self.retain_ms {
            self.retain(now_ms);
        }
        Ok(())
    }

    fn close(&mut self, now_ms: i64) -> io::Result<()> {
        self.rotate(now_ms)
    }
}

fn append(handle: &mut dyn Handle, bytes: &[u8]) -> io::Result<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        match handle.write(rest) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(taken) => rest = &rest[taken..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Writes a time as `20260131T120000Z`: sorts, and fits every file system.
fn compact_time(wall_ms: i64) -> String {
    let text = timestamp::format(wall_ms);
    let digits = text[..19].iter().filter(|&&byte| byte != b'-' && byte != b':');
    digits.map(|&byte| char::from(byte)).chain(['Z']).collect()
}

/// Says whether a file is one of this workflow's: `<workflow>-20260131T120000Z-0001<ending>`.
fn is_ours(name: &str, workflow: &str, ending: &str) -> bool {
    let middle = name
        .strip_prefix(workflow)
        .and_then(|rest| rest.strip_prefix('-'))
        .and_then(|rest| rest.strip_suffix(ending));
    let Some((time, number)) = middle.and_then(|middle| middle.split_once('-')) else {
        return false;
    };
    let shape = |(at, byte): (usize, u8)| match at {
        8 => byte == b'T',
        15 => byte == b'Z',
        _ => byte.is_ascii_digit(),
    };
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    time.len() == 16 && time.bytes().enumerate().all(shape) && !number.is_empty() && digits
}
