//! Secrets that stand elsewhere: in an environment variable or in a file.
//!
//! Owns how they are read, and what a message may repeat of where they should stand: many a secret was typed there by
//! mistake. Must not know what they are for. Invariant: no message shows a text that is no name and no path.

use std::io::{self, Read};
use std::path::Path;

/// Most bytes of a file with a secret, a key or certificates.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// Most bytes of a path.
const PATH_BYTES_MAX: usize = 4_096;

/// Reads an environment variable.
///
/// # Errors
/// When it is not set, or what stands there is no name of one.
pub(crate) fn from_variable(name: &str) -> Result<String, String> {
    if !is_variable(name) {
        return Err("env takes the name of an environment variable, and this is not one".to_owned());
    }
    std::env::var(name).map_err(|_| format!("environment variable {name} is not set"))
}

/// Reads a file.
///
/// # Errors
/// When it cannot be read, is no regular file or too long, or when what stands there is no path.
pub(crate) fn from_file(path: &str) -> Result<String, String> {
    let bytes = read(Path::new(path)).map_err(|reason| match is_path(path) {
        true => format!("file {path}: {reason}"),
        false => format!("the named file: {reason}"),
    })?;
    String::from_utf8(bytes).map_err(|_| format!("file {path}: it is not UTF-8 text"))
}

/// Reads a file that is no pipe and no device, up to its limit.
///
/// # Errors
/// When it cannot be read, with the reason in words and without the path.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, String> {
    if !path.to_str().is_none_or(is_shown) {
        return Err("this is not a path: write the path of a file, not its content".to_owned());
    }
    let metadata = std::fs::metadata(path).map_err(|error| words(&error))?;
    // A pipe would block for ever, a device may never end.
    if !metadata.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    let file = std::fs::File::open(path).map_err(|error| words(&error))?;
    let mut bytes = Vec::new();
    let read = file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes);
    read.map_err(|error| words(&error))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(format!("it has more than {FILE_BYTES_MAX} bytes"));
    }
    Ok(bytes)
}

/// Says whether a text can be the name of an environment variable.
pub(crate) fn is_variable(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !text.is_empty() && text.bytes().all(is_part) && !text.as_bytes()[0].is_ascii_digit()
}

/// Says whether a text looks like the path of a file with a secret: a folder or an ending is in it.
pub(crate) fn is_path(text: &str) -> bool {
    is_shown(text) && !text.contains(char::is_whitespace) && text.contains(['/', '.'])
}

/// Says whether a text may be shown where a path should stand: it is one line, and no key or certificate itself.
pub(crate) fn is_shown(text: &str) -> bool {
    text.len() <= PATH_BYTES_MAX && !text.contains("-----BEGIN") && !text.contains(char::is_control)
}

/// Says whether a text can be the name of an HTTP header.
#[cfg(feature = "kafka")]
pub(crate) fn is_header(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_part)
}

fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "it may not be read (permission denied)".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_the_place_of_its_source_is_not_repeated() {
        let pem = "-----BEGIN PRIVATE KEY-----\nMIIEvAIBADANBg\n-----END PRIVATE KEY-----\n";
        for secret in ["p@ss w0rd!x9", "Bearer eyJabc.def", pem, "hunter2-!", ""] {
            let message = from_variable(secret).unwrap_err();
            assert!(message.starts_with("env takes the name"), "{message}");
            assert!(secret.is_empty() || !message.contains(secret), "{message}");
        }
        for secret in ["p@ss w0rd!x9", "Bearer eyJabc.def", pem, "hunter2-!"] {
            let message = from_file(secret).unwrap_err();
            assert!(!message.contains(&secret[..8]), "{message}");
        }
        let message = from_file("/no/such.pem").unwrap_err();
        assert_eq!(message, "file /no/such.pem: there is no such file");
        let message = from_variable("STEPSTREAM_NO_SUCH").unwrap_err();
        assert_eq!(message, "environment variable STEPSTREAM_NO_SUCH is not set");
    }

    #[cfg(unix)]
    #[test]
    fn what_never_ends_is_not_read() {
        for path in ["/dev/zero", "/dev/stdin", "/"] {
            assert_eq!(
                read(Path::new(path)).unwrap_err(),
                "it is not a regular file",
                "{path}"
            );
        }
    }
}
