//! The metrics of the memory recorder.

use super::{Family, Metrics};
use crate::memory::MemStats;

static SAMPLED: Family = Family::gauge(
    "fusewire_memory_sample_timestamp_seconds",
    "Time of the latest memory sample, in seconds since the Unix epoch.",
);

/// The metric of a figure.
struct Of {
    /// The name of the figure in the log.
    figure: &'static str,
    family: Family,
    /// The divisor from the unit of the figure to the unit of the metric.
    per_unit: f64,
}

const fn counter(figure: &'static str, name: &'static str, per_unit: f64, help: &'static str) -> Of {
    Of { figure, family: Family::counter(name, help), per_unit }
}

const fn gauge(figure: &'static str, name: &'static str, per_unit: f64, help: &'static str) -> Of {
    Of { figure, family: Family::gauge(name, help), per_unit }
}

/// The divisor from percent to a ratio.
const PERCENT: f64 = 100.0;
/// The divisor from microseconds to seconds.
const MICROS: f64 = 1e6;

/// The metrics of all figures, except those of the log, which [`Metrics::log`] adds. A prefix distinguishes
/// the names from names of other exporters. For example, cAdvisor exports `container_memory_usage_bytes` of
/// the same container, and a sum over both metrics would count the container twice.
#[rustfmt::skip]
static FIGURES: [Of; 33] = [
    gauge("process.memory.usage", "fusewire_process_memory_usage_bytes", 1.0,
        "Physical memory of the process (resident set)."),
    gauge("process.memory.virtual", "fusewire_process_memory_virtual_bytes", 1.0,
        "Address space of the process."),
    gauge("process.memory.virtual.limit", "fusewire_process_memory_virtual_limit_bytes", 1.0,
        "Limit of the address space of the process."),
    gauge("process.memory.anonymous", "fusewire_process_memory_anonymous_bytes", 1.0,
        "Part of the resident set that is not backed by a file: heap and stacks."),
    gauge("process.memory.file", "fusewire_process_memory_file_bytes", 1.0,
        "Part of the resident set that is backed by files."),
    gauge("process.memory.shared", "fusewire_process_memory_shared_bytes", 1.0,
        "Part of the resident set that is shared memory."),
    gauge("process.memory.swap", "fusewire_process_memory_swap_bytes", 1.0,
        "Memory of the process in swap space."),
    gauge("process.memory.peak", "fusewire_process_memory_peak_bytes", 1.0,
        "Highest resident set size of the process."),
    gauge("process.thread.count", "fusewire_process_threads", 1.0,
        "Threads of the process."),
    counter("process.paging.faults.major", "fusewire_process_paging_faults_major_total", 1.0,
        "Page faults that required disk I/O."),
    counter("process.paging.faults.minor", "fusewire_process_paging_faults_minor_total", 1.0,
        "Page faults that required no disk I/O."),
    gauge("process.memory.allocated", "fusewire_process_memory_allocated_bytes", 1.0,
        "Memory that the program has allocated and not freed."),
    gauge("process.memory.allocator.resident", "fusewire_process_memory_allocator_resident_bytes", 1.0,
        "Memory that the allocator has obtained from the system and not returned."),
    gauge("container.memory.usage", "fusewire_container_memory_usage_bytes", 1.0,
        "Memory of the cgroup, including the page cache."),
    gauge("container.memory.limit", "fusewire_container_memory_limit_bytes", 1.0,
        "Memory limit of the cgroup."),
    gauge("container.memory.peak", "fusewire_container_memory_peak_bytes", 1.0,
        "Highest memory usage of the cgroup."),
    gauge("container.memory.working_set", "fusewire_container_memory_working_set_bytes", 1.0,
        "Memory of the cgroup without the inactive page cache."),
    gauge("container.memory.anonymous", "fusewire_container_memory_anonymous_bytes", 1.0,
        "Memory of the cgroup that is not backed by a file."),
    gauge("container.memory.file", "fusewire_container_memory_file_bytes", 1.0,
        "Page cache of the cgroup."),
    counter("container.memory.events.high", "fusewire_container_memory_events_high_total", 1.0,
        "Times that the kernel throttled the cgroup at its soft limit."),
    counter("container.memory.events.max", "fusewire_container_memory_events_max_total", 1.0,
        "Times that the cgroup reached its memory limit."),
    counter("container.memory.events.oom", "fusewire_container_memory_events_oom_total", 1.0,
        "Times that the cgroup was at its limit and the kernel could not reclaim memory."),
    counter("container.memory.events.oom_kill", "fusewire_container_memory_events_oom_kill_total", 1.0,
        "Processes of the cgroup that the OOM killer killed."),
    gauge("container.memory.pressure.some", "fusewire_container_memory_pressure_some_ratio", PERCENT,
        "Share of the last 10 s in which at least one task of the cgroup waited for memory."),
    counter("container.memory.pressure.some.total", "fusewire_container_memory_pressure_some_seconds_total", MICROS,
        "Total time in which at least one task of the cgroup waited for memory."),
    gauge("container.memory.pressure.full", "fusewire_container_memory_pressure_full_ratio", PERCENT,
        "Share of the last 10 s in which all tasks of the cgroup waited for memory."),
    counter("container.memory.pressure.full.total", "fusewire_container_memory_pressure_full_seconds_total", MICROS,
        "Total time in which all tasks of the cgroup waited for memory."),
    gauge("system.memory.pressure.some", "fusewire_system_memory_pressure_some_ratio", PERCENT,
        "Share of the last 10 s in which at least one task of the machine waited for memory."),
    counter("system.memory.pressure.some.total", "fusewire_system_memory_pressure_some_seconds_total", MICROS,
        "Total time in which at least one task of the machine waited for memory."),
    gauge("system.memory.pressure.full", "fusewire_system_memory_pressure_full_ratio", PERCENT,
        "Share of the last 10 s in which all tasks of the machine waited for memory."),
    counter("system.memory.pressure.full.total", "fusewire_system_memory_pressure_full_seconds_total", MICROS,
        "Total time in which all tasks of the machine waited for memory."),
    gauge("system.memory.available", "fusewire_system_memory_available_bytes", 1.0,
        "Memory of the machine that programs can allocate without swapping."),
    gauge("system.memory.limit", "fusewire_system_memory_limit_bytes", 1.0,
        "Total memory of the machine."),
];

pub(super) fn families() -> impl Iterator<Item = &'static Family> {
    FIGURES.iter().map(|of| &of.family).chain([&SAMPLED])
}

impl Metrics {
    /// Adds the known figures of a memory sample.
    ///
    /// ```
    /// use fusewire::memory::MemStats;
    /// use fusewire::metrics::Metrics;
    ///
    /// let mut stats = MemStats::default();
    /// stats.usage = Some(4096);
    /// let text = Metrics::new().memory(&stats).to_prometheus();
    /// assert!(text.lines().any(|line| line.ends_with(" 4096")));
    /// ```
    pub fn memory(&mut self, stats: &MemStats) -> &mut Self {
        stats.for_each(|figure, value| {
            if let Some(of) = FIGURES.iter().find(|of| of.figure == figure) {
                self.add_float(&of.family, &[], value / of.per_unit);
            }
        });
        if stats.time_unix_nano > 0 {
            self.add_float(&SAMPLED, &[], stats.time_unix_nano as f64 / 1e9);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_figure_has_its_metric_but_those_of_the_log() {
        let mut figures: Vec<_> =
            MemStats::NAMES.iter().copied().filter(|name| !name.starts_with("fusewire.log.")).collect();
        let mut told: Vec<_> = FIGURES.iter().map(|of| of.figure).collect();
        figures.sort_unstable();
        told.sort_unstable();
        assert_eq!(told, figures);
    }
}
