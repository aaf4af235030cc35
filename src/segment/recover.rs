//! What is intact of a damaged segment, copied.

use std::io;

use crate::format::frame::{FrameKind, FrameRef};

use super::reader::Segment;
use super::scan::{Event, LostRange, Mode};

/// What a recovery kept and lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecoverReport {
    /// Entries copied.
    pub entries: u64,
    /// Frames of other kinds copied.
    pub other_frames: u64,
    /// Bytes of the frames copied.
    pub kept_bytes: u64,
    /// Bytes that hold no frame and should.
    pub lost: Vec<LostRange>,
}

impl RecoverReport {
    /// Bytes lost for which somebody was told that they are safe.
    #[must_use]
    pub fn lost_bytes(&self) -> u64 {
        self.lost.iter().filter(|range| range.is_loss()).map(LostRange::len).sum()
    }
}

/// Hands every intact frame of `segment` to `keep`, byte for byte and in order, and tells what lies between. The segment
/// is only read. Seals and padding belong to the file they are in and are not handed on.
///
/// # Errors
/// What `keep` returns, and [`io::ErrorKind::InvalidData`] for a version or features that this version does not know.
pub fn recover(
    segment: &Segment,
    mut keep: impl FnMut(&FrameRef<'_>) -> io::Result<()>,
) -> io::Result<RecoverReport> {
    let mut report = RecoverReport::default();
    let events =
        segment.events(Mode::Recover).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    for event in events.thorough() {
        let frame = match event {
            Ok(Event::Lost(range)) | Err(range) => {
                report.lost.push(range);
                continue;
            }
            Ok(Event::Entry(frame, _) | Event::Frame(frame) | Event::Unreadable(frame, _)) => frame,
        };
        if matches!(frame.kind, FrameKind::Seal | FrameKind::Padding) {
            continue;
        }
        keep(&frame)?;
        report.kept_bytes += frame.len_on_disk();
        if frame.kind == FrameKind::Entry {
            report.entries += 1;
        } else {
            report.other_frames += 1;
        }
    }
    Ok(report)
}
