//! stepstream runs AWS Step Functions Express workflows (Amazon States Language) on your own machines, one
//! execution per Kafka event.
//!
//! A definition is checked as AWS checks it, compiled once into a flat program, and run for every event.
//! The language core does no I/O: time, randomness and the answers of tasks are handed in. Around it stands
//! the stream processor: shards that take batches of events, run them, and commit what is finished.
//!
//! Running one definition takes the core alone:
//!
//! ```
//! use stepstream::drive::{Reply, TaskCall, VirtualClock, drive};
//! use stepstream::{asl, compile::compile, vm::{Identified, Run}};
//!
//! let text = r#"{"StartAt": "Look up", "States": {"Look up": {"Type": "Task", "End": true,
//!     "Resource": "arn:aws:states:::lambda:invoke", "ResultPath": "$.stock",
//!     "Parameters": {"FunctionName": "stock", "Payload.$": "$.item"}}}}"#;
//! let source = asl::Source { name: "stock.asl.json", text, format: asl::Format::Json };
//! let report = asl::check(&source, &asl::Options::default());
//! let program = compile(&report.machine.expect("report.diagnostics says what is wrong"));
//!
//! let mut tasks = |call: &TaskCall<'_>| {
//!     assert_eq!(call.parameters, br#"{"FunctionName":"stock","Payload":"I1234"}"#);
//!     Some(Reply::Success { after_ms: 0, result: b"84".to_vec() })
//! };
//! let (mut run, mut clock) = (Run::new(), VirtualClock::new(0, None));
//! let input = br#"{"item": "I1234"}"#;
//! drive(&mut run, &program, input, &Identified::default(), &mut clock, &mut tasks)?;
//! let output = run.view(&program).to_json(run.outcome().output);
//! assert_eq!(output, r#"{"item":"I1234","stock":84}"#);
//! # Ok::<(), stepstream::vm::StartError>(())
//! ```
//!
//! # The map
//!
//! Modules in dependency order; none uses one below itself, which a test checks.
//!
//! | module | owns |
//! |---|---|
//! | [`clock`] | what time it is: the monotonic one, and the wall clock's face |
//! | [`fault`] | ASL error names and how Retry and Catch match them |
//! | [`printable`] | text of others, made harmless for a terminal |
//! | [`random`] | random numbers from a seed, and UUIDs |
//! | [`timestamp`] | points in time as AWS writes and reads them |
//! | [`value`] | JSON: index a text, read, build, compare, write |
//! | [`path`] | JSONPath and reference paths: parse, select, put |
//! | [`intrinsic`] | the 18 intrinsic functions: parse, evaluate |
//! | [`jsonata`] | JSONata, the second query language: parse, compile, evaluate |
//! | [`asl`] | definitions: document model, parser, validation into diagnostics |
//! | [`embedded`] | definitions inside templates and other files, with their places |
//! | [`program`] | instructions, constants, tables, and their text form |
//! | [`mod@convert`] | definitions in JSONPath rewritten in JSONata |
//! | [`mod@compile`] | from the document model to a program |
//! | [`vm`] | runs a program: frames, retry, yields, history events |
//! | [`log`] | history events as execution-log records |
//! | [`history`] | logs read back: executions as a table, one as a story |
//! | [`drive`] | one execution with its world: clock, answers, a queue of what is due |
//! | [`cases`] | case files: prepared executions and what is expected of them |
//! | [`test_state`] | tries one state on its own |
//! | `units` | times and sizes as people write them; from here on with the feature `runtime` |
//! | `secret` | secrets that stand in a variable or a file, and what may be shown of them |
//! | `guard` | the wall that a panic does not pass |
//! | `metrics` | what the service counts, and its text for Prometheus |
//! | `stream` | events in, messages out: traits, which offset is safe to commit, memory, Kafka |
//! | `journal` | execution logs on their way out: files, stdout, a topic |
//! | `task` | connectors: what runs a workflow's tasks |
//! | `registry` | state machines by name: publish, take up, read again |
//! | `runtime` | shards: executions of events, ordering, limits, commits, drains |
//! | `config` | the configuration file: read, checked, its schema; with the feature `kafka` |
//! | `server` | builds the parts, starts and stops them; one HTTP server, so far with health and metrics; with the feature `kafka` |
//! | `cli` | the commands; with the feature `cli` |
//!
//! # The way of one event
//!
//! 1. `stream::kafka` has one consumer for each workflow. Its control thread follows the group; events pass it
//!    by: the queue of every partition is forwarded to the queue of one shard, which takes batches.
//! 2. The shard (`runtime::Shard::turn`) gives each record to its one [`vm::Run`]: [`value`] copies and indexes
//!    the bytes into the run's heap. What is no JSON, or too large, goes to step 5 as a failure.
//! 3. [`vm::Run::advance`] runs instructions until the execution is over, has done its share of
//!    the turn's work ([`vm::Work`]), or needs the world; then
//!    [`vm::Run::requests`] says what for (a task, a time). Parallel and Map are child frames of the same run,
//!    so a branch that waits does not stop its siblings. Most executions are over after one such call.
//! 4. One that waits is copied into a small run of its own in the in-flight table. `task` finds out who serves
//!    a request and calls it, timers stand in a heap; [`vm::Run::resume`] brings the answer.
//! 5. The output, the dead letter or the reply is written from the heap to the shard's sink. [`log`] encodes
//!    the events of the history, kept as references into the heap if anyone wants them, into the shard's
//!    buffer; `journal` ships whole buffers from a thread of its own. The run is used again: its memory stays.
//! 6. When all of this is acknowledged the offset is complete in the partition's `stream::offsets::Tracker`,
//!    which says up to where may be committed and what the commit's metadata has to remember. In sync mode
//!    the commit comes first: step 2 waits for its acknowledgement.
//!
//! [`drive::drive`] is steps 2 to 4 for one execution with a clock and a host, as `exec` and the tests run it;
//! `stream::memory` puts lines in the place of Kafka, as `pipe` and the benches do.
//!
//! # Invariants
//!
//! The core:
//!
//! - [`value`] to [`vm`] know no files, no clock, no threads and no randomness of their own.
//! - [`vm`] knows neither [`asl`] nor [`mod@compile`]: a [`program::Program`] is their only contract. It is
//!   immutable and shared; everything that changes belongs to one [`vm::Run`].
//! - Values are never changed once they are made. A handle is an index: a run can be moved and stored.
//! - Every value knows its serialized length, so AWS's 256 KiB limit is a comparison wherever AWS has it.
//! - A customer's definition or event never makes us panic. Problems of a definition are a list
//!   ([`asl::Diagnostic`]); failures of a run are data that Retry and Catch handle.
//!
//! The stream processor:
//!
//! - What waits, ends, retries or lasts goes by monotonic time; the wall clock gives timestamps only, so a
//!   correction of it changes nothing else.
//! - No offset is committed past unfinished work, also across rebalance and crash; in sync mode nothing
//!   runs before its commit is acknowledged, and nothing runs twice. Nothing is committed for a partition
//!   that was lost.
//! - An event is finished when its output or dead letter is acknowledged and its log records have left the
//!   process. A failed execution is a finished one.
//! - Shards share nothing that changes: an execution is born, runs and ends on one, and channels to the
//!   outside are bounded. Nothing blocks a shard's thread. What is full stops its own workflow's source; of the
//!   producer's queue each of a shard's workflows has a share, so that a topic that takes nothing stops only those
//!   that write to it. The account of memory is the shard's, and each workflow has a part of it that no other takes: when
//!   it is short, sources pause whose workflow has taken its part. It has a hard end, beyond which what grows fails.
//! - Metadata of a commit that is not certainly ours and of this commit, or that is of another topic, counts as
//!   none. A question that no broker has answered is asked again, never taken for "there is none".
//! - What no `[tasks]` entry grants is not reachable; what is refused by a reload changes nothing.
//! - Only `stream::kafka` knows rdkafka, only `metrics` spells metric names, only `server` and `cli` know
//!   the configuration as a whole: each module owns its own part of it.
//!
//! The library installs no allocator, signal handler, logger or metrics recorder: the binary does.
//!
//! # Features
//!
//! `cli`, on by default, is the command line and all below it. `kafka` adds Kafka as source and sink, the
//! configuration file and the service; it builds librdkafka, which takes a C and C++ compiler and cmake. `kafka-tls`, on by
//! default too, adds TLS, SCRAM and OIDC on the way to Kafka, with OpenSSL and curl from source, which take make and perl.
//! `runtime` is the stream processor without a broker, `render` adds source excerpts to diagnostics. Without
//! them (`default-features = false`) the crate is the language core, in safe and portable Rust apart from two
//! files of `value::index`, and builds without a C compiler.

pub mod asl;
pub mod cases;
#[cfg(feature = "cli")]
pub mod cli;
pub mod clock;
pub mod compile;
#[cfg(feature = "kafka")]
pub mod config;
pub mod convert;
pub mod drive;
pub mod embedded;
pub mod fault;
#[cfg(feature = "runtime")]
pub mod guard;
pub mod history;
pub mod intrinsic;
#[cfg(feature = "runtime")]
pub mod journal;
pub mod jsonata;
pub mod log;
#[cfg(feature = "runtime")]
pub mod metrics;
pub mod path;
pub mod printable;
pub mod program;
pub mod random;
#[cfg(feature = "runtime")]
pub mod registry;
#[cfg(feature = "runtime")]
pub mod runtime;
#[cfg(feature = "runtime")]
pub(crate) mod secret;
#[cfg(feature = "kafka")]
pub mod server;
#[cfg(feature = "runtime")]
pub mod stream;
#[cfg(feature = "runtime")]
pub mod task;
pub mod test_state;
pub mod timestamp;
#[cfg(feature = "runtime")]
pub mod units;
pub mod value;
pub mod vm;
