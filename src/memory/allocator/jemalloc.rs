//! The statistics of jemalloc, from its safe control interface.

use tikv_jemalloc_ctl::{epoch, stats};

use super::{AllocatorStats, Source};

/// Returns a source, or `None` if jemalloc was built without statistics.
pub(super) fn source() -> Option<Source> {
    let (now, allocated, resident) =
        (epoch::mib().ok()?, stats::allocated::mib().ok()?, stats::resident::mib().ok()?);
    let read = move || {
        // This updates the cached statistics.
        let _ = now.advance();
        AllocatorStats {
            allocated: allocated.read().ok().map(|bytes| bytes as u64),
            resident: resident.read().ok().map(|bytes| bytes as u64),
        }
    };
    Some(Source { name: "jemalloc", read: Box::new(read) })
}
