//! The verification of a segment.

use std::fmt;
use std::sync::atomic::{Ordering, fence};

use crate::error::{DecodeError, SegmentError};
use crate::format::frame::{self, FrameRef};
use crate::format::segment::{self as layout, SegmentHeader, Trailer};

use super::base_copies::BaseCopies;
use super::content::Content;
use super::reader::{Segment, State};
use super::scan::{Bounds, Cursor, Found, LostRange, Mode, Source, trailer_of};

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
fn defects<S: Source>(source: &S, header: &Result<SegmentHeader, SegmentError>) -> Vec<Defect> {
    let (len, mut defects) = (source.len() as u64, Vec::new());
    let size = header.as_ref().map_or(len, |header| header.size);
    if size != len {
        defects.push(Defect::Length { stated: size, found: len });
    }
    // The trailer is read before the tail word: a live writer stores the trailer after its last change of the tail
    // word.
    let found = trailer_of(source, header);
    fence(Ordering::Acquire);
    let tail = source.word(layout::TAIL).map(layout::tail_offset);
    let contradicted =
        found.is_some_and(|trailer| tail.flatten().is_none_or(|tail| tail as u64 != trailer.data_end));
    if tail == Some(None) || contradicted {
        defects.push(Defect::Tail);
    }
    let marked = source.word(layout::STATE).is_some_and(|state| state != 0);
    let commit = usize::try_from(size)
        .ok()
        .and_then(|size| size.checked_sub(layout::TRAILER_LEN))
        .and_then(|at| source.word(at));
    // A zero word or an intent word belongs to a seal that its process did not complete. This is no damage.
    let begun = frame::intent_word(layout::TRAILER_LEN - frame::HEADER_LEN);
    let damaged = marked || commit.is_some_and(|word| word != 0 && word != begun);
    // A live writer may have completed the trailer since the first check.
    if found.is_none() && damaged && trailer_of(source, header).is_none() {
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
    verify_source(&mut segment.as_bytes(), &segment.header(), |_| {})
}

/// Verifies all of `source`, and passes each frame with its content and each lost range to `visit`.
pub(super) fn verify_source<S: Source>(
    source: &mut S,
    header: &Result<SegmentHeader, SegmentError>,
    mut visit: impl FnMut(&Found<(FrameRef<'_>, Content<'_>)>),
) -> Result<VerifyReport, SegmentError> {
    let trailer = trailer_of(source, header);
    let mut report = VerifyReport {
        header: header.as_ref().err().copied(),
        defects: defects(source, header),
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
    // The frames that a live writer committed before it stored this tail are visible from here on.
    source.word(layout::TAIL);
    let bounds = match header {
        Ok(header) => Some(Bounds::of(source, header)),
        Err(error @ (SegmentError::Version { .. } | SegmentError::Incompatible { .. })) => {
            return Err(*error);
        }
        Err(_) => Bounds::guess(source),
    };
    let mut counted = Trailer::default();
    let mut scan = bounds.map(|bounds| {
        let bases = BaseCopies::of(&bounds);
        let mut cursor = Cursor::new(bounds, source.len(), Mode::Recover);
        cursor.look_everywhere();
        (cursor, bases)
    });
    let mut released = 0;
    while let Some((cursor, bases)) = &mut scan
        && let Some(found) = cursor.advance(source)
    {
        let (found, end) = match found {
            Found::Frame(frame) => {
                let frame = source.frame(&frame);
                counted.data_end = frame.offset + frame.len_on_disk();
                let found = match bases.content_in(source, &frame) {
                    Content::Lost(range) => Found::Lost(range),
                    content => Found::Frame((frame, content)),
                };
                (found, usize::try_from(counted.data_end).unwrap_or(usize::MAX))
            }
            Found::Lost(range) => (Found::Lost(range), 0),
        };
        visit(&found);
        match found {
            Found::Frame((frame, content)) => report.take(&frame, content, &mut counted),
            Found::Lost(range) => report.lost.push(range),
        }
        if end.saturating_sub(released) >= RELEASED {
            source.release(released, end);
            released = end;
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
        Err(error) if report.frame_bytes == 0 => Err(*error),
        _ => Ok(report),
    }
}

/// The number of bytes after which the memory of a map is released.
const RELEASED: usize = 4 << 20;

impl VerifyReport {
    /// Counts an intact frame, and verifies its entry.
    fn take(&mut self, frame: &FrameRef<'_>, content: Content<'_>, counted: &mut Trailer) {
        self.frame_bytes += frame.len_on_disk();
        let entry = match content {
            Content::Entry(entry) => entry,
            Content::Unreadable(error) => return self.invalid.push((frame.offset, error)),
            Content::Lost(range) => return self.lost.push(range),
            Content::Other => {
                self.other_frames += 1;
                return;
            }
        };
        let time = entry.time_unix_nano();
        counted.note(time);
        self.entries += 1;
        self.tripped_entries += u64::from(entry.is_tripped());
        if time != 0 {
            let (min, max) = self.times.unwrap_or((time, time));
            self.times = Some((min.min(time), max.max(time)));
        }
        if let Err(error) = entry.verify() {
            self.invalid.push((frame.offset, error));
        }
    }
}
