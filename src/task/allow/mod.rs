//! `allow`: what a workflow may reach, beyond what `[tasks]` serves.
//!
//! Each line is an action and what it may be done to: `sqs:sendMessage arn:aws:sqs:*:*:orders-*`, `http https://h/*`. `line`
//! owns their grammar, `rules` all of them together, `named` what the parameters of a call name, `resources` which parameters
//! those are, `target` what that is, `gate` the check of one task. Must not know connectors. Invariants: what is checked is
//! what is called, after its parameters are computed; a call that names nothing we know is granted only where its whole action
//! is.

mod gate;
mod line;
mod named;
mod resources;
mod rules;
mod target;

pub(super) use gate::Gate;
pub use line::LineError;
pub(super) use named::{Constants, targets};
pub use rules::Allow;
pub(super) use target::Target;

#[cfg(test)]
mod tests;
