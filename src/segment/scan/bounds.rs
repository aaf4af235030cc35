//! The bounds of the frames of a segment, and the cost limit of the search for them.

use crate::error::SegmentError;
use crate::format::frame::{self, ALIGN};
use crate::format::segment::{self as layout, SegmentHeader, TRAILER_LEN, Trailer};

use super::source::Source;

/// The bounds of a scan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) salt: u32,
    pub(crate) start: usize,
    /// The offset after the last byte that can belong to a frame.
    pub(crate) end: usize,
    /// The offset after the last frame, if the file contains it. The bytes before it should contain frames.
    pub(crate) tail: Option<usize>,
    /// Whether an intact trailer contains the end of the frames, so that no search after it is necessary.
    pub(crate) sealed: bool,
    /// Whether the segment can contain like entries. If the first page is damaged, this is unknown, and like entries are
    /// read: the checksum of each base shows that it is the base.
    pub(crate) has_like_entries: bool,
}

impl Bounds {
    pub(crate) fn of<S: Source>(source: &S, header: &SegmentHeader) -> Self {
        let size = usize::try_from(header.size).unwrap_or(usize::MAX);
        let data_end = size.saturating_sub(TRAILER_LEN);
        let start = usize::try_from(header.data_start).unwrap_or(usize::MAX);
        let trailer = trailer(source, header.size, header.salt);
        let tail = match trailer {
            Some(trailer) => usize::try_from(trailer.data_end).ok(),
            None => stated_tail(source),
        };
        let tail = tail.filter(|tail| (start..=data_end).contains(tail));
        Self {
            salt: header.salt,
            start,
            end: data_end.min(source.len()),
            tail,
            sealed: trailer.is_some(),
            has_like_entries: header.has_like_entries(),
        }
    }

    /// Returns the bounds of a segment with a damaged first page. The salt is that of the first intact frame.
    pub(crate) fn guess<S: Source>(source: &mut S) -> Option<Self> {
        let (start, len) = (layout::DATA_START, source.len());
        let mut budget = Budget::new(len);
        source.look_anew();
        let mut next = start;
        let salt = loop {
            let at = source.next_nonzero(len, next)?;
            next = at + ALIGN;
            let cost = source.cost(at, len);
            if cost == 0 || budget.spend(cost).is_none() {
                continue;
            }
            let found = frame::tag_in(&source.header(at, len).0);
            if source.parse(at, len, found, false).is_ok() {
                break frame::tag(found, at);
            }
        };
        let trailer = trailer(source, len as u64, salt);
        let end = len - if trailer.is_some() { TRAILER_LEN } else { 0 };
        let stated = trailer
            .and_then(|trailer| usize::try_from(trailer.data_end).ok())
            .or_else(|| stated_tail(source));
        let tail = stated.filter(|tail| *tail >= start);
        Some(Self { salt, start, end, tail, sealed: trailer.is_some(), has_like_entries: true })
    }
}

/// Returns the tail from page 1 if its word is intact.
pub(crate) fn stated_tail<S: Source>(source: &S) -> Option<usize> {
    source.word(layout::TAIL).and_then(layout::tail_offset)
}

/// Returns the trailer of a segment if it is intact. The segment may have a damaged first page.
pub(crate) fn trailer_of<S: Source>(
    source: &S,
    header: &Result<SegmentHeader, SegmentError>,
) -> Option<Trailer> {
    match header {
        Ok(header) => trailer(source, header.size, header.salt),
        Err(_) => {
            let found = trailer_bytes(source, source.len() as u64);
            let (at, bytes) = found.filter(|(at, _)| at.is_multiple_of(ALIGN))?;
            Trailer::read(&bytes, at, frame::salt_of(&bytes, at)?)
        }
    }
}

/// Returns the trailer of a segment of `size` bytes, if it is intact.
fn trailer<S: Source>(source: &S, size: u64, salt: u32) -> Option<Trailer> {
    let (at, bytes) = trailer_bytes(source, size)?;
    Trailer::read(&bytes, at, salt)
}

/// Returns the offset and the bytes of the place of the trailer in a segment of `size` bytes.
fn trailer_bytes<S: Source>(source: &S, size: u64) -> Option<(usize, [u8; TRAILER_LEN])> {
    let at = Trailer::offset(size)?;
    let mut bytes = [0; TRAILER_LEN];
    source.read(at, &mut bytes)?;
    Some((at, bytes))
}

/// The number of bytes that may be hashed without a result. In a crafted file, every slot can look like a frame that
/// is as long as the file. Damage of an ordinary file costs each damaged frame once, which is less than the file.
pub(crate) struct Budget(usize);

impl Budget {
    /// Returns a budget of sixteen times the file, plus 1 MiB.
    pub(crate) fn new(len: usize) -> Self {
        Self(len.saturating_mul(16).saturating_add(1 << 20))
    }

    pub(crate) fn spend(&mut self, bytes: usize) -> Option<()> {
        self.0 = self.0.checked_sub(bytes)?;
        Some(())
    }
}
