//! The one integration test binary: each module has one subject.

mod authors;
mod cli;
mod compare;
mod conformance;
mod dependencies;
mod layers;
mod readme;
mod shared;
mod validation;
