//! The one integration test binary: each module has one subject.

mod authors;
mod cli;
mod compare;
mod config;
mod conformance;
#[path = "../support/definitions.rs"]
mod definitions;
mod dependencies;
mod deploy;
mod disasm;
#[path = "../support/engine.rs"]
mod engine;
mod growth;
mod layers;
mod readme;
mod reference;
mod shared;
mod validation;
