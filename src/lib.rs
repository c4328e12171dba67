//! stepstream runs AWS Step Functions Express workflows (Amazon States Language) on your own machines, one
//! execution per Kafka event.
//!
//! A definition is checked as AWS checks it, compiled once into a flat program, and run for every event.
//! The language core does no I/O: it receives time, randomness and the answers of tasks from outside. Around it is
//! the stream processor: shards that take batches of events, run them, and commit finished ones.
//!
//! Running one definition needs only the core:
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
//! Modules in dependency order. A module uses only modules above it; a test checks this.
//!
//! | module | owns |
//! |---|---|
//! | [`clock`] | the current time: monotonic, and the wall clock's |
//! | [`fault`] | ASL error names and how Retry and Catch match them |
//! | [`printable`] | foreign text, made harmless for a terminal |
//! | [`random`] | random numbers from a seed, and UUIDs |
//! | [`timestamp`] | points in time, written and read as AWS does |
//! | [`value`] | JSON: index a text, read, build, compare, write |
//! | [`services`] | AWS's services: models, names, requests and answers in their protocols |
//! | [`path`] | JSONPath and reference paths: parse, select, put |
//! | [`intrinsic`] | the 18 intrinsic functions: parse, evaluate |
//! | [`jsonata`] | JSONata, the second query language: parse, compile, evaluate |
//! | [`asl`] | definitions: document model, parser, validation into diagnostics |
//! | [`embedded`] | definitions inside templates and other files, with their positions |
//! | [`program`] | instructions, constants, tables, and their text form |
//! | [`mod@convert`] | rewriting of JSONPath definitions in JSONata |
//! | [`mod@compile`] | the step from the document model to a program |
//! | [`vm`] | runs a program: frames, retry, yields, history events |
//! | [`log::encode`] | history events as execution-log records |
//! | [`log::read`] | reading logs back: executions in a table, one as a story |
//! | [`drive`] | one execution with its surroundings: clock, answers, a queue of due events |
//! | [`cases`] | case files: prepared executions and expectations |
//! | [`test_state`] | a trial of one state on its own |
//! | `units` | times and sizes as people write them; from here on with the feature `runtime` |
//! | `secret` | secrets in a variable or a file, and the parts of them that may be shown |
//! | `guard` | the barrier that no panic crosses |
//! | `metrics` | the service's counters, and their text for Prometheus |
//! | `stream` | events in, messages out: traits, safe commit offsets, memory, Kafka |
//! | `log::write` | execution logs on their way out: files, stdout, a topic, CloudWatch Logs |
//! | `task` | connectors: what runs a workflow's tasks |
//! | `registry` | state machines by name: publish, take up, read again |
//! | `execution` | an execution with the world around it: who asked for it, its machine, tasks, timers, memory, ending |
//! | `runtime` | shards: executions of events and for callers, workflows that come and go, ordering, limits, commits, drains |
//! | `config` | the configuration file: read, checked, its schema; with the feature `kafka` |
//! | `server` | builds the parts, starts and stops them; one HTTP server, so far with health and metrics; with the feature `kafka` |
//! | `cli` | the commands; with the feature `cli` |
//!
//! # The way of one event
//!
//! 1. `stream::kafka` has one consumer for each workflow. Its control thread follows the group. Events bypass it:
//!    the queue of every partition is forwarded to the queue of one shard, which takes batches.
//! 2. The shard (`runtime::Shard::turn`) lets each record ask for an `execution` in its one [`vm::Run`]: [`value`] copies
//!    and indexes the bytes into the run's heap. An event that is not JSON, or is too large, goes to step 5 as a failure.
//! 3. [`vm::Run::advance`] runs instructions until the execution is over, has done its share of
//!    the turn's work ([`vm::Work`]), or needs the world; then
//!    [`vm::Run::requests`] lists its requests (a task, a time). Parallel and Map are child frames of the same run,
//!    so a waiting branch does not stop its siblings. Most executions end after one such call.
//! 4. A waiting execution is copied into a small run of its own in the in-flight table. `task` finds the connector
//!    that serves a request and calls it; timers are in a heap. [`vm::Run::resume`] delivers the answer.
//! 5. At the end, who asked decides what that means: an event writes its output, dead letter or reply from the heap to
//!    the shard's sink. [`log::encode`] encodes the history's events, which were kept as references into the heap if the log
//!    needs them, into the shard's buffer; `log::write` ships whole buffers from threads of its own. The run is reused and
//!    keeps its memory.
//! 6. When all of this is acknowledged, the offset is complete in the partition's `stream::offsets::Tracker`,
//!    which determines the offset to commit and the content of the commit's metadata. In sync mode
//!    the commit comes first: step 2 waits for its acknowledgement.
//!
//! [`drive::drive`] is steps 2 to 4 for one execution with a clock and a host, as `exec` and the tests run it;
//! `stream::memory` replaces Kafka by lines, for `pipe` and the benches.
//!
//! # Invariants
//!
//! The core:
//!
//! - [`value`] to [`vm`] know no files, no clock, no threads and no randomness of their own.
//! - [`vm`] knows neither [`asl`] nor [`mod@compile`]: a [`program::Program`] is their only contract. It is
//!   immutable and shared; everything that changes belongs to one [`vm::Run`].
//! - Values never change after they are built. A handle is an index, so a run can be moved and stored.
//! - Every value knows its serialized length, so AWS's 256 KiB limit costs one comparison wherever AWS applies it.
//! - A customer's definition or event never causes a panic. A definition's problems are a list
//!   ([`asl::Diagnostic`]); failures of a run are data that Retry and Catch handle.
//!
//! The stream processor:
//!
//! - Waits, deadlines, retries and durations use monotonic time. The wall clock only gives timestamps, so
//!   correcting it changes nothing else.
//! - No offset is committed past unfinished work, even across a rebalance or crash. In sync mode nothing
//!   runs before its commit is acknowledged, and nothing runs twice. Nothing is committed for a partition
//!   that was lost.
//! - `execution` knows no partitions, offsets or topics. Who asks for one, an event or a caller, decides what its ending
//!   means. Neither kind keeps the other out.
//! - An event is finished when its output or dead letter is acknowledged and its log records have left the
//!   process. A failed execution is finished, too.
//! - Shards share no mutable state: an execution starts, runs and ends on one shard, and channels to the
//!   outside are bounded. Nothing blocks a shard's thread. A full queue stops its own workflow's source; each of a
//!   shard's workflows has a share of the producer's queue, so a topic that accepts nothing stops only workflows
//!   that write to it. The memory account belongs to the shard, and each workflow has a reserved part of it: when
//!   memory is short, sources pause whose workflow has used up its part. The account has a hard limit, beyond which
//!   growing executions fail.
//! - Commit metadata is ignored unless it is certainly ours, belongs to this commit and to this topic. A question
//!   that no broker has answered is asked again; silence never means "there is none".
//! - A resource that no `[tasks]` entry grants is unreachable. A refused reload changes nothing.
//! - Only `stream::kafka` knows rdkafka, only `metrics` spells metric names, only `server` and `cli` know
//!   the configuration as a whole: each module owns its own part of it.
//!
//! The library installs no allocator, signal handler, logger or metrics recorder: the binary does.
//!
//! # Features
//!
//! `cli`, on by default, is the command line and everything below it. `kafka` adds Kafka as source and sink, the
//! configuration file and the service; it builds librdkafka, which needs a C and C++ compiler and make. `kafka-codecs`
//! adds messages that are compressed with zstd or gzip. `kafka-tls` adds TLS, SCRAM and OIDC to Kafka's clients; it builds
//! OpenSSL and curl from source, which need cmake and perl. Both are on by default. `runtime` is the stream processor
//! without a broker; `render` adds source excerpts to diagnostics.
//! Without features (`default-features = false`) the crate is the language core, in safe and portable Rust apart
//! from two files of `value::index`, and builds without a C compiler.

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
#[cfg(feature = "runtime")]
pub mod execution;
pub mod fault;
#[cfg(feature = "runtime")]
pub mod guard;
pub mod intrinsic;
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
pub mod services;
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
