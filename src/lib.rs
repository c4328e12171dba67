//! stepstream: AWS Step Functions Express workflows, compiled once and run per event.

pub mod asl;
pub mod fault;
pub mod intrinsic;
pub mod path;
pub mod value;
