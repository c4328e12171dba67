//! What a process prints, line by line, in the service's log.
//!
//! Must not know what lines mean. Invariant: a line is cut at a limit, and nothing in it acts on a terminal.

use super::instance::Instance;
use crate::printable;
use std::rc::Rc;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};

/// Most bytes of a line; a longer one is several.
const LINE_BYTES_MAX: u64 = 16 << 10;

/// Logs what a process prints until it closes the stream.
pub(super) async fn follow(instance: Rc<Instance>, stream: impl AsyncRead + Unpin, name: &'static str) {
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut stream)
            .take(LINE_BYTES_MAX)
            .read_until(b'\n', &mut line)
            .await
        {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches(['\n', '\r']);
        // The Python runtime prints a multi-line record with these; they are line breaks to a reader.
        for text in text.split('\r').filter(|text| !text.is_empty()) {
            tracing::info!(
                function = &*instance.function.name,
                request_id = &*instance.request_id(),
                stream = name,
                "{}",
                printable::line(text)
            );
        }
    }
}
