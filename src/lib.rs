//! stepstream runs AWS Step Functions Express workflows (Amazon States Language) on your own machines.
//!
//! A definition is checked as AWS checks it, compiled once into a flat program, and run for every event.
//! The language core below does no I/O: time, randomness and the answers of tasks are handed in.
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
//! | [`fault`] | ASL error names and how Retry and Catch match them |
//! | [`timestamp`] | points in time as AWS writes and reads them |
//! | [`value`] | JSON: index a text, read, build, compare, write |
//! | [`path`] | JSONPath and reference paths: parse, select, put |
//! | [`intrinsic`] | the 18 intrinsic functions: parse, evaluate |
//! | [`asl`] | definitions: document model, parser, validation into diagnostics |
//! | [`program`] | instructions, constants, tables, and their text form |
//! | [`mod@compile`] | from the document model to a program |
//! | [`vm`] | runs a program: frames, retry, yields, history events |
//! | [`log`] | history events as execution-log records |
//! | [`drive`] | one execution with its world: clock, answers, a queue of what is due |
//! | [`cases`] | case files: prepared executions and what is expected of them |
//! | [`test_state`] | tries one state on its own |
//! | `cli` | the commands; with the feature `cli` |
//!
//! # The way of one execution
//!
//! The bytes of an event are copied and indexed by [`value`] into the heap of a [`vm::Run`].
//! [`vm::Run::advance`] runs instructions until the execution is over or needs the world; then
//! [`vm::Run::requests`] says what for (a task, a time) and [`vm::Run::resume`] brings the answer.
//! Parallel and Map are child frames of the same run, so a branch that waits does not stop its siblings.
//! [`drive::drive`] is that loop with a clock and a host; a service has its own. Events of the history are
//! kept as references into the heap, if anyone wants them, and [`log`] writes them. Afterwards
//! the output is written straight from the heap, and the run is used again: its memory stays.
//!
//! # Invariants
//!
//! - [`value`] to [`vm`] know no files, no clock, no threads and no randomness of their own.
//! - [`vm`] knows neither [`asl`] nor [`mod@compile`]: a [`program::Program`] is their only contract. It is
//!   immutable and shared; everything that changes belongs to one [`vm::Run`].
//! - Values are never changed once they are made. A handle is an index: a run can be moved and stored.
//! - Every value knows its serialized length, so AWS's 256 KiB limit is a comparison wherever AWS has it.
//! - A customer's definition or event never makes us panic. Problems of a definition are a list
//!   ([`asl::Diagnostic`]); failures of a run are data that Retry and Catch handle.
//! - The library installs no allocator, signal handler, logger or metrics recorder: the binary does.
//!
//! # Features
//!
//! `cli`, on by default, is the command line. Without it (`default-features = false`) the crate is the
//! language core, in safe and portable Rust apart from one SIMD file, and builds without a C compiler.

pub mod asl;
pub mod cases;
#[cfg(feature = "cli")]
pub mod cli;
pub mod compile;
pub mod drive;
pub mod fault;
pub mod intrinsic;
pub mod log;
pub mod path;
pub mod program;
pub mod test_state;
pub mod timestamp;
pub mod value;
pub mod vm;
