//! A directory of segments as one log: appended to by many threads of many processes, bounded in memory and on disk, and
//! complete after SIGKILL.
//!
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
// Who decides what becomes of an entry is the router.
#[cfg_attr(not(feature = "json"), allow(dead_code))]
mod build;
mod core;
mod directory;
mod drops;
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
pub use listing::{Life, Listing, Owner, SegmentInfo, StreamEnd, is_segment_name, list, list_uncounted};
pub use options::{LogOptions, OnFull};
pub use outcome::{CloseError, DropCause, Durability, FlushError, Outcome};
pub use problem::Problem;
pub use reader::{LogEvent, LogReader, ReadOptions, Source};
pub use scan::{Found, Run, Scan, Scanned, Visitor};
pub use stats::{Latency, LevelStats, Stats};

use crate::encode::EntryWriter;
use crate::limits::Limits;
use crate::segment::shared::{Draft, SharedSegment};
use crate::severity::Severity;

use self::core::{Core, NoRoom};
use inside::{Own, Waiting};
use keeper::Keeper;
use salvage::Salvage;
use swap::Cached;

/// A log to append to, from as many threads as there are: clone it into each of them.
///
/// When [`append`](Self::append) returns [`Outcome::Written`], the entry survives the process, SIGKILL and the OOM killer
/// included. The log is completed by [`shutdown`](Self::shutdown), by a [`guard`](Self::guard), or when the last clone is
/// dropped, unless the disk does not answer for [`LogOptions::close_timeout`]. In a process that is killed that never happens,
/// and nothing is missing.
///
/// After a `fork`, parent and child go on with segments of their own, in the same directory. Until a child appends, ends or
/// executes another program, the segments that its parent had then pass for ones with a living owner: nobody deletes them.
#[derive(Clone)]
pub struct Log(Arc<Handle>);

struct Handle {
    core: Arc<Core>,
}

impl Log {
    /// A log in `directory`, which is made where it does not exist. It may be shared with other processes.
    #[must_use]
    pub fn options(directory: impl Into<PathBuf>) -> LogOptions {
        LogOptions::new(directory.into())
    }

    fn open(options: LogOptions) -> io::Result<Self> {
        let Some(_own) = Own::enter() else { return Err(io::ErrorKind::ResourceBusy.into()) };
        let (options, directory) = options.with_directory()?;
        let core = Arc::new(Core::new(options, directory)?);
        let folder = core.directory.folder();
        let names = folder.names().unwrap_or_default();
        room::tidy(&folder, &names);
        let mut left = Salvage::new(folder, names, core.options.segment.index);
        if !left.go_on(salvage::AT_OPEN) {
            *signal::lock(&core.salvage) = Some(left);
        }
        let keeper = core.keeper.load_full();
        match core.make_spare(&keeper, &mut keeper.next()) {
            Err(error) if !room::may_pass(&error) => return Err(error),
            // Without room the log begins by dropping.
            _ => drop(core.go_on_from(None)),
        }
        if let Err(error) = Keeper::start(&core) {
            // What has been made for nothing is removed.
            let _ = keeper.stop(&core, core.options.close_timeout);
            return Err(error);
        }
        Ok(Self(Arc::new(Handle { core })))
    }

    /// What the threads of this process share. A forked child begins anew first: its parent's locks may be held for ever by
    /// threads that the child does not have, and its parent's segments are not the child's.
    #[inline(always)]
    fn core(&self) -> &Core {
        if !self.0.core.fork.is_owned() {
            Core::begin_anew(&self.0.core);
        }
        &self.0.core
    }

    /// Appends what `write` writes as one entry, stamped with the time unless `write` sets another. Takes no lock, and
    /// allocates nothing.
    ///
    /// `write` runs once, and before anything of the log is touched: should it panic, nothing has happened. What it logs
    /// itself is dropped and counted as [`DropCause::Reentrant`].
    #[inline]
    pub fn append(&self, write: impl FnOnce(&mut EntryWriter<'_>)) -> Outcome {
        self.build(write, |built| match built {
            Ok(built) => built.append(),
            Err(refused) => refused.drop_entry(),
        })
    }

    /// Waits until every entry whose append has returned survives what `durability` says.
    ///
    /// # Errors
    /// Where the disk is not done in `timeout`, or fails.
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

    /// Completes the log, also while other clones of it live, and notes in it that its process stopped. Waits for that for
    /// `timeout` at most.
    ///
    /// From now on every append, by any clone, is answered with [`DropCause::Closed`] without waiting, and counted. To
    /// shut a log down again does nothing more: it waits for the same end. In a forked child that has not appended, it does
    /// nothing: the log is its parent's.
    ///
    /// # Errors
    /// [`CloseError::TimedOut`] if the disk is not done in time. The log is completed when it is.
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

    /// The same as [`shutdown`](Self::shutdown).
    ///
    /// # Errors
    /// The same.
    pub fn close(self, timeout: Duration) -> Result<(), CloseError> {
        self.shutdown(timeout)
    }

    /// A guard that completes the log when it is dropped: for `main` to hold, where the log itself has gone into a static.
    pub fn guard(&self) -> Guard {
        Guard::new(self.clone())
    }

    /// A function that returns the log while there are clones of it, and does not keep it open itself.
    pub(crate) fn weak(&self) -> impl Fn() -> Option<Self> + Send + Sync + use<> {
        let handle = Arc::downgrade(&self.0);
        move || handle.upgrade().map(Self)
    }

    /// What the log has done since it was opened; in a forked child, since the fork.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.core().stats()
    }

    /// Which severities [`event!`](crate::event) logs, by target. [`append`](Self::append) logs all.
    #[must_use]
    pub fn levels(&self) -> &Levels {
        &self.0.core.levels
    }

    /// What an entry may be at most.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.0.core.options.segment.limits
    }

    /// Where the log is: an absolute path.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.0.core.directory.path()
    }
}

impl Core {
    /// Appends the entry, or does what is to be done where there is no room.
    fn write(&self, segments: &mut Cached<SharedSegment>, draft: &mut Draft<'_>) -> Result<(), DropCause> {
        let below = matches!(self.options.on_full, OnFull::DropBelow(least) if draft.severity < least);
        if below && self.no_room.load(Ordering::Relaxed) {
            return Err(DropCause::BelowSeverity);
        }
        if self.closed.load(Ordering::Relaxed) {
            return Err(DropCause::Closed);
        }
        self.put(segments, draft).or_else(|_| self.write_without_room(segments, draft, below))
    }

    /// Does what is to be done where there is no room.
    #[cold]
    fn write_without_room(
        &self,
        segments: &mut Cached<SharedSegment>,
        draft: &mut Draft<'_>,
        below: bool,
    ) -> Result<(), DropCause> {
        let written = match self.options.on_full {
            OnFull::Block(timeout) => {
                self.write_in_time(segments, draft, timeout).map_err(|_| DropCause::TimedOut)
            }
            OnFull::OverwriteOldest if self.may_wait() => {
                let written = self.write_in_time(segments, draft, LogOptions::OVERWRITE_TIMEOUT);
                // One append waits for a disk that is late. Until it has made a segment none waits again.
                self.late.fetch_or(written.is_err(), Ordering::AcqRel);
                written.map_err(|_| DropCause::Full)
            }
            _ if below => Err(DropCause::BelowSeverity),
            _ => Err(DropCause::Full),
        };
        // Where nothing is to come any more, nothing is missing for want of room.
        written.map_err(|cause| if self.closed.load(Ordering::Relaxed) { DropCause::Closed } else { cause })
    }

    /// Whether something may be deleted soon, and nobody has waited for it in vain.
    fn may_wait(&self) -> bool {
        [&self.hopeless, &self.late, &self.closed].iter().all(|flag| !flag.load(Ordering::Acquire))
    }

    /// Waits for room.
    fn write_in_time(
        &self,
        segments: &mut Cached<SharedSegment>,
        draft: &mut Draft<'_>,
        timeout: Duration,
    ) -> Result<(), NoRoom> {
        let deadline = Instant::now() + timeout.min(Duration::from_secs(86_400));
        let keeper = self.keeper.load_full();
        loop {
            let before = keeper.room();
            if self.put(segments, draft).is_ok() {
                return Ok(());
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
    /// Completes the log.
    fn complete(&self, timeout: Duration) -> Result<(), CloseError> {
        if !self.core.fork.is_owned() {
            // What a forked child has not touched is its parent's to complete.
            return Ok(());
        }
        let Some(_own) = Own::enter() else { return Err(CloseError::Reentrant) };
        self.core.closed.store(true, Ordering::Release);
        self.core.keeper.load_full().stop(&self.core, timeout)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // A shutdown that has not ended in time has been waited for.
        if !self.core.closed.load(Ordering::Acquire) {
            let _ = self.complete(self.core.options.close_timeout);
        }
    }
}
