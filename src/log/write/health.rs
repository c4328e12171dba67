//! What a log writer has done and what troubles it, for metrics and readiness.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Counters and state of one destination; shared by its writer, its buffers and whoever shows them.
#[derive(Debug, Default)]
pub struct Health {
    written_bytes: AtomicU64,
    dropped_records: AtomicU64,
    dropped_bytes: AtomicU64,
    waiting_bytes: AtomicU64,
    waiting_buffers: AtomicU64,
    failing: AtomicBool,
    trouble: Mutex<Option<String>>,
    broken: OnceLock<String>,
}

impl Health {
    /// Returns how many bytes have left the process.
    pub fn written_bytes(&self) -> u64 {
        self.written_bytes.load(Ordering::Relaxed)
    }

    /// Returns how many records were dropped (`overflow = "drop"`).
    pub fn dropped_records(&self) -> u64 {
        self.dropped_records.load(Ordering::Relaxed)
    }

    /// Returns how many bytes of records were dropped.
    pub fn dropped_bytes(&self) -> u64 {
        self.dropped_bytes.load(Ordering::Relaxed)
    }

    /// Returns how many bytes are handed over and not confirmed.
    pub fn waiting_bytes(&self) -> u64 {
        self.waiting_bytes.load(Ordering::Relaxed)
    }

    /// Returns how many buffers are handed over and not confirmed.
    pub fn waiting_buffers(&self) -> u64 {
        self.waiting_buffers.load(Ordering::Relaxed)
    }

    /// Says whether the last try to write failed: the service is not ready.
    pub fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    /// Returns what is wrong, in words for an operator; `None` when all is well.
    pub fn trouble(&self) -> Option<String> {
        self.text().clone()
    }

    /// Returns what the writer said when our own code panicked in it: it writes no more, only a restart helps.
    pub fn broken(&self) -> Option<&str> {
        self.broken.get().map(String::as_str)
    }

    /// Notes that our own code panicked in the writer, and returns it in words for an operator.
    pub(super) fn breaks(&self, message: &str) -> String {
        let text = format!(
            "a bug in stepstream ended its writer, please report it: {}",
            message.escape_debug()
        );
        self.fails(text.clone());
        self.broken.get_or_init(|| text).clone()
    }

    pub(super) fn wrote(&self, bytes: usize) {
        self.written_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn dropped(&self, records: usize, bytes: usize) {
        self.dropped_records.fetch_add(records as u64, Ordering::Relaxed);
        self.dropped_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn shipped(&self, bytes: usize) {
        self.waiting_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        self.waiting_buffers.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn confirmed(&self, bytes: usize) {
        self.waiting_bytes.fetch_sub(bytes as u64, Ordering::Relaxed);
        self.waiting_buffers.fetch_sub(1, Ordering::Relaxed);
    }

    /// Notes a failure; says it in the diagnostics when it is news.
    pub(super) fn fails(&self, trouble: String) {
        let mut text = self.text();
        if text.as_deref() != Some(&trouble) {
            tracing::warn!("{trouble}");
            *text = Some(trouble);
        }
        self.failing.store(true, Ordering::Relaxed);
    }

    /// Notes that a write succeeded.
    pub(super) fn works(&self) {
        if self.failing.swap(false, Ordering::Relaxed)
            && let Some(trouble) = self.text().take()
        {
            tracing::info!("over: {trouble}");
        }
    }

    fn text(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        // The text is whole whoever panicked while holding it.
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
