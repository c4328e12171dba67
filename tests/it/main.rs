//! The one integration test binary: each module has one subject.

mod compare;
mod conformance;
mod dependencies;
mod shared;
mod validation;
