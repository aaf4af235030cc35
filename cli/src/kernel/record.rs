//! The kernel's record of one kill.

use super::stamp::Stamp;

/// A process that the kernel killed because memory was exhausted. Sizes are in bytes. A field is `None` if the version of the
/// kernel does not write the value, or if the kernel's rate limit suppressed the message. Names and paths are text of the log
/// and can be hostile.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OomKill {
    /// Number of the first line of the kill, from 1.
    pub(crate) line: u64,
    /// Host name in the log.
    pub(crate) host: Option<String>,
    /// Time of the kill: the date and time if the line contains them, otherwise the time since boot.
    pub(crate) time: Option<Stamp>,
    /// Time of the kill by the kernel's clock, in nanoseconds since boot. Many logs contain this time in addition to `time`.
    /// It is exact to microseconds, but the clock does not advance while the machine is suspended.
    pub(crate) since_boot: Option<u64>,
    /// Process id in the first pid namespace. The process id inside a container can differ.
    pub(crate) pid: u32,
    /// Name of the process, of which the kernel stores 15 bytes.
    pub(crate) task: String,
    /// User id of the process.
    pub(crate) uid: Option<u32>,
    /// Whether the log contains the message that the kernel sent the signal. Otherwise the log contains only the choice of
    /// the process.
    pub(crate) confirmed: bool,
    /// Part of the machine that ran out of memory.
    pub(crate) constraint: Option<Constraint>,
    /// Cgroup of the process.
    pub(crate) memcg: Option<String>,
    /// Cgroup whose limit was reached: `memcg` or a cgroup above it.
    pub(crate) oom_memcg: Option<String>,
    /// Cgroup that was killed as a whole (`memory.oom.group`), if the process died only as one of its members.
    pub(crate) with_group: Option<String>,
    /// Process whose request for memory caused the kill.
    pub(crate) invoked_by: Option<Invoker>,
    /// Process with the highest score, if the kernel killed one of its children instead.
    pub(crate) instead_of: Option<(u32, String)>,
    /// Badness score, 0 to 1000 plus the adjustment. If `instead_of` is present, the score of that process.
    pub(crate) score: Option<u64>,
    /// `oom_score_adj`: -1000 to 1000.
    pub(crate) score_adj: Option<i32>,
    /// Size of the address space.
    pub(crate) total_vm: Option<u64>,
    /// Anonymous memory in RAM.
    pub(crate) anon_rss: Option<u64>,
    /// Pages of files in RAM.
    pub(crate) file_rss: Option<u64>,
    /// Shared memory in RAM.
    pub(crate) shmem_rss: Option<u64>,
    /// Size of the page tables. Linux 5.4 before 5.4.14 writes bytes with the unit kB, so the value is 1,024 times too large.
    pub(crate) pgtables: Option<u64>,
    /// Memory that `oom_memcg` used.
    pub(crate) usage: Option<u64>,
    /// Limit of `oom_memcg`. The field is also `None` if the cgroup has no limit on memory alone.
    pub(crate) limit: Option<u64>,
    /// Number of times that `oom_memcg` had reached its limit.
    pub(crate) failcnt: Option<u64>,
    /// Memory that the OOM reaper could not free before the process exited.
    pub(crate) reaped: Option<Reaped>,
}

impl OomKill {
    /// Returns the memory in RAM: the sum of the three kinds.
    pub(crate) fn rss(&self) -> Option<u64> {
        let known = [self.anon_rss?, self.file_rss?, self.shmem_rss.unwrap_or(0)];
        known.into_iter().try_fold(0_u64, u64::checked_add)
    }
}

/// The part of the machine that ran out of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Constraint {
    /// The complete machine.
    Machine,
    /// The nodes of a cpuset.
    Cpuset,
    /// The nodes to which a process is bound.
    MemoryPolicy,
    /// A cgroup with a limit.
    Memcg,
    /// The machine or some of its nodes, but not a cgroup. Messages of kernels before 5.0 do not contain the exact
    /// constraint.
    NotMemcg,
}

impl Constraint {
    /// Parses the kernel's name of a constraint, for example `CONSTRAINT_MEMCG`.
    pub(super) fn from_kernel(name: &str) -> Option<Self> {
        Some(match name {
            "CONSTRAINT_NONE" => Self::Machine,
            "CONSTRAINT_CPUSET" => Self::Cpuset,
            "CONSTRAINT_MEMORY_POLICY" => Self::MemoryPolicy,
            "CONSTRAINT_MEMCG" => Self::Memcg,
            _ => return None,
        })
    }
}

/// The process whose request for memory failed. It can be any process, not only the process that used too much memory.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Invoker {
    /// Name of the process.
    pub(crate) task: String,
    /// Thread id, from the message about the processor.
    pub(crate) pid: Option<u32>,
    /// Kind of the requested memory, in the form of the kernel: `0xcc0(GFP_KERNEL)`.
    pub(crate) gfp_mask: String,
    /// Binary logarithm of the number of requested contiguous pages. -1: a user requested a kill with SysRq.
    pub(crate) order: Option<i32>,
    /// `oom_score_adj` of the process.
    pub(crate) score_adj: Option<i32>,
}

/// Memory in bytes that the kernel could not free when it killed a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reaped {
    pub(crate) anon_rss: u64,
    pub(crate) file_rss: u64,
    /// `None` if the kernel is too old to write the value.
    pub(crate) shmem_rss: Option<u64>,
}
