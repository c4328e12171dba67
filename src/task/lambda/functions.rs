//! Functions in the process: Rust closures by name.
//!
//! Owns the registry that a library's user fills and the connectors that call its functions. Must not know
//! ARNs. Invariant: each shard has its own instance of a function that keeps state.

use super::payload::Payload;
use crate::stream::{Sink, Ticket};
use crate::task::{Call, Connector, Failure, Progress};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A function on one shard: takes a payload, appends its answer as JSON text.
pub type BuiltIn = Box<dyn FnMut(Payload<'_>, &mut Vec<u8>) -> Result<(), Failure>>;

/// The functions of a process, by name.
///
/// ```
/// use stepstream::task::{Failure, Functions};
/// use stepstream::value::Key;
///
/// let mut functions = Functions::new();
/// let item = Key::new("item");
/// functions.register("shop.price", move |payload, answer| {
///     if payload.view().member(payload.value(), &item).is_none() {
///         return Err(Failure::new("NoItem", "a price of what?"));
///     }
///     answer.extend_from_slice(br#"{"price":42}"#);
///     Ok(())
/// });
/// ```
///
/// Whoever wants the payload's text has [`Payload::write`].
#[derive(Clone, Default)]
pub struct Functions {
    makers: BTreeMap<String, Arc<dyn Fn() -> BuiltIn + Send + Sync>>,
}

impl Functions {
    /// Creates an empty registry.
    pub fn new() -> Functions {
        Functions::default()
    }

    /// Registers a function that keeps no state; shards share it. It must not block.
    pub fn register<F>(&mut self, name: &str, function: F)
    where
        F: Fn(Payload<'_>, &mut Vec<u8>) -> Result<(), Failure> + Send + Sync + 'static,
    {
        let function = Arc::new(function);
        self.register_each(name, move || {
            let function = function.clone();
            Box::new(move |payload, answer| function(payload, answer))
        });
    }

    /// Registers a function of which each shard makes its own instance, with buffers or connections of
    /// its own.
    pub fn register_each(&mut self, name: &str, make: impl Fn() -> BuiltIn + Send + Sync + 'static) {
        self.makers.insert(name.to_owned(), Arc::new(make));
    }

    /// Returns the registered names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.makers.keys().map(String::as_str)
    }

    pub(in crate::task) fn maker(&self, name: &str) -> Option<Arc<dyn Fn() -> BuiltIn + Send + Sync>> {
        self.makers.get(name).cloned()
    }
}

impl std::fmt::Debug for Functions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.makers.keys()).finish()
    }
}

/// Serves calls with a function of the process.
pub(in crate::task) struct FunctionConnector(pub(in crate::task) BuiltIn);

impl Connector for FunctionConnector {
    fn call(
        &mut self,
        call: &Call<'_>,
        _ticket: Ticket,
        _sink: &mut dyn Sink,
        result: &mut Vec<u8>,
    ) -> Progress {
        match (self.0)(call.payload, result) {
            Ok(()) => Progress::Success,
            Err(failure) => Progress::Failure(failure),
        }
    }
}

/// `delay`: answers its payload after a time.
pub(in crate::task) struct Delay {
    pub(in crate::task) milliseconds: u32,
}

impl Connector for Delay {
    fn call(
        &mut self,
        call: &Call<'_>,
        _ticket: Ticket,
        _sink: &mut dyn Sink,
        result: &mut Vec<u8>,
    ) -> Progress {
        call.payload.write(result);
        Progress::SuccessAfter(i64::from(self.milliseconds))
    }
}
