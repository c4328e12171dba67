//! Places on an execution's way; tests let a panic happen there.

/// A place on an execution's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// An event is copied, to be held or to wait for its turn.
    Hold,
    /// A run is given its input.
    Start,
    /// A run goes on.
    Advance,
    /// A run is given an answer.
    Resume,
    /// A run ends at its time limit.
    TimeOut,
    /// An execution goes into the table.
    Park,
    /// An execution comes out of it.
    Unpark,
    /// A record is written, of which a part stands in the log.
    Record,
    /// A record of an event that is refused is written in part.
    Refusal,
    /// Calls that nobody waits for are forgotten.
    Cancel,
    /// An output is written.
    Output,
    /// A dead letter is put together.
    DeadLetter,
    /// A reply is put together.
    Reply,
    /// A message is handed over.
    Send,
    /// A message that had to wait is handed over.
    Resend,
}

/// Passes a place.
#[inline(always)]
pub(crate) fn reach(_step: Step) {
    #[cfg(test)]
    super::tests::reach(_step);
}
