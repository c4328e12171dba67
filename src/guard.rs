//! The wall around what must not take everything with it: a panic becomes a text, and the work goes on.
//!
//! Must not know what it guards. Invariant: whoever guards something throws away or mends what the panic may have left
//! half done.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

/// Our own code panicked: a bug of ours.
pub const PANIC: &str = "Stepstream.Panic";

/// Runs a part of something larger.
///
/// # Errors
/// What it said when it panicked.
pub fn guarded<T>(part: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(part)).map_err(|panic| message(&*panic))
}

/// Waits for something that may panic in any of its turns.
///
/// # Errors
/// What it said when it panicked.
pub async fn guarded_async<T>(part: impl Future<Output = T>) -> Result<T, String> {
    let mut part = pin!(part);
    poll_fn(|context| match guarded(|| part.as_mut().poll(context)) {
        Ok(turn) => turn.map(Ok),
        Err(message) => Poll::Ready(Err(message)),
    })
    .await
}

/// Returns what a panic has said.
pub fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "no message".to_owned())
}

#[test]
fn a_panic_becomes_its_message() {
    assert_eq!(guarded(|| 7), Ok(7));
    assert_eq!(guarded(|| panic!("a {}", "text")), Err::<(), _>("a text".into()));
    let other = guarded(|| std::panic::panic_any(7));
    assert_eq!(other, Err::<(), _>("no message".into()));
}
