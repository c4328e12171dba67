//! `stepstream run` as a child process, and what an operator sees of it.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A running process; killed when dropped.
pub(crate) struct Process {
    child: Child,
    listen: String,
    /// What it says on stderr.
    pub(crate) said: PathBuf,
}

/// Returns a loopback address that is free now.
pub(crate) fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").to_string()
}

impl Process {
    /// Starts the binary with a configuration file whose `listen` is told.
    pub(crate) fn start(config: &Path, listen: &str) -> Process {
        let said = config.with_extension("stderr");
        let log = std::fs::File::options().create(true).append(true).open(&said);
        // Another build may be put to the test: an optimized one, or one from before a change.
        let binary = std::env::var_os("STEPSTREAM_BINARY");
        let binary = binary.unwrap_or_else(|| env!("CARGO_BIN_EXE_stepstream").into());
        let child = Command::new(binary)
            .args(["run", "--config"])
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log.expect("a file"))
            .spawn()
            .expect("the binary starts");
        Process {
            child,
            listen: listen.to_owned(),
            said,
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills it with SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("ended");
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) fn stop(mut self) -> Duration {
        let began = Instant::now();
        signal(self.pid(), "TERM");
        let status = self.wait(Duration::from_secs(60));
        assert!(status.success(), "{status}; it said: {}", self.last_words());
        began.elapsed()
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self, within: Duration) -> ExitStatus {
        let until = Instant::now() + within;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status;
            }
            assert!(
                Instant::now() < until,
                "still there after {within:?}; it said: {}",
                self.last_words()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Panics if it has ended.
    pub(crate) fn assert_alive(&mut self) {
        let ended = self.child.try_wait().expect("a child");
        assert_eq!(ended, None, "ended; it said: {}", self.last_words());
    }

    /// Returns a page of its HTTP server, if it answers: status and body.
    pub(crate) fn page(&self, path: &str) -> Option<(u16, String)> {
        let mut connection = TcpStream::connect(&self.listen).ok()?;
        connection.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        let host = &self.listen;
        write!(
            connection,
            "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"
        )
        .ok()?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
    }

    /// Returns the sum of a metric's series, if the process answers.
    pub(crate) fn metric(&self, name: &str) -> Option<f64> {
        let (_, body) = self.page("/metrics")?;
        let values = body.lines().filter_map(|line| {
            let rest = line.strip_prefix(name)?;
            let is_it = rest.starts_with(['{', ' ']);
            is_it.then(|| rest.rsplit(' ').next()?.parse::<f64>().ok())?
        });
        Some(values.sum())
    }

    /// Says whether it is ready, and what the page says.
    pub(crate) fn ready(&self) -> (bool, String) {
        let (status, body) = self.page("/health/ready").unwrap_or((0, String::new()));
        (status == 200, body)
    }

    /// Waits until the readiness page says what is looked for.
    pub(crate) fn until_ready(&mut self, ready: bool, word: &str) -> Duration {
        let began = Instant::now();
        loop {
            let (is_ready, page) = self.ready();
            if is_ready == ready && page.contains(word) {
                return began.elapsed();
            }
            self.assert_alive();
            assert!(
                began.elapsed() < Duration::from_secs(90),
                "not ready={ready} with {word:?}: {page}; it said: {}",
                self.last_words()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Returns the most memory that it has had, in bytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("alive");
        let line = status.lines().find(|line| line.starts_with("VmHWM:"));
        let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
        kib.expect("a number") << 10
    }

    /// Returns the end of what it said.
    pub(crate) fn last_words(&self) -> String {
        let said = std::fs::read(&self.said).unwrap_or_default();
        let tail = &said[said.len().saturating_sub(3_000)..];
        String::from_utf8_lossy(tail).into_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal, by its name without SIG.
pub(crate) fn signal(pid: u32, name: &str) {
    let status = Command::new("kill")
        .args([format!("-{name}"), pid.to_string()])
        .status();
    assert!(status.expect("kill").success(), "kill -{name} {pid}");
}
