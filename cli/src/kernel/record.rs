//! The kernel's record of one kill.

use super::stamp::Stamp;

/// A process that the kernel killed for want of memory. Sizes are bytes. What a kernel's version does not say, or what its
/// limit on the rate of messages suppressed, is None. Names and paths are as the log has them: hostile text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OomKill {
    /// Of the first line of it, from 1.
    pub(crate) line: u64,
    /// The host that a syslog names.
    pub(crate) host: Option<String>,
    /// When it was killed, by the most telling stamp on the line.
    pub(crate) time: Option<Stamp>,
    /// When it was killed, in nanoseconds since the machine booted, by the kernel's own clock. That stands beside `time`
    /// in many logs; it is exact to microseconds, but does not advance while the machine is suspended.
    pub(crate) since_boot: Option<u64>,
    /// The process, as the first pid namespace numbers it: not what a process in a container takes for its pid.
    pub(crate) pid: u32,
    /// Its name, of which the kernel keeps 15 bytes.
    pub(crate) task: String,
    /// Whose it was.
    pub(crate) uid: Option<u32>,
    /// Whether the kernel said that it sent the signal. Without that it said only whom it chose, and the log ends, or
    /// goes on with something else.
    pub(crate) confirmed: bool,
    /// What ran out of memory.
    pub(crate) constraint: Option<Constraint>,
    /// The cgroup the process was in.
    pub(crate) memcg: Option<String>,
    /// The cgroup whose limit was met: `memcg`, or one above it.
    pub(crate) oom_memcg: Option<String>,
    /// The cgroup that was killed as a whole (`memory.oom.group`), where it died only because it was in there.
    pub(crate) with_group: Option<String>,
    /// Who wanted the memory that there was not.
    pub(crate) invoked_by: Option<Invoker>,
    /// The process that had the worst score, of which this one is a child, killed in its place.
    pub(crate) instead_of: Option<(u32, String)>,
    /// How bad a choice it was to let it live: 0 to 1000 and its adjustment. Of `instead_of` where there is one.
    pub(crate) score: Option<u64>,
    /// `oom_score_adj`: -1000 to 1000.
    pub(crate) score_adj: Option<i32>,
    /// Its address space.
    pub(crate) total_vm: Option<u64>,
    /// Memory of its own in RAM.
    pub(crate) anon_rss: Option<u64>,
    /// Pages of files in RAM.
    pub(crate) file_rss: Option<u64>,
    /// Shared memory in RAM.
    pub(crate) shmem_rss: Option<u64>,
    /// Its page tables. Linux 5.4 before 5.4.14 writes bytes and calls them kB: this is 1,024 times too much then.
    pub(crate) pgtables: Option<u64>,
    /// What `oom_memcg` used.
    pub(crate) usage: Option<u64>,
    /// What it may use. None also where it had no limit on memory alone.
    pub(crate) limit: Option<u64>,
    /// How often it met that limit before.
    pub(crate) failcnt: Option<u64>,
    /// What was left of it when the kernel had taken its memory away without waiting for its end.
    pub(crate) reaped: Option<Reaped>,
}

impl OomKill {
    /// What it had in RAM: the three kinds together.
    pub(crate) fn rss(&self) -> Option<u64> {
        let known = [self.anon_rss?, self.file_rss?, self.shmem_rss.unwrap_or(0)];
        known.into_iter().try_fold(0_u64, u64::checked_add)
    }
}

/// What ran out of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Constraint {
    /// The machine.
    Machine,
    /// The nodes of a cpuset.
    Cpuset,
    /// The nodes that a process had bound itself to.
    MemoryPolicy,
    /// A cgroup with a limit.
    Memcg,
    /// No cgroup's limit; whether the machine or some nodes of it, kernels before 5.0 do not say.
    NotMemcg,
}

impl Constraint {
    /// As the kernel writes it: `CONSTRAINT_MEMCG`.
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

/// The process whose request for memory could not be met: any, not the one that used too much.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Invoker {
    /// Its name.
    pub(crate) task: String,
    /// Its thread's id, from the line of the processor it ran on.
    pub(crate) pid: Option<u32>,
    /// What kind of memory it wanted, as the kernel writes it: `0xcc0(GFP_KERNEL)`.
    pub(crate) gfp_mask: String,
    /// It wanted 2 to the power of this many pages in a row. -1: somebody asked for a kill with SysRq.
    pub(crate) order: Option<i32>,
    /// Its own `oom_score_adj`.
    pub(crate) score_adj: Option<i32>,
}

/// What the kernel could not take from a process that it was killing: bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reaped {
    pub(crate) anon_rss: u64,
    pub(crate) file_rss: u64,
    /// None where the kernel is too old to tell.
    pub(crate) shmem_rss: Option<u64>,
}
