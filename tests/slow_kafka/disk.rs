//! A log disk that fills, and has room again.

use super::broker::shared;
use super::feed::Plan;
use super::site::{Site, delay};
use super::tally::{Look, compare, logged};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// A small file system in memory, mounted while this lives.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: &Path, bytes: usize) -> Disk {
        std::fs::create_dir_all(at).expect("a folder");
        let status = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"])
            .arg(at)
            .status();
        assert!(
            status.is_ok_and(|status| status.success()),
            "this test mounts a file system of its own and needs the right to: run it as root"
        );
        Disk(at.to_owned())
    }

    /// Gives the file system another size.
    fn resize(&self, bytes: usize) {
        let status = Command::new("mount")
            .args(["-o", &format!("remount,size={bytes}")])
            .arg(&self.0)
            .status();
        assert!(status.is_ok_and(|status| status.success()), "remount");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
#[ignore = "slow"]
fn log_disk_full() {
    let Some(broker) = shared() else { return };
    let site = Site::new("disk", &broker.address(), delay(5));
    let disk = Disk::mount(&site.logs(), 3 << 20);
    site.create_topics(broker, 4);
    let look = Look::at(&broker.address());
    let began = Instant::now();
    let plan = Plan::steady(broker.address(), site.input(), 4);
    let feed = plan.start();
    let mut process = site.start("one", true);
    process.until_ready(true, "");
    let filled = process.until_ready(false, "the log of workflow 'disk' cannot be written");
    let (_, page) = process.ready();
    std::thread::sleep(Duration::from_secs(3));
    // With overflow = "block" nothing is committed whose records are not in a file, also now.
    let (progress, now) = (
        look.progress("stepstream-disk", &site.input()),
        logged(&site.logs()),
    );
    let committed: i64 = progress.values().map(|(_, committed)| committed).sum();
    let unlogged = progress.iter().flat_map(|(partition, (_, committed))| {
        let offsets = (0..*committed).map(|offset| (*partition, offset));
        offsets.filter(|place| !now.succeeded.contains(place))
    });
    let unlogged = unlogged.count();
    std::thread::sleep(Duration::from_secs(10));
    let stood = look.progress("stepstream-disk", &site.input());
    let stood: i64 = stood.values().map(|(_, committed)| committed).sum();
    let memory = process.peak_memory();
    // A kill while it is full loses nothing either.
    process.kill();
    let mut process = site.start("one", true);
    process.until_ready(false, "the log of workflow 'disk' cannot be written");
    disk.resize(1 << 30);
    let recovered = process.until_ready(true, "");
    std::thread::sleep(Duration::from_secs(2));
    let acknowledged = feed.stop();
    look.until_done(&site, Duration::from_secs(120));
    process.stop();

    let outcome = compare(&acknowledged, &look.outputs(&site.output()));
    let logged = logged(&site.logs());
    let missing = logged.missing(&acknowledged);
    println!(
        "RESULT log_disk_full: unready {:.1} s after the start, {committed} committed when full ({unlogged} of them \
         without records), {} more in 10 s; memory {} MiB; ready {:.1} s after there was room; {} events, {} lost, {} \
         twice (a kill included), {missing} without log records, {:.0} s",
        filled.as_secs_f64(),
        stood - committed,
        memory >> 20,
        recovered.as_secs_f64(),
        outcome.events,
        outcome.lost,
        outcome.duplicates,
        began.elapsed().as_secs_f64()
    );
    println!("readiness said: {page}");
    assert_eq!((outcome.lost, missing, unlogged, logged.torn), (0, 0, 0, 0));
    assert!(memory < 512 << 20, "{memory}");
}
