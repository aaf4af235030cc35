//! The recovery of the intact frames of a damaged segment.

use std::io;

use crate::format::frame::{FrameKind, FrameRef, Role};

use super::reader::Segment;
use super::scan::{Event, LostRange, LostReason, Mode};

/// The result of a recovery.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecoverReport {
    /// The number of copied entries.
    pub entries: u64,
    /// The number of copied frames of other kinds.
    pub other_frames: u64,
    /// The number of bytes of the copied frames.
    pub kept_bytes: u64,
    /// The ranges without the expected frames.
    pub lost: Vec<LostRange>,
}

impl RecoverReport {
    /// Returns the number of lost bytes that may contain committed entries.
    #[must_use]
    pub fn lost_bytes(&self) -> u64 {
        self.lost.iter().filter(|range| range.is_loss()).map(LostRange::len).sum()
    }
}

/// Passes every intact frame of `segment` to `keep`, in order, and reports the ranges between them. The frames are unchanged,
/// with one exception: an entry that depends on another entry of the segment is passed as a full entry. Trailers and padding
/// are omitted, because they apply only to their own file. The segment is not changed.
///
/// A full entry can have 257 times the length of its frame in a segment that an attacker has made.
///
/// # Errors
/// The errors of `keep`, and [`io::ErrorKind::InvalidData`] for a version or features that this version does not
/// support.
///
/// ```
/// use fusewire::segment::{Segment, SegmentOptions, SegmentWriter, Series, recover};
///
/// let directory = tempfile::tempdir()?;
/// let path = directory.path().join("damaged.fws");
/// let mut writer = SegmentWriter::create(&path, &SegmentOptions::default())?;
/// writer.append(|entry| entry.set_body("one"))?;
/// writer.append(|entry| entry.set_body("two"))?;
/// writer.seal()?;
/// let mut bytes = std::fs::read(&path)?;
/// let at = bytes.windows(3).position(|window| window == b"two").unwrap();
/// bytes[at] ^= 1;
///
/// let mut series = Series::create(&directory.path().join("recovered"), SegmentOptions::default())?;
/// let report = recover(&Segment::from_vec(bytes), |frame| series.append_frame(frame).map(drop))?;
/// assert_eq!(report.entries, 1);
/// assert!(report.lost_bytes() > 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn recover(
    segment: &Segment,
    mut keep: impl FnMut(&FrameRef<'_>) -> io::Result<()>,
) -> io::Result<RecoverReport> {
    let mut report = RecoverReport::default();
    let events =
        segment.events(Mode::Recover).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    let mut expanded = Vec::new();
    for event in events.thorough() {
        let frame = match event {
            Ok(Event::Lost(range)) | Err(range) => {
                report.lost.push(range);
                continue;
            }
            Ok(Event::Entry(frame, entry)) if frame.kind == FrameKind::Like => {
                match entry.to_bytes(&mut expanded) {
                    Ok(payload) => FrameRef { kind: FrameKind::Entry, payload, ..frame },
                    Err(error) => {
                        report.lost.push(frame.lost(LostReason::NotExpanded(error)));
                        continue;
                    }
                }
            }
            Ok(Event::Unreadable(frame, error)) if frame.kind == FrameKind::Like => {
                report.lost.push(frame.lost(LostReason::NotExpanded(error)));
                continue;
            }
            Ok(Event::Entry(frame, _) | Event::Frame(frame) | Event::Unreadable(frame, _)) => frame,
        };
        match frame.kind.role() {
            Role::File => continue,
            Role::Entry | Role::Record | Role::Resource | Role::Opaque => {}
        }
        keep(&frame)?;
        report.kept_bytes += frame.len_on_disk();
        if frame.kind.is_entry() {
            report.entries += 1;
        } else {
            report.other_frames += 1;
        }
    }
    Ok(report)
}
