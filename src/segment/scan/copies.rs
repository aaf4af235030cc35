//! Private copies of the frames of a segment that other processes may change.

use std::cell::Cell;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{Ordering, fence};

use crate::format::bytes::u64_at;
use crate::format::frame::{self, ALIGN, FrameFault, FrameKind, FrameRef, HEADER_LEN};
use crate::map::file::ReadMap;
use crate::severity::Severity;

use super::source::{Source, read_header};
use super::unused;

/// The smallest and the largest number of bytes that are copied at a time. The largest fits into the second level of
/// the CPU's cache.
const CHUNK: (usize, usize) = (4 << 10, 64 << 10);
/// The same numbers for system calls, each of which has a fixed cost.
const FILE_CHUNK: (usize, usize) = (16 << 10, 256 << 10);
/// The numbers of bytes of a map and of a file that a search examines in one step.
const SEARCHED: (usize, usize) = (4 << 10, 64 << 10);

/// The memory from which frames are copied.
pub(crate) enum Store {
    Map(ReadMap),
    /// The file and its length, read with system calls. The cell holds the offset at which the file ended too early.
    File(File, usize, Cell<Option<usize>>),
}

/// A place in the buffer of [`Copies`]: a frame that was found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) at: usize,
    pub(crate) payload: usize,
    pub(crate) kind: FrameKind,
    pub(crate) severity: Severity,
}

impl Place {
    #[inline(always)]
    pub(crate) fn of(frame: &FrameRef<'_>, at: usize) -> Self {
        Self { at, payload: frame.payload.len(), kind: frame.kind, severity: frame.severity }
    }

    /// Returns the frame, whose bytes begin at `at` of `bytes`.
    #[inline(always)]
    pub(crate) fn frame<'a>(&self, bytes: &'a [u8], at: usize) -> FrameRef<'a> {
        let payload = bytes.get(at..).and_then(|bytes| bytes.get(HEADER_LEN..HEADER_LEN + self.payload));
        FrameRef {
            offset: self.at as u64,
            kind: self.kind,
            severity: self.severity,
            payload: payload.unwrap_or(&[]),
        }
    }
}

/// A source that copies frames to a private buffer before it checks and lends them.
///
/// The buffer contains the bytes from `start`. A frame in the buffer is the frame that was checked: if a process
/// changes the file later, the buffer does not change. The buffer is reused, so reading allocates nothing per entry.
pub(crate) struct Copies {
    store: Store,
    buffer: Vec<u8>,
    start: usize,
    /// Whether the segment can no longer grow. If it can, only frames whose commit word is stored are copied.
    at_rest: bool,
    /// The next number of bytes to copy.
    chunk: usize,
    /// The bytes that a search examines, and their offset.
    searched: (usize, Vec<u8>),
}

impl Store {
    fn len(&self) -> usize {
        match self {
            Self::Map(map) => map.len(),
            Self::File(_, len, _) => *len,
        }
    }

    /// Fills `out` with the bytes from `at`. Returns whether the segment has that many bytes. Bytes that no longer
    /// exist are zeros.
    #[inline]
    fn copy(&self, at: usize, out: &mut [u8]) -> bool {
        match self {
            Self::Map(map) => map.copy(at, out),
            Self::File(file, len, gone) => {
                if at.checked_add(out.len()).is_none_or(|end| end > *len) {
                    return false;
                }
                let mut done = 0;
                while done < out.len() {
                    match file.read_at(&mut out[done..], (at + done) as u64) {
                        Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                        Ok(0) | Err(_) => {
                            gone.set(Some(gone.get().map_or(at + done, |gone| gone.min(at + done))));
                            out[done..].fill(0);
                            break;
                        }
                        Ok(read) => done += read,
                    }
                }
                true
            }
        }
    }

    /// Loads the word at `at`, a multiple of 8. Bytes that its writer stored before it are visible to later copies.
    #[inline]
    fn word(&self, at: usize) -> Option<u64> {
        match self {
            Self::Map(map) => map.load_acquire(at),
            Self::File(..) => {
                let mut bytes = [0; 8];
                self.copy(at, &mut bytes).then(|| {
                    fence(Ordering::Acquire);
                    u64::from_le_bytes(bytes)
                })
            }
        }
    }

    /// Returns the offset from which the bytes no longer exist.
    #[inline]
    fn gone(&self) -> Option<usize> {
        match self {
            Self::Map(map) => map.lost_page(),
            Self::File(_, _, gone) => gone.get(),
        }
    }

    fn searched(&self) -> usize {
        match self {
            Self::Map(_) => SEARCHED.0,
            Self::File(..) => SEARCHED.1,
        }
    }

    fn chunks(&self) -> (usize, usize) {
        match self {
            Self::Map(_) => CHUNK,
            Self::File(..) => FILE_CHUNK,
        }
    }
}

impl Copies {
    pub(crate) fn new(store: Store) -> Self {
        let chunk = store.chunks().0;
        let searched = (0, Vec::with_capacity(store.searched()));
        Self { store, buffer: Vec::new(), start: 0, at_rest: false, chunk, searched }
    }

    /// Records that the segment can no longer grow.
    pub(crate) fn rest(&mut self) {
        self.at_rest = true;
        self.look_anew();
    }

    pub(crate) fn map(&self) -> Option<&ReadMap> {
        match &self.store {
            Store::Map(map) => Some(map),
            Store::File(..) => None,
        }
    }

    /// Advises the system that the segment will be read from front to back.
    pub(crate) fn advise_sequential(&self) {
        if let Some(map) = self.map() {
            map.advise_sequential();
        }
    }

    /// Returns the offset from which the bytes of the file no longer exist, because another program truncated it.
    pub(crate) fn gone(&self) -> Option<usize> {
        self.store.gone()
    }

    /// Returns the part of the buffer that begins at `at` and ends at `end` or before.
    #[inline(always)]
    fn buffered(&self, at: usize, end: usize) -> &[u8] {
        let from = at.wrapping_sub(self.start);
        let to = end.saturating_sub(self.start).min(self.buffer.len());
        self.buffer.get(from..to).unwrap_or(&[])
    }

    /// Returns the frame at `at` in the buffer after a check of its checksum.
    #[inline]
    pub(crate) fn verified(&self, at: usize, tag: u32) -> Result<FrameRef<'_>, FrameFault> {
        frame::parse(self.buffered(at, usize::MAX), at, tag)
    }

    /// Copies the frame at `at` to the buffer, and further frames after it.
    #[cold]
    #[inline(never)]
    fn load(&mut self, at: usize, end: usize, tag: u32) -> Result<(), FrameFault> {
        let end = end.min(self.store.len());
        let (_, payload) = self.examine(at, end, tag)?;
        let len = frame::frame_len(payload);
        let (least, most) = self.store.chunks();
        let goes_on = (self.start..=self.start + self.buffer.len()).contains(&at);
        self.chunk = if goes_on { (self.chunk * 2).min(most) } else { least };
        // The buffer is allocated once. A buffer for one large frame is not kept for small frames.
        if self.buffer.capacity() == 0 || (self.buffer.capacity() > 4 * most && len <= most) {
            self.buffer = Vec::with_capacity(most.min(self.store.len()));
        }
        let ahead = self.chunk.max(len).min(end - at);
        self.start = at;
        if self.at_rest {
            self.buffer.resize(ahead, 0);
        } else {
            let run = self.committed(at, len, ahead);
            self.buffer.resize(run, 0);
        }
        if !self.store.copy(at, &mut self.buffer) || self.store.gone().is_some() {
            self.buffer.clear();
            return Err(FrameFault::Free);
        }
        Ok(())
    }

    /// Returns the number of the `ahead` bytes from `at` that belong to complete frames. `first` is the length of the
    /// first one.
    fn committed(&mut self, at: usize, first: usize, ahead: usize) -> usize {
        let is_map = self.map().is_some();
        if !is_map {
            // The first system call reads the words, and the second one reads the bytes that were stored before the
            // words.
            self.buffer.resize(ahead, 0);
            self.store.copy(at, &mut self.buffer);
            fence(Ordering::Acquire);
        }
        let mut run = first;
        loop {
            let word = if run + HEADER_LEN > ahead {
                None
            } else if is_map {
                self.store.word(at + run)
            } else {
                u64_at(&self.buffer, run)
            };
            let Some(word) = word.filter(|word| frame::is_committed(*word)) else { return run };
            let next = run + frame::frame_len(frame::payload_len(word));
            if next > ahead {
                return run;
            }
            run = next;
        }
    }

    /// Makes the chunk with the byte `at` available for a search. Returns its bytes and its offset.
    fn look_at(&mut self, at: usize) -> (&[u8], usize) {
        let (start, bytes) = &mut self.searched;
        let step = self.store.searched();
        let from = at / step * step;
        if self.store.gone().is_some() {
            return (&[], from);
        }
        if *start != from || bytes.is_empty() {
            *start = from;
            bytes.resize(step.min(self.store.len().saturating_sub(from)), 0);
            self.store.copy(from, bytes);
        }
        (bytes, from)
    }
}

impl Source for Copies {
    type Frame = Place;

    fn len(&self) -> usize {
        self.store.len()
    }

    fn read(&self, at: usize, out: &mut [u8]) -> Option<()> {
        if let Some((word, rest)) = out.split_first_chunk_mut::<8>()
            && at.is_multiple_of(8)
        {
            *word = self.store.word(at)?.to_le_bytes();
            return self.store.copy(at + 8, rest).then_some(());
        }
        self.store.copy(at, out).then_some(())
    }

    #[inline(always)]
    fn parse(&mut self, at: usize, end: usize, tag: u32, trusted: bool) -> Result<Place, FrameFault> {
        let mut bytes = self.buffered(at, end);
        let word = u64_at(bytes, 0).unwrap_or(0);
        let is_here = frame::is_committed(word) && frame::frame_len(frame::payload_len(word)) <= bytes.len();
        if !is_here {
            self.load(at, end, tag)?;
            bytes = self.buffered(at, end);
        }
        let parsed =
            if trusted { frame::parse_trusted(bytes, at, tag) } else { frame::parse(bytes, at, tag) };
        parsed.map(|frame| Place::of(&frame, at))
    }

    #[inline(always)]
    fn len_of(place: &Place) -> usize {
        frame::frame_len(place.payload)
    }

    #[inline(always)]
    fn frame(&self, place: &Place) -> FrameRef<'_> {
        place.frame(&self.buffer, place.at.wrapping_sub(self.start))
    }

    fn release(&self, from: usize, to: usize) {
        if let Some(map) = self.map() {
            map.release(from..to);
        }
    }

    fn next_nonzero(&mut self, end: usize, from: usize) -> Option<usize> {
        let end = end.min(self.store.len());
        let mut at = from;
        while at < end {
            let (bytes, start) = self.look_at(at);
            let bytes = &bytes[..bytes.len().min(end - start)];
            match unused::next_nonzero(bytes, at - start) {
                Some(found) => return Some(start + found),
                None if bytes.is_empty() => return None,
                None => at = start + bytes.len().next_multiple_of(ALIGN),
            }
        }
        None
    }

    fn last_nonzero(&mut self, end: usize, from: usize) -> usize {
        let end = end.min(self.store.len());
        let mut to = end;
        while to > from {
            let (bytes, start) = self.look_at(to - 1);
            let bytes = &bytes[..bytes.len().min(to - start)];
            let first = from.max(start) - start;
            let last = unused::last_nonzero(bytes, first);
            if last > first || bytes.is_empty() {
                return (start + last).min(end);
            }
            to = start.max(from);
        }
        from
    }

    /// Uses the bytes of a search if they are current. Therefore a search through many invalid headers makes few
    /// system calls.
    fn header(&self, at: usize, end: usize) -> ([u8; HEADER_LEN], usize) {
        let (start, bytes) = &self.searched;
        let from = at.wrapping_sub(*start);
        if let Some(header) = bytes.get(from..).and_then(|bytes| bytes.first_chunk())
            && at + HEADER_LEN <= end
        {
            let word = u64_at(header, 0).unwrap_or(0);
            if self.at_rest || (word != 0 && word != frame::intent_word(frame::payload_len(word))) {
                return (*header, HEADER_LEN);
            }
        }
        read_header(self, at, end)
    }

    fn look_anew(&mut self) {
        self.searched.1.clear();
    }
}
