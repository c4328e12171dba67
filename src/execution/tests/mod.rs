//! What tests do to executions, here and on a shard.

mod caller;
pub(crate) mod fault;

pub(crate) use fault::reach;
