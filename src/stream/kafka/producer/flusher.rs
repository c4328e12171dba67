//! When few messages are on their way they need not wait for company.
//!
//! A request costs the broker about as much with one message as with a hundred, so under load a long `linger.ms` is
//! what makes both ends fast. librdkafka has one such time for all loads: this sends what is queued before it is
//! over while there is little. Must not know messages. Invariant: it flushes at most once in a linger.

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::Duration;

/// Messages of one linger that are few: about forty for each of eight partitions.
const FEW: usize = 300;
/// How long a flush lasts: until librdkafka's threads have heard of it. What comes meanwhile does not linger.
const FLUSH: Duration = Duration::from_millis(1);

/// A thread that has a producer send what is queued.
pub(super) struct Flusher {
    /// Messages handed over since the last look.
    sent: Arc<AtomicUsize>,
    /// Gone when the thread is to end; the second is only ever dropped.
    bells: Option<(Sender<()>, Sender<()>)>,
    thread: Option<JoinHandle<()>>,
}

impl Flusher {
    /// Starts the thread. `flush` sends what is queued, and what comes in the time given.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn start(flush: impl Fn(Duration) + Send + 'static, linger: Duration) -> io::Result<Flusher> {
        let sent = Arc::new(AtomicUsize::new(0));
        // One ring that was not heard yet is as good as many.
        let (bell, rung) = bounded(1);
        let (end, ended) = bounded(0);
        let thread = std::thread::Builder::new()
            .name("kafka-flush".to_owned())
            .spawn({
                let sent = Arc::clone(&sent);
                move || run(&flush, linger, &sent, &rung, &ended)
            })?;
        Ok(Flusher {
            sent,
            bells: Some((bell, end)),
            thread: Some(thread),
        })
    }

    /// Says that so many more messages are queued. Never waits.
    pub(super) fn push(&self, sent: usize) {
        self.sent.fetch_add(sent, Relaxed);
        if let Some((bell, _)) = &self.bells {
            let _ = bell.try_send(());
        }
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        self.bells = None;
        if let Some(thread) = self.thread.take() {
            // It panics at nothing.
            let _ = thread.join();
        }
    }
}

/// A message after a pause goes at once; those that follow go together, once in a linger.
fn run(
    flush: &impl Fn(Duration),
    linger: Duration,
    sent: &AtomicUsize,
    bell: &Receiver<()>,
    ended: &Receiver<()>,
) {
    while bell.recv().is_ok() {
        loop {
            match sent.swap(0, Relaxed) {
                0 => break,
                1..=FEW => flush(FLUSH),
                // Their number makes good batches, and librdkafka sends those in time.
                _ => {}
            }
            if ended.recv_timeout(linger) == Err(RecvTimeoutError::Disconnected) {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossbeam_channel::unbounded;

    /// Longer than any machine pauses.
    const PATIENCE: Duration = Duration::from_secs(30);

    #[test]
    fn few_messages_are_sent_and_many_left_to_the_client() {
        let (flushed, flushes) = unbounded();
        let linger = Duration::from_millis(5);
        let flusher = Flusher::start(move |_| flushed.send(()).expect("a test"), linger).expect("a thread");
        for sent in [1, FEW] {
            flusher.push(sent);
            flushes.recv_timeout(PATIENCE).expect("a flush");
        }
        flusher.push(FEW + 1);
        assert!(flushes.recv_timeout(linger * 10).is_err(), "many are not flushed");
        flusher.push(1);
        flushes.recv_timeout(PATIENCE).expect("a flush");
        drop(flusher);
        assert!(
            flushes.recv_timeout(PATIENCE).is_err(),
            "the thread has ended, and its flushes with it"
        );
        assert_eq!(
            flushes.try_recv(),
            Err(crossbeam_channel::TryRecvError::Disconnected)
        );
    }
}
