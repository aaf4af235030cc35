//! The expected number of values in the next entry of a call site.

use std::sync::atomic::{AtomicU32, Ordering};

use tracing_core::Metadata;

use crate::encode::EntryWriter;

/// The number of call sites in the table. If two call sites share a place, they overwrite each other's
/// number.
const SITES: usize = 256;

/// The number of values in the last entry of each call site. With the correct number, the encoder writes text
/// to its final position. With a wrong number, the encoder moves the text afterwards.
pub(super) struct Expected([AtomicU32; SITES]);

impl Default for Expected {
    fn default() -> Self {
        Self([const { AtomicU32::new(0) }; SITES])
    }
}

impl Expected {
    /// Sets the expected number of values of `entry`. Returns the number, and the place in which to store the
    /// actual number.
    #[inline]
    pub(super) fn expect(&self, site: &Metadata<'_>, entry: &mut EntryWriter<'_>) -> (&AtomicU32, u32) {
        // Call sites are static values, and larger than a cache line.
        let place = &self.0[(core::ptr::from_ref(site).addr() >> 6) % SITES];
        let nodes = place.load(Ordering::Relaxed);
        if nodes > 0 {
            entry.expect_nodes(nodes as usize);
        }
        (place, nodes)
    }
}

/// Stores the number of values of `entry` if this number differs from the expected one.
#[inline]
pub(super) fn learn((place, expected): (&AtomicU32, u32), entry: &EntryWriter<'_>) {
    let nodes = u32::try_from(entry.nodes()).unwrap_or(0);
    if nodes != expected {
        place.store(nodes, Ordering::Relaxed);
    }
}
