//! Where the frames of a segment can be, and what looking for them may cost.

use crate::format::frame::{self, ALIGN};
use crate::format::segment::{self as layout, SegmentHeader, TRAILER_LEN, Trailer};

use super::source::Source;

/// Where a scan begins and ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) salt: u32,
    pub(crate) start: usize,
    /// One past the last byte that can belong to a frame.
    pub(crate) end: usize,
    /// One past the last frame, where the file says so; below it nothing may be zero.
    pub(crate) tail: Option<usize>,
    /// Whether a whole trailer says where the frames end, so that nothing needs to be looked for behind them.
    pub(crate) sealed: bool,
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
        Self { salt: header.salt, start, end: data_end.min(source.len()), tail, sealed: trailer.is_some() }
    }

    /// The bounds of a segment whose first page is damaged: the salt is that of the first intact frame.
    pub(crate) fn guess<S: Source>(source: &mut S) -> Option<Self> {
        let (start, len) = (layout::DATA_START, source.len());
        let mut budget = Budget::new(len);
        let salt = (start..len).step_by(ALIGN).find_map(|at| {
            let cost = source.cost(at, len);
            if cost == 0 {
                return None;
            }
            budget.spend(cost)?;
            let found = frame::tag_in(&source.header(at, len).0);
            source.parse(at, len, found, false).ok().map(|_| frame::tag(found, at))
        })?;
        let trailer = trailer(source, len as u64, salt);
        let end = len - if trailer.is_some() { TRAILER_LEN } else { 0 };
        let stated = trailer
            .and_then(|trailer| usize::try_from(trailer.data_end).ok())
            .or_else(|| stated_tail(source));
        let tail = stated.filter(|tail| *tail >= start);
        Some(Self { salt, start, end, tail, sealed: trailer.is_some() })
    }
}

/// The tail that page 1 states, where its word is whole.
pub(crate) fn stated_tail<S: Source>(source: &S) -> Option<usize> {
    source.word(layout::TAIL).and_then(layout::tail_offset)
}

/// Returns the trailer of a segment of `size` bytes, if it is intact.
fn trailer<S: Source>(source: &S, size: u64, salt: u32) -> Option<Trailer> {
    let at = Trailer::offset(size)?;
    let mut bytes = [0; TRAILER_LEN];
    source.read(at, &mut bytes)?;
    Trailer::read(&bytes, at, salt)
}

/// Bytes that may be hashed in vain: a hostile file could make every slot look like a frame as long as the file. Honest
/// damage costs each damaged frame once, which is less than the file.
pub(crate) struct Budget(usize);

impl Budget {
    /// Sixteen times the file, and a megabyte.
    pub(crate) fn new(len: usize) -> Self {
        Self(len.saturating_mul(16).saturating_add(1 << 20))
    }

    pub(crate) fn spend(&mut self, bytes: usize) -> Option<()> {
        self.0 = self.0.checked_sub(bytes)?;
        Some(())
    }
}
