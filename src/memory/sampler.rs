//! One sample, of everything there is.

use super::allocator::Source;
use super::cgroup::Cgroup;
use super::file::Room;
use super::process::{Machine, Process};
use super::{Headroom, MemStats};
use crate::log::Stats;
use crate::segment::create::unix_nanos_now;

/// The files of the kernel's that tell of memory, open.
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

    /// Everything.
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

    /// What changes fast, in place of what `last` says of it: the rest is as it was.
    pub(super) fn look(&mut self, last: &MemStats) -> Glance {
        let mut now = *last;
        let moved = self.cgroup.follow(&mut self.room);
        if let Some((usage, space)) = self.process.look(&mut self.room) {
            (now.usage, now.virtual_size) = (Some(usage), Some(space));
        }
        if let Some((usage, limit)) = self.cgroup.look(&mut self.room) {
            (now.container_usage, now.container_limit) = (Some(usage), limit);
            // The page cache that could go may be what it was, or have gone already to make room for what this process took.
            let idle =
                last.container_usage.zip(last.working_set).map_or(0, |(all, set)| all.saturating_sub(set));
            let grown = now.usage.zip(last.usage).map_or(0, |(now, last)| now.saturating_sub(last));
            let taken = last.working_set.unwrap_or(usage).saturating_add(grown);
            now.working_set = Some(usage.saturating_sub(idle).max(taken.min(usage)));
        }
        Glance { usage: now.usage.unwrap_or(0), headroom: now.headroom(), moved }
    }
}

/// What a look finds.
pub(super) struct Glance {
    /// The resident set.
    pub(super) usage: u64,
    /// The limit that is nearest.
    pub(super) headroom: Option<Headroom>,
    /// Whether the process is in another group than before: nothing of what was known holds.
    pub(super) moved: bool,
}
