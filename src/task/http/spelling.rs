//! How the names of a response's headers were written.
//!
//! The HTTP library lowers them; a task's result has them as they came. So the first bytes of each response are kept
//! beside, and a name is looked up in them. Must not know what a header means. Invariants: no more than
//! [`HEAD_BYTES_MAX`] bytes are kept; a name that is not found there is written in lower case.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Most bytes of a response that are kept.
const HEAD_BYTES_MAX: usize = 16 << 10;

/// The first bytes of the response that a connection reads; clones share them.
#[derive(Clone, Default)]
pub(super) struct Head(Rc<RefCell<Vec<u8>>>);

impl Head {
    /// A response is to come.
    pub(super) fn begin(&self) {
        self.0.borrow_mut().clear();
    }

    /// Returns how the response that came has its headers.
    pub(super) fn spelling(&self) -> Spelling {
        Spelling(self.0.borrow().clone())
    }

    fn keep(&self, bytes: &[u8]) {
        let kept = &mut *self.0.borrow_mut();
        let room = HEAD_BYTES_MAX - kept.len();
        kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

/// How a response has the names of its headers.
#[derive(Clone, Debug, Default)]
pub(in crate::task) struct Spelling(Vec<u8>);

impl Spelling {
    /// Returns a name as it came first.
    pub(in crate::task) fn of<'a>(&'a self, name: &'a str) -> &'a str {
        let mut lines = self.0.split(|byte| *byte == b'\n');
        let found = lines.find_map(|line| {
            let (start, rest) = line.split_at_checked(name.len())?;
            let is_name = rest.first() == Some(&b':') && start.eq_ignore_ascii_case(name.as_bytes());
            is_name.then(|| std::str::from_utf8(start).ok()).flatten()
        });
        found.unwrap_or(name)
    }
}

/// A stream of which the first bytes of each response are kept.
pub(super) struct Kept<T> {
    stream: T,
    head: Option<Head>,
}

impl<T> Kept<T> {
    pub(super) fn new(stream: T, head: Option<Head>) -> Kept<T> {
        Kept { stream, head }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Kept<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if let Some(head) = &self.head {
            head.keep(&buffer.filled()[before..]);
        }
        read
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Kept<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[test]
fn names_are_as_they_came() {
    let head = Head::default();
    head.keep(b"HTTP/1.1 200 OK\r\nX-Amzn-RequestId: 1\r\ncontent-TYPE: x\r\n");
    head.keep(b"Content-Length: 2\r\n\r\nContent-Type: no header");
    let spelling = head.spelling();
    for (name, expected) in [
        ("x-amzn-requestid", "X-Amzn-RequestId"),
        ("content-type", "content-TYPE"),
        ("content-length", "Content-Length"),
        ("x-amzn", "x-amzn"),
        ("", ""),
    ] {
        assert_eq!(spelling.of(name), expected);
    }
    head.begin();
    head.keep(&[b'a'; 2 * HEAD_BYTES_MAX]);
    head.keep(b"b");
    assert_eq!(head.spelling().0.len(), HEAD_BYTES_MAX);
}
