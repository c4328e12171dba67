//! All integration tests in one binary.

mod compare;
mod conformance;
mod dependencies;
mod shared;
