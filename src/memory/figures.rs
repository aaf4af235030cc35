//! The figures of a memory sample and their names.

use crate::decode::{EntryRef, Value};
use crate::encode::{EntryWriter, LogValue};

/// A number in a sample.
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
        /// The memory of a process at one moment. An unknown figure is `None`.
        ///
        /// Figures are in bytes, unless their description contains another unit. The name of a figure is the
        /// key of its attribute in the log and of its member in [`to_json`](Self::to_json). The names follow
        /// OpenTelemetry, *Semantic conventions* for processes, containers and systems, if these define a
        /// name.
        #[derive(Clone, Copy, Debug, Default, PartialEq)]
        #[non_exhaustive]
        pub struct MemStats {
            /// The time of the sample, in nanoseconds since the Unix epoch, or 0 if the time is unknown.
            pub time_unix_nano: u64,
            /// `process.memory.allocator`: The allocator that `allocated` and `allocator_resident` describe.
            pub allocator: Option<&'static str>,
            $(#[doc = concat!("`", $name, "`:")] $(#[$doc])* pub $field: Option<$kind>,)*
        }

        impl MemStats {
            /// The names of all figures.
            #[cfg(test)]
            pub(crate) const NAMES: &[&str] = &[$($name,)*];

            /// Adds the attributes of the sample to an entry.
            pub(super) fn write_attributes(&self, entry: &mut EntryWriter<'_>) {
                $(if let Some(figure) = &self.$field {
                    entry.attr($name, figure);
                })*
                if let Some(allocator) = self.allocator {
                    entry.attr(ALLOCATOR, allocator);
                }
            }

            /// Sets the figure whose name is `key`.
            fn take(&mut self, key: &str, value: &Value<'_>) {
                match key {
                    $($name => self.$field = Figure::read(value),)*
                    ALLOCATOR => self.allocator = value.as_str().and_then(super::allocator::known),
                    _ => {}
                }
            }

            /// Calls `visit` with the name and the value of each known figure.
            pub fn for_each(&self, mut visit: impl FnMut(&'static str, f64)) {
                // Values above 2^53 are rounded.
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
    /// The physical memory of the process (resident set).
    usage: u64 = "process.memory.usage",
    /// The address space.
    virtual_size: u64 = "process.memory.virtual",
    /// The limit of the address space: `RLIMIT_AS`.
    virtual_limit: u64 = "process.memory.virtual.limit",
    /// The part of the resident set that is not backed by a file: heap and stacks.
    anonymous: u64 = "process.memory.anonymous",
    /// The part of the resident set that is backed by files, including the segments of the log.
    file: u64 = "process.memory.file",
    /// The part of the resident set that is shared memory.
    shared: u64 = "process.memory.shared",
    /// The memory in swap space.
    swap: u64 = "process.memory.swap",
    /// The highest resident set size.
    peak: u64 = "process.memory.peak",
    /// The number of threads.
    threads: u64 = "process.thread.count",
    /// The number of page faults that required disk I/O, since the start of the process.
    major_faults: u64 = "process.paging.faults.major",
    /// The number of all other page faults, since the start of the process.
    minor_faults: u64 = "process.paging.faults.minor",
    /// The memory that the program has allocated and not freed.
    allocated: u64 = "process.memory.allocated",
    /// The memory that the allocator holds from the system.
    allocator_resident: u64 = "process.memory.allocator.resident",
    /// The memory of the cgroup, including the page cache.
    container_usage: u64 = "container.memory.usage",
    /// The memory limit of the cgroup, or the smallest limit of its ancestors.
    container_limit: u64 = "container.memory.limit",
    /// The highest memory usage of the cgroup.
    container_peak: u64 = "container.memory.peak",
    /// The part of `container_usage` without the inactive page cache, which the kernel can free immediately.
    working_set: u64 = "container.memory.working_set",
    /// The part of `container_usage` that is not backed by a file.
    container_anonymous: u64 = "container.memory.anonymous",
    /// The part of `container_usage` that is page cache.
    container_file: u64 = "container.memory.file",
    /// The number of times that the kernel throttled the cgroup at its soft limit.
    events_high: u64 = "container.memory.events.high",
    /// The number of times that the cgroup reached its limit.
    events_max: u64 = "container.memory.events.max",
    /// The number of times that the kernel could not reclaim memory at the limit.
    events_oom: u64 = "container.memory.events.oom",
    /// The number of processes of the cgroup that the OOM killer killed.
    events_oom_kill: u64 = "container.memory.events.oom_kill",
    /// The percentage of the last 10 s in which at least one task of the cgroup waited for memory.
    pressure_some: f64 = "container.memory.pressure.some",
    /// The percentage of the last 10 s in which all tasks of the cgroup waited for memory.
    pressure_full: f64 = "container.memory.pressure.full",
    /// The total time in which at least one task of the cgroup waited for memory, in microseconds.
    pressure_some_total: u64 = "container.memory.pressure.some.total",
    /// The total time in which all tasks of the cgroup waited for memory, in microseconds.
    pressure_full_total: u64 = "container.memory.pressure.full.total",
    /// Like `pressure_some`, for the machine. Present only if the cgroup has no pressure figures.
    system_pressure_some: f64 = "system.memory.pressure.some",
    /// Like `pressure_full`, for the machine. Present only if the cgroup has no pressure figures.
    system_pressure_full: f64 = "system.memory.pressure.full",
    /// Like `pressure_some_total`, for the machine. Present only if the cgroup has no pressure figures.
    system_pressure_some_total: u64 = "system.memory.pressure.some.total",
    /// Like `pressure_full_total`, for the machine. Present only if the cgroup has no pressure figures.
    system_pressure_full_total: u64 = "system.memory.pressure.full.total",
    /// The memory of the machine that programs can allocate without swapping.
    system_available: u64 = "system.memory.available",
    /// The total memory of the machine.
    system_limit: u64 = "system.memory.limit",
    /// The number of entries that the log of this process has written.
    log_entries: u64 = "fusewire.log.entries",
    /// The number of bytes in the frames of these entries.
    log_bytes: u64 = "fusewire.log.bytes",
    /// The number of entries on which the circuit breaker tripped.
    log_tripped: u64 = "fusewire.log.tripped",
    /// The number of dropped entries.
    log_dropped: u64 = "fusewire.log.dropped",
}

/// The target of memory samples in the log.
pub const TARGET: &str = "fusewire.memory";

/// A memory limit and the usage that counts against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Headroom {
    /// The name of the figure with the limit.
    pub limited_by: &'static str,
    /// The used memory, in bytes.
    pub used: u64,
    /// The limit, in bytes.
    pub limit: u64,
}

impl Headroom {
    /// Returns the used share of the limit: 0.0 to 1.0, or slightly more.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.used as f64 / self.limit.max(1) as f64
    }

    /// Returns the number of bytes that are left.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }
}

impl MemStats {
    /// Returns the limit with the largest used share: that of the cgroup, of the address space or of the
    /// machine. Returns `None` if no limit is known.
    ///
    /// ```
    /// use fusewire::memory::MemStats;
    ///
    /// let mut stats = MemStats::default();
    /// stats.container_limit = Some(512 << 20);
    /// stats.working_set = Some(128 << 20);
    /// let headroom = stats.headroom().unwrap();
    /// assert_eq!((headroom.limited_by, headroom.share()), ("container.memory.limit", 0.25));
    /// assert_eq!(headroom.left(), 384 << 20);
    /// ```
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

    /// Returns the sample in `entry`, or `None` if the entry is not a memory sample.
    ///
    /// ```
    /// use fusewire::decode::EntryRef;
    /// use fusewire::encode::encode;
    /// use fusewire::memory::{MemStats, TARGET};
    ///
    /// let mut buffer = [0; 512];
    /// let entry = encode(&mut buffer, &Default::default(), |entry| {
    ///     entry.set_target(TARGET);
    ///     entry.attr("process.memory.usage", &(64_u64 << 20));
    /// })?;
    /// let stats = MemStats::from_entry(&EntryRef::new(entry.into_bytes())?).unwrap();
    /// assert_eq!(stats.usage, Some(64 << 20));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
        // A program can log other entries with this target.
        stats.usage.is_some().then_some(stats)
    }

    /// Returns the sample as a JSON object, for example for a health endpoint. The members are
    /// `time_unix_nano` and each known figure under its name.
    ///
    /// ```
    /// use fusewire::memory::MemStats;
    ///
    /// let mut stats = MemStats::default();
    /// stats.usage = Some(4096);
    /// assert_eq!(stats.to_json(), r#"{"time_unix_nano":0,"process.memory.usage":4096}"#);
    /// ```
    #[must_use]
    pub fn to_json(&self) -> String {
        use std::fmt::Write;
        let mut json = format!("{{\"time_unix_nano\":{}", self.time_unix_nano);
        // A write to a string cannot fail. Every figure is a finite number, so its debug form is valid JSON.
        self.write_json(|name, figure| _ = write!(json, ",\"{name}\":{figure:?}"));
        if let Some(allocator) = self.allocator {
            _ = write!(json, ",\"{ALLOCATOR}\":\"{allocator}\"");
        }
        json.push('}');
        json
    }
}
