//! Entries that were read without the interpreter's lock, and wait to become objects with it.

use fusewire::decode::EntryRef;

use crate::resources::ResourceId;

/// Entries, one behind the other.
#[derive(Default)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
    /// Of each entry where it ends, and who wrote it.
    entries: Vec<(usize, ResourceId)>,
}

/// Memory that is kept from one batch to the next.
const KEPT_BYTES: usize = 4 << 20;

impl Batch {
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.entries.clear();
        // One huge entry should not be paid for until the end.
        if self.bytes.capacity() > KEPT_BYTES {
            self.bytes = Vec::new();
        }
    }

    pub(crate) fn push(&mut self, entry: &EntryRef<'_>, resource: ResourceId) {
        self.bytes.extend_from_slice(entry.as_bytes());
        self.entries.push((self.bytes.len(), resource));
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has `entries` entries, or `bytes` bytes of them.
    pub(crate) fn has(&self, entries: usize, bytes: usize) -> bool {
        self.entries.len() >= entries || self.bytes.len() >= bytes
    }

    /// The entry at `index`, and who wrote it.
    pub(crate) fn get(&self, index: usize) -> Option<(EntryRef<'_>, ResourceId)> {
        let (end, resource) = *self.entries.get(index)?;
        let start =
            index.checked_sub(1).and_then(|before| self.entries.get(before)).map_or(0, |(end, _)| *end);
        Some((EntryRef::new(self.bytes.get(start..end)?).ok()?, resource))
    }
}
