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
use crate::map::file::{Quiet, QuietMap};

use super::regular::{self, Links};
#[cfg(unix)]
use super::scan::{Access, Cursor, Found, Input};
use super::scan::{Event, Events, Mode};

/// Where a segment stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Complete: its trailer is in place and whole.
    Sealed,
    /// Not complete: its writer is at work, or died; or the trailer is damaged.
    Open,
}

/// How often a segment is copied again that was sealed meanwhile. A sealed segment does not change, so the second copy is of it.
const COPIES: u32 = 3;

/// Makes a copy of a live segment the segment as it was at one moment. A copy takes time: when its later bytes are read, the
/// writer may have taken space that was free when the earlier bytes were read. Returns whether that succeeded.
fn is_one_moment(file: &mut &File, bytes: &mut [u8]) -> io::Result<bool> {
    let Ok(header) = SegmentHeader::parse(bytes) else { return Ok(true) };
    let at_start = usize::try_from(header.data_start).ok().zip(Trailer::offset(header.size));
    let Some((mut at, end)) = at_start.filter(|(_, end)| *end <= bytes.len()) else { return Ok(true) };
    // Each word that is not zero contains the length of its frame, also if the frame is incomplete.
    while let Some(word) = u64_at(bytes, at).filter(|word| *word != 0 && !frame::is_closed(*word) && at < end)
    {
        at += frame::frame_len(frame::payload_len(word));
    }
    if at >= end || u64_at(bytes, at) != Some(0) {
        return Ok(true);
    }
    let mut word = [0; 8];
    file.seek(io::SeekFrom::Start(at as u64))?;
    if file.read(&mut word)? < word.len() || word == [0; 8] {
        // The space is still free, so the writer took none after it.
        return Ok(true);
    }
    if bytes[end..].iter().any(|byte| *byte != 0) {
        return Ok(false);
    }
    // When this word was read, all space after it was free.
    bytes[at..end].fill(0);
    Ok(true)
}

/// A segment that somebody keeps bytes of.
struct Shared(Arc<Segment>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

enum Bytes {
    Mapped(QuietMap),
    Copied(Vec<u8>),
}

/// A segment to read from: mapped, or copied into memory. Nothing that reads ever changes the file.
pub struct Segment {
    bytes: Bytes,
}

impl Segment {
    /// Maps the segment `path`. Frames and entries are lent from the map without a copy.
    ///
    /// [`read_copy`](Self::read_copy) is safe and needs as much memory as the file is long.
    /// [`LogReader`](crate::log::LogReader) and [`Scan`](crate::log::Scan) are safe and copy one part of the file at a time.
    ///
    /// # Safety
    /// As long as the segment, or bytes that it lent, exist, no process truncates the file, and no process changes bytes that
    /// are committed: frames, the first page and the trailer. Fusewire's own writers satisfy both conditions. If another
    /// program overwrites such bytes, a `&str` may become invalid UTF-8, which is undefined behaviour. If it truncates the
    /// file, reading raises SIGBUS.
    ///
    /// # Errors
    /// Those of the file system. The function does not check the bytes.
    ///
    /// # Examples
    /// ```no_run
    /// use fusewire::segment::Segment;
    ///
    /// // SAFETY: this program created the file in a directory to which no other user can write, and does not truncate it.
    /// let segment = unsafe { Segment::open_trusted("logs/000001.fws".as_ref())? };
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[expect(unsafe_code, reason = "the caller makes the promise of the mapping layer")]
    pub unsafe fn open_trusted(path: &Path) -> io::Result<Self> {
        let file = regular::open(path, Links::Followed)?.0;
        // A map of nothing is an error of the system's; an empty file is one of ours, and gets our message.
        if file.metadata()?.len() == 0 {
            return Ok(Self::from_vec(Vec::new()));
        }
        // SAFETY: the caller promises *quiet* for this file.
        let quiet = unsafe { Quiet::promised() };
        Ok(Self { bytes: Bytes::Mapped(QuietMap::new(&file, quiet)?) })
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
        for _ in 0..COPIES {
            bytes.clear();
            file.seek(io::SeekFrom::Start(0))?;
            file.take(layout::MAX_SIZE + 1).read_to_end(&mut bytes)?;
            if bytes.len() as u64 > layout::MAX_SIZE {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            if is_one_moment(&mut file, &mut bytes)? {
                break;
            }
        }
        Ok(Self::from_vec(bytes))
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
    /// // SAFETY: only Fusewire's writers change files in this directory.
    /// let segment = Arc::new(unsafe { Segment::open_trusted("logs/000001.fws".as_ref())? });
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

    /// Tells the system that the segment will be read from front to back.
    pub fn advise_sequential(&self) {
        if let Bytes::Mapped(map) = &self.bytes {
            map.words().advise_sequential();
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
            map.words().load_acquire(layout::TAIL);
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

/// Reads the resource of the segment `path`: the payload of its first frame of this kind, which
/// [`EntryRef::new`] reads. Reads the start of the segment only. `None` if the resource is damaged or missing.
///
/// # Errors
/// Those of the file system, and [`io::ErrorKind::InvalidData`] if the file is not a segment that this version reads.
#[cfg(unix)]
pub fn read_resource(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let invalid = |error: SegmentError| io::Error::new(io::ErrorKind::InvalidData, error);
    let file = regular::open(path, Links::Followed)?.0;
    let mut input = Input::open(&file, Access { copy: true, ..Access::default() })?;
    let bounds = match SegmentHeader::parse(&input.first_page()) {
        Ok(header) => input.bounds(&header),
        Err(error @ (SegmentError::Version { .. } | SegmentError::Incompatible { .. })) => {
            return Err(invalid(error));
        }
        Err(error) => input.guess().ok_or_else(|| invalid(error))?,
    };
    let mut cursor = Cursor::new(bounds, input.len(), Mode::Recover);
    while let Some(found) = input.advance(&mut cursor) {
        if let Found::Frame(place) = found
            && place.kind == FrameKind::Resource
        {
            return Ok(Some(input.frame(&place).payload.to_vec()));
        }
    }
    Ok(None)
}
