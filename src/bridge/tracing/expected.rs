//! How many values the entry of a call site will have.

use std::sync::atomic::{AtomicU32, Ordering};

use tracing_core::Metadata;

use crate::encode::EntryWriter;

/// Call sites that are remembered; of two that share a place each makes the other's number wrong.
const SITES: usize = 256;

/// What the last entry of each call site had: its text then stands where it stays, and need not be moved. A wrong number
/// costs that move, and nothing else.
pub(super) struct Expected([AtomicU32; SITES]);

impl Default for Expected {
    fn default() -> Self {
        Self([const { AtomicU32::new(0) }; SITES])
    }
}

impl Expected {
    /// Tells `entry` what it will have; returns that, and where what it has is to be told.
    #[inline]
    pub(super) fn expect(&self, site: &Metadata<'_>, entry: &mut EntryWriter<'_>) -> (&AtomicU32, u32) {
        // Call sites are static, and larger than a cache line.
        let place = &self.0[(core::ptr::from_ref(site).addr() >> 6) % SITES];
        let nodes = place.load(Ordering::Relaxed);
        if nodes > 0 {
            entry.expect_nodes(nodes as usize);
        }
        (place, nodes)
    }
}

/// Remembers what `entry` has, where it is not what was expected.
#[inline]
pub(super) fn learn((place, expected): (&AtomicU32, u32), entry: &EntryWriter<'_>) {
    let nodes = u32::try_from(entry.nodes()).unwrap_or(0);
    if nodes != expected {
        place.store(nodes, Ordering::Relaxed);
    }
}
