//! All integration tests in one binary.

mod cli;
mod compare;
mod conformance;
mod layers;
mod shared;
