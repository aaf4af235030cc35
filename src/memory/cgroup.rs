//! The memory statistics of the cgroup of this process, version 2 or version 1.

use std::fs;
use std::path::{Path, PathBuf};

use super::MemStats;
use super::file::{Reread, Room, number_of};
use super::process::pressure;

/// Version 1 expresses "no limit" as the largest possible number of pages.
const NO_LIMIT: u64 = 1 << 62;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

/// The cgroup with the smallest limit: the cgroup of this process, or an ancestor.
#[derive(Debug)]
pub(super) struct Cgroup {
    membership: Option<Reread>,
    /// The content of `membership` at the time when the files were opened.
    member_of: String,
    files: Option<Files>,
}

#[derive(Debug)]
struct Files {
    version: Version,
    usage: Reread,
    limit: Option<Reread>,
    peak: Option<Reread>,
    stat: Option<Reread>,
    events: Option<Reread>,
    failures: Option<Reread>,
    pressure: Option<Reread>,
}

impl Cgroup {
    pub(super) fn open(room: &mut Room) -> Self {
        let membership = Reread::open("/proc/self/cgroup");
        let mut group = Self { membership, member_of: String::new(), files: None };
        group.follow(room);
        group
    }

    /// Opens the files again if the process was moved to another group; container runtimes move a running
    /// process. Returns whether the process was moved.
    pub(super) fn follow(&mut self, room: &mut Room) -> bool {
        let member_of = self.membership.as_ref().and_then(|file| file.read(room)).unwrap_or_default();
        if *member_of == self.member_of {
            return false;
        }
        self.member_of = member_of.to_owned();
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        self.files = directories(&self.member_of, &mounts).and_then(Files::nearest);
        true
    }

    /// Returns the memory usage and the limit, in bytes.
    pub(super) fn look(&self, room: &mut Room) -> Option<(u64, Option<u64>)> {
        let files = self.files.as_ref()?;
        let usage = number(files.usage.read(room)?)?;
        Some((usage, files.limit(room)))
    }

    pub(super) fn read(&self, stats: &mut MemStats, room: &mut Room) {
        let Some(files) = &self.files else { return };
        stats.container_peak = text(&files.peak, room).and_then(number);
        if let Some(text) = text(&files.stat, room) {
            // In version 1, these names include the descendants of the group.
            let [anonymous, file, inactive] = match files.version {
                Version::One => ["total_rss", "total_cache", "total_inactive_file"],
                Version::Two => ["anon", "file", "inactive_file"],
            };
            stats.container_anonymous = number_of(text, anonymous);
            stats.container_file = number_of(text, file);
            stats.working_set = number_of(text, inactive);
        }
        if let Some(text) = text(&files.events, room) {
            stats.events_oom_kill = number_of(text, "oom_kill");
            if files.version == Version::Two {
                stats.events_high = number_of(text, "high");
                stats.events_max = number_of(text, "max");
                stats.events_oom = number_of(text, "oom");
            }
        }
        if let Some(text) = text(&files.failures, room) {
            stats.events_max = number(text);
        }
        if let Some(text) = text(&files.pressure, room) {
            (stats.pressure_some, stats.pressure_some_total) = pressure(text, "some");
            (stats.pressure_full, stats.pressure_full_total) = pressure(text, "full");
        }
        if let Some((usage, limit)) = self.look(room) {
            stats.container_usage = Some(usage);
            stats.container_limit = limit;
            // Until here, the field contains the inactive part of the page cache.
            stats.working_set = stats.working_set.map(|inactive| usage.saturating_sub(inactive));
        }
    }
}

impl Files {
    /// Opens the files of the group with the smallest limit, or of the innermost group if no group has a
    /// limit. The first directory is that of the innermost group.
    fn nearest((version, directories): (Version, Vec<PathBuf>)) -> Option<Self> {
        let mut room = Room::default();
        let groups = directories.iter().filter_map(|directory| Self::open(version, directory));
        let mut groups = groups.map(|files| (files.limit(&mut room).unwrap_or(u64::MAX), files));
        let own = groups.next()?;
        // Of groups with equal limits, the innermost one is used.
        Some(groups.fold(own, |least, other| if other.0 < least.0 { other } else { least }).1)
    }

    fn open(version: Version, directory: &Path) -> Option<Self> {
        let open = |name: &str| Reread::open(directory.join(name));
        Some(match version {
            Version::One => Self {
                version,
                usage: open("memory.usage_in_bytes")?,
                limit: open("memory.limit_in_bytes"),
                peak: open("memory.max_usage_in_bytes"),
                stat: open("memory.stat"),
                events: open("memory.oom_control"),
                failures: open("memory.failcnt"),
                pressure: None,
            },
            Version::Two => Self {
                version,
                usage: open("memory.current")?,
                limit: open("memory.max"),
                peak: open("memory.peak"),
                stat: open("memory.stat"),
                events: open("memory.events"),
                failures: None,
                pressure: open("memory.pressure"),
            },
        })
    }

    fn limit(&self, room: &mut Room) -> Option<u64> {
        // The text "max" is not a number.
        number(self.limit.as_ref()?.read(room)?).filter(|limit| *limit < NO_LIMIT)
    }
}

fn text<'a>(file: &Option<Reread>, room: &'a mut Room) -> Option<&'a str> {
    file.as_ref()?.read(room)
}

pub(super) fn number(text: &str) -> Option<u64> {
    text.trim_ascii().parse().ok()
}

/// Returns the usage file and the limit of the group with the smallest limit.
pub(super) fn nearest_limit() -> Option<(PathBuf, u64)> {
    let member_of = fs::read_to_string("/proc/self/cgroup").ok()?;
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let (version, directories) = directories(&member_of, &mounts)?;
    let (usage, limit) = match version {
        Version::One => ("memory.usage_in_bytes", "memory.limit_in_bytes"),
        Version::Two => ("memory.current", "memory.max"),
    };
    let limits = directories.into_iter().filter_map(|directory| {
        let bytes = number(&fs::read_to_string(directory.join(limit)).ok()?)?;
        (bytes < NO_LIMIT).then(|| (directory.join(usage), bytes))
    });
    limits.min_by_key(|(_, bytes)| *bytes)
}

/// Returns the directories of the group that accounts for the memory of a process and of its ancestors, the
/// innermost first.
///
/// `member_of` is the content of `/proc/self/cgroup`, and `mounts` that of `/proc/self/mountinfo`. Source:
/// cgroups(7), proc_pid_mountinfo(5).
fn directories(member_of: &str, mounts: &str) -> Option<(Version, Vec<PathBuf>)> {
    let member = |version: Version| {
        member_of.lines().find_map(|line| {
            let (hierarchy, rest) = line.split_once(':')?;
            let (controllers, path) = rest.split_once(':')?;
            let is_it = match version {
                Version::One => controllers.split(',').any(|controller| controller == "memory"),
                Version::Two => hierarchy == "0" && controllers.is_empty(),
            };
            is_it.then_some(path)
        })
    };
    // If both versions are mounted and version 1 has the memory controller, the process is in the root of
    // version 2.
    [Version::One, Version::Two].into_iter().find_map(|version| {
        let path = Path::new(member(version)?);
        let (root, at) = mounts.lines().find_map(|line| mount(line, version))?;
        // In a cgroup namespace, the group of the process is the root of the mount. A mount from outside the
        // namespace shows only a part of the hierarchy.
        let within = path.strip_prefix(&root).or_else(|_| path.strip_prefix("/")).unwrap_or(path);
        let own = at.join(within);
        let own = if own.is_dir() { own } else { at.clone() };
        Some((
            version,
            own.ancestors().take_while(|group| group.starts_with(&at)).map(Path::to_owned).collect(),
        ))
    })
}

/// Returns the root and the mount point in a line of mountinfo, if the line belongs to this version.
fn mount(line: &str, version: Version) -> Option<(PathBuf, PathBuf)> {
    let (left, right) = line.split_once(" - ")?;
    let mut right = right.split(' ');
    let (kind, options) = (right.next()?, right.nth(1)?);
    let is_it = match version {
        Version::One => kind == "cgroup" && options.split(',').any(|option| option == "memory"),
        Version::Two => kind == "cgroup2",
    };
    let mut left = left.split(' ').skip(3);
    let (root, at) = (left.next()?, left.next()?);
    is_it.then(|| (unescape(root), unescape(at)))
}

/// Replaces the octal escapes of mountinfo for space, tab, newline and backslash.
fn unescape(path: &str) -> PathBuf {
    let plain = [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")];
    PathBuf::from(plain.iter().fold(path.to_owned(), |path, (written, meant)| path.replace(written, meant)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n\
                       41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

    #[test]
    fn the_hierarchy_with_the_memory_is_found() {
        let directories = |member_of: &str, mounts: &str| {
            let (version, directories) = directories(member_of, mounts)?;
            Some((version, directories.iter().map(|path| path.display().to_string()).collect::<Vec<_>>()))
        };
        let here = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(here.path().join("pods/app")).unwrap();
        let at = here.path().display().to_string();
        let groups = |version, names: &[&str]| {
            Some((version, names.iter().map(|name| format!("{at}{name}")).collect::<Vec<_>>()))
        };
        // Version 1 has the memory controller; version 2 is mounted without controllers.
        let mounts = ONE.replace("/sys/fs/cgroup/memory", &at);
        let member_of = "4:memory:/pods/app\n1:cpu:/\n0::/\n";
        assert_eq!(directories(member_of, &mounts), groups(Version::One, &["/pods/app", "/pods", ""]));
        // Only version 2 is mounted.
        let mounts = format!("30 23 0:26 / {at} rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n");
        assert_eq!(directories("0::/pods/app\n", &mounts), groups(Version::Two, &["/pods/app", "/pods", ""]));
        // A container without a cgroup namespace: the mount shows the group of the container.
        let mounts = format!("30 23 0:26 /kubepods/x {at} rw - cgroup2 cgroup2 rw\n");
        assert_eq!(directories("0::/kubepods/x/pods\n", &mounts), groups(Version::Two, &["/pods", ""]));
        assert_eq!(directories("0::/elsewhere/y\n", &mounts), groups(Version::Two, &[""]));
        assert_eq!(directories("0::/\n", "not a mount\n"), None);
        assert_eq!(directories("", ONE), None);
    }

    #[test]
    fn of_groups_in_groups_the_least_limit_counts() {
        let here = tempfile::tempdir().unwrap();
        let inner = here.path().join("inner");
        std::fs::create_dir(&inner).unwrap();
        for (directory, limit, usage) in [(here.path(), "1000000\n", "900000\n"), (&inner, "max\n", "4096\n")]
        {
            std::fs::write(directory.join("memory.max"), limit).unwrap();
            std::fs::write(directory.join("memory.current"), usage).unwrap();
            std::fs::write(directory.join("memory.stat"), "anon 1000\nfile 500\ninactive_file 400\n")
                .unwrap();
            std::fs::write(directory.join("memory.events"), "low 0\nhigh 1\nmax 2\noom 3\noom_kill 4\n")
                .unwrap();
        }
        let files = Files::nearest((Version::Two, vec![inner, here.path().to_owned()]));
        let group = Cgroup { membership: None, member_of: String::new(), files };
        let (mut stats, mut room) = (MemStats::default(), Room::default());
        group.read(&mut stats, &mut room);
        assert_eq!(group.look(&mut room), Some((900_000, Some(1_000_000))));
        assert_eq!((stats.working_set, stats.container_anonymous), (Some(899_600), Some(1_000)));
        assert_eq!(
            (stats.events_high, stats.events_max, stats.events_oom, stats.events_oom_kill),
            (Some(1), Some(2), Some(3), Some(4))
        );
        let headroom = stats.headroom().unwrap();
        assert_eq!((headroom.limited_by, headroom.left()), ("container.memory.limit", 100_400));
    }
}
