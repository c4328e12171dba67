//! The lines of log files.

use crate::cli::definition::cannot_read;
use crate::cli::output::{Stop, stderr};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// Longest line that is looked at: a record has at most some texts of 248 KiB.
pub(super) const LINE_BYTES_MAX: usize = 16 << 20;

/// How compressed files begin.
const GZIP: &[u8] = &[0x1f, 0x8b];

/// Lines that are no records.
#[derive(Default)]
pub(super) struct Unread {
    lines: u64,
    /// Files whose last line is torn.
    torn: Vec<String>,
}

impl Unread {
    /// Tells the user, if there is anything to tell.
    pub(super) fn tell(&self) {
        for name in &self.torn {
            stderr(&format!(
                "note: the last line of {name} is incomplete: a crash, or it is still being written"
            ));
        }
        match self.lines {
            0 => {}
            1 => stderr("note: 1 line is not a log record"),
            lines => stderr(&format!("note: {lines} lines are not log records")),
        }
    }
}

/// Hands every line of the files to `take`, which returns how many records it has found.
pub(super) fn read(paths: &[PathBuf], take: &mut dyn FnMut(&[u8]) -> usize) -> Result<Unread, Stop> {
    let mut unread = Unread::default();
    for path in expand(paths)? {
        let name = path.display().to_string();
        let result = if path.as_os_str() == "-" {
            lines(&mut io::stdin().lock(), "stdin", &mut unread, take)
        } else {
            File::open(&path)
                .map(|file| BufReader::with_capacity(1 << 20, file))
                .and_then(|mut file| lines(&mut file, &name, &mut unread, take))
        };
        match result {
            // A file of a folder may be closed, by its name, or removed while we are on the way to it.
            Err(error) if error.kind() == io::ErrorKind::NotFound && !paths.contains(&path) => {
                closed(&path, &mut unread, take)?;
            }
            other => other.map_err(|error| cannot_read(&name, &error))?,
        }
    }
    Ok(unread)
}

/// Reads a file that was open when the folder was listed and has been closed since.
fn closed(path: &Path, unread: &mut Unread, take: &mut dyn FnMut(&[u8]) -> usize) -> Result<(), Stop> {
    let path = key(path);
    let Ok(file) = File::open(&path) else {
        return Ok(());
    };
    let name = path.display().to_string();
    lines(&mut BufReader::with_capacity(1 << 20, file), &name, unread, take)
        .map_err(|error| cannot_read(&name, &error))
}

/// Returns the files that are meant: of a folder all, in the order of their names.
pub(super) fn expand(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Stop> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let entries =
            std::fs::read_dir(path).map_err(|error| cannot_read(&path.display().to_string(), &error))?;
        let mut found: Vec<PathBuf> = entries
            .flatten()
            .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
            .map(|entry| entry.path())
            .filter(|path| path.is_file())
            .collect();
        found.sort();
        files.extend(found);
    }
    Ok(files)
}

/// Returns the name that a file will have when it is closed: the same file has one key.
pub(super) fn key(path: &Path) -> PathBuf {
    match path.extension() {
        Some(ending) if ending == "open" => path.with_extension(""),
        _ => path.to_owned(),
    }
}

fn lines(
    file: &mut impl BufRead,
    name: &str,
    unread: &mut Unread,
    take: &mut dyn FnMut(&[u8]) -> usize,
) -> io::Result<()> {
    if file.fill_buf()?.starts_with(GZIP) {
        stderr(&format!(
            "note: {name} is compressed and was skipped: gunzip it first"
        ));
        return Ok(());
    }
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = file
            .by_ref()
            .take(LINE_BYTES_MAX as u64)
            .read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(());
        }
        let whole = line.ends_with(b"\n");
        let blank = line.trim_ascii().is_empty();
        if blank || take(&line) > 0 {
            continue;
        }
        // The frame of an indented document is no news either.
        let is_frame = line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t')) || line.len() < 4;
        if !whole && read < LINE_BYTES_MAX && line.starts_with(b"{\"id\":") {
            unread.torn.push(name.to_owned());
        } else if !is_frame {
            unread.lines += 1;
        }
    }
}
