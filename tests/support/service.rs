//! The service as a child process: `stepstream run` with a configuration that the test wrote.
//!
//! A [`Place`] is a folder with configuration, definitions and logs; a [`Service`] is a process started
//! there. Both go when they are dropped, however the test ends.

use crate::broker::Broker;
use crate::broker::patience::Patience;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long anything may take on a machine that does other work.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Answers its input.
pub(crate) const ECHO: &str = r#"{"StartAt":"done","States":{"done":{"Type":"Succeed"}}}"#;

/// Answers its input after what the function `slow` takes: see [`slow`].
pub(crate) const SLOW: &str = r#"{"StartAt":"wait","States":{"wait":
    {"Type":"Task","Resource":"arn:aws:lambda:us-east-1:111111111111:function:slow","End":true}}}"#;

/// The tasks that [`SLOW`] needs.
pub(crate) fn slow(milliseconds: u32) -> String {
    format!(
        "[tasks]\n\"arn:aws:lambda:*:*:function:slow\" = {{ function = \"delay\", milliseconds = {milliseconds} }}\n"
    )
}

/// A folder of one test.
pub(crate) struct Place(pub(crate) PathBuf);

impl Place {
    pub(crate) fn new(name: &str) -> Place {
        let folder = std::env::temp_dir().join(format!("stepstream-service-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        Place(folder)
    }

    /// Writes a file, whole at once as deployments do.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let (path, fresh) = (self.0.join(name), self.0.join(format!("{name}.new")));
        fs::write(&fresh, text).expect("written");
        fs::rename(fresh, path).expect("renamed");
    }

    /// Writes the configuration: what all tests have in common, then `rest`. Members of a group hear of a
    /// rebalance at their next heartbeat, so these are close.
    pub(crate) fn configure(&self, broker: &Broker, rest: &str) {
        self.configure_at(&broker.address(), "", rest);
    }

    /// Writes the configuration for another address, with more properties.
    pub(crate) fn configure_at(&self, brokers: &str, properties: &str, rest: &str) {
        let text = format!(
            "[service]
shards = 2
pin = false
listen = \"127.0.0.1:0\"
[kafka]
brokers = \"{brokers}\"
{properties}
[kafka.consumer]
\"heartbeat.interval.ms\" = 200
\"session.timeout.ms\" = 6000
{rest}"
        );
        self.write("stepstream.toml", &text);
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stepstream"));
        let config = self.0.join("stepstream.toml");
        command.arg("run").arg("--config").arg(config).args(arguments);
        command
            .current_dir(&self.0)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command
    }

    /// Returns the types of the log records of each execution, by name, from all files of a log folder.
    pub(crate) fn log(&self, folder: &str) -> BTreeMap<String, Vec<String>> {
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let files = fs::read_dir(self.0.join(folder)).expect("a log folder");
        let mut files: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
        files.sort();
        for file in files {
            let text = fs::read_to_string(&file).expect("readable");
            // The last line of a file that was being written at a kill may be torn.
            for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
                let record: serde_json::Value = serde_json::from_str(line).expect("a record");
                let arn = record["execution_arn"].as_str().expect("an ARN");
                let name = arn.split(':').nth(7).expect("a name");
                let kind = record["type"].as_str().expect("a type");
                found.entry(name.to_owned()).or_default().push(kind.to_owned());
            }
        }
        found
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Not `eprintln!`, which panics when nobody reads.
            let _ = writeln!(std::io::stderr(), "kept: {}", self.0.display());
        } else {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

/// A process that runs.
pub(crate) struct Service {
    child: Child,
    said: Arc<Mutex<String>>,
    listener: Option<JoinHandle<()>>,
}

impl Service {
    /// Starts a process.
    pub(crate) fn start(place: &Place) -> Service {
        Service::start_with(place, &[], &[])
    }

    /// Starts a process with arguments, and keys of the configuration from the environment: `("SERVICE__PIN",
    /// "true")`, or `("STEPSTREAM_LOG", "debug")`.
    pub(crate) fn start_with(place: &Place, arguments: &[&str], keys: &[(&str, &str)]) -> Service {
        let mut command = place.command(arguments);
        for (key, value) in keys {
            match *key {
                "STEPSTREAM_LOG" => command.env(key, value),
                key => command.env(format!("STEPSTREAM__{key}"), value),
            };
        }
        let mut child = command.stderr(Stdio::piped()).spawn().expect("it starts");
        let said = Arc::new(Mutex::new(String::new()));
        let (lines, heard) = (
            BufReader::new(child.stderr.take().expect("piped")),
            Arc::clone(&said),
        );
        let listener = std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                let mut said = heard.lock().expect("no panic");
                said.push_str(&line);
                said.push('\n');
            }
        });
        let listener = Some(listener);
        Service {
            child,
            said,
            listener,
        }
    }

    /// Starts a process whose words nobody reads: writing to its stderr fails.
    pub(crate) fn start_unheard(place: &Place, arguments: &[&str]) -> Service {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = place.command(arguments);
        Service {
            child: command.stderr(writer).spawn().expect("it starts"),
            said: Arc::default(),
            listener: None,
        }
    }

    /// Runs up to the ends of the topics, and returns what it said.
    #[track_caller]
    pub(crate) fn run_until_end(place: &Place, keys: &[(&str, &str)]) -> String {
        Service::start_with(place, &["--until-end"], keys).ends_with(0, PATIENCE)
    }

    /// Returns what it has said on stderr.
    pub(crate) fn said(&self) -> String {
        self.said.lock().expect("no panic").clone()
    }

    /// Waits until something is so.
    #[track_caller]
    pub(crate) fn until(&mut self, what: &str, mut so: impl FnMut(&mut Service) -> bool) {
        let mut patience = Patience::new(PATIENCE);
        while !so(self) {
            let status = self.child.try_wait().expect("a child");
            assert!(
                status.is_none(),
                "ended ({status:?}) before: {what}\n{}",
                self.said()
            );
            if patience.is_over() {
                let (_, metrics) = self.get("/metrics").unwrap_or_default();
                let lines = metrics
                    .lines()
                    .filter(|line| !line.starts_with('#') && !line.contains("_bucket"));
                let metrics = lines.collect::<Vec<_>>().join("\n");
                panic!("in vain: {what}\n{}\n{metrics}", self.said());
            }
            std::thread::sleep(Duration::from_millis(40));
        }
    }

    /// Waits until it is ready.
    #[track_caller]
    pub(crate) fn until_ready(&mut self) {
        self.until("ready", |service| service.ready().0 == 200);
    }

    /// Waits until it has said something.
    #[track_caller]
    pub(crate) fn until_said(&mut self, words: &str) {
        self.until(words, |service| service.said().contains(words));
    }

    /// Asks for its readiness; the status is 0 before it listens.
    pub(crate) fn ready(&self) -> (u16, String) {
        self.get("/health/ready").unwrap_or_default()
    }

    /// Returns the sum of the values of a metric whose labels contain each of the texts.
    pub(crate) fn metric(&self, name: &str, labels: &[&str]) -> f64 {
        let (_, text) = self.get("/metrics").unwrap_or_default();
        let lines = text.lines().filter(|line| {
            let rest = line.strip_prefix(name).unwrap_or_default();
            rest.starts_with(['{', ' ']) && labels.iter().all(|label| rest.contains(label))
        });
        let value = |line: &str| {
            line.rsplit(' ')
                .next()
                .and_then(|value| value.parse::<f64>().ok())
        };
        lines.filter_map(value).sum()
    }

    /// Gets a page.
    pub(crate) fn get(&self, path: &str) -> Option<(u16, String)> {
        let said = self.said();
        let address = said.split("metrics: http://").nth(1)?.split('/').next()?;
        let mut stream = TcpStream::connect(address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
        )
        .ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
    }

    /// Returns the most memory that it has had, resident, where the system tells.
    pub(crate) fn most_memory(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kilobytes << 10)
    }

    /// Sends a signal: "TERM".
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status();
        assert!(status.is_ok_and(|status| status.success()), "kill -{name}");
    }

    /// Kills it, as the kernel does when memory is out.
    pub(crate) fn kill(mut self) -> String {
        self.child.kill().expect("killed");
        self.child.wait().expect("ended");
        self.said()
    }

    /// Waits for its end, and for its last words.
    #[track_caller]
    fn end(&mut self, within: Duration) -> ExitStatus {
        let mut patience = Patience::new(within);
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                if let Some(listener) = self.listener.take() {
                    listener.join().expect("no panic");
                }
                return status;
            }
            assert!(
                !patience.is_over(),
                "it did not end in {within:?}\n{}",
                self.said()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits for its end with an exit code; returns what it said.
    #[track_caller]
    pub(crate) fn ends_with(mut self, code: i32, within: Duration) -> String {
        let status = self.end(within);
        assert_eq!(status.code(), Some(code), "{}", self.said());
        self.said()
    }

    /// Stops it as an operator does; returns how long that took.
    #[track_caller]
    pub(crate) fn stop(self) -> Duration {
        let began = Instant::now();
        self.signal("TERM");
        self.ends_with(0, PATIENCE);
        began.elapsed()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
