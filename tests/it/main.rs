//! The one integration test binary: each module has one subject.

mod compare;
mod conformance;
#[path = "../support/definitions.rs"]
mod definitions;
mod disasm;
#[path = "../support/engine.rs"]
mod engine;
mod growth;
mod shared;
mod validation;
