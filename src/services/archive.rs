//! The models that are shipped: one file, a compressed block for each service.
//!
//! Owns the file's layout, which `models/generate.py` writes and describes. A block is unpacked when its service is
//! asked for.

use super::load::ModelError;
use crate::value::{Heap, View};

const MAGIC: &[u8] = b"stepstream service models 1\n";
/// A block that unpacks to more is not ours.
const MODEL_BYTES_MAX: usize = 8 << 20;

/// An archive that is not unpacked yet.
pub(super) struct Archive {
    blocks: &'static [u8],
    entries: Vec<Entry>,
    source: String,
}

struct Entry {
    id: String,
    offset: usize,
    packed: usize,
}

impl Archive {
    /// Reads the index of the file.
    pub(super) fn open(file: &'static [u8]) -> Option<Archive> {
        let rest = file.strip_prefix(MAGIC)?;
        let (len, rest) = rest.split_first_chunk::<4>()?;
        let (index, blocks) = rest.split_at_checked(u32::from_le_bytes(*len) as usize)?;
        let (mut heap, constants) = (Heap::new(), Heap::for_constants());
        let root = heap.index(index).ok()?;
        let view = View::new(&heap, &constants);
        let text = |value| Some(view.string(value)?.decode().into_owned());
        let entry = |value| {
            let number = |index| view.number(view.element(value, index)?)?.parse().ok();
            Some(Entry {
                id: text(view.element(value, 0)?)?,
                offset: number(1)?,
                packed: number(2)?,
            })
        };
        let services = view.elements(view.member_named(root, "services")?);
        Some(Archive {
            blocks,
            entries: services.map(entry).collect::<Option<Vec<Entry>>>()?,
            source: text(view.member_named(root, "source")?)?,
        })
    }

    /// Returns the ids of the services, in the order of the file.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| &*entry.id)
    }

    /// Returns what the models were made from.
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// Unpacks a model.
    ///
    /// # Errors
    /// When the file is damaged.
    pub(super) fn unpack(&self, index: usize) -> Result<Vec<u8>, ModelError> {
        let damaged = || ModelError("the service models in the program are damaged".into());
        let entry = self.entries.get(index).ok_or_else(damaged)?;
        let block = self.blocks.get(entry.offset..).ok_or_else(damaged)?;
        let block = block.get(..entry.packed).ok_or_else(damaged)?;
        miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(block, MODEL_BYTES_MAX).map_err(|_| damaged())
    }
}
