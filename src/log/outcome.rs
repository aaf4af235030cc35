//! The outcome of an append, a flush and a close.

use core::fmt;
use std::io;

use crate::trip::TripReport;

/// The outcome of an append. The caller need not handle it: the log counts dropped entries and writes loss records.
///
/// ```
/// use fusewire::encode::Bytes;
/// use fusewire::log::{DropCause, Log, Outcome};
/// use fusewire::{Kind, KindSet, Limits};
///
/// let directory = tempfile::tempdir()?;
/// let limits = Limits { allowed_kinds: KindSet::ALL.without(Kind::Bytes), ..Limits::default() };
/// let log = Log::options(directory.path()).limits(limits).open()?;
/// match log.append(|entry| _ = entry.attr("image", &Bytes(b"\x89PNG"))) {
///     Outcome::Written(report) => assert!(report.is_clean()),
///     Outcome::Dropped(cause) => assert_eq!(cause, DropCause::Refused),
/// }
/// assert_eq!(log.stats().drops.by_cause(DropCause::Refused), 1);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The entry is in the log and survives the process. The report lists the trips of the circuit breaker.
    Written(TripReport),
    /// The entry is not in the log.
    Dropped(DropCause),
}

impl Outcome {
    /// Returns whether the entry is in the log.
    #[must_use]
    pub const fn is_written(&self) -> bool {
        matches!(self, Self::Written(_))
    }
}

/// The reason why an entry is not in the log.
///
/// ```
/// use fusewire::log::DropCause;
///
/// assert_eq!(DropCause::TimedOut.name(), "timed_out");
/// assert_eq!(DropCause::ALL.len(), 8);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DropCause {
    /// The log has no space: the byte budget, the disk or the quota is used up, or the file system is read-only.
    Full,
    /// The log has little space, and the severity is below that of [`OnFull::DropBelow`](super::OnFull::DropBelow).
    BelowSeverity,
    /// The log had no space for the whole duration of [`OnFull::Block`](super::OnFull::Block).
    TimedOut,
    /// The circuit breaker refused the entry, as its limits require.
    Refused,
    /// The thread was in another append. The `Display`, `Debug` or `Serialize` code of a value logged the entry, or a
    /// signal handler, or an allocator. If the code of a value panics during an append, the log still writes the
    /// entry of the panic hook.
    Reentrant,
    /// Other threads held all buffers and did not complete their entries in time, see
    /// [`LogOptions::max_threads`](super::LogOptions::max_threads).
    Busy,
    /// The log is closed: [`Log::shutdown`](super::Log::shutdown).
    Closed,
    /// Another program removed or truncated the file that contained the entry.
    Removed,
}

impl DropCause {
    /// All causes, in the order of their numbers.
    pub const ALL: [Self; 8] = [
        Self::Full,
        Self::BelowSeverity,
        Self::TimedOut,
        Self::Refused,
        Self::Reentrant,
        Self::Busy,
        Self::Closed,
        Self::Removed,
    ];

    /// Returns the name of the cause in loss records and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::BelowSeverity => "below_severity",
            Self::TimedOut => "timed_out",
            Self::Refused => "refused",
            Self::Reentrant => "reentrant",
            Self::Busy => "busy",
            Self::Closed => "closed",
            Self::Removed => "removed",
        }
    }
}

impl fmt::Display for DropCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "no space: the byte budget, the disk or the quota is exhausted",
            Self::BelowSeverity => "little space: the rest is reserved for more severe entries",
            Self::TimedOut => "no space before the time limit",
            Self::Refused => "refused by the circuit breaker",
            Self::Reentrant => "logged by a value during the encoding of another entry",
            Self::Busy => "all buffers are in use by other threads",
            Self::Closed => "the log is closed",
            Self::Removed => "another program removed or truncated the file that contained it",
        })
    }
}

/// The event that an entry survives.
///
/// ```
/// use std::time::Duration;
/// use fusewire::log::{Durability, Log};
///
/// let directory = tempfile::tempdir()?;
/// let log = Log::options(directory.path()).open()?;
/// log.append(|entry| entry.set_body("paid"));
/// // This returns at once: every entry has this durability when its append returns.
/// log.flush(Durability::Process, Duration::ZERO)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The entry survives the end of the process, including SIGKILL and the OOM killer. This holds for every entry whose
    /// append has returned.
    Process,
    /// The entry survives a crash of the machine, including a power cut.
    Disk,
}

/// The reason why entries may not be on disk.
///
/// ```
/// use std::time::Duration;
/// use fusewire::log::{Durability, FlushError, Log};
///
/// let directory = tempfile::tempdir()?;
/// let log = Log::options(directory.path()).open()?;
/// match log.flush(Durability::Disk, Duration::from_secs(30)) {
///     Ok(()) => {}
///     Err(FlushError::TimedOut) => eprintln!("the disk is late"),
///     Err(error) => return Err(error.into()),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FlushError {
    /// The disk did not complete the write in time. The write continues.
    TimedOut,
    /// The log is closed, and not all entries were on disk when it was closed.
    Closed,
    /// A signal handler or an allocator called the function during another call of the log.
    Reentrant,
    /// Another program removed or truncated a file of the log. The entries in this file are lost and are
    /// counted as [`DropCause::Removed`]. The log has begun a new file. Only one flush returns this error.
    Removed,
    /// The write to disk failed. The log switches to another segment. It checks and rewrites the failed segment at a later
    /// flush. Until that succeeds, every flush returns an error.
    Io(io::ErrorKind),
}

impl fmt::Display for FlushError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut => f.write_str("flush timed out: the disk did not complete the write in time"),
            Self::Closed => f.write_str("flush failed: the log was closed before all entries were on disk"),
            Self::Reentrant => f.write_str("flush refused: this thread is in another call of the log"),
            Self::Removed => {
                f.write_str("flush failed: another program removed or truncated a file of the log")
            }
            Self::Io(kind) => write!(f, "flush failed: {kind}"),
        }
    }
}

impl std::error::Error for FlushError {}

/// The reason why a log may not be complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseError {
    /// The disk did not complete the write in time. If the write completes later, the log is closed. Otherwise the log
    /// is in the same state as after SIGKILL: no entry is missing.
    TimedOut,
    /// A signal handler or an allocator called the function during another call of the log.
    Reentrant,
}

impl fmt::Display for CloseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TimedOut => "close timed out: the disk did not complete the write in time",
            Self::Reentrant => "close refused: this thread is in another call of the log",
        })
    }
}

impl std::error::Error for CloseError {}
