//! The collection of all figures of a sample.

use super::allocator::Source;
use super::cgroup::Cgroup;
use super::file::Room;
use super::process::{Machine, Process};
use super::{Headroom, MemStats};
use crate::log::Stats;
use crate::map::clock::unix_nanos_now;

/// The open files with memory statistics, and the allocator.
pub(super) struct Sampler {
    process: Process,
    machine: Machine,
    cgroup: Cgroup,
    allocator: Option<Source>,
    room: Room,
}

impl Sampler {
    pub(super) fn new(allocator: Option<Source>) -> Self {
        let mut room = Room::default();
        Self {
            process: Process::open(),
            machine: Machine::open(),
            cgroup: Cgroup::open(&mut room),
            allocator: allocator.or_else(Source::of_features),
            room,
        }
    }

    /// Returns all figures.
    pub(super) fn read(&mut self, log: &Stats) -> MemStats {
        let mut stats = MemStats { time_unix_nano: unix_nanos_now(), ..MemStats::default() };
        self.cgroup.read(&mut stats, &mut self.room);
        self.process.read(&mut stats, &mut self.room);
        self.machine.read(&mut stats, &mut self.room);
        if let Some(source) = &mut self.allocator {
            let said = (source.read)();
            stats.allocator = Some(source.name);
            (stats.allocated, stats.allocator_resident) = (said.allocated, said.resident);
        }
        stats.log_entries = Some(log.entries);
        stats.log_bytes = Some(log.bytes);
        stats.log_tripped = Some(log.tripped_entries);
        stats.log_dropped = Some(log.drops.total());
        stats
    }

    /// Returns a measurement: the figures that change fast, combined with the other figures of the last
    /// sample.
    pub(super) fn look(&mut self, last: &MemStats) -> Glance {
        let mut now = *last;
        let moved = self.cgroup.follow(&mut self.room);
        if let Some((usage, space)) = self.process.look(&mut self.room) {
            (now.usage, now.virtual_size) = (Some(usage), Some(space));
        }
        if let Some((usage, limit)) = self.cgroup.look(&mut self.room) {
            (now.container_usage, now.container_limit) = (Some(usage), limit);
            // The size of the reclaimable page cache is unknown: the kernel possibly freed a part of the
            // cache for memory that this process allocated.
            let idle =
                last.container_usage.zip(last.working_set).map_or(0, |(all, set)| all.saturating_sub(set));
            let grown = now.usage.zip(last.usage).map_or(0, |(now, last)| now.saturating_sub(last));
            let taken = last.working_set.unwrap_or(usage).saturating_add(grown);
            now.working_set = Some(usage.saturating_sub(idle).max(taken.min(usage)));
        }
        Glance { usage: now.usage.unwrap_or(0), headroom: now.headroom(), moved }
    }
}

/// The result of a measurement.
pub(super) struct Glance {
    /// The resident set in bytes.
    pub(super) usage: u64,
    /// The nearest limit.
    pub(super) headroom: Option<Headroom>,
    /// Whether the process was moved to another cgroup, so that all earlier figures of the cgroup are
    /// invalid.
    pub(super) moved: bool,
}
