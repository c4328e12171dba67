//! The one integration test binary: each module has one subject.

mod cli;
mod compare;
mod conformance;
mod layers;
mod shared;
mod validation;
