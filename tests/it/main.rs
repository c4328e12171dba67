//! The one integration test binary: each module has one subject.

mod authors;
mod circles;
mod cli;
mod compare;
mod config;
mod conformance;
mod convert;
mod dependencies;
mod deploy;
mod disasm;
mod layers;
mod pages;
mod readme;
mod reference;
mod services;
mod shared;
mod validation;
mod workloads;
