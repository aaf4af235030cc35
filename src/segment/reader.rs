//! Reading a segment.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;
use std::sync::Arc;

use crate::decode::EntryRef;
use crate::error::SegmentError;
use crate::format::bytes::u64_at;
use crate::format::frame::{self, FrameKind};
use crate::format::segment::{self as layout, SegmentHeader, Trailer};
use crate::map::file::ReadMap;

use super::regular::{self, Links};
use super::scan::{Event, Events, Mode};

/// Where a segment stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Complete: its trailer is in place and whole.
    Sealed,
    /// Not complete: its writer is at work, or died; or the trailer is damaged.
    Open,
}

/// A segment that somebody keeps bytes of.
struct Shared(Arc<Segment>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

enum Bytes {
    Mapped(ReadMap),
    Copied(Vec<u8>),
}

/// A segment to read from: mapped, or copied into memory. Nothing that reads ever changes the file.
pub struct Segment {
    bytes: Bytes,
}

impl Segment {
    /// Maps the segment `path`.
    ///
    /// The name says what the caller vouches for: as long as the segment is open, nobody truncates the file, and nobody
    /// but a Fusewire writer writes to it. No writer of ours ever truncates one. Where somebody does, reading the part
    /// that is gone kills the process with SIGBUS; where somebody overwrites committed bytes, what is read is wrong or
    /// an error, never out of bounds. For files of strangers there is [`read_copy`](Self::read_copy).
    ///
    /// # Errors
    /// Those of the file system. What the bytes are is not looked at yet.
    pub fn open_trusted(path: &Path) -> io::Result<Self> {
        Self::map(&regular::open(path, Links::Followed)?.0)
    }

    /// As [`open_trusted`](Self::open_trusted), for a file that is open already.
    pub(crate) fn map(file: &File) -> io::Result<Self> {
        // A map of nothing is an error of the system's; an empty file is one of ours, and gets our message.
        if file.metadata()?.len() == 0 {
            return Ok(Self::from_vec(Vec::new()));
        }
        Ok(Self { bytes: Bytes::Mapped(ReadMap::new(file)?) })
    }

    /// Reads the segment `path` into memory, which takes as much of it as the file is long.
    ///
    /// # Errors
    /// Those of the file system, and [`io::ErrorKind::FileTooLarge`] for what is longer than any segment, so that a
    /// stranger's file cannot fill the memory.
    pub fn read_copy(path: &Path) -> io::Result<Self> {
        Self::copy(&regular::open(path, Links::Followed)?.0)
    }

    /// As [`read_copy`](Self::read_copy), for a file that is open already.
    pub(crate) fn copy(mut file: &File) -> io::Result<Self> {
        let mut bytes = Vec::new();
        file.seek(io::SeekFrom::Start(0))?;
        file.take(layout::MAX_SIZE + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > layout::MAX_SIZE {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(Self::from_vec(bytes))
    }

    /// Whether the bytes are those of the file as it is, and not as it was.
    #[cfg(unix)]
    pub(crate) fn is_mapped(&self) -> bool {
        matches!(self.bytes, Bytes::Mapped(_))
    }

    /// The segment that `bytes` is.
    #[must_use]
    pub fn from_vec(bytes: Vec<u8>) -> Self {
        Self { bytes: Bytes::Copied(bytes) }
    }

    /// All bytes of the file.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Mapped(map) => map.bytes(),
            Bytes::Copied(bytes) => bytes,
        }
    }

    /// The same, shared: the file stays mapped as long as these bytes, or a slice of them, are kept somewhere. So frames go to
    /// whoever takes `Bytes`, such as a network client, without being copied:
    ///
    /// ```no_run
    /// use std::sync::Arc;
    /// use fusewire::segment::{Event, Mode, Segment};
    ///
    /// # fn send(_: bytes::Bytes) {}
    /// let segment = Arc::new(Segment::open_trusted("logs/000001.fws".as_ref())?);
    /// let all = segment.shared_bytes();
    /// for event in segment.events(Mode::Recover)? {
    ///     if let Ok(Event::Entry(frame, _)) = event {
    ///         send(all.slice_ref(frame.payload)); // which `EntryRef::new` reads, wherever it arrives
    ///     }
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Only what lies in frames never changes: the rest of a segment whose writer is at work does.
    #[must_use]
    pub fn shared_bytes(self: &Arc<Self>) -> bytes::Bytes {
        bytes::Bytes::from_owner(Shared(Arc::clone(self)))
    }

    /// The word at `at`, and from now on all that its writer wrote before it. 0 where there is none.
    #[cfg(unix)]
    #[inline]
    pub(crate) fn word(&self, at: usize) -> u64 {
        match &self.bytes {
            Bytes::Mapped(map) => map.load_acquire(at),
            Bytes::Copied(bytes) => u64_at(bytes, at).unwrap_or(0),
        }
    }

    /// Gives the memory behind a reader back that is from `from` to `to`. It can be read all the same.
    #[cfg(unix)]
    pub(crate) fn release(&self, from: usize, to: usize) {
        if let Bytes::Mapped(map) = &self.bytes {
            map.release(from..to);
        }
    }

    /// Reads `range` of a copy again; a map needs no such thing.
    #[cfg(unix)]
    pub(crate) fn refresh(&mut self, file: &File, range: core::ops::Range<usize>) -> io::Result<()> {
        let Bytes::Copied(bytes) = &mut self.bytes else { return Ok(()) };
        let Some(stale) = bytes.get_mut(range.clone()) else { return Ok(()) };
        std::os::unix::fs::FileExt::read_exact_at(file, stale, range.start as u64)
    }

    /// Sees from here on what a writer at work had committed when it moved the tail.
    #[cfg(unix)]
    pub(crate) fn acquire(&self) {
        self.word(layout::TAIL);
    }

    /// Has all of the file's pages mapped at once, which costs less than one after the other. Best effort.
    #[cfg(unix)]
    pub(crate) fn populate(&self) {
        if let Bytes::Mapped(map) = &self.bytes {
            map.populate();
        }
    }

    /// Tells the system that the segment will be read from front to back.
    pub fn advise_sequential(&self) {
        if let Bytes::Mapped(map) = &self.bytes {
            map.advise_sequential();
        }
    }

    /// The first page.
    ///
    /// # Errors
    /// Where it is not that of a segment this version reads, or is damaged.
    pub fn header(&self) -> Result<SegmentHeader, SegmentError> {
        SegmentHeader::parse(self.as_bytes())
    }

    /// The trailer, where the segment is sealed and its first page and its trailer are whole.
    #[must_use]
    pub fn trailer(&self) -> Option<Trailer> {
        let bytes = self.as_bytes();
        if let Ok(header) = self.header() {
            return Trailer::parse(bytes, header.size, header.salt);
        }
        // Without its first page a segment may still end with an intact seal.
        let at = bytes.len().checked_sub(layout::TRAILER_LEN).filter(|at| at.is_multiple_of(frame::ALIGN))?;
        Trailer::parse(bytes, bytes.len() as u64, frame::salt_of(&bytes[at..], at)?)
    }

    /// Whether the segment is complete.
    #[must_use]
    pub fn state(&self) -> State {
        if self.trailer().is_some() { State::Sealed } else { State::Open }
    }

    /// Bytes that its writer knows to be on disk, from the first one on. No checksum covers the number.
    #[must_use]
    pub fn durable_up_to(&self) -> u64 {
        let bytes = self.as_bytes();
        u64_at(bytes, layout::DURABLE).unwrap_or(0).min(bytes.len() as u64)
    }

    /// What the segment holds, in the order in which it was appended.
    ///
    /// # Errors
    /// As [`Events::new`].
    pub fn events(&self, mode: Mode) -> Result<Events<'_>, SegmentError> {
        if let Bytes::Mapped(map) = &self.bytes {
            // What a writer at work had committed when it moved the tail here is seen from here on.
            map.load_acquire(layout::TAIL);
        }
        Events::new(self.as_bytes(), mode)
    }

    /// The entries alone, past every damage: what was lost is not told. For those who know, or do not want to.
    ///
    /// # Errors
    /// As [`Events::new`].
    pub fn entries(&self) -> Result<impl Iterator<Item = EntryRef<'_>>, SegmentError> {
        let events = self.events(Mode::Recover)?;
        Ok(events.filter_map(|event| if let Ok(Event::Entry(_, entry)) = event { Some(entry) } else { None }))
    }

    /// The resource: what produced the entries. `None` where it is damaged or missing.
    #[must_use]
    pub fn resource(&self) -> Option<EntryRef<'_>> {
        self.events(Mode::Recover).ok()?.find_map(|event| match event {
            Ok(Event::Frame(frame)) if frame.kind == FrameKind::Resource => EntryRef::new(frame.payload).ok(),
            _ => None,
        })
    }
}
