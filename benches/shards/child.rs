//! This program again as a process of its own: started, told to go, measured by itself.
//!
//! A process says one line when it is ready, begins when it is told to, and says its figures at the end: so that
//! several begin at the same time, and nobody's start is measured.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

/// The first argument of such a process.
pub(crate) const ROLE: &str = "role";

/// What a run took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    /// Events, or calls.
    pub(crate) count: u64,
    /// From when it was told to go to its end, the slowest of several.
    pub(crate) seconds: f64,
    /// Processor seconds meanwhile, of all.
    pub(crate) processor: f64,
    /// Processor seconds meanwhile of a server that was called.
    pub(crate) beside: Option<f64>,
}

impl Figures {
    /// Lets processes go at the same time and waits for their ends.
    pub(crate) fn together(mut children: Vec<Child>) -> Figures {
        for child in &mut children {
            child.say("go");
        }
        let mut all = Figures {
            count: 0,
            seconds: 0.0,
            processor: 0.0,
            beside: None,
        };
        for child in &mut children {
            let line = child.hear();
            let numbers: Vec<f64> = line.split(' ').filter_map(|word| word.parse().ok()).collect();
            let [count, seconds, processor] = numbers[..] else {
                panic!("a process said {line:?}");
            };
            all.count += count as u64;
            all.seconds = all.seconds.max(seconds);
            all.processor += processor;
        }
        children.into_iter().for_each(Child::end);
        all
    }

    /// Events, or calls, a second.
    pub(crate) fn rate(&self) -> f64 {
        self.count as f64 / self.seconds
    }
}

/// Says that all is ready, waits until told to go, and says what it took.
pub(crate) fn measure(count: u64, run: impl FnOnce()) {
    println!("ready");
    let _ = std::io::stdin().read_line(&mut String::new());
    let (begun, before) = (Instant::now(), processor_seconds("self"));
    run();
    let seconds = begun.elapsed().as_secs_f64();
    println!("{count} {seconds} {}", processor_seconds("self") - before);
}

/// A process.
pub(crate) struct Child {
    process: std::process::Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    greeting: String,
}

impl Child {
    /// Starts a process and waits until it is ready.
    pub(crate) fn start(words: &[String]) -> Child {
        let mut process = Command::new(std::env::current_exe().expect("a path"))
            .arg(ROLE)
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process");
        let input = process.stdin.take().expect("piped");
        let output = BufReader::new(process.stdout.take().expect("piped"));
        let mut child = Child {
            process,
            input,
            output,
            greeting: String::new(),
        };
        child.greeting = child.hear();
        child
    }

    /// Returns the line with which it said that it is ready.
    pub(crate) fn greeting(&self) -> &str {
        &self.greeting
    }

    /// Returns the processor seconds of all its threads so far.
    pub(crate) fn processor_seconds(&self) -> f64 {
        processor_seconds(&self.process.id().to_string())
    }

    /// Ends its input, and waits for its end.
    pub(crate) fn end(mut self) {
        drop(self.input);
        let status = self.process.wait().expect("a process");
        assert!(status.success(), "a process ended with {status}");
    }

    fn say(&mut self, word: &str) {
        writeln!(self.input, "{word}").expect("it reads");
    }

    fn hear(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("text");
        line.trim_end().to_owned()
    }
}

/// Returns the processor seconds of a process so far, to a hundredth; Linux only, 0 elsewhere.
fn processor_seconds(process: &str) -> f64 {
    /// Clock ticks a second in `/proc`: fixed on Linux.
    const TICKS: f64 = 100.0;
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // Behind the name in brackets: user and system time are the 14th and 15th field of all.
    let fields = stat
        .rsplit_once(')')
        .map_or("", |(_, rest)| rest)
        .split_whitespace();
    let times = fields.skip(11).take(2);
    times.filter_map(|text| text.parse::<f64>().ok()).sum::<f64>() / TICKS
}
