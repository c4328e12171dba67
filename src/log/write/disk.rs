//! The file system as the log files use it: the lowest level, where tests let it fail.

use crate::clock::since_1970;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// Who may read a log file: logs may hold the data of executions, so nobody beside owner and group.
const FILE_MODE: u32 = 0o640;
/// Who may list a folder that is made for log files.
const FOLDER_MODE: u32 = 0o750;

/// One file of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) bytes: u64,
    /// When it was last written, in milliseconds since 1970.
    pub(super) modified_ms: i64,
}

/// What log files need of a file system.
pub(super) trait Disk: Send {
    /// Creates a file that must not exist, for appending, and locks it for this process.
    fn create(&mut self, path: &Path) -> io::Result<Box<dyn Handle>>;
    /// Opens a file for repair; `None` when another process is writing it.
    fn adopt(&mut self, path: &Path) -> io::Result<Option<Box<dyn Handle>>>;
    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()>;
    fn remove(&mut self, path: &Path) -> io::Result<()>;
    fn exists(&mut self, path: &Path) -> bool;
    /// Lists the files of a folder, which is made if it does not exist.
    fn list(&mut self, folder: &Path) -> io::Result<Vec<Entry>>;
    /// Makes names in a folder survive a power loss.
    fn sync_folder(&mut self, folder: &Path) -> io::Result<()>;
}

/// An open file.
pub(super) trait Handle: Send {
    /// Appends; may take a part only.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;
    fn truncate(&mut self, bytes: u64) -> io::Result<()>;
    fn sync(&mut self) -> io::Result<()>;
    /// Returns the length, and where the last line ends.
    fn whole_lines(&mut self) -> io::Result<(u64, u64)>;
}

/// The operating system's.
pub(super) struct RealDisk;

impl Disk for RealDisk {
    fn create(&mut self, path: &Path) -> io::Result<Box<dyn Handle>> {
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create_new(true)
            .mode(FILE_MODE)
            .open(path)?;
        // A file system without locks loses only the check that nobody else closes the file.
        let _ = file.try_lock();
        Ok(Box::new(file))
    }

    fn adopt(&mut self, path: &Path) -> io::Result<Option<Box<dyn Handle>>> {
        let file = OpenOptions::new().read(true).append(true).open(path)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => Ok(None),
            Ok(()) | Err(TryLockError::Error(_)) => Ok(Some(Box::new(file))),
        }
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&mut self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn exists(&mut self, path: &Path) -> bool {
        path.exists()
    }

    fn list(&mut self, folder: &Path) -> io::Result<Vec<Entry>> {
        DirBuilder::new()
            .recursive(true)
            .mode(FOLDER_MODE)
            .create(folder)?;
        let mut entries = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            // A file may go between being listed and being looked at.
            let (Ok(name), Ok(data)) = (entry.file_name().into_string(), entry.metadata()) else {
                continue;
            };
            let modified = data.modified().ok().map(since_1970);
            if data.is_file() {
                entries.push(Entry {
                    name,
                    bytes: data.len(),
                    modified_ms: modified.map_or(0, |since| since.as_millis() as i64),
                });
            }
        }
        Ok(entries)
    }

    fn sync_folder(&mut self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }
}

impl Handle for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Write::write(self, bytes)
    }

    fn truncate(&mut self, bytes: u64) -> io::Result<()> {
        self.set_len(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn whole_lines(&mut self) -> io::Result<(u64, u64)> {
        use std::io::{Read, Seek, SeekFrom};
        let len = self.metadata()?.len();
        let (mut end, mut block) = (len, [0; 64 * 1024]);
        while end > 0 {
            let start = end.saturating_sub(block.len() as u64);
            let part = &mut block[..(end - start) as usize];
            self.seek(SeekFrom::Start(start))?;
            self.read_exact(part)?;
            if let Some(at) = memchr::memrchr(b'\n', part) {
                return Ok((len, start + at as u64 + 1));
            }
            end = start;
        }
        Ok((len, 0))
    }
}
