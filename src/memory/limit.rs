//! The memory limit of the process, for code that takes less near it.

use std::fs;
use std::path::PathBuf;

use super::cgroup;

/// The memory limit of the cgroup that this process is in, or of one around it: the smallest of them.
#[derive(Debug)]
pub(crate) struct MemoryLimit {
    /// The file with the bytes that the group takes. It is opened each time: a worker of a log keeps no descriptors.
    usage: PathBuf,
    bytes: u64,
}

impl MemoryLimit {
    /// The limit of this process, if it has one.
    pub(crate) fn of_this_process() -> Option<Self> {
        let (usage, bytes) = cgroup::nearest_limit()?;
        Some(Self { usage, bytes })
    }

    /// The limit.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether less than an eighth of the limit is left. Page cache that the kernel could take back counts as taken.
    pub(crate) fn is_near(&self) -> bool {
        let usage = fs::read_to_string(&self.usage).ok().and_then(|text| cgroup::number(&text));
        usage.is_some_and(|usage| usage > self.bytes - self.bytes / 8)
    }
}
