//! Events in: one consumer for each workflow, its control thread, and the queues that shards take from.

mod assignment;
mod commits;
mod control;
mod mailbox;
mod native;
mod positions;
mod search;
mod source;

pub use control::Control;
pub use source::KafkaSource;
