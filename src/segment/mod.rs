//! One file of frames: written by one process, read by any number.
//!
//! A segment is really allocated before it is mapped, so that writing to it cannot fail; an append is complete when its
//! commit word is stored, and survives the process from then on. Reading never changes a file.

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
pub(crate) mod lock;
pub(crate) mod options;
mod reader;
mod recover;
pub(crate) mod regular;
mod resource;
#[cfg(all(unix, not(loom)))]
pub(crate) mod salvage;
pub(crate) mod scan;
#[cfg(unix)]
mod series;
#[cfg(all(unix, not(loom)))]
pub(crate) mod shared;
mod verify;
#[cfg(unix)]
mod verify_index;
#[cfg(unix)]
mod writer;

pub use crate::error::SegmentError;
pub use crate::format::frame::{FrameFault, FrameKind, FrameRef};
pub use crate::format::segment::{SegmentHeader, Trailer};
pub use index::{IndexCounts, SegmentIndex, Wanted};
pub use options::SegmentOptions;
pub use reader::{Segment, State};
pub use recover::{RecoverReport, recover};
pub use resource::Resource;
pub use scan::{Event, Events, Found, LostRange, LostReason, Mode};
#[cfg(unix)]
pub use series::{FILE_EXTENSION, Series, file_name};
pub use verify::{Defect, VerifyReport, verify};
#[cfg(unix)]
pub use verify_index::{IndexDefect, verify_index};
#[cfg(unix)]
pub use writer::{AppendError, Appended, SegmentWriter, SyncError};
