//! A folder with configurations, a definition and log files; and processes that run them.

use super::broker::Broker;
use super::process::{Process, free_address};
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, SystemTime};

/// One test's workflow. Its topics are named after it: `NAME-in`, `NAME-out`, `NAME-failed`.
pub(crate) struct Site {
    pub(crate) name: &'static str,
    pub(crate) folder: PathBuf,
    brokers: String,
    /// Keys of `[[workflow]]`.
    pub(crate) workflow: String,
    /// Keys of `[workflow.log]` besides the folder.
    pub(crate) log: String,
    /// Sections of the file besides that.
    pub(crate) rest: String,
    /// What serves the one task.
    task: String,
}

impl Site {
    /// Makes the folder.
    pub(crate) fn new(name: &'static str, brokers: &str, task: String) -> Site {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Relaxed);
        let folder = std::env::temp_dir().join(format!("stepstream-slow-{}-{count}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let definition = r#"{"StartAt":"Call","States":{"Call":{"Type":"Task","End":true,
            "Resource":"arn:aws:lambda:us-east-1:111111111111:function:call"}}}"#;
        fs::write(folder.join("definition.asl.json"), definition).expect("written");
        Site {
            name,
            folder,
            brokers: brokers.to_owned(),
            workflow: String::new(),
            log: "level = \"ALL\"".to_owned(),
            rest: String::new(),
            task,
        }
    }

    /// Creates its topics: input and output with so many partitions, dead letters with one.
    pub(crate) fn create_topics(&self, broker: &Broker, partitions: i32) {
        broker.create_topic(&self.input(), partitions);
        broker.create_topic(&self.output(), partitions);
        broker.create_topic(&self.dead_letters(), 1);
    }

    pub(crate) fn input(&self) -> String {
        format!("{}-in", self.name)
    }

    pub(crate) fn output(&self) -> String {
        format!("{}-out", self.name)
    }

    pub(crate) fn dead_letters(&self) -> String {
        format!("{}-failed", self.name)
    }

    /// Where log files are.
    pub(crate) fn logs(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// Starts a process. `member` tells it from others at the same time; `is_static` makes it the member's id
    /// in the group.
    pub(crate) fn start(&self, member: &str, is_static: bool) -> Process {
        let listen = free_address();
        let instance = match is_static {
            true => format!("instance_id = \"{member}\""),
            false => String::new(),
        };
        let Site {
            name,
            brokers,
            workflow,
            log,
            rest,
            task,
            ..
        } = self;
        let (input, output, failed) = (self.input(), self.output(), self.dead_letters());
        let answers = match workflow.contains("\"sync\"") {
            true => format!("[workflow.reply]\ntopic = \"{output}\""),
            false => format!("[workflow.output]\ntopic = \"{output}\""),
        };
        let logs = self.logs();
        let logs = logs.display();
        let text = format!(
            "[service]\nshards = 2\npin = false\nlisten = \"{listen}\"\n[kafka]\nbrokers = \"{brokers}\"\n{rest}\n\
             [[workflow]]\nname = \"{name}\"\ndefinition = \"definition.asl.json\"\ntopics = [\"{input}\"]\n\
             {instance}\n{workflow}\n{answers}\n[workflow.dead_letter]\ntopic = \"{failed}\"\n\
             [workflow.log]\n{log}\n[workflow.log.file]\ndirectory = \"{logs}\"\n\
             [tasks]\n\"arn:aws:lambda:*:*:function:call\" = {task}\n"
        );
        let path = self.folder.join(format!("{member}.toml"));
        fs::write(&path, text).expect("written");
        Process::start(&path, &listen)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if std::thread::panicking() || std::env::var_os("STEPSTREAM_KEEP").is_some() {
            // Not `eprintln!`, which panics when nobody reads.
            let _ = writeln!(std::io::stderr(), "kept for a look: {}", self.folder.display());
        } else {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// A task that answers its payload after some time.
pub(crate) fn delay(milliseconds: u32) -> String {
    format!("{{ function = \"delay\", milliseconds = {milliseconds} }}")
}

/// A task behind a URL.
pub(crate) fn http(url: &str) -> String {
    format!("{{ http = \"{url}\", connections = 64 }}")
}

/// Returns a number from the environment, or a default.
pub(crate) fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

/// Random numbers (SplitMix64) from a seed that is printed, and taken from `STEPSTREAM_SEED` to repeat a run.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new() -> Dice {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let seed = number("STEPSTREAM_SEED", now.expect("after 1970").as_millis() as u64);
        println!("STEPSTREAM_SEED={seed}");
        Dice(seed)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ bits >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        (bits ^ bits >> 31) % limit
    }

    /// Returns a time below a limit.
    pub(crate) fn time(&mut self, limit: Duration) -> Duration {
        Duration::from_millis(self.below(limit.as_millis() as u64))
    }
}
