//! What is known of the memory of a process, and what each figure of it is called.

use crate::decode::{EntryRef, Value};
use crate::encode::{EntryWriter, LogValue};

/// A number of a sample.
trait Figure: LogValue + Copy {
    fn read(value: &Value<'_>) -> Option<Self>;
}

impl Figure for u64 {
    fn read(value: &Value<'_>) -> Option<Self> {
        value.as_i128().and_then(|number| number.try_into().ok())
    }
}

impl Figure for f64 {
    fn read(value: &Value<'_>) -> Option<Self> {
        value.as_f64().filter(|number| number.is_finite())
    }
}

macro_rules! figures {
    ($($(#[$doc:meta])* $field:ident: $kind:ty = $name:literal,)*) => {
        /// The memory of a process at a moment (D1). What is not known here is `None`.
        ///
        /// Bytes, unless a figure says otherwise. The name of each is what the attribute of a sample in the log is called, and the
        /// member in [`to_json`](Self::to_json). Source of the names: OpenTelemetry, *Semantic conventions* for processes,
        /// containers and systems, as far as these go.
        #[derive(Clone, Copy, Debug, Default, PartialEq)]
        #[non_exhaustive]
        pub struct MemStats {
            /// When the sample was taken, in nanoseconds since the Unix epoch; 0: not known.
            pub time_unix_nano: u64,
            /// Which allocator `allocated` and `allocator_resident` are of: `process.memory.allocator`.
            pub allocator: Option<&'static str>,
            $(#[doc = concat!("`", $name, "`:")] $(#[$doc])* pub $field: Option<$kind>,)*
        }

        impl MemStats {
            /// The names of all figures.
            #[cfg(test)]
            pub(crate) const NAMES: &[&str] = &[$($name,)*];

            /// Adds the attributes of a sample to an entry.
            pub(super) fn write_attributes(&self, entry: &mut EntryWriter<'_>) {
                $(if let Some(figure) = &self.$field {
                    entry.attr($name, figure);
                })*
                if let Some(allocator) = self.allocator {
                    entry.attr(ALLOCATOR, allocator);
                }
            }

            /// Takes what the attribute `key` says.
            fn take(&mut self, key: &str, value: &Value<'_>) {
                match key {
                    $($name => self.$field = Figure::read(value),)*
                    ALLOCATOR => self.allocator = value.as_str().and_then(super::allocator::known),
                    _ => {}
                }
            }

            /// Calls `visit` with the name and the value of each figure that is known.
            pub fn for_each(&self, mut visit: impl FnMut(&'static str, f64)) {
                // What is beyond 2^53 bytes loses its last digits here.
                $(if let Some(figure) = self.$field {
                    visit($name, figure as f64);
                })*
            }

            fn write_json(&self, mut member: impl FnMut(&str, &dyn std::fmt::Debug)) {
                $(if let Some(figure) = &self.$field {
                    member($name, figure);
                })*
            }
        }
    };
}

const ALLOCATOR: &str = "process.memory.allocator";

figures! {
    /// Physical memory of the process, the resident set.
    usage: u64 = "process.memory.usage",
    /// Address space.
    virtual_size: u64 = "process.memory.virtual",
    /// Address space that it may take at most: `RLIMIT_AS`.
    virtual_limit: u64 = "process.memory.virtual.limit",
    /// Of the resident set, what no file stands behind: heap and stacks.
    anonymous: u64 = "process.memory.anonymous",
    /// Of the resident set, what can be read from files again, the log's own segments among it.
    file: u64 = "process.memory.file",
    /// Of the resident set, shared memory.
    shared: u64 = "process.memory.shared",
    /// What is in the swap.
    swap: u64 = "process.memory.swap",
    /// The most that the resident set ever was.
    peak: u64 = "process.memory.peak",
    /// Threads, not bytes.
    threads: u64 = "process.thread.count",
    /// Page faults that had to wait for a disk, since the process started.
    major_faults: u64 = "process.paging.faults.major",
    /// All other page faults, since the process started.
    minor_faults: u64 = "process.paging.faults.minor",
    /// What the allocator has given out and not got back.
    allocated: u64 = "process.memory.allocated",
    /// What the allocator holds of the system's memory.
    allocator_resident: u64 = "process.memory.allocator.resident",
    /// Memory of the cgroup, page cache among it.
    container_usage: u64 = "container.memory.usage",
    /// What the cgroup may take; of those it is in, the least.
    container_limit: u64 = "container.memory.limit",
    /// The most that the cgroup ever took.
    container_peak: u64 = "container.memory.peak",
    /// Of `container_usage`, what the kernel cannot drop at once: without the page cache that is not in use.
    working_set: u64 = "container.memory.working_set",
    /// Of `container_usage`, what no file stands behind.
    container_anonymous: u64 = "container.memory.anonymous",
    /// Of `container_usage`, page cache.
    container_file: u64 = "container.memory.file",
    /// How often the cgroup was held up at its soft limit.
    events_high: u64 = "container.memory.events.high",
    /// How often it came to its limit.
    events_max: u64 = "container.memory.events.max",
    /// How often there was nothing to reclaim at the limit.
    events_oom: u64 = "container.memory.events.oom",
    /// Processes of it that the kernel killed for their memory.
    events_oom_kill: u64 = "container.memory.events.oom_kill",
    /// Percent of the last ten seconds in which some task of the cgroup waited for memory.
    pressure_some: f64 = "container.memory.pressure.some",
    /// Percent of the last ten seconds in which all of them did.
    pressure_full: f64 = "container.memory.pressure.full",
    /// Microseconds in all that some task waited.
    pressure_some_total: u64 = "container.memory.pressure.some.total",
    /// Microseconds in all that all tasks waited.
    pressure_full_total: u64 = "container.memory.pressure.full.total",
    /// The same of the machine, where the cgroup does not tell.
    system_pressure_some: f64 = "system.memory.pressure.some",
    /// The same of the machine, where the cgroup does not tell.
    system_pressure_full: f64 = "system.memory.pressure.full",
    /// The same of the machine, where the cgroup does not tell.
    system_pressure_some_total: u64 = "system.memory.pressure.some.total",
    /// The same of the machine, where the cgroup does not tell.
    system_pressure_full_total: u64 = "system.memory.pressure.full.total",
    /// What programs can still get of the machine's memory without swapping.
    system_available: u64 = "system.memory.available",
    /// The machine's memory.
    system_limit: u64 = "system.memory.limit",
    /// Entries that this process's log has written.
    log_entries: u64 = "fusewire.log.entries",
    /// Bytes of their frames.
    log_bytes: u64 = "fusewire.log.bytes",
    /// Entries in which the fuse tripped.
    log_tripped: u64 = "fusewire.log.tripped",
    /// Entries that were not written.
    log_dropped: u64 = "fusewire.log.dropped",
}

/// The target of samples in the log.
pub const TARGET: &str = "fusewire.memory";

/// What a process may take, and what it takes of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Headroom {
    /// Which limit it is: the name of its figure.
    pub limited_by: &'static str,
    /// Bytes taken.
    pub used: u64,
    /// Bytes that may be taken.
    pub limit: u64,
}

impl Headroom {
    /// Which share of the limit is taken; 0.0 to 1.0, or a little more.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.used as f64 / self.limit.max(1) as f64
    }

    /// Bytes left.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }
}

impl MemStats {
    /// The limit that is nearest: of the cgroup, of the address space, or of the machine.
    #[must_use]
    pub fn headroom(&self) -> Option<Headroom> {
        let system = self.system_limit.zip(self.system_available);
        let limits = [
            ("container.memory.limit", self.working_set.or(self.container_usage), self.container_limit),
            ("process.memory.virtual.limit", self.virtual_size, self.virtual_limit),
            (
                "system.memory.limit",
                system.map(|(limit, available)| limit.saturating_sub(available)),
                self.system_limit,
            ),
        ];
        limits
            .into_iter()
            .filter_map(|(limited_by, used, limit)| {
                Some(Headroom { limited_by, used: used?, limit: limit.filter(|limit| *limit > 0)? })
            })
            .max_by(|a, b| a.share().total_cmp(&b.share()))
    }

    /// The sample that `entry` is, where it is one.
    #[must_use]
    pub fn from_entry(entry: &EntryRef<'_>) -> Option<Self> {
        if entry.target().as_bytes() != TARGET.as_bytes() {
            return None;
        }
        let mut stats = Self { time_unix_nano: entry.time_unix_nano(), ..Self::default() };
        for attribute in entry.attributes().filter_map(Result::ok) {
            if let Ok(key) = attribute.key.to_str() {
                stats.take(key, &attribute.value);
            }
        }
        // What anybody may log under that target is no sample.
        stats.usage.is_some().then_some(stats)
    }

    /// One JSON object, for a health endpoint: `time_unix_nano`, and each figure that is known by its name.
    #[must_use]
    pub fn to_json(&self) -> String {
        use std::fmt::Write;
        let mut json = format!("{{\"time_unix_nano\":{}", self.time_unix_nano);
        // Writing to a text cannot fail, and no figure is anything but a finite number.
        self.write_json(|name, figure| _ = write!(json, ",\"{name}\":{figure:?}"));
        if let Some(allocator) = self.allocator {
            _ = write!(json, ",\"{ALLOCATOR}\":\"{allocator}\"");
        }
        json.push('}');
        json
    }
}
