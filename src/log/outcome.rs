//! What became of an entry.

use core::fmt;
use std::io;

use crate::trip::TripReport;

/// What became of an entry. Nothing needs to be done about it: whatever is dropped is counted, and told in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the log, and survives the process. What the fuse did to it.
    Written(TripReport),
    /// It is not in the log.
    Dropped(DropCause),
}

impl Outcome {
    /// Whether it is in the log.
    #[must_use]
    pub const fn is_written(&self) -> bool {
        matches!(self, Self::Written(_))
    }
}

/// Why an entry is not in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DropCause {
    /// There was no room: the byte budget, the disk, or the quota is used up, or the file system is read-only.
    Full,
    /// There was nearly no room, and its severity was below that of [`OnFull::DropBelow`](super::OnFull::DropBelow).
    BelowSeverity,
    /// There was no room for as long as [`OnFull::Block`](super::OnFull::Block) says.
    TimedOut,
    /// The fuse was told to refuse it.
    Refused,
    /// It was logged by a value that was being logged: by its `Display`, `Debug` or `Serialize`.
    Reentrant,
    /// All buffers were held by other threads that did not come to an end with their entries, see
    /// [`LogOptions::max_threads`](super::LogOptions::max_threads).
    Busy,
}

impl DropCause {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 6] =
        [Self::Full, Self::BelowSeverity, Self::TimedOut, Self::Refused, Self::Reentrant, Self::Busy];

    /// The name that loss records and metrics use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::BelowSeverity => "below_severity",
            Self::TimedOut => "timed_out",
            Self::Refused => "refused",
            Self::Reentrant => "reentrant",
            Self::Busy => "busy",
        }
    }
}

impl fmt::Display for DropCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "there was no room for it",
            Self::BelowSeverity => "what room was left is for more severe entries",
            Self::TimedOut => "there was no room for it in time",
            Self::Refused => "the fuse refused it",
            Self::Reentrant => "it was logged while an entry was being built",
            Self::Busy => "other threads had all buffers for too long",
        })
    }
}

/// What survives what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The end of the process, SIGKILL and the OOM killer included: every entry whose append has returned.
    Process,
    /// The end of the machine, a power cut included.
    Disk,
}

/// Why entries are not known to be on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FlushError {
    /// The disk was not done in time. It goes on.
    TimedOut,
    /// The disk failed. The segment is left as it is, and another one is begun: what could not be written once is not
    /// known to be on disk later, either.
    Io(io::ErrorKind),
}

impl fmt::Display for FlushError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut => f.write_str("the disk was not done in time"),
            Self::Io(kind) => write!(f, "writing to disk failed: {kind}"),
        }
    }
}

impl std::error::Error for FlushError {}

/// Why a log is not known to be complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseError {
    /// There are other clones of it, which may go on: the last one completes it.
    InUse,
    /// The disk was not done in time. Should it answer, the log is completed yet; else it is as if the process had been
    /// killed: no entry is missing.
    TimedOut,
}

impl fmt::Display for CloseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InUse => "the log is still in use",
            Self::TimedOut => "the disk was not done in time",
        })
    }
}

impl std::error::Error for CloseError {}
