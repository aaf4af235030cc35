//! The memory limit of the process, for code that uses less memory near the limit.

use std::fs;
use std::path::PathBuf;

use super::cgroup;

/// The smallest memory limit of the cgroup of this process and of its ancestors.
#[derive(Debug)]
pub(crate) struct MemoryLimit {
    /// The file with the memory usage of the group. Each check opens the file, because a worker of a log
    /// keeps no descriptors.
    usage: PathBuf,
    bytes: u64,
}

impl MemoryLimit {
    /// Returns the limit of this process, if it has one.
    pub(crate) fn of_this_process() -> Option<Self> {
        let (usage, bytes) = cgroup::nearest_limit()?;
        Some(Self { usage, bytes })
    }

    /// Returns the limit in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns whether less than an eighth of the limit is left. The usage includes page cache that the
    /// kernel can reclaim.
    pub(crate) fn is_near(&self) -> bool {
        let usage = fs::read_to_string(&self.usage).ok().and_then(|text| cgroup::number(&text));
        usage.is_some_and(|usage| usage > self.bytes - self.bytes / 8)
    }
}
