//! How much memory a process takes.

use std::time::Duration;

/// How often it is looked at.
const EVERY: Duration = Duration::from_millis(200);

/// Bytes of a page, as the kernel counts resident memory; larger ones count too much, which shows at once.
const PAGE_BYTES: u64 = 4096;

/// Returns when a process takes more memory than it may; never, without a limit or where the kernel does not say.
pub(super) async fn beyond(process: u32, bytes_max: Option<u64>) {
    let Some(bytes_max) = bytes_max else {
        return std::future::pending().await;
    };
    loop {
        tokio::time::sleep(EVERY).await;
        match resident_bytes(process) {
            Some(bytes) if bytes > bytes_max => return,
            Some(_) => {}
            None => return std::future::pending().await,
        }
    }
}

fn resident_bytes(process: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/statm")).ok()?;
    let pages: u64 = text.split(' ').nth(1)?.parse().ok()?;
    Some(pages * PAGE_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_takes_memory() {
        let bytes = resident_bytes(std::process::id());
        assert!(bytes.is_some_and(|bytes| bytes > 1 << 20), "{bytes:?}");
    }
}
