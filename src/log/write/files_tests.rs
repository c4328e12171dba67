//! Log files on a disk that can be made to fail; time is handed in.

use super::config::Limits;
use super::destination::Output;
use super::disk::{Disk, Entry, Handle, RealDisk};
use super::files::{CLOSED_ENDING, Files, OPEN_ENDING};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

/// 2026-01-01T00:00:00Z.
const T0: i64 = 1_767_225_600_000;

/// A folder of its own for each test.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Folder {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("stepstream-journal-{}-{count}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a temporary folder");
        Folder(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).expect("the folder").flatten();
        let mut names: Vec<String> = entries
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    pub(super) fn clear(&self) {
        for name in self.names() {
            std::fs::remove_file(self.0.join(name)).expect("a file");
        }
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).expect("a file")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Returns what all files have, in order.
pub(super) fn text_of(folder: &Folder) -> String {
    folder.names().iter().map(|name| folder.read(name)).collect()
}

pub(super) fn limits() -> Limits {
    Limits {
        rotate_bytes: 1 << 30,
        rotate_after_ms: 3_600_000,
        keep_for_ms: i64::MAX,
        keep_bytes: u64::MAX,
        fsync: false,
    }
}

#[derive(Default)]
struct Faults {
    /// Bytes that still fit.
    space: Option<u64>,
    truncate_fails: bool,
    sync_fails: bool,
    folder_sync_fails: bool,
    syncs: usize,
    writes: usize,
}

/// The real disk, with faults that a test turns on and off.
#[derive(Clone, Default)]
pub(super) struct FaultyDisk(Arc<Mutex<Faults>>);

impl FaultyDisk {
    fn faults(&self) -> std::sync::MutexGuard<'_, Faults> {
        self.0.lock().expect("unpoisoned")
    }

    pub(super) fn set_space(&self, bytes: Option<u64>) {
        self.faults().space = bytes;
    }
}

impl Disk for FaultyDisk {
    fn create(&mut self, path: &Path) -> io::Result<Box<dyn Handle>> {
        let file = RealDisk.create(path)?;
        Ok(Box::new(FaultyFile(file, self.clone())))
    }

    fn adopt(&mut self, path: &Path) -> io::Result<Option<Box<dyn Handle>>> {
        RealDisk.adopt(path)
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        RealDisk.rename(from, to)
    }

    fn remove(&mut self, path: &Path) -> io::Result<()> {
        RealDisk.remove(path)
    }

    fn exists(&mut self, path: &Path) -> bool {
        RealDisk.exists(path)
    }

    fn list(&mut self, folder: &Path) -> io::Result<Vec<Entry>> {
        RealDisk.list(folder)
    }

    fn sync_folder(&mut self, folder: &Path) -> io::Result<()> {
        if self.faults().folder_sync_fails {
            return Err(io::Error::other("injected"));
        }
        RealDisk.sync_folder(folder)
    }
}

struct FaultyFile(Box<dyn Handle>, FaultyDisk);

impl Handle for FaultyFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut faults = self.1.faults();
        faults.writes += 1;
        let Some(space) = &mut faults.space else {
            return self.0.write(bytes);
        };
        // What fits is written, as a real disk does; the next call fails.
        let fits = bytes.len().min(*space as usize);
        if fits == 0 {
            return Err(io::Error::from_raw_os_error(28));
        }
        *space -= fits as u64;
        self.0.write(&bytes[..fits])
    }

    fn truncate(&mut self, bytes: u64) -> io::Result<()> {
        if self.1.faults().truncate_fails {
            return Err(io::Error::other("injected"));
        }
        self.0.truncate(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut faults = self.1.faults();
        faults.syncs += 1;
        if faults.sync_fails {
            return Err(io::Error::other("injected"));
        }
        self.0.sync()
    }

    fn whole_lines(&mut self) -> io::Result<(u64, u64)> {
        self.0.whole_lines()
    }
}

fn files(folder: &Folder, disk: &FaultyDisk, limits: Limits, now_ms: i64) -> Files {
    Files::start(
        Box::new(disk.clone()),
        folder.path(),
        "flow",
        limits,
        |ms| ms,
        now_ms,
    )
    .expect("a folder")
}

fn closed(time: &str, number: u32) -> String {
    format!("flow-{time}-{number:04}{CLOSED_ENDING}")
}

fn open(time: &str, number: u32) -> String {
    format!("flow-{time}-{number:04}{OPEN_ENDING}")
}

#[test]
fn a_file_is_begun_with_the_first_buffer_and_closed_by_its_name() {
    let (folder, disk) = (Folder::new(), FaultyDisk::default());
    let mut files = files(&folder, &disk, limits(), T0);
    assert!(folder.names().is_empty());
    files.write(b"{}\n", T0).expect("room");
    assert_eq!(folder.names(), [open("20260101T000000Z", 1)]);
    assert_eq!(disk.faults().writes, 1);
    files.close(T0 + 1).expect("a rename");
    assert_eq!(folder.names(), [closed("20260101T000000Z", 1)]);
}

#[test]
fn size_rotates() {
    let (folder, disk) = (Folder::new(), FaultyDisk::default());
    let small = Limits {
        rotate_bytes: 10,
        ..limits()
    };
    let mut files = files(&folder, &disk, small, T0);
    for text in ["1234\n", "5678\n", "9\n", "larger than a file\n", "a\n"] {
        files.write(text.as_bytes(), T0).expect("room");
    }
    let names = folder.names();
    let time = "20260101T000000Z";
    assert_eq!(
        names,
        [closed(time, 1), closed(time, 2), closed(time, 3), open(time, 4)]
    );
    let texts: Vec<String> = names.iter().map(|name| folder.read(name)).collect();
    assert_eq!(texts, ["1234\n5678\n", "9\n", "larger than a file\n", "a\n"]);
}

#[test]
fn time_rotates_also_when_nothing_is_written() {
    let (folder, disk) = (Folder::new(), FaultyDisk::default());
    let mut files = files(&folder, &disk, limits(), T0);
    files.write(b"a\n", T0 + 1_000).expect("room");
    assert_eq!(files.due_ms(), T0 + 600_000, "files are looked at for their age");
    files.tick(T0 + 3_600_999).expect("nothing to do");
    assert_eq!(folder.names(), [open("20260101T000001Z", 1)]);
    assert_eq!(files.due_ms(), T0 + 3_601_000);
    files.tick(T0 + 3_601_000).expect("a rename");
    assert_eq!(folder.names(), [closed("20260101T000001Z", 1)]);
    files.write(b"b\n", T0 + 7_200_000).expect("room");
    files.write(b"c\n", T0 + 10_800_000).expect("room");
    assert_eq!(
        folder.names()[1..],
        [closed("20260101T020000Z", 1), open("20260101T030000Z", 1)]
    );
}

#[test]
fn age_and_total_size_remove_the_oldest_closed_files() {
    let (folder, disk) = (Folder::new(), FaultyDisk::default());
    let write = |name: &str, age_ms: i64| {
        let path = folder.path().join(name);
        std::fs::write(&path, "123456789\n").expect("a file");
        let at = std::time::UNIX_EPOCH + std::time::Duration::from_millis((T0 - age_ms) as u64);
        let file = std::fs::File::options().write(true).open(path).expect("the file");
        file.set_modified(at).expect("a time");
    };
    let kept = [
        "other-20200101T000000Z-0001.ndjson",
        "flow-notes.ndjson",
        "flow-b-20200101T000000Z-0001.ndjson",
    ];
    kept.iter().for_each(|name| write(name, i64::MAX / 4_000_000));
    for day in 1..=5 {
        write(&closed(&format!("2025120{day}T000000Z"), 1), (6 - day) * 1_000);
    }
    let keeping = |keep_for_ms, keep_bytes| Limits {
        keep_for_ms,
        keep_bytes,
        ..limits()
    };
    let days = || {
        let names = folder
            .names()
            .into_iter()
            .filter(|name| !kept.contains(&name.as_str()));
        names.map(|name| name[..13].to_owned()).collect::<Vec<_>>()
    };
    drop(files(&folder, &disk, keeping(5_001, 50), T0));
    assert_eq!(days().len(), 5);
    drop(files(&folder, &disk, keeping(5_000, 50), T0));
    assert_eq!(
        days(),
        ["flow-20251202", "flow-20251203", "flow-20251204", "flow-20251205"]
    );
    let mut files = files(&folder, &disk, keeping(i64::MAX, 35), T0);
    assert_eq!(days(), ["flow-20251203", "flow-20251204", "flow-20251205"]);
    // What is open counts, and is never removed.
    files
        .write(b"a file of more than thirty-five bytes\n", T0)
        .expect("room");
    files.tick(T0 + 600_000).expect("nothing wrong");
    assert_eq!(folder.names().len(), kept.len() + 1, "{:?}", folder.names());
    for name in kept {
        assert!(folder.names().iter().any(|found| found == name), "{name}");
    }
}

#[test]
fn a_torn_write_is_taken_back() {
    let (folder, disk) = (Folder::new(), FaultyDisk::default());
    let mut files = files(&folder, &disk, limits(), T0);
    files.write(b"first\n", T0).expect("room");
    disk.set_space(Some(3));
    let error = files.write(b"second\n", T0).expect_err("no room");
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    assert_eq!(text_of(&folder), "first\n");
    disk.set_space(None);
    files.write(b"second\n", T0).expect("room");
    assert_eq!(text_of(&folder), "first\nsecond\n");
}

#[test]
fn a_torn_write_that_cannot_be_taken_back_ends_its_file() {
    let (folder, disk) = (Folder::new(), FaultyDisk::default());
    let mut writing = files(&folder, &disk, limits(), T0);
    writing.write(b"first\n", T0).expect("room");
    disk.set_space(Some(3));
    disk.faults().truncate_fails = true;
    writing.write(b"second\n", T0).expect_err("no room");
    disk.set_space(None);
    writing.write(b"second\n", T0).expect("another file");
    let time = "20260101T000000Z";
    assert_eq!(folder.names(), [open(time, 1), open(time, 2)]);
    assert_eq!(folder.read(&open(time, 1)), "first\nsec");
    writing.close(T0).expect("a rename");
    // The next start cuts the torn line off.
    drop(files(&folder, &disk, limits(), T0));
    assert_eq!(folder.names(), [closed(time, 1), closed(time, 2)]);
    assert_eq!(text_of(&folder), "first\nsecond\n");
}

#[test]
fn what_is_not_on_the_disk_is_written_again() {
    let (folder, disk) = (Folder::new(), FaultyDisk::default());
    let safe = Limits {
        fsync: true,
        ..limits()
    };
    let mut files = files(&folder, &disk, safe, T0);
    files.write(b"first\n", T0).expect("room");
    disk.faults().sync_fails = true;
    files.settle().expect_err("injected");
    disk.faults().sync_fails = false;
    files.write(b"first\n", T0).expect("another file");
    files.settle().expect("safe");
    assert_eq!((folder.names().len(), disk.faults().syncs), (2, 2));
}

#[test]
fn a_file_whose_name_is_not_on_the_disk_takes_nothing() {
    let (folder, disk) = (Folder::new(), FaultyDisk::default());
    let safe = Limits {
        fsync: true,
        ..limits()
    };
    let mut files = files(&folder, &disk, safe, T0);
    disk.faults().folder_sync_fails = true;
    files.write(b"first\n", T0).expect_err("injected");
    assert!(folder.names().is_empty());
    disk.faults().folder_sync_fails = false;
    files.write(b"first\n", T0).expect("another file");
    files.settle().expect("safe");
    assert_eq!(text_of(&folder), "first\n");
}

#[test]
fn a_file_that_cannot_be_synced_before_it_is_closed_is_written_again() {
    let (folder, disk) = (Folder::new(), FaultyDisk::default());
    let safe = Limits {
        fsync: true,
        rotate_bytes: 8,
        ..limits()
    };
    let mut files = files(&folder, &disk, safe, T0);
    files.write(b"first\n", T0).expect("room");
    disk.faults().sync_fails = true;
    files.write(b"second\n", T0).expect_err("injected");
    disk.faults().sync_fails = false;
    // The disk would say yes to the same file now.
    files.settle().expect_err("the first is not safe");
    let time = "20260101T000000Z";
    assert_eq!(folder.names(), [open(time, 1)]);
    for text in [&b"first\n"[..], b"second\n"] {
        files.write(text, T0).expect("another file");
    }
    files.settle().expect("safe");
    assert_eq!(folder.names(), [open(time, 1), closed(time, 2), open(time, 3)]);
    // What was safe before is not written again.
    disk.faults().sync_fails = true;
    files.tick(T0 + 3_600_000).expect_err("injected");
    disk.faults().sync_fails = false;
    files.settle().expect("nothing is owed");
}

#[test]
fn what_shares_a_file_with_a_torn_end_is_written_again() {
    let (folder, disk) = (Folder::new(), FaultyDisk::default());
    let safe = Limits {
        fsync: true,
        ..limits()
    };
    let mut files = files(&folder, &disk, safe, T0);
    files.write(b"safe\n", T0).expect("room");
    files.settle().expect("safe");
    let mut tear = |before: &[u8]| {
        files.write(before, T0).expect("room");
        disk.set_space(Some(3));
        disk.faults().truncate_fails = true;
        files.write(b"second\n", T0).expect_err("no room");
        disk.set_space(None);
        disk.faults().truncate_fails = false;
        files.settle()
    };
    tear(b"").expect("nothing but what is safe came before");
    tear(b"first\n").expect_err("nobody waited for the first");
    files.write(b"first\n", T0).expect("another file");
    files.settle().expect("safe");
}

#[test]
fn left_over_files_are_closed_but_not_those_of_the_living() {
    let (folder, disk) = (Folder::new(), FaultyDisk::default());
    let time = "20260101T000000Z";
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
    write(&open(time, 1), "whole\ntorn");
    write(&open(time, 2), "torn only");
    write(
        &open(time, 3),
        &format!("{}\n{}", "a".repeat(100_000), "b".repeat(200_000)),
    );
    write("other-20260101T000000Z-0001.ndjson.open", "torn");
    let mut living = files(&folder, &disk, limits(), T0);
    living.write(b"alive\n", T0).expect("room");
    assert_eq!(
        folder.names(),
        [
            closed(time, 1),
            open(time, 2),
            closed(time, 3),
            "other-20260101T000000Z-0001.ndjson.open".into()
        ]
    );
    assert_eq!(folder.read(&closed(time, 1)), "whole\n");
    assert_eq!(folder.read(&closed(time, 3)).len(), 100_001);
    // A second process of the same workflow in the same folder.
    let mut second = files(&folder, &disk, limits(), T0);
    second.write(b"alive too\n", T0).expect("room");
    living.write(b"still\n", T0).expect("room");
    living.close(T0).expect("a rename");
    second.close(T0).expect("a rename");
    assert_eq!(folder.read(&closed(time, 2)), "alive\nstill\n");
    assert_eq!(folder.read(&closed(time, 4)), "alive too\n");
}

#[test]
fn a_folder_that_goes_is_made_again() {
    let (folder, disk) = (Folder::new(), FaultyDisk::default());
    let mut files = files(&folder, &disk, limits(), T0);
    files.write(b"first\n", T0).expect("room");
    std::fs::remove_dir_all(folder.path()).expect("it was there");
    files.tick(T0 + 3_600_000).expect("somebody else closed it");
    files.write(b"second\n", T0 + 3_600_000).expect("a new folder");
    assert_eq!(text_of(&folder), "second\n");
}

#[test]
fn logs_are_not_for_everyone() {
    use std::os::unix::fs::PermissionsExt;
    let parent = Folder::new();
    let folder = parent.path().join("made/for-logs");
    let path = folder.join("log");
    RealDisk.list(&folder).expect("made");
    RealDisk.create(&path).expect("created");
    for path in [parent.path().join("made").as_path(), &folder, &path] {
        let mode = std::fs::metadata(path).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o027, 0, "{}: {mode:o}", path.display());
    }
}
