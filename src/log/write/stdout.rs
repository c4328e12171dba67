//! Records on stdout: one write call for each buffer.

use super::destination::Output;
use crate::printable;
use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Write};

/// The standard output of the process, shared by all workflows that log there.
pub(super) struct Stdout<W> {
    out: W,
    /// Whether people read it: then what is hidden in the records is escaped.
    is_terminal: bool,
    /// How much of the buffer that comes next has been written already: what has left cannot be taken back.
    begun: usize,
}

impl Stdout<File> {
    /// Opens stdout beside the library's own line buffer, which would copy everything.
    ///
    /// # Errors
    /// When the process has no stdout.
    #[cfg(unix)]
    pub(super) fn open() -> io::Result<Stdout<File>> {
        use std::os::fd::AsFd;
        let out = io::stdout().as_fd().try_clone_to_owned()?;
        Ok(Stdout::opened(File::from(out)))
    }
}

#[cfg(not(unix))]
impl Stdout<io::Stdout> {
    /// Opens stdout.
    ///
    /// # Errors
    /// Never, here.
    pub(super) fn open() -> io::Result<Stdout<io::Stdout>> {
        Ok(Stdout::opened(io::stdout()))
    }
}

impl<W: Write + Send> Stdout<W> {
    fn opened(out: W) -> Stdout<W>
    where
        W: IsTerminal,
    {
        Stdout {
            is_terminal: out.is_terminal(),
            ..Stdout::new(out)
        }
    }

    pub(super) fn new(out: W) -> Stdout<W> {
        Stdout {
            out,
            is_terminal: false,
            begun: 0,
        }
    }
}

impl<W: Write + Send> Output for Stdout<W> {
    fn place(&self) -> String {
        "stdout".to_owned()
    }

    /// Writes a buffer, or the rest of it when a part was written before an error.
    fn write(&mut self, bytes: &[u8], _now_ms: i64) -> io::Result<()> {
        // Held for the whole buffer: a pipe takes large ones in parts, and workflows must not mix lines.
        let _turn = io::stdout().lock();
        // The same for the rest after an error: what has been written is counted in what is shown.
        let shown = self
            .is_terminal
            .then(|| printable::lines(&String::from_utf8_lossy(bytes)).into_owned());
        let bytes = shown.as_ref().map_or(bytes, |shown| shown.as_bytes());
        while self.begun < bytes.len() {
            match self.out.write(&bytes[self.begun..]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(taken) => self.begun += taken,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.out.flush()?;
        self.begun = 0;
        Ok(())
    }

    fn settle(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn due_ms(&self) -> i64 {
        i64::MAX
    }

    fn tick(&mut self, _now_ms: i64) -> io::Result<()> {
        Ok(())
    }

    fn close(&mut self, _now_ms: i64) -> io::Result<()> {
        Ok(())
    }
}
