//! Texts that may be secrets.
//!
//! Must not know what they are for. Invariant: a text is never shown.

use crate::secret;
use schemars::JsonSchema;
use serde::Deserialize;

/// A text that may stand elsewhere.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Secret {
    /// The text itself.
    Text(String),
    /// In an environment variable.
    Env {
        /// Its name.
        env: String,
    },
    /// In a file; blanks at the end are cut.
    File {
        /// Its path.
        file: String,
    },
}

impl Secret {
    /// Returns the text.
    pub(in crate::task) fn read(&self) -> Result<String, String> {
        let text = match self {
            Secret::Text(text) => return Ok(text.clone()),
            Secret::Env { env } => secret::from_variable(env)?,
            Secret::File { file } => secret::from_file(file)?,
        };
        Ok(text.trim_end().to_owned())
    }
}

/// Never shows a text: it may be a password.
impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Secret::Text(_) => f.write_str("Text(..)"),
            Secret::Env { env } if secret::is_variable(env) => write!(f, "Env({env})"),
            Secret::File { file } if secret::is_path(file) => write!(f, "File({file})"),
            Secret::Env { .. } => f.write_str("Env(..)"),
            Secret::File { .. } => f.write_str("File(..)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        assert_eq!(format!("{:?}", Secret::Text("hush".into())), "Text(..)");
    }
}
