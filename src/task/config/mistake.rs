//! What may be wrong with an entry of `[tasks]`.

/// What is wrong with an entry: the key, if it is one, and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::task) struct Mistake {
    pub(in crate::task) key: Option<&'static str>,
    pub(in crate::task) message: String,
}

impl Mistake {
    pub(in crate::task) fn of_entry(message: impl Into<String>) -> Mistake {
        Mistake {
            key: None,
            message: message.into(),
        }
    }

    pub(in crate::task) fn of_key(key: &'static str, message: impl Into<String>) -> Mistake {
        Mistake {
            key: Some(key),
            message: message.into(),
        }
    }

    /// Returns it as one of the entry with a pattern.
    pub(in crate::task) fn at(self, pattern: &str) -> ConfigError {
        ConfigError {
            section: "tasks",
            pattern: pattern.to_owned(),
            key: self.key,
            message: self.message,
        }
    }

    /// Returns it as one of the connection with a name.
    pub(in crate::task) fn at_connection(self, name: &str) -> ConfigError {
        ConfigError {
            section: "connections",
            ..self.at(name)
        }
    }
}

/// What is wrong with an entry, or with a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The section of the file: `tasks` or `connections`.
    pub section: &'static str,
    /// Its pattern, or its name.
    pub pattern: String,
    /// The key, if it is one.
    pub key: Option<&'static str>,
    /// What is wrong with it.
    pub message: String,
}

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.key {
            Some(key) => write!(f, "{}.\"{}\".{key}: {}", self.section, self.pattern, self.message),
            None => write!(f, "{}.\"{}\": {}", self.section, self.pattern, self.message),
        }
    }
}

impl std::error::Error for ConfigError {}
