//! The content of a post-mortem: facts and verdicts, without layout.
//!
//! Texts are unescaped, as in the log. The code that prints them escapes them. Times are nanoseconds since the Unix epoch, sizes are bytes.

use serde::Serialize;

use crate::output::producer::End;

/// The data of a post-mortem.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    /// Examined paths.
    pub(crate) paths: Vec<String>,
    /// Start of the window, and time of the last entry.
    pub(crate) window: (u64, u64),
    /// Start of the time in which call sites are counted.
    pub(crate) recent_since: u64,
    /// Conclusions from the facts, the most important first.
    pub(crate) verdicts: Vec<Verdict>,
    /// The examined process; `None` if there are only files of lines or frames.
    pub(crate) process: Option<Process>,
    /// Other processes of the same log.
    pub(crate) others: Vec<Process>,
    /// Bytes of memory that the files of the log use, if the log directory is on tmpfs.
    pub(crate) log_in_memory: Option<u64>,
    /// Whether a kernel log was searched.
    pub(crate) kernel_was_asked: bool,
    /// Kill records of the process.
    pub(crate) kernel: Vec<Kill>,
    /// Samples of the memory, in the order of time.
    pub(crate) memory: Vec<MemoryPoint>,
    /// Growth of the memory over the complete time and over its last parts.
    pub(crate) growth: Vec<Growth>,
    /// Logged entries and bytes in intervals of equal length.
    pub(crate) volume: Volume,
    /// Lines in files next to the segments.
    pub(crate) lines: Lines,
    /// Call sites in the time before the end with the most entries, bytes and trips, in descending order.
    pub(crate) sites: Sites,
    /// Last entries of each thread. The thread with the latest entry is first.
    pub(crate) threads: Vec<ThreadEnd>,
    /// Number of threads that are not in `threads`.
    pub(crate) threads_left_out: u64,
}

/// A conclusion from the facts.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Verdict {
    /// Name of the rule.
    pub(crate) rule: &'static str,
    /// Result of the rule.
    pub(crate) found: Finding,
    /// Conclusion in one sentence.
    pub(crate) text: String,
    /// Reason for the conclusion, with the numbers and thresholds of the rule.
    pub(crate) because: String,
    /// Start of the condition, if it has one.
    pub(crate) at: Option<u64>,
}

/// The result of a rule. The order is the order of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Finding {
    /// A condition that applies.
    Found,
    /// A condition that does not apply.
    NotFound,
    /// Insufficient data for a conclusion.
    Unknown,
}

/// A process of the log.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Process {
    /// Part of the stream id that is in the names of the segments.
    pub(crate) stream: String,
    pub(crate) service: Option<String>,
    pub(crate) host: Option<String>,
    pub(crate) pid: Option<u64>,
    /// Creation time of the first existing segment, or the time of its first entry if that is earlier.
    pub(crate) began: u64,
    /// Time of the last entry.
    pub(crate) last: Option<u64>,
    pub(crate) end: End,
    /// Whether the machine has restarted after the process wrote its log.
    pub(crate) other_boot: bool,
    pub(crate) segments: u64,
    pub(crate) entries: u64,
    /// Names of the unsealed segments.
    pub(crate) unsealed: Vec<String>,
    /// Last entry whose append was complete.
    pub(crate) last_commit: Option<Place>,
    /// Places of the first incomplete appends.
    pub(crate) unfinished: Vec<Place>,
    /// Number of incomplete appends.
    pub(crate) unfinished_count: u64,
    /// Number of bytes that are lost because of damage.
    pub(crate) lost_bytes: u64,
    /// Number of dropped entries by cause, from the loss records.
    pub(crate) dropped: Vec<(String, u64)>,
}

/// A place in a file.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Place {
    pub(crate) file: String,
    pub(crate) offset: u64,
    pub(crate) bytes: u64,
}

/// A kill by the kernel, from the kernel's record.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Kill {
    /// Time of the kill, if the record contains a usable time.
    pub(crate) time: Option<u64>,
    /// Nanoseconds from the last entry to the kill; negative if the kill is earlier.
    pub(crate) behind_last: Option<i64>,
    pub(crate) pid: Option<u64>,
    pub(crate) task: Option<String>,
    /// Cause of the kill, as text.
    pub(crate) constraint: Option<String>,
    /// Cgroup whose limit was reached, or the cgroup of the process.
    pub(crate) group: Option<String>,
    /// Process whose request for memory caused the kill.
    pub(crate) invoked_by: Option<String>,
    /// Process with the highest score, if the kernel killed one of its children instead.
    pub(crate) instead_of: Option<String>,
    /// Whether the kernel log confirms the kill, and not only the choice of the process.
    pub(crate) confirmed: bool,
    /// Badness score. `score_adj` is the configured adjustment.
    pub(crate) score: Option<u64>,
    pub(crate) score_adj: Option<i32>,
    /// Memory in RAM: the sum of `anon_rss`, `file_rss` and `shmem_rss`.
    pub(crate) rss: Option<u64>,
    pub(crate) total_vm: Option<u64>,
    pub(crate) anon_rss: Option<u64>,
    pub(crate) file_rss: Option<u64>,
    pub(crate) shmem_rss: Option<u64>,
    /// Memory that the cgroup used. `limit` is its limit.
    pub(crate) usage: Option<u64>,
    pub(crate) limit: Option<u64>,
    /// Number of times that the cgroup had reached its limit.
    pub(crate) failcnt: Option<u64>,
    /// Properties that the record and the process have in common.
    pub(crate) matched_by: &'static str,
    /// File and line of the record.
    pub(crate) place: String,
}

/// A sample of the memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct MemoryPoint {
    pub(crate) time: u64,
    /// Resident memory.
    pub(crate) resident: Option<u64>,
    /// Anonymous part of the resident memory.
    pub(crate) anonymous: Option<u64>,
    /// Memory that the program has allocated.
    pub(crate) allocated: Option<u64>,
    /// Resident memory of the allocator.
    pub(crate) allocator_resident: Option<u64>,
    /// Memory of the cgroup without reclaimable page cache.
    pub(crate) container: Option<u64>,
    /// Memory limit.
    pub(crate) limit: Option<u64>,
    /// Used share of the nearest limit.
    pub(crate) share: Option<f64>,
    /// Bytes that the log has written.
    pub(crate) log_bytes: Option<u64>,
    /// Percentage of the time in which some tasks waited for memory.
    pub(crate) pressure: Option<f64>,
}

impl MemoryPoint {
    /// Returns the memory that grows with a leak of the heap: the anonymous memory, or the resident memory if the anonymous
    /// part is unknown.
    pub(crate) fn heap(&self) -> Option<u64> {
        self.anonymous.or(self.resident)
    }
}

/// The growth of memory over a time.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Growth {
    /// Length of the time up to the last sample.
    pub(crate) nanos: u64,
    /// Memory at the start. `to` is the memory at the end.
    pub(crate) from: u64,
    pub(crate) to: u64,
    /// Mean growth in bytes per second.
    pub(crate) per_second: f64,
}

/// Logged entries and bytes over time.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Volume {
    /// Start of the first interval.
    pub(crate) since: u64,
    /// Length of an interval.
    pub(crate) step: u64,
    pub(crate) intervals: Vec<Interval>,
}

/// Names of the six ranges of severities; `none` is any other severity.
pub(crate) const LEVELS: [&str; 7] = ["none", "trace", "debug", "info", "warn", "error", "fatal"];

/// Logged entries and bytes of an interval.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Interval {
    /// Number of entries by level, in the order of [`LEVELS`].
    pub(crate) entries: [u64; LEVELS.len()],
    pub(crate) bytes: [u64; LEVELS.len()],
    /// Number of entries on which the circuit breaker tripped.
    pub(crate) tripped: u64,
    /// Number of dropped entries.
    pub(crate) dropped: u64,
}

/// Times of the lines in files. A process that writes lines late can lose the last lines.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Lines {
    pub(crate) count: u64,
    /// Time of the last line.
    pub(crate) last: u64,
    /// Longest time between two consecutive lines.
    pub(crate) longest_gap: u64,
}

/// Call sites with the most entries, bytes or trips.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Sites {
    /// Sum of all call sites.
    pub(crate) total: Counts,
    pub(crate) by_entries: Vec<Site>,
    pub(crate) by_bytes: Vec<Site>,
    /// Only call sites at which the circuit breaker tripped.
    pub(crate) by_trips: Vec<Site>,
    /// Number of entries of further call sites, beyond the maximum number.
    pub(crate) others: u64,
}

/// Numbers of entries, bytes and entries with trips.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Counts {
    pub(crate) entries: u64,
    pub(crate) bytes: u64,
    pub(crate) tripped: u64,
}

/// A call site: the target, the message without its variable parts, and the place in the source code if entries contain it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Site {
    pub(crate) target: String,
    pub(crate) message: String,
    /// File and line, for example `src/cart.rs:41`.
    pub(crate) source: Option<String>,
    #[serde(flatten)]
    pub(crate) counts: Counts,
    /// Size of the largest entry.
    pub(crate) largest: u64,
    pub(crate) errors: u64,
    /// Times of the first and the last entry.
    pub(crate) times: (u64, u64),
}

/// The last entries of a thread.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ThreadEnd {
    /// Name of the thread; empty if the entries do not contain it.
    pub(crate) name: String,
    /// Entries in the order of time.
    pub(crate) entries: Vec<LastEntry>,
}

/// An entry as text.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LastEntry {
    pub(crate) time: u64,
    pub(crate) level: String,
    pub(crate) target: String,
    pub(crate) message: String,
    /// Attributes as JSON, truncated if they are long.
    pub(crate) attributes: String,
    /// Whether the circuit breaker tripped on the entry.
    pub(crate) tripped: bool,
}
