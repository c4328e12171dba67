//! How the processes of an entry are started.

use super::config::ProcessConfig;
use crate::task::Home;
use crate::task::config::Mistake;
use crate::task::lambda::CallLimits;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

/// Variables of the service that its functions see too; others may be secrets.
const INHERITED: [&str; 9] = [
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "JAVA_HOME",
];

/// The memory that a function is told where none is configured, in MiB: as much as a function of Lambda may have.
const MEMORY_MIB: u64 = 10_240;

/// One entry of the configuration, checked.
pub(in crate::task) struct Command {
    program: String,
    arguments: Vec<String>,
    directory: Option<PathBuf>,
    environment: Vec<(OsString, OsString)>,
    /// Most processes.
    pub(super) instances: usize,
    /// Most bytes of memory of each.
    pub(super) memory: Option<u64>,
    /// How long a call may take.
    pub(super) timeout: Duration,
    /// Most calls of a shard that wait.
    pub(super) queue: usize,
}

impl Command {
    /// Checks an entry; reads its secrets.
    pub(in crate::task) fn new(
        config: &ProcessConfig,
        limits: &CallLimits,
        home: &Home,
    ) -> Result<Command, Mistake> {
        let mut arguments = config.runtime.clone().unwrap_or_default();
        if arguments.is_empty() {
            return Err(Mistake::of_key("runtime", "give a command"));
        }
        let program = arguments.remove(0);
        let memory = config.memory.map(|memory| memory.0);
        let instances = config.instances.map(usize::from);
        let mut command = Command {
            program,
            directory: config
                .directory
                .clone()
                .filter(|directory| !directory.as_os_str().is_empty()),
            environment: Vec::new(),
            instances: instances
                .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, Into::into)),
            memory,
            timeout: limits.timeout(),
            queue: limits.queue(),
            arguments,
        };
        command.set_environment(config, home)?;
        Ok(command)
    }

    fn set_environment(&mut self, config: &ProcessConfig, home: &Home) -> Result<(), Mistake> {
        for name in INHERITED {
            if let Some(value) = std::env::var_os(name) {
                self.environment.push((name.into(), value));
            }
        }
        // Where there is none, that is for the start to say.
        let here = self.directory.clone().unwrap_or_else(|| PathBuf::from("."));
        let root = std::path::absolute(&here).unwrap_or(here);
        let memory = self.memory.map_or(MEMORY_MIB, |bytes| (bytes >> 20).max(1));
        // The handler is what all clients of the Runtime API are given last.
        let handler = self.arguments.last().cloned().unwrap_or_default();
        let ours = [
            ("AWS_REGION", home.region.clone()),
            ("AWS_DEFAULT_REGION", home.region.clone()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory.to_string()),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
            ("_HANDLER", handler),
        ];
        let ours = ours.map(|(name, value)| (name.into(), value.into()));
        self.environment.extend(ours);
        self.environment.push(("LAMBDA_TASK_ROOT".into(), root.into()));
        for (name, secret) in config.environment.iter().flatten() {
            let read = secret.read();
            let value = read.map_err(|error| Mistake::of_key("environment", format!("{name}: {error}")))?;
            if value.contains('\0') {
                let message = format!("{name}: the text contains the character NUL");
                return Err(Mistake::of_key("environment", message));
            }
            self.environment.push((name.into(), value.into()));
        }
        Ok(())
    }

    /// Returns the program's name, for messages.
    pub(super) fn program(&self) -> &str {
        &self.program
    }

    /// Returns what starts a process for a function, which finds the Runtime API at an address.
    pub(super) fn of(&self, function: &str, api: &str) -> tokio::process::Command {
        let mut command = tokio::process::Command::new(&self.program);
        command
            .args(&self.arguments)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("AWS_LAMBDA_FUNCTION_NAME", function)
            .env("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{function}"))
            .env("AWS_LAMBDA_LOG_STREAM_NAME", format!("stepstream/{api}"))
            .env("AWS_LAMBDA_RUNTIME_API", api)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own: Ctrl-C is for the service, and whatever the command starts ends with it.
            .process_group(0)
            .kill_on_drop(true);
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        command
    }
}
