//! Runs stepstream, or a yardstick, as a process and measures it from outside.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What a run took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Measured {
    /// Events a second, from the first event to the end.
    pub(crate) whole: f64,
    /// Events a second over the last 60 % of the events.
    pub(crate) hot: f64,
    /// Processor seconds per million events.
    pub(crate) cpu: f64,
    /// Largest resident memory, MiB.
    pub(crate) memory: f64,
}

/// How often a process is looked at, and how often it is asked how far it is: each answer costs it a millisecond.
const LOOK: Duration = Duration::from_millis(20);
const LOOKS_PER_QUESTION: u32 = 10;

/// Runs `stepstream run --until-end` on a configuration; `events` is how many there are.
pub(crate) fn until_end(folder: &Path, config: &str, events: u64) -> Measured {
    let (mut child, metrics) = start(folder, config, &["--until-end"]);
    let mut watch = Watch::new(child.id());
    let mut progress = Progress::new(events);
    let mut looks = 0;
    while child.try_wait().expect("a child").is_none() {
        watch.look();
        if looks % LOOKS_PER_QUESTION == 0 {
            progress.look(&metrics);
        }
        looks += 1;
        std::thread::sleep(LOOK);
    }
    let status = child.wait().expect("a child");
    assert!(
        status.success(),
        "stepstream ended with {status}; see {}",
        folder.display()
    );
    progress.measured(&watch)
}

/// How far a service is, as its metrics say.
pub(crate) struct Progress {
    events: u64,
    /// When so many were done: at the first sight, and when 40 % were.
    first: Option<(Instant, u64)>,
    hot: Option<(Instant, u64)>,
    last: Instant,
    done: u64,
}

impl Progress {
    pub(crate) fn new(events: u64) -> Progress {
        Progress {
            events,
            first: None,
            hot: None,
            last: Instant::now(),
            done: 0,
        }
    }

    /// Looks again; returns whether all is done.
    pub(crate) fn look(&mut self, metrics: &str) -> bool {
        if let Some(count) = executions(metrics)
            && count > self.done
        {
            self.last = Instant::now();
            // The first sample is after the group was joined, and tells how far it was by then.
            self.first.get_or_insert((self.last, count));
            if count * 10 >= self.events * 4 {
                self.hot.get_or_insert((self.last, count));
            }
            self.done = count;
        }
        self.done >= self.events
    }

    pub(crate) fn measured(&self, watch: &Watch) -> Measured {
        let rate = |from: Option<(Instant, u64)>| {
            from.filter(|(_, count)| self.done > *count)
                .map_or(0.0, |(at, count)| {
                    (self.done - count) as f64 / (self.last - at).as_secs_f64()
                })
        };
        Measured {
            whole: rate(self.first),
            hot: rate(self.hot),
            cpu: watch.cpu * 1e6 / self.events as f64,
            memory: watch.memory,
        }
    }
}

/// Starts `stepstream run`; returns it and the address of its metrics.
pub(crate) fn start(folder: &Path, config: &str, arguments: &[&str]) -> (Child, String) {
    let listen = format!("127.0.0.1:{}", free_port());
    let file = folder.join("stepstream.toml");
    std::fs::write(&file, config.replace("LISTEN", &listen)).expect("a file");
    let errors = std::fs::File::create(folder.join("stepstream.err")).expect("a file");
    let child = Command::new(env!("CARGO_BIN_EXE_stepstream"))
        .arg("run")
        .arg("--config")
        .arg(&file)
        .args(arguments)
        .current_dir(folder) // Logs go there.
        .stdout(Stdio::null())
        .stderr(errors)
        .spawn()
        .expect("stepstream");
    (child, listen)
}

/// Runs this program again as a yardstick.
pub(crate) fn yardstick(arguments: &[String]) -> Measured {
    let mut child = Command::new(std::env::current_exe().expect("a path"))
        .arg("yardstick")
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child");
    let mut watch = Watch::new(child.id());
    while child.try_wait().expect("a child").is_none() {
        watch.look();
        std::thread::sleep(LOOK);
    }
    let mut text = String::new();
    child
        .stdout
        .take()
        .expect("piped")
        .read_to_string(&mut text)
        .expect("text");
    let numbers: Vec<f64> = text
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    let [events, seconds, hot] = numbers[..] else {
        panic!("the yardstick {arguments:?} printed {text:?}");
    };
    Measured {
        whole: events / seconds,
        hot: events * 0.6 / hot,
        cpu: watch.cpu * 1e6 / events,
        memory: watch.memory,
    }
}

/// Returns how many executions have ended, if the metrics answer.
pub(crate) fn executions(address: &str) -> Option<u64> {
    let text = metrics(address)?;
    let counts = text
        .lines()
        .filter(|line| line.starts_with("stepstream_executions_total{"));
    let total: f64 = counts
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
        .sum();
    Some(total as u64)
}

/// Says whether the service is ready: its consumers have their partitions.
pub(crate) fn is_ready(address: &str) -> bool {
    get(address, "/health/ready").is_some_and(|text| text.starts_with("HTTP/1.1 200"))
}

/// Returns the sum of a metric's series, whatever their labels.
pub(crate) fn gauge(address: &str, name: &str) -> Option<f64> {
    let text = metrics(address)?;
    let of_name = |line: &&str| {
        line.strip_prefix(name)
            .is_some_and(|rest| rest.starts_with(['{', ' ']))
    };
    let values = text.lines().filter(of_name);
    let values = values.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
    values.reduce(|a, b| a + b)
}

fn metrics(address: &str) -> Option<String> {
    get(address, "/metrics")
}

/// Returns an answer with its head.
fn get(address: &str, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    Some(text)
}

pub(crate) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// Follows a process's processor time and memory; Linux only.
pub(crate) struct Watch {
    process: u32,
    /// Seconds of all its threads so far.
    pub(crate) cpu: f64,
    /// Largest resident memory so far, MiB.
    pub(crate) memory: f64,
}

impl Watch {
    pub(crate) fn new(process: u32) -> Watch {
        Watch {
            process,
            cpu: 0.0,
            memory: 0.0,
        }
    }

    /// Looks again; the last look before the end counts.
    pub(crate) fn look(&mut self) {
        /// Clock ticks a second in `/proc`: fixed on Linux.
        const TICKS: f64 = 100.0;
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process)).unwrap_or_default();
        // Behind the name in brackets: state is the 3rd field of all, user and system time the 14th and 15th.
        if let Some((_, rest)) = stat.rsplit_once(')') {
            let fields: Vec<&str> = rest.split_whitespace().collect();
            let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok());
            if let (Some(user), Some(system)) = (ticks(11), ticks(12)) {
                self.cpu = self.cpu.max((user + system) / TICKS);
            }
        }
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process)).unwrap_or_default();
        if let Some(line) = status.lines().find(|line| line.starts_with("VmHWM:"))
            && let Some(kib) = line
                .split_whitespace()
                .nth(1)
                .and_then(|text| text.parse::<f64>().ok())
        {
            self.memory = self.memory.max(kib / 1024.0);
        }
    }
}
