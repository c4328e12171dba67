//! Where a definition is: `FILE`, or `FILE#Name` for one of several state machines in a template.
//!
//! Owns how such an address is read, and reading what it names. What a file holds is for [`crate::embedded`] to
//! say. Invariant: a file whose own name has a `#` in it is found.

use crate::asl::{Format, Source};
use crate::embedded::{self, Container};
use crate::value::lookalike;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Largest definition: AWS's limit is 1 MiB of JSON, and YAML has room for comments.
pub const DEFINITION_BYTES_MAX: u64 = 8 << 20;

/// A file, and which of its state machines is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The file.
    pub file: PathBuf,
    /// The name of a state machine in it.
    pub name: Option<String>,
}

impl Address {
    /// Reads an address: what stands behind the last `#` that follows the name of a file is the name.
    pub fn of(path: &Path) -> Address {
        let whole = Address {
            file: path.to_owned(),
            name: None,
        };
        let Some(text) = path.to_str().filter(|_| !path.exists()) else {
            return whole;
        };
        let parts = text
            .match_indices('#')
            .rev()
            .map(|(at, _)| (&text[..at], &text[at + 1..]));
        let mut parts = parts.filter(|(file, name)| !file.is_empty() && !name.is_empty());
        match parts.find(|(file, _)| Path::new(file).is_file()) {
            Some((file, name)) => Address {
                file: file.into(),
                name: Some(name.to_owned()),
            },
            None => whole,
        }
    }

    /// Looks whether the text of the file holds definitions; `None` when it is one.
    ///
    /// # Errors
    /// When a state machine was named in a file that is a definition itself.
    pub fn open(&self, text: &str) -> Result<Option<Container>, String> {
        let file = self.file.display().to_string();
        let source = Source {
            name: &file,
            text,
            format: Format::of_file_name(&file),
        };
        match (embedded::open(&source), &self.name) {
            (None, Some(name)) => Err(format!("{file} is a definition itself; leave out #{name}")),
            (found, _) => Ok(found),
        }
    }

    /// Returns which state machine of a file is meant: the one that is named, or the only one.
    ///
    /// # Errors
    /// When there is none of the name, or no name and several.
    pub fn choose(&self, container: &Container) -> Result<usize, String> {
        match &self.name {
            Some(name) => container.find(name).ok_or_else(|| container.has_no(name)),
            None if container.len() == 1 => Ok(0),
            None => Err(container.choose()),
        }
    }

    /// Returns the path of a file that a template names relative to itself.
    pub fn beside(&self, path: &str) -> PathBuf {
        self.file.parent().unwrap_or(Path::new("")).join(path)
    }
}

/// Reads a definition's file.
///
/// # Errors
/// When it cannot be read, with the reason in words.
pub fn read(path: &Path) -> Result<String, String> {
    let metadata = std::fs::metadata(path).map_err(|error| words(&error))?;
    // A template may name anything: a pipe would block for ever, a device may never end.
    if !metadata.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    let file = std::fs::File::open(path).map_err(|error| words(&error))?;
    let mut bytes = Vec::new();
    let read = file.take(DEFINITION_BYTES_MAX + 1).read_to_end(&mut bytes);
    read.map_err(|error| words(&error))?;
    if bytes.len() as u64 > DEFINITION_BYTES_MAX {
        return Err(format!("it has more than {DEFINITION_BYTES_MAX} bytes"));
    }
    text_of(bytes).map_err(|reason| format!("it is not UTF-8 text: {reason}"))
}

/// Returns the text that the bytes of a file are.
///
/// # Errors
/// When they are no UTF-8 text, with what they are instead.
pub fn text_of(bytes: Vec<u8>) -> Result<String, String> {
    // What PowerShell writes with `>`. Without a mark it would pass for a text full of zeros.
    if lookalike(&bytes).is_some_and(|kind| kind.starts_with("UTF-16")) {
        return Err("it looks like UTF-16; save it as UTF-8".to_owned());
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        format!("a broken character at byte {at}")
    })
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
    fn text_of_another_encoding_is_named() {
        let check = |bytes: &[u8], expected: Result<&str, &str>| {
            let text = text_of(bytes.to_vec());
            assert_eq!(text.as_deref().map_err(String::as_str), expected, "{bytes:?}");
        };
        check("{\"é\": 1}".as_bytes(), Ok("{\"é\": 1}"));
        check("\u{FEFF}{}".as_bytes(), Ok("\u{FEFF}{}"));
        let utf16 = Err("it looks like UTF-16; save it as UTF-8");
        check(b"\xFF\xFE{\0}\0", utf16);
        check(b"\xFE\xFF\0{\0}", utf16);
        check(b"{\0\"\0S\0t\0", utf16);
        check(b"{\xFF}", Err("a broken character at byte 1"));
    }

    #[test]
    fn only_regular_files_are_read() {
        let refused = |path: &Path| read(path).expect_err("no regular file");
        assert_eq!(refused(&std::env::temp_dir()), "it is not a regular file");
        if cfg!(unix) {
            assert_eq!(refused(Path::new("/dev/zero")), "it is not a regular file");
        }
    }
}
