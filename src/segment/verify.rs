//! Is everything there?

use std::fmt;

use crate::error::{DecodeError, SegmentError};
use crate::format::segment::Trailer;

use super::reader::{Segment, State};
use super::scan::{Event, LostRange, Mode};

/// What a full read of a segment found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifyReport {
    /// What is wrong with the first page, if something is.
    pub header: Option<SegmentError>,
    /// Whether it is sealed.
    pub state: State,
    /// What the trailer says, where it is whole.
    pub trailer: Option<Trailer>,
    /// Intact entries.
    pub entries: u64,
    /// Intact frames of other kinds.
    pub other_frames: u64,
    /// Bytes of all intact frames, headers and padding included.
    pub frame_bytes: u64,
    /// Entries in which the fuse tripped.
    pub tripped_entries: u64,
    /// Bytes that hold no frame and should, in order.
    pub lost: Vec<LostRange>,
    /// Intact frames whose payload is not a valid entry: offset and fault.
    pub invalid: Vec<(u64, DecodeError)>,
    /// Of how many entries the earliest and the latest time are known, and which: nanoseconds since the Unix epoch.
    pub times: Option<(u64, u64)>,
}

impl VerifyReport {
    /// Bytes lost for which somebody was told that they are safe.
    #[must_use]
    pub fn lost_bytes(&self) -> u64 {
        self.lost.iter().filter(|range| range.is_loss()).map(LostRange::len).sum()
    }

    /// Whether nothing is damaged and nothing is lost.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.header.is_none() && self.invalid.is_empty() && self.lost_bytes() == 0 && !self.miscounted()
    }

    /// Whether a sealed segment's trailer counts other entries than there are.
    #[must_use]
    pub fn miscounted(&self) -> bool {
        self.trailer.is_some_and(|trailer| trailer.entries != self.entries)
    }
}

impl fmt::Display for VerifyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.state == State::Sealed { "sealed" } else { "not sealed" };
        write!(f, "{} entries, {} other frames, {state}", self.entries, self.other_frames)?;
        if self.is_clean() { f.write_str(", clean") } else { write!(f, ", {} bytes lost", self.lost_bytes()) }
    }
}

/// Reads all of `segment`: every checksum, and every entry to its last value.
///
/// # Errors
/// For a version or features that this version does not know, and for what does not begin as a segment does and has no
/// frame of one either.
pub fn verify(segment: &Segment) -> Result<VerifyReport, SegmentError> {
    let header = segment.header();
    let mut report = VerifyReport {
        header: header.as_ref().err().copied(),
        state: segment.state(),
        trailer: segment.trailer(),
        entries: 0,
        other_frames: 0,
        frame_bytes: 0,
        tripped_entries: 0,
        lost: Vec::new(),
        invalid: Vec::new(),
        times: None,
    };
    for event in segment.events(Mode::Recover)?.thorough() {
        match event {
            Ok(Event::Entry(frame, entry)) => {
                report.entries += 1;
                report.frame_bytes += frame.len_on_disk();
                report.tripped_entries += u64::from(entry.is_tripped());
                let time = entry.time_unix_nano();
                if time != 0 {
                    let (min, max) = report.times.unwrap_or((time, time));
                    report.times = Some((min.min(time), max.max(time)));
                }
                if let Err(error) = entry.verify() {
                    report.invalid.push((frame.offset, error));
                }
            }
            Ok(Event::Frame(frame)) => {
                report.other_frames += 1;
                report.frame_bytes += frame.len_on_disk();
            }
            Ok(Event::Unreadable(frame, error)) => {
                report.frame_bytes += frame.len_on_disk();
                report.invalid.push((frame.offset, error));
            }
            Ok(Event::Lost(range)) | Err(range) => report.lost.push(range),
        }
    }
    match header {
        Err(error) if report.frame_bytes == 0 => Err(error),
        _ => Ok(report),
    }
}
