//! From bytes to frames, without I/O: strictly, or past every damage with an account of what was lost.

use crate::decode::EntryRef;
use crate::error::{DecodeError, SegmentError};
use crate::format::bytes::{u32_at, u64_at};
use crate::format::frame::{self, ALIGN, FrameFault, FrameKind, FrameRef};
use crate::format::segment::{self as layout, SegmentHeader, Trailer};

/// How to meet damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Mode {
    /// The first fault ends the scan.
    Strict,
    /// Every intact frame is found; what lies between is reported.
    #[default]
    Recover,
    /// As `Recover`, but checksums are taken for right: for segments that somebody has verified since they were written.
    /// Damage then shows as wrong values or unreadable entries.
    Trust,
}

/// Bytes that hold no frame and should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LostRange {
    /// First byte.
    pub start: u64,
    /// One past the last byte.
    pub end: u64,
    /// What was found at `start`.
    pub reason: LostReason,
}

impl LostRange {
    /// How many bytes.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "never empty")]
    pub const fn len(&self) -> u64 {
        self.end - self.start
    }

    /// Whether entries that somebody was told are safe may be among the bytes. An append that was never completed,
    /// because its process died, lost nothing that was promised.
    #[must_use]
    pub const fn is_loss(&self) -> bool {
        !matches!(self.reason, LostReason::Uncommitted)
    }
}

/// Why bytes are lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LostReason {
    /// What is there is not an intact frame.
    Damaged(FrameFault),
    /// An append that was never completed: its process died, or is at it.
    Uncommitted,
    /// The file ends before its frames do.
    Truncated,
    /// Bytes after the last frame that should be zero.
    NotZero,
    /// Searching for further frames would cost more than reading the file many times: somebody made it so.
    GaveUp,
}

impl core::fmt::Display for LostReason {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Damaged(FrameFault::Free) => f.write_str("zeros where a frame was committed"),
            Self::Damaged(fault) => fault.fmt(f),
            Self::Uncommitted => f.write_str("an append that was never completed"),
            Self::Truncated => f.write_str("the file ends before its frames do"),
            Self::NotZero => f.write_str("bytes in unused space"),
            Self::GaveUp => f.write_str("too many false frames: the search was given up"),
        }
    }
}

/// What a scan finds, in the order of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// An intact frame.
    Frame(FrameRef<'a>),
    /// A gap.
    Lost(LostRange),
}

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
    pub(crate) fn of(bytes: &[u8], header: &SegmentHeader) -> Self {
        let size = usize::try_from(header.size).unwrap_or(usize::MAX);
        let data_end = size.saturating_sub(layout::TRAILER_LEN);
        let start = usize::try_from(header.data_start).unwrap_or(usize::MAX);
        let trailer = Trailer::parse(bytes, header.size, header.salt);
        let tail = match trailer {
            Some(trailer) => usize::try_from(trailer.data_end).ok(),
            None => stated_tail(bytes),
        };
        let tail = tail.filter(|tail| (start..=data_end).contains(tail));
        Self { salt: header.salt, start, end: data_end.min(bytes.len()), tail, sealed: trailer.is_some() }
    }

    /// The bounds of a segment whose first page is damaged: the salt is that of the first intact frame.
    pub(crate) fn guess(bytes: &[u8]) -> Option<Self> {
        let start = layout::DATA_START;
        let mut budget = Budget::new(bytes.len());
        let salt = (start..bytes.len()).step_by(ALIGN).find_map(|at| {
            budget.spend(frame::cost(&bytes[at..])?)?;
            frame::salt_of(&bytes[at..], at)
        })?;
        let trailer = Trailer::parse(bytes, bytes.len() as u64, salt);
        let end = bytes.len() - if trailer.is_some() { layout::TRAILER_LEN } else { 0 };
        let stated =
            trailer.and_then(|trailer| usize::try_from(trailer.data_end).ok()).or_else(|| stated_tail(bytes));
        let tail = stated.filter(|tail| *tail >= start);
        Some(Self { salt, start, end, tail, sealed: trailer.is_some() })
    }
}

/// The tail that page 1 states, where its word is whole.
fn stated_tail(bytes: &[u8]) -> Option<usize> {
    u64_at(bytes, layout::TAIL).and_then(layout::tail_offset)
}

/// Bytes that may be hashed in vain: a hostile file could make every slot look like a frame as long as the file. Honest
/// damage costs each damaged frame once, which is less than the file.
struct Budget(usize);

impl Budget {
    /// Sixteen times the file, and a megabyte.
    fn new(len: usize) -> Self {
        Self(len.saturating_mul(16).saturating_add(1 << 20))
    }

    fn spend(&mut self, bytes: usize) -> Option<()> {
        self.0 = self.0.checked_sub(bytes)?;
        Some(())
    }
}

/// Iterates over the frames of a segment.
pub(crate) struct Scan<'a> {
    bytes: &'a [u8],
    bounds: Bounds,
    mode: Mode,
    at: usize,
    /// A frame found behind a gap that was returned first.
    found: Option<FrameRef<'a>>,
    budget: Budget,
    /// Whether unused space is looked through.
    thorough: bool,
    done: bool,
}

impl<'a> Scan<'a> {
    pub(crate) fn new(bytes: &'a [u8], bounds: Bounds, mode: Mode) -> Self {
        Self {
            bytes,
            bounds,
            mode,
            at: bounds.start,
            found: None,
            budget: Budget::new(bytes.len()),
            thorough: false,
            done: false,
        }
    }

    #[inline(always)]
    fn parse(&self, at: usize) -> Result<FrameRef<'a>, FrameFault> {
        let bytes = self.bytes.get(at..self.bounds.end).unwrap_or(&[]);
        let tag = frame::tag(self.bounds.salt, at);
        if self.mode == Mode::Trust {
            frame::parse_trusted(bytes, at, tag)
        } else {
            frame::parse(bytes, at, tag)
        }
    }

    /// The next frame or gap at or after where the scan stands.
    #[inline(always)]
    fn advance(&mut self) -> Option<Found<'a>> {
        if let Some(frame) = self.found.take() {
            return Some(self.pass(frame));
        }
        if self.done {
            return None;
        }
        match self.parse(self.at) {
            Ok(frame) => Some(self.pass(frame)),
            Err(fault) => self.gap(fault),
        }
    }

    #[inline(always)]
    fn pass(&mut self, frame: FrameRef<'a>) -> Found<'a> {
        self.at += frame::frame_len(frame.payload.len());
        Found::Frame(frame)
    }

    /// There is no frame where one could be: the end, or a gap.
    #[cold]
    fn gap(&mut self, fault: FrameFault) -> Option<Found<'a>> {
        let start = self.at;
        let at_end = self.bounds.sealed && self.bounds.tail == Some(start);
        if at_end && !self.thorough && fault == FrameFault::Free {
            self.done = true;
            return None;
        }
        let search = self.resynchronise(start, fault);
        if let Some(frame) = search.frame {
            self.found = Some(frame);
            self.at = usize::try_from(frame.offset).unwrap_or(self.bounds.end);
            return Some(lost(start, self.at, self.reason_of(start, self.at, fault)));
        }
        self.done = true;
        let last = search.last.max(start);
        let below_tail = self.bounds.tail.filter(|tail| start < *tail);
        if search.gave_up {
            return Some(lost(start, below_tail.unwrap_or(start).max(last), LostReason::GaveUp));
        }
        if let Some(tail) = below_tail {
            // What held frames is lost to the tail, zeros included; what lies behind the tail is a gap of its own.
            let reason =
                if tail > self.bounds.end { LostReason::Truncated } else { LostReason::Damaged(fault) };
            (self.at, self.done) = (tail, last <= tail);
            return Some(lost(start, tail, reason));
        }
        let first = search.first?;
        match fault {
            FrameFault::Intent => Some(lost(start, last, LostReason::Uncommitted)),
            FrameFault::Free if self.begun(start) => Some(lost(start, last, LostReason::Uncommitted)),
            FrameFault::Free => Some(lost(first, last, LostReason::NotZero)),
            _ => Some(lost(start, last, LostReason::Damaged(fault))),
        }
    }

    /// Why there is no frame from `start` to `end`, where the next one is.
    fn reason_of(&self, start: usize, end: usize, fault: FrameFault) -> LostReason {
        let word = u64_at(self.bytes, start).unwrap_or(0);
        match fault {
            // Passed over by its length, which fits: nothing else was there.
            FrameFault::Intent if start + frame::frame_len(frame::payload_len(word)) == end => {
                LostReason::Uncommitted
            }
            _ => LostReason::Damaged(fault),
        }
    }

    /// The next intact frame behind `from`, where there is a fault.
    fn resynchronise(&mut self, from: usize, fault: FrameFault) -> Search<'a> {
        let mut search = Search { frame: None, first: None, last: from, gave_up: false };
        let (mut at, mut parsed) = (from, Err(fault));
        let space = self.bytes.get(..self.bounds.end).unwrap_or(self.bytes);
        while let Some(slot) = next_nonzero(space, at) {
            at = slot;
            if at != from {
                parsed = self.parse(at);
            }
            match parsed {
                Ok(frame) => {
                    search.frame = Some(frame);
                    return search;
                }
                Err(FrameFault::Checksum { .. }) => {
                    if self.budget.spend(frame::cost(&space[at..]).unwrap_or(0)).is_none() {
                        search.gave_up = true;
                        search.last = last_nonzero(space, at);
                        return search;
                    }
                }
                Err(_) => {}
            }
            at += ALIGN;
            search.first = search.first.or(Some(slot));
            search.last = at.min(space.len());
        }
        search
    }

    /// Whether an append has begun at `start`: it writes the tag before anything else.
    fn begun(&self, start: usize) -> bool {
        u32_at(self.bytes, start + frame::TAG) == Some(frame::tag(self.bounds.salt, start))
    }
}

/// What a search for the next frame has seen.
struct Search<'a> {
    frame: Option<FrameRef<'a>>,
    /// The first slot before it that is not zero.
    first: Option<usize>,
    /// One past the last slot before it that is not zero.
    last: usize,
    /// Whether the budget ended before the file did.
    gave_up: bool,
}

impl<'a> Iterator for Scan<'a> {
    type Item = Result<Found<'a>, LostRange>;

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        let found = self.advance()?;
        match found {
            Found::Lost(range) if self.mode == Mode::Strict && range.is_loss() => {
                self.found = None;
                self.done = true;
                Some(Err(range))
            }
            found => Some(Ok(found)),
        }
    }
}

fn lost(start: usize, end: usize, reason: LostReason) -> Found<'static> {
    Found::Lost(LostRange { start: start as u64, end: end as u64, reason })
}

/// How many bytes are compared with zero at once.
const CHUNK: usize = 4096;
static ZEROS: [u8; CHUNK] = [0; CHUNK];

/// The next slot at or behind `from` that is not all zero. Looks at whole chunks only where they begin, so that every
/// byte is looked at twice at most, however zeros and others alternate.
fn next_nonzero(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while at < bytes.len() {
        let chunk = &bytes[at..(at + CHUNK).min(bytes.len())];
        if at.is_multiple_of(CHUNK) && is_zero(chunk) {
            at += CHUNK;
            continue;
        }
        if !is_zero(&chunk[..ALIGN.min(chunk.len())]) {
            return Some(at);
        }
        at += ALIGN;
    }
    None
}

/// One past the last slot at or behind `from` that is not zero, or `from`.
fn last_nonzero(bytes: &[u8], from: usize) -> usize {
    let space = bytes.get(from..).unwrap_or(&[]);
    let Some(chunk) = space.chunks(CHUNK).rposition(|chunk| !is_zero(chunk)) else { return from };
    let start = chunk * CHUNK;
    let chunk = &space[start..space.len().min(start + CHUNK)];
    let slot = chunk.chunks(ALIGN).rposition(|slot| !is_zero(slot)).unwrap_or(0);
    (from + start + (slot + 1) * ALIGN).min(bytes.len())
}

/// Of at most [`CHUNK`] bytes. A comparison of slices is a `memcmp`, which is fast without optimisation, too.
fn is_zero(bytes: &[u8]) -> bool {
    bytes == &ZEROS[..bytes.len().min(CHUNK)]
}

/// One thing that reading a segment finds.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A log entry.
    Entry(FrameRef<'a>, EntryRef<'a>),
    /// A frame of another kind.
    Frame(FrameRef<'a>),
    /// An intact frame of kind entry whose payload is not an entry: a writer's fault, not the disk's.
    Unreadable(FrameRef<'a>, DecodeError),
    /// Bytes that hold no frame and should.
    Lost(LostRange),
}

/// Iterates over what a segment holds, in the order in which it was appended. Allocates nothing.
///
/// In [`Mode::Strict`] the first lost range is an `Err`, and the last item.
pub struct Events<'a> {
    scan: Option<Scan<'a>>,
}

impl<'a> Events<'a> {
    /// The events of the segment that `bytes` is: the whole file, mapped, read, or received.
    ///
    /// # Errors
    /// In [`Mode::Strict`] where the first page is not that of a segment this version reads. In [`Mode::Recover`] only
    /// for a version or features that this version does not know: a damaged first page is done without.
    pub fn new(bytes: &'a [u8], mode: Mode) -> Result<Self, SegmentError> {
        let bounds = match SegmentHeader::parse(bytes) {
            Ok(header) => Some(Bounds::of(bytes, &header)),
            Err(error @ (SegmentError::Version { .. } | SegmentError::Incompatible { .. })) => {
                return Err(error);
            }
            Err(error) if mode == Mode::Strict => return Err(error),
            Err(_) => Bounds::guess(bytes),
        };
        Ok(Self { scan: bounds.map(|bounds| Scan::new(bytes, bounds, mode)) })
    }

    /// Looks through the unused space of a sealed segment as well, for bytes that should be zero. Without it, reading ends
    /// where the trailer says that the frames do. A segment that is not sealed is always looked through: frames may have
    /// outlived the record of where they end, as after a power cut.
    #[must_use]
    pub fn thorough(mut self) -> Self {
        if let Some(scan) = &mut self.scan {
            scan.thorough = true;
        }
        self
    }
}

impl<'a> Iterator for Events<'a> {
    type Item = Result<Event<'a>, LostRange>;

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        Some(self.scan.as_mut()?.next()?.map(|found| match found {
            Found::Lost(range) => Event::Lost(range),
            Found::Frame(frame) if frame.kind == FrameKind::Entry => match EntryRef::new(frame.payload) {
                Ok(entry) => Event::Entry(frame, entry),
                Err(error) => Event::Unreadable(frame, error),
            },
            Found::Frame(frame) => Event::Frame(frame),
        }))
    }
}
