//! JSON values: index a text, read, build, compare, write.
//!
//! A document stays its own text plus an index of spans ([`index`](mod@index)); values that a run builds are
//! nodes that share the rest. A value is a [`ValueRef`], a 32-bit handle into the [`Heap`] of the run
//! or of the program's constants. Reading goes through a [`View`], building through a [`Store`];
//! nothing is ever changed once it is made. A document is echoed as it came; what becomes part of something else goes
//! through [`Store::distinct`] first.
//!
//! Must not know paths, states or programs. Invariant: the text of every span is dense, so the
//! length of any value's JSON text is known without walking it ([`View::len`]).

mod compact;
mod compare;
mod distinct;
mod error;
mod heap;
pub mod index;
mod join;
mod key;
mod lookalike;
mod merge;
mod node;
mod number;
mod store;
mod string;
mod table;
mod view;
mod write;

pub use compact::Compaction;
pub use error::IndexError;
pub use heap::Heap;
pub use join::Pieces;
pub use key::Key;
pub use lookalike::lookalike;
#[cfg(test)]
use node::Node;
pub use node::{DEPTH_MAX, Kind, ValueRef};
pub use number::{compare_numbers, plain_number};
pub use store::{Store, StringStart};
pub(crate) use string::escape_bytes_into;
pub use string::{Str, escape_into};
pub use view::{Elements, Members, View};

#[cfg(test)]
mod compact_tests;
#[cfg(test)]
mod distinct_tests;
#[cfg(test)]
mod tests;
