//! The verification of a segment.

use std::fmt;
use std::sync::atomic::{Ordering, fence};

use crate::error::{DecodeError, SegmentError};
use crate::format::bytes::u64_at;
use crate::format::frame;
use crate::format::segment::{self as layout, Trailer};

use super::reader::{Segment, State};
use super::scan::{Event, LostRange, Mode};

/// A defect of a segment outside its frames and its first page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Defect {
    /// The length of the file differs from the length in its first page.
    Length {
        /// The length in the first page in bytes.
        stated: u64,
        /// The length of the file in bytes.
        found: u64,
    },
    /// The tail word in page 1, which stores the end of the frames, is damaged or contradicts the trailer.
    Tail,
    /// The segment is sealed, and its trailer is damaged.
    Trailer,
    /// A field of the trailer differs from the frames.
    TrailerField {
        /// The name of the field, such as `first time`.
        field: &'static str,
        /// The number from the frames. Times are nanoseconds since the Unix epoch.
        expected: u64,
        /// The number in the trailer.
        found: u64,
    },
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { stated, found } => {
                write!(f, "bad file length: expected {stated} bytes, found {found}")
            }
            Self::Tail => f.write_str("offset 4096: bad tail word"),
            Self::Trailer => f.write_str("bad trailer in the last 64 bytes"),
            Self::TrailerField { field, expected, found } => {
                write!(f, "trailer: {field}: expected {expected} from the frames, found {found}")
            }
        }
    }
}

/// The result of the verification of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifyReport {
    /// The defect of the first page, if there is one.
    pub header: Option<SegmentError>,
    /// The defects outside the first page and the frames.
    pub defects: Vec<Defect>,
    /// Whether the segment is sealed.
    pub state: State,
    /// The trailer, if it is intact.
    pub trailer: Option<Trailer>,
    /// The number of intact entries.
    pub entries: u64,
    /// The number of intact frames of other kinds.
    pub other_frames: u64,
    /// The number of bytes of all intact frames, including headers and padding.
    pub frame_bytes: u64,
    /// The number of entries in which the circuit breaker tripped.
    pub tripped_entries: u64,
    /// The ranges without the expected frames, in order.
    pub lost: Vec<LostRange>,
    /// The intact frames whose payload is not a valid entry: offset and error.
    pub invalid: Vec<(u64, DecodeError)>,
    /// The earliest and the latest time of the entries, in nanoseconds since the Unix epoch. `None` if no entry has a
    /// time.
    pub times: Option<(u64, u64)>,
}

impl VerifyReport {
    /// Returns the number of lost bytes that may contain committed entries.
    #[must_use]
    pub fn lost_bytes(&self) -> u64 {
        self.lost.iter().filter(|range| range.is_loss()).map(LostRange::len).sum()
    }

    /// Returns whether there is no damage and no loss.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.header.is_none()
            && self.defects.is_empty()
            && self.invalid.is_empty()
            && self.lost_bytes() == 0
            && !self.miscounted()
    }

    /// Returns whether the number of entries in the trailer of a sealed segment differs from the number of intact
    /// entries.
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

/// Returns the fields of `trailer` that differ from the frames. The number of entries is checked separately, because
/// that check also applies to a damaged segment.
fn differences(counted: &Trailer, trailer: &Trailer) -> impl Iterator<Item = Defect> {
    let empty = counted.data_end == 0;
    [
        // A segment without frames has no last frame.
        ("end of the frames", if empty { trailer.data_end } else { counted.data_end }, trailer.data_end),
        ("first time", counted.first_time, trailer.first_time),
        ("last time", counted.last_time, trailer.last_time),
        ("earliest time", counted.min_time, trailer.min_time),
        ("latest time", counted.max_time, trailer.max_time),
    ]
    .into_iter()
    .filter(|(_, expected, found)| expected != found)
    .map(|(field, expected, found)| Defect::TrailerField { field, expected, found })
}

/// Returns the defects that are found without reading frames.
fn defects(segment: &Segment) -> Vec<Defect> {
    let (bytes, mut defects) = (segment.as_bytes(), Vec::new());
    let size = segment.header().map_or(bytes.len() as u64, |header| header.size);
    if size != bytes.len() as u64 {
        defects.push(Defect::Length { stated: size, found: bytes.len() as u64 });
    }
    // The trailer is read before the tail word: a live writer stores the trailer after its last change of the tail
    // word.
    let trailer = segment.trailer();
    fence(Ordering::Acquire);
    let tail = u64_at(bytes, layout::TAIL).map(layout::tail_offset);
    let contradicted =
        trailer.is_some_and(|trailer| tail.flatten().is_none_or(|tail| tail as u64 != trailer.data_end));
    if tail == Some(None) || contradicted {
        defects.push(Defect::Tail);
    }
    let marked = u64_at(bytes, layout::STATE).is_some_and(|state| state != 0);
    let commit = usize::try_from(size)
        .ok()
        .and_then(|size| size.checked_sub(layout::TRAILER_LEN))
        .and_then(|at| u64_at(bytes, at));
    // A zero word or an intent word belongs to a seal that its process did not complete. This is no damage.
    let begun = frame::intent_word(layout::TRAILER_LEN - frame::HEADER_LEN);
    let damaged = marked || commit.is_some_and(|word| word != 0 && word != begun);
    // A live writer may have completed the trailer since the first check.
    if trailer.is_none() && damaged && segment.trailer().is_none() {
        defects.push(Defect::Trailer);
    }
    defects
}

/// Verifies all of `segment`: every checksum and every value of every entry.
///
/// # Errors
/// An error for a version or features that this version does not support, and for bytes that neither begin as a
/// segment nor contain a frame of one.
///
/// ```
/// use fusewire::segment::{Segment, SegmentOptions, SegmentWriter, verify};
///
/// let directory = tempfile::tempdir()?;
/// let path = directory.path().join("one.fws");
/// let mut writer = SegmentWriter::create(&path, &SegmentOptions::default())?;
/// writer.append(|entry| entry.set_body("paid"))?;
/// writer.seal()?;
/// assert!(verify(&Segment::read_copy(&path)?)?.is_clean());
///
/// let mut bytes = std::fs::read(&path)?;
/// let last = bytes.len() - 1;
/// bytes[last] ^= 1;
/// let report = verify(&Segment::from_vec(bytes))?;
/// assert_eq!((report.entries, report.is_clean()), (1, false));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn verify(segment: &Segment) -> Result<VerifyReport, SegmentError> {
    let header = segment.header();
    let trailer = segment.trailer();
    let mut report = VerifyReport {
        header: header.as_ref().err().copied(),
        defects: defects(segment),
        state: if trailer.is_some() { State::Sealed } else { State::Open },
        trailer,
        entries: 0,
        other_frames: 0,
        frame_bytes: 0,
        tripped_entries: 0,
        lost: Vec::new(),
        invalid: Vec::new(),
        times: None,
    };
    let mut counted = Trailer::default();
    for event in segment.events(Mode::Recover)?.thorough() {
        if let Ok(Event::Entry(frame, _) | Event::Frame(frame) | Event::Unreadable(frame, _)) = &event {
            counted.data_end = frame.offset + frame.len_on_disk();
        }
        match event {
            Ok(Event::Entry(frame, entry)) => {
                counted.note(entry.time_unix_nano());
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
    // If bytes are lost, the trailer has other numbers than the remaining frames.
    if report.lost.is_empty()
        && report.invalid.is_empty()
        && let Some(trailer) = trailer
    {
        report.defects.extend(differences(&counted, &trailer));
    }
    match header {
        Err(error) if report.frame_bytes == 0 => Err(error),
        _ => Ok(report),
    }
}
