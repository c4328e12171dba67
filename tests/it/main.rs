//! The one integration test binary: each module has one subject.

mod compare;
mod conformance;
mod disasm;
mod shared;
mod validation;
