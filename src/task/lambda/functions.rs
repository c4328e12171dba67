//! Functions in the process: Rust closures by name.
//!
//! Owns the registry that a library's user fills and what runs its functions. Must not know
//! ARNs. Invariant: each shard has its own instance of a function that keeps state.

use super::invoke::{Invoker, Job, Runner};
use super::payload::Payload;
use crate::stream::Ticket;
use crate::task::config::{Mistake, keys};
use crate::task::maker::{Maker, Site};
use crate::task::{Connector, Failure, Progress};
use std::collections::BTreeMap;
use std::sync::Arc;

keys! {
    /// The keys of a function of the process.
    "function": pub struct FunctionConfig {
        /// A built-in function's name, such as `delay` or `demo.check_inventory`.
        function: String,
    }
}

keys! {
    /// The keys of the function `delay`.
    "delay": pub struct DelayConfig {
        /// With `function = "delay"`: how many milliseconds pass before it returns its payload.
        milliseconds: u32,
    }
}

impl DelayConfig {
    /// Returns the milliseconds, if the function of this name is `delay`.
    pub(in crate::task) fn of(&self, function: &str) -> Result<Option<u32>, Mistake> {
        match (function, self.milliseconds) {
            ("delay", None) => {
                let message = "`delay` needs it: after how many milliseconds to answer";
                Err(Mistake::of_key("milliseconds", message))
            }
            ("delay", given) => Ok(given),
            _ => Ok(None),
        }
    }
}

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

    pub(super) fn maker(&self, name: &str) -> Option<Arc<dyn Fn() -> BuiltIn + Send + Sync>> {
        self.makers.get(name).cloned()
    }
}

impl std::fmt::Debug for Functions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.makers.keys()).finish()
    }
}

/// Runs a function of the process.
struct InProcess(BuiltIn);

impl Runner for InProcess {
    fn run(&mut self, job: &Job<'_>, _ticket: Ticket, result: &mut Vec<u8>) -> Progress {
        match (self.0)(job.payload, result) {
            Ok(()) => Progress::Success,
            Err(failure) => Progress::Failure(failure),
        }
    }
}

/// An entry that names a function of the process.
pub(in crate::task) struct FunctionMaker(Arc<dyn Fn() -> BuiltIn + Send + Sync>);

impl FunctionMaker {
    /// Finds a function by its name.
    pub(in crate::task) fn new(name: &str, functions: &Functions) -> Result<FunctionMaker, Mistake> {
        match functions.maker(name) {
            Some(maker) => Ok(FunctionMaker(maker)),
            None => {
                let known: Vec<&str> = functions.names().chain(["delay"]).collect();
                let message = format!("there is no function '{name}'; there are {}", known.join(", "));
                Err(Mistake::of_key("function", message))
            }
        }
    }
}

impl Maker for FunctionMaker {
    fn make(&self, site: &mut Site) -> Box<dyn Connector> {
        Box::new(Invoker::new(InProcess((self.0)()), site.random.next_u64()))
    }
}

/// `delay`: answers its payload after so many milliseconds.
#[derive(Clone, Copy)]
pub(in crate::task) struct Delay(pub(in crate::task) u32);

impl Runner for Delay {
    fn run(&mut self, job: &Job<'_>, _ticket: Ticket, result: &mut Vec<u8>) -> Progress {
        job.payload.write(result);
        Progress::SuccessAfter(i64::from(self.0))
    }
}

impl Maker for Delay {
    fn make(&self, site: &mut Site) -> Box<dyn Connector> {
        Box::new(Invoker::new(*self, site.random.next_u64()))
    }
}
