//! The keys of functions that run as processes.

use crate::task::config::{Mistake, Secret, keys};
use crate::units::Size;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

keys! {
    /// The keys of functions that run as processes.
    "runtime": pub(in crate::task) struct ProcessConfig {
        /// A command whose process runs a function over AWS's Lambda Runtime API, such as
        /// `["python3", "-m", "awslambdaric", "orders.handler"]`. The function's code runs unchanged.
        runtime: Vec<String>,
        /// With `runtime`: limit on processes, of all functions that the pattern matches together; default: the number of
        /// cores.
        instances: u16,
        /// With `runtime`: limit on the memory of a process, such as "256MiB", beyond which it is killed; default: none.
        memory: Size,
        /// With `runtime`: environment variables; each value is a text, `{ env = "NAME" }` or `{ file = "PATH" }`.
        environment: BTreeMap<String, Secret>,
        /// With `runtime`: the directory in which the command runs, relative to the configuration file; default: that file's.
        directory: PathBuf,
    }
}

/// Variables that Lambda keeps for itself, and how the names of more of them begin.
const RESERVED: [&str; 3] = ["LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR", "_HANDLER"];
const RESERVED_PREFIX: &str = "AWS_LAMBDA_";

impl ProcessConfig {
    /// Checks what can be checked without the world.
    ///
    /// # Errors
    /// The first mistake.
    pub(in crate::task) fn check(&self) -> Result<(), Mistake> {
        let runtime = self.runtime.as_deref().unwrap_or_default();
        if runtime.first().is_none_or(|command| command.is_empty()) {
            let message = "give a command and its arguments, such as [\"python3\", \"-m\", \"awslambdaric\", \"orders.handler\"]";
            return Err(Mistake::of_key("runtime", message));
        }
        if runtime.iter().any(|argument| argument.contains('\0')) {
            return Err(Mistake::of_key(
                "runtime",
                "no argument may contain the character NUL",
            ));
        }
        if self.instances == Some(0) {
            return Err(Mistake::of_key("instances", "at least 1"));
        }
        if self.memory.is_some_and(|memory| memory.0 < MEMORY_MIN) {
            return Err(Mistake::of_key("memory", "at least 1MiB"));
        }
        match self
            .environment
            .iter()
            .flat_map(BTreeMap::keys)
            .find_map(wrong_name)
        {
            Some(message) => Err(Mistake::of_key("environment", message)),
            None => Ok(()),
        }
    }

    /// Makes the directory one of the folder's, unless it is absolute.
    pub(in crate::task) fn locate(&mut self, folder: &Path) {
        if self.runtime.is_some() || self.directory.is_some() {
            let directory = self.directory.take().unwrap_or_default();
            self.directory = Some(folder.join(directory));
        }
    }

    /// Takes out the variables whose texts cannot be read on this machine, and says why.
    pub(in crate::task) fn take_unreadable(&mut self) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        if let Some(environment) = &mut self.environment {
            environment.retain(|name, secret| match secret.read() {
                Ok(_) => true,
                Err(error) => {
                    mistakes.push(Mistake::of_key("environment", format!("{name}: {error}")));
                    false
                }
            });
        }
        mistakes
    }
}

/// Least memory that a limit may allow: less is a slip of the unit.
const MEMORY_MIN: u64 = 1 << 20;

/// Says what is wrong with a variable's name, if anything.
fn wrong_name(name: &String) -> Option<String> {
    if name.is_empty() || name.contains(['=', '\0']) {
        return Some("a variable's name is not empty and contains neither = nor NUL".to_owned());
    }
    let reserved = name.starts_with(RESERVED_PREFIX) || RESERVED.contains(&name.as_str());
    reserved.then(|| format!("{name} is set by stepstream, as Lambda does"))
}

#[cfg(test)]
mod tests {
    use crate::task::config::Config;

    fn check(entry: &str, expected: Option<&str>) {
        let config: Config = toml::from_str(&format!("f = {{ {entry} }}")).expect("a table");
        assert_eq!(config.entries["f"].problem().as_deref(), expected, "{entry}");
    }

    #[test]
    fn mistakes() {
        check(
            r#"runtime = ["python3", "-m", "awslambdaric", "a.b"], instances = 4, timeout = "10s""#,
            None,
        );
        check(
            r#"runtime = ["x"], memory = "256MiB", environment = { A = "b", LAMBDA_STAGE = "x", C = { env = "D" } }, queue = 5"#,
            None,
        );
        let command = "runtime: give a command and its arguments, such as [\"python3\", \"-m\", \"awslambdaric\", \"orders.handler\"]";
        check("runtime = []", Some(command));
        check(r#"runtime = [""]"#, Some(command));
        check(r#"runtime = ["x"], instances = 0"#, Some("instances: at least 1"));
        check(r#"runtime = ["x"], memory = 256"#, Some("memory: at least 1MiB"));
        check(
            r#"runtime = ["x"], environment = { AWS_LAMBDA_RUNTIME_API = "y" }"#,
            Some("environment: AWS_LAMBDA_RUNTIME_API is set by stepstream, as Lambda does"),
        );
        check(
            r#"runtime = ["x"], environment = { "A=B" = "y" }"#,
            Some("environment: a variable's name is not empty and contains neither = nor NUL"),
        );
        check(
            r#"runtime = ["x"], connections = 4"#,
            Some("connections: only `http`, `endpoints` or `aws` has this key"),
        );
        check(
            r#"kafka = ["t"], timeout = "1s""#,
            Some("timeout: only `http`, `runtime`, `endpoints` or `aws` has this key"),
        );
    }
}
