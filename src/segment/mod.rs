//! A segment: a file of frames that one process writes and any number of processes read.
//!
//! A segment is allocated to its full length before it is mapped, so that a write to it cannot fail. An append is complete
//! when its commit word is stored, and survives the process from then on. Reading never changes a file.

pub(crate) mod base;
mod base_copies;
mod content;
#[cfg(unix)]
pub(crate) mod create;
#[cfg(all(unix, not(loom)))]
pub(crate) mod durable;
#[cfg(unix)]
pub(crate) mod folder;
#[cfg(unix)]
pub(crate) mod held;
pub(crate) mod index;
#[cfg(all(unix, not(loom)))]
pub(crate) mod leftover;
#[cfg(unix)]
pub(crate) mod like_encoder;
#[cfg(unix)]
mod like_site;
#[cfg(unix)]
pub(crate) mod lock;
pub(crate) mod options;
mod reader;
mod recover;
pub(crate) mod regular;
mod remains;
mod resource;
#[cfg(all(unix, not(loom)))]
pub(crate) mod salvage;
pub(crate) mod scan;
#[cfg(unix)]
mod series;
#[cfg(all(unix, not(loom)))]
pub(crate) mod shared;
#[cfg(all(unix, not(loom)))]
mod summary;
mod verify;
#[cfg(unix)]
mod verify_file;
#[cfg(unix)]
mod verify_index;
#[cfg(unix)]
mod writer;

pub use crate::error::SegmentError;
pub use crate::format::frame::{FrameFault, FrameKind, FrameRef};
pub use crate::format::segment::{SegmentHeader, Trailer};
pub use base::BaseFault;
pub(crate) use base_copies::BaseCopies;
pub(crate) use content::Content;
pub use index::{IndexCounts, SegmentIndex, Wanted};
pub use options::SegmentOptions;
#[cfg(unix)]
pub use reader::read_resource;
pub use reader::{Segment, State};
pub use recover::{RecoverReport, recover};
pub use remains::Remains;
pub use resource::Resource;
pub use scan::{Event, Events, LostRange, LostReason, Mode};
#[cfg(unix)]
pub use series::{FILE_EXTENSION, Series, file_name};
pub use verify::{Defect, VerifyReport, verify};
/// Installs a handler for SIGBUS for readers. If another program truncates a mapped segment, the handler replaces
/// the missing pages by zeros, and the process does not end.
///
/// Call this function once, at the start of the program. The readers of this library never install a signal handler
/// by themselves. Afterwards [`LogReader`](crate::log::LogReader) and [`Scan`](crate::log::Scan) return an error that
/// contains the offset and the word "truncated". The handler passes each SIGBUS from other memory to the handler that
/// was installed before. Maps of [`Segment::map`] and of `in_place` readers are not guarded: their callers
/// promise that no process truncates the files.
///
/// At most 128 segments are mapped at a time. Further segments are read with system calls, as with `copy(true)`.
///
/// ```
/// fusewire::segment::handle_sigbus();
/// // Now a reader returns an error if another program truncates a mapped file.
/// ```
#[cfg(all(unix, not(loom)))]
pub fn handle_sigbus() {
    crate::map::sigbus::handle_for_readers();
}

#[cfg(unix)]
pub use verify_file::{FileReport, verify_file};
#[cfg(unix)]
pub use verify_index::{IndexDefect, verify_index};
#[cfg(unix)]
pub use writer::{AppendError, Appended, SegmentWriter, SyncError};
