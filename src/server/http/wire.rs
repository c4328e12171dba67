//! A connection whose peer has to read what it asked for.
//!
//! Owns the time that a peer has to take what is written. Must not know HTTP or TLS. Invariant: from the moment that the
//! peer takes no more, everything that waits is gone after [`WRITE_TIME_MAX`] and what [`WRITE_RATE_MIN`] allows, or the
//! connection is.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// How long a peer may take no bytes, or few.
pub const WRITE_TIME_MAX: Duration = Duration::from_secs(5);
/// Bytes a second that a peer has to take beyond that time.
pub const WRITE_RATE_MIN: u64 = 64 * 1024;

pub(super) struct Wire<S> {
    stream: S,
    time_max: Duration,
    /// Since when the peer is behind, if it is.
    behind: Option<Behind>,
}

struct Behind {
    since: Instant,
    /// Bytes that it took since.
    taken: u64,
    alarm: Pin<Box<Sleep>>,
}

impl<S> Wire<S> {
    pub(super) fn new(stream: S, time_max: Duration) -> Wire<S> {
        Wire {
            stream,
            time_max,
            behind: None,
        }
    }

    /// Notes the end of an attempt to write.
    fn wrote(
        &mut self,
        context: &mut Context<'_>,
        attempt: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match (&attempt, &mut self.behind) {
            (Poll::Ready(Ok(bytes)), Some(behind)) => behind.taken += *bytes as u64,
            (Poll::Pending, _) => ready!(self.wait(context))?,
            _ => {}
        }
        attempt
    }

    /// Waits until the peer has had its time; that is an error.
    fn wait(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let time_max = self.time_max;
        let behind = self.behind.get_or_insert_with(|| {
            let since = Instant::now();
            Behind {
                since,
                taken: 0,
                alarm: Box::pin(sleep_until(since + time_max)),
            }
        });
        loop {
            ready!(behind.alarm.as_mut().poll(context));
            let end = behind.since + allowed(time_max, behind.taken);
            if behind.alarm.deadline() >= end {
                let reason = "the peer does not read the response";
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, reason)));
            }
            behind.alarm.as_mut().reset(end);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let attempt = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.wrote(context, attempt)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let attempt = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.wrote(context, attempt)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// Whoever writes flushes when nothing of it waits any more: the peer has caught up.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        self.behind = None;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Returns how long a peer that has taken so many bytes may be behind.
fn allowed(time_max: Duration, taken: u64) -> Duration {
    time_max + Duration::from_millis(taken.saturating_mul(1000) / WRITE_RATE_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_now_and_then_is_not_enough() {
        let check = |taken, expected| {
            let allowed = allowed(Duration::from_secs(5), taken);
            assert_eq!(allowed.as_millis(), expected, "{taken}");
        };
        check(0, 5_000);
        // Two hundred bytes in five seconds: not one more millisecond for each.
        check(200, 5_003);
        check(WRITE_RATE_MIN, 6_000);
        // A large answer to somebody who reads at the pace has the time that it takes.
        check(60 * WRITE_RATE_MIN, 65_000);
    }
}
