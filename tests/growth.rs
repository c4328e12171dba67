//! How the engine grows, as a binary of its own: it needs neither the command line nor a C library, so that a release
//! build, where times are compared, is soon made (`cargo test --release --no-default-features --test growth`).

#[path = "support/cpu.rs"]
mod cpu;
#[path = "support/definitions.rs"]
mod definitions;
#[path = "support/engine.rs"]
mod engine;
#[path = "it/files.rs"]
mod files;
#[path = "it/growth.rs"]
mod growth;
#[path = "it/load.rs"]
mod load;
