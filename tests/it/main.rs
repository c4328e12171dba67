//! The one integration test binary: each module has one subject.

mod shared;
mod validation;
