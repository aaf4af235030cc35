//! The options of a log.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::format::segment::{DATA_START, TRAILER_LEN};
use crate::limits::Limits;
use crate::map::clock::unix_nanos_now;
use crate::memory::MemoryLimit;
use crate::segment::folder::Modes;
use crate::segment::index::IndexBuilder;
use crate::segment::like_encoder::LikeEncoder;
use crate::segment::{Resource, SegmentOptions};
use crate::severity::Severity;

use super::Log;
use super::directory::Directory;
use super::drops::LOSS_LEN;
use super::problem::Problem;
use super::size;

const FRAME_HEADER_LEN: u32 = 16;
/// The number of bytes that the lock file of a directory takes on disk.
const LOCK_BYTES: u64 = 4096;

/// The policy for an entry for which the log has no space. The cause can be the byte budget, a quota, or a full or
/// read-only disk. With each policy, the log counts every dropped entry, and writes a loss record as soon as it has
/// space, or at the latest when it is closed. Each segment has space for this last loss record.
///
/// ```
/// use std::time::Duration;
/// use fusewire::Severity;
/// use fusewire::log::{Log, OnFull};
///
/// let directory = tempfile::tempdir()?;
/// // An audit log: each append waits up to 5 s for space before it drops its entry.
/// let audit = Log::options(directory.path()).on_full(OnFull::Block(Duration::from_secs(5))).open()?;
/// // A debug log: if there is no space, it reserves the rest for warnings and errors.
/// let debug = Log::options(directory.path().join("debug")).on_full(OnFull::DropBelow(Severity::WARN)).open()?;
/// assert!(audit.append(|_| ()).is_written() && debug.append(|_| ()).is_written());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OnFull {
    /// Drops entries below the severity if no further segment can be created. The rest of the last segment is
    /// reserved for more severe entries. When it is full, all entries are dropped.
    DropBelow(Severity),
    /// Deletes the oldest segments of the directory, including segments of other processes, except segments that a
    /// live process writes to. The order is the order of creation in the directory, independent of clocks. The last
    /// segment of a process that died is deleted after all others. Up to half of the budget is reserved for such
    /// segments, the newest first.
    ///
    /// If the disk is full and the byte budget is not used up, other programs may have filled the disk. Then half
    /// of the byte budget is kept: the log deletes no further segments, and drops and counts entries. Without a
    /// budget, the kept amount is half of 1 GiB, or half of a tenth of the file system if that is less.
    ///
    /// If only one segment is left and this process is about to complete it, the append waits for at most
    /// [`LogOptions::OVERWRITE_TIMEOUT`].
    #[default]
    OverwriteOldest,
    /// Blocks the append for at most this duration until there is space, and then drops the entry.
    Block(Duration),
}

/// The options of a log: [`Log::options`]. Every option has a default.
///
/// ```
/// use std::time::Duration;
/// use fusewire::log::{Log, OnFull};
/// use fusewire::segment::Resource;
///
/// let directory = tempfile::tempdir()?;
/// let log = Log::options(directory.path())
///     .resource(Resource::of_this_process("orders"))
///     .max_total_bytes(2 << 30)
///     .max_age(Duration::from_secs(90 * 86_400))
///     .on_full(OnFull::OverwriteOldest)
///     .open()?;
/// assert!(log.append(|entry| entry.set_body("paid")).is_written());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct LogOptions {
    pub(super) directory: PathBuf,
    pub(super) segment: SegmentOptions,
    pub(super) max_segment_age: Option<Duration>,
    pub(super) first_segment_size: u64,
    pub(super) max_total_bytes: Option<u64>,
    pub(super) unbounded: bool,
    pub(super) max_age: Option<Duration>,
    pub(super) on_full: OnFull,
    pub(super) sync_every: Option<Duration>,
    pub(super) sync_at: Option<Severity>,
    pub(super) prefault: bool,
    pub(super) max_threads: u16,
    pub(super) close_timeout: Duration,
    pub(super) modes: Modes,
    pub(super) on_problem: Option<fn(&Problem)>,
    /// The number of bytes in one window, a power of two. The preallocator touches the pages of a window before the
    /// appends reach them, and releases them later.
    pub(super) window: usize,
    pub(super) clock: fn() -> (u64, u64),
}

impl LogOptions {
    /// The smallest byte budget: four of the smallest segments, and the lock file.
    pub const MIN_TOTAL_BYTES: u64 = 4 * SegmentOptions::MIN_SIZE + LOCK_BYTES;
    /// The default of [`first_segment_size`](Self::first_segment_size): 64 KiB.
    pub const FIRST_SEGMENT_SIZE: u64 = 64 << 10;
    /// The maximum of the default byte budget: 1 GiB.
    pub const DEFAULT_TOTAL_BYTES: u64 = 1 << 30;
    /// The maximum of an option that is a duration: 100 years.
    pub const MAX_DURATION: Duration = Duration::from_secs(36_525 * 86_400);
    /// The largest byte budget: 1 EiB.
    pub const MAX_TOTAL_BYTES: u64 = 1 << 60;
    /// The maximum of `window`: 2 MiB.
    const MAX_WINDOW: usize = 2 << 20;
    /// The minimum of `window`: 64 KiB.
    const MIN_WINDOW: usize = 64 << 10;
    /// A window is at most this part of the memory limit. The windows of a segment together take about a twentieth of
    /// the memory limit.
    const WINDOW_PART: u64 = 256;
    /// The copies of bases in a buffer take this part of a window: at most 256 KiB.
    const COPIES_PART: usize = 8;
    /// The maximum time that an append waits for the disk because of [`sync_at`](Self::sync_at).
    pub const SYNC_TIMEOUT: Duration = Duration::from_secs(5);

    /// The maximum time that an append waits for space with [`OnFull::OverwriteOldest`]: until a segment is
    /// complete and the log deletes it.
    pub const OVERWRITE_TIMEOUT: Duration = Duration::from_millis(100);

    /// The maximum time that an append waits for a buffer. If the duration of [`OnFull::Block`] is longer, that
    /// duration applies.
    pub const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

    /// The default of [`close_timeout`](Self::close_timeout).
    pub const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

    pub(super) fn new(directory: PathBuf) -> Self {
        Self {
            directory,
            segment: SegmentOptions {
                resource: Resource::default_of_this_process(),
                ..SegmentOptions::default()
            },
            max_segment_age: None,
            first_segment_size: Self::FIRST_SEGMENT_SIZE,
            max_total_bytes: None,
            unbounded: false,
            max_age: None,
            on_full: OnFull::default(),
            sync_every: None,
            sync_at: None,
            prefault: true,
            max_threads: 64,
            close_timeout: Self::CLOSE_TIMEOUT,
            modes: Modes::default(),
            on_problem: None,
            window: Self::MAX_WINDOW,
            clock: clocks,
        }
    }

    /// Sets the producer of the entries. The default is [`Resource::of_this_process`] with the file name of the
    /// program as the service name.
    ///
    /// ```
    /// use fusewire::log::{Log, list};
    /// use fusewire::owned::OwnedValue;
    /// use fusewire::segment::{Resource, Segment};
    ///
    /// let directory = tempfile::tempdir()?;
    /// let zone = OwnedValue::String("eu-1".to_owned());
    /// let resource = Resource::of_this_process("orders").with("cloud.availability_zone", zone);
    /// let log = Log::options(directory.path()).resource(resource).open()?;
    /// log.append(|entry| entry.set_body("paid"));
    ///
    /// let segment = Segment::read_copy(&list(directory.path())?.segments[0].path)?;
    /// let resource = segment.resource().unwrap();
    /// assert_eq!(resource.get("service.name").and_then(|name| name.as_str()), Some("orders"));
    /// # drop(log);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn resource(mut self, resource: Resource) -> Self {
        self.segment.resource = resource;
        self
    }

    /// Sets the limits of each entry. The default is [`Limits::DEFAULT`]. `max_entry_bytes` is reduced to half of the
    /// capacity of a segment, minus the header of a frame. The capacity does not include the space for a loss record. The
    /// limits also apply to the resource: if they refuse it, for example with
    /// [`OnWidth::Reject`](crate::limits::OnWidth::Reject), `open` returns an error.
    ///
    /// ```
    /// use fusewire::Limits;
    /// use fusewire::log::Log;
    ///
    /// let directory = tempfile::tempdir()?;
    /// let limits = Limits { max_depth: 4, max_string_bytes: 1 << 10, ..Limits::default() };
    /// let log = Log::options(directory.path()).limits(limits).open()?;
    /// assert_eq!(log.limits().max_depth, 4);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.segment.limits = limits;
        self
    }

    /// Sets the maximum size of a segment file in bytes. The default is 64 MiB; the range is 16 KiB to 1 GiB.
    ///
    /// Segments begin with [`first_segment_size`](Self::first_segment_size). Each further segment is up to 8 times
    /// larger than the one before, if at least an eighth of that one is used. The next segment is allocated when an
    /// eighth of the segment in use is used, so at most two segments of a process are allocated ahead of its entries.
    ///
    /// A segment is at most:
    /// - a quarter of [`max_total_bytes`](Self::max_total_bytes), divided by the number of processes that write to
    ///   the directory;
    /// - 1/64 of the size of the file system, but this rule does not reduce it below 64 KiB;
    /// - 4 MiB on tmpfs and ramfs, where allocated space is memory that is charged to the process's cgroup;
    /// - the process's limit of file sizes (`RLIMIT_FSIZE`).
    ///
    /// ```
    /// use std::time::Duration;
    /// use fusewire::log::{Log, OnFull};
    ///
    /// let directory = tempfile::tempdir()?;
    /// let options = Log::options(directory.path()).segment_size(16 << 10);
    /// let log = options.on_full(OnFull::Block(Duration::from_secs(60))).open()?;
    /// for n in 0..100 {
    ///     log.append(|entry| entry.set_body(&format!("{n:0500}")));
    /// }
    /// // 100 entries of more than 500 bytes do not fit into one segment of 16 KiB.
    /// assert!(log.stats().rotations >= 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn segment_size(mut self, bytes: u64) -> Self {
        self.segment.size = bytes;
        self
    }

    /// Sets the size of the first segment of a process in bytes. The default is 64 KiB; the range is 16 KiB to
    /// [`segment_size`](Self::segment_size). A process that logs little takes no more disk space than this.
    #[must_use]
    pub fn first_segment_size(mut self, bytes: u64) -> Self {
        self.first_segment_size = bytes;
        self
    }

    /// Sets the age at which a segment with entries is completed and the next one begins. The default is no limit;
    /// the minimum is 10 ms.
    #[must_use]
    pub fn max_segment_age(mut self, age: Duration) -> Self {
        self.max_segment_age = Some(age.max(Duration::from_millis(10)));
        self
    }

    /// Sets the maximum number of bytes that the segments in the directory take on disk. This includes the segments
    /// of other processes and preallocated segments. The minimum is [`MIN_TOTAL_BYTES`](Self::MIN_TOTAL_BYTES). If an
    /// append would exceed the budget, [`on_full`](Self::on_full) decides.
    ///
    /// The default is 1 GiB or a tenth of the file system, whichever is less. [`unbounded`](Self::unbounded) removes
    /// the budget. Allocated bytes count, not lengths of files.
    ///
    /// ```
    /// use fusewire::log::{Log, LogOptions};
    ///
    /// let directory = tempfile::tempdir()?;
    /// let log = Log::options(directory.path()).max_total_bytes(LogOptions::MIN_TOTAL_BYTES).open()?;
    /// for _ in 0..1_000 {
    ///     log.append(|entry| entry.set_body(&"x".repeat(500)));
    /// }
    /// let bytes: u64 = fusewire::log::list(directory.path())?.segments.iter().map(|segment| segment.disk_bytes).sum();
    /// assert!(bytes <= LogOptions::MIN_TOTAL_BYTES);
    /// # drop(log);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn max_total_bytes(mut self, bytes: u64) -> Self {
        self.max_total_bytes = Some(bytes.max(Self::MIN_TOTAL_BYTES));
        self
    }

    /// Removes the byte budget, including the default. The log then takes all space of the file system.
    #[must_use]
    pub fn unbounded(mut self) -> Self {
        (self.max_total_bytes, self.unbounded) = (None, true);
        self
    }

    /// Deletes the segments of the directory whose last entry is older than `age`, including those of other
    /// processes. The default is no limit. A segment that a live process writes to is not deleted.
    ///
    /// The age is measured with `CLOCK_BOOTTIME` from the moment when the log found the segment complete. For
    /// segments of earlier runs it is measured from the time of the last entry, corrected by the order of creation in
    /// the directory. A clock that was set forward or back does not make entries old. Three spans do not count:
    /// - a difference of more than `age` between one segment and the next;
    /// - a clock step that the log observed while it was open;
    /// - the time until a clock that was set back reaches the time of earlier segments again.
    ///
    /// If this evidence is missing, a segment is deleted when a process has had the log open for `age`.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// Sets the policy for entries for which the log has no space. The default is [`OnFull::OverwriteOldest`].
    #[must_use]
    pub fn on_full(mut self, on_full: OnFull) -> Self {
        self.on_full = on_full;
        self
    }

    /// Sets the interval at which the log writes to disk. A power cut loses at most the entries of one interval. The
    /// default is never; the minimum is 1 ms.
    #[must_use]
    pub fn sync_every(mut self, interval: Duration) -> Self {
        self.sync_every = Some(interval.max(Duration::from_millis(1)));
        self
    }

    /// Makes the append of an entry with at least this severity wait until the entry is on disk, for at most
    /// [`SYNC_TIMEOUT`](Self::SYNC_TIMEOUT). The default is never.
    ///
    /// ```
    /// use fusewire::Severity;
    /// use fusewire::log::Log;
    ///
    /// let directory = tempfile::tempdir()?;
    /// let log = Log::options(directory.path()).sync_at(Severity::ERROR).open()?;
    /// // This append returns when the entry is on disk, or after 5 s.
    /// log.append(|entry| {
    ///     entry.set_severity(Severity::ERROR);
    ///     entry.set_body("the ledger is inconsistent");
    /// });
    /// assert_eq!(log.stats().entries, 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn sync_at(mut self, severity: Severity) -> Self {
        self.sync_at = Some(severity);
        self
    }

    /// Sets whether a worker touches pages before the appends reach them, so that appends cause no page faults. The
    /// default is `true`.
    #[must_use]
    pub fn prefault(mut self, prefault: bool) -> Self {
        self.prefault = prefault;
        self
    }

    /// Sets whether a worker writes an index next to each complete segment, so that searches need not read the whole
    /// segment. The default is `true`. An index takes at most 2 % of the segment's bytes on disk, or 4 % with like entries, and
    /// in memory while the segment is in use. A segment with less than 64 KiB of frames has no index.
    #[must_use]
    pub fn index(mut self, index: bool) -> Self {
        self.segment.index = index;
        self
    }

    /// Sets whether each entry is written in full, in format 1.0. The default is `false`
    /// ([`SegmentOptions::SELF_CONTAINED`]).
    ///
    /// With `false`, the segments have format 1.1. An entry with the keys and kinds of values of an earlier entry is
    /// then a *like entry*, which contains the values that differ. The segments of a service have about a third of the
    /// size of format 1.0. Readers return the same entries. Readers of version 1.0 refuse the segments, so update all
    /// readers first. Each thread uses up to 304 KiB more memory, see [`resident_bound`](Self::resident_bound).
    ///
    /// ```
    /// use fusewire::log::Log;
    ///
    /// let directory = tempfile::tempdir()?;
    /// let append = |log: &Log| {
    ///     for user in 0..10 {
    ///         log.append(|entry| _ = entry.attr("user", &user).attr("plan", "basic"));
    ///     }
    ///     (log.stats().entries, log.stats().like_entries)
    /// };
    /// assert_eq!(append(&Log::options(directory.path()).open()?), (10, 9));
    /// let full = Log::options(directory.path()).self_contained(true).open()?;
    /// assert_eq!(append(&full), (10, 0));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn self_contained(mut self, self_contained: bool) -> Self {
        self.segment.self_contained = self_contained;
        self
    }

    /// Sets the maximum time that the drop of the last clone waits until the log is closed. The default is 10 s. The
    /// limit is necessary because a disk may never respond. [`Log::close`] has a separate limit and returns the
    /// result.
    #[must_use]
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.close_timeout = timeout;
        self
    }

    /// Sets the permissions of the files that the log creates, independent of the process's umask. The default is
    /// `0o640`.
    ///
    /// ```
    /// use std::os::unix::fs::PermissionsExt;
    /// use fusewire::log::{Log, list};
    ///
    /// let directory = tempfile::tempdir()?;
    /// let log = Log::options(directory.path()).file_mode(0o600).open()?;
    /// log.append(|entry| entry.set_body("secret"));
    /// let path = &list(directory.path())?.segments[0].path;
    /// assert_eq!(std::fs::metadata(path)?.permissions().mode() & 0o777, 0o600);
    /// # drop(log);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn file_mode(mut self, mode: u32) -> Self {
        self.modes.file = mode;
        self
    }

    /// Sets the permissions of the directories that the log creates, independent of the process's umask. The default
    /// is `0o750`. A directory that exists keeps its permissions.
    #[must_use]
    pub fn dir_mode(mut self, mode: u32) -> Self {
        self.modes.directory = mode;
        self
    }

    /// Sets a function that the log calls when it begins to drop entries, when it cannot create a segment, and when
    /// the disk fails. The default is none.
    ///
    /// A worker of the log calls the function, at most once per second for each kind of problem and each cause of
    /// drops. The function may write to standard error, or count. It should not block, because the worker does its
    /// other work after that. The log refuses and counts an entry that the function logs to the same log.
    ///
    /// # Examples
    /// ```
    /// # let directory = std::env::temp_dir().join(format!("fusewire-doc-problem-{}", std::process::id()));
    /// let log = fusewire::log::Log::options(&directory)
    ///     .on_problem(|problem| eprintln!("log: {problem}"))
    ///     .open()?;
    /// # drop(log);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn on_problem(mut self, on_problem: fn(&Problem)) -> Self {
        self.on_problem = Some(on_problem);
        self
    }

    /// Sets whether the log installs a handler for SIGBUS. The default is `true`.
    ///
    /// If another program truncates a segment, or if the disk is full and a copy shares blocks with a segment (a
    /// snapshot, or `cp --reflink`), a store to the segment raises SIGBUS. The handler replaces the page, and the log
    /// counts the lost entries. The handler passes each SIGBUS of other memory to the handler that was installed
    /// before. Without the handler, such a SIGBUS ends the process. Set `false` if the program installs a handler
    /// later, or if it must not have one.
    ///
    /// The handler belongs to the process. If another log has installed it, it stays installed.
    #[must_use]
    pub fn sigbus_handler(mut self, install: bool) -> Self {
        self.segment.guarded = install;
        self
    }

    /// Replaces the clocks for [`max_age`](Self::max_age) in tests. The function returns the nanoseconds since the
    /// Unix epoch and the nanoseconds since the start of the machine.
    #[doc(hidden)]
    #[must_use]
    pub fn clock(mut self, clock: fn() -> (u64, u64)) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the number of threads that can encode entries at the same time, each in a separate buffer. The default is
    /// 64; the minimum is 1. More threads can use the log: they take turns. If no buffer is free for
    /// [`BUSY_TIMEOUT`](Self::BUSY_TIMEOUT), an entry is dropped and counted as
    /// [`DropCause::Busy`](super::DropCause::Busy). For example, this happens if all threads with a buffer log a
    /// value that waits for a thread without one.
    ///
    /// ```
    /// use fusewire::log::Log;
    ///
    /// let directory = tempfile::tempdir()?;
    /// let few = Log::options(directory.path()).max_threads(4);
    /// let many = Log::options(directory.path()).max_threads(256);
    /// assert!(few.resident_bound() < many.resident_bound());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn max_threads(mut self, threads: u16) -> Self {
        self.max_threads = threads.max(1);
        self
    }

    /// Returns the maximum memory that the log takes, in bytes: one buffer for each of
    /// [`max_threads`](Self::max_threads), and the resident parts of mapped segments. Only the parts of the buffers
    /// that entries have used are resident. The pages of segments belong to the page cache, which the kernel can
    /// write to disk and reclaim.
    ///
    /// The bound also holds at the highest rate of appends: workers release pages, and an append does so if the
    /// workers are late. It is smaller in a cgroup with a memory limit below 512 MiB.
    #[must_use]
    pub fn resident_bound(&self) -> u64 {
        let checked = self.clone().in_agreement();
        // There is one more buffer, which is kept in reserve.
        let buffers = (u64::from(checked.max_threads) + 1) * checked.buffer_bytes();
        // The segment in use has one window after the appends, two before them, and two more until pages are
        // released. The segment before it has the same number. The rest is for the beginning of the next segment, and
        // for the pages that a worker reads.
        let windows = (12 * checked.window as u64).min(3 * checked.segment.size);
        buffers + windows + (256 << 10)
    }

    /// Returns the number of bytes that a thread needs to encode one frame.
    pub(super) fn scratch_len(&self) -> usize {
        crate::segment::shared::HEADER_LEN + self.segment.limits.max_entry_bytes as usize + 16
    }

    /// Returns the maximum number of bytes of memory for one buffer.
    pub(super) fn buffer_bytes(&self) -> u64 {
        let likes = self.like_copies_len().map_or(0, LikeEncoder::memory);
        (self.scratch_len().next_multiple_of(4096) + likes) as u64
    }

    /// Returns the number of bytes in which a buffer stores copies of bases, or `None` if each entry is written in full.
    pub(super) fn like_copies_len(&self) -> Option<usize> {
        (!self.segment.self_contained).then_some(self.window / Self::COPIES_PART)
    }

    /// Returns the time that an append waits for a buffer. The holders of the buffers may wait for space, as this
    /// append would.
    pub(super) fn patience(&self) -> Duration {
        match self.on_full {
            OnFull::Block(timeout) => timeout.max(Self::BUSY_TIMEOUT),
            _ => Self::BUSY_TIMEOUT,
        }
    }

    /// Checks the permissions.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] for permissions with which the log could not use its own files.
    fn check_modes(&self) -> io::Result<()> {
        let modes = [("file_mode", self.modes.file, 0o600), ("dir_mode", self.modes.directory, 0o700)];
        for (name, mode, needed) in modes {
            if mode & !0o7777 != 0 || mode & needed != needed {
                let error = format!("{name} is {mode:04o}, expected permissions that include {needed:04o}");
                return Err(io::Error::new(io::ErrorKind::InvalidInput, error));
            }
        }
        Ok(())
    }

    /// Returns the options for this file system: with the default byte budget if none is set, and with segments that
    /// are not too large for it.
    ///
    /// # Errors
    /// An error if the process cannot write a file of the necessary size.
    fn suited_to(mut self, directory: &Directory) -> io::Result<Self> {
        let space = directory.folder().space();
        if self.max_total_bytes.is_none() && !self.unbounded {
            let tenth = space.and_then(|space| space.total).map_or(u64::MAX, |total| total / 10);
            self = self.max_total_bytes(tenth.min(Self::DEFAULT_TOTAL_BYTES));
        }
        let most = size::most_on(space).min(size::most_by_limits(directory.path())?);
        self.segment.size = self.segment.effective_size().min(most);
        Ok(self)
    }

    /// Returns the options if each number is in its range.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] with the name of the first option that is out of its range.
    pub(super) fn checked(self) -> io::Result<Self> {
        let block = match self.on_full {
            OnFull::Block(timeout) => Some(timeout),
            _ => None,
        };
        for (name, duration) in [
            ("max_segment_age", self.max_segment_age),
            ("max_age", self.max_age),
            ("on_full", block),
            ("sync_every", self.sync_every),
            ("close_timeout", Some(self.close_timeout)),
        ] {
            if let Some(found) = duration.filter(|duration| *duration > Self::MAX_DURATION) {
                return Err(out_of_range(name, &format_args!("{found:?} is longer than 100 years")));
            }
        }
        let sizes = [
            ("segment_size", Some(self.segment.size), SegmentOptions::MAX_SIZE),
            ("first_segment_size", Some(self.first_segment_size), SegmentOptions::MAX_SIZE),
            ("max_total_bytes", self.max_total_bytes, Self::MAX_TOTAL_BYTES),
        ];
        for (name, bytes, most) in sizes {
            if let Some(found) = bytes.filter(|bytes| *bytes > most) {
                return Err(out_of_range(name, &format_args!("{found} bytes are more than {most}")));
            }
        }
        Ok(self.in_agreement())
    }

    /// Returns the options, with all numbers adjusted to each other.
    fn in_agreement(mut self) -> Self {
        if let Some(total) = self.max_total_bytes {
            // Four segments must fit, each with its index.
            let most = ((total - LOCK_BYTES) / 4).min(2 * SegmentOptions::MAX_SIZE);
            let mut quarter = most / 4096 * 4096;
            while self.segment.index
                && quarter + IndexBuilder::max_len(quarter, !self.segment.self_contained) > most
            {
                quarter -= 4096;
            }
            self.segment.size = self.segment.size.min(quarter);
        }
        self.segment.size = self.segment.effective_size();
        self.window = window_under(MemoryLimit::of_this_process().map(|limit| limit.bytes()));
        let first = self.first_segment_size.clamp(SegmentOptions::MIN_SIZE, self.segment.size);
        self.first_segment_size = first / 4096 * 4096;
        let holds = self.segment.size - (DATA_START + TRAILER_LEN + LOSS_LEN) as u64;
        let mut limits = self.segment.limits.clamped();
        // Every segment begins with the resource, which has the same limit. Therefore one entry always fits after it.
        let half = u32::try_from(holds / 2).unwrap_or(u32::MAX) - FRAME_HEADER_LEN;
        limits.max_entry_bytes = limits.max_entry_bytes.min(half / 16 * 16);
        self.segment.limits = limits;
        self
    }

    /// Opens the log. Creates the directory if it does not exist, and the first segment. If there is no space for the
    /// segment, the log is open nevertheless. It applies [`on_full`](Self::on_full) and counts dropped entries until
    /// there is space.
    ///
    /// # Errors
    /// - the permanent errors of the file system, for example missing permissions to create the directory or to write
    ///   to it
    /// - [`io::ErrorKind::InvalidInput`] for an option out of its range, which the error names, and for a resource
    ///   that is too large for a segment
    /// - an error if the system cannot start threads
    pub fn open(self) -> io::Result<Log> {
        Log::open(self)
    }

    /// Returns the options in effect, and the open directory.
    ///
    /// # Errors
    /// The errors of [`open`](Self::open).
    pub(super) fn with_directory(self) -> io::Result<(Self, Directory)> {
        self.check_modes()?;
        let checked = self.checked()?;
        let directory = Directory::open(&checked.directory, checked.modes)?;
        Ok((checked.suited_to(&directory)?.in_agreement(), directory))
    }
}

fn out_of_range(name: &str, what: &std::fmt::Arguments<'_>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("{name}: {what}"))
}

/// Returns the nanoseconds since the Unix epoch and since the start of the machine. The second clock also runs while
/// the machine sleeps, and cannot be set.
fn clocks() -> (u64, u64) {
    #[cfg(target_os = "linux")]
    let id = rustix::time::ClockId::Boottime;
    #[cfg(not(target_os = "linux"))]
    let id = rustix::time::ClockId::Monotonic;
    let time = rustix::time::clock_gettime(id);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0).saturating_mul(1_000_000_000);
    (unix_nanos_now(), seconds.saturating_add(u64::try_from(time.tv_nsec).unwrap_or(0)))
}

/// Returns the window of a log under this memory limit.
fn window_under(limit: Option<u64>) -> usize {
    let part = limit.unwrap_or(u64::MAX) / LogOptions::WINDOW_PART;
    let most = usize::try_from(part).unwrap_or(usize::MAX).max(1);
    let power_of_two = 1 << most.ilog2();
    usize::clamp(power_of_two, LogOptions::MIN_WINDOW, LogOptions::MAX_WINDOW)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_shrink_with_the_memory_limit() {
        for (limit, window) in [
            (None, 2 << 20),
            (Some(u64::MAX), 2 << 20),
            (Some(512 << 20), 2 << 20),
            (Some(511 << 20), 1 << 20),
            (Some(64 << 20), 256 << 10),
            (Some(1), 64 << 10),
            (Some(0), 64 << 10),
        ] {
            assert_eq!(window_under(limit), window, "{limit:?}");
        }
    }
}
