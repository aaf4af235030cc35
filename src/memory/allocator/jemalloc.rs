//! jemalloc, by way of its safe control interface.

use tikv_jemalloc_ctl::{epoch, stats};

use super::{AllocatorStats, Source};

/// What it says; nothing where it was built without its counters.
pub(super) fn source() -> Option<Source> {
    let (now, allocated, resident) =
        (epoch::mib().ok()?, stats::allocated::mib().ok()?, stats::resident::mib().ok()?);
    let read = move || {
        // What is read afterwards is of this moment.
        let _ = now.advance();
        AllocatorStats {
            allocated: allocated.read().ok().map(|bytes| bytes as u64),
            resident: resident.read().ok().map(|bytes| bytes as u64),
        }
    };
    Some(Source { name: "jemalloc", read: Box::new(read) })
}
