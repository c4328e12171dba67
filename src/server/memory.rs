//! How much memory the process may take, and what it is shared out to.
//!
//! Owns what is read of the system, and the arithmetic. Must not know what the memory is used for. Invariant: whatever
//! the files say, or if there are none, there is a limit that is above zero and not above the machine's memory where
//! that is known.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The memory of a machine that does not tell.
const MACHINE_UNKNOWN: u64 = 1 << 30;

/// Most bytes that are read of a system's file.
const FILE_BYTES_MAX: u64 = 256 << 10;

/// Where a memory limit comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// `service.memory_max`.
    Configured,
    /// The container's limit.
    Cgroup,
    /// The process's own limit: `ulimit -v`, `ulimit -d`, systemd's `LimitAS`.
    Process,
    /// The machine's memory.
    Machine,
    /// Nothing tells: a guess.
    Unknown,
}

/// The memory of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Memory {
    pub(super) bytes: u64,
    pub(super) origin: Origin,
}

impl Memory {
    /// Returns what is configured, else what [`Memory::found`] does.
    pub(super) fn new(configured: Option<u64>) -> Memory {
        match configured {
            Some(bytes) => Memory {
                bytes,
                origin: Origin::Configured,
            },
            None => Memory::found(Path::new("/")),
        }
    }

    /// Looks in a file system, Linux's, below `root`: three quarters of what the container or the machine has, or less
    /// if the process's own limit asks for it.
    fn found(root: &Path) -> Memory {
        let machine = machine(root);
        let cgroup = cgroup(root).filter(|limit| machine.is_none_or(|machine| *limit < machine));
        let (whole, origin) = match (cgroup, machine) {
            (Some(limit), _) => (limit, Origin::Cgroup),
            (None, Some(machine)) => (machine, Origin::Machine),
            (None, None) => (MACHINE_UNKNOWN, Origin::Unknown),
        };
        let bytes = whole / 4 * 3;
        // Stacks of threads and what the allocator keeps in reserve count there and take no memory.
        let own = process(root).map(|limit| limit / 2).filter(|own| *own < bytes);
        let (bytes, origin) = own.map_or((bytes, origin), |own| (own, Origin::Process));
        Memory {
            bytes: bytes.max(1),
            origin,
        }
    }
}

/// Returns the lower one of the process's own limits: of its address space, and of its data.
fn process(root: &Path) -> Option<u64> {
    let text = read(&root.join("proc/self/limits"))?;
    let limits = ["Max address space", "Max data size"].iter().filter_map(|name| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        limit(line.split_whitespace().next()?)
    });
    limits.min()
}

/// Returns the machine's memory in bytes.
fn machine(root: &Path) -> Option<u64> {
    let text = read(&root.join("proc/meminfo"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024).filter(|bytes| *bytes > 0)
}

/// Returns the lowest limit of the process's control group and those around it, of either version.
fn cgroup(root: &Path) -> Option<u64> {
    let text = read(&root.join("proc/self/cgroup"))?;
    let limits = text.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':');
        let (number, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        match controllers {
            "" if number == "0" => lowest(&root.join("sys/fs/cgroup"), path, &["memory.max", "memory.high"]),
            _ if controllers.split(',').any(|name| name == "memory") => lowest(
                &root.join("sys/fs/cgroup/memory"),
                path,
                &["memory.limit_in_bytes"],
            ),
            _ => None,
        }
    });
    limits.min()
}

/// Returns the lowest limit from a group up to the root of its tree. Where the process sees only a part of the tree,
/// as in a container, the path may lead nowhere; the root of what it sees is its own group then.
fn lowest(mount: &Path, path: &str, files: &[&str]) -> Option<u64> {
    let mut groups = vec![PathBuf::from(mount)];
    // A path that climbs is one outside of what the process sees.
    if !path.split('/').any(|part| part == "..") {
        for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
            let group = groups.last().map(|last| last.join(part));
            groups.extend(group);
        }
    }
    let limits = groups.iter().flat_map(|group| {
        let limits = files.iter().filter_map(|file| read(&group.join(file)));
        limits.filter_map(|text| limit(&text))
    });
    limits.min()
}

/// Reads a limit: a number of bytes above 0. `max`, and whatever else stands there, is none.
fn limit(text: &str) -> Option<u64> {
    text.trim().parse().ok().filter(|bytes| *bytes > 0)
}

fn read(path: &Path) -> Option<String> {
    let mut text = String::new();
    let file = File::open(path).ok()?;
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    const GIB: u64 = 1 << 30;

    /// Checks what is found where these files are.
    fn check(files: &[(&str, &str)], expected: (u64, Origin)) {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let root = std::env::temp_dir().join(format!("stepstream-memory-{}-{number}", std::process::id()));
        for (path, text) in files {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        let found = Memory::found(&root);
        std::fs::remove_dir_all(&root).expect("removed");
        assert_eq!((found.bytes, found.origin), expected, "{files:?}");
    }

    const MACHINE: (&str, &str) = ("proc/meminfo", "MemTotal:        8388608 kB\nMemFree: 1 kB\n");
    const V2: (&str, &str) = ("proc/self/cgroup", "0::/a/b\n");

    #[test]
    fn a_limit_of_a_control_group_is_found() {
        let quarters = |bytes: u64| bytes / 4 * 3;
        let container = ("proc/self/cgroup", "0::/\n");
        check(
            &[MACHINE, container, ("sys/fs/cgroup/memory.max", "1073741824\n")],
            (quarters(GIB), Origin::Cgroup),
        );
        // The lowest of its own group and those around it counts, and one at which the kernel throttles.
        check(
            &[
                MACHINE,
                V2,
                ("sys/fs/cgroup/a/b/memory.max", "max\n"),
                ("sys/fs/cgroup/a/memory.max", "2147483648\n"),
                ("sys/fs/cgroup/a/memory.high", "1073741824\n"),
            ],
            (quarters(GIB), Origin::Cgroup),
        );
        // A path of the host, in a container that does not see it.
        check(
            &[
                MACHINE,
                ("proc/self/cgroup", "5:cpu:/x\n4:memory,hugetlb:/docker/1\n"),
                ("sys/fs/cgroup/memory/memory.limit_in_bytes", "1073741824"),
            ],
            (quarters(GIB), Origin::Cgroup),
        );
        check(
            &[
                MACHINE,
                ("proc/self/cgroup", "0::/../../elsewhere\n"),
                ("sys/fs/cgroup/memory.max", "1073741824\n"),
            ],
            (quarters(GIB), Origin::Cgroup),
        );
    }

    #[test]
    fn a_limit_of_the_process_is_found() {
        let limits = |data: &str, space: &str| {
            format!(
                "Limit                     Soft Limit           Hard Limit           Units\n\
                 Max data size             {data}            unlimited            bytes\n\
                 Max address space         {space}            unlimited            bytes\n"
            )
        };
        for (data, space, expected) in [
            ("unlimited", "1073741824", (GIB / 2, Origin::Process)),
            ("1073741824", "2147483648", (GIB / 2, Origin::Process)),
            ("unlimited", "unlimited", (6 * GIB, Origin::Machine)),
            // More than there is.
            ("unlimited", "68719476736", (6 * GIB, Origin::Machine)),
        ] {
            check(&[MACHINE, ("proc/self/limits", &limits(data, space))], expected);
        }
        let both = limits("unlimited", "1073741824");
        let container = ("sys/fs/cgroup/a/b/memory.max", "536870912\n");
        check(
            &[MACHINE, V2, container, ("proc/self/limits", &both)],
            (GIB / 8 * 3, Origin::Cgroup),
        );
    }

    #[test]
    fn what_is_no_limit_is_the_machine() {
        let none = [
            "max",
            "max\n",
            "",
            "0",
            "-1",
            "1 GiB",
            "99999999999999999999999",
            // Version 1 for "no limit".
            "9223372036854771712\n",
            "\u{1f4a3}",
        ];
        for text in none {
            check(
                &[MACHINE, V2, ("sys/fs/cgroup/a/b/memory.max", text)],
                (6 * GIB, Origin::Machine),
            );
        }
        check(&[MACHINE], (6 * GIB, Origin::Machine));
        check(
            &[MACHINE, ("proc/self/cgroup", "rubbish\n0:\n::\n")],
            (6 * GIB, Origin::Machine),
        );
        for meminfo in ["", "MemTotal: 0 kB", "MemTotal: many kB", "MemTotal: 5"] {
            check(&[("proc/meminfo", meminfo)], (GIB / 4 * 3, Origin::Unknown));
        }
    }

    #[test]
    fn what_is_configured_counts() {
        let expected = Memory {
            bytes: 5,
            origin: Origin::Configured,
        };
        assert_eq!(Memory::new(Some(5)), expected);
        assert!(Memory::new(None).bytes > 0);
    }
}
