//! The one integration test binary: each module has one subject.

mod cli;
mod compare;
mod conformance;
#[path = "../support/definitions.rs"]
mod definitions;
mod disasm;
#[path = "../support/engine.rs"]
mod engine;
mod growth;
mod layers;
mod shared;
mod validation;
