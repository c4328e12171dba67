//! Signals of a service: SIGTERM and SIGINT drain it, a second one ends it at once, SIGHUP reloads.
//!
//! The handlers set flags and write a byte to a socket; a thread that waits for bytes does the rest.
//! Only the binary installs handlers, never the library.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{flag, low_level::pipe};
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What shells add to a signal's number for the exit code of what it ended.
const EXIT_SIGNALLED: i32 = 128;

/// Installs the handlers: `stop` is called for the first SIGTERM or SIGINT, `reload` for every SIGHUP,
/// both on a thread of their own.
///
/// # Errors
/// When the operating system refuses.
pub(super) fn install(
    stop: impl FnMut() + Send + 'static,
    reload: impl FnMut() + Send + 'static,
) -> io::Result<()> {
    let is_stopping = Arc::new(AtomicBool::new(false));
    let (stops, stopped) = UnixStream::pair()?;
    for signal in [SIGTERM, SIGINT] {
        // In this order: the first signal sets the flag that makes the second one fatal.
        flag::register_conditional_shutdown(signal, EXIT_SIGNALLED + signal, Arc::clone(&is_stopping))?;
        flag::register(signal, Arc::clone(&is_stopping))?;
        pipe::register(signal, stops.try_clone()?)?;
    }
    listen("stepstream-stop", stopped, stop)?;
    let (reloads, reloaded) = UnixStream::pair()?;
    pipe::register(SIGHUP, reloads)?;
    listen("stepstream-reload", reloaded, reload)
}

/// Calls `act` for every byte that arrives.
fn listen(name: &str, mut bytes: UnixStream, mut act: impl FnMut() + Send + 'static) -> io::Result<()> {
    let wait = move || {
        let mut byte = [0];
        loop {
            match bytes.read(&mut byte) {
                Ok(0) => return,
                Ok(_) => act(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    };
    std::thread::Builder::new().name(name.to_owned()).spawn(wait)?;
    Ok(())
}
