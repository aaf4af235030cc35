//! The content of a post-mortem: facts and verdicts, without layout.
//!
//! Texts are unescaped, as in the log. The code that prints them escapes them. Times are nanoseconds since the Unix epoch, sizes are bytes.

use serde::Serialize;

use crate::output::producer::End;

/// All that is known.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    /// What was looked at.
    pub(crate) paths: Vec<String>,
    /// From when to when; the second is when the last entry was written.
    pub(crate) window: (u64, u64),
    /// From when on call sites are counted: the time before the end.
    pub(crate) recent_since: u64,
    /// What follows from the facts, what matters most first.
    pub(crate) verdicts: Vec<Verdict>,
    /// The process that this is about; none where only files of lines are there.
    pub(crate) process: Option<Process>,
    /// Other processes of the same log.
    pub(crate) others: Vec<Process>,
    /// Bytes of memory that the files of the log take, if the log directory is on tmpfs.
    pub(crate) log_in_memory: Option<u64>,
    /// Whether what the kernel has logged was looked through.
    pub(crate) kernel_was_asked: bool,
    /// What the kernel says of the process.
    pub(crate) kernel: Vec<Kill>,
    /// Its memory, by time.
    pub(crate) memory: Vec<MemoryPoint>,
    /// How memory grew, over the whole time and over the last parts of it.
    pub(crate) growth: Vec<Growth>,
    /// What was logged, in intervals of equal length, by time.
    pub(crate) volume: Volume,
    /// The lines in files beside the segments.
    pub(crate) lines: Lines,
    /// Call sites in the time before the end: those with the most entries, bytes, and trips, each kind sorted.
    pub(crate) sites: Sites,
    /// The last entries of each thread, of the thread that logged last first.
    pub(crate) threads: Vec<ThreadEnd>,
    /// Threads that are left out of `threads`.
    pub(crate) threads_left_out: u64,
}

/// What follows from the facts.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Verdict {
    /// The name of the rule.
    pub(crate) rule: &'static str,
    /// What came of it.
    pub(crate) found: Finding,
    /// What was found, in one sentence.
    pub(crate) text: String,
    /// How the rule decides, with its numbers: never a bare guess.
    pub(crate) because: String,
    /// When what was found began, where that is a moment.
    pub(crate) at: Option<u64>,
}

/// What came of a rule. Ordered as they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Finding {
    /// It is so.
    Found,
    /// It is not so.
    NotFound,
    /// There is too little to tell.
    Unknown,
}

/// A process of the log.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Process {
    /// The part of its stream's id that is in the names of its segments.
    pub(crate) stream: String,
    pub(crate) service: Option<String>,
    pub(crate) host: Option<String>,
    pub(crate) pid: Option<u64>,
    /// When it made the first segment that is still there, or wrote the first entry in it.
    pub(crate) began: u64,
    /// The time of its last entry.
    pub(crate) last: Option<u64>,
    pub(crate) end: End,
    /// Whether the machine was started anew since.
    pub(crate) other_boot: bool,
    pub(crate) segments: u64,
    pub(crate) entries: u64,
    /// Segments that it left unsealed.
    pub(crate) unsealed: Vec<String>,
    /// The last entry whose append had returned.
    pub(crate) last_commit: Option<Place>,
    /// Appends that were begun and never completed, as far as they are kept.
    pub(crate) unfinished: Vec<Place>,
    /// How many such there are.
    pub(crate) unfinished_count: u64,
    /// Bytes that are lost to damage.
    pub(crate) lost_bytes: u64,
    /// Entries that were not written, as its loss records say, by cause.
    pub(crate) dropped: Vec<(String, u64)>,
}

/// A place in a file.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Place {
    pub(crate) file: String,
    pub(crate) offset: u64,
    pub(crate) bytes: u64,
}

/// A kill by the kernel, as it tells of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Kill {
    /// The time, where the record has one that can be placed.
    pub(crate) time: Option<u64>,
    /// How many nanoseconds it came behind the last entry; negative before it.
    pub(crate) behind_last: Option<i64>,
    pub(crate) pid: Option<u64>,
    pub(crate) task: Option<String>,
    /// Which limit was met, in the kernel's words.
    pub(crate) constraint: Option<String>,
    /// The group whose limit was met.
    pub(crate) group: Option<String>,
    /// Who wanted the memory that there was not.
    pub(crate) invoked_by: Option<String>,
    /// Whom it was killed in the place of.
    pub(crate) instead_of: Option<String>,
    /// Whether the kernel said that it did, and not only that it would.
    pub(crate) confirmed: bool,
    /// How bad a choice it was to let it live, and what was added to that by hand.
    pub(crate) score: Option<u64>,
    pub(crate) score_adj: Option<i32>,
    /// What it had in memory: the three that follow but for the address space.
    pub(crate) rss: Option<u64>,
    pub(crate) total_vm: Option<u64>,
    pub(crate) anon_rss: Option<u64>,
    pub(crate) file_rss: Option<u64>,
    pub(crate) shmem_rss: Option<u64>,
    /// What the group took, and might.
    pub(crate) usage: Option<u64>,
    pub(crate) limit: Option<u64>,
    /// How often the group had met it before.
    pub(crate) failcnt: Option<u64>,
    /// How the record was found to be of this process.
    pub(crate) matched_by: &'static str,
    /// Where it begins: file and line.
    pub(crate) place: String,
}

/// A sample of the memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct MemoryPoint {
    pub(crate) time: u64,
    /// The resident set.
    pub(crate) resident: Option<u64>,
    /// Of that, what no file stands behind.
    pub(crate) anonymous: Option<u64>,
    /// What the allocator has given out.
    pub(crate) allocated: Option<u64>,
    /// What the allocator holds.
    pub(crate) allocator_resident: Option<u64>,
    /// The memory of the group, without page cache that could go.
    pub(crate) container: Option<u64>,
    /// What the group may take.
    pub(crate) limit: Option<u64>,
    /// The share of the nearest limit that is taken.
    pub(crate) share: Option<f64>,
    /// What the log had written by then.
    pub(crate) log_bytes: Option<u64>,
    /// Percent of the time that some task waited for memory.
    pub(crate) pressure: Option<f64>,
}

impl MemoryPoint {
    /// What a leak in a heap makes grow: the anonymous part of the resident set, or all of it where that is not known.
    pub(crate) fn heap(&self) -> Option<u64> {
        self.anonymous.or(self.resident)
    }
}

/// How memory grew over a time.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Growth {
    /// Over how long, up to the last sample.
    pub(crate) nanos: u64,
    /// What was there at its beginning and at its end.
    pub(crate) from: u64,
    pub(crate) to: u64,
    /// Bytes a second, between the two.
    pub(crate) per_second: f64,
}

/// What was logged, over time.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Volume {
    /// When the first interval begins.
    pub(crate) since: u64,
    /// How long each is.
    pub(crate) step: u64,
    pub(crate) intervals: Vec<Interval>,
}

/// Of the six ranges of severities, and what is outside them.
pub(crate) const LEVELS: [&str; 7] = ["none", "trace", "debug", "info", "warn", "error", "fatal"];

/// What was logged in an interval.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Interval {
    /// By [`LEVELS`].
    pub(crate) entries: [u64; LEVELS.len()],
    pub(crate) bytes: [u64; LEVELS.len()],
    /// Entries in which the fuse tripped.
    pub(crate) tripped: u64,
    /// Entries that were not written.
    pub(crate) dropped: u64,
}

/// When lines came that are in files: what is written later than it is logged may be missing at the end.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Lines {
    pub(crate) count: u64,
    /// The time of the last one.
    pub(crate) last: u64,
    /// The longest time between one and the next.
    pub(crate) longest_gap: u64,
}

/// Call sites by what they did most of.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Sites {
    /// Entries, bytes and tripped entries of all sites together.
    pub(crate) total: Counts,
    pub(crate) by_entries: Vec<Site>,
    pub(crate) by_bytes: Vec<Site>,
    /// Only those where the fuse tripped.
    pub(crate) by_trips: Vec<Site>,
    /// Entries of sites that came when too many were known already.
    pub(crate) others: u64,
}

/// How much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Counts {
    pub(crate) entries: u64,
    pub(crate) bytes: u64,
    pub(crate) tripped: u64,
}

/// Where something is logged: target and message, numbers in the message left out, and the place in the source where entries say it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Site {
    pub(crate) target: String,
    pub(crate) message: String,
    /// `src/cart.rs:41`.
    pub(crate) source: Option<String>,
    #[serde(flatten)]
    pub(crate) counts: Counts,
    /// Of its largest entry.
    pub(crate) largest: u64,
    pub(crate) errors: u64,
    /// The times of its first and its last entry.
    pub(crate) times: (u64, u64),
}

/// The last that a thread logged.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ThreadEnd {
    /// Empty where entries do not say it.
    pub(crate) name: String,
    /// By time.
    pub(crate) entries: Vec<LastEntry>,
}

/// An entry, to be read.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LastEntry {
    pub(crate) time: u64,
    pub(crate) level: String,
    pub(crate) target: String,
    pub(crate) message: String,
    /// Its attributes as JSON, cut where they are long.
    pub(crate) attributes: String,
    /// Whether the fuse tripped in it.
    pub(crate) tripped: bool,
}
