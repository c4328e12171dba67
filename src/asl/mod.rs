//! Amazon States Language definitions: document model, parser, validation into diagnostics.

pub mod model;
