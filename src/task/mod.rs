//! Connectors: what runs a workflow's tasks.
//!
//! [`Tasks`] is what the configuration says, checked: patterns of resources and functions, and what serves
//! each ([`config`], [`table`]). [`Tasks::bind`] connects a program to it when it is loaded and names what
//! nobody serves ([`bind`]). [`Tasks::connect`] makes the connectors of one shard, [`Connectors`]: it takes a task's
//! parameters and credentials and hands them to the [`Connector`] that serves it, which also says how its answer is
//! dressed. These are: functions ([`lambda`]), in the process, behind a URL (`http`) or in processes of their own,
//! [`produce`], which writes to Kafka through the shard's sink, `aws`, which calls services of AWS, and calls of web APIs
//! (`web`).
//!
//! | file | owns |
//! |---|---|
//! | `caller` | the shard's side: what it asks, and hears |
//! | `connectors` | one shard's connectors, as one thing to call |
//! | `connector`, `answers` | the connectors' side: the trait, and the way of their answers |
//! | `maker` | an entry of the configuration: what it serves, and its connectors |
//! | `asked`, `bind`, `table` | who serves which task |
//! | `allow`, `reach` | what of that a workflow may reach, and does |
//! | `config` | `[tasks]` |
//! | `lambda` | functions: names, payload, envelope, errors; in the process, behind a URL, and in processes of their own |
//! | `http` | connections, by host |
//! | `aws` | services of AWS, by signed call |
//! | `produce` | `kafka:produce` |
//! | `web` | `http:invoke` with `[connections]`, and `apigateway:invoke` |
//!
//! Must not know Kafka sources, shards or logs. Invariants: a call is answered once, or the machine's own
//! time limits end the task; a connector never blocks its thread; what no pattern matches is not reachable; an answer
//! at which our own code panics fails its call, and no other.
//!
//! # How a shard uses it
//!
//! [`Connectors`] is the shard's [`Caller`].
//!
//! 1. For each task that a run requests: [`Caller::call`] with a [`Ticket`](crate::stream::Ticket) of the shard's own.
//!    `Success` and `SuccessAfter` have left the result in the buffer, `Failure` is an answer too.
//! 2. After `Pending`, [`Caller::take`] brings heartbeats and the answer; they wake the shard through its
//!    [`Wake`](crate::stream::Wake).
//! 3. Every acknowledgement of the sink whose ticket is a task's goes to [`Caller::acknowledged`].
//! 4. Once in a batch, before `Sink::push`: [`Caller::poll`].
//! 5. A call that nobody waits for any more (time-out, execution over): [`Caller::cancel`].

pub mod allow;
mod answers;
mod asked;
pub mod aws;
pub mod bind;
mod caller;
pub mod config;
mod connector;
mod connectors;
mod http;
pub mod lambda;
mod maker;
pub mod produce;
mod reach;
pub mod table;
pub mod web;

#[cfg(test)]
mod tests;

pub use allow::Allow;
pub use answers::{Answer, Answers, Failure, Report};
pub use bind::{Bindings, Unserved};
pub use caller::{Attempt, Caller};
pub use config::Config;
pub use connector::{Call, Connector, Progress, Request, Target};
pub use connectors::{Connectors, Tasks};
pub use lambda::demo;
pub use lambda::function::Home;
pub use lambda::functions::Functions;
pub use reach::Reached;

/// Returns the names of errors that connectors give themselves, where a function or a broker does not answer as it
/// should.
pub fn errors() -> impl Iterator<Item = &'static str> {
    let own = lambda::ERRORS.into_iter().chain(produce::ERRORS);
    own.chain(aws::ERRORS).chain(web::ERRORS)
}
