//! Reading definitions, on a thread of its own.
//!
//! A definition may be large, and its file may stand on a disk that does not answer: neither keeps the
//! thread that hears of signals from ending the service. Must not know what a definition is. Invariant:
//! whoever waits here also looks at whether there is still something to wait for.

use super::problems::Problems;
use crate::registry::files::Files;
use crossbeam_channel::{RecvTimeoutError, Sender, bounded};
use std::thread::Builder;
use std::time::Duration;

/// How often definition files are looked at.
pub const POLL: Duration = Duration::from_secs(2);
/// How often it is asked, while definitions are read at start, whether the service shall still start.
const LOOK: Duration = Duration::from_millis(20);
/// Orders to read all again that wait: more of the same change nothing.
const RELOADS_MAX: usize = 1;

/// Reads all definitions at start; `None` if the service is told to stop meanwhile, and the reading is left to itself.
///
/// # Errors
/// What is wrong with the definitions.
pub(super) fn load<B: Send + Sync + 'static>(
    mut files: Files<B>,
    is_stopped: &dyn Fn() -> bool,
) -> Result<Option<Files<B>>, Problems> {
    let (sender, loaded) = bounded(1);
    let read = move || {
        let result = files.load();
        // Nobody takes it when the service was stopped.
        let _ = sender.send((files, result));
    };
    let thread = Builder::new().name("stepstream-load".to_owned()).spawn(read);
    thread.map_err(no_thread)?;
    loop {
        match loaded.recv_timeout(LOOK) {
            Ok((files, Ok(()))) => return Ok((!is_stopped()).then_some(files)),
            Ok((_, Err(failures))) => {
                let text = |(name, error)| format!("workflow '{name}': {error}");
                return Err(Problems(failures.into_iter().map(text).collect()));
            }
            Err(RecvTimeoutError::Timeout) if is_stopped() => return Ok(None),
            Err(RecvTimeoutError::Timeout) => {}
            // It panicked: the panic has been printed.
            Err(RecvTimeoutError::Disconnected) => {
                return Err("the definitions could not be read".to_owned().into());
            }
        }
    }
}

/// The watch over the definitions of a service that runs; dropping it ends it, without waiting for what is being read.
pub(super) struct Definitions(Sender<()>);

impl Definitions {
    /// Starts to look at the files.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub(super) fn watch<B: Send + Sync + 'static>(mut files: Files<B>) -> Result<Definitions, Problems> {
        let (sender, orders) = bounded(RELOADS_MAX);
        let watch = move || {
            loop {
                match orders.recv_timeout(POLL) {
                    Ok(()) => files.reload(),
                    Err(RecvTimeoutError::Timeout) => files.poll(),
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        };
        let thread = Builder::new().name("stepstream-watch".to_owned()).spawn(watch);
        thread.map_err(no_thread)?;
        Ok(Definitions(sender))
    }

    /// Has all definitions read again, soon.
    pub(super) fn reload(&self) {
        if let Err(crossbeam_channel::TrySendError::Disconnected(())) = self.0.try_send(()) {
            tracing::error!(
                "definitions are no longer reloaded, because reading one failed; restart the \
                service"
            );
        }
    }
}

fn no_thread(error: std::io::Error) -> Problems {
    format!("cannot start the thread that reads definitions: {error}").into()
}
