//! The memory statistics of this process and of the machine.

use super::MemStats;
use super::file::{Reread, Room, number_of};

/// The files of this process in `/proc`.
#[derive(Debug)]
pub(super) struct Process {
    status: Option<Reread>,
    stat: Option<Reread>,
    statm: Option<Reread>,
    page: u64,
}

impl Process {
    /// Opens the files. A forked child that reads these files gets the values of this process.
    pub(super) fn open() -> Self {
        Self {
            status: Reread::open("/proc/self/status"),
            stat: Reread::open("/proc/self/stat"),
            statm: Reread::open("/proc/self/statm"),
            page: rustix::param::page_size() as u64,
        }
    }

    /// Returns the resident set and the address space, in bytes. This costs a tenth of [`read`](Self::read).
    pub(super) fn look(&self, room: &mut Room) -> Option<(u64, u64)> {
        let mut pages = self.statm.as_ref()?.read(room)?.split(' ').map(str::parse::<u64>);
        let (space, resident) = (pages.next()?.ok()?, pages.next()?.ok()?);
        Some((resident.saturating_mul(self.page), space.saturating_mul(self.page)))
    }

    pub(super) fn read(&self, stats: &mut MemStats, room: &mut Room) {
        if let Some(text) = self.status.as_ref().and_then(|file| file.read(room)) {
            // The name of a process cannot imitate a line: the kernel escapes line breaks.
            stats.usage = number_of(text, "VmRSS");
            stats.virtual_size = number_of(text, "VmSize");
            stats.anonymous = number_of(text, "RssAnon");
            stats.file = number_of(text, "RssFile");
            stats.shared = number_of(text, "RssShmem");
            stats.swap = number_of(text, "VmSwap");
            stats.peak = number_of(text, "VmHWM");
            stats.threads = number_of(text, "Threads");
        }
        if let Some(text) = self.stat.as_ref().and_then(|file| file.read(room)) {
            // The name of the process can contain any character, and ends at the last parenthesis.
            let mut fields = text.rsplit_once(')').map_or("", |(_, rest)| rest).split_ascii_whitespace();
            // Fields 10 and 12 of proc_pid_stat(5). The rest of the line begins with field 3.
            stats.minor_faults = fields.nth(7).and_then(|faults| faults.parse().ok());
            stats.major_faults = fields.nth(1).and_then(|faults| faults.parse().ok());
        }
        stats.virtual_limit = rustix::process::getrlimit(rustix::process::Resource::As).current;
    }
}

/// The files of the machine in `/proc`.
#[derive(Debug)]
pub(super) struct Machine {
    meminfo: Option<Reread>,
    pressure: Option<Reread>,
}

impl Machine {
    pub(super) fn open() -> Self {
        Self { meminfo: Reread::open("/proc/meminfo"), pressure: Reread::open("/proc/pressure/memory") }
    }

    pub(super) fn read(&self, stats: &mut MemStats, room: &mut Room) {
        if let Some(text) = self.meminfo.as_ref().and_then(|file| file.read(room)) {
            stats.system_limit = number_of(text, "MemTotal");
            stats.system_available = number_of(text, "MemAvailable");
        }
        if stats.pressure_some_total.is_none()
            && let Some(text) = self.pressure.as_ref().and_then(|file| file.read(room))
        {
            (stats.system_pressure_some, stats.system_pressure_some_total) = pressure(text, "some");
            (stats.system_pressure_full, stats.system_pressure_full_total) = pressure(text, "full");
        }
    }
}

/// Returns the percentage over 10 s and the total in microseconds, from a line such as `some avg10=0.00
/// avg60=0.00 avg300=0.00 total=24365773`.
///
/// Source: the Linux kernel documentation, *PSI - Pressure Stall Information*.
pub(super) fn pressure(text: &str, kind: &str) -> (Option<f64>, Option<u64>) {
    let line = text.lines().find_map(|line| line.strip_prefix(kind));
    let value = |name: &str| line?.split_ascii_whitespace().find_map(|word| word.strip_prefix(name));
    let share = value("avg10=").and_then(|share| share.parse().ok()).filter(|share: &f64| share.is_finite());
    (share, value("total=").and_then(|total| total.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_pressure_are_understood() {
        let text = "some avg10=1.50 avg60=0.00 avg300=0.00 total=24365773\nfull avg10=0.25 avg60=0.00 avg300=0.00 total=8\n";
        assert_eq!(pressure(text, "some"), (Some(1.5), Some(24_365_773)));
        assert_eq!(pressure(text, "full"), (Some(0.25), Some(8)));
        assert_eq!(pressure("some avg10=nan total=-1", "some"), (None, None));
        assert_eq!(pressure("", "full"), (None, None));
    }

    #[test]
    fn this_process_is_read() {
        let (mut stats, mut room) = (MemStats::default(), Room::default());
        let process = Process::open();
        process.read(&mut stats, &mut room);
        Machine::open().read(&mut stats, &mut room);
        let (resident, space) = process.look(&mut room).unwrap();
        let usage = stats.usage.unwrap();
        assert!(usage > 100 << 10 && stats.peak.unwrap() >= stats.anonymous.unwrap());
        // Other tests run between the two reads, so only the magnitude is equal.
        assert!(resident > usage / 8 && resident < usage.saturating_mul(8), "{resident} {usage}");
        assert!(space >= resident && stats.virtual_size.unwrap() > 0);
        assert!(stats.threads.unwrap() >= 1 && stats.minor_faults.unwrap() > 0);
        assert!(stats.system_limit.unwrap() > stats.system_available.unwrap());
    }
}
