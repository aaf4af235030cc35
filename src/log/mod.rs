//! A log in a directory of segments: many threads of many processes append to it. Its memory and its disk space are
//! bounded, and no entry is lost after SIGKILL.
//!
//! # Examples
//! ```
//! use fusewire::log::Log;
//! use fusewire::segment::Resource;
//! use fusewire::Severity;
//!
//! # let directory = std::env::temp_dir().join(format!("fusewire-doc-{}", std::process::id()));
//! let log = Log::options(&directory).resource(Resource::of_this_process("shop")).open()?;
//! let worker = std::thread::spawn({
//!     let log = log.clone();
//!     move || {
//!         log.append(|entry| {
//!             entry.set_severity(Severity::INFO);
//!             entry.set_body("paid");
//!             entry.attr("user", &7);
//!         });
//!     }
//! });
//! worker.join().unwrap();
//! assert_eq!(log.stats().entries, 1);
//! # drop(log);
//! # std::fs::remove_dir_all(&directory)?;
//! # Ok::<(), std::io::Error>(())
//! ```

mod ahead;
mod appender;
mod behind;
// Only the router uses some of these functions, and it requires the feature `json`.
#[cfg_attr(not(feature = "json"), allow(dead_code))]
mod build;
mod core;
mod direct;
mod directory;
mod drops;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod exit;
mod files;
mod flush;
mod guard;
mod inside;
mod inventory;
mod keeper;
mod levels;
mod listing;
mod lock_file;
mod options;
mod outcome;
mod problem;
mod reader;
mod retention;
mod room;
mod salvage;
mod scan;
mod signal;
mod size;
mod stats;
mod succession;
mod swap;
mod turn;
mod unsynced;

use std::io;
use std::panic::Location;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

pub use appender::Appender;
#[cfg(feature = "json")]
pub(crate) use build::{Built, Refused};
pub use drops::Drops;
pub use files::{FILE_EXTENSIONS, FileChange, FileContents, FileInfo, is_log_file_name};
pub use guard::Guard;
pub use levels::{Levels, Site};
pub use listing::{
    Life, Listing, Owner, SegmentInfo, StreamEnd, is_segment_name, list, list_in_zone, list_uncounted,
};
pub use options::{LogOptions, OnFull};
pub use outcome::{CloseError, DropCause, Durability, FlushError, Outcome};
pub use problem::Problem;
pub use reader::{LogEvent, LogReader, ReadOptions, Source};
pub use scan::{Found, Run, Scan, Scanned, Visitor};
pub use stats::{Latency, LevelStats, Stats};

use crate::encode::EntryWriter;
use crate::limits::Limits;
use crate::segment::shared::{Draft, Placed};
use crate::severity::Severity;

use self::core::{Core, NoRoom, Pen};
use inside::{Own, Waiting};
use keeper::Keeper;
use salvage::Salvage;

/// A log that threads append to. Each thread can have a clone.
///
/// When [`append`](Self::append) returns [`Outcome::Written`], the entry survives the process, including SIGKILL and
/// the OOM killer. The log is closed by [`shutdown`](Self::shutdown), by a [`guard`](Self::guard), or when the last
/// clone is dropped, unless the disk does not respond within [`LogOptions::close_timeout`]. If the process is killed,
/// the log is not closed, and no entry is missing.
///
/// After a `fork`, parent and child write separate segments in the same directory. Until the child appends, ends or
/// executes another program, it also counts as an owner of the segments that its parent had. No process deletes
/// segments with a live owner.
///
/// ```
/// use fusewire::log::Log;
///
/// let directory = tempfile::tempdir()?;
/// let log = Log::options(directory.path()).open()?;
/// std::thread::scope(|threads| {
///     for worker in 0..4 {
///         let log = log.clone();
///         threads.spawn(move || log.append(|entry| _ = entry.attr("worker", &worker)));
///     }
/// });
/// assert_eq!(log.stats().entries, 4);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Log(Arc<Handle>);

struct Handle {
    core: Arc<Core>,
}

impl Log {
    /// Returns the options of a log in `directory`, which is created if it does not exist. Several processes can
    /// share the directory.
    #[must_use]
    pub fn options(directory: impl Into<PathBuf>) -> LogOptions {
        LogOptions::new(directory.into())
    }

    fn open(options: LogOptions) -> io::Result<Self> {
        let Some(_own) = Own::enter() else { return Err(io::ErrorKind::ResourceBusy.into()) };
        let (options, directory) = options.with_directory()?;
        let core = Arc::new(Core::new(options, directory)?);
        let folder = core.directory.folder();
        let keeper = core.keeper.load_full();
        let names = keeper.inventory().names(&folder).unwrap_or_default();
        room::tidy(&folder, &names);
        let mut left = Salvage::new(folder, names, core.options.segment.index);
        if !left.go_on(salvage::AT_OPEN) {
            *signal::lock(&core.salvage) = Some(left);
        }
        match core.make_spare(&keeper, &mut keeper.next()) {
            Err(error) if !room::may_pass(&error) => return Err(error),
            // If there is no space, the log is open and drops entries.
            _ => drop(core.go_on_from(None)),
        }
        if let Err(error) = Keeper::start(&core) {
            // The files that were created are removed.
            let _ = keeper.stop(&core, core.options.close_timeout);
            return Err(error);
        }
        #[cfg(all(target_os = "linux", target_env = "gnu"))]
        exit::mark_at_exit(&core);
        Ok(Self(Arc::new(Handle { core })))
    }

    /// Returns the state that the threads of this process share. In a forked child it is replaced first. Threads that
    /// the child does not have may hold the parent's locks forever. The parent's segments do not belong to the child.
    #[inline(always)]
    fn core(&self) -> &Core {
        if !self.0.core.fork.is_owned() {
            Core::begin_anew(&self.0.core);
        }
        &self.0.core
    }

    /// Appends the content that `write` writes as one entry, with the current time unless `write` sets another. Takes
    /// no lock, and allocates nothing.
    ///
    /// Calls `write` once, before it changes the log. If `write` panics, the log is unchanged. An entry that `write`
    /// itself logs is dropped and counted as [`DropCause::Reentrant`].
    ///
    /// ```
    /// use fusewire::Severity;
    /// use fusewire::log::Log;
    ///
    /// let directory = tempfile::tempdir()?;
    /// let log = Log::options(directory.path()).open()?;
    /// let outcome = log.append(|entry| {
    ///     entry.set_severity(Severity::WARN);
    ///     entry.set_body("payment retried");
    ///     entry.attr("attempt", &3);
    /// });
    /// assert!(outcome.is_written());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[inline]
    #[track_caller]
    pub fn append(&self, write: impl FnOnce(&mut EntryWriter<'_>)) -> Outcome {
        // The address is different for each call. It only predicts the keys of the entry.
        self.append_at(std::ptr::from_ref(Location::caller()).addr(), write)
    }

    /// Blocks until every entry whose append has returned has the given durability.
    ///
    /// # Errors
    /// - [`FlushError::TimedOut`] if the disk does not complete the write within `timeout`
    /// - [`FlushError::Io`] if the disk fails
    /// - the other variants of [`FlushError`]
    ///
    /// ```
    /// use std::time::Duration;
    /// use fusewire::log::{Durability, Log};
    ///
    /// let directory = tempfile::tempdir()?;
    /// let log = Log::options(directory.path()).open()?;
    /// log.append(|entry| entry.set_body("paid"));
    /// // The entry already survives SIGKILL. After this call, it also survives a power cut.
    /// log.flush(Durability::Disk, Duration::from_secs(30))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn flush(&self, durability: Durability, timeout: Duration) -> Result<(), FlushError> {
        match durability {
            Durability::Process => Ok(()),
            Durability::Disk => {
                let Some(_waiting) = Waiting::enter() else { return Err(FlushError::Reentrant) };
                let keeper = self.core().keeper.load_full();
                let request = keeper.flushes.ask();
                keeper.behind.wake();
                keeper.flushes.wait(request, timeout)
            }
        }
    }

    /// Closes the log, even if clones of it exist, and records in it that its process stopped. Waits for at most
    /// `timeout`.
    ///
    /// From then on every append by any clone returns [`DropCause::Closed`] without waiting, and is counted. A second
    /// call waits for the same end. In a forked child that has not appended, the call has no effect, because the log
    /// belongs to the parent.
    ///
    /// # Errors
    /// [`CloseError::TimedOut`] if the disk does not complete the write in time. The log is closed when the write
    /// completes.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use fusewire::log::{DropCause, Log, Outcome};
    ///
    /// # let directory = std::env::temp_dir().join(format!("fusewire-doc-shutdown-{}", std::process::id()));
    /// let log = Log::options(&directory).open()?;
    /// let clone = log.clone();
    /// log.append(|entry| entry.set_body("last"));
    /// log.shutdown(Duration::from_secs(5))?;
    /// assert_eq!(clone.append(|entry| entry.set_body("late")), Outcome::Dropped(DropCause::Closed));
    /// # std::fs::remove_dir_all(&directory)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shutdown(&self, timeout: Duration) -> Result<(), CloseError> {
        self.0.complete(timeout)
    }

    /// Closes the log as [`shutdown`](Self::shutdown) does.
    ///
    /// # Errors
    /// The errors of [`shutdown`](Self::shutdown).
    ///
    /// ```
    /// use std::time::Duration;
    /// use fusewire::log::{Log, StreamEnd, list};
    ///
    /// let directory = tempfile::tempdir()?;
    /// let log = Log::options(directory.path()).open()?;
    /// log.append(|entry| entry.set_body("last"));
    /// log.close(Duration::from_secs(30))?;
    /// assert_eq!(list(directory.path())?.segments[0].end, StreamEnd::Stopped);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn close(self, timeout: Duration) -> Result<(), CloseError> {
        self.shutdown(timeout)
    }

    /// Returns a guard that closes the log when it is dropped. Keep the guard in a variable of `main` if the log
    /// itself is in a static variable.
    ///
    /// ```
    /// use fusewire::log::{DropCause, Log, Outcome};
    ///
    /// let directory = tempfile::tempdir()?;
    /// let log = Log::options(directory.path()).open()?;
    /// {
    ///     let _guard = log.guard();
    ///     log.append(|entry| entry.set_body("paid"));
    /// }
    /// // The guard closed the log, although a clone exists.
    /// assert_eq!(log.append(|_| ()), Outcome::Dropped(DropCause::Closed));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn guard(&self) -> Guard {
        Guard::new(self.clone())
    }

    /// Returns a function that returns the log while clones of it exist. The function does not keep the log open.
    pub(crate) fn weak(&self) -> impl Fn() -> Option<Self> + Send + Sync + use<> {
        let handle = Arc::downgrade(&self.0);
        move || handle.upgrade().map(Self)
    }

    /// Returns the statistics of the log since it was opened, or in a forked child since the fork.
    ///
    /// ```
    /// use fusewire::log::Log;
    /// use fusewire::{Limits, Severity, TripCause};
    ///
    /// let directory = tempfile::tempdir()?;
    /// let limits = Limits { max_string_bytes: 8, ..Limits::default() };
    /// let log = Log::options(directory.path()).limits(limits).open()?;
    /// log.append(|entry| {
    ///     entry.set_severity(Severity::ERROR);
    ///     entry.set_body("a long message");
    /// });
    /// let stats = log.stats();
    /// assert_eq!((stats.entries, stats.trips(TripCause::StringBytes)), (1, 1));
    /// assert_eq!(stats.level(Severity::ERROR).entries, 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.core().stats()
    }

    /// Returns the severities that [`event!`](crate::event) logs, by target. [`append`](Self::append) ignores them
    /// and appends every entry.
    #[must_use]
    pub fn levels(&self) -> &Levels {
        &self.0.core.levels
    }

    /// Returns the limits of an entry.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.0.core.options.segment.limits
    }

    /// Returns the absolute path of the directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.0.core.directory.path()
    }
}

impl Core {
    /// Appends the entry. If there is no space, applies [`OnFull`].
    fn write(&self, pen: &mut Pen, draft: &mut Draft<'_>) -> Result<Placed, DropCause> {
        let below = matches!(self.options.on_full, OnFull::DropBelow(least) if draft.severity < least);
        if below && self.no_room.load(Ordering::Relaxed) {
            return Err(DropCause::BelowSeverity);
        }
        if self.closed.load(Ordering::Relaxed) {
            return Err(DropCause::Closed);
        }
        self.put(pen, draft).or_else(|_| self.write_without_room(pen, draft, below))
    }

    /// Applies [`OnFull`] to an entry for which there is no space.
    #[cold]
    fn write_without_room(
        &self,
        pen: &mut Pen,
        draft: &mut Draft<'_>,
        below: bool,
    ) -> Result<Placed, DropCause> {
        let written = match self.options.on_full {
            OnFull::Block(timeout) => {
                self.write_in_time(pen, draft, timeout).map_err(|_| DropCause::TimedOut)
            }
            OnFull::OverwriteOldest if self.may_wait() => {
                let written = self.write_in_time(pen, draft, LogOptions::OVERWRITE_TIMEOUT);
                // One append waits for a late disk. No further append waits until a segment has been created.
                self.late.fetch_or(written.is_err(), Ordering::AcqRel);
                written.map_err(|_| DropCause::Full)
            }
            _ if below => Err(DropCause::BelowSeverity),
            _ => Err(DropCause::Full),
        };
        // If the log is closed, that is the cause, and not the missing space.
        written.map_err(|cause| if self.closed.load(Ordering::Relaxed) { DropCause::Closed } else { cause })
    }

    /// Returns whether a segment may be deleted soon, and no append has waited for this until its time limit.
    fn may_wait(&self) -> bool {
        [&self.hopeless, &self.late, &self.closed].iter().all(|flag| !flag.load(Ordering::Acquire))
    }

    /// Appends the entry when there is space. Waits for at most `timeout`.
    fn write_in_time(
        &self,
        pen: &mut Pen,
        draft: &mut Draft<'_>,
        timeout: Duration,
    ) -> Result<Placed, NoRoom> {
        let deadline = Instant::now() + timeout.min(Duration::from_secs(86_400));
        let keeper = self.keeper.load_full();
        loop {
            let before = keeper.room();
            if let Ok(placed) = self.put(pen, draft) {
                return Ok(placed);
            }
            if self.closed.load(Ordering::Acquire) || !keeper.wait_for_room(before, deadline) {
                return Err(NoRoom);
            }
        }
    }

    #[cold]
    fn drop_entry(&self, severity: Severity, cause: DropCause) -> Outcome {
        if self.drops.add(severity, cause) {
            self.keeper.load().behind.wake();
        }
        Outcome::Dropped(cause)
    }
}

impl Handle {
    /// Closes the log.
    fn complete(&self, timeout: Duration) -> Result<(), CloseError> {
        if !self.core.fork.is_owned() {
            // The log belongs to the parent if the forked child has not used it.
            return Ok(());
        }
        let Some(_own) = Own::enter() else { return Err(CloseError::Reentrant) };
        self.core.closed.store(true, Ordering::Release);
        self.core.keeper.load_full().stop(&self.core, timeout)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // If the log is marked closed, a shutdown has already waited for it.
        if !self.core.closed.load(Ordering::Acquire) {
            let _ = self.complete(self.core.options.close_timeout);
        }
    }
}
