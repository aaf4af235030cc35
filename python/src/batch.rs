//! Batches of entries. They are read without the GIL and converted to Python objects later.

use fusewire::decode::EntryRef;

use crate::resources::ResourceId;

/// A buffer of consecutive entries.
#[derive(Default)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
    /// The end offset and the resource of each entry.
    entries: Vec<(usize, ResourceId)>,
}

/// The maximum capacity that a batch keeps for the next batch, in bytes.
const KEPT_BYTES: usize = 4 << 20;

impl Batch {
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.entries.clear();
        // The memory of a huge entry is released.
        if self.bytes.capacity() > KEPT_BYTES {
            self.bytes = Vec::new();
        }
    }

    pub(crate) fn push(&mut self, entry: &EntryRef<'_>, resource: ResourceId) {
        if entry.append_to(&mut self.bytes).is_ok() {
            self.entries.push((self.bytes.len(), resource));
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether the batch has at least `entries` entries or `bytes` bytes.
    pub(crate) fn has(&self, entries: usize, bytes: usize) -> bool {
        self.entries.len() >= entries || self.bytes.len() >= bytes
    }

    /// Returns the entry at `index` and its resource.
    pub(crate) fn get(&self, index: usize) -> Option<(EntryRef<'_>, ResourceId)> {
        let (end, resource) = *self.entries.get(index)?;
        let start =
            index.checked_sub(1).and_then(|before| self.entries.get(before)).map_or(0, |(end, _)| *end);
        Some((EntryRef::new(self.bytes.get(start..end)?).ok()?, resource))
    }
}
