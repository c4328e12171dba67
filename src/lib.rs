//! stepstream: AWS Step Functions Express workflows, compiled once and run per event.

pub mod asl;
#[cfg(feature = "cli")]
pub mod cli;
pub mod compile;
pub mod drive;
pub mod fault;
pub mod intrinsic;
pub mod log;
pub mod path;
pub mod program;
pub mod timestamp;
pub mod value;
pub mod vm;
